"""What goes wrong on the server: one sentence, exit code 2, and the marts as they were."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import pytest

import handmade
from commands import Command, in_process
from conftest import dbt_paths, drop_database, run
from moodle_analytics import build, cli, database, faults, runs
from moodle_analytics.errors import UserError
from moodle_tables import PREFIX, SCHEMA

NAME = "faulty site"
COURSES = f"{SCHEMA}.{PREFIX}course"
CHOSEN = ["--select", "+dim_courses", "--exclude-resource-type", "test"]
MARTS = "select md5(string_agg(c::text, ' ' order by c::text)) from marts.dim_courses as c"
KEPT = "The marts are still those of the last good run."


@pytest.fixture(scope="module")
def arguments(
    server: database.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[str]]:
    """A build of a mart that was built and published before; its courses have changed since."""
    run(server, "postgres", f'create database "{NAME}" template template0')
    run(server, NAME, handmade.make_site().sql())
    paths = dbt_paths(tmp_path_factory.mktemp("dbt"))
    build.build(build.Target(replace(server, database=NAME)), arguments=[*CHOSEN, *paths])
    run(server, NAME, f"update {COURSES} set fullname = 'Renamed' where id = 2")
    yield ["build", "--database", NAME, "--", *CHOSEN, *paths]
    drop_database(server, NAME)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return in_process(monkeypatch, capsys)


@contextmanager
def slow_courses(server: database.Server) -> Iterator[None]:
    """Whoever reads Moodle's courses waits for half a minute."""
    run(
        server,
        NAME,
        f"alter table {COURSES} rename to aside; create view {COURSES} as "
        f"select aside.* from {SCHEMA}.aside, (select pg_sleep(30)) as waiting",
    )
    try:
        yield
    finally:
        run(
            server,
            NAME,
            f"drop view {COURSES} cascade; alter table {SCHEMA}.aside rename to {PREFIX}course",
        )


@contextmanager
def full_disk(server: database.Server) -> Iterator[None]:
    """No table can be written any more, as the server says it of a full disk."""
    admin = replace(server, user="postgres")
    run(
        admin,
        NAME,
        """
        create function public.fill() returns event_trigger language plpgsql as $$
        begin
            raise disk_full using
                message = 'could not extend file "base/5/16384": No space left on device',
                hint = 'Check free disk space.';
        end $$;
        create event trigger full_disk on ddl_command_start when tag in ('CREATE TABLE AS')
        execute function public.fill()
        """,
    )
    try:
        yield
    finally:
        run(admin, NAME, "drop event trigger full_disk; drop function public.fill()")


def end_sessions(server: database.Server, seen: list[int]) -> None:
    """As where the server is shut down: once dbt reads the courses, every session ends."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not seen:
        found = run(
            server,
            "postgres",
            f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{NAME}' "
            "and exists (select from pg_stat_activity as at_work where at_work.datname = "
            f"'{NAME}' and wait_event = 'PgSleep')",
        )
        seen += [len(found)] if found else []
        time.sleep(0.05)


def is_one_sentence(text: str) -> bool:
    said = [line for line in text.splitlines() if line.strip()]
    return len(said) == 1 and said[0].startswith("moodle-analytics: ")


@pytest.mark.database
@pytest.mark.parametrize("fault", ["gone", "full disk", "timeout"])
def test_a_fault_of_the_server(
    server: database.Server,
    arguments: list[str],
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    before = run(server, NAME, MARTS)
    if fault == "full disk":
        with full_disk(server):
            result = command(*arguments)
        wanted = "The disk of the database is full"
    elif fault == "timeout":
        monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=1s")
        with slow_courses(server):
            result = command(*arguments)
        wanted = "raise statement_timeout for this user"
    else:
        seen: list[int] = []
        ending = threading.Thread(target=end_sessions, args=[server, seen])
        with slow_courses(server):
            ending.start()
            result = command(*arguments)
            ending.join()
        assert seen
        wanted = "The connection to the database was lost"
    assert result.code == 2, result
    assert is_one_sentence(result.err), result.err
    assert wanted in result.err
    assert KEPT in result.err
    assert "Traceback" not in result.err + result.out
    assert run(server, NAME, MARTS) == before


@pytest.mark.database
def test_what_cannot_be_published(
    server: database.Server, arguments: list[str], command: Command
) -> None:
    before = run(server, NAME, MARTS)
    admin = replace(server, user="postgres")
    run(admin, NAME, "alter table marts.dim_courses owner to postgres")
    try:
        result = command(*arguments)
    finally:
        run(admin, NAME, "alter table marts.dim_courses owner to moodle")
    assert result.code == 2
    assert is_one_sentence(result.err), result.err
    assert "The marts could not be published: permission denied" in result.err
    assert run(server, NAME, MARTS) == before
    assert command(*arguments).code == 0
    assert run(server, NAME, MARTS) != before


# Waiting for each other


@pytest.mark.database
def test_the_second_run_waits_and_says_for_whom(
    server: database.Server, arguments: list[str], command: Command
) -> None:
    site = replace(server, database=NAME)
    first = runs.alone(site, "score")
    first.__enter__()
    refused = command(arguments[0], "--no-wait", *arguments[1:])
    assert refused.code == 2
    assert is_one_sentence(refused.err)
    assert "at work in database faulty site: moodle-analytics score, process" in refused.err
    assert "since 2" in refused.err
    ending = threading.Timer(1, first.__exit__, [None, None, None])
    ending.start()
    waited = command(*arguments)
    ending.join()
    assert waited.code == 0, waited.err
    assert "Waiting for moodle-analytics score, process" in waited.err


@pytest.mark.database
def test_a_lock_ends_with_its_holder(server: database.Server) -> None:
    site = replace(server, database="postgres")
    with runs.alone(site, "build", wait=False):
        pass
    with runs.alone(site, "build", wait=False), pytest.raises(UserError, match="Another run"):
        runs.alone(site, "build", wait=False).__enter__()
    with runs.alone(site, "build", wait=False):
        pass


@pytest.mark.database
def test_a_session_that_a_killed_run_left_is_waited_for(
    server: database.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = replace(server, database="postgres")
    monkeypatch.setattr(runs, "_OTHERS_SECONDS", 0.5)
    with closing(database.connect(site)) as left:
        with left.cursor() as cursor:
            cursor.execute("set application_name = 'dbt'; select")
            with pytest.raises(UserError, match="dbt is at work in database postgres already"):
                runs.alone(site, "build").__enter__()
        ending = threading.Timer(0.3, left.rollback)
        ending.start()
        monkeypatch.setattr(runs, "_OTHERS_SECONDS", 30)
        with runs.alone(site, "build"):
            ending.join()


# Words


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("server closed the connection unexpectedly\n\tThis probably means", "look whether"),
        ("terminating connection due to administrator command", "connection to the database was"),
        ('connection to server at "x", port 1 failed: Connection refused', "look whether"),
        ("FATAL:  the database system is shutting down", "look whether the server runs"),
        ('could not extend file "base/1": No space left on device', "disk of the database is full"),
        ("could not resize shared memory segment: No space left on device", "--shm-size"),
        ("temporary file size exceeds temp_file_limit (1024kB)", "temp_file_limit"),
        ("canceling statement due to statement timeout", "statement_timeout"),
        ("out of shared memory\nHINT:  You might need to", "max_locks_per_transaction"),
        ("division by zero", None),
    ],
)
def test_what_the_server_says_is_explained(told: str, wanted: str | None) -> None:
    found = faults.of_server(told)
    if wanted is None:
        assert found is None
    else:
        assert found is not None
        assert wanted in found
        assert "\n" not in found


def test_a_fault_of_the_server_is_one_sentence_wherever_it_comes_up(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg2

    def fail() -> None:
        raise psycopg2.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(cli, "app", fail)
    result = command("show")
    assert (result.code, is_one_sentence(result.err)) == (2, True)
    assert "look whether the server runs" in result.err
