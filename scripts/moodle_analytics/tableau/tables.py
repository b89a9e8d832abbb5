"""What a query gives, in the types of Hyper, and the questions that both engines answer alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg2 import sql

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

# PostgreSQL's numbers of its types: 16 is bool, 1184 timestamptz ...
_TYPES = {
    16: "boolean",
    20: "bigint",
    21: "smallint",
    23: "integer",
    700: "double precision",
    701: "double precision",
    1082: "date",
    1114: "timestamp",
    1184: "timestamp with time zone",
}
_NUMERIC = 1700
_MOST_DIGITS = 38


@dataclass(frozen=True)
class Field:
    """A column: its name, Hyper's type of it, and whether it is never NULL."""

    name: str
    type: str
    is_required: bool = False


@dataclass(frozen=True)
class Table:
    """A table of a .hyper file, and the query that fills it."""

    schema: str
    name: str
    fields: tuple[Field, ...]
    query: sql.Composable


def describe(
    connection: Connection,
    schema: str,
    name: str,
    query: sql.Composable,
    *,
    required: frozenset[str] = frozenset(),
) -> Table:
    """Find the types of what `query` gives; what Hyper has no type for becomes text.

    numeric(p, s) stays as it is; a numeric without limits gets the digits that its values have.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("select * from ({}) as given limit 0").format(query))
        columns = cursor.description or ()
    fields = tuple(
        Field(column.name, _type(connection, query, column), column.name in required)
        for column in columns
    )
    chosen = sql.SQL(", ").join(
        sql.SQL("cast({0} as text) as {0}" if field.type == "text" else "{0}").format(
            sql.Identifier(field.name)
        )
        for field in fields
    )
    typed = sql.SQL("select {} from ({}) as given").format(chosen, query)
    return Table(schema, name, fields, typed)


def quoted(*names: str) -> str:
    """Quote the parts of a name; both engines do it alike."""
    return ".".join('"{}"'.format(name.replace('"', '""')) for name in names)


def questions(fields: Sequence[Field]) -> list[str]:
    """Give expressions over all rows that tell two tables apart, in the SQL of both engines."""
    return ["count(*)", *(expression for field in fields for expression in _questions(field))]


def facts_of(connection: Connection, table: Table) -> list[Any]:
    """Answer the questions from PostgreSQL."""
    # A name in the SQL text may hold a percent sign: nothing is bound here.
    asked = sql.SQL(", ".join(questions(table.fields)))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("select {} from ({}) as given").format(asked, table.query))
        return list(cursor.fetchone() or ())


def is_same(first: Any, second: Any) -> bool:
    """Whether two answers agree: exactly, but for sums of doubles, which hang on the order."""
    if isinstance(first, float) and isinstance(second, float):
        return abs(first - second) <= 1e-9 * max(abs(first), abs(second))
    return bool(first == second)


def _type(connection: Connection, query: sql.Composable, column: Any) -> str:
    if column.type_code != _NUMERIC:
        return _TYPES.get(column.type_code, "text")
    precision, scale = column.precision, column.scale
    # psycopg2 gives 65535 for a numeric without limits.
    if precision is None or precision > _MOST_DIGITS:
        whole, scale = _digits(connection, query, column.name)
        precision = _MOST_DIGITS if whole + scale <= _MOST_DIGITS else None
    return f"numeric({precision}, {scale})" if precision else "double precision"


def _digits(connection: Connection, query: sql.Composable, name: str) -> tuple[int, int]:
    """Count the most digits before and behind the point."""
    asked = sql.SQL(
        "select coalesce(max(length(cast(trunc(abs({0})) as text))), 1), "
        "coalesce(max(scale({0})), 0) from ({1}) as given"
    ).format(sql.Identifier(name), query)
    with connection.cursor() as cursor:
        cursor.execute(asked)
        row = cursor.fetchone() or (1, 0)
    return row[0], row[1]


def _questions(field: Field) -> list[str]:
    column = quoted(field.name)
    first = [f"count({column})"]
    if field.type == "text":
        ends = [f'{end}({column} collate "C")' for end in ("min", "max")]
        return [*first, f"sum(char_length({column}))", *ends]
    if field.type == "boolean":
        return [*first, f"sum(case when {column} then 1 else 0 end)"]
    if field.type.startswith(("date", "timestamp")):
        return [*first, f"sum(extract(epoch from {column}))"]
    if field.type.endswith("int") or field.type == "integer":
        # Ids add up to more than Hyper's bigint holds.
        return [*first, f"sum(cast({column} as numeric(38, 0)))"]
    return [*first, f"sum({column})", f"min({column})", f"max({column})"]
