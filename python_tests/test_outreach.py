"""Lists, guards, limits, opt-outs and the record of outreach, against a real mail server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from commands import Command
from conftest import run
from moodle_analytics import database
from moodle_analytics.outreach import queue, record
from moodle_analytics.outreach.job import parse_time
from moodle_analytics.schemas import Schemas
from outreach_servers import MailServer
from outreach_site import (
    MakeQueue,
    feedback,
    is_one_sentence,
    reminders,
    states,
)

pytest_plugins = ["outreach_fixtures"]
pytestmark = pytest.mark.database


def outreach_schemas(server: database.Server) -> list[tuple[object, ...]]:
    return run(server, "queue", "select 1 from pg_namespace where nspname = 'outreach'")


# Lists


def test_a_list_shows_what_is_due_and_writes_nothing(
    make_queue: MakeQueue, command: Command
) -> None:
    server = make_queue(
        reminders(11, 12)
        + """
        update staging.stg_moodle__users set is_suspended = true where user_id = 12;
        insert into marts.fct_reminders select 'later', learner_id, course_id, course_module_id,
            offset_code, submission_state, course_name, 'Later', language, timezone, subject,
            message, null, due_at, now() + interval '1 minute', expires_at, null
        from marts.fct_reminders where learner_id = 11;
        insert into marts.fct_reminders select 'over', learner_id, course_id, course_module_id,
            offset_code, submission_state, course_name, 'Over', language, timezone, subject,
            message, null, due_at, send_at, now() - interval '1 minute', null
        from marts.fct_reminders where learner_id = 11 and reminder_id <> 'later';
        """
    )
    result = command("remind")
    assert (result.code, result.err) == (0, "")
    assert "Essay [1]" in result.out
    assert "Later" not in result.out
    assert "Over" not in result.out
    assert "1 reminder would go out now" in result.out
    assert "1 skipped (1 suspended in Moodle)" in result.out
    assert "@" not in result.out
    assert outreach_schemas(server) == []


def test_times_of_a_list_are_the_learners(make_queue: MakeQueue, command: Command) -> None:
    make_queue(
        reminders(11) + "update marts.fct_reminders set send_at = '2026-03-02 00:00+00', "
        "due_at = '2026-03-04 14:59+00', expires_at = '2026-03-03 00:00+00'"
    )
    result = command("remind", "--at", "2026-03-02T09:00+09:00")
    assert "2026-03-02 09:00" in result.out
    assert "2026-03-04 23:59" in result.out
    # The end of the time is out, and so is the moment before its beginning.
    for moment in ("2026-03-03T00:00", "2026-03-01T23:59:59"):
        assert "0 reminders would go out now." in command("remind", "--at", moment).out


def test_feedback_is_of_the_latest_complete_week(make_queue: MakeQueue, command: Command) -> None:
    make_queue(
        feedback(11)
        + feedback(12, week="2026-03-02")
        + feedback(13, week="2026-03-16")
        + feedback(14, week="2026-02-23")
    )
    assert "2026-03-09" in command("feedback").out
    assert "2026-03-02" in command("feedback", "--week", "2026-03-08").out
    assert "2026-03-02" in command("feedback", "--at", "2026-03-15T12:00").out
    assert "2026-03-09" in command("feedback", "--at", "2026-03-16T12:00").out
    early = command("feedback", "--at", "2026-03-01T12:00")
    assert early.code == 2
    assert "no complete week" in early.err


def test_one_course_alone(make_queue: MakeQueue, command: Command) -> None:
    make_queue(reminders(11) + reminders(12, course=3))
    assert "1 reminder would" in command("remind", "--course", "3").out
    assert "0 reminders would" in command("remind", "--course", "4").out


# Sending


def test_a_message_goes_out_once_and_is_written_down(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    server = make_queue(reminders(11, 12) + feedback(13))
    result = command("remind", "--send", "smtp")
    assert (result.code, result.err) == (0, "")
    assert "Sent 2 reminders; 0 refused; 0 failed." in result.out
    assert mail.recipients == ["learner11@mail.test", "learner12@mail.test"]
    assert mail.connections == 1
    again = command("remind", "--send", "smtp")
    assert (again.code, len(mail.delivered)) == (0, 2)
    assert "0 reminders would" in command("remind").out
    assert command("feedback", "--send", "smtp").code == 0
    assert mail.recipients[-1] == "learner13@mail.test"
    columns = (
        "message_id, kind, queue_id, learner_id, course_id, course_module_id, week_start::text, "
        "reason, channel, state, attempt_count, error"
    )
    rows = run(server, "queue", f"select {columns} from outreach.messages order by learner_id")
    assert rows[0] == (
        *("reminder 11-70-before_48h", "reminder", "11-70-before_48h", 11, 2, 70, None),
        *("before_48h", "smtp", "sent", 1, None),
    )
    assert rows[2] == (
        *("feedback 13-2-2026-03-09", "feedback", "13-2-2026-03-09", 13, 2, None, "2026-03-09"),
        *("doing_ok", "smtp", "sent", 1, None),
    )
    timed = "select bool_and(claimed_at <= sent_at and now() - sent_at < '1 min') "
    assert run(server, "queue", timed + "from outreach.messages") == [(True,)]
    [(everything,)] = run(
        server, "queue", "select string_agg(m::text, ' ') from outreach.messages m"
    )
    assert "mail.test" not in str(everything)


def test_the_limit_leaves_the_rest_for_the_next_run(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    make_queue(reminders(11, 12, 13, 14, 15))
    first = command("remind", "--send", "smtp", "--limit", "2")
    assert first.code == 0
    assert "3 left for the next run" in first.out
    assert mail.recipients == ["learner11@mail.test", "learner12@mail.test"]
    assert command("remind", "--send", "smtp", "--limit", "3").code == 0
    assert len(mail.delivered) == 5


def test_who_cannot_be_written_to_is_skipped_with_the_reason(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    server = make_queue(
        reminders(11, 12, 13, 14, 15, 16, 17)
        + """
        update staging.stg_moodle__users set is_suspended = true where user_id = 12;
        update staging.stg_moodle__users set is_deleted = true where user_id = 13;
        update staging.stg_moodle__users set email = null where user_id = 14;
        update staging.stg_moodle__users set email = E'a@b.test\\r\\nRCPT TO:<c@d.test>'
        where user_id = 15;
        update staging.stg_moodle__users set email = 'x@nowhere.invalid' where user_id = 16;
        delete from staging.stg_moodle__users where user_id = 17;
        """
    )
    result = command("remind", "--send", "smtp")
    assert result.code == 0
    assert mail.recipients == ["learner11@mail.test"]
    assert (
        "6 skipped (1 deleted in Moodle, 1 no e-mail address, 1 no such user in Moodle, "
        "2 no valid e-mail address, 1 suspended in Moodle)" in result.out
    )
    assert states(server) == {"11": "sent 1"}


def test_opt_outs_hold_in_lists_and_sending(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    server = make_queue(reminders(11, 12, 13) + feedback(14))
    assert command("opt-out", "11").out == "Learner 11 gets no messages.\n"
    assert command("opt-out", "11").out == "Learner 11 gets no messages, as before.\n"
    assert command("opt-out", "12", "--kind", "reminder").out == "Learner 12 gets no reminders.\n"
    command("opt-out", "13", "--kind", "feedback")
    assert "2 skipped (2 opted out)" in command("remind").out
    assert "2 skipped (2 opted out)" in command("remind", "--send", "smtp").out
    assert mail.recipients == ["learner13@mail.test"]
    kept = command("opt-out", "11", "--kind", "reminder", "--undo")
    assert "still gets none" in kept.out
    assert command("opt-out", "11", "--undo").out == "Learner 11 gets messages again.\n"
    command("remind", "--send", "smtp")
    assert mail.recipients == ["learner11@mail.test", "learner13@mail.test"]
    rows = run(server, "queue", "select learner_id, kind from outreach.opt_outs order by 1")
    assert rows == [(12, "reminder"), (13, "feedback")]
    unknown = command("opt-out", "99")
    assert (unknown.code, is_one_sentence(unknown.err)) == (2, True)


# Guards


def test_old_data_are_not_sent_from(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    make_queue(
        reminders(11) + "update marts.dim_learners set last_event_at = now() - interval '49 hours'"
    )
    assert "--send would refuse" in command("remind").out
    result = command("remind", "--send", "smtp")
    assert (result.code, mail.delivered) == (2, [])
    assert is_one_sentence(result.err), result.err
    assert "2 days ago" in result.err
    assert "--even-if-old" in result.err
    assert command("remind", "--send", "smtp", "--even-if-old").code == 0
    assert len(mail.delivered) == 1


def test_another_time_is_for_lists(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    make_queue(reminders(11) + "update marts.fct_reminders set expires_at = '2026-03-02 12:00+00'")
    moment = ["--at", "2026-03-02T10:00Z"]
    run_sql = "update marts.fct_reminders set send_at = '2026-03-02 09:00+00'"
    run(database.locate(), "queue", run_sql)
    result = command("remind", "--send", "smtp", *moment)
    assert (result.code, mail.delivered) == (2, [])
    assert "--even-if-old" in result.err
    assert command("remind", "--send", "smtp", *moment, "--even-if-old").code == 0
    assert len(mail.delivered) == 1
    assert command("remind", "--at", "soon").code == 2


def test_times_are_read_as_iso_8601() -> None:
    expected = parse_time("2026-03-02T08:00:00+00:00")
    assert parse_time("2026-03-02T09:00+01:00") == expected
    assert parse_time("2026-03-02T08:00") == expected
    assert parse_time("2026-03-02T08:00Z") == expected


def test_without_marts_there_is_one_sentence(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    make_queue("drop table marts.fct_reminders; alter table marts.fct_feedback drop message;")
    for arguments in (["remind"], ["remind", "--send", "smtp"], ["feedback"]):
        result = command(*arguments)
        assert result.code == 2
        assert is_one_sentence(result.err), result.err
        assert "moodle-analytics build" in result.err
    assert mail.delivered == []


def test_another_target_has_its_own_schemas(make_queue: MakeQueue, command: Command) -> None:
    make_queue(
        reminders(11)
        + "alter schema marts rename to dev_marts; alter schema staging rename to dev_staging;"
    )
    assert command("remind").code == 2
    assert "1 reminder would" in command("remind", "--target", "dev").out


@pytest.mark.parametrize("kind", ["smtp", "moodle"])
def test_missing_settings_are_named(
    make_queue: MakeQueue, command: Command, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    server = make_queue(reminders(11))
    for name in ("SMTP_HOST", "SMTP_FROM", "MOODLE_URL", "MOODLE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    result = command("remind", "--send", kind)
    assert result.code == 2
    assert is_one_sentence(result.err), result.err
    for name in ("SMTP_HOST", "SMTP_FROM") if kind == "smtp" else ("MOODLE_URL", "MOODLE_TOKEN"):
        assert name in result.err
    assert outreach_schemas(server) == []


# The record


def test_a_claim_is_of_what_was_seen(make_queue: MakeQueue) -> None:
    """Of two runs that saw the same, one gets the message; who saw an older state gets nothing."""
    server = make_queue(reminders(11))
    one, other = database.connect(server), database.connect(server)
    record.prepare(one)
    record.prepare(other)
    [message] = queue.due_reminders(one, Schemas(), datetime.now(UTC), None)
    assert record.claim(one, message, "smtp", None)
    assert not record.claim(other, message, "smtp", None)
    in_hand = record.entries(other, [message])[message.message_id]
    assert (in_hand.state, in_hand.is_in_hand) == ("claimed", True)
    # The first run is alive: not even --resend-claimed takes the message out of its hands.
    assert not record.claim(other, message, "smtp", in_hand)
    one.close()
    third = database.connect(server)
    record.prepare(third)
    assert record.claim(other, message, "smtp", in_hand)
    record.mark(other, message, "claimed", "unclear")
    assert not record.claim(third, message, "smtp", in_hand), "it was tried again meanwhile"
    now = record.entries(third, [message])[message.message_id]
    assert now == record.Entry("claimed", 2, "unclear", is_in_hand=False)
    assert record.claim(third, message, "moodle", now)
    record.release(third, message, now)
    assert record.entries(third, [message])[message.message_id] == now
    other.close()
    third.close()
