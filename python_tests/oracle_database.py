"""The world of the oracles read from a built database: Moodle's rows, and the grid of the marts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any

from cells import Query, read
from oracle_performance import GRID
from oracle_world import Pair, World

TABLES = (
    "modules", "course_modules", "course_sections", "course_modules_completion",
    "course_completions", "assign", "assign_submission", "assign_overrides", "assign_user_flags",
    "quiz", "quiz_attempts", "quiz_overrides", "forum", "forum_discussions", "forum_posts",
    "groups", "groups_members", "grade_items", "grade_items_history", "grade_grades",
    "grade_grades_history", "grade_categories", "grade_categories_history",
)  # fmt: skip
WEEKLY = ("learner_id", "course_id", "week_start")


def read_world(query: Query, place: Callable[[str], str], zone: str) -> World:
    """Read a site; `place` gives the full name of one of Moodle's tables.

    The grid with its ranks, the starts and the participating days are the engagement models',
    which other tests hold against an oracle of their own.
    """
    tables = {
        name: [row for (row,) in query(f"select to_jsonb(moodle) from {place(name)} as moodle")]
        for name in TABLES
    }
    grid = read(
        query, "marts.fct_weekly_engagement", WEEKLY, (*GRID, "engagement_percentile", "peer_count")
    )
    bounds = query(
        "select learner_id, course_id, started_on, "
        f"(enrolment_ends_at at time zone '{zone}')::date, is_active "
        "from intermediate.int_learner_courses"
    )
    starts: dict[Pair, date] = {(row[0], row[1]): row[2] for row in bounds}
    ends: dict[Pair, date | None] = {(row[0], row[1]): row[3] for row in bounds}
    days: dict[Pair, list[date]] = defaultdict(list)
    for learner, course, day in query(
        "select distinct user_id, course_id, occurred_on from intermediate.int_activity_events "
        "where is_participating order by 3"
    ):
        days[learner, course].append(day)
    submits = query(
        "select user_id, course_module_id, occurred_epoch from intermediate.int_activity_events "
        "where verb = 'submit' and course_module_id is not null"
    )
    log = place("logstore_standard_log")
    return World(
        tables=tables,
        grid={(key[0], key[1], key[2]): row for key, row in grid.items()},
        starts=starts,
        ends=ends,
        enrolled={(row[0], row[1]) for row in bounds if row[4]},
        submits=[(user, activity, int(epoch)) for user, activity, epoch in submits],
        days=days,
        last=int(query(f"select max(timecreated) from {log}")[0][0]),
        zone=zone,
        zones=_zones(query),
    )


def _zones(query: Query) -> dict[int, str]:
    rows: list[tuple[Any, ...]] = query("select learner_id, timezone from marts.dim_learners")
    return dict(rows)
