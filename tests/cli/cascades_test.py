#!/usr/bin/env python3
"""Windows over windows of random kinds over random rows, against a plain computation.

`--cases N` tries so many instead of 300, `--seed S` begins with another one.
"""
import collections
import csv
import datetime
import io
import json
import random
import shutil
import subprocess
import sys

from program import PLAIN_ENV, THALWEG, check, close, folder

SECOND = 1_000_000
BEGIN = 1_704_067_200 * SECOND
MICRO = datetime.timedelta(microseconds=1)


def flag(name, default):
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def time_text(micros):
    time = datetime.datetime(1970, 1, 1) + micros * MICRO
    return str(time).rstrip("0") if time.microsecond else str(time)


class Windows:
    """One level: a kind of window, its intervals in seconds, and whether keys are kept apart."""

    def __init__(self, dice, scale, keyed):
        self.kind = dice.choice(["TUMBLE", "HOP", "CUMULATE", "SESSION"])
        self.keyed = keyed
        self.offset = dice.choice([0, dice.randint(0, 3) * scale])
        self.step = dice.randint(1, 5) * scale
        self.size = dice.randint(1, 9) * scale
        if self.kind == "CUMULATE":
            self.size = self.step * dice.randint(1, 4)

    def call(self, source, time):
        intervals = {"TUMBLE": [self.size, self.offset], "SESSION": [self.step]}.get(
            self.kind, [self.step, self.size, self.offset])
        partition = " PARTITION BY k" if self.kind == "SESSION" and self.keyed else ""
        return f"{self.kind}({source}{partition}, {time}, " + ", ".join(
            f"INTERVAL '{seconds} seconds'" for seconds in intervals) + ")"

    def of(self, time):
        """The windows that hold a time, in microseconds."""
        step, size, offset = (n * SECOND for n in (self.step, self.size, self.offset))
        if self.kind == "TUMBLE":
            step = size
        if self.kind != "CUMULATE":
            last = (time - offset) // step * step + offset
            return [(start, start + size) for start in range(last, time - size, -step)]
        start = (time - offset) // size * size + offset
        return [(start, end) for end in range(start + step, start + size + 1, step) if end > time]

    def groups(self, rows):
        """{(key, start, end): rows} of rows (time, key, ...)."""
        found = collections.defaultdict(list)
        if self.kind != "SESSION":
            for row in rows:
                for window in self.of(row[0]):
                    found[row[1] if self.keyed else None, *window].append(row)
            return found
        by_key = collections.defaultdict(list)
        for row in sorted(rows, key=lambda row: row[0]):
            by_key[row[1] if self.keyed else None].append(row)
        gap = self.step * SECOND
        for key, members in by_key.items():
            first = 0
            for i in range(1, len(members) + 1):
                if i == len(members) or members[i][0] - members[i - 1][0] > gap:
                    found[key, members[first][0], members[i - 1][0] + gap] += members[first:i]
                    first = i
        return found


class Case:
    def __init__(self, seed):
        dice = random.Random(seed)
        self.rows = [(BEGIN + dice.randint(0, 120) * SECOND + dice.choice([0, dice.randrange(SECOND)]),
                      dice.choice(["a", "b", None]), dice.randint(1, 9))
                     for _ in range(dice.randint(1, 40))]
        self.partitions = dice.randint(1, 3)
        self.levels = []
        keyed = True
        for scale in [1, 5, 10][:dice.randint(2, 3)]:
            keyed = keyed and dice.random() < 0.7
            self.levels.append(Windows(dice, scale, keyed))

    def files(self):
        return {f"p{part}_jsonl": "".join(
            json.dumps({"ts": time_text(time), "k": key, "v": value}) + "\n"
            for time, key, value in self.rows[part::self.partitions])
                for part in range(self.partitions)}

    def script(self):
        views, source, time = "", "t", "ts"
        for number, level in enumerate(self.levels):
            keys = ["k"] * level.keyed + ["window_start", "window_end"]
            views += (f"CREATE VIEW level{number} AS SELECT {', '.join(keys)}, window_time AS at, "
                      f"sum(v) AS v FROM {level.call(source, time)} "
                      f"GROUP BY {', '.join(keys)}, window_time;")
            source, time = f"(SELECT {'k, ' if level.keyed else ''}at, v FROM level{number})", "at"
        return ("CREATE TABLE t (ts TIMESTAMP, k TEXT, v INT, "
                "WATERMARK FOR ts AS ts - INTERVAL '1 hour') "
                "WITH (connector = 'file', path = 'p*.jsonl', format = 'json');"
                f"{views}SELECT {', '.join(keys)}, v FROM level{len(self.levels) - 1};")

    def answer(self):
        rows = self.rows
        for level in self.levels:
            results = [(key, start, end, sum(row[2] for row in members))
                       for (key, start, end), members in level.groups(rows).items()]
            rows = [(end - 1, key, value) for key, _, end, value in results]
        return sorted((*[key or ""] * level.keyed, time_text(start), time_text(end), str(value))
                      for key, start, end, value in results)


seed_first = flag("--seed", 1)
for seed in range(seed_first, seed_first + flag("--cases", 300)):
    case = Case(seed)
    place = folder(**case.files())
    done = subprocess.run(
        [THALWEG, "-c", case.script(), "--format", "csv", "--workers", str(seed % 3 + 1)], cwd=place,
        capture_output=True, text=True, env=PLAIN_ENV, timeout=60,
        check=False)
    shutil.rmtree(place)
    rows = sorted(map(tuple, list(csv.reader(io.StringIO(done.stdout)))[1:]))
    check(f"seed {seed}: {case.script()}", case.answer(), rows)
close()
