"""What is neither learning nor notification: the work of teachers and admins."""

from __future__ import annotations

import numpy as np

from moodle_analytics.generate import layout
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.log import CLI, MODULE, RESTORE, SITE_WIDE, WEB, Log, Place
from moodle_analytics.generate.oddities import (
    any_moments,
    first_moment,
    log_deletions,
    log_impersonation,
    log_services,
    log_strangers,
)
from moodle_analytics.generate.options import DAY, NULL, WEEK, Ints, Options
from moodle_analytics.generate.other import CODES
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import ADMIN, JANUARY_STAFF
from moodle_analytics.generate.visits import Visits

MODULES_UPDATED = 900

ACTS_OF_A_YEAR = (
    ("submission_locked", 4),
    ("submission_unlocked", 3),
    ("all_downloaded", 22),
    ("identities_revealed", 2),
    ("submission_copied", 3),
    ("discussion_moved", 3),
    ("discussion_pinned", 5),
    ("discussion_unpinned", 2),
    ("discussion_deleted", 4),
    ("gradebook_viewed", 420),
    ("log_viewed", 180),
    ("badge_awarded", 60),
    ("course_restored", 3),
    ("backup_created", 9),
    ("course_updated", 60),
    ("item_updated", 160),
    ("calendar_created", 190),
    ("config_changed", 40),
    ("grades_exported", 14),
    ("question_moved", 6),
    ("questions_imported", 5),
    ("messages_blocked", 3),
    ("messages_allowed", 2),
    ("evidence_approved", 6),
    ("evidence_disapproved", 2),
    ("tag_added", 12),
    ("task_cleared", 2),
    ("group_left", 9),
    ("course_reset", 1),
    ("course_printed", 6),
    ("email_failed", 45),
    ("item_created", 113),
)


def log_office(
    options: Options, people: People, courses: Courses, visits: Visits, log: Log
) -> None:
    """Write the rows of teaching and administration, and the odd ones."""
    rng = options.stage("office")
    _build_courses(options, courses, log, rng)
    log_deletions(options, people, log, rng)
    staff = np.array(JANUARY_STAFF)
    for event, count in ACTS_OF_A_YEAR:
        _scatter(options, courses, event, max(options.of_log(count), 1), staff, log, rng)
    log_strangers(options, log, courses, rng)
    log_impersonation(options, people, courses, log, rng)
    log_services(options, people, courses, visits, log, rng)


def _scatter(
    options: Options,
    courses: Courses,
    event: str,
    count: int,
    staff: Ints,
    log: Log,
    rng: np.random.Generator,
) -> None:
    """Write rows of a rare event, by staff, in a taught course (a book's in a deleted one)."""
    course = rng.choice([7, 8, 10, 50, 52, layout.WELCOME], count)
    time, who = any_moments(options, count, rng), rng.choice(staff, count)
    place = courses.place(course)
    if event.startswith(("submission", "all_", "identities")):
        place = courses.activities.place(rng.choice(courses.activities.where("assign"), count))
    elif event.startswith("discussion"):
        place = courses.activities.place(rng.choice(courses.activities.where("forum"), count))
    elif event == "course_printed":
        place = Place(950_001, MODULE, 901, layout.DELETED_COURSE)
        time = np.minimum(time, first_moment(options) + 2 * WEEK)
    elif event in ("config_changed", "email_failed"):
        place = SITE_WIDE
    has_object = event not in (
        "gradebook_viewed",
        "log_viewed",
        "email_failed",
        "grades_exported",
        "course_reset",
    )
    object_id = rng.integers(1, 100, count) if has_object else NULL
    related = (
        rng.choice(staff, count)
        if event in ("badge_awarded", "group_left", "email_failed")
        else NULL
    )
    other = CODES["setting"] if event == "config_changed" else 0
    origin = CLI if event == "email_failed" else RESTORE if event == "item_created" else WEB
    log.add(
        event, time, who, place, object_id=object_id, related=related, other=other, origin=origin
    )


def _build_courses(options: Options, courses: Courses, log: Log, rng: np.random.Generator) -> None:
    """Log the making of courses that were built since the log began; half from a backup."""
    activities = courses.activities
    built = np.flatnonzero(np.isin(activities.course, (8, 10, 50, 52)))
    begins = courses.start[np.searchsorted(courses.id, activities.course[built])]
    time = np.maximum(begins - 9 * DAY, first_moment(options)) + rng.integers(0, DAY, len(built))
    time = np.minimum(time, options.end)
    restored = np.isin(activities.course[built], (8, 50))
    log.add(
        "module_created",
        time,
        np.where(restored, 2, 246),
        activities.place(built),
        object_id=activities.id[built],
        other=CODES["module"],
        a=activities.instance[built],
        origin=np.where(restored, RESTORE, WEB),
    )
    made = np.array([10, 52, 8, 50])
    time = np.maximum(
        courses.start[np.searchsorted(courses.id, made)] - 10 * DAY, first_moment(options)
    )
    log.add(
        "course_created", np.minimum(time, options.end), ADMIN, courses.place(made), object_id=made
    )


def modules_updated(options: Options, log: Log, wanted: int) -> int:
    """Return how many rows of `log_updates` will have no related user, for `wanted` rows in all."""
    return max(min(wanted - log.count_action("updated"), options.of_log(MODULES_UPDATED)), 0)


def log_updates(options: Options, people: People, courses: Courses, log: Log, wanted: int) -> None:
    """Fill the rows whose verb is `updated` up to their count: modules and profiles."""
    rng = options.stage("updates")
    rest = wanted - log.count_action("updated")
    if rest <= 0:
        return
    staff = np.array(JANUARY_STAFF)
    count = modules_updated(options, log, wanted)
    module = rng.integers(0, len(courses.activities.id), count)
    log.add(
        "module_updated",
        any_moments(options, count, rng),
        rng.choice(staff, count),
        courses.activities.place(module),
        object_id=courses.activities.id[module],
        other=CODES["module"],
        a=courses.activities.instance[module],
        related=NULL,
    )
    count = rest - count
    # The nightly import refreshes every account from the register: cron, in nobody's name.
    row = np.flatnonzero(people.learner & ~people.deleted)
    who = rng.choice(row, count)
    made = np.maximum(people.created[who], first_moment(options))
    time = made + (rng.random(count) * (options.end - made)).astype(np.int64)
    user = people.id[who]
    log.add(
        "user_updated",
        time,
        ADMIN,
        courses.user_place(people, user),
        related=user,
        object_id=user,
        origin=CLI,
    )
