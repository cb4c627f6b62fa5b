#!/usr/bin/env python3
"""Topics as tables, on a real broker; what is written is read back by Kafka's own tools."""
import collections
import json
import pathlib
import signal
import subprocess
import unittest
import uuid

import tools
from sql_fixture import BROKERS, DATA, PROGRAM, SECONDS_MAX, SqlFixture


def quakes_of_file():
    return [json.loads(line) for line in
            (DATA / "quakes.jsonl").read_text(encoding="utf-8").splitlines()]


class SqlTest(SqlFixture):
    def test_rows_are_records_with_key_and_time(self):
        topic = self.topic(3)
        columns = "id TEXT, mag DOUBLE, time TIMESTAMP"
        self.run_sql(
            self.file_table("f", DATA / "quakes.jsonl",
                            columns + ", WATERMARK FOR time AS time - INTERVAL '1 day'")
            + self.table("q", topic, columns + ", PRIMARY KEY (id)")
            + "INSERT INTO q SELECT * FROM f;")
        records = tools.read(BROKERS, topic)
        quakes = quakes_of_file()
        self.assertEqual(sorted((r.key.decode(), json.loads(r.value)["mag"]) for r in records),
                         sorted((q["id"], q.get("mag")) for q in quakes))
        for record in records:
            self.assertEqual(record.partition, tools.partition_of(record.key, 3))

        rows = self.run_sql(
            self.table("q", topic, columns + ", k BYTEA METADATA FROM 'key', p INT METADATA FROM "
                       "'partition', \"offset\" BIGINT METADATA, at TIMESTAMP METADATA FROM "
                       "'timestamp', topic TEXT METADATA", bounded="true")
            + "SELECT p, \"offset\", id, time = at AS same, topic FROM q WHERE id IS NOT NULL;")
        self.assertEqual(sorted((row["p"], row["offset"], row["id"]) for row in rows),
                         sorted((r.partition, r.offset, r.key.decode()) for r in records))
        self.assertEqual({(row["same"], row["topic"]) for row in rows}, {(True, topic)})

    def test_each_record_is_a_row_or_is_told_of(self):
        topic = self.topic()
        tools.produce(BROKERS, topic, [
            ("a", '{"v":1}', (("h", "x"), ("g", "y"))), ("b", '{"v":'), ("c", None), ("d", ""),
            (None, '{"v":2}'), ("e", '{"v":3}{"v":4}'), ("f", '{"v":"x"}')])
        script = self.table("t", topic, "v INT, k TEXT METADATA FROM 'key', headers STRUCT(name TEXT, "
                            "value BYTEA)[] METADATA", bounded="true") + "SELECT * FROM t;"
        rows = self.run_sql(script)
        self.assertEqual([(row["v"], row["k"], len(row["headers"])) for row in rows],
                         [(1, "a", 2), (2, None, 0)])
        self.assertEqual([header["name"] for header in rows[0]["headers"]], ["h", "g"])
        done = subprocess.run([PROGRAM, "run", self.job], capture_output=True, text=True,
                              timeout=SECONDS_MAX, check=True)
        self.assertIn("in 7", done.stderr)
        self.assertIn("out 2", done.stderr)
        self.assertIn(f"{topic}/0, offset 1", done.stderr)
        failing = script.replace("bounded", "on_error = 'fail', bounded")
        self.assertIn(f"{topic}/0, offset 1", self.run_sql(failing, wanted=1))
        several = self.topic()
        tools.produce(BROKERS, several, [(None, '{"v":3}'), (None, '{"v":4} also')])
        self.assertIn(f"{several}/0, offset 1: more after the object's 7 bytes: also",
                      self.run_sql(failing.replace(topic, several), wanted=1))

    def test_where_reading_begins(self):
        topic = self.topic(2)
        self.send(topic, range(20))

        def read(**options):
            return sorted(row["i"] for row in self.run_sql(
                self.table("t", topic, "i INT", bounded="true", **options)
                + "SELECT i FROM t WHERE i IS NOT NULL;"))
        self.assertEqual(read(), list(range(20)))
        self.assertEqual(read(start="latest"), [])
        self.assertEqual(read(start="timestamp", start_timestamp="0"), list(range(20)))
        self.assertEqual(read(start="timestamp", start_timestamp="9999999999999"), [])
        self.assertIn("has committed no offset", self.run_sql(
            self.table("t", topic, "i INT", bounded="true", start="group", group=f"{topic}-nobody")
            + "SELECT i FROM t;", wanted=78))

    def test_a_job_begins_where_its_group_has_committed_and_goes_on_where_its_state_is(self):
        topic, group = self.topic(), f"group-{uuid.uuid4()}"
        self.send(topic, range(20))
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "i INT", group=group, start="group")
            + self.file_table("o", self.path("out") + "/", "i INT")
            + "INSERT INTO o SELECT i FROM t;")
        tools.run("consume", BROKERS, "--topic", topic, "--group", group, "--max-messages", 5,
                  "--from-beginning", "--command-property", "max.poll.records=5")
        self.assertEqual(tools.group_offsets(BROKERS, group), {(topic, 0): 5})
        job = self.start()
        self.wait_for(lambda: len(self.written()) == 15, job)
        self.end(job, signal.SIGINT)
        tools.run("groups", BROKERS, "--delete", "--group", group)
        self.send(topic, range(20, 25))
        job = self.start()
        self.wait_for(lambda: len(self.written()) == 20, job)
        self.end(job, signal.SIGINT)
        self.assertEqual(sorted(self.written()), list(range(5, 25)))

    def test_a_job_with_state_tells_its_group_how_far_it_is(self):
        topic, group = self.topic(2), f"group-{uuid.uuid4()}"
        self.send(topic, range(20))
        script = (self.table("t", topic, "i INT", bounded="true", group=group)
                  + self.file_table("o", self.path("out") + "/", "i INT")
                  + "INSERT INTO o SELECT i FROM t;")
        self.run_sql(script, "--state-dir", self.path("state"))
        self.assertEqual(sum(tools.group_offsets(BROKERS, group).values()), 20)

    def test_a_job_that_is_killed_reads_on_where_its_state_is(self):
        topic = self.topic(3)
        script = (self.table("t", topic, "i INT")
                  + self.file_table("o", self.path("out") + "/", "i INT")
                  + "INSERT INTO o SELECT i FROM t;")
        pathlib.Path(self.job).write_text(script)
        count = 0
        for stop in (signal.SIGKILL, signal.SIGKILL, signal.SIGINT):
            self.send(topic, range(count, count + 200))
            count += 200
            job = self.start()
            wanted = count if stop == signal.SIGINT else count - 50  # Somewhere before the end.
            self.wait_for(lambda: len(self.written()) >= wanted, job)
            self.end(job, stop)
        self.assertEqual(sorted(self.written()), list(range(count)))

    def test_a_changing_result_is_the_last_record_of_each_key(self):
        topic = self.topic(2)
        columns = "net TEXT, n BIGINT"
        self.run_sql(
            self.file_table("f", DATA / "quakes.jsonl", "net TEXT, mag DOUBLE")
            + self.table("o", topic, columns + ", PRIMARY KEY (net)", mode="upsert")
            + "INSERT INTO o SELECT net, count(*) FROM f GROUP BY net HAVING count(*) % 7 <> 0 "
              "EMIT CHANGES;")
        state, tombstones = {}, 0
        for record in tools.read(BROKERS, topic):
            tombstones += record.value is None
            state[record.key.decode()] = record.value and json.loads(record.value)
        counts = collections.Counter(quake["net"] for quake in quakes_of_file())
        self.assertEqual({net: row for net, row in state.items() if row is not None},
                         {net: {"net": net, "n": n} for net, n in counts.items() if n % 7})
        self.assertGreater(tombstones, 0)

    def test_a_table_may_set_up_the_client_that_reads_it_and_the_one_that_writes_it(self):
        settings = {"properties.linger.ms": "1", "properties.fetch.min.bytes": "1",
                    "properties.client.id": "table"}
        for state in ([], ["--state-dir", self.path("state")]):
            topic = self.topic()
            table = self.table("t", topic, "i INT", bounded="true", **settings)
            self.run_sql(table + "INSERT INTO t SELECT 1 AS i;", *state)
            self.assertEqual(self.run_sql(table + "SELECT i FROM t;"), [{"i": 1}])

    def test_what_does_not_fit_is_refused_before_anything_runs(self):
        topic = self.topic()
        source = "SELECT 1 AS a, 'x' AS b"

        def refused(columns, **options):
            return self.run_sql(self.table("t", topic, columns, **options)
                                + f"INSERT INTO t {source};", wanted=78)
        self.assertIn("did you mean \"alpha\"?", refused("alpha INT, b TEXT", key_fields="alpa"))
        self.assertIn("key_format = 'json'", refused("a INT, b TEXT", key_fields="a;b"))
        self.assertIn("2 columns", refused("a INT, b TEXT", format="raw"))
        missing = self.table("t", f"{topic}x", "a INT, b TEXT") + f"INSERT INTO t {source};"
        self.assertIn(f'did you mean "{topic}"?', self.run_sql(missing, wanted=78))
        self.assertEqual(tools.read(BROKERS, topic), [])


if __name__ == "__main__":
    unittest.main()
