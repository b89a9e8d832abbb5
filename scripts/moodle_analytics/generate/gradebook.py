"""The gradebook's frame: categories, items, and the history of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from moodle_analytics.generate import layout
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.options import DAY, NULL, Flags, Floats, Ints

ITEMS_HISTORY = 486
CATEGORIES_HISTORY = 46
MANUAL_ITEMS = (
    (7, "Interview", 1),
    (8, "Interview", 1),
    (10, "Participation", 1),
    (52, "Remarks", 3),
)
WITH_QUIZ_CATEGORY = (7, 46)
MEAN_COURSE = 10
NATURAL, MEAN = 13, 0
VALUE, SCALE = 1, 2
OPENED = 1_546_300_800
INSERT, UPDATE, DELETE = 1, 2, 3


@dataclass
class Items:
    """One row per grade item; `parent` is the place of the category item above it, -1 if none."""

    id: Ints
    course: Ints
    kind: Any
    module: Any
    activity: Ints
    top: Floats
    category: Ints
    parent: Ints

    @property
    def leaf(self) -> Flags:
        """Items that people are graded on, not totals."""
        return np.isin(self.kind, ("mod", "manual"))

    def course_item(self, courses: Ints) -> Ints:
        """Return the positions of the course totals of these courses."""
        totals = np.flatnonzero(self.kind == "course")
        return totals[np.searchsorted(self.course[totals], courses)]


def make_items(courses: Courses) -> Items:
    """Lay out the items and write grade_categories, grade_items and their histories."""
    activities = courses.activities
    graded = np.array([plan.id for plan in layout.COURSES if plan.id != layout.SITE])
    sub = np.array(WITH_QUIZ_CATEGORY)
    leaves = np.flatnonzero(activities.graded == 1)
    manual = np.array([course for course, _, _ in MANUAL_ITEMS])
    course = np.concatenate([graded, sub, activities.course[leaves], manual])
    kind = np.repeat(
        np.array(["course", "category", "mod", "manual"], dtype=object),
        [len(graded), len(sub), len(leaves), len(manual)],
    )
    activity = np.concatenate(
        [np.full(len(graded) + len(sub), -1), leaves, np.full(len(manual), -1)]
    )
    in_sub = (
        np.isin(course, sub)
        & np.r_[
            np.zeros(len(graded) + len(sub), bool),
            activities.kind[leaves] == "quiz",
            np.zeros(len(manual), bool),
        ]
    )
    parent = np.where(in_sub, len(graded) + np.searchsorted(sub, course), -1)
    top_category = 1 + np.searchsorted(graded, course)
    category = np.where(in_sub, len(graded) + 1 + np.searchsorted(sub, course), top_category)
    top = np.concatenate(
        [
            np.zeros(len(graded) + len(sub)),
            activities.grade_max[leaves],
            np.full(len(manual), 100.0),
        ]
    )
    for place in range(len(graded), len(graded) + len(sub)):
        top[place] = top[(parent == place)].sum()
    for place in range(len(graded)):
        mine = (course == course[place]) & (parent == -1) & (np.arange(len(course)) >= len(graded))
        top[place] = 100.0 if course[place] == MEAN_COURSE else max(top[mine].sum(), 100.0)
    module = np.array(
        [activities.kind[row] if row >= 0 else None for row in activity], dtype=object
    )
    items = Items(
        np.arange(1, len(course) + 1), course, kind, module, activity, top, category, parent
    )
    _write_categories(courses, graded, sub)
    _write_items(courses, items, len(graded), len(sub))
    return items


def _write_categories(courses: Courses, graded: Ints, sub: Ints) -> None:
    parent = 1 + np.searchsorted(graded, sub)
    count = len(graded) + len(sub)
    course = np.concatenate([graded, sub])
    table: dict[str, Any] = {
        "id": np.arange(1, count + 1),
        "courseid": course,
        "parent": np.concatenate([np.full(len(graded), NULL), parent]),
        "depth": np.repeat([1, 2], [len(graded), len(sub)]),
        "path": np.array(
            [
                *(f"/{one}/" for one in range(1, len(graded) + 1)),
                *(
                    f"/{above}/{len(graded) + place}/"
                    for place, above in enumerate(parent.tolist(), 1)
                ),
            ],
            dtype=object,
        ),
        "fullname": np.array(["?"] * len(graded) + ["Quizzes"] * len(sub), dtype=object),
        "aggregation": np.where(course == MEAN_COURSE, MEAN, NATURAL),
        "aggregateonlygraded": 1,
        "timecreated": OPENED,
        "timemodified": OPENED,
    }
    courses.tables["grade_categories"] = table
    repeats = np.resize(np.arange(count), CATEGORIES_HISTORY - count)
    row = np.concatenate([np.arange(count), repeats])
    base = {
        name: values[row]
        for name, values in table.items()
        if np.ndim(values) and not name.startswith("time")
    }
    courses.tables["grade_categories_history"] = {
        **base,
        "id": np.arange(1, len(row) + 1),
        "oldid": row + 1,
        "aggregateonlygraded": 1,
        "action": np.repeat([INSERT, UPDATE], [count, len(repeats)]),
        "source": "system",
        "loggeduser": 2,
        "timemodified": OPENED + np.arange(len(row)) * 3_600,
    }


def _write_items(courses: Courses, items: Items, graded: int, sub: int) -> None:
    activities = courses.activities
    count = len(items.id)
    is_mod = items.activity >= 0
    pick = np.where(is_mod, items.activity, 0)
    instance = np.where(is_mod, activities.instance[pick], NULL)
    instance[: graded + sub] = np.arange(1, graded + sub + 1)
    manual = [name for _, name, _ in MANUAL_ITEMS]
    names = (
        [None] * (graded + sub) + [activities.names[row] for row in items.activity[is_mod]] + manual
    )
    gradetype = np.where(is_mod & (activities.grade_max[pick] == 3), SCALE, VALUE)
    gradetype[-len(manual) :] = [kind for _, _, kind in MANUAL_ITEMS]
    table: dict[str, Any] = {
        "id": items.id,
        "courseid": items.course,
        "categoryid": np.where(items.leaf, items.category, NULL),
        "itemname": np.array(names, dtype=object),
        "itemtype": items.kind,
        "itemmodule": items.module,
        "iteminstance": instance,
        "itemnumber": np.where(is_mod, 0, NULL),
        "gradetype": gradetype,
        "grademax": items.top,
        "grademin": np.where(gradetype == SCALE, 1.0, 0.0),
        "scaleid": np.where(gradetype == SCALE, 1, NULL),
        "gradepass": np.where(
            items.kind == "course",
            items.top * np.where(items.course == MEAN_COURSE, 0.5, 0.15),
            np.where(is_mod & (gradetype == VALUE), items.top * 0.5, 0.0),
        ),
        "multfactor": np.ones(count),
        "sortorder": np.arange(1, count + 1),
        "hidden": (items.kind == "manual") & (items.course == 10),
        "timecreated": OPENED,
        "timemodified": OPENED,
    }
    courses.tables["grade_items"] = table
    # Quizzes of the first cohort were out of 50 before their maximum was raised.
    more = ITEMS_HISTORY - count - 3
    row = np.concatenate(
        [np.arange(count), np.resize(np.arange(count)[::-1], more), [count - 1] * 3]
    )
    update = np.arange(len(row)) >= count
    base = {
        name: values[row]
        for name, values in table.items()
        if np.ndim(values) and not name.startswith("time")
    }
    smaller = ~update & (base["courseid"] == 7) & (base["itemmodule"] == "quiz")
    base["grademax"] = np.where(smaller, base["grademax"] / 2, base["grademax"])
    base["gradepass"] = np.where(smaller, base["gradepass"] / 2, base["gradepass"])
    gone = np.arange(len(row)) >= len(row) - 3
    courses.tables["grade_items_history"] = {
        **base,
        "id": np.arange(1, len(row) + 1),
        "multfactor": 1.0,
        "oldid": np.where(gone, count + 10 + np.arange(len(row)) - len(row), row + 1),
        "action": np.where(gone, DELETE, np.where(update, UPDATE, INSERT)),
        "source": "system",
        "loggeduser": 2,
        "timemodified": OPENED + DAY * np.where(update, 2, 0) + np.arange(len(row)) * 600,
    }
