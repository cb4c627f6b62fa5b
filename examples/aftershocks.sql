-- Aftershocks: the earthquakes within one day behind one of magnitude 5 or more, and within one degree.
-- Reports may be up to a week late; so long both wait for each other.
CREATE TABLE quakes (
  id TEXT, mag DOUBLE, place TEXT, lon DOUBLE, lat DOUBLE, time TIMESTAMP,
  WATERMARK FOR time AS time - INTERVAL '7 days'
) WITH (connector = 'file', path = 'data/quakes.jsonl', format = 'json');

SELECT main.mag, main.place, next.time - main.time AS later, next.mag AS next_mag
FROM quakes AS main
JOIN quakes AS next
  ON main.mag >= 5
 AND next.time BETWEEN main.time AND main.time + INTERVAL '1 day'
 AND abs(next.lat - main.lat) <= 1 AND abs(next.lon - main.lon) <= 1
 AND next.id <> main.id
ORDER BY main.time, next.time;
