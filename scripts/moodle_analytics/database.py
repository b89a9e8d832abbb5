"""Where PostgreSQL is, connections to it, and the replacement of a database in one step."""

from __future__ import annotations

import configparser
import contextlib
import getpass
import os
import secrets
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from moodle_analytics import postgres, turns
from moodle_analytics.errors import UserError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812
    from psycopg2.extensions import cursor as Cursor  # noqa: N812

_MARK = "made by moodle-analytics: "
_UNFINISHED = _MARK + "unfinished"
_LOCK = "moodle-analytics"
_SERVER_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE")


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server and the database on it that commands work on."""

    host: str
    port: int
    user: str
    password: str | None = field(repr=False)
    sslmode: str | None
    database: str
    is_embedded: bool


def locate(*, start: bool = True) -> Server:
    """Find the server that libpq's variables name, else the embedded one (started when `start`).

    PGDATABASE names the database in both cases. Raises UserError.
    """
    if _is_named():
        return _from_variables({**_service(), **{k: v for k, v in os.environ.items() if v}})
    home = postgres.home()
    running = postgres.start(home) if start else postgres.status(home)
    if running is None:
        raise UserError("The embedded server is not running: run `moodle-analytics db start`.")
    try:
        password = (home / "password").read_text().strip()
    except OSError as error:
        raise UserError(
            f"The embedded server's password cannot be read from {home / 'password'} ({error}): "
            "set MOODLE_ANALYTICS_HOME to a directory of your own."
        ) from None
    name = os.environ.get("PGDATABASE") or postgres.USER
    return Server(postgres.HOST, running.port, postgres.USER, password, "disable", name, True)


def describe(server: Server) -> str:
    """One line for people, without the password."""
    kind = "embedded PostgreSQL" if server.is_embedded else "PostgreSQL"
    where = f"{server.host}:{server.port}"
    return f"{kind} at {where}, database {server.database}, user {server.user}"


def environment(server: Server, database: str | None = None) -> dict[str, str]:
    """Give libpq's variables for child processes such as psql and dbt."""
    variables = {
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGUSER": server.user,
        "PGDATABASE": database or server.database,
    }
    if server.password:
        variables["PGPASSWORD"] = server.password
    if server.sslmode:
        variables["PGSSLMODE"] = server.sslmode
    return variables


def url(server: Server, with_password: bool = False) -> str:
    """Give the database's address, with the password only where it is asked for."""
    secret = f":{quote(server.password, safe='')}" if with_password and server.password else ""
    user, name = quote(server.user, safe=""), quote(server.database, safe="")
    # A host that is a socket's directory must be quoted, and an IPv6 address bracketed.
    host = f"[{server.host}]" if ":" in server.host else quote(server.host, safe="")
    mode = f"?sslmode={server.sslmode}" if server.sslmode else ""
    return f"postgresql://{user}{secret}@{host}:{server.port}/{name}{mode}"


def exports(server: Server) -> str:
    """Give shell lines that make libpq's programs and plain dbt use this server."""
    lines = [f"export {key}={shlex.quote(value)}" for key, value in environment(server).items()]
    return "\n".join(lines)


def status() -> tuple[str, bool]:
    """Say which server is used and whether it answers; starts nothing."""
    if not _is_named() and not postgres.status(postgres.home()):
        return f"embedded PostgreSQL, not running, home {postgres.home()}", False
    server = locate(start=False)
    home = f", home {postgres.home()}" if server.is_embedded else ""
    try:
        with contextlib.closing(_maintenance_connection(server)) as connection:
            version = connection.info.parameter_status("server_version")
    except UserError as error:
        return f"{describe(server)}: {error}", False
    is_there = "" if not _is_missing(server, server.database) else " (not made yet)"
    return f"{describe(server)}{is_there}, version {version}{home}", True


def connect(server: Server, database: str | None = None, *, readonly: bool = False) -> Connection:
    """Connect to `database` (the server's own where not given). Raises UserError."""
    import psycopg2

    name = database or server.database
    try:
        connection = _open(server, name)
    except psycopg2.OperationalError as error:
        if _is_missing(server, name):
            others = _made_here(server)
            hint = f", or name another: {', '.join(others)} is there" if others else ""
            raise UserError(
                f"There is no database {name} at {server.host}:{server.port} yet: make it with "
                f"`moodle-analytics load DUMP` or `moodle-analytics generate`{hint}."
            ) from None
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"Cannot connect to database {name} at {server.host}:{server.port}: {reason} "
            "(check PGHOST, PGPORT, PGUSER and PGPASSWORD, or unset them for the embedded server)."
        ) from None
    if readonly:
        connection.set_session(readonly=True)
    return connection


@contextmanager
def fresh_database(
    server: Server, name: str, *, origin: str, replaces: str = "", wait: bool = False
) -> Iterator[str]:
    """Make a database beside `name`, yield its temporary name, and swap it in when all is well.

    On any error, and when the process is killed, the earlier database stays as it was. `origin`
    says what it was made from; where `replaces` is given, only what was made from that is replaced.
    Runs that are at work on `name` end first where this one is to `wait`.
    Raises UserError where `name` holds other tables than this program may replace, another run is
    replacing it, or the role may not create databases.
    """
    import psycopg2
    from psycopg2 import sql

    if name in ("postgres", "template0", "template1"):
        raise UserError(f"Database {name} is PostgreSQL's own: give another name.")
    if len(name.encode()) > 63:
        raise UserError(f"The database name {name} is longer than 63 bytes: choose a shorter one.")
    temporary = f"{name.encode()[:40].decode(errors='ignore')}__new_{secrets.token_hex(4)}"
    retired = temporary.replace("__new_", "__old_")
    with _maintenance(server) as cursor:
        refusal = (
            f"Another run is replacing database {name} now, building its marts or sending messages "
            "from it: {holder}. Wait until it ends."
        )
        turns.take(cursor, _LOCK, name, refusal=refusal, wait=wait)
        _refuse_foreign(cursor, server, name, replaces)
        _drop_abandoned(cursor)
        _try_lock(cursor, temporary)
        cursor.execute(
            sql.SQL(
                "create database {} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'"
            ).format(sql.Identifier(temporary))
        )
        try:
            _comment(cursor, temporary, _UNFINISHED)
            yield temporary
            _refuse_foreign(cursor, server, name, replaces)
            _swap(cursor, name, temporary, retired, _MARK + origin)
        except BaseException:
            # Where the server itself is gone, the next run drops what is left.
            with contextlib.suppress(psycopg2.Error):
                _drop(cursor, temporary)
            raise
        # It has the mark of the unfinished: where somebody holds on to it, the next run drops it.
        with contextlib.suppress(psycopg2.errors.ObjectInUse):
            _drop(cursor, retired)


@contextmanager
def kept_in_place(server: Server, name: str, *, wait: bool = False) -> Iterator[None]:
    """Keep `name` from being replaced while something is written to it that must not be lost.

    Raises UserError where it is being replaced now and this run is not to `wait`.
    """
    with contextlib.ExitStack() as stack:
        cursor = None
        # Who may enter this database alone has no place for the lock: then nobody replaces it
        # with the same rights either.
        with contextlib.suppress(UserError):
            cursor = stack.enter_context(_maintenance(server))
        if cursor:
            refusal = f"Database {name} is being replaced now: {{holder}}. Wait until that ends."
            turns.take(cursor, _LOCK, name, refusal=refusal, shared=True, wait=wait)
        yield


def origin_of(server: Server, name: str) -> str | None:
    """Say what this program made a database from; None where it did not, or there is none."""
    with _maintenance(server) as cursor:
        comment = _comment_on(cursor, name)
    return comment.removeprefix(_MARK) if comment and comment.startswith(_MARK) else None


def drop(server: Server, name: str, *, origin: str) -> None:
    """Drop a database that this program made from `origin`, and no other; nothing where none is."""
    with _maintenance(server) as cursor:
        if _comment_on(cursor, name) == _MARK + origin:
            _drop(cursor, name)


def _is_named() -> bool:
    return any(os.environ.get(name) for name in _SERVER_VARIABLES)


def _from_variables(values: dict[str, str]) -> Server:
    user = values.get("PGUSER") or getpass.getuser()
    port = values.get("PGPORT", "5432")
    if not port.isdigit():
        raise UserError(f"PGPORT is {port}, which is no port number.")
    return Server(
        host=values.get("PGHOST") or values.get("PGHOSTADDR") or "localhost",
        port=int(port),
        user=user,
        password=values.get("PGPASSWORD"),
        sslmode=values.get("PGSSLMODE"),
        database=values.get("PGDATABASE") or postgres.USER,
        is_embedded=False,
    )


def _service() -> dict[str, str]:
    """Read what the service named by PGSERVICE stands for, from libpq's service file."""
    name = os.environ.get("PGSERVICE")
    if not name:
        return {}
    named = os.environ.get("PGSERVICEFILE")
    system = Path(os.environ.get("PGSYSCONFDIR", "/etc/postgresql-common")) / "pg_service.conf"
    files = [system, Path(named) if named else Path.home() / ".pg_service.conf"]
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.read(files, encoding="utf-8")
    if name not in parser:
        raise UserError(f"PGSERVICE names {name}, which is not in {files[1]} or {system}.")
    names = {"dbname": "PGDATABASE"}
    return {names.get(key, f"PG{key.upper()}"): value for key, value in parser[name].items()}


def _open(server: Server, name: str) -> Connection:
    import psycopg2

    dsn = psycopg2.extensions.make_dsn(
        host=server.host,
        port=server.port,
        user=server.user,
        password=server.password,
        sslmode=server.sslmode,
        dbname=name,
        application_name=turns.session_name(),
        connect_timeout=10,
    )
    return psycopg2.connect(dsn)


def _maintenance_connection(server: Server) -> Connection:
    """Connect outside the databases at stake: to `postgres`, where removed to `template1`."""
    import psycopg2

    try:
        return _open(server, "postgres")
    except psycopg2.OperationalError:
        return connect(server, "template1")


def _is_missing(server: Server, name: str) -> bool:
    """Whether the server answers and has no such database."""
    import psycopg2

    if name == "template1":
        return False
    try:
        connection = _maintenance_connection(server)
    except (psycopg2.Error, UserError):
        return False
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("select 1 from pg_database where datname = %s", [name])
        return cursor.fetchone() is None


@contextmanager
def _maintenance(server: Server) -> Iterator[Cursor]:
    """Work outside the databases at stake, each statement a transaction of its own."""
    import psycopg2

    connection = _maintenance_connection(server)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("set idle_session_timeout = 0; set synchronous_commit = on")
            yield cursor
    except psycopg2.errors.InsufficientPrivilege as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"User {server.user} may not do this at {server.host}:{server.port}: {reason} (grant "
            "it CREATEDB, or unset PGHOST and PGPORT for the embedded server)."
        ) from None
    finally:
        connection.close()


def _try_lock(cursor: Cursor, name: str) -> bool:
    """Hold a lock on the name until the connection ends, however that comes about."""
    cursor.execute("select pg_try_advisory_lock(hashtext(%s), hashtext(%s))", [_LOCK, name])
    row = cursor.fetchone()
    return bool(row and row[0])


def _refuse_foreign(cursor: Cursor, server: Server, name: str, origin: str) -> None:
    """Never replace a database with tables unless this program made it, from `origin` if given."""
    comment = _comment_on(cursor, name)
    if comment is None or comment.startswith(_MARK + origin):
        return
    connection = connect(server, name, readonly=True)
    with contextlib.closing(connection), connection.cursor() as inside:
        inside.execute(
            "select count(*) from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
            "where relkind in ('r', 'p', 'v', 'm', 'f', 'S') "
            "and nspname not in ('pg_catalog', 'information_schema', 'pg_toast')"
        )
        count = inside.fetchone()
    if count and count[0]:
        raise UserError(
            f"Database {name} at {server.host}:{server.port} holds tables that "
            f"`moodle-analytics {origin or 'load'}` did not make, so it is not replaced: "
            "give another name with --database."
        )


def _made_here(server: Server) -> list[str]:
    """List the databases that this program made, in the order of their names."""
    with _maintenance(server) as cursor:
        cursor.execute(
            "select datname from pg_database where shobj_description(oid, 'pg_database') like %s "
            "and shobj_description(oid, 'pg_database') <> %s order by datname",
            [_MARK + "%", _UNFINISHED],
        )
        return [name for (name,) in cursor.fetchall()]


def _comment_on(cursor: Cursor, name: str) -> str | None:
    """Give the comment on a database, empty where it has none; None where there is no database."""
    cursor.execute(
        "select shobj_description(oid, 'pg_database') from pg_database where datname = %s", [name]
    )
    row = cursor.fetchone()
    return None if row is None else (row[0] or "")


def _drop_abandoned(cursor: Cursor) -> None:
    """Drop what killed runs left: marked unfinished, and its lock is free."""
    cursor.execute(
        "select datname from pg_database where shobj_description(oid, 'pg_database') = %s",
        [_UNFINISHED],
    )
    for (name,) in cursor.fetchall():
        if _try_lock(cursor, name):
            _drop(cursor, name)


def _swap(cursor: Cursor, name: str, temporary: str, retired: str, comment: str) -> None:
    """Rename both databases in one transaction, after ending the sessions on them."""
    import psycopg2
    from psycopg2 import sql

    def rename(old: str, new: str) -> None:
        statement = sql.SQL("alter database {} rename to {}")
        cursor.execute(statement.format(sql.Identifier(old), sql.Identifier(new)))

    _try_lock(cursor, retired)
    for attempts_left in reversed(range(5)):
        _end_sessions(cursor, name, temporary)
        cursor.execute("select 1 from pg_database where datname = %s", [name])
        is_there = cursor.fetchone() is not None
        try:
            cursor.execute("begin")
            if is_there:
                rename(name, retired)
                _comment(cursor, retired, _UNFINISHED)
            rename(temporary, name)
            _comment(cursor, name, comment)
            cursor.execute("commit")
            return
        except psycopg2.errors.ObjectInUse:
            cursor.execute("rollback")
            if not attempts_left:
                raise UserError(
                    f"Database {name} is in use and its sessions keep coming back: close them "
                    "(a dashboard, an editor) and try again."
                ) from None
            time.sleep(0.5)


def _comment(cursor: Cursor, name: str, text: str) -> None:
    from psycopg2 import sql

    statement = sql.SQL("comment on database {} is {}")
    cursor.execute(statement.format(sql.Identifier(name), sql.Literal(text)))


def _drop(cursor: Cursor, name: str) -> None:
    from psycopg2 import sql

    _end_sessions(cursor, name)
    cursor.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))


def _end_sessions(cursor: Cursor, *names: str) -> None:
    """End the clients of these databases; the server itself ends its own workers when asked."""
    cursor.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = any(%s) "
        "and pid <> pg_backend_pid() and backend_type = 'client backend'",
        [list(names)],
    )
