#!/usr/bin/env python3
"""Where a job reads on in topics that change, on a real broker."""
import json
import pathlib
import signal
import unittest

import tools
from sql_fixture import BROKERS, SECONDS_MAX, SqlFixture


class SourceTest(SqlFixture):
    def test_a_partition_that_came_between_two_runs_is_read_from_its_beginning(self):
        topic, group = self.topic(), f"{self.id()}-{self.folder.name}"
        self.send(topic, range(5))
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "i INT", start="latest", group=group)
            + self.file_table("o", self.path("out") + "/", "i INT")
            + "INSERT INTO o SELECT i FROM t;")
        job = self.start()
        # Its state names the partition.
        self.wait_for(lambda: tools.group_offsets(BROKERS, group) == {(topic, 0): 5}, job)
        self.send(topic, [5])
        self.wait_for(lambda: self.written() == [5], job)
        self.end(job, signal.SIGINT)

        tools.add_partitions(BROKERS, topic, 2)
        keys = {tools.partition_of(str(i).encode(), 2): i for i in range(6, 100)}
        tools.produce(BROKERS, topic, [(str(i), json.dumps({"i": i})) for i in keys.values()])
        job = self.start()
        self.wait_for(lambda: len(self.written()) == 1 + len(keys), job)
        self.end(job, signal.SIGINT)
        self.assertEqual(sorted(self.written()), [5, *sorted(keys.values())])

    def running_job(self, **options):
        """A topic, and a job that has read five records of it and keeps its state."""
        topic = self.topic()
        self.send(topic, range(5))
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "i INT", **options)
            + self.file_table("o", self.path("out") + "/", "i INT")
            + "INSERT INTO o SELECT i FROM t;")
        job = self.start()
        self.wait_for(lambda: len(self.written()) == 5, job)
        return topic, job

    def stopped_job(self):
        topic, job = self.running_job()
        self.end(job, signal.SIGINT)
        return topic

    def refused(self, job):
        """What the job says that ends by itself."""
        _, said = job.communicate(timeout=SECONDS_MAX)
        self.assertEqual(job.returncode, 78, said)
        return said

    def refusal(self):
        said = self.refused(self.start())
        self.assertEqual(sorted(self.written()), list(range(5)))
        return said

    def test_a_topic_that_was_made_anew_between_two_runs_is_not_read_on(self):
        topic = self.stopped_job()
        tools.delete_topic(BROKERS, topic)
        tools.create_topic(BROKERS, topic)
        self.send(topic, range(100, 103))
        self.assertIn("it has the offsets 0 to 3 now", self.refusal())
        self.send(topic, range(103, 110))  # As many as had been read, and more.
        self.assertIn("the topic has been made anew", self.refusal())

    def test_records_that_are_gone_are_told_of_where_they_have_not_been_read(self):
        topic = self.stopped_job()
        self.send(topic, range(5, 9))
        tools.delete_records(BROKERS, topic, 0, 5)  # What had been read.
        job = self.start()
        self.wait_for(lambda: len(self.written()) == 9, job)
        self.end(job, signal.SIGINT)
        self.send(topic, range(9, 12))
        tools.delete_records(BROKERS, topic, 0, 11)
        said = self.refused(self.start())
        self.assertIn("at offset 9: it has the offsets 11 to 12 now", said)
        self.assertIn("on_missing = 'skip'", said)
        script = pathlib.Path(self.job)
        script.write_text(script.read_text().replace("'kafka',", "'kafka', on_missing = 'skip',"))
        for number in (11, 12):  # Told once.
            job = self.start()
            self.wait_for(lambda: number in self.written(), job)
            code, said = self.end(job, signal.SIGINT)
            self.assertEqual(code, 0, said)
            self.assertEqual("before offset 11 are gone" in said, number == 11, said)
            self.assertIn("not_there 1", said)
            self.send(topic, [12] if number == 11 else [])
        self.assertEqual(sorted(self.written()), [*range(9), 11, 12])

    def test_a_topic_that_goes_while_it_is_read_ends_the_job(self):
        topic, job = self.running_job()
        tools.delete_topic(BROKERS, topic)
        tools.create_topic(BROKERS, topic)
        self.send(topic, range(100, 102))
        said = self.refused(job)
        self.assertEqual(sorted(self.written()), list(range(5)))
        self.assertIn(topic, said)
        self.assertIn("been made anew", said)

    def test_a_topic_that_is_deleted_while_it_is_read_ends_the_job(self):
        topic, job = self.running_job(discovery_interval="1s")
        tools.delete_topic(BROKERS, topic)
        said = self.refused(job)
        self.assertIn(f'there is no topic "{topic}" any more', said)
        self.assertIn("has been deleted while it was read", said)


if __name__ == "__main__":
    unittest.main()
