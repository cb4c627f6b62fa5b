#!/usr/bin/env python3
"""Answers in every format, why an answer is empty, input that is rubbish, readers that go away."""
import collections
import csv
import gzip
import io
import json
import os
import subprocess

from program import DATA, PLAIN_ENV, THALWEG, check, close, folder, has, run

BY_NET = ("SELECT net, count(*) AS n, max(mag) AS top FROM {} GROUP BY net ORDER BY n DESC, net")

magnitudes = collections.defaultdict(list)
for line in (DATA / "quakes.jsonl").read_text().splitlines():
    quake = json.loads(line)
    magnitudes[quake["net"]].append(quake["mag"])
expected = sorted(((net, len(found), max(m for m in found if m is not None))
                   for net, found in magnitudes.items()), key=lambda row: (-row[1], row[0]))


def rows_of(reader):
    return [(net, int(n), float(top)) for net, n, top in reader]


piped = run("-c", BY_NET.format("stdin"), "--format", "csv",
            stdin=(DATA / "quakes.jsonl").read_bytes())
table = list(csv.reader(io.StringIO(piped.out)))
check("piped, as CSV: header", ["net", "n", "top"], table[0])
check("piped, as CSV: rows", expected, rows_of(table[1:]))
check("nothing on stderr", "", piped.err)
plain = run("-c", BY_NET.format("'quakes.jsonl'"))
check("plain when piped", [("net", "n", "top")] + [(net, str(n), f"{top:g}") for net, n, top in expected],
      [tuple(line.split("\t")) for line in plain.out.splitlines()])
as_json = json.loads(run("-c", BY_NET.format("'quakes.jsonl'"), "--format", "json").out)
check("JSON", expected, [(row["net"], row["n"], row["top"]) for row in as_json])
check("--json is --format json", as_json, json.loads(
    run("-c", BY_NET.format("'quakes.jsonl'"), "--json").out))
lines = run("-c", BY_NET.format("'quakes.jsonl'"), "--format", "jsonl").out.splitlines()
check("JSON lines", as_json, [json.loads(line) for line in lines])
check("a table when asked for", "net    n\n───  ───\nci   386\nnc   370\n(2 rows)\n",
      run("-c", BY_NET.format("'quakes.jsonl'").replace(", max(mag) AS top", "") + " LIMIT 2",
          "--format", "table").out)
check("two answers", "a\n1\n\nb\n2\n", run("-c", "SELECT 1 AS a; SELECT 2 AS b").out)
check("with any number of workers", plain.out,
      run("-c", BY_NET.format("'quakes.jsonl'"), "--workers", "4").out)

check("a count", "n\n1707\n", run("-c", "SELECT count(*) AS n FROM 'quakes.jsonl'").out)

# Why there are no rows.
empty = folder(empty_jsonl="", good_jsonl='{"a":1}\n')
TABLE = ("CREATE TABLE t (a BIGINT, at TIMESTAMP, WATERMARK FOR at AS at) "
         "WITH (connector = 'file', path = '{}', format = 'json');")


def why(sql, says, **kwargs):
    ran = run("-c", sql, **kwargs)
    check(f"why nothing: {sql}", (0, says), (ran.code, ran.err))


why("SELECT mag FROM 'quakes.jsonl' WHERE mag > 99",
    "no rows: 1707 rows read from quakes.jsonl, 1707 dropped by WHERE or HAVING\n")
why(TABLE.format("empty.jsonl") + "SELECT a FROM t", "no rows: nothing was read from empty.jsonl\n",
    cwd=empty)
late = folder(late_jsonl='{"a":1,"at":"2020-01-02"}\n{"a":2,"at":"2020-01-01"}\n')
check("late rows are said to be late", has("no rows: 2 rows read", "1 rejected as late"),
      run("-c", TABLE.format("late.jsonl") + "SELECT sum(a) FROM TUMBLE(t, at, INTERVAL '1 hour') "
          "GROUP BY window_start, window_end HAVING sum(a) > 1", cwd=late).err)
check("SHOW needs no reason", (0, ""), (lambda ran: (ran.code, ran.err))(run("-c", "SHOW TABLES")))
check("-q gives none", "", run("-q", "-c", "SELECT mag FROM 'quakes.jsonl' WHERE mag > 99").err)
into = run("run", "-", cwd=empty, stdin="""
    CREATE TABLE o (a BIGINT) WITH (connector = 'blackhole');
    INSERT INTO o SELECT a FROM 'good.jsonl' WHERE a > 5;""")
check("a pipeline that writes nothing says why too",
      has("no rows: 1 row read from good.jsonl, 1 dropped by WHERE", "in 1 · out 0"), into.err)

declares = run("run", "-", cwd=empty, stdin="CREATE TABLE o (a BIGINT) WITH (connector = 'blackhole')")
check("a script that only declares", (0, "nothing was run: the script has no SELECT and no INSERT\n"),
      (declares.code, declares.err))

# Files that are not what they are taken for.
other = folder(packed_jsonl=gzip.compress(b'{"a":1}\n'), pretty_jsonl='{\n  "a": 1\n}\n')
check("a compressed file", has("it is compressed with gzip, which is not supported yet"),
      run("-c", "SELECT * FROM 'packed.jsonl'", cwd=other).err)
check("objects of several lines", has("`jq -c .` makes them"),
      run("-c", "SELECT * FROM 'pretty.jsonl'", cwd=other).err)
check("a setting names its limits", has("batch_rows must be a whole number from 1 to 1048576"),
      run("-c", "SELECT 1", "--set", "batch_rows=1000000000").err)
check("values in a table", (
    "text" + " " * 14 + "number\n" + "─" * 16 + "  " + "─" * 6 + "\n"
    r"a\tb" + " " * 19 + "1\n"
    r"日本 \\ x\x1bend" + " " * 6 + "22\n"
    "NULL" + " " * 16 + "NULL\n"
    "(3 rows)\n"),
    run("-c", r"SELECT * FROM (VALUES (E'a\tb', 1), (E'日本 \\\\ x\x1bend', 22), (NULL, NULL)) "
        "AS t(text, number)", "--format", "table").out)

# Rubbish.
rubbish = folder(
    cut_jsonl='{"a":1}\n{"a":2}\n{"a":',
    noise_jsonl=bytes(range(256)) * 400,
    huge_jsonl='{"a":1}\n{"a":"' + "x" * 9_000_000 + '"}\n{"a":3}\n',
    odd_csv='a,b\n1,2\n"3,4\n')
READ = ("CREATE TABLE t (a BIGINT) WITH (connector = 'file', path = '{}', format = 'json');"
        "SELECT count(*) AS n, sum(a) AS s FROM t")
cut = run("-c", READ.format("cut.jsonl"), cwd=rubbish)
check("cut short", (0, "n\ts\n2\t3\n", True), (cut.code, cut.out, has("errors truncated 1", "cut.jsonl, byte 16")(cut.err)))
noise = run("-c", READ.format("noise.jsonl"), cwd=rubbish)
check("noise", (0, "n\ts\n0\t\n"), (noise.code, noise.out))
check("noise is counted", has("errors"), noise.err)
huge = run("-c", READ.format("huge.jsonl"), cwd=rubbish)
check("a row beyond the limit", (0, "n\ts\n2\t4\n", True),
      (huge.code, huge.out, has("too_long 1", "max_row_bytes")(huge.err)))
check("noise tells no columns", 78, run("-c", "SELECT * FROM 'noise.jsonl'", cwd=rubbish).code)
check("a quote that never ends", 0, run("-c", "SELECT * FROM 'odd.csv'", cwd=rubbish).code)
check("noise as SQL", 78, run(stdin=bytes(range(256))).code)
check("much SQL", 78, run(stdin="SELECT " + "(" * 100_000).code)

# Readers that go away, disks that are full.


def shell(command):
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, cwd=DATA,
                          text=True, env={**PLAIN_ENV, "THALWEG": THALWEG}, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


BIDS = ("CREATE TABLE b (price BIGINT) WITH (connector = 'nexmark', type = 'bid', rate = 1000, "
        "live = true); ")
check("head of a file", (0, "net\n", ""), shell(
    "$THALWEG -c \"SELECT net FROM 'quakes.jsonl'\" | head -1"))
check("head of what never ends", (0, "price\n", ""),
      shell(f"$THALWEG -c \"{BIDS} SELECT price FROM b\" | head -1"))
check("head of a sink", (0, ""), (lambda code, _, err: (code, err))(*shell(
    f"$THALWEG -q -c \"{BIDS} CREATE TABLE o (price BIGINT) WITH (connector = 'stdout', "
    "format = 'csv'); INSERT INTO o SELECT price FROM b\" | head -1")))
check("head of a listing", (0, ""), (lambda code, _, err: (code, err))(
    *shell("$THALWEG functions | head -1")))
for what in ["-c \"SELECT net FROM 'quakes.jsonl'\"", "functions", "--help",
             "explain -c \"SELECT 1\""]:
    check(f"a full disk: {what}",
          (1, "error: cannot write standard output: No space left on device\n"),
          (lambda code, _, err: (code, err))(*shell(f"$THALWEG {what} > /dev/full")))

tidy = folder(good_jsonl='{"a":1}\n')
run("-c", "SELECT * FROM 'good.jsonl'", cwd=tidy)
run("run", "-", stdin="SELECT * FROM 'good.jsonl'", cwd=tidy)
check("nothing is written unasked", ["good.jsonl"], os.listdir(tidy))
close()
