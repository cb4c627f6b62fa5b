#!/usr/bin/env python3
"""What becomes of records that cannot be read, on a real broker."""
import base64
import json
import pathlib
import random
import signal
import time
import unittest

import tools
from sql_fixture import BROKERS, SqlFixture

LETTERS = ("source TEXT, topic TEXT, partition INT, \"offset\" BIGINT, code TEXT, message TEXT, "
           "key BYTEA, payload BYTEA")


def decoded(text):
    return None if text is None else base64.b64decode(text)


class DeadLettersTest(SqlFixture):
    def lines(self, file, field):
        return [json.loads(line)[field] for line in
                pathlib.Path(self.path(file)).read_text().splitlines()]

    def test_a_record_that_cannot_be_read_is_written_whole_with_where_it_stood(self):
        topic, dead = self.topic(), self.topic()
        tools.produce(BROKERS, topic, [("a", '{"v":1}'), ("b", '{"v":'), (None, '{"v":"x"}'),
                                       ("c", None), ("d", '{"v":7}'), ("e", '{"v":2}')])
        self.run_sql(
            self.table("t", topic, "v INT, w AS 10 / (v - 2)", bounded="true")
            + self.table("d", dead, LETTERS)
            + self.file_table("f", self.path("dead.jsonl"), LETTERS)
            + self.file_table("o", self.path("rows.jsonl"), "v INT")
            + "INSERT INTO d SELECT * FROM DEAD_LETTERS(t);"
              "INSERT INTO f SELECT * FROM DEAD_LETTERS(t) WHERE code <> 'malformed';"
              "INSERT INTO o SELECT v FROM t;")
        self.assertEqual(sorted(self.lines("rows.jsonl", "v")), [1, 7])
        letters = [json.loads(record.value) for record in tools.read(BROKERS, dead)]
        self.assertEqual(
            [(x["offset"], x["code"], decoded(x["key"]), decoded(x["payload"])) for x in
             sorted(letters, key=lambda letter: letter["offset"])],
            [(1, "malformed", b"b", b'{"v":'), (2, "wrong_type", None, b'{"v":"x"}'),
             (3, "null_not_allowed", b"c", None), (5, "division_by_zero", b"e", b'{"v":2}')])
        self.assertEqual({(x["source"], x["topic"], x["partition"]) for x in letters},
                         {("t", topic, 0)})
        self.assertEqual(sorted(self.lines("dead.jsonl", "offset")), [2, 3, 5])

    def test_dead_letters_are_written_in_the_transaction_of_their_epoch(self):
        topic, out, dead = self.topic(2), self.topic(2), self.topic()
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "i INT") + self.table("o", out, "i INT")
            + self.table("d", dead, LETTERS)
            + "INSERT INTO o SELECT i FROM t; INSERT INTO d SELECT * FROM DEAD_LETTERS(t);")

        def seen(name, field):
            return sorted(json.loads(record.value)[field] if field else record.key
                          for record in tools.read(BROKERS, name))
        dice, count = random.Random(5), 0
        for life in range(5):
            tools.produce(BROKERS, topic, [
                (str(i), json.dumps({"i": i if i % 3 else "bad"})) for i in range(count, count + 60)])
            count += 60
            job = self.start("--workers", str(1 + life % 3))
            if life < 4:
                time.sleep(dice.random() * 0.6)  # At any moment.
                self.end(job, signal.SIGKILL)
        good = [i for i in range(count) if i % 3]
        self.wait_for(lambda: len(seen(out, "i")) >= len(good)
                      and len(tools.read(BROKERS, dead)) >= count - len(good), job)
        self.end(job, signal.SIGINT)
        self.assertEqual(seen(out, "i"), good)
        letters = [json.loads(record.value) for record in tools.read(BROKERS, dead)]
        self.assertEqual(len({(x["partition"], x["offset"]) for x in letters}), count - len(good))
        self.assertEqual(len(letters), count - len(good))


if __name__ == "__main__":
    unittest.main()
