"""The commands of outreach; the work stands in `job`."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from moodle_analytics.outreach.queue import Kind


class ChannelOption(StrEnum):
    """Ways to send."""

    smtp = "smtp"
    moodle = "moodle"


class KindOption(StrEnum):
    """Kinds of messages."""

    reminder = "reminder"
    feedback = "feedback"


Send = Annotated[
    ChannelOption | None,
    typer.Option("--send", help="Really send, by e-mail (smtp) or as Moodle messages (moodle)."),
]
At = Annotated[
    str | None, typer.Option(help="Pretend that it is this time (ISO 8601; UTC without a zone).")
]
Limit = Annotated[int, typer.Option(min=1, help="Most messages of one run.")]
Course = Annotated[int | None, typer.Option(help="Only this course: Moodle's id of it.")]
Resend = Annotated[
    bool,
    typer.Option("--resend-claimed", help="Send again what may or may not have been delivered."),
]
EvenIfOld = Annotated[
    bool, typer.Option("--even-if-old", help="Send though the data end over 48 hours ago.")
]
Database = Annotated[str | None, typer.Option(help="Database with the marts.")]
Target = Annotated[str | None, typer.Option(help="Target of the dbt profile that built them.")]


def remind(
    send: Send = None,
    at: At = None,
    limit: Limit = 500,
    course: Course = None,
    resend_claimed: Resend = False,
    even_if_old: EvenIfOld = False,
    database: Database = None,
    target: Target = None,
) -> None:
    """List the reminders of deadlines that are due now, or send them with --send.

    Sending never repeats a message. --send smtp reads SMTP_HOST, SMTP_PORT, SMTP_SECURITY
    (starttls, tls or none), SMTP_USER, SMTP_PASSWORD, SMTP_FROM, SMTP_FROM_NAME and
    OUTREACH_UNSUBSCRIBE from the environment; --send moodle reads MOODLE_URL and MOODLE_TOKEN.

    Exits with 1 where a message could not be delivered or stands claimed, with 2 where it could
    not run.

    Examples:

        moodle-analytics remind

        moodle-analytics remind --at 2026-03-02T09:00+01:00 --course 7

        moodle-analytics remind --send smtp --limit 50

        moodle-analytics remind --send moodle
    """
    _execute(
        kind="reminder",
        send=send,
        at=at,
        limit=limit,
        course=course,
        week=None,
        resend_claimed=resend_claimed,
        even_if_old=even_if_old,
        database=database,
        target=target,
    )


def feedback(
    send: Send = None,
    week: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="A day of the week (default: the latest complete week)."
        ),
    ] = None,
    at: At = None,
    limit: Limit = 500,
    course: Course = None,
    resend_claimed: Resend = False,
    even_if_old: EvenIfOld = False,
    database: Database = None,
    target: Target = None,
) -> None:
    """List the weekly feedback to learners, or send it with --send.

    Settings and exit codes are those of `moodle-analytics remind`.

    Examples:

        moodle-analytics feedback

        moodle-analytics feedback --week 2026-03-02 --course 7

        moodle-analytics feedback --send smtp
    """
    _execute(
        kind="feedback",
        send=send,
        at=at,
        limit=limit,
        course=course,
        week=week,
        resend_claimed=resend_claimed,
        even_if_old=even_if_old,
        database=database,
        target=target,
    )


def opt_out(
    learner: Annotated[int, typer.Argument(metavar="LEARNER_ID", help="Moodle's id of the user.")],
    kind: Annotated[
        KindOption | None, typer.Option(help="Only messages of this kind (default: all).")
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Let messages go there again.")] = False,
    database: Database = None,
    target: Target = None,
) -> None:
    """Write down that a learner wants no messages; lists and sending keep to it at once.

    Examples:

        moodle-analytics opt-out 42

        moodle-analytics opt-out 42 --kind feedback

        moodle-analytics opt-out 42 --undo
    """
    from moodle_analytics.outreach import job
    from moodle_analytics.schemas import Schemas

    typer.echo(
        job.change_opt_out(
            learner,
            kind.value if kind else None,
            undo=undo,
            database_name=database,
            schemas=Schemas.of(target),
        )
    )


def _execute(
    *,
    kind: Kind,
    send: ChannelOption | None,
    at: str | None,
    limit: int,
    course: int | None,
    week: datetime | None,
    resend_claimed: bool,
    even_if_old: bool,
    database: str | None,
    target: str | None,
) -> None:
    from moodle_analytics.outreach import job
    from moodle_analytics.schemas import Schemas

    order = job.Order(
        kind=kind,
        channel=send.value if send else None,
        at=job.parse_time(at),
        limit=limit,
        course_id=course,
        week=week.date() if week else None,
        resend_claimed=resend_claimed,
        even_if_old=even_if_old,
        database=database,
        schemas=Schemas.of(target),
    )
    if job.execute(order):
        raise typer.Exit(1)
