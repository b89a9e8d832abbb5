"""A dump of the sixteen core tables alone, as the 10 Academy's: who learns is inferred."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from conftest import dbt_paths, drop_database, run
from moodle_analytics import build, database

pytestmark = pytest.mark.database

NAME = "reduced"

# Without keys, as some anonymised dumps are. The user's columns are those of the brief.
TABLES = {
    "user": "id bigint, confirmed smallint default 1, policyagreed smallint, deleted smallint "
    "default 0, suspended smallint default 0, idnumber text, country text, lang text, firstaccess "
    "bigint default 0, lastaccess bigint default 0, lastlogin bigint default 0, currentlogin "
    'bigint default 0, lastip text, gender text, "CountryCode" text',
    "course": "id bigint, category bigint, fullname text, shortname text, format text, "
    "startdate bigint, enddate bigint default 0, visible smallint default 1, "
    "enablecompletion smallint default 0",
    "context": "id bigint, contextlevel bigint, instanceid bigint, path text, depth smallint",
    "modules": "id bigint, name text",
    "course_modules": "id bigint, course bigint, module bigint, instance bigint, section bigint, "
    "added bigint, visible smallint default 1, completion smallint default 0, "
    "completionexpected bigint default 0, deletioninprogress smallint default 0",
    "course_modules_completion": "id bigint, coursemoduleid bigint, userid bigint, "
    "completionstate smallint, viewed smallint, timemodified bigint",
    "grade_items": "id bigint, courseid bigint, categoryid bigint, itemname text, itemtype text, "
    "itemmodule text, iteminstance bigint, gradetype smallint, grademax numeric(10,5), "
    "grademin numeric(10,5), gradepass numeric(10,5), hidden bigint, timemodified bigint",
    "grade_grades": "id bigint, itemid bigint, userid bigint, rawgrade numeric(10,5), "
    "finalgrade numeric(10,5), hidden bigint, overridden bigint, excluded bigint, "
    "timecreated bigint, timemodified bigint",
    "grade_categories": "id bigint, courseid bigint, parent bigint, fullname text, "
    "aggregation bigint, droplow bigint, keephigh bigint, timemodified bigint",
    "forum": "id bigint, course bigint, type text, name text",
    "forum_discussions": "id bigint, course bigint, forum bigint, name text, firstpost bigint, "
    "userid bigint, timemodified bigint",
    "forum_posts": "id bigint, discussion bigint, parent bigint, userid bigint, created bigint, "
    "modified bigint, subject text, message text",
    "logstore_standard_log": "id bigint, eventname text, component text, action text, target text, "
    "objecttable text, objectid bigint, crud text, edulevel smallint, contextid bigint, "
    "contextlevel bigint, contextinstanceid bigint, userid bigint, courseid bigint, "
    "relateduserid bigint, anonymous smallint default 0, other text, timecreated bigint, "
    "origin text, ip text, realuserid bigint",
}
HISTORY = "action bigint, oldid bigint, source text, loggeduser bigint"
TABLES |= {
    f"{name}_history": f"{TABLES[name]}, {HISTORY}"
    for name in ("grade_items", "grade_grades", "grade_categories")
}

MONDAY = int(datetime(2019, 7, 1, 8, tzinfo=UTC).timestamp())
GUEST, ADMIN, TEACHER = 1, 2, 3
GRADED, VIEWER, BOTH = 4, 5, 6
NOTIFIED, DELETED, TEACHES_ONE_LEARNS_OTHER = 7, 8, 9
IMPERSONATED, BY_COMMAND_LINE, GRADED_BY_QUIZ = 10, 11, 12
EMPTY_GRADE, SUSPENDED, GRADED_TEACHER = 13, 14, 15
PEOPLE = range(1, 16)
SQL, PYTHON, DELETED_COURSE = 2, 3, 99

# (user, course, edulevel, event, origin, the admin who acts as the user)
EVENTS: list[tuple[int, int, int, str, str, int | None]] = [
    (GUEST, SQL, 2, r"\core\event\course_viewed", "web", None),
    (ADMIN, SQL, 2, r"\core\event\course_viewed", "web", None),
    (TEACHER, SQL, 2, r"\core\event\course_viewed", "web", None),
    (TEACHER, SQL, 1, r"\core\event\course_module_created", "web", None),
    (VIEWER, 0, 0, r"\core\event\user_loggedin", "web", None),
    (VIEWER, SQL, 2, r"\core\event\course_viewed", "web", None),
    (VIEWER, DELETED_COURSE, 2, r"\core\event\course_viewed", "web", None),
    (BOTH, SQL, 2, r"\mod_forum\event\discussion_viewed", "web", None),
    (BOTH, SQL, 2, r"\mod_forum\event\assessable_uploaded", "web", None),
    (NOTIFIED, 0, 0, r"\core\event\notification_viewed", "web", None),
    (NOTIFIED, SQL, 2, r"\core\event\course_module_completion_updated", "web", None),
    (DELETED, SQL, 2, r"\core\event\course_viewed", "web", None),
    (TEACHES_ONE_LEARNS_OTHER, SQL, 2, r"\core\event\course_viewed", "web", None),
    (TEACHES_ONE_LEARNS_OTHER, SQL, 1, r"\core\event\course_updated", "web", None),
    (TEACHES_ONE_LEARNS_OTHER, PYTHON, 2, r"\core\event\course_viewed", "web", None),
    (IMPERSONATED, SQL, 2, r"\core\event\course_viewed", "web", ADMIN),
    (BY_COMMAND_LINE, SQL, 2, r"\core\event\course_viewed", "cli", None),
    (GRADED_BY_QUIZ, SQL, 2, r"\mod_quiz\event\attempt_submitted", "web", None),
    # A quiz grades by itself in the name of who takes it: nobody teaches here.
    (GRADED_BY_QUIZ, SQL, 1, r"\core\event\user_graded", "web", None),
    (SUSPENDED, SQL, 2, r"\core\event\course_viewed", "ws", None),
    # Nor does a learner as whom the admin acts.
    (SUSPENDED, SQL, 1, r"\core\event\course_updated", "web", ADMIN),
    (GRADED_TEACHER, PYTHON, 1, r"\mod_assign\event\submission_graded", "web", None),
    (-10, 0, 0, r"\core\event\notification_sent", "web", None),
    (0, SQL, 0, r"\core\event\course_completed", "cli", None),
]
# (user, item, final grade); items 1 and 2 are of the courses SQL and PYTHON.
GRADES = [(GRADED, 1, 7), (BOTH, 1, 8), (EMPTY_GRADE, 2, None), (GRADED_TEACHER, 2, 9)]
LEARNERS = {
    *((learner, SQL) for learner in (GRADED, VIEWER, BOTH, GRADED_BY_QUIZ, SUSPENDED)),
    *((learner, PYTHON) for learner in (TEACHES_ONE_LEARNS_OTHER, EMPTY_GRADE)),
    (VIEWER, DELETED_COURSE),
}


def literal(value: object) -> str:
    if value is None:
        return "null"
    return str(value) if isinstance(value, int) else f"'{value}'"


def site_sql(prefix: str = "mdl_") -> str:
    """SQL that makes the reduced site."""

    def insert(table: str, columns: str, rows: list[tuple[object, ...]]) -> str:
        values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
        return f'insert into "{prefix}{table}" ({columns}) values {values};'

    lines = [f'create table "{prefix}{name}" ({columns});' for name, columns in TABLES.items()]
    users = [
        (
            *(user, int(user == DELETED), int(user == SUSPENDED)),
            *(0 if user in (NOTIFIED, GRADED) else MONDAY, "Ghana", "GH"),
        )
        for user in PEOPLE
    ]
    events = [
        (
            *(number, name, name.split("\\")[1], edulevel, 50 if course else 10, course, course),
            *(user, "a:0:{}", MONDAY + 60 * number, origin, admin),
        )
        for number, (user, course, edulevel, name, origin, admin) in enumerate(EVENTS, start=1)
    ]
    lines += [
        insert("user", 'id, deleted, suspended, lastlogin, country, "CountryCode"', users),
        insert(
            "course",
            "id, shortname, fullname, format, startdate",
            [
                (1, "site", "Site", "site", 0),
                (SQL, "sql", "SQL", "topics", MONDAY),
                (PYTHON, "py", "Python", "topics", MONDAY),
            ],
        ),
        insert(
            "context",
            "id, contextlevel, instanceid, path, depth",
            [(1, 10, 0, "/1", 1), (2, 50, SQL, "/1/2", 2), (3, 50, PYTHON, "/1/3", 2)],
        ),
        insert(
            "grade_items",
            "id, courseid, itemtype, itemmodule, iteminstance, gradetype, grademax, grademin",
            [(1, SQL, "mod", "quiz", 4, 1, 10, 0), (2, PYTHON, "mod", "quiz", 5, 1, 10, 0)],
        ),
        insert(
            "grade_grades",
            "id, itemid, userid, finalgrade, timemodified",
            [(n, item, user, grade, MONDAY) for n, (user, item, grade) in enumerate(GRADES, 1)],
        ),
        insert(
            "logstore_standard_log",
            "id, eventname, component, edulevel, contextlevel, contextinstanceid, courseid, "
            "userid, other, timecreated, origin, realuserid",
            events,
        ),
    ]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def built(
    server: database.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[build.Summary]:
    run(server, "postgres", f"create database {NAME} template template0")
    run(server, NAME, site_sql())
    folder = tmp_path_factory.mktemp("dbt")
    target = build.Target(replace(server, database=NAME))
    yield build.build(target, arguments=dbt_paths(folder))
    drop_database(server, NAME)


@pytest.fixture
def select(server: database.Server, built: build.Summary) -> Any:  # noqa: ARG001
    return lambda query: run(server, NAME, query)


def test_every_check_of_dbt_passes(built: build.Summary) -> None:
    assert (built.faults, built.warnings) == ([], [])


def test_learners_are_inferred(select: Any) -> None:
    query = "select learner_id, course_id, is_role_inferred from intermediate.int_learner_courses"
    found = select(query)
    assert {(learner, course) for learner, course, _ in found} == LEARNERS
    assert len(found) == len(LEARNERS)
    assert {is_inferred for *_, is_inferred in found} == {True}


def test_without_groups_there_is_everyone(select: Any) -> None:
    query = "select learner_id, course_id, learner_group from marts.fct_learner_groups"
    found = select(query)
    assert {(learner, course) for learner, course, _ in found} == LEARNERS
    assert len(found) == len(LEARNERS)
    assert {group for *_, group in found} == {"All learners"}
    query = "select distinct learner_group_id, is_suppressed from marts.dim_learner_groups"
    assert select(query) == [("all", False)]


def test_who_did_nothing_stays_visible_and_staff_do_not(select: Any) -> None:
    query = "select learner_id, entry_state, is_role_inferred from marts.dim_learners order by 1"
    assert select(query) == [
        (GRADED, "never_logged_in", True),
        (VIEWER, "started", True),
        (BOTH, "started", True),
        (NOTIFIED, "never_logged_in", True),
        (TEACHES_ONE_LEARNS_OTHER, "started", True),
        (IMPERSONATED, "logged_in_only", True),
        (BY_COMMAND_LINE, "logged_in_only", True),
        (GRADED_BY_QUIZ, "started", True),
        (EMPTY_GRADE, "logged_in_only", True),
        (SUSPENDED, "started", True),
    ]


def test_the_mixed_case_country_tells_the_zone(select: Any) -> None:
    query = "select distinct country_code, timezone, is_timezone_assumed from marts.dim_learners"
    assert select(query) == [("GH", "Africa/Accra", True)]


def test_weeks_hold_each_learners_own_events(select: Any) -> None:
    query = """
        select learner_id, course_id, week_start, event_count, participating_event_count,
            is_course_deleted
        from marts.fct_weekly_engagement where event_count > 0 order by 1, 2
    """
    week = date(2019, 7, 1)
    assert select(query) == [
        (VIEWER, SQL, week, 1, 1, False),
        (VIEWER, DELETED_COURSE, week, 1, 1, True),
        (BOTH, SQL, week, 2, 1, False),
        (TEACHES_ONE_LEARNS_OTHER, PYTHON, week, 1, 1, False),
        (GRADED_BY_QUIZ, SQL, week, 1, 1, False),
        (SUSPENDED, SQL, week, 1, 1, False),
    ]


def test_the_ledger_names_each_reason(select: Any) -> None:
    query = """
        select left_out_reason, sum(event_count)::int from intermediate.int_event_days
        group by 1 order by 1 nulls first
    """
    found = dict(select(query))
    assert sum(found.values()) == len(EVENTS)
    # The no-reply account and nobody are the system; a reason stands before the event's own kind.
    assert found == {
        None: 14,
        "automatic": 3,
        "command_line_or_restore": 1,
        "deleted_user": 1,
        "guest": 1,
        "logged_in_as": 2,
        "system_user": 2,
    }
