"""Accounts, groups and cohorts: who was registered when, and who belongs where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from moodle_analytics.generate import layout
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.log import CLI, SITE_WIDE, WEB, Log
from moodle_analytics.generate.options import DAY, FIRST_SECOND, Options
from moodle_analytics.generate.other import CODES
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import GUEST

if TYPE_CHECKING:
    from moodle_analytics.generate.enrolments import Enrolments

GROUPS_PER_COURSE = 4


def write_groups(
    options: Options, people: People, courses: Courses, enrolments: Enrolments, log: Log
) -> None:
    """Write groups of the taught courses, cohorts, and who joined them when."""
    taught = np.array([course.id for course in layout.COURSES if course.taught])
    count = len(taught) * GROUPS_PER_COURSE
    made = np.repeat([courses.dates(int(one))[0] for one in taught], GROUPS_PER_COURSE)
    courses.tables["groups"] = {
        "id": np.arange(1, count + 1),
        "courseid": np.repeat(taught, GROUPS_PER_COURSE),
        "name": np.array(
            [f"Team {place % GROUPS_PER_COURSE + 1}" for place in range(count)], dtype=object
        ),
        "timecreated": made,
        "timemodified": made,
    }
    member = np.isin(enrolments.course, taught) & enrolments.current
    member &= ~people.deleted[people.rows(enrolments.user)]
    group = np.searchsorted(taught, enrolments.course) * GROUPS_PER_COURSE + 1 + enrolments.group
    joined = np.maximum(
        np.where(enrolments.back > 0, enrolments.back, enrolments.begins) + 120,
        made[np.minimum(group, count) - 1],
    )
    member &= joined < options.end
    courses.tables["groups_members"] = {
        "id": np.arange(1, int(member.sum()) + 1),
        "groupid": group[member],
        "userid": enrolments.user[member],
        "timeadded": joined[member],
    }
    log.add(
        "group_joined",
        joined[member],
        2,
        courses.place(enrolments.course[member]),
        related=enrolments.user[member],
        object_id=group[member],
        other=CODES["member"],
    )
    learners = people.learner & ~people.deleted
    cohort = (
        np.searchsorted(
            [options.at(1_553_000_000), options.at(1_559_000_000)], people.created[learners]
        )
        + 1
    )
    courses.tables["cohort"] = {
        "id": np.arange(1, 4),
        "contextid": 1,
        "component": "",
        "name": np.array(["Cohort 1", "Cohort 2", "Cohort 3"], dtype=object),
        "descriptionformat": 1,
        "timecreated": 1_546_300_800,
        "timemodified": 1_546_300_800,
    }
    added = people.created[learners] + 30
    courses.tables["cohort_members"] = {
        "id": np.arange(1, len(added) + 1),
        "cohortid": cohort,
        "userid": people.id[learners],
        "timeadded": added,
    }
    seen = added >= FIRST_SECOND
    log.add(
        "cohort_joined",
        added[seen],
        2,
        SITE_WIDE,
        related=people.id[learners][seen],
        object_id=cohort[seen],
    )


def write_registrations(options: Options, people: People, courses: Courses, log: Log) -> None:
    """Log the creation of every account since the log began: a third by a nightly import."""
    seen = (people.created >= FIRST_SECOND) & (people.kind != GUEST)
    users = people.id[seen]
    imported = users % 3 == 0
    log.add(
        "user_created",
        people.created[seen],
        np.where(imported, 0, 2),
        courses.user_place(people, users),
        related=users,
        object_id=users,
        origin=np.where(imported, CLI, WEB),
    )
    gone = people.id[people.deleted & people.came]
    left = np.minimum(people.leaves[people.rows(gone)] + DAY, options.end)
    log.add("user_deleted", left, 2, courses.user_place(people, gone), related=gone, object_id=gone)
