"""grant-reader: what it refuses and finds, what a load keeps, and that revoking leaves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psycopg2
import pytest

from access_site import PASSWORD, AccessSite, ask, is_refused, reading
from commands import Command, in_process
from conftest import dbt_paths, drop_database
from moodle_analytics import build, database, load
from moodle_analytics.access import grant, readers
from moodle_analytics.access.readers import Reader
from moodle_analytics.errors import UserError
from moodle_analytics.schemas import Schemas
from outreach_site import is_one_sentence
from small_site import site_sql

pytestmark = pytest.mark.database
Wish = grant.Wish
NAME = "readers site"


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dump") / "site.sql"
    path.write_text(site_sql())
    return path


@pytest.fixture(scope="module")
def site(
    server: database.Server, dump: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[AccessSite]:
    """The small site, loaded, with one mart."""
    here = replace(server, database=NAME)
    paths = dbt_paths(tmp_path_factory.mktemp("dbt"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGDATABASE", NAME)
        patch.setenv("DBT_TARGET_PATH", paths[1])
        patch.setenv("DBT_LOG_PATH", paths[3])
        patch.setenv("READER_PASSWORD", PASSWORD)
        load.load(str(dump), here)
        made = AccessSite(here, "", paths)
        made.build("+dim_risk_models")
        yield made
    drop_database(server, NAME)


@pytest.fixture
def role(site: AccessSite) -> Iterator[str]:
    """Name a role, which is gone in the end whatever it was granted."""
    name = "visitor"
    yield name
    with suppress(psycopg2.errors.UndefinedObject):
        site.admin(f"drop owned by {name}; drop role {name}")
    with suppress(psycopg2.errors.UndefinedTable):
        site.admin(f"delete from access.readers where role_name = '{name}'")


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return in_process(monkeypatch, capsys)


def known(site: AccessSite) -> dict[str, Reader]:
    with grant._connected(site.place) as (connection, _):
        return readers.all_readers(connection, site.place.schemas)


def test_granting_and_revoking_by_command(site: AccessSite, role: str, command: Command) -> None:
    dry = command("grant-reader", role, "--dry-run")
    assert (dry.code, PASSWORD in dry.out) == (0, False)
    assert site.admin(f"select from pg_roles where rolname = '{role}'") == []
    granted = command("grant-reader", role)
    assert (granted.code, granted.err.strip()) == (0, "")
    assert f"{role} reads 1 table of schema marts in database {NAME}: all courses" in granted.out
    assert f"{role}  since 20" in command("grant-reader", "--list").out
    powers = "rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolcanlogin"
    query = f"select {powers} from pg_roles where rolname = '{role}'"
    assert site.admin(query) == [(False, False, False, False, True)]
    with reading(site, role) as cursor:
        assert ask(cursor, "select count(*) from dim_risk_models") == [(0,)]
        revoked = command("grant-reader", role, "--revoke")
        assert (revoked.code, revoked.err.strip()) == (0, "")
        assert is_refused(cursor, "select * from marts.dim_risk_models")
    assert "has no readers" in command("grant-reader", "--list").out
    again = command("grant-reader", role, "--revoke")
    assert (again.code, is_one_sentence(again.err)) == (2, True)
    # Nothing holds on to it, neither here nor in a later build.
    site.admin(f"drop role {role}")
    site.build("dim_risk_models")


def test_options_that_are_not_given_stay_as_they_were() -> None:
    entitled = Wish("a", sees_all=False).reader(None)
    assert entitled == Reader("a", sees_all=False)
    assert Wish("a").reader(entitled) == entitled
    assert Wish("a").reader(None) == Reader("a", sees_all=True)
    shared = Wish("a", is_shared=True).reader(None)
    assert (shared.sees_all, shared.is_shared) == (False, True)
    assert Wish("a", sees_personal=True).reader(shared) == replace(shared, sees_personal=True)
    assert Wish("a", is_shared=False).reader(shared) == entitled
    assert Wish("a", sees_all=True).reader(shared) == Reader("a")
    with pytest.raises(UserError, match="leave out one"):
        Wish("a", sees_all=True, is_shared=True).reader(None)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ("create role visitor login superuser", "is a superuser"),
        ("create role visitor login bypassrls", "bypasses row security"),
        ("create role visitor login createrole", "may make roles"),
        ("create role visitor", "may not log in"),
        ("create role visitor login; grant moodle to visitor", "member of their owner"),
        ("create role visitor login; grant postgres to visitor", "member of postgres"),
    ],
)
def test_roles_that_no_policy_would_bind_are_refused(
    site: AccessSite, role: str, made: str, reason: str
) -> None:
    site.admin(made)
    with pytest.raises(UserError, match=reason):
        grant.grant(site.place, Wish(role))
    assert role not in known(site)


@pytest.mark.parametrize("name", ["moodle", "pg_monitor", "public", " ", "x" * 64])
def test_names_that_are_no_role_of_its_own_are_refused(site: AccessSite, name: str) -> None:
    with pytest.raises(UserError):
        grant.grant(site.place, Wish(name))


def test_who_may_not_make_roles_hands_over_to_an_administrator(site: AccessSite, role: str) -> None:
    alone = replace(site.server, is_embedded=False)
    place = replace(site.place, target=build.Target(alone))
    with pytest.raises(UserError, match=r"nothing was changed: have an administrator .*--dry-run"):
        grant.grant(place, Wish(role))
    assert role not in known(site)
    site.admin(grant.dry_run(place, Wish(role)))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("READER_PASSWORD")
        assert grant.grant(place, Wish(role)).findings == []
        assert "Nothing is left" in grant.dry_run(place, Wish(role))


def test_what_a_role_can_do_beyond_reading_is_found(
    site: AccessSite, role: str, command: Command
) -> None:
    site.admin(
        f"create role {role} login createdb; grant pg_monitor to {role}; "
        f"grant select on public.mdl_user to {role}; grant create on schema public to {role}; "
        f"grant usage on schema staging to {role}; grant insert on marts.dim_risk_models to {role}"
    )
    site.admin("grant select on staging.stg_predictions__model_card to public")
    try:
        result = command("grant-reader", role)
    finally:
        site.admin("revoke select on staging.stg_predictions__model_card from public")
    assert result.code == 1
    found = [line.strip() for line in result.out.splitlines() if "found: " in line]
    assert found == [
        "found: can read public.mdl_user",
        "found: can read staging.stg_predictions__model_card",
        "found: can make tables in schema public",
        "found: may make databases",
        "found: is a member of pg_monitor",
    ], "a right to write to a mart is taken back"


def test_a_load_keeps_readers_and_ends_their_sessions(
    site: AccessSite, dump: Path, role: str
) -> None:
    grant.grant(site.place, Wish(role))
    site.admin("insert into access.readers values ('gone', true, false, true, now())")
    with reading(site, role) as cursor:
        loaded = load.load(str(dump), site.server)
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("select 1")
    assert (loaded.carried, loaded.unsettled) == (["access"], [])
    kept = site.admin("select role_name from access.readers order by 1")
    assert kept == [("gone",), (role,)]
    with reading(site, role) as cursor:
        assert ask(cursor, "show statement_timeout") == [("2min",)]
    site.build("+dim_risk_models")
    with reading(site, role) as cursor:
        assert ask(cursor, "select count(*) from dim_risk_models") == [(0,)]
        assert is_refused(cursor, "table public.mdl_user")
    site.admin("delete from access.readers where role_name = 'gone'")


def test_a_dump_brings_no_readers(site: AccessSite, tmp_path: Path, role: str) -> None:
    path = tmp_path / "with_readers.sql"
    path.write_text(
        site_sql() + "create schema access; create table access.readers "
        "(role_name text, sees_all boolean, is_shared boolean, sees_personal boolean, "
        f"granted_at timestamptz); insert into access.readers values ('{role}', true, false, "
        "true, now());"
    )
    other = replace(site.server, database="another site")
    try:
        loaded = load.load(str(path), other)
        assert loaded.left_out["record of readers"] == 1
        elsewhere = replace(site, server=other)
        assert elsewhere.admin("select to_regclass('access.readers')") == [(None,)]
    finally:
        drop_database(site.server, "another site")


def test_without_marts_there_is_nothing_to_grant(site: AccessSite, role: str) -> None:
    place = replace(site.place, schemas=Schemas.of("dev"))
    with pytest.raises(UserError, match="no marts in schema dev_marts"):
        grant.grant(place, Wish(role))
