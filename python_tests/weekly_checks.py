"""What holds of the weekly marts of any site, for the tests of each site."""

from __future__ import annotations

from collections import Counter
from typing import Any

from cells import Query
from oracle_status import STATUSES

WEEKLY = ("learner_id", "course_id", "week_start")
MARTS = (
    "fct_weekly_engagement", "fct_weekly_performance", "fct_weekly_status",
    "fct_weekly_status_reasons",
)  # fmt: skip


def changed_cells(whole: Query, cut: Query, mart: str, first_day: str) -> tuple[int, list[Any]]:
    """Compare the weeks before a day in a whole site and in one without what came after.

    Gives the number of rows, and the cells that differ with both values.
    """
    query = f"""
        select to_jsonb(week) from marts.{mart} as week
        where week_start < '{first_day}'
        order by {", ".join(WEEKLY)}, to_jsonb(week) ->> 'reason_code'
    """
    rows = [row for (row,) in whole(query)]
    wrong = [
        (mart, *(one[key] for key in WEEKLY), name, one[name], value)
        for one, other in zip(rows, [row for (row,) in cut(query)], strict=True)
        for name, value in other.items()
        if one[name] != value
    ]
    return len(rows), wrong


def status_counts(query: Query) -> tuple[Counter[Any], Counter[Any]]:
    """Count by course and week the learners with a status, and those of the grid."""
    counted: Counter[Any] = Counter()
    for course, week, status in query(
        "select course_id, week_start, status from marts.fct_weekly_status"
    ):
        assert status in STATUSES
        counted[course, week] += 1
    grid = "select course_id, week_start from marts.fct_weekly_engagement"
    return counted, Counter(query(grid))


def wrong_cohorts(query: Query, min_size: int) -> tuple[Counter[bool], list[Any]]:
    """Give how many cohorts are suppressed, and those whose shares are no whole or shown amiss."""
    columns = {
        name
        for (name,) in query(
            "select column_name from information_schema.columns "
            "where table_schema = 'marts' and table_name = 'fct_weekly_cohorts'"
        )
    }
    shares = [f"{status}_share" for status in STATUSES if f"{status}_share" in columns]
    found = query(
        f"""
        select course_id, week_start, learner_count, is_suppressed,
            {" + ".join(f"coalesce({share}, 0)" for share in shares)},
            num_nonnulls({", ".join(shares)})
        from marts.fct_weekly_cohorts
        """
    )
    wrong = [
        row
        for row in found
        if (row[5] > 0 if row[3] else row[2] < min_size or abs(float(row[4]) - 1) > 0.001)
    ]
    return Counter(row[3] for row in found), wrong
