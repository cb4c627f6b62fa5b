#!/usr/bin/env python3
"""Computes the expected rows of the SQL cases with the engine that each case names.

Rewrites the sections that differ and tells which; `--check` only tells.
"""
import argparse
import pathlib
import shlex
import sys
import tempfile

import case_file
import engines
import reference
import reference_match

FOLDER = pathlib.Path(__file__).resolve().parent


class Oracles:
    """The engines, each started when a case first asks for it."""

    def __init__(self):
        self.postgres = None
        self.duckdb = engines.DuckDb()

    def results(self, engine, script, folder):
        if engine == "duckdb":
            return self.duckdb.results(script, folder)
        if self.postgres is None:
            self.postgres = engines.Postgres()
        return self.postgres.results(script, folder)

    def close(self):
        if self.postgres is not None:
            self.postgres.close()


def oracle_of(case, rows):
    """The oracle section that belongs to a rows section: the next one after it."""
    following = case.sections[case.sections.index(rows) + 1:]
    return next((section for section in following if section.kind == "oracle"), None)


def expected_rows(case, rows, place, oracles, folder):
    """CSV lines; None where they are written by hand."""
    oracle = oracle_of(case, rows)
    if oracle is None:
        raise engines.OracleError("a rows section without an oracle section")
    engine, _, argument = oracle.argument.partition(" ")
    if engine == "hand":
        if not oracle.text:
            raise engines.OracleError("rows by hand without a reason")
        return None
    if engine == "python":
        name, *options = shlex.split(argument)
        function = getattr(reference, name, None) or getattr(reference_match, name)
        answer = function(
            folder, **dict(option.split("=", 1) for option in options))
        check_counts(case, answer)
        return [engines.csv_line(row) for row in [answer.header, *answer.rows]]
    results = oracles.results(engine, oracle.text or case.sql, folder)
    return results[0 if oracle.text else place]


def check_counts(case, answer):
    stated = dict(line.split(" ") for part in case.of_kind("counts") for line in part.body if line)
    computed = {reason: str(rows) for reason, rows in answer.rejected.items()}
    if stated != computed:
        raise engines.OracleError(f"counts should be {computed}")


def same(expected, actual, ordered):
    if ordered:
        return expected == actual
    return expected[:1] == actual[:1] and sorted(expected[1:]) == sorted(actual[1:])


def differences(case, oracles):
    """{line: rows that the oracle gives} for the sections that hold others."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        engines.write_inputs(case, folder)
        for place, rows in enumerate(case.of_kind("rows")):
            lines = expected_rows(case, rows, place, oracles, folder)
            if lines is None:
                continue
            # A quoted field may hold a newline: compare by lines all the same.
            wanted = [part for line in lines for part in line.split("\n")]
            ordered = rows.argument == "ordered" or any('"' in line for line in wanted)
            if not same(rows.text.split("\n"), wanted, ordered):
                found[rows.line] = wanted
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    oracles, cases, wrong, failed = Oracles(), 0, 0, 0
    try:
        for path in arguments.files or sorted(FOLDER.glob("*.cases")):
            bodies = {}
            for case in case_file.read_cases(path):
                cases += 1
                try:
                    bodies.update(differences(case, oracles))
                except (engines.OracleError, ValueError, IndexError) as error:
                    failed += 1
                    print(f"{path.name}:{case.line}: {case.name}: {error}")
            for line in bodies:
                print(f"{path.name}:{line}: rows differ")
            wrong += len(bodies)
            if bodies and not arguments.check:
                case_file.replace_bodies(path, bodies)
    finally:
        oracles.close()
    print(f"{cases} cases, {wrong} {'differ' if arguments.check else 'rewritten'}, "
          f"{failed} without an answer")
    return 1 if failed or (wrong and arguments.check) else 0


if __name__ == "__main__":
    sys.exit(main())
