-- Nexmark q7. The highest bids of every ten seconds.
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT, "dateTime" TIMESTAMP, extra TEXT,
  WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '4 seconds'
) WITH (connector = 'nexmark', type = 'bid', events = 1000000);

SELECT b.auction, b.price, b.bidder, b."dateTime", b.extra
FROM bid b
JOIN (SELECT max(price) AS maxprice, window_end AS "dateTime"
      FROM TUMBLE(bid, "dateTime", INTERVAL '10' SECOND)
      GROUP BY window_start, window_end) m
ON b.price = m.maxprice
WHERE b."dateTime" BETWEEN m."dateTime" - INTERVAL '10' SECOND AND m."dateTime";
