"""Granting and revoking: the role, the record of it, and the marts that are there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moodle_analytics import build, database
from moodle_analytics.access import audit, readers, roles
from moodle_analytics.access.readers import Reader
from moodle_analytics.database import Server
from moodle_analytics.errors import UserError
from moodle_analytics.schemas import Schemas
from moodle_analytics.site import find_site

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812
    from psycopg2.sql import Composable


@dataclass(frozen=True)
class Place:
    """A database with marts, and which dbt target built them."""

    target: build.Target
    schemas: Schemas

    @classmethod
    def find(cls, database_name: str | None, target: str | None) -> Place:
        """Find it by libpq's variables, or a dbt profile where one is named. Raises UserError."""
        found = build.find_target(database_name=database_name, target=target, profiles_dir=None)
        return cls(found, Schemas.of(target))

    @property
    def server(self) -> Server:
        """The server, with the database that is meant."""
        return self.target.server


@dataclass(frozen=True)
class Wish:
    """What is asked for a role; None leaves a thing as it was."""

    role: str
    sees_all: bool | None = None
    is_shared: bool | None = None
    sees_personal: bool | None = None

    def reader(self, earlier: Reader | None) -> Reader:
        """Give the reader that this makes of the earlier one. Raises UserError."""
        if self.sees_all and self.is_shared:
            raise UserError("A shared role sees the courses of each user: leave out one of both.")
        before = earlier or Reader(self.role)
        is_shared = before.is_shared if self.is_shared is None else self.is_shared
        if self.sees_all:
            is_shared = False
        sees_all = before.sees_all if self.sees_all is None else self.sees_all
        personal = before.sees_personal if self.sees_personal is None else self.sees_personal
        return Reader(self.role, sees_all and not is_shared, is_shared, personal)


@dataclass(frozen=True)
class Granted:
    """What was granted, in lines for people, and what the role can do beyond that."""

    text: str
    findings: list[str]


def grant(place: Place, wish: Wish) -> Granted:
    """Make a role a reader, or change what it reads; all may be repeated. Raises UserError."""
    with _connected(place) as (connection, owner):
        reader = _checked(connection, place, wish, owner)
        needed = roles.statements(connection, place.schemas, reader.role, owner)
        _run_as_administrator(place, needed, reader.role, password=True)
        with _explained(place):
            readers.save(connection, place.schemas, reader)
            connection.commit()
    _apply(place, owner)
    with _connected(place) as (connection, _):
        lines = [_summary(connection, place, reader), *_advice(connection, place, reader)]
        return Granted("\n".join(lines), audit.findings(connection, place.schemas, reader.role))


def dry_run(place: Place, wish: Wish) -> str:
    """Give the SQL that an administrator has to run for a wish, and what remains for the builder.

    Raises UserError where the wish cannot be granted.
    """
    with _connected(place) as (connection, owner):
        reader = _checked(connection, place, wish, owner)
        needed = roles.statements(connection, place.schemas, reader.role, owner)
        lines = ["-- For an administrator of the server:"]
        lines += [f"{statement.as_string(connection)};" for statement in needed]
        if not needed:
            lines = ["-- Nothing is left for an administrator of the server."]
        lines.append(
            f"-- Then, without --dry-run: select on schema {place.schemas.marts} of database "
            f"{place.server.database} is granted to {reader.role} ({reader.scope})."
        )
    return "\n".join(lines)


def revoke(place: Place, role: str) -> str:
    """Take back all that makes a role a reader of this database. Raises UserError."""
    with _connected(place) as (connection, owner):
        standing, own = _withdrawal(connection, place, role, owner)
        with _explained(place), connection.cursor() as cursor:
            for statement in own:
                cursor.execute(statement)
        if standing.exists:
            _run_as_administrator(
                place, roles.withdrawal(role, place.server.database), role, option=" --revoke"
            )
        connection.commit()
    ending = (
        "The role itself is still there: `drop role` removes it, where no other database needs it."
        if standing.exists
        else "The role itself was gone already."
    )
    return f"{role} reads nothing of database {place.server.database} any more. {ending}"


def dry_revoke(place: Place, role: str) -> str:
    """Give the SQL of a revocation."""
    with _connected(place) as (connection, owner):
        standing, own = _withdrawal(connection, place, role, owner)
        all_of_it: list[Composable] = [*own]
        if standing.exists:
            all_of_it += roles.withdrawal(role, place.server.database)
        return "\n".join(f"{statement.as_string(connection)};" for statement in all_of_it)


def list_readers(place: Place) -> str:
    """Give a line for each reader on record."""
    with _connected(place) as (connection, _):
        known = readers.all_readers(connection, place.schemas)
        with connection.cursor() as cursor:
            cursor.execute("select rolname from pg_roles")
            there = {name for (name,) in cursor.fetchall()}
    if not known:
        return f"Database {place.server.database} has no readers: see grant-reader --help."
    width = max(map(len, known))
    return "\n".join(
        f"{name:<{width}}  since {reader.granted_at:%Y-%m-%d}  {reader.scope}"
        + ("" if name in there else "  (the role is gone)")
        for name, reader in known.items()
    )


def settle_after_load(server: Server, connection: Connection) -> list[str]:
    """Give readers carried into the connected database what belongs to it, not to a schema.

    Returns the readers for whom nobody here may, so that an administrator has to.
    """
    import psycopg2

    left: list[str] = []
    for role in readers.all_readers(connection, Schemas()):
        if not roles.look_up(connection, role, server.user).exists:
            continue
        needed = roles.statements(connection, Schemas(), role, server.user)
        try:
            _run(roles.administrator(server), connection.info.dbname, needed)
        except psycopg2.errors.InsufficientPrivilege:
            left.append(role)
    return left


def _checked(connection: Connection, place: Place, wish: Wish, owner: str) -> Reader:
    roles.check_name(wish.role)
    known = readers.all_readers(connection, place.schemas)
    reader = wish.reader(known.get(wish.role))
    roles.refuse_powers(wish.role, roles.look_up(connection, wish.role, owner))
    return reader


@contextmanager
def _connected(place: Place) -> Iterator[tuple[Connection, str]]:
    """Connect, act as the owner of the marts, and name it. Raises UserError."""
    from psycopg2 import sql

    with closing(database.connect(place.server)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select distinct pg_get_userbyid(relowner), "
            "pg_has_role(relowner, 'member'), current_user::text "
            "from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace "
            "where nspname = %s and relkind in ('r', 'p', 'v')",
            [place.schemas.marts],
        )
        rows = cursor.fetchall()
        if not rows:
            raise UserError(
                f"Database {place.server.database} has no marts in schema {place.schemas.marts}: "
                "run `moodle-analytics build` first."
            )
        owner, may_act, user = rows[0]
        if len(rows) > 1:
            names = " and ".join(sorted(row[0] for row in rows))
            raise UserError(
                f"The marts in schema {place.schemas.marts} belong to {names}: build them all "
                "as one role first."
            )
        if not may_act:
            raise UserError(f"The marts belong to {owner}: connect as that role, not as {user}.")
        if owner != user:
            cursor.execute(sql.SQL("set role {}").format(sql.Identifier(owner)))
            connection.commit()
        yield connection, owner


def _apply(place: Place, owner: str) -> None:
    """Bring the marts in line with the record, by the macros that every build uses."""
    variables: dict[str, object] = {}
    with (
        contextlib.suppress(UserError),
        closing(database.connect(place.server, readonly=True)) as connection,
    ):
        site = find_site(connection)
        # The same vars as a build's: else dbt would read the whole project anew at the next one.
        zone = build.default_vars()["program_timezone"]
        variables = {"moodle_schema": site.schema, "moodle_prefix": site.prefix}
        variables["program_timezone"] = zone
    before = os.environ.get("PGOPTIONS")
    if owner != place.server.user:
        os.environ["PGOPTIONS"] = f"{before or ''} -c role={_escaped(owner)}".strip()
    try:
        build.run_operation(place.target, "apply_access", variables=variables, title="Granting")
    finally:
        if before is not None:
            os.environ["PGOPTIONS"] = before
        else:
            os.environ.pop("PGOPTIONS", None)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _withdrawal(
    connection: Connection, place: Place, role: str, owner: str
) -> tuple[roles.Standing, list[Composable]]:
    """Give the standing of a reader and what its rights on schemas are taken back with."""
    from psycopg2 import sql

    if role not in readers.all_readers(connection, place.schemas):
        raise UserError(
            f"{role} is no reader of database {place.server.database}: "
            "`moodle-analytics grant-reader --list` names them."
        )
    standing = roles.look_up(connection, role, owner)
    own: list[Composable] = [readers.removal(place.schemas, role)]
    if standing.exists:
        names = {
            "role": sql.Identifier(role),
            "marts": sql.Identifier(place.schemas.marts),
            "access": sql.Identifier(place.schemas.access),
        }
        own += [
            sql.SQL(text).format(**names)
            for text in (
                "revoke all on all tables in schema {marts} from {role}",
                "revoke all on schema {marts} from {role}",
                "revoke all on all functions in schema {access} from {role}",
            )
        ]
    return standing, own


def _run_as_administrator(
    place: Place,
    needed: Sequence[Composable],
    role: str,
    *,
    password: bool = False,
    option: str = "",
) -> None:
    """Run statements all or none, as the role that may. Raises UserError where there is none."""
    import psycopg2

    server = roles.administrator(place.server)
    try:
        _run(server, place.server.database, needed, password_of=role if password else None)
    except psycopg2.errors.InsufficientPrivilege as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"User {server.user} may not do this at {server.host}:{server.port}: {reason}; nothing "
            "was changed: have an administrator run what `moodle-analytics grant-reader "
            f"{role}{option} --dry-run` prints, then run this again."
        ) from None


def _run(
    server: Server, name: str, needed: Sequence[Composable], password_of: str | None = None
) -> None:
    with closing(database.connect(server, name)) as connection, connection.cursor() as cursor:
        for statement in needed:
            cursor.execute(statement)
        secret = roles.password(connection, password_of) if password_of else None
        if secret is not None:
            cursor.execute(secret)
        connection.commit()


@contextmanager
def _explained(place: Place) -> Iterator[None]:
    """Turn a missing right on schemas into one sentence."""
    import psycopg2

    try:
        yield
    except psycopg2.errors.InsufficientPrivilege as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"The readers of database {place.server.database} cannot be written down: {reason} "
            f"(who builds the marts must own schema {place.schemas.access}, or may make it)."
        ) from None


def _summary(connection: Connection, place: Place, reader: Reader) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_class inner join pg_namespace "
            "on pg_namespace.oid = relnamespace where nspname = %s and relkind in ('r', 'p', 'v') "
            "and has_any_column_privilege(%s, pg_class.oid, 'select')",
            [place.schemas.marts, reader.role],
        )
        row: Any = cursor.fetchone()
    tables = "1 table" if row[0] == 1 else f"{row[0]} tables"
    return (
        f"{reader.role} reads {tables} of schema {place.schemas.marts} in database "
        f"{place.server.database}: {reader.scope}."
    )


def _advice(connection: Connection, place: Place, reader: Reader) -> list[str]:
    """Say what is left to do, and what the grant does not keep anybody from."""
    lines = []
    if not os.environ.get("READER_PASSWORD"):
        lines.append(
            f"  Password  set one with \\password {reader.role} in psql, or in READER_PASSWORD"
        )
    if reader.is_shared:
        lines += [
            "  User      Tableau's initial SQL: "
            "set moodle_analytics.user_name = [TableauServerUser]",
            "            Whoever can run SQL of their own over this account can set another user.",
        ]
    elif not reader.sees_all:
        names = readers.courses_of(connection, place.schemas, reader.role)
        said = ", ".join(names or []) or "none now, so there are no rows"
        lines.append(f"  Courses   {said} (seeds/entitlements.csv, Moodle's teachers)")
    return lines
