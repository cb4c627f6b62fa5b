#!/usr/bin/env python3
"""Kills pipelines in the middle, again and again, and compares what they have written in the end.

Each round makes random inputs and a random pipeline out of the catalogue, whose queries read one
input or both and write each to a sink of its own kind. It runs once without interruption, and once
with kill -9 and a random number of workers in each life: at any moment, while it takes up what an
earlier life has kept, or while a base image is being written. What a reader sees of both must be the
same: as a multiset of lines, or of rows once the changes are applied. Nothing may be torn, and
nothing left over.

With --kafka tables are topics, and the broker is killed too: see kafka_rounds.py.
"""
import argparse
import collections
import pathlib
import shutil
import sys
import tempfile

import kafka_rounds
import rounds

VOIDS_MAX = 5  # Rounds in a row that fail for what is not the job's fault.


def main():
    parser = argparse.ArgumentParser(prog="./dev crash")
    parser.add_argument("--program", default="build/release/thalweg")
    parser.add_argument("--kafka", action="store_true")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=60_000)
    arguments = parser.parse_args()
    program = pathlib.Path(arguments.program).resolve()
    kind = kafka_rounds.KafkaRound if arguments.kafka else rounds.Round
    kills = collections.Counter()
    seed = arguments.seed
    voids = 0
    while kills.total() < arguments.kills:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="thalweg-crash-"))
        one = kind(program, folder, seed, arguments.rows)
        try:
            whole, seconds = one.run_whole()
            killed, moments = one.run_killed(seconds, arguments.kills - kills.total())
            one.check(whole, killed)
            voids = 0
        except (rounds.Failure, kafka_rounds.broker.Failure) as failure:
            fault = one.fault_of_others()
            print(f"seed {seed} ({', '.join(map(str, one.outputs))}), in {folder}: {failure}")
            voids += 1
            if not fault or voids > VOIDS_MAX:
                print(f"rounds {seed - arguments.seed}, kills {kills.total()}")
                return 1
            print(f"seed {seed} does not count: {fault}", flush=True)
            moments = collections.Counter()
        finally:
            one.close()
        shutil.rmtree(folder)
        kills += moments
        if arguments.kafka:
            print(f"seed {seed}: {moments.total()} kills", flush=True)
        seed += 1
    print(f"{kills.total()} kills in {seed - arguments.seed} rounds, seeds {arguments.seed} to "
          f"{seed - 1}: nothing lost, nothing twice")
    print(", ".join(f"{count} {moment}" for moment, count in kills.most_common()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
