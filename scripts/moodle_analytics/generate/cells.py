"""Who could hand in what, and when they mean to: every enrolment crossed with its activities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from moodle_analytics.generate import layout
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.enrolments import Enrolments
from moodle_analytics.generate.options import DAY, WEEK, Flags, Floats, Ints, Options
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import FADES, MISSES


@dataclass
class Cells:
    """One row per enrolment and dated activity that somebody could hand in, with a plan."""

    person: Ints
    activity: Ints
    group: Ints
    opens: Ints
    due: Ints
    planned: Ints
    until: Ints
    wish: Floats

    def take(self, rows: Ints | Flags) -> Cells:
        """Return some of the rows."""
        return Cells(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


@dataclass
class Overrides:
    """Deadlines moved for one learner (`person`) or one group (`group`), as rows of arrays."""

    activity: Ints
    person: Ints
    group: Ints
    due: Ints
    extension: Flags


def make_cells(
    options: Options, people: People, courses: Courses, enrolments: Enrolments
) -> tuple[Cells, Overrides]:
    """Cross every enrolment of who came with the activities of the course, and plan each."""
    rng = options.stage("plans")
    activities = courses.activities
    person = people.rows(enrolments.user)
    came = people.came[person]
    wanted = np.isin(activities.kind, ("quiz", "assign", "feedback")) & (activities.offline == 0)
    pairs = []
    for course in np.unique(enrolments.course):
        rows = np.flatnonzero(came & (enrolments.course == course))
        things = np.flatnonzero(wanted & (activities.course == course))
        pairs.append((np.repeat(rows, len(things)), np.tile(things, len(rows))))
    row = np.concatenate([one for one, _ in pairs])
    thing = np.concatenate([other for _, other in pairs])
    who = person[row]
    group = enrolments.group[row]
    due, overrides = _moved_deadlines(courses, who, thing, group, rng)
    count = len(row)
    opens = np.maximum.reduce([people.entry[who], activities.opens[thing], enrolments.begins[row]])
    end = np.where(
        courses.end[np.searchsorted(courses.id, activities.course[thing])] == 0,
        options.end,
        courses.end[np.searchsorted(courses.id, activities.course[thing])] + 5 * DAY,
    )
    until = np.minimum.reduce([people.leaves[who], end, np.full(count, options.end - DAY)])
    until = np.where(
        enrolments.gone[row] > 0, np.minimum(until, enrolments.gone[row] - 3_600), until
    )
    hard_due = np.where(activities.hard[thing] == 1, due, np.int64(2**40))
    until = np.minimum(until, hard_due)
    late = (rng.random(count) < 0.14) & (activities.hard[thing] == 0)
    ahead = rng.lognormal(np.log(40 * 3_600), 1.0, count)
    after = rng.lognormal(np.log(30 * 3_600), 0.8, count)
    planned = np.where(
        due > 0, due + np.where(late, after, -ahead), opens + rng.exponential(3 * DAY, count)
    )
    planned = np.where(
        planned < opens,
        opens + rng.random(count) * np.minimum(DAY, np.maximum(until - opens, 0)),
        planned,
    )
    undated = (due == 0) & (planned > until)
    planned = np.where(undated, opens + rng.random(count) * np.maximum(until - opens, 0), planned)
    before_end = people.leaves[who] - np.where(due > 0, due, planned)
    reason = people.reason[who]
    wish = (
        0.9 * np.log1p(people.logins[who]) + 0.5 * people.keen[who] + 1.2 * (people.able[who] - 0.7)
    )
    wish = wish + rng.normal(0, 0.8, count)
    wish -= np.where((reason == MISSES) & (before_end < 3 * WEEK), 3.0, 0.0)
    wish -= np.where((reason == FADES) & (before_end < 2 * WEEK), 1.5, 0.0)
    wish += np.where((activities.course[thing] == layout.WELCOME), 0.6, 0.0)
    wish += np.where(activities.team[thing] == 1, 2.0, 0.0)
    cells = Cells(who, thing, group, opens, due, planned.astype(np.int64), until, wish)
    possible = (
        (planned >= opens)
        & (planned <= until)
        & _one_per_team(activities.team[thing], thing, group, rng)
    )
    return cells.take(possible), overrides


def _one_per_team(team: Ints, thing: Ints, group: Ints, rng: np.random.Generator) -> Flags:
    """Keep every single cell, and one random cell of each team for a team's assignment."""
    order = rng.permutation(len(thing))
    _, first = np.unique((thing * 100 + group)[order], return_index=True)
    chosen = np.zeros(len(thing), dtype=np.bool_)
    chosen[order[first]] = True
    kept: Flags = (team == 0) | chosen
    return kept


def _moved_deadlines(
    courses: Courses, who: Ints, thing: Ints, group: Ints, rng: np.random.Generator
) -> tuple[Ints, Overrides]:
    """Move a few deadlines: for single learners, for groups, and by extensions of assignments."""
    activities = courses.activities
    due = activities.due[thing].copy()
    kind = activities.kind[thing]
    can = np.flatnonzero((due > 0) & (kind != "feedback") & (activities.team[thing] == 0))
    one = rng.choice(can, min(max(len(can) // 150, 8), len(can)), replace=False)
    due[one] += rng.integers(3, 8, len(one)) * DAY
    extension = (kind[one] == "assign") & (rng.random(len(one)) < 0.6)
    pairs = np.unique(np.stack([thing[can], group[can]]), axis=1)
    groups = pairs[:, rng.choice(pairs.shape[1], min(8, pairs.shape[1]), replace=False)]
    single = set(zip(thing[one].tolist(), who[one].tolist(), strict=True))
    moved = []
    for activity, team in groups.T.tolist():
        members = np.flatnonzero((thing == activity) & (group == team))
        members = members[[(activity, int(person)) not in single for person in who[members]]]
        due[members] = activities.due[activity] + 4 * DAY
        moved.append(activities.due[activity] + 4 * DAY)
    nobody = np.full(groups.shape[1], -1)
    return due, Overrides(
        activity=np.concatenate([thing[one], groups[0]]),
        person=np.concatenate([who[one], nobody]),
        group=np.concatenate([np.full(len(one), -1), groups[1]]),
        due=np.concatenate([due[one], np.array(moved, dtype=np.int64)]),
        extension=np.concatenate([extension, np.zeros(groups.shape[1], dtype=np.bool_)]),
    )
