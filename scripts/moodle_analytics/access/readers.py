"""The record of readers: schema `access`, which a load carries over and every build keeps to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from moodle_analytics.errors import UserError
from moodle_analytics.schemas import Schemas

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812
    from psycopg2.sql import Composed

_TABLE = """
create table if not exists {access}.readers (
    role_name text primary key,
    sees_all boolean not null,
    is_shared boolean not null,
    sees_personal boolean not null,
    granted_at timestamptz not null,
    check (not (sees_all and is_shared))
);
comment on schema {access} is 'Who may read the marts: written by moodle-analytics alone';
comment on column {access}.readers.sees_all is 'All courses; else those entitled to the user';
comment on column {access}.readers.is_shared is
    'The user is the setting moodle_analytics.user_name of the session; else the role itself';
comment on column {access}.readers.sees_personal is 'Names and addresses too, where they are held'
"""


@dataclass(frozen=True)
class Reader:
    """A role that may read the marts; `granted_at` is None for one that is not on record yet."""

    role: str
    sees_all: bool = True
    is_shared: bool = False
    sees_personal: bool = False
    granted_at: datetime | None = None

    @property
    def scope(self) -> str:
        """What it sees, for people."""
        rows = "all courses" if self.sees_all else "the user's courses"
        if self.is_shared:
            rows = "the courses of whoever moodle_analytics.user_name names"
        return f"{rows}, {'with' if self.sees_personal else 'without'} personal data"


def all_readers(connection: Connection, schemas: Schemas) -> dict[str, Reader]:
    """Give the readers on record by the role's name; none where there is no record.

    Raises UserError where the connected role may not read it.
    """
    from psycopg2 import errors, sql

    with connection.cursor() as cursor:
        cursor.execute(
            "select 1 from pg_tables where schemaname = %s and tablename = 'readers'",
            [schemas.access],
        )
        if cursor.fetchone() is None:
            return {}
        query = sql.SQL(
            "select role_name, sees_all, is_shared, sees_personal, granted_at "
            "from {}.readers order by role_name"
        ).format(sql.Identifier(schemas.access))
        try:
            cursor.execute(query)
        except errors.InsufficientPrivilege:
            raise UserError(
                f"User {connection.info.user} may not read schema {schemas.access}, the record of "
                "readers: connect as the role that builds the marts."
            ) from None
        return {row[0]: Reader(*row) for row in cursor.fetchall()}


def save(connection: Connection, schemas: Schemas, reader: Reader) -> None:
    """Write a reader down, in place of what stood there of the role; the caller commits."""
    from psycopg2 import sql

    place = sql.Identifier(schemas.access)
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_namespace where nspname = %s", [schemas.access])
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("create schema {}").format(place))
        cursor.execute(sql.SQL(_TABLE).format(access=place))
        cursor.execute(
            sql.SQL(
                "insert into {}.readers "
                "(role_name, sees_all, is_shared, sees_personal, granted_at) "
                "values (%s, %s, %s, %s, now()) on conflict (role_name) do update set "
                "sees_all = excluded.sees_all, is_shared = excluded.is_shared, "
                "sees_personal = excluded.sees_personal, granted_at = excluded.granted_at"
            ).format(place),
            [reader.role, reader.sees_all, reader.is_shared, reader.sees_personal],
        )


def removal(schemas: Schemas, role: str) -> Composed:
    """Give the SQL that takes a role off the record."""
    from psycopg2 import sql

    return sql.SQL("delete from {}.readers where role_name = {}").format(
        sql.Identifier(schemas.access), sql.Literal(role)
    )


def courses_of(connection: Connection, schemas: Schemas, user: str) -> list[str] | None:
    """Give the short names of the courses entitled to a user; None before they are built."""
    from psycopg2 import sql

    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_tables where (schemaname, tablename) in "
            "((%s, 'entitlements'), (%s, 'dim_courses'))",
            [schemas.working, schemas.marts],
        )
        if cursor.fetchone() != (2,):
            return None
        query = sql.SQL(
            "select coalesce(course_short_name, course_id::text) from {}.entitlements "
            "left join {}.dim_courses using (course_id) where user_name = lower(trim(%s)) "
            "order by 1"
        ).format(sql.Identifier(schemas.working), sql.Identifier(schemas.marts))
        cursor.execute(query, [user])
        return [name for (name,) in cursor.fetchall()]
