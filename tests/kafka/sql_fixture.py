"""What tests of topics as tables share: scripts that are run against the shared broker."""
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest
import uuid

import tools

BROKERS = os.environ["THALWEG_KAFKA_BROKERS"]
PROGRAM = os.environ["THALWEG"]
DATA = pathlib.Path(__file__).resolve().parents[3] / "shared/data"
SECONDS_MAX = 120


class SqlFixture(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        # Its stem names the pipeline, which shuts out others of that name on the same broker.
        self.job = self.path(f"{uuid.uuid4()}.sql")

    def path(self, name):
        return str(pathlib.Path(self.folder.name) / name)

    def topic(self, partitions=1):
        name = f"sql-{uuid.uuid4()}"
        tools.create_topic(BROKERS, name, partitions)
        return name

    def run_sql(self, script, *words, wanted=0):
        file = pathlib.Path(self.job)
        file.write_text(script)
        done = subprocess.run([PROGRAM, "run", file, "--format", "jsonl", *words],
                              capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        self.assertEqual(done.returncode, wanted, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()] if not wanted else done.stderr

    @staticmethod
    def declared(name, columns, options):
        listed = ", ".join(f"{key} = '{value}'" for key, value in options.items())
        return f"CREATE TABLE {name} ({columns}) WITH ({listed});\n"

    def table(self, name, topic, columns, **options):
        return self.declared(name, columns, {"connector": "kafka", "topic": topic,
                                             "brokers": BROKERS, "format": "json", **options})

    def file_table(self, name, file, columns, **options):
        return self.declared(name, columns, {"connector": "file", "path": str(file),
                                             "format": "json", **options})

    def written(self):
        """What a reader of the parts sees."""
        return [json.loads(line)["i"] for part in pathlib.Path(self.path("out")).glob("part-*")
                for line in part.read_text().splitlines()]

    @staticmethod
    def send(topic, numbers):
        tools.produce(BROKERS, topic, [(str(i), json.dumps({"i": i})) for i in numbers])

    def start(self, *words, state="state"):
        """The script, with many epochs."""
        job = subprocess.Popen(
            [PROGRAM, "run", self.job, "--state-dir", self.path(state),
             "--set", "checkpoint_interval=20ms", *words],
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(job.kill)
        self.addCleanup(job.stderr.close)
        return job

    def end(self, job, how):
        job.send_signal(how)
        _, said = job.communicate(timeout=SECONDS_MAX)
        return job.returncode, said

    def said_by(self, job):
        return job.stderr.read()

    def wait_for(self, condition, job):
        """Until it holds, while the job runs."""
        deadline = time.monotonic() + SECONDS_MAX
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            if job.poll() is not None:
                self.fail(f"the job has ended with {job.returncode}: {self.said_by(job)}")
            time.sleep(0.01)
