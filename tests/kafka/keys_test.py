#!/usr/bin/env python3
"""What stands in the keys of records, and what they do to rows, on a real broker."""
import collections
import json
import pathlib
import signal
import time
import unittest

import tools
from sql_fixture import BROKERS, SqlFixture

UPSERT = {"mode": "upsert", "key_format": "raw"}


def standing(changes):
    """The rows that stand after these changes."""
    rows = collections.Counter()
    for change in changes:
        op = change.pop("op")
        rows[tuple(change.values())] += 1 if op in ("+I", "+U") else -1
    return sorted(rows.elements())


class KeysTest(SqlFixture):
    def written_and_read(self, columns, rows, **options):
        """The records that rows make, and the rows that these make."""
        topic = self.topic()
        table = self.table("t", topic, columns, bounded="true", **options)
        self.run_sql(table + f"INSERT INTO t VALUES {rows};")
        records = [(record.key, record.value) for record in tools.read(BROKERS, topic)]
        return records, [tuple(row.values()) for row in self.run_sql(
            table + "SELECT * FROM t WHERE v <> 'end';")]

    def test_columns_are_in_the_key_alone(self):
        columns, rows = "a INT, v TEXT, b TEXT", "(1, 'x', 'p,q'), (2, 'y', NULL)"
        read_back = [(1, "x", "p,q"), (2, "y", None)]
        for key_format, keys in (("json", [b'{"b":"p,q","a":1}', b'{"b":null,"a":2}']),
                                 ("csv", [b'"p,q",1', b",2"])):
            with self.subTest(key_format):
                records, again = self.written_and_read(
                    columns, rows, key_format=key_format, key_fields="b;a", value_fields="except_key")
                self.assertEqual(records, list(zip(keys, [b'{"v":"x"}', b'{"v":"y"}'])))
                self.assertEqual(again, read_back)

    def test_a_raw_key_beside_a_raw_value(self):
        records, again = self.written_and_read(
            "k BIGINT, v TEXT", "(7, 'x'), (NULL, 'y')", format="raw", key_fields="k",
            value_fields="except_key")
        self.assertEqual(records, [(b"7", b"x"), (None, b"y")])
        self.assertEqual(again, [(7, "x"), (None, "y")])

    def test_as_scripts_for_flink_have_it(self):
        topic = self.topic()
        table = self.declared("t", "k TEXT, v INT", {
            "'connector'": "kafka", "'topic'": topic, "'properties.bootstrap.servers'": BROKERS,
            "'value.format'": "csv", "'key.format'": "json", "'key.fields'": "k",
            "'value.fields-include'": "EXCEPT_KEY", "'scan.bounded'": "true"})
        self.run_sql(table + "INSERT INTO t VALUES ('a', 1);")
        self.assertEqual([(r.key, r.value) for r in tools.read(BROKERS, topic)],
                         [(b'{"k":"a"}', b"1")])

    def test_a_record_whose_key_cannot_be_read_is_told_of(self):
        topic = self.topic()
        tools.produce(BROKERS, topic, [('{"k":1}', "x"), ("{", "y"), ('{"k":"z"}', "z"), (None, "w")])
        options = {"format": "raw", "key_format": "json", "key_fields": "k", "bounded": "true",
                   "value_fields": "except_key"}
        read = "SELECT * FROM t;"
        self.assertEqual(self.run_sql(self.table("t", topic, "v TEXT, k INT", **options) + read),
                         [{"v": "x", "k": 1}, {"v": "w", "k": None}])
        self.assertEqual(
            self.run_sql(self.table("t", topic, "v TEXT, k INT NOT NULL", **options) + read),
            [{"v": "x", "k": 1}])
        told = self.run_sql(
            self.table("t", topic, "v TEXT, k INT", on_error="fail", **options) + read, wanted=1)
        self.assertIn(f"{topic}/0, offset 1: the key: ", told)

    def test_the_last_record_of_a_key_stands_for_it(self):
        topic = self.topic()
        tools.produce(BROKERS, topic, [
            ("a", '{"k":"a","v":1}'), ("b", '{"k":"b","v":2}'), ("zz", None), ("a", '{"k":"a","v":3}'),
            ("b", None), ("b", None), (None, '{"k":"n","v":4}'), ("c", '{"k":"c","v":5}'),
            ("c", '{"k":"c","v":'), ("d", '{"k":"d","v":6}'), ("d", None), ("d", '{"k":"d","v":7}')])
        table = self.table("t", topic, "k TEXT, v INT, o BIGINT METADATA FROM 'offset', "
                           "PRIMARY KEY (k)", bounded="true", **UPSERT)
        for words in ((), ("--set", "batch_rows=1"), ("--workers", "3")):
            with self.subTest(words):
                self.assertEqual(standing(self.run_sql(table + "SELECT k, v, o FROM t;", *words)),
                                 [("a", 3, 3), ("c", 5, 7), ("d", 7, 11)])
        self.assertIn("the record has no key", self.run_sql(
            table.replace("bounded", "on_error = 'fail', bounded") + "SELECT k FROM t;", wanted=1))

    def test_values_of_upserts_that_are_no_objects(self):
        topic = self.topic()
        tools.produce(BROKERS, topic, [("a", "1"), ("b", "2"), ("a", "3"), ("b", '"x'), ("c", "4"),
                                       ("c", None)])
        for name in ("csv", "raw"):
            with self.subTest(name):
                rows = self.run_sql(
                    self.table("t", topic, "k TEXT, v INT, PRIMARY KEY (k)", format=name,
                               value_fields="except_key", bounded="true", **UPSERT)
                    + "SELECT * FROM t;")
                self.assertEqual(standing(rows), [("a", 3), ("b", 2)])

    def test_upserts_go_on_after_a_crash(self):
        topic, out = self.topic(2), self.topic(2)

        def script(**options):
            return (self.table("t", topic, "k TEXT, v INT, PRIMARY KEY (k)", **UPSERT, **options)
                    + self.table("o", out, "g INT, n BIGINT, PRIMARY KEY (g)", **UPSERT)
                    + "INSERT INTO o SELECT v % 3 AS g, count(*) AS n FROM t GROUP BY v % 3 "
                      "EMIT CHANGES;")
        keys, last = [f"k{i}" for i in range(20)], {}
        for life in range(3):
            records = []
            for i, key in enumerate(keys):
                last[key] = None if (i + life) % 5 == 0 else i * (life + 1)
                value = None if last[key] is None else json.dumps({"k": key, "v": last[key]})
                records.append((key, value))
            tools.produce(BROKERS, topic, records)
            pathlib.Path(self.job).write_text(script())
            job = self.start("--workers", str(1 + life))
            time.sleep(life)  # At any moment.
            self.end(job, signal.SIGKILL)
        self.run_sql(script(bounded="true"), "--state-dir", self.path("state"))
        shown = {}
        for record in tools.read(BROKERS, out):
            shown[int(record.key)] = record.value and json.loads(record.value)["n"]
        self.assertEqual({key: n for key, n in shown.items() if n is not None},
                         collections.Counter(v % 3 for v in last.values() if v is not None))

    def test_events_of_debezium_from_topic_to_topic(self):
        topic, out = self.topic(), self.topic()
        before, after = '{"id":1,"v":"x"}', '{"id":1,"v":"y"}'
        tools.produce(BROKERS, topic, [
            ('{"id":1}', f'{{"before":null,"after":{before},"op":"c"}}'),
            ('{"id":1}', f'{{"before":{before},"after":{after},"op":"u"}}'),
            ('{"id":2}', '{"before":null,"after":{"id":2,"v":"z"},"op":"r"}'),
            ('{"id":2}', '{"before":{"id":2,"v":"z"},"after":null,"op":"d"}'),
            ('{"id":2}', None)])  # As Debezium sends one behind each delete.
        columns, debezium = "id INT, v TEXT, PRIMARY KEY (id)", {"format": "debezium-json"}
        self.run_sql(self.table("t", topic, columns, bounded="true", on_error="fail", **debezium)
                     + self.table("o", out, columns, key_format="json", **debezium)
                     + "INSERT INTO o SELECT * FROM t;")
        records = tools.read(BROKERS, out)
        self.assertEqual({record.key for record in records}, {b'{"id":1}', b'{"id":2}'})
        self.assertEqual([json.loads(record.value)["op"] for record in records], list("cucd"))
        self.assertEqual(standing(self.run_sql(
            self.table("o", out, columns, bounded="true", **debezium)
            + "SELECT * FROM o;")), [(1, "y")])

    def test_what_cannot_be_is_refused(self):
        topic = self.topic()

        def refused(columns, **options):
            return self.run_sql(self.table("t", topic, columns, bounded="true", **options)
                                + "SELECT * FROM t;", wanted=78)
        self.assertIn("PRIMARY KEY", refused("k TEXT, v INT", **UPSERT))
        self.assertIn("key_fields are not its PRIMARY KEY",
                      refused("k TEXT, v INT, PRIMARY KEY (k)", key_fields="v", **UPSERT))
        self.assertIn("needs a key", refused("k TEXT, v INT", value_fields="except_key"))
        self.assertIn("no column that is not of the key",
                      refused("k TEXT", key_fields="k", value_fields="except_key"))
        self.assertIn("are whole", refused("k TEXT, v INT", key_fields="k", mode="changelog",
                                           value_fields="except_key"))
        self.assertIn("value_fields = 'except_key'",
                      refused("k TEXT, v TEXT", key_fields="k", format="raw"))


if __name__ == "__main__":
    unittest.main()
