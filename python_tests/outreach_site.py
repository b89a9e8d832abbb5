"""What the tests of outreach share: a small queue, and what a command does with it."""

from __future__ import annotations

from collections.abc import Callable

from conftest import run
from moodle_analytics import database

# The columns that the commands read, as the models name them; addresses of a made domain.
QUEUE = """
create schema marts;
create schema staging;
create table marts.fct_reminders (
    reminder_id text primary key, learner_id bigint not null, course_id bigint not null,
    course_module_id bigint not null, offset_code text not null, submission_state text not null,
    course_name text, activity_name text, language text, timezone text not null,
    subject text not null, message text not null, delivery_state text, due_at timestamptz,
    send_at timestamptz not null, expires_at timestamptz not null, delivered_at timestamptz
);
create table marts.fct_feedback (
    feedback_id text primary key, learner_id bigint not null, course_id bigint not null,
    week_start date not null, status text not null, reason_1 text, reason_2 text, praise text,
    next_activity_name text, next_due_at timestamptz, peer_median_active_days numeric,
    next_step text, language text, subject text not null, message text not null,
    delivery_state text, delivered_at timestamptz
);
create table marts.dim_learners (learner_id bigint primary key, last_event_at timestamptz);
create table marts.dim_weeks (
    week_start date primary key, week_end date, is_partial_week boolean, is_observed boolean
);
create table staging.stg_moodle__users (
    user_id bigint, email text, is_deleted boolean, is_suspended boolean
);
insert into marts.dim_learners values (11, now() - interval '1 hour'), (12, null);
insert into marts.dim_weeks values
    ('2026-02-23', '2026-03-01', true, true), ('2026-03-02', '2026-03-08', false, true),
    ('2026-03-09', '2026-03-15', false, true), ('2026-03-16', '2026-03-22', true, true);
"""


def reminders(
    *learners: int, subject: str = "Essay is due", text: str = "Dear learner, ...", course: int = 2
) -> str:
    """SQL of a due reminder for each learner, who is a user with an address."""

    def quoted(value: str) -> str:
        return "'" + value.replace("'", "''") + "'"

    return "".join(
        f"""
        insert into staging.stg_moodle__users
        values ({learner}, 'learner{learner}@mail.test', false, false);
        insert into marts.fct_reminders values (
            '{learner}-70-before_48h', {learner}, {course}, 70, 'before_48h', 'open', 'Data',
            'Essay [1]', 'en', 'Asia/Tokyo', {quoted(subject)}, {quoted(text)}, null,
            now() + interval '47 hours', now() - interval '1 hour', now() + interval '1 day', null
        );
        """
        for learner in learners
    )


def feedback(*learners: int, week: str = "2026-03-09") -> str:
    """SQL of feedback for each learner, who is a user with an address."""
    return "".join(
        f"""
        insert into staging.stg_moodle__users
        values ({learner}, 'learner{learner}@mail.test', false, false);
        insert into marts.fct_feedback (
            feedback_id, learner_id, course_id, week_start, status, subject, message
        )
        values ('{learner}-2-{week}', {learner}, 2, '{week}', 'doing_ok', 'Your week', 'Well done');
        """
        for learner in learners
    )


MakeQueue = Callable[[str], database.Server]


def states(server: database.Server) -> dict[str, str]:
    """The record's states by the learner's id, as "sent 1": the state and the number of tries."""
    rows = run(
        server,
        server.database,
        "select learner_id, state || ' ' || attempt_count from outreach.messages order by 1",
    )
    return {str(learner): str(state) for learner, state in rows}


def is_one_sentence(text: str) -> bool:
    """Whether only the message of an error was printed, in one line."""
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) == 1 and lines[0].startswith("moodle-analytics: ") and "Error:" not in text
