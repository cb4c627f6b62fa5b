#!/usr/bin/env python3
"""The brokers of the tests, under Kafka's own tools."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import broker

PROGRAM = pathlib.Path(broker.__file__)


def run(*arguments):
    done = subprocess.run([sys.executable, PROGRAM, *map(str, arguments)], capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


class BrokerTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp()) / "broker"
        self.addCleanup(shutil.rmtree, self.folder.parent)
        self.addCleanup(broker.stop_all, self.folder.parent)  # Before the above.

    def test_what_is_committed_outlives_kill_9(self):
        code, address, _ = run("start", self.folder)
        self.assertEqual(code, 0)
        broker.call(broker.java("org.apache.kafka.tools.TopicCommand", "--bootstrap-server",
                                address, "--create", "--topic", "t"), cwd=broker.home(broker.TOOLS))
        self.assertEqual(run("kill", self.folder)[0], 0)
        self.assertEqual(run("status", self.folder)[0], 1)
        self.assertEqual(run("start", self.folder), (0, address, ""))
        listed = broker.call(broker.java("org.apache.kafka.tools.TopicCommand",
                                         "--bootstrap-server", address, "--list"),
                             cwd=broker.home(broker.TOOLS))
        self.assertEqual(listed.split(), ["t"])

    def test_stop_leaves_nothing(self):
        made = broker.Broker(self.folder)
        made.configure()
        made.start()
        pid = made.pid()
        self.assertEqual(run("status", self.folder), (0, made.address, ""))
        self.assertEqual(run("stop", self.folder)[0], 0)
        made.process.wait()
        self.assertFalse(pathlib.Path(f"/proc/{pid}").exists())
        self.assertFalse(self.folder.exists())
        self.assertIn("no broker runs in", run("stop", self.folder)[2])

    def test_a_second_one_in_a_folder_is_refused(self):
        run("start", self.folder)
        code, _, problem = run("start", self.folder)
        self.assertEqual(code, 1)
        self.assertIn("runs in", problem)

    def test_a_folder_of_something_else_is_left_alone(self):
        self.folder.mkdir()
        (self.folder / "precious").write_text("")
        self.assertIn("is not empty", run("start", self.folder)[2])
        self.assertIn("no broker runs in", run("stop", self.folder)[2])
        self.assertTrue((self.folder / "precious").exists())

    def test_why_it_does_not_start_is_told(self):
        code, _, problem = run("start", self.folder, "--set", "num.io.threads=none")
        self.assertEqual(code, 1)
        self.assertIn("num.io.threads", problem)


if __name__ == "__main__":
    unittest.main()
