"""Readers see the marts and nothing else, and entitled ones their courses alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import handmade
from access_site import (
    DASHBOARD,
    MARTS,
    PASSWORD,
    SHARED,
    AccessSite,
    ask,
    counts,
    expected,
    is_refused,
    reading,
)
from conftest import SHARED_DATA, dbt_paths, drop_database, run
from moodle_analytics import build, database
from moodle_analytics.access import grant

pytestmark = pytest.mark.database
Wish = grant.Wish
NAME = "access site"


@pytest.fixture(scope="module")
def site(
    server: database.Server,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[AccessSite]:
    """A copy of the real site where it is there, else the one made by hand; three readers."""
    here = database.Server(**{**vars(server), "database": NAME})
    if (SHARED_DATA / "moodle_site_a.sql.gz").exists():
        built = request.getfixturevalue("built_site")
        run(server, "postgres", f'create database "{NAME}" template "real site"')
        paths = built.paths
    else:
        run(server, "postgres", f'create database "{NAME}" template template0')
        run(server, NAME, handmade.make_site().sql())
        paths = dbt_paths(tmp_path_factory.mktemp("dbt"))
        build.build(build.Target(here), arguments=["--exclude-resource-type", "test", *paths])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGDATABASE", NAME)
        patch.setenv("DBT_TARGET_PATH", paths[1])
        patch.setenv("DBT_LOG_PATH", paths[3])
        patch.setenv("READER_PASSWORD", PASSWORD)
        made = AccessSite(here, _a_teacher(here), paths)
        made.admin(
            "create schema if not exists outreach; create table outreach.sent (); "
            "create schema if not exists predictions; create table predictions.made ()"
        )
        for wish in (
            Wish(DASHBOARD),
            Wish(made.teacher, sees_all=False),
            Wish(SHARED, is_shared=True),
        ):
            granted = grant.grant(made.place, wish)
            assert granted.findings == []
        yield made
    drop_database(server, NAME)
    for role in (DASHBOARD, made.teacher, SHARED):
        quoted = role.replace('"', '""')
        made_admin = database.Server(**{**vars(server), "user": "postgres"})
        run(made_admin, "postgres", f'drop role "{quoted}"')


def _a_teacher(server: database.Server) -> str:
    """Give a user who is entitled to some courses with learners, and to some learners, not all."""
    [(name,), *_] = run(
        server,
        server.database,
        """
        with held as (select distinct course_id, learner_id from marts.fct_weekly_progress)
        select user_name from intermediate.int_entitlements
        inner join held on held.course_id = int_entitlements.course_id
        group by user_name
        having
            count(distinct held.course_id) < (select count(distinct course_id) from held)
            and count(distinct learner_id) < (select count(*) from marts.dim_learners)
        order by count(distinct held.course_id) desc, user_name
        """,
    )
    return str(name)


# Whose rows


def test_a_reader_of_all_courses_reads_every_mart(site: AccessSite) -> None:
    with reading(site, DASHBOARD) as cursor:
        assert counts(site, cursor) == expected(site, None)


def test_a_teacher_sees_the_own_courses_and_learners_alone(site: AccessSite) -> None:
    own = site.courses(site.teacher)
    with reading(site, site.teacher) as cursor:
        assert counts(site, cursor) == expected(site, own)
        assert 0 < expected(site, own)["dim_learners"] < expected(site, None)["dim_learners"]
        for name, columns in site.marts().items():
            if "course_id" in columns:
                query = f"select distinct course_id from {MARTS}.{name}"
                assert {course for (course,) in ask(cursor, query)} <= set(own)
        learners = {row for (row,) in ask(cursor, f"select learner_id from {MARTS}.dim_learners")}
    theirs = site.admin(
        "select learner_id from intermediate.int_learner_courses "
        f"where course_id in ({', '.join(map(str, own))})"
    )
    assert learners == {learner for (learner,) in theirs}


def test_a_shared_account_sees_the_courses_of_whom_the_session_names(site: AccessSite) -> None:
    own = expected(site, site.courses(site.teacher))
    with reading(site, SHARED, f" {site.teacher.upper()}") as cursor:
        assert counts(site, cursor) == own
        # Workers have to know the user too.
        cursor.execute(
            "set parallel_setup_cost = 0; set parallel_tuple_cost = 0; "
            "set min_parallel_table_scan_size = 0; set parallel_leader_participation = off"
        )
        query = f"select count(*) from {MARTS}.fct_weekly_progress"
        assert any("Workers Planned" in line for (line,) in ask(cursor, f"explain {query}"))
        assert ask(cursor, query) == [(own["fct_weekly_progress"],)]


@pytest.mark.parametrize("user", [None, "", " ", "nobody", "%", "x' or true or 'x"])
def test_a_shared_account_for_nobody_known_sees_no_rows(site: AccessSite, user: str | None) -> None:
    with reading(site, SHARED, user) as cursor:
        assert counts(site, cursor) == expected(site, [])


def test_a_reader_of_its_own_cannot_name_another_user(site: AccessSite) -> None:
    [(other,)] = site.admin(
        "select min(user_name) from intermediate.int_entitlements "
        f"where user_name <> '{site.teacher}' and course_id not in "
        f"({', '.join(map(str, site.courses(site.teacher)))})"
    ) or [(None,)]
    with reading(site, site.teacher, str(other or "nobody")) as cursor:
        assert counts(site, cursor) == expected(site, site.courses(site.teacher))
        # What skips policies fails instead.
        cursor.execute("set row_security = off")
        assert is_refused(cursor, f"select * from {MARTS}.fct_weekly_progress")


def test_filters_use_an_index_under_row_security(site: AccessSite) -> None:
    with reading(site, site.teacher) as cursor:
        cursor.execute("set enable_seqscan = off")
        plan = ask(
            cursor,
            f"explain select * from {MARTS}.fct_weekly_progress "
            "where learner_id = 1 and course_id = 2",
        )
    assert any("Index Cond" in line and "learner_id = 1" in line for (line,) in plan)


# Nothing else


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_reader_reads_no_other_schema(site: AccessSite, index: int) -> None:
    others = site.admin(
        "select format('%I.%I', nspname, relname) from pg_class "
        "inner join pg_namespace on pg_namespace.oid = relnamespace "
        "where relkind in ('r', 'v', 'p', 'm') and nspname <> 'information_schema' "
        f"and nspname not in ('pg_catalog', 'pg_toast', '{MARTS}')"
    )
    schemas = {name.partition(".")[0] for (name,) in others}
    assert {"staging", "intermediate", "access", "outreach", "predictions"} <= schemas
    with reading(site, (DASHBOARD, SHARED, site.teacher)[index]) as cursor:
        assert [name for (name,) in others if not is_refused(cursor, f"table {name}")] == []
        for call in ("entitled_courses('x')", "reads_all_courses('x')", "current_readers()"):
            assert is_refused(cursor, f"select access.{call}")


def test_a_reader_changes_nothing_and_finds_no_way_out(site: AccessSite) -> None:
    builder = site.server.user
    with reading(site, DASHBOARD) as cursor:
        for statement in (
            "insert into marts.dim_weeks select * from marts.dim_weeks",
            "update marts.dim_weeks set week_label = ''",
            "delete from marts.dim_weeks",
            "truncate marts.dim_weeks",
            "drop table marts.dim_weeks",
            "drop policy readers on marts.fct_weekly_progress",
            "alter table marts.fct_weekly_progress disable row level security",
            "create table marts.mine (one int)",
            "create table public.mine (one int)",
            "create schema mine",
            "insert into access.readers values ('x', true, false, true, now())",
            f"set role {builder}",
            "set role postgres",
            f"set session authorization {builder}",
            "copy marts.dim_weeks to program 'true'",
        ):
            assert is_refused(cursor, statement), statement
        cursor.execute("create temporary table mine as select * from dim_weeks")
        assert ask(cursor, "show statement_timeout") == [("2min",)]
        assert ask(cursor, "show idle_in_transaction_session_timeout") == [("5min",)]


def test_names_are_hidden_even_where_they_are_held(site: AccessSite) -> None:
    grant.grant(site.place, Wish(DASHBOARD, sees_personal=True))
    site.admin("update marts.dim_learners set learner_name = 'Ada', email = 'ada@mail.test'")
    query = "select count(learner_name), count(email) from marts.dim_learners"
    with reading(site, DASHBOARD) as cursor:
        [(names, addresses)] = ask(cursor, query)
        assert names == addresses == expected(site, None)["dim_learners"]
    grant.grant(site.place, Wish(DASHBOARD, sees_personal=False))
    for role in (DASHBOARD, SHARED, site.teacher):
        with reading(site, role, site.teacher) as cursor:
            for column in ("learner_name", "email", "dim_learners", "*"):
                assert is_refused(cursor, f"select {column} from marts.dim_learners")
            assert ask(cursor, "select count(learner_key) from marts.dim_learners") != [(0,)]


# What keeps it so


def test_builds_keep_the_rights_and_the_rules(site: AccessSite) -> None:
    site.admin("insert into access.readers values ('gone', true, false, true, now())")
    site.build("dim_learners")
    with reading(site, site.teacher) as cursor:
        assert counts(site, cursor) == expected(site, site.courses(site.teacher))
    site.build("path:models/marts")
    site.admin("delete from access.readers where role_name = 'gone'")
    with reading(site, DASHBOARD) as cursor:
        assert counts(site, cursor) == expected(site, None)
        assert is_refused(cursor, "select email from marts.dim_learners")
    with reading(site, site.teacher) as cursor:
        assert counts(site, cursor) == expected(site, site.courses(site.teacher))


def test_every_mart_is_under_row_security_and_views_ask_as_the_reader(site: AccessSite) -> None:
    loose = site.admin(
        f"""
        select relname from pg_class where relnamespace = '{MARTS}'::regnamespace and (
            relkind = 'v' and not coalesce('security_invoker=true' = any (reloptions), false)
            or relkind in ('r', 'p', 'm') and not (
                relrowsecurity and exists (select from pg_policy where polrelid = pg_class.oid)
            )
        )
        """
    )
    assert loose == []


@pytest.mark.parametrize("table", ["marts_build.entitlements", "access.readers"])
def test_what_is_missing_or_empty_gives_nobody_anything(site: AccessSite, table: str) -> None:
    schema, _, name = table.partition(".")
    # Who sees all courses needs no entitlements, yet is nobody without the record.
    whole = [] if table == "access.readers" else None
    for closing, opening in (
        (f"alter table {table} rename to aside", f"alter table {schema}.aside rename to {name}"),
        (
            f"create table aside as table {table}; delete from {table}",
            f"insert into {table} table aside; drop table aside",
        ),
    ):
        site.admin(closing)
        try:
            with reading(site, site.teacher) as cursor:
                assert counts(site, cursor) == expected(site, [])
            with reading(site, DASHBOARD) as cursor:
                assert counts(site, cursor) == expected(site, whole)
        finally:
            site.admin(opening)


def test_a_table_that_no_hook_has_seen_is_closed(site: AccessSite) -> None:
    site.admin("create table marts.brand_new as select 1 as course_id, 'secret' as grade")
    try:
        for role in (DASHBOARD, SHARED, site.teacher):
            with reading(site, role, site.teacher) as cursor:
                assert is_refused(cursor, "select * from marts.brand_new")
        # Not even a right on it shows rows without a policy.
        site.admin(
            "alter table marts.brand_new enable row level security; "
            f"grant select on marts.brand_new to {SHARED}"
        )
        with reading(site, SHARED, site.teacher) as cursor:
            assert ask(cursor, "select * from marts.brand_new") == []
    finally:
        site.admin("drop table marts.brand_new")


def test_a_role_with_rights_of_its_own_is_no_reader(site: AccessSite) -> None:
    password = PASSWORD.replace("'", "''")
    site.admin(
        f"create role stranger login password '{password}'; "
        "grant usage on schema marts to stranger; "
        "grant select on all tables in schema marts to stranger"
    )
    try:
        with reading(site, "stranger", site.teacher) as cursor:
            assert is_refused(cursor, "select * from marts.fct_weekly_progress")
    finally:
        site.admin("drop owned by stranger; drop role stranger")


def test_where_the_builder_may_not_use_the_record_marts_stay_closed(site: AccessSite) -> None:
    site.admin("alter schema access owner to postgres")
    try:
        site.build("dim_courses")
        with reading(site, DASHBOARD) as cursor:
            assert is_refused(cursor, "select course_id from marts.dim_courses")
    finally:
        site.admin(f"alter schema access owner to {site.server.user}")
    site.build("dim_courses")
    with reading(site, DASHBOARD) as cursor:
        assert counts(site, cursor) == expected(site, None)
