"""A load keeps the record of messages, or leaves everything as it was."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from conftest import drop_database, run
from moodle_analytics import carry, database, load, postgres
from moodle_analytics.errors import UserError
from moodle_analytics.outreach import record
from small_site import site_sql

pytestmark = pytest.mark.database
MakeDatabase = Callable[[str, str], database.Server]
TakeDump = Callable[..., str]
Rows = list[tuple[object, ...]]

SENT = """
insert into outreach.messages values
    ('reminder a', 'reminder', 'a', 3, 2, 70, null, 'before_48h', 'smtp', 'sent', 1, now(), now(),
        null),
    ('feedback b', 'feedback', 'b', 4, 2, null, '2026-03-09', E'odd\\\\ \\n\\t\\'', 'moodle',
        'claimed', 2, now(), null, 'no answer');
insert into outreach.opt_outs values (3, null, now()), (4, 'feedback', now());
create schema predictions;
create table predictions.scores (
    score_id bigint generated always as identity primary key, share numeric not null
);
create index on predictions.scores (share);
insert into predictions.scores (share) values (0.25);
"""


@pytest.fixture(autouse=True)
def _no_record(server: database.Server) -> Iterator[None]:
    """Begin without a database, and leave none whose record other tests would carry on."""
    drop_database(server, "moodle")
    yield
    drop_database(server, "moodle")


@pytest.fixture
def take_dump(server: database.Server, tmp_path: Path) -> TakeDump:
    """Take a dump of the small site, with its identifier (None: it does not tell)."""
    program = postgres.client("pg_dump")
    if not program.exists():
        pytest.skip("there is no pg_dump beside the server's binaries")

    def take(identifier: str | None, extra: str = "") -> str:
        drop_database(server, "dumped")
        run(server, "postgres", "create database dumped template template0")
        told = f"insert into mdl_config values (9, 'siteidentifier', '{identifier}');"
        run(server, "dumped", site_sql() + (told if identifier else "") + extra)
        path = tmp_path / f"{identifier}{len(extra)}.sql"
        environment = os.environ | database.environment(server, "dumped")
        subprocess.run([program, f"--file={path}"], env=environment, check=True)
        drop_database(server, "dumped")
        return str(path)

    return take


def remember(server: database.Server) -> Rows:
    """Write a record into the database, and give what is in it."""
    with closing(database.connect(server)) as connection:
        record.prepare(connection)
    run(server, server.database, SENT)
    return content(server)


def content(server: database.Server) -> Rows:
    rows: Rows = []
    for table in ("outreach.messages", "outreach.opt_outs", "predictions.scores"):
        rows += run(
            server, server.database, f"select to_jsonb(t)::text from {table} as t order by 1"
        )
    return rows


def shape(server: database.Server) -> Rows:
    """Constraints and indexes of the schemas that are carried over."""
    query = """
        select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint
        where connamespace::regnamespace::text in ('outreach', 'predictions')
        union all
        select indrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index
        inner join pg_class on pg_class.oid = indrelid
        where relnamespace::regnamespace::text in ('outreach', 'predictions')
        order by 1, 2
    """
    return run(server, server.database, query)


def leftovers(server: database.Server) -> Rows:
    return run(server, "postgres", "select datname from pg_database where datname ~ '__(new|old)_'")


@pytest.mark.parametrize(("before", "after"), [("a", "a"), (None, "a"), ("a", None), (None, None)])
def test_a_load_of_the_same_site_keeps_the_record(
    server: database.Server, take_dump: TakeDump, before: str | None, after: str | None
) -> None:
    load.load(take_dump(before), server)
    wanted, form = remember(server), shape(server)
    loaded = load.load(take_dump(after), server)
    assert content(server) == wanted
    assert shape(server) == form
    assert loaded.carried == ["outreach", "predictions"]
    assert "no dump holds it: schema outreach and predictions." in load.report(loaded)
    # It goes on as before: the record is written to, and counts on.
    run(server, server.database, "insert into predictions.scores (share) values (0.5)")
    [(scores,)] = run(server, server.database, "select max(score_id) from predictions.scores")
    assert scores == 2
    with closing(database.connect(server)) as connection:
        record.prepare(connection)
        assert record.opted_out(connection, "reminder") == {3}


def test_a_load_without_a_record_says_nothing_of_it(
    server: database.Server, take_dump: TakeDump
) -> None:
    load.load(take_dump("a"), server)
    loaded = load.load(take_dump("a"), server)
    assert loaded.carried == []
    assert "Carried" not in load.report(loaded)


def test_another_sites_record_is_neither_mixed_in_nor_lost(
    server: database.Server, take_dump: TakeDump
) -> None:
    load.load(take_dump("a"), server)
    wanted = remember(server)
    with pytest.raises(UserError, match=r"another Moodle site .*--database NAME") as caught:
        load.load(take_dump("b"), server)
    assert "\n" not in str(caught.value)
    assert content(server) == wanted
    assert leftovers(server) == []
    elsewhere = load.load(take_dump("b"), server, name="second site")
    assert elsewhere.carried == []
    drop_database(server, "second site")
    run(server, server.database, "drop schema outreach cascade; drop schema predictions cascade")
    assert load.load(take_dump("b"), server).carried == []


def test_where_the_record_cannot_be_carried_nothing_changes(
    server: database.Server, take_dump: TakeDump, monkeypatch: pytest.MonkeyPatch
) -> None:
    load.load(take_dump("a"), server)
    wanted = remember(server)
    for program in ("/nowhere/pg_dump", "/bin/false"):
        with monkeypatch.context() as patch:
            patch.setattr(carry.postgres, "client", lambda _, found=program: Path(found))
            with pytest.raises(UserError, match=r"cannot be carried over.*nothing was changed"):
                load.load(take_dump("a"), server)
        assert content(server) == wanted
        assert leftovers(server) == []


def test_a_dump_with_a_record_of_its_own(server: database.Server, take_dump: TakeDump) -> None:
    own = "create schema outreach; create table outreach.messages (message_id text);"
    load.load(take_dump("a"), server)
    wanted = remember(server)
    with pytest.raises(UserError, match="both hold schema outreach"):
        load.load(take_dump("a", own), server)
    assert content(server) == wanted
    load.load(take_dump("a", own), server, name="another")
    assert run(server, "another", "select * from outreach.messages") == []
    drop_database(server, "another")


def test_an_academys_record_is_not_carried_into_a_site(
    server: database.Server, take_dump: TakeDump
) -> None:
    with database.fresh_database(server, "moodle", origin="generate") as name:
        run(server, name, site_sql())
    remember(server)
    assert load.load(take_dump("a"), server).carried == []
    query = "select 1 from pg_namespace where nspname in ('outreach', 'predictions')"
    assert run(server, "moodle", query) == []


def test_sending_and_loading_keep_out_of_each_others_way(
    server: database.Server, take_dump: TakeDump
) -> None:
    path = take_dump("a")
    load.load(path, server)
    with (
        database.kept_in_place(server, "moodle"),
        database.kept_in_place(server, "moodle"),
        pytest.raises(UserError, match="or sending messages from it"),
    ):
        load.load(path, server)
    with (
        database.fresh_database(server, "moodle", origin="x") as name,
        pytest.raises(UserError, match="is being replaced now"),
        database.kept_in_place(server, "moodle"),
    ):
        pytest.fail(f"{name} replaces it meanwhile")
    with database.kept_in_place(server, "moodle"):
        load.load(path, server, name="other name")
    drop_database(server, "other name")


def test_a_send_while_the_database_is_replaced_is_one_sentence(
    server: database.Server, take_dump: TakeDump, monkeypatch: pytest.MonkeyPatch
) -> None:
    from typer.testing import CliRunner

    from moodle_analytics import cli

    load.load(take_dump("a"), server)
    monkeypatch.setenv("MOODLE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MOODLE_TOKEN", "x")
    with database.fresh_database(server, "moodle", origin="x"):
        result = CliRunner().invoke(cli.app, ["remind", "--send", "moodle"])
        assert isinstance(result.exception, UserError)
        assert "is being replaced now" in str(result.exception)
