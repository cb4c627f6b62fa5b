#!/usr/bin/env python3
"""The aftershocks of examples/ against every earthquake compared with every other."""
import datetime
import json

from program import DATA, check, close, run

DAY_MS = 24 * 60 * 60 * 1000
quakes = [json.loads(line) for line in (DATA / "quakes.jsonl").read_text().splitlines()]


def is_aftershock(main, quake):
    return (main["mag"] is not None and main["mag"] >= 5 and main["id"] != quake["id"]
            and 0 <= quake["time"] - main["time"] <= DAY_MS
            and abs(quake["lat"] - main["lat"]) <= 1 and abs(quake["lon"] - main["lon"]) <= 1)


def row_of(main, quake):
    return (main["mag"], main["place"], datetime.timedelta(milliseconds=quake["time"] - main["time"]),
            quake["mag"])


def length_of(text):
    hours, minutes, seconds = text.split(":")
    return datetime.timedelta(hours=int(hours), minutes=int(minutes), seconds=float(seconds))


expected = [row_of(main, quake) for main in sorted(quakes, key=lambda quake: quake["time"])
            for quake in sorted(quakes, key=lambda quake: quake["time"])
            if is_aftershock(main, quake)]
check("there are some", True, len(expected) > 20)
for workers in "1", "4":
    ran = run("-f", "aftershocks.sql", "--format", "jsonl", "--workers", workers, cwd=DATA.parent)
    rows = [json.loads(line) for line in ran.out.splitlines()]
    check(f"with {workers} workers", expected, [
        (row["mag"], row["place"], length_of(row["later"]), row["next_mag"]) for row in rows])
close()
