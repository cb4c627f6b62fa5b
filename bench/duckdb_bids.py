"""Counts bids per bidder in windows of 10 s with DuckDB.

    duckdb_bids.py BIDS.jsonl THREADS [ANSWER.csv]

Prints seconds of processor and wall time; writes the answer to a file where one is named.
"""
import sys
import time

import duckdb

QUERY = """
    SELECT epoch_us(time_bucket(INTERVAL '10 seconds', "dateTime")) AS window_start, bidder,
           count(*) AS bids
    FROM read_json('{}', format = 'newline_delimited',
                   columns = {{bidder: 'BIGINT', "dateTime": 'TIMESTAMP'}})
    GROUP BY ALL"""


def main():
    connection = duckdb.connect(config={"threads": int(sys.argv[2])})
    query = QUERY.format(sys.argv[1])
    if len(sys.argv) > 3:
        query = f"COPY ({query}) TO '{sys.argv[3]}' (HEADER false)"
    else:
        query = f"SELECT count(*), sum(bids) FROM ({query})"
    processor, wall = time.process_time(), time.perf_counter()
    connection.execute(query).fetchall()
    print(time.process_time() - processor, time.perf_counter() - wall)


main()
