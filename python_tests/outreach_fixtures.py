"""Fixtures of the tests of outreach; a test module names this one in `pytest_plugins`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from commands import Command, in_process
from moodle_analytics import database
from moodle_analytics.outreach import run as outreach_run
from moodle_analytics.outreach import smtp
from outreach_servers import (
    TOKEN,
    MailServer,
    MoodleServer,
    mail_server,
    moodle_server,
    smtp_settings,
)
from outreach_site import QUEUE, MakeQueue


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command as its entry point does, in this process, with next to no back-off."""
    monkeypatch.setattr(outreach_run, "_FIRST_WAIT_SECONDS", 0.01)
    monkeypatch.setattr(smtp, "_TIMEOUT", 2)
    return in_process(monkeypatch, capsys)


@pytest.fixture
def make_queue(
    make_database: Callable[[str, str], database.Server], monkeypatch: pytest.MonkeyPatch
) -> MakeQueue:
    """Make a database with this queue, which the commands use."""

    def make(script: str) -> database.Server:
        monkeypatch.setenv("PGDATABASE", "queue")
        return make_database("queue", QUEUE + script)

    return make


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """A mail server, and the settings to send through it."""
    with mail_server() as running:
        for name, value in smtp_settings(running).items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def moodle(monkeypatch: pytest.MonkeyPatch) -> Iterator[MoodleServer]:
    """A Moodle, and the settings to send through it."""
    with moodle_server() as running:
        monkeypatch.setenv("MOODLE_URL", running.url)
        monkeypatch.setenv("MOODLE_TOKEN", TOKEN)
        yield running
