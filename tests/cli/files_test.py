#!/usr/bin/env python3
"""Files that are written: whole or not at all, where links lead to, with what every INSERT gave."""
import os
import pathlib
import signal
import stat
import subprocess
import time

from program import PLAIN_ENV, THALWEG, Running, check, close, folder, has, run

place = folder(in_jsonl='{"a":1}\n{"a":2}\n', real_csv="old\n")


def sink(path, rows, fmt="csv"):
    return (f"CREATE SINK o (a INT) WITH (connector = 'file', path = '{path}', format = '{fmt}');"
            f"INSERT INTO o VALUES {rows};")


def text(name):
    return (place / name).read_text(encoding="utf-8")


os.symlink("real.csv", place / "link.csv")
os.chmod(place / "real.csv", 0o600)
check("through a link", 0, run("-c", sink("link.csv", "(1)"), cwd=place).code)
check("the link is still one", True, (place / "link.csv").is_symlink())
check("where it leads to", "a\n1\n", text("real.csv"))
check("the mode is kept", 0o600, stat.S_IMODE((place / "real.csv").stat().st_mode))

with open(place / "out.csv", "w", encoding="utf-8") as out:
    out.write("before\n")
    out.flush()
    subprocess.run([THALWEG, "-c", sink("/dev/stdout", "(1)")], stdout=out, check=True,
                   env=PLAIN_ENV)
check("/dev/stdout that is a file", "before\na\n1\n", text("out.csv"))
check("/dev/stdout is as it was", True, pathlib.Path("/dev/stdout").is_symlink())

BOTH = sink("two.csv", "(1), (2)") + "INSERT INTO o VALUES (3);"
check("two INSERTs", 0, run("-c", BOTH, cwd=place).code)
check("two INSERTs: the rows of both", ["1", "2", "3", "a"], sorted(text("two.csv").split()))
check("two INSERTs: header first", True, text("two.csv").startswith("a\n"))
check("an answer between them", 0, run("-c", sink("two.csv", "(1)") + "SELECT count(*) FROM 'two.csv';"
                                      "INSERT INTO o VALUES (2);", cwd=place).code)
check("an answer between them: both", "a\n1\n2\n", text("two.csv"))
run("-c", sink("two.csv", "(4)"), cwd=place)
check("another run replaces", "a\n4\n", text("two.csv"))
check("two sinks of one file", 0, run("-c", sink("two.csv", "(1)") + sink("./two.csv", "(2)").replace(
    " o ", " p "), cwd=place).code)
check("two sinks of one file: the rows of both", ["1", "2", "a"], sorted(text("two.csv").split()))
other = run("-c", sink("two.csv", "(1)") + sink("two.csv", "(2)", "json").replace(" o ", " p "),
            cwd=place)
check("in two formats", has("two sinks write two.csv in different formats, columns or part_bytes"), other.err)
check("in two formats: refused", True, other.code != 0)
check("in two formats: nothing is written", ["1", "2", "a"], sorted(text("two.csv").split()))

check("a pattern is refused", (78, True), (lambda ran: (ran.code, has(
    "path 'x*.csv' is a pattern, which can only be read", "^^^^^^")(ran.err)))(
        run("-c", sink("x*.csv", "(1)"), cwd=place)))

# Killed while it writes.
ENDLESS = ("CREATE TABLE bids WITH (connector = 'nexmark', type = 'bid');"
           "CREATE SINK o (a BIGINT) WITH (connector = 'file', path = 'killed.csv', format = 'csv');"
           "INSERT INTO o SELECT price FROM bids;")
killed = Running("-c", ENDLESS, cwd=place)
for _ in range(600):
    if list(place.glob("killed.csv.*.part")):
        break
    time.sleep(0.05)
killed.process.send_signal(signal.SIGKILL)
killed.process.wait(10)
check("what a killed run leaves", 1, len(list(place.glob("killed.csv*"))))
check("the next run", 0, run("-c", sink("killed.csv", "(1)"), cwd=place).code)
check("removes it", ["killed.csv"], [found.name for found in place.glob("killed.csv*")])
close()
