"""The made academy: the counted facts, its inner truth, and every version's tables."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from moodle_analytics import cli, database, generate
from moodle_analytics.errors import UserError
from moodle_analytics.generate import other, schema
from moodle_analytics.generate.academy import make_world
from moodle_analytics.generate.options import shared_out

SCHEMAS = Path(__file__).parents[2] / "shared" / "data" / "moodle_schema_by_version.json"
SMALL = {"learners": 60, "weeks": 10, "events": 20_000}
AUTOMATIC = r"""(
    '\core\event\course_module_completion_updated', '\core\event\course_completed',
    '\mod_quiz\event\attempt_becameoverdue', '\mod_quiz\event\attempt_abandoned'
)"""


@pytest.fixture(scope="module")
def academy(server: database.Server) -> Iterator[Any]:
    """Return a cursor on the academy of the default size."""
    generate.generate_database(server, generate.Options(), "made_academy")
    with closing(database.connect(server, "made_academy")) as connection:
        yield connection.cursor()


def one(cursor: Any, query: str) -> Any:
    """Return the first value of the first row."""
    cursor.execute(query)
    return cursor.fetchone()[0]


def pairs(cursor: Any, query: str) -> dict[Any, Any]:
    """Return a query's first column mapped to its second."""
    cursor.execute(query)
    return dict(cursor.fetchall())


# What was counted in the real programme: a query, its value, and how far off it may be (a share).
COUNTED = [
    ("select count(*) from mdl_logstore_standard_log", 417_554, 0),
    ("select count(*) from mdl_context", 4_359, 0),
    ('select count(*) from "mdl_user"', 1_052, 0),
    ("select count(*) from mdl_user where confirmed = 1 and deleted = 0", 1_044, 0),
    ("select count(*) from mdl_user where deleted = 1", 8, 0),
    ("select count(distinct country) from mdl_user", 38, 0),
    ("select count(*) from mdl_course", 15, 0),
    ("select count(*) from mdl_modules", 26, 0),
    ("select count(*) from mdl_course_modules", 290, 0),
    ("select count(*) from mdl_course_modules_completion", 4_483, 0),
    ("select count(*) from mdl_grade_items", 113, 0),
    ("select count(*) from mdl_grade_grades", 3_643, 0),
    ("select count(*) from mdl_grade_categories", 16, 0),
    ("select count(*) from mdl_grade_items_history", 486, 0),
    ("select count(*) from mdl_grade_grades_history", 7_108, 0),
    ("select count(*) from mdl_grade_categories_history", 46, 0),
    ("select count(*) from mdl_forum", 34, 0),
    ("select count(*) from mdl_forum_discussions", 23, 0),
    ("select count(*) from mdl_forum_posts", 131, 0),
    ("select count(*) from mdl_logstore_standard_log where ip is null", 89_513, 0),
    ("select count(*) from mdl_logstore_standard_log where objecttable is null", 54_573, 0),
    ("select count(*) from mdl_logstore_standard_log where relateduserid is null", 92_356, 0),
    ("select count(*) from mdl_logstore_standard_log where realuserid is not null", 32, 0),
    ("select count(distinct action) from mdl_logstore_standard_log", 45, 0),
    ("select count(distinct userid) from mdl_logstore_standard_log", 1_049, 0),
    ("select count(distinct userid) from mdl_grade_grades", 407, 0.03),
    (
        "select count(distinct userid) from mdl_grade_grades where finalgrade is not null",
        402,
        0.03,
    ),
    ("select count(finalgrade) from mdl_grade_grades", 2_160, 0.07),
    ("select count(rawgrade) from mdl_grade_grades", 1_089, 0.03),
    ("select sum(finalgrade) from mdl_grade_grades", 231_922.91, 0.10),
    (
        "select count(distinct userid) from mdl_logstore_standard_log where action = 'loggedin'",
        600,
        0,
    ),
    ("select min(timecreated) from mdl_logstore_standard_log", 1_548_311_114, 0),
]
VERBS = {
    "viewed": 120_167,
    "updated": 9_657,
    "loggedin": 4_444,
    "started": 3_679,
    "submitted": 2_288,
    "resumed": 1_422,
    "answered": 362,
    "uploaded": 173,
    "searched": 14,
    "abandoned": 5,
}
ROWS_OF_USER = {
    -10: 1, -1: 2_170, 0: 7_257, 2: 45_023, 246: 13_917, 3: 12_922, 917: 10_696, 581: 10_533,
}  # fmt: skip
SUBMITTED_THREE_HOURS_AHEAD = [
    78, 79, 69, 47, 25, 27, 26, 33, 36, 64, 98, 133,
    140, 140, 179, 155, 135, 121, 148, 151, 105, 106, 88, 105,
]  # fmt: skip


@pytest.mark.parametrize(("query", "value", "off"), COUNTED)
def test_counts_of_the_real_programme(academy: Any, query: str, value: float, off: float) -> None:
    assert float(one(academy, query)) == pytest.approx(value, rel=off, abs=0)


def test_verbs(academy: Any) -> None:
    found = pairs(academy, "select action, count(*) from mdl_logstore_standard_log group by action")
    assert {verb: found.get(verb) for verb in VERBS} == VERBS
    assert "attempted" not in found


def test_busiest_users_and_system_ids(academy: Any) -> None:
    found = pairs(academy, "select userid, count(*) from mdl_logstore_standard_log group by userid")
    assert {user: found.get(user) for user in ROWS_OF_USER} == ROWS_OF_USER
    assert sorted(found, key=found.get)[-5:] == [581, 917, 3, 246, 2]
    actions = "select string_agg(distinct action, ',') from mdl_logstore_standard_log"
    assert one(academy, f"{actions} where userid = -1") == "graded"


def test_submissions_by_hour(academy: Any) -> None:
    found = pairs(
        academy,
        "select (timecreated / 3600 + 3) % 24, count(*) from mdl_logstore_standard_log "
        "where action = 'submitted' group by 1",
    )
    assert [found[hour] for hour in range(24)] == SUBMITTED_THREE_HOURS_AHEAD


def test_logins_of_a_person(academy: Any) -> None:
    academy.execute(
        "select count(*) from mdl_logstore_standard_log where action = 'loggedin' group by userid"
    )
    logins = np.array([row[0] for row in academy.fetchall()])
    edges = [(1, 1, 182), (2, 4, 211), (5, 9, 96), (10, 19, 59), (20, 10_000, 52)]
    for low, high, people in edges:
        assert ((logins >= low) & (logins <= high)).sum() == people
    assert np.median(logins) == 2
    assert logins.max() == 169


def test_entry_is_rolling(academy: Any) -> None:
    found = pairs(
        academy,
        "select to_char(to_timestamp(firstaccess) at time zone 'UTC', 'Mon'), count(*) "
        "from mdl_user where deleted = 0 and firstaccess > 0 group by 1",
    )
    months = {"Feb": 227, "Mar": 58, "Apr": 140, "May": 111, "Jun": 27, "Jul": 31}
    assert {month: found[month] for month in months} == months


def test_446_never_logged_in_and_have_no_participating_event(academy: Any) -> None:
    academy.execute(f"""
        select
            logs.logins > 0, count(*), min(logs.participating), max(logs.participating),
            min(logs.automatic_views)
        from (
            select
                users.id,
                count(*) filter (where logs.action = 'loggedin') as logins,
                count(*) filter (
                    where logs.edulevel = 2 and logs.eventname not in {AUTOMATIC}
                ) as participating,
                count(*) filter (
                    where logs.eventname = '\\core\\event\\notification_viewed'
                ) as automatic_views
            from mdl_user as users
            left join mdl_logstore_standard_log as logs on users.id = logs.userid
            where users.deleted = 0
            group by users.id
        ) as logs
        group by 1
        order by 1
    """)
    silent, active = academy.fetchall()
    assert silent[1] == 446
    assert silent[2:4] == (0, 0)
    assert silent[4] >= 9
    assert active[1] == 598
    assert active[2] > 0
    assert (
        one(academy, "select count(*) from mdl_user where firstaccess = 0 and deleted = 0") == 446
    )


def test_all_learners_are_in_the_welcome_course(academy: Any) -> None:
    missing = """
        select count(*) from mdl_user as users
        where
            users.deleted = 0 and users.id > 1
            and not exists (
                select 1 from mdl_role_assignments as roles
                inner join mdl_context as places on roles.contextid = places.id
                where roles.userid = users.id and roles.roleid in (1, 3, 4)
            )
            and not exists (
                select 1 from mdl_user_enrolments as enrolments
                inner join mdl_enrol as methods on enrolments.enrolid = methods.id
                where methods.courseid = 46 and enrolments.userid = users.id
            )
    """
    assert one(academy, missing) == 1  # the first admin, who needs no role
    assert one(academy, "select fullname from mdl_course where id = 46").startswith("Welcome to")


# Queries that count faults: none may be found. Each is a truth about how Moodle writes.
FAULTS = {
    "post without discussion": """
        select 1 from mdl_forum_posts where discussion not in (select id
        from mdl_forum_discussions)""",
    "post answers what is not there": """
        select 1 from mdl_forum_posts as posts where parent <> 0 and not exists (
            select 1 from mdl_forum_posts as earlier
            where earlier.id = posts.parent and earlier.discussion = posts.discussion
                and earlier.created <= posts.created)""",
    "discussion's first post": """
        select 1 from mdl_forum_discussions as discussions
        left join mdl_forum_posts as posts on discussions.firstpost = posts.id
        where posts.parent is distinct from 0 or posts.discussion <> discussions.id""",
    "post without its event": r"""
        select 1 from mdl_forum_posts as posts where not exists (
            select 1 from mdl_logstore_standard_log as logs
            where logs.userid = posts.userid and logs.timecreated = posts.created
                and (logs.eventname = '\mod_forum\event\post_created' and logs.objectid = posts.id
                    or logs.eventname = '\mod_forum\event\discussion_created'
                    and logs.objectid = posts.discussion and posts.parent = 0))""",
    "first post written twice": r"""
        select 1 from mdl_logstore_standard_log as logs
        inner join mdl_forum_posts as posts on logs.objectid = posts.id and posts.parent = 0
        where logs.eventname = '\mod_forum\event\post_created'""",
    "attempt without its start": r"""
        select 1 from mdl_quiz_attempts as attempts where preview = 0 and not exists (
            select 1 from mdl_logstore_standard_log as logs
            where logs.eventname = '\mod_quiz\event\attempt_started' and logs.objectid = attempts.id
                and logs.userid = attempts.userid and logs.timecreated = attempts.timestart)""",
    "finished attempt without its event": r"""
        select 1 from mdl_quiz_attempts as attempts
        where preview = 0 and state = 'finished' and not exists (
            select 1 from mdl_logstore_standard_log as logs
            where logs.eventname = '\mod_quiz\event\attempt_submitted'
            and logs.objectid = attempts.id
                and logs.relateduserid = attempts.userid
                and logs.timecreated = attempts.timefinish)""",
    "attempt that ends before it starts": """
        select 1 from mdl_quiz_attempts where state = 'finished' and timefinish <= timestart""",
    "submission without its event": r"""
        select 1 from mdl_assign_submission as submissions where status = 'submitted'
        and not exists (
            select 1 from mdl_logstore_standard_log as logs
            where logs.eventname = '\mod_assign\event\assessable_submitted'
                and logs.objectid = submissions.id
                and logs.timecreated = submissions.timemodified)""",
    "submission where none is taken": """
        select 1 from mdl_assign_submission as submissions
        inner join mdl_assign as assigns on submissions.assignment = assigns.id
        where assigns.nosubmissions = 1""",
    "grade of no item": """
        select 1 from mdl_grade_grades where itemid not in (select id from mdl_grade_items)""",
    "grade above its maximum": """
        select 1 from mdl_grade_grades as grades inner join mdl_grade_items as items
        on grades.itemid = items.id
        where grades.finalgrade > items.grademax or grades.finalgrade < items.grademin""",
    "grade that is not its last history": """
        select 1 from mdl_grade_grades as grades
        inner join lateral (
            select history.action, history.finalgrade from mdl_grade_grades_history as history
            where history.oldid = grades.id
            order by history.timemodified desc, history.id desc limit 1
        ) as latest on true
        where latest.action = 3 or latest.finalgrade is distinct from grades.finalgrade""",
    "history that does not begin with an insert": """
        select 1 from (
            select distinct on (oldid) oldid, action
            from mdl_grade_grades_history order by oldid, timemodified, id
        ) as earliest where action <> 1""",
    "completion of no activity": """
        select 1 from mdl_course_modules_completion
        where coursemoduleid not in (select id from mdl_course_modules where completion > 0)""",
    "time on what is not complete": """
        select 1 from mdl_course_modules_completion
        where (timemodified = 0) <> (completionstate = 0)""",
    "module without a context": """
        select 1 from mdl_course_modules as modules where not exists (
            select 1 from mdl_context where contextlevel = 70 and instanceid = modules.id)""",
    "context of a deleted user": """
        select 1 from mdl_context where contextlevel = 30
        and instanceid in (select id from mdl_user where deleted = 1)""",
    "row in the future or past": """
        select 1 from mdl_logstore_standard_log
        where timecreated not between 1548311114 and 1564619415""",
    "act before the first access": """
        select 1 from mdl_logstore_standard_log as logs inner join mdl_user as users
        on logs.userid = users.id
        where users.deleted = 0 and logs.edulevel = 2
        and logs.timecreated < users.firstaccess - 5""",
    "command line with an address": """
        select 1 from mdl_logstore_standard_log where (origin = 'cli') <> (ip is null)""",
    "first access that is no login": """
        select 1 from mdl_user as users where deleted = 0 and firstaccess <> coalesce((
            select min(timecreated) from mdl_logstore_standard_log as logs
            where logs.userid = users.id and action = 'loggedin'), 0)""",
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_tables_and_log_agree(academy: Any, fault: str) -> None:
    assert one(academy, f"select count(*) from ({FAULTS[fault]}) as found") == 0


# Queries that count what later questions need: each must find something.
RICHES = {
    "history: updates": "select 1 from mdl_grade_grades_history where action = 2",
    "history: deleted": "select 1 from mdl_grade_grades_history where action = 3",
    "overridden": "select 1 from mdl_grade_grades where overridden > 0 and finalgrade <> rawgrade",
    "excluded": "select 1 from mdl_grade_grades where excluded > 0",
    "hidden": "select 1 from mdl_grade_grades where hidden > 0",
    "scale": "select 1 from mdl_grade_items where gradetype = 2",
    "offline mark": """
        select 1 from mdl_grade_grades as grades inner join mdl_grade_items as items
        on grades.itemid = items.id
        inner join mdl_assign as assigns on items.iteminstance = assigns.id
        and items.itemmodule = 'assign'
        where assigns.nosubmissions = 1 and grades.finalgrade is not null""",
    "late": """
        select 1 from mdl_assign_submission as submissions inner join mdl_assign as assigns
            on submissions.assignment = assigns.id
            where submissions.timemodified > assigns.duedate""",
    "draft": "select 1 from mdl_assign_submission where status = 'draft'",
    "reopened": "select 1 from mdl_assign_submission where status = 'reopened' and latest = 0",
    "team": "select 1 from mdl_assign_submission where userid = 0 and groupid > 0",
    "extension": "select 1 from mdl_assign_user_flags where extensionduedate > 0",
    "quiz override: learner": "select 1 from mdl_quiz_overrides where userid is not null",
    "quiz override: group": "select 1 from mdl_quiz_overrides where groupid is not null",
    "assign override": "select 1 from mdl_assign_overrides",
    "preview": "select 1 from mdl_quiz_attempts where preview = 1",
    "in progress": "select 1 from mdl_quiz_attempts where state = 'inprogress'",
    "abandoned": "select 1 from mdl_quiz_attempts where state = 'abandoned'",
    "reply to a reply": """
        select 1 from mdl_forum_posts as posts inner join mdl_forum_posts as above
        on posts.parent = above.id
        where above.parent <> 0 and above.userid <> posts.userid""",
    "suspended enrolment": "select 1 from mdl_user_enrolments where status = 1",
    "ended enrolment": "select 1 from mdl_user_enrolments where timeend > 0",
    "suspended user": "select 1 from mdl_user where suspended = 1",
    "course completed": "select 1 from mdl_course_completions where timecompleted is not null",
    "finished course": "select 1 from mdl_course where enddate > 0 and enddate < 1564619414",
    "former learner": r"""
        select 1 from mdl_logstore_standard_log as logs
        where logs.eventname = '\core\event\user_enrolment_deleted' and not exists (
            select 1 from mdl_user_enrolments as enrolments inner join mdl_enrol as methods
                on enrolments.enrolid = methods.id
            where enrolments.userid = logs.relateduserid and methods.courseid = logs.courseid)""",
    "enrolled again": r"""
        select 1 from mdl_logstore_standard_log
        where eventname = '\core\event\user_enrolment_created'
        group by relateduserid, courseid having count(*) > 1""",
    "deleted course": "select 1 from mdl_logstore_standard_log where courseid = 6 and edulevel = 2",
    "deleted activity": """
        select 1 from mdl_logstore_standard_log where contextlevel = 70
        and courseid <> 6 and edulevel = 2
            and contextinstanceid not in (select id from mdl_course_modules)""",
    "guest": "select 1 from mdl_logstore_standard_log where userid = 1 and edulevel = 2",
    "anonymous": "select 1 from mdl_logstore_standard_log where anonymous = 1",
    "web service": "select 1 from mdl_logstore_standard_log where origin = 'ws' and edulevel = 2",
    "restored": "select 1 from mdl_logstore_standard_log where origin = 'restore'",
    "two alike": """
        select 1 from mdl_logstore_standard_log where edulevel = 2
        group by userid, eventname, contextid, objectid, timecreated having count(*) > 1""",
    "ids out of order": """
        select 1 from (select timecreated - lag(timecreated) over (order by id) as step
            from mdl_logstore_standard_log) as steps where step < 0""",
    "serialised": "select 1 from mdl_logstore_standard_log where other like 'a:1:{%'",
    "json": "select 1 from mdl_logstore_standard_log where other like '{%'",
    "group of a cohort": "select 1 from mdl_groups_members",
    "two roles": """
        select 1 from mdl_role_assignments where roleid in (4, 5) group by userid, contextid
        having count(distinct roleid) = 2""",
    "enrolled without a role": """
        select 1 from mdl_user_enrolments as enrolments inner join mdl_enrol as methods
            on enrolments.enrolid = methods.id
        inner join mdl_context as places on places.contextlevel = 50
        and places.instanceid = methods.courseid
        left join mdl_role_assignments as roles
            on roles.contextid = places.id and roles.userid = enrolments.userid
        where roles.id is null""",
}  # fmt: skip


@pytest.mark.parametrize("wealth", RICHES)
def test_academy_is_rich_enough(academy: Any, wealth: str) -> None:
    assert one(academy, f"select count(*) from ({RICHES[wealth]}) as found") > 0


def test_who_fails_and_leaves_had_falling_grades() -> None:
    """The reason of a drop-out shows in the data: low grades go before leaving."""
    people, courses, _ = make_world(generate.Options())
    table = courses.tables["quiz_attempts"]
    done = (table["preview"] == 0) & (table["state"] == "finished")
    row = people.rows(table["userid"][done])
    scores = table["sumgrades"][done]
    failing = people.reason[row] == 2
    near_end = people.leaves[row] - table["timestart"][done] < 4 * 7 * 86_400
    assert scores[failing & near_end].mean() < scores[~failing].mean() - 1.5


def test_same_seed_same_rows(server: database.Server) -> None:
    """Everything is alike, down to the log's text."""
    sums = []
    for name, seed in (("made_a", 5), ("made_b", 5), ("made_c", 6)):
        summary = generate.generate_database(server, generate.Options(**SMALL, seed=seed), name)
        with closing(database.connect(server, name)) as connection:
            cursor = connection.cursor()
            hashed = "select md5(string_agg(rows::text, chr(10) order by id)) from"
            sums.append(
                [one(cursor, f'{hashed} "mdl_{table}" as rows') for table in summary.tables]
            )
    assert sums[0] == sums[1]
    assert sums[0] != sums[2]


def test_reduced_dump_has_the_16_tables_and_a_bare_user(server: database.Server) -> None:
    options = generate.Options(**SMALL, reduced=True)
    generate.generate_database(server, options, "made_reduced")
    with closing(database.connect(server, "made_reduced")) as connection:
        cursor = connection.cursor()
        found = pairs(
            cursor,
            "select table_name, count(*) from information_schema.columns "
            "where table_schema = 'public' group by 1",
        )
        assert set(found) == {
            f"mdl_{table}"
            for table in (
                "logstore_standard_log", "context", "user", "course", "modules", "course_modules",
                "course_modules_completion", "grade_items", "grade_grades", "grade_categories",
                "grade_items_history", "grade_grades_history", "grade_categories_history", "forum",
                "forum_discussions", "forum_posts",
            )
        }  # fmt: skip
        cursor.execute("select * from mdl_user limit 0")
        assert [column.name for column in cursor.description] == [
            "id", "confirmed", "policyagreed", "deleted", "suspended", "idnumber", "country",
            "lang", "firstaccess", "lastaccess", "lastlogin", "currentlogin", "lastip", "gender",
            "CountryCode",
        ]  # fmt: skip
        assert found["mdl_logstore_standard_log"] == 21
        countries = pairs(cursor, 'select "CountryCode", country from mdl_user')
        assert countries["GH"] == "Ghana"
        json_rows = "select count(*) from mdl_logstore_standard_log where other like '{%'"
        assert one(cursor, json_rows) == 0


def simple(definition: str) -> str:
    """Return a type as the shared list names it, without the default."""
    kind = definition.split(" default ")[0].removesuffix(" not null")
    kind = "int/smallint" if kind in ("integer", "smallint") else kind
    return f"{kind} {'not null' if ' not null' in definition else 'null'}"


@pytest.mark.parametrize("version", schema.VERSIONS)
def test_columns_of_each_version(version: str) -> None:
    if not SCHEMAS.exists():
        pytest.skip("the shared list of Moodle's columns is not there")
    wanted = json.loads(SCHEMAS.read_text())[version]
    found = schema.tables(version)
    compared = found.keys() & wanted.keys()
    assert len(compared) >= 32
    for table in compared:
        columns = {column.name: simple(column.definition) for column in found[table]}
        assert columns == wanted[table]["cols"], table
    beyond = {"assign_overrides", "assign_user_flags", "quiz_overrides"}
    assert found.keys() - wanted.keys() <= beyond


@pytest.mark.parametrize("version", ["2.7", "3.7", "4.1"])
def test_other_versions_and_prefixes_can_be_made(server: database.Server, version: str) -> None:
    options = generate.Options(**SMALL, moodle_version=version, prefix="m2_")
    summary = generate.generate_database(server, options, "made_version")
    assert summary.log_rows == SMALL["events"]
    with closing(database.connect(server, "made_version")) as connection:
        cursor = connection.cursor()
        cursor.execute("select * from m2_course_modules_completion limit 0")
        has_viewed = "viewed" in [column.name for column in cursor.description]
        assert has_viewed == (version != "4.1")
        tables = pairs(cursor, "select tablename, 1 from pg_tables where schemaname = 'public'")
        assert ("m2_course_modules_viewed" in tables) == (version == "4.1")
        php = one(cursor, "select count(*) from m2_logstore_standard_log where other like 'a:%'")
        as_json = one(cursor, "select count(*) from m2_logstore_standard_log where other like '{%'")
        assert php > 0
        assert (as_json > 0) == (version != "2.7")


@pytest.mark.parametrize(
    "given",
    [
        {"learners": 20, "weeks": 4, "events": 9_000},
        {"learners": 500, "weeks": 60, "events": 90_000, "seed": 9},
    ],
)
def test_any_scale_has_exactly_the_asked_rows(given: dict[str, int]) -> None:
    people, courses, log = make_world(generate.Options(**given))
    assert len(log) == given["events"]
    times = log.column("time")
    assert times.min() >= 1_548_311_114
    assert times.max() <= 1_548_311_114 + given["weeks"] * 7 * 86_400
    silent = people.learner & ~people.came & ~people.deleted
    assert silent.sum() == round(446 * given["learners"] / 1_032)
    assert courses.tables["user"]["firstaccess"][silent].max() == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"learners": 3}, "--learners"),
        ({"weeks": 1}, "--weeks"),
        ({"events": 100}, "too few"),
        ({"moodle_version": "9.9"}, "9.9"),
        ({"prefix": 'x"; drop'}, "--prefix"),
        ({"timezone": "Nowhere/At_all"}, "--timezone"),
        ({"seed": -1}, "--seed"),
    ],
)
def test_impossible_sizes_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        generate.Options(**given)


def test_command(server: database.Server) -> None:
    sizes = ["--learners", "60", "--weeks", "10", "--events", "20000"]
    result = CliRunner().invoke(cli.app, ["generate", *sizes, "--database", "made_command"])
    assert result.exit_code == 0, result.output
    assert "20,000 log rows" in result.output
    assert "26 never logged in" in result.output
    with closing(database.connect(server, "made_command")) as connection:
        assert one(connection.cursor(), "select count(*) from mdl_user") == 80


def test_a_foreign_database_is_never_replaced(server: database.Server) -> None:
    with closing(database.connect(server, "postgres")) as connection:
        connection.autocommit = True
        connection.cursor().execute("create database someones_moodle")
    with closing(database.connect(server, "someones_moodle")) as connection, connection:
        connection.cursor().execute("create table mdl_user (id bigint)")
    with pytest.raises(UserError):
        generate.generate_database(server, generate.Options(**SMALL), "someones_moodle")
    with closing(database.connect(server, "someones_moodle")) as connection:
        assert one(connection.cursor(), "select count(*) from mdl_user") == 0


def test_php_serialisation() -> None:
    assert other.php({"courseid": "2"}) == 'a:1:{s:8:"courseid";s:1:"2";}'
    assert other.php({"name": "é", "on": True, "none": None, "ids": [7]}) == (
        'a:4:{s:4:"name";s:2:"é";s:2:"on";b:1;s:4:"none";N;s:3:"ids";a:1:{i:0;i:7;}}'
    )
    assert other.as_json({"content": "<p>x</p>"}) == '{"content":"<p>x<\\/p>"}'


def test_shares_sum_to_the_whole() -> None:
    assert shared_out(10, np.array([1.0, 1.0, 1.0])).tolist() == [4, 3, 3]
    assert shared_out(7, np.array([0.0, 1.0])).tolist() == [0, 7]


SLOW = "MOODLE_ANALYTICS_SLOW"


@pytest.mark.skipif(SLOW not in os.environ, reason=f"slow: set {SLOW}=1 to run it")
def test_a_million_rows_in_under_a_minute(server: database.Server) -> None:
    started = time.monotonic()
    generate.generate_database(server, generate.Options(events=1_000_000), "made_million")
    assert time.monotonic() - started < 60
    with closing(database.connect(server, "made_million")) as connection:
        assert (
            one(connection.cursor(), "select count(*) from mdl_logstore_standard_log") == 1_000_000
        )
