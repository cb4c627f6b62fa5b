#!/usr/bin/env python3
"""Every command, its help, and how wrong commands and flags are told."""
import json

from program import check, close, folder, has, run

VERBS = ["run", "validate", "explain", "demo", "connectors", "functions", "help", "version"]


def usage(*arguments, says):
    ran = run(*arguments)
    check(f"usage {arguments}", (2, "", says), (ran.code, ran.out, ran.err))


for_help = run("--help")
check("help leads with examples", has("Examples:", "thalweg demo", "Usage:", "Commands:", "Flags"),
      for_help.out)
check("help is no error", (0, ""), (for_help.code, for_help.err))
check("-h is --help", for_help.out, run("-h").out)
check("help is help", for_help.out, run("help").out)
for verb in VERBS:
    shown = run(verb, "--help")
    check(f"{verb} --help", has(f"Usage: thalweg {verb}", "Flags"), shown.out)
    check(f"help {verb}", shown.out, run("help", verb).out)
    check(f"{verb} in --help", has(f"\n  {verb}"), for_help.out)
check("only its own flags", lambda text: "--analyze" not in text and "--set" not in text,
      run("help", "validate").out)
check("explain's own flag", has("--analyze", "text or json"), run("help", "explain").out)

HINT = "\n  = help: thalweg --help\n"
usage("rnu", "x.sql", says='error: unknown command rnu; did you mean "run"?' + HINT)
usage("pipeline.sql",
      says='error: unknown command pipeline.sql; did you mean "thalweg run pipeline.sql"?' + HINT)
usage("--wrokers", "2", "-c", "SELECT 1",
      says='error: unknown flag --wrokers; did you mean "--workers"?' + HINT)
usage("run", says="error: run takes one FILE: thalweg run FILE" + HINT)
usage("run", "a.sql", "b.sql", says="error: run takes one FILE: thalweg run FILE" + HINT)
usage("validate", says="error: validate takes files: thalweg validate FILE..." + HINT)
usage("explain", says="error: explain takes one FILE, or -c SQL" + HINT)
usage("version", "now", says="error: version takes no argument" + HINT)
usage("demo", "tides", says='error: there is no demo "tides"; there are quakes and orders\n')
usage("-c", says="error: --command takes one value, and may be given once" + HINT)
usage("-c", "SELECT 1", "-c", "SELECT 2",
      says="error: --command takes one value, and may be given once" + HINT)
usage("-c", "SELECT 1", "-f", "x.sql", says="error: -c and -f exclude each other" + HINT)
usage("-c", "SELECT 1", "--format", "xml",
      says="error: --format xml is not known; it is one of table, plain, json, jsonl, csv" + HINT)
usage("explain", "-c", "SELECT 1", "--format", "csv",
      says="error: --format csv is not known; it is text or json" + HINT)
usage("-c", "SELECT 1", "--color", "blue",
      says="error: --color blue is not known; it is auto, always or never" + HINT)
usage("-c", "SELECT 1", "--workers", "0", says="error: --workers takes a number from 1 to 128" + HINT)
usage("-c", "SELECT 1", "--workers", "two",
      says="error: --workers takes a number from 1 to 128" + HINT)
usage("run", "x.sql", "--set", "workers",
      says="error: --set workers is not of the form NAME=VALUE" + HINT)
usage("validate", "x.sql", "--analyze", says="error: validate has no flag --analyze" + HINT)
usage("-c", "SELECT 1", "--analyze", says="error: --analyze belongs to a command" + HINT)
usage("connectors", "fil", says='error: there is no connector or format "fil"; did you mean "file"?\n')
usage("functions", "date_trunk",
      says='error: there is no function "date_trunk"; did you mean "date_trunc"?\n')

version = run("version")
check("version", has("thalweg 0."), version.out)
check("--version", version.out, run("--version").out)
check("version --json", version.out.split()[1],
      json.loads(run("version", "--json").out)["version"])
check("flags before the command", run("version", "--json").out, run("--json", "version").out)

check("connectors", has("file", "stdin", "stdout", "memory"), run("connectors").out)
check("connectors file", has("path", "follow", "Default: false."), run("connectors", "file").out)
lines = run("connectors", "--json").out.splitlines()
check("connectors --json", True, all(json.loads(line)["name"] for line in lines))
check("functions", has("date_trunc(unit TEXT"), run("functions").out)
check("functions NAME", has("date_trunc('hour', TIMESTAMP '2018-02-01 10:47:12') = 2018-02-01 10:00:00"),
      run("functions", "date_trunc").out)
check("functions WINDOW", has("HOP_ROWS(t [PARTITION BY columns], ts, slide, size)\n"), run("functions", "hop_rows").out)
usage("functions", "HOP_ROW", says='error: there is no function "HOP_ROW"; did you mean "HOP_ROWS"?\n')
check("functions folds names", has("abs(-2.5) = 2.5"), run("functions", "ABS").out)
check("help CODE", has("S0203: unknown column\n\n"), run("help", "S0203").out)
check("help REASON", has("overflow: why a row was rejected"), run("help", "overflow").out)
check("help of a code in lower case", run("help", "S0203").out, run("help", "s0203").out)
check("help of no code", (2, 'error: there is no command, error code or row error "Q9"\n'),
      (run("help", "Q9").code, run("help", "Q9").err))

place = folder(hot_sql="SELECT net, count(*) AS n FROM 'quakes.jsonl' GROUP BY net;")
HOT = str(place / "hot.sql")
plan = run("explain", HOT)
check("explain", (0, "result\n└─ GROUP"), (plan.code, plan.out[:15]))
check("explain -c", plan.out,
      run("explain", "-c", "SELECT net, count(*) AS n FROM 'quakes.jsonl' GROUP BY net").out)
check("explain -f", plan.out, run("explain", "-f", HOT).out)
check("explain --format json", True, bool(json.loads(run("explain", HOT, "--format", "json").out)))
check("explain --json", run("explain", HOT, "--format", "json").out,
      run("explain", HOT, "--json").out)
check("explain --format text", plan.out, run("explain", HOT, "--format", "text").out)
analyzed = run("explain", HOT, "--analyze").out.splitlines()
check("explain --analyze", ["rows", "in", "rows", "out", "bytes", "out", "ms"], analyzed[0].split())
pictured = [line.rsplit(None, 4)[0] for line in analyzed[1:]]
check("explain --analyze draws explain's picture", plan.out.splitlines(),
      [line for line in pictured if not line.endswith("first stage")])
steps = json.loads(run("explain", HOT, "--analyze", "--json").out)
check("explain --analyze --json", (1707, 12), (steps[-1]["rows_out"], steps[0]["rows_in"]))
check("explain of wrong SQL", 78, run("explain", "-c", "SELECT x FROM 'quakes.jsonl'").code)

check("-f -", run("-c", "SELECT 1 AS a").out, run("-f", "-", stdin="SELECT 1 AS a").out)
check("SQL on standard input", "a\n1\n", run(stdin="SELECT 1 AS a").out)
check("run -", "a\n1\n", run("run", "-", "-q", stdin="SELECT 1 AS a").out)
check("--set", (0, "a\n1\n"), (lambda ran: (ran.code, ran.out))(
    run("-c", "SELECT 1 AS a", "--set", "workers=1")))
wrong = run("run", HOT, "--set", "wrokers=1")
check("--set of no setting", (78, has('there is no setting "wrokers"', "batch_rows, checkpoint_interval, checkpoint_rows, memory_limit, on_failure, time_zone, ttl, workers")(wrong.err)),
      (wrong.code, True))
wrong = run("-c", "SET late = 'drop'")
check("SET of a table's option", True,
      "it is an option of each table: CREATE TABLE ... WITH (late = 'drop')" in wrong.err)
check("--set of no number", 78, run("run", HOT, "--set", "workers=many").code)
close()
