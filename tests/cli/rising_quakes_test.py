#!/usr/bin/env python3
"""The rising earthquakes of examples/, found by going on from each earthquake as far as they rise."""
import datetime
import json

from program import DATA, check, close, run

LONGEST_MS = 6 * 60 * 60 * 1000
quakes = [json.loads(line) for line in (DATA / "quakes.jsonl").read_text().splitlines()]
by_net = {}
for quake in sorted(quakes, key=lambda quake: quake["time"]):
    by_net.setdefault(quake["net"], []).append(quake)


def last_of(own, first):
    """Where what rises from `first` on ends, with a strong one behind two others; None where it does not."""
    last = None
    for at in range(first + 1, len(own)):
        before, quake = own[at - 1], own[at]
        if (None in (before["mag"], quake["mag"]) or quake["mag"] <= before["mag"]
                or quake["time"] - own[first]["time"] >= LONGEST_MS):
            break
        if quake["mag"] >= 4.5 and at >= first + 2:
            last = at
    return last


def length_of(text):
    hours, minutes, seconds = text.split(":")
    return datetime.timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))


expected = []
for net, own in by_net.items():
    first = 0
    while first < len(own):
        last = last_of(own, first)
        if last is not None:
            lasted = datetime.timedelta(milliseconds=own[last]["time"] - own[first]["time"])
            expected.append((own[first]["time"], net, lasted, last - first + 1, own[first]["mag"],
                             own[last]["mag"], own[last]["place"]))
        first = first + 1 if last is None else last + 1
expected.sort(key=lambda match: match[:2])
check("there are some", True, len(expected) > 10)
for workers in "1", "4":
    ran = run("-f", "rising_quakes.sql", "--format", "jsonl", "--workers", workers, cwd=DATA.parent)
    rows = [json.loads(line) for line in ran.out.splitlines()]
    check(f"with {workers} workers", [match[1:] for match in expected], [
        (row["net"], length_of(row["lasted"]), row["quakes"], row["weakest"], row["strongest"],
         row["place"]) for row in rows])
close()
