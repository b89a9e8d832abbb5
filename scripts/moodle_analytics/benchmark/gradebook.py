"""The frame of the gradebook: a weighted mean per course, an item per assessment."""

from __future__ import annotations

from typing import Any

import numpy as np

from moodle_analytics.benchmark.activities import Activities
from moodle_analytics.benchmark.mapping import ADMIN, PASS_GRADE
from moodle_analytics.generate.options import NULL

_WEIGHTED_MEAN = 10


def grade_tables(activities: Activities) -> dict[str, dict[str, Any]]:
    """Give the gradebook's frame and add each assessment's grade item to `assessments`."""
    courses = np.array(list(activities.course_context))
    opened = np.array([activities.opened[course] for course in courses.tolist()])
    work = activities.assessments
    count = len(courses)
    work["item"] = count + 1 + np.arange(len(work))
    category = dict(zip(courses.tolist(), range(1, count + 1), strict=True))
    categories: dict[str, Any] = {
        "id": np.arange(1, count + 1),
        "courseid": courses,
        "parent": NULL,
        "depth": 1,
        "path": np.array([f"/{place}/" for place in range(1, count + 1)], dtype=object),
        "fullname": "?",
        "aggregation": _WEIGHTED_MEAN,
        "aggregateonlygraded": 1,
        "timecreated": opened,
        "timemodified": opened,
    }
    is_module = (work["module"] != "").to_numpy()
    totals: list[Any] = [None] * count
    items: dict[str, Any] = {
        "id": np.arange(1, count + len(work) + 1),
        "courseid": np.r_[courses, work["course"].to_numpy()],
        "categoryid": np.r_[np.full(count, NULL), work["course"].map(category).to_numpy()],
        "itemname": np.array([*totals, *work["name"]], dtype=object),
        "itemtype": np.array(
            ["course"] * count + ["mod" if one else "manual" for one in is_module], dtype=object
        ),
        "itemmodule": np.array([*totals, *(one or None for one in work["module"])], dtype=object),
        "iteminstance": np.r_[
            np.arange(1, count + 1), np.where(is_module, work["instance"].to_numpy(), NULL)
        ],
        "itemnumber": np.r_[np.full(count, NULL), np.where(is_module, 0, NULL)],
        "gradepass": PASS_GRADE,
        "aggregationcoef": np.r_[np.zeros(count), work["weight"].to_numpy()],
        "sortorder": np.arange(1, count + len(work) + 1),
        "timecreated": np.r_[opened, work["course"].map(activities.opened).to_numpy()],
        "timemodified": np.r_[opened, work["course"].map(activities.opened).to_numpy()],
    }
    return {
        "grade_categories": categories,
        "grade_items": items,
        "grade_categories_history": _history(categories),
        "grade_items_history": _history(items),
    }


def _history(table: dict[str, Any]) -> dict[str, Any]:
    """Give the history row that Moodle writes when it makes a row."""
    kept = {name: values for name, values in table.items() if name not in ("id", "timecreated")}
    return kept | {
        "id": table["id"],
        "action": 1,
        "oldid": table["id"],
        "source": "system",
        "loggeduser": ADMIN,
    }
