#!/usr/bin/env python3
"""Offsets without a record that anybody sees: compacted topics, transactions that were aborted, and
the marks that transactions end with; on a real broker."""
import json
import pathlib
import signal
import subprocess
import unittest
import uuid

import tools
from sql_fixture import BROKERS, PROGRAM, SECONDS_MAX, SqlFixture

OTHERS = pathlib.Path(PROGRAM).parent / "tests/kafka_told_transactions"


class Transactions:
    """Those of a producer that is not the job's."""

    def __init__(self, test, topic):
        self.process = subprocess.Popen([OTHERS, BROKERS, f"others-{uuid.uuid4()}", topic],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        test.addCleanup(self.process.wait)
        test.addCleanup(self.process.stdout.close)
        test.addCleanup(self.process.stdin.close)
        self.test = test

    def tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        self.test.assertEqual(self.process.stdout.readline().strip(), words[0])

    def send(self, numbers, partition=0):
        for number in numbers:
            self.tell("send", partition, json.dumps({"i": number}, separators=(",", ":")))


class AbortedTest(SqlFixture):
    """Partition 0 ends with rows that were aborted, partition 1 has no others, and partition 2 ends
    with the mark of a commit."""

    def setUp(self):
        super().setUp()
        self.source = self.topic(4)
        self.others = Transactions(self, self.source)
        for end, rows in (("commit", {0: range(10), 2: range(20, 25)}),
                          ("abort", {0: range(100, 120), 1: range(120, 130)}),
                          ("commit", {0: range(10, 20), 2: range(25, 30)}),
                          ("abort", {0: range(130, 150)})):
            for partition, numbers in rows.items():
                self.others.send(numbers, partition)
            self.others.tell(end)
        self.ends = {0: 10 + 1 + 20 + 1 + 10 + 1 + 20 + 1, 1: 10 + 1, 2: 5 + 1 + 5 + 1, 3: 0}

    def read(self, **options):
        return sorted(row["i"] for row in self.run_sql(
            self.table("t", self.source, "i INT", bounded="true", **options) + "SELECT i FROM t;"))

    def test_bounded_reading_ends_and_sees_what_was_committed(self):
        self.assertEqual(tools.end_offsets(BROKERS, self.source), self.ends)
        self.assertEqual(self.read(), list(range(30)))
        self.assertEqual(self.read(start="latest"), [])
        self.assertEqual(self.read(start="timestamp", start_timestamp="9999999999999"), [])
        self.assertEqual(len(tools.read(BROKERS, self.source, "read_uncommitted")), 30 + 50)

    def test_bounded_reading_waits_for_a_transaction_that_is_aborted_in_the_end(self):
        self.others.send(range(150, 160), partition=1)
        pathlib.Path(self.job).write_text(
            self.table("t", self.source, "i INT", bounded="true")
            + self.file_table("o", self.path("out") + "/", "i INT") + "INSERT INTO o SELECT i FROM t;")
        job = self.start()
        self.wait_for(lambda: len(self.written()) == 30, job)
        self.assertIsNone(job.poll())
        self.others.tell("abort")
        _, said = job.communicate(timeout=SECONDS_MAX)
        self.assertEqual(job.returncode, 0, said)
        self.assertEqual(sorted(self.written()), list(range(30)))

    def test_a_job_that_runs_passes_them_and_shows_no_lag(self):
        group = f"group-{uuid.uuid4()}"
        pathlib.Path(self.job).write_text(
            self.table("t", self.source, "i INT", group=group)
            + self.file_table("o", self.path("out") + "/", "i INT")
            + "INSERT INTO o SELECT i FROM t;")

        def has_no_lag():
            return tools.group_offsets(BROKERS, group) == {
                (self.source, partition): end for partition, end in self.ends.items()}
        for count in (30, 31):
            job = self.start()
            self.wait_for(lambda: len(self.written()) == count, job)
            self.wait_for(has_no_lag, job)
            self.others.send(range(200, 205))
            self.others.send(range(205, 210), partition=3)
            self.others.tell("abort")
            self.ends[0] += 5 + 1
            self.ends[3] += 5 + 1
            self.wait_for(has_no_lag, job)
            self.others.send([count], partition=3)
            self.others.tell("commit")
            self.ends[3] += 1 + 1
            self.wait_for(lambda: len(self.written()) == count + 1, job)
            self.wait_for(has_no_lag, job)
            self.assertEqual(self.end(job, signal.SIGINT)[0], 0)
        self.assertEqual(sorted(self.written()), list(range(32)))


class CompactedTest(SqlFixture):
    KEYS, ROUNDS = 10, 10

    def setUp(self):
        super().setUp()
        self.source = f"compacted-{uuid.uuid4()}"
        tools.create_topic(BROKERS, self.source, cleanup_policy="compact", segment_ms=50,
                           min_cleanable_dirty_ratio=0.001)

    def fill(self, rounds):
        tools.produce(BROKERS, self.source, [
            (f"k{key}", json.dumps({"i": self.KEYS * number + key}))
            for number in rounds for key in range(self.KEYS)])

    def first_offset(self):
        """Of the records that are there."""
        return int(tools.run("consume", BROKERS, "--topic", self.source, "--from-beginning",
                             "--max-messages", 1, "--formatter-property", "print.offset=true",
                             "--formatter-property", "print.value=false").partition(":")[2])

    def compact(self, tombstones):
        """Deletes the first keys, and returns once only the last record of each key is there: those
        of the last round but for the deleted keys', the tombstones, and one that comes last."""
        tools.produce(BROKERS, self.source, [(f"k{key}", None) for key in range(tombstones)])
        tools.produce(BROKERS, self.source, [("last", json.dumps({"i": -1}))])  # In a new segment.
        self.wait_until(lambda: self.first_offset() == self.KEYS * (self.ROUNDS - 1) + tombstones)

    def wait_until(self, condition):
        while not condition():
            pass

    def test_bounded_reading_sees_what_is_left_and_ends(self):
        self.fill(range(self.ROUNDS))
        self.compact(tombstones=3)
        left = [*range(self.KEYS * (self.ROUNDS - 1) + 3, self.KEYS * self.ROUNDS), -1]
        script = self.table("t", self.source, "i INT, \"offset\" BIGINT METADATA", bounded="true")
        rows = self.run_sql(script + "SELECT * FROM t;")
        self.assertEqual([row["i"] for row in rows], left)
        self.assertEqual([row["offset"] for row in rows],
                         [*left[:-1], self.KEYS * self.ROUNDS + 3])
        done = subprocess.run([PROGRAM, "run", self.job], capture_output=True, text=True,
                              timeout=SECONDS_MAX, check=True)
        self.assertIn("null_not_allowed 3", done.stderr)

        out = self.topic()
        self.run_sql(self.table("t", self.source, "k TEXT, i INT, PRIMARY KEY (k)", mode="upsert",
                                bounded="true", value_fields="except_key")
                     + self.table("o", out, "k TEXT, i INT, PRIMARY KEY (k)", mode="upsert")
                     + "INSERT INTO o SELECT k, i FROM t;")
        self.assertEqual([json.loads(record.value)["i"] for record in tools.read(BROKERS, out)],
                         left)

    def test_a_job_goes_on_where_what_it_had_read_is_gone(self):
        script = (self.table("t", self.source, "i INT")
                  + self.file_table("o", self.path("out") + "/", "i INT")
                  + "INSERT INTO o SELECT i FROM t;")
        pathlib.Path(self.job).write_text(script)
        self.fill(range(self.ROUNDS // 2))
        job = self.start()
        self.wait_for(lambda: len(self.written()) == self.KEYS * self.ROUNDS // 2, job)
        self.end(job, signal.SIGINT)
        self.fill(range(self.ROUNDS // 2, self.ROUNDS))
        self.compact(tombstones=0)
        wanted = [-1, *range(self.KEYS * self.ROUNDS // 2),
                  *range(self.KEYS * (self.ROUNDS - 1), self.KEYS * self.ROUNDS)]
        job = self.start()
        self.wait_for(lambda: len(self.written()) >= len(wanted), job)
        code, said = self.end(job, signal.SIGINT)
        self.assertEqual(code, 0, said)
        self.assertNotIn("not_there", said)
        self.assertEqual(sorted(self.written()), wanted)


if __name__ == "__main__":
    unittest.main()
