"""Finding Moodle's tables in a database, and saying what they hold."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import pytest

from conftest import run
from moodle_analytics import database, site
from moodle_analytics.errors import UserError
from small_site import site_sql

MakeDatabase = Callable[[str, str], database.Server]


def find(server: database.Server, **asked: str) -> site.Site:
    with closing(database.connect(server, readonly=True)) as connection:
        return site.find_site(connection, **asked)


def facts(server: database.Server) -> site.SiteFacts:
    with closing(database.connect(server, readonly=True)) as connection:
        return site.describe_site(connection, site.find_site(connection))


@pytest.mark.parametrize(
    ("schema", "prefix"), [("public", "mdl_"), ("public", ""), ("My Schule", "M5_x_"), ("m", "mdl")]
)
def test_any_schema_and_prefix(make_database: MakeDatabase, schema: str, prefix: str) -> None:
    made = make_database("found", site_sql(prefix, schema))
    assert find(made) == site.Site(schema, prefix)
    assert facts(made).log_rows == 3


def test_what_a_site_holds(make_database: MakeDatabase) -> None:
    found = facts(make_database("counted", site_sql("m_")))
    assert found.release == "4.3.2+"
    assert found.version == "2023100902"
    assert found.table_count == 19
    assert found.log_rows == 3
    assert found.first_log_at == datetime(2024, 5, 6, 8, 0)
    assert found.last_log_at == datetime(2024, 5, 6, 9, 0)
    assert found.learners == 2, "lina and omar, who holds the role twice; not the teacher"
    assert found.courses == 1, "the site itself is no course"
    assert found.timezone == "Asia/Beirut"
    assert set(found.absent) == set(site.OPTIONAL_TABLES) - {"role", "role_assignments", "config"}


def test_deleted_learners_are_not_counted(make_database: MakeDatabase) -> None:
    script = site_sql() + "update public.mdl_user set deleted = 1 where id = 4;"
    assert facts(make_database("deleted", script)).learners == 1


def test_the_reduced_dump_leaves_unknown_what_it_cannot_say(make_database: MakeDatabase) -> None:
    found = facts(make_database("reduced", site_sql(roles=False)))
    assert (found.release, found.learners, found.timezone) == (None, None, None)
    assert set(found.absent) == set(site.OPTIONAL_TABLES)


@pytest.mark.parametrize("zone", ["99", "5.5", "Nowhere/Land"])
def test_a_zone_that_names_none(make_database: MakeDatabase, zone: str) -> None:
    assert facts(make_database("zoneless", site_sql(timezone=zone))).timezone is None


def test_an_empty_log(make_database: MakeDatabase) -> None:
    script = site_sql() + "truncate public.mdl_logstore_standard_log;"
    found = facts(make_database("quiet", script))
    assert (found.log_rows, found.first_log_at, found.last_log_at) == (0, None, None)


def test_missing_core_tables_are_named(make_database: MakeDatabase) -> None:
    made = make_database("gaps", site_sql(without=("forum_posts", "logstore_standard_log")))
    with pytest.raises(UserError, match="mdl_logstore_standard_log, mdl_forum_posts"):
        find(made)


def test_no_moodle_at_all(make_database: MakeDatabase) -> None:
    made = make_database("shop", "create table customer (id int); create table course (id int)")
    with pytest.raises(UserError, match=r"not a Moodle database.*logstore_standard_log, context"):
        find(made)


def test_the_site_that_is_there_is_named_where_another_was_asked(
    make_database: MakeDatabase,
) -> None:
    server = make_database("misnamed", site_sql("x_"))
    with (
        closing(database.connect(server)) as connection,
        pytest.raises(UserError, match=r"no Moodle site with prefix 'mdl_' here, but public\.x_\*"),
    ):
        site.find_site(connection, prefix="mdl_")


def test_several_sites_need_a_choice(make_database: MakeDatabase) -> None:
    made = make_database("both", site_sql("mdl_") + site_sql("phu_") + site_sql("mdl_", "old"))
    with pytest.raises(UserError, match=r"old\.mdl_\*.*public\.mdl_\*.*public\.phu_\*.*--prefix"):
        find(made)
    assert find(made, prefix="phu_") == site.Site("public", "phu_")
    assert find(made, prefix="mdl_", schema="old") == site.Site("old", "mdl_")
    with pytest.raises(UserError, match="prefix 'none_'"):
        find(made, prefix="none_")


def test_models_named_like_moodles_tables_are_no_site(make_database: MakeDatabase) -> None:
    models = site_sql("stg_moodle__", "staging") + (
        "alter table staging.stg_moodle__logstore_standard_log "
        "alter timecreated type timestamptz using to_timestamp(timecreated);"
    )
    assert find(make_database("modelled", site_sql() + models)) == site.Site("public", "mdl_")


def test_an_unreadable_core_table_is_named(
    server: database.Server, make_database: MakeDatabase
) -> None:
    made = make_database("guarded", site_sql())
    admin = replace(server, user="postgres")
    run(admin, "postgres", "create role reader login password 'p'")
    try:
        run(
            made,
            "guarded",
            "grant select on all tables in schema public to reader;"
            "revoke select on public.mdl_grade_grades from reader",
        )
        with pytest.raises(UserError, match="may not be read by this role: mdl_grade_grades"):
            find(replace(made, user="reader", password="p"))
    finally:
        run(admin, "guarded", "drop owned by reader; drop role reader")
