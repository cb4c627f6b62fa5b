-- Earthquakes by day, as a live feed would have brought them. Reports may be up to a day late;
-- what comes later than that is counted as late.
CREATE TABLE quakes (
  mag DOUBLE, net TEXT, time TIMESTAMP,
  WATERMARK FOR time AS time - INTERVAL '1 day'
) WITH (connector = 'file', path = 'data/quakes.jsonl', format = 'json');

SELECT window_start, count(*) AS n, max(mag) AS strongest, count(DISTINCT net) AS networks
FROM TUMBLE(quakes, time, INTERVAL '1 day')
GROUP BY window_start, window_end
ORDER BY window_start;
