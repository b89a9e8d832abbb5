"""What the filters of exactly one value begin with, read from the marts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from psycopg2 import sql

from moodle_analytics.dashboard.specification import Filter, First, Specification
from moodle_analytics.dashboard.sql import SCHEMA, Choice, descending

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812


def first_choices(
    connection: Connection,
    specification: Specification,
    *,
    schema: str = SCHEMA,
    given: Mapping[str, Choice] | None = None,
) -> dict[str, Choice]:
    """Give the first value of each such filter, by name; of empty marts there is none.

    What is `given` stays as it is. The same marts give the same choices.
    """
    found: dict[str, Choice] = dict(given or {})
    for filter_ in specification.filters.values():
        if filter_.name in found:
            continue
        if filter_.value is not None:
            found[filter_.name] = filter_.value
            continue
        within = specification.filters[filter_.within] if filter_.within else None
        condition: sql.Composable = sql.SQL("true")
        if within and within.name in found:
            chosen = sql.Literal(found[within.name])
            condition = sql.SQL("{} = {}").format(sql.Identifier(within.column), chosen)
        for first in filter_.first:
            query = _query(filter_, first, condition, schema)
            with connection.cursor() as cursor:
                cursor.execute(query)
                row = cursor.fetchone()
            if row:
                found[filter_.name] = row[0]
                break
    return found


def _query(filter_: Filter, first: First, condition: sql.Composable, schema: str) -> sql.Composed:
    ordered = [
        descending(sql.Identifier(name[1:])) if name.startswith("-") else sql.Identifier(name)
        for name in first.by
    ]
    return sql.SQL("select {0} from {1} where {0} is not null and {2} order by {3} limit 1").format(
        sql.Identifier(filter_.column),
        sql.Identifier(schema, first.table),
        condition,
        sql.SQL(", ").join(ordered),
    )
