"""Fixtures of the tests of early warning; a test module names this one in `pytest_plugins`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from commands import Command, in_process
from conftest import drop_database, run
from early_warning_courses import fill
from moodle_analytics import database


@pytest.fixture(scope="session")
def courses_template(server: database.Server) -> Iterator[str]:
    """A database with four made courses, the last not over; copied for each test."""
    run(server, "postgres", 'create database "four courses" template template0')
    fill(replace(server, database="four courses"), [1, 2, 3, 4])
    yield "four courses"
    drop_database(server, "four courses")


@pytest.fixture
def courses(
    server: database.Server, courses_template: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[database.Server]:
    """A database with the four made courses for one test, which the commands use."""
    run(server, "postgres", f'create database "courses" template "{courses_template}"')
    monkeypatch.setenv("PGDATABASE", "courses")
    yield replace(server, database="courses")
    drop_database(server, "courses")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command as its entry point does, in this process."""
    return in_process(monkeypatch, capsys)
