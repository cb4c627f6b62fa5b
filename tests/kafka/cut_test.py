#!/usr/bin/env python3
"""A job from topic to topic whose connection breaks at each request of an epoch, and of a start:
before the broker has seen it, and in place of the answer. Its rows are seen once."""
import argparse
import json
import pathlib
import signal
import subprocess
import tempfile
import unittest

import broker
import proxy
import tools
from sql_fixture import PROGRAM, SECONDS_MAX, SqlFixture

OF_EPOCHS = ("Fetch", "Produce", "AddPartitionsToTxn", "AddOffsetsToTxn", "TxnOffsetCommit",
             "EndTxn")
OF_STARTS = ("ApiVersions", "Metadata", "FindCoordinator", "InitProducerId", "OffsetFetch",
             "ListOffsets")


class CutTest(SqlFixture):
    @classmethod
    def setUpClass(cls):
        parser = argparse.ArgumentParser()
        broker.add_settings(parser)
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.broker, cls.proxy = cls.enterClassContext(
            proxy.behind(pathlib.Path(folder) / "broker", parser.parse_args([])))

    def setUp(self):
        super().setUp()
        self.source, self.out = (f"{self.id().rpartition('.')[2]}-{name}" for name in "io")
        for topic in (self.source, self.out):
            tools.create_topic(self.broker.inner_address, topic, 2)
        pathlib.Path(self.job).write_text("".join(
            self.table(name, topic, "i INT", brokers=self.broker.address)
            for name, topic in (("t", self.source), ("o", self.out)))
            + "INSERT INTO o SELECT i FROM t;")
        pathlib.Path(self.path("count.sql")).write_text(
            self.table("o", self.out, "i INT", brokers=self.broker.inner_address, bounded="true")
            + "SELECT count(*) AS n FROM o;")
        self.producer = tools.start_producer(self.broker.inner_address, self.source)
        self.addCleanup(self.producer.communicate)
        self.sent = 0

    def start_job(self):
        return self.start("--set", "checkpoint_interval=100ms")

    def send_some(self):
        for i in range(self.sent, self.sent + 20):
            self.producer.stdin.write(tools.line_of(str(i), json.dumps({"i": i})) + b"\n")
        self.producer.stdin.flush()
        self.sent += 20

    def count(self):
        """Only to wait by; it is Kafka's reader that judges."""
        done = subprocess.run([PROGRAM, "run", self.path("count.sql"), "--format", "jsonl"],
                              capture_output=True, text=True, timeout=SECONDS_MAX, check=True)
        return json.loads(done.stdout)["n"]

    def wait_for_all(self, rule, job):
        self.wait_for(rule.met.is_set, job)
        self.wait_for(lambda: self.count() >= self.sent, job)

    def check_all(self):
        self.assertEqual(sorted(json.loads(record.value)["i"] for record in
                                tools.read(self.broker.inner_address, self.out)),
                         list(range(self.sent)))

    def test_at_each_request_of_an_epoch(self):
        job = self.start_job()
        for action in ("cut", "lose"):
            for kind in OF_EPOCHS:
                with self.subTest(action=action, kind=kind):
                    rule = self.proxy.rule(action, kind)
                    self.send_some()
                    self.wait_for_all(rule, job)
        self.assertEqual(self.end(job, signal.SIGINT)[0], 0)
        self.check_all()

    def test_at_each_request_of_a_start(self):
        for action in ("cut", "lose"):
            for kind in OF_STARTS:
                with self.subTest(action=action, kind=kind):
                    rule = self.proxy.rule(action, kind)
                    job = self.start_job()
                    self.send_some()
                    self.wait_for_all(rule, job)
                    self.end(job, signal.SIGKILL)
        self.check_all()


if __name__ == "__main__":
    unittest.main()
