"""The commands' work: what was asked for, the guards, the list or the sending, the exit code."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from moodle_analytics import database
from moodle_analytics.errors import UserError
from moodle_analytics.outreach import queue, record, report, run
from moodle_analytics.outreach.queue import ChannelName, Kind, Message
from moodle_analytics.schemas import Schemas

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

    from moodle_analytics.outreach.channel import Channel

# Messages made of older data would tell people of deadlines that they have met meanwhile.
_OLDEST_DATA = timedelta(hours=48)


@dataclass(frozen=True)
class Order:
    """What a command was asked for; `at` is the time to pretend, `week` any day of the week."""

    kind: Kind
    channel: ChannelName | None
    at: datetime | None
    limit: int
    course_id: int | None
    week: date | None
    resend_claimed: bool
    even_if_old: bool
    database: str | None
    schemas: Schemas


def parse_time(text: str | None) -> datetime | None:
    """Read a time in ISO 8601, in UTC where it names no zone. Raises UserError."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(
            f"--at takes a time as 2026-03-02T09:00+01:00 (UTC without a zone), not {text!r}."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def execute(order: Order) -> bool:
    """List what would go out, or send it; whether something went wrong that needs a look.

    Raises UserError where it could not run.
    """
    if order.channel is None:
        with _readable(order.database) as link:
            return _list(link, order)
    if order.at and not order.even_if_old:
        raise UserError(
            "--at is for lists and rehearsals: to send as if it were another time, "
            "give --even-if-old too."
        )
    channel = _channel(order.channel)
    with _writable(order.database) as link, contextlib.closing(channel):
        return _send(link, order, channel)


def change_opt_out(
    learner_id: int, kind: Kind | None, *, undo: bool, database_name: str | None, schemas: Schemas
) -> str:
    """Write down an opt-out, or undo it; says what holds now. Raises UserError."""
    of_kind = {None: "messages", "reminder": "reminders", "feedback": "feedback"}[kind]
    with _writable(database_name) as connection:
        if undo:
            stood = record.undo_opt_out(connection, learner_id, kind)
            if learner_id in record.opted_out(connection, kind or "reminder"):
                return (
                    f"Learner {learner_id} still gets none: the opt-out is of all messages "
                    "(--undo without --kind takes that back)."
                )
            before = "" if stood else " as before: no opt-out stood"
            return f"Learner {learner_id} gets {of_kind} again{before}."
        if queue.person_of(connection, schemas, learner_id) is None:
            raise UserError(f"Moodle has no user {learner_id}: give the learner_id of the marts.")
        is_new = record.opt_out(connection, learner_id, kind)
    return f"Learner {learner_id} gets no {of_kind}{'' if is_new else ', as before'}."


def _list(connection: Connection, order: Order) -> bool:
    messages = _due(connection, order)
    planned = run.plan(connection, order.schemas, messages, resend_claimed=order.resend_claimed)
    report.print_plan(order.kind, planned, order.limit)
    end = queue.end_of_data(connection, order.schemas)
    if order.kind == "reminder" and order.at and end and order.at < end:
        report.print_note(
            f"The queue is that of the data's end, {end.astimezone(UTC):%Y-%m-%d %H:%M} UTC: "
            "reminders that were over by then are not in it."
        )
    if reason := _staleness(connection, order.schemas):
        report.print_note(f"{reason} --send would refuse to send from them.")
    return bool(planned.claimed)


def _send(connection: Connection, order: Order, channel: Channel) -> bool:
    if not order.even_if_old and (reason := _staleness(connection, order.schemas)):
        raise UserError(
            f"{reason} Load and build newer data first, or send all the same with --even-if-old."
        )
    messages = _due(connection, order)
    planned = run.plan(connection, order.schemas, messages, resend_claimed=order.resend_claimed)
    if planned.ready:
        run.open_channel(channel)
    count = min(len(planned.ready), order.limit)
    with report.progress(order.kind, count) as advance:
        tally = run.send(
            connection, order.schemas, planned, channel, limit=order.limit, advance=advance
        )
    now = record.entries(connection, messages)
    claimed = sum(entry.state == "claimed" and not entry.is_in_hand for entry in now.values())
    report.print_tally(order.kind, tally, claimed)
    if tally.halted:
        raise tally.halted
    return bool(tally.refused or tally.failed or tally.stopped or claimed)


def _due(connection: Connection, order: Order) -> list[Message]:
    if order.kind == "reminder":
        at = order.at or datetime.now(UTC)
        return queue.due_reminders(connection, order.schemas, at, order.course_id)
    day = order.week or queue.latest_week(connection, order.schemas, order.at)
    monday = day - timedelta(days=day.weekday())
    return queue.week_feedback(connection, order.schemas, monday, order.course_id)


def _staleness(connection: Connection, schemas: Schemas) -> str | None:
    """Say that the data are too old to write to people about; None where they are fresh."""
    end = queue.end_of_data(connection, schemas)
    if end is None:
        return "The data hold no event of any learner."
    age = datetime.now(UTC) - end
    if age <= _OLDEST_DATA:
        return None
    return f"The data end at {end.astimezone(UTC):%Y-%m-%d %H:%M} UTC, {age.days} days ago."


def _channel(name: ChannelName) -> Channel:
    if name == "smtp":
        from moodle_analytics.outreach import mail, smtp

        return smtp.SmtpChannel(mail.settings_from(os.environ))
    from moodle_analytics.outreach import moodle

    return moodle.MoodleChannel(moodle.settings_from(os.environ))


@contextlib.contextmanager
def _readable(name: str | None) -> Iterator[Connection]:
    """Give a connection that cannot write."""
    import psycopg2

    try:
        with closing(database.connect(database.locate(), name, readonly=True)) as connection:
            yield connection
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"The marts or the record of messages cannot be read: {reason}.") from None


@contextlib.contextmanager
def _writable(name: str | None) -> Iterator[Connection]:
    """Give a connection for the record, with its tables; the database is not replaced meanwhile."""
    import psycopg2

    server = database.locate()
    try:
        with (
            closing(database.connect(server, name)) as connection,
            database.kept_in_place(server, name or server.database),
        ):
            record.prepare(connection)
            yield connection
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"The record of messages in schema outreach cannot be written: {reason} (a message "
            "that was on its way stands claimed; the role needs create on the database)."
        ) from None
