#!/usr/bin/env python3
"""A disk that is full: a pipeline that keeps its state waits for room, or stops when it is told to.
The disk is a small one of its own; where none may be mounted, there is nothing to test."""
import json
import signal
import subprocess

from program import Running, check, close, folder, has, run

JOB = """
CREATE TABLE clicks (id INT, k TEXT, ts TIMESTAMP, WATERMARK FOR ts AS ts)
  WITH (connector = 'file', path = 'clicks.jsonl', format = 'json', follow = true);
CREATE TABLE hot (s TIMESTAMP, k TEXT, n BIGINT)
  WITH (connector = 'file', path = '{hot}', format = 'json');
INSERT INTO hot SELECT window_start, k, count(*) FROM TUMBLE(clicks, ts, INTERVAL '10 seconds')
GROUP BY window_start, window_end, k;
"""
RUN = ("run", "job.sql", "--state-dir", "disk/state", "--set", "checkpoint_interval=20ms")


def clicks(begin, end):
    return "".join(json.dumps({"id": number, "k": f"k{number % 3}",
                               "ts": f"2024-01-01T00:{number // 60:02}:{number % 60:02}Z"}) + "\n"
                   for number in range(begin, end))


def append(place, begin, end):
    with open(place / "clicks.jsonl", "a", encoding="utf-8") as file:
        file.write(clicks(begin, end))


def rows(place):
    """Those of a directory of parts, or of a file."""
    paths = place.glob("disk/hot/*.jsonl") if (place / "disk/hot").is_dir() else \
        place.glob("disk/hot.jsonl")
    return sorted(line for path in paths for line in path.read_text().splitlines())


def expected(seconds):
    """Each ten seconds have three clicks of two keys, and four of one."""
    lines = []
    for begin in range(0, seconds - 10, 10):
        for key in range(3):
            n = sum(1 for number in range(begin, begin + 10) if number % 3 == key)
            lines.append((f"2024-01-01T00:{begin // 60:02}:{begin % 60:02}", f"k{key}", n))
    return sorted(lines)


def told(place):
    found = [json.loads(line) for line in rows(place)]
    return sorted((row["s"][:19].replace(" ", "T"), row["k"], row["n"]) for row in found)


def wait_for(place, count, job):
    for _ in range(200):
        if len(rows(place)) >= count:
            return
        job.wait_for("\0never", 0.1)


def fill(place):
    with open(place / "disk/filler", "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            pass


def with_disk(hot):
    place = folder(job_sql=JOB.format(hot=hot), clicks_jsonl=clicks(0, 100))
    (place / "disk").mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place / "disk"],
                          capture_output=True, check=False)
    return place if made.returncode == 0 else None


def unmount(place):
    subprocess.run(["umount", place / "disk"], check=True)


def check_waits(place):
    job = Running(*RUN, cwd=place)
    wait_for(place, 27, job)
    fill(place)
    append(place, 100, 300)
    check("it says that it waits", True, job.wait_for("waiting: disk full: cannot "))
    before = rows(place)
    (place / "disk/filler").unlink()
    check("and goes on", True, job.wait_for("going on from epoch"))
    append(place, 300, 400)
    wait_for(place, 117, job)
    job.interrupt()
    ran = job.end()
    check("it ends in order", 0, ran.code)
    check("the summary says so", has("in 400", "waited", "for room on a disk"), ran.err)
    check("no row is lost and none comes twice", expected(400), told(place))
    check("what stood there stays", True, set(before) <= set(rows(place)))


def check_stops(place):
    job = Running(*RUN, "--set", "on_failure=stop", cwd=place)
    job.wait_for("going on from epoch")
    fill(place)
    append(place, 400, 500)
    ran = job.end()
    check("it stops", 1, ran.code)
    check("with the reason, and what is left", has("No space left on device", "of epoch"), ran.err)
    job = Running(*RUN, cwd=place)
    check("the same command waits", True, job.wait_for("waiting: disk full"))
    job.interrupt(signal.SIGINT)
    ran = job.end()
    check("Ctrl-C ends the wait", (1, True), (ran.code, "No space left on device" in ran.err))
    (place / "disk/filler").unlink()
    job = Running(*RUN, cwd=place)
    check("with room it goes on", True, job.wait_for("going on from epoch"))
    wait_for(place, 147, job)
    job.interrupt()
    check("to its end", 0, job.end().code)
    check("and all is there once", expected(500), told(place))


def main():
    for hot in ("disk/hot/", "disk/hot.jsonl"):
        place = with_disk(hot)
        if place is None:
            print("no disk can be mounted here")
            break
        try:
            check_waits(place)
            check_stops(place)
        finally:
            unmount(place)
    ran = run("-c", "SELECT 1 AS a", "--set", "on_failure=sometimes")
    check("no other word", (78, True), (ran.code, "'wait' or 'stop'" in ran.err))
    close()


main()
