"""Rows of the grade history to be: of items as they were graded, of totals as they followed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from moodle_analytics.generate.gradebook import INSERT, MEAN_COURSE, UPDATE, Items
from moodle_analytics.generate.options import NULL, Flags, Floats, Ints
from moodle_analytics.generate.people import People

if TYPE_CHECKING:
    from moodle_analytics.generate.grades import Changes

SOURCES = (
    "system",
    "aggregation",
    "mod/quiz",
    "mod/assign",
    "mod/lesson",
    "gradebook",
    "userdelete",
)


@dataclass
class Ledger:
    """Every change of an item's grade, by learner, item, time; `same` marks a cell's later ones."""

    changes: Changes
    same: Flags


@dataclass
class Entries:
    """One row per row of the history to be: `step` orders rows of one second."""

    person: Ints
    item: Ints
    time: Ints
    step: Ints
    action: Ints
    source: Ints
    logged: Ints
    modified: Ints
    raw: Floats
    final: Floats
    overridden: Ints
    excluded: Ints
    hidden: Ints

    def take(self, rows: Ints | Flags) -> Entries:
        """Return some of the rows."""
        return Entries(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @staticmethod
    def make(count: int, **given: Any) -> Entries:
        """Make rows: zeros and NaN where nothing is given, scalars spread."""
        values: dict[str, Any] = {
            name: np.zeros(count, dtype=np.int64) for name in Entries.__dataclass_fields__
        }
        values |= {"raw": np.full(count, np.nan), "final": np.full(count, np.nan)}
        return Entries(
            **{
                name: np.broadcast_to(np.asarray(given.get(name, value)), count)
                for name, value in values.items()
            }
        )

    @staticmethod
    def join(*parts: Entries) -> Entries:
        """Put rows together."""
        return Entries(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in Entries.__dataclass_fields__
            )
        )


def leaf_entries(people: People, items: Items, ledger: Ledger) -> Entries:
    """Return the rows of the items that people are graded on."""
    changes = ledger.changes
    user = people.id[changes.person]
    module = np.array(
        [SOURCES.index(f"mod/{name}") if f"mod/{name}" in SOURCES else 0 for name in items.module]
    )
    by_hand = changes.kind == 2
    who = np.where(changes.kind == 0, user, changes.grader)
    return Entries.make(
        len(user),
        person=changes.person,
        item=changes.item,
        time=changes.time,
        action=np.where(ledger.same, UPDATE, INSERT),
        source=np.where(by_hand, 5, module[changes.item]),
        logged=who,
        modified=who,
        raw=changes.raw,
        final=changes.final,
        overridden=changes.overridden,
        excluded=changes.excluded,
        hidden=changes.hidden,
    )


def total_entries(items: Items, ledger: Ledger, total: Ints, only: Ints | None = None) -> Entries:
    """Return the rows of the totals above these changes: an empty insert, then one update a change.

    A natural total is the sum of what is graded; a mean's is the mean of the normalised grades.
    """
    changes = ledger.changes
    worth = np.where(changes.excluded > 0, 0.0, changes.final)
    counts = (changes.excluded == 0).astype(np.float64)
    mean = items.course[changes.item] == MEAN_COURSE
    worth = np.where(mean, worth / items.top[changes.item] * 100, worth)
    step_worth = worth - np.where(ledger.same, np.r_[0.0, worth[:-1]], 0.0)
    step_count = counts - np.where(ledger.same, np.r_[0.0, counts[:-1]], 0.0)
    rows = np.arange(len(total)) if only is None else only
    order = rows[np.lexsort((changes.time[rows], total[rows], changes.person[rows]))]
    person, item = changes.person[order], total[order]
    first = np.r_[True, (person[1:] != person[:-1]) | (item[1:] != item[:-1])][: len(order)]
    amount, number = _within(step_worth[order], first), _within(step_count[order], first)
    final = np.where(
        number < 0.5, np.nan, np.where(mean[order], amount / np.maximum(number, 1), amount)
    )
    final = np.round(final, 5)
    logged = changes.grader[order]
    made = Entries.make(
        int(first.sum()),
        person=person[first],
        item=item[first],
        time=changes.time[order][first],
        step=2,
        action=INSERT,
        logged=logged[first],
        modified=NULL,
    )
    moved = Entries.make(
        len(order),
        person=person,
        item=item,
        time=changes.time[order],
        step=3,
        action=UPDATE,
        source=1,
        logged=logged,
        modified=NULL,
        final=final,
    )
    return Entries.join(made, moved)


def _within(values: Floats, first: Flags) -> Floats:
    """Sum up along each group that begins where `first` is true."""
    total = np.cumsum(values)
    starts = np.flatnonzero(first)
    before = np.r_[0.0, total[starts[1:] - 1]] if len(starts) else np.zeros(0)
    within: Floats = total - np.repeat(before, np.diff(np.r_[starts, len(values)]))
    return within


def last_of_cells(entries: Entries) -> Ints:
    """Return the position of each learner's last row of each item."""
    order = np.lexsort((entries.step, entries.time, entries.item, entries.person))
    person, item = entries.person[order], entries.item[order]
    last = np.r_[(person[1:] != person[:-1]) | (item[1:] != item[:-1]), True][: len(order)]
    rows: Ints = order[last]
    return rows
