"""The marts of groups, activities, hours and deadlines of the real site, against plain SQL.

The SQL here is written from the definitions, apart from the models, and reads Moodle's tables; only
what other tests hold against Moodle is read from marts: a learner's weeks. All clocks of this site
show UTC.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from test_real_site import differences, facts, rows, site  # noqa: F401

pytestmark = pytest.mark.database

MIN_GROUP_SIZE = 10
MEMBERS = """
create temp table if not exists member as
select userid, courseid, 'all' as number, 'All learners' as label from learner
union all
select learner.userid, learner.courseid, 'group ' || mdl_groups.id, mdl_groups.name
from learner
join mdl_groups on mdl_groups.courseid = learner.courseid
join mdl_groups_members as enrolled
    on enrolled.groupid = mdl_groups.id and enrolled.userid = learner.userid;

create temp table if not exists handed_in as
select module.name as kind, instance.id, min(second) as second, userid
from (
    select 'assign' as kind, assignment as id, userid, timemodified as second
    from mdl_assign_submission where status = 'submitted'
    union all
    select 'quiz', quiz, userid, timefinish
    from mdl_quiz_attempts where state = 'finished' and preview = 0
) as instance
join mdl_modules as module on module.name = instance.kind
group by module.name, instance.id, userid;

create temp table if not exists due as
select member.number, member.courseid, member.userid, place.id as cmid, item.name, item.until,
    handed_in.second,
    (select max(timecreated) from mdl_logstore_standard_log) as now
from (
    select 'assign' as kind, id, name, duedate as until from mdl_assign
    union all
    select 'quiz', id, name, timeclose from mdl_quiz
) as item
join mdl_modules as module on module.name = item.kind
join mdl_course_modules as place
    on place.module = module.id and place.instance = item.id
    and place.visible = 1 and place.deletioninprogress = 0
join member on member.courseid = place.course
left join handed_in
    on handed_in.kind = item.kind and handed_in.id = item.id and handed_in.userid = member.userid
where item.until > 0;
"""


@pytest.fixture(name="groups")
def _groups(site: Any) -> Any:  # noqa: F811
    site.execute(MEMBERS)
    # This site has neither exceptions nor hidden sections, which the plain SQL leaves out.
    assert rows(
        site,
        "select (select count(*) from mdl_assign_overrides) "
        "+ (select count(*) from mdl_quiz_overrides) + (select count(*) from mdl_cohort_members) "
        "+ (select count(*) from mdl_course_sections where visible = 0)",
    ) == [(0,)]
    return site


def test_members_are_moodles(groups: Any) -> None:
    expected = "select userid, courseid, number, label from member"
    found = "select learner_id, course_id, learner_group_id, learner_group from {}"
    assert differences(groups, expected, found.format("marts.fct_learner_groups")) == []
    expected = "select courseid, number, label, count(*)::int from member group by 1, 2, 3"
    found = "select course_id, learner_group_id, learner_group, learner_count from {}"
    assert differences(groups, expected, found.format("marts.dim_learner_groups")) == []
    assert rows(groups, "select count(*) from marts.dim_learner_groups") == [(9,)]


def test_activities_count_the_raw_rows(groups: Any) -> None:
    expected = r"""
        select number, courseid, cmid, week, count(distinct userid)::int,
            (count(distinct userid) filter (where week = first))::int,
            count(*)::int, sum(is_view::int)::int
        from (
            select number, courseid, userid, contextinstanceid as cmid, week,
                is_own_act and split_part(eventname, '\', 4) like '%\_viewed' as is_view,
                min(week) over (partition by courseid, userid, contextinstanceid, number) as first
            from activity join member using (userid, courseid)
            where contextlevel = 70
        ) as used
        group by 1, 2, 3, 4
    """
    found = """
        select learner_group_id, course_id, course_module_id, week_start, learner_count,
            new_learner_count, event_count, view_count
        from marts.fct_weekly_activities
    """
    assert differences(groups, expected, found) == []


def test_hours_count_the_raw_rows(groups: Any) -> None:
    expected = """
        select number, courseid, week, extract(isodow from day)::int as weekday,
            (second % 86400 / 3600)::int as hour, to_char(day, 'Dy'),
            count(distinct (userid, day))::int
        from activity join member using (userid, courseid)
        group by 1, 2, 3, 4, 5, 6
    """
    found = """
        select learner_group_id, course_id, week_start, weekday_number, hour_of_day, weekday_name,
            active_learner_day_count
        from marts.fct_weekly_hours
    """
    assert differences(groups, expected, found) == []


def test_deadlines_count_the_raw_rows(groups: Any) -> None:
    expected = """
        select number, courseid, cmid, name, count(*)::int, 0, count(second)::int,
            (count(*) filter (where second <= until))::int,
            (count(*) filter (where second > until))::int,
            (count(*) filter (where second is null and until <= now))::int,
            (count(*) filter (where second is null and until > now))::int, 0,
            to_timestamp(until)::date - to_timestamp(now)::date, to_timestamp(until)
        from due group by 1, 2, 3, 4, until, now
    """
    found = """
        select learner_group_id, course_id, course_module_id, activity_name, deadline_count,
            individual_deadline_count, handed_in_count, on_time_count, late_count, missing_count,
            open_count, unknown_count, days_until_due, due_at
        from marts.fct_deadlines
    """
    assert differences(groups, expected, found) == []


def test_days_before_a_deadline_count_the_raw_rows(groups: Any) -> None:
    expected = """
        select number, courseid, cmid,
            least(30, greatest(-14, div(
                until - second - case when second > until then 86399 else 0 end, 86400
            )))::int,
            count(*)::int
        from due where second is not null group by 1, 2, 3, 4
    """
    found = """
        select learner_group_id, course_id, course_module_id, days_before_due, handed_in_count
        from marts.fct_deadline_days
    """
    assert differences(groups, expected, found) == []


def test_groups_are_what_their_learners_are(groups: Any) -> None:
    """Counts, sums and quartiles of a group's week are those of its learners, counted here."""
    measures = ("minutes_central", "engagement_index", "grade_mean_share")
    statuses = ("struggling", "doing_ok", "doing_well", "inactive", "completed", "too_early")
    shown = rows(
        groups,
        f"""
        select course_id, learner_group_id, week_start, judged_learner_count, missing_count,
            weeks_ago, {", ".join(f"{status}_count" for status in statuses)},
            {", ".join(f"{name}_{part}" for name in measures for part in ("q1", "median", "q3"))}
        from marts.fct_weekly_groups
        """,
    )
    members: dict[Any, list[Any]] = {}
    for course, number, week, *row in rows(
        groups,
        f"""
        select courseid, number, week_start, status, missing_count, {", ".join(measures)}
        from marts.fct_weekly_progress
        join member on userid = learner_id and courseid = course_id
        where is_active_enrolment and is_observed
        """,
    ):
        members.setdefault((course, number, week), []).append(row)
    assert {row[:3] for row in shown} == members.keys()
    # The log ends on the Wednesday of its last week.
    newest = sorted({row[2] for row in shown})[-2]
    for course, number, week, count, missing, ago, *figures in shown:
        learners = members[course, number, week]
        if len(learners) < MIN_GROUP_SIZE:
            assert {count, missing, *figures} == {None}
            continue
        assert count == len(learners)
        assert missing == sum(row[1] for row in learners)
        assert ago == (None if week > newest else (newest - week).days // 7)
        told = [row[0] for row in learners]
        assert figures[: len(statuses)] == [told.count(status) for status in statuses]
        for place, name in enumerate(measures):
            known = [float(row[2 + place]) for row in learners if row[2 + place] is not None]
            parts = figures[len(statuses) + 3 * place :][:3]
            if len(known) < MIN_GROUP_SIZE:
                assert parts == [None] * 3, name
            else:
                expected = np.quantile(known, [0.25, 0.5, 0.75])
                assert np.allclose([float(part) for part in parts], expected, atol=1e-5), name
