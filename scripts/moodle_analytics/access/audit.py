"""What a reader can do beyond reading the marts, whoever granted it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moodle_analytics.schemas import Schemas

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

# What extensions bring is theirs to guard, as the statistics of pg_stat_statements.
_RELATIONS = """
with relations as (
    select relations.oid, relations.relname, spaces.nspname, relations.relrowsecurity
    from pg_class as relations
    inner join pg_namespace as spaces on spaces.oid = relations.relnamespace
    where relations.relkind in ('r', 'p', 'v', 'm', 'f')
        and spaces.nspname not in ('pg_catalog', 'information_schema')
        and spaces.nspname not like 'pg\\_%%'
        and has_schema_privilege(%(role)s, spaces.oid, 'usage')
        and not exists (
            select from pg_depend
            where classid = 'pg_class'::regclass and objid = relations.oid and deptype = 'e'
        )
)
"""
_READS = (
    _RELATIONS
    + """
select 'can read ' || nspname || '.' || min(relname)
    || case when count(*) > 1 then ' and ' || count(*) - 1 || ' more there' else '' end
from relations
where nspname <> %(marts)s
    and (has_table_privilege(%(role)s, oid, 'select')
        or has_any_column_privilege(%(role)s, oid, 'select'))
group by nspname
order by nspname
"""
)
_WRITES = (
    _RELATIONS
    + """
select 'can write to ' || nspname || '.' || min(relname)
    || case when count(*) > 1 then ' and ' || count(*) - 1 || ' more there' else '' end
from relations
where has_table_privilege(%(role)s, oid, 'insert, update, delete, truncate')
    or has_any_column_privilege(%(role)s, oid, 'insert, update')
group by nspname
order by nspname
"""
)
_CREATES = """
select 'can make tables in schema ' || nspname from pg_namespace
where nspname not like 'pg\\_%%' and nspname <> 'information_schema'
    and has_schema_privilege(%(role)s, oid, 'create')
union all
select 'can make schemas in the database'
where has_database_privilege(%(role)s, current_database(), 'create')
union all
select 'may make databases' from pg_roles where rolname = %(role)s and rolcreatedb
order by 1
"""
_MEMBERSHIPS = """
select 'is a member of ' || pg_get_userbyid(roleid) from pg_auth_members
where member = (select oid from pg_roles where rolname = %(role)s)
order by 1
"""


def findings(connection: Connection, schemas: Schemas, role: str) -> list[str]:
    """Say, each in a few words, what the role can do in this database and should not."""
    found: list[str] = []
    with connection.cursor() as cursor:
        for query in (_READS, _WRITES, _CREATES, _MEMBERSHIPS):
            cursor.execute(query, {"role": role, "marts": schemas.marts})
            found += [text for (text,) in cursor.fetchall()]
    return found
