"""Quizzes and their attempts: the tables, and the rows each attempt writes."""

from __future__ import annotations

import numpy as np

from moodle_analytics.generate.acts import ABANDONED, DONE, Acts
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.log import CLI, Log
from moodle_analytics.generate.options import DAY, Ints, Options
from moodle_analytics.generate.other import CODES
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import ADMIN

QUIZ_MAX = 10.0

PREVIEWS = 37

TEACHERS = np.array([246, 3, 4])


def write_quizzes(options: Options, people: People, courses: Courses, acts: Acts, log: Log) -> None:
    """Write quizzes, attempts and the rows of each attempt, then the teachers' previews."""
    rng = options.stage("quizzes")
    activities = courses.activities
    rows = activities.where("quiz")
    courses.tables["quiz"] = {
        "id": activities.instance[rows],
        "course": activities.course[rows],
        "name": np.array([activities.names[row] for row in rows], dtype=object),
        "intro": "",
        "introformat": 1,
        "timeopen": activities.opens[rows],
        "timeclose": np.where(activities.hard[rows] == 1, activities.due[rows], 0),
        "overduehandling": "autosubmit",
        "graceperiod": DAY,
        "preferredbehaviour": "deferredfeedback",
        "attempts": 0,
        "grademethod": 1,
        "decimalpoints": 2,
        "sumgrades": np.full(len(rows), QUIZ_MAX),
        "grade": activities.grade_max[rows],
        "questionsperpage": 1,
        "navmethod": "free",
        "shuffleanswers": 1,
        "timecreated": 1_546_300_800,
        "timemodified": 1_546_300_800,
        "browsersecurity": "-",
    }
    quizzes = activities.where("quiz")
    previews = options.of_log(PREVIEWS)
    preview_quiz = rng.choice(quizzes, previews)
    previewer = rng.choice(TEACHERS, previews)
    opening = np.maximum(activities.opens[preview_quiz], 1_548_400_000)
    preview_time = np.minimum(opening + rng.integers(0, 9 * DAY, previews), options.end - DAY)
    instance = activities.instance[acts.activity]
    user = people.id[acts.person]
    finished = acts.state == DONE
    states = np.array(["finished", "inprogress", "abandoned"], dtype=object)
    total = len(acts) + previews
    number = np.empty(len(acts), dtype=np.int64)
    number[np.argsort(acts.start, kind="stable")] = np.arange(1, len(acts) + 1)
    preview_key = previewer * 10_000 + activities.instance[preview_quiz]
    preview_order = np.argsort(preview_key, kind="stable")
    preview_attempt = np.empty(previews, dtype=np.int64)
    ordered = preview_key[preview_order]
    starts = (
        np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        if previews
        else np.zeros(0, dtype=np.int64)
    )
    preview_attempt[preview_order] = (
        np.arange(previews) - np.repeat(starts, np.diff(np.r_[starts, previews])) + 1
    )
    end = np.where(
        finished, acts.time, np.where(acts.state == ABANDONED, acts.start + DAY, acts.start + 60)
    )
    end = np.minimum(end, options.end)
    courses.tables["quiz_attempts"] = {
        "id": np.concatenate([number, len(acts) + 1 + np.arange(previews)]),
        "quiz": np.concatenate([instance, activities.instance[preview_quiz]]),
        "userid": np.concatenate([user, previewer]),
        "attempt": np.concatenate([acts.number + 1, preview_attempt]),
        "uniqueid": np.arange(1, total + 1),
        "layout": "1,0,2,0,3,0,4,0",
        "preview": np.repeat([0, 1], [len(acts), previews]),
        "state": np.concatenate([states[acts.state], np.full(previews, "finished", dtype=object)]),
        "timestart": np.concatenate([acts.start, preview_time]),
        "timefinish": np.concatenate([np.where(finished, acts.time, 0), preview_time + 300]),
        "timemodified": np.concatenate([end, preview_time + 300]),
        "sumgrades": np.concatenate(
            [
                np.where(finished, np.round(acts.score * QUIZ_MAX, 1), np.nan),
                np.full(previews, QUIZ_MAX),
            ]
        ),
    }
    _log_attempts(options, people, courses, acts, number, log, rng)
    place = activities.place(preview_quiz)
    log.add(
        "attempt_previewed",
        preview_time,
        previewer,
        place,
        related=previewer,
        object_id=len(acts) + 1 + np.arange(previews),
        other=CODES["attempt"],
        a=activities.instance[preview_quiz],
    )


def _log_attempts(
    options: Options,
    people: People,
    courses: Courses,
    acts: Acts,
    number: Ints,
    log: Log,
    rng: np.random.Generator,
) -> None:
    activities = courses.activities
    user, quiz = people.id[acts.person], activities.instance[acts.activity]
    place = activities.place(acts.activity)
    common = {"related": user, "object_id": number, "a": quiz}
    log.add("quiz_viewed", acts.start - 5, user, place, object_id=quiz)
    log.add("attempt_started", acts.start, user, place, **common)
    log.add("attempt_viewed", acts.start, user, place, other=CODES["attempt_page"], **common)
    for page in (1, 2, 3):
        rows = np.flatnonzero(rng.random(len(acts)) < 0.75)
        moment = acts.start[rows] + (acts.time[rows] - acts.start[rows]) * page // 4
        log.add(
            "attempt_viewed",
            moment,
            user[rows],
            place.take(rows),
            related=user[rows],
            object_id=number[rows],
            other=CODES["attempt_page"],
            a=quiz[rows],
            b=page,
        )
    done = np.flatnonzero(acts.state == DONE)
    there, who = place.take(done), user[done]
    common = {"related": who, "object_id": number[done], "a": quiz[done]}
    log.add(
        "attempt_summary_viewed", acts.time[done] - 4, who, there, other=CODES["attempt"], **common
    )
    log.add(
        "attempt_submitted",
        acts.time[done],
        who,
        there,
        other=CODES["attempt_sent"],
        b=who,
        **common,
    )
    log.add("attempt_reviewed", acts.time[done] + 3, who, there, other=CODES["attempt"], **common)
    left = np.flatnonzero(acts.state == ABANDONED)
    gone = np.minimum(acts.start[left] + DAY, options.end)
    common = {"related": user[left], "object_id": number[left], "a": quiz[left]}
    log.add(
        "attempt_overdue",
        gone - 3_600,
        ADMIN,
        place.take(left),
        other=CODES["attempt_sent"],
        origin=CLI,
        **common,
    )
    log.add(
        "attempt_abandoned",
        gone,
        ADMIN,
        place.take(left),
        other=CODES["attempt_sent"],
        origin=CLI,
        **common,
    )
