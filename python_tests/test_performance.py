"""Grades, deadlines, posts, completions, status and reminders, cell by cell against plain Python.

The site is `handmade_grades`; what it must give by hand stands in `grades_by_hand`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import grades_by_hand
import handmade_grades
from cells import assert_same, columns_of, is_same, read
from conftest import dbt_paths, drop_database, run
from moodle_analytics import build, database
from moodle_tables import ZONE, at
from oracle_performance import GRID, Performance
from oracle_status import SEVERITY, STATUSES, reminder_rows, status_rows
from oracle_world import Facts, Week, world_of
from truncation import truncation_sql
from weekly_checks import MARTS, WEEKLY, changed_cells, status_counts, wrong_cohorts

NAME, CUT = "grades", "grades cut"
MIN_GROUP_SIZE = 10
INSTANT = "2021-01-11 00:00"


class Site:
    """A database of the hand-made site after a build."""

    def __init__(self, server: database.Server, name: str, folder: Path) -> None:
        self.server, self.folder = replace(server, database=name), folder
        arguments = [*dbt_paths(folder), "--vars", "{}"]
        self.summary = build.build(build.Target(self.server), timezone=ZONE, arguments=arguments)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return run(self.server, self.server.database, query)

    def weekly(self, mart: str, columns: list[str]) -> dict[Any, Facts]:
        return read(self.rows, f"marts.{mart}", WEEKLY, columns)


@pytest.fixture(scope="module")
def site(server: database.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    run(server, "postgres", f'create database "{NAME}" template template0')
    script = handmade_grades.make_site().sql(handmade_grades.SCHEMA, handmade_grades.PREFIX)
    run(server, NAME, script)
    yield Site(server, NAME, tmp_path_factory.mktemp("dbt"))
    drop_database(server, NAME)


@pytest.fixture(scope="module")
def performance() -> Performance:
    return Performance(world_of(handmade_grades.make_site(), ZONE))


@pytest.fixture(scope="module")
def weeks(performance: Performance) -> dict[Week, Facts]:
    return performance.week_rows()


@pytest.fixture(scope="module")
def statuses(site: Site, performance: Performance, weeks: dict[Week, Facts]) -> dict[Week, Facts]:
    """The status by the oracle; the ranks among peers are the mart's, tested elsewhere."""
    ranked = site.weekly("fct_weekly_engagement", ["engagement_percentile", "peer_count"])
    for key, row in performance.world.grid.items():
        row.update(ranked[key])
    return status_rows(performance, weeks)


def _key(learner: int, course: int, number: int) -> Week:
    return learner, course, grades_by_hand.FIRST_WEEK + timedelta(7 * (number - 1))


def _wrong(cells: Facts, row: Facts) -> list[str]:
    return [
        f"{name}: expected {value}, got {row[name]}"
        for name, value in cells.items()
        if not is_same(name, value, row[name]) and not is_same(name, row[name], value)
    ]


# The oracle itself, and the marts, against what was reckoned by hand


@pytest.mark.parametrize("case", grades_by_hand.WEEKS, ids=lambda case: f"{case[:3]} {case[4]}")
def test_oracle_gives_the_weeks_by_hand(weeks: dict[Week, Facts], case: Any) -> None:
    *key, cells, why = case
    assert _wrong(cells, weeks[_key(*key)]) == [], why


@pytest.mark.parametrize("case", grades_by_hand.SUBMISSIONS, ids=lambda case: f"{case[:2]}")
def test_oracle_gives_the_submissions_by_hand(performance: Performance, case: Any) -> None:
    learner, activity, cells, why = case
    row = performance.submission_rows()[learner, activity]
    assert _wrong(cells, row) == [], why


@pytest.mark.database
def test_weeks_by_hand(site: Site) -> None:
    columns = sorted({name for *_, cells, _ in grades_by_hand.WEEKS for name in cells})
    found = site.weekly("fct_weekly_performance", columns)
    wrong = [
        f"{case[:3]} ({case[4]}) {line}"
        for case in grades_by_hand.WEEKS
        for line in _wrong(case[3], found[_key(*case[:3])])
    ]
    assert wrong == []


@pytest.mark.database
def test_submissions_by_hand(site: Site) -> None:
    columns = sorted({name for *_, cells, _ in grades_by_hand.SUBMISSIONS for name in cells})
    found = read(site.rows, "marts.fct_submissions", ("learner_id", "course_module_id"), columns)
    wrong = [
        f"{case[:2]} ({case[3]}) {line}"
        for case in grades_by_hand.SUBMISSIONS
        for line in _wrong(case[2], found[case[:2]])
    ]
    assert wrong == []
    assert grades_by_hand.NO_SUBMISSION_ROWS.keys() & found.keys() == set()


@pytest.mark.database
def test_statuses_by_hand(site: Site) -> None:
    found = site.weekly("fct_weekly_status", ["status"])
    wrong = [
        f"{case[:3]} ({case[4]}): expected {case[3]}, got {found[_key(*case[:3])]['status']}"
        for case in grades_by_hand.STATUSES
        if found[_key(*case[:3])]["status"] != case[3]
    ]
    assert wrong == []


# Cell by cell


@pytest.mark.database
def test_build_is_clean(site: Site) -> None:
    assert site.summary.faults == []


@pytest.mark.database
def test_grid_is_the_one_that_the_oracle_walks(site: Site, performance: Performance) -> None:
    expected = {
        key: {name: row[name] for name in GRID} for key, row in performance.world.grid.items()
    }
    assert_same(expected, site.weekly("fct_weekly_engagement", list(GRID)))


@pytest.mark.database
def test_weekly_performance(site: Site, weeks: dict[Week, Facts]) -> None:
    assert_same(weeks, site.weekly("fct_weekly_performance", [*columns_of(weeks)]))


@pytest.mark.database
def test_grades(site: Site, performance: Performance) -> None:
    expected = performance.grade_rows()
    relation = "(select * from marts.fct_grades where final_grade is not null and not is_deleted)"
    keys = ("learner_id", "grade_item_id")
    assert_same(expected, read(site.rows, f"{relation} as x", keys, columns_of(expected)))


@pytest.mark.database
def test_submissions(site: Site, performance: Performance) -> None:
    expected = performance.submission_rows()
    keys = ("learner_id", "course_module_id")
    found = read(site.rows, "marts.fct_submissions", keys, columns_of(expected))
    assert_same(expected, found)


@pytest.mark.database
def test_forum_replies(site: Site, performance: Performance) -> None:
    expected = {(key,): row for key, row in performance.community.reply_rows().items()}
    keys = ("reply_post_id",)
    assert_same(expected, read(site.rows, "marts.fct_forum_replies", keys, columns_of(expected)))


@pytest.mark.database
def test_weekly_status(site: Site, statuses: dict[Week, Facts]) -> None:
    expected = {
        key: {name: value for name, value in row.items() if name != "signs"}
        for key, row in statuses.items()
    }
    assert_same(expected, site.weekly("fct_weekly_status", [*columns_of(expected)]))


@pytest.mark.database
def test_signs_are_kept_with_their_reasons(site: Site, statuses: dict[Week, Facts]) -> None:
    expected = {
        (*key, sign): {"is_grave": sign.endswith(("_grave", "many_missed"))}
        for key, row in statuses.items()
        for sign in row["signs"]
    }
    signs = "('silent', 'latest_due_missed', 'low_grade', 'low_engagement', 'silent_grave', "
    signs += "'many_missed', 'low_grade_grave')"
    relation = f"(select * from marts.fct_weekly_status_reasons where reason_code in {signs}) as x"
    assert_same(expected, read(site.rows, relation, (*WEEKLY, "reason_code"), ["is_grave"]))


@pytest.mark.database
def test_reminders(site: Site, performance: Performance) -> None:
    expected = reminder_rows(performance)
    keys = ("learner_id", "course_module_id", "offset_code")
    assert_same(expected, read(site.rows, "marts.fct_reminders", keys, columns_of(expected)))
    assert Counter(code for *_, code in expected).keys() == {
        "before_7d", "before_48h", "before_24h", "overdue_1d", "overdue_3d", "overdue_7d"
    }  # fmt: skip


# The parts and the whole


@pytest.mark.database
def test_every_status_and_every_step_occurs(site: Site) -> None:
    found = site.rows("select raw_status, previous_status, status, is_held from "
                      "marts.fct_weekly_status")  # fmt: skip
    assert {row[2] for row in found} == set(STATUSES)
    held = {(status, raw) for raw, _, status, is_held in found if is_held}
    assert {status for status, _ in held} == {"inactive", "struggling", "doing_ok"}
    worse = [
        (before, status)
        for _, before, status, _ in found
        if before in SEVERITY and status in SEVERITY and SEVERITY[status] > SEVERITY[before]
    ]
    assert {("doing_well", "doing_ok"), ("doing_ok", "struggling"), ("struggling", "inactive")} <= {
        *worse
    }


@pytest.mark.database
def test_statuses_are_a_partition_of_the_learners(site: Site) -> None:
    counted, grid = status_counts(site.rows)
    assert counted == grid


@pytest.mark.database
def test_shares_of_a_cohort_sum_to_one(site: Site) -> None:
    suppressed, wrong = wrong_cohorts(site.rows, MIN_GROUP_SIZE)
    assert wrong == []
    assert suppressed.keys() == {True, False}


# What is told of a week does not change afterwards


@pytest.mark.database
def test_weeks_before_an_instant_know_nothing_of_what_came_after(
    site: Site, server: database.Server
) -> None:
    run(server, "postgres", f'create database "{CUT}" template "{NAME}"')
    try:
        script = truncation_sql(handmade_grades.SCHEMA, handmade_grades.PREFIX, at(INSTANT))
        run(server, CUT, script)
        cut = Site(server, CUT, site.folder)
        for mart in MARTS:
            count, wrong = changed_cells(site.rows, cut.rows, mart, INSTANT[:10])
            assert wrong == [], f"{len(wrong)} cells: the whole site's value, and the cut one's"
            assert count > 200
    finally:
        drop_database(server, CUT)
