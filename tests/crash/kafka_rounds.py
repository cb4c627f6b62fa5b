"""Rounds of crash.py over topics of Kafka.

Tables are topics or files, and one is a topic at least. The input comes bit by bit while the job
runs, so that it is never done before it is killed; the broker is killed with it or alone, which the
job has to outlive. What it has written is read in the end by Kafka's console consumer with
isolation.level=read_committed. It must be what the same queries give over files of the same rows in
one life and, where expected.py can tell, what these rows themselves say; of sinks that give their rows
at least once each may be there several times.
"""
import collections
import json
import pathlib
import signal
import sys
import threading

import expected
import rounds
from rounds import ANYWHERE, IN_COMMIT, IN_RECOVERY, IN_REWRITING, Failure

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "kafka"))
import broker
import tools

OF_BROKER = "of the broker"
KILLS_MIN, KILLS_MAX = 10, 30  # Of a round.
STARTS_MAX = 5  # Tries to start a broker.
SESSION_MS = 3000  # A broker that is killed waits for so long; a shorter one a busy machine misses.
STEPS = 400  # In which the input comes.
END_SECONDS_MAX = 600  # For a life that comes to its end.
# A broker that ends a transaction while it starts, before it leads the partitions again, takes them for
# deleted ones and leaves the markers out (seen of 4.4.0): rows of what it aborts stay and are committed
# with those of the next transaction, rows of what it commits and the group's offsets do not count.
PASSED_OVER = "these partitions are likely deleted already and hence can be skipped"
GAVE_UP = 75  # The exit code of a job that has waited for the broker in vain.


class TopicSink(rounds.Sink):
    """The same query's rows as those of a sink of files, in a topic. Those that may repeat are of a
    sink that gives them at least once: of changes only the last one of each key says something then."""

    def __init__(self, like, address, dice):
        self.name = like.name
        self.may_repeat = (not like.changes or like.name == rounds.UPSERTED) and dice.random() < 0.3
        self.changes = like.changes
        self.csv = like.csv
        self.address = address

    def __str__(self):
        return (f"{self.name} into a topic of {'CSV' if self.csv else 'JSON'}"
                f"{', at least once' if self.may_repeat else ''}")

    def connector(self):
        delivery = "at-least-once" if self.may_repeat else "exactly-once"
        return f"{topic(self.address, f'{self.name}-out')}, delivery = '{delivery}'"

    def records(self):
        return tools.read(self.address, f"{self.name}-out")

    def lines(self, side):
        return [record.value.decode() for record in self.records()]

    def rows(self, side):
        if self.name != rounds.UPSERTED:
            return super().rows(side)
        newest = {record.key: record.value for record in self.records()}
        return collections.Counter(json.dumps(json.loads(value), sort_keys=True)
                                   for value in newest.values() if value is not None)


def topic(address, name):
    return f"connector = 'kafka', brokers = '{address}', topic = '{name}'"


class TopicFeed:
    """Appends lines to partitions of a topic, through whatever happens to the broker."""

    def __init__(self, address, name, partitions):
        self.address = address
        self.name = name
        self.keys = tools.keys_of_partitions(partitions)
        self.count = 0
        tools.create_topic(address, name, partitions, retention_ms=-1)
        self.process = tools.start_producer(address, name)

    def add(self, partition, lines):
        self.process.stdin.write(b"".join(tools.line_of(self.keys[partition], line) + b"\n"
                                          for line in lines))
        self.process.stdin.flush()
        self.count += len(lines)

    def close(self):
        said = self.process.communicate()[0].decode()
        appended = sum(tools.end_offsets(self.address, self.name).values())
        if appended != self.count:
            raise Failure(f"not the job's fault: {appended} records of {self.count} are in topic "
                          f"{self.name}: {said}")


class FileFeed:
    """Appends lines to files, which the job follows."""

    def __init__(self, folder, paths):
        self.files = [open(folder / path.name, "w", encoding="utf-8") for path in paths]

    def add(self, number, lines):
        self.files[number].write("".join(f"{line}\n" for line in lines))
        self.files[number].flush()

    def close(self):
        for file in self.files:
            file.close()


class Feeding(threading.Thread):
    """Brings the lines of files into feeds, so many at a time that all come to their ends together,
    and all that is left once it has been enough."""

    def __init__(self, pause):
        super().__init__(daemon=True)
        self.pause = pause
        self.enough = threading.Event()
        self.feeds = []

    def add(self, feed, inputs):
        self.feeds.append((feed, inputs))

    def run(self):
        for step in range(STEPS):
            for feed, inputs in self.feeds:
                for number, lines in enumerate(inputs):
                    begin, end = (len(lines) * at // STEPS for at in (step, step + 1))
                    feed.add(number, lines[begin:end])
            self.enough.wait(self.pause)

    def finish(self):
        self.enough.set()
        self.join()
        for feed, _ in self.feeds:
            feed.close()


class KafkaRound(rounds.Round):
    """A pipeline from or to topics of a broker of its own."""

    def __init__(self, program, folder, seed, rows):
        super().__init__(program, folder, seed, rows)
        self.broker = broker.Broker(folder / "broker")
        from_topics, to_topics = self.dice.choice([(1, 1), (1, 1), (0, 1), (1, 0), (0.5, 0.5)])
        self.from_topics = {name: self.dice.random() < from_topics for name in rounds.FILES}
        is_topic = [self.dice.random() < to_topics for _ in self.sinks]
        if not any([*is_topic, *self.from_topics.values()]):
            is_topic[0] = True
        self.broker.configure(more=[("broker.session.timeout.ms", SESSION_MS)])
        self.outputs = [TopicSink(sink, self.broker.address, self.dice) if is_one else sink
                        for sink, is_one in zip(self.sinks, is_topic)]
        self.starting = None
        self.feeding = Feeding(self.dice.choice([0.05, 0.1, 0.2]))

    @staticmethod
    def names():
        """Without those whose state is another once all inputs have an end."""
        return rounds.CATALOGUE.keys() - {"sorted"}

    def write_script(self, side, ends):
        """For lives that end, or that wait for more."""
        sources = {name: topic(self.broker.address, name) + f", bounded = {ends}".lower() if is_one
                   else rounds.FILES[name] + f", follow = {not ends}".lower()
                   for name, is_one in self.from_topics.items()}
        (side / "q.sql").write_text(self.script(self.outputs, **sources))

    def begin(self):
        """The folder of the run that is to be killed, once there is all that it reads and writes."""
        self.start_broker()
        (self.folder / "fed").mkdir()
        for name, paths in (("events", sorted((self.folder / "input").glob("*.jsonl"))),
                            ("others", [self.folder / "input/others.csv"])):
            inputs = [path.read_text(encoding="utf-8").splitlines() for path in paths]
            if not self.from_topics[name]:
                self.feeding.add(FileFeed(self.folder / "fed", paths), inputs)
            else:
                inputs = [lines[1:] if name == "others" else lines for lines in inputs]
                self.feeding.add(TopicFeed(self.broker.address, name, len(inputs)), inputs)
        for sink in self.outputs:
            if isinstance(sink, TopicSink):
                tools.create_topic(self.broker.address, f"{sink.name}-out", self.dice.randint(1, 3),
                                   retention_ms=-1)
        side = self.side("killed", "fed")
        self.write_script(side, ends=False)
        self.feeding.start()
        return side

    def wait_for_moment(self, life, seconds):
        aim = self.dice.choice([ANYWHERE, IN_COMMIT, IN_RECOVERY,
                                IN_REWRITING if self.large else IN_COMMIT])
        share = self.dice.random()
        if aim == ANYWHERE:
            return not life.has_ended(share * seconds)
        if aim == IN_RECOVERY:
            return (life.wait_while(lambda: not life.state.is_held_by(life.process), seconds)
                    and not life.has_ended(share * 0.5))
        looked_at = life.state.bases if aim == IN_REWRITING else life.state.prepared
        before = looked_at()
        return (life.wait_while(lambda: looked_at() == before, 2 * seconds)
                and not life.has_ended(share ** 2 * 0.05))

    def harm(self, life, kills, seconds):
        """Until the job is dead. Whether it has come to its end by itself."""
        broker_was_away = self.starting.is_alive()
        while self.wait_for_moment(life, seconds):
            kills_job = broker_was_away or self.dice.random() < 0.85  # A broker lives for a while.
            kills_broker = self.dice.random() < (0.15 if kills_job else 1)
            broker_was_away |= kills_broker
            if kills_broker:
                self.starting.join()
                self.broker.kill()
                kills[OF_BROKER] += 1
            if not life.has_ended(self.dice.choice([0, 0.1, 1]) if kills_broker else 0) and kills_job:
                kills[life.kill()] += 1
            if kills_broker:
                self.start_broker()
            if life.process.returncode == -signal.SIGKILL:
                return False
        self.wait_for_end(life, broker_was_away)
        return life.process.returncode == 0

    def start_broker(self):
        """Those who need it need not wait until it is there."""
        self.starting = threading.Thread(target=self.start_broker_at_last)
        self.starting.start()

    def start_broker_at_last(self):
        for left in reversed(range(STARTS_MAX)):
            try:
                self.broker.start()
                break
            except broker.Failure as failure:  # On a machine too busy for its heartbeats.
                if left == 0:
                    print(f"seed {self.seed}: {failure}", flush=True)

    def wait_for_end(self, life, broker_was_away=False):
        if not life.has_ended(END_SECONDS_MAX):
            raise Failure(f"a life comes to no end: {life.told()}")
        if life.process.returncode == GAVE_UP and broker_was_away:
            print(f"seed {self.seed}: a life has waited for the broker in vain", flush=True)
        elif life.process.returncode != 0:
            raise Failure(f"a life ended with {life.process.returncode}: {life.told()}")

    def run_killed(self, seconds, kills_max):
        kills = collections.Counter()
        seconds = max(2 * seconds, 1)  # As busy as the machine is.
        side = self.begin()
        wanted = min(self.dice.randint(KILLS_MIN, KILLS_MAX), kills_max)
        while kills.total() < wanted:
            if self.harm(self.start_anyhow(side), kills, seconds):
                raise Failure("a life ended, though more might come")
        self.starting.join()
        self.feeding.finish()
        self.write_script(side, ends=True)
        while kills.total() < kills_max and self.dice.random() < 0.7:
            if self.harm(self.start_anyhow(side), kills, seconds):
                break
        self.starting.join()
        self.wait_for_end(self.start_anyhow(side))
        return side, kills

    def check(self, whole, killed):
        self.starting.join()
        given = expected.Input(self.folder / "input", self.delay)
        for sink, output in zip(self.sinks, self.outputs):
            got = output.rows(killed)
            rounds.compare(output, sink.rows(whole), got)
            if told := expected.rows(given, sink):
                rounds.compare(output, told, got)

    def fault_of_others(self):
        return ("the broker has ended a transaction without its markers"
                if PASSED_OVER in self.broker.log_from(0) else "")

    def close(self):
        if self.starting:
            self.starting.join()
        self.broker.end(signal.SIGTERM)
