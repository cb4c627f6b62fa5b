#!/usr/bin/env python3
"""What docs/reference/state.md invites to: a job follows a file that grows, is killed five times by
kill -9 meanwhile, and its output is that of one pass over the whole file."""
import json
import signal
import threading
import time

from program import Running, check, close, folder, run

JOB = """
CREATE TABLE clicks (id INT, k TEXT, ts TIMESTAMP, WATERMARK FOR ts AS ts - INTERVAL '5 seconds')
  WITH (connector = 'file', path = 'clicks.jsonl', format = 'json', follow = {follow});
CREATE TABLE hot (s TIMESTAMP, k TEXT, n BIGINT, first INT)
  WITH (connector = 'file', path = '{output}/', format = 'json');
INSERT INTO hot SELECT window_start, k, count(*), min(id)
FROM TUMBLE(clicks, ts, INTERVAL '10 seconds') GROUP BY window_start, window_end, k;
"""
KILLS = 5
ROWS_MAX = 3_000_000  # More than are ever written: a life that shows nothing is a failure.
SECONDS_MAX = 60


def click(number):
    """Times are up to four seconds out of order."""
    second = max(0, number // 20 - number * 7 % 5)
    return json.dumps({"id": number, "k": f"k{number % 7}",
                       "ts": f"2024-01-{1 + second // 86400:02}T{second // 3600 % 24:02}:"
                             f"{second // 60 % 60:02}:{second % 60:02}Z"}) + "\n"


class Writer(threading.Thread):
    """Adds clicks to a file, in pieces that end anywhere, until it is told that it is enough."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.enough = threading.Event()

    def run(self):
        held = ""
        with open(self.path, "a", encoding="utf-8") as file:
            for number in range(ROWS_MAX):
                held += click(number)
                if number % 50 == 0:
                    end = len(held) - number % 40  # Some of a line comes later.
                    file.write(held[:end])
                    file.flush()
                    held = held[end:]
                    if self.enough.wait(0.001):
                        break
            file.write(held)


def lines(place, name):
    return sorted(line for part in (place / name).glob("*.jsonl")
                  for line in part.read_text().splitlines())


def has_shown_more(place, before):
    end = time.monotonic() + SECONDS_MAX
    while time.monotonic() < end:
        if len(lines(place, "hot")) > before:
            return True
        time.sleep(0.005)
    return False


def go_on(place, follow, workers):
    (place / "job.sql").write_text(JOB.format(follow=follow, output="hot"))
    return Running("run", "job.sql", "--state-dir", "state", "--workers", str(workers),
                   "--set", "checkpoint_interval=20ms", cwd=place)


def main():
    place = folder(clicks_jsonl="")
    writer = Writer(place / "clicks.jsonl")
    writer.start()
    for kill in range(KILLS):
        before = len(lines(place, "hot"))
        job = go_on(place, "true", 1 + kill % 3)
        check(f"life {kill + 1} shows results while the file grows", True,
              has_shown_more(place, before))
        check("and nothing ends it before it is killed", None, job.process.poll())
        job.interrupt(signal.SIGKILL)
        job.end()
    check("the file has grown all the time", True, writer.is_alive())
    writer.enough.set()
    writer.join()
    last = go_on(place, "false", 2)
    check("the last life goes on", True, last.wait_for("going on from epoch"))
    check("to the end of the file", 0, last.end(SECONDS_MAX).code)
    (place / "whole.sql").write_text(JOB.format(follow="false", output="whole"))
    check("one pass over the whole file", 0, run("run", "whole.sql", cwd=place).code)
    check("no row is lost, and none is there twice", lines(place, "whole"), lines(place, "hot"))
    check("every click is in a window", sum(1 for _ in open(place / "clicks.jsonl",
                                                            encoding="utf-8")),
          sum(json.loads(line)["n"] for line in lines(place, "hot")))
    close()


main()
