#!/usr/bin/env python3
"""Inputs without end, growing files, and Ctrl-C: once in order, twice at once. Without a terminal."""
import re
import signal
import time

from program import DATA, Running, check, close, folder, has, run

STOPPING = "stopping: finishing what has been read; Ctrl-C again stops now\n"
QUAKES = (DATA / "quakes.jsonl").read_text()
BIDS = ("CREATE TABLE bids (price BIGINT, \"dateTime\" TIMESTAMP, WATERMARK FOR \"dateTime\" AS "
        "\"dateTime\") WITH (connector = 'nexmark', type = 'bid', rate = 1000, live = true);")

query = Running("-c", "SELECT net, mag FROM stdin WHERE mag > 6")
query.write(QUAKES)
check("rows come while standard input is open", True, query.wait_for("us\t6.4\n"))
query.interrupt()
ended = query.end()
# Workers share the input: rows come in any order.
check("stopped in order", (0, ["net\tmag", "us\t6.1", "us\t6.1", "us\t6.4"], "\n" + STOPPING),
      (ended.code, sorted(ended.out.splitlines()), ended.err))

query = Running("-c", "SELECT count(*) AS n FROM stdin")
query.write(QUAKES)
check("the header comes", True, query.wait_for("n\n"))
query.interrupt()
ended = query.end()
check("what is held is told", (0, "n\n", True), (ended.code, ended.out, has(
    "no rows: ", " rows read from stdin, ", " went into ")(ended.err)))

query = Running("-c", "SELECT count(*) AS n FROM stdin WHERE mag > 100")
query.write(QUAKES)
check("the header comes", True, query.wait_for("n\n"))
query.interrupt()
ended = query.end()
check("a condition holds nothing", (0, True, False), (ended.code, has(
    "no rows: ", " rows read from stdin, ", " dropped by WHERE or HAVING")(ended.err),
    "went into" in ended.err))

query = Running("-c", "SELECT count(*) AS n FROM stdin")
check("nothing comes from an input that says nothing", False, query.wait_for("n", seconds=0.5))
query.interrupt()
ended = query.end(seconds=5)
check("stopped before the first row", (0, ""), (ended.code, ended.out))

pipeline = Running("-c", BIDS + "SELECT window_start, count(*) AS n FROM TUMBLE(bids, "
                   "\"dateTime\", INTERVAL '1 second') GROUP BY window_start, window_end")
check("windows close by themselves", True, pipeline.wait_for(":", seconds=30))
pipeline.interrupt(signal.SIGTERM)
check("SIGTERM stops in order too", 0, pipeline.end().code)

twice = Running("-c", BIDS + "SELECT price FROM bids")
check("rows come", True, twice.wait_for("price\n"))
twice.interrupt(signal.SIGTERM)
twice.interrupt(signal.SIGTERM)
check("one signal sent twice is one", 0, twice.end().code)

folders = folder(growing_jsonl='{"a":1}\n')
FOLLOW = ("CREATE TABLE g (a BIGINT) WITH (connector = 'file', path = 'growing.jsonl', "
          "format = 'json', follow = true); SELECT a FROM g WHERE a <> 2;")
follower = Running("-c", FOLLOW, cwd=folders)
check("a growing file: what is there", True, follower.wait_for("a\n1\n"))
with open(folders / "growing.jsonl", "a", encoding="utf-8") as growing:
    growing.write('{"a":2}\n{"a":3}\n{"a"')
check("a growing file: what comes", True, follower.wait_for("3\n"))
with open(folders / "growing.jsonl", "a", encoding="utf-8") as growing:
    growing.write(':4}\n')
check("a growing file: the rest of a row", True, follower.wait_for("4\n"))
follower.interrupt()
ended = follower.end()
check("a growing file: stopped", (0, "a\n1\n3\n4\n"), (ended.code, ended.out))

# The first rows by event time: when they are out nothing more can come.
FIRST = ("CREATE TABLE g (ts TIMESTAMP, WATERMARK FOR ts AS ts) WITH (connector = 'file', "
         "path = 'times.jsonl', format = 'json', follow = true); ")
TIMES = "".join(f'{{"ts":"2024-01-01 00:00:0{second}"}}\n' for second in (2, 1, 3, 4))
folders_of_times = folder(times_jsonl=TIMES)
for workers in ("1", "4"):
    ran = run("-c", FIRST + "SELECT extract(second FROM ts)::INT AS s FROM g ORDER BY ts LIMIT 2",
              "--set", f"workers={workers}", cwd=folders_of_times)
    check(f"{workers} workers: ends with its rows", (0, "s\n2\n3\n"), (ran.code, ran.out))
    ran = run("-c", FIRST + "SELECT extract(second FROM ts)::INT AS s FROM g ORDER BY ts "
              "LIMIT 1 OFFSET 1", "--set", f"workers={workers}", cwd=folders_of_times)
    check(f"{workers} workers: of a part of them", (0, "s\n3\n"), (ran.code, ran.out))
    # In no order: those that come first.
    ran = run("-c", FIRST + "SELECT extract(second FROM ts)::INT AS s FROM g LIMIT 2 OFFSET 1",
              "--set", f"workers={workers}", cwd=folders_of_times)
    check(f"{workers} workers: any rows", (0, "s\n1\n3\n"), (ran.code, ran.out))
    ran = run("-c", FIRST + "SELECT ts FROM g LIMIT 0", "--set", f"workers={workers}",
              cwd=folders_of_times)
    check(f"{workers} workers: none at all", (0, "ts\n"), (ran.code, ran.out))
# Several results: when the last of them is whole.
ran = run("-c", FIRST + "SELECT extract(second FROM ts)::INT AS a FROM g LIMIT 3; "
          "SELECT extract(second FROM ts)::INT AS b FROM g ORDER BY ts LIMIT 1", cwd=folders_of_times)
check("two results", (0, True), (ran.code, has("a\n2\n1\n3\n", "b\n2\n")(ran.out)))
follower = Running("-c", FIRST + "SELECT extract(second FROM ts)::INT AS a FROM g LIMIT 1; "
                   "SELECT extract(second FROM ts)::INT + 10 AS b FROM g", cwd=folders_of_times)
check("one of two goes on", True, follower.wait_for("14\n"))
check("and the run with it", None, follower.process.poll())
follower.interrupt()
check("until it is stopped", 0, follower.end().code)
# What has been said stays so: the next run ends by itself too, though nothing more comes.
for name, clause in (("first", "ORDER BY ts LIMIT 2"), ("any", "LIMIT 2")):
    (folders_of_times / f"{name}.sql").write_text(
        FIRST + f"CREATE TABLE o (ts TIMESTAMP) WITH (connector = 'file', path = 'out_{name}/', "
        f"format = 'json'); INSERT INTO o SELECT ts FROM g {clause};", encoding="utf-8")
    for which in ("first run", "next run"):
        ran = run("run", f"{name}.sql", "--state-dir", "state", cwd=folders_of_times)
        check(f"{name}: {which} ends", 0, ran.code)
    written = "".join(part.read_text() for part in (folders_of_times / f"out_{name}").iterdir())
    check(f"{name}: each row once", 2, written.count("\n"))
follower = Running("-c", FIRST + "SELECT ts FROM g ORDER BY ts LIMIT 9", cwd=folders_of_times)
check("fewer rows: what there is", True, follower.wait_for("00:00:03"))
check("fewer rows: waits for more", None, follower.process.poll())
follower.interrupt()
check("fewer rows: stopped", 0, follower.end().code)
follower = Running("-c", FIRST + "SELECT ts FROM g ORDER BY ts OFFSET 1", cwd=folders_of_times)
check("all but the first", True, follower.wait_for("00:00:03"))
follower.interrupt()
check("all but the first: stopped", (0, "ts\n2024-01-01 00:00:03\n"),
      (lambda ended: (ended.code, ended.out))(follower.end()))

# An input that would end, but not soon: its first rows are all that is read for.
query = Running("-c", "SELECT net FROM stdin LIMIT 2")
query.write("".join(QUAKES.splitlines(keepends=True)[:3]))
ended = query.end()
check("standard input is left when its first rows are there", (0, 3),
      (ended.code, ended.out.count("\n")))

# What was read is no longer there: cut, written anew with more in it, or renamed for another.
with open(folders / "growing.jsonl", "w", encoding="utf-8") as growing:
    growing.write('{"a":1}\n')
follower = Running("-c", FOLLOW, cwd=folders)
check("replaced: what is there", True, follower.wait_for("a\n1\n"))
with open(folders / "growing.jsonl", "w", encoding="utf-8") as growing:
    growing.write('{"a":5}\n')
check("replaced: as long as before", True, follower.wait_for("5\n"))
with open(folders / "growing.jsonl", "w", encoding="utf-8") as growing:
    growing.write('{"a":60}\n{"a":61}\n')
check("replaced: longer than before", True, follower.wait_for("60\n61\n"))
with open(folders / "growing.jsonl", "w", encoding="utf-8") as growing:
    growing.write('{"a":7}\nx\n')
check("replaced: shorter than before", True, follower.wait_for("7\n"))
(folders / "growing.jsonl").rename(folders / "growing.old")
(folders / "growing.jsonl").write_text('{"a":8}\n', encoding="utf-8")
check("replaced: renamed", True, follower.wait_for("8\n"))
follower.interrupt()
ended = follower.end()
check("replaced: told", (0, "a\n1\n5\n60\n61\n7\n8\n", True), (ended.code, ended.out, has(
    "growing.jsonl, byte 8", "growing.jsonl was cut or written anew 4 times and read from its "
    "beginning again\n")(ended.err)))

# Several results at the same time.
MIXED = BIDS + "SELECT price AS first FROM bids; SELECT price AS second FROM bids; SELECT 7 AS third"
for form in ("plain", "table"):
    mixed = Running("-c", MIXED, "--format", form, "-q")
    check(f"{form}: rows of all come", True, mixed.wait_for("third", seconds=30)
          and mixed.wait_for("second") and mixed.wait_for("first"))
    time.sleep(2)
    mixed.interrupt()
    ended = mixed.end()
    pieces = ended.out.split("\n\n")
    check(f"{form}: each piece has its columns", True, len(pieces) > 3 and all(
        piece.split("\n")[0].strip() in ("first", "second", "third") for piece in pieces))
    third = [piece.split() for piece in pieces if piece.strip().startswith("third")]
    check(f"{form}: and its rows", True, "7" in third[0])
for form in ("json", "jsonl", "csv"):
    ran = run("-c", MIXED, "--format", form)
    check(f"{form} cannot tell them apart", (78, "", True), (ran.code, ran.out, has(
        "the rows of this result would come between", "SELECT price AS second", "P0114")(ran.err)))
ran = run("-c", "SELECT 1 AS a; SELECT 2 AS b", "--format", "jsonl")
check("results that end come one after the other", (0, '{"a":1}\n{"b":2}\n'), (ran.code, ran.out))

pipeline = Running("run", "/dev/stdin")
pipeline.write(BIDS + "CREATE TABLE o (n BIGINT) WITH (connector = 'blackhole');"
          "INSERT INTO o SELECT price FROM bids;")
pipeline.process.stdin.close()
pipeline.wait_for("never", seconds=1)
pipeline.interrupt()
ended = pipeline.end()
check("run ends with one line", (0, True), (ended.code, re.fullmatch(
    r"\n" + re.escape(STOPPING) + r"in [\d ]+ · out [\d ]+ · late 0 · errors 0 · [\d.]+ m?s\n",
    ended.err) is not None))

warned = Running("-c", BIDS + "SELECT price, count(*) AS n FROM bids GROUP BY price")
check("warnings come before the rows", True, warned.wait_for("warning: this keeps every group"))
warned.interrupt()
ended = warned.end()
check("and only once", 1, ended.err.count("warning: "))

# A program that cannot stop in order: it waits to write what nobody reads.
blocked = Running("-c", "SELECT * FROM 'flights.jsonl'")
time.sleep(1)
blocked.interrupt()
time.sleep(0.3)
blocked.interrupt()
check("twice stops at once", 130, blocked.process.wait(10))
close()
