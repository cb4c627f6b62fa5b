-- What came before: each earthquake of magnitude 6 or more, with the last one before it that the same network reported.
-- Reports may be up to a week late.
CREATE TABLE quakes (
  id TEXT, mag DOUBLE, place TEXT, net TEXT, time TIMESTAMP,
  WATERMARK FOR time AS time - INTERVAL '7 days'
) WITH (connector = 'file', path = 'data/quakes.jsonl', format = 'json');

SELECT strong.mag, strong.place, strong.time - before.time AS later, before.mag AS mag_before, before.place AS place_before
FROM (SELECT * FROM quakes WHERE mag >= 6) AS strong
ASOF LEFT JOIN quakes AS before
  ON strong.net = before.net AND before.time < strong.time
ORDER BY strong.time;
