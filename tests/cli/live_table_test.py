#!/usr/bin/env python3
"""Answers that change, on a terminal: one table of the rows that stand, drawn again in place. What the
window shows is told by an emulator of it."""
import collections
import json
import re
import time

from emulator import Emulator
from program import DATA, Running, Terminal, check, close, folder, has

FOLLOW = ("CREATE TABLE t (k TEXT, n BIGINT, at TIMESTAMP, WATERMARK FOR at AS at) WITH (connector = "
          "'file', path = 'log.jsonl', format = 'json', follow = true);")
COUNTS = FOLLOW + "SELECT k, count(*) AS rows, sum(n) AS total FROM t GROUP BY k"
STOPPING = "stopping: finishing what has been read; Ctrl-C again stops now"
SUMMARY = re.compile(r"in [\d ]+ · out [\d ]+ · late \d+ · errors 0 · .*s")


class Watched:
    """A query over a log that grows, and the window that shows it."""

    def __init__(self, sql, rows=(), columns=60, lines=12, reflows=True, flags=(), command="-c",
                 env=None):
        self.place = folder(log_jsonl="", script_sql=sql)
        self.append(*rows)
        arguments = ["-c", sql] if command == "-c" else ["run", "script.sql"]
        self.terminal = Terminal(*arguments, *flags, cwd=self.place, columns=columns, lines=lines,
                                 env=env)
        self.emulator = Emulator(columns, lines, reflows)
        self.fed = 0

    def append(self, *rows):
        with open(self.place / "log.jsonl", "a", encoding="utf-8") as log:
            log.writelines(json.dumps(row) + "\n" for row in rows)

    def feed(self):
        text = self.terminal.text
        self.emulator.feed(text[self.fed:])
        self.fed = len(text)

    def shows(self, expected, seconds=15):
        """Whether the window comes to show these lines, or lines of which it says yes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.terminal.read()
            self.feed()
            window = self.emulator.window()
            if expected(window) if callable(expected) else expected == window:
                return True
        print(f"the window shows {self.emulator.window()!r}")
        return False

    def resize(self, columns, lines):
        self.terminal.read_for(0.3)
        self.feed()
        self.emulator.resize(columns, lines)
        self.terminal.resize(self.terminal.descriptor, columns, lines)

    def stop(self):
        self.terminal.press_control_c()
        code = self.terminal.end()
        self.feed()
        return code


def row(k, n, at=0):
    return {"k": k, "n": n, "at": f"2026-01-01 00:00:{at:02d}"}


def without_warnings(lines):
    """Those from the first header of a table on."""
    rules = [i for i, line in enumerate(lines) if line.startswith("─")]
    return lines[rules[0] - 1:] if rules else []


def from_last_header(lines):
    rules = [i for i, line in enumerate(lines) if line.startswith("─")]
    return lines[rules[-1] - 1:] if rules else []


def table(*lines):
    return lambda window: without_warnings(window) == list(lines)


# Rows come, change and go.
watched = Watched(COUNTS, [row("b", 1), row("a", 10), row("b", 2)])
check("a row for each key, in order", True, watched.shows(table(
    "k  rows  total", "─  ────  ─────", "a     1     10", "b     2      3")))
watched.append(row("c", 5), row("a", 90))
check("changed in place", True, watched.shows(table(
    "k  rows  total", "─  ────  ─────", "a     2    100", "b     2      3", "c     1      5")))
check("stopped", 0, watched.stop())
lines = without_warnings(watched.emulator.everything())
check("the table stays, whole", ["k  rows  total", "─  ────  ─────", "a     2    100",
                                 "b     2      3", "c     1      5", "(3 rows)"], lines)
check("nothing else was sent", [], watched.emulator.unknown)

HAVING = FOLLOW + "SELECT k, sum(n) AS total FROM t GROUP BY k HAVING sum(n) > 0"
watched = Watched(HAVING, [row("a", 1), row("b", 2)])
check("two rows", True, watched.shows(table("k  total", "─  ─────", "a      1", "b      2")))
watched.append(row("a", -1))
check("a row goes", True, watched.shows(table("k  total", "─  ─────", "b      2")))
watched.append(row("b", -2))
check("none is left", True, watched.shows(table("k  total", "─  ─────")))
watched.append(row("a", 7))
check("one comes again", True, watched.shows(table("k  total", "─  ─────", "a      7")))
watched.stop()

# Without a key: as often as they stand there.
watched = Watched(FOLLOW + "SELECT rows FROM (SELECT k, count(*) AS rows FROM t GROUP BY k)",
                  [row("a", 1), row("b", 1), row("c", 1), row("c", 1)])
check("a multiset", True, watched.shows(table("rows", "────", "   1", "   1", "   2")))
watched.append(row("a", 1))
check("one of two equal ones changes", True,
      watched.shows(table("rows", "────", "   1", "   2", "   2")))
watched.stop()

# The query's order.
watched = Watched(COUNTS + " ORDER BY total DESC, k LIMIT 3",
                  [row("a", 1), row("b", 2), row("c", 3), row("d", 4)])
check("the first three", True, watched.shows(table(
    "k  rows  total", "─  ────  ─────", "d     1      4", "c     1      3", "b     1      2")))
watched.append(row("a", 9))
check("another is first", True, watched.shows(table(
    "k  rows  total", "─  ────  ─────", "a     2     10", "d     1      4", "c     1      3")))
watched.stop()

# By time the newest stay in sight.
watched = Watched(FOLLOW + "SELECT window_start AS second, count(*) AS n FROM TUMBLE(t, at, INTERVAL '1 second') "
                  "GROUP BY window_start, window_end EMIT CHANGES",
                  [row("a", 1, at) for at in range(30)], lines=8)
check("the last windows", True, watched.shows(lambda window: window[-1:] == [
    "2026-01-01 00:00:29  1"] and "26 more rows" in window))
watched.stop()
lines = without_warnings(watched.emulator.everything())
check("all windows in the end", [f"2026-01-01 00:00:{at:02d}  1" for at in range(30)],
      [line for line in lines if line.startswith("2026")])

# Thousands of keys in a small window.
many = [row(f"k{i % 3000:04d}", i) for i in range(9000)]
watched = Watched(COUNTS, many, command="run", lines=10)
check("cut to the window", True, watched.shows(lambda window: len(window) == 10 and window[:3] == [
    "k      rows  total", "─────  ────  ─────", "k0000     3   9000"] and
    window[8] == "2 994 more rows" and window[9].startswith("in 9 000 (")))
watched.append(*many)
check("all of it again", True, watched.shows(lambda window: "k0005     6  18030" in window))
check("Ctrl-C", 0, watched.stop())
lines = without_warnings(watched.emulator.everything())
expected = [f"k{i:04d}     6  {sum(range(i, 9000, 3000)) * 2:5d}" for i in range(3000)]
check("all rows stay", expected, [line for line in lines if line.startswith("k0") or line[:2] in
                                  ("k1", "k2")])
check("each once, with their number", 1, lines.count("(3000 rows)"))
check("one header", 1, sum(line.startswith("k ") for line in lines))
check("the summary is last", True, SUMMARY.fullmatch(lines[-1]) is not None)

# A rate that people can follow: 4 times a second, whatever comes.
BIDS = ("CREATE TABLE bids (auction BIGINT, price BIGINT, channel TEXT) WITH (connector = 'nexmark', "
        "type = 'bid', rate = 20000, live = true);")
fast = Terminal("run", "script.sql", cwd=folder(
    script_sql=BIDS + "SELECT auction, count(*) AS n, max(price) AS top FROM bids GROUP BY auction"))
fast.wait_for("auction", 20)
begin = len(fast.text)
fast.read_for(4)
frames = fast.text[begin:].count("auction")
check("a few times a second", lambda count: 10 <= count <= 18, frames)
fast.press_control_c()
check("in order", 0, fast.end())

# A batch that takes long to work off: Ctrl-C says something meanwhile.
def digest(number):
    return "md5(" * 60 + f"(auction + {number})::TEXT" + ")" * 60


SLOW = " AND ".join(f"{digest(number)} <> 'x'" for number in range(1, 13))
slow = Terminal("run", "script.sql", "--set", "batch_rows=100000", "--workers", "1", cwd=folder(
    script_sql="CREATE TABLE bids (auction BIGINT) WITH (connector = 'nexmark', type = 'bid'); "
    f"SELECT left({digest(0)}, 1) AS digit, count(*) AS rows FROM bids WHERE {SLOW} GROUP BY 1"))
check("a row", True, slow.wait_for("Kf ", 60))
slow.press_control_c()
check("what Ctrl-C says is under the table", True, slow.wait_for(STOPPING, 3))
time.sleep(0.3)
slow.press_control_c()
check("twice stops at once", 130, slow.end())
check("the shell goes on below", "\n", slow.text[-1])

# Other sizes of the window. What a lower window has pushed into the scrollback is out of reach.
KEYS = sorted(f"key number {i}" for i in range(20))


def pictured(columns, lines):
    rows = [f"{key:<13}     1  {key.split()[-1]:>5}" for key in KEYS]
    if columns == 18:
        header, rows = ["k          rows  …", "─────────  ────"], ["key numb…     1"] * 20
    elif columns == 16:
        header, rows = ["k              …", "─────────────"], KEYS
    else:
        header = ["k              rows  total", "─────────────  ────  ─────"]
    count = 20 if lines >= 23 else lines - 4
    left = [] if count == 20 else [f"{20 - count} more rows"]
    return header + rows[:count] + left + ["in 20 (0/s) · out 20 (0/s)"[:columns - 4].rstrip()]


for reflows in (True, False):
    watched = Watched(COUNTS, [row(f"key number {i}", i) for i in range(20)], columns=60, lines=12,
                      reflows=reflows, command="run")
    for columns, lines in ((60, 12), (18, 12), (40, 16), (60, 13), (16, 5), (70, 30)):
        if (columns, lines) != (60, 12):
            watched.resize(columns, lines)
        expected = pictured(columns, lines)
        check(f"a window of {columns} x {lines}, {reflows}", True, watched.shows(
            lambda window: window[-len(expected):] == expected))
        rules = sum(line.startswith("─") for line in watched.emulator.window())
        check("one table", True, rules == 1 or columns == 70)
    watched.stop()
    check("after", 20, len([line for line in from_last_header(watched.emulator.everything())
                            if line.startswith("key number")]))

# Narrow: texts are cut, numbers never, and columns that do not fit are left out.
narrow = Watched(COUNTS, [row("a long name of a key", 1234567)], columns=24)
check("texts are cut", True, narrow.shows(table(
    "k          rows    total", "─────────  ────  ───────"[:24], "a long n…     1  1234567")))
narrow.resize(20, 12)
check("columns are left out", True, narrow.shows(lambda window: "a long nam…     1" in window))
narrow.stop()
check("whole in the end", True, any("a long name of a key     1  1234567" in line for line in
                                    "".join(narrow.terminal.text).split("\n")))

# Wide, combining and dangerous characters.
watched = Watched(COUNTS, [row("日本", 1), row("e\u0301te\u0301", 2), row("x", 3)])
check("aligned", True, watched.shows(table(
    "k     rows  total", "────  ────  ─────", "e\u0301te\u0301      1      2", "x        1      3",
    "日本     1      1")))
watched.resize(14, 12)
watched.stop()
evil = "a\x1b[2J\x9b5A\r\n\tb\x07\u202ec"
watched = Watched(COUNTS, [row(evil, 1)])
check("what a terminal would obey is shown", True, watched.shows(
    lambda window: any(line.startswith(r"a\x1b[2J\u009b5A\r\n\tb\x07\u202ec ") for line in window)))
watched.stop()
check("and nothing of it sent", ([], False), (watched.emulator.unknown, any(
    c in watched.terminal.text.replace("\x1b[", "") for c in "\x1b\x9b\x07\u202e")))

# What changed is bold, where colours are wanted.
for env, bold in (({}, True), ({"NO_COLOR": "1"}, False)):
    watched = Watched(COUNTS, [row("a", 100), row("b", 1)], env=env)
    watched.shows(lambda window: any(line.startswith("b ") for line in window))
    check("nothing is marked at first", [], watched.emulator.bold_texts())
    marked = set()
    watched.append(row("a", 11))
    end = time.monotonic() + 5
    while time.monotonic() < end and not any("111" in line for line in watched.emulator.window()):
        watched.terminal.read()
        watched.feed()
        marked.update(watched.emulator.bold_texts())
    watched.terminal.read_for(0.1)
    watched.feed()
    marked.update(watched.emulator.bold_texts())
    check(f"changed cells are bold, {env}", {"2", "111"} if bold else set(), marked)
    watched.terminal.read_for(1)
    watched.feed()
    check("for a moment", [], watched.emulator.bold_texts())
    watched.stop()

# Several results at a time.
watched = Watched(COUNTS + "; SELECT k, n FROM t WHERE n > 90; SELECT count(*) AS all_rows FROM t",
                  [row("a", 1), row("b", 99)], lines=14)
check("two tables, rows above them", True, watched.shows(lambda window: has(
    "k   n", "b  99", "k  rows  total", "a     1      1", "b     1     99", "all_rows", "       2")(
        "\n".join(window))))
watched.append(row("a", 95))
check("a row comes", True, watched.shows(lambda window: has(
    "b  99", "a  95", "k  rows  total", "a     2     96", "all_rows", "       3")(
        "\n".join(window))))
check("all end", 0, watched.stop())
lines = without_warnings(watched.emulator.everything())
check("in the order of the script", True, has(
    "k   n", "b  99", "a  95", "k  rows  total", "a     2     96", "(2 rows)", "(2 rows)", "all_rows", "       3",
    "(1 row)")("\n".join(lines)))

# A run that fails leaves what stood, and then says why.
watched = Watched(FOLLOW.replace("follow = true", "follow = true, on_error = 'fail'") +
                  "SELECT k, count(*) AS rows FROM t GROUP BY k", [row("a", 1)])
check("before", True, watched.shows(lambda window: "a     1" in window))
with open(watched.place / "log.jsonl", "a", encoding="utf-8") as log:
    log.write("{\n")
code = watched.terminal.end()
watched.feed()
check("failed", 1, code)
check("table, then error", True, has("a     1", "(1 row)", "error:")(
    "\n".join(watched.emulator.everything())))

# An input that ends, with its changes asked for.
EARLY = ("CREATE TABLE q (net TEXT, mag DOUBLE, time TIMESTAMP, WATERMARK FOR time AS time - INTERVAL '1 day') "
         "WITH (connector = 'file', path = 'quakes.jsonl', format = 'json');"
         "SELECT window_start, count(*) AS n FROM TUMBLE(q, time, INTERVAL '1 day') "
         "GROUP BY window_start, window_end EMIT CHANGES")
ended = Terminal("-c", EARLY, "-q")
check("ends by itself", 0, ended.end())
emulator = Emulator(100, 40)
emulator.feed(ended.text)
days = collections.OrderedDict()
piped = Running("-c", EARLY, "-q", "--format", "csv").end().out
for line in piped.split("\n")[1:-1]:
    op, day, n = line.split(",")
    if op in ("+I", "+U"):
        days[day] = n
    else:
        days.pop(day, None) if op == "-D" else None
check("the rows that stand", [[day, n] for day, n in sorted(days.items())],
      [line.rsplit(maxsplit=1) for line in emulator.everything() if line.startswith("2018")])

# Behind a table that has ended.
both = Terminal("-c", EARLY.replace("'quakes.jsonl'", f"'{DATA}/quakes.jsonl'") + ";" + FOLLOW + "SELECT k FROM t",
                cwd=folder(log_jsonl=json.dumps(row("a row", 1)) + "\n"))
check("rows of the next result", True, both.wait_for("\na row\n"))
both.press_control_c()
check("Ctrl-C says something as ever", True, both.wait_for("\n" + STOPPING + "\n"))
check("ends", 0, both.end())

# Who asks for a format is given the changes; so is a pipe, and a terminal that cannot draw.
for flags, env in ((("--format", "table"), {}), ((), {"TERM": "dumb"})):
    watched = Watched(COUNTS, [row("a", 1)], flags=flags, env=env)
    check("changes", True, watched.shows(lambda window: any(
        re.fullmatch(r"\+I  a +1 +1", line) for line in window)))
    watched.stop()
    check("nothing is drawn again", [], re.findall("\x1b\\[\\d*[AJK]", watched.terminal.text))

# Progress elsewhere than on the terminal.
place = folder(log_jsonl="", script_sql=COUNTS)
(place / "log.jsonl").write_text(json.dumps(row("a", 1)) + "\n")
split = Terminal("run", "script.sql", cwd=place, stderr=str(place / "stderr"))
check("a table", True, split.wait_for("a     1      1"))
split.press_control_c()
split.end()
check("no drawing among messages", False, "\x1b" in (place / "stderr").read_text())
close()
