"""The real site, from its dump to the marts, against Moodle's own word and plain SQL.

The SQL here is written from the definitions, apart from the models, and reads Moodle's tables.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from conftest import SHARED_DATA, BuiltSite, run, schema_fingerprint
from moodle_analytics import build, database, show
from test_project_shape import undocumented_columns

pytestmark = pytest.mark.database

Rows = list[tuple[Any, ...]]
COURSES = ("2", "3")  # of which the facts tell

# Of the names that stand in this site's log, those that Moodle writes by itself.
AUTOMATIC = r"""
    '\core\event\notification_sent', '\core\event\user_graded', '\core\event\course_completed',
    '\core\event\course_module_completion_updated'
"""
COMPANIONS = r"""
    '\assignsubmission_onlinetext\event\assessable_uploaded',
    '\mod_forum\event\assessable_uploaded', '\mod_forum\event\discussion_subscription_created'
"""

# Tables of a session, so that nothing is left behind. Course 1 stands for all that is no course.
PLAIN_TABLES = rf"""
create temp table automatic as
select id, userid, courseid, date_trunc('week', to_timestamp(timecreated)) as week
from mdl_logstore_standard_log
where eventname in ({AUTOMATIC}) and userid > 1 and origin <> 'cli';

create temp table activity as
select id, userid, eventname, edulevel, timecreated as second, contextinstanceid, contextlevel,
    case when courseid > 1 then courseid else 1 end as courseid,
    eventname not in ({COMPANIONS}) as is_own_act,
    to_timestamp(timecreated)::date as day,
    date_trunc('week', to_timestamp(timecreated))::date as week
from mdl_logstore_standard_log
where eventname not in ({AUTOMATIC}) and userid > 1 and realuserid is null
    and origin not in ('cli', 'restore') and anonymous = 0;

create temp table staff as
select assignment.userid, context.instanceid as courseid
from mdl_role_assignments as assignment
join mdl_context as context on context.id = assignment.contextid and context.contextlevel = 50
join mdl_role as role on role.id = assignment.roleid
where role.archetype in ('manager', 'coursecreator', 'editingteacher', 'teacher');

create temp table learner as
select enrolment.userid, enrol.courseid,
    min(coalesce(nullif(enrolment.timestart, 0), enrolment.timecreated)) as enrolled
from mdl_user_enrolments as enrolment
join mdl_enrol as enrol on enrol.id = enrolment.enrolid and enrol.roleid = 5
join mdl_user as person on person.id = enrolment.userid and person.deleted = 0
where (enrolment.userid, enrol.courseid) not in (select userid, courseid from staff)
group by enrolment.userid, enrol.courseid;

create temp table grid as
with trace as (
    select learner.userid, learner.courseid, learner.enrolled,
        min(activity.second) as first_second, max(activity.second) as last_second
    from learner left join activity using (userid, courseid) group by 1, 2, 3
),
observed as (
    select userid, courseid, least(enrolled, first_second) as starts,
        greatest(
            last_second,
            least(enddate, (select max(timecreated) from mdl_logstore_standard_log))
        ) as ends
    from trace join mdl_course as course on course.id = courseid
)
select userid, courseid, week::date as week
from observed, generate_series(
    date_trunc('week', to_timestamp(starts)), date_trunc('week', to_timestamp(ends)), '7 days'
) as week;

create temp table timed as
with gaps as (
    select *, second - lag(second) over (partition by userid order by second, id) as gap
    from activity
)
select *, lead(gap) over (partition by userid order by second, id) as next_gap,
    count(*) filter (where gap is null or gap > 1800)
        over (partition by userid order by second, id) as session
from gaps;
"""


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    path = SHARED_DATA / "moodle_site_a_facts.json"
    if not path.exists():
        pytest.skip(f"the facts are not at {path}")
    return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def site(built_site: BuiltSite, facts: dict[str, Any]) -> Iterator[Any]:
    """A cursor of a session in UTC with the plain tables and the weekly CSV (`raw`)."""
    assert facts["site"]["site_timezone"] == "UTC"
    with closing(database.connect(built_site.server)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"set time zone 'UTC'; {PLAIN_TABLES}")
        with (SHARED_DATA / "moodle_site_a_weekly.csv").open(encoding="utf-8") as file:
            header = next(csv.reader([file.readline()]))
            columns = ", ".join(
                f"{name} {'text' if name == 'isoweek' else 'bigint'}" for name in header
            )
            cursor.execute(f"create temp table raw ({columns})")
            cursor.copy_expert("copy raw from stdin csv", file)
        cursor.execute(
            "alter table raw add week date; "
            "update raw set week = to_date(isoweek || '-1', 'IYYY\"-W\"IW-ID'); analyze"
        )
        yield cursor


def rows(cursor: Any, query: str) -> Rows:
    cursor.execute(query)
    return list(cursor.fetchall())


def differences(cursor: Any, expected: str, found: str) -> Rows:
    """Rows that only one of two queries gives; five of each side at most."""
    sides = [
        f"(select '{side}', * from ({one} except all {other}) as x limit 5)"
        for side, one, other in (
            ("expected", f"({expected})", f"({found})"),
            ("found", f"({found})", f"({expected})"),
        )
    ]
    return rows(cursor, " union all ".join(sides))


def weekly(expected: str, *measures: str) -> tuple[str, str]:
    """The grid with measures of `expected` (by userid, courseid, week; else 0), and the mart's."""
    told = ", ".join(f"coalesce({measure}, 0)::numeric" for measure in measures)
    return (
        f"select userid, courseid, week, {told} "
        f"from grid left join ({expected}) as x using (userid, courseid, week)",
        f"select learner_id, course_id, week_start, {', '.join(m + '::numeric' for m in measures)} "
        "from marts.fct_weekly_engagement",
    )


# The log, whole


def test_every_check_of_dbt_passes(built_site: BuiltSite) -> None:
    assert (built_site.summary.faults, built_site.summary.warnings) == ([], [])
    assert built_site.summary.passed > 100


def test_every_row_of_the_dump_is_there(built_site: BuiltSite, facts: dict[str, Any]) -> None:
    told = {row[0]: row[1] for row in built_site.moodle_before if isinstance(row[1], int)}
    assert {name: told[name] for name in facts["row_counts"]} == {
        name: int(count) for name, count in facts["row_counts"].items()
    }


def test_the_ledger_holds_every_log_row_by_name(site: Any, facts: dict[str, Any]) -> None:
    query = "select event_name, sum(event_count) from intermediate.int_event_days group by 1"
    found = {name: int(count) for name, count in rows(site, query)}
    assert found == {name: int(count) for name, count in facts["log"]["by_event"].items()}
    assert sum(found.values()) == facts["log"]["total_via_log_reader_api"]


def test_the_ledger_and_dim_weeks_hold_every_week(site: Any, facts: dict[str, Any]) -> None:
    told = {week: int(count) for week, count in facts["iso_weeks_utc"].items()}
    ledger = (
        "select to_char(occurred_on, 'IYYY\"-W\"IW'), sum(event_count)::int "
        "from intermediate.int_event_days group by 1"
    )
    weeks = "select week_label, log_row_count::int from marts.dim_weeks where is_observed"
    assert dict(rows(site, ledger)) == told
    assert dict(rows(site, weeks)) == told


def test_the_ledger_leaves_out_what_plain_sql_leaves_out(site: Any) -> None:
    expected = "select eventname, day, count(*)::numeric from activity group by 1, 2"
    found = (
        "select event_name, occurred_on, sum(event_count)::numeric "
        "from intermediate.int_event_days where left_out_reason is null group by 1, 2"
    )
    assert differences(site, expected, found) == []
    assert rows(site, "select sum(activity_event_count) from marts.dim_weeks") == rows(
        site, "select count(*) from activity"
    )


# Learners and the grid


@pytest.mark.parametrize("course", COURSES)
def test_learners_are_those_whom_moodle_gives_the_role(
    site: Any, facts: dict[str, Any], course: str
) -> None:
    query = (
        f"select distinct learner_id from marts.fct_weekly_engagement where course_id = {course}"
    )
    assert {row[0] for row in rows(site, query)} == set(
        facts["courses"][course]["student_role_ids"]
    )


def test_courses_are_moodles(site: Any, facts: dict[str, Any]) -> None:
    query = """
        select course_id::text, course_short_name, course_name, is_visible::int,
            extract(epoch from start_at)::int, extract(epoch from end_at)::int,
            active_learner_count
        from marts.dim_courses order by 1
    """
    found = rows(site, query)
    assert [row[0] for row in found] == ["2", "3", "4"]
    for row in found[:2]:
        told = facts["courses"][row[0]]
        names = ("shortname", "fullname", "visible", "startdate", "enddate")
        assert row[1:6] == tuple(told[name] for name in names)
        assert row[6] == len(set(told["student_role_ids"]) & set(told["active_enrolled_ids"]))


def test_the_grid_has_every_week_and_no_other(site: Any) -> None:
    expected = "select userid, courseid, week from grid"
    found = "select learner_id, course_id, week_start from marts.fct_weekly_engagement"
    assert differences(site, expected, found) == []


def test_course_weeks_count_from_the_start(site: Any) -> None:
    expected = """
        select userid, courseid, week, nullif(greatest(0, 1 + (
            week - date_trunc('week', to_timestamp(startdate))::date) / 7), 0)::int
        from grid join mdl_course on mdl_course.id = courseid
    """
    found = "select learner_id, course_id, week_start, course_week from marts.fct_weekly_engagement"
    assert differences(site, expected, found) == []


# Counts of a learner's week


def test_with_the_automatic_rows_the_mart_gives_the_raw_rows(site: Any) -> None:
    expected = """
        select userid, courseid, week, (web_events - coalesce(written, 0))::numeric
        from raw
        join learner using (userid, courseid)
        left join (
            select userid, courseid, week::date, count(*) as written from automatic group by 1, 2, 3
        ) as x using (userid, courseid, week)
        where web_events > coalesce(written, 0)
    """
    found = """
        select learner_id, course_id, week_start, event_count::numeric
        from marts.fct_weekly_engagement where event_count > 0 and course_id in (2, 3)
    """
    assert differences(site, expected, found) == []


def test_events_days_and_activities(site: Any) -> None:
    expected = """
        select userid, courseid, week, count(*) as event_count,
            count(*) filter (where edulevel = 2 and is_own_act) as participating_event_count,
            count(distinct day) as active_day_count,
            count(distinct contextinstanceid) filter (where contextlevel = 70)
                as distinct_activity_count
        from activity group by 1, 2, 3
    """
    measures = (
        "event_count",
        "participating_event_count",
        "active_day_count",
        "distinct_activity_count",
    )
    assert differences(site, *weekly(expected, *measures)) == []


def test_verbs(site: Any) -> None:
    expected = r"""
        select userid, courseid, week,
            count(*) filter (where eventname like '%\_viewed') as view_count,
            count(*) filter (where eventname in (
                '\mod_forum\event\course_module_viewed', '\mod_forum\event\discussion_viewed'
            )) as forum_view_count,
            count(*) filter (where eventname = '\mod_quiz\event\attempt_started')
                as quiz_attempt_count
        from activity group by 1, 2, 3
    """
    measures = ("view_count", "forum_view_count", "quiz_attempt_count")
    assert differences(site, *weekly(expected, *measures)) == []


@pytest.mark.parametrize(
    ("measure", "told"),
    [
        ("forum_post_count", "forum_post_events"),
        ("submission_count", "assign_submitted_events + quiz_submitted_events"),
    ],
)
def test_posts_and_submissions_are_the_raw_ones(site: Any, measure: str, told: str) -> None:
    expected = f"""
        select userid, courseid, week, ({told})::int from raw join learner using (userid, courseid)
        where {told} > 0
    """
    found = f"""
        select learner_id, course_id, week_start, {measure} from marts.fct_weekly_engagement
        where {measure} > 0 and course_id in (2, 3)
    """
    assert differences(site, expected, found) == []


def test_posts_are_those_that_moodle_holds(site: Any, facts: dict[str, Any]) -> None:
    query = """
        select course_id, learner_id, sum(forum_post_count)::int
        from marts.fct_weekly_engagement where course_id in (2, 3) group by 1, 2
    """
    told = {
        (int(course), int(learner)): about["forum_posts"]
        for course in COURSES
        for learner, about in facts["courses"][course]["learners"].items()
    }
    assert {(course, learner): posts for course, learner, posts in rows(site, query)} == told
    assert sum(told.values()) > 1000


def test_posts_of_staff_are_no_learners_posts(site: Any) -> None:
    expected = r"""
        select count(*)::int from mdl_forum_posts as post
        join mdl_forum_discussions as discussion on discussion.id = post.discussion
        join learner on learner.userid = post.userid and learner.courseid = discussion.course
    """
    found = "select sum(forum_post_count)::int from marts.fct_weekly_engagement"
    assert rows(site, expected) == rows(site, found)
    assert rows(site, expected)[0][0] < rows(site, "select count(*) from mdl_forum_posts")[0][0]


def test_days_since_last_activity(site: Any) -> None:
    expected = """
        with last_log as (select max(timecreated) as second from mdl_logstore_standard_log)
        select userid, courseid, week,
            least(week + 6, to_timestamp(second)::date) - (
                select max(day) from activity
                where activity.userid = grid.userid and activity.courseid = grid.courseid
                    and activity.day <= grid.week + 6
            )
        from grid, last_log
    """
    found = """
        select learner_id, course_id, week_start, days_since_last_activity
        from marts.fct_weekly_engagement
    """
    site.execute("create index if not exists ix on activity (userid, courseid, day)")
    assert differences(site, expected, found) == []


# Sessions and minutes


def test_no_session_is_so_long_as_to_be_left_out(site: Any) -> None:
    longest = "select max(length) from (select max(second) - min(second) as length from timed "
    assert rows(site, f"{longest} group by userid, session) as x")[0][0] < 11.5 * 3600
    assert rows(site, "select count(*) from marts.fct_sessions where is_quarantined") == [(0,)]


def test_sessions(site: Any) -> None:
    expected = """
        select userid, to_timestamp(min(second)), to_timestamp(max(second)), count(*)::int,
            count(distinct courseid) filter (where courseid > 1)::int,
            round((max(second) - min(second)) / 60.0, 2),
            round((max(second) - min(second)) / 60.0 + 30, 2)
        from timed where userid in (select userid from learner) group by userid, session
    """
    found = """
        select learner_id, started_at, ended_at, event_count, course_count, minutes_low,
            minutes_high
        from marts.fct_sessions
    """
    assert differences(site, expected, found) == []


def test_minutes_belong_to_the_course_and_day_of_the_earlier_event(site: Any) -> None:
    expected = """
        select userid, courseid, week,
            round(sum(case when next_gap <= 1800 then next_gap else 0 end) / 60.0, 2)
                as minutes_low,
            round(sum(case when next_gap <= 1800 then next_gap else 1800 end) / 60.0, 2)
                as minutes_high
        from timed group by 1, 2, 3
    """
    assert differences(site, *weekly(expected, "minutes_low", "minutes_high")) == []


def test_sessions_of_a_course_week(site: Any) -> None:
    expected = """
        select userid, courseid, week, count(*) as session_count
        from (
            select userid, courseid, session, min(week) as week from timed group by 1, 2, 3
        ) as x
        group by 1, 2, 3
    """
    assert differences(site, *weekly(expected, "session_count")) == []


def test_central_minutes_credit_a_last_event_with_the_weeks_median_gap(site: Any) -> None:
    expected = """
        select userid, courseid, week, round(sum(
            case when next_gap <= 1800 then next_gap else least(900, median) end
        )::numeric / 60, 2) as minutes_central
        from timed join (
            select userid, week, percentile_cont(0.5) within group (order by next_gap)
                filter (where next_gap <= 1800) as median
            from timed group by 1, 2
        ) as medians using (userid, week)
        group by 1, 2, 3
    """
    told, found = weekly(expected, "minutes_central")
    query = f"""
        select * from ({told}) as told (learner_id, course_id, week_start, minutes)
        join ({found}) as found using (learner_id, course_id, week_start)
        where abs(minutes - minutes_central) > 0.011 limit 5
    """
    assert rows(site, query) == []


def test_logins_and_events_of_a_learners_week(site: Any) -> None:
    expected = r"""
        select userid, week, count(*) filter (where eventname = '\core\event\user_loggedin')::int,
            count(*)::int, count(*) filter (where courseid = 1)::int, count(distinct day)::int,
            count(*) filter (where edulevel = 2 and is_own_act)::int
        from activity left join learner using (userid, courseid)
        where (courseid = 1 or learner.userid is not null)
            and activity.userid in (select userid from learner)
        group by 1, 2
    """
    found = """
        select learner_id, week_start, login_count, event_count, site_event_count,
            active_day_count, participating_event_count
        from marts.fct_weekly_learners where event_count > 0
    """
    assert differences(site, expected, found) == []


# Ranks among peers


def test_peers_index_and_percentile(site: Any) -> None:
    site.execute("select 1 from marts.fct_weekly_engagement where not is_active_enrolment limit 1")
    assert site.fetchone() is None, "all of this site's enrolments are active"
    window = "over (partition by course_id, week_start order by {})"
    ranks = " + ".join(
        f"percent_rank() {window.format(measure)}"
        for measure in (
            "active_day_count",
            "minutes_central",
            "participating_event_count",
            "distinct_activity_count",
        )
    )
    query = f"""
        with indexed as (
            select *, ({ranks}) * 25 as told_index,
                count(*) over (partition by course_id, week_start) as told_peers
            from marts.fct_weekly_engagement
        )
        select learner_id, course_id, week_start, told_index, engagement_index
        from indexed
        where peer_count <> told_peers or abs(engagement_index - told_index) > 0.006
            or (engagement_index is null) <> (told_peers = 1)
        limit 5
    """
    assert rows(site, query) == []
    query = f"""
        with ranked as (
            select *, 100 * percent_rank() {window.format("engagement_index")} as told
            from marts.fct_weekly_engagement
        )
        select learner_id, course_id, week_start, told, engagement_percentile
        from ranked where abs(engagement_percentile - told) > 0.006 limit 5
    """
    assert rows(site, query) == []


# What a build leaves


def test_every_built_column_is_described(built_site: BuiltSite) -> None:
    text = (built_site.target_path / "manifest.json").read_text(encoding="utf-8")
    with closing(database.connect(built_site.server, readonly=True)) as connection:
        assert undocumented_columns(json.loads(text), connection) == []


def test_moodles_tables_are_untouched(built_site: BuiltSite) -> None:
    assert schema_fingerprint(built_site.server, "public") == built_site.moodle_before


def test_a_second_build_gives_the_same_marts(built_site: BuiltSite) -> None:
    def mart_rows() -> Rows:
        """Name, number of rows and their hash; not the indexes, whose names tell of the build."""
        found = schema_fingerprint(built_site.server, "marts")
        return [row for row in found if isinstance(row[1], int)]

    first = mart_rows()
    folder = str(built_site.target_path)
    again = build.build(
        build.Target(built_site.server),
        arguments=[
            "--target-path",
            folder,
            "--log-path",
            folder,
            "--exclude-resource-type",
            "test",
        ],
    )
    assert [mart.rows for mart in again.marts] == [mart.rows for mart in built_site.summary.marts]
    assert mart_rows() == first
    assert len(first) == len(again.marts) > 5


def test_unit_tests_of_dbt_pass(built_site: BuiltSite) -> None:
    command = ["test", "--select", "test_type:unit", *built_site.paths]
    variables = {"moodle_schema": "public", "moodle_prefix": "mdl_"}
    summary = build.run_dbt(
        build.Target(built_site.server), command, variables=variables, title="Unit tests"
    )
    assert summary.faults == []
    assert summary.passed > 10


def test_show_draws_a_course_and_a_learner(
    built_site: BuiltSite, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(database.connect(built_site.server, readonly=True)) as connection:
        show.show(connection, course_id=None, learner_id=None)
        show.show(connection, course_id=3, learner_id=77)
    printed = capsys.readouterr().out
    assert "2024-01-08" in printed
    assert "Learner 77" in printed
    weeks = run(
        built_site.server,
        built_site.server.database,
        "select count(*) from marts.fct_weekly_engagement where learner_id = 77 and course_id = 3",
    )[0][0]
    assert printed.rpartition("Learner 77")[2].count("\n  20") == weeks
