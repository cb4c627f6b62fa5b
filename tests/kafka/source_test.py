#!/usr/bin/env python3
"""Where a job reads on in topics that change, on a real broker."""
import json
import pathlib
import signal
import unittest

import tools
from sql_fixture import BROKERS, SqlFixture


class SourceTest(SqlFixture):
    def test_a_partition_that_came_between_two_runs_is_read_from_its_beginning(self):
        topic, group = self.topic(), f"{self.id()}-{self.folder.name}"
        self.send(topic, range(5))
        pathlib.Path(self.path("job.sql")).write_text(
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


if __name__ == "__main__":
    unittest.main()
