#!/usr/bin/env python3
"""Clients that are killed: what brokers have said that they have is there, each record once; and
what was handled and not committed is handled again."""
import pathlib
import signal
import subprocess
import time
import unittest
import uuid

import tools
from sql_fixture import BROKERS, PROGRAM, SECONDS_MAX, SqlFixture

CLIENT = pathlib.Path(PROGRAM).parent / "tests/kafka_killed_client"


class KilledClientsTest(SqlFixture):
    def start_client(self, *words):
        """Its output goes to a file: a pipe that nobody reads would hold it up."""
        self.output = pathlib.Path(self.path(f"{uuid.uuid4()}.out"))
        with self.output.open("w", encoding="utf-8") as output:
            client = subprocess.Popen([CLIENT, BROKERS, *words], stdout=output,
                                      stderr=subprocess.PIPE, text=True)
        self.addCleanup(client.wait)
        self.addCleanup(client.stderr.close)
        self.addCleanup(client.kill)
        return client

    def told(self):
        """The whole lines so far."""
        return [int(line) for line in self.output.read_text().rpartition("\n")[0].split()]

    @staticmethod
    def kill(client):
        client.send_signal(signal.SIGKILL)
        client.wait(SECONDS_MAX)

    def test_what_a_killed_producer_was_told_is_there_and_nothing_twice(self):
        for pause in (0, 0.05, 0.3):
            topic = self.topic()
            client = self.start_client("produce", topic)
            self.wait_for(lambda: len(self.told()) > 100, client)
            time.sleep(pause)
            self.kill(client)
            there = [int(record.value) for record in tools.read(BROKERS, topic)]
            self.assertEqual(there, list(range(len(there))))
            self.assertLess(max(self.told()), len(there))

    def test_what_was_handled_and_not_committed_is_handled_again(self):
        topic, group = self.topic(), f"group-{uuid.uuid4()}"
        tools.produce(BROKERS, topic, [(None, str(i)) for i in range(50)])
        client = self.start_client("consume", topic, group, "3600000")
        self.wait_for(lambda: len(self.told()) == 50, client)
        self.kill(client)
        client = self.start_client("consume", topic, group, "50")
        self.wait_for(lambda: len(self.told()) == 50, client)
        self.assertEqual(self.told(), list(range(50)))
        self.wait_for(lambda: tools.group_offsets(BROKERS, group) == {(topic, 0): 50}, client)
        self.kill(client)
        tools.produce(BROKERS, topic, [(None, str(i)) for i in range(50, 60)])
        client = self.start_client("consume", topic, group, "50")
        self.wait_for(lambda: len(self.told()) == 10, client)
        self.assertEqual(self.told(), list(range(50, 60)))


if __name__ == "__main__":
    unittest.main()
