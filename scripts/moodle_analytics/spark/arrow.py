"""Rows that COPY gives as CSV become Parquet: types, NULL and empty text as in the database."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from moodle_analytics.errors import UserError
from moodle_analytics.spark.sources import Column

# A row must fit into a block; a block is what is held in memory at once.
_BLOCK_BYTES = 16 << 20


def load() -> Any:
    """Import pyarrow. Raises UserError where the extra that brings it is not installed."""
    try:
        pyarrow = importlib.import_module("pyarrow")
        for part in ("compute", "csv", "dataset", "parquet"):
            importlib.import_module(f"pyarrow.{part}")
    except ImportError:
        raise UserError(
            "pyarrow is not installed: install the extra, `pip install 'moodle_analytics[spark]'` "
            "(in a clone: `.venv/bin/pip install -e '.[spark]'`)."
        ) from None
    return pyarrow


def type_of(name: str) -> Any:
    """Give the Arrow type of a column's type by its name in the manifest."""
    pa = load()
    if name.startswith("decimal"):
        digits, scale = name[len("decimal(") : -1].split(",")
        return pa.decimal128(int(digits), int(scale))
    return {
        "int64": pa.int64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }.get(name, pa.string())


def read_csv(file: IO[bytes], columns: Sequence[Column]) -> Any:
    """Read what `copy ... to stdout (format csv)` wrote, block by block."""
    pa = load()
    options = pa.csv.ConvertOptions(
        column_types={column.name: type_of(column.type) for column in columns},
        null_values=[""],
        true_values=["t"],
        false_values=["f"],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )
    return pa.csv.open_csv(
        file,
        read_options=pa.csv.ReadOptions(
            column_names=[column.name for column in columns], block_size=_BLOCK_BYTES
        ),
        parse_options=pa.csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=options,
    )


class PartFile:
    """A Parquet file that appears under its name when it is whole."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        """Begin a file beside its place."""
        pa = load()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._beside = path.with_name(f".{path.name}.unfinished")
        self._schema = pa.schema([(column.name, type_of(column.type)) for column in columns])
        self._writer = pa.parquet.ParquetWriter(self._beside, self._schema, compression="zstd")

    def write(self, rows: Any) -> None:
        """Add rows: an Arrow table with at least the file's columns."""
        self._writer.write_table(rows.select(self._schema.names))

    def finish(self) -> None:
        """Write what is left and give the file its name."""
        self._writer.close()
        self._beside.replace(self._path)

    def abandon(self) -> None:
        """Remove what was written."""
        self._writer.close()
        self._beside.unlink(missing_ok=True)
