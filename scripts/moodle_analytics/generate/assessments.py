"""Quiz attempts, assignment submissions and survey responses: their tables and their log rows."""

from __future__ import annotations

import numpy as np

from moodle_analytics.generate.acts import DONE, DRAFT, Acts
from moodle_analytics.generate.cells import Overrides
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.log import Log
from moodle_analytics.generate.memberships import GROUPS_PER_COURSE
from moodle_analytics.generate.options import DAY, NULL, Ints, Options
from moodle_analytics.generate.other import CODES
from moodle_analytics.generate.people import People

TEXT_UPLOADS = 34


def write_feedback(people: People, courses: Courses, acts: Acts, log: Log) -> None:
    """Write the responses to surveys (Moodle's own tables of these are not part of the sources)."""
    activities = courses.activities
    user = people.id[acts.person]
    place = activities.place(acts.activity)
    hidden = activities.anonymous[acts.activity]
    instance = activities.instance[acts.activity]
    log.add("feedback_viewed", acts.start, user, place, object_id=instance, anonymous=hidden)
    log.add(
        "response_submitted",
        acts.time,
        user,
        place,
        related=user,
        object_id=np.arange(1, len(acts) + 1),
        other=CODES["feedback"],
        a=activities.id[acts.activity],
        b=instance,
        c=2 - hidden,
        anonymous=hidden,
    )


def write_assignments(
    options: Options,
    people: People,
    courses: Courses,
    acts: Acts,
    overrides: Overrides,
    groups: Ints,
    log: Log,
) -> None:
    """Write assignments, submissions (drafts, further versions, a team's) and their log rows.

    `groups` is the team number (0..3) of every act's learner in the act's course.
    """
    rng = options.stage("assignments")
    activities = courses.activities
    rows = activities.where("assign")
    courses.tables["assign"] = {
        "id": activities.instance[rows],
        "course": activities.course[rows],
        "name": np.array([activities.names[row] for row in rows], dtype=object),
        "intro": "",
        "introformat": 1,
        "alwaysshowdescription": 1,
        "nosubmissions": activities.offline[rows],
        "submissiondrafts": 0,
        "duedate": activities.due[rows],
        "allowsubmissionsfromdate": activities.opens[rows],
        "cutoffdate": activities.cutoff[rows],
        "teamsubmission": activities.team[rows],
        "attemptreopenmethod": "manual",
        "maxattempts": -1,
        "grade": np.where(activities.grade_max[rows] == 3, -1, activities.grade_max[rows]).astype(
            np.int64
        ),
        "completionsubmit": 1,
        "timemodified": 1_546_300_800,
    }
    if not len(acts):
        return
    team = activities.team[acts.activity] == 1
    user = people.id[acts.person]
    instance = activities.instance[acts.activity]
    taught = np.unique(activities.course[rows])
    group_id = np.where(
        team,
        np.searchsorted(taught, activities.course[acts.activity]) * GROUPS_PER_COURSE + 1 + groups,
        0,
    )
    first = acts.number == 0
    cell = np.cumsum(first) - 1
    size = int(first.sum())
    # Some of those handed in again are reopened attempts; the rest replace the first version.
    many = np.bincount(cell, minlength=size) > 1
    reopened = many & (rng.random(size) < 0.3)
    last = np.r_[first[1:], True]
    keep = last | (reopened[cell] & first)
    attempt = np.where(reopened[cell] & ~first, 1, 0)
    # A reopened attempt keeps one row for all its later versions.
    keep &= ~(reopened[cell] & ~first & ~last)
    states = np.where(
        acts.state == DRAFT, "draft", np.where(reopened[cell] & first, "reopened", "submitted")
    )
    made = np.where(attempt == 1, acts.start, acts.time[np.flatnonzero(first)][cell])
    row_of = np.cumsum(keep)
    number = np.where(keep, row_of, row_of + 1)
    courses.tables["assign_submission"] = {
        "id": row_of[keep],
        "assignment": instance[keep],
        "userid": np.where(team, 0, user)[keep],
        "timecreated": made[keep],
        "timemodified": acts.time[keep],
        "status": states.astype(object)[keep],
        "groupid": group_id[keep],
        "attemptnumber": attempt[keep],
        "latest": last[keep].astype(np.int64),
    }
    _log_submissions(options, people, courses, acts, number, attempt, group_id, log, rng)
    _write_moved(options, people, courses, overrides, log)


def _text_activities(target: int, acts: Acts) -> tuple[Ints, int]:
    """Return the assignments that take online text, and how many uploads are left over.

    The counted uploads are fewer than the submissions: the other assignments take a link.
    """
    found, counts = np.unique(acts.activity, return_counts=True)
    order = np.argsort(counts, kind="stable")
    fits = np.cumsum(counts[order]) <= target
    chosen = found[order][fits]
    return chosen, target - int(counts[order][fits].sum())


def _log_submissions(
    options: Options,
    people: People,
    courses: Courses,
    acts: Acts,
    number: Ints,
    attempt: Ints,
    group: Ints,
    log: Log,
    rng: np.random.Generator,
) -> None:
    activities = courses.activities
    user, instance = people.id[acts.person], activities.instance[acts.activity]
    place = activities.place(acts.activity)
    texts, spare = _text_activities(options.of_log(TEXT_UPLOADS), acts)
    is_text = np.isin(acts.activity, texts)
    log.add("assign_viewed", acts.start, user, place, object_id=instance)
    log.add("status_viewed", acts.start, user, place, other=CODES["assign"], a=instance)
    for kind, mask in (("text", is_text), ("link", ~is_text)):
        for step, rows in (
            ("created", np.flatnonzero(mask & (acts.number == 0))),
            ("updated", np.flatnonzero(mask & (acts.number > 0))),
        ):
            if kind == "text":
                log.add(
                    "text_uploaded",
                    acts.time[rows],
                    user[rows],
                    place.take(rows),
                    object_id=number[rows],
                    other=CODES["essay"],
                )
            log.add(
                f"{kind}_{step}",
                acts.time[rows],
                user[rows],
                place.take(rows),
                related=user[rows],
                object_id=number[rows],
                other=CODES["submission"],
                a=number[rows],
                b=attempt[rows],
                c=group[rows],
            )
    done = np.flatnonzero(acts.state == DONE)
    log.add(
        "assign_submitted",
        acts.time[done],
        user[done],
        place.take(done),
        object_id=number[done],
        other=CODES["handed_in"],
        a=1,
    )
    log.add(
        "status_viewed",
        acts.time[done] + 2,
        user[done],
        place.take(done),
        other=CODES["assign"],
        a=instance[done],
    )
    agreed = done[::4]
    log.add(
        "statement_accepted",
        acts.time[agreed],
        user[agreed],
        place.take(agreed),
        object_id=number[agreed],
    )
    # A saved draft of a text is an upload of its own.
    again = np.flatnonzero(is_text)
    if spare and len(again):
        rows = again[rng.integers(0, len(again), spare)]
        moment = acts.start[rows] + (acts.time[rows] - acts.start[rows]) // 2
        log.add(
            "text_uploaded",
            moment,
            user[rows],
            place.take(rows),
            object_id=number[rows],
            other=CODES["essay"],
        )


def _write_moved(
    options: Options, people: People, courses: Courses, overrides: Overrides, log: Log
) -> None:
    """Write overrides and extensions of deadlines."""
    activities = courses.activities
    kind, instance = activities.kind[overrides.activity], activities.instance[overrides.activity]
    taught = np.unique(activities.course[activities.where("assign")])
    group = np.where(
        overrides.group >= 0,
        np.searchsorted(taught, activities.course[overrides.activity]) * GROUPS_PER_COURSE
        + 1
        + overrides.group,
        NULL,
    )
    user = np.where(overrides.person >= 0, people.id[overrides.person], NULL)
    quiz = np.flatnonzero(kind == "quiz")
    courses.tables["quiz_overrides"] = {
        "id": np.arange(1, len(quiz) + 1),
        "quiz": instance[quiz],
        "groupid": group[quiz],
        "userid": user[quiz],
        "timeclose": overrides.due[quiz],
    }
    moved = np.flatnonzero((kind == "assign") & ~overrides.extension)
    courses.tables["assign_overrides"] = {
        "id": np.arange(1, len(moved) + 1),
        "assignid": instance[moved],
        "groupid": group[moved],
        "userid": user[moved],
        "sortorder": np.where(group[moved] == NULL, NULL, 1),
        "duedate": overrides.due[moved],
    }
    longer = np.flatnonzero(overrides.extension)
    courses.tables["assign_user_flags"] = {
        "id": np.arange(1, len(longer) + 1),
        "userid": user[longer],
        "assignment": instance[longer],
        "extensionduedate": overrides.due[longer],
    }
    asked = np.minimum(activities.due[overrides.activity[longer]] - 2 * DAY, options.end - DAY)
    given = np.maximum(asked, people.entry[overrides.person[longer]])
    log.add(
        "extension_granted",
        given,
        246,
        activities.place(overrides.activity[longer]),
        related=user[longer],
        object_id=instance[longer],
    )
