"""What the database itself says of the marts: their columns, types and descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

_QUERY = """
select
    relname::text,
    attname::text,
    typname::text,
    col_description(attrelid, attnum)
from pg_attribute
join pg_class on pg_class.oid = attrelid
join pg_namespace on pg_namespace.oid = relnamespace
join pg_type on pg_type.oid = atttypid
where nspname = %s and relkind in ('r', 'v', 'm', 'p', 'f') and attnum > 0 and not attisdropped
order by relname, attnum
"""


@dataclass(frozen=True)
class Column:
    """A column of a mart: PostgreSQL's name of its type (int8, text, date ...), what it means."""

    name: str
    type: str
    description: str


def read(connection: Connection, schema: str) -> dict[str, dict[str, Column]]:
    """Give the columns of every table and view of a schema, by name, in their order."""
    found: dict[str, dict[str, Column]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, [schema])
        for table, name, kind, description in cursor.fetchall():
            found.setdefault(table, {})[name] = Column(name, kind, description or "")
    return found


def caption(column: str) -> str:
    """Give a column's name as people read it."""
    words = column.removeprefix("is_").removeprefix("has_").split("_")
    return " ".join(words).capitalize()


def descriptions(connection: Connection, schema: str) -> Mapping[str, str]:
    """Give what is said of every table and view of a schema."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname::text, obj_description(pg_class.oid, 'pg_class') from pg_class "
            "join pg_namespace on pg_namespace.oid = relnamespace "
            "where nspname = %s and relkind in ('r', 'v', 'm', 'p', 'f')",
            [schema],
        )
        return {table: said or "" for table, said in cursor.fetchall()}
