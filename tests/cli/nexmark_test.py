#!/usr/bin/env python3
"""The Nexmark queries of bench/nexmark/, which read the flat table of bids, against plain loops."""
import pathlib

import nexmark_answers
from nexmark_answers import EVENTS, answer, differences, over_all_windows, read_bids
from program import check, close

QUERIES = pathlib.Path(__file__).resolve().parent.parent.parent / "bench/nexmark"

bids = read_bids()
check("bids among the events", int(EVENTS) * 92 // 100, len(bids))
for query in sorted(QUERIES.glob("*.sql")):
    found = answer(query.read_text().replace("events = 1000000", f"events = {EVENTS}"))
    if query.stem == "q12":
        found = over_all_windows(found)
    expected = getattr(nexmark_answers, query.stem)(bids)
    check(query.stem, {"missing": [], "too many": []}, differences(expected, found))
close()
