#!/usr/bin/env python3
"""Processes that share a group and copy in transactions: none of the records is lost or doubled,
whoever comes and is killed meanwhile. What they have written is read by Kafka's own consumer."""
import pathlib
import signal
import subprocess
import threading
import unittest
import uuid

import tools
from sql_fixture import BROKERS, PROGRAM, SqlFixture

MEMBER = pathlib.Path(PROGRAM).parent / "tests/kafka_copying_member"
PARTITIONS = 6


class MembersTest(SqlFixture):
    def setUp(self):
        super().setUp()
        self.topic_in, self.topic_out = self.topic(PARTITIONS), self.topic(2)
        self.group = f"members-{uuid.uuid4()}"
        self.lives = 0

    def start_member(self, name):
        """Its output says how many records each of its transactions has copied."""
        self.lives += 1
        with open(self.path(f"{self.lives}.copied"), "w", encoding="utf-8") as copied:
            member = subprocess.Popen(
                [MEMBER, BROKERS, self.group, name, self.topic_in, self.topic_out],
                stdout=copied, stderr=subprocess.PIPE, text=True)
        self.addCleanup(member.stderr.close)
        self.addCleanup(member.wait)
        self.addCleanup(member.kill)
        return member, self.lives

    def copied(self, life):
        return sum(map(int, pathlib.Path(self.path(f"{life}.copied")).read_text().split()))

    def feed(self, stop):
        producer = tools.start_producer(BROKERS, self.topic_in)
        while not stop.wait(0.002):
            producer.stdin.write(tools.line_of(self.sent, self.sent) + b"\n")
            producer.stdin.flush()
            self.sent += 1
        producer.communicate()

    sent = 0

    def test_nothing_is_lost_or_doubled_while_members_come_and_go(self):
        stop = threading.Event()
        feeding = threading.Thread(target=self.feed, args=(stop,))
        feeding.start()
        self.addCleanup(stop.set)
        first, first_life = self.start_member("first")
        second, second_life = self.start_member("second")
        self.wait_for(lambda: self.copied(first_life) and self.copied(second_life), first)
        _, third_life = self.start_member("third")  # Takes partitions from both.
        self.wait_for(lambda: self.copied(third_life), first)
        second.send_signal(signal.SIGKILL)
        second.wait()
        before = self.copied(first_life)
        self.wait_for(lambda: self.copied(first_life) > before, first)
        _, again = self.start_member("second")  # In the place of the one that was killed.
        self.wait_for(lambda: self.copied(again), first)
        stop.set()
        feeding.join()
        expected = [str(number).encode() for number in range(self.sent)]

        def seen():
            return sorted((record.value for record in tools.read(BROKERS, self.topic_out)), key=int)
        self.wait_for(lambda: len(seen()) >= len(expected), first)
        self.assertEqual(seen(), expected)


if __name__ == "__main__":
    unittest.main()
