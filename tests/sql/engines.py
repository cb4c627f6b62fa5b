"""The engines that expected rows come from, each giving rows as CSV lines in PostgreSQL's text."""
import datetime
import decimal
import math
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from case_file import is_query, split_statements

DATA = pathlib.Path(__file__).resolve().parent.parent.parent / "examples/data"
SETTINGS = "SET timezone = 'UTC'; SET intervalstyle = 'postgres'; SET client_min_messages = error;"


class OracleError(Exception):
    """The engine refused the query; the text says why."""


def write_inputs(case, folder):
    for section in case.of_kind("input"):
        name, _, flag = section.argument.partition(" ")
        content = "\n".join(section.body).rstrip("\n").encode() + b"\n"
        if flag == "escaped":
            content = content.decode().encode("latin-1", "backslashreplace")
            content = content.decode("unicode_escape").encode("latin-1")
        (folder / name).write_bytes(content)
    for section in case.of_kind("data"):
        shutil.copy(DATA / section.argument, folder / section.argument)


def csv_line(fields):
    """NULL (None) is the bare word; a text that looks like it, or is empty, is quoted."""
    out = []
    for field in fields:
        if field is None:
            out.append("NULL")
        elif field in ("", "NULL") or any(c in field for c in '",\n\r'):
            out.append('"' + field.replace('"', '""') + '"')
        else:
            out.append(field)
    return ",".join(out)


CSV_FIELD = re.compile(r'("(?:[^"]|"")*"|[^,\n]*)(,|\n)')


def csv_lines(text):
    """The rows of PostgreSQL's CSV with NULL as the bare word, in the form of csv_line."""
    lines, fields = [], []
    for field, end in CSV_FIELD.findall(text):
        if field.startswith('"'):
            field = field[1:-1].replace('""', '"')
        elif field == "NULL":
            field = None
        fields.append(field)
        if end == "\n":
            lines.append(csv_line(fields))
            fields = []
    return lines


class Postgres:
    """A private cluster in a temporary folder, gone when closed."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="thalweg-oracle-", dir="/tmp")
        self.programs = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.as_owner(self.programs / "initdb", "-D", f"{self.folder}/data", "-A", "trust",
                      "-U", "postgres", "-E", "UTF8", "--locale", "C.UTF-8")
        self.as_owner(self.programs / "pg_ctl", "-D", f"{self.folder}/data", "-w", "-o",
                      f"-c listen_addresses='' -c fsync=off -k {self.folder}",
                      "-l", f"{self.folder}/log", "start")

    def as_owner(self, *command):
        prefix = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        subprocess.run([*prefix, *map(str, command)], check=True, cwd="/tmp",
                       stdout=subprocess.DEVNULL)

    def close(self):
        self.as_owner(self.programs / "pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate",
                      "stop")
        shutil.rmtree(self.folder)

    def psql(self, script):
        done = subprocess.run(
            ["psql", "-h", self.folder, "-U", "postgres", "-XqAt", "-v", "ON_ERROR_STOP=1"],
            input=script, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            raise OracleError(done.stderr.strip())
        return done.stdout

    def results(self, script, folder):
        """One list of CSV lines for each query of the script, which runs in a schema of its own."""
        marker = "<<end of result>>"
        parts = [SETTINGS, "DROP SCHEMA public CASCADE; CREATE SCHEMA public;"]
        parts += [self.load(file) for file in sorted(folder.iterdir()) if file.stem in script]
        for statement in split_statements(script):
            if is_query(statement):
                parts.append(f"COPY ({statement}\n) TO STDOUT WITH (FORMAT csv, HEADER, NULL 'NULL');")
                parts.append(f"\\echo {marker}")
            else:
                parts.append(statement + ";")
        output = self.psql("\n".join(parts))
        return [csv_lines(part) for part in output.split(marker + "\n")[:-1]]

    @staticmethod
    def load(file):
        kind = "jsonb" if file.suffix == ".jsonl" else "text"
        rows = []
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            quoted = line.replace("'", "''")
            rows.append(f"({number}, '{quoted}')")
        values = f"INSERT INTO {file.stem} VALUES {', '.join(rows)};" if rows else ""
        return f"CREATE TABLE {file.stem} (n int, line {kind}); {values}"


class DuckDb:
    """An in-memory database whose working directory holds the inputs."""

    def results(self, script, folder):
        import duckdb  # Only the oracle needs it.
        connection = duckdb.connect()
        connection.execute("SET TimeZone = 'UTC'")
        found, before = [], os.getcwd()
        os.chdir(folder)
        try:
            for statement in split_statements(script):
                cursor = connection.execute(statement)
                if is_query(statement):
                    header = csv_line([column[0] for column in cursor.description])
                    rows = [csv_line([as_postgres(value) for value in row])
                            for row in cursor.fetchall()]
                    found.append([header, *rows])
        except duckdb.Error as error:
            raise OracleError(str(error)) from error
        finally:
            os.chdir(before)
            connection.close()
        return found


def as_postgres(value):
    """A value of DuckDB's Python client as PostgreSQL prints it; None for NULL."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        text = value.strftime("%Y-%m-%d %H:%M:%S")
        if value.microsecond:
            text += f".{value.microsecond:06d}".rstrip("0")
        return text + ("+00" if value.tzinfo else "")
    if isinstance(value, (bytes, bytearray)):
        return "\\x" + value.hex()
    if isinstance(value, dict):
        return "(" + ",".join(nested_text(item, "(),\"\\ ") for item in value.values()) + ")"
    if isinstance(value, (list, tuple)):
        return "{" + ",".join(array_item(item) for item in value) + "}"
    return str(value)


def nested_text(item, special):
    text = as_postgres(item)
    if text is None:
        return ""
    if text == "" or any(c in text for c in special):
        escaped = text.replace("\\", "\\\\").replace('"', '""')
        return f'"{escaped}"'
    return text


def array_item(item):
    text = as_postgres(item)
    if text is None:
        return "NULL"
    if isinstance(item, (list, tuple)):
        return text
    if text == "" or text.upper() == "NULL" or any(c in text for c in '{},"\\ \t\n'):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return text


def float_text(value):
    """Shortest digits that read back, with an exponent from 1e15 on and below 1e-4."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    digits = repr(value)
    mantissa, _, exponent = digits.partition("e")
    if not exponent and abs(value) >= 1e15:
        number = decimal.Decimal(digits).normalize()
        text = f"{number:e}"
        mantissa, _, exponent = text.partition("e")
    mantissa = mantissa.removesuffix(".0")
    return f"{mantissa}e{exponent}" if exponent else mantissa
