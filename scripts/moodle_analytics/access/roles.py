"""Roles of the database: what a reader must not be, and what an administrator has to run."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from moodle_analytics.database import Server
from moodle_analytics.errors import UserError
from moodle_analytics.schemas import Schemas

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812
    from psycopg2.sql import Composable

# TEMP is granted, for the temporary tables of Tableau: a read-only transaction would refuse them.
SETTINGS = {"statement_timeout": "2min", "idle_in_transaction_session_timeout": "5min"}
_NO_POWERS = "nosuperuser nocreatedb nocreaterole nobypassrls noreplication"


@dataclass(frozen=True)
class Standing:
    """What the server knows of a role: `powers` forbid it as a reader, `settings` are in force.

    `is_trusted_by_builder`: the role that builds the marts may end its sessions, and act as it.
    """

    exists: bool
    powers: list[str]
    settings: set[str]
    is_let_in: bool
    is_trusted_by_builder: bool


def administrator(server: Server) -> Server:
    """Give the server as the role that may make roles; the embedded server has one for that."""
    return replace(server, user="postgres") if server.is_embedded else server


def check_name(role: str) -> None:
    """Refuse what can be no role of its own. Raises UserError."""
    if role.startswith("pg_") or role.lower() in ("public", "none") or not role.strip():
        raise UserError(f"{role or 'An empty name'} cannot be a reader: name a role of its own.")
    if len(role.encode()) > 63:
        raise UserError(f"The role name {role} is longer than 63 bytes: choose a shorter one.")


def look_up(connection: Connection, role: str, owner: str) -> Standing:
    """Give the standing of a role in the connected database, whose marts `owner` builds."""
    with connection.cursor() as cursor:
        cursor.execute("select oid from pg_roles where rolname = %s", [role])
        found = cursor.fetchone()
        if found is None:
            return Standing(False, [], set(), False, False)
        cursor.execute(_STANDING, {"role": found[0], "name": role, "owner": owner})
        row: Any = cursor.fetchone()
    return Standing(True, row[0], set(row[1]), row[2], row[3])


_STANDING = """
select
    array_remove(array[
        case when roles.rolsuper then 'is a superuser' end,
        case when roles.rolbypassrls then 'bypasses row security' end,
        case when roles.rolcreaterole then 'may make roles' end,
        case when roles.rolreplication then 'may copy the whole server' end,
        case when not roles.rolcanlogin then 'may not log in' end,
        case when roles.rolname in (session_user, current_user)
            then 'is the role that is connected now' end,
        case when pg_has_role(roles.oid, %(owner)s, 'member')
            then 'owns the marts, or is a member of their owner' end,
        case when pg_has_role(roles.oid, datdba, 'member')
            then 'owns the database, or is a member of its owner' end,
        (
            select 'is a member of ' || string_agg(powerful.rolname, ', ' order by powerful.rolname)
            from pg_roles as powerful
            where (powerful.rolsuper or powerful.rolbypassrls) and powerful.oid <> roles.oid
                and not roles.rolsuper and pg_has_role(roles.oid, powerful.oid, 'member')
        )
    ], null),
    coalesce((
        select setconfig from pg_db_role_setting
        where setrole = roles.oid and setdatabase = pg_database.oid
    ), '{}'),
    exists (
        select from aclexplode(datacl) where grantee = roles.oid and privilege_type = 'CONNECT'
    ) and exists (
        select from aclexplode(datacl) where grantee = roles.oid and privilege_type = 'TEMPORARY'
    ),
    pg_has_role(%(owner)s, roles.oid, 'usage')
from pg_roles as roles
cross join pg_database
where roles.oid = %(role)s and pg_database.datname = current_database()
"""


def statements(connection: Connection, schemas: Schemas, role: str, owner: str) -> list[Composable]:
    """Give what an administrator has yet to run for a role, without any password."""
    from psycopg2 import sql

    standing = look_up(connection, role, owner)
    names = {
        "role": sql.Identifier(role),
        "owner": sql.Identifier(owner),
        "database": sql.Identifier(connection.info.dbname),
    }
    needed: list[Composable] = []
    if not standing.exists:
        needed.append(sql.SQL(f"create role {{role}} login {_NO_POWERS}").format(**names))
    if not standing.is_trusted_by_builder:
        # A load must be able to end a reader's sessions.
        needed.append(sql.SQL("grant {role} to {owner}").format(**names))
    if not standing.is_let_in:
        needed.append(
            sql.SQL("grant connect, temporary on database {database} to {role}").format(**names)
        )
    in_force = dict(item.split("=", 1) for item in standing.settings)
    for setting, value in SETTINGS.items():
        if in_force.get(setting) != value:
            text = f"alter role {{role}} in database {{database}} set {setting} = {{value}}"
            needed.append(sql.SQL(text).format(value=sql.Literal(value), **names))
    if in_force.get("search_path", "").strip('"') != schemas.marts:
        text = "alter role {role} in database {database} set search_path = {marts}"
        needed.append(sql.SQL(text).format(marts=sql.Identifier(schemas.marts), **names))
    return needed


def withdrawal(role: str, database: str) -> list[Composable]:
    """Give what an administrator has to run when a role is a reader no longer."""
    from psycopg2 import sql

    names = {"role": sql.Identifier(role), "database": sql.Identifier(database)}
    return [
        sql.SQL("alter role {role} in database {database} reset all").format(**names),
        sql.SQL("revoke connect, temporary on database {database} from {role}").format(**names),
    ]


def password(connection: Connection, role: str) -> Composable | None:
    """Give the SQL that sets READER_PASSWORD, which itself is not in it; None where not given."""
    from psycopg2 import sql
    from psycopg2.extensions import encrypt_password

    text = os.environ.get("READER_PASSWORD")
    if not text:
        return None
    verifier = encrypt_password(text, role, scope=connection, algorithm="scram-sha-256")
    return sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(verifier))


def refuse_powers(role: str, standing: Standing) -> None:
    """Raise UserError where a role could see or do what no reader may, whatever is granted."""
    if standing.powers:
        raise UserError(
            f"Role {role} cannot be a reader: it {' and '.join(standing.powers)}. "
            "Name another one, which is made where it is not there."
        )
