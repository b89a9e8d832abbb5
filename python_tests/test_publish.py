"""Marts appear at the end of a good run, all at once, and readers are never in the way of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import psycopg2
import pytest

import handmade
from conftest import ROOT, dbt_paths, drop_database, run
from moodle_analytics import build, database, runs
from moodle_analytics.errors import UserError
from moodle_tables import PREFIX, SCHEMA

pytestmark = pytest.mark.database
NAME = "published site"
TINY = ["--select", "+dim_courses", "--exclude-resource-type", "test"]
COURSES = f"{SCHEMA}.{PREFIX}course"
VARIABLES = {"moodle_schema": SCHEMA, "moodle_prefix": PREFIX, "program_timezone": "UTC"}
POLICY = 'alter table "marts"."made" enable row level security'
COLUMNS = "a bigint not null, b text not null, n numeric, f float8, t text, at timestamptz"


NEW = (
    f"drop table if exists marts_build.made; create table marts_build.made ({COLUMNS}, "
    "primary key (a, b)); create index on marts_build.made (t, a)"
)


class Site:
    """A database with the functions of a publication, and dbt's options for it."""

    def __init__(self, server: database.Server, paths: list[str]) -> None:
        self.server, self.paths = server, paths

    def sql(self, script: str) -> list[tuple[Any, ...]]:
        return run(self.server, self.server.database, script)

    def publish(self, *, options: str = "", policy: str = POLICY, rights: str = "") -> None:
        """Publish the hand-made mart `made` as the hook at a run's end does, in one transaction."""
        wanted = {"place": '"marts"."made"', "working": '"marts_build"."made"'}
        with closing(database.connect(self.server)) as connection, connection.cursor() as cursor:
            cursor.execute(options or "select")
            cursor.execute(
                "select marts_build.publish(%s, true)",
                [json.dumps([{**wanted, "policy": policy, "rights": rights}])],
            )
            connection.commit()

    def differences(self) -> int:
        """Rows that only one side has, with their texts compared: 1.0 is not 1.00."""
        [(count,)] = self.sql(
            """
            with working as (select made::text from marts_build.made),
            published as (select made::text from marts.made)
            select count(*) from (
                (table working except all table published)
                union all (table published except all table working)
            ) as found
            """
        )
        return int(count)

    def build(self, *arguments: str) -> build.Summary:
        return build.build(build.Target(self.server), arguments=[*arguments, *self.paths])


@pytest.fixture(scope="module")
def site(server: database.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    run(server, "postgres", f'create database "{NAME}" template template0')
    run(server, NAME, handmade.make_site().sql())
    made = Site(replace(server, database=NAME), dbt_paths(tmp_path_factory.mktemp("dbt")))
    made.build(*TINY)
    yield made
    drop_database(server, NAME)


@pytest.fixture
def mart(site: Site) -> Iterator[Site]:
    """A mart of 200 rows with a key, an index, and descriptions; not published yet."""
    site.sql(
        f"""
        {NEW};
        comment on table marts_build.made is 'What it''s for';
        comment on column marts_build.made.n is 'How many';
        insert into marts_build.made
        select i, 'k' || i % 3, i / 7.0, 'NaN', nullif(repeat('x', i % 5), ''), now()
        from generate_series(1, 200) as i
        """
    )
    yield site
    site.sql(
        "drop table if exists marts_build.made, marts.made; "
        "delete from marts_build.publications where place like '%made%'"
    )


# Rows


def test_a_mart_that_is_new_is_published_whole(mart: Site) -> None:
    mart.publish()
    assert mart.differences() == 0
    said = (
        "select obj_description('marts.made'::regclass), col_description('marts.made'::regclass, 3)"
    )
    assert mart.sql(said) == [("What it's for", "How many")]
    indexes = mart.sql(
        "select substring(indexdef from 'USING .*') from pg_indexes "
        "where schemaname = 'marts' and tablename = 'made' order by 1"
    )
    assert indexes == [("USING btree (a, b)",), ("USING btree (t, a)",)]
    assert mart.sql("select relrowsecurity from pg_class where oid = 'marts.made'::regclass") == [
        (True,)
    ]


def test_only_what_differs_is_written(mart: Site) -> None:
    mart.publish()
    mart.sql(
        "update marts_build.made set n = 5 where a in (3, 4); "
        "delete from marts_build.made where a = 9"
    )
    mart.sql("update marts_build.made set t = t where a < 20")
    before = dict(mart.sql("select a, ctid::text || xmin from marts.made"))
    mart.publish()
    after = dict(mart.sql("select a, ctid::text || xmin from marts.made"))
    assert mart.differences() == 0
    assert {a for a in before if before[a] != after.get(a)} == {3, 4, 9}


@pytest.mark.parametrize(
    "change",
    [
        "update marts_build.made set t = null where a = 4",
        "update marts_build.made set t = 'y' where t is null",
        "update marts_build.made set n = n + 0.00 where a = 7",
        "update marts_build.made set f = 0 where a = 8",
        "update marts_build.made set a = a + 1000",
        "truncate marts_build.made",
        "insert into marts_build.made (a, b) values (0, '')",
        # One is gone and one has come: the number of rows is as it was.
        "delete from marts_build.made where a = 1; "
        "insert into marts_build.made (a, b) values (0, '')",
        # Made anew, as a model that is no incremental one.
        f"{NEW}; insert into marts_build.made (a, b) values (3, 'k0')",
        # What is published was meddled with, and the working table written anew.
        "delete from marts.made where a < 50; update marts_build.made set t = t",
    ],
)
def test_every_change_is_published(mart: Site, change: str) -> None:
    mart.publish()
    mart.sql(change)
    mart.publish()
    assert mart.differences() == 0


def test_changes_of_builds_that_came_to_nothing_are_published_too(mart: Site) -> None:
    """Random writes by several transactions, of which only some are followed by a publication."""
    random = Random(1)
    mart.publish()
    for _ in range(40):
        low = random.randrange(200)
        mart.sql(
            random.choice(
                [
                    f"update marts_build.made set n = {random.random()} where a = {low}",
                    f"delete from marts_build.made where a between {low} and {low + 2}",
                    f"insert into marts_build.made (a, b) values ({low}, 'k{low % 5}') "
                    "on conflict do nothing",
                    "vacuum freeze marts_build.made",
                ]
            )
        )
        if random.random() < 0.3:
            mart.publish()
            assert mart.differences() == 0


def test_a_table_without_a_key_is_published_too(mart: Site) -> None:
    mart.sql(
        "alter table marts_build.made drop constraint made_pkey; "
        "insert into marts_build.made select * from marts_build.made where a < 5"
    )
    mart.publish()
    assert mart.differences() == 0
    mart.sql("delete from marts_build.made where ctid = (select max(ctid) from marts_build.made)")
    mart.publish()
    assert mart.differences() == 0


# Readers


def reader(site: Site) -> Any:
    """A session that has read the mart in a transaction, and keeps it open."""
    connection = database.connect(site.server)
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with connection.cursor() as cursor:
        cursor.execute("select sum(n) from marts.made")
    return connection


def test_a_reader_does_not_wait_and_is_not_waited_for(mart: Site) -> None:
    mart.publish()
    [before] = mart.sql("select sum(n) from marts.made")
    with closing(reader(mart)) as connection, connection.cursor() as cursor:
        mart.sql("update marts_build.made set n = n + 1")
        mart.publish(options="set lock_timeout = '100ms'")
        cursor.execute("set statement_timeout = '1s'; select sum(n) from marts.made")
        assert cursor.fetchone() == before
        connection.rollback()
        cursor.execute("select sum(n) - 200 from marts.made")
        assert cursor.fetchone() == before


def test_a_reader_is_not_waited_for_without_end_where_the_shape_changes(mart: Site) -> None:
    mart.publish()
    mart.sql("alter table marts_build.made add column more text default 'more'")
    with closing(reader(mart)):
        with pytest.raises(
            psycopg2.errors.LockNotAvailable, match=r"process \d+ of moodle in"
        ) as told:
            mart.publish(options="set lock_timeout = '1s'")
        assert "moodle-analytics, process" in str(told.value)
        # Another reader is let in meanwhile, and nothing has changed.
        assert mart.sql("select count(*) from marts.made") == [(200,)]
        assert mart.sql("select to_jsonb(made) ? 'more' from marts.made limit 1") == [(False,)]
    mart.publish()
    assert mart.differences() == 0
    assert mart.sql("select to_regclass('marts.made__fresh')") == [(None,)]


def test_rights_and_rules_are_put_right_without_touching_what_is_right(mart: Site) -> None:
    admin = replace(mart.server, user="postgres")
    run(admin, NAME, "create role stranger; create role guest")
    rights = 'grant select (a, b) on "marts"."made" to guest'
    policy = f'{POLICY}; drop policy if exists readers on "marts"."made"; '
    policy += 'create policy readers on "marts"."made" for select using (a < 5)'
    has = "select has_table_privilege('stranger', 'marts.made', 'select'), "
    has += "has_column_privilege('guest', 'marts.made', 'a', 'select')"
    try:
        mart.publish(policy=policy, rights=rights)
        assert mart.sql(has) == [(False, True)]
        mart.sql("grant select on marts.made to stranger; grant select (t) on marts.made to public")
        with closing(reader(mart)):
            # Rights change under a reader's eyes; a rule that is as it should be is not touched.
            mart.publish(policy=policy, rights=rights, options="set lock_timeout = '100ms'")
        assert mart.sql(has) == [(False, True)]
        mart.sql("drop policy readers on marts.made")
        mart.publish(policy=policy, rights=rights)
        assert mart.sql("select count(*) from pg_policies where tablename = 'made'") == [(1,)]
    finally:
        run(admin, NAME, "drop owned by stranger, guest; drop role stranger, guest")


# Runs of dbt


def courses(site: Site) -> list[tuple[Any, ...]]:
    return site.sql("select course_id, course_name from marts.dim_courses order by 1")


def test_the_working_schema_is_closed(site: Site) -> None:
    grants = "select count(*) from pg_namespace cross join aclexplode(nspacl) as rights "
    assert site.sql(f"{grants} where nspname = 'marts_build' and rights.grantee <> nspowner") == [
        (0,)
    ]


def test_a_run_with_a_failing_check_or_model_publishes_nothing(site: Site) -> None:
    before = courses(site)
    site.sql(f"update {COURSES} set fullname = 'Renamed' where id = 2")
    # No two courses may be one: a check fails.
    site.sql(f"alter table {COURSES} drop constraint m_course_pkey")
    site.sql(f"insert into {COURSES} select * from {COURSES} where id = 3")
    summary = site.build("--select", "+dim_courses")
    site.sql(f"delete from {COURSES} where ctid = (select max(ctid) from {COURSES} where id = 3)")
    assert summary.faults
    assert courses(site) == before
    site.sql(f"alter table {COURSES} rename column id to aside")
    with pytest.raises(UserError, match=r"has no column id.* still those of the last good run"):
        site.build(*TINY)
    site.sql(f"alter table {COURSES} rename column aside to id")
    assert courses(site) == before
    site.build(*TINY)
    assert [name for key, name in courses(site) if key == 2] == ["Renamed"]


def test_plain_dbt_does_not_run_beside_a_run(site: Site, tmp_path: Path) -> None:
    (tmp_path / "profiles.yml").write_text((ROOT / "profiles.example.yml").read_text())
    target = build.Target(site.server, profiles_dir=tmp_path)
    command = ["run", *TINY[:2], *site.paths]
    with runs.alone(site.server, "build") as options:
        with pytest.raises(
            UserError, match="another run is at work in this database: moodle-analy"
        ):
            build.run_dbt(target, command, variables=VARIABLES, title="")
        with pytest.raises(UserError, match=r"process .* since .* --no-wait"):
            build.build(target, arguments=TINY, wait=False)
        build.run_dbt(replace(target, options=options), command, variables=VARIABLES, title="")
    lost = replace(target, options=options)
    with pytest.raises(UserError, match="the run has lost its lock"):
        build.run_dbt(lost, command, variables=VARIABLES, title="")
