#!/usr/bin/env python3
"""One real Kafka broker on loopback: the tests' and `./dev kafka`.

A broker is a folder: its settings, its data, its log and the number of its process. Starting one in
the folder of a killed broker goes on with that one's data and ports.
"""
import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "thalweg"
FOLDER = HERE.parent.parent / "build/kafka"  # Where ./dev kafka has its broker unless told.
VERSION = "4.4.0"
SCRAM_VERSION = "3.9.2"  # With 4.x, SCRAM needs librdkafka 2.6.1 or newer.
VERSIONS = sorted(path.stem.removeprefix("kafka-") for path in HERE.glob("kafka-[0-9]*.xml"))
TOOLS = "tools-4.3.1"
CLUSTER = "dGhhbHdlZy10ZXN0LWthZg"  # 16 bytes in base64, which a formatted directory names.
USER, PASSWORD = "alice", "alice-secret"
CERTIFICATES = {"server": ("127.0.0.1", 3650), "wrong_name": ("192.0.2.1", 3650),
                "expired": ("127.0.0.1", -1), "client": ("127.0.0.1", 3650)}  # Name, days.
PROTOCOLS = {"plaintext": "PLAINTEXT", "tls": "SSL", "sasl": "SASL_PLAINTEXT",
             "sasl_tls": "SASL_SSL"}
JVM = ["-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]
ARCHIVED = ["-XX:SharedArchiveFile=kafka.jsa"]
MAKE_ARCHIVE = ["-XX:ArchiveClassesAtExit=kafka.jsa"]
READY = "Kafka Server started"
READY_SECONDS_MAX = 180
STOP_SECONDS_MAX = 10
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "INNER",
    "auto.create.topics.enable": "false",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "broker.session.timeout.ms": "1000",  # Else a broker waits 9 s after a kill -9 of itself.
    "broker.heartbeat.interval.ms": "200",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": "2097152",
    "log.cleaner.backoff.ms": "500",  # Topics are compacted soon.
    "log.retention.ms": "-1",  # Rows of long ago stay.
}


class Failure(Exception):
    """What went wrong and what to do about it."""


def call(command, **kwargs):
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, **kwargs)
    if done.returncode != 0:
        raise Failure(f"{command[0]} failed: {(done.stdout + done.stderr).strip()[-4000:]}")
    return done.stdout


def home(version=VERSION):
    """The folder of a version, as install() makes it."""
    return CACHE / f"kafka-{version}"


def java(main, *arguments, options=()):
    """The command for a class of the jars. Its working directory must be the version's folder: the
    archive of classes holds for the class path as it is spelled here."""
    return ["java", *JVM, *options, "-cp", "libs/*", main, *map(str, arguments)]


def install(version):
    """Fetches and prepares a version, or the tools, once for this user, whole or not at all. The
    tools need VERSION to be there."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # Two at once would fetch everything twice.
        if home(version).exists():
            return
        print(f"kafka: fetching and preparing {version}", file=sys.stderr)
        with (tempfile.TemporaryDirectory(dir=CACHE) as temporary,
              contextlib.ExitStack() as interrupted):
            interrupted.callback(stop_all, temporary)
            made = pathlib.Path(temporary) / "made"
            call(["mvn", "-B", "-q", "-f", HERE / f"kafka-{version}.xml",
                  "dependency:copy-dependencies", "-DincludeScope=runtime",
                  f"-DoutputDirectory={made}/libs"])
            if version == TOOLS:
                prepare_tools(made)
            else:
                make_certificates(made / "tls")
                prepare(made, version)
            made.rename(home(version))


def make_certificates(folder):
    folder.mkdir()
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256"]
    call(["openssl", "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650",
          "-subj", "/CN=Thalweg test CA"], cwd=folder)
    for name, (host, days) in CERTIFICATES.items():
        call(["openssl", "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
              f"/CN={name}", "-addext", f"subjectAltName=IP:{host}"], cwd=folder)
        call(["openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
              "-copy_extensions", "copy", "-days", days, "-out", f"{name}.crt"], cwd=folder)
        parts = [folder / f"{name}.key", folder / f"{name}.crt", folder / "ca.pem"]
        (folder / f"{name}.pem").write_text("".join(part.read_text() for part in parts))


def prepare(made, version):
    """A formatted directory, whose copies new brokers start from, and an archive of the classes
    that a broker loads, which halves the time that one takes to start."""
    scratch = Broker(made / "scratch", made=made)
    scratch.configure(version=version, formatted=None)
    scrams = [["-S", f"SCRAM-SHA-{bits}=[name={USER},password={PASSWORD}]"] for bits in (256, 512)]
    call(java("kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", scratch.settings,
              *scrams[0], *scrams[1]), cwd=made)
    shutil.copytree(scratch.folder / "data", made / "formatted")
    scratch.start(options=MAKE_ARCHIVE)
    scratch.stop()


def prepare_tools(made):
    """An archive of the classes that a consumer loads, most of which the other tools load too."""
    scratch = Broker(made / "scratch")
    scratch.configure()
    scratch.start()
    # It ends for want of records; what it says about that makes no difference.
    subprocess.run(java("org.apache.kafka.tools.consumer.ConsoleConsumer", "--bootstrap-server",
                        scratch.address, "--topic", "__consumer_offsets", "--timeout-ms", "2000",
                        options=MAKE_ARCHIVE),
                   cwd=made, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    scratch.stop()


def free_port():
    """A port below those that the system gives to clients, one of which would else take the port of
    a broker that is about to start again."""
    while True:
        port = random.randrange(10_000, 32_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


class Broker:
    """The broker of a folder, whether it runs or not."""

    def __init__(self, folder, made=None):
        self.folder = pathlib.Path(folder).resolve()
        self.settings = self.folder / "server.properties"
        self.made = made
        self.process = None  # If this process has started it.

    def exists(self):
        return (self.folder / "about.json").exists()

    @property
    def about(self):
        return json.loads((self.folder / "about.json").read_text())

    @property
    def address(self):
        """Where clients connect."""
        return self.about["address"]

    @property
    def inner_address(self):
        """The same broker past proxies, TLS and passwords."""
        return self.about["inner_address"]

    def configure(self, version=VERSION, port=None, proxy=None, security="plaintext",
                  certificate="server", more=(), formatted="formatted"):
        """Makes the folder. `proxy` is the port of a proxy that clients are sent to."""
        if self.folder.exists() and any(self.folder.iterdir()):
            raise Failure(f"{self.folder} is not empty, and no broker's")
        made = self.made or home(version)
        ports = {"CLIENT": port or free_port(), "INNER": free_port(), "CONTROLLER": free_port()}
        told = {"CLIENT": proxy or ports["CLIENT"], "INNER": ports["INNER"]}
        protocols = {"CLIENT": PROTOCOLS[security], "INNER": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"}
        settings = {
            **SETTINGS, **security_settings(security, made / "tls" / f"{certificate}.pem"),
            "controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}",
            "listeners": ",".join(f"{k}://127.0.0.1:{v}" for k, v in ports.items()),
            "advertised.listeners": ",".join(f"{k}://127.0.0.1:{v}" for k, v in told.items()),
            "listener.security.protocol.map": ",".join(f"{k}:{v}" for k, v in protocols.items()),
            "log.dirs": self.folder / "data", **dict(more)}
        self.folder.mkdir(parents=True, exist_ok=True)
        self.settings.write_text("".join(f"{k}={v}\n" for k, v in settings.items()))
        if formatted:
            shutil.copytree(made / formatted, self.folder / "data")
        (self.folder / "about.json").write_text(json.dumps({
            "version": version, "address": f"127.0.0.1:{told['CLIENT']}",
            "inner_address": f"127.0.0.1:{ports['INNER']}"}))

    def pid(self):
        """The number of its process if it runs, or else None."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.folder / "pid").read_text())
            if str(self.settings) in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
                return pid
        return None

    def start(self, options=ARCHIVED):
        """Returns once the broker answers. Waits for its log to say so, which it does last."""
        if self.pid():
            raise Failure(f"a broker runs in {self.folder} already, at {self.address}")
        log = open(self.folder / "log", "ab")
        begin = log.tell()
        with log:
            self.process = subprocess.Popen(
                java("kafka.Kafka", self.settings, options=["-Dlog4j2.level=INFO", *options]),
                cwd=self.made or home(self.about["version"]), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        (self.folder / "pid").write_text(str(self.process.pid))
        deadline = time.monotonic() + READY_SECONDS_MAX
        while READY not in self.log_from(begin):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise Failure(f"the broker did not start:\n{self.log_from(begin)[-4000:]}")
            time.sleep(0.02)

    def log_from(self, begin):
        with open(self.folder / "log", "rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace")

    def end(self, number):
        """Sends a signal and waits for the end; says whether it came in time."""
        pid = self.pid()
        if pid is None:
            return True
        handle = os.pidfd_open(pid)
        try:
            os.kill(pid, number)
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            ended = bool(poll.poll(STOP_SECONDS_MAX * 1000))
        finally:
            os.close(handle)
        if ended and self.process:
            self.process.wait()
        return ended

    def kill(self):
        """kill -9; start() goes on from what it leaves."""
        self.end(signal.SIGKILL)

    def stop(self):
        """Ends the broker and removes its folder."""
        if not self.end(signal.SIGTERM):
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def security_settings(security, certificate):
    settings = {}
    if "tls" in security:
        settings |= {
            "ssl.keystore.type": "PEM", "ssl.keystore.location": certificate,
            "ssl.truststore.type": "PEM", "ssl.truststore.location": certificate.with_name("ca.pem"),
            "ssl.client.auth": "requested"}
    if "sasl" in security:
        login = "org.apache.kafka.common.security"
        mechanisms = ["PLAIN", "OAUTHBEARER", "SCRAM-SHA-256", "SCRAM-SHA-512"]
        settings |= {
            "sasl.enabled.mechanisms": ",".join(mechanisms),
            "listener.name.client.plain.sasl.jaas.config":
                f'{login}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
            "listener.name.client.oauthbearer.sasl.jaas.config":
                f"{login}.oauthbearer.OAuthBearerLoginModule required "
                f'unsecuredLoginStringClaim_sub="{USER}";'}
        for mechanism in mechanisms[2:]:
            settings[f"listener.name.client.{mechanism.lower()}.sasl.jaas.config"] = (
                f"{login}.scram.ScramLoginModule required;")
    return settings


def stop_all(folder):
    """Stops every broker whose folder is somewhere in a folder."""
    for about in list(pathlib.Path(folder).rglob("about.json")):
        Broker(about.parent).stop()


def add_settings(parser):
    """The options whose meaning configured() knows."""
    parser.add_argument("--port", type=int, help="else a free one")
    parser.add_argument("--security", choices=PROTOCOLS, default="plaintext",
                        help=f"SASL's user is {USER}, the password {PASSWORD}; TLS's files are in "
                             f"{home()}/tls")
    parser.add_argument("--certificate", choices=CERTIFICATES, default="server")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE",
                        help="a setting of the broker")
    parser.add_argument("--kafka", choices=VERSIONS, default=VERSION, help="its version")


def configured(folder, options, proxy=None):
    """The broker of a folder, which is made as the options say unless it is there."""
    made = Broker(folder)
    if not made.exists():
        made.configure(options.kafka, options.port, proxy, options.security, options.certificate,
                       [setting.partition("=")[::2] for setting in options.set])
    return made


def parse(arguments):
    parser = argparse.ArgumentParser(prog="./dev kafka", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    add_settings(verbs.add_parser("start", help="start one, print its address when it is ready"))
    for verb, text in (("stop", "stop it and remove all that it has left"),
                       ("kill", "kill -9; start goes on with its data and ports"),
                       ("status", "print its address")):
        verbs.add_parser(verb, help=text)
    for verb in verbs.choices.values():
        verb.add_argument("folder", nargs="?", default=FOLDER,
                          help="where it lives: build/kafka unless said")
    verbs.add_parser("install", help="fetch and prepare what is needed, once for this user")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse(arguments)
    if options.verb == "install":
        for version in [*VERSIONS, TOOLS]:
            install(version)
        return 0
    if options.verb == "start":
        broker = configured(options.folder, options)
        broker.start()
        print(broker.address)
        return 0
    broker = Broker(options.folder)
    if not broker.exists() or (options.verb != "stop" and not broker.pid()):
        raise Failure(f"no broker runs in {broker.folder}")
    if options.verb == "status":
        print(broker.address)
    elif options.verb == "kill":
        broker.kill()
    else:
        broker.stop()
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # Leaves nothing half made behind.
    try:
        sys.exit(main(sys.argv[1:]))
    except Failure as failure:
        print(f"kafka: {failure}", file=sys.stderr)
        sys.exit(1)
