#!/usr/bin/env python3
"""What a job that keeps its state writes to topics is seen exactly once; the reader is Kafka's."""
import json
import pathlib
import random
import signal
import subprocess
import time
import unittest
import uuid

import tools
from sql_fixture import BROKERS, PROGRAM, SECONDS_MAX, SqlFixture


class ExactlyOnceTest(SqlFixture):
    def seen(self, topic):
        return sorted(json.loads(record.value)["i"] for record in tools.read(BROKERS, topic))

    def copying(self, **options):
        """A job from a topic to a topic."""
        topic, out = self.topic(3), self.topic(2)
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "i INT") + self.table("o", out, "i INT", **options)
            + "INSERT INTO o SELECT i FROM t;")
        return topic, out

    def test_rows_from_topic_to_topic_are_seen_once_whatever_is_killed(self):
        topic, out = self.topic(3), self.topic(2)
        script = (self.table("t", topic, "i INT") + self.table("o", out, "i INT", key_fields="i")
                  + self.table("high", out, "i INT", key_fields="i")
                  + "BEGIN STATEMENT SET; INSERT INTO o SELECT i FROM t; "
                    "INSERT INTO high SELECT -i FROM t WHERE i % 10 = 0; END;")
        pathlib.Path(self.job).write_text(script)
        dice, count = random.Random(7), 0
        for life in range(12):
            self.send(topic, range(count, count + 50))
            count += 50
            job = self.start("--workers", str(1 + life % 4))
            if life < 11:
                time.sleep(dice.random() * 0.6)  # At any moment.
            else:
                self.wait_for(lambda: len(self.seen(out)) >= count + count // 10, job)
            _, said = self.end(job, signal.SIGKILL if life < 11 else signal.SIGINT)
            self.assertNotIn("at least once", said)
        self.assertEqual(self.seen(out), sorted([*range(count), *(-i for i in range(0, count, 10))]))

    def test_bounded_reading_waits_until_what_the_topic_had_is_decided(self):
        topic, out = self.copying()
        self.send(topic, range(20))
        job = self.start("--set", "checkpoint_interval=200s")
        self.wait_for(lambda: sum(tools.end_offsets(BROKERS, out).values()) == 20, job)
        pathlib.Path(self.path("read.sql")).write_text(
            self.table("o", out, "i INT", bounded="true") + "SELECT i FROM o;")
        with subprocess.Popen([PROGRAM, "run", self.path("read.sql"), "--format", "jsonl"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as reader:
            self.addCleanup(reader.kill)
            try:
                reader.wait(timeout=3)
                self.fail(f"the reader did not wait: {reader.communicate()}")
            except subprocess.TimeoutExpired:
                pass
            self.end(job, signal.SIGINT)
            read, _ = reader.communicate(timeout=SECONDS_MAX)
        self.assertEqual(sorted(json.loads(line)["i"] for line in read.splitlines()),
                         list(range(20)))

    def test_groups_show_no_lag_where_all_has_been_read_and_written(self):
        topic, out, group = self.topic(), self.topic(), f"group-{uuid.uuid4()}"
        source = pathlib.Path(self.path("in.jsonl"))
        source.write_text("".join(f'{{"i":{i}}}\n' for i in range(100)))
        self.run_sql(self.file_table("t", source, "i INT") + self.table("o", topic, "i INT")
                     + "INSERT INTO o SELECT i FROM t;", "--state-dir", self.path("first"),
                     "--set", "checkpoint_rows=30")
        ends = tools.end_offsets(BROKERS, topic)
        self.assertGreater(ends[0], 100)  # The marks that transactions end with count.
        pipeline = f"thalweg.{pathlib.Path(self.job).stem}"
        self.assertEqual(tools.group_offsets(BROKERS, pipeline), {(topic, 0): ends[0]})

        self.job = self.path(f"{uuid.uuid4()}.sql")
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "i INT", group=group) + self.table("o", out, "i INT")
            + "INSERT INTO o SELECT i FROM t;")
        job = self.start()
        self.wait_for(lambda: tools.group_offsets(BROKERS, group) == {(topic, 0): ends[0]}, job)
        self.assertEqual(self.end(job, signal.SIGINT)[0], 0)
        pipeline = f"thalweg.{pathlib.Path(self.job).stem}"
        self.assertEqual(tools.group_offsets(BROKERS, pipeline),
                         {(out, 0): tools.end_offsets(BROKERS, out)[0]})

    def test_files_and_topics_are_written_together(self):
        topic = self.topic()
        source = pathlib.Path(self.path("in.jsonl"))
        source.write_text("".join(f'{{"i":{i}}}\n' for i in range(1000)))
        script = (self.file_table("t", source, "i INT") + self.table("o", topic, "i INT")
                  + self.file_table("p", self.path("out") + "/", "i INT")
                  + "INSERT INTO o SELECT i FROM t; INSERT INTO p SELECT i FROM t;")
        for _ in range(2):  # The second finds that all is done.
            self.run_sql(script, "--state-dir", self.path("state"),
                         "--set", "checkpoint_rows=100")
            self.assertEqual(self.seen(topic), list(range(1000)))
            self.assertEqual(sorted(self.written()), list(range(1000)))

    def test_late_rows_are_written_in_the_transaction_of_their_epoch(self):
        topic, out, late = self.topic(2), self.topic(2), self.topic()
        columns = "i INT, ts TIMESTAMP, WATERMARK FOR ts AS ts"

        def script(windows, rest, **options):
            return (self.table("t", topic, columns, **options) + windows + rest
                    + "CREATE VIEW v AS SELECT window_end, count(*) AS n FROM TUMBLE(t, ts, "
                      "INTERVAL '1 second') GROUP BY window_end; "
                      "INSERT INTO o SELECT window_end AS e, n FROM v; "
                      "INSERT INTO l SELECT i FROM LATE(v);")
        job_sql = script(self.table("o", out, "e TIMESTAMP, n INT"), self.table("l", late, "i INT"))
        pathlib.Path(self.job).write_text(job_sql)
        dice, count = random.Random(11), 0
        for life in range(5):
            # Every seventh is of a window that has closed.
            tools.produce(BROKERS, topic, [
                (str(i), json.dumps({"i": i, "ts": 1_700_000_000_000 + 100 * i - 9_000 * (i % 7 == 6)}))
                for i in range(count, count + 100)])
            count += 100
            job = self.start("--workers", str(1 + life % 3))
            time.sleep(dice.random() * 0.6)  # At any moment.
            self.end(job, signal.SIGKILL)
        whole = {"o": "windows.jsonl", "l": "late.jsonl"}
        self.run_sql(script(self.file_table("o", self.path(whole["o"]), "e TIMESTAMP, n INT"),
                            self.file_table("l", self.path(whole["l"]), "i INT"), bounded="true"))
        expected = {name: [json.loads(line) for line in
                           pathlib.Path(self.path(file)).read_text().splitlines()]
                    for name, file in whole.items()}
        wanted = sorted(row["i"] for row in expected["l"])
        self.assertGreater(len(wanted), 50)
        pathlib.Path(self.job).write_text(job_sql)
        job = self.start()
        self.wait_for(lambda: len(self.seen(late)) >= len(wanted), job)
        self.end(job, signal.SIGINT)
        self.assertEqual(self.seen(late), wanted)
        windows = [json.loads(record.value) for record in tools.read(BROKERS, out)]
        closed = {row["e"]: row["n"] for row in expected["o"]}
        self.assertGreater(len(windows), 30)
        self.assertEqual(len({row["e"] for row in windows}), len(windows))
        self.assertEqual([row for row in windows if closed[row["e"]] != row["n"]], [])

    def test_the_process_that_comes_later_shuts_the_other_out(self):
        topic, out = self.copying()
        first = self.start()
        self.send(topic, range(10))
        self.wait_for(lambda: len(self.seen(out)) == 10, first)
        second = self.start("--from-scratch", "--take-over", state="elsewhere")
        _, said = first.communicate(timeout=SECONDS_MAX)
        self.assertEqual(first.returncode, 78, said)
        self.assertIn("another process", said)
        self.end(second, signal.SIGKILL)

    def test_state_that_does_not_go_with_the_topic_is_refused(self):
        topic, out = self.copying()
        self.send(topic, range(10))
        job = self.start()
        self.wait_for(lambda: len(self.seen(out)) == 10, job)
        self.assertEqual(self.end(job, signal.SIGINT)[0], 0)
        pathlib.Path(self.path("state")).rename(self.path("lost"))
        refused = self.start()
        _, said = refused.communicate(timeout=SECONDS_MAX)
        self.assertEqual(refused.returncode, 1, said)
        self.assertIn("another beginning", said)
        self.assertIn("--from-scratch", said)
        self.assertEqual(len(self.seen(out)), 10)

        # What is asked for is not asked for twice, though nothing was decided in between.
        anew = self.start("--from-scratch", "--set", "checkpoint_interval=600s")
        self.wait_for(lambda: len(tools.read(BROKERS, out, "read_uncommitted")) == 20, anew)
        self.end(anew, signal.SIGKILL)
        again = self.start()
        self.wait_for(lambda: len(self.seen(out)) == 20, again)
        self.assertEqual(self.end(again, signal.SIGINT)[0], 0)
        self.assertEqual(self.seen(out), sorted([*range(10), *range(10)]))

    def test_what_cannot_be_exactly_once_is_refused(self):
        topic = self.topic()
        insert = "INSERT INTO o SELECT 1 AS i;"
        self.assertIn("--state-dir", self.run_sql(
            self.table("o", topic, "i INT", delivery="exactly-once") + insert, wanted=78))
        state = ("--state-dir", self.path("state"))
        self.assertIn("one transaction cannot hold both", self.run_sql(
            self.table("o", topic, "i INT") + insert
            + self.table("p", topic, "i INT", **{"properties.acks": "-1"})
            + "INSERT INTO p SELECT 1 AS i;", *state, wanted=78))
        self.assertIn("checkpoint_interval", self.run_sql(
            self.table("o", topic, "i INT", **{"properties.transaction.timeout.ms": "5000"})
            + insert, *state, wanted=78))
        # More than brokers allow.
        self.assertIn("transaction.max.timeout.ms", self.run_sql(
            self.table("o", topic, "i INT") + insert, *state, "--set", "checkpoint_interval=1h",
            wanted=78))
        self.assertEqual(self.seen(topic), [])


if __name__ == "__main__":
    unittest.main()
