#!/usr/bin/env python3
"""What a topic takes of rows, on a real broker."""
import pathlib
import random
import subprocess
import unittest

import tools
from sql_fixture import BROKERS, PROGRAM, SECONDS_MAX, SqlFixture

FRAME_BYTES = 96  # What a record without headers has beside key and value, at most.


class SinkTest(SqlFixture):
    def test_rows_that_a_topic_does_not_take_are_rejected_and_others_go_on(self):
        small, usual = self.topic_of(20_000), self.topic()
        for topic, most in ((small, 20_000 - FRAME_BYTES), (usual, 1_048_588 - FRAME_BYTES)):
            sizes = [most, 1, most + 1, most // 2, most // 2, most // 2, 2 * most, 3]
            rows = pathlib.Path(self.path("rows.txt"))
            rows.write_text("".join("x" * size + "\n" for size in sizes))
            script = (self.file_table("f", rows, "v TEXT", format="raw")
                      + self.table("o", topic, "v TEXT", format="raw")
                      + "INSERT INTO o SELECT v FROM f;")
            for number, words in enumerate(((), ("--state-dir", self.path(f"state{topic}")))):
                with self.subTest(most=most, words=words):
                    pathlib.Path(self.job).write_text(script)
                    done = subprocess.run([PROGRAM, "run", self.job, *words],
                                          capture_output=True, text=True, timeout=SECONDS_MAX,
                                          check=False)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn("too_long 2", done.stderr)
                    # Workers share the file: rows come in any order.
                    written = sorted(len(record.value) for record in tools.read(BROKERS, topic))
                    taken = [size for size in sizes if size <= most]
                    self.assertEqual(written, sorted(taken * (number + 1)))
            self.assertIn("max.message.bytes", self.run_sql(
                script.replace("'kafka'", "'kafka', on_error = 'fail'"), wanted=1))

    @staticmethod
    def topic_of(bytes_max):
        name = f"sized-{random.getrandbits(64)}"
        tools.create_topic(BROKERS, name, max_message_bytes=bytes_max)
        return name


if __name__ == "__main__":
    unittest.main()
