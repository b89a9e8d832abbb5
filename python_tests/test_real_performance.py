"""Performance and status of the real site, against Moodle's own word and plain Python."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from cells import assert_same, columns_of, is_same, read
from conftest import SHARED_DATA, BuiltSite, drop_database, run
from moodle_analytics import build
from oracle_database import read_world
from oracle_performance import Performance
from oracle_status import reminder_rows, status_rows
from oracle_world import Facts, Week
from truncation import truncation_sql
from weekly_checks import MARTS, WEEKLY, changed_cells, status_counts, wrong_cohorts

pytestmark = pytest.mark.database

COURSES = ("2", "3")  # of which the facts tell
CUT = "real site cut"
# Monday 11 March 2024 00:00 UTC: the ninth of sixteen weeks is over.
INSTANT, FIRST_DAY, LAST_WEEK = 1710115200, "2024-03-11", "2024-03-04"
# A gap belongs to its earlier event: of a session over the last midnight the next event tells.
SESSIONS = {
    "minutes_low", "minutes_high", "minutes_central", "minutes_central_change",
    "cumulative_minutes_central", "median_session_minutes", "engagement_index",
    "engagement_percentile",
}  # fmt: skip


class Site:
    def __init__(self, built: BuiltSite) -> None:
        self.built = built

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return run(self.built.server, self.built.server.database, query)

    def last_weeks(self, *columns: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        """The last row of each learner-course of the courses that the facts tell of."""
        found = self.rows(
            f"""
            select distinct on (course_id, learner_id) course_id, learner_id, {", ".join(columns)}
            from marts.fct_weekly_performance where course_id in ({", ".join(COURSES)})
            order by course_id, learner_id, week_start desc
            """
        )
        return {(str(row[0]), str(row[1])): row[2:] for row in found}


@pytest.fixture(scope="module")
def site(built_site: BuiltSite) -> Site:
    return Site(built_site)


@pytest.fixture(scope="module")
def told() -> Iterator[dict[tuple[str, str], dict[str, Any]]]:
    """What Moodle's own functions say of each learner, by course and learner."""
    path = SHARED_DATA / "moodle_site_a_facts.json"
    if not path.exists():
        pytest.skip(f"the facts are not at {path}")
    facts = json.loads(path.read_text(encoding="utf-8"))["courses"]
    yield {
        (course, learner): about
        for course in COURSES
        for learner, about in facts[course]["learners"].items()
        if int(learner) in facts[course]["student_role_ids"]
    }


@pytest.fixture(scope="module")
def performance(site: Site) -> Performance:
    return Performance(read_world(site.rows, lambda name: f"public.mdl_{name}", "UTC"))


@pytest.fixture(scope="module")
def weeks(performance: Performance) -> dict[Week, Facts]:
    return performance.week_rows()


# Moodle's own word


def test_course_totals_are_those_of_moodles_gradebook(site: Site, told: Any) -> None:
    expected = {key: about["final_grade"] for key, about in told.items()}
    found = {key: total for key, (total,) in site.last_weeks("course_total_grade").items()}
    wrong = {
        key: (total, found[key])
        for key, total in expected.items()
        if (total is None) != (found[key] is None)
        or (total is not None and abs(float(found[key]) - total) > 0.00001)
    }
    assert wrong == {}
    assert sum(total is not None for total in expected.values()) > 150


def test_posts_are_those_that_moodle_holds(site: Site, told: Any) -> None:
    expected: dict[Any, int] = {
        key: about["forum_posts_not_deleted"] for key, about in told.items()
    }
    found = {key: posts for key, (posts,) in site.last_weeks("cumulative_forum_post_count").items()}
    assert found == expected
    assert sum(expected.values()) > 1000


def test_completions_are_moodles(site: Site, told: Any) -> None:
    columns = ("completed_activity_count", "tracked_activity_count", "is_course_completed")
    found = site.last_weeks(*columns)
    for key, about in told.items():
        completed, tracked, is_complete = found[key]
        states = about["completion_states"]
        if isinstance(states, list):  # PHP writes the keys 0, 1, ... as a list
            states = {str(state): number for state, number in enumerate(states)}
        assert completed == states.get("1", 0) + states.get("2", 0), key
        assert is_complete == about["course_complete"], key
        if not is_complete:  # of a completed course Moodle says 100, whatever is left
            assert abs(100 * completed / tracked - about["progress_pct"]) < 0.001, key
    assert {row[2] for row in found.values()} == {True, False}


def test_submissions_are_those_of_moodles_tables(site: Site) -> None:
    expected = """
        select activity.id, submission.userid, min(submission.timemodified)
        from mdl_assign_submission as submission
        join mdl_course_modules as activity on activity.instance = submission.assignment
        join mdl_modules as kind on kind.id = activity.module and kind.name = 'assign'
        where submission.status = 'submitted' group by 1, 2
        union all
        select activity.id, attempt.userid, min(attempt.timefinish)
        from mdl_quiz_attempts as attempt
        join mdl_course_modules as activity on activity.instance = attempt.quiz
        join mdl_modules as kind on kind.id = activity.module and kind.name = 'quiz'
        where attempt.state = 'finished' and attempt.preview = 0 group by 1, 2
    """
    found = """
        select course_module_id, learner_id, extract(epoch from submitted_at)::bigint
        from marts.fct_submissions
        where module_name in ('assign', 'quiz') and submitted_at is not null
    """
    assert sorted(site.rows(found)) == sorted(site.rows(expected))
    assert len(site.rows(found)) > 4000


# Plain Python


def test_every_cell_of_performance(site: Site, weeks: dict[Week, Facts]) -> None:
    columns = columns_of(weeks)
    assert_same(weeks, read(site.rows, "marts.fct_weekly_performance", WEEKLY, columns))
    assert len(weeks) > 3000


def test_grades_of_random_weeks_replayed_from_history(site: Site) -> None:
    """Written apart from the oracle: the last row of history before the week's end, no more."""
    names = ["graded_item_count", "grade_mean_share", "course_total_grade"]
    marts = read(site.rows, "marts.fct_weekly_performance", WEEKLY, names)
    items: dict[int, list[tuple[int, str, Any]]] = {}
    for item, course, kind, high in site.rows(
        "select id, courseid, itemtype, grademax from mdl_grade_items"
    ):
        items.setdefault(course, []).append((item, kind, high))
    history: dict[tuple[int, int], list[tuple[int, int, Any]]] = {}
    for user, item, time, number, grade in site.rows(
        "select userid, itemid, timemodified, id, finalgrade from mdl_grade_grades_history"
    ):
        history.setdefault((user, item), []).append((time, number, grade))
    ends = dict(
        site.rows(
            "select week_start, extract(epoch from week_start::timestamp at time zone 'UTC')"
            "::bigint + 604800 from marts.dim_weeks"
        )
    )
    graded = 0
    for key in Random(200).sample(sorted(marts), 200):
        learner, course, week = key
        shares, total = [], None
        for item, kind, high in items[course]:
            known = [row for row in history.get((learner, item), []) if row[0] < ends[week]]
            grade = max(known)[2] if known else None
            if kind == "course":
                total = grade
            elif kind != "category" and grade is not None:
                shares.append(float(grade / high))
        expected = (len(shares), sum(shares) / len(shares) if shares else None, total)
        for name, value in zip(names, expected, strict=True):
            assert is_same(name, value, marts[key][name]), (key, name, value, marts[key][name])
        graded += bool(shares)
    assert graded > 100


def test_every_status(site: Site, performance: Performance, weeks: dict[Week, Facts]) -> None:
    expected = {
        key: {name: value for name, value in row.items() if name != "signs"}
        for key, row in status_rows(performance, weeks).items()
    }
    columns = columns_of(expected)
    assert_same(expected, read(site.rows, "marts.fct_weekly_status", WEEKLY, columns))
    seen = Counter(row["status"] for row in expected.values())
    assert seen.keys() >= {"completed", "inactive", "struggling", "doing_ok", "doing_well"}


def test_every_submission_and_reply(site: Site, performance: Performance) -> None:
    expected = performance.submission_rows()
    keys = ("learner_id", "course_module_id")
    columns = columns_of(expected)
    assert_same(expected, read(site.rows, "marts.fct_submissions", keys, columns))
    replies = {(key,): row for key, row in performance.community.reply_rows().items()}
    columns = columns_of(replies)
    assert_same(replies, read(site.rows, "marts.fct_forum_replies", ("reply_post_id",), columns))


def test_every_reminder(site: Site, performance: Performance) -> None:
    expected = reminder_rows(performance)
    keys = ("learner_id", "course_module_id", "offset_code")
    columns = ("course_id", "submission_state", "due_at", "send_at", "expires_at")
    assert_same(expected, read(site.rows, "marts.fct_reminders", keys, columns))


def test_statuses_sum_to_the_learners_and_shares_to_one(site: Site) -> None:
    counted, grid = status_counts(site.rows)
    assert counted == grid
    _, wrong = wrong_cohorts(site.rows, 10)
    assert wrong == []


# What is told of a week does not change afterwards


def test_weeks_before_an_instant_know_nothing_of_what_came_after(site: Site) -> None:
    server = site.built.server
    run(server, "postgres", f'create database "{CUT}" template "{server.database}"')
    try:
        cut = replace(server, database=CUT)
        run(cut, CUT, truncation_sql("public", "mdl_", INSTANT))
        arguments = [*site.built.paths, "--exclude-resource-type", "test"]
        build.build(build.Target(cut), arguments=arguments)
        for mart in MARTS:
            count, wrong = changed_cells(
                site.rows, lambda query: run(cut, CUT, query), mart, FIRST_DAY
            )
            told = [cell for cell in wrong if cell[3] != LAST_WEEK or cell[4] not in SESSIONS]
            assert told == [], f"{len(told)} cells: the whole site's value, and the cut one's"
            assert count > 1500
    finally:
        drop_database(server, CUT)
