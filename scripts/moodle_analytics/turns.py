"""Whose turn it is: runs that write to one place come one after the other.

The server keeps the locks, for a session each: they end with the process, however it ends.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from typing import TYPE_CHECKING

from moodle_analytics.errors import UserError

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor  # noqa: N812

# PostgreSQL cuts off names of sessions behind so many bytes.
_NAME_BYTES = 63
_LOOK_SECONDS = 0.3
# What locks of two integers look like in pg_locks.
_HOLDERS = """
select {what} from pg_locks
inner join pg_stat_activity using (pid)
where locktype = 'advisory' and objsubid = 2 and granted and pid <> pg_backend_pid()
    and pg_locks.database = (select oid from pg_database where datname = current_database())
    and classid = (hashtext(%s)::bigint & 4294967295)::oid
    and objid = (hashtext(%s)::bigint & 4294967295)::oid
order by pg_locks.waitstart nulls first, pid
"""
_SESSION = """
    coalesce(nullif(application_name, ''), 'a session') || ' of user '
    || coalesce(usename, 'unknown') || ' (session ' || pid || '), since '
    || to_char(coalesce(state_change, backend_start) at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
    || ' UTC'
"""
_AT_WORK = """
select {what} from pg_stat_activity
where datname = current_database() and usename = current_user and application_name = 'dbt'
    and state <> 'idle'
order by pid
"""


def session_name(what: str = "") -> str:
    """Name this process for others who look at the server's sessions: command, number and host."""
    place = f"process {os.getpid()} on {socket.gethostname()}"
    name = f"moodle-analytics{' ' + what if what else ''}, {place}"
    return name.encode()[:_NAME_BYTES].decode(errors="ignore")


def take(
    cursor: Cursor, kind: str, name: str, *, refusal: str, shared: bool = False, wait: bool = False
) -> None:
    """Hold a lock until the session ends, waiting for it or not. `cursor` commits by itself.

    Raises UserError where another session holds it and this one does not wait: `refusal`, with
    who holds it in place of {holder}.
    """
    function = "pg_try_advisory_lock_shared" if shared else "pg_try_advisory_lock"
    told = ""
    while True:
        cursor.execute(f"select {function}(hashtext(%s), hashtext(%s))", [kind, name])
        if cursor.fetchone() == (True,):
            return
        cursor.execute(_HOLDERS.format(what=_SESSION), [kind, name])
        row = cursor.fetchone()
        holder = row[0] if row else "a session that has just ended"
        if not wait:
            raise UserError(refusal.replace("{holder}", holder))
        if row and holder != told:
            told = holder
            print(f"Waiting for {holder} ...", file=sys.stderr, flush=True)
        time.sleep(_LOOK_SECONDS)


def let_others_end(cursor: Cursor, *, seconds: float) -> None:
    """Wait until no session of dbt is at work in this database, as one whose client was killed.

    Raises UserError where one is after so many seconds.
    """
    deadline = time.monotonic() + seconds
    while True:
        cursor.execute(_AT_WORK.format(what=_SESSION))
        row = cursor.fetchone()
        if row is None:
            return
        if time.monotonic() > deadline:
            raise UserError(
                f"dbt is at work in database {cursor.connection.info.dbname} already: {row[0]}. "
                "Wait until it ends, or end that session with pg_terminate_backend."
            )
        time.sleep(_LOOK_SECONDS)
