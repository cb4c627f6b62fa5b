-- From topic to topic: earthquakes of each day, exactly once. ../README.md says how to run it.
SET checkpoint_interval = '1s';  -- Results are seen with their epoch, and the default is 10 seconds.

CREATE TABLE quakes (
  id TEXT, mag DOUBLE, net TEXT, time TIMESTAMP,
  WATERMARK FOR time AS time - INTERVAL '1 day'
) WITH (connector = 'kafka', topic = 'quakes', brokers = 'localhost:9092', format = 'json');

CREATE TABLE days (window_start TIMESTAMP, n BIGINT, strongest DOUBLE, networks BIGINT)
WITH (connector = 'kafka', topic = 'days', brokers = 'localhost:9092', format = 'json',
      key_fields = 'window_start');

INSERT INTO days
SELECT window_start, count(*) AS n, max(mag) AS strongest, count(DISTINCT net) AS networks
FROM TUMBLE(quakes, time, INTERVAL '1 day')
GROUP BY window_start, window_end;
