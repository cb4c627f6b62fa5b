#!/usr/bin/env python3
"""What people see on a terminal: tables, colours, the footer line, Ctrl-C."""
import re

from program import Terminal, check, close, folder, has

RED = "\x1b[1;31m"
CLEAR = "\r\x1b[K"
WRONG = ["-c", "SELECT nope FROM 'quakes.jsonl'"]
BIDS = ("CREATE TABLE bids (price BIGINT, \"dateTime\" TIMESTAMP, WATERMARK FOR \"dateTime\" AS "
        "\"dateTime\" - INTERVAL '1 second') "
        "WITH (connector = 'nexmark', type = 'bid', rate = 1000, live = true);\n")
WINDOWS = BIDS + ("SELECT window_start, count(*) AS n FROM TUMBLE(bids, \"dateTime\", "
                  "INTERVAL '1 second') GROUP BY window_start, window_end;\n")
place = folder(windows_sql=WINDOWS, sink_sql=BIDS + """
CREATE TABLE o (n BIGINT) WITH (connector = 'blackhole');
INSERT INTO o SELECT price FROM bids;
""")
FOOTER = re.compile(r"\r\x1b\[Kin [\d ]+ \(\d+/s\) · out [\d ]+ \(\d+/s\) · watermark "
                    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \([^)]* behind\)")
SUMMARY = re.compile(r"in [\d ]+ · out [\d ]+ · late 0 · errors 0 · (still held \d+ rows? or groups? · )?[\d.]+ m?s\n$")


def shown(*arguments, **kwargs):
    terminal = Terminal(*arguments, **kwargs)
    code = terminal.end()
    return code, terminal.text


code, text = shown("-c", "SELECT net, count(*) AS n FROM 'quakes.jsonl' GROUP BY net "
                   "ORDER BY n DESC LIMIT 2")
check("a table on a terminal", (0, "net    n\n───  ───\nci   386\nnc   370\n(2 rows)\n"),
      (code, text))
code, text = shown(*WRONG)
check("errors in colour", (78, True), (code, text.startswith(RED + "error:")))
for name, arguments, env in [("NO_COLOR", WRONG, {"NO_COLOR": "1"}),
                             ("THALWEG_NO_COLOR", WRONG, {"THALWEG_NO_COLOR": "1"}),
                             ("TERM=dumb", WRONG, {"TERM": "dumb"}),
                             ("--no-color", [*WRONG, "--no-color"], {}),
                             ("--color=never", [*WRONG, "--color=never"], {})]:
    check(f"no colour: {name}", lambda text: text.startswith("error:") and "\x1b" not in text,
          shown(*arguments, env=env)[1])
check("an empty NO_COLOR says nothing", has(RED), shown(*WRONG, env={"NO_COLOR": ""})[1])
check("--color=always goes before NO_COLOR", has(RED),
      shown(*WRONG, "--color=always", env={"NO_COLOR": "1"})[1])
code, text = shown()
check("without anything, the help", (2, True), (code, has("\x1b[1mUsage:\x1b[0m")(text)))

# The footer: four times a second, out of the way of rows, gone at the end.
run = Terminal("run", "windows.sql", cwd=place)
check("the footer comes", True, run.wait_for(" behind)"))
run.read_for(4)
check("the footer, four times a second",
     lambda found: 10 <= found <= 22, len(FOOTER.findall(run.text)))
rows = [line for line in run.text.split("\n") if re.search(r"\d:\d\d  +\d+$", line)]
check("windows among it", lambda found: len(found) >= 2, rows)
check("on lines of their own", True, all(
    re.fullmatch(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)  +\d+", line.split(CLEAR)[-1]) for line in rows))
run.press_control_c()
check("Ctrl-C says something at once", True,
      run.wait_for("stopping: finishing what has been read; Ctrl-C again stops now\n", 3))
check("Ctrl-C stops in order", 0, run.end())
check("the summary is last", True, SUMMARY.search(run.text) is not None)

(place / "part_a.jsonl").write_text('{"ts":1000}\n{"ts":9000}\n', encoding="utf-8")
(place / "part_b.jsonl").write_text('{"ts":1000}\n', encoding="utf-8")
(place / "parts.sql").write_text("""
CREATE TABLE g (ts TIMESTAMP, WATERMARK FOR ts AS ts)
WITH (connector = 'file', path = 'part_*.jsonl', format = 'json', follow = true, idle_timeout = 0);
SELECT window_start, count(*) FROM TUMBLE(g, ts, INTERVAL '2 seconds') GROUP BY window_start, window_end;
""", encoding="utf-8")
waiting = Terminal("run", "parts.sql", cwd=place, columns=200)
check("the footer says who holds the watermark back", True,
      waiting.wait_for(' behind, held by g "part_b.jsonl")'))
waiting.press_control_c()
check("and so does the end", True, waiting.end() == 0 and
      has('00:00:01, held back by g "part_b.jsonl")')(waiting.text))

quiet = Terminal("run", "sink.sql", "-q", cwd=place)
quiet.read_for(1.5)
check("-q shows nothing", "", quiet.text)
quiet.press_control_c()
check("-q stops too", 0, quiet.end())
check("-q says nothing", "^C", quiet.text.strip())

narrow = Terminal("run", "sink.sql", cwd=place, columns=20)
narrow.wait_for("in ")
narrow.read_for(1)
drawn = [line.split("\n")[0] for line in narrow.text.split(CLEAR)[1:]]
check("cut to the terminal's width", True, drawn != [] and all(len(line) < 20 for line in drawn))
narrow.press_control_c()
narrow.end()

dumb = Terminal("run", "sink.sql", cwd=place, env={"TERM": "dumb"})
dumb.read_for(1.5)
check("nothing is drawn over on a dumb terminal", "", dumb.text)
dumb.press_control_c()
dumb.end()
close()
