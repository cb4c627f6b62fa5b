#!/usr/bin/env python3
"""Nexmark as scripts for Flink have it, none of whose words is changed: ROW<...>, backticks, quoted
options, TABLE(HOP(TABLE ...)), group windows, DATE_FORMAT, INSERT into a blackhole."""
import nexmark_answers
from nexmark_answers import EVENTS, answer, differences, over_all_windows, read_bids
from program import check, close, run

TABLES = """
CREATE TABLE datagen (
    event_type int,
    person ROW<
        id BIGINT, name VARCHAR, emailAddress VARCHAR, creditCard VARCHAR, city VARCHAR,
        state VARCHAR, dateTime TIMESTAMP(3), extra VARCHAR>,
    auction ROW<
        id BIGINT, itemName VARCHAR, description VARCHAR, initialBid BIGINT, reserve BIGINT,
        dateTime TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
        extra VARCHAR>,
    bid ROW<
        auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, url VARCHAR,
        dateTime TIMESTAMP(3), extra VARCHAR>,
    dateTime AS
        CASE
            WHEN event_type = 0 THEN person.dateTime
            WHEN event_type = 1 THEN auction.dateTime
            ELSE bid.dateTime
        END,
    WATERMARK FOR dateTime AS dateTime - INTERVAL '4' SECOND
) WITH (
    'connector' = 'nexmark',
    'first-event.rate' = '10000',
    'next-event.rate' = '10000',
    'events.num' = 'EVENTS',
    'person.proportion' = '1',
    'auction.proportion' = '3',
    'bid.proportion' = '46'
);
CREATE VIEW bid AS
SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url, dateTime, bid.extra
FROM datagen WHERE event_type = 2;
""".replace("EVENTS", EVENTS)

BIDS = """
    count(*) AS total_bids,
    count(*) filter (where price < 10000) AS rank1_bids,
    count(*) filter (where price >= 10000 and price < 1000000) AS rank2_bids,
    count(*) filter (where price >= 1000000) AS rank3_bids"""


def distinct(what):
    return f"""
    count(distinct {what}),
    count(distinct {what}) filter (where price < 10000),
    count(distinct {what}) filter (where price >= 10000 and price < 1000000),
    count(distinct {what}) filter (where price >= 1000000)"""


# Each with the columns of the table that it is inserted into.
SCRIPTS = {
    "q0": ("auction BIGINT, bidder BIGINT, price BIGINT, dateTime TIMESTAMP(3), extra VARCHAR",
           "SELECT auction, bidder, price, dateTime, extra FROM bid"),
    "q1": ("auction BIGINT, bidder BIGINT, price DECIMAL(23, 3), dateTime TIMESTAMP(3), "
           "extra VARCHAR",
           "SELECT auction, bidder, 0.908 * price as price, dateTime, extra FROM bid"),
    "q2": ("auction BIGINT, price BIGINT",
           "SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0"),
    "hop": ("auction BIGINT, num BIGINT, starttime TIMESTAMP(3), endtime TIMESTAMP(3)",
            """SELECT auction, count(*) AS num, window_start AS starttime, window_end AS endtime
               FROM TABLE(HOP(TABLE bid, DESCRIPTOR(dateTime), INTERVAL '2' SECOND,
                              INTERVAL '10' SECOND))
               GROUP BY auction, window_start, window_end"""),
    "q11": ("bidder BIGINT, bid_count BIGINT, starttime TIMESTAMP(3), endtime TIMESTAMP(3)",
            """SELECT B.bidder, count(*) as bid_count,
                 SESSION_START(B.dateTime, INTERVAL '10' SECOND) as starttime,
                 SESSION_END(B.dateTime, INTERVAL '10' SECOND) as endtime
               FROM bid B GROUP BY B.bidder, SESSION(B.dateTime, INTERVAL '10' SECOND)"""),
    "q12": ("bidder BIGINT, bid_count BIGINT, starttime TIMESTAMP(3), endtime TIMESTAMP(3)",
            """SELECT B.bidder, count(*) as bid_count,
                 TUMBLE_START(B.p_time, INTERVAL '10' SECOND) as starttime,
                 TUMBLE_END(B.p_time, INTERVAL '10' SECOND) as endtime
               FROM (SELECT *, PROCTIME() as p_time FROM bid) B
               GROUP BY B.bidder, TUMBLE(B.p_time, INTERVAL '10' SECOND)"""),
    "q15": (None,
            f"""SELECT DATE_FORMAT(dateTime, 'yyyy-MM-dd') as `day`, {BIDS}, {distinct("bidder")},
                  {distinct("auction")}
                FROM bid GROUP BY DATE_FORMAT(dateTime, 'yyyy-MM-dd')"""),
    "q17": (None,
            f"""SELECT auction, DATE_FORMAT(dateTime, 'yyyy-MM-dd') as `day`, {BIDS},
                  min(price) AS min_price, max(price) AS max_price, avg(price) AS avg_price,
                  sum(price) AS sum_price
                FROM bid GROUP BY auction, DATE_FORMAT(dateTime, 'yyyy-MM-dd')"""),
    "q18": (None,
            """SELECT auction, bidder, price, channel, url, dateTime, extra
               FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY bidder, auction
                                                  ORDER BY dateTime DESC) AS rank_number
                     FROM bid)
               WHERE rank_number <= 1"""),
    "q19": (None,
            """SELECT *
               FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction
                                                  ORDER BY price DESC) AS rank_number
                     FROM bid)
               WHERE rank_number <= 10"""),
}

bids = read_bids()
for name, (columns, query) in SCRIPTS.items():
    found = answer(f"{TABLES}{query};")
    if name == "q12":
        found = over_all_windows(found)
    expected = getattr(nexmark_answers, name)(bids)
    check(name, {"missing": [], "too many": []}, differences(expected, found))
    if columns is not None:
        sink = f"CREATE TABLE nexmark_{name} ({columns}) WITH ('connector' = 'blackhole');"
        ran = run("-q", "-f", "-", stdin=f"{TABLES}{sink}\nINSERT INTO nexmark_{name}\n{query};")
        check(f"{name} into a blackhole", (0, "", ""), (ran.code, ran.out, ran.err))
close()
