"""Completion: of activities, from what was seen and handed in, and of courses."""

from __future__ import annotations

import numpy as np

from moodle_analytics.generate import layout
from moodle_analytics.generate.acts import DONE, Acts
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.enrolments import Enrolments
from moodle_analytics.generate.log import CLI, WEB, Log, catalogue, event_code
from moodle_analytics.generate.options import DAY, NULL, Flags, Ints, Options
from moodle_analytics.generate.other import CODES
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import ADMIN, COMPLETES

COMPLETION_ROWS = 4_483
BY_VIEW = ("page", "url", "resource", "folder")
INCOMPLETE_SHARE = 0.18


def write_completions(
    options: Options,
    people: People,
    courses: Courses,
    enrolments: Enrolments,
    acts: dict[str, Acts],
    log: Log,
) -> None:
    """Track as many activities as give the counted rows; write completion, views and log rows."""
    person, activity, time = _first_views(people, courses, enrolments, log)
    done_person, done_activity, done_time = _first_acts(people, acts)
    activities = courses.activities
    with_completion = np.array([plan.id for plan in layout.COURSES if plan.completion])
    can = np.isin(activities.course, with_completion)
    by_view = np.isin(activities.kind[activity], BY_VIEW) & can[activity]
    by_act = can[done_activity]
    done = [
        np.concatenate(pair)
        for pair in (
            (person[by_view], done_person[by_act]),
            (activity[by_view], done_activity[by_act]),
            (time[by_view], done_time[by_act]),
        )
    ]
    total = options.of_log(COMPLETION_ROWS)
    tracked = _tracked(options, done[1], len(activities.id), round(total * (1 - INCOMPLETE_SHARE)))
    activities.completion = np.where(tracked, 2, 0)
    keep = tracked[done[1]]
    done = [values[keep] for values in done]
    pending = _pending(
        activities.completion,
        courses,
        person,
        activity,
        done,
        enrolments,
        people,
        total - len(done[0]),
        options,
    )
    _write(people, courses, done, pending, (person, activity, time), log)
    _write_courses(options, people, courses, enrolments, done, log)


def _first_views(
    people: People, courses: Courses, enrolments: Enrolments, log: Log
) -> tuple[Ints, Ints, Ints]:
    """Return each learner's first view of each activity of a course they are in."""
    activities = courses.activities
    codes = [
        event_code(key)
        for key, event in catalogue().items()
        if event.target == "course_module" and event.action == "viewed"
    ]
    event, user = log.column("event"), log.column("user")
    rows = np.flatnonzero(np.isin(event, codes) & np.isin(user, enrolments.user))
    place, time = log.column("instance")[rows], log.column("time")[rows]
    person, activity = people.rows(user[rows]), np.searchsorted(activities.id, place)
    live = (
        ~people.deleted[person] & (log.column("real")[rows] == NULL) & (place <= activities.id[-1])
    )
    live &= np.isin(
        people.id[person] * 1_000 + activities.course[np.minimum(activity, len(activities.id) - 1)],
        (enrolments.user * 1_000 + enrolments.course)[enrolments.current],
    )
    person, activity, time = person[live], activity[live], time[live]
    order = np.lexsort((time, activity, person))
    person, activity, time = person[order], activity[order], time[order]
    first = np.r_[True, (person[1:] != person[:-1]) | (activity[1:] != activity[:-1])][: len(order)]
    return person[first], activity[first], time[first]


def _first_acts(people: People, acts: dict[str, Acts]) -> tuple[Ints, Ints, Ints]:
    """Return when each learner first handed in each activity."""
    parts = [part.take(part.state == DONE) for part in acts.values()]
    person, activity, time = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("person", "activity", "time")
    )
    live = ~people.deleted[person]
    person, activity, time = person[live], activity[live], time[live]
    order = np.lexsort((time, activity, person))
    person, activity, time = person[order], activity[order], time[order]
    first = np.r_[True, (person[1:] != person[:-1]) | (activity[1:] != activity[:-1])][: len(order)]
    return person[first], activity[first], time[first]


def _tracked(options: Options, activity: Ints, count: int, most: int) -> Flags:
    """Choose the tracked activities, in a random order, while their rows stay within `most`."""
    size = np.bincount(activity, minlength=count)
    tracked = np.zeros(count, dtype=np.bool_)
    left = most
    for row in options.stage("tracking").permutation(np.flatnonzero(size)):
        if size[row] <= left:
            tracked[row] = True
            left -= int(size[row])
    return tracked


def _pending(
    completion: Ints,
    courses: Courses,
    person: Ints,
    activity: Ints,
    done: list[Ints],
    enrolments: Enrolments,
    people: People,
    wanted: int,
    options: Options,
) -> tuple[Ints, Ints]:
    """Return incomplete rows: activities seen but not handed in, then any other of the learners."""
    finished = done[0] * 10_000 + done[1]
    seen = np.flatnonzero(
        (completion[activity] == 2) & ~np.isin(person * 10_000 + activity, finished)
    )
    rng = options.stage("pending")
    who, what = person[seen], activity[seen]
    if len(who) < wanted:
        row = people.rows(enrolments.user)
        live = np.flatnonzero(people.came[row] & ~people.deleted[row] & enrolments.current)
        parts = [
            (
                np.repeat(row[live[enrolments.course[live] == course]], len(things)),
                np.tile(things, int((enrolments.course[live] == course).sum())),
            )
            for course in np.unique(courses.activities.course[completion == 2])
            for things in [
                np.flatnonzero((courses.activities.course == course) & (completion == 2))
            ]
        ]
        more_who, more_what = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
        key = more_who * 10_000 + more_what
        free = np.flatnonzero(~np.isin(key, finished) & ~np.isin(key, who * 10_000 + what))
        free = rng.permutation(free)[: wanted - len(who)]
        who, what = np.concatenate([who, more_who[free]]), np.concatenate([what, more_what[free]])
    pick = np.sort(rng.permutation(len(who))[:wanted])
    return who[pick], what[pick]


def _write(
    people: People,
    courses: Courses,
    done: list[Ints],
    pending: tuple[Ints, Ints],
    views: tuple[Ints, Ints, Ints],
    log: Log,
) -> None:
    activities = courses.activities
    order = np.argsort(done[2], kind="stable")
    person, activity, time = (values[order] for values in done)
    all_person, all_activity = (
        np.concatenate([person, pending[0]]),
        np.concatenate([activity, pending[1]]),
    )
    count = len(all_person)
    passed = np.isin(activities.kind[activity], ("quiz",)) & (activity % 3 == 0)
    state = np.concatenate([np.where(passed, 2, 1), np.zeros(len(pending[0]), dtype=np.int64)])
    number = np.arange(1, count + 1)
    seen = np.isin(all_person * 10_000 + all_activity, views[0] * 10_000 + views[1])
    courses.tables["course_modules_completion"] = {
        "id": number,
        "coursemoduleid": activities.id[all_activity],
        "userid": people.id[all_person],
        "completionstate": state,
        "viewed": seen,
        "overrideby": NULL,
        "timemodified": np.concatenate([time, np.zeros(len(pending[0]), dtype=np.int64)]),
    }
    tracked = np.flatnonzero(
        (activities.completion[views[1]] == 2) & np.isin(activities.kind[views[1]], BY_VIEW)
    )
    courses.tables["course_modules_viewed"] = {
        "id": np.arange(1, len(tracked) + 1),
        "coursemoduleid": activities.id[views[1][tracked]],
        "userid": people.id[views[0][tracked]],
        "timecreated": views[2][tracked],
    }
    user = people.id[person]
    log.add(
        "completion_updated",
        time,
        user,
        activities.place(activity),
        related=user,
        object_id=number[: len(person)],
        other=CODES["completion"],
        a=user,
        b=state[: len(person)],
    )


def _write_courses(
    options: Options,
    people: People,
    courses: Courses,
    enrolments: Enrolments,
    done: list[Ints],
    log: Log,
) -> None:
    """Write course completions: those who completed much of a taught course, at its last act."""
    row = people.rows(enrolments.user)
    live = np.flatnonzero(
        enrolments.current
        & ~people.deleted[row]
        & np.isin(enrolments.course, [plan.id for plan in layout.COURSES if plan.completion])
    )
    course = courses.activities.course[done[1]]
    key = done[0] * 1_000 + course
    found, number = np.unique(key, return_counts=True)
    latest = np.zeros(len(found), dtype=np.int64)
    np.maximum.at(latest, np.searchsorted(found, key), done[2])
    mine = row[live] * 1_000 + enrolments.course[live]
    place = np.minimum(np.searchsorted(found, mine), max(len(found) - 1, 0))
    any_done = found[place] == mine
    share = np.where(any_done, number[place], 0)
    needed = np.where(enrolments.course[live] == layout.WELCOME, 4, 5)
    complete = any_done & (share >= needed) & (people.reason[row[live]] == COMPLETES)
    finished = np.minimum(np.where(complete, latest[place] + DAY // 2, 0), options.end)
    started = people.entry[row[live]]
    courses.tables["course_completions"] = {
        "id": np.arange(1, len(live) + 1),
        "userid": enrolments.user[live],
        "course": enrolments.course[live],
        "timeenrolled": enrolments.begins[live],
        "timestarted": np.where(any_done, started, 0),
        "timecompleted": np.where(complete, finished, NULL),
        "reaggregate": 0,
    }
    rows = np.flatnonzero(complete)
    user = enrolments.user[live][rows]
    by_cron = rows % 2 == 0
    log.add(
        "course_completed",
        finished[rows],
        np.where(by_cron, ADMIN, user),
        courses.place(enrolments.course[live][rows]),
        related=user,
        object_id=rows + 1,
        other=CODES["done"],
        a=user,
        origin=np.where(by_cron, CLI, WEB),
    )
