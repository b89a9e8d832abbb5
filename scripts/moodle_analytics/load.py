"""Restores a dump of a Moodle site into a database of its own, whole or not at all."""

from __future__ import annotations

import re
import shlex
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from moodle_analytics import carry, database, generate, postgres, site
from moodle_analytics.access import grant
from moodle_analytics.dump import COPY_DATA, Script, dump_name, least_bytes, open_dump
from moodle_analytics.errors import UserError

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor  # noqa: N812

# A table takes its text's size and its indexes' about a third of it.
_DISK_PER_SQL_BYTE = 1.3
_DISK_RESERVE = 2**28
_DISK_CHECK_BYTES = 2**26
_BATCH = 2**20

# What a site's data needs. Roles, grants, functions, triggers, views and whole databases are not
# among it, and a dump is SQL written by others.
_RUN = re.compile(
    rb"""(?:
        COPY\s.*\sFROM\s+stdin\b | CREATE\s+(?:UNLOGGED\s+)?TABLE | CREATE\s+(?:UNIQUE\s+)?INDEX
        | CREATE\s+(?:SEQUENCE|SCHEMA|TYPE|DOMAIN|EXTENSION)
        | ALTER\s+(?:TABLE|SEQUENCE|INDEX|TYPE|DOMAIN)
        | COMMENT\s+ON\s+(?:TABLE|COLUMN) | INSERT\s+INTO
        | SET\s+(?:client_encoding|standard_conforming_strings|search_path)\b
        | SET\s+(?:DateStyle|IntervalStyle)\b
        | SELECT\s+pg_catalog\.set_config\('search_path',\s*'[^']*',\s*false\)$
        | SELECT\s+(?:pg_catalog\.)?setval\(
    )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_NEVER = re.compile(
    rb"ALTER\s.*\s(?:OWNER\s+TO|SET\s+TABLESPACE|CLUSTER\s+ON|DROP\s|(?:ENABLE|DISABLE|FORCE)\s)"
    rb"[^;(]*$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Loaded:
    """What a load did; `left_out` counts kinds of objects that the dump has and nothing needs.

    `replaced` says from what the database before it was made; None where there was none. `carried`
    names the schemas that were taken over from it, `unsettled` the readers whom this role may not
    let into the new database.
    """

    name: str
    server: database.Server
    database: str
    facts: site.SiteFacts
    left_out: dict[str, int]
    replaced: str | None
    carried: list[str]
    unsettled: list[str]
    seconds: float


def load(
    source: str,
    server: database.Server,
    *,
    name: str | None = None,
    schema: str | None = None,
    prefix: str | None = None,
    is_carrying: bool = True,
    wait: bool = False,
) -> Loaded:
    """Restore the dump `source` (`-`: standard input) as database `name`, replacing an earlier one.

    The earlier database stays until the new one is whole; `is_carrying` takes over those of its
    schemas that only this program writes. Runs that are at work on the earlier one end first where
    this one is to `wait`. Raises UserError.
    """
    began = time.monotonic()
    name = name or server.database
    folder = postgres.home() if server.is_embedded else None
    replaced = database.origin_of(server, name)
    size, expanded = least_bytes(source)
    _check_disk(dump_name(source), folder, expanded)
    with (
        _progress(dump_name(source), size, folder) as (advance, say),
        open_dump(source, advance) as script,
        database.fresh_database(server, name, origin=dump_name(source), wait=wait) as temporary,
        closing(database.connect(server, temporary)) as connection,
    ):
        connection.autocommit = True
        with connection.cursor() as cursor:
            left_out = _restore(cursor, script, say)
            left_out += _forget_readers(cursor)
            found = site.find_site(connection, schema=schema, prefix=prefix)
            say("statistics")
            cursor.execute("analyze")
        facts = site.describe_site(connection, found)
        carried: list[str] = []
        unsettled: list[str] = []
        # An academy is nobody's: what was sent from it concerns no site.
        if is_carrying and replaced and replaced != generate.ORIGIN:
            say("carrying over")
            carried = carry.schemas_to_carry(
                server, name, connection, found, schema=schema, prefix=prefix
            )
            if carried:
                with (
                    carry.dumped(server, name, carried) as path,
                    open_dump(path, lambda _: None) as kept,
                    connection.cursor() as cursor,
                ):
                    _restore(cursor, kept, say)
            if "access" in carried:
                unsettled = grant.settle_after_load(server, connection)
    seconds = time.monotonic() - began
    return Loaded(
        name=dump_name(source),
        server=server,
        database=name,
        facts=facts,
        left_out=dict(left_out),
        replaced=replaced,
        carried=carried,
        unsettled=unsettled,
        seconds=seconds,
    )


def report(loaded: Loaded) -> str:
    """Say in lines for people what was found, what cannot be known, and what to do next."""
    facts = loaded.facts
    lines = [
        f"Loaded {loaded.name} in {loaded.seconds:.0f} s into database {loaded.database} "
        f"({loaded.server.host}:{loaded.server.port}).",
        *_replaced_lines(loaded),
        "",
        f"  Moodle     {facts.release or facts.version or 'version unknown (no config table)'}",
        f"  Tables     {facts.table_count:,} in schema {facts.site.schema}, "
        f"prefix {facts.site.prefix or '(none)'}",
        f"  Log        {_log_line(facts)}",
        f"  Learners   {_learners_line(facts)}",
        f"  Courses    {facts.courses:,}",
        f"  Time zone  {_timezone_line(facts)}",
    ]
    if facts.absent:
        lines += [
            "",
            f"Absent tables ({len(facts.absent)}), and what cannot be known without them:",
        ]
        lines += [f"  {table:<22} {lost}" for table, lost in facts.absent.items()]
    else:
        lines.append("  Absent     none of the tables that this project can use")
    if loaded.left_out:
        kinds = ", ".join(f"{kind} ({count})" for kind, count in sorted(loaded.left_out.items()))
        lines += ["", f"Left out of the dump, since no number needs it: {kinds}."]
    lines += ["", f"Next: {_next_command(loaded)}"]
    return "\n".join(lines)


def _replaced_lines(loaded: Loaded) -> list[str]:
    if loaded.replaced is None:
        return []
    lines = [f"It replaces what was made from {loaded.replaced}, marts included."]
    if loaded.carried:
        names = " and ".join(loaded.carried)
        lines.append(f"Carried over from there, since no dump holds it: schema {names}.")
    if loaded.unsettled:
        names = " and ".join(loaded.unsettled)
        lines.append(f"After the build, `moodle-analytics grant-reader` is needed for {names}.")
    return lines


def _log_line(facts: site.SiteFacts) -> str:
    if not (facts.first_log_at and facts.last_log_at):
        return "0 rows: there will be no activity to show"
    first, last = (f"{moment:%Y-%m-%d %H:%M}" for moment in (facts.first_log_at, facts.last_log_at))
    return f"{facts.log_rows:,} rows, {first} to {last} (UTC)"


def _learners_line(facts: site.SiteFacts) -> str:
    if facts.learners is None:
        return (
            "unknown before the build: without role tables they are inferred from grades and events"
        )
    return f"{facts.learners:,} hold a student role"


def _timezone_line(facts: site.SiteFacts) -> str:
    if facts.timezone is None:
        return "the site names none: weeks are counted in UTC, or in --timezone ZONE of the build"
    if facts.timezone == "UTC":
        return "UTC, the same as the build's default"
    return (
        f"{facts.timezone}; weeks are counted in UTC unless you build with "
        f"--timezone {facts.timezone}"
    )


def _next_command(loaded: Loaded) -> str:
    elsewhere = loaded.database != loaded.server.database
    option = f" --database {shlex.quote(loaded.database)}" if elsewhere else ""
    return f"moodle-analytics build{option}"


def _restore(cursor: Cursor, script: Script, say: Callable[[str], None]) -> Counter[str]:
    """Run the script's statements that a site's data needs; count the kinds of the others."""
    left_out: Counter[str] = Counter()
    inserts: list[bytes] = []
    batched = 0
    cursor.execute("set synchronous_commit = off; set statement_timeout = 0; set lock_timeout = 0")
    for statement in script.statements():
        is_insert = statement[:6].upper() == b"INSERT"
        if inserts and (not is_insert or batched > _BATCH):
            _run(cursor, script, b";\n".join(inserts))
            inserts, batched = [], 0
        if is_insert:
            inserts.append(statement)
            batched += len(statement)
        elif _RUN.match(statement) and not _NEVER.match(statement):
            say(_subject(statement))
            _run(cursor, script, statement)
        elif kind := _left_out_kind(statement):
            left_out[kind] += 1
    if inserts:
        _run(cursor, script, b";\n".join(inserts))
    return left_out


def _forget_readers(cursor: Cursor) -> Counter[str]:
    """Drop a record of readers that a dump brings: nobody here let those in."""
    cursor.execute("select to_regclass('access.readers') is not null")
    if cursor.fetchone() != (True,):
        return Counter()
    cursor.execute("drop table access.readers")
    return Counter({"record of readers": 1})


def _run(cursor: Cursor, script: Script, statement: bytes) -> None:
    """Run one statement, a COPY with its data. Raises UserError without the dump's data in it."""
    import psycopg2

    try:
        if COPY_DATA.match(statement):
            cursor.copy_expert(statement.decode(), script)  # type: ignore[arg-type]
        else:
            cursor.execute(statement)
    except psycopg2.Error as error:
        if script.fault:
            raise script.fault from None
        if _is_tolerable(error, statement):
            return
        schema = re.match(rb'CREATE\s+(?:TABLE|SEQUENCE)\s+("[^"]+"|\w+)\.', statement)
        if isinstance(error, psycopg2.errors.InvalidSchemaName) and schema:
            # A dump of chosen tables (pg_dump -t) does not make their schema.
            cursor.execute(b"create schema " + schema[1])
            _run(cursor, script, statement)
            return
        raise UserError(_failure(error, script, statement)) from None


def _is_tolerable(error: Exception, statement: bytes) -> bool:
    """Whether the site's data is whole all the same: its schema is there, an extension is not."""
    import psycopg2

    if isinstance(error, psycopg2.errors.DuplicateSchema):
        return True
    return bool(re.match(rb"CREATE\s+EXTENSION", statement)) and not isinstance(
        error, psycopg2.OperationalError
    )


def _failure(error: Exception, script: Script, statement: bytes) -> str:
    import psycopg2

    if isinstance(error, psycopg2.errors.DiskFull):
        return (
            f"The disk is full while loading {script.name}; nothing was changed: free some space."
        )
    if isinstance(error, psycopg2.errors.DuplicateTable):
        return (
            f"{script.name} makes {_subject(statement)} twice; nothing was changed: where it holds "
            "several databases (pg_dumpall), take a pg_dump of the Moodle one alone."
        )
    diag = getattr(error, "diag", None)
    reason = (diag and diag.message_primary) or str(error).strip().split("\n")[0]
    line = re.search(r"line \d+", (diag and diag.context) or "")
    where = _subject(statement) + (f", {line[0]} of its data" if line else "")
    server = getattr(error, "cursor", None) and error.cursor.connection.server_version // 10000  # type: ignore[attr-defined]
    hint = ""
    if server and script.server_major > server:
        hint = (
            f" The dump comes from PostgreSQL {script.server_major} and this server is {server}: "
            "a newer server may take it."
        )
    return f"{script.name} cannot be restored: {reason} ({where}); nothing was changed.{hint}"


def _subject(statement: bytes) -> str:
    """Name what a statement is about, without its values."""
    text = statement[:300].decode(errors="replace")
    words = re.match(r"(?:[A-Z]+\s+)+(?:(?:\"[^\"]+\"|\w+)\.)?(?:\"[^\"]+\"|\w+)", text)
    return " ".join((words[0] if words else text[:20]).split())


def _left_out_kind(statement: bytes) -> str | None:
    """Name the kind of object that is left out where somebody may miss it."""
    found = re.match(
        rb"CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+|RECURSIVE\s+)?"
        rb"(VIEW|MATERIALIZED\s+VIEW|FUNCTION|PROCEDURE|TRIGGER|EVENT\s+TRIGGER|RULE|POLICY"
        rb"|PUBLICATION|SUBSCRIPTION|AGGREGATE|FOREIGN\s+TABLE|COLLATION|CAST|OPERATOR)",
        statement,
        re.IGNORECASE,
    )
    return " ".join(found[1].decode().lower().split()) if found else None


def _check_disk(name: str, folder: Path | None, expanded: int) -> None:
    """Refuse what surely does not fit. Only the embedded server's disk is known."""
    if folder is None or not folder.exists():
        return
    free, need = shutil.disk_usage(folder).free, int(expanded * _DISK_PER_SQL_BYTE)
    if need > free - _DISK_RESERVE:
        raise UserError(
            f"{name} needs about {need / 2**30:.1f} GB on the disk of {folder} and "
            f"{free / 2**30:.1f} GB are free: free some, or set MOODLE_ANALYTICS_HOME to a larger "
            "disk."
        )


@contextmanager
def _progress(
    name: str, size: int | None, folder: Path | None
) -> Iterator[tuple[Callable[[int], None], Callable[[str], None]]]:
    """Show bytes read on standard error where it is a terminal; watch the disk meanwhile."""
    from rich import progress as bars
    from rich.console import Console

    console = Console(stderr=True)
    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(bar_width=16),
        bars.DownloadColumn(binary_units=True),
        bars.TimeRemainingColumn(),
        bars.TextColumn("{task.fields[stage]}"),
    )
    with bars.Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(name[-20:], total=size, stage="")
        read = checked = 0

        def advance(count: int) -> None:
            nonlocal read, checked
            read += count
            bar.advance(task, count)
            if folder and read - checked > _DISK_CHECK_BYTES:
                checked = read
                if shutil.disk_usage(folder).free < _DISK_RESERVE:
                    raise UserError(
                        f"The disk of {folder} is almost full while loading {name}; nothing was "
                        "changed: free some space, or set MOODLE_ANALYTICS_HOME to a larger disk."
                    )

        # Longer words would push the numbers off a narrow terminal.
        yield advance, lambda stage: bar.update(task, stage=stage[:16])
