#!/usr/bin/env python3
"""Kafka's own console tools: what a Kafka user sees of a topic, independent of our clients.

As a program, `./dev kafka tool NAME ARGUMENT...`: runs a tool on the broker of `./dev kafka`.
"""
import collections
import json
import os
import random
import subprocess
import sys
import tempfile
import threading

import broker

CLASSES = {"topics": "TopicCommand", "groups": "consumer.group.ConsumerGroupCommand",
           "consume": "consumer.ConsoleConsumer", "produce": "ConsoleProducer",
           "offsets": "GetOffsetShell", "delete-records": "DeleteRecordsCommand"}
# ASCII's own separators, which no text has: between fields, records, headers; the last is for NULL.
FIELD, RECORD, HEADER, NULL = "\x1f", "\x1e", "\x1d", "\x1a"
END_KEY = "\x04end"  # Of the records that read() appends.
READ_SECONDS_MAX = 300  # Only so that a transaction left open is told of at all.
RETRIES_MAX = 1_000_000
OUTAGE_MS_MAX = 600_000
REQUEST_MS_MAX = 60_000  # With the tool's own 1.5 s, it gives up on a busy machine.

# Keys and values are bytes or None, headers a tuple of pairs.
Record = collections.namedtuple("Record", "partition offset timestamp headers key value")


def command(name, address, *arguments):
    return broker.java(f"org.apache.kafka.tools.{CLASSES[name]}", "--bootstrap-server", address,
                       *arguments, options=broker.ARCHIVED)


def run(name, address, *arguments, **kwargs):
    """What a tool prints."""
    return broker.call(command(name, address, *arguments), cwd=broker.home(broker.TOOLS), **kwargs)


def create_topic(address, topic, partitions=1, **settings):
    """Settings have underscores for dots."""
    configs = [word for name, value in settings.items()
               for word in ("--config", f"{name.replace('_', '.')}={value}")]
    run("topics", address, "--create", "--topic", topic, "--partitions", partitions, *configs)


def add_partitions(address, topic, partitions):
    """So many in all."""
    run("topics", address, "--alter", "--topic", topic, "--partitions", partitions)


def delete_topic(address, topic):
    run("topics", address, "--delete", "--topic", topic)


def delete_records(address, topic, partition, before):
    """Those before an offset."""
    wanted = {"version": 1,
              "partitions": [{"topic": topic, "partition": partition, "offset": before}]}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(wanted, file)
        file.flush()
        run("delete-records", address, "--offset-json-file", file.name)


def group_offsets(address, group):
    """The committed offset of each (topic, partition)."""
    table = run("groups", address, "--describe", "--group", group, "--offsets")
    rows = [line.split() for line in table.splitlines() if line.startswith(group)]
    return {(row[1], int(row[2])): int(row[3]) for row in rows if row[3] != "-"}


def bytes_or_null(text):
    return None if text == NULL.encode() else text


def text_or_null(data):
    if data is None:
        return NULL.encode()
    return data if isinstance(data, bytes) else str(data).encode()


def end_offsets(address, topic):
    """Of each partition."""
    rows = run("offsets", address, "--topic", topic).split()
    return {int(partition): int(offset)
            for _, partition, offset in (row.rsplit(":", 2) for row in rows)}


def line_of(key, value, headers=()):
    """What a producer takes as one record."""
    told = HEADER.join(f"{name}:{text}" for name, text in headers) or NULL
    return FIELD.encode().join([told.encode(), text_or_null(key), text_or_null(value)])


def start_producer(address, topic):
    """Takes lines by its standard input. It outlives a broker that comes back."""
    properties = {"parse.key": "true", "parse.headers": "true", "key.separator": FIELD,
                  "headers.delimiter": FIELD, "headers.separator": HEADER, "null.marker": NULL}
    options = [word for name, value in properties.items()
               for word in ("--reader-property", f"{name}={value}")]
    return subprocess.Popen(command("produce", address, "--topic", topic, "--request-timeout-ms",
                                    REQUEST_MS_MAX, "--message-send-max-retries", RETRIES_MAX,
                                    "--max-block-ms", OUTAGE_MS_MAX,
                                    "--command-property", f"delivery.timeout.ms={OUTAGE_MS_MAX}",
                                    *options),
                            cwd=broker.home(broker.TOOLS), stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def append(address, topic, records):
    """Sends records to a topic; returns what the tool says of it, which is not to be trusted."""
    return start_producer(address, topic).communicate(
        b"".join(line_of(*record) + b"\n" for record in records))[0].decode()


def produce(address, topic, records):
    """Appends (key, value) or (key, value, headers), where each may be None; one line of text each.
    Keys choose partitions as Kafka's own clients do. Nobody else may append meanwhile: the tool is
    silent about records that it has lost, so the topic's growth is what tells of them."""
    before = sum(end_offsets(address, topic).values())
    problems = append(address, topic, records)
    appended = sum(end_offsets(address, topic).values()) - before
    if appended != len(records):
        raise broker.Failure(f"{appended} of {len(records)} records were appended to {topic}: "
                             + problems[-2000:])


def murmur2(data):
    """Kafka's hash of keys: MurmurHash2, 32 bits, seed 0x9747b28c."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i:i + 4], "little") * m & mask
        h = (h * m ^ (k ^ k >> 24) * m) & mask
    if data[whole:]:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def partition_of(key, partitions):
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def keys_of_partitions(partitions, prefix=""):
    """One for each."""
    keys, number = {}, 0
    while len(keys) < partitions:
        key = f"{prefix}{number}".encode()
        keys.setdefault(partition_of(key, partitions), key)
        number += 1
    return [keys[partition] for partition in range(partitions)]


def append_ends(address, topic, partitions):
    """A record into each partition, after which a reader has seen all there was before; returns the
    value of these records."""
    value = f"end {random.getrandbits(64)}"
    append(address, topic, [(key, value) for key in keys_of_partitions(partitions, END_KEY)])
    return value.encode()


def read(address, topic, isolation="read_committed"):
    """Every record of a topic that a reader sees, by partition and offset, and not one that comes
    later: it appends a record to each partition and reads up to those. Fails where a transaction is
    left open, which holds back all that follows."""
    partitions = len(end_offsets(address, topic))
    end = append_ends(address, topic, partitions)
    shown = {f"print.{name}": "true"
             for name in ("timestamp", "partition", "offset", "headers", "key", "value")}
    shown |= {"key.separator": FIELD, "line.separator": RECORD, "headers.separator": HEADER,
              "null.literal": NULL}
    options = [word for name, value in shown.items()
               for word in ("--formatter-property", f"{name}={value}")]
    consumer = subprocess.Popen(
        command("consume", address, "--topic", topic, "--from-beginning", "--isolation-level",
                isolation, *options),
        cwd=broker.home(broker.TOOLS), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    overdue = threading.Timer(READ_SECONDS_MAX, consumer.kill)
    overdue.start()
    records, open_partitions = [], set(range(partitions))
    for record in records_of(consumer.stdout):
        if record.key is None or not record.key.startswith(END_KEY.encode()):
            records.append(record)
        elif record.value == end:
            open_partitions.discard(record.partition)
            if not open_partitions:
                break
    overdue.cancel()
    consumer.kill()
    problems = consumer.communicate()[1].decode()
    if open_partitions:
        raise broker.Failure(f"{topic} does not end in partitions {open_partitions}: {problems}")
    return sorted(records, key=lambda record: (record.partition, record.offset))


def records_of(stream):
    rest = b""
    while part := os.read(stream.fileno(), 1 << 20):
        *lines, rest = (rest + part).split(RECORD.encode())
        yield from map(parse, lines)


def parse(line):
    timestamp, partition, offset, headers, key, value = line.split(FIELD.encode(), 5)
    pairs = () if headers == b"NO_HEADERS" else tuple(
        (name.decode(), bytes_or_null(text)) for name, _, text in
        (header.partition(b":") for header in headers.split(HEADER.encode())))
    return Record(int(partition.partition(b":")[2]), int(offset.partition(b":")[2]),
                  int(timestamp.partition(b":")[2]), pairs, bytes_or_null(key),
                  bytes_or_null(value))


def main(name="", *arguments):
    made = broker.Broker(broker.FOLDER)
    if name not in CLASSES:
        print(f"kafka: the tools are: {', '.join(CLASSES)}", file=sys.stderr)
        return 2
    if not made.pid():
        print("kafka: no broker runs: ./dev kafka start", file=sys.stderr)
        return 1
    os.chdir(broker.home(broker.TOOLS))
    words = command(name, made.inner_address, *arguments)
    os.execvp(words[0], words)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
