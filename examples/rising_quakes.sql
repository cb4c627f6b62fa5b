-- Three earthquakes or more of one network within six hours, each stronger than the one before, the last of magnitude 4.5
-- or more. PREV is the row before, whatever matches; of all that may match from a row the longest counts.
CREATE TABLE quakes (
  id TEXT, mag DOUBLE, place TEXT, net TEXT, time TIMESTAMP,
  WATERMARK FOR time AS time - INTERVAL '7 days'
) WITH (connector = 'file', path = 'data/quakes.jsonl', format = 'json');

SELECT net, since, lasted, quakes, weakest, strongest, place
FROM quakes MATCH_RECOGNIZE (
  PARTITION BY net
  ORDER BY time
  MEASURES
    FIRST(time) AS since, LAST(time) - FIRST(time) AS lasted, count(*) AS quakes,
    FIRST(mag) AS weakest, STRONG.mag AS strongest, STRONG.place AS place
  ONE ROW PER MATCH
  AFTER MATCH SKIP PAST LAST ROW
  PATTERN (ANY_QUAKE RISING+ STRONG) WITHIN INTERVAL '6 hours'
  DEFINE
    RISING AS mag > PREV(mag),
    STRONG AS mag > PREV(mag) AND mag >= 4.5
)
ORDER BY since, net;
