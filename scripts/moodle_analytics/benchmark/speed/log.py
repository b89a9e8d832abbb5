"""The made log that the benchmark builds from, and its last days, held back and given again.

A day is the last 24 hours of the log, the 24 before, and so on, so that each is a real one: its
log rows and what came with them into Moodle's other tables. The rows wait in a schema of the
benchmark's own; after a benchmark that was killed, the next one gives them back first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from moodle_analytics import database, generate
from moodle_analytics.benchmark.speed.measures import Bytes
from moodle_analytics.errors import UserError
from moodle_analytics.generate.options import DAY

SCHEMA = "benchmark"
MOODLE_SCHEMA = "public"
_LOG = "logstore_standard_log"
# By which time a row came into its table. Of what was made earlier and changed that day the former
# state is not known, so that it stays as it is.
ARRIVED: Mapping[str, str] = {
    _LOG: "timecreated",
    "assign_submission": "timemodified",
    "cohort_members": "timeadded",
    "course_completions": "timecompleted",
    "course_modules_completion": "timemodified",
    "course_modules_viewed": "timecreated",
    "forum_posts": "created",
    "grade_grades": "timemodified",
    "grade_grades_history": "timemodified",
    "groups_members": "timeadded",
    "quiz_attempts": "timemodified",
    "role_assignments": "timemodified",
    "user_enrolments": "timecreated",
}


def take(server: database.Server, options: generate.Options) -> bool:
    """Have the made log in the server's database, whole and with nothing built on it.

    One that an earlier benchmark kept is taken again where it was made with the same options.
    Returns whether it was made now. Raises UserError where the database is somebody else's.
    """
    is_new = _options_of(server) != str(options)
    if is_new:
        generate.generate_database(server, options, server.database)
    with closing(connect(server)) as connection, connection.cursor() as cursor:
        if is_new:
            cursor.execute(sql.SQL("create schema {}").format(sql.Identifier(SCHEMA)))
            cursor.execute(sql.SQL("create table {} (options text)").format(_place("made")))
            cursor.execute(
                sql.SQL("insert into {} values (%s)").format(_place("made")), [str(options)]
            )
        for day in sorted({day for day, _ in _held(cursor)}):
            _give(cursor, options.prefix, day)
        _forget_builds(cursor)
        cursor.execute("vacuum (analyze)")
    return is_new


def hold_back(server: database.Server, prefix: str, days: int) -> None:
    """Take the last days away, to be given later, the earliest first: day 1, 2, ...

    Raises UserError where nothing would be left.
    """
    with closing(connect(server)) as connection, connection.cursor() as cursor:
        log, column = _moodle(prefix, _LOG), sql.Identifier(ARRIVED[_LOG])
        query = sql.SQL("select min({0}), max({0}) from {1}").format(column, log)
        first, last = _row(cursor, query)
        if last - first <= days * DAY:
            raise UserError(
                f"The log has fewer than {days} days: ask for fewer --repeats, or for more --weeks."
            )
        cursor.execute("begin")
        for name in _present(cursor, prefix):
            for day in range(1, days + 1):
                begins = last - (days - day + 1) * DAY
                _hold(cursor, prefix, name, day, begins, begins + DAY)
        cursor.execute("commit")
        cursor.execute("vacuum (analyze)")


def give(server: database.Server, prefix: str, day: int) -> int:
    """Let a day that was held back come in; give the number of its log rows."""
    with closing(connect(server)) as connection, connection.cursor() as cursor:
        return _give(cursor, prefix, day)


def connect(server: database.Server) -> Connection:
    """Connect so that each statement is a transaction of its own, and nothing is compiled."""
    connection = database.connect(server)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("set jit = off")
    return connection


def log_rows(cursor: Cursor, prefix: str) -> int:
    """Count the log's rows."""
    query = sql.SQL("select count(*) from {}").format(_moodle(prefix, _LOG))
    return int(_row(cursor, query)[0])


def group_by_week(cursor: Cursor, prefix: str, zone: str) -> None:
    """Run the reference: the least that any weekly mart must do, a count by learner and course."""
    query = sql.SQL(
        "select count(*), sum(event_count) from ("
        "select userid, courseid, "
        "date_trunc('week', to_timestamp(timecreated) at time zone %s) as week_start, "
        "count(*) as event_count from {} group by 1, 2, 3) as weekly"
    )
    cursor.execute(query.format(_moodle(prefix, _LOG)), [zone])


def log_bytes(cursor: Cursor, prefix: str) -> Bytes:
    """Measure the log."""
    return _sizes(cursor, [MOODLE_SCHEMA])[f"{MOODLE_SCHEMA}.{prefix}{_LOG}"]


def model_bytes(cursor: Cursor) -> dict[str, Bytes]:
    """Measure every table that is neither Moodle's, PostgreSQL's nor the benchmark's own."""
    return _sizes(cursor, _built_schemas(cursor))


def _sizes(cursor: Cursor, schemas: list[str]) -> dict[str, Bytes]:
    cursor.execute(
        "select nspname || '.' || relname, pg_table_size(pg_class.oid), "
        "pg_indexes_size(pg_class.oid) from pg_class "
        "join pg_namespace on pg_namespace.oid = relnamespace "
        "where relkind in ('r', 'm') and nspname = any(%s) order by 1",
        [schemas],
    )
    return {name: Bytes(table, indexes) for name, table, indexes in cursor.fetchall()}


def _options_of(server: database.Server) -> str | None:
    """Say with which options an earlier benchmark made the database, where one did."""
    if database.origin_of(server, server.database) != generate.ORIGIN:
        return None
    with closing(connect(server)) as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass(%s)", [f"{SCHEMA}.made"])
        if _fetched(cursor)[0] is None:
            return None
        cursor.execute(sql.SQL("select options from {}").format(_place("made")))
        return str(_fetched(cursor)[0])


def _hold(cursor: Cursor, prefix: str, name: str, day: int, begins: int, ends: int) -> None:
    table, column = _moodle(prefix, name), sql.Identifier(ARRIVED[name])
    query = sql.SQL(
        "create table {held} as select * from {table} where {column} > {begins} "
        "and {column} <= {ends}"
    )
    parts = {"table": table, "column": column, "held": _place(f"day_{day}_{name}")}
    bounds = {"begins": sql.Literal(begins), "ends": sql.Literal(ends)}
    cursor.execute(query.format(**parts, **bounds))
    query = sql.SQL("delete from {table} where {column} > {begins} and {column} <= {ends}")
    cursor.execute(query.format(**parts, **bounds))


def _give(cursor: Cursor, prefix: str, day: int) -> int:
    rows = 0
    cursor.execute("begin")
    for name in [name for of, name in _held(cursor) if of == day]:
        held = _place(f"day_{day}_{name}")
        cursor.execute(
            sql.SQL("insert into {} select * from {}").format(_moodle(prefix, name), held)
        )
        rows = cursor.rowcount if name == _LOG else rows
        cursor.execute(sql.SQL("drop table {}").format(held))
    cursor.execute("commit")
    return rows


def _held(cursor: Cursor) -> list[tuple[int, str]]:
    """List the days and tables that are held back."""
    cursor.execute(
        "select tablename from pg_tables where schemaname = %s and tablename like 'day\\_%%' "
        "order by tablename",
        [SCHEMA],
    )
    return [_day_and_table(name) for (name,) in cursor.fetchall()]


def _day_and_table(name: str) -> tuple[int, str]:
    _, day, table = name.split("_", 2)
    return int(day), table


def _present(cursor: Cursor, prefix: str) -> Iterator[str]:
    cursor.execute("select tablename from pg_tables where schemaname = %s", [MOODLE_SCHEMA])
    names = {name for (name,) in cursor.fetchall()}
    return (name for name in ARRIVED if prefix + name in names)


def _forget_builds(cursor: Cursor) -> None:
    """Drop what was built, so that the next build is the first."""
    for schema in _built_schemas(cursor):
        cursor.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))


def _built_schemas(cursor: Cursor) -> list[str]:
    cursor.execute(
        "select nspname::text from pg_namespace where nspname not in (%s, %s, "
        "'information_schema') and nspname !~ '^pg_' order by 1",
        [MOODLE_SCHEMA, SCHEMA],
    )
    return [name for (name,) in cursor.fetchall()]


def _moodle(prefix: str, name: str) -> sql.Identifier:
    return sql.Identifier(MOODLE_SCHEMA, prefix + name)


def _place(name: str) -> sql.Identifier:
    return sql.Identifier(SCHEMA, name)


def _row(cursor: Cursor, query: sql.Composable) -> tuple[int, ...]:
    cursor.execute(query)
    return _fetched(cursor)


def _fetched(cursor: Cursor) -> tuple[int, ...]:
    row: tuple[int, ...] | None = cursor.fetchone()
    assert row is not None
    return row
