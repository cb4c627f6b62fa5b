#!/usr/bin/env python3
"""Mistakes in SQL as `validate` and `-c` tell them, the texts in full; exit codes of failures."""
import json

from program import check, close, folder, has, run

TABLE = ("CREATE TABLE quakes (id TEXT, mag DOUBLE, time TIMESTAMP)\n"
         "WITH (connector = 'file', path = 'quakes.jsonl', format = 'json');\n")
place = folder(
    column_sql=TABLE + "SELECT id, maj FROM quakes;\n",
    option_sql=TABLE.replace("path", "paht"),
    keyword_sql=TABLE + "SELECT id, count(*) FROM quakes GRUOP BY id;\n",
    cascade_sql=TABLE.replace("path", "paht") + "SELECT maj FROM quakes;\nSELECT 1 + a;\n"
    "INSERT INTO quakes SELECT 1;\n",
    syntax_sql="".join(f"SELCT {i};\n" for i in range(15)),
    names_sql="".join(f"SELECT x{i};\n" for i in range(15)),
    good_sql=TABLE + "SELECT id FROM quakes;\n",
    tab_sql="SELECT\t'é' AS a, nope FROM 'quakes.jsonl'",
)


def validate(*files, flags=()):
    return run("validate", *files, *flags, cwd=place)


def text(file, says):
    ran = validate(file)
    check(f"validate {file}", (78, "", says), (ran.code, ran.out, ran.err))


text("column.sql", '''error: column "maj" does not exist in "quakes"
  ┌─ column.sql:3:12
3 │ SELECT id, maj FROM quakes;
  │            ^^^ did you mean "mag"?
  = columns: id TEXT, mag DOUBLE, time TIMESTAMP
  = help: thalweg help S0203
''')
text("keyword.sql", '''error: "GRUOP" is not a keyword here
  ┌─ keyword.sql:3:33
3 │ SELECT id, count(*) FROM quakes GRUOP BY id;
  │                                 ^^^^^ did you mean GROUP?
  = help: thalweg help S0102
''')
option = validate("option.sql").err
check("wrong option", has('''error: unknown option "paht" for connector file
  ┌─ option.sql:2:27
2 │ WITH (connector = 'file', paht = 'quakes.jsonl', format = 'json');
  │                           ^^^^ did you mean "path"?
  = options: path, '''), option)

cascade = validate("cascade.sql").err
check("a table in error is not also missing", lambda text: "quakes\" does not exist" not in text,
      cascade)
check("later statements are checked all the same", has('"paht"', 'column "a"'), cascade)
check("ten mistakes of a phase at most: syntax", 10, validate("syntax.sql").err.count("error: "))
check("ten mistakes of a phase at most: names", 10, validate("names.sql").err.count("error: "))
check("tabs and letters of two bytes", has(":1:18\n", "│ SELECT", "^^^^"),
      run("-c", (place / "tab.sql").read_text()).err)

both = validate("good.sql", "column.sql", "missing.sql")
check("several files", (78, "good.sql: syntax, names, types and options are right\n"),
      (both.code, both.out))
check("all of them are looked at",
      has('"maj"', "error: cannot read missing.sql: No such file or directory\n"), both.err)
good = validate("good.sql")
check("nothing wrong", (0, ""), (good.code, good.err))
check("nothing wrong, quietly", (0, "", ""),
      (lambda ran: (ran.code, ran.out, ran.err))(validate("good.sql", flags=["-q"])))
check("nothing is run or written", sorted(p.name for p in place.iterdir() if p.suffix != ".sql"), [])

found = [json.loads(line) for line in
         validate("column.sql", "missing.sql", flags=["--json"]).err.splitlines()]
check("as JSON", {"code": "S0203", "severity": "error",
                  "message": 'column "maj" does not exist in "quakes"', "file": "column.sql",
                  "line": 3, "column": 12, "end_line": 3, "end_column": 15,
                  "hints": ['did you mean "mag"?',
                            "columns: id TEXT, mag DOUBLE, time TIMESTAMP"]}, found[0])
check("an unreadable file as JSON", ("error", "missing.sql", None),
      (found[1]["severity"], found[1]["file"], found[1]["line"]))
lines = validate("syntax.sql", flags=["--json"]).err.splitlines()
check("one object a line", 10, len([json.loads(line) for line in lines]))

wrong = run("-c", "SELECT 1; SELECT nope FROM 'quakes.jsonl'")
check("nothing runs when something is wrong", (78, ""), (wrong.code, wrong.out))
check("run says the same", (78, ""), (lambda ran: (ran.code, ran.out))(
    run("run", str(place / "column.sql"))))
check("no such script", (78, "error: cannot read nope.sql: No such file or directory\n"),
      (lambda ran: (ran.code, ran.err))(run("run", "nope.sql")))
check("no such file in FROM", (78, True), (lambda ran: (ran.code, has(
    "error: ", "nope.jsonl: No such file or directory\n", "<command line>:1:15\n", "C0110\n")(
        ran.err)))(run("-c", "SELECT * FROM 'nope.jsonl'")))
gone = TABLE.replace("quakes.jsonl", "gone.jsonl") + "SELECT count(*) FROM quakes;"
missing = run("-c", gone)
check("a table's file is not there", (75, "", "error: cannot open gone.jsonl: No such file or "
                                      "directory\n  = help: thalweg help C0301\n"),
      (missing.code, missing.out, missing.err))

into_no_folder = folder(job_sql="CREATE TABLE o (a INT) WITH (connector = 'file', path = "
                                "'none/o.jsonl', format = 'json'); INSERT INTO o SELECT 1;")
for flags in [(), ("--state-dir", "state")]:
    check(f"a file whose folder is not there {flags}", (75, True), (lambda ran: (ran.code, has(
        "cannot write none/o.jsonl: there is no folder none; make it first", "slash")(ran.err)))(
            run("run", "job.sql", *flags, cwd=into_no_folder)))

rows = folder(rows_jsonl='{"a":1}\n{"a":2\n{"a":3}\n', poor_jsonl='{"a":1}\n{"a":"x"}\n')
STRICT = ("CREATE TABLE t (a BIGINT) WITH (connector = 'file', path = '{}', format = 'json'{});"
          "SELECT sum(a) AS s FROM t;")
failed = run("-c", STRICT.format("rows.jsonl", ", on_error = 'fail'"), cwd=rows)
check("on_error = 'fail'", (1, True), (failed.code, has(
    "error: a row of \"t\" was refused, and on_error = 'fail': rows.jsonl, byte 8: ", '{"a":2', "R0001")(failed.err)))
check("the error comes last", has("R0001\n"), failed.err[-24:])
passed_over = run("-c", STRICT.format("rows.jsonl", ""), cwd=rows)
check("else the row is counted", (0, "s\n4\n", True),
      (passed_over.code, passed_over.out, has("errors malformed 1", "rows.jsonl, byte 8")(
          passed_over.err)))
check("which -q leaves out", "", run("-q", "-c", STRICT.format("rows.jsonl", ""), cwd=rows).err)
check("a value of another type", (1, True), (lambda ran: (ran.code, "poor.jsonl, byte 8" in ran.err))(
    run("-c", STRICT.format("poor.jsonl", ", on_error = 'fail'"), cwd=rows)))
close()
