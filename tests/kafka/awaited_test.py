#!/usr/bin/env python3
"""Topics that are not there when a job begins, on a real broker."""
import json
import pathlib
import signal
import time
import unittest
import uuid

import tools
from sql_fixture import BROKERS, SqlFixture


class AwaitedTest(SqlFixture):
    def job_with(self, topic, out, **options):
        waits = {f"properties.{key}": value for key, value in options.items()}
        pathlib.Path(self.job).write_text(
            self.table("t", topic, "i INT", **waits)
            + self.table("o", out, "i INT", **waits) + "INSERT INTO o SELECT i FROM t;")

    def test_a_topic_that_comes_soon_is_waited_for(self):
        for late in ("source", "sink"):
            with self.subTest(late=late):
                name, there = f"late-{uuid.uuid4()}", self.topic()
                topic, out = (name, there) if late == "source" else (there, name)
                self.job = self.path(f"{uuid.uuid4()}.sql")
                self.job_with(topic, out,
                              **{"topic.metadata.propagation.max.ms": "100000"})
                job = self.start(state=late)
                time.sleep(1)  # Most likely it looks before the topic is there.
                self.assertIsNone(job.poll())
                tools.create_topic(BROKERS, name)
                self.send(topic, range(3))
                self.wait_for(lambda: len(tools.read(BROKERS, out)) == 3, job)
                self.assertEqual(self.end(job, signal.SIGINT)[0], 0)
                self.assertEqual([json.loads(record.value)["i"]
                                  for record in tools.read(BROKERS, out)], [0, 1, 2])

    def test_one_that_does_not_come_is_refused(self):
        there = self.topic()
        missing = f"never-{uuid.uuid4()}"
        quick = {"topic.metadata.propagation.max.ms": "0"}
        for topic, out in ((missing, there), (there, missing)):
            for words in ((), ("--state-dir", self.path("state"))):
                with self.subTest(topic=topic, words=words):
                    self.job_with(topic, out, **quick)
                    said = self.run_sql(pathlib.Path(self.job).read_text(), *words, wanted=78)
                    self.assertIn(f'error: there is no topic "{missing}"; create it first', said)
        self.job_with(f"{there}x", there, **quick)
        said = self.run_sql(pathlib.Path(self.job).read_text(), wanted=78)
        self.assertIn(f'there is no topic "{there}x"; did you mean "{there}"?', said)
        self.job_with(missing, there)
        said = self.run_sql(pathlib.Path(self.job).read_text(), wanted=78)
        self.assertIn("waited 5 s", said)


if __name__ == "__main__":
    unittest.main()
