#!/usr/bin/env python3
"""A proxy between clients and a broker that can harm single requests.

It reads only where a request begins, which kind it is and its number; every byte passes as it is.
As a program it starts a broker of its own behind itself, prints the address for clients and one for
commands, and ends with its standard input. A command is a line, and so is its answer:

    rule ACTION KIND [N]   do this to the Nth request of a kind from now on (the first): the answer
                           is the rule's number. KIND is Produce, EndTxn, ...; ACTION is one of
        cut                  close the connection, so that the broker never sees the request
        lose                 let it pass, close the connection in place of the answer
        stall                keep it back until `release`
        strand               close the client's connection, but keep the request: at `release` it
                             reaches the broker late, on the old connection
    wait RULE              until its request has come (lose: was answered, or the broker is gone)
    release RULE           let its request go on (strand: and wait for the broker's answer)
    seen                   how many requests of each kind have come, as JSON
    down | up              refuse every connection, or take them again
    kill | start           kill -9 the broker; start it on the same data
"""
import argparse
import collections
import contextlib
import json
import pathlib
import shutil
import socket
import socketserver
import struct
import sys
import tempfile
import threading

import broker

KINDS = {0: "Produce", 1: "Fetch", 2: "ListOffsets", 3: "Metadata", 8: "OffsetCommit",
         9: "OffsetFetch", 10: "FindCoordinator", 11: "JoinGroup", 12: "Heartbeat",
         13: "LeaveGroup", 14: "SyncGroup", 15: "DescribeGroups", 16: "ListGroups",
         17: "SaslHandshake", 18: "ApiVersions", 19: "CreateTopics", 20: "DeleteTopics",
         21: "DeleteRecords", 22: "InitProducerId", 23: "OffsetForLeaderEpoch",
         24: "AddPartitionsToTxn", 25: "AddOffsetsToTxn", 26: "EndTxn", 28: "TxnOffsetCommit",
         32: "DescribeConfigs", 36: "SaslAuthenticate", 37: "CreatePartitions", 42: "DeleteGroups",
         47: "OffsetDelete", 68: "ConsumerGroupHeartbeat"}
ACTIONS = ("cut", "lose", "stall", "strand")


class Rule:
    """What happens to one request, once."""

    def __init__(self, action, kind, nth):
        if action not in ACTIONS or kind not in KINDS.values() or nth < 1:
            raise ValueError(f"no rule: {action} {kind} {nth}")
        self.action = action
        self.kind = kind
        self.requests_left = nth
        self.met = threading.Event()
        self.released = threading.Event()
        self.answered = threading.Event()


def read_frame(connection):
    """A request or an answer with the four bytes of its length; nothing at the end."""
    head = read_bytes(connection, 4)
    if len(head) < 4:
        return b""
    size = struct.unpack(">i", head)[0]
    body = read_bytes(connection, size)
    return head + body if len(body) == size else b""


def read_bytes(connection, size):
    data = bytearray()
    with contextlib.suppress(OSError):
        while len(data) < size and (part := connection.recv(size - len(data))):
            data += part
    return bytes(data)


def close(connection):
    """Wakes whoever waits for the connection, which closing it alone would not."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


class Pair:
    """A client's connection and the one to the broker that belongs to it."""

    def __init__(self, client, upstream):
        self.client = client
        self.upstream = upstream
        self.watched = None  # The rule that waits for an answer, and the number of its request.
        self.watched_number = None

    def close(self):
        close(self.client)
        close(self.upstream)

    def watch(self, rule, number):
        self.watched_number = number
        self.watched = rule

    def pass_answers(self):
        while frame := read_frame(self.upstream):
            if self.watched and struct.unpack_from(">i", frame, 4)[0] == self.watched_number:
                break
            with contextlib.suppress(OSError):  # A stranded request has no client any more.
                self.client.sendall(frame)
        self.close()
        if self.watched:  # Answered, or the broker has gone away.
            self.watched.answered.set()
            self.watched.met.set()


class Proxy:
    """Listens on a port of its own; passes what comes to a port of the broker."""

    def __init__(self):
        self.lock = threading.Lock()  # Guards all that follows.
        self.seen = collections.Counter()
        self.rules = []
        self.pairs = []
        self.upstream_port = None
        self.listener = None
        self.port = broker.free_port()

    def up(self):
        listener = socket.create_server(("127.0.0.1", self.port))
        with self.lock:
            self.listener = listener
        threading.Thread(target=self.accept, args=[listener], daemon=True).start()

    def down(self):
        with self.lock:
            pairs, self.pairs = self.pairs, []
            close(self.listener)
        for pair in pairs:
            pair.close()

    def rule(self, action, kind, nth=1):
        made = Rule(action, kind, int(nth))
        with self.lock:
            self.rules.append(made)
        return made

    def release(self, rule):
        rule.released.set()
        if rule.action == "strand":
            rule.answered.wait()

    def accept(self, listener):
        with contextlib.suppress(OSError):  # The end of the listener.
            while True:
                client = listener.accept()[0]
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client):
        try:
            upstream = socket.create_connection(("127.0.0.1", self.upstream_port))
        except OSError:
            client.close()
            return
        upstream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = Pair(client, upstream)
        with self.lock:
            self.pairs.append(pair)
        threading.Thread(target=pair.pass_answers, daemon=True).start()
        with contextlib.suppress(OSError):
            while frame := read_frame(client):
                self.take(pair, frame)
        pair.close()

    def take(self, pair, frame):
        """Passes one request on, or does what a rule says."""
        key, _, number = struct.unpack_from(">hhi", frame, 4)
        rule = self.matching(KINDS.get(key, str(key)))
        if not rule:
            pair.upstream.sendall(frame)
            return
        if rule.action == "cut":
            pair.close()
            rule.met.set()
            return
        if rule.action in ("stall", "strand"):
            if rule.action == "strand":
                pair.watch(rule, number)
                close(pair.client)
            rule.met.set()
            rule.released.wait()
        else:
            pair.watch(rule, number)
        pair.upstream.sendall(frame)
        if rule.action == "strand":
            rule.answered.wait()

    def matching(self, kind):
        """The rule for this request. Counts it."""
        with self.lock:
            self.seen[kind] += 1
            for rule in self.rules:
                if rule.kind == kind and rule.requests_left > 0:
                    rule.requests_left -= 1
                    if rule.requests_left == 0:
                        return rule
        return None


class Commands(socketserver.StreamRequestHandler):
    """A connection that gives commands."""

    def handle(self):
        for line in self.rfile:
            try:
                answer = self.answer(*line.decode().split())
            except (broker.Failure, KeyError, IndexError, TypeError, ValueError) as problem:
                answer = f"error: {problem!r}"
            self.wfile.write(f"{answer}\n".encode())

    def answer(self, verb, *words):
        proxy = self.server.proxy
        if verb == "rule":
            made = proxy.rule(*words)
            return proxy.rules.index(made)
        if verb == "seen":
            return json.dumps(proxy.seen)
        if verb in ("wait", "release"):
            rule = proxy.rules[int(words[0])]
            if verb == "wait":
                rule.met.wait()
            else:
                proxy.release(rule)
        else:
            {"up": proxy.up, "down": proxy.down, "kill": self.server.broker.kill,
             "start": self.server.broker.start}[verb]()
        return "ok"


@contextlib.contextmanager
def behind(folder, options):
    """A broker in a folder and the proxy that its clients are sent to."""
    proxy = Proxy()
    options.port = options.port or broker.free_port()
    made = broker.configured(folder, options, proxy.port)
    proxy.upstream_port = options.port
    try:
        made.start()
        proxy.up()
        yield made, proxy
        proxy.down()
    finally:
        made.stop()


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    broker.add_settings(parser)
    options = parser.parse_args(arguments)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="thalweg-proxy-"))
    try:
        with behind(folder / "broker", options) as (made, proxy):
            server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Commands)
            server.daemon_threads = True
            server.proxy, server.broker = proxy, made
            threading.Thread(target=server.serve_forever, daemon=True).start()
            print(made.address, f"127.0.0.1:{server.server_address[1]}", flush=True)
            sys.stdin.read()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except broker.Failure as failure:
        print(f"proxy: {failure}", file=sys.stderr)
        sys.exit(1)
