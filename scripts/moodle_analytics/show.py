"""Small pictures for the terminal: a learner's weeks, and a course's weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from moodle_analytics.errors import UserError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

_BAR = "█"
_WIDTH = 15


@dataclass(frozen=True)
class LearnerWeek:
    """A learner's week in one course: minutes (central), active days, rank and mean grade (0-1)."""

    week_start: date
    minutes: float
    active_days: int
    percentile: float | None
    grade: float | None
    status: str
    is_partial: bool


@dataclass(frozen=True)
class CourseWeek:
    """A course's week: learners of its grid, median minutes (central) of the active ones."""

    week_start: date
    enrolled: int
    active: int
    median_minutes: float | None
    well: int
    struggling: int
    inactive: int
    is_partial: bool


def course_weeks(connection: Connection, course_id: int) -> list[CourseWeek]:
    """Read a course's weeks, in order."""
    rows = _rows(
        connection,
        """
        select week_start, count(*), count(*) filter (where event_count > 0),
            percentile_cont(0.5) within group (order by minutes_central)
                filter (where event_count > 0),
            count(*) filter (where status in ('doing_well', 'completed')),
            count(*) filter (where status = 'struggling'),
            count(*) filter (where status in ('inactive', 'never_started')),
            bool_or(is_partial_week)
        from marts.fct_weekly_progress
        where course_id = %s and is_observed
        group by week_start
        order by week_start
        """,
        [course_id],
    )
    return [CourseWeek(*row) for row in rows]


def learner_weeks(connection: Connection, course_id: int, learner_id: int) -> list[LearnerWeek]:
    """Read a learner's weeks in a course, in order."""
    rows = _rows(
        connection,
        """
        select week_start, minutes_central, active_day_count, engagement_percentile,
            grade_mean_share, replace(status, '_', ' '), is_partial_week
        from marts.fct_weekly_progress
        where course_id = %s and learner_id = %s and is_observed
        order by week_start
        """,
        [course_id, learner_id],
    )
    return [LearnerWeek(row[0], float(row[1]), *row[2:]) for row in rows]


def show(connection: Connection, *, course_id: int | None, learner_id: int | None) -> None:
    """Print a course's weeks and those of one of its learners; picks telling ones where not given.

    Raises UserError where there is nothing to show.
    """
    from rich.console import Console

    course_id, learner_id = _choose(connection, course_id, learner_id)
    weeks = learner_weeks(connection, course_id, learner_id)
    if not weeks:
        raise UserError(
            f"Learner {learner_id} has no weeks in course {course_id}: "
            "`moodle-analytics show --course ID` picks one of its learners."
        )
    title = _rows(
        connection,
        "select coalesce(course_name, 'a deleted course') from marts.dim_courses "
        "where course_id = %s",
        [course_id],
    )[0][0]
    console = Console()
    console.print(f"\n[bold]Course {course_id}[/bold], {title}")
    console.print(
        "Learners with any activity, of those enrolled; median minutes of the active;\n"
        "how many do well or have completed, struggle, are inactive or never started",
        style="dim",
    )
    _print_course(console, course_weeks(connection, course_id))
    console.print(f"\n[bold]Learner {learner_id}[/bold] in this course")
    console.print(
        "Minutes (estimated), active days, peers less engaged, mean grade so far, status",
        style="dim",
    )
    _print_learner(console, weeks)
    if any(week.is_partial for week in weeks):
        console.print("(cut): the log begins or ends within that week", style="dim")


def _print_course(console: Any, weeks: Sequence[CourseWeek]) -> None:
    most = max((week.enrolled for week in weeks), default=1)
    for week in weeks:
        bar = _BAR * round(_WIDTH * week.active / most)
        rest = "·" * (round(_WIDTH * week.enrolled / most) - len(bar))
        minutes = "" if week.median_minutes is None else f"{week.median_minutes:.0f} min"
        console.print(
            f"  {week.week_start}  {bar}{rest:<{_WIDTH - len(bar)}} "
            f"{week.active:>5} of {week.enrolled:>5} {minutes:>7}"
            f" {week.well:>5} {week.struggling:>5} {week.inactive:>5}{_cut(week.is_partial)}",
            highlight=False,
        )


def _print_learner(console: Any, weeks: Sequence[LearnerWeek]) -> None:
    most = max((week.minutes for week in weeks), default=0) or 1
    for week in weeks:
        bar = _BAR * round(_WIDTH * week.minutes / most)
        rank = "" if week.percentile is None else f"{week.percentile:.0f} %"
        grade = "" if week.grade is None else f"{100 * week.grade:.0f} %"
        console.print(
            f"  {week.week_start}  {bar:<{_WIDTH}} {week.minutes:>7.0f} {week.active_days:>3} "
            f"{rank:>6} {grade:>6}  {week.status}{_cut(week.is_partial)}",
            highlight=False,
        )


def _cut(is_partial: bool) -> str:
    """Say of a week that the data hold only a part of it."""
    return "  (cut)" if is_partial else ""


def _choose(
    connection: Connection, course_id: int | None, learner_id: int | None
) -> tuple[int, int]:
    """Pick the course with most activity in a learner's week, and in it a rather active learner."""
    rows = _rows(
        connection,
        """
        with totals as (
            select course_id, learner_id, sum(event_count) as events, count(*) as weeks
            from marts.fct_weekly_engagement
            where (%(course)s is null or course_id = %(course)s)
                and (%(learner)s is null or learner_id = %(learner)s)
            group by course_id, learner_id
        ),
        courses as (
            select course_id from totals group by course_id
            order by count(*) >= 10 desc, coalesce(sum(events) / sum(weeks), 0) desc, course_id
            limit 1
        )
        select course_id, learner_id
        from totals
        where course_id in (select course_id from courses)
        order by coalesce(events, 0) > 0 desc, abs(percent_rank() over (order by events) - 0.75),
            learner_id
        limit 1
        """,
        {"course": course_id, "learner": learner_id},
    )
    if not rows:
        raise UserError(
            "There is no learner's week to show here: check --course and --learner, or look with "
            "`moodle-analytics db psql` at marts.dim_courses."
        )
    course, learner = rows[0]
    return course, learner


def _rows(connection: Connection, query: str, values: Any) -> list[Any]:
    import psycopg2

    with connection.cursor() as cursor:
        try:
            cursor.execute(query, values)
        except psycopg2.errors.UndefinedTable:
            raise UserError(
                "The marts are not built yet: run `moodle-analytics build` first."
            ) from None
        return cursor.fetchall()
