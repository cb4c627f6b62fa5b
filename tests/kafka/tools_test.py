#!/usr/bin/env python3
"""Reading and producing with Kafka's console tools gives back what was sent."""
import os
import unittest

import broker
import tools


class ToolsTest(unittest.TestCase):
    def setUp(self):
        self.address = os.environ["THALWEG_KAFKA_BROKERS"]
        self.topic = f"tools-{os.getpid()}-{self.id().rpartition('.')[2]}"

    def test_records_come_back_whole(self):
        tools.create_topic(self.address, self.topic, 3)
        sent = [("a", "1", (("h", "x:1"), ("empty", ""))), ("b", None, (("h", "2"),)), ("", "4"),
                (None, "no key"), ("Größe", "a\tb,c:d NULL null")]
        tools.produce(self.address, self.topic, sent)
        read = tools.read(self.address, self.topic)
        self.assertCountEqual(
            [(record.key, record.value, record.headers) for record in read],
            [(b"a", b"1", (("h", b"x:1"), ("empty", b""))), (b"b", None, (("h", b"2"),)),
             (b"", b"4", ()), (None, b"no key", ()),
             ("Größe".encode(), b"a\tb,c:d NULL null", ())])
        for record in read:
            if record.key is not None:
                self.assertEqual(record.partition, tools.partition_of(record.key, 3))
            self.assertGreater(record.timestamp, 1_700_000_000_000)
        # A second reading sees what came since, and no mark of the first.
        tools.produce(self.address, self.topic, [("z", "26")])
        self.assertEqual({(r.key, r.value) for r in tools.read(self.address, self.topic)}
                         - {(r.key, r.value) for r in read}, {(b"z", b"26")})

    def test_what_the_broker_refuses_is_told(self):
        tools.create_topic(self.address, self.topic, cleanup_policy="compact")
        with self.assertRaisesRegex(broker.Failure, "0 of 1 records"):
            tools.produce(self.address, self.topic, [(None, "without a key")])


if __name__ == "__main__":
    unittest.main()
