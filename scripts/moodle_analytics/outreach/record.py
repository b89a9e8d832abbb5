"""The record of messages, in a schema of its own: what keeps any of them from going out twice.

A row is claimed before its message leaves and marked afterwards; the connection is in autocommit
mode, so that each is a transaction of its own. This module is the only writer of the schema.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from moodle_analytics.outreach.queue import ChannelName, Kind, Message

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

State = Literal["claimed", "sent", "failed", "refused"]

_TABLES = """
create schema if not exists outreach;
create table if not exists outreach.messages (
    message_id text primary key,
    kind text not null check (kind in ('reminder', 'feedback')),
    queue_id text not null,
    learner_id bigint not null,
    course_id bigint not null,
    course_module_id bigint,
    week_start date,
    reason text not null,
    channel text not null check (channel in ('smtp', 'moodle')),
    state text not null check (state in ('claimed', 'sent', 'failed', 'refused')),
    attempt_count integer not null,
    claimed_at timestamptz not null,
    sent_at timestamptz,
    error text
);
create table if not exists outreach.opt_outs (
    learner_id bigint not null,
    kind text check (kind in ('reminder', 'feedback')),
    since timestamptz not null,
    unique nulls not distinct (learner_id, kind)
);
comment on schema outreach is 'What was sent to whom, and who wants nothing: written by moodle-analytics alone';
comment on column outreach.messages.state is 'claimed: about to go out, or it went and nobody knows whether it arrived; failed: surely not accepted, may be tried again';
comment on column outreach.opt_outs.kind is 'NULL: messages of every kind';
"""  # noqa: E501

# One namespace for all locks of messages: of two runs, only one may have a message in its hands.
_KEY = "hashtextextended('moodle-analytics outreach ' || {}, 0)"
_LOCK = _KEY.format("%(message_id)s")


@dataclass(frozen=True)
class Entry:
    """What the record has of a message: its state, how often it was tried, the latest fault.

    `is_in_hand`: a run that lives is sending it now.
    """

    state: State
    attempt_count: int
    error: str | None
    is_in_hand: bool


def prepare(connection: Connection) -> None:
    """Make the schema and its tables where they are not there, and commit every statement alone."""
    connection.autocommit = True
    with connection.cursor() as cursor:
        # Two runs that begin at once must not both make the schema.
        cursor.execute("select pg_advisory_lock(hashtextextended('moodle-analytics outreach', 0))")
        try:
            if not _has_tables(cursor):
                cursor.execute(_TABLES)
        finally:
            cursor.execute(
                "select pg_advisory_unlock(hashtextextended('moodle-analytics outreach', 0))"
            )
        # A claim must survive even a crash of the server.
        cursor.execute("set synchronous_commit = on; set idle_session_timeout = 0")


def entries(connection: Connection, messages: Sequence[Message]) -> dict[str, Entry]:
    """Give what the record has of these messages, by message_id; nothing where there is none."""
    query = f"""
        select message_id, state, attempt_count, error, {_KEY.format("message_id")} in (
            select (classid::bigint << 32) | objid::bigint
            from pg_locks
            inner join pg_database on pg_database.oid = pg_locks.database
            where locktype = 'advisory' and objsubid = 1 and datname = current_database()
        )
        from outreach.messages
        where message_id = any(%(ids)s)
    """  # noqa: S608
    with connection.cursor() as cursor:
        if not _has_tables(cursor):
            return {}
        cursor.execute(query, {"ids": [message.message_id for message in messages]})
        return {message_id: Entry(*row) for message_id, *row in cursor.fetchall()}


def opted_out(connection: Connection, kind: Kind) -> set[int]:
    """Give the learners who want no messages of this kind."""
    query = "select learner_id from outreach.opt_outs where kind is null or kind = %(kind)s"
    with connection.cursor() as cursor:
        if not _has_tables(cursor):
            return set()
        cursor.execute(query, {"kind": kind})
        return {learner_id for (learner_id,) in cursor.fetchall()}


def claim(
    connection: Connection, message: Message, channel: ChannelName, seen: Entry | None
) -> bool:
    """Take a message in hand, before it goes out; False where another run was quicker.

    `seen` is the entry that the caller decided upon: where it changed since, the claim fails.
    """
    values = {**vars(message), "message_id": message.message_id, "channel": channel}
    values |= {"state": seen and seen.state, "attempt_count": seen and seen.attempt_count}
    if not _one(connection, f"select pg_try_advisory_lock({_LOCK})", values):
        return False
    claimed = _one(
        connection,
        """
        insert into outreach.messages as earlier (
            message_id, kind, queue_id, learner_id, course_id, course_module_id, week_start,
            reason, channel, state, attempt_count, claimed_at
        )
        values (
            %(message_id)s, %(kind)s, %(queue_id)s, %(learner_id)s, %(course_id)s,
            %(course_module_id)s, %(week_start)s, %(reason)s, %(channel)s, 'claimed', 1,
            clock_timestamp()
        )
        on conflict (message_id) do update set
            state = 'claimed', channel = excluded.channel,
            attempt_count = earlier.attempt_count + 1, claimed_at = excluded.claimed_at,
            error = null
        where earlier.state = %(state)s and earlier.attempt_count = %(attempt_count)s
        returning true
        """,
        values,
    )
    if not claimed:
        _unlock(connection, message)
    return bool(claimed)


def mark(connection: Connection, message: Message, state: State, error: str | None = None) -> None:
    """Write down what became of a claimed message, and let go of it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            update outreach.messages set state = %(state)s, error = %(error)s,
                sent_at = case when %(state)s = 'sent' then clock_timestamp() end
            where message_id = %(message_id)s
            """,
            {"message_id": message.message_id, "state": state, "error": error},
        )
    _unlock(connection, message)


def release(connection: Connection, message: Message, seen: Entry | None) -> None:
    """Undo the claim of a message that surely did not leave: the record is as it was before."""
    values = {"message_id": message.message_id, **(vars(seen) if seen else {})}
    with connection.cursor() as cursor:
        if seen is None:
            cursor.execute(
                "delete from outreach.messages where message_id = %(message_id)s", values
            )
        else:
            cursor.execute(
                "update outreach.messages set state = %(state)s, error = %(error)s, "
                "attempt_count = %(attempt_count)s where message_id = %(message_id)s",
                values,
            )
    _unlock(connection, message)


def opt_out(connection: Connection, learner_id: int, kind: Kind | None) -> bool:
    """Write down that a learner wants no messages (of this kind); False where it stood already."""
    query = (
        "insert into outreach.opt_outs values (%(learner)s, %(kind)s, clock_timestamp()) "
        "on conflict do nothing returning true"
    )
    return bool(_one(connection, query, {"learner": learner_id, "kind": kind}))


def undo_opt_out(connection: Connection, learner_id: int, kind: Kind | None) -> bool:
    """Let messages (of this kind; None: of all) go to a learner again; False where none stood."""
    query = (
        "with undone as (delete from outreach.opt_outs where learner_id = %(learner)s "
        "and (%(kind)s::text is null or kind = %(kind)s) returning 1) "
        "select count(*) > 0 from undone"
    )
    return bool(_one(connection, query, {"learner": learner_id, "kind": kind}))


def _has_tables(cursor: Any) -> bool:
    cursor.execute(
        "select to_regclass('outreach.messages') is not null "
        "and to_regclass('outreach.opt_outs') is not null"
    )
    return bool(cursor.fetchone()[0])


def _unlock(connection: Connection, message: Message) -> None:
    values = {"message_id": message.message_id}
    _one(connection, f"select pg_advisory_unlock({_LOCK})", values)


def _one(connection: Connection, query: str, values: dict[str, Any]) -> Any:
    """Give the first value of the first row; None where there is no row."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        row = cursor.fetchone()
    return row[0] if row else None
