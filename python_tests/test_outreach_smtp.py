"""What a mail server may answer, where it may break off, and the mail itself."""

from __future__ import annotations

import email
import email.policy
import os
import ssl
import subprocess
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword

from commands import Command
from conftest import run
from moodle_analytics.errors import UserError
from moodle_analytics.outreach import mail as outreach_mail
from outreach_servers import MailServer, free_port, mail_server, smtp_settings
from outreach_site import MakeQueue, is_one_sentence, reminders, states

pytest_plugins = ["outreach_fixtures"]
SEND = ("remind", "--send", "smtp")
PASSWORD = "correct horse battery"


def address(learner: int) -> str:
    return f"learner{learner}@mail.test"


def read(data: bytes) -> EmailMessage:
    found = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def errors(server: Any) -> list[object]:
    rows = run(server, "queue", "select error from outreach.messages order by learner_id")
    return [error for (error,) in rows]


# Answers


@pytest.mark.database
def test_refused_addresses_are_not_tried_again(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    server = make_queue(reminders(11, 12, 13))
    mail.answers["rcpt", address(11)] = ["550 5.1.1 <learner11@mail.test>: no such user"]
    mail.answers["text", address(12)] = ["554 5.6.0 learner12@mail.test will not have this"]
    result = command(*SEND)
    assert result.code == 1
    assert "Sent 1 reminder; 2 refused; 0 failed." in result.out
    assert states(server) == {"11": "refused 1", "12": "refused 1", "13": "sent 1"}
    assert errors(server)[:2] == ["recipient refused: 550 5.1.1", "text refused: 554 5.6.0"]
    again = command(*SEND)
    assert (again.code, mail.recipients) == (0, [address(13)])
    assert mail.asked["rcpt", address(11)] == mail.asked["text", address(12)] == 1
    assert mail.connections == 1


@pytest.mark.database
@pytest.mark.parametrize("part", ["rcpt", "text"])
def test_greylisting_is_waited_for(
    make_queue: MakeQueue, mail: MailServer, command: Command, part: str
) -> None:
    server = make_queue(reminders(11, 12))
    mail.answers[part, address(11)] = ["450 4.2.0 try later", "451 4.7.1 greylisted", ""]
    assert command(*SEND).code == 0
    assert mail.recipients == [address(11), address(12)]
    assert states(server) == {"11": "sent 1", "12": "sent 1"}


@pytest.mark.database
def test_what_stays_greylisted_fails_and_goes_with_the_next_run(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    server = make_queue(reminders(11, 12))
    mail.answers["rcpt", address(11)] = ["450 no", "450 no", "450 no", ""]
    first = command(*SEND)
    assert first.code == 1
    assert "1 failed" in first.out
    assert states(server) == {"11": "failed 1", "12": "sent 1"}
    assert "failed" in command("remind").out
    assert command(*SEND).code == 0
    assert mail.recipients == [address(11), address(12)]
    assert states(server)["11"] == "sent 2"
    assert errors(server) == [None, None]


@pytest.mark.database
@pytest.mark.parametrize("reply", ["drop", "keep and drop"])
def test_a_connection_lost_after_the_text_is_never_sent_again_by_itself(
    make_queue: MakeQueue, mail: MailServer, command: Command, reply: str
) -> None:
    """Nobody can tell from here whether the server kept the message: both cases look alike."""
    server = make_queue(reminders(11, 12))
    mail.answers["text", address(11)] = [reply, ""]
    kept = [address(11)] if reply == "keep and drop" else []
    first = command(*SEND)
    assert first.code == 1
    assert "1 reminder stands claimed" in first.out
    assert "0 refused; 0 failed" in first.out
    assert states(server) == {"11": "claimed 1", "12": "sent 1"}
    listed = command("remind")
    assert listed.code == 1
    assert "1 reminder stands claimed" in listed.out
    assert command(*SEND).code == 1
    assert mail.recipients == [*kept, address(12)]
    assert command(*SEND, "--resend-claimed").code == 0
    assert mail.recipients == [*kept, address(11), address(12)]
    assert states(server)["11"] == "sent 2"


@pytest.mark.database
def test_a_claimed_message_that_is_not_accepted_stays_claimed(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    server = make_queue(reminders(11))
    mail.answers["text", address(11)] = ["keep and drop", "451 later"]
    command(*SEND)
    assert "1 failed" in command(*SEND, "--resend-claimed").out
    assert states(server) == {"11": "claimed 1"}
    command(*SEND)
    assert len(mail.delivered) == 1


@pytest.mark.database
def test_a_connection_lost_before_the_text_is_made_anew(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    server = make_queue(reminders(11, 12))
    mail.answers["rcpt", address(12)] = ["drop", "421 4.3.2 closing", ""]
    assert command(*SEND).code == 0
    assert mail.recipients == [address(11), address(12)]
    assert mail.connections == 3
    assert states(server) == {"11": "sent 1", "12": "sent 1"}


@pytest.mark.database
def test_a_server_that_takes_nothing_ends_the_run(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    server = make_queue(reminders(11, 12, 13, 14, 15))
    mail.answers["mail", "school@mail.test"] = ["", "452 4.3.1 full"]
    result = command(*SEND)
    assert result.code == 1
    assert "Ended early" in result.out
    assert "1 left for the next run" in result.out
    assert states(server) == {"11": "sent 1", **dict.fromkeys(("12", "13", "14"), "failed 1")}


@pytest.mark.database
def test_a_policy_is_not_the_addresss_fault(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    server = make_queue(reminders(11))
    mail.answers["rcpt", address(11)] = ["554 5.7.1 relay access denied"]
    assert command(*SEND).code == 1
    assert states(server) == {"11": "failed 1"}


@pytest.mark.database
@pytest.mark.parametrize("reply", ["553 5.7.1 not your address", "530 5.7.0 log in first"])
def test_a_sender_that_is_refused_stops_the_run(
    make_queue: MakeQueue, mail: MailServer, command: Command, reply: str
) -> None:
    server = make_queue(reminders(11, 12, 13))
    mail.answers["mail", "school@mail.test"] = ["", reply]
    result = command(*SEND)
    assert result.code == 2
    assert is_one_sentence(result.err), result.err
    assert "SMTP_FROM" in result.err
    assert "Sent 1 reminder; 0 refused; 0 failed; 2 left for the next run." in result.out
    assert states(server) == {"11": "sent 1"}, "the claim of the second is taken back"


@pytest.mark.database
def test_nobody_listens(
    make_queue: MakeQueue, mail: MailServer, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_queue(reminders(11))
    monkeypatch.setenv("SMTP_PORT", str(free_port()))
    result = command(*SEND)
    assert result.code == 2
    assert is_one_sentence(result.err), result.err
    assert "Nothing was sent" in result.err
    assert states(server) == {}
    assert mail.connections == 0


# The mail


@pytest.mark.database
def test_the_mail_says_what_the_mart_says(
    make_queue: MakeQueue, mail: MailServer, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = "ማስታወሻ: Übung „Ωmega“ läuft in 48 Stunden ab " + "ä" * 120
    text = "ሰላም Zoë,\n\n.\n..two dots\nFrom here 👋\n" + "long " * 300 + "\n"
    make_queue(reminders(11, subject=subject, text=text))
    monkeypatch.setenv("SMTP_FROM_NAME", 'Schule "Süd", Büro')
    monkeypatch.setenv("OUTREACH_UNSUBSCRIBE", "office@mail.test")
    assert command(*SEND).code == 0
    [(recipient, data)] = mail.delivered
    found = read(data)
    assert recipient == found["To"] == address(11)
    assert found["Subject"] == subject
    assert found.get_content().replace("\r\n", "\n") == text
    assert found["From"].addresses[0].display_name == 'Schule "Süd", Büro'
    assert found["From"].addresses[0].addr_spec == "school@mail.test"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["List-Unsubscribe"] == "<mailto:office@mail.test>"
    assert found["Date"].datetime.tzinfo is not None
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert data.isascii()


@pytest.mark.database
def test_no_header_can_be_smuggled_in(
    make_queue: MakeQueue, mail: MailServer, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = "Hello\r\nBcc: thief@evil.test\r\n\r\nClick here\u2028X-Evil: 1\x00"
    make_queue(reminders(11, subject=subject.replace("\x00", "\x85")))
    monkeypatch.setenv("SMTP_FROM_NAME", "School\r\nBcc: thief@evil.test")
    assert command(*SEND).code == 0
    [(_, data)] = mail.delivered
    found = read(data)
    assert found["Subject"] == "Hello Bcc: thief@evil.test Click here X-Evil: 1"
    names = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]
    assert [name for name in found.keys() if name[0].isupper()][: len(names)] == names  # noqa: SIM118
    assert found["Bcc"] is None
    assert found.get_content().replace("\r\n", "\n") == "Dear learner, ...\n"


@pytest.mark.database
def test_the_same_message_keeps_its_id(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    make_queue(reminders(11, 12))
    mail.answers["text", address(11)] = ["keep and drop", ""]
    command(*SEND)
    command(*SEND, "--resend-claimed")
    first, second = (read(data)["Message-ID"] for who, data in mail.delivered if who == address(11))
    assert first == second
    assert first.endswith("@mail.test>")
    assert len({read(data)["Message-ID"] for _, data in mail.delivered}) == 2


# Settings


def test_settings_are_checked() -> None:
    good = {"SMTP_HOST": "mail.test", "SMTP_FROM": "a@mail.test"}
    assert outreach_mail.settings_from(good).port == 587
    assert outreach_mail.settings_from({**good, "SMTP_SECURITY": "tls"}).port == 465
    for name, value in (
        ("SMTP_SECURITY", "ssl"),
        ("SMTP_PORT", "70000"),
        ("SMTP_PORT", "smtp"),
        ("SMTP_USER", "alone"),
        ("SMTP_PASSWORD", PASSWORD),
        ("SMTP_FROM", "a@b@c"),
        ("SMTP_FROM", "A <a@mail.test>"),
        ("OUTREACH_UNSUBSCRIBE", "leave us"),
        ("OUTREACH_UNSUBSCRIBE", "https://a.test/>\r\nBcc: b@c.test"),
    ):
        with pytest.raises(UserError, match=name) as caught:
            outreach_mail.settings_from({**good, name: value})
        assert PASSWORD not in str(caught.value)
    clear = {"SMTP_SECURITY": "none", "SMTP_USER": "u", "SMTP_PASSWORD": PASSWORD}
    with pytest.raises(UserError, match="clear text"):
        outreach_mail.settings_from({**good, **clear})
    settings = outreach_mail.settings_from({**good, "SMTP_USER": "u", "SMTP_PASSWORD": PASSWORD})
    assert PASSWORD not in repr(settings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.b+c@mail.test", "a.b+c@mail.test"),
        (" a@mail.test ", "a@mail.test"),
        ("a@bücher.test", "a@xn--bcher-kva.test"),
        ("ä@mail.test", None),
        ("a b@mail.test", None),
        ("a@mail.test\nb@mail.test", None),
        ("a@", None),
        ("@mail.test", None),
        ("a@mail..test", None),
        ("x@anything.invalid", None),
        ("", None),
        (None, None),
    ],
)
def test_addresses(text: str | None, expected: str | None) -> None:
    assert outreach_mail.parse_address(text) == expected


# TLS and login


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost that nobody signed, with its key in the same file."""
    path = tmp_path / "localhost.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    try:
        subprocess.run(
            [*command, "-keyout", str(tmp_path / "key"), "-out", str(path)],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("there is no openssl here to make a certificate")
    path.write_text(path.read_text() + (tmp_path / "key").read_text())
    return path


@pytest.fixture(params=["starttls", "tls"])
def secured(
    request: pytest.FixtureRequest, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """A mail server that wants TLS and a login; its certificate is for localhost alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def check(_server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        is_right = (data.login, data.password) == (b"sender", PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    options: dict[str, Any] = {"authenticator": check, "auth_required": True}
    options["auth_require_tls"] = request.param == "starttls"
    if request.param == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    else:
        options |= {"ssl_context": context}
    with mail_server(**options) as running:
        settings = {"SMTP_HOST": "localhost", "SMTP_SECURITY": request.param}
        settings |= {"SMTP_USER": "sender", "SMTP_PASSWORD": PASSWORD}
        for name, value in {**smtp_settings(running), **settings}.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.mark.database
@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # aiosmtpd knows of STARTTLS alone
def test_secured_mail(
    make_queue: MakeQueue,
    secured: MailServer,
    certificate: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = make_queue(reminders(11, 12))
    untrusted = command(*SEND)
    assert untrusted.code == 2
    assert is_one_sentence(untrusted.err), untrusted.err
    assert "cannot be verified" in untrusted.err
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
    assert "cannot be verified" in command(*SEND).err, "the name does not fit"
    monkeypatch.setenv("SMTP_HOST", "localhost")
    monkeypatch.setenv("SMTP_PASSWORD", "wrong " + PASSWORD)
    wrong = command(*SEND)
    assert wrong.code == 2
    assert "refused the login (535)" in wrong.err
    assert PASSWORD not in wrong.err + wrong.out
    assert (states(server), secured.delivered) == ({}, [])
    monkeypatch.setenv("SMTP_PASSWORD", PASSWORD)
    assert command(*SEND).code == 0
    assert secured.recipients == [address(11), address(12)]


@pytest.mark.database
def test_a_server_without_tls_gets_neither_password_nor_mail(
    make_queue: MakeQueue, mail: MailServer, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = make_queue(reminders(11))
    for security, words in (("starttls", "takes no mail this way"), ("tls", "secure connection")):
        monkeypatch.setenv("SMTP_SECURITY", security)
        result = command(*SEND)
        assert result.code == 2
        assert is_one_sentence(result.err), result.err
        assert words in result.err
    assert (states(server), mail.delivered) == ({}, [])
    assert os.environ["SMTP_SECURITY"] == "tls"
