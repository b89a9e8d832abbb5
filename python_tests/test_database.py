"""Where PostgreSQL is, and the replacement of a database in one step."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest

from conftest import run
from moodle_analytics import database
from moodle_analytics.errors import UserError

MakeDatabase = Callable[[str, str], database.Server]


def names(server: database.Server) -> set[object]:
    rows = run(server, "postgres", "select datname from pg_database where not datistemplate")
    return {name for (name,) in rows}


def make(server: database.Server, name: str, value: int) -> None:
    with database.fresh_database(server, name, origin="a test") as temporary:
        run(server, temporary, f"create table made as select {value} as value")


def value(server: database.Server, name: str) -> object:
    return run(server, name, "select value from made")[0][0]


def test_a_database_is_made_replaced_and_marked(server: database.Server) -> None:
    before = names(server)
    make(server, "swap Me", 1)
    assert value(server, "swap Me") == 1
    with closing(database.connect(server, "swap Me")) as reader, reader.cursor() as cursor:
        cursor.execute("select 1")
        make(server, "swap Me", 2)
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("select 1")
    assert value(server, "swap Me") == 2
    assert names(server) == before | {"swap Me"}
    query = (
        "select shobj_description(oid, 'pg_database') from pg_database where datname = 'swap Me'"
    )
    assert run(server, "postgres", query) == [("made by moodle-analytics: a test",)]


def test_an_error_leaves_the_earlier_database(server: database.Server) -> None:
    make(server, "kept", 1)
    before = names(server)
    with (
        pytest.raises(KeyboardInterrupt),
        database.fresh_database(server, "kept", origin="x") as temporary,
    ):
        run(server, temporary, "create table made as select 2 as value")
        raise KeyboardInterrupt
    assert value(server, "kept") == 1
    assert names(server) == before


def test_a_killed_run_leaves_the_earlier_database_and_is_cleaned_up(
    server: database.Server,
) -> None:
    make(server, "survivor", 1)
    before = names(server)
    code = (
        "import os, signal\n"
        "from moodle_analytics import database\n"
        "with database.fresh_database(database.locate(), 'survivor', origin='x'):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert value(server, "survivor") == 1
    assert len(names(server) - before) == 1
    make(server, "survivor", 2)
    assert value(server, "survivor") == 2
    assert names(server) == before


def test_a_database_with_tables_of_others_is_never_replaced(
    server: database.Server, make_database: MakeDatabase
) -> None:
    make_database("live", "create schema app; create table app.made as select 7 as value")
    with pytest.raises(UserError, match="did not make"):
        make(server, "live", 1)
    assert run(server, "live", "select value from app.made") == [(7,)]


def test_an_academy_never_replaces_what_was_loaded(server: database.Server) -> None:
    with database.fresh_database(server, "loaded", origin="site.sql.gz") as name:
        run(server, name, "create table kept ()")
    assert database.origin_of(server, "loaded") == "site.sql.gz"
    with (
        pytest.raises(UserError, match="`moodle-analytics generate` did not make"),
        database.fresh_database(server, "loaded", origin="generate", replaces="generate"),
    ):
        pytest.fail("it was begun")
    run(server, "loaded", "select * from kept")
    run(server, "postgres", "drop database loaded")


def test_an_empty_database_may_be_replaced(
    server: database.Server, make_database: MakeDatabase
) -> None:
    make_database("hollow", "select 1")
    make(server, "hollow", 5)
    assert value(server, "hollow") == 5


def test_two_runs_do_not_replace_one_database_at_once(server: database.Server) -> None:
    with (
        database.fresh_database(server, "busy", origin="x"),
        pytest.raises(UserError, match="Another run"),
        database.fresh_database(server, "busy", origin="y"),
    ):
        pass


@pytest.mark.parametrize("name", ["postgres", "template1", "x" * 64])
def test_names_that_cannot_be_taken(server: database.Server, name: str) -> None:
    with pytest.raises(UserError), database.fresh_database(server, name, origin="x"):
        pass


def test_a_user_who_may_not_make_databases(server: database.Server) -> None:
    admin = replace(server, user="postgres")
    run(admin, "postgres", "create role poor login password 'p'")
    poor = replace(server, user="poor", password="p")
    try:
        with pytest.raises(UserError, match="CREATEDB"):
            make(poor, "never", 1)
    finally:
        run(admin, "postgres", "drop role poor")


def test_libpqs_variables_name_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "PGHOST": "db.example.org",
        "PGPORT": "6543",
        "PGUSER": "reader",
        "PGPASSWORD": "secret",
        "PGDATABASE": "school",
        "PGSSLMODE": "require",
    }
    for key, text in given.items():
        monkeypatch.setenv(key, text)
    found = database.locate()
    assert found == database.Server(
        "db.example.org", 6543, "reader", "secret", "require", "school", False
    )
    assert database.environment(found) == given
    assert "secret" not in repr(found) + database.describe(found) + database.url(found)
    assert database.url(found, with_password=True) == (
        "postgresql://reader:secret@db.example.org:6543/school?sslmode=require"
    )


def test_a_service_names_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    services = tmp_path / "services.conf"
    services.write_text("[school]\nhost=db.example.org\nport=7000\nuser=ann\ndbname=moodle5\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv("PGSERVICE", "school")
    monkeypatch.setenv("PGUSER", "bob")
    found = database.locate()
    assert (found.host, found.port, found.database) == ("db.example.org", 7000, "moodle5")
    assert found.user == "bob", "a variable goes before the service's own word"
    monkeypatch.setenv("PGSERVICE", "other")
    with pytest.raises(UserError, match="PGSERVICE names other"):
        database.locate()


def test_pgdatabase_names_the_embedded_servers_database(
    server: database.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATABASE", "elsewhere")
    assert database.locate() == replace(server, database="elsewhere")


def test_exports_work_in_a_shell(server: database.Server) -> None:
    awkward = replace(server, database="it's $HOME", password=None)
    code = "import os; print(os.environ['PGDATABASE'], os.environ['PGPORT'])"
    shell = f'{database.exports(awkward)}\nexec "$0" -c "$1"'
    done = subprocess.run(
        ["bash", "-c", shell, sys.executable, code], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"it's $HOME {server.port}\n"


def test_errors_of_connections_say_what_to_try(server: database.Server) -> None:
    with pytest.raises(UserError, match=r"no database nowhere .*moodle-analytics load"):
        database.connect(server, "nowhere")
    with pytest.raises(UserError, match=r"password authentication failed.*PGPASSWORD"):
        database.connect(replace(server, password="wrong"), "postgres")
    with pytest.raises(UserError, match="Cannot connect"):
        database.connect(replace(server, port=1))


def test_a_readonly_connection_writes_nothing(server: database.Server) -> None:
    with (
        closing(database.connect(server, "postgres", readonly=True)) as connection,
        connection.cursor() as cursor,
        pytest.raises(psycopg2.errors.ReadOnlySqlTransaction),
    ):
        cursor.execute("create table x ()")


def test_status_starts_nothing(
    server: database.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, answers = database.status()
    assert answers
    assert str(server.port) in line
    monkeypatch.setenv("MOODLE_ANALYTICS_HOME", str(tmp_path / "none"))
    line, answers = database.status()
    assert (answers, "not running" in line) == (False, True)
    assert list(tmp_path.iterdir()) == []
