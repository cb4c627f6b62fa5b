#!/usr/bin/env python3
"""memory_limit: a query that grows without end is stopped with what takes most, one that lets go of
what it kept goes on to the right answer, and what cannot be a limit is refused."""
import os
import pathlib
import subprocess
import time

from program import PLAIN_ENV, THALWEG, check, close, folder, has, run

BIDS = """
CREATE TABLE bids WITH (connector = 'nexmark', type = 'bid');
"""
LIMIT_MIB = 256


class Measured:
    """A run, its output in files, and the most memory that the program has had meanwhile."""

    def __init__(self, *arguments, cwd):
        out, err = cwd / "out", cwd / "err"
        with open(out, "w", encoding="utf-8") as to, open(err, "w", encoding="utf-8") as errors:
            process = subprocess.Popen([THALWEG, *arguments], stdin=subprocess.DEVNULL, stdout=to,
                                       stderr=errors, cwd=cwd, env=PLAIN_ENV)
            self.peak_mib = 0
            while process.poll() is None:
                self.peak_mib = max(self.peak_mib, peak_mib(process.pid))
                time.sleep(0.005)
        self.code, self.out, self.err = process.returncode, out.read_text(), err.read_text()


def peak_mib(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            found = [line.split()[1] for line in status if line.startswith("VmHWM")]
    except OSError:
        found = []
    return int(found[0]) // 1024 if found else 0


# Half of the rows come within one second, and wait until the clock of the rest has passed it.
JUMP = """
CREATE TABLE clicks (k TEXT, n INT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '1 minute')
  WITH (connector = 'file', path = 'jump.csv', format = 'csv');
SELECT k, n, row_number() OVER (PARTITION BY k ORDER BY ts) AS r FROM clicks;
"""
ROWS = 1_200_000


def jump_rows():
    for n in range(ROWS):
        late = max(n - ROWS // 2, 0) // 100_000 * 3_600_000 + (3_600_000 if n >= ROWS // 2 else 0)
        yield f"key-{n % 997}-{'x' * 60},{n},{1_700_000_000_000 + late + n % 1000}"


def test_relief():
    """Rows that waited come out while the sources pause; the answer is that of no limit at all."""
    place = folder(jump_csv="k,n,ts\n" + "\n".join(jump_rows()) + "\n", job_sql=JUMP)
    job = ("run", "job.sql", "--set", "workers=1")
    free = Measured(*job, cwd=place)
    tight = Measured(*job, "--set", f"memory_limit={free.peak_mib * 4 // 5}MiB", cwd=place)
    check("goes on", 0, tight.code)
    check("says that it paused", has("in 1 200 000", "paused", "memory_limit"), tight.err)
    check("has all rows", ROWS + 1, len(tight.out.splitlines()))
    check("the same rows", sorted(free.out.splitlines()), sorted(tight.out.splitlines()))


KEPT = """
CREATE TABLE bids WITH (connector = 'nexmark', type = 'bid', events = 10000000);
CREATE TABLE nowhere (auction BIGINT, bidder BIGINT, price BIGINT, n BIGINT)
  WITH (connector = 'blackhole');
INSERT INTO nowhere SELECT auction, bidder, price, count(*) FROM bids
GROUP BY auction, bidder, price;
"""


def test_kept_state():
    place = folder(job_sql=KEPT)
    job = ("run", "job.sql", "--state-dir", "state", "--set", "checkpoint_interval=50ms")
    tight = run(*job, "--set", f"memory_limit={LIMIT_MIB}MiB", cwd=place)
    check("ends", 1, tight.code)
    check("and says what is left", has("memory_limit is reached", "the state stays that of epoch"),
          tight.err)
    tighter = run(*job, "--set", "memory_limit=64MiB", cwd=place)
    check("what does not fit any more is named",
          has("while it takes back the state of GROUP", "(nowhere/aggregate#1)"), tighter.err)
    free = run(*job, cwd=place)
    check("goes on", 0, free.code)
    check("from there", has("going on from epoch", "in 9 200 000"), free.err)


def test_growing_groups():
    """Keys that never end, on one worker and two, of each kind of index."""
    place = folder()
    for keys in ("auction, bidder, price", "bidder * 100000 + price", "auction || '-' || price"):
        for workers in ("1", "2"):
            ran = Measured("-c", BIDS + f"SELECT {keys}, count(*) FROM bids GROUP BY {keys}",
                           "--set", f"memory_limit={LIMIT_MIB}MiB", "--set", f"workers={workers}",
                           "--format", "csv", cwd=place)
            check(f"grows by {keys}, {workers} workers", 1, ran.code)
            check("says why", has("memory_limit is reached", f"may have {LIMIT_MIB} MiB",
                                  "what takes most", "GROUP", "rows or groups in", "MiB",
                                  "memory_limit", "ttl", "thalweg help R0002"), ran.err)
            check("stays near its limit", lambda peak: peak < LIMIT_MIB * 3 // 2, ran.peak_mib)


def test_sort():
    ran = run("-c", """
        CREATE TABLE bids WITH (connector = 'nexmark', type = 'bid', events = 100000000);
        SELECT * FROM bids ORDER BY price""", "--set", f"memory_limit={LIMIT_MIB}MiB")
    check("a sort ends", 1, ran.code)
    check("and is named", has("memory_limit is reached", "ORDER BY"), ran.err)


GROUP_MIB = 400


def control_group():
    """A new group of that much memory, of version 2 or 1; nothing where none may be made."""
    for mount, limit in (("/sys/fs/cgroup", "memory.max"),
                         ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")):
        group = pathlib.Path(mount) / f"thalweg-{os.getpid()}"
        if not (pathlib.Path(mount) / "cgroup.procs").exists():
            continue
        try:
            group.mkdir()
            (group / limit).write_text(str(GROUP_MIB << 20))
            return group
        except OSError:
            if group.is_dir():
                group.rmdir()
    return None


def test_control_group():
    """The default: a program that may have little memory is stopped by itself, not by the kernel."""
    group = control_group()
    if group is None:
        return
    query = BIDS + "SELECT auction, bidder, price, count(*) FROM bids GROUP BY auction, bidder, price"
    ran = subprocess.run(["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh", THALWEG,
                          "-c", query, "--format", "csv"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=PLAIN_ENV,
                         timeout=60, check=False)
    group.rmdir()
    check("it is stopped", 1, ran.returncode)
    check("at three quarters", has("memory_limit is reached", f"may have {GROUP_MIB * 3 // 4} MiB"),
          ran.stderr.decode())


def test_refusals():
    for value in ("1GB%", "2", "0", "-1GiB", "63MiB", "0%", "101%", "lots"):
        ran = run("-c", f"SET memory_limit = '{value}'; SELECT 1")
        check(f"{value} is refused", (78, True),
              (ran.code, "memory_limit must be a size with its unit from 64MiB on" in ran.err))
    ran = run("-c", "SET memory_limit = '1024000GiB'; SELECT 1")
    check("more than there is", (78, True),
          (ran.code, "memory_limit is 1024000 GiB, and the machine" in ran.err))
    ran = run("-c", "SET memory_limt = '1GiB'; SELECT 1")
    check("the nearest name", (78, True), (ran.code, 'did you mean "memory_limit"?' in ran.err))
    for value in ("64MiB", "1 GiB", "50%", "100%"):
        check(f"{value} is a limit", 0, run("-c", f"SET memory_limit = '{value}'; SELECT 1").code)


test_relief()
test_growing_groups()
test_kept_state()
test_sort()
test_control_group()
test_refusals()
close()
