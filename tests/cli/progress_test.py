#!/usr/bin/env python3
"""Where stderr is no terminal, one line every 30 seconds says how far a run is."""
import re

from program import Running, check, close, folder

place = folder(sink_sql="""
CREATE TABLE bids (price BIGINT, "dateTime" TIMESTAMP, WATERMARK FOR "dateTime" AS "dateTime")
WITH (connector = 'nexmark', type = 'bid', rate = 100, live = true);
CREATE TABLE o (n BIGINT) WITH (connector = 'blackhole');
INSERT INTO o SELECT count(*) FROM TUMBLE(bids, "dateTime", INTERVAL '1 second')
GROUP BY window_start, window_end;
""")
run = Running("run", "sink.sql", cwd=place)
check("nothing at first", False, run.wait_for("progress", seconds=25))
check("a line after 30 seconds", True, run.wait_for("seconds_behind=", seconds=15))
run.interrupt()
ended = run.end()
lines = [line for line in ended.err.splitlines() if line.startswith("progress ")]
check("one line", 1, len(lines))
check("of NAME=VALUE", True, re.fullmatch(
    r"progress seconds=3\d rows_in=\d+ rows_in_per_second=\d+ rows_out=\d+ rows_out_per_second=\d+ "
    r"rows_late=0 rows_in_error=0 restarts=0 watermark=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ seconds_behind=[\d.]+",
    lines[0] if lines else "") is not None)
close()
