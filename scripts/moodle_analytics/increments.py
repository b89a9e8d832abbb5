"""What a build that goes on from the last one need not make again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from moodle_analytics.schemas import Schemas

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

# Tables and what is checked, without the seeds and views that they are made from.
TABLES = (
    "--select",
    "config.materialized:table",
    "config.materialized:incremental",
    "resource_type:test",
)
# With any of these, it is the user who says what is made.
_CHOICES = (
    *("--select", "-s", "--models", "--model", "-m", "--exclude", "--selector"),
    *("--resource-type", "--full-refresh", "-f", "--empty", "--sample"),
)


def selection(
    connection: Connection, schemas: Schemas, fingerprint: str, arguments: Sequence[str]
) -> list[str]:
    """Give arguments of dbt that leave out seeds and views, where they are as they would be.

    That is so where the last build that succeeded had the same fingerprint, nobody has dropped or
    made any of them since, and the sources have the same columns; macros/increment/layer_digest
    says what is looked at. Empty where anything differs, or `arguments` choose themselves.
    """
    from psycopg2 import sql

    if any(argument.partition("=")[0] in _CHOICES for argument in arguments):
        return []
    place = {
        name: sql.Identifier(schemas.intermediate, name) for name in ("build_state", "build_layer")
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from information_schema.columns "
            "where table_schema = %s and table_name in ('build_state', 'build_layer') "
            "and column_name = 'layer_digest'",
            [schemas.intermediate],
        )
        if cursor.fetchone() != (2,):
            return []
        query = sql.SQL(
            "select 1 from {build_state} inner join {build_layer} using (layer_digest) "
            "where fingerprint = %s"
        )
        cursor.execute(query.format(**place), [fingerprint])
        return list(TABLES) if cursor.fetchone() else []
