"""What Moodle's web service may answer, and what is made of it."""

from __future__ import annotations

import pytest

from commands import Command
from moodle_analytics.errors import UserError
from moodle_analytics.outreach import moodle as outreach_moodle
from outreach_servers import (
    TOKEN,
    MoodleServer,
    Reply,
    be_slow,
    fault,
    free_port,
    hang_up,
    say,
    take_and_hang_up,
)
from outreach_site import MakeQueue, is_one_sentence, reminders, states
from test_outreach_smtp import errors

pytest_plugins = ["outreach_fixtures"]
SEND = ("remind", "--send", "moodle")
PAGE = "<!DOCTYPE html><html><body>Log in as Lina Haddad</body></html>"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outreach_moodle, "_TIMEOUT", (1, 1))
    monkeypatch.setattr(outreach_moodle, "_LONGEST_WAIT", 0.01)


@pytest.mark.database
def test_a_message_goes_out_once(
    make_queue: MakeQueue, moodle: MoodleServer, command: Command
) -> None:
    text = "ሰላም Zoë & co = 100 %\n\n+1 👋"
    server = make_queue(
        reminders(11, 12, text=text)
        + "update staging.stg_moodle__users set email = null where user_id = 12"
    )
    assert command(*SEND).code == 0
    assert command(*SEND).code == 0
    assert moodle.delivered == [(11, text), (12, text)]
    assert states(server) == {"11": "sent 1", "12": "sent 1"}
    assert moodle.forms[0] == {
        "wstoken": TOKEN,
        "wsfunction": "core_message_send_instant_messages",
        "moodlewsrestformat": "json",
        "messages[0][touserid]": "11",
        "messages[0][text]": text,
        "messages[0][textformat]": "2",
        "messages[0][clientmsgid]": "reminder 11-70-before_48h",
    }
    assert set(moodle.paths) == {"POST /moodle/webservice/rest/server.php"}


@pytest.mark.database
def test_a_learner_who_cannot_be_messaged(
    make_queue: MakeQueue, moodle: MoodleServer, command: Command
) -> None:
    server = make_queue(reminders(11, 12))
    words = '[{"msgid": -1, "errormessage": "You cannot message Lina Haddad"}]'
    moodle.replies = [say(200, words)]
    result = command(*SEND)
    assert result.code == 1
    assert "1 refused" in result.out
    assert states(server) == {"11": "refused 1", "12": "sent 1"}
    assert "Lina" not in str(errors(server)) + result.out
    assert command(*SEND).code == 0
    assert len(moodle.forms) == 2


@pytest.mark.database
@pytest.mark.parametrize(
    "code",
    ["invalidtoken", "accessexception", "servicenotavailable", "sitemaintenance", "wsaccessuserx"],
)
def test_faults_of_the_service_stop_the_run_and_lose_nothing(
    make_queue: MakeQueue, moodle: MoodleServer, command: Command, code: str
) -> None:
    server = make_queue(reminders(11, 12, 13))
    moodle.replies = [say(200, '[{"msgid": 9}]'), fault(code, f"the token {TOKEN} is no good")]
    result = command(*SEND)
    assert result.code == 2
    assert is_one_sentence(result.err), result.err
    assert code in result.err
    assert TOKEN not in result.err + result.out
    assert "Sent 1 reminder; 0 refused; 0 failed; 2 left for the next run." in result.out
    assert states(server) == {"11": "sent 1"}
    assert command(*SEND).code == 0
    assert [learner for learner, _ in moodle.delivered] == [12, 13]


@pytest.mark.database
def test_a_wrong_token(
    make_queue: MakeQueue,
    moodle: MoodleServer,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = make_queue(reminders(11))
    monkeypatch.setenv("MOODLE_TOKEN", "another0token")
    result = command(*SEND)
    assert result.code == 2
    assert "MOODLE_TOKEN" in result.err
    assert "another0token" not in result.err
    assert (states(server), moodle.delivered) == ({}, [])


# Answers after which nobody knows; each may come after Moodle stored the message.
UNCLEAR: dict[str, tuple[Reply, str]] = {
    "page": (say(200, PAGE, "text/html"), "answered a page"),
    "notice before the answer": (say(200, "<br>Notice: x[{'msgid': 4}]"), "answered a page"),
    "nothing": (say(200, ""), "answered nothing"),
    "words": (say(200, "OK"), "answered no JSON"),
    "other JSON": (say(200, '{"msgid": 4}'), "does not say"),
    "no number": (say(200, '[{"errormessage": "x"}]'), "does not say"),
    "null": (say(200, "null"), "does not say"),
    "unknown fault": (fault("dmlwriteexception"), "error dmlwriteexception"),
    "strange fault": (fault("<b>Lina</b>"), "error unnamed"),
    "500": (say(500, PAGE, "text/html"), "HTTP 500"),
    "502": (say(502, PAGE, "text/html"), "HTTP 502"),
    "504": (say(504, PAGE, "text/html"), "HTTP 504"),
    "no answer": (hang_up, "lost before its answer"),
    "delivered, no answer": (take_and_hang_up, "lost before its answer"),
    "late": (be_slow, "not in time"),
}


@pytest.mark.database
@pytest.mark.parametrize("name", UNCLEAR)
def test_unclear_answers_stand_claimed(
    make_queue: MakeQueue, moodle: MoodleServer, command: Command, name: str
) -> None:
    server = make_queue(reminders(11, 12))
    reply, words = UNCLEAR[name]
    moodle.replies = [reply]
    result = command(*SEND)
    assert result.code == 1
    assert "1 reminder stands claimed" in result.out
    assert states(server) == {"11": "claimed 1", "12": "sent 1"}
    assert words in str(errors(server)[0])
    assert "Lina" not in str(errors(server)[0])
    calls = len(moodle.forms)
    assert command(*SEND).code == 1
    assert len(moodle.forms) == calls == 2
    assert command(*SEND, "--resend-claimed").code == 0
    assert states(server)["11"] == "sent 2"


@pytest.mark.database
def test_a_site_that_answers_nonsense_ends_the_run(
    make_queue: MakeQueue, moodle: MoodleServer, command: Command
) -> None:
    server = make_queue(reminders(11, 12, 13, 14, 15))
    moodle.replies = [say(200, PAGE)] * 5
    result = command(*SEND)
    assert result.code == 1
    assert "Ended early" in result.out
    assert "2 left for the next run" in result.out
    assert states(server) == dict.fromkeys(("11", "12", "13"), "claimed 1")


@pytest.mark.database
@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_a_site_that_is_busy_is_waited_for(
    make_queue: MakeQueue, moodle: MoodleServer, command: Command, status: int
) -> None:
    server = make_queue(reminders(11))
    moodle.replies = [say(status, PAGE, Retry_After="2"), say(status, PAGE)]
    assert command(*SEND).code == 0
    assert (len(moodle.delivered), states(server)) == (1, {"11": "sent 1"})
    moodle.replies = []


@pytest.mark.database
def test_a_site_that_stays_busy(
    make_queue: MakeQueue, moodle: MoodleServer, command: Command
) -> None:
    server = make_queue(reminders(11))
    moodle.replies = [say(503, PAGE)] * 3
    result = command(*SEND)
    assert (result.code, states(server)) == (1, {"11": "failed 1"})
    assert command(*SEND).code == 0
    assert (len(moodle.delivered), states(server)) == (1, {"11": "sent 2"})


@pytest.mark.database
@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (say(301, "", Location="https://moodle.test/webservice/rest/server.php?x=1"), "redirects"),
        (say(303, "", Location="/moodle/login/index.php"), "redirects"),
        (say(403, ""), "REST protocol"),
        (say(404, PAGE), "HTTP 404"),
    ],
    ids=["301", "303", "403", "404"],
)
def test_a_wrong_address_stops_the_run(
    make_queue: MakeQueue, moodle: MoodleServer, command: Command, reply: Reply, words: str
) -> None:
    server = make_queue(reminders(11, 12))
    moodle.replies = [reply]
    result = command(*SEND)
    assert result.code == 2
    assert is_one_sentence(result.err), result.err
    assert words in result.err
    assert "x=1" not in result.err
    assert (states(server), len(moodle.paths)) == ({}, 1), "no redirect is followed"


@pytest.mark.database
def test_nobody_listens(
    make_queue: MakeQueue,
    moodle: MoodleServer,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = make_queue(reminders(11, 12, 13, 14))
    monkeypatch.setenv("MOODLE_URL", f"http://127.0.0.1:{free_port()}")
    result = command(*SEND)
    assert result.code == 1
    assert "1 left for the next run" in result.out
    assert states(server) == dict.fromkeys(("11", "12", "13"), "failed 1")
    monkeypatch.setenv("MOODLE_URL", moodle.url.replace("http:", "https:"))
    result = command(*SEND)
    assert (result.code, is_one_sentence(result.err)) == (2, True)
    assert "does not speak https" in result.err
    assert set(states(server).values()) == {"failed 1"}


def test_settings_are_checked() -> None:
    settings = outreach_moodle.settings_from(
        {"MOODLE_URL": "https://moodle.test/ ", "MOODLE_TOKEN": TOKEN}
    )
    assert settings.url == "https://moodle.test"
    assert TOKEN not in repr(settings)
    for url in (
        "moodle.test",
        "ftp://moodle.test",
        "https://",
        "https://m.test:x",
        "http://m/?a=1",
    ):
        with pytest.raises(UserError, match="MOODLE_URL"):
            outreach_moodle.settings_from({"MOODLE_URL": url, "MOODLE_TOKEN": TOKEN})


def test_waits_that_a_server_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outreach_moodle, "_LONGEST_WAIT", 60.0)
    asked = ("7", "3600", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "", None)
    assert [outreach_moodle._seconds(text) for text in asked] == [7, 60, 0, 0, 0, 0]
