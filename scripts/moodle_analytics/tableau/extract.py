"""Extracts: a .hyper file of the marts, and workbook and data sources packaged with their rows."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg2 import sql

from moodle_analytics import database
from moodle_analytics.dashboard import specification
from moodle_analytics.dashboard.sql import SCHEMA
from moodle_analytics.errors import UserError
from moodle_analytics.tableau import build, hyper, names, packages, tables, workbook
from moodle_analytics.tableau.datasources import Place
from moodle_analytics.tableau.xml import Element

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

FILE = "marts.hyper"


@dataclass(frozen=True)
class Mart:
    """A mart as this role sees it; `hidden` are the columns that it may not read."""

    name: str
    columns: tuple[str, ...]
    required: frozenset[str]
    hidden: tuple[str, ...]
    has_row_rules: bool


@dataclass(frozen=True)
class Order:
    """What to extract: `marts` by name, or `all_marts`, or (neither) what the dashboards read."""

    folder: Path
    marts: tuple[str, ...] = ()
    all_marts: bool = False
    database: str | None = None
    schema: str = SCHEMA


@dataclass(frozen=True)
class Extracted:
    """What came of it: the files, the tables written, remarks, and faults (then nothing is new)."""

    files: tuple[Path, ...]
    written: tuple[hyper.Written, ...]
    notes: tuple[str, ...]
    faults: tuple[str, ...]


def extract(order: Order) -> Extracted:
    """Write the .hyper file and, unless marts were named, the packages. Raises UserError.

    All is read in one transaction; each table's counts and sums are compared with the database's.
    The files appear when all of them are whole.
    """
    _make_folder(order.folder)
    server = database.locate()
    with (
        closing(database.connect(server, order.database)) as connection,
        _failures(),
        hyper.engine() as engine,
    ):
        _freeze(connection)
        marts = _marts(connection, order)
        chosen = [_table(connection, order.schema, mart) for mart in marts]
        documents = {}
        if not order.marts:
            documents = _documents(connection, build.place_of(server, order.database))
        with _bar() as step, _beside(order.folder) as place:
            made: tuple[Path, ...] = (place / FILE,)
            written = hyper.write(engine, made[0], chosen, connection, step)
            faults = tuple(fault for one in written for fault in one.faults)
            if documents and not faults:
                packed = packages.pack(engine, connection, documents, place, step)
                made, faults = (*made, *packed.files), packed.faults
            files = () if faults else tuple(path.replace(order.folder / path.name) for path in made)
    return Extracted(files, tuple(written), tuple(_notes(marts)), faults)


def dashboard_marts() -> tuple[str, ...]:
    """Name the marts that the dashboards read, sorted."""
    names = set()
    for source in specification.load().sources.values():
        names |= {source.table, *(join.table for join in source.joins)}
    return tuple(sorted(names))


def read_marts(connection: Connection, schema: str) -> dict[str, Mart]:
    """Find the marts and what the role may read of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname::text, attname::text, attnotnull, row_security_active(pg_class.oid), "
            "has_column_privilege(pg_class.oid, attnum, 'select') "
            "from pg_attribute join pg_class on pg_class.oid = attrelid "
            "join pg_namespace on pg_namespace.oid = relnamespace "
            "where nspname = %s and relkind in ('r', 'v', 'm', 'p', 'f') and attnum > 0 "
            "and not attisdropped order by relname, attnum",
            [schema],
        )
        rows = cursor.fetchall()
    found: dict[str, Mart] = {}
    for name in dict.fromkeys(row[0] for row in rows):
        own = [row for row in rows if row[0] == name]
        seen = tuple(row[1] for row in own if row[4])
        hidden = tuple(row[1] for row in own if not row[4])
        required = frozenset(row[1] for row in own if row[2])
        found[name] = Mart(name, seen, required, hidden, own[0][3])
    return found


def _marts(connection: Connection, order: Order) -> list[Mart]:
    """Choose the marts. Raises UserError where one is missing, or closed to the role."""
    found = read_marts(connection, order.schema)
    if not found:
        raise UserError(
            f"There are no marts in schema {order.schema} of database "
            f"{connection.info.dbname}: make them with `moodle-analytics build`, or name another "
            "database with --database."
        )
    wanted = order.marts or (tuple(found) if order.all_marts else dashboard_marts())
    if missing := [name for name in wanted if name not in found]:
        raise UserError(
            f"There is no mart {', '.join(missing)} in schema {order.schema}; there are "
            f"{', '.join(found)}: name one of these, or build it with `moodle-analytics build`."
        )
    chosen = [found[name] for name in sorted(set(wanted))]
    if closed := [mart.name for mart in chosen if not mart.columns]:
        raise UserError(
            f"User {connection.info.user} may not read {', '.join(closed)}: grant it with "
            f"`moodle-analytics grant-reader {connection.info.user}`, or connect as the builder."
        )
    return chosen


def _documents(connection: Connection, place: Place) -> dict[str, Element]:
    """Make the workbooks and data sources, by the names of their files."""
    plan = build.plan(connection, place)
    name = names.file_name(plan.specification.title)
    found = {f"{name}{one.suffix}.twb": plan.workbook(one) for one in workbook.FLAVOURS}
    return found | {f"{source}.tds": plan.datasource(source) for source in plan.models}


def _table(connection: Connection, schema: str, mart: Mart) -> tables.Table:
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(map(sql.Identifier, mart.columns)), sql.Identifier(schema, mart.name)
    )
    return tables.describe(connection, schema, mart.name, query, required=mart.required)


def _notes(marts: Sequence[Mart]) -> Iterator[str]:
    for mart in marts:
        if mart.hidden:
            yield f"{mart.name} is without {', '.join(mart.hidden)}, which this user may not read."
    if ruled := [mart.name for mart in marts if mart.has_row_rules]:
        yield (
            f"Of {len(ruled)} marts only the rows that this user may see are in the files: "
            "whoever opens a file sees all of it."
        )


def _freeze(connection: Connection) -> None:
    """Read everything as of one moment, and write nothing."""
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    connection.set_client_encoding("UTF8")
    with connection.cursor() as cursor:
        cursor.execute("set timezone = 'UTC'; set datestyle = 'ISO, YMD'")


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Give a place for files that are not whole yet. Raises UserError where there is none."""
    try:
        with tempfile.TemporaryDirectory(dir=folder, prefix=".extract-") as place:
            yield Path(place)
    except OSError as error:
        raise UserError(
            f"The files cannot be written to {folder} ({error.strerror or error}): free some "
            "space, or name another folder with --to."
        ) from None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The folder {folder} cannot be made ({error.strerror}): name another with --to."
        ) from None


@contextmanager
def _failures() -> Iterator[None]:
    """Turn what the database refuses into a sentence."""
    import psycopg2

    try:
        yield
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"The marts could not be read ({reason}); nothing was changed: check the user's "
            "rights, or try again."
        ) from None


@contextmanager
def _bar() -> Iterator[hyper.Step]:
    """Show on standard error which table is being written, where it is a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("Extracts ...") as status:
        yield lambda name: status.update(f"Extracts: {name} ...")
