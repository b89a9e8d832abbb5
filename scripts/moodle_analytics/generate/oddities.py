"""Odd rows: deleted things, strangers, failed logins, impersonation, web services."""

from __future__ import annotations

import numpy as np

from moodle_analytics.generate import layout
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.log import COURSE, MODULE, SITE_WIDE, WS, Log, Place
from moodle_analytics.generate.options import DAY, WEEK, Ints, Options
from moodle_analytics.generate.other import CODES
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import ADMIN, JANUARY_STAFF
from moodle_analytics.generate.visits import Visits

LOGINS_FAILED = 1_900

STRANGERS_ON_FRONT_PAGE = 1_700

IMPERSONATED_ROWS = 32

SERVICE_CALLS = 600

DELETED_MODULES = 12

SEARCHES = 14


def first_moment(options: Options) -> int:
    """Return an early moment of the log, some hours after its first row."""
    return options.end - options.weeks * WEEK + 6 * 3_600


def any_moments(options: Options, count: int, rng: np.random.Generator) -> Ints:
    """Return moments spread over the whole log."""
    return (
        first_moment(options)
        + 3_600
        + rng.integers(0, options.end - first_moment(options) - 7_200, count)
    )


def log_deletions(options: Options, people: People, log: Log, rng: np.random.Generator) -> None:
    """Log a deleted course with its learners' views, and activities gone from their courses."""
    gone_at = first_moment(options) + 5 * WEEK * options.weeks // 27
    staff = np.array(JANUARY_STAFF)
    keen = people.id[
        people.learner
        & people.came
        & (people.entry < gone_at - 2 * DAY)
        & (people.leaves > gone_at)
    ]
    there = Place(
        layout.DELETED_COURSE_CONTEXT, COURSE, layout.DELETED_COURSE, layout.DELETED_COURSE
    )
    if len(keen):
        views = options.of_log(160)
        who = rng.choice(keen, views)
        time = people.entry[people.rows(who)] + DAY
        time = time + (rng.random(views) * (gone_at - time)).astype(np.int64)
        module = 901 + rng.integers(0, DELETED_MODULES, views)
        log.add("course_viewed", time, who, there)
        log.add(
            "page_viewed",
            np.minimum(time + 40, gone_at),
            who,
            Place(950_000 + module - 900, MODULE, module, layout.DELETED_COURSE),
            object_id=500 + module,
        )
    log.add("course_deleted", [gone_at], ADMIN, there, object_id=layout.DELETED_COURSE)
    count = DELETED_MODULES
    module = 930 + np.arange(count)
    course = rng.choice([7, 8, layout.WELCOME], count)
    place = Place(960_000 + np.arange(count), MODULE, module, course)
    time = gone_at + rng.integers(0, 5 * WEEK, count)
    log.add(
        "module_deleted",
        np.minimum(time, options.end),
        rng.choice(staff, count),
        place,
        object_id=module,
        other=CODES["module"],
        a=module,
    )
    if len(keen):
        seen = rng.integers(0, count, options.of_log(60))
        log.add(
            "url_viewed",
            np.minimum(gone_at - 600, time[seen]),
            rng.choice(keen, len(seen)),
            place.take(seen),
            object_id=600 + seen,
        )


def log_strangers(options: Options, log: Log, courses: Courses, rng: np.random.Generator) -> None:
    """Failed logins, the front page seen by nobody in particular, the guest's looks."""
    count = options.of_log(LOGINS_FAILED)
    log.add(
        "login_failed",
        any_moments(options, count, rng),
        0,
        SITE_WIDE,
        other=CODES["failed"],
        a=rng.integers(0, 300, count),
        address=rng.integers(3_000, 3_200, count),
    )
    count = options.of_log(STRANGERS_ON_FRONT_PAGE)
    front = courses.place(np.full(count, layout.SITE))
    log.add(
        "course_viewed",
        any_moments(options, count, rng),
        0,
        front,
        address=rng.integers(3_000, 3_400, count),
    )


def log_impersonation(
    options: Options, people: People, courses: Courses, log: Log, rng: np.random.Generator
) -> None:
    """Let an admin log in as four learners: rows carry the learner's id, the admin's as real."""
    total = max(options.of_log(IMPERSONATED_ROWS), 4)
    able = np.flatnonzero(people.learner & people.came & ~people.deleted)
    keen = able[people.logins[able] > 3] if (people.logins[able] > 3).any() else able
    chosen = people.id[rng.choice(keen, min(4, len(keen)), replace=False)]
    who = np.resize(chosen, total)
    begin = options.end - rng.integers(2, 15, len(chosen)) * DAY
    time = np.resize(begin, total) + np.arange(total) * 25
    log.add(
        "logged_in_as",
        begin - 20,
        ADMIN,
        SITE_WIDE,
        related=chosen,
        object_id=chosen,
        other=CODES["as"],
        a=chosen,
    )
    place = courses.place(np.full(total, layout.WELCOME))
    log.add("course_viewed", np.minimum(time, options.end), who, place, real=ADMIN, address=ADMIN)


def log_services(
    options: Options,
    people: People,
    courses: Courses,
    visits: Visits,
    log: Log,
    rng: np.random.Generator,
) -> None:
    """Log calls of web services, and the few searches, inside learners' visits."""
    rows = np.flatnonzero(people.learner[visits.person])
    chosen = rng.choice(rows, options.of_log(SERVICE_CALLS))
    user = people.id[visits.person[chosen]]
    log.add(
        "webservice_called",
        visits.moments(chosen, options, rng),
        user,
        SITE_WIDE,
        origin=WS,
        other=CODES["function"],
    )
    chosen = rng.choice(rows, max(options.of_log(SEARCHES), 2))
    user = people.id[visits.person[chosen]]
    half = len(chosen) // 2
    moment = visits.moments(chosen, options, rng)
    log.add("courses_searched", moment[:half], user[:half], SITE_WIDE, other=CODES["search"])
    place = courses.place(visits.course[chosen[half:]])
    log.add("forum_searched", moment[half:], user[half:], place, other=CODES["search"])
