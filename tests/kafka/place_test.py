#!/usr/bin/env python3
"""A pipeline is run by one process at a time, and says who that is to another one."""
import json
import pathlib
import signal
import subprocess
import unittest
import uuid

import broker
import tools
from sql_fixture import BROKERS, PROGRAM, SECONDS_MAX, SqlFixture


class PlaceTest(SqlFixture):
    def setUp(self):
        super().setUp()
        self.name = f"place-{uuid.uuid4()}"
        self.group = f"thalweg.{self.name}"

    def copying(self, **options):
        topic, out = self.topic(), self.topic()
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "i INT") + self.table("o", out, "i INT", **options)
            + "INSERT INTO o SELECT i FROM t;")
        return topic, out

    @staticmethod
    def has_member(group):
        shown = subprocess.run([PROGRAM, "groups", "show", group, "--brokers", BROKERS],
                               capture_output=True, text=True, check=False)
        return "1 member" in shown.stdout

    def start_member(self):
        job = self.start("--name", self.name)
        self.wait_for(lambda: self.has_member(self.group), job)
        return job

    def start_elsewhere(self, *words):
        """As from another host, which has no state of it."""
        return self.start("--name", self.name, "--from-scratch", *words, state="elsewhere")

    def refused(self, *words):
        job = self.start_elsewhere(*words)
        _, said = job.communicate(timeout=SECONDS_MAX)
        self.assertEqual(job.returncode, 75, said)
        return said

    def check_one_at_a_time(self, **options):
        topic, out = self.copying(**options)
        first = self.start_member()
        said = self.refused()
        self.assertIn(f"process {first.pid} of host", said)
        self.assertIn("--take-over", said)
        self.send(topic, range(10))
        self.wait_for(lambda: len(tools.read(BROKERS, out)) == 10, first)

        second = self.start_elsewhere("--take-over")
        _, said = first.communicate(timeout=SECONDS_MAX)
        self.assertEqual(first.returncode, 78, said)
        self.assertIn("another process", said)
        self.wait_for(lambda: len(tools.read(BROKERS, out)) == 20, second)
        self.assertEqual(self.end(second, signal.SIGINT)[0], 0)

    def test_a_second_process_is_refused_and_may_take_over(self):
        self.check_one_at_a_time()

    def test_also_where_no_transaction_tells_them_apart(self):
        self.check_one_at_a_time(delivery="at-least-once")

    def test_the_same_command_takes_over_and_goes_on(self):
        topic, out = self.copying()
        first = self.start_member()
        self.send(topic, range(10))
        self.wait_for(lambda: len(tools.read(BROKERS, out)) == 10, first)
        second = self.start("--name", self.name, "--take-over")
        _, said = first.communicate(timeout=SECONDS_MAX)
        self.assertEqual(first.returncode, 78, said)
        self.send(topic, range(10, 20))
        self.wait_for(lambda: len(tools.read(BROKERS, out)) == 20, second)
        self.assertEqual(self.end(second, signal.SIGINT)[0], 0)
        self.assertEqual(sorted(json.loads(record.value)["i"] for record in tools.read(BROKERS, out)),
                         list(range(20)))

    def test_whoever_has_not_its_state_does_not_end_it(self):
        topic, out = self.copying()
        first = self.start_member()
        self.send(topic, range(10))
        self.wait_for(lambda: len(tools.read(BROKERS, out)) == 10, first)
        for _ in range(2):  # Nor does the directory count that the first try has made.
            wrong = self.start("--name", self.name, "--take-over", state="wrong")
            _, said = wrong.communicate(timeout=SECONDS_MAX)
            self.assertEqual(wrong.returncode, 78, said)
            self.assertIn("left alone", said)
            self.assertIn("--state-dir", said)
        self.send(topic, range(10, 20))
        self.wait_for(lambda: len(tools.read(BROKERS, out)) == 20, first)
        self.assertEqual(self.end(first, signal.SIGINT)[0], 0)

    def test_the_place_of_a_process_that_was_killed_is_taken(self):
        topic, out = self.copying()
        self.end(self.start_member(), signal.SIGKILL)
        self.send(topic, range(10))
        again = self.start("--name", self.name)  # While the other one still counts as a member.
        self.wait_for(lambda: len(tools.read(BROKERS, out)) == 10, again)
        self.assertEqual(self.end(again, signal.SIGINT)[0], 0)

    def start_consumer(self, topic, group, client):
        consumer = subprocess.Popen(
            tools.command("consume", BROKERS, "--topic", topic, "--group", group,
                          "--command-property", f"client.id={client}"),
            cwd=broker.home(broker.TOOLS), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(consumer.stderr.close)
        self.addCleanup(consumer.wait)
        self.addCleanup(consumer.kill)
        self.wait_for(lambda: self.has_member(group), consumer)

    def test_who_is_on_another_host_counts_as_living(self):
        topic, _ = self.copying()
        self.start_consumer(topic, self.group, "thalweg/elsewhere/1/23/45")
        self.assertIn("process 23 of host elsewhere", self.refused())

    def test_a_member_that_is_no_pipeline_is_named(self):
        topic, _ = self.copying()
        self.start_consumer(topic, self.group, "somebody")
        self.assertIn('"somebody"', self.refused())

    def test_a_group_with_members_takes_no_offsets_of_a_job(self):
        topic, group = self.topic(), self.name
        self.start_consumer(topic, group, "somebody")
        said = self.run_sql(self.table("t", topic, "i INT", group=group, bounded="true")
                            + "SELECT i FROM t;", wanted=75)
        self.assertIn(f'group "{group}" has members', said)
        self.assertIn('"somebody"', said)


if __name__ == "__main__":
    unittest.main()
