-- Nexmark q5. The auctions with the most bids in the last ten seconds, every two seconds.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT, "dateTime" TIMESTAMP, extra TEXT,
  WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '4 seconds'
) WITH (connector = 'nexmark', type = 'bid', events = 1000000);

SELECT c.auction, c.num
FROM (SELECT auction, count(*) AS num, window_start AS starttime, window_end AS endtime
      FROM HOP(bid, "dateTime", INTERVAL '2' SECOND, INTERVAL '10' SECOND)
      GROUP BY auction, window_start, window_end) c
JOIN (SELECT max(num) AS maxn, starttime, endtime
      FROM (SELECT count(*) AS num, window_start AS starttime, window_end AS endtime
            FROM HOP(bid, "dateTime", INTERVAL '2' SECOND, INTERVAL '10' SECOND)
            GROUP BY auction, window_start, window_end) n
      GROUP BY starttime, endtime) m
ON c.starttime = m.starttime AND c.endtime = m.endtime AND c.num >= m.maxn;
