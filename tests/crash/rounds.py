"""Rounds of crash.py over files: a random pipeline, killed again and again, and what it has written."""
import collections
import contextlib
import json
import random
import re
import subprocess
import time

SOURCES = """
CREATE TABLE events (id INT, k TEXT, v INT, x DOUBLE, ts TIMESTAMP,
  WATERMARK FOR ts AS ts - INTERVAL '{delay} seconds')
  WITH ({events}, format = 'json');
CREATE TABLE others (id INT, k TEXT, v INT, ts TIMESTAMP,
  WATERMARK FOR ts AS ts - INTERVAL '{delay} seconds')
  WITH ({others}, format = 'csv');
"""
FILES = {"events": "connector = 'file', path = 'in/*.jsonl'",
         "others": "connector = 'file', path = 'in/others.csv'"}

# Columns of the sink, the query, and whether its rows are changes.
CATALOGUE = {
    "filter": ("id INT, k TEXT, y BIGINT", "SELECT id, k, v * 2 FROM events WHERE v > 10", False),
    "tumble": ("s TIMESTAMP, k TEXT, n BIGINT, t BIGINT, m INT",
               "SELECT window_start, k, count(*), sum(v), max(v) FROM "
               "TUMBLE(events, ts, INTERVAL '10 seconds') GROUP BY window_start, window_end, k",
               False),
    "hop": ("s TIMESTAMP, k TEXT, n BIGINT, a INT, b INT",
            "SELECT window_start, k, count(*), min(v), max(v) FROM "
            "HOP(events, ts, INTERVAL '3 seconds', INTERVAL '10 seconds') "
            "GROUP BY window_start, window_end, k", False),
    "cumulate": ("s TIMESTAMP, e TIMESTAMP, n BIGINT",
                 "SELECT window_start, window_end, count(DISTINCT k) FROM "
                 "CUMULATE(events, ts, INTERVAL '5 seconds', INTERVAL '20 seconds') "
                 "GROUP BY window_start, window_end", False),
    "session": ("k TEXT, s TIMESTAMP, e TIMESTAMP, n BIGINT, l TEXT",
                "SELECT k, window_start, window_end, count(*), array_agg(v)::TEXT FROM "
                "SESSION(events PARTITION BY k, ts, INTERVAL '2 seconds') "
                "GROUP BY k, window_start, window_end", False),
    "lateness": ("s TIMESTAMP, n BIGINT",
                 "SELECT window_start, count(*) FROM TUMBLE(events, ts, INTERVAL '10 seconds') "
                 "GROUP BY window_start, window_end "
                 "EMIT ON WINDOW CLOSE WITH LATENESS INTERVAL '30 seconds'", True),
    "group": ("k TEXT, n BIGINT, t BIGINT, m INT, d BIGINT, x DOUBLE",
              "SELECT k, count(*), sum(v), max(v), count(DISTINCT v % 7), sum(x) FROM events "
              "GROUP BY k EMIT CHANGES", True),
    "top": ("k TEXT, id INT, v INT, r BIGINT",
            "SELECT k, id, v, row_number() OVER (PARTITION BY k ORDER BY v DESC, id) AS r "
            "FROM events QUALIFY r <= 3 EMIT CHANGES", True),
    "first": ("k TEXT, id INT",
              "SELECT k, id FROM events QUALIFY row_number() OVER "
              "(PARTITION BY k, v ORDER BY ts) = 1", False),
    "over": ("id INT, n BIGINT, t BIGINT, a DOUBLE",
             "SELECT id, count(*) OVER w, sum(v) OVER w, avg(x) OVER (PARTITION BY k ORDER BY ts "
             "RANGE BETWEEN INTERVAL '3 seconds' PRECEDING AND CURRENT ROW) FROM events WINDOW w AS "
             "(PARTITION BY k ORDER BY ts ROWS BETWEEN 4 PRECEDING AND CURRENT ROW)", False),
    "matched": ("k TEXT, m BIGINT, a INT, b INT, n BIGINT, t BIGINT",
                "SELECT * FROM events MATCH_RECOGNIZE (PARTITION BY k ORDER BY ts MEASURES "
                "MATCH_NUMBER() AS m, FIRST(id) AS a, LAST(id) AS b, count(*) AS n, sum(UP.v) AS t "
                "AFTER MATCH SKIP TO LAST UP PATTERN (LOW UP{2,} ANY_V*? HIGH) "
                "WITHIN INTERVAL '5 seconds' DEFINE LOW AS v < 50, UP AS v > PREV(v), "
                "HIGH AS v > 80)", False),
    "changing_over": ("k TEXT, m INT, l BIGINT, t BIGINT",
                      "SELECT k, m, lag(n) OVER w, max(n) OVER w FROM (SELECT k, max(v) % 5 AS m, "
                      "count(*) AS n FROM events GROUP BY k) WINDOW w AS (PARTITION BY m ORDER BY k "
                      "ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING) EMIT CHANGES", True),
    "sorted": ("id INT, ts TIMESTAMP", "SELECT id, ts FROM events ORDER BY ts", False),
    "cascade": ("s TIMESTAMP, n BIGINT",
                "SELECT window_start, sum(n) FROM TUMBLE((SELECT window_time AS wt, count(*) AS n "
                "FROM TUMBLE(events, ts, INTERVAL '1 second') GROUP BY window_start, window_end, "
                "window_time), wt, INTERVAL '15 seconds') GROUP BY window_start, window_end",
                False),
    "both": ("s TIMESTAMP, k TEXT, n BIGINT, t BIGINT",
             "SELECT window_start, k, count(*), sum(v) FROM TUMBLE((SELECT k, v, ts FROM events "
             "UNION ALL SELECT k, v, ts FROM others WHERE v > 5), ts, INTERVAL '10 seconds') "
             "GROUP BY window_start, window_end, k", False),
    "joined": ("x INT, y INT, k TEXT",
               "SELECT e.id, o.id, e.k FROM events AS e JOIN others AS o ON e.v = o.v AND "
               "o.ts BETWEEN e.ts - INTERVAL '200 milliseconds' AND e.ts + INTERVAL '1 second' "
               "AND e.id % 4 = o.id % 4", False),
    "with_or_without": ("x INT, y INT, v INT",
                        "SELECT e.id, o.id, e.v FROM events AS e FULL JOIN others AS o ON e.k = o.k "
                        "AND e.v = o.v AND o.ts BETWEEN e.ts AND "
                        "e.ts + e.v * INTERVAL '100 milliseconds'", False),
    "without_partner": ("s TIMESTAMP, n BIGINT",
                        "SELECT window_start, count(*) FROM TUMBLE((SELECT o.ts FROM others AS o "
                        "ANTI JOIN events AS e ON e.k = o.k AND e.v = o.v AND e.ts BETWEEN "
                        "o.ts - INTERVAL '1 second' AND o.ts + INTERVAL '2 seconds'), ts, "
                        "INTERVAL '5 seconds') GROUP BY window_start, window_end", False),
    "same_window": ("s TIMESTAMP, k TEXT, n BIGINT, m BIGINT",
                    "SELECT e.window_start, e.k, count(*), sum(o.v) FROM "
                    "HOP(events, ts, INTERVAL '3 seconds', INTERVAL '6 seconds') AS e LEFT JOIN "
                    "HOP(others, ts, INTERVAL '3 seconds', INTERVAL '6 seconds') AS o "
                    "ON e.k = o.k AND e.v = o.v AND e.window_start = o.window_start "
                    "AND e.window_end = o.window_end GROUP BY e.window_start, e.window_end, e.k",
                    False),
    "followed": ("k TEXT, n BIGINT, m INT",
                 "SELECT e.k, e.n, o.m FROM (SELECT k, count(*) AS n FROM events GROUP BY k) AS e "
                 "FULL JOIN (SELECT k, max(v) AS m FROM others GROUP BY k) AS o "
                 "ON e.k = o.k AND e.n > o.m EMIT CHANGES", True),
    "group_both": ("k TEXT, n BIGINT", "SELECT k, count(*) FROM (SELECT k FROM events UNION ALL "
                   "SELECT k FROM others) AS u GROUP BY k EMIT CHANGES", True),
    "others": ("s TIMESTAMP, n BIGINT, d BIGINT",
               "SELECT window_start, count(*), count(DISTINCT k) FROM "
               "HOP(others, ts, INTERVAL '4 seconds', INTERVAL '12 seconds') "
               "GROUP BY window_start, window_end", False),
    "newest": ("k TEXT, n BIGINT, t BIGINT, m INT",
               "SELECT k, count(*), sum(v), max(v) FROM events GROUP BY k EMIT CHANGES", True),
    "total": ("n BIGINT, t BIGINT", "SELECT count(*), sum(v) FROM events EMIT CHANGES", True),
    "dead": ("code TEXT, payload BYTEA", "SELECT code, payload FROM DEAD_LETTERS(events)", False),
}


# Rows of one key stand for it, the last one; see rows_of().
UPSERTED = "newest"


# With keys enough none has so many rows near each other.
MAY_BE_EMPTY = ["filter", "matched"]


# What keeps all keys: with many long ones its base image is written anew again and again.
KEEPING = ["first", "group", "group_both", "newest", "top"]


def write_input(folder, dice, rows, large):
    folder.mkdir()
    files = dice.randint(1, 3)
    keys = 20_000 if large else dice.choice([1, 5, 50, 1000])
    key = "a key that makes the state large, number {:020}" if large else "k{}"
    disorder = dice.choice([0, 2, 8])
    outputs = [open(folder / f"{i}.jsonl", "w", encoding="utf-8") for i in range(files)]
    others = open(folder / "others.csv", "w", encoding="utf-8")
    others.write("id,k,v,ts\n")
    base = 1_700_000_000
    for i in range(rows):
        seconds = base + i * 0.002 - dice.random() * disorder
        whole = int(seconds)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
        row = {"id": i, "k": key.format(dice.randrange(keys)),
               "v": None if dice.random() < 0.05 else dice.randrange(100),
               "x": dice.randrange(400) / 4,
               "ts": f"{stamp}.{int((seconds - whole) * 1e6):06d}Z"}
        if dice.random() < 0.01:
            outputs[dice.randrange(files)].write(json.dumps(row)[:-1] + "\n")  # It does not parse.
        elif dice.random() < 0.2:
            value = "" if row["v"] is None else row["v"]
            others.write(f"{i},\"{row['k']}\",{value},{row['ts']}\n")
        else:
            outputs[dice.randrange(files)].write(json.dumps(row) + "\n")
    for output in [*outputs, others]:
        output.close()


class Failure(Exception):
    pass


class Sink:
    """Where a query's rows go: a directory of parts or one file, of lines of JSON or CSV."""

    def __init__(self, name, dice):
        self.name = name
        self.changes = CATALOGUE[name][2]
        self.one_file = dice.random() < 0.4
        self.csv = name != UPSERTED and dice.random() < 0.4
        self.may_repeat = False  # Whether rows may come more than once, but for those of one key.

    def __str__(self):
        return (f"{self.name} into {'one file' if self.one_file else 'parts'} of "
                f"{'CSV' if self.csv else 'JSON'}")

    def connector(self):
        return f"connector = 'file', path = '{self.name}/{'rows' if self.one_file else ''}'"

    def statements(self):
        columns, query, _ = CATALOGUE[self.name]
        mode = "" if not self.changes else ", mode = 'changelog'"
        if self.name == UPSERTED:
            columns, mode = columns + ", PRIMARY KEY (k) NOT ENFORCED", ", mode = 'upsert'"
        return (f"CREATE TABLE {self.name}_out ({columns}) WITH ({self.connector()}, "
                f"format = '{'csv' if self.csv else 'json'}'{mode});\n"
                f"INSERT INTO {self.name}_out {query};\n")

    def lines(self, side):
        """Of all files, in their order, without headers."""
        folder = side / self.name
        for part in sorted(folder.iterdir()) if folder.is_dir() else []:
            if part.name.startswith(".") and part.name.endswith(("lock", ".owner")):
                continue
            if part.name.startswith("."):
                raise Failure(f"{part} was left over")
            text = part.read_text(encoding="utf-8")
            if text and not text.endswith("\n"):
                raise Failure(f"{part} is torn")
            yield from text.splitlines()[1 if self.csv else 0:]

    def change(self, line):
        """The kind of a line's change, and its row."""
        if self.csv:
            op, _, row = line.partition(",")
            return op, row
        row = json.loads(line)
        return row.pop("op"), json.dumps(row, sort_keys=True)

    def rows(self, side):
        """What a reader sees in the end, as a multiset."""
        if not self.changes:
            return collections.Counter(self.lines(side))
        counts = collections.Counter()
        newest = {}
        for line in self.lines(side):
            op, row = self.change(line)
            if self.name == UPSERTED:
                newest[json.loads(row)["k"]] = (op, row)
            else:
                counts[row] += -1 if op in ("-D", "-U") else 1
        counts.update(row for op, row in newest.values() if op != "-D")
        return collections.Counter({row: n for row, n in counts.items() if n != 0})


class State:
    """A pipeline's state on the disk, seen from outside."""

    def __init__(self, program, side):
        self.program = program
        self.side = side
        self.folder = side / "state/q"

    def names(self):
        return set(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else set()

    def is_held_by(self, process):
        lock = self.folder / "LOCK"
        return lock.is_file() and lock.read_text(encoding="utf-8") == str(process.pid)

    def prepared(self):
        """What stands only while an epoch is decided outside; another one each time."""
        with contextlib.suppress(FileNotFoundError):
            return (self.folder / "MANIFEST.prepared").stat().st_mtime_ns
        return None

    def bases(self):
        return {name for name in self.names() if name.startswith("base-")}

    def unfinished_bases(self):
        """Base images that are newer than what the last epoch needs."""
        bases = self.bases()
        if not bases:
            return set()
        shown = subprocess.run([self.program, "checkpoints", "show", "q", "--state-dir", "state"],
                               cwd=self.side, capture_output=True, text=True, check=False).stdout
        return {name for name in bases
                if name not in shown and name > max(re.findall(r"base-[0-9a-f-]+", shown) or [""])}


class Life:
    """One process over the state of those before it."""

    def __init__(self, state, command):
        self.state = state
        self.had_state = "MANIFEST" in state.names()
        self.bases_before = state.bases()
        self.errors = open(state.side / "errors", "w+", encoding="utf-8")
        self.process = subprocess.Popen(command, cwd=state.side, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.errors)

    def told(self):
        self.errors.seek(0)
        return self.errors.read()

    def has_ended(self, seconds):
        try:
            self.process.wait(timeout=seconds)
            return True
        except subprocess.TimeoutExpired:
            return False

    def wait_while(self, condition, seconds):
        """Looks again and again, for so long at most; whether the process is still there."""
        end = time.monotonic() + seconds
        while condition() and time.monotonic() < end:
            if self.has_ended(LOOK_SECONDS):
                return False
        return True

    def kill(self):
        """What was going on at that moment."""
        self.process.kill()
        self.process.wait()
        if (self.had_state and self.state.is_held_by(self.process)
                and "going on from" not in self.told()):
            return IN_RECOVERY
        if self.state.prepared():
            return IN_COMMIT
        return IN_REWRITING if self.state.unfinished_bases() else ANYWHERE


ANYWHERE, IN_RECOVERY, IN_REWRITING = "elsewhere", "in recovery", "while a base image was written"
IN_COMMIT = "between the two halves of a commit"
LOOK_SECONDS = 0.0005


class Round:
    """One pipeline over one input, in a folder of its own."""

    def __init__(self, program, folder, seed, rows):
        self.program = program
        self.folder = folder
        self.seed = seed
        self.dice = random.Random(seed)
        self.large = seed % 2 == 0
        names = self.dice.sample(sorted(self.names()), self.dice.randint(1, 4))
        if self.large and not set(names) & set(KEEPING):
            names.append(self.dice.choice(KEEPING))
        self.sinks = [Sink(name, self.dice) for name in names]
        self.outputs = self.sinks
        self.delay = self.dice.choice([0, 3, 10])
        write_input(folder / "input", self.dice, rows, self.large)

    @staticmethod
    def names():
        """Those of the catalogue that go with such tables."""
        return CATALOGUE.keys()

    def script(self, sinks, **sources):
        return SOURCES.format(delay=self.delay, **{**FILES, **sources}) + "".join(
            sink.statements() for sink in sinks)

    def side(self, name, source):
        """The folder of a run, which reads the files of another."""
        side = self.folder / name
        if not side.exists():
            side.mkdir()
            (side / "in").symlink_to(self.folder / source)
            (side / "q.sql").write_text(self.script(self.sinks))
            for sink in self.sinks:
                (side / sink.name).mkdir()
        return side

    def start(self, side, workers, *flags):
        return Life(State(self.program, side), [self.program, "run", "q.sql", "--state-dir", "state",
                                                "--workers", str(workers), *flags])

    def run_whole(self):
        begun = time.monotonic()
        side = self.side("whole", "input")
        life = self.start(side, 1)
        if life.process.wait() != 0:
            raise Failure(f"the uninterrupted run failed: {life.told()}")
        return side, time.monotonic() - begun

    def wait_for_moment(self, life, seconds):
        """Until it is to be killed; False: it ended before."""
        aim = self.dice.choice([ANYWHERE, IN_RECOVERY, IN_REWRITING if self.large else ANYWHERE])
        share = self.dice.random()
        if aim == IN_RECOVERY:
            return (life.wait_while(lambda: not life.state.is_held_by(life.process), seconds)
                    and not life.has_ended(share ** 3 * 0.05))
        if aim == IN_REWRITING:
            return (life.wait_while(lambda: life.state.bases() <= life.bases_before,
                                    seconds)
                    and not life.has_ended(self.dice.random() ** 2 * 0.01))
        return not life.has_ended(share * seconds + 0.002)

    def start_anyhow(self, side):
        """With a random number of workers, and of epochs."""
        workers = self.dice.choice([1, 2, 3, 4, 7])
        interval = self.dice.choice([2, 5, 20, 100])
        return self.start(side, workers, "--set", f"checkpoint_interval={interval}ms")

    def run_killed(self, seconds, kills_max):
        """The folder, and how often it was killed at which moments before it came to its end."""
        kills = collections.Counter()
        side = self.side("killed", "input")
        while True:
            life = self.start_anyhow(side)
            if kills.total() < kills_max and self.wait_for_moment(life, seconds):
                kills[life.kill()] += 1
            elif life.process.wait() == 0:
                return side, kills
            else:
                raise Failure(f"a life after {kills.total()} kills failed: {life.told()}")

    def check(self, whole, killed):
        for sink in self.sinks:
            compare(sink, sink.rows(whole), sink.rows(killed))

    def fault_of_others(self):
        """Why a failure of the round says nothing of the job; empty: it does."""
        return ""

    def close(self):
        pass


def compare(sink, want, got):
    if sink.may_repeat:
        got = collections.Counter({row: min(n, want[row]) or n for row, n in got.items()})
    if want != got:
        missing = list((want - got).elements())[:3]
        extra = list((got - want).elements())[:3]
        raise Failure(f"{sink}: {(want - got).total()} rows missing such as {missing}, "
                      f"{(got - want).total()} too many such as {extra}")
    if not want and sink.name not in MAY_BE_EMPTY:
        raise Failure(f"{sink}: the uninterrupted run has written nothing")
