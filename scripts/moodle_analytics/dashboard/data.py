"""The rows behind the report: each source's columns, read once and packed small."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from moodle_analytics.dashboard.catalogue import Column
from moodle_analytics.dashboard.specification import Source, Specification
from moodle_analytics.dashboard.sql import SCHEMA, relation

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

    from moodle_analytics.dashboard.sql import Choice

# What a value is to the reader, by PostgreSQL's name of its type; all others are numbers.
_KINDS = {"date": "date", "timestamptz": "time", "bool": "flag", "text": "text", "jsonb": "text"}

# A flag that the report says a word about, where a mart has it.
SUPPRESSED = "is_suppressed"

# Bytes of a code, by how many different values there are at most.
_WIDTHS = ((1, 2**8), (2, 2**16), (4, 2**32))

Tables = Mapping[str, Mapping[str, Column]]


@dataclass(frozen=True)
class Rows:
    """The rows of a source by column; the values are those of JSON, dates and times as text.

    `kinds` says what each column holds: date, time, flag, text or number.
    """

    count: int
    columns: Mapping[str, Sequence[Any]]
    kinds: Mapping[str, str]

    def only(self, column: str, values: Collection[Any]) -> Rows:
        """Give the rows whose `column` holds one of the values."""
        kept = [place for place, held in enumerate(self.columns[column]) if held in values]
        columns = {name: [of[place] for place in kept] for name, of in self.columns.items()}
        return Rows(len(kept), columns, self.kinds)


def kind(source: Source, column: str, tables: Tables) -> str:
    """Say what a column of a source holds: date, time, flag, text or number."""
    return _KINDS.get(tables[source.table_of(column)][column].type, "number")


def read(
    connection: Connection,
    specification: Specification,
    source: Source,
    tables: Tables,
    *,
    courses: Sequence[int] = (),
    schema: str = SCHEMA,
) -> Rows:
    """Read the columns that the sheets of a source need, of these courses (none given: of all)."""
    names = [*specification.columns_of(source)]
    if SUPPRESSED in tables[source.table]:
        names.append(SUPPRESSED)
    columns = [sql.Identifier(source.table_of(name), name) for name in names]
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(columns), relation(source, schema)
    )
    if courses and "course_id" in tables[source.table]:
        condition = sql.SQL(" where {} = any(%s)").format(sql.Identifier(source.table, "course_id"))
        query = sql.Composed([query, condition])
    with connection.cursor() as cursor:
        cursor.execute(query, [list(courses)])
        found = cursor.fetchall()
    held = [_from_json([plain(value) for value in one]) for one in zip(*found, strict=True)]
    return Rows(
        len(found),
        dict(zip(names, held or [[] for _ in names], strict=True)),
        {name: kind(source, name, tables) for name in names},
    )


def _from_json(values: list[Any]) -> list[Any]:
    """Say in words what a text column holds as JSON, where all its values are objects or lists."""
    if not all(value is None or str(value)[:1] in ("[", "{") for value in values):
        return values
    try:
        return [value and in_words(json.loads(value)) for value in values]
    except ValueError:
        return values


def plain(value: Any) -> Any:
    """Give a value of the database as one of JSON; times in UTC, to the minute."""
    if isinstance(value, Decimal | float):
        number = float(value)
        return int(number) if number.is_integer() else number
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return in_words(value)
    return value


def in_words(value: Any) -> str:
    """Say a JSON value in words: `key: value; ...`, lists with commas."""
    if isinstance(value, dict):
        said = {key.replace("_", " "): in_words(of) for key, of in value.items()}
        return "; ".join(f"{key}: {of}" for key, of in said.items() if of)
    if isinstance(value, list):
        joint = " / " if any(isinstance(one, dict) for one in value) else ", "
        return joint.join(in_words(one) for one in value)
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def run(connection: Connection, query: sql.Composed) -> list[dict[str, Any]]:
    """Run a sheet's query; give its rows by column, with values of JSON."""
    with connection.cursor() as cursor:
        cursor.execute(query)
        names = [column.name for column in cursor.description or ()]
        return [
            {name: plain(value) for name, value in zip(names, row, strict=True)}
            for row in cursor.fetchall()
        ]


def pack(
    sources: Mapping[str, Rows], first: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Any], bytes]:
    """Pack sources as codes into lists of their sorted values.

    Gives what describes them and the codes: column after column, each beginning at a multiple of
    4 bytes, little endian. Rows are sorted by the columns in `first` and then by all others, so
    that the same rows give the same bytes, and those alike lie together.
    """
    described: dict[str, Any] = {}
    parts: list[bytes] = []
    at = 0
    for name, rows in sources.items():
        columns = {}
        for column, (values, codes) in _coded(rows, first[name]).items():
            columns[column] = {
                "values": values,
                "kind": rows.kinds[column],
                "width": codes.itemsize,
                "at": at,
            }
            data = codes.tobytes()
            parts.append(data + b"\0" * (-len(data) % 4))
            at += len(parts[-1])
        described[name] = {"count": rows.count, "columns": columns}
    return described, b"".join(parts)


def _coded(rows: Rows, first: Sequence[str]) -> dict[str, tuple[list[Any], Any]]:
    import numpy as np

    coded = {}
    for name, held in rows.columns.items():
        values = sorted({value for value in held if value is not None})
        codes = {value: code for code, value in enumerate(values)} | {None: len(values)}
        width = next(width for width, most in _WIDTHS if len(values) < most)
        coded[name] = ([*values, None], np.array([codes[one] for one in held], dtype=f"<u{width}"))
    keys = [*first, *sorted(set(coded) - set(first))]
    # The last key of lexsort is the first to sort by.
    order: Any = np.lexsort([coded[name][1] for name in reversed(keys)]) if rows.count else []
    return {name: (values, codes[order]) for name, (values, codes) in coded.items()}


def sorting(specification: Specification, source: Source) -> tuple[str, ...]:
    """Name the columns that filters are of: those of one value before ranges."""
    columns = specification.columns_of(source)
    filters = sorted(specification.filters.values(), key=lambda filter_: filter_.range)
    return tuple(dict.fromkeys(one.column for one in filters if one.column in columns))


def dumps(value: Any) -> str:
    """Write JSON without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def said(specification: Specification, choices: Mapping[str, Choice]) -> str:
    """Say the choices in words: `Course: PY101, Learner group: All learners`."""
    return ", ".join(
        f"{specification.filters[name].caption}: {choice}" for name, choice in choices.items()
    )
