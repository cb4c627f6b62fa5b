#!/usr/bin/env python3
"""The demos: quakes shows windows and late rows as they come and ends by itself; orders does not."""
import datetime
import json
import re
import time

from program import DATA, Running, check, close, has

SIX_HOURS = 6 * 3600 * 1000
DAY = 24 * 3600 * 1000


def shown_time(millis):
    at = datetime.datetime.fromtimestamp(millis / 1000, datetime.timezone.utc)
    return at.strftime("%Y-%m-%d %H:%M:%S")


def windows_by_hand():
    """Windows of six hours, late rows, and the windows that strong ones missed, as a loop over the
    reports in their order finds them."""
    windows, late, strong, highest = {}, 0, [], None
    for line in (DATA / "quakes.jsonl").read_text().splitlines():
        quake = json.loads(line)
        start = quake["time"] - quake["time"] % SIX_HOURS
        if highest is not None and start + SIX_HOURS <= highest - DAY:
            late += 1
            if quake["mag"] is not None and quake["mag"] >= 3:
                strong.append((shown_time(start), quake["mag"]))
        else:
            windows.setdefault(start, []).append(quake["mag"])
        highest = quake["time"] if highest is None else max(highest, quake["time"])
    rows = [(shown_time(start), len(magnitudes), max(m for m in magnitudes if m is not None))
            for start, magnitudes in sorted(windows.items())]
    return rows, late, strong


started = time.monotonic()
quakes = Running("demo")
check("shows at once what it runs", True, quakes.wait_for("CREATE TABLE quakes", seconds=5))
check("a window comes", True, quakes.wait_for("2018-01-31", seconds=10))
check("long before the end", lambda seconds: seconds < 6, time.monotonic() - started)
ended = quakes.end(seconds=40)
seconds = time.monotonic() - started
check("ends by itself in about ten seconds", lambda seconds: 9 < seconds < 20, seconds)
expected, late, strong = windows_by_hand()
TIME = r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"
rows = [(at, int(n), float(top)) for at, n, top in re.findall(
    TIME + r" +(\d+) +([\d.]+)$", ended.out, re.MULTILINE)]
check("all windows", expected, rows)
missed = [(at, float(mag)) for at, mag in re.findall(
    TIME + r" +([\d.]+)  .*\d\d:\d\d:\d\d.*  ", ended.out, re.MULTILINE)]
check("strong ones that came late", sorted(strong), sorted(missed))
check("status, and one line at the end", (0, True), (ended.code, has(
    "in 1 707 · out ", f"late {late} · errors 0 · ")(ended.err)))

orders = Running("demo", "orders", "--quiet")
check("orders come", True, orders.wait_for("ten_seconds"))
check("and windows of them", True, orders.wait_for(":10 ", seconds=25) or b":" in orders.out)
orders.interrupt()
ended = orders.end()
check("until Ctrl-C", (0, ""), (ended.code, ended.err))

gone = Running("demo")
gone.wait_for("CREATE TABLE")
gone.process.stdout.close()
check("a reader that goes away", 0, gone.process.wait(20))
close()
