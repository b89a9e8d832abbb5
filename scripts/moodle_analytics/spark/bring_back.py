"""Brings marts that Spark built to PostgreSQL: made, secured and published as a build does."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moodle_analytics import build as models
from moodle_analytics import database
from moodle_analytics.errors import UserError
from moodle_analytics.spark import arrow
from moodle_analytics.spark.build import RECORD

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

# Told the table, and how many are done of how many.
Watch = Callable[[str, int, int], None]

_BATCH_ROWS = 64_000
_TYPES = {
    "bool": "boolean",
    "int16": "smallint",
    "int32": "integer",
    "int64": "bigint",
    "double": "double precision",
    "string": "text",
    "date32[day]": "date",
}


@dataclass(frozen=True)
class Summary:
    """What was brought: rows by table."""

    rows: Mapping[str, int]


def bring_back(
    warehouse: Path,
    target: models.Target,
    *,
    watch: Watch = lambda *_: None,
) -> Summary:
    """Put the marts of a finished build on Spark into the database of `target`, all or none.

    Readers see the former marts until the new ones are all there. Raises UserError where the build
    in `warehouse` is not finished, or lacks a mart.
    """
    told = _record(warehouse)
    datasets = _datasets(warehouse)
    variables = {"program_timezone": told["timezone"]}
    types = {name: _types(dataset) for name, dataset in datasets.items()}
    models.run_operation(
        target,
        "make_import_tables",
        variables=variables,
        title="Making tables",
        arguments={"types": types},
    )
    rows: dict[str, int] = {}
    with closing(database.connect(target.server)) as connection:
        tables = _tables(connection, target)
        missing = sorted(tables.keys() - datasets.keys())
        if missing:
            raise UserError(
                f"The build in {warehouse} has no {', '.join(missing)}: build all models with "
                "`moodle-analytics spark build`."
            )
        for name, columns in sorted(tables.items()):
            watch(name, len(rows), len(tables))
            rows[name] = _fill(connection, target, name, columns, datasets[name])
        connection.commit()
    models.run_operation(target, "publish_import", variables=variables, title="Publishing")
    return Summary(rows)


def _record(warehouse: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((warehouse / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UserError(
            f"There is no finished build in {warehouse}: run `moodle-analytics spark build --to "
            f"{warehouse}`."
        ) from None
    return found


def _datasets(warehouse: Path) -> dict[str, Any]:
    """Open the tables of all layers above staging, by their names."""
    arrow.load()
    from pyarrow import dataset

    found = {}
    for layer in ("moodle_intermediate", "moodle_marts"):
        for path in sorted((warehouse / f"{layer}.db").glob("*")):
            files = [str(file) for file in sorted(path.glob("*.parquet"))]
            if files:
                found[path.name] = dataset.dataset(files, format="parquet")
    return found


def _types(dataset: Any) -> dict[str, str]:
    return {field.name: _type(str(field.type)) for field in dataset.schema}


def _type(name: str) -> str:
    if name.startswith("decimal128"):
        return "numeric" + name[len("decimal128") :]
    if name.startswith("timestamp"):
        return "timestamp with time zone"
    return _TYPES.get(name, "text")


def _schema(target: models.Target) -> str:
    return "marts_import" if target.name in (None, "prod") else f"{target.name}_marts_import"


def _tables(connection: Connection, target: models.Target) -> dict[str, list[str]]:
    """Give the tables that wait to be filled, with their columns in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname, array_agg(attname::text order by attnum) from pg_class "
            "inner join pg_attribute on attrelid = pg_class.oid "
            "where relnamespace = to_regnamespace(%s) and relkind = 'r' and attnum > 0 "
            "group by relname",
            [f'"{_schema(target)}"'],
        )
        return dict(cursor.fetchall())


def _fill(
    connection: Connection, target: models.Target, name: str, columns: list[str], dataset: Any
) -> int:
    """Copy a table's rows, batch by batch."""
    from psycopg2 import sql
    from psycopg2.errors import DataError, IntegrityError

    absent = [column for column in columns if column not in dataset.schema.names]
    if absent:
        raise UserError(
            f"{name} has no column {absent[0]} in this build: build it again with this version."
        )
    query = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        sql.Identifier(_schema(target), name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    read_end, write_end = os.pipe()
    writer = _Writer(dataset, columns, write_end)
    writer.start()
    try:
        with os.fdopen(read_end, "rb") as stream, connection.cursor() as cursor:
            cursor.copy_expert(query, stream)
            count = int(cursor.rowcount)
    except (DataError, IntegrityError) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{name} cannot be brought back: {reason}.") from None
    finally:
        writer.join()
    if writer.fault is not None:
        raise UserError(f"{name} cannot be read from the build: {writer.fault}") from None
    return count


class _Writer(threading.Thread):
    """Writes a dataset as CSV into a pipe; NULL is empty, an empty text is quoted."""

    def __init__(self, dataset: Any, columns: list[str], write_end: int) -> None:
        super().__init__(daemon=True)
        self._dataset = dataset
        self._columns = columns
        self._write_end = write_end
        self.fault: Exception | None = None

    def run(self) -> None:
        pa = arrow.load()
        options = pa.csv.WriteOptions(include_header=False)
        try:
            with os.fdopen(self._write_end, "wb") as stream:
                for batch in self._dataset.to_batches(
                    columns=self._columns, batch_size=_BATCH_ROWS
                ):
                    table = _in_utc(pa, pa.Table.from_batches([batch]))
                    pa.csv.write_csv(table, stream, options)
        except BrokenPipeError:
            # The reader's own error says why it left.
            return
        except (OSError, pa.ArrowException) as error:
            self.fault = error


def _in_utc(pa: Any, table: Any) -> Any:
    """Mark instants, which Spark may write without a zone, as those of UTC."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz is None:
            column = table.column(place).cast(pa.timestamp("us", tz="UTC"))
            table = table.set_column(place, field.name, column)
    return table
