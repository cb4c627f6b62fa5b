#!/usr/bin/env python3
"""Partitions and topics that come while a job reads, and topics by pattern, on a real broker."""
import json
import pathlib
import random
import signal
import time
import unittest
import uuid

import tools
from sql_fixture import BROKERS, SqlFixture

SOON = {"discovery_interval": "50ms"}


class DiscoveryTest(SqlFixture):
    def setUp(self):
        super().setUp()
        self.prefix = f"found-{uuid.uuid4()}"
        self.next_number = 0

    def made(self, word, partitions=1):
        """A topic that the pattern means."""
        name = f"{self.prefix}-{word}"
        tools.create_topic(BROKERS, name, partitions)
        return name

    def pattern(self, **options):
        return self.table("t", f"^{self.prefix}-", "i INT, topic TEXT METADATA", **SOON, **options)

    def send_next(self, topic, count, partitions):
        """Records of which some come into each of the partitions."""
        numbers, reached = [], set()
        while len(numbers) < count or len(reached) < partitions:
            reached.add(tools.partition_of(str(self.next_number).encode(), partitions))
            numbers.append(self.next_number)
            self.next_number += 1
        self.send(topic, numbers)

    def seen(self, topic):
        return sorted(json.loads(record.value)["i"] for record in tools.read(BROKERS, topic))

    def sums(self, topic):
        """What the last record of each key says."""
        return {row["k"]: (row["n"], row["s"])
                for row in (json.loads(record.value) for record in tools.read(BROKERS, topic))}

    def wanted_sums(self):
        return {k: (len(range(k, self.next_number, 3)), sum(range(k, self.next_number, 3)))
                for k in range(3)}

    def test_partitions_that_come_are_read_whole_and_once_whatever_is_killed(self):
        topic, out, totals = self.topic(1), self.topic(2), self.topic(1)
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "i INT", **SOON) + self.table("o", out, "i INT")
            + self.table("s", totals, "k INT, n BIGINT, s BIGINT, PRIMARY KEY (k)", mode="upsert")
            + "INSERT INTO o SELECT i FROM t; INSERT INTO s SELECT i % 3 AS k, count(*) AS n, "
              "sum(i) AS s FROM t GROUP BY i % 3;")
        dice = random.Random(3)
        self.send_next(topic, 20, 1)
        for partitions in range(2, 6):
            job = self.start("--workers", str(1 + partitions % 3))
            if partitions == 2:
                self.wait_for(lambda: len(self.seen(out)) == self.next_number, job)
            tools.add_partitions(BROKERS, topic, partitions)
            self.send_next(topic, 20, partitions)
            if partitions % 2 == 0:  # Found while it runs; else perhaps, perhaps at the next start.
                self.wait_for(lambda: len(self.seen(out)) >= self.next_number, job)
            time.sleep(dice.random() * 0.3)
            self.end(job, signal.SIGKILL)
        job = self.start()
        self.wait_for(lambda: self.sums(totals) == self.wanted_sums(), job)
        self.wait_for(lambda: len(self.seen(out)) >= self.next_number, job)
        self.assertEqual(self.end(job, signal.SIGINT)[0], 0)
        self.assertEqual(self.seen(out), list(range(self.next_number)))

    def test_a_new_partition_is_read_from_its_beginning_wherever_reading_starts(self):
        topic = self.topic(1)
        self.send(topic, [1])
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "i INT", start="latest", **SOON)
            + self.file_table("o", self.path("out") + "/", "i INT")
            + "INSERT INTO o SELECT i FROM t;")
        job = self.start()
        self.await_reader(topic, job)
        tools.add_partitions(BROKERS, topic, 2)
        keys = {tools.partition_of(str(i).encode(), 2): i for i in range(10, 100)}
        tools.produce(BROKERS, topic, [(str(i), json.dumps({"i": i})) for i in keys.values()])
        self.wait_for(lambda: set(self.written()) >= set(keys.values()), job)
        self.assertEqual(self.end(job, signal.SIGINT)[0], 0)
        self.assertNotIn(1, self.written())

    def await_reader(self, topic, job):
        """Until what is sent comes out: where it begins is fixed then."""
        sent = 1_000_000
        while not self.written():
            sent += 1
            self.send(topic, [sent])
            if job.poll() is not None:
                self.fail(f"the job has ended: {job.stderr.read()}")

    def test_topics_that_match_are_read_also_those_that_come_later(self):
        first, second = self.made("a", 2), self.made("b")
        self.topic()  # Another one.
        out = self.topic()
        pathlib.Path(self.job).write_text(
            self.pattern() + self.table("o", out, "i INT, topic TEXT")
            + "INSERT INTO o SELECT i, topic FROM t;")
        self.send_next(first, 5, 2)
        self.send_next(second, 5, 1)
        job = self.start()
        self.wait_for(lambda: len(self.seen(out)) == self.next_number, job)
        third = self.made("c", 3)
        self.send_next(third, 5, 3)
        self.wait_for(lambda: len(self.seen(out)) == self.next_number, job)
        self.end(job, signal.SIGKILL)

        # What the state knows goes on, what has come since is read whole.
        self.send_next(third, 5, 3)
        fourth = self.made("d")
        self.send_next(fourth, 5, 1)
        job = self.start()
        self.wait_for(lambda: len(self.seen(out)) >= self.next_number, job)
        self.assertEqual(self.end(job, signal.SIGINT)[0], 0)
        self.assertEqual(self.seen(out), list(range(self.next_number)))
        topics = {json.loads(record.value)["topic"] for record in tools.read(BROKERS, out)}
        self.assertEqual(topics, {first, second, third, fourth})

    def test_a_pattern_that_matches_nothing_waits_for_topics(self):
        pathlib.Path(self.job).write_text(
            self.pattern() + self.file_table("o", self.path("out") + "/", "i INT")
            + "INSERT INTO o SELECT i FROM t;")
        job = self.start()
        time.sleep(0.5)
        self.assertIsNone(job.poll())
        self.assertEqual(self.end(job, signal.SIGINT)[0], 0)  # It can be stopped.
        job = self.start()
        topic = self.made("a")
        self.send_next(topic, 5, 1)
        self.wait_for(lambda: sorted(self.written()) == list(range(5)), job)
        self.assertEqual(self.end(job, signal.SIGINT)[0], 0)

    def test_windows_close_beside_a_partition_that_never_has_rows(self):
        topic = self.topic(1)
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "ts TIMESTAMP, WATERMARK FOR ts AS ts", idle_timeout="200ms",
                       **SOON)
            + self.file_table("o", self.path("out") + "/", "i BIGINT")
            + "INSERT INTO o SELECT count(*) AS i FROM TUMBLE(t, ts, INTERVAL '1 second') "
              "GROUP BY window_end;")
        job = self.start()

        # Of the partition that there is, and of the one to come.
        key, other = (next(word for word in map(str, range(99))
                           if tools.partition_of(word.encode(), 2) == partition)
                      for partition in range(2))

        def send(second, count):
            tools.produce(BROKERS, topic, [
                (key, json.dumps({"ts": 1_700_000_000_000 + 1000 * second})) for _ in range(count)])

        send(0, 3)
        tools.add_partitions(BROKERS, topic, 2)
        send(1, 4)
        send(2, 1)
        self.wait_for(lambda: sorted(self.written()) == [3, 4], job)
        # Behind what has closed: late, and no window is given twice.
        tools.produce(BROKERS, topic, [(other, json.dumps({"ts": 1_700_000_000_000}))])
        send(9, 1)
        self.wait_for(lambda: sorted(self.written()) == [1, 3, 4], job)
        code, said = self.end(job, signal.SIGINT)
        self.assertEqual(code, 0)
        self.assertIn("late", said)

    def test_a_bounded_read_takes_the_topics_that_match_at_its_start(self):
        self.send_next(self.made("a", 2), 5, 2)
        self.send_next(self.made("b"), 5, 1)
        rows = self.run_sql(self.pattern(bounded="true") + "SELECT i FROM t;")
        self.assertEqual(sorted(row["i"] for row in rows), list(range(self.next_number)))
        # A name and a pattern, of which a topic is read once.
        rows = self.run_sql(
            self.table("t", f"{self.prefix}-a;^{self.prefix}-[ab]$", "i INT", bounded="true")
            + "SELECT i FROM t;")
        self.assertEqual(sorted(row["i"] for row in rows), list(range(self.next_number)))

    def test_what_cannot_be_is_refused(self):
        self.assertIn("no topic matches", self.run_sql(
            self.pattern(bounded="true") + "SELECT i FROM t;", wanted=78))
        self.assertIn("discovery_interval", self.run_sql(
            self.table("t", f"^{self.prefix}", "i INT", discovery_interval="0")
            + "SELECT i FROM t;", wanted=78))
        self.assertIn("regular expressions that begin with ^", self.run_sql(
            self.table("t", "^a(b", "i INT") + "SELECT i FROM t;", wanted=78))
        self.assertIn("which can only be read", self.run_sql(
            self.table("o", "^a", "i INT") + "INSERT INTO o SELECT 1 AS i;", wanted=78))
        self.assertIn("discovery_interval", self.run_sql(
            self.table("t", "a", "i INT", discovery_interval="soon") + "SELECT i FROM t;",
            wanted=78))
        for alias in ("scan.topic-partition-discovery.interval", "partition.discovery.interval.ms"):
            self.assertIn("no topic matches", self.run_sql(
                self.table("t", f"^{self.prefix}", "i INT", **{f"'{alias}'": "0"})
                + "SELECT i FROM t;", wanted=78))

    def test_without_looking_a_new_partition_waits_for_the_next_start(self):
        topic = self.topic(1)
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "i INT", discovery_interval="0")
            + self.file_table("o", self.path("out") + "/", "i INT")
            + "INSERT INTO o SELECT i FROM t;")
        self.send_next(topic, 5, 1)
        job = self.start()
        self.wait_for(lambda: len(self.written()) == self.next_number, job)
        tools.add_partitions(BROKERS, topic, 2)
        before = self.next_number
        self.send_next(topic, 20, 2)
        own = [i for i in range(before, self.next_number)
               if tools.partition_of(str(i).encode(), 2) == 0]
        self.wait_for(lambda: len(self.written()) == before + len(own), job)
        self.end(job, signal.SIGINT)
        self.assertEqual(sorted(self.written()), sorted([*range(before), *own]))
        job = self.start()
        self.wait_for(lambda: len(self.written()) == self.next_number, job)
        self.end(job, signal.SIGINT)
        self.assertEqual(sorted(self.written()), list(range(self.next_number)))


if __name__ == "__main__":
    unittest.main()
