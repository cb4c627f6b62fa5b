#!/usr/bin/env python3
"""Lists the longest functions and files as something to look at, then runs clang-tidy."""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LISTED_MAX = 15
NOISE = re.compile(r"(\[\d+/\d+\])?.*clang-tidy-19 |\d+ warnings? generated|Suppressed |Use -|\s*$")
BLOCK = re.compile(r"^( *)(?!namespace|class|struct|enum|union|extern|//|#|[}])\S.*\{$")
NAME = re.compile(r"([~\w:]+(?:operator\S+)?)\s*\(")


def git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True,
                          check=False).stdout.split()


def changed_files():
    """C++ files that differ from the main branch; from the last commit on main itself."""
    base = (git("merge-base", "HEAD", "origin/main") or git("merge-base", "HEAD", "main"))[:1]
    if not base or base == git("rev-parse", "HEAD"):
        base = ["HEAD~1"]
    return set(git("diff", "--name-only", base[0])) | set(
        git("ls-files", "--others", "--exclude-standard"))


def functions(path):
    """(length, place, name) of each function, found by the layout that clang-format gives."""
    lines = path.read_text().splitlines()
    found, number = [], 0
    while number < len(lines):
        if not BLOCK.match(lines[number]):
            number += 1
            continue
        start = head_start(lines, number)
        name = function_name(" ".join(lines[start:number + 1]))
        if name is None:
            number += 1
            continue
        closing = " " * (len(lines[start]) - len(lines[start].lstrip())) + "}"
        end = next((i for i in range(number + 1, len(lines)) if lines[i].startswith(closing)
                    and not lines[i].startswith(closing + " else")), number)
        found.append((end - start + 1, f"{path.relative_to(ROOT)}:{start + 1}", name))
        number = end + 1
    return found


def head_start(lines, number):
    """Where the head of a block begins whose `{` ends this line: parameters and a constructor's
    initialisers may stand on lines of their own."""
    while number > 0 and lines[number - 1].strip() and (
            lines[number - 1].rstrip()[-1] in ",(&" or lines[number].lstrip().startswith(": ")):
        number -= 1
    return number


def function_name(head):
    match = NAME.search(head)
    keyword = re.match(r"\s*(if|for|while|switch|do|else|return|case|TEST)\b", head)
    return match[1] if match and not keyword else None


def list_longest(title, rows):
    print(f"\n{title}")
    for length, *rest in sorted(rows, reverse=True)[:LISTED_MAX]:
        print(f"{length:6} lines  {'  '.join(rest)}")


def clang_tidy(files):
    print(f"\nclang-tidy: {len(files)} files", flush=True)
    if not files:
        return 0
    command = ["run-clang-tidy-19", "-quiet", "-p", "build/asan", "-j", str(os.cpu_count() or 2)]
    with subprocess.Popen(command + [f"^{ROOT}/{file}$" for file in files], cwd=ROOT, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as tidy:
        for line in tidy.stdout:
            if not NOISE.match(line):
                print(line, end="", flush=True)
    return tidy.returncode


def main():
    all_files = [f for f in git("ls-files", "--cached", "--others", "--exclude-standard", "*.cc",
                                "*.h") if (ROOT / f).exists()]
    wanted = set(all_files) if "--all" in sys.argv else changed_files()
    paths = [ROOT / f for f in all_files]
    list_longest("longest functions", [row for path in paths for row in functions(path)])
    list_longest("longest files", [(len(path.read_text().splitlines()), str(path.relative_to(ROOT)))
                                   for path in paths])
    return clang_tidy([f for f in all_files if f.endswith(".cc") and f in wanted])


if __name__ == "__main__":
    sys.exit(main())
