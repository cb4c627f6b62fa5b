"""What MATCH_RECOGNIZE finds, by trying every way of matching in order of preference."""
import re

from reference import Answer, judged_rows, micros, time_text


def parse(text):
    """A tree of ("var", name, excluded), ("seq", parts), ("or", parts), ("many", part, least, most, lazy)."""
    tokens = re.findall(r"\{-|-\}|\{\d*,?\d*\}|\w+|\S", text)
    at = 0
    excluded = 0

    def peek():
        return tokens[at] if at < len(tokens) else ""

    def take():
        nonlocal at
        at += 1
        return tokens[at - 1]

    def choice():
        parts = [sequence()]
        while peek() == "|":
            take()
            parts.append(sequence())
        return parts[0] if len(parts) == 1 else ("or", parts)

    def sequence():
        parts = []
        while peek() not in ("", ")", "|", "-}"):
            parts.append(factor())
        return ("seq", parts)

    def factor():
        nonlocal excluded
        token = take()
        if token == "(":
            part = choice()
            take()
        elif token == "{-":
            excluded += 1
            part = choice()
            excluded -= 1
            take()
        else:
            part = ("var", token, excluded > 0)
        bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if peek() in bounds:
            least, most = bounds[take()]
        elif re.fullmatch(r"\{\d*,?\d*\}", peek()):
            low, comma, high = take()[1:-1].partition(",")
            least = int(low or 0)
            most = int(high) if high else None if comma else least
        else:
            return part
        lazy = peek() == "?"
        if lazy:
            take()
        return ("many", part, least, most, lazy)

    return choice()


def ways(node, at, fits, before=()):
    """Every (end, labels) of the node from row `at` on, the preferred first; `labels` begins with those `before`."""
    if node[0] == "var":
        if fits(at, node[1], before):
            yield at + 1, (*before, (node[1], node[2]))
    elif node[0] == "or":
        for part in node[1]:
            yield from ways(part, at, fits, before)
    elif node[0] == "seq":
        if not node[1]:
            yield at, before
            return
        for middle, labels in ways(node[1][0], at, fits, before):
            yield from ways(("seq", node[1][1:]), middle, fits, labels)
    else:
        yield from rounds(node, 0, at, fits, before)


def rounds(node, count, at, fits, before):
    _, part, least, most, lazy = node
    if count >= least and lazy:
        yield at, before
    if most is None or count < most:
        for middle, labels in ways(part, at, fits, before):
            if count >= least and middle == at:
                yield at, labels
                continue
            yield from rounds(node, count + 1, middle, fits, labels)
    if count >= least and not lazy:
        yield at, before


def fits_at(rows, at, condition, labels):
    """Whether a condition in Python is true of a row, the last of a match of rows with these labels; None is NULL.

    prev(x, n) and next(x, n) look at the rows around it; first(X, x, n), last(X, x, n), count(X), total(X, x),
    mean(X, x), low(X, x) and high(X, x) at those of the match, X as `columns` of match() has it.
    """
    def beside(name, place):
        return rows[place][3].get(name) if 0 <= place < len(rows) else None

    def own(variable, name):
        return [rows[at - len(labels) + 1 + i][3].get(name) for i, label in enumerate(labels)
                if variable == "*" or label in variable.split("+")]

    def picked(values, place):
        return values[place] if 0 <= place < len(values) else None

    def folded(fold):
        def value(variable, name):
            values = [each for each in own(variable, name) if each is not None]
            return fold(values) if values else None
        return value

    scope = dict(rows[at][3])
    scope["prev"] = lambda name, n=1: beside(name, at - n)
    scope["next"] = lambda name, n=1: beside(name, at + n)
    scope["first"] = lambda variable, name, n=0: picked(own(variable, name), n)
    scope["last"] = lambda variable, name, n=0: picked(own(variable, name)[::-1], n)
    scope["count"] = lambda variable, name=None: len(
        [each for each in own(variable, name) if name is None or each is not None])
    scope.update(total=folded(sum), mean=folded(lambda values: sum(values) / len(values)), low=folded(min),
                 high=folded(max))
    scope["label"] = lambda n: picked(labels[::-1], n)
    try:
        return bool(eval(condition, {"__builtins__": {}}, scope))
    except TypeError:  # NULL in a comparison.
        return False


def match(folder, file, time, pattern, columns, define="", partition="", delay="0s", within="",
          skip="past", rows="one"):
    """`pattern` with `_` for spaces; `define` as A:condition;B:condition, Python without spaces; `skip` is
    past, next, first:X or last:X.

    `columns`, between commas: NAME=COLUMN (of the partition, or with rows=all of the row), NAME=last:X.COLUMN,
    NAME=first:X.COLUMN, NAME=count:X, NAME=sum:X.COLUMN (X is * for all, or X+Y), with `final` in front to see all of
    the match, NAME=number, NAME=classifier, NAME=time.
    """
    rejected = {}
    judged = sorted(judged_rows(folder, file, time, delay, rejected), key=lambda row: row[0])
    conditions = dict(part.split(":", 1) for part in define.split(";")) if define else {}
    tree = parse(pattern.replace("_", " "))
    keys = {}
    for row in judged:
        keys.setdefault(tuple(row[3].get(name) for name in partition.split("+") if name), []).append(row)
    specs = [spec.partition("=") for spec in columns.split(",")]
    answers = []
    for own in keys.values():
        number = 0
        first = 0
        while first < len(own):
            def fits(at, variable, before, own=own, first=first):
                near = at < len(own) and (not within or own[at][0] < own[first][0] + micros(within))
                return near and (variable not in conditions
                                 or fits_at(own, at, conditions[variable],
                                            [*(label for label, _ in before), variable]))

            found = next(ways(tree, first, fits), None)
            if found is None:
                first += 1
                continue
            number += 1
            labels = found[1]
            members = [(own[first + i], label) for i, (label, _) in enumerate(labels)]
            told = [(i, own[first + i]) for i, (_, out) in enumerate(labels) if not out]
            if rows == "one":
                told = [(len(labels) - 1, own[max(first, found[0] - 1)])]
            elif not labels and rows == "all":
                told = [(-1, own[first])]
            for last, row in told:
                answers.append([cell(spec, members, last, row, number, time) for _, _, spec in specs])
            first = next_start(skip, labels, first, found[0], rejected)
    return Answer([name for name, _, _ in specs], answers, rejected)


def next_start(skip, labels, first, end, rejected):
    kind, _, target = skip.partition(":")
    if kind == "next" or not labels:
        return first + 1
    if kind == "past":
        return end
    places = [i for i, (label, _) in enumerate(labels) if label == target]
    place = (places[0] if kind == "first" else places[-1]) if places else 0
    if place == 0:
        rejected["skip_to_nothing"] = rejected.get("skip_to_nothing", 0) + 1
        return first + 1
    return first + place


def cell(spec, members, last, row, number, time):
    if spec == "number":
        return str(number)
    if spec == "time":
        return time_text(members[-1][0][0] if members else row[0])
    final = spec.startswith("final")
    spec = spec.removeprefix("final")
    seen = members if final else members[:last + 1]
    if spec == "classifier":
        return seen[-1][1] if seen else None
    if ":" not in spec:
        value = row[0] if spec == time else row[3].get(spec)
        return None if value is None else time_text(value) if spec == time else str(value)
    kind, _, what = spec.partition(":")
    variable, _, column = what.partition(".")
    own = [member for member, label in seen if variable == "*" or label in variable.split("+")]
    if kind == "count":
        return str(len(own))
    values = [member[0] if column == time else member[3].get(column) for member in own]
    if kind == "sum":
        values = [value for value in values if value is not None]
        return str(sum(values)) if values else None
    value = (values[0] if kind == "first" else values[-1]) if values else None
    return None if value is None else time_text(value) if column == time else str(value)
