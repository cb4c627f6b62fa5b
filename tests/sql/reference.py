"""Row-by-row computations of what no other engine computes: event time with late rows.

They apply the rule of docs/reference/time.md literally and know nothing of the engine. An oracle
section names a function and its arguments: `oracle python tumble file=x.jsonl time=ts size=10s ...`.
"""
import csv
import dataclasses
import datetime
import json
import operator
import zoneinfo

MICROS = {"us": 1, "ms": 1000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000,
          "d": 86_400_000_000}
EPOCH = datetime.datetime(1970, 1, 1)
MICRO = datetime.timedelta(microseconds=1)


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

    def __init__(self, delay, lateness=0):
        self.delay = delay
        self.lateness = lateness
        self.watermark = None

    def is_late_for(self, window_end):
        return self.watermark is not None and self.late_by(window_end) >= 0

    def late_by(self, window_end):
        return self.watermark - window_end - self.lateness

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


def tumble(folder, file, time, size, columns, **more):
    """TUMBLE: see windows()."""
    return windows(folder, file, time, columns, tumbling(micros(size), shift_of(more)), **more)


def hop(folder, file, time, slide, size, columns, **more):
    """HOP: see windows()."""
    windows_of = hopping(micros(slide), micros(size), shift_of(more))
    return windows(folder, file, time, columns, windows_of, **more)


def cumulate(folder, file, time, step, size, columns, **more):
    """CUMULATE: see windows()."""
    windows_of = cumulating(micros(step), micros(size), shift_of(more))
    return windows(folder, file, time, columns, windows_of, **more)


def shift_of(more):
    return micros(more.pop("offset", "0s"))


def tumbling(length, shift):
    def windows_of(at):
        start = at - (at - shift) % length
        return [(start, start + length)]
    return windows_of


def hopping(slide, length, shift):
    """Every window that holds the time, looked for one by one."""
    def windows_of(at):
        first = (at - length - shift) // slide
        starts = (shift + k * slide for k in range(first, (at - shift) // slide + 1))
        return [(start, start + length) for start in starts if start <= at < start + length]
    return windows_of


def cumulating(step, length, shift):
    """Windows of one start that end after each step, and after the size."""
    def windows_of(at):
        start = at - (at - shift) % length
        ends = [*range(start + step, start + length, step), start + length]
        return [(start, end) for end in ends if at < end]
    return windows_of


def span(text):
    """`1mo`, `2d`, `1mo+3d-6h`: months, days and microseconds."""
    months = days = rest = 0
    for part in text.replace("-", "+-").lstrip("+").split("+"):
        if part.endswith("mo"):
            months += int(part[:-2])
        elif part.endswith("d"):
            days += int(part[:-1])
        else:
            rest += micros(part)
    return months, days, rest


def calendar(folder, file, time, size, columns, zone="UTC", slide="", step="", offset="0d", **more):
    """TUMBLE by the calendar of a time zone; HOP with a slide, CUMULATE with a step.

    Looks at each window that begins in the years about a time.
    """
    zone = zoneinfo.ZoneInfo(zone)
    utc = datetime.timezone.utc
    size, step, offset = span(size), span(step or "0d"), span(offset)
    unit = span(slide) if slide else size

    def instant(local):
        # Times that come twice are the second, those that are left out go by the clock before.
        both = [local.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
        return max((each.astimezone(utc).replace(tzinfo=None) - EPOCH) // MICRO for each in both)

    def point(number, way, times):
        """So many times `way` from the start of a window."""
        months = number * unit[0] + offset[0] + times * way[0]
        date = datetime.datetime(1970 + months // 12, months % 12 + 1, 1)
        date += datetime.timedelta(days=number * unit[1] + offset[1] + times * way[1])
        return instant(date + offset[2] * MICRO) + times * way[2]

    def all_windows(at):
        year = (EPOCH + at * MICRO).year
        length = unit[0] * 30 + unit[1]
        for number in range((year - 1973) * 365 // length, (year - 1968) * 366 // length):
            start, end = point(number, size, 0), point(number + 1, size, 0)
            if slide:
                yield start, point(number, size, 1)
                continue
            times = 1
            while step != (0, 0, 0) and start <= at < end and point(number, step, times) < end:
                yield start, point(number, step, times)
                times += 1
            yield start, end

    def windows_of(at):
        return [(start, end) for start, end in all_windows(at) if start <= at < end]
    return windows(folder, file, time, columns, windows_of, **more)


def windows(folder, file, time, columns, windows_of, delay="0s", lateness="0s", key="", where="",
            late=""):
    """Windows over one or more files (`+` between), each a partition.

    `columns` are in the order of the query's: window_start, window_end, the key's name, or
    NAME=KIND:COLUMN with the kinds of aggregate(). `where` is NAME=VALUE, applied before judging.
    With `late` the rows that were late, once for each window they missed: `columns` are then names
    of the source, window_start, window_end and late_by.
    """
    groups, rejected, missed = {}, {}, []
    for name in file.split("+"):
        partition = Partition(micros(delay), micros(lateness))
        for row in read_rows(folder / name):
            at = time_of(row.get(time))
            if at is None:
                rejected["null_time"] = rejected.get("null_time", 0) + 1
                continue
            column, _, value = where.partition("=")
            if not where or str(row.get(column)) == value:
                mine = windows_of(at)
                for window in mine:
                    if partition.is_late_for(window[1]):
                        missed.append((row, window, partition.late_by(window[1])))
                    else:
                        groups.setdefault((*window, row.get(key)), []).append((at, row))
                if mine and all(partition.is_late_for(end) for _, end in mine):
                    rejected["late"] = rejected.get("late", 0) + 1
            partition.advance(at)
    if late:
        names = columns.split(",")
        return Answer(names, [late_row(names, time, *each) for each in missed], rejected)
    specs = [spec.partition("=") for spec in columns.split(",")]
    rows = [window_row(specs, start, end, group, [row for _, row in stable_by_time(members)])
            for (start, end, group), members in groups.items()]
    return Answer([name for name, _, _ in specs], rows, rejected)


def late_row(names, time, row, window, late_by):
    cells = []
    for name in names:
        if name in ("window_start", "window_end"):
            bound = window[name == "window_end"]
            cells.append(None if bound is None else time_text(bound))
        elif name == "late_by":
            cells.append(interval_text(late_by))
        elif name == time:
            cells.append(time_text(time_of(row[name])))
        else:
            cells.append(None if row.get(name) is None else str(row[name]))
    return cells


def interval_text(length):
    days, rest = divmod(length, MICROS["d"])
    seconds, fraction = divmod(rest, MICROS["s"])
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    text += f".{fraction:06}".rstrip("0") if fraction else ""
    named = f"{days} day" + ("s" if days != 1 else "") if days else ""
    return named + (" " if days and rest else "") + (text if rest or not days else "")


def stable_by_time(members):
    return sorted(members, key=lambda member: member[0])


def window_row(specs, start, end, group, rows):
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
            row.append(group if group is None else str(group))
    return row


def judged_rows(folder, file, time, delay, rejected, lateness="0s", missed=None):
    """(time, partition, place, row) of the rows that an ordering operator takes, of one or more files
    (`+` between): a row is late when it is older than its partition's watermark before it by more
    than the lateness. Late ones go to `missed`, with how late they are."""
    taken = []
    for number, name in enumerate(file.split("+")):
        partition = Partition(micros(delay), micros(lateness))
        for place, row in enumerate(read_rows(folder / name)):
            at = time_of(row.get(time))
            if at is None:
                rejected["null_time"] = rejected.get("null_time", 0) + 1
                continue
            if partition.watermark is not None and partition.late_by(at) > 0:
                rejected["late"] = rejected.get("late", 0) + 1
                if missed is not None:
                    missed.append((row, (None, None), partition.late_by(at)))
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
            before="", lateness="0s", late=""):
    """Sessions of the rows with equal `partition` columns (`+` between), then grouped by `key`
    columns, which are the partition's unless given. `where` is applied to the rows of sessions that
    are found already, `before` to the rows they are found from.

    `columns` as in tumble(); with key=* one row for each row of a session, whose columns are named;
    with `late` the late rows, as in windows().
    """
    rejected, missed = {}, []
    length = micros(gap)
    keyed = {}
    for member in judged_rows(folder, file, time, delay, rejected, lateness, missed):
        if matches(member[3], before):
            keyed.setdefault(key_of(member[3], partition), []).append(member)
    if late:
        names = columns.split(",")
        return Answer(names, [late_row(names, time, *each) for each in missed], rejected)
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


def interval_join(folder, left, right, time, columns, on="", kind="inner", lower="", upper="",
                  delay="0s", less=""):
    """Every row of one file against every row of the other: the columns of `on` (`+` between) equal
    and not NULL, right time - left time from `lower` to `upper` (empty: no bound), and with
    `less=COLUMN` the left row's less than the right one's. Late rows of either file count for nothing.

    `columns` is a comma-separated list of NAME=l.COLUMN and NAME=r.COLUMN, or NAME=time: the later of
    the two times.
    """
    rejected = {}
    sides = [judged_rows(folder, file, time, delay, rejected) for file in (left, right)]

    def is_pair(one, other):
        apart = other[0] - one[0]
        keys = [key_of(member[3], on) for member in (one, other)]
        near = (not lower or apart >= micros(lower)) and (not upper or apart <= micros(upper))
        values = [member[3].get(less) for member in (one, other)] if less else [0, 1]
        return (near and None not in keys[0] and keys[0] == keys[1] and None not in values
                and values[0] < values[1])

    pairs = joined(sides, is_pair, kind)
    specs = [spec.partition("=") for spec in columns.split(",")]
    return Answer([name for name, _, _ in specs],
                  [[joined_cell(pair, time, spec) for _, _, spec in specs] for pair in pairs],
                  rejected)


def as_of_join(folder, left, right, time, columns, on, kind="inner", sign="<=", by="0s",
               delay="0s"):
    """Every row of one file with the one of the other whose columns of `on` (`+` between) are equal and
    not NULL, and whose time is nearest to the left row's plus `by`, on the side that `sign` says:
    right time `<=` (`<`, `>=`, `>`) left time. Of right rows of one time the last by partition and
    place counts. Late rows of either file count for nothing. `columns` as in interval_join().
    """
    rejected = {}
    sides = [judged_rows(folder, file, time, delay, rejected) for file in (left, right)]
    fits = {"<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt}[sign]
    back = sign[0] == "<"
    pairs = []
    for one in sides[0]:
        key = key_of(one[3], on)
        found = [other for other in sides[1] if None not in key and key == key_of(other[3], on)
                 and fits(other[0], one[0] + micros(by))]
        if found:
            pairs.append((one, max(found, key=lambda other: (other[0] if back else -other[0],
                                                             other[1], other[2]))))
        elif kind == "left":
            pairs.append((one, None))
    specs = [spec.partition("=") for spec in columns.split(",")]
    return Answer([name for name, _, _ in specs],
                  [[joined_cell(pair, time, spec) for _, _, spec in specs] for pair in pairs],
                  rejected)


def window_join(folder, left, right, time, columns, size="", slide="", step="", gap="", on="",
                kind="inner", delay="0s", less="", offset="0s"):
    """Every row of one file in each of its windows against every row of the other: equal windows, and
    the columns of `on` (`+` between) equal and not NULL. TUMBLE by `size`, HOP with a `slide`, CUMULATE
    with a `step`, SESSION by `gap` of the columns of `on`; with `less` as in interval_join(). Late rows
    of either file count for nothing, in each window that they are late for.

    `columns` is a comma-separated list of NAME=l.COLUMN and NAME=r.COLUMN, of which window_start,
    window_end and window_time are the window's, or NAME=time: the later of the two times.
    """
    rejected = {}
    shift = micros(offset)
    if gap:
        sides = [in_sessions(folder, file, time, micros(gap), on, delay, rejected)
                 for file in (left, right)]
    else:
        windows_of = (hopping(micros(slide), micros(size), shift) if slide
                      else cumulating(micros(step), micros(size), shift) if step
                      else tumbling(micros(size), shift))
        sides = [in_windows(folder, file, time, windows_of, delay, rejected)
                 for file in (left, right)]

    def is_pair(one, other):
        keys = [key_of(member[3], on) for member in (one, other)]
        values = [member[3].get(less) for member in (one, other)] if less else [0, 1]
        return (one[1] == other[1] and None not in keys[0] and keys[0] == keys[1]
                and None not in values and values[0] < values[1])

    specs = [spec.partition("=") for spec in columns.split(",")]
    return Answer([name for name, _, _ in specs],
                  [[joined_cell(pair, time, spec) for _, _, spec in specs]
                   for pair in joined(sides, is_pair, kind)], rejected)


def with_bounds(row, window):
    """The row with the columns that its window gives it."""
    start, end = window
    return {**row, "window_start": time_text(start), "window_end": time_text(end),
            "window_time": time_text(end - 1)}


def in_windows(folder, file, time, windows_of, delay, rejected):
    """(event time, window, place, row) of each window of each row that is not late for it."""
    members = []
    partition = Partition(micros(delay))
    for place, row in enumerate(read_rows(folder / file)):
        at = time_of(row.get(time))
        mine = windows_of(at)
        in_time = [window for window in mine if not partition.is_late_for(window[1])]
        members += [(window[1] - 1, window, place, with_bounds(row, window)) for window in in_time]
        if mine and not in_time:
            rejected["late"] = rejected.get("late", 0) + 1
        partition.advance(at)
    return members


def in_sessions(folder, file, time, gap, partition, delay, rejected):
    members, keyed = [], {}
    for member in judged_rows(folder, file, time, delay, rejected):
        keyed.setdefault(key_of(member[3], partition), []).append(member)
    for rows in keyed.values():
        for run in split_sessions(rows, gap):
            window = (run[0][0], run[-1][0] + gap)
            members += [(window[1] - 1, window, member[2], with_bounds(member[3], window))
                        for member in run]
    return members


def joined(sides, is_pair, kind):
    """Pairs of members; None where there is no partner."""
    pairs = [(one, other) for one in sides[0] for other in sides[1] if is_pair(one, other)]
    matched = [{id(pair[side]) for pair in pairs} for side in (0, 1)]
    alone = [[member for member in sides[side] if id(member) not in matched[side]]
             for side in (0, 1)]
    if kind == "semi":
        pairs = [(member, None) for member in sides[0] if id(member) in matched[0]]
    elif kind == "anti":
        pairs = [(member, None) for member in alone[0]]
    pairs += [(member, None) for member in alone[0] if kind in ("left", "full")]
    pairs += [(None, member) for member in alone[1] if kind in ("right", "full")]
    return pairs


def joined_cell(pair, time, spec):
    if spec == "time":
        return time_text(max(member[0] for member in pair if member))
    side, _, column = spec.partition(".")
    member = pair["lr".index(side)]
    if member is None or member[3].get(column) is None:
        return None
    return time_text(time_of(member[3][time])) if column == time else str(member[3][column])
