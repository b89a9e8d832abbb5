"""The 15 courses with their sections, activities, contexts and gradebook items."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from moodle_analytics.generate.layout import COURSES, SITE, WEEKS_OF_WORK, CoursePlan, plan_of
from moodle_analytics.generate.log import BLOCK, CATEGORY, COURSE, MODULE, SYSTEM, USER, Place
from moodle_analytics.generate.options import DAY, WEEK, Floats, Ints, Options
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import GONE

BLOCKS = 3_006

NEW_YEAR = 1_546_300_800


@dataclass
class Activities:
    """One row per course module; times are epoch seconds, 0 for none, `week` is 0 where undated."""

    id: Ints
    course: Ints
    kind: Any
    instance: Ints
    section: Ints
    week: Ints
    opens: Ints
    due: Ints
    cutoff: Ints
    hard: Ints
    grade_max: Floats
    graded: Ints
    visible: Ints
    team: Ints
    offline: Ints
    anonymous: Ints
    names: list[str]
    context: Ints
    completion: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def where(self, *kinds: str) -> Ints:
        """Return the positions of the activities of these kinds."""
        return np.flatnonzero(np.isin(self.kind, kinds))

    def place(self, rows: Ints) -> Place:
        """Return where the events of these activities happen."""
        return Place(self.context[rows], MODULE, self.id[rows], self.course[rows])


@dataclass
class Courses:
    """The courses with their activities and contexts."""

    id: Ints
    start: Ints
    end: Ints
    activities: Activities
    course_context: dict[int, int]
    user_context_start: int
    tables: dict[str, dict[str, Any]]

    def place(self, courses: Ints) -> Place:
        """Return the places of course pages."""
        contexts = np.array([self.course_context[int(course)] for course in self.id])
        return Place(contexts[np.searchsorted(self.id, courses)], COURSE, courses, courses)

    def user_place(self, people: People, users: Ints) -> Place:
        """Return the places of users' own pages."""
        return Place(self.user_context_start + people.rows(users), USER, users, 0)

    def dates(self, course: int) -> tuple[int, int]:
        """Return a course's start and end, 0 for none."""
        row = int(np.searchsorted(self.id, course))
        return int(self.start[row]), int(self.end[row])


def _monday(epoch: int) -> int:
    """Return the nearest Monday midnight, UTC."""
    return round((epoch - 4 * DAY) / WEEK) * WEEK + 4 * DAY


def _moment(options: Options, day: int | None) -> int:
    if day is None:
        return 0
    epoch = NEW_YEAR + day * DAY
    return epoch if day < 0 else _monday(options.at(epoch))


def make_courses(options: Options, people: People) -> Courses:
    """Lay out every course; activity and context ids are fixed by the layout."""
    start = np.array([_moment(options, course.start) for course in COURSES])
    end = np.array([_moment(options, course.end) for course in COURSES])
    rows = _activity_rows(start, end)
    activity_count = len(rows)
    first_user = 2
    first_category = first_user + len(people.id)
    first_course = first_category + 3
    first_module = first_course + len(COURSES)
    activities = Activities(
        id=np.arange(1, activity_count + 1),
        kind=np.array([row["kind"] for row in rows]),
        names=[row["name"] for row in rows],
        context=np.arange(first_module, first_module + activity_count),
        **{
            name: np.array([row[name] for row in rows])
            for name in (
                "course",
                "instance",
                "section",
                "week",
                "opens",
                "due",
                "cutoff",
                "hard",
                "grade_max",
                "graded",
                "visible",
                "team",
                "offline",
                "anonymous",
            )
        },
    )
    course_context = {course.id: first_course + place for place, course in enumerate(COURSES)}
    courses = Courses(
        id=np.array([course.id for course in COURSES]),
        start=start,
        end=end,
        activities=activities,
        course_context=course_context,
        user_context_start=first_user,
        tables={},
    )
    courses.tables["context"] = _contexts(options, people, courses, first_category)
    return courses


def _activity_rows(start: Ints, end: Ints) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    instances: dict[str, int] = {}
    for place, course in enumerate(COURSES):
        length = int(end[place] - start[place]) if course.taught else 0
        unit = length / (WEEKS_OF_WORK + 1) if length else 0
        for kind, week, mark in plan_of(course):
            instances[kind] = instances.get(kind, 0) + 1
            rows.append(
                _activity(course, kind, week, mark, instances[kind], int(start[place]), unit)
            )
    return rows


def _activity(
    course: CoursePlan, kind: str, week: int, mark: str, instance: int, start: int, unit: float
) -> dict[str, Any]:
    dated = week > 0 and kind in ("quiz", "assign", "feedback", "forum")
    close = start + round(week * unit / DAY) * DAY + DAY - 60 if dated else 0
    opens = max(start, start + int((week - 1) * unit)) if week else 0
    # Half of the quizzes close at their deadline; the others only expect it: late work is possible.
    hard = int(kind == "quiz" and week % 2 == 1)
    graded = int(kind in ("quiz", "assign") or kind == "lesson" or mark == "rated")
    top = {"quiz": 100.0, "assign": 200.0, "lesson": 50.0, "forum": 20.0}.get(kind, 0.0)
    return {
        "course": course.id,
        "kind": kind,
        "instance": instance,
        "section": week,
        "week": week,
        "name": f"{kind.capitalize()} {week or instance}" + (f" ({mark})" if mark else ""),
        "opens": opens,
        "due": close,
        "cutoff": close + round(unit / DAY) * DAY if kind == "assign" and dated else 0,
        "hard": hard,
        "grade_max": 3.0 if mark == "scale" else top,
        "graded": graded,
        "visible": int(not (kind == "resource" and week == 8)),
        "team": int(mark == "team"),
        "offline": int(mark == "offline"),
        "anonymous": int(mark == "anonymous"),
    }


def _contexts(
    options: Options, people: People, courses: Courses, first_category: int
) -> dict[str, Any]:
    """Build the context table: users that were deleted have lost theirs."""
    alive = people.kind != GONE
    alive &= ~people.deleted
    users, user_rows = people.id[alive], np.flatnonzero(alive)
    category = first_category + np.arange(3)
    module_course = np.array([courses.course_context[int(c)] for c in courses.activities.course])
    course_contexts = np.array(list(courses.course_context.values()))
    blocks = options.of_people(BLOCKS)
    block_parent = 2 + user_rows[np.arange(blocks) % len(user_rows)]
    top = int(courses.activities.context[-1]) + 1
    ids = np.concatenate(
        [
            [1],
            2 + user_rows,
            category,
            course_contexts,
            courses.activities.context,
            top + np.arange(blocks),
        ]
    )
    levels = np.repeat(
        [SYSTEM, USER, CATEGORY, COURSE, MODULE, BLOCK],
        [1, len(users), 3, len(course_contexts), len(module_course), blocks],
    )
    instances = np.concatenate(
        [[0], users, [1, 2, 3], courses.id, courses.activities.id, np.arange(1, blocks + 1)]
    )
    of_course = [
        f"/1/{context}" if course == SITE else f"/1/{category[0]}/{context}"
        for course, context in courses.course_context.items()
    ]
    course_path = dict(zip(course_contexts.tolist(), of_course, strict=True))
    paths = [
        "/1",
        *(f"/1/{2 + row}" for row in user_rows),
        *(f"/1/{c}" for c in category),
        *of_course,
    ]
    paths += [
        f"{course_path[int(parent)]}/{own}"
        for parent, own in zip(module_course, courses.activities.context, strict=True)
    ]
    paths += [f"/1/{parent}/{top + place}" for place, parent in enumerate(block_parent)]
    depth = [path.count("/") for path in paths]
    return {
        "id": ids,
        "contextlevel": levels,
        "instanceid": instances,
        "path": np.array(paths, dtype=object),
        "depth": np.array(depth),
    }
