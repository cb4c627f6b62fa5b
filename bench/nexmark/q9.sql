-- Nexmark q9. The winning bid of each auction.
CREATE TABLE auction (
  id BIGINT, "itemName" TEXT, description TEXT, "initialBid" BIGINT, reserve BIGINT, "dateTime" TIMESTAMP,
  expires TIMESTAMP, seller BIGINT, category BIGINT, extra TEXT,
  WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '4 seconds'
) WITH (connector = 'nexmark', type = 'auction', events = 1000000);
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT, "dateTime" TIMESTAMP, extra TEXT,
  WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '4 seconds'
) WITH (connector = 'nexmark', type = 'bid', events = 1000000);

SELECT id, "itemName", description, "initialBid", reserve, "dateTime", expires, seller, category, extra,
       auction, bidder, price, "bid_dateTime", bid_extra
FROM (SELECT a.*, b.auction, b.bidder, b.price, b."dateTime" AS "bid_dateTime", b.extra AS bid_extra,
             row_number() OVER (PARTITION BY a.id ORDER BY b.price DESC, b."dateTime" ASC) AS rownum
      FROM auction a, bid b
      WHERE a.id = b.auction AND b."dateTime" BETWEEN a."dateTime" AND a.expires)
WHERE rownum <= 1;
