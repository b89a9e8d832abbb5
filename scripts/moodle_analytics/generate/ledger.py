"""The gradebook's books: totals after every change, both grade tables, and `user_graded`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.enrolments import Enrolments
from moodle_analytics.generate.entries import (
    SOURCES,
    Entries,
    Ledger,
    last_of_cells,
    leaf_entries,
    total_entries,
)
from moodle_analytics.generate.gradebook import DELETE, INSERT, UPDATE, Items
from moodle_analytics.generate.log import Log
from moodle_analytics.generate.options import DAY, NULL, Flags, Ints, Options
from moodle_analytics.generate.other import CODES
from moodle_analytics.generate.people import People

if TYPE_CHECKING:
    pass

GRADE_ROWS = 3_643

HISTORY_ROWS = 7_108

TOTALS_GRADED = 2_170

ONLY_EMPTY = 5


def write_ledger(
    options: Options,
    people: People,
    courses: Courses,
    enrolments: Enrolments,
    items: Items,
    ledger: Ledger,
    log: Log,
) -> None:
    """Write grade_grades, grade_grades_history and the log rows of grades."""
    rng = options.stage("ledger")
    leaves = leaf_entries(people, items, ledger)
    course_totals = total_entries(
        items, ledger, items.course_item(items.course[ledger.changes.item])
    )
    in_category = np.flatnonzero(items.parent[ledger.changes.item] >= 0)
    category_totals = total_entries(items, ledger, items.parent[ledger.changes.item], in_category)
    totals = Entries.join(course_totals, category_totals)
    updates = np.flatnonzero((totals.action == UPDATE) & ~np.isnan(totals.final))
    pad = options.of_log(TOTALS_GRADED) - len(updates)
    again = (
        totals.take(rng.choice(updates, pad))
        if pad > 0 and len(updates)
        else totals.take(updates[:0])
    )
    again.step = again.step + 1
    entries = Entries.join(leaves, totals, again)
    kept, removed = _removals(options, people, courses, enrolments, items, entries)
    empty = _empty_cells(options, people, enrolments, items, entries, kept, rng)
    entries = Entries.join(entries, removed, empty)
    spare = options.of_log(HISTORY_ROWS) - len(entries.person)
    if spare > 0:
        repeat = leaves.take(rng.integers(0, len(leaves.person), spare))
        repeat.action = np.full(spare, UPDATE)
        repeat.step = np.full(spare, 1)
        entries = Entries.join(entries, repeat)
    _write(people, courses, items, entries)
    _log_grades(people, courses, items, ledger, Entries.join(totals.take(updates), again), log)


def _removals(
    options: Options,
    people: People,
    courses: Courses,
    enrolments: Enrolments,
    items: Items,
    entries: Entries,
) -> tuple[Flags, Entries]:
    """Delete the grades of who was taken out of a course, or deleted; the history keeps them."""
    gone = (enrolments.gone > 0) & (enrolments.back == 0)
    when = {
        (int(row), int(course)): int(time)
        for row, course, time in zip(
            people.rows(enrolments.user[gone]),
            enrolments.course[gone],
            enrolments.gone[gone],
            strict=True,
        )
    }
    for row in np.flatnonzero(people.deleted & people.came):
        when |= {
            (int(row), int(course)): min(int(people.leaves[row]) + DAY - 60, options.end)
            for course in courses.id
        }
    course = items.course[entries.item]
    times = np.array(
        [when.get((int(row), int(one)), 0) for row, one in zip(entries.person, course, strict=True)]
    )
    last = last_of_cells(entries)
    rows = last[times[last] > 0]
    removed = entries.take(rows)
    removed.time = np.maximum(times[rows], removed.time + 1)
    removed.action = np.full(len(rows), DELETE)
    removed.source = np.full(len(rows), SOURCES.index("userdelete"))
    removed.step = np.full(len(rows), 4)
    removed.logged = np.full(len(rows), 2)
    return times == 0, removed


def _empty_cells(
    options: Options,
    people: People,
    enrolments: Enrolments,
    items: Items,
    entries: Entries,
    kept: Flags,
    rng: np.random.Generator,
) -> Entries:
    """Add grades without a value, as Moodle makes when a report is opened, up to the count."""
    graded = np.unique(entries.person[kept])
    others = np.setdiff1d(np.flatnonzero(people.learner & people.came & ~people.deleted), graded)
    owners = np.concatenate([graded, rng.permutation(others)[: options.of_people(ONLY_EMPTY)]])
    person = people.rows(enrolments.user)
    mine = np.flatnonzero(np.isin(person, owners) & enrolments.current & (enrolments.back == 0))
    parts = [
        (
            np.repeat(person[rows], len(things)),
            np.tile(things, len(rows)),
            np.repeat(enrolments.begins[rows], len(things)),
        )
        for course in np.unique(enrolments.course[mine])
        for rows in [mine[enrolments.course[mine] == course]]
        for things in [np.flatnonzero(items.course == course)]
    ]
    who, item, begins = (np.concatenate([part[place] for part in parts]) for place in range(3))
    free = ~np.isin(who * 10_000 + item, entries.person * 10_000 + entries.item)
    who, item, begins = who[free], item[free], begins[free]
    have = len(last_of_cells(entries.take(kept)))
    wanted = min(max(options.of_log(GRADE_ROWS) - have, 0), len(who))
    never_graded = ~np.isin(who, graded)
    order = np.argsort(np.where(never_graded, 0.0, 1.0) + rng.random(len(who)), kind="stable")[
        :wanted
    ]
    who, item, begins = who[order], item[order], begins[order]
    end = np.minimum(np.maximum(people.leaves[who], begins + DAY), options.end - 60)
    time = (begins + rng.random(len(who)) * np.maximum(end - begins, 0)).astype(np.int64)
    time = np.minimum(time, options.end - 60)
    return Entries.make(
        len(who), person=who, item=item, time=time, action=INSERT, logged=246, modified=NULL
    )


def _write(people: People, courses: Courses, items: Items, entries: Entries) -> None:
    order = np.lexsort((entries.step, entries.time))
    entries = entries.take(order)
    cell = entries.person * 10_000 + entries.item
    _, first, number = np.unique(cell, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(1, len(first) + 1)
    grade_id = rank[number]
    top = items.top[entries.item]
    scaled = top == 3
    common = {
        "itemid": items.id[entries.item],
        "userid": people.id[entries.person],
        "rawgrade": entries.raw,
        "rawgrademax": top,
        "rawgrademin": np.where(scaled, 1.0, 0.0),
        "rawscaleid": np.where(scaled, 1, NULL),
        "usermodified": entries.modified,
        "finalgrade": entries.final,
        "hidden": entries.hidden,
        "overridden": entries.overridden,
        "excluded": entries.excluded,
    }
    courses.tables["grade_grades_history"] = {
        "id": np.arange(1, len(order) + 1),
        "action": entries.action,
        "oldid": grade_id,
        "source": np.array(SOURCES, dtype=object)[entries.source],
        "timemodified": entries.time,
        "loggeduser": entries.logged,
        **common,
    }
    last = np.full(len(first), -1)
    np.maximum.at(last, number, np.arange(len(order)))
    last = np.sort(last[entries.action[last] != DELETE])
    created = np.full(len(first), 2**62)
    np.minimum.at(created, number, entries.time)
    final = entries.final[last]
    has = ~np.isnan(final)
    courses.tables["grade_grades"] = {
        "id": grade_id[last],
        **{name: values[last] for name, values in common.items()},
        "timecreated": np.where(has, created[number[last]], NULL),
        "timemodified": np.where(has, entries.time[last], NULL),
        "aggregationstatus": np.where(has, "used", "novalue").astype(object),
    }


def _log_grades(
    people: People, courses: Courses, items: Items, ledger: Ledger, totals: Entries, log: Log
) -> None:
    """Write `user_graded`: of items by who caused it, of totals by nobody (-1)."""
    changes = ledger.changes
    table = courses.tables["grade_grades_history"]
    key = table["userid"] * 10_000 + table["itemid"]
    order = np.argsort(key, kind="stable")

    def grade_of(person: Ints, item: Ints) -> Ints:
        wanted = people.id[person] * 10_000 + items.id[item]
        found: Ints = table["oldid"][order[np.searchsorted(key[order], wanted)]]
        return found

    user = people.id[changes.person]
    by = np.where(changes.kind == 0, user, changes.grader)
    log.add(
        "user_graded",
        changes.time,
        by,
        courses.place(items.course[changes.item]),
        related=user,
        object_id=grade_of(changes.person, changes.item),
        other=CODES["graded"],
        a=items.id[changes.item],
        b=np.rint(changes.final * 100_000),
        c=changes.overridden > 0,
    )
    user = people.id[totals.person]
    log.add(
        "user_graded",
        totals.time,
        -1,
        courses.place(items.course[totals.item]),
        related=user,
        object_id=grade_of(totals.person, totals.item),
        other=CODES["graded"],
        a=items.id[totals.item],
        b=np.rint(totals.final * 100_000),
        address=np.where(totals.logged == 0, user, totals.logged),
    )
