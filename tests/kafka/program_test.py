#!/usr/bin/env python3
"""`thalweg topics`, `thalweg groups` and the example of the clients, on a real broker."""
import json
import os
import pathlib
import signal
import subprocess
import unittest
import uuid

BROKERS = os.environ["THALWEG_KAFKA_BROKERS"]
PROGRAM = pathlib.Path(os.environ["THALWEG"])
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
SECONDS_MAX = 60


def run(*words, brokers=BROKERS):
    done = subprocess.run([PROGRAM, *words, "--brokers", brokers], capture_output=True, text=True,
                          timeout=SECONDS_MAX, check=False)
    return done.returncode, done.stdout, done.stderr


def quakes(topic):
    return subprocess.run([PROGRAM.parent / "examples/kafka_quakes", BROKERS, topic],
                          cwd=EXAMPLES, capture_output=True, text=True, timeout=SECONDS_MAX,
                          check=True).stdout


class ProgramTest(unittest.TestCase):
    def setUp(self):
        self.topic = f"quakes-{uuid.uuid4()}"

    def test_the_example_reads_what_it_has_written(self):
        self.assertEqual(quakes(self.topic), "1707 earthquakes, of which had a magnitude of 5 or "
                                             "more:\n  us  39\n")
        code, out, _ = run("topics", "show", self.topic, "--json")
        self.assertEqual(code, 0)
        partitions = json.loads(out)["partitions"]
        self.assertEqual(sum(each["end"] for each in partitions), 1707)
        code, out, _ = run("groups", "show", f"{self.topic}-readers", "--json")
        offsets = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(sum(each["committed"] for each in offsets), 1707)
        self.assertEqual({each["lag"] for each in offsets}, {0})
        code, out, _ = run("groups")
        self.assertIn(f"{self.topic}-readers", out)
        self.assertIn(self.topic, run("topics")[1])

    def test_tail_shows_what_comes_in(self):
        quakes(self.topic)
        with subprocess.Popen([PROGRAM, "topics", "tail", self.topic, "--json", "--brokers",
                               BROKERS], stdout=subprocess.PIPE, text=True) as tail:
            lines = []
            while not lines:  # It may not have begun at the first of these.
                quakes(self.topic)
                lines.append(tail.stdout.readline())
            tail.send_signal(signal.SIGINT)
            tail.communicate(timeout=SECONDS_MAX)
            self.assertEqual(tail.returncode, 0)
        record = json.loads(lines[0])
        self.assertGreater(record["offset"], 0)
        self.assertIn("mag", json.loads(record["value"]))

    def test_what_is_wrong_is_told_with_the_cure(self):
        quakes(self.topic)
        code, _, problem = run("topics", "show", f"{self.topic}x")
        self.assertEqual(code, 78)
        self.assertIn(f'did you mean "{self.topic}"?', problem)
        code, out, problem = run("groups", "show", f"{self.topic}-nobody")
        self.assertEqual((code, out), (78, ""))
        self.assertIn("there is no group", problem)
        code, _, problem = run("topics", "--set", "linger.sm=5")
        self.assertEqual(code, 78)
        self.assertIn('"linger.sm"; did you mean "linger.ms"?', problem)
        code, _, problem = run("topics", brokers="127.0.0.1:1")
        self.assertEqual(code, 75)
        self.assertIn("refused", problem)
        code, _, problem = run("topics", "shwo", "x")
        self.assertEqual(code, 2)
        self.assertIn("list, show NAME or tail NAME", problem)


if __name__ == "__main__":
    unittest.main()
