#!/usr/bin/env python3
"""Checks the documents against the project.

Without arguments: links lead somewhere, every source folder has its README, every `./dev VERB` that
is named exists, every question of docs/reference/semantics.md is named by a test, and the page on
C++ shows what its test compiles and names every call. With --run: each command in a ```console
block is run in examples/data with the program on the PATH, and must print what the block shows,
where `...` stands for any text or lines.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
VERB = re.compile(r"\./dev ([a-z]+)")
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CPP = re.compile(r"^```cpp\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A function that a public header declares for programs: indented by a class, or not at all.
CPP_CALL = re.compile(r"^(?:  )?(?! |//)[\w:<>&*, ]+ (\w+)\(", re.MULTILINE)
CPP_PAGE = ROOT / "docs/reference/cpp.md"
CPP_TEST = ROOT / "src/api/cpp_page_test.cc"
# The headers that the page goes through.
CPP_HEADERS = ("aggregates", "input", "keyed_processor", "order", "over", "pattern", "pipeline",
               "processor", "record", "stream", "watermarks", "windows")
CPP_FOR_THE_ENGINE = {"make_producer", "set_origin", "move_to", "decl", "conditions"}
KAFKA_PAGE = ROOT / "docs/reference/kafka-clients.md"
KAFKA_TEST = ROOT / "tests/kafka/clients/page_test.cc"
# Of values, which say themselves what they are.
KAFKA_SMALL_CALLS = {"to_string", "value", "error", "empty", "size", "begin", "end", "records",
                     "bool",
                     "header", "headers", "operator"}
COMMAND_SECONDS_MAX = 60


def documents():
    listing = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard",
                              "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listing.stdout.splitlines() if (ROOT / line).exists()]


def broken_links(document):
    text = FENCED.sub("", document.read_text())
    for target in LINK.findall(text):
        if "://" not in target and not (document.parent / target).exists():
            yield f"{document.relative_to(ROOT)}: no file {target}"


def unknown_verbs(document):
    verbs = set(re.findall(r"^#: ([a-z]+)", (ROOT / "dev").read_text(), re.MULTILINE))
    for verb in VERB.findall(document.read_text()):
        if verb not in verbs:
            yield f"{document.relative_to(ROOT)}: ./dev has no verb {verb}"


def folders_without_readme():
    for folder in sorted((ROOT / "src").iterdir()):
        if any(folder.glob("*.cc")) and not (folder / "README.md").exists():
            yield f"src/{folder.name}: no README.md"


def untested_questions():
    """Questions where systems differ, each of which a test's name or the comment above it repeats."""
    tests = "".join((ROOT / name).read_text()
                    for name in ("tests/sql/semantics.cases", "src/api/watermarks_test.cc"))
    page = ROOT / "docs/reference/semantics.md"
    for question in re.findall(r"^\| ([^|]+) \|", page.read_text(), re.MULTILINE)[2:]:
        if question not in tests:
            yield f"docs/reference/semantics.md: no test is named after: {question}"


def without_spaces(text):
    return re.sub(r"\s+", "", text)


def uncompiled(page, test):
    compiled = without_spaces(test.read_text())
    for block in CPP.findall(page.read_text()):
        if without_spaces(block) not in compiled:
            yield f"{page.name}: not in {test.name}: {block.splitlines()[0]}"


def cpp_page():
    page = CPP_PAGE.read_text()
    yield from uncompiled(CPP_PAGE, CPP_TEST)
    for name in CPP_HEADERS:
        header = (ROOT / f"include/thalweg/{name}.h").read_text().split("\n private:")
        public = header[0] + "".join(part.partition("\n};")[2] for part in header[1:])
        for call in sorted(set(CPP_CALL.findall(public)) - CPP_FOR_THE_ENGINE):
            if not re.search(rf"\b{call}\b", page):
                yield f"{CPP_PAGE.name}: says nothing of {call}() in {name}.h"


def kafka_page():
    page = KAFKA_PAGE.read_text()
    yield from uncompiled(KAFKA_PAGE, KAFKA_TEST)
    for header in sorted((ROOT / "include/thalweg/kafka").glob("*.h")):
        parts = header.read_text().split("\n private:")
        public = parts[0] + "".join(part.partition("\n};")[2] for part in parts[1:])
        for call in sorted(set(CPP_CALL.findall(public)) - KAFKA_SMALL_CALLS):
            if not re.search(rf"\b{call}\b", page):
                yield f"{KAFKA_PAGE.name}: says nothing of {call}() in {header.name}"


def commands(document):
    """(command, the output shown under it) for each command of the document's console blocks."""
    for block in CONSOLE.findall(document.read_text()):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            while command.endswith("\\"):
                line, _, output = output.partition("\n")
                command += "\n" + line
            yield command, output.rstrip("\n")


def matches(expected, actual):
    pattern = re.escape(expected).replace(r"\.\.\.", "[^\n]*")
    pattern = re.sub(r"(?m)^\[\^\n\]\*$\n?", "(?:.*\n?)*?", pattern)
    return re.fullmatch(pattern, actual) is not None


def run(command):
    done = subprocess.run(["bash", "-c", command], cwd=ROOT / "examples/data",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=COMMAND_SECONDS_MAX,
                          check=False)
    return done.stdout.rstrip("\n")


def run_documented():
    passed, failed = 0, 0
    for document in documents():
        for command, expected in commands(document):
            actual = run(command)
            if matches(expected, actual):
                passed += 1
                continue
            failed += 1
            print(f"{document.relative_to(ROOT)}: $ {command}\n  shown:\n{expected}\n"
                  f"  printed:\n{actual}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def main():
    if "--run" in sys.argv:
        return run_documented()
    problems = [*folders_without_readme(), *untested_questions(), *cpp_page(), *kafka_page()]
    for document in documents():
        problems += [*broken_links(document), *unknown_verbs(document)]
    print("\n".join(problems) or "docs: ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
