"""Reads and writes the files of SQL cases; README.md in this folder describes them."""
import dataclasses


@dataclasses.dataclass
class Section:
    kind: str        # "sql", "rows", ...
    argument: str    # What stands after the kind: a file, an engine.
    line: int        # Where it begins, from 1.
    body: list       # Its lines.

    @property
    def text(self):
        return "\n".join(self.body).strip("\n")


@dataclasses.dataclass
class Case:
    name: str
    line: int
    sections: list

    def of_kind(self, kind):
        return [section for section in self.sections if section.kind == kind]

    @property
    def sql(self):
        return self.of_kind("sql")[0].text


def read_cases(path):
    cases = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("=== "):
            cases.append(Case(line[4:].strip(), number, []))
        elif line.startswith("--- ") and cases:
            kind, _, argument = line[4:].strip().partition(" ")
            cases[-1].sections.append(Section(kind, argument, number, []))
        elif cases and cases[-1].sections:
            cases[-1].sections[-1].body.append(line)
    return cases


def replace_bodies(path, bodies):
    """Writes new bodies for the sections that begin at the given lines."""
    out, skipping = [], False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith(("=== ", "--- ")) or (skipping and not line):
            skipping = False
        if not skipping:
            out.append(line)
        if number in bodies:
            out += bodies[number]
            skipping = True
    path.write_text("\n".join(out) + "\n")


def split_statements(script):
    """The statements of a script; knows quotes and comments."""
    statements, start, i = [], 0, 0
    while i < len(script):
        if script[i] in "'\"`":
            i = script.index(script[i], i + 1)
        elif script.startswith("--", i):
            i = script.find("\n", i) if "\n" in script[i:] else len(script) - 1
        elif script[i] == ";":
            statements.append(script[start:i].strip())
            start = i + 1
        i += 1
    statements.append(script[start:].strip())
    return [statement for statement in statements if statement]


def is_query(statement):
    words = "\n".join(line for line in statement.splitlines() if not line.startswith("--")).split()
    return words and words[0].strip("(").upper() in ("SELECT", "WITH", "VALUES", "FROM", "TABLE")
