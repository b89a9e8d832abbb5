"""Marts with rows made by hand for two courses, in a database and with names that are awkward."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any

from conftest import run
from moodle_analytics import database
from tableau_marts import marts

SITE = "site & <ü>"
PYTHON = "PY & <1> \"ü\" \\ 'x'"
SQL = "SQL"

# Columns that are not here are NULL.
_GROUP = {"learner_group": "All learners"}
ROWS: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "dim_courses": [
        {"course_id": 1, "course_short_name": PYTHON, "active_learner_count": 20},
        {"course_id": 2, "course_short_name": SQL, "active_learner_count": 10},
    ],
    "fct_weekly_groups": [
        {"course_id": course, "course_short_name": name, "week_start": week, "weeks_ago": ago}
        | {"judged_learner_count": judged, "participating_count": active, **group}
        for course, name, week, ago, judged, active, group in (
            (1, PYTHON, "2026-03-02", 1, 20, 10, _GROUP),
            (1, PYTHON, "2026-03-09", 0, 20, 12, _GROUP),
            (2, SQL, "2026-03-02", 1, 10, 5, _GROUP),
            (2, SQL, "2026-03-09", 0, 10, 0, _GROUP),
            (1, PYTHON, "2026-03-16", None, 20, 20, _GROUP),
            (1, PYTHON, "2026-03-09", 0, None, None, {"learner_group": "Team 1"}),
        )
    ],
    "fct_weekly_progress": [
        {"learner_id": learner, "learner_key": key, "course_id": 1, "course_short_name": PYTHON}
        | {"week_start": week, "minutes_central": minutes}
        for learner, key, week, minutes in (
            (7, "key 7", "2026-03-02", 30),
            (7, "key 7", "2026-03-09", None),
            (8, "key 8", "2026-03-02", 99),
        )
    ],
    "fct_weekly_cohorts": [
        {"course_id": 1, "week_start": "2026-03-02", "minutes_central_median": Decimal("12.5")},
        {"course_id": 2, "week_start": "2026-03-09", "minutes_central_median": 77},
    ],
    "fct_watch_list": [
        {"course_id": 1, "learner_id": 7, "learner_key": "key 7", "list_place": 1}
        | {"course_short_name": PYTHON, "band": "struggling", "reason_1_text": "silent"},
        {"course_id": 1, "learner_id": 8, "learner_key": "key 8", "list_place": 2}
        | {"course_short_name": PYTHON, "band": "ok", "reason_1_text": "silent"}
        | {"probability": Decimal("0.25"), "days_since_last_activity": 3},
    ],
    "fct_learner_groups": [
        {"course_id": 1, "learner_id": learner, "learner_group": group}
        for learner, group in ((7, "All learners"), (7, "Team 1"), (8, "All learners"))
    ],
    "fct_weekly_activities": [
        {"course_id": 1, "course_short_name": PYTHON, "week_start": week, "section_name": "One"}
        | {"activity_name": name, "module_name": "page", "event_count": events}
        | {"view_count": events - 1, "new_learner_count": new, **group}
        for name, week, events, new, group in (
            ("Read", "2026-03-02", 4, 3, _GROUP),
            ("Read", "2026-03-09", 6, 1, _GROUP),
            ("Quiz", "2026-03-09", 30, 9, _GROUP),
            ("Quiz", "2026-03-09", 11, 5, {"learner_group": "Team 1"}),
        )
    ],
    "fct_deadlines": [
        {"course_short_name": PYTHON, "activity_name": name, "days_until_due": days}
        | {"deadline_count": 8, "handed_in_count": handed_in, **_GROUP}
        for name, days, handed_in in (("Soon", 14, 2), ("Today", 0, 8), ("Past", -1, 8))
    ],
}


@contextmanager
def small_site(server: database.Server) -> Iterator[database.Server]:
    """Make the marts with these rows alone."""
    with marts(server, SITE) as made:
        empty(made)
        with closing(database.connect(made)) as connection, connection.cursor() as cursor:
            for table, rows in ROWS.items():
                for row in rows:
                    columns, holders = ", ".join(row), ", ".join(["%s"] * len(row))
                    cursor.execute(
                        f"insert into marts.{table} ({columns}) values ({holders})",
                        list(row.values()),
                    )
            connection.commit()
        yield made


def empty(site: database.Server) -> None:
    """Take the rows out of all marts."""
    found = run(site, site.database, "select tablename from pg_tables where schemaname = 'marts'")
    run(site, site.database, f"truncate {', '.join(f'marts.{table}' for (table,) in found)}")
