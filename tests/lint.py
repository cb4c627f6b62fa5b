#!/usr/bin/env python3
"""Runs clang-tidy, then lists the longest functions and files as something to look at."""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LISTED_MAX = 15
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
        match = BLOCK.match(lines[number])
        head = signature(lines, number) if match else None
        if head is None:
            number += 1
            continue
        closing = match[1][: head_indent(lines, number)] + "}"
        end = next((i for i in range(number + 1, len(lines)) if lines[i].startswith(closing)
                    and not lines[i].startswith(closing + " else")), number)
        place = f"{path.relative_to(ROOT)}:{number + 1}"
        found.append((end - number + 1, place, head))
        number = end + 1
    return found


def head_indent(lines, number):
    """The indentation of the first line of the signature that ends on this line."""
    while number > 0 and lines[number - 1].strip() and lines[number - 1].rstrip()[-1] in ",(&":
        number -= 1
    return len(lines[number]) - len(lines[number].lstrip())


def signature(lines, number):
    text = lines[number]
    while number > 0 and "(" not in text and lines[number - 1].strip():
        number -= 1
        text = lines[number] + text
    match = NAME.search(text)
    keyword = re.match(r"\s*(if|for|while|switch|do|else|return|case|TEST)\b", text)
    return match[1] if match and not keyword else None


def list_longest(title, rows):
    print(f"\n{title}")
    for length, *rest in sorted(rows, reverse=True)[:LISTED_MAX]:
        print(f"{length:6} lines  {'  '.join(rest)}")


def clang_tidy(files):
    if not files:
        print("clang-tidy: no C++ source changed")
        return 0
    command = ["run-clang-tidy-19", "-quiet", "-p", "build/asan", "-j", str(os.cpu_count() or 2)]
    return subprocess.run(command + [f"^{ROOT}/{file}$" for file in files], cwd=ROOT,
                          check=False).returncode


def main():
    all_files = [f for f in git("ls-files", "--cached", "--others", "--exclude-standard", "*.cc",
                                "*.h") if (ROOT / f).exists()]
    wanted = set(all_files) if "--all" in sys.argv else changed_files()
    status = clang_tidy([f for f in all_files if f.endswith(".cc") and f in wanted])
    paths = [ROOT / f for f in all_files]
    list_longest("longest functions", [row for path in paths for row in functions(path)])
    list_longest("longest files", [(len(path.read_text().splitlines()), str(path.relative_to(ROOT)))
                                   for path in paths])
    return status


if __name__ == "__main__":
    sys.exit(main())
