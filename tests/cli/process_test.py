#!/usr/bin/env python3
"""What the program finds when it starts: streams that are closed, full or gone, limits, signals."""
import os
import signal
import subprocess

from program import PLAIN_ENV, SECONDS_MAX, THALWEG, Running, check, close, folder, has, run

READ = ("CREATE TABLE t (a INT) WITH (connector = 'file', path = 'in.jsonl', format = 'json'{more});"
        "\n{query}\n")
COPY = ("CREATE TABLE o (a INT) WITH (connector = 'file', path = 'out/', format = 'json');\n"
        "INSERT INTO o SELECT a FROM t;")
ROWS = "".join(f'{{"a":{i}}}\n' for i in range(1000))


def make_place():
    return folder(in_jsonl=ROWS, show_sql=READ.format(more="", query="SELECT a FROM t;"),
                  copy_sql=READ.format(more="", query=COPY),
                  follow_sql=READ.format(more=", follow = true", query=COPY))


def shell(command, place):
    """Exit code, output and messages of a command of the shell, `thalweg` being the program."""
    return subprocess.run(["bash", "-c", f'thalweg() {{ "{THALWEG}" "$@"; }}\n{command}'],
                          cwd=place, env=PLAIN_ENV, capture_output=True, text=True,
                          timeout=SECONDS_MAX, check=False)


def files_of(place):
    return {path: path.read_bytes() for path in (place / "state").rglob("*") if path.is_file()}


def copied(place):
    return "".join(part.read_text() for part in sorted((place / "out").glob("*.jsonl")))


def check_closed_streams():
    place = make_place()
    ran = shell("thalweg run show.sql --state-dir state >&-", place)
    check("standard output is closed", (1, True), (ran.returncode, has(
        "error: cannot write standard output: Bad file descriptor\n")(ran.stderr)))
    check("and nothing of it is in a file", [],
          [path for path, content in files_of(place).items() if b"\n999\n" in content])
    for streams in ("<&-", "2>&-", "<&- >&- 2>&-"):
        place = make_place()
        ran = shell(f"thalweg run copy.sql --state-dir state {streams}", place)
        check(f"a job with {streams}", (0, ROWS), (ran.returncode, copied(place)))
        check(f"no message is in a file: {streams}", [],
              [path for path, content in files_of(place).items() if b"out 1 000" in content])
    ran = shell("thalweg run - <&-", place)
    check("a script from an input that is closed", (78, "error: cannot read -: Bad file descriptor\n"),
          (ran.returncode, ran.stderr))


def check_messages_that_nobody_takes():
    for stream in ("2>/dev/full", "2>&-", "2> >(exec true)"):
        place = make_place()
        ran = shell(f"thalweg run show.sql {stream}", place)
        check(f"an answer with {stream}", (0, 1001), (ran.returncode, ran.stdout.count("\n")))
        ran = shell(f"thalweg run copy.sql {stream}", place)
        check(f"a job with {stream}", (0, ROWS), (ran.returncode, copied(place)))
        for command, code in [("run none.sql", 78), ("run", 2), ("connectors none", 2),
                              ("checkpoints show none --state-dir none", 1)]:
            ran = shell(f"thalweg {command} {stream}", place)
            check(f"{command} with {stream}", code, ran.returncode)
    ran = shell("thalweg run show.sql >/dev/full 2>/dev/full", place)
    check("both are full", 1, ran.returncode)


def check_file_size():
    """A file that may not grow is an error that is told, and no signal that kills."""
    place = make_place()
    ran = shell("ulimit -f 1; thalweg run copy.sql --state-dir state", place)
    check("a limit of the size of files", (75, True), (ran.returncode, has(
        "error: cannot write ", ": File too large")(ran.stderr)))
    ran = run("run", "copy.sql", "--state-dir", "state", cwd=place)
    check("without it the same command goes on", (0, ROWS), (ran.code, copied(place)))


def check_hangup():
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # These tests may run under nohup themselves.
    place = make_place()
    arguments = ["run", "follow.sql", "--state-dir", "state", "--set", "checkpoint_interval=20ms"]
    job = Running(*arguments, cwd=place)
    while copied(place) != ROWS and job.process.poll() is None:
        pass
    job.interrupt(signal.SIGHUP)
    ran = job.end()
    check("SIGHUP stops in order", (0, True), (ran.code, has("stopping: ", "out 1 000")(ran.err)))
    ignoring = subprocess.Popen(["nohup", THALWEG, *arguments], cwd=place, env=PLAIN_ENV,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)
    line = ignoring.stderr.readline()
    while "going on" not in line and line:
        line = ignoring.stderr.readline()
    ignoring.send_signal(signal.SIGHUP)
    with open(place / "in.jsonl", "a", encoding="utf-8") as file:
        file.write('{"a":1000}\n')
    while '{"a":1000}' not in copied(place) and ignoring.poll() is None:
        pass
    check("under nohup it is ignored", None, ignoring.poll())
    ignoring.send_signal(signal.SIGTERM)
    check("and SIGTERM is not", 0, ignoring.wait(SECONDS_MAX))
    ignoring.stderr.close()


def check_workers():
    place = make_place()
    ran = run("run", "copy.sql", "--set", "workers=129", cwd=place)
    check("workers above the number of key groups", (78, True), (ran.code, has(
        "workers must be a whole number from 1 to 128, not '129'")(ran.err)))
    ran = run("run", "copy.sql", "--workers", "129", cwd=place)
    check("the flag says the same", (2, True), (ran.code, has("from 1 to 128")(ran.err)))


def check_empty_values():
    place = make_place()
    for flags in (["--state-dir", ""], ["--state-dir", "state", "--name", ""],
                  ["--state-dir", "state", "--from-savepoint", ""]):
        ran = run("run", "copy.sql", *flags, cwd=place)
        check(f"{flags[-2]} ''", (2, True), (ran.code, has(
            f"error: {flags[-2]} takes a value that is not empty")(ran.err)))
    check("nothing was made", ["copy.sql", "follow.sql", "in.jsonl", "show.sql"],
          sorted(os.listdir(place)))


check_closed_streams()
check_messages_that_nobody_takes()
check_file_size()
check_hangup()
check_workers()
check_empty_values()
close()
