-- The earthquakes of a file into a topic, in the file's order. ../README.md says how to run it.
SET workers = 1;

CREATE TABLE file (id TEXT, mag DOUBLE, net TEXT, time TIMESTAMP)
WITH (connector = 'file', path = 'data/quakes.jsonl', format = 'json');

CREATE TABLE quakes (id TEXT, mag DOUBLE, net TEXT, time TIMESTAMP, PRIMARY KEY (id))
WITH (connector = 'kafka', topic = 'quakes', brokers = 'localhost:9092', format = 'json');

INSERT INTO quakes SELECT * FROM file;
