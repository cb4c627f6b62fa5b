#!/usr/bin/env python3
"""Random calls OVER windows, against a plain computation row by row; also of rows that change."""
import collections
import json
import random
import sys

from program import check, close, folder, run

CASES = 500
TOGETHER = 25
UNBOUNDED = 10 ** 9


def random_rows(rng):
    """(id, seconds, key, value) in the order of the file."""
    rows, base = [], 0
    for number in range(rng.choice([1, 5, 40, 200])):
        base += rng.choice([0, 0, 1, 2, 7])
        rows.append((number, max(base - rng.choice([0, 0, 0, 1, 5, 30]), 0), rng.choice("abc"),
                     rng.choice([None, 0, 1, 2, 3, 5, 8])))
    return rows


def random_frame(rng, measured):
    """(text, unit, start, end) of a frame; None where none is written."""
    if rng.random() < 0.25:
        return None
    unit = rng.choice(["ROWS", "RANGE"])
    while True:
        places = [rng.choice([-UNBOUNDED, -5, -2, -1, 0, 0, 1, 3, UNBOUNDED]) for _ in range(2)]
        if places[0] <= places[1] and places[0] != UNBOUNDED and places[1] != -UNBOUNDED:
            break

    def bound(place):
        if place == 0:
            return "CURRENT ROW"
        side = "PRECEDING" if place < 0 else "FOLLOWING"
        if abs(place) == UNBOUNDED:
            return f"UNBOUNDED {side}"
        distance = f"INTERVAL '{abs(place)} seconds'" if unit == "RANGE" and measured == "time" \
            else str(abs(place))
        return f"{distance} {side}"

    return (f"{unit} BETWEEN {bound(places[0])} AND {bound(places[1])}", unit, *places)


def framed(rows, at, frame, measure):
    """The rows of the frame of row `at` of a key's ordered rows."""
    if frame is None:
        frame = (None, "RANGE", -UNBOUNDED, 0)
    _, unit, start, end = frame
    if unit == "ROWS":
        return rows[max(at + start, 0):max(at + end + 1, 0)] if end != UNBOUNDED \
            else rows[max(at + start, 0):]
    own = measure(rows[at])

    def within(number, row):
        value = measure(row)
        if own is None or value is None:
            # NULLs are peers of each other alone, at one end of the order.
            return own is value or (start == -UNBOUNDED if number < at else end == UNBOUNDED)
        distance = value - own if isinstance(own, int) else (value > own) - (value < own)
        return (start == -UNBOUNDED or distance >= start) and \
            (end == UNBOUNDED or distance <= end)

    return [row for number, row in enumerate(rows) if within(number, row)]


def values(rows):
    return [row[3] for row in rows if row[3] is not None]


AGGREGATES = {
    "count(*)": len,
    "count(v)": lambda rows: len(values(rows)),
    "sum(v)": lambda rows: sum(values(rows)) if values(rows) else None,
    "min(v)": lambda rows: min(values(rows), default=None),
    "max(v)": lambda rows: max(values(rows), default=None),
    "avg(v::DOUBLE)": lambda rows: sum(values(rows)) / len(values(rows)) if values(rows) else None,
    "array_agg(v)": lambda rows: [row[3] for row in rows] or None,
    "sum(v) FILTER (WHERE v > 2)": lambda rows: (
        sum(v for v in values(rows) if v > 2) if any(v > 2 for v in values(rows)) else None),
    "count(*) FILTER (WHERE v > 2)": lambda rows: sum(v > 2 for v in values(rows)),
    "first_value(id)": lambda rows: rows[0][0] if rows else None,
    "last_value(v)": lambda rows: rows[-1][3] if rows else None,
    "nth_value(id, 2)": lambda rows: rows[1][0] if len(rows) > 1 else None,
    "bool_or(v > 4)": lambda rows: any(v > 4 for v in values(rows)) if values(rows) else None,
    "var_pop(v)": lambda rows: (
        sum((v - sum(values(rows)) / len(values(rows))) ** 2 for v in values(rows))
        / len(values(rows)) if values(rows) else None),
}


def ranked(name, rows, at, measure):
    own = measure(rows[at])
    before = [row for row in rows[:at] if measure(row) != own]
    if name == "row_number()":
        return at + 1
    if name == "rank()":
        return len(before) + 1
    if name == "dense_rank()":
        return len({measure(row) for row in before}) + 1
    if name == "ntile(3)":
        small, large = divmod(len(rows), 3)
        return at // (small + 1) + 1 if at < large * (small + 1) \
            else large + (at - large * (small + 1)) // small + 1
    if name == "cume_dist()":
        return (len(before) + sum(measure(row) == own for row in rows)) / len(rows)
    return len(before) / (len(rows) - 1) if len(rows) > 1 else 0


def moved(rows, at, distance, otherwise=None):
    place = at + distance
    return rows[place][3] if 0 <= place < len(rows) else otherwise


MOVES = {"lag(v)": (-1,), "lag(v, 2, -1)": (-2, -1), "lead(v)": (1,), "lead(v, 3, v)": (3, "own"),
         "lag(v, 0)": (0,)}
RANKS = ["row_number()", "rank()", "dense_rank()", "ntile(3)", "cume_dist()", "percent_rank()"]


def on_time(rows, delay):
    """Rows that are not behind the watermark when they come."""
    kept, highest = [], None
    for row in rows:
        if highest is None or row[1] >= highest - delay:
            kept.append(row)
        highest = row[1] if highest is None else max(highest, row[1])
    return kept


def random_changes(rng, rows):
    """What makes other rows of these, as (op, row); and the rows that stand at the end."""
    changes, standing = [], []
    for row in rows:
        changes.append(("+I", row))
        standing.append(row)
        while standing and rng.random() < 0.4:
            old = standing.pop(rng.randrange(len(standing)))
            # A row that is there twice does not change: nothing in the order would tell the two apart.
            if rng.random() < 0.4 or old in standing:
                changes.append(("-D", old))
                continue
            new = rng.choice([(old[0], old[1], old[2], rng.choice([None, 0, 1, 4, 9])),
                              (old[0], old[1] + rng.choice([-2, 0, 3]), rng.choice("abc"), old[3]),
                              old])
            changes += [("-U", old), ("+U", new)]
            standing.append(new)
            if rng.random() < 0.1:  # The same row twice.
                changes.append(("+I", new))
                standing.append(new)
    return changes, standing


def case(rng, table):
    """(script over the table, changes of its rows, rows of id and answers)"""
    rows = random_rows(rng)
    changes = [("+I", row) for row in rows]
    changing = rng.random() < 0.5
    if changing:
        changes, rows = random_changes(rng, rows)
    by_time = rng.random() < 0.7
    delay = rng.choice([0, 2, 10, 100])
    keyed = rng.random() < 0.8
    calls, answers = [], []
    order, measured = "ts", "time"
    if not by_time:
        order, measured = rng.choice([("v, id", None), ("v", "value"), ("v DESC", "value"),
                                      ("ts", "time")])
    descending = order.endswith("DESC")
    counted = on_time(rows, delay) if by_time and not changing else rows

    def place(row):
        null, value = row[3] is None, row[3] or 0
        rest = (row[0], row[1], null, value)  # What tells rows apart that are equal in the order.
        if order == "ts":
            return (row[1], *rest)
        return (not null, -value, *rest) if descending else (null, value, *rest)

    def measure(row):
        if order == "ts":
            return row[1]
        if order == "v, id":
            return place(row)[:3]
        return row[3] if row[3] is None or not descending else -row[3]

    partition = "PARTITION BY k " if keyed else ""
    for number in range(rng.choice([1, 1, 3])):
        kind = rng.choice(["aggregate", "aggregate", "rank", "move"])
        frame = None
        if kind == "aggregate":
            name = rng.choice(list(AGGREGATES))
            frame = random_frame(rng, measured)
            while frame is not None and measured is None and frame[1] == "RANGE" and \
                    any(abs(place) not in (0, UNBOUNDED) for place in frame[2:]):
                frame = random_frame(rng, measured)
            answer = lambda ordered, at, name=name, frame=frame: \
                AGGREGATES[name](framed(ordered, at, frame, measure))
        elif kind == "rank":
            name = rng.choice(RANKS)
            answer = lambda ordered, at, name=name: ranked(name, ordered, at, measure)
        else:
            name = rng.choice(list(MOVES))
            answer = lambda ordered, at, name=name: moved(
                ordered, at, MOVES[name][0],
                ordered[at][3] if MOVES[name][1:] == ("own",) else (MOVES[name][1:] or (None,))[0])
        over = f"OVER ({partition}ORDER BY {order} {frame[0] if frame else ''})"
        call, _, condition = name.partition(" FILTER")
        calls.append(f"{call}{' FILTER' + condition if condition else ''} {over} AS c{number}")
        answers.append(answer)
    expected = []
    for key in set(row[2] for row in counted) if keyed else [None]:
        ordered = sorted((row for row in counted if key in (None, row[2])), key=place)
        for at, row in enumerate(ordered):
            expected.append([row[0]] + [answer(ordered, at) for answer in answers])
    watermark = f", WATERMARK FOR ts AS ts - INTERVAL '{delay} seconds'" if by_time else ""
    mode = ", mode = 'changelog'" if changing else ""
    script = (f"CREATE TABLE {table} (id BIGINT, ts TIMESTAMP, k TEXT, v BIGINT{watermark}) WITH ("
              f"connector = 'file', path = '{table}.jsonl', format = 'json', timestamp_unit = 's', "
              f"block_bytes = '{rng.choice([64, 4096])}'{mode});\n"
              f"SELECT id, {', '.join(calls)} FROM {table}{rng.choice(['', ' EMIT CHANGES'])};")
    return script, changes, expected


def as_line(op, row):
    return json.dumps({"op": op, "id": row[0], "ts": row[1], "k": row[2], "v": row[3]}) + "\n"


def counted_rows(rows):
    def plain(value):
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return float(round(value, 6)) if number else value

    return collections.Counter(json.dumps([plain(each) for each in row]) for row in rows)


def applied(lines):
    """The rows that stand when changes are applied; those that take back what is not there apart."""
    standing, wrong = collections.Counter(), []
    for line in lines:
        row = json.loads(line)
        op = row.pop("op", "+I")
        text = next(iter(counted_rows([list(row.values())])))
        standing[text] += 1 if op[0] == "+" else -1
        if standing[text] < 0:
            wrong.append(line)
    return +standing, wrong


def answers_of(output, cases):
    """The lines of each case's answer, which a line with its number follows."""
    answers, lines = [], []
    for line in output.splitlines():
        if '"behind_case"' in line:
            answers.append(lines)
            lines = []
        else:
            lines.append(line)
    return answers if len(answers) == cases and not lines else None


def run_together(seeds):
    """Runs many cases in one process."""
    files, scripts, expected = {}, [], []
    for seed in seeds:
        script, changes, rows = case(random.Random(seed), f"t{seed}")
        files[f"t{seed}_jsonl"] = "".join(as_line(*change) for change in changes)
        scripts.append(f"{script}\nSELECT {seed} AS behind_case;\n")
        expected.append(counted_rows(rows))
    rng = random.Random(seeds[0])
    ran = run("-q", "-c", "".join(scripts), "--format", "jsonl",
              "--workers", str(rng.choice([1, 2, 4])),
              "--set", f"batch_rows={rng.choice([1, 7, 4096])}", cwd=folder(**files))
    answers = answers_of(ran.out, len(seeds))
    if ran.code != 0 or ran.err != "" or answers is None:
        check(f"seeds {seeds[0]} to {seeds[-1]}", (0, ""), (ran.code, ran.err))
        return
    for seed, script, lines, wanted in zip(seeds, scripts, answers, expected):
        standing, wrong = applied(lines)
        wrong += [*(wanted - standing), *(standing - wanted)][:4]
        check(f"seed {seed}: {script}", [], wrong)


def main():
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else CASES
    for seed in range(first, first + cases, TOGETHER):
        run_together(range(seed, min(seed + TOGETHER, first + cases)))
    close()


main()
