"""Runs that are killed, and runs at the same time: nothing goes out twice by itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from commands import Command
from conftest import run
from moodle_analytics import database
from outreach_servers import MailServer
from outreach_site import MakeQueue, reminders, states

pytest_plugins = ["outreach_fixtures"]
pytestmark = pytest.mark.database
SEND = ("remind", "--send", "smtp")

# Runs the command; at the named function of the record it dies as by a power cut.
DIE = """
import os, signal, sys
from moodle_analytics import cli
from moodle_analytics.outreach import record

def die(*_arguments, **_names):
    os.kill(os.getpid(), signal.SIGKILL)

def dying(function):
    def called(*given, **names):
        function(*given, **names)
        die()
    return called

point = sys.argv.pop(1)
if point == "after the claim":
    record.claim = dying(record.claim)
elif point == "before the mark":
    record.mark = die
cli.main()
"""


def child(point: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", DIE, point, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("point", ["after the claim", "before the mark"])
def test_a_killed_run(
    make_queue: MakeQueue, mail: MailServer, command: Command, point: str
) -> None:
    """Killed before the message left, or after: the record cannot tell, and so asks a person."""
    server = make_queue(reminders(11, 12))
    killed = child(point, *SEND)
    assert killed.wait(60) == -9
    kept = [] if point == "after the claim" else ["learner11@mail.test"]
    assert mail.recipients == kept
    assert states(server) == {"11": "claimed 1"}
    following = command(*SEND)
    assert following.code == 1
    assert "1 reminder stands claimed" in following.out
    assert mail.recipients == [*kept, "learner12@mail.test"]
    assert command(*SEND).code == 1
    assert len(mail.delivered) == len(kept) + 1
    asked = command(*SEND, "--resend-claimed")
    assert asked.code == 0
    assert mail.recipients == [*kept, "learner11@mail.test", "learner12@mail.test"]
    assert states(server) == {"11": "sent 2", "12": "sent 1"}
    command(*SEND, "--resend-claimed")
    assert len(mail.delivered) == len(kept) + 2


@pytest.mark.parametrize("claimed", [False, True])
def test_two_runs_at_once_deliver_each_message_once(
    make_queue: MakeQueue, mail: MailServer, claimed: bool
) -> None:
    learners = range(11, 51)
    server = make_queue(reminders(*learners))
    mail.delay = 0.05
    arguments = list(SEND)
    if claimed:
        child("never", *SEND).wait(60)
        run(server, "queue", "update outreach.messages set state = 'claimed', sent_at = null")
        mail.delivered.clear()
        arguments.append("--resend-claimed")
    runs = [child("never", *arguments) for _ in range(2)]
    outputs = [one.communicate(timeout=60)[0] for one in runs]
    assert [one.returncode for one in runs] == [0, 0], outputs
    # Every message once; and both took part, or nothing was tested.
    assert Counter(Counter(mail.recipients).values()) == {1: len(learners)}
    sent = [int(output.split("Sent ")[1].split()[0]) for output in outputs]
    assert sum(sent) == len(learners)
    assert min(sent) > 0
    tries = "sent 2" if claimed else "sent 1"
    assert set(states(server).values()) == {tries}


def test_a_message_in_hand_is_not_taken_by_resend_claimed(
    make_queue: MakeQueue, mail: MailServer, command: Command
) -> None:
    server = make_queue(reminders(11))
    mail.is_held = True
    alive = child("never", *SEND)
    deadline = time.monotonic() + 30
    while not is_claimed(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    for arguments in (["remind"], [*SEND, "--resend-claimed"]):
        result = command(*arguments)
        assert result.code == 0
        assert "1 in the hands of another run" in result.out
        assert "stands claimed" not in result.out
    mail.is_held = False
    assert alive.wait(30) == 0
    assert mail.recipients == ["learner11@mail.test"]
    assert states(server) == {"11": "sent 1"}


def is_claimed(server: database.Server) -> bool:
    [(is_there,)] = run(server, "queue", "select to_regclass('outreach.messages') is not null")
    return bool(is_there) and states(server) == {"11": "claimed 1"}


@pytest.mark.usefixtures("mail")
def test_a_stopped_run_says_how_far_it_came(
    make_queue: MakeQueue, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    from moodle_analytics.outreach import smtp

    server = make_queue(reminders(11, 12, 13))
    send = smtp.SmtpChannel.send

    def interrupted(channel: smtp.SmtpChannel, message: object, person: object) -> None:
        if getattr(message, "learner_id", 0) == 12:
            raise KeyboardInterrupt
        send(channel, message, person)  # type: ignore[arg-type]

    monkeypatch.setattr(smtp.SmtpChannel, "send", interrupted)
    result = command(*SEND)
    assert result.code == 1
    assert "Sent 1 reminder; 0 refused; 0 failed; 1 left for the next run." in result.out
    assert "Ended early: you stopped it." in result.out
    assert "1 reminder stands claimed" in result.out
    assert states(server) == {"11": "sent 1", "12": "claimed 1"}


def test_children_use_this_package(tmp_path: Path) -> None:
    """Else the tests above would test something else."""
    code = "import moodle_analytics.outreach as package; print(package.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    import moodle_analytics.outreach as package

    assert package.__file__
    assert os.path.samefile(done.stdout.strip(), package.__file__)  # noqa: PTH121
