-- Earthquakes by day, each day's count as soon as the day is over. For a day after that a report that
-- comes late corrects it; what comes later still is listed apart, so that no row is lost.
CREATE TABLE quakes (
  id TEXT, mag DOUBLE, time TIMESTAMP,
  WATERMARK FOR time AS time - INTERVAL '10 minutes'
) WITH (connector = 'file', path = 'data/quakes.jsonl', format = 'json');

CREATE VIEW daily AS
SELECT window_start, count(*) AS n, max(mag) AS strongest
FROM TUMBLE(quakes, time, INTERVAL '1 day')
GROUP BY window_start, window_end
EMIT ON WINDOW CLOSE WITH LATENESS INTERVAL '1 day';

SELECT * FROM daily ORDER BY window_start;
SELECT window_start, count(*) AS missed, max(late_by) AS by_up_to FROM LATE(daily)
GROUP BY window_start ORDER BY window_start;
