"""The order of making: people, courses, enrolments, acts, visits, grades, completion, fan-out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from moodle_analytics.errors import UserError
from moodle_analytics.generate import Summary
from moodle_analytics.generate.acts import Acts, make_acts
from moodle_analytics.generate.assessments import write_assignments, write_feedback
from moodle_analytics.generate.completions import write_completions
from moodle_analytics.generate.courses import Courses, make_courses
from moodle_analytics.generate.directory import user_table, write_directory, write_modules
from moodle_analytics.generate.enrolments import Enrolments, make_enrolments
from moodle_analytics.generate.fanout import log_fan_out
from moodle_analytics.generate.forums import write_forums
from moodle_analytics.generate.grades import write_grades
from moodle_analytics.generate.log import Log
from moodle_analytics.generate.office import log_office, log_updates, modules_updated
from moodle_analytics.generate.options import NULL, WEEK, Ints, Options
from moodle_analytics.generate.people import People, make_people
from moodle_analytics.generate.quizzes import write_quizzes
from moodle_analytics.generate.roster import LEARNER
from moodle_analytics.generate.schema import (
    create_statements,
    finish_statements,
    tables,
    version_key,
)
from moodle_analytics.generate.views import log_lessons, log_views
from moodle_analytics.generate.visits import Visits, log_visits, make_visits
from moodle_analytics.generate.write import write_log, write_table

VIEWED = 120_167
UPDATED = 9_657
STARTED = 3_679
WITHOUT_RELATED = 92_356
WITHOUT_OBJECT = 54_573
AUTOMATIC_VIEWS_EACH = 13
JSON_SINCE = "3.7"
UPGRADED_AFTER_WEEKS = 6


def build(connection: Any, options: Options, advance: Callable[[int], None]) -> Summary:
    """Make everything in memory, then write it; the connection is committed at the end."""
    people, courses, log = make_world(options)
    found = tables(options.moodle_version, reduced=options.reduced)
    rows: dict[str, int] = {}
    with connection.cursor() as cursor:
        for statement in create_statements(found, options.prefix):
            cursor.execute(statement)
        for name, columns in found.items():
            if name != "logstore_standard_log":
                rows[name] = write_table(
                    cursor, options.prefix + name, columns, courses.tables.get(name, {})
                )
        finished = log.finish(options.stage("order"))
        rows["logstore_standard_log"] = write_log(
            cursor,
            f"{options.prefix}logstore_standard_log",
            finished,
            serialised_until=_serialised_until(options),
            advance=advance,
        )
        for statement in finish_statements(found, options.prefix):
            cursor.execute(statement)
    connection.commit()
    learners = (people.kind == LEARNER) & ~people.deleted
    return Summary(rows, len(people.id), int(learners.sum()), int((learners & ~people.came).sum()))


def _serialised_until(options: Options) -> int:
    """Return until when `other` is PHP: always before 3.7, else until the site was upgraded."""
    if options.reduced or version_key(options.moodle_version) < version_key(JSON_SINCE):
        return options.end + 1
    return options.end - options.weeks * WEEK + UPGRADED_AFTER_WEEKS * WEEK


def make_world(options: Options) -> tuple[People, Courses, Log]:
    """Make all rows in memory: `courses.tables` has the tables, `log` the log."""
    log = Log()
    people = make_people(options)
    courses = make_courses(options, people)
    write_directory(options, courses)
    enrolments = make_enrolments(options, people, courses, log)
    acts, overrides = make_acts(options, people, courses, enrolments)
    write_quizzes(options, people, courses, acts["quiz"], log)
    write_feedback(people, courses, acts["feedback"], log)
    groups = _groups(people, courses, enrolments, acts["assign"])
    write_assignments(options, people, courses, acts["assign"], overrides, groups, log)
    posters, posted = write_forums(options, people, courses, enrolments, log)
    visits = _visits(options, people, courses, enrolments, acts, posters, posted)
    log_visits(options, people, courses, visits, log)
    ended = log_lessons(options, people, courses, visits, log, _lesson_starts(options, log))
    log_office(options, people, courses, visits, log)
    write_grades(options, people, courses, enrolments, acts, ended, log)
    _fill(options, people, courses, enrolments, visits, acts, posters, posted, log)
    courses.tables["user"] = user_table(options, people, log)
    write_modules(courses)
    return people, courses, log


def _groups(people: People, courses: Courses, enrolments: Enrolments, acts: Acts) -> Ints:
    """Return the team number of every act's learner in the act's course."""
    key = enrolments.user * 1_000 + enrolments.course
    order = np.argsort(key, kind="stable")
    wanted = people.id[acts.person] * 1_000 + courses.activities.course[acts.activity]
    return enrolments.group[order[np.searchsorted(key[order], wanted)]]


def _visits(
    options: Options,
    people: People,
    courses: Courses,
    enrolments: Enrolments,
    acts: dict[str, Acts],
    posters: Ints,
    posted: Ints,
) -> Visits:
    parts = list(acts.values())
    person = np.concatenate([*(part.person for part in parts), people.rows(posters)])
    start = np.concatenate([*(part.start for part in parts), posted - 120])
    course = [courses.activities.course[part.activity] for part in parts]
    course.append(np.zeros(len(posters), dtype=np.int64))
    return make_visits(options, people, courses, enrolments, person, start, np.concatenate(course))


def _lesson_starts(options: Options, log: Log) -> int:
    return max(options.of_log(STARTED) - log.count("attempt_started", "attempt_previewed"), 0)


def _fill(
    options: Options,
    people: People,
    courses: Courses,
    enrolments: Enrolments,
    visits: Visits,
    acts: dict[str, Acts],
    posters: Ints,
    posted: Ints,
    log: Log,
) -> None:
    """Fill the log up to its counts: people's views, completion, updates, then automatic rows."""
    # Completion follows from the views, so the rows still to come are set aside before the views.
    updates = options.of_log(UPDATED) - log.count_action("updated")
    free = int((log.column("related") == NULL).sum()) + modules_updated(
        options, log, options.of_log(UPDATED)
    )
    things = options.of_log(WITHOUT_RELATED) - free
    nothing = (log.column("object") == NULL).sum()
    pages = min(options.of_log(WITHOUT_OBJECT) - int(nothing), things)
    silent = int((people.learner & ~people.came & ~people.deleted).sum()) * AUTOMATIC_VIEWS_EACH
    room = options.events - len(log) - silent - max(updates, 0) - 1
    views = min(things, max(room, 0))
    if views < things:
        pages = round(pages * views / things)
    log_views(
        options, people, courses, visits, log, pages=max(pages, 0), things=max(views - pages, 0)
    )
    write_completions(options, people, courses, enrolments, acts, log)
    log_updates(options, people, courses, log, options.of_log(UPDATED))
    viewed = max(options.of_log(VIEWED) - log.count_action("viewed"), silent)
    viewed = min(viewed, options.events - len(log) - 1)
    if viewed < silent:
        raise UserError("--events is too few for so many learners; ask for more events.")
    log_fan_out(options, people, courses, posters, posted, log, viewed=viewed)
