"""Who is in which course and with which role; who was taken out, and who came back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from moodle_analytics.generate import layout
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.log import Log
from moodle_analytics.generate.memberships import (
    GROUPS_PER_COURSE,
    write_groups,
    write_registrations,
)
from moodle_analytics.generate.options import DAY, FIRST_SECOND, WEEK, Flags, Ints, Options
from moodle_analytics.generate.other import CODES
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import COMPLETES, LOW_GRADES, STAFF

MANAGER, COURSE_CREATOR, EDITING_TEACHER, TEACHER, STUDENT = range(1, 6)

ROLES = (
    "manager",
    "coursecreator",
    "editingteacher",
    "teacher",
    "student",
    "guest",
    "user",
    "frontpage",
)

MANUAL, SELF = 0, 1


@dataclass
class Enrolments:
    """One row per person and course; `gone` is when they were taken out (0 if not)."""

    user: Ints
    course: Ints
    begins: Ints
    gone: Ints
    back: Ints
    status: Ints
    group: Ints

    def __len__(self) -> int:
        """Rows."""
        return len(self.user)

    @property
    def current(self) -> Flags:
        """Whose rows are in the enrolment tables at the end."""
        kept: Flags = (self.gone == 0) | (self.back > 0)
        return kept


def make_enrolments(options: Options, people: People, courses: Courses, log: Log) -> Enrolments:
    """Enrol everybody, write the tables and the log rows of it."""
    rng = options.stage("enrolments")
    enrolments = _learners(options, people, courses, rng)
    _write_tables(options, people, courses, enrolments, log)
    write_registrations(options, people, courses, log)
    return enrolments


def _learners(
    options: Options, people: People, courses: Courses, rng: np.random.Generator
) -> Enrolments:
    rows = np.flatnonzero(people.learner)
    created, entry = people.created[rows], people.entry[rows]
    arrival = np.where(entry > 0, entry, created)
    keen = people.logins[rows] >= 8
    draw = rng.random(len(rows))
    first_end = courses.dates(7)[1] - 4 * WEEK
    second_end = courses.dates(8)[1] - 4 * WEEK
    data = np.where(arrival < first_end, 7, np.where(arrival < second_end, 8, 50))
    in_data = (people.logins[rows] > 0) | (draw < 0.6)
    career = np.where(arrival < courses.dates(10)[1] - 6 * WEEK, 10, 52)
    chosen = [
        (rows, np.full(len(rows), layout.WELCOME)),
        (rows[in_data], data[in_data]),
        (rows[keen], career[keen]),
        (
            rows[(entry > 0) & (draw < 0.5)],
            np.full(int(((entry > 0) & (draw < 0.5)).sum()), layout.COMMUNITY),
        ),
    ]
    # Some who failed the first cohort try again in the second.
    again = (data == 7) & (people.reason[rows] == LOW_GRADES) & (people.logins[rows] > 5)
    chosen.append((rows[again], np.full(int(again.sum()), 8)))
    row = np.concatenate([part for part, _ in chosen])
    course = np.concatenate([part for _, part in chosen])
    order = np.lexsort((course, row))
    row, course = row[order], course[order]
    begins = people.created[row] + 60 + rng.integers(0, 600, len(row))
    later = np.isin(course, (10, 52)) | (
        (course == 8) & (people.entry[row] < courses.dates(8)[0] - 4 * WEEK)
    )
    opening = np.array([courses.dates(int(one))[0] for one in course])
    begins = np.where(
        later, np.maximum(begins, opening - rng.integers(0, 5, len(row)) * DAY), begins
    )
    gone, back = _taken_out(options, people, row, course, begins, rng)
    status = ((rng.random(len(row)) < 0.012) & (course != layout.WELCOME)).astype(np.int64)
    return Enrolments(
        user=people.id[row],
        course=course,
        begins=begins,
        gone=gone,
        back=back,
        status=status,
        group=rng.integers(0, GROUPS_PER_COURSE, len(row)),
    )


def _taken_out(
    options: Options,
    people: People,
    row: Ints,
    course: Ints,
    begins: Ints,
    rng: np.random.Generator,
) -> tuple[Ints, Ints]:
    """Unenrol some of those who left a taught course, and let one in four come back."""
    left = np.where(people.leaves[row] > 0, people.leaves[row], begins + 3 * WEEK) + 4 * DAY
    can = (
        np.isin(course, (7, 8, 10))
        & (people.reason[row] != COMPLETES)
        & (left < options.end - 3 * WEEK)
    )
    can &= (left > begins + DAY) & (left > FIRST_SECOND + DAY)
    out = can & (rng.random(len(row)) < 0.12)
    gone = np.where(out, left, 0)
    comes_back = out & (rng.random(len(row)) < 0.25)
    back = np.where(comes_back, gone + rng.integers(5, 20, len(row)) * DAY, 0)
    return gone, back


def _write_tables(
    options: Options, people: People, courses: Courses, enrolments: Enrolments, log: Log
) -> None:
    tables = courses.tables
    where = np.array([course.id for course in layout.COURSES if course.id != layout.SITE])
    tables["enrol"] = {
        "id": np.arange(1, 2 * len(where) + 1),
        "enrol": np.tile(np.array(["manual", "self"], dtype=object), len(where)),
        "status": np.tile([0, 0], len(where)),
        "courseid": np.repeat(where, 2),
        "sortorder": np.tile([0, 1], len(where)),
        "roleid": STUDENT,
        "timecreated": options.end - options.weeks * WEEK,
        "timemodified": options.end - options.weeks * WEEK,
    }
    staff, staff_course, staff_role = _staff_places(people, where)
    user = np.concatenate([staff, enrolments.user])
    course = np.concatenate([staff_course, enrolments.course])
    begins = np.concatenate([np.full(len(staff), 1_546_300_800), enrolments.begins])
    gone = np.concatenate([np.zeros(len(staff), dtype=np.int64), enrolments.gone])
    back = np.concatenate([np.zeros(len(staff), dtype=np.int64), enrolments.back])
    status = np.concatenate([np.zeros(len(staff), dtype=np.int64), enrolments.status])
    role = np.concatenate([staff_role, np.full(len(enrolments), STUDENT)])
    dead = people.deleted[people.rows(user)]
    number = np.arange(1, len(user) + 1)
    again = np.flatnonzero(back > 0)
    current = np.where(back > 0, len(user) + 1 + np.searchsorted(again, number - 1), number)
    kept = ((gone == 0) | (back > 0)) & ~dead
    by_self = course == layout.COMMUNITY
    who = np.where(by_self, user, np.array([2, 246, 3])[course % 3])
    instance = np.searchsorted(where, course) * 2 + 1 + by_self
    since = np.where(back > 0, back, begins)
    tables["user_enrolments"] = {
        "id": current[kept],
        "status": status[kept],
        "enrolid": instance[kept],
        "userid": user[kept],
        "timestart": since[kept],
        "timeend": np.where(course == 10, courses.dates(10)[1] + 30 * DAY, 0)[kept],
        "modifierid": who[kept],
        "timecreated": since[kept],
        "timemodified": since[kept],
    }
    # One learner is enrolled without a role, one holds a teacher's role beside the student's.
    with_role = kept.copy()
    with_role[np.flatnonzero(kept & (course == 7) & (role == STUDENT))[4:5]] = False
    context = np.array([courses.course_context[int(one)] for one in course])
    double = np.flatnonzero(kept & (course == 8) & (role == STUDENT))[:1]
    tables["role_assignments"] = {
        "id": np.concatenate([[1], 1 + current[with_role], 0 * double + 2 + 2 * len(user)]),
        "roleid": np.concatenate([[MANAGER], role[with_role], 0 * double + TEACHER]),
        "contextid": np.concatenate([[1], context[with_role], context[double]]),
        "userid": np.concatenate([[3], user[with_role], user[double]]),
        "timemodified": np.concatenate([[1_546_300_800], since[with_role], since[double]]),
        "modifierid": 2,
    }
    _log_enrolments(courses, log, user, course, begins, who, number, role)
    out = np.flatnonzero(gone > 0)
    place = courses.place(course[out])
    log.add(
        "role_unassigned",
        gone[out],
        who[out],
        place,
        related=user[out],
        object_id=role[out],
        other=CODES["role"],
        a=1 + number[out],
    )
    log.add(
        "unenrolled",
        gone[out],
        who[out],
        place,
        related=user[out],
        object_id=number[out],
        other=CODES["unenrol"],
        a=user[out],
        b=number[out],
        c=course[out],
    )
    _log_enrolments(
        courses,
        log,
        user[again],
        course[again],
        back[again],
        who[again],
        current[again],
        role[again],
    )
    write_groups(options, people, courses, enrolments, log)


def _staff_places(people: People, where: Ints) -> tuple[Ints, Ints, Ints]:
    """Put teachers into every course; one of them is a learner of the staff room."""
    staff = people.id[people.kind == STAFF]
    teachers = staff[staff > 2]
    user = np.concatenate(
        [
            [581],
            np.full(len(where), 246),
            np.full(len(where), 4),
            np.resize(teachers, 2 * len(where)),
        ]
    )
    course = np.concatenate([[layout.STAFF_COURSE], where, where, np.repeat(where, 2)])
    role = np.concatenate(
        [
            [STUDENT],
            np.full(2 * len(where), EDITING_TEACHER),
            np.tile([EDITING_TEACHER, TEACHER], len(where)),
        ]
    )
    _, first = np.unique(user * 1_000 + course, return_index=True)
    first = np.sort(first)
    return user[first], course[first], role[first]


def _log_enrolments(
    courses: Courses,
    log: Log,
    user: Ints,
    course: Ints,
    time: Ints,
    who: Ints,
    number: Ints,
    role: Ints,
) -> None:
    """Write what an enrolment writes, where the log reaches back to it."""
    seen = np.flatnonzero(time >= FIRST_SECOND)
    user, course, time, who = user[seen], course[seen], time[seen], who[seen]
    place = courses.place(course)
    log.add(
        "enrolled", time, who, place, related=user, object_id=number[seen], other=CODES["enrol"]
    )
    log.add(
        "role_assigned",
        time,
        who,
        place,
        related=user,
        object_id=role[seen],
        other=CODES["role"],
        a=1 + number[seen],
    )
