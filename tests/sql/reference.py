"""Row-by-row computations of what no other engine computes: event time with late rows.

They apply the rule of docs/reference/time.md literally and know nothing of the engine. An oracle
section names a function and its arguments: `oracle python tumble file=x.jsonl time=ts size=10s ...`.
"""
import csv
import dataclasses
import datetime
import json

MICROS = {"us": 1, "ms": 1000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000,
          "d": 86_400_000_000}
EPOCH = datetime.datetime(1970, 1, 1)


@dataclasses.dataclass
class Answer:
    """Rows as text (None: NULL) and the number of rejected rows by reason."""
    header: list
    rows: list
    rejected: dict


def micros(duration):
    """`10s`, `-5m`, `1h`: microseconds."""
    digits = duration.rstrip("abcdefghijklmnopqrstuvwxyz")
    return int(digits) * MICROS[duration[len(digits):]]


def time_of(value):
    """Microseconds since 1970 of a number of milliseconds or an ISO text; None for None."""
    if value is None or value == "":
        return None
    if isinstance(value, (int, float)):
        return int(value) * 1000
    moment = datetime.datetime.fromisoformat(value)
    return (moment - EPOCH) // datetime.timedelta(microseconds=1)


def time_text(at):
    text = str(EPOCH + datetime.timedelta(microseconds=at))
    return text.rstrip("0") if "." in text else text


def read_rows(path):
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            return list(csv.DictReader(file))
    return [json.loads(line) for line in path.read_text().splitlines() if line]


class Partition:
    """Judges the rows of one partition in their order: each against the watermark before it."""

    def __init__(self, delay):
        self.delay = delay
        self.watermark = None

    def is_late_for(self, window_end):
        return self.watermark is not None and window_end <= self.watermark

    def advance(self, at):
        bound = at - self.delay
        if self.watermark is None or bound > self.watermark:
            self.watermark = bound


def aggregate(kind, column, rows):
    values = [row.get(column) for row in rows if row.get(column) is not None]
    if kind == "count":
        return str(len(values) if column else len(rows))
    if kind == "distinct":
        return str(len(set(values)))
    if not values:
        return None
    # First and last by event time, then by place in the input: `rows` is sorted so.
    if kind in ("first", "last"):
        value = rows[0 if kind == "first" else -1].get(column)
    elif kind == "list":
        return "{" + ",".join(str(row.get(column)) for row in rows) + "}"
    else:
        value = {"sum": sum, "min": min, "max": max}[kind](values)
    return value if isinstance(value, str) else format(value, "g" if value != int(value) else ".0f")


def tumble(folder, file, time, size, columns, delay="0s", offset="0s", key="", where=""):
    """Windows over one or more files (`+` between), each a partition.

    `columns` are in the order of the query's: window_start, window_end, the key's name, or
    NAME=KIND:COLUMN with the kinds of aggregate(). `where` is NAME=VALUE, applied after judging.
    """
    length, shift = micros(size), micros(offset)
    windows, rejected = {}, {}
    for name in file.split("+"):
        partition = Partition(micros(delay))
        for row in read_rows(folder / name):
            at = time_of(row.get(time))
            if at is None:
                rejected["null_time"] = rejected.get("null_time", 0) + 1
                continue
            start = at - (at - shift) % length
            column, _, value = where.partition("=")
            if not where or str(row.get(column)) == value:
                if partition.is_late_for(start + length):
                    rejected["late"] = rejected.get("late", 0) + 1
                else:
                    windows.setdefault((start, row.get(key)), []).append((at, row))
            partition.advance(at)
    specs = [spec.partition("=") for spec in columns.split(",")]
    rows = [window_row(specs, start, length, group, [row for _, row in stable_by_time(members)])
            for (start, group), members in windows.items()]
    return Answer([name for name, _, _ in specs], rows, rejected)


def stable_by_time(members):
    return sorted(members, key=lambda member: member[0])


def window_row(specs, start, length, group, rows):
    fixed = {"window_start": time_text(start), "window_end": time_text(start + length),
             "window_time": time_text(start + length - 1)}
    row = []
    for name, _, spec in specs:
        if name in fixed:
            row.append(fixed[name])
        elif spec:
            kind, _, column = spec.partition(":")
            row.append(aggregate(kind, column, rows))
        else:
            row.append(group if group is None else str(group))
    return row


def judged_rows(folder, file, time, delay, rejected):
    """(time, partition, place, row) of the rows that an ordering operator takes, of one or more files
    (`+` between): a row is late when it is older than its partition's watermark before it."""
    taken = []
    for number, name in enumerate(file.split("+")):
        partition = Partition(micros(delay))
        for place, row in enumerate(read_rows(folder / name)):
            at = time_of(row.get(time))
            if at is None:
                rejected["null_time"] = rejected.get("null_time", 0) + 1
                continue
            if partition.watermark is not None and at < partition.watermark:
                rejected["late"] = rejected.get("late", 0) + 1
            else:
                taken.append((at, number, place, row))
            partition.advance(at)
    return sorted(taken, key=lambda member: member[:3])


def matches(row, where):
    """`where`: NAME=VALUE, or nothing."""
    column, _, value = where.partition("=")
    return not where or str(row.get(column)) == value


def key_of(row, names):
    return tuple(row.get(name) for name in names.split("+")) if names else ()


def split_sessions(members, gap):
    """Runs of (time, ..., row) in order of time, each at most `gap` after the one before it."""
    runs = []
    for member in members:
        if not runs or member[0] - runs[-1][-1][0] > gap:
            runs.append([])
        runs[-1].append(member)
    return runs


def session(folder, file, time, gap, columns, partition="", key=None, delay="0s", where="",
            before=""):
    """Sessions of the rows with equal `partition` columns (`+` between), then grouped by `key`
    columns, which are the partition's unless given. `where` is applied to the rows of sessions that
    are found already, `before` to the rows they are found from.

    `columns` as in tumble(); with key=* one row for each row of a session, whose columns are named.
    """
    rejected = {}
    length = micros(gap)
    keyed = {}
    for member in judged_rows(folder, file, time, delay, rejected):
        if matches(member[3], before):
            keyed.setdefault(key_of(member[3], partition), []).append(member)
    specs = [spec.partition("=") for spec in columns.split(",")]
    grouping = partition if key is None else key
    groups = {}
    for members in keyed.values():
        for run in split_sessions(members, length):
            bounds = (run[0][0], run[-1][0] + length)
            for member in run:
                if not matches(member[3], where):
                    continue
                name = member[:3] if key == "*" else key_of(member[3], grouping)
                groups.setdefault((bounds, name), []).append(member[3])
    rows = [ordering_row(specs, start, end, members)
            for ((start, end), _), members in groups.items()]
    return Answer([name for name, _, _ in specs], rows, rejected)


def ordering_row(specs, start, end, rows):
    fixed = {"window_start": time_text(start), "window_end": time_text(end),
             "window_time": time_text(end - 1)}
    row = []
    for name, _, spec in specs:
        if name in fixed:
            row.append(fixed[name])
        elif spec:
            kind, _, column = spec.partition(":")
            row.append(aggregate(kind, column, rows))
        else:
            value = rows[0].get(name)
            row.append(value if value is None else str(value))
    return row
