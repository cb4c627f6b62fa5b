#!/usr/bin/env python3
"""Kills pipelines in the middle, again and again, and compares what they have written in the end.

Each round makes random input and a random pipeline out of the catalogue, runs it once without
interruption, and once with kill -9 at random moments and a random number of workers in each life.
What a reader sees of both must be the same: as a multiset of lines, or of rows once the changes are
applied. Nothing may be torn, and nothing left over.
"""
import argparse
import collections
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

SOURCE = """
CREATE TABLE events (id INT, k TEXT, v INT, x DOUBLE, ts TIMESTAMP,
  WATERMARK FOR ts AS ts - INTERVAL '{delay} seconds')
  WITH (connector = 'file', path = 'in/*.jsonl', format = 'json');
"""

# Columns of the sink, the query, and whether its rows are changes.
CATALOGUE = {
    "filter": ("id INT, k TEXT, y BIGINT", "SELECT id, k, v * 2 FROM events WHERE v > 10", False),
    "tumble": ("s TIMESTAMP, k TEXT, n BIGINT, t BIGINT, m INT",
               "SELECT window_start, k, count(*), sum(v), max(v) FROM "
               "TUMBLE(events, ts, INTERVAL '10 seconds') GROUP BY window_start, window_end, k",
               False),
    "hop": ("s TIMESTAMP, k TEXT, n BIGINT, a INT, b INT",
            "SELECT window_start, k, count(*), min(v), max(v) FROM "
            "HOP(events, ts, INTERVAL '3 seconds', INTERVAL '10 seconds') "
            "GROUP BY window_start, window_end, k", False),
    "cumulate": ("s TIMESTAMP, e TIMESTAMP, n BIGINT",
                 "SELECT window_start, window_end, count(DISTINCT k) FROM "
                 "CUMULATE(events, ts, INTERVAL '5 seconds', INTERVAL '20 seconds') "
                 "GROUP BY window_start, window_end", False),
    "session": ("k TEXT, s TIMESTAMP, e TIMESTAMP, n BIGINT, l TEXT",
                "SELECT k, window_start, window_end, count(*), array_agg(v)::TEXT FROM "
                "SESSION(events PARTITION BY k, ts, INTERVAL '2 seconds') "
                "GROUP BY k, window_start, window_end", False),
    "lateness": ("s TIMESTAMP, n BIGINT",
                 "SELECT window_start, count(*) FROM TUMBLE(events, ts, INTERVAL '10 seconds') "
                 "GROUP BY window_start, window_end "
                 "EMIT ON WINDOW CLOSE WITH LATENESS INTERVAL '30 seconds'", True),
    "group": ("k TEXT, n BIGINT, t BIGINT, m INT, d BIGINT, x DOUBLE",
              "SELECT k, count(*), sum(v), max(v), count(DISTINCT v % 7), sum(x) FROM events "
              "GROUP BY k EMIT CHANGES", True),
    "top": ("k TEXT, id INT, v INT, r BIGINT",
            "SELECT k, id, v, row_number() OVER (PARTITION BY k ORDER BY v DESC, id) AS r "
            "FROM events QUALIFY r <= 3 EMIT CHANGES", True),
    "first": ("k TEXT, id INT",
              "SELECT k, id FROM events QUALIFY row_number() OVER "
              "(PARTITION BY k, v ORDER BY ts) = 1", False),
    "over": ("id INT, n BIGINT, t BIGINT, a DOUBLE",
             "SELECT id, count(*) OVER w, sum(v) OVER w, avg(x) OVER (PARTITION BY k ORDER BY ts "
             "RANGE BETWEEN INTERVAL '3 seconds' PRECEDING AND CURRENT ROW) FROM events WINDOW w AS "
             "(PARTITION BY k ORDER BY ts ROWS BETWEEN 4 PRECEDING AND CURRENT ROW)", False),
    "changing_over": ("k TEXT, m INT, l BIGINT, t BIGINT",
                      "SELECT k, m, lag(n) OVER w, max(n) OVER w FROM (SELECT k, max(v) % 5 AS m, "
                      "count(*) AS n FROM events GROUP BY k) WINDOW w AS (PARTITION BY m ORDER BY k "
                      "ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) EMIT CHANGES", True),
    "sorted": ("id INT, ts TIMESTAMP", "SELECT id, ts FROM events ORDER BY ts", False),
    "cascade": ("s TIMESTAMP, n BIGINT",
                "SELECT window_start, sum(n) FROM TUMBLE((SELECT window_time AS wt, count(*) AS n "
                "FROM TUMBLE(events, ts, INTERVAL '1 second') GROUP BY window_start, window_end, "
                "window_time), wt, INTERVAL '15 seconds') GROUP BY window_start, window_end",
                False),
    "total": ("n BIGINT, t BIGINT", "SELECT count(*), sum(v) FROM events EMIT CHANGES", True),
}


def write_input(folder, dice, rows):
    folder.mkdir()
    files = dice.randint(1, 3)
    keys = dice.choice([1, 5, 50, 1000])
    disorder = dice.choice([0, 2, 8])
    outputs = [open(folder / f"{i}.jsonl", "w", encoding="utf-8") for i in range(files)]
    base = 1_700_000_000
    for i in range(rows):
        seconds = base + i * 0.002 - dice.random() * disorder
        whole = int(seconds)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
        row = {"id": i, "k": f"k{dice.randrange(keys)}",
               "v": None if dice.random() < 0.05 else dice.randrange(100),
               "x": dice.randrange(400) / 4,
               "ts": f"{stamp}.{int((seconds - whole) * 1e6):06d}Z"}
        outputs[dice.randrange(files)].write(json.dumps(row) + "\n")
    for output in outputs:
        output.close()


def script_of(queries, delay):
    text = SOURCE.format(delay=delay)
    for name in queries:
        columns, query, changes = CATALOGUE[name]
        mode = ", mode = 'changelog'" if changes else ""
        text += (f"CREATE TABLE {name}_out ({columns}) WITH (connector = 'file', "
                 f"path = '{name}/', format = 'json'{mode});\n"
                 f"INSERT INTO {name}_out {query};\n")
    return text


class Round:
    """One pipeline over one input, in a folder of its own."""

    def __init__(self, program, folder, seed, rows):
        self.program = program
        self.folder = folder
        self.seed = seed
        self.dice = random.Random(seed)
        self.queries = self.dice.sample(sorted(CATALOGUE), self.dice.randint(1, 3))
        self.script = script_of(self.queries, self.dice.choice([0, 3, 10]))
        write_input(folder / "input", self.dice, rows)

    def make_side(self, name):
        side = self.folder / name
        side.mkdir()
        (side / "in").symlink_to(self.folder / "input")
        (side / "q.sql").write_text(self.script)
        return side

    def start(self, side, workers, *flags):
        return subprocess.Popen(
            [self.program, "run", "q.sql", "--state-dir", "state", "--workers", str(workers), "-q",
             *flags], cwd=side, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)

    def run_whole(self):
        side = self.make_side("whole")
        begun = time.monotonic()
        process = self.start(side, 1)
        problems = process.communicate()[1]
        if process.returncode != 0:
            raise Failure(f"the uninterrupted run failed: {problems}")
        return side, time.monotonic() - begun

    def run_killed(self, seconds, kills_max):
        """The folder, and how often it was killed before it came to its end."""
        side = self.make_side("killed")
        kills = 0
        while True:
            interval = self.dice.choice([2, 5, 20, 100])
            process = self.start(side, self.dice.choice([1, 2, 3, 4, 7]),
                                 "--set", f"checkpoint_interval={interval}ms")
            wait = None if kills >= kills_max else self.dice.random() * seconds * 1.2 + 0.002
            try:
                problems = process.communicate(timeout=wait)[1]
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                kills += 1
                continue
            if process.returncode != 0:
                raise Failure(f"a life after {kills} kills failed: {problems}")
            return side, kills


class Failure(Exception):
    pass


def parts_of(side, name):
    folder = side / name
    return sorted(folder.iterdir()) if folder.is_dir() else []


def rows_of(side, name):
    """What a reader sees, as a multiset."""
    changes = CATALOGUE[name][2]
    counts = collections.Counter()
    for part in parts_of(side, name):
        if part.name == ".thalweg-lock":
            continue
        if part.name.startswith("."):
            raise Failure(f"{part} was left over")
        text = part.read_text(encoding="utf-8")
        if text and not text.endswith("\n"):
            raise Failure(f"{part} is torn")
        for line in text.splitlines():
            if not changes:
                counts[line] += 1
                continue
            row = json.loads(line)
            sign = -1 if row.pop("op") in ("-D", "-U") else 1
            counts[json.dumps(row, sort_keys=True)] += sign
    return collections.Counter({row: n for row, n in counts.items() if n != 0})


def compare(one, whole, killed):
    for name in one.queries:
        want = rows_of(whole, name)
        got = rows_of(killed, name)
        if want != got:
            missing = list((want - got).elements())[:3]
            extra = list((got - want).elements())[:3]
            raise Failure(f"{name}: {sum((want - got).values())} rows missing such as {missing}, "
                          f"{sum((got - want).values())} too many such as {extra}")
        if not want and name != "filter":
            raise Failure(f"{name}: the uninterrupted run has written nothing")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", default="build/release/thalweg")
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=60_000)
    arguments = parser.parse_args()
    program = pathlib.Path(arguments.program).resolve()
    kills = rounds = 0
    seed = arguments.seed
    while kills < arguments.kills:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="thalweg-crash-"))
        one = Round(program, folder, seed, arguments.rows)
        try:
            whole, seconds = one.run_whole()
            killed, count = one.run_killed(seconds, arguments.kills - kills)
            compare(one, whole, killed)
        except Failure as failure:
            print(f"seed {seed} ({', '.join(one.queries)}), in {folder}: {failure}")
            print(f"rounds {rounds}, kills {kills}")
            return 1
        shutil.rmtree(folder)
        kills += count
        rounds += 1
        seed += 1
    print(f"{kills} kills in {rounds} rounds, seeds {arguments.seed} to {seed - 1}: "
          "nothing lost, nothing twice")
    return 0


if __name__ == "__main__":
    sys.exit(main())
