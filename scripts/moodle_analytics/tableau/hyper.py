"""Hyper, Tableau's own engine: .hyper files filled from PostgreSQL and checked against it.

Nothing is sent to Tableau, and no log is written.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from moodle_analytics.errors import UserError
from moodle_analytics.tableau.tables import Field, Table, facts_of, is_same, questions, quoted

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

Step = Callable[[str], None]

# Version 3 of the file holds numbers of more than 18 digits (Tableau 2022.4 and later read it).
_PARAMETERS = {"log_config": "", "default_database_version": "3"}


@dataclass(frozen=True)
class Written:
    """A table that was written: its rows, and what differs from the database (nothing, always)."""

    table: Table
    row_count: int
    faults: tuple[str, ...]


class Engine:
    """A running Hyper."""

    def __init__(self, api: Any, process: Any) -> None:
        """Keep the package and its process."""
        self._api = api
        self._process = process

    @contextmanager
    def file(self, path: Path, *, is_new: bool = False) -> Iterator[HyperFile]:
        """Open a .hyper file, or make one."""
        modes = self._api.CreateMode
        mode = modes.CREATE_AND_REPLACE if is_new else modes.NONE
        with self._api.Connection(self._process.endpoint, str(path), mode) as connection:
            yield HyperFile(self._api, connection)


class HyperFile:
    """An open .hyper file."""

    def __init__(self, api: Any, connection: Any) -> None:
        """Keep the package and the connection to the file."""
        self._api = api
        self._connection = connection

    def create(self, table: Table) -> None:
        """Make the empty table, and its schema."""
        columns = ", ".join(_definition(field) for field in table.fields)
        self._connection.execute_command(f"create schema if not exists {quoted(table.schema)}")
        self._connection.execute_command(
            f"create table {quoted(table.schema, table.name)} ({columns})"
        )

    def fill(self, table: Table, csv: Path) -> None:
        """Add the rows of a CSV file as PostgreSQL writes it: NULL is an empty cell."""
        source = self._api.escape_string_literal(str(csv))
        self._connection.execute_command(
            f"copy {quoted(table.schema, table.name)} from {source} "
            "with (format csv, null '', delimiter ',')"
        )

    def ask(self, query: str) -> list[list[Any]]:
        """Give the rows of a query, in Python's own types."""
        with self._connection.execute_query(query) as result:
            return [[_plain(value) for value in row] for row in result]

    def facts_of(self, table: Table) -> list[Any]:
        """Answer the questions about a table."""
        asked = ", ".join(questions(table.fields))
        place = quoted(table.schema, table.name)
        return self.ask(f"select {asked} from {place}")[0]  # noqa: S608


@contextmanager
def engine() -> Iterator[Engine]:
    """Run Hyper. Raises UserError where it is not installed, or what it works on goes wrong."""
    try:
        import tableauhyperapi as api
    except ImportError:
        raise UserError(
            "Extracts need the package tableauhyperapi, which is not installed: "
            "pip install -e '.[tableau]'."
        ) from None
    off = api.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    try:
        with api.HyperProcess(off, "moodle-analytics", parameters=_PARAMETERS) as process:
            yield Engine(api, process)
    except api.HyperException as error:
        reason = str(error.main_message or error).splitlines()[0]
        raise UserError(
            f"Hyper could not write the extract ({reason}); nothing was changed: is the disk full?"
        ) from None


def write(
    engine: Engine, path: Path, tables: Sequence[Table], connection: Connection, step: Step
) -> list[Written]:
    """Write a .hyper file of these tables, and compare each with what the database holds.

    `connection` stands in the one transaction that all of it is read in. `step` is told the name
    of each table that is begun. Raises OSError, UserError.
    """
    with engine.file(path, is_new=True) as file:
        written = [_write(file, table, path.parent, connection, step) for table in tables]
    # What a temporary folder holds may be its owner's alone; a file is as any other.
    mask = os.umask(0)
    os.umask(mask)
    path.chmod(0o666 & ~mask)
    return written


def _write(
    file: HyperFile, table: Table, folder: Path, connection: Connection, step: Step
) -> Written:
    step(table.name)
    file.create(table)
    csv = folder / "rows.csv"
    with csv.open("wb") as rows, connection.cursor() as cursor:
        copy = sql.SQL("copy ({}) to stdout with (format csv, null '', encoding 'UTF8')")
        cursor.copy_expert(copy.format(table.query), rows)
    file.fill(table, csv)
    csv.unlink()
    given, kept = facts_of(connection, table), file.facts_of(table)
    faults = [
        f"{table.name}: {question} is {second} in the file and {first} in the database"
        for question, first, second in zip(questions(table.fields), given, kept, strict=True)
        if not is_same(first, second)
    ]
    return Written(table, int(kept[0]), tuple(faults))


def _definition(field: Field) -> str:
    return f"{quoted(field.name)} {field.type}{' not null' if field.is_required else ''}"


def _plain(value: Any) -> Any:
    """Turn Hyper's own dates and times into Python's."""
    for name in ("to_datetime", "to_date"):
        if hasattr(value, name):
            return getattr(value, name)()
    return value
