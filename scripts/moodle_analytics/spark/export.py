"""Writes the tables that models read as Parquet: chunk by chunk, so that a stopped run goes on.

A chunk is a range of ids. It is kept as long as its rows are what they were when it was written, by
a digest that the database makes; so the same command resumes, and brings an old export up to date.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from moodle_analytics.errors import UserError
from moodle_analytics.site import Site
from moodle_analytics.spark import arrow, manifest
from moodle_analytics.spark.sources import LOG, Column, Table, expression, find_tables

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

# Told the table, rows done so far, and rows of all tables.
Watch = Callable[[str, int, int], None]

DEFAULT_ROWS = 1_000_000
MONTH = Column("log_month", "string")
_WITHOUT_MONTH = "none"


@dataclass(frozen=True)
class Summary:
    """What an export did: tables and rows that are there, and chunks written, kept and removed."""

    tables: int
    rows: int
    written: int
    kept: int
    removed: int


@dataclass(frozen=True)
class _Piece:
    number: int
    rows: int
    digest: str


def export(
    connection: Connection,
    site: Site,
    folder: Path,
    *,
    rows: int = DEFAULT_ROWS,
    anew: bool = False,
    watch: Watch = lambda *_: None,
) -> Summary:
    """Bring the export in `folder` in line with the database; all as of one moment.

    `rows` is how many ids a chunk spans. `anew` gives up what is there. Raises UserError where the
    folder holds something else, or cannot be written.
    """
    arrow.load()
    if rows < 1:
        raise UserError("--rows must be at least 1.")
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with connection.cursor() as cursor:
        cursor.execute("set timezone = 'UTC'")
    tables = find_tables(connection, site)
    record = _begin(folder, _origin(connection, site, rows), anew=anew)
    pieces = {table: _pieces(connection, table, rows) for table in tables}
    total = sum(piece.rows for found in pieces.values() for piece in found)
    try:
        counts = _Counts(watch, total)
        for table in tables:
            _write_table(connection, table, pieces[table], folder, record, rows, counts)
        names = {_key(table) for table in tables}
        record.tables = {name: one for name, one in record.tables.items() if name in names}
        removed = _remove_others(folder, record)
        record.is_complete = True
        record.save(folder)
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written ({error.strerror}): make room there, or name another "
            "place; the same command goes on where this stopped."
        ) from None
    return Summary(len(tables), total, counts.written, counts.kept, removed)


class _Counts:
    """How far it is: chunks and rows."""

    def __init__(self, watch: Watch, total: int) -> None:
        self._watch = watch
        self._total = total
        self._rows = 0
        self.written = 0
        self.kept = 0

    def add(self, table: Table, piece: _Piece, *, is_kept: bool) -> None:
        self._rows += piece.rows
        self.kept += is_kept
        self.written += not is_kept
        self._watch(table.name, self._rows, self._total)


def _begin(folder: Path, origin: dict[str, Any], *, anew: bool) -> manifest.Manifest:
    """Read what is there and mark it unfinished. Raises UserError where it is of something else."""
    if anew and (folder / manifest.NAME).exists():
        _clear(folder)
    found = manifest.read(folder)
    if found is None:
        others = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        if folder.exists() and not folder.is_dir():
            raise UserError(f"{folder} is no folder: name another place.")
        if others:
            raise UserError(
                f"{folder} holds other things ({others[0]}): name a folder that is new or empty."
            )
        found = manifest.Manifest(origin)
    for name, value in origin.items():
        if found.origin.get(name) != value:
            raise UserError(
                f"{folder} holds an export whose {name} is {found.origin.get(name)!r}, not "
                f"{value!r}: name another folder, or begin it --anew."
            )
    found.is_complete = False
    found.save(folder)
    return found


def _clear(folder: Path) -> None:
    """Remove an export: its record first, so that nobody takes a part of it for the whole."""
    (folder / manifest.NAME).unlink()
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def _origin(connection: Connection, site: Site, rows: int) -> dict[str, Any]:
    return {
        "database": connection.info.dbname,
        "schema": site.schema,
        "prefix": site.prefix,
        "rows": rows,
    }


def _key(table: Table) -> str:
    return f"{table.source}.{table.name}"


def _pieces(connection: Connection, table: Table, rows: int) -> Sequence[_Piece]:
    """Cut a table into chunks, with a digest of what each holds: one pass that is not sent here."""
    from psycopg2 import sql

    row = sql.SQL("row({})::text").format(
        sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    )
    chunk = sql.SQL("floor(id / {}::numeric)::bigint").format(sql.Literal(rows))
    query = sql.SQL(
        "select {chunk}, count(*), sum(hashtextextended({row}, 0))::text from {table} "
        "group by 1 order by 1"
    ).format(
        chunk=chunk if table.has_id else sql.SQL("0"),
        row=row,
        table=sql.Identifier(table.schema, table.relation),
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return [_Piece(*found) for found in cursor.fetchall()]


def _write_table(
    connection: Connection,
    table: Table,
    pieces: Sequence[_Piece],
    folder: Path,
    record: manifest.Manifest,
    rows: int,
    counts: _Counts,
) -> None:
    columns = [(column.name, column.type) for column in table.columns]
    written = record.tables.get(_key(table))
    if written is None or written.columns != columns:
        written = record.tables[_key(table)] = manifest.Written(columns)
    (folder / _key(table)).mkdir(parents=True, exist_ok=True)
    numbers = {str(piece.number) for piece in pieces}
    written.chunks = {name: one for name, one in written.chunks.items() if name in numbers}
    for piece in pieces:
        there = written.chunks.get(str(piece.number))
        is_kept = (
            there is not None
            and (there.rows, there.digest) == (piece.rows, piece.digest)
            and all((folder / name).is_file() for name in there.files)
        )
        if not is_kept:
            files = _write_piece(connection, table, piece, folder, rows)
            written.chunks[str(piece.number)] = manifest.Chunk(piece.rows, piece.digest, files)
            record.save(folder)
        counts.add(table, piece, is_kept=is_kept)


def _write_piece(
    connection: Connection, table: Table, piece: _Piece, folder: Path, rows: int
) -> list[str]:
    """Write a chunk: one file, of the log one for each month. Gives their paths in the folder."""
    columns = [*table.columns, MONTH] if _is_by_month(table) else [*table.columns]
    place = Path(_key(table))
    # The digest in its name keeps a reader of the former files from reading half of each.
    name = f"{piece.number:06d}-{abs(int(piece.digest)) % 16**8:08x}.parquet"
    files: list[str] = []
    with tempfile.TemporaryFile(dir=folder, prefix=".rows-") as file:
        _copy(connection, table, piece, rows, file)
        file.seek(0)
        for month, batches in _by_month(arrow.read_csv(file, columns), _is_by_month(table)):
            path = place / f"{MONTH.name}={month}" / name if month else place / name
            part = arrow.PartFile(folder / path, table.columns)
            try:
                for batch in batches:
                    part.write(batch)
            except BaseException:
                with contextlib.suppress(OSError):
                    part.abandon()
                raise
            part.finish()
            files.append(str(path))
    return files


def _is_by_month(table: Table) -> bool:
    names = {column.name for column in table.columns}
    return table.name == LOG and table.has_id and "timecreated" in names


def _copy(connection: Connection, table: Table, piece: _Piece, rows: int, file: IO[bytes]) -> None:
    from psycopg2 import sql

    wanted = [expression(column) for column in table.columns]
    tail: sql.Composable = sql.SQL("")
    if table.has_id:
        low = piece.number * rows
        tail = sql.SQL(" where id >= {} and id < {} order by ").format(
            sql.Literal(low), sql.Literal(low + rows)
        )
        if _is_by_month(table):
            month = sql.SQL(
                "case when timecreated between 1 and 253402300799 then "
                "to_char(to_timestamp(timecreated), 'YYYY-MM') else {} end"
            ).format(sql.Literal(_WITHOUT_MONTH))
            wanted.append(month)
            tail += sql.SQL("{}, ").format(sql.Literal(len(wanted)))
        tail += sql.SQL("id")
    query = sql.SQL("copy (select {} from {}{}) to stdout (format csv)").format(
        sql.SQL(", ").join(wanted), sql.Identifier(table.schema, table.relation), tail
    )
    with connection.cursor() as cursor:
        cursor.copy_expert(query, file)


def _by_month(reader: Any, is_by_month: bool) -> Iterator[tuple[str | None, Iterator[Any]]]:
    """Give rows in order as runs of one month each; as one run where there are no months."""
    import itertools

    pa = arrow.load()

    def runs() -> Iterator[tuple[str | None, Any]]:
        for batch in reader:
            table = pa.Table.from_batches([batch])
            if not is_by_month:
                yield None, table
                continue
            ends = pa.compute.run_end_encode(table.column(MONTH.name).combine_chunks())
            begin = 0
            for month, end in zip(ends.values.to_pylist(), ends.run_ends.to_pylist(), strict=True):
                yield month, table.slice(begin, end - begin)
                begin = end

    for month, group in itertools.groupby(runs(), key=lambda run: run[0]):
        yield month, (rows for _, rows in group)


def _remove_others(folder: Path, record: manifest.Manifest) -> int:
    """Remove files that do not belong to the export any more, and what stopped runs left."""
    kept = record.files()
    removed = 0
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_file() and path.parent != folder and name not in kept:
            path.unlink()
            removed += path.suffix == ".parquet"
    return removed
