#!/usr/bin/env python3
"""A pipeline that keeps its state: it goes on after a stop or a kill, and refuses what it must."""
import json
import os
import signal
import time

from program import Running, check, close, folder, has, run

JOB = """
CREATE TABLE clicks (id INT, k TEXT, ts TIMESTAMP, WATERMARK FOR ts AS ts)
  WITH (connector = 'file', path = 'clicks.jsonl', format = 'json'{follow});
CREATE TABLE hot (s TIMESTAMP, k TEXT, n BIGINT)
  WITH (connector = 'file', path = 'hot/', format = 'json');
INSERT INTO hot SELECT window_start, k, count(*) FROM TUMBLE(clicks, ts, INTERVAL '10 seconds')
GROUP BY window_start, window_end, k;
"""
FOLLOW = ", follow = true"


def click(number):
    return json.dumps({"id": number, "k": f"k{number % 3}",
                       "ts": f"2024-01-01T00:{number // 60:02}:{number % 60:02}Z"}) + "\n"


def clicks(begin, end):
    return "".join(click(number) for number in range(begin, end))


def rows(place):
    return sorted(line for part in (place / "hot").glob("*.jsonl")
                  for line in part.read_text().splitlines())


def append(path, text):
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


def wait_for_rows(place, count, seconds=20):
    end = time.monotonic() + seconds
    while len(rows(place)) < count and time.monotonic() < end:
        time.sleep(0.02)
    return len(rows(place))


def start(place):
    return Running("run", "job.sql", "--state-dir", "state", "--set", "checkpoint_interval=20ms",
                   cwd=place)


def whole_answer():
    """What one pass over the whole file gives, from a pipeline that keeps nothing."""
    place = folder(job_sql=JOB.format(follow=""), clicks_jsonl=clicks(0, 600))
    ran = run("run", "job.sql", "--state-dir", "state", cwd=place)
    check("the whole file in one run", 0, ran.code)
    lines = rows(place)
    check("180 results", 180, len(lines))
    return lines


def check_kills(whole):
    place = folder(job_sql=JOB.format(follow=FOLLOW), clicks_jsonl=clicks(0, 100))
    for end in range(200, 700, 100):
        job = start(place)
        wait_for_rows(place, 3 * ((end - 100) // 10) - 3)
        job.interrupt(signal.SIGKILL)
        job.end()
        append(place / "clicks.jsonl", clicks(end - 100, end))
    job = start(place)
    check("the last life goes on", True, job.wait_for("going on from epoch"))
    wait_for_rows(place, 177)
    job.interrupt()
    ran = job.end()
    check("Ctrl-C ends it in order", 0, ran.code)
    # The last window is open: its end has not been reached.
    check("five kills change nothing", [line for line in whole if '"00:09:50' not in line][:177],
          rows(place)[:177])
    check("the counts go through all lives", has("in 600"), ran.err)
    check_looks(place)


def check_looks(place):
    """The state seen from outside."""
    shown = run("checkpoints", "show", "job", "--state-dir", "state", cwd=place)
    check("show", has("job: epoch", "source clicks", "watermark 2024-01-01 00:09:59",
                      "operator hot/window#1", "counter rows_in: 600"), shown.out)
    listed = run("checkpoints", "list", "--state-dir", "state", "--json", cwd=place)
    check("list", "job", json.loads(listed.out)["name"])
    exported = run("checkpoints", "export", "job", "--state-dir", "state", cwd=place)
    kept = [json.loads(line) for line in exported.out.splitlines()]
    check("the open window's keys", 3, len(kept))
    verified = run("checkpoints", "verify", "job", "--state-dir", "state", cwd=place)
    check("verify", 0, verified.code)
    files = [path for path in (place / "state/job").iterdir() if path.name != "LOCK"]
    check("readable by its user alone", {0o600}, {path.stat().st_mode & 0o777 for path in files})
    delta = max(files, key=lambda path: path.stat().st_size)
    broken = bytearray(delta.read_bytes())
    broken[len(broken) // 2] ^= 4
    delta.write_bytes(bytes(broken))
    verified = run("checkpoints", "verify", "job", "--state-dir", "state", cwd=place)
    check("a flipped bit is found", 1, verified.code)
    ways_out = "bring the file back from a copy", "savepoint", "--from-scratch"
    check("in that file", has(delta.name, *ways_out), verified.err)
    ran = run("run", "job.sql", "--state-dir", "state", cwd=place)
    check("and the pipeline does not start", has(delta.name, *ways_out), ran.err)
    check("nor lose what was written", True, len(rows(place)) >= 177)


def check_refusals():
    place = folder(job_sql=JOB.format(follow=""), clicks_jsonl=clicks(0, 100))
    check("a first run", 0, run("run", "job.sql", "--state-dir", "state", cwd=place).code)
    again = run("run", "job.sql", "--state-dir", "state", cwd=place)
    check("finished", has("finished: an earlier run", "--from-scratch"), again.err)
    check("nothing twice", 30, len(rows(place)))
    changed = JOB.format(follow="").replace("10 seconds", "20 seconds")
    (place / "job.sql").write_text(changed)
    ran = run("run", "job.sql", "--state-dir", "state", cwd=place)
    check("another window is refused", has("hot/window#1 has changed", "--from-scratch"), ran.err)
    check("with a code of its own", 78, ran.code)
    fresh = run("run", "job.sql", "--state-dir", "state", "--from-scratch", cwd=place)
    check("parts of two beginnings would be read together", has("hot/ holds part-"), fresh.err)
    check("which is all that is said", False, "nothing was run" in fresh.err)
    check("and the state is where it was", ["job"], os.listdir(place / "state"))
    ran = run("run", "job.sql", "--state-dir", "state", cwd=place)
    check("so that the query is refused as before", has("hot/window#1 has changed"), ran.err)
    (place / "hot").rename(place / "hot-old")
    fresh = run("run", "job.sql", "--state-dir", "state", "--from-scratch", cwd=place)
    check("from scratch it runs", 0, fresh.code)
    check("over all rows", 15, len(rows(place)))
    check("and the old state is kept", 1,
          len([path for path in os.listdir(place / "state") if path.startswith("job.old-")]))
    stdin = folder(job_sql="CREATE TABLE o (a INT) WITH (connector = 'file', path = 'o/', "
                           "format = 'json'); INSERT INTO o SELECT a FROM stdin;")
    ran = run("run", "job.sql", "--state-dir", "state", stdin='{"a": 1}\n', cwd=stdin)
    check("standard input cannot be read again", has("cannot be read again"), ran.err)
    place = folder(job_sql=JOB.format(follow=""))
    os.mkfifo(place / "clicks.jsonl")
    ran = run("run", "job.sql", "--state-dir", "state", cwd=place)
    check("nor can a pipe", (78, True), (ran.code, "cannot be read again" in ran.err))
    check("--name needs a directory", 2, run("run", "job.sql", "--name", "x", cwd=place).code)


def check_savepoint(whole):
    place = folder(job_sql=JOB.format(follow=FOLLOW), clicks_jsonl=clicks(0, 300))
    job = start(place)
    wait_for_rows(place, 84)
    made = run("savepoint", "create", "job", "a.savepoint", "--state-dir", "state", cwd=place)
    check("a savepoint of a pipeline that runs", (0, ""), (made.code, made.err))
    job.interrupt(signal.SIGKILL)
    job.end()
    other = folder(job_sql=JOB.format(follow=FOLLOW), clicks_jsonl=clicks(0, 600))
    (place / "a.savepoint").rename(other / "a.savepoint")
    job = Running("run", "job.sql", "--state-dir", "there", "--from-savepoint", "a.savepoint",
                  "--workers", "3", "--set", "checkpoint_interval=20ms", cwd=other)
    check("it goes on elsewhere", True, job.wait_for("going on from epoch"))
    before = rows(place)
    wait_for_rows(other, 177 - len(before))
    job.interrupt()
    check("to its end", 0, job.end().code)
    after = rows(other)
    check("with nothing twice that the first had shown before it was taken", True,
          set(after) | set(before) >= set(whole[:177]) and len(set(after)) == len(after))
    again = run("run", "job.sql", "--state-dir", "there", "--from-savepoint", "a.savepoint",
                cwd=other)
    check("not over state that is there", has("there/job holds state already"), again.err)
    missing = run("run", "job.sql", "--state-dir", "x", "--from-savepoint", "none", cwd=other)
    check("a savepoint that is not there", has("there is no savepoint none"), missing.err)
    damaged = bytearray((other / "a.savepoint").read_bytes())
    damaged[40] ^= 1
    (other / "b.savepoint").write_bytes(damaged)
    refused = run("run", "job.sql", "--state-dir", "y", "--from-savepoint", "b.savepoint",
                  cwd=other)
    check("one with a damaged block", (1, True),
          (refused.code, has("b.savepoint: block 0 (rows of table", "copy it anew")(refused.err)))


SHOWN = """
CREATE TABLE clicks (id INT, k TEXT, ts TIMESTAMP, WATERMARK FOR ts AS ts)
  WITH (connector = 'file', path = 'clicks.jsonl', format = 'json');
CREATE TABLE shown (id INT) WITH (connector = 'stdout', format = 'json');
INSERT INTO shown SELECT id FROM clicks;
"""


def check_at_least_once():
    """Sinks that have no part in epochs are told of when a job starts, and only then."""
    told = 'at least once: after a crash the last rows come again in "shown" (stdout)\n'
    place = folder(job_sql=SHOWN, clicks_jsonl=clicks(0, 9))
    ran = run("run", "job.sql", "--state-dir", "state", cwd=place)
    check("standard output says so once", 1, ran.err.count(told))
    check("not among the rows", 9, ran.out.count("\n"))
    again = run("run", "job.sql", "--state-dir", "state", cwd=place)
    check("where there is nothing to do, nothing", 0, again.err.count("at least once"))
    kept_quiet = run("run", "job.sql", "--state-dir", "state", "--name", "b", "-q", cwd=place)
    check("nor with -q", "", kept_quiet.err)
    without = run("run", "job.sql", cwd=place)
    check("nor where nothing is kept", 0, without.err.count("at least once"))
    place = folder(job_sql=JOB.format(follow=""), clicks_jsonl=clicks(0, 9))
    ran = run("run", "job.sql", "--state-dir", "state", cwd=place)
    check("a directory has each row once", 0, ran.err.count("at least once"))


# Two jobs, for the second asks what the first writes.
TWO_JOBS = JOB.format(follow="") + """
CREATE TABLE by_key (k TEXT, n BIGINT)
  WITH (connector = 'file', path = 'by_key/', format = 'json', mode = 'changelog');
INSERT INTO by_key SELECT k, sum(n) FROM hot GROUP BY k;
"""


def check_savepoints_of_two_jobs():
    place = folder(job_sql=TWO_JOBS, clicks_jsonl=clicks(0, 100))
    check("two jobs come to their end", 0, run("run", "job.sql", "--state-dir", "state",
                                               cwd=place).code)
    for name in ("job", "job-2"):
        made = run("savepoint", "create", name, f"{name}.savepoint", "--state-dir", "state",
                   cwd=place)
        check(f"a savepoint of {name}", (0, ""), (made.code, made.err))

    def begin(state, *paths):
        flags = [flag for path in paths for flag in ("--from-savepoint", path)]
        return run("run", "job.sql", "--state-dir", state, *flags, cwd=place)
    one = begin("a", "job.savepoint")
    check("one of two is refused, with the way out",
          (78, True), (one.code, has("job 2 of 2 jobs", "would begin with nothing", "savepoint create job-2")(one.err)))
    swapped = begin("a", "job-2.savepoint", "job.savepoint")
    check("so are two in the wrong order", (78, True),
          (swapped.code, has("job-2.savepoint was taken for job 1 of 2 jobs")(swapped.err)))
    more = begin("a", "job.savepoint", "job-2.savepoint", "job-2.savepoint")
    check("and more than there are jobs", has("there are 3 savepoints"), more.err)
    check("nothing has been made of any", False, (place / "a").exists())
    both = begin("a", "job.savepoint", "job-2.savepoint")
    check("each job begins with its own", (0, 2),
          (both.code, both.err.count("finished: an earlier run")))
    check("and nothing comes twice", 30, len(rows(place)))


def check_another_path():
    """Rows that the state may have already are not read on top of it."""
    place = folder(job_sql=JOB.format(follow=FOLLOW), clicks_jsonl=clicks(0, 40))
    job = start(place)
    check("three windows of three keys have closed", 9, wait_for_rows(place, 9))
    job.interrupt()
    job.end()
    (place / "copy.jsonl").write_text(clicks(0, 80), encoding="utf-8")
    moved = JOB.format(follow=FOLLOW).replace("'clicks.jsonl'", "'copy.jsonl'")
    (place / "job.sql").write_text(moved, encoding="utf-8")
    ran = run("run", "job.sql", "--state-dir", "state", cwd=place)
    check("another path is refused", has('"clicks" has been read from clicks.jsonl',
                                         "--allow-new-state"), ran.err)
    check("as what the user must change", 78, ran.code)
    check("and nothing is shown", 9, len(rows(place)))


def check_finished():
    """A job that came to the end of its inputs is left as it is, whatever files come."""
    script = JOB.format(follow="").replace("clicks.jsonl", "clicks.*")
    place = folder(job_sql=script + "CREATE TABLE ids (id INT) WITH (connector = 'file', "
                   "path = 'ids/', format = 'json'); INSERT INTO ids SELECT id FROM clicks;",
                   clicks_1=clicks(0, 40))
    flags = ("--state-dir", "state", "--set", "checkpoint_interval=1ms")
    check("comes to the end", 0, run("run", "job.sql", *flags, cwd=place).code)
    before = {path: path.read_text() for path in place.glob("*/*.jsonl")}
    (place / "clicks.2").write_text(clicks(40, 100_000), encoding="utf-8")
    for _ in range(2):
        ran = run("run", "job.sql", *flags, cwd=place)
        check("is finished", (0, True),
              (ran.code, has("came to the end of its inputs", "in 40 ")(ran.err)))
    check("and has written no more", before,
          {path: path.read_text() for path in place.glob("*/*.jsonl")})
    check("nor begun to", [], list(place.glob("*/.part*")))


def check_rotated_log():
    """What a followed log was renamed to is not read again where the path leads there too."""
    place = folder(job_sql=JOB.format(follow=FOLLOW).replace("clicks.jsonl", "clicks.*"),
                   clicks_jsonl=clicks(0, 40))
    job = start(place)
    check("three windows of three keys have closed", 9, wait_for_rows(place, 9))
    (place / "clicks.jsonl").rename(place / "clicks.1")
    (place / "clicks.jsonl").write_text(clicks(40, 80), encoding="utf-8")
    check("the new log is read", 21, wait_for_rows(place, 21))
    job.interrupt()
    job.end()
    ran = run("run", "job.sql", "--state-dir", "state", cwd=place)
    size = (place / "clicks.1").stat().st_size
    check("the old one is not read again",
          has(f"cannot begin with clicks.1: its first {size} bytes have been read as "
              "clicks.jsonl", "--allow-new-state"), ran.err)
    check("as what the user must change", 78, ran.code)
    (place / "clicks.1").unlink()
    append(place / "clicks.jsonl", clicks(80, 100))
    job = start(place)
    check("without it the job goes on", 27, wait_for_rows(place, 27))
    job.interrupt(signal.SIGKILL)
    job.end()
    append(place / "clicks.jsonl", clicks(100, 130))
    (place / "clicks.jsonl").rename(place / "clicks.jsonl.1")
    (place / "clicks.jsonl").write_text(clicks(130, 160), encoding="utf-8")
    (place / "job.sql").write_text(JOB.format(follow=FOLLOW), encoding="utf-8")
    job = start(place)
    check("one that was renamed between two lives is read to its end", 45, wait_for_rows(place, 45))
    check("and all is counted once", 150,
          sum(json.loads(row)["n"] for row in rows(place)))
    job.interrupt()
    check("and stops", 0, job.end().code)


def check_lock():
    place = folder(job_sql=JOB.format(follow=FOLLOW), clicks_jsonl=clicks(0, 100))
    job = start(place)
    wait_for_rows(place, 1)
    second = run("run", "job.sql", "--state-dir", "state", cwd=place)
    check("a second process is refused", has(str(job.process.pid)), second.err)
    job.interrupt()
    check("the first goes on", 0, job.end().code)


def main():
    whole = whole_answer()
    check_kills(whole)
    check_savepoint(whole)
    check_refusals()
    check_savepoints_of_two_jobs()
    check_at_least_once()
    check_another_path()
    check_finished()
    check_rotated_log()
    check_lock()
    close()


main()
