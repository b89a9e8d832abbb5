"""Runs that write to the models' schemas: one at a time in a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from moodle_analytics import database, turns

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

# The hook at the start of a dbt run looks for this lock, too.
KIND = "moodle-analytics run"
_REFUSAL = (
    "Another run is at work in database {name}: {holder}. Wait until it ends, or leave out "
    "--no-wait to have this one wait."
)
_OTHERS_SECONDS = 60.0


@contextmanager
def alone(server: database.Server, what: str, *, wait: bool = True) -> Iterator[str]:
    """Keep other runs out of the server's database, and that database from being replaced.

    Gives options for the sessions of dbt (as in PGOPTIONS), which show them to belong to this run
    and end soon after it was killed. `what` names the command. Raises UserError.
    """
    name = server.database
    with (
        database.kept_in_place(server, name, wait=wait),
        closing(database.connect(server)) as connection,
    ):
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "select set_config('application_name', %s, false), "
                "set_config('idle_session_timeout', '0', false)",
                [turns.session_name(what)],
            )
            turns.take(cursor, KIND, "", refusal=_REFUSAL.replace("{name}", name), wait=wait)
            turns.let_others_end(cursor, seconds=_OTHERS_SECONDS)
            cursor.execute("select pg_backend_pid()")
            row = cursor.fetchone()
            options = f"-c moodle_analytics.run={row[0] if row else 0}"
            if _notices_lost_clients(connection):
                options += " -c client_connection_check_interval=1000"
            yield options


def _notices_lost_clients(connection: Connection) -> bool:
    """Whether a session can find out, while it works, that its client is gone."""
    import psycopg2

    try:
        with connection.cursor() as cursor:
            cursor.execute("set client_connection_check_interval = 1000")
    except psycopg2.Error:
        return False
    return True
