"""Brings marts that Spark built to PostgreSQL: made, secured and published as a build does."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moodle_analytics import build as models
from moodle_analytics import database, runs
from moodle_analytics.errors import UserError
from moodle_analytics.spark import arrow
from moodle_analytics.spark.build import RECORD

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

# Told the table, and how many are done of how many.
Watch = Callable[[str, int, int], None]

# Where rows wait for dbt, and what is published beside marts: readers' policies need it.
SCHEMA = "marts_import"
BESIDE = ("int_entitlements",)
# By their own files: by the folder, tests are chosen as well that need what is not brought.
_MARTS = "path:models/marts/*/*.sql"
_TESTS = ("--indirect-selection", "cautious", "--exclude-resource-type", "unit_test")
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
    """What was brought, as rows by table, and what dbt made of it."""

    rows: Mapping[str, int]
    built: models.Summary


def bring_back(
    warehouse: Path, target: models.Target, *, watch: Watch = lambda *_: None
) -> Summary:
    """Build the marts in the database of `target` from those of a finished build on Spark.

    Their SQL is not run; they are typed, keyed, tested, secured and published as by any build,
    all at once or not at all. Raises UserError where `warehouse` holds no finished build.
    """
    told = _record(warehouse)
    datasets = _datasets(warehouse)
    with runs.alone(target.server, "spark import") as options:
        try:
            with closing(database.connect(target.server)) as connection:
                rows = _fill_all(connection, datasets, watch)
            built = models.run_dbt(
                replace(target, options=options),
                ["build", "--full-refresh", "--select", _MARTS, *BESIDE, *_TESTS],
                variables={"program_timezone": told["timezone"], "import_schema": SCHEMA},
                title="Publishing",
            )
        finally:
            with closing(database.connect(target.server)) as connection:
                _drop(connection)
                connection.commit()
    return Summary(rows, built)


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
    """Open the tables that are brought, by their names. Raises UserError where one is missing."""
    dataset = arrow.load().dataset
    marts = [path.stem for path in models.project_dir().glob("models/marts/*/*.sql")]
    places = {name: f"moodle_intermediate.db/{name}" for name in BESIDE}
    places |= {name: f"moodle_marts.db/{name}" for name in sorted(marts)}
    found = {}
    for name, place in places.items():
        files = [str(file) for file in sorted((warehouse / place).glob("*.parquet"))]
        if not files:
            raise UserError(
                f"The build in {warehouse} has no {name}: build all models with this version of "
                "`moodle-analytics spark build`."
            )
        found[name] = dataset.dataset(files, format="parquet")
    return found


def _type(name: str) -> str:
    if name.startswith("decimal128"):
        return "numeric" + name[len("decimal128") :]
    if name.startswith("timestamp"):
        return "timestamp with time zone"
    return _TYPES.get(name, "text")


def _fill_all(
    connection: Connection, datasets: Mapping[str, Any], watch: Watch
) -> Mapping[str, int]:
    """Copy all tables into a schema where dbt finds them. Gives rows by table."""
    from psycopg2 import sql

    _drop(connection)
    rows: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("create schema {}").format(sql.Identifier(SCHEMA)))
    for name, dataset in datasets.items():
        watch(name, len(rows), len(datasets))
        rows[name] = _fill(connection, name, dataset)
    connection.commit()
    return rows


def _drop(connection: Connection) -> None:
    from psycopg2 import sql

    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(SCHEMA)))


def _fill(connection: Connection, name: str, dataset: Any) -> int:
    """Make a table and copy its rows into it, batch by batch."""
    from psycopg2 import sql

    place = sql.Identifier(SCHEMA, name)
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(field.name), sql.SQL(_type(str(field.type))))
        for field in dataset.schema
    ]
    read_end, write_end = os.pipe()
    writer = _Writer(dataset, write_end)
    with os.fdopen(read_end, "rb") as stream, connection.cursor() as cursor:
        cursor.execute(sql.SQL("create table {} ({})").format(place, sql.SQL(", ").join(columns)))
        writer.start()
        cursor.copy_expert(sql.SQL("copy {} from stdin (format csv)").format(place), stream)
        count = int(cursor.rowcount)
    writer.join()
    if writer.fault is not None:
        raise UserError(
            f"{name} cannot be read from the build on Spark ({writer.fault}): build it again."
        )
    return count


class _Writer(threading.Thread):
    """Writes a dataset as CSV into a pipe; NULL is empty, an empty text is quoted."""

    def __init__(self, dataset: Any, write_end: int) -> None:
        super().__init__(daemon=True)
        self._dataset = dataset
        self._write_end = write_end
        self.fault: Exception | None = None

    def run(self) -> None:
        pa = arrow.load()
        options = pa.csv.WriteOptions(include_header=False)
        try:
            with os.fdopen(self._write_end, "wb") as stream:
                for batch in self._dataset.to_batches(batch_size=_BATCH_ROWS):
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
