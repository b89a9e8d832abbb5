"""What is due, read from the marts: texts, times and states are theirs, none is made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

from moodle_analytics.errors import UserError
from moodle_analytics.schemas import Schemas

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

Kind = Literal["reminder", "feedback"]
ChannelName = Literal["smtp", "moodle"]


@dataclass(frozen=True)
class Message:
    """A row of a queue. `reason` is the reminder's offset or the week's status.

    `about` names the activity or the week for people; `due_at` (its deadline) and `send_at` are
    written in the learner's own zone, empty where there is none.
    """

    kind: Kind
    queue_id: str
    learner_id: int
    course_id: int
    course_module_id: int | None
    week_start: date | None
    reason: str
    about: str
    due_at: str
    send_at: str
    subject: str
    text: str

    @property
    def message_id(self) -> str:
        """The one key of this message in the record."""
        return f"{self.kind} {self.queue_id}"


@dataclass(frozen=True)
class Person:
    """A user as Moodle has it now; the address is shown nowhere."""

    is_deleted: bool
    is_suspended: bool
    email: str | None = field(repr=False)

    @property
    def absence(self) -> str | None:
        """Why no message of any kind may go to this person; None where one may."""
        if self.is_deleted:
            return "deleted in Moodle"
        return "suspended in Moodle" if self.is_suspended else None


def due_reminders(
    connection: Connection, schemas: Schemas, at: datetime, course_id: int | None
) -> list[Message]:
    """Read the reminders whose time has come at `at` and is not over, the earliest first."""
    rows = _rows(
        connection,
        """
        select 'reminder', reminder_id, learner_id, course_id, course_module_id, null::date,
            offset_code, activity_name,
            coalesce(to_char(due_at at time zone timezone, %(form)s), ''),
            to_char(send_at at time zone timezone, %(form)s), subject, message
        from {marts}.fct_reminders
        where send_at <= %(at)s and expires_at > %(at)s
            and (%(course)s::bigint is null or course_id = %(course)s)
        order by send_at, reminder_id
        """,
        schemas,
        {"at": at, "course": course_id, "form": "YYYY-MM-DD HH24:MI"},
    )
    return [Message(*row) for row in rows]


def week_feedback(
    connection: Connection, schemas: Schemas, week: date, course_id: int | None
) -> list[Message]:
    """Read the feedback of the week that begins on `week`, by course and learner."""
    rows = _rows(
        connection,
        """
        select 'feedback', feedback_id, learner_id, course_id, null::bigint, week_start,
            status, 'week of ' || week_start, '', '', subject, message
        from {marts}.fct_feedback
        where week_start = %(week)s and (%(course)s::bigint is null or course_id = %(course)s)
        order by course_id, learner_id, feedback_id
        """,
        schemas,
        {"week": week, "course": course_id},
    )
    return [Message(*row) for row in rows]


def latest_week(connection: Connection, schemas: Schemas, at: datetime | None) -> date:
    """Give the Monday of the latest week that the data hold whole, before `at` where given.

    Raises UserError where there is none.
    """
    [(week,)] = _rows(
        connection,
        """
        select max(week_start) from {marts}.dim_weeks
        where is_observed and not is_partial_week
            and (%(at)s::timestamptz is null or week_end < (%(at)s at time zone 'UTC')::date)
        """,
        schemas,
        {"at": at},
    )
    if week is None:
        raise UserError("The data hold no complete week to give feedback on: name one with --week.")
    found: date = week
    return found


def end_of_data(connection: Connection, schemas: Schemas) -> datetime | None:
    """Give the instant of the last event of any learner; None where there is none."""
    query = "select max(last_event_at) from {marts}.dim_learners"
    [(end,)] = _rows(connection, query, schemas, {})
    found: datetime | None = end
    return found


def person_of(connection: Connection, schemas: Schemas, learner_id: int) -> Person | None:
    """Read the user with the address, straight from Moodle's own table; None where absent."""
    rows = _rows(
        connection,
        """
        select coalesce(is_deleted, false), coalesce(is_suspended, false), email
        from {staging}.stg_moodle__users where user_id = %(learner)s
        """,
        schemas,
        {"learner": learner_id},
    )
    return Person(*rows[0]) if rows else None


def absences(
    connection: Connection, schemas: Schemas, learner_ids: Sequence[int]
) -> dict[int, str]:
    """Say of which of these learners Moodle has no user to write to, and why; reads no address."""
    rows = _rows(
        connection,
        """
        select user_id, coalesce(is_deleted, false), coalesce(is_suspended, false)
        from {staging}.stg_moodle__users where user_id = any(%(learners)s)
        """,
        schemas,
        {"learners": list(learner_ids)},
    )
    people = {user_id: Person(is_deleted, gone, None) for user_id, is_deleted, gone in rows}
    return {
        learner_id: reason
        for learner_id in learner_ids
        if (reason := absence_of(people.get(learner_id)))
    }


def absence_of(person: Person | None) -> str | None:
    """Why nothing may go to this person, who may not exist at all; None where it may."""
    return "no such user in Moodle" if person is None else person.absence


def _rows(connection: Connection, query: str, schemas: Schemas, values: Any) -> list[Any]:
    import psycopg2
    from psycopg2 import sql

    marts, staging = sql.Identifier(schemas.marts), sql.Identifier(schemas.staging)
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql.SQL(query).format(marts=marts, staging=staging), values)
        except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn) as error:
            missing = str(error).splitlines()[0].removeprefix("ERROR:").strip()
            raise UserError(
                f"The marts are not built yet, or by an older version ({missing}): "
                "run `moodle-analytics build` first."
            ) from None
        return cursor.fetchall()
