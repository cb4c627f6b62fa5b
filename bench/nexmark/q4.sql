-- Nexmark q4. The mean of the winning bids of each category.
CREATE TABLE auction (
  id BIGINT, "itemName" TEXT, description TEXT, "initialBid" BIGINT, reserve BIGINT, "dateTime" TIMESTAMP,
  expires TIMESTAMP, seller BIGINT, category BIGINT, extra TEXT,
  WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '4 seconds'
) WITH (connector = 'nexmark', type = 'auction', events = 1000000);
CREATE TABLE bid (
  auction BIGINT, bidder BIGINT, price BIGINT, channel TEXT, url TEXT, "dateTime" TIMESTAMP, extra TEXT,
  WATERMARK FOR "dateTime" AS "dateTime" - INTERVAL '4 seconds'
) WITH (connector = 'nexmark', type = 'bid', events = 1000000);

SELECT q.category, avg(q.final)
FROM (SELECT max(b.price) AS final, a.category
      FROM auction a, bid b
      WHERE a.id = b.auction AND b."dateTime" BETWEEN a."dateTime" AND a.expires
      GROUP BY a.id, a.category) q
GROUP BY q.category;
