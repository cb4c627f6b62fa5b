#!/usr/bin/env python3
"""Runs tests and ends with one line, `N passed, N failed`.

Without a filter: every kind of test over everything. Tests of the program, and whatever runs it, take
the release build; the programs of GoogleTest are built and run with sanitizers.

With a filter it runs only the unit tests, SQL cases, examples, command line and Kafka tests whose
name contains it, in any case, on the release build: the quick round while working.
"""
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from kafka import broker

ROOT = pathlib.Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build/release"
ASAN = ROOT / "build/asan"
THREADS = os.cpu_count() or 2
SHARDS = 8  # Of each unit test program, so that a long one does not run alone in the end.
FUZZ_SECONDS = 4
TEST_SECONDS_MAX = 900
CLOSING_LINE = re.compile(r"^(\d+) passed, (\d+) failed$")
SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


class Tally:
    """What one step found: how many passed, and the name and output of each that failed."""

    def __init__(self, passed=0, failures=None):
        self.passed = passed
        self.failures = failures or []

    def add(self, other):
        self.passed += other.passed
        self.failures += other.failures


def run(command, env=None, cwd=ROOT, timeout=TEST_SECONDS_MAX):
    """The exit status, standard output and standard error of a command without input."""
    try:
        done = subprocess.run(
            [str(word) for word in command], cwd=cwd, env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=timeout, check=False)
        return done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        return 124, "", f"still running after {timeout} s"
    except OSError as error:
        return 127, "", str(error)


def check(name, command, **kwargs):
    """One test that passes when its command does."""
    code, out, err = run(command, **kwargs)
    return Tally(1) if code == 0 else Tally(0, [(name, (out + err).strip())])


def in_parallel(function, items):
    tally = Tally()
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        for part in pool.map(function, items):
            tally.add(part)
    return tally


def build(preset, *targets):
    def step():
        code, out, err = run([ROOT / "dev", "build", preset, "-k", "0", *targets], timeout=3600)
        if code == 0:
            return Tally(1)
        return Tally(0, [(f"build {preset}", (out + err)[-8000:])])
    return step


def tracked(*patterns):
    listing = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "--",
                   *patterns])[1]
    return [line for line in listing.splitlines() if (ROOT / line).exists()]


def check_format(file):
    return check(f"format {file}", ["clang-format-19", "--dry-run", "--Werror", file])


def check_header(header):
    """A public header needs nothing but its own folder, whichever of the compilers reads it."""
    return check(f"header {header}", ["g++", "-std=c++20", "-Wall", "-Wextra", "-Werror",
                                      "-fsyntax-only", "-Iinclude", "-include",
                                      str(pathlib.Path(header).relative_to("include")), "-x",
                                      "c++", "/dev/null"])


def is_bash(file):
    return (ROOT / file).read_bytes().startswith(b"#!/usr/bin/env bash")


def house():
    """The checks that need no build of ours."""
    tally = check("layers", ["python3", "tests/check_layers.py", "src"])
    tally.add(check("docs", ["python3", "tests/check_docs.py"]))
    for script in filter(is_bash, tracked("dev", ".ci/run", "*.sh")):
        tally.add(check(f"shellcheck {script}", ["shellcheck", script]))
    tally.add(in_parallel(check_format, tracked("*.h", "*.cc")))
    tally.add(in_parallel(check_header, tracked("include/*.h")))
    for test in tracked("tests/*_test.py"):
        if not test.startswith(("tests/cli/", "tests/kafka/")):  # Those need the program.
            tally.add(check(test, ["python3", test]))
    return tally


def gtest_names(program, name_filter):
    """The tests of a GoogleTest program whose names contain the filter, in any case."""
    names, suite = [], ""
    for line in run([program, "--gtest_list_tests"])[1].splitlines():
        line = line.split("#")[0].rstrip()
        if not line.startswith(" "):
            suite = line
        elif name_filter.lower() in (suite + line.strip()).lower():
            names.append(suite + line.strip())
    return names


def gtest_program(build_dir, program, shard, name_filter, env):
    """Counts the tests of one share of a GoogleTest program by its own report."""
    report = build_dir / f"{program}.{shard}.report.json"
    report.unlink(missing_ok=True)
    command = [build_dir / program, f"--gtest_output=json:{report}", "--gtest_brief=1"]
    if name_filter:
        names = gtest_names(build_dir / program, name_filter)
        if not names:
            return Tally()
        command.append("--gtest_filter=" + ":".join(names))
    share = {"GTEST_TOTAL_SHARDS": str(SHARDS), "GTEST_SHARD_INDEX": str(shard)}
    code, out, err = run(command, env={**(env or {}), **share})
    output = (out + err)[-6000:]
    if not report.exists():
        return Tally(0, [(program, f"ended with status {code} and no report\n{output}")])
    found = Tally()
    for suite in json.loads(report.read_text())["testsuites"]:
        for case in suite["testsuite"]:
            name = f"{program} {suite['name']}.{case['name']}"
            if "failures" in case:
                text = "\n".join(failure["failure"] for failure in case["failures"])
                found.failures.append((name, text))
            elif case["result"] == "COMPLETED":
                found.passed += 1
    if code != 0 and not found.failures:
        found.failures.append((program, f"ended with status {code}\n{output}"))
    return found


def unit(build_dir, name_filter="", env=None):
    def step():
        programs = (build_dir / "unit_tests.txt").read_text().split()
        return in_parallel(lambda share: gtest_program(build_dir, *share, name_filter, env),
                           itertools.product(programs, range(SHARDS)))
    return step


def counted(name, command, **kwargs):
    """A test program that closes with its own `N passed, N failed`, or else counts as one."""
    code, out, err = run(command, **kwargs)
    lines = out.strip().splitlines()
    closing = CLOSING_LINE.match(lines[-1]) if lines else None
    if not closing:
        return Tally(1) if code == 0 else Tally(0, [(name, (out + err)[-6000:])])
    passed, failed = int(closing[1]), int(closing[2])
    if code != 0 and failed == 0:
        failed = 1
    details = "\n".join(lines[:-1] + [err])[-6000:]
    return Tally(passed, [(name if i == 0 else f"{name} (another)", details if i == 0 else "")
                          for i in range(failed)])


def sql_cases(build_dir, name_filter="", once=False, env=None):
    def step():
        program = build_dir / "tests/sql_cases"
        if not program.exists():
            return Tally()
        options = (["--once"] if once else []) + (["--filter", name_filter] if name_filter else [])
        return counted("sql cases", [program, *options, "tests/sql"], env=env)
    return step


def fuzz(target):
    """First the kept corpus, then a few seconds of new inputs, which are not kept."""
    name = target.removesuffix("_fuzz")
    corpus, found = ROOT / "tests/fuzz" / name, ASAN / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    corpora = [found] + ([corpus] if corpus.exists() else [])
    return check(f"fuzz {name}", [ASAN / target, "-timeout=10", "-print_final_stats=0",
                                  f"-max_total_time={FUZZ_SECONDS}",
                                  f"-artifact_prefix={found}/", *corpora], env=SANITIZER_ENV)


def fuzz_targets():
    return in_parallel(fuzz, (ASAN / "fuzzers.txt").read_text().split())


def first_difference(expected, actual):
    pairs = list(zip(expected.splitlines() + ["(end)"], actual.splitlines() + ["(end)"]))
    number, (want, got) = next((i, pair) for i, pair in enumerate(pairs, 1) if pair[0] != pair[1])
    return f"line {number}\n  expected: {want}\n  actual:   {got}"


def example(expected_file):
    """`examples/NAME.expected` is what examples/NAME.cc or NAME.sql prints, run in examples/."""
    name = expected_file.stem
    program = RELEASE / "examples" / name
    script = expected_file.with_suffix(".sql")
    command = [RELEASE / "thalweg", "-f", script.name] if script.exists() else [program]
    code, out, err = run(command, cwd=expected_file.parent)
    if code != 0:
        return Tally(0, [(f"example {name}", f"status {code}\n{err}")])
    expected = expected_file.read_text()
    if out == expected:
        return Tally(1)
    return Tally(0, [(f"example {name}", first_difference(expected, out))])


def examples(name_filter=""):
    def step():
        files = [f for f in sorted((ROOT / "examples").glob("*.expected"))
                 if name_filter.lower() in f.stem.lower()]
        return in_parallel(example, files)
    return step


def scripts(patterns, name_filter, environment=dict):
    """Each script that is a test, of the program named by $THALWEG; `environment` gives what else
    they are told, and is asked where there is one."""
    def step():
        found = [f for f in tracked(*patterns) if name_filter.lower() in f.lower()]
        env = {"THALWEG": str(RELEASE / "thalweg"), **(environment() if found else {})}
        return in_parallel(lambda script: counted(script, [ROOT / script], env=env), found)
    return step


def command_line(name_filter=""):
    return scripts(["tests/cli/*.sh", "tests/cli/*_test.py"], name_filter)


class SharedBroker:
    """The Kafka broker of a run, started when the first test needs one. It and the brokers that
    tests start for themselves live in one folder, so that none is left at the end."""

    def __init__(self):
        self.folder = None
        self.broker = None

    def environment(self):
        if not self.broker:
            self.folder = pathlib.Path(tempfile.mkdtemp(prefix="thalweg-kafka-"))
            self.broker = broker.Broker(self.folder / "shared")
            self.broker.configure()
            self.broker.start()
        return {"THALWEG_KAFKA_BROKERS": self.broker.address, "TMPDIR": str(self.folder)}

    def stop(self):
        if self.folder:
            broker.stop_all(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)


SHARED_BROKER = SharedBroker()


def kafka_clients(build_dir, name_filter="", env=None):
    """Every program that the build names kafka_*_test, with the address of the shared broker in
    $THALWEG_KAFKA_BROKERS."""
    def step():
        programs = [program.relative_to(build_dir)
                    for program in sorted(build_dir.glob("tests/kafka_*_test"))
                    if gtest_names(program, name_filter)]
        given = {**(env or {}), **(SHARED_BROKER.environment() if programs else {})}
        return in_parallel(lambda share: gtest_program(build_dir, *share, name_filter, given),
                           itertools.product(programs, range(SHARDS)))
    return step


def kafka(name_filter=""):
    return scripts(["tests/kafka/*_test.py", "tests/kafka/*_test.sh"], name_filter,
                   SHARED_BROKER.environment)


def crashes():
    return check("40 kills", ["python3", "tests/crash/crash.py", "--kills", "40"])


def simulated_jobs():
    return counted("simulated jobs", [RELEASE / "tests/simulate"])


def documented_commands():
    return counted("documented commands", ["python3", "tests/check_docs.py", "--run"],
                   env={"PATH": f"{RELEASE}:{os.environ['PATH']}"})


def reference_pages():
    return counted("reference pages", [RELEASE / "tests/reference_pages", "--check"])


def all_steps():
    """Steps in order: name, function, and the build it needs (None: none)."""
    return [
        ("house", house, None),
        ("build release", build("release", "programs"), None),
        ("sql cases", sql_cases(RELEASE), "build release"),
        ("examples", examples(), "build release"),
        ("command line", command_line(), "build release"),
        ("kafka", kafka(), "build release"),
        ("crashes", crashes, "build release"),
        ("simulated jobs", simulated_jobs, "build release"),
        ("documented commands", documented_commands, "build release"),
        ("reference pages", reference_pages, "build release"),
        ("build asan", build("asan"), None),
        ("unit tests", unit(ASAN, env=SANITIZER_ENV), "build asan"),
        ("kafka clients", kafka_clients(ASAN, env=SANITIZER_ENV), "build asan"),
        ("sql cases, sanitized", sql_cases(ASAN, once=True, env=SANITIZER_ENV), "build asan"),
        ("fuzz targets", fuzz_targets, "build asan"),
    ]


def filtered_steps(name_filter):
    return [
        ("build release", build("release"), None),
        ("unit tests", unit(RELEASE, name_filter), "build release"),
        ("sql cases", sql_cases(RELEASE, name_filter), "build release"),
        ("examples", examples(name_filter), "build release"),
        ("command line", command_line(name_filter), "build release"),
        ("kafka", kafka(name_filter), "build release"),
        ("kafka clients", kafka_clients(RELEASE, name_filter), "build release"),
    ]


def run_step(name, function, needs, failed_steps):
    if needs in failed_steps:
        return Tally(0, [(name, f"not run: {needs} failed")])
    try:
        return function()
    except (OSError, ValueError, KeyError, broker.Failure) as error:
        return Tally(0, [(name, f"the step itself failed: {error!r}")])


def main():
    name_filter = sys.argv[1] if len(sys.argv) > 1 else ""
    total, failed_steps = Tally(), set()
    for name, function, needs in (filtered_steps(name_filter) if name_filter else all_steps()):
        started = time.monotonic()
        tally = run_step(name, function, needs, failed_steps)
        for test, output in tally.failures:
            print(f"FAILED {test}" + ("\n    " + output.replace("\n", "\n    ") if output else ""))
        if tally.failures:
            failed_steps.add(name)
        print(f"{name}: {tally.passed} passed, {len(tally.failures)} failed "
              f"({time.monotonic() - started:.0f} s)", flush=True)
        total.add(tally)
    if name_filter and total.passed + len(total.failures) == 1:  # The build alone.
        print(f"no test's name contains {name_filter!r}")
        total = Tally()
    print(f"{total.passed} passed, {len(total.failures)} failed")
    return 1 if total.failures or total.passed == 0 else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that the broker is stopped.
    try:
        sys.exit(main())
    finally:
        SHARED_BROKER.stop()
