#!/usr/bin/env python3
"""A changed query over kept state: what keeps the state gives the answers that it must, and what does
not is refused with its reason and costs nothing."""
import collections
import datetime
import functools
import json
import operator
import signal
import time

from program import Running, check, close, folder, has, run

# A click each second, in order. The earlier query sees the first BEFORE of them, and leaves the
# window of ten seconds open in which it was stopped.
ROWS, BEFORE = 200, 105

CLICKS = """CREATE TABLE clicks (id INT, k TEXT, v INT, ts TIMESTAMP, WATERMARK FOR ts AS ts)
  WITH (connector = 'file', path = 'clicks.jsonl', format = 'json', follow = FOLLOW);
"""
BY_WINDOW = "FROM TUMBLE(clicks, ts, INTERVAL '10 seconds')"
GROUP = "GROUP BY window_start, window_end, k"


def sink(name="out", columns="s TIMESTAMP, k TEXT, n BIGINT", options="", path=None):
    return (f"CREATE TABLE {name} ({columns}) WITH (connector = 'file', path = '{path or name}/', "
            f"format = 'json'{options});\n")


CHANGES = ", mode = 'changelog'"
WINDOWS = CLICKS + sink() + f"INSERT INTO out SELECT window_start, k, count(*) {BY_WINDOW} {GROUP};"
VIEW = f"CREATE VIEW counts AS SELECT window_start AS s, k, count(*) AS n {BY_WINDOW} {GROUP};\n"
FROM_VIEW = CLICKS + sink() + VIEW + "INSERT INTO out SELECT s, k, n FROM counts;"
FILTERED = CLICKS + sink() + (f"INSERT INTO out SELECT window_start, k, count(*) {BY_WINDOW} "
                              f"WHERE v > 2 AND k <> 'k9' {GROUP};")
N_SUM = "s TIMESTAMP, k TEXT, n BIGINT, t BIGINT"
TOTALS = CLICKS + sink(columns="k TEXT, n BIGINT", options=CHANGES) + (
    "CREATE VIEW totals AS SELECT k, count(*) AS n FROM clicks GROUP BY k EMIT CHANGES;\n"
    "INSERT INTO out SELECT k, n FROM totals WHERE k <> 'k0';")
TWO = (CLICKS + sink() + sink("by_v", "s TIMESTAMP, v INT, n BIGINT")
       + f"INSERT INTO out SELECT window_start, k, count(*) {BY_WINDOW} {GROUP};\n"
       + f"INSERT INTO by_v SELECT window_start, v, count(*) {BY_WINDOW} "
         "GROUP BY window_start, window_end, v;")


def either(*calls):
    """The windows with one call, and the same with another, into one sink."""
    queries = [f"SELECT window_start, k, {call} {BY_WINDOW} {GROUP}" for call in calls]
    return CLICKS + sink() + f"INSERT INTO out {' UNION ALL '.join(queries)};"


BEST = CLICKS + sink(columns="s TIMESTAMP, k TEXT, id INT") + """
CREATE VIEW best AS SELECT window_start AS s, k, id, v FROM (
  SELECT *, row_number() OVER (PARTITION BY window_start, window_end, k ORDER BY v DESC, id) AS r
  FROM TUMBLE(clicks, ts, INTERVAL '10 seconds')) WHERE r <= 2;
INSERT INTO out SELECT s, k, id FROM best WHERE v >= 0;"""
SESSIONS = CLICKS + sink() + """INSERT INTO out SELECT window_start, k, count(*)
FROM SESSION(clicks PARTITION BY k, ts, INTERVAL '12 seconds')
GROUP BY window_start, window_end, k;"""
JOINED = CLICKS + sink(columns="x INT, y INT") + """INSERT INTO out
SELECT a.id, b.id FROM clicks AS a JOIN clicks AS b ON a.k = b.k AND a.v < b.v
AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '12 seconds';"""
IN_WINDOWS = CLICKS + sink(columns="s TIMESTAMP, x INT, y INT") + """INSERT INTO out
SELECT a.window_start, a.id, b.id FROM TUMBLE(clicks, ts, INTERVAL '10 seconds') AS a
JOIN TUMBLE(clicks, ts, INTERVAL '10 seconds') AS b
ON a.k = b.k AND a.v < b.v AND a.window_end = b.window_end;"""
BY_KEYS = CLICKS + sink(columns="x INT, y INT") + """INSERT INTO out
SELECT a.id, b.id FROM clicks AS a JOIN clicks AS b ON a.k = b.k AND a.v < b.v;"""
PAIRS = CLICKS + sink(columns="s TIMESTAMP, t BIGINT") + """
CREATE VIEW pairs AS SELECT b.ts, a.v, b.v AS w FROM clicks AS a JOIN clicks AS b
ON a.k = b.k AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '12 seconds';
INSERT INTO out SELECT window_start, sum(v) + max(w) FROM TUMBLE(pairs, ts, INTERVAL '10 seconds')
GROUP BY window_start, window_end;"""
RUNNING = CLICKS + sink(columns="id INT, t BIGINT") + """INSERT INTO out
SELECT id, sum(v) OVER (PARTITION BY k ORDER BY ts ROWS BETWEEN 3 PRECEDING AND CURRENT ROW)
FROM clicks WHERE v < 9;"""


def value(number):
    return number * 7 % 11


def click(number):
    return json.dumps({"id": number, "k": f"k{number % 3}", "v": value(number),
                       "ts": f"2024-01-01T00:{number // 60:02}:{number % 60:02}Z"}) + "\n"


def moment(second):
    return str(datetime.datetime(2024, 1, 1) + datetime.timedelta(seconds=second))


# Answers, computed without the program. A life is the numbers of the clicks it sees.


def windows(key=lambda i: f"k{i % 3}", where=lambda i: True, size=10, slide=10):
    """The clicks of each window and key."""
    groups = collections.defaultdict(list)
    for i in filter(where, range(ROWS)):
        first = i // slide * slide
        for start in range(first, first - size, -slide):
            if start <= i < start + size:
                groups[start, key(i)].append(i)
    return groups


def closed_before(start, size=10):
    """Whether the earlier query has shown the window."""
    return start + size <= BEFORE - 1


def counts(before=lambda start, key, ids: [len(ids)], now=None, **of):
    """Rows of (start, key, ...): what `before` says of windows shown by the earlier query, and `now`
    of the others."""
    size = of.get("size", 10)
    return [[moment(start), key, *(before if closed_before(start, size) else now or before)(
        start, key, ids)] for (start, key), ids in windows(**of).items()]


def since(ids):
    return [i for i in ids if i >= BEFORE]


def folded(rows):
    """What stands at the end of a changelog."""
    standing = collections.Counter()
    for row in rows:
        standing[tuple(row[1:])] += 1 if row[0] in ("+I", "+U", "c", "insert", "+") else -1
    return [list(row) for row, count in standing.items() for _ in range(count)]


def best():
    return [[moment(start), key, i] for (start, key), ids in windows().items()
            for i in sorted(ids, key=lambda i: (-value(i), i))[:2]]


def sessions():
    """Every session goes through: a click of each key comes every three seconds."""
    return [[moment(k), f"k{k}", len(range(k, ROWS, 3))] for k in range(3)]


def joined(order=lambda i, j: [i, j]):
    """Clicks of a key come every three seconds."""
    return [order(i, j) for j in range(ROWS) for i in range(max(0, j - 12), j + 1)
            if (j - i) % 3 == 0 and value(i) < value(j)]


def joined_in_windows():
    return [[moment(start), i, j] for (start, _), ids in windows().items()
            for i in ids for j in ids if value(i) < value(j)]


def joined_by_keys():
    return [[i, j] for i in range(ROWS) for j in range(ROWS)
            if (j - i) % 3 == 0 and value(i) < value(j)]


def running():
    rows = []
    for k in range(3):
        ids = [i for i in range(k, ROWS, 3) if value(i) < 9]
        rows += [[i, sum(map(value, ids[max(0, at - 3):at + 1]))] for at, i in enumerate(ids)]
    return rows


Case = collections.namedtuple("Case", "name old new flags says rows where", defaults=("out",))
NEW, DROPPED = "--allow-new-state", "--allow-dropped-state"

# Each keeps the state. `says`: what is said of it; nothing: the query means the same. `rows`: all that
# both lives have shown in folders `where`.
KEPT = [
    Case("the same", WINDOWS, WINDOWS, ["--workers", "4"], [], counts()),
    Case("settings", WINDOWS, "SET batch_rows = 7;\nSET checkpoint_rows = 50;\n" + WINDOWS, [], [],
         counts()),
    Case("options of the source", WINDOWS,
         WINDOWS.replace("follow = FOLLOW", "follow = FOLLOW, block_bytes = '1KiB', "
                         "idle_timeout = '1 minute'"), [], [], counts()),
    Case("a later watermark", WINDOWS,
         WINDOWS.replace("ts AS ts)", "ts AS ts - INTERVAL '20 seconds')"), [], [], counts()),
    Case("a filter of results", FROM_VIEW, FROM_VIEW.replace("FROM counts", "FROM counts WHERE n > 3"),
         [], [], [row for row in counts() if row[2] > 3 or row[0] < moment(95)]),
    Case("a condition on groups", WINDOWS, WINDOWS.replace(GROUP, GROUP + " HAVING count(*) > 3"),
         [], [], [row for row in counts() if row[2] > 3 or row[0] < moment(95)]),
    Case("a projection of results", FROM_VIEW, FROM_VIEW.replace("s, k, n FROM", "s, k, n * 10 FROM"),
         [], [], counts(now=lambda s, k, ids: [len(ids) * 10])),
    Case("a condition on a key of results", TOTALS, TOTALS.replace("<> 'k0'", "<> 'k1'"), [], [],
         None),
    Case("other names of columns", FROM_VIEW,
         FROM_VIEW.replace("(id INT,", "(number INT,").replace("AS n ", "AS total ")
         .replace("window_start AS s, k,", "window_start AS begun, k AS key,")
         .replace("s, k, n FROM counts", "c.begun, c.key, c.total FROM counts AS c"), [], [],
         counts()),
    Case("a condition written otherwise", FILTERED,
         FILTERED.replace("v > 2 AND k <> 'k9'", "k <> 'k9' AND v > 2"), [], [],
         counts(where=lambda i: value(i) > 2)),
    Case("a condition moved into a view", FILTERED,
         CLICKS + sink() + "CREATE VIEW higher AS SELECT ts, k AS key, v FROM clicks WHERE v > 2;\n"
         "INSERT INTO out SELECT window_start, key, count(*) "
         "FROM TUMBLE(higher, ts, INTERVAL '10 seconds') WHERE key <> 'k9' "
         "GROUP BY window_start, window_end, key;",
         [], [], counts(where=lambda i: value(i) > 2)),
    Case("another sink", WINDOWS, WINDOWS.replace("TABLE out", "TABLE hot").replace(
        "'out/'", "'hot/'").replace("INTO out", "INTO hot"), [],
        ["the state is kept of hot/window#1 (so far out/window#1)"], counts(), ["out", "hot"]),
    Case("aggregates in another order",
         CLICKS + sink(columns=N_SUM)
         + f"INSERT INTO out SELECT window_start, k, count(*), sum(v) {BY_WINDOW} {GROUP};",
         CLICKS + sink(columns=N_SUM)
         + f"INSERT INTO out SELECT window_start, k, sum(v), count(*) {BY_WINDOW} {GROUP};", [],
         ["the state is kept of out/window#1"],
         counts(lambda s, k, ids: [len(ids), sum(map(value, ids))],
                lambda s, k, ids: [sum(map(value, ids)), len(ids)])),
    Case("an added aggregate", WINDOWS,
         CLICKS + sink(columns=N_SUM)
         + f"INSERT INTO out SELECT window_start, k, count(*), sum(v) {BY_WINDOW} {GROUP};", [NEW],
         ["the state is kept of out/window#1; new, with nothing: out/window#1 sum(v)"],
         counts(now=lambda s, k, ids: [len(ids), sum(map(value, since(ids))) if since(ids)
                                       else None])),
    Case("added aggregates of every kind",
         WINDOWS,
         CLICKS + sink(columns="s TIMESTAMP, k TEXT, d BIGINT, n BIGINT, l BIGINT, a INT, f INT")
         + f"INSERT INTO out SELECT window_start, k, count(DISTINCT v % 2), count(*), min(v), "
         f"bit_or(v), last_value(v) {BY_WINDOW} {GROUP};", [NEW], ["new, with nothing: "],
         counts(now=lambda s, k, ids: [
             len({value(i) % 2 for i in since(ids)}), len(ids),
             *([min(map(value, since(ids))),
                functools.reduce(operator.or_, map(value, since(ids))),
                value(max(since(ids)))] if since(ids) else [None] * 3)])),
    Case("an aggregate that is gone",
         CLICKS + sink(columns="s TIMESTAMP, k TEXT, d BIGINT, n BIGINT")
         + f"INSERT INTO out SELECT window_start, k, count(DISTINCT v % 2), count(*) {BY_WINDOW} "
         f"{GROUP};", WINDOWS, [DROPPED], ["dropped: out/window#1 count(DISTINCT v % 2)"],
         counts(lambda s, k, ids: [len({value(i) % 2 for i in ids}), len(ids)],
                lambda s, k, ids: [len(ids)])),
    Case("an aggregate in place of another", WINDOWS,
         WINDOWS.replace("count(*)", "max(v)"), [NEW, DROPPED],
         ["new, with nothing: out/window#1 max(v); dropped: out/window#1 count(*)"],
         counts(now=lambda s, k, ids: [max(map(value, since(ids))) if since(ids) else None])),
    Case("an added aggregate of windows that overlap",
         WINDOWS.replace("TUMBLE(clicks, ts,", "HOP(clicks, ts, INTERVAL '5 seconds',"),
         CLICKS + sink(columns=N_SUM) + "INSERT INTO out SELECT window_start, k, count(*), sum(v) "
         "FROM HOP(clicks, ts, INTERVAL '5 seconds', INTERVAL '10 seconds') " + GROUP + ";", [NEW],
         ["new, with nothing: out/window#1 sum(v)"],
         counts(now=lambda s, k, ids: [len(ids), sum(map(value, since(ids))) if since(ids)
                                       else None], slide=5)),
    Case("an added aggregate of sessions", SESSIONS,
         SESSIONS.replace("n BIGINT)", "n BIGINT, t BIGINT, d BIGINT)").replace(
             "count(*)", "count(*), sum(v), count(DISTINCT v)"), [NEW],
         ["new, with nothing: out/window#1 sum(v), out/window#1 count(DISTINCT v)"],
         [[*row, sum(value(i) for i in range(BEFORE, ROWS) if i % 3 == k),
           len({value(i) for i in range(BEFORE, ROWS) if i % 3 == k})]
          for k, row in enumerate(sessions())]),
    Case("an added query", WINDOWS, TWO, [NEW],
         ["the state is kept of out/window#1; new, with nothing: by_v/window#1 "],
         counts() + [[moment(start), key, len(since(ids))]
                     for (start, key), ids in windows(key=value).items() if since(ids)],
         ["out", "by_v"]),
    Case("an added query of another source", WINDOWS,
         WINDOWS + CLICKS.replace("TABLE clicks", "TABLE again") + sink("ids", "id INT")
         + "INSERT INTO ids SELECT id FROM again;", [NEW],
         ["new, with nothing: source again, read from its beginning"],
         counts() + [[i] for i in range(ROWS)], ["out", "ids"]),
    Case("an added query without state", WINDOWS,
         WINDOWS + sink("ids", "id INT") + "INSERT INTO ids SELECT id FROM clicks;", [],
         ["the state is kept of out/window#1; new, with nothing of what has been read before: "
          "sink ids"],
         counts() + [[i] for i in range(BEFORE, ROWS)], ["out", "ids"]),
    Case("a query without state that is gone",
         WINDOWS + sink("ids", "id INT") + "INSERT INTO ids SELECT id FROM clicks;", WINDOWS, [],
         ["the state is kept of out/window#1; no more rows come to sink ids"],
         counts() + [[i] for i in range(BEFORE)], ["out", "ids"]),
    Case("a query that is gone", TWO, WINDOWS, [DROPPED],
         ["the state is kept of out/window#1; dropped: by_v/window#1 "],
         counts() + [row for row in counts(key=value) if row[0] < moment(95)], ["out", "by_v"]),
    Case("queries in another order", TWO,
         "".join(TWO.partition("INSERT")[:1]) + "INSERT" + TWO.split("INSERT")[2] + "\nINSERT"
         + TWO.split("INSERT")[1], [], [], counts() + counts(key=value), ["out", "by_v"]),
    Case("two steps of one sink change places", either("count(*)", "sum(v)"),
         either("sum(v)", "count(*)"), [],
         ["out/window#2 (so far out/window#1), out/window#1 (so far out/window#2)"],
         counts() + counts(lambda s, k, ids: [sum(map(value, ids))])),
    Case("first rows", BEST, BEST.replace("v >= 0", "v >= 3"), [], [],
         [row for row in best() if row[0] < moment(95) or value(row[2]) >= 3]),
    Case("sessions", SESSIONS, SESSIONS.replace("window_start, k, count(*)",
                                                "window_start, upper(k), count(*)"), [], [],
         [[s, k.upper(), n] for s, k, n in sessions()]),
    Case("pairs", JOINED, JOINED.replace("a.id, b.id FROM", "a.id + 0, b.id FROM").replace(
        "a.k = b.k AND a.v < b.v\nAND", "b.k = a.k AND").replace("12 seconds'", "12 seconds' AND a.v < b.v"),
         [], [], joined()),
    Case("pairs of a window", IN_WINDOWS, IN_WINDOWS.replace("a.id, b.id", "a.id + 0, b.id").replace(
        "a.window_end = b.window_end", "b.window_end = a.window_end"), [], [], joined_in_windows()),
    Case("pairs by keys", BY_KEYS, BY_KEYS.replace("a.k = b.k AND a.v < b.v", "a.v < b.v AND b.k = a.k"),
         [], [], joined_by_keys()),
    Case("calls OVER", RUNNING, RUNNING.replace("SELECT id,", "SELECT id + 0,"), [], [], running()),
]

Refusal = collections.namedtuple("Refusal", "name old new says flags", defaults=((),))

# Each is refused, with these reasons.
REFUSED = [
    Refusal("a window of another size", WINDOWS, WINDOWS.replace("10 seconds", "20 seconds"),
            ["out/window#1 has changed: windows: TUMBLE 10 seconds -> TUMBLE 20 seconds",
             "--name", "--from-scratch"], [NEW, DROPPED]),
    Refusal("windows of another kind", WINDOWS,
            WINDOWS.replace("TUMBLE(clicks, ts,", "HOP(clicks, ts, INTERVAL '5 seconds',"),
            ["windows: TUMBLE 10 seconds -> HOP 10 seconds every 5 seconds"], [NEW, DROPPED]),
    Refusal("other keys", WINDOWS, WINDOWS.replace("window_start, k,", "window_start, v % 2,")
            .replace(", k;", ", v % 2;").replace("k TEXT, n BIGINT", "k INT, n BIGINT"),
            ["out/window#1 has changed: keys: k -> v % 2"], [NEW, DROPPED]),
    Refusal("keys of another type", WINDOWS,
            WINDOWS.replace("id INT, k TEXT", "id INT, k BYTEA").replace("s TIMESTAMP, k TEXT",
                                                                        "s TIMESTAMP, k BYTEA"),
            ["out/window#1 has changed: what is kept: groups (TEXT"], [NEW, DROPPED]),
    Refusal("a filter of what is counted", WINDOWS,
            WINDOWS.replace(GROUP, "WHERE v > 2 " + GROUP),
            ["out/window#1 has changed: rows: clicks -> clicks WHERE v > 2"], [NEW, DROPPED]),
    Refusal("another source", WINDOWS, WINDOWS.replace("TABLE clicks", "TABLE visits").replace(
        "(clicks", "(visits"), ["rows: clicks -> visits", "source visits", "source clicks"],
            [NEW, DROPPED]),
    Refusal("another time", WINDOWS,
            WINDOWS.replace("ts TIMESTAMP, WATERMARK FOR ts AS ts)", "ts TIMESTAMP, at TIMESTAMP, "
                            "WATERMARK FOR at AS at)").replace("clicks, ts", "clicks, at"),
            ["time: ts -> at"], [NEW, DROPPED]),
    Refusal("another argument",
            WINDOWS.replace("count(*)", "sum(v)"), WINDOWS.replace("count(*)", "sum(v + 1)"),
            ["out/window#1 sum(v + 1)", "out/window#1 sum(v)", "--allow-new-state",
             "--allow-dropped-state allow it"]),
    Refusal("an added aggregate", WINDOWS,
            WINDOWS.replace("n BIGINT", "n BIGINT, t BIGINT").replace("count(*)", "count(*), sum(v)"),
            ["new, and would begin with nothing: out/window#1 sum(v)", "--allow-new-state allows"],
            [DROPPED]),
    Refusal("an aggregate that is gone",
            WINDOWS.replace("n BIGINT", "n BIGINT, t BIGINT").replace("count(*)", "count(*), sum(v)"),
            WINDOWS, ["no longer there, and would be lost: out/window#1 sum(v)",
                      "--allow-dropped-state allows"], [NEW]),
    Refusal("an added query", WINDOWS, TWO,
            ["new, and would begin with nothing: by_v/window#1 (TUMBLE 10 seconds -> count(*) by v)"]),
    Refusal("a query that is gone", TWO, WINDOWS,
            ["no longer there, and would be lost: by_v/window#1 (TUMBLE"]),
    Refusal("results allowed to be corrected", WINDOWS,
            WINDOWS.replace("n BIGINT) WITH (connector = 'file', path = 'out/', format = 'json'",
                            "n BIGINT) WITH (connector = 'file', path = 'out/', format = 'json', "
                            "mode = 'changelog'").replace(
                                ", k;", ", k EMIT ON WINDOW CLOSE WITH LATENESS INTERVAL '5 seconds';"),
            ["lateness: none -> 5 seconds"], [NEW, DROPPED]),
    Refusal("distinct values that aggregates share",
            WINDOWS.replace("count(*)", "count(DISTINCT v)"),
            WINDOWS.replace("n BIGINT", "n BIGINT, t BIGINT").replace(
                "count(*)", "count(DISTINCT v), sum(DISTINCT v)"),
            ["aggregates: count(DISTINCT v) -> count(DISTINCT v), sum(DISTINCT v) (they keep some"],
            [NEW, DROPPED]),
    Refusal("windows whose rows can be parted no more",
            WINDOWS.replace("TUMBLE(clicks, ts,", "HOP(clicks, ts, INTERVAL '5 seconds',"),
            CLICKS + sink(columns="s TIMESTAMP, k TEXT, n BIGINT, d BIGINT")
            + "INSERT INTO out SELECT window_start, k, count(*), count(DISTINCT v) "
            "FROM HOP(clicks, ts, INTERVAL '5 seconds', INTERVAL '10 seconds') " + GROUP + ";",
            ["aggregates: count(*) -> count(*), count(DISTINCT v) (they keep some"], [NEW, DROPPED]),
    Refusal("an added aggregate of rows that change",
            CLICKS + sink(columns="n BIGINT, m BIGINT", options=CHANGES)
            + "CREATE VIEW totals AS SELECT k, count(*) AS n FROM clicks GROUP BY k EMIT CHANGES;\n"
            "INSERT INTO out SELECT n, count(*) FROM totals GROUP BY n EMIT CHANGES;",
            CLICKS + sink(columns="n BIGINT, m BIGINT, l TEXT", options=CHANGES)
            + "CREATE VIEW totals AS SELECT k, count(*) AS n FROM clicks GROUP BY k EMIT CHANGES;\n"
            "INSERT INTO out SELECT n, count(*), min(k) FROM totals GROUP BY n EMIT CHANGES;",
            ["out/aggregate#1 has changed: aggregates: count(*) -> count(*), min(k) (rows may be taken"],
            [NEW, DROPPED]),
    Refusal("keys that go", TOTALS, "SET ttl = '1 hour';\n" + TOTALS,
            ["totals/aggregate#1 has changed: ttl: none -> keys go"], [NEW, DROPPED]),
    Refusal("more first rows", BEST, BEST.replace("r <= 2", "r <= 3"), ["limit: 2 -> 3"],
            [NEW, DROPPED]),
    Refusal("first rows of another order", BEST, BEST.replace("v DESC", "v"),
            ["order: v DESC, id -> v, id"], [NEW, DROPPED]),
    Refusal("first rows of more columns", BEST, BEST.replace("s, k, id FROM", "s, k, v FROM").replace(
        "id, v FROM (", "id, v, ts FROM (").replace("v >= 0", "v >= 0 AND ts IS NOT NULL"),
            ["columns: "], [NEW, DROPPED]),
    Refusal("sessions of another gap", SESSIONS, SESSIONS.replace("'12 seconds'", "'13 seconds'"),
            ["windows: SESSION 12 seconds -> SESSION 13 seconds"], [NEW, DROPPED]),
    Refusal("other bounds of a join", JOINED, JOINED.replace("12 seconds", "13 seconds"),
            ["bounds of time: 0 seconds to 12 seconds -> 0 seconds to 13 seconds"], [NEW, DROPPED]),
    Refusal("a join of another kind", JOINED, JOINED.replace("a JOIN", "a LEFT JOIN"),
            ["join: JOIN -> LEFT JOIN"], [NEW, DROPPED]),
    Refusal("the condition of a join turned round", JOINED, JOINED.replace("a.v < b.v", "b.v < a.v"),
            ["condition: left v < right v -> right v < left v"], [NEW, DROPPED]),
    Refusal("pairs of other windows", IN_WINDOWS, IN_WINDOWS.replace("10 seconds", "5 seconds"),
            ["end of TUMBLE 10 seconds -> ", "end of TUMBLE 5 seconds"], [NEW, DROPPED]),
    Refusal("a join by keys of another kind", BY_KEYS,
            BY_KEYS.replace("a JOIN", "a SEMI JOIN").replace("a.id, b.id", "a.id, a.v"),
            ["join: JOIN -> SEMI JOIN"], [NEW, DROPPED]),
    Refusal("the sum of a join's other side", PAIRS, PAIRS.replace("sum(v) + max(w)", "sum(w) + max(v)"),
            ["out/window#1 sum(right v)", "out/window#1 sum(left v)"], [NEW]),
    Refusal("another frame", RUNNING, RUNNING.replace("3 PRECEDING", "4 PRECEDING"),
            ["calls over windows: sum(v) rows -3 to 0 -> sum(v) rows -4 to 0"], [NEW, DROPPED]),
]


def script(text, follow):
    return text.replace("FOLLOW", follow)


def start(place, text):
    """Runs a query over the first clicks until it has seen them all, and stops it."""
    (place / "job.sql").write_text(script(text, "true"))
    job = Running("run", "job.sql", "--state-dir", "state", "--set", "checkpoint_interval=10ms",
                  cwd=place)
    end = time.monotonic() + 20
    while time.monotonic() < end:
        shown = run("checkpoints", "show", "job", "--state-dir", "state", cwd=place)
        if f"counter rows_in: {BEFORE}\n" in shown.out:
            break
        time.sleep(0.01)
    job.interrupt(signal.SIGINT)
    ran = job.end()
    check("the earlier query stops in order", 0, ran.code)


def go_on(place, text, flags=(), state="state"):
    """Runs a query to the end of all clicks."""
    (place / "clicks.jsonl").write_text("".join(map(click, range(ROWS))))
    (place / "job.sql").write_text(script(text, "false"))
    return run("run", "job.sql", "--state-dir", state, *flags, cwd=place)


def shown_rows(place, folders):
    rows = [list(json.loads(line).values()) for name in folders
            for part in sorted((place / name).glob("*.jsonl"))
            for line in part.read_text().splitlines()]
    return [[each.replace("T", " ").removesuffix("Z") if isinstance(each, str) and each[:2] == "20"
             else each for each in row] for row in rows]


def in_order(rows):
    return sorted(rows, key=repr)


def judged(place, old, new, flags):
    (place / "old.sql").write_text(script(old, "true"))
    (place / "new.sql").write_text(script(new, "false"))
    flags = [flag for flag in flags if flag in (NEW, DROPPED)]
    return run("upgrade", "--check", "old.sql", "new.sql", *flags, cwd=place)


def check_kept(case):
    place = folder(clicks_jsonl="".join(map(click, range(BEFORE))))
    start(place, case.old)
    before = run("upgrade", "--check", "job.sql", "job.sql", cwd=place)
    check(f"{case.name}: a query is compatible with itself", 0, before.code)
    look = judged(place, case.old, case.new, case.flags)
    check(f"{case.name}: upgrade --check", 0, look.code)
    check(f"{case.name}: and says what is kept", has(*case.says), look.out)
    ran = go_on(place, case.new, case.flags)
    check(f"{case.name}: runs", 0, ran.code)
    check(f"{case.name}: goes on", has(*(["the query has changed: ", *case.says] if case.says else []),
                                       "going on from epoch"), ran.err)
    if not case.says:
        check(f"{case.name}: says no more", False, "the query has changed" in ran.err)
    where = [case.where] if isinstance(case.where, str) else case.where
    rows = shown_rows(place, where)
    if case.rows is None:
        check_condition_on_keys(rows)
    else:
        check(f"{case.name}: answers", in_order(case.rows), in_order(rows))
    verified = run("checkpoints", "verify", "job", "--state-dir", "state", cwd=place)
    check(f"{case.name}: the state is whole", (0, ""), (verified.code, verified.err))


def check_condition_on_keys(rows):
    """Changes: k0 comes once the condition lets it, with the count of all its clicks."""
    last = {row[1]: row[2] for row in rows if not str(row[0]).startswith(("-", "d"))}
    check("a condition on a key: the counts go through both lives",
          {f"k{k}": len(range(k, BEFORE if k == 1 else ROWS, 3)) for k in range(3)}, last)


def check_refused(case):
    """No flag but those that do not fit helps, nor a savepoint; the earlier query loses nothing."""
    place = folder(clicks_jsonl="".join(map(click, range(BEFORE))))
    start(place, case.old)
    made = run("savepoint", "create", "job", "a.savepoint", "--state-dir", "state", cwd=place)
    check(f"{case.name}: a savepoint", 0, made.code)
    look = judged(place, case.old, case.new, case.flags)
    check(f"{case.name}: upgrade --check refuses", 1, look.code)
    check(f"{case.name}: with the reason", has(*case.says), look.out)
    ran = go_on(place, case.new, case.flags)
    check(f"{case.name}: is refused", 78, ran.code)
    check(f"{case.name}: with the reason, running", has('the state of "job" is of another query:',
                                                        *case.says), ran.err)
    elsewhere = go_on(place, case.new, ["--from-savepoint", "a.savepoint", *case.flags], "other")
    check(f"{case.name}: nor from a savepoint", has(*case.says), elsewhere.err)
    check(f"{case.name}: of which nothing was made", False, (place / "other/job/MANIFEST").exists())
    again = go_on(place, case.old)
    check(f"{case.name}: the earlier query goes on", (0, True),
          (again.code, "going on from epoch" in again.err and "changed" not in again.err))
    whole = folder()
    go_on(whole, case.old)
    folders = ["out", "by_v"]
    rows, all_rows = shown_rows(place, folders), shown_rows(whole, folders)
    if CHANGES in case.old:
        rows, all_rows = folded(rows), folded(all_rows)
    check(f"{case.name}: and nothing was lost", in_order(all_rows), in_order(rows))


def check_savepoint():
    """What a savepoint holds is judged and converted as state is."""
    case = next(case for case in KEPT if case.name == "an added aggregate")
    place = folder(clicks_jsonl="".join(map(click, range(BEFORE))))
    start(place, case.old)
    run("savepoint", "create", "job", "a.savepoint", "--state-dir", "state", cwd=place)
    (place / "out").rename(place / "earlier")
    ran = go_on(place, case.new, ["--from-savepoint", "a.savepoint", NEW], "other")
    check("a savepoint under a changed query", has("the query has changed: ", *case.says), ran.err)
    check("its answers", in_order(case.rows), in_order(shown_rows(place, ["earlier", "out"])))


def check_finished():
    """What is new in the query of a pipeline that has come to its end would never run."""
    added = WINDOWS + sink("ids", "id INT") + "INSERT INTO ids SELECT id FROM clicks;"
    place = folder(clicks_jsonl="")
    check("a pipeline comes to its end", 0, go_on(place, WINDOWS).code)
    for name, new, flags, what in [("without state", added, [], "sink ids"),
                                   ("with state", TWO, [NEW], "by_v/window#1"),
                                   ("in another sink", WINDOWS.replace("out (", "hot (").replace(
                                       "INTO out", "INTO hot"), [], "sink hot")]:
        ran = go_on(place, new, flags)
        check(f"finished, and a query {name} is added: refused", 78, ran.code)
        check(f"finished, and a query {name} is added: why, and the ways out",
              has("came to the end of its inputs", "would not run: ", what, "--name",
                  "--from-scratch"), ran.err)
        look = run("upgrade", "--check", "old.sql", "new.sql", *flags, cwd=folder(
            old_sql=script(WINDOWS, "false"), new_sql=script(new, "false")))
        check(f"upgrade --check says so of a query {name}", has(
            "has come to the end of its inputs this one is refused"), look.out)
    check("the query itself is still finished", has("finished: an earlier run"),
          go_on(place, WINDOWS).err)
    check("and another name begins anew", 0,
          go_on(place, added.replace("'out/'", "'new/'"), ["--name", "b"]).code)


def check_ending():
    """An input that ends now lets results come at its end, unless the query says otherwise."""
    place = folder(clicks_jsonl="".join(map(click, range(BEFORE))))
    silent = TOTALS.replace(" EMIT CHANGES", "")
    start(place, silent)
    ran = go_on(place, silent.replace(CHANGES, ""))
    check("an input that ends now changes when results come, which is refused with the cure",
          (78, True), (ran.code, has("results: at every change -> at the end (EMIT CHANGES behind the "
                                     "query keeps them)")(ran.err)))
    check("and the cure helps", 0, go_on(place, TOTALS).code)
    counts_by_key = {f"k{k}": len(range(k, ROWS, 3)) for k in (1, 2)}
    check("with nothing lost", counts_by_key, dict(folded(shown_rows(place, ["out"]))))


def check_moved():
    """Where a source is read from is in the state too: both judgements say what becomes of it."""
    place = folder(clicks_jsonl="".join(map(click, range(BEFORE))),
                   visits_jsonl="".join(map(click, range(ROWS))))
    moved = WINDOWS.replace("'clicks.jsonl'", "'visits.jsonl'")
    start(place, WINDOWS)
    look = judged(place, WINDOWS, moved, [])
    check("upgrade --check names a source that has moved",
          has("source clicks: from path 'visits.jsonl', no longer from 'clicks.jsonl'", NEW), look.out)
    check("and says no", 1, look.code)
    check("a source that has moved is refused", 78, go_on(place, moved).code)
    look = judged(place, WINDOWS, moved, [NEW])
    check("upgrade --check takes the flag", (0, True),
          (look.code, "; read from its beginning: source clicks" in look.out))
    wider = WINDOWS.replace("'clicks.jsonl'", "'clicks*.jsonl'")
    check("a pattern that leads to the same file is kept", 0, judged(place, WINDOWS, wider, []).code)
    other = folder(clicks_jsonl="")
    plain, flink = (WINDOWS.replace("'clicks.jsonl'", f"'{scheme}{other}/clicks.jsonl'")
                    for scheme in ("", "file://"))
    check("and so is the same path as Flink writes it", 0, judged(other, plain, flink, []).code)
    ran = go_on(place, moved, [NEW])
    check("a source that has moved is read from its beginning where that is meant", (0, True),
          (ran.code, has("the query has changed: ",
                         "read from its beginning: clicks (visits.jsonl)")(ran.err)))


def check_usage():
    check("upgrade needs two files", 2, run("upgrade", "--check", "a.sql").code)
    check("and --check", 2, run("upgrade", "a.sql", "b.sql").code)
    check("--allow-new-state is about state", 2, run("run", "a.sql", "--allow-new-state").code)
    place = folder(a_sql=script(WINDOWS, "true"), b_sql="SELEC 1;")
    check("a script that is wrong", 78, run("upgrade", "--check", "a.sql", "b.sql", cwd=place).code)
    shown = run("upgrade", "--check", "a.sql", "a.sql", "--json", cwd=place)
    check("as JSON", {"kept": True, "text": "the state is kept of out/window#1"},
          json.loads(shown.out))


def main():
    check_usage()
    for case in KEPT:
        check_kept(case)
    for case in REFUSED:
        check_refused(case)
    check_savepoint()
    check_finished()
    check_ending()
    check_moved()
    close()


main()
