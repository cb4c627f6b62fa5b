#!/usr/bin/env python3
"""A broker that goes away is a state of the job, which goes on when it is back."""
import json
import os
import pathlib
import pty
import re
import signal
import subprocess
import tempfile
import unittest

import broker
import tools
from sql_fixture import PROGRAM, SECONDS_MAX, SqlFixture

STATE = ("--set", "checkpoint_interval=100ms")


class OutageTest(SqlFixture):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.broker = broker.Broker(cls.place.name + "/broker")
        cls.broker.configure()
        cls.broker.start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()
        cls.place.cleanup()

    def setUp(self):
        super().setUp()
        if not self.broker.pid():  # A test has failed.
            self.broker.start()
        self.shown = ""

    def topic(self, partitions=1):
        name = f"{self.id().rpartition('.')[2]}-{self.topics}"
        self.topics += 1
        tools.create_topic(self.broker.address, name, partitions)
        return name

    topics = 0

    def table(self, name, topic, columns, **options):
        return super().table(name, topic, columns, brokers=self.broker.address, **options)

    def start_in_terminal(self, *words):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        os.set_blocking(ours, False)
        job = subprocess.Popen([PROGRAM, "run", self.job, *words], stderr=theirs,
                               stdin=subprocess.DEVNULL, env={**os.environ, "TERM": "xterm"})
        os.close(theirs)
        self.addCleanup(job.wait)
        self.addCleanup(job.kill)
        self.terminal = ours
        return job

    def said_by(self, job):
        return self.text()

    def text(self):
        """All that the terminal has shown."""
        try:
            while part := os.read(self.terminal, 1 << 16):
                self.shown += part.decode(errors="replace")
        except OSError:  # Nothing more for now, or ever.
            pass
        return self.shown

    def last_line(self):
        return self.text().rpartition("\r")[2]

    def start_copying(self, *words, **options):
        """A job that has copied a record from a topic to another."""
        topic, out = self.topic(), self.topic()
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "i INT", group=topic) + self.table("o", out, "i INT", **options)
            + "INSERT INTO o SELECT i FROM t;")
        if words:
            words += ("--state-dir", self.path("state"))
        job = self.start_in_terminal(*words)
        tools.produce(self.broker.address, topic, [(None, '{"i":1}')])
        self.wait_for(lambda: "out 1 " in self.last_line(), job)
        return job, topic, out

    def check_goes_on(self, job, topic, out):
        self.broker.start()
        self.wait_for(lambda: "in 1 " in self.last_line()
                      and "reconnecting" not in self.last_line(), job)
        self.check_is_copied(job, topic, out)

    def check_is_copied(self, job, topic, out):
        """What comes next, and all of it once."""
        tools.produce(self.broker.address, topic, [(None, '{"i":2}')])
        self.wait_for(lambda: "out 2 " in self.last_line(), job)
        job.send_signal(signal.SIGINT)
        self.assertEqual(job.wait(SECONDS_MAX), 0, self.text())
        self.assertEqual([json.loads(record.value)["i"]
                          for record in tools.read(self.broker.address, out)], [1, 2])

    def check_waits(self, *words, **options):
        job, topic, out = self.start_copying(*words, **options)
        self.broker.kill()
        away = re.compile(rf"reconnecting: broker {self.broker.address}, [1-9]\d* s · in 1 ")
        self.wait_for(lambda: away.search(self.last_line()), job)
        self.check_goes_on(job, topic, out)
        self.assertNotIn("waiting", self.shown)

    def test_a_job_waits_for_its_broker(self):
        self.check_waits()

    def test_so_does_one_whose_results_are_seen_exactly_once(self):
        self.check_waits(*STATE)

    def test_so_does_one_that_writes_at_least_once(self):
        self.check_waits(*STATE, delivery="at-least-once")

    def check_begins_again(self, **options):
        """After so long that what was to be written cannot be held."""
        job, topic, out = self.start_copying(*STATE, **options)
        self.broker.kill()
        self.wait_for(lambda: re.search("waiting: .*; it goes on when a broker answers",
                                        self.text()), job)
        self.wait_for(lambda: f"reconnecting: broker {self.broker.address}, " in self.last_line(),
                      job)
        self.check_goes_on(job, topic, out)
        self.assertIn("going on from epoch", self.shown)

    def test_a_transaction_that_has_timed_out_is_made_again(self):
        self.check_begins_again(**{"properties.transaction.timeout.ms": "10000"})

    def check_stops(self, job):
        """Long before anything that it waits for has its time."""
        self.broker.kill()
        self.wait_for(lambda: "reconnecting" in self.last_line(), job)
        job.send_signal(signal.SIGINT)
        self.assertEqual(job.wait(SECONDS_MAX), 75, self.text())
        self.assertIn(f"stopped while broker {self.broker.address} was away", self.text())

    def test_a_job_that_is_stopped_meanwhile_does_not_wait(self):
        job, topic, out = self.start_copying(*STATE,
                                             **{"properties.transaction.timeout.ms": "600000"})
        self.check_stops(job)
        self.assertIn("from which the same command goes on", self.text())
        self.broker.start()
        self.shown = ""
        job = self.start_in_terminal(*STATE, "--state-dir", self.path("state"))
        self.wait_for(lambda: "out 1 " in self.last_line(), job)
        self.check_is_copied(job, topic, out)

    def test_nor_does_one_whose_rows_are_under_way(self):
        pathlib.Path(self.job).write_text(
            self.declared("bids", "auction BIGINT, price BIGINT",
                          {"connector": "nexmark", "type": "bid"})
            + self.table("o", self.topic(), "auction BIGINT, price BIGINT",
                         **{"properties.message.timeout.ms": "900000"})
            + "INSERT INTO o SELECT * FROM bids;")
        job = self.start_in_terminal()
        self.wait_for(lambda: re.search("out [1-9]", self.last_line()), job)
        self.check_stops(job)

    def test_a_job_that_cannot_go_on_by_itself_says_how_to(self):
        job, _, _ = self.start_copying(*STATE, "--set", "on_failure=stop",
                                       **{"properties.transaction.timeout.ms": "10000"})
        self.broker.kill()
        self.assertEqual(job.wait(SECONDS_MAX), 75)
        self.assertRegex(self.text(), "from which the same command goes on")


if __name__ == "__main__":
    unittest.main()
