"""The SQL of the sheets: one SELECT each, of the right tables, that runs as the reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

from moodle_analytics import database as databases
from moodle_analytics.dashboard.choices import first_choices
from moodle_analytics.dashboard.specification import Sheet, Specification
from moodle_analytics.dashboard.sql import sheet_query
from moodle_analytics.errors import UserError
from moodle_analytics.tableau.check.faults import Report

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

TIMEOUT = "30s"
HEADER = "header"
_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<text>[eEnNbBxX]?'(?:[^']|'')*')
    |(?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<name>"(?:[^"]|"")*")
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<word>\w+)
    |(?P<sign>[^\s\w])
    """,
    re.VERBOSE | re.DOTALL,
)


def check(
    folder: Path | None,
    specification: Specification,
    connection: Connection,
    schema: str,
    server: databases.Server,
    role: str | None,
) -> list[Report]:
    """Check every sheet's file in folder/sql, and that there is one for each. Raises UserError.

    Without a folder the specification's own queries are run. With `role` they run as that role,
    else as who is connected, in a transaction that only reads.
    """
    pages = {sheet.name: page.name for page in specification.pages for sheet in page.sheets}
    wanted = {
        Path("sql", pages.get(sheet.name, HEADER), f"{sheet.name}.sql"): sheet
        for sheet in specification.sheets()
    }
    choices = first_choices(connection, specification, schema=schema)
    chosen = {
        str(choice) for name, choice in choices.items() if specification.filters[name].value is None
    }
    reports = []
    with _reader(connection, server, role) as reader:
        with reader.cursor() as cursor:
            cursor.execute("select set_config('statement_timeout', %s, true)", [TIMEOUT])
        for path in sorted({*wanted, *(_there(folder) if folder else ())}):
            report = Report(path.as_posix())
            reports.append(report)
            sheet = wanted.get(path)
            if sheet is None:
                report.add("", "is of no sheet of the specification", "remove it")
                continue
            query = sheet_query(specification, sheet, choices, schema=schema)
            wanted_text = query.as_string(connection)
            text = _text(folder / path, sheet, report) if folder else wanted_text
            if text is None:
                continue
            _check_text(text, wanted_text, chosen, report)
            if not report.has_faults():
                _run(text, sheet, specification, reader, report)
    return reports


def _there(folder: Path) -> list[Path]:
    return [path.relative_to(folder) for path in (folder / "sql").rglob("*.sql")]


def _text(path: Path, sheet: Sheet, report: Report) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        report.add("", "is not UTF-8")
    except FileNotFoundError:
        report.add(f"sheet {sheet.title}", "has no SQL file")
    except OSError as error:
        report.add("", f"cannot be read: {error.strerror or error}", "check its permissions")
    return None


def _become(connection: Connection, role: str) -> bool:
    """Read as `role` from now on; False where that is not allowed."""
    with connection.cursor() as cursor:
        cursor.execute("savepoint role")
        try:
            cursor.execute("select set_config('role', %s, true)", [role])
        except psycopg2.Error:
            cursor.execute("rollback to savepoint role")
            return False
    return True


@contextmanager
def _reader(
    connection: Connection, server: databases.Server, role: str | None
) -> Iterator[Connection]:
    """Give a connection that reads as `role`: by `set role`, or by its own login."""
    if role is None or role == server.user or _become(connection, role):
        yield connection
        return
    try:
        own = databases.connect(replace(server, user=role), readonly=True)
    except UserError as error:
        raise UserError(
            f"Cannot read as {role}: {server.user} is no member of it, and it cannot log in "
            f"({error}) Make it with `moodle-analytics grant-reader {role}`, or name another."
        ) from None
    with closing(own):
        yield own


def tokens(text: str) -> list[str]:
    """Give the words of SQL without its comments and spaces. Raises ValueError."""
    found, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match:
            raise ValueError(f"cannot be read from {text[at : at + 20]!r} on")
        if match.lastgroup != "space":
            found.append(match[0])
        at = match.end()
    return found


def _check_text(text: str, expected: str, chosen: set[str], report: Report) -> None:
    if text.lstrip().startswith("\\") or re.search(r"^\s*\\", text, re.MULTILINE):
        report.add("", "has a command of psql, not only SQL")
    try:
        found = tokens(text)
    except ValueError as error:
        report.add("", str(error))
        return
    while found and found[-1] == ";":
        found.pop()
    if not found:
        report.add("", "holds no statement")
        return
    if ";" in found:
        report.add("", "holds more than one statement")
    if found[0].lower() != "select":
        report.add("", f"begins with {found[0]}, not with select")
    if any(one in ("'", '"') or (one[0] == "$" and len(one) > 1) for one in found):
        report.add("", "has a text that does not end, or one in dollars")
    _compare(found, tokens(expected), chosen, report)


def _compare(found: list[str], wanted: list[str], chosen: set[str], report: Report) -> None:
    """Report the first word that is another than the specification's, values chosen aside."""
    for index in range(max(len(found), len(wanted))):
        here = found[index] if index < len(found) else "its end"
        there = wanted[index] if index < len(wanted) else "its end"
        is_value = here.lstrip("eE").startswith("'") and there.lstrip("eE").startswith("'")
        if is_value and _unquoted(there) in chosen:
            continue
        if here != there and not (here.isalpha() and here.lower() == there.lower()):
            before = " ".join(found[max(0, index - 4) : index])
            report.add("", f"has {here} after {before!r}, the specification {there}")
            return


def _unquoted(literal: str) -> str:
    return literal[literal.index("'") + 1 : -1].replace("''", "'").replace("\\\\", "\\")


def _run(
    text: str,
    sheet: Sheet,
    specification: Specification,
    connection: Connection,
    report: Report,
) -> None:
    """Run a query to its end, in the transaction that reads only."""
    place = f"sheet {sheet.title}"
    with connection.cursor() as cursor:
        cursor.execute("savepoint sheet")
        try:
            cursor.execute(text)
            given = [column.name for column in cursor.description or ()]
        except psycopg2.Error as error:
            reason = str(error).strip().splitlines()[0]
            report.add(place, f"does not run: {reason}", "rebuild, or grant its reader the marts")
            return
        finally:
            cursor.execute("rollback to savepoint sheet")
    shown = [
        *specification.dimensions(sheet),
        *(measure.name for measure in specification.measures_of(sheet)),
    ]
    if given != shown:
        report.add(place, f"gives {', '.join(given)}; the sheet shows {', '.join(shown)}")
