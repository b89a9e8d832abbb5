"""Features and outcomes of the real site, reckoned apart from Moodle's own tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from math import log
from random import Random
from typing import Any

import pytest

from cells import differences, read
from conftest import BuiltSite, drop_database, run
from early_warning_site import Site, cells_before
from oracle import AUTOMATIC
from oracle_early_warning import percent_ranks
from oracle_world import Week
from truncation import truncation_sql
from weekly_checks import WEEKLY

pytestmark = pytest.mark.database

CUT = "real site early warning cut"
# Monday 11 March 2024 00:00 UTC: the ninth of sixteen weeks is over.
INSTANT, FIRST_DAY = 1710115200, "2024-03-11"
RELATION = "intermediate.int_learner_week_features"

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def query(built_site: BuiltSite) -> Query:
    return lambda text: run(built_site.server, built_site.server.database, text)


def classes_of(query: Query, columns: list[str]) -> tuple[dict[Any, Any], dict[Any, list[Week]]]:
    """Give the rows of the features, and by course and week who was still enrolled."""
    found = read(query, RELATION, WEEKLY, [*columns, "unscored_reason"])
    classes: dict[tuple[int, date], list[Week]] = defaultdict(list)
    for key, row in found.items():
        if row["unscored_reason"] != "left":
            classes[key[1], key[2]].append((key[0], key[1], key[2]))
    return found, classes


def acts(query: Query) -> dict[tuple[int, int], list[tuple[date, bool, int | None]]]:
    """What people did in courses: the day, whether they took part, and the activity."""
    automatic = ", ".join(f"'{name}'" for name in sorted(AUTOMATIC))
    found: dict[Any, list[Any]] = defaultdict(list)
    for user, course, day, took_part, activity in query(
        f"""
        select userid, courseid, (to_timestamp(timecreated) at time zone 'UTC')::date,
            edulevel = 2 and target || action not in ('assessableuploaded',
                'discussion_subscriptioncreated'),
            case when contextlevel = 70 then contextinstanceid end
        from mdl_logstore_standard_log
        where userid > 0 and realuserid is null and origin not in ('cli', 'restore')
            and anonymous = 0 and eventname not in ({automatic})
        """
    ):
        found[user, course].append((day, took_part, activity))
    return found


def test_activity_is_that_of_the_log(query: Query) -> None:
    """Ranks and counts of whole classes, from the log's own rows."""
    ranked = ["event_rank", "recent_event_rank", "active_day_rank", "distinct_activity_rank"]
    columns = ["event_log_change", "active_days_7", "active_days_14", "idle_days"]
    found, classes = classes_of(query, [*ranked, *columns])
    days = acts(query)
    checked = 0
    last = max(week for _, week in classes)  # cut by the end of the log
    for course, week in Random(4).sample([one for one in sorted(classes) if one[1] < last], 25):
        keys = classes[course, week]
        reckoned = [measures(days.get(key[:2], []), week) for key in keys]
        ranks = [percent_ranks([one[place] for one in reckoned]) for place in range(4)]
        for place, key in enumerate(keys):
            expected = {name: ranks[one][place] for one, name in enumerate(ranked)}
            expected |= dict(zip(columns, reckoned[place][4:], strict=True))
            if expected["idle_days"] is None:
                del expected["idle_days"]
            assert differences({key: expected}, {key: found[key]}) == []
            checked += bool(reckoned[place][0])
    assert checked > 200


def measures(days: list[tuple[date, bool, int | None]], week: date) -> tuple[Any, ...]:
    end = week + timedelta(6)
    past = [one for one in days if one[0] <= end]
    recent = [one for one in past if one[0] > end - timedelta(14)]
    now = [one for one in past if one[0] > end - timedelta(7)]
    taken, taken_recently = sum(one[1] for one in now), sum(one[1] for one in recent)
    return (
        sum(one[1] for one in past),
        taken_recently,
        len({one[0] for one in past}),
        len({one[2] for one in past if one[2]}),
        log(1 + taken) - log(1 + taken_recently - taken),
        len({one[0] for one in now}),
        len({one[0] for one in recent}),
        (end - max(one[0] for one in past)).days if past else None,
    )


def test_grades_are_those_of_the_history(query: Query) -> None:
    """The mean, and its rank among the graded, by the last row of history before the week's end."""
    found, classes = classes_of(query, ["grade_mean_share", "grade_rank"])
    items = {
        item: (course, high)
        for item, course, high in query(
            "select id, courseid, grademax from mdl_grade_items where itemtype in ('mod', 'manual')"
        )
    }
    history: dict[tuple[int, int], list[Any]] = defaultdict(list)
    for user, item, epoch, number, grade in query(
        "select userid, itemid, timemodified, id, finalgrade from mdl_grade_grades_history"
    ):
        if item in items:
            history[user, items[item][0]].append((epoch, number, item, grade))
    graded = 0
    for course, week in Random(5).sample(sorted(classes), 25):
        end = datetime(week.year, week.month, week.day, tzinfo=UTC).timestamp() + 7 * 86400
        means = {}
        for key in classes[course, week]:
            last = {one[2]: one[3] for one in sorted(history[key[:2]]) if one[0] < end}
            shares = [grade / items[item][1] for item, grade in last.items() if grade is not None]
            means[key] = float(sum(shares) / len(shares)) if shares else None
        known = {key: round(mean, 6) for key, mean in means.items() if mean is not None}
        ranks = dict(zip(known, percent_ranks([*known.values()]), strict=True)) if known else {}
        for key, mean in means.items():
            expected = {"grade_mean_share": mean, "grade_rank": ranks.get(key)}
            assert differences({key: expected}, {key: found[key]}) == []
        graded += len(known)
    assert graded > 200


def test_outcomes_are_those_of_the_gradebook(query: Query) -> None:
    """Of courses that are over: completed, or a total at the pass grade, else half of the range."""
    last = query("select max(timecreated) from mdl_logstore_standard_log")[0][0]
    ends = dict(query("select id, enddate from mdl_course where enddate > startdate"))
    completed = {
        *query("select userid, course from mdl_course_completions where timecompleted is not null")
    }
    totals = {
        (user, course): grade >= (limit or low + (high - low) / 2)
        for user, course, grade, low, high, limit in query(
            """
            select grade.userid, item.courseid, grade.finalgrade,
                coalesce(grade.rawgrademin, item.grademin),
                coalesce(grade.rawgrademax, item.grademax), item.gradepass
            from mdl_grade_grades as grade join mdl_grade_items as item on item.id = grade.itemid
            where item.itemtype = 'course' and grade.finalgrade is not null
            """
        )
    }
    judged = {course for _, course in completed | totals.keys()}
    seen: Counter[Any] = Counter()
    for learner, course, fate in query(
        "select learner_id, course_id, did_not_complete from marts.fct_learner_outcomes"
    ):
        if course in ends:
            has_passed = (learner, course) in completed or totals.get((learner, course), False)
            is_known = ends[course] <= last and course in judged
            assert fate == (not has_passed if is_known else None), (learner, course)
            seen[fate] += 1
    assert sum(seen.values()) > 100, seen


def test_weeks_before_an_instant_know_nothing_of_what_came_after(built_site: BuiltSite) -> None:
    server = built_site.server
    run(server, "postgres", f'create database "{CUT}" template "{server.database}"')
    try:
        run(server, CUT, truncation_sql("public", "mdl_", INSTANT))
        cut = Site(server, CUT, built_site.paths, "UTC")
        whole = cells_before(server, FIRST_DAY)
        assert differences(whole, cells_before(cut.server, FIRST_DAY)) == []
        assert len(whole) > 1500
    finally:
        drop_database(server, CUT)
