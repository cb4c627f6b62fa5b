#!/usr/bin/env python3
"""What a topic takes of rows, on a real broker."""
import json
import pathlib
import random
import signal
import subprocess
import unittest

import tools
from sql_fixture import BROKERS, PROGRAM, SECONDS_MAX, SqlFixture

FRAME_BYTES = 96  # What a record without headers has beside key and value, at most.


class SinkTest(SqlFixture):
    def test_rows_that_a_topic_does_not_take_are_rejected_and_others_go_on(self):
        small, usual = self.topic_of(20_000), self.topic()
        for topic, most in ((small, 20_000 - FRAME_BYTES), (usual, 1_048_588 - FRAME_BYTES)):
            sizes = [most, 1, most + 1, most // 2, most // 2, most // 2, 2 * most, 3]
            rows = pathlib.Path(self.path("rows.txt"))
            rows.write_text("".join("x" * size + "\n" for size in sizes))
            script = (self.file_table("f", rows, "v TEXT", format="raw")
                      + self.table("o", topic, "v TEXT", format="raw")
                      + "INSERT INTO o SELECT v FROM f;")
            for number, words in enumerate(((), ("--state-dir", self.path(f"state{topic}")))):
                with self.subTest(most=most, words=words):
                    pathlib.Path(self.job).write_text(script)
                    done = subprocess.run([PROGRAM, "run", self.job, *words],
                                          capture_output=True, text=True, timeout=SECONDS_MAX,
                                          check=False)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn("too_long 2", done.stderr)
                    self.assertIn("in 8 · out 6 ", done.stderr)
                    # Workers share the file: rows come in any order.
                    written = sorted(len(record.value) for record in tools.read(BROKERS, topic))
                    taken = [size for size in sizes if size <= most]
                    self.assertEqual(written, sorted(taken * (number + 1)))
            failing = script.replace("'kafka'", "'kafka', on_error = 'fail'")
            self.assertIn(
                f'longer than max.message.bytes of topic "{topic}" allows, {most + FRAME_BYTES}',
                self.run_sql(failing, wanted=1))
            self.assertIn("longer than properties.message.max.bytes = '9000' of the table allows",
                          self.run_sql(failing.replace(
                              "'kafka',", "'kafka', properties.message.max.bytes = '9000',"),
                              wanted=1))

    def test_headers_and_time_are_written_where_they_are_named(self):
        columns = ("i INT, at TIMESTAMP METADATA FROM 'timestamp', "
                   "headers STRUCT(name TEXT, value BYTEA)[] METADATA")
        source, script = self.topic(), ""
        tools.produce(BROKERS, source, [("a", '{"i":1}', (("h", "x"), ("g", "y"), ("h", ""))),
                                        ("b", '{"i":2}')])
        for format in ("json", "csv"):
            for number, words in enumerate(((), ("--state-dir", self.path(f"state-{format}")))):
                out = self.topic()
                script = (self.table("t", source, columns, bounded="true")
                          + self.table("o", out, columns, format=format)
                          + "INSERT INTO o (headers, i, at) SELECT headers, i, TIMESTAMP "
                            "'2001-02-03 04:05:06.789' + INTERVAL '1 second' * i FROM t;"
                          + "INSERT INTO o SELECT i + 2 FROM t;"
                          + "INSERT INTO o BY NAME SELECT NULL::TIMESTAMP AS at, i + 4 AS i FROM t;")
                with self.subTest(format=format, words=words):
                    self.run_sql(script, *words)
                    records = sorted(tools.read(BROKERS, out), key=lambda record: record.value)
                    values = [b'{"i":%d}' if format == "json" else b"%d"] * 6
                    self.assertEqual([record.value for record in records],
                                     [value % (i + 1) for i, value in enumerate(values)])
                    self.assertEqual([record.headers for record in records],
                                     [(("h", b"x"), ("g", b"y"), ("h", b"")), *[()] * 5])
                    self.assertEqual([record.timestamp for record in records[:2]],
                                     [981173107789, 981173108789])
                    self.assertGreater(records[2].timestamp, 1e12)

    def test_headers_count_where_a_record_is_too_large(self):
        columns = "v TEXT, headers STRUCT(name TEXT, value BYTEA)[] METADATA"
        source, out = self.topic(), self.topic_of(10_000)
        most = 10_000 - FRAME_BYTES - 4 - 10 - len("h")
        tools.produce(BROKERS, source, [(None, "a", (("h", "x" * (most - 1)),)),
                                        (None, "b", (("h", "x" * most),)), (None, "c")])
        pathlib.Path(self.job).write_text(
            self.table("t", source, columns, format="raw", bounded="true")
            + self.table("o", out, columns, format="raw")
            + "INSERT INTO o BY NAME SELECT headers, v FROM t;")
        done = subprocess.run([PROGRAM, "run", self.job], capture_output=True, text=True,
                              timeout=SECONDS_MAX, check=True)
        self.assertIn("too_long 1", done.stderr)
        self.assertEqual([record.value for record in tools.read(BROKERS, out)], [b"a", b"c"])

    def test_a_topic_that_goes_while_it_is_written_ends_the_job(self):
        for delivery in ("exactly-once", "at-least-once"):
            with self.subTest(delivery=delivery):
                source, out = self.topic(), self.topic()
                self.job = self.path(f"{delivery}-{random.getrandbits(64)}.sql")
                pathlib.Path(self.job).write_text(
                    self.table("t", source, "i INT")
                    + self.table("o", out, "i INT", delivery=delivery,
                                 **{"properties.topic.metadata.propagation.max.ms": "100",
                                    "properties.topic.metadata.refresh.interval.ms": "500"})
                    + "INSERT INTO o SELECT i FROM t;")
                job = self.start(state=delivery)
                self.send(source, range(5))
                self.wait_for(lambda: len(tools.read(BROKERS, out)) == 5, job)
                tools.delete_topic(BROKERS, out)
                self.send(source, range(5, 10))
                _, said = job.communicate(timeout=SECONDS_MAX)
                self.assertEqual(job.returncode, 78, said)
                self.assertIn(f'topic "{out}"', said)
                self.assertIn("create it", said)

    def test_epochs_count_while_a_job_writes_at_full_speed(self):
        topic = self.topic(2)
        pathlib.Path(self.job).write_text(
            self.declared("bids", "auction BIGINT, price BIGINT, url TEXT",
                          {"connector": "nexmark", "type": "bid"})
            + self.table("o", topic, "auction BIGINT, price BIGINT, url TEXT",
                         delivery="at-least-once") + "INSERT INTO o SELECT * FROM bids;")

        def kept():
            shown = subprocess.run([PROGRAM, "checkpoints", "show", pathlib.Path(self.job).stem,
                                    "--state-dir", self.path("state"), "--json"],
                                   capture_output=True, text=True, check=False)
            return json.loads(shown.stdout) if shown.returncode == 0 else {"epoch": 0}
        job = self.start()
        self.wait_for(lambda: kept()["epoch"] >= 5, job)
        self.end(job, signal.SIGKILL)
        # What counts has been delivered.
        self.assertGreaterEqual(sum(tools.end_offsets(BROKERS, topic).values()),
                                kept()["counters"]["rows_out"])

    @staticmethod
    def topic_of(bytes_max):
        name = f"sized-{random.getrandbits(64)}"
        tools.create_topic(BROKERS, name, max_message_bytes=bytes_max)
        return name


if __name__ == "__main__":
    unittest.main()
