"""What some queries of the catalogue give, counted from the rows of the input by themselves."""
import base64
import collections
import csv
import datetime
import json

MICROS = 1_000_000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def micros(text):
    return (datetime.datetime.fromisoformat(text) - EPOCH) // datetime.timedelta(microseconds=1)


def stamp(time):
    return (EPOCH + datetime.timedelta(microseconds=time)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Input:
    """The rows of a round, each with the watermark that stands before it in its partition."""

    def __init__(self, folder, delay):
        self.delay = delay * MICROS
        self.events, self.dead = [], []
        for path in sorted(folder.glob("*.jsonl")):
            lines = path.read_text(encoding="utf-8").splitlines()
            self.events += self.stamped(json.loads(line) for line in lines if line.endswith("}"))
            self.dead += [line for line in lines if not line.endswith("}")]
        with open(folder / "others.csv", encoding="utf-8") as file:
            self.others = list(self.stamped({**row, "v": int(row["v"]) if row["v"] else None}
                                            for row in csv.DictReader(file)))

    def stamped(self, rows):
        watermark = None
        for row in rows:
            time = micros(row["ts"])
            yield {**row, "ts": time, "watermark": watermark}
            watermark = max(time - self.delay, watermark or 0)


def in_windows(rows, slide, size):
    """Each row that is not late, with the begin of each window that it is in."""
    slide, size = slide * MICROS, size * MICROS
    for row in rows:
        begin = row["ts"] // slide * slide
        while begin + size > row["ts"]:
            if row["watermark"] is None or begin + size > row["watermark"]:
                yield stamp(begin), row
            begin -= slide


def grouped(pairs):
    groups = collections.defaultdict(list)
    for key, row in pairs:
        groups[key].append(row)
    return groups.items()


def values(rows):
    return [row["v"] for row in rows if row["v"] is not None]


def of_values(function, rows):
    return function(values(rows)) if values(rows) else None


def whole(number):
    """JSON of ours has no .0."""
    return int(number) if number == int(number) else number


def filtered(given):
    return [{"id": row["id"], "k": row["k"], "y": row["v"] * 2} for row in given.events
            if row["v"] is not None and row["v"] > 10]


def tumble(given):
    return [{"s": s, "k": k, "n": len(rows), "t": of_values(sum, rows), "m": of_values(max, rows)}
            for (s, k), rows in grouped(((s, row["k"]), row)
                                        for s, row in in_windows(given.events, 10, 10))]


def hop(given):
    return [{"s": s, "k": k, "n": len(rows), "a": of_values(min, rows), "b": of_values(max, rows)}
            for (s, k), rows in grouped(((s, row["k"]), row)
                                        for s, row in in_windows(given.events, 3, 10))]


def both(given):
    of_both = [*given.events, *(row for row in given.others
                                if row["v"] is not None and row["v"] > 5)]
    return [{"s": s, "k": k, "n": len(rows), "t": of_values(sum, rows)}
            for (s, k), rows in grouped(((s, row["k"]), row)
                                        for s, row in in_windows(of_both, 10, 10))]


def others(given):
    return [{"s": s, "n": len(rows), "d": len({row["k"] for row in rows})}
            for s, rows in grouped(in_windows(given.others, 4, 12))]


def group(given):
    return [{"k": k, "n": len(rows), "t": of_values(sum, rows), "m": of_values(max, rows),
             "d": len({v % 7 for v in values(rows)}), "x": whole(sum(row["x"] for row in rows))}
            for k, rows in grouped((row["k"], row) for row in given.events)]


def newest(given):
    return [{name: row[name] for name in ("k", "n", "t", "m")} for row in group(given)]


def group_both(given):
    return [{"k": k, "n": len(rows)}
            for k, rows in grouped((row["k"], row) for row in [*given.events, *given.others])]


def total(given):
    return [{"n": len(given.events), "t": of_values(sum, given.events)}]


def dead(given):
    return [{"code": "malformed", "payload": base64.b64encode(line.encode()).decode()}
            for line in given.dead]


KNOWN = {"filter": filtered, "tumble": tumble, "hop": hop, "both": both, "others": others,
         "group": group, "newest": newest, "group_both": group_both, "total": total, "dead": dead}


def rows(given, sink):
    """As Sink.rows() has them; None where nothing is known of the query."""
    if sink.csv or sink.name not in KNOWN:
        return None
    counted = KNOWN[sink.name](given)
    if sink.changes:
        return collections.Counter(json.dumps(row, sort_keys=True) for row in counted)
    return collections.Counter(json.dumps(row, separators=(",", ":")) for row in counted)
