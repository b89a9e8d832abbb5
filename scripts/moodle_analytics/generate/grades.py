"""Grades as they came about: every change of every grade of an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from moodle_analytics.generate.acts import DONE, Acts
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.enrolments import Enrolments
from moodle_analytics.generate.entries import Ledger
from moodle_analytics.generate.gradebook import Items, make_items
from moodle_analytics.generate.ledger import write_ledger
from moodle_analytics.generate.log import Log
from moodle_analytics.generate.options import DAY, Floats, Ints, Options
from moodle_analytics.generate.people import People

ASSIGN_GRADED = 226
LESSON_GRADED = 19
MANUAL_GRADED = 20
OVERRIDDEN = 12
EXCLUDED = 6
HIDDEN = 10
TEACHERS = np.array([246, 3, 4])
OFFLINE_GRADED = 14
BY_LEARNER, BY_GRADER, BY_HAND = range(3)


@dataclass
class Changes:
    """One row per change of one learner's grade of one item, by learner, item and time.

    `raw` and `final` are NaN where unset; `kind` says who made the change.
    """

    person: Ints
    item: Ints
    time: Ints
    raw: Floats
    final: Floats
    kind: Ints
    grader: Ints
    overridden: Ints
    excluded: Ints
    hidden: Ints

    def take(self, rows: Ints) -> Changes:
        """Return some of the rows."""
        return Changes(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @staticmethod
    def join(*parts: Changes) -> Changes:
        """Put rows together."""
        return Changes(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in Changes.__dataclass_fields__
            )
        )


def write_grades(
    options: Options,
    people: People,
    courses: Courses,
    enrolments: Enrolments,
    acts: dict[str, Acts],
    ended: tuple[Ints, Ints, Ints],
    log: Log,
) -> None:
    """Write items, grades, both histories and the `user_graded` rows."""
    rng = options.stage("grades")
    items = make_items(courses)
    item_of = np.full(len(courses.activities.id), -1)
    item_of[items.activity[items.activity >= 0]] = np.flatnonzero(items.activity >= 0)
    parts = [
        _quiz_changes(items, item_of, acts["quiz"]),
        _assign_changes(options, courses, items, item_of, acts["assign"], people, log, rng),
        _lesson_changes(options, items, item_of, ended, rng),
        _manual_changes(options, people, courses, items, acts["quiz"], rng),
    ]
    changes = Changes.join(*parts)
    changes = Changes.join(changes, *_by_teachers(options, items, changes, rng))
    changes = changes.take(np.lexsort((changes.time, changes.item, changes.person)))
    same = np.r_[
        False, (changes.person[1:] == changes.person[:-1]) & (changes.item[1:] == changes.item[:-1])
    ]
    changes = _kept_overrides(changes, same)
    write_ledger(options, people, courses, enrolments, items, Ledger(changes, same), log)


def _row_changes(count: int, **given: Any) -> Changes:
    """Make rows of changes, zero or NaN where nothing is given."""
    blank: dict[str, Any] = {
        name: np.zeros(count, dtype=np.int64) for name in Changes.__dataclass_fields__
    }
    blank |= {"raw": np.full(count, np.nan), "final": np.full(count, np.nan)}
    return Changes(**{**blank, **given})


def _quiz_changes(items: Items, item_of: Ints, acts: Acts) -> Changes:
    """Grade every finished attempt at once; only a better one changes the grade."""
    done = acts.take(np.flatnonzero(acts.state == DONE))
    order = np.lexsort((done.time, done.activity, done.person))
    done = done.take(order)
    item = item_of[done.activity]
    grade = np.round(done.score, 2) * items.top[item]
    cell = done.person * 10_000 + done.activity
    first = np.r_[True, cell[1:] != cell[:-1]]
    # The running best within a cell, by lifting each cell above the one before it.
    lift = (np.cumsum(first) - 1) * 1_000.0
    best = np.maximum.accumulate(grade + lift) - lift
    better = first | (best > np.r_[0, best[:-1]] + 1e-9)
    best = np.round(best, 5)
    rows = np.flatnonzero(better)
    return _row_changes(
        len(rows),
        person=done.person[rows],
        item=item[rows],
        time=done.time[rows],
        raw=best[rows],
        final=best[rows],
    )


def _assign_changes(
    options: Options,
    courses: Courses,
    items: Items,
    item_of: Ints,
    acts: Acts,
    people: People,
    log: Log,
    rng: np.random.Generator,
) -> Changes:
    """Mark most submissions two to seven days later, and log the marking."""
    done = acts.take(np.flatnonzero(acts.state == DONE))
    marked = np.minimum(done.time + rng.integers(2 * DAY, 7 * DAY, len(done)), options.end - 600)
    first = np.flatnonzero(done.number == 0)
    chosen = np.sort(rng.permutation(first)[: options.of_log(ASSIGN_GRADED)])
    cells = set(zip(done.person[chosen].tolist(), done.activity[chosen].tolist(), strict=True))
    rows = np.flatnonzero(
        [pair in cells for pair in zip(done.person.tolist(), done.activity.tolist(), strict=True)]
    )
    item = item_of[done.activity[rows]]
    top = items.top[item]
    grade = np.where(
        top == 3, np.clip(np.ceil(done.score[rows] * 3), 1, 3), np.round(done.score[rows] * top)
    )
    user, activity = people.id[done.person[rows]], done.activity[rows]
    grader = TEACHERS[courses.activities.course[activity] % len(TEACHERS)]
    log.add(
        "submission_graded",
        marked[rows],
        grader,
        courses.activities.place(activity),
        related=user,
        object_id=1 + np.arange(len(rows)),
    )
    return _row_changes(
        len(rows),
        person=done.person[rows],
        item=item,
        time=marked[rows],
        raw=grade,
        final=grade,
        kind=np.full(len(rows), BY_GRADER),
        grader=grader,
    )


def _lesson_changes(
    options: Options,
    items: Items,
    item_of: Ints,
    ended: tuple[Ints, Ints, Ints],
    rng: np.random.Generator,
) -> Changes:
    person, lesson, time = ended
    _, first = np.unique(person * 10_000 + lesson, return_index=True)
    rows = rng.permutation(first)[: options.of_log(LESSON_GRADED)]
    grade = np.round(
        items.top[item_of[lesson[rows]]] * np.clip(rng.normal(0.8, 0.15, len(rows)), 0.1, 1)
    )
    return _row_changes(
        len(rows),
        person=person[rows],
        item=item_of[lesson[rows]],
        time=time[rows],
        raw=grade,
        final=grade,
    )


def _manual_changes(
    options: Options,
    people: People,
    courses: Courses,
    items: Items,
    quiz: Acts,
    rng: np.random.Generator,
) -> Changes:
    """Give a few grades by hand, to learners who took a quiz of the same course."""
    manual = np.flatnonzero((items.kind == "manual") & np.isin(items.course, (7, 8, 10)))
    # What is handed in outside Moodle has a mark of the assignment, and no submission.
    offline = np.flatnonzero(
        (courses.activities.offline[items.activity] == 1) & (items.activity >= 0)
    )
    offline = offline[np.isin(items.course[offline], (7, 8))]
    parts = []
    for item in [*manual, *offline]:
        is_offline = items.activity[item] >= 0
        wanted = (
            options.of_log(OFFLINE_GRADED if is_offline else MANUAL_GRADED)
            // (len(offline) if is_offline else len(manual))
            + 1
        )
        there = np.unique(
            quiz.person[courses.activities.course[quiz.activity] == items.course[item]]
        )
        chosen = rng.permutation(there)[:wanted]
        end = min(courses.dates(int(items.course[item]))[1], options.end) - DAY
        time = np.full(len(chosen), end) - rng.integers(0, 5 * DAY, len(chosen))
        grade = np.round(
            np.clip(people.able[chosen] + rng.normal(0, 0.06, len(chosen)), 0.05, 1)
            * items.top[item]
        )
        raw = grade if is_offline else np.full(len(chosen), np.nan)
        parts.append(
            _row_changes(
                len(chosen),
                person=chosen,
                item=np.full(len(chosen), item),
                time=time,
                raw=raw,
                final=grade,
                kind=np.full(len(chosen), BY_GRADER if is_offline else BY_HAND),
                grader=np.full(len(chosen), 246),
            )
        )
    return Changes.join(*parts)


def _by_teachers(
    options: Options, items: Items, changes: Changes, rng: np.random.Generator
) -> list[Changes]:
    """Override, exclude and hide a few grades, some days after they were given."""
    last = np.lexsort((changes.time, changes.item, changes.person))
    key = changes.person[last] * 10_000 + changes.item[last]
    last = last[np.r_[key[1:] != key[:-1], True]]
    last = rng.permutation(
        last[(changes.time[last] < options.end - 9 * DAY) & (changes.kind[last] != BY_HAND)]
    )
    start, parts = 0, []
    for what, count in (("overridden", OVERRIDDEN), ("excluded", EXCLUDED), ("hidden", HIDDEN)):
        rows = last[start : start + options.of_log(count)]
        start += len(rows)
        part = changes.take(rows)
        part.time = part.time + rng.integers(1 * DAY, 8 * DAY, len(rows))
        part.kind = np.full(len(rows), BY_HAND)
        part.grader = np.full(len(rows), 3)
        setattr(part, what, np.ones(len(rows), dtype=np.int64) if what == "hidden" else part.time)
        if what == "overridden":
            top = items.top[part.item]
            part.final = np.minimum(
                np.where(top == 3, part.final + 1, part.final + np.round(top * 0.1)), top
            )
        parts.append(part)
    return parts


def _kept_overrides(changes: Changes, same: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Changes:
    """Let a flag, once set, stay; an overridden final grade stays when the raw one moves."""
    for name in ("overridden", "excluded", "hidden"):
        flag = getattr(changes, name)
        for row in np.flatnonzero(same):
            if flag[row] == 0 and flag[row - 1]:
                flag[row] = flag[row - 1]
                if name == "overridden":
                    changes.final[row] = changes.final[row - 1]
    return changes
