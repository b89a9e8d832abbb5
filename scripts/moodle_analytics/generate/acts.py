"""What learners hand in: quizzes, assignments and surveys, chosen by keenness, hours as counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from moodle_analytics.generate.cells import Cells, Overrides, make_cells
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.enrolments import Enrolments
from moodle_analytics.generate.options import DAY, WEEK, Flags, Floats, Ints, Options, shared_out
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import LOW_GRADES

SUBMITTED = 2_288

QUIZ_SUBMITTED = 1_197

QUIZ_CELLS = 872

ASSIGN_SUBMITTED = 300

ASSIGN_CELLS = 270

GRADED_PEOPLE = 406

DRAFTS = 25

UNFINISHED_ATTEMPTS = 85

ABANDONED_ATTEMPTS = 5

# Submissions by hour of the day three hours ahead of UTC, 0 h first.
BY_HOUR = (
    78,
    79,
    69,
    47,
    25,
    27,
    26,
    33,
    36,
    64,
    98,
    133,
    140,
    140,
    179,
    155,
    135,
    121,
    148,
    151,
    105,
    106,
    88,
    105,
)

HOURS_AHEAD = 3


@dataclass
class Acts:
    """One row per thing handed in (or begun): who, what, from when to when, and how good (0-1).

    `state`: finished, inprogress or abandoned for quizzes; submitted or draft for assignments.
    """

    person: Ints
    activity: Ints
    start: Ints
    time: Ints
    number: Ints
    score: Floats
    state: Ints

    def __len__(self) -> int:
        """Rows."""
        return len(self.person)

    def take(self, rows: Ints | Flags) -> Acts:
        """Return some of the rows."""
        return Acts(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))


DONE, OPEN, ABANDONED, DRAFT = range(4)


def choose(
    options: Options, people: People, courses: Courses, cells: Cells, wanted: dict[str, int]
) -> dict[str, Ints]:
    """Choose what is done: the most wished cells, exact counts per kind, few for who comes rarely.

    Quizzes and assignments are done by a set number of people, each with one quiz at least.
    """
    kind = courses.activities.kind[cells.activity]
    is_quiz = np.flatnonzero(kind == "quiz")
    best = is_quiz[np.lexsort((-cells.wish[is_quiz], cells.person[is_quiz]))]
    best = best[np.r_[True, cells.person[best][1:] != cells.person[best][:-1]][: len(best)]]
    takers = min(options.of_people(GRADED_PEOPLE), wanted["quiz"])
    best = best[np.argsort(-cells.wish[best], kind="stable")[:takers]]
    value = cells.wish + np.where(_within_allowance(people, cells), 100.0, 0.0)
    value[best] += 1_000.0
    chosen = {}
    for name, count in wanted.items():
        rows = np.flatnonzero(kind == name)
        if name != "feedback":
            rows = rows[np.isin(cells.person[rows], cells.person[best])]
        chosen[name] = np.sort(rows[np.argsort(-value[rows], kind="stable")[:count]])
    return chosen


def _within_allowance(people: People, cells: Cells) -> Flags:
    """Mark the most wished cells of each person, a few for each of their logins."""
    order = np.lexsort((-cells.wish, cells.person))
    person = cells.person[order]
    starts = np.flatnonzero(np.r_[True, person[1:] != person[:-1]])
    rank = np.arange(len(person)) - np.repeat(starts, np.diff(np.r_[starts, len(person)]))
    allowed = np.zeros(len(person), dtype=np.bool_)
    allowed[order] = rank < 2 * people.logins[person] + 2
    return allowed


def at_their_hours(
    options: Options, people: People, person: Ints, planned: Ints, rng: np.random.Generator
) -> Ints:
    """Keep each act's day and give it an hour: together they follow the counted hours exactly."""
    hour = np.repeat((np.arange(24) - HOURS_AHEAD) % 24, shared_out(len(person), np.array(BY_HOUR)))
    hour = np.sort(hour)
    liking = people.hour[person] + rng.normal(0, 2.5, len(person))
    given = np.empty(len(person), dtype=np.int64)
    given[np.argsort(liking, kind="stable")] = hour
    inside = rng.integers(12 * 60, 3_600, len(person))
    moment = planned // DAY * DAY + given * 3_600 + inside
    kept: Ints = np.minimum(moment, options.end - 60)
    return kept


def score(
    people: People, person: Ints, time: Ints, number: Ints, rng: np.random.Generator
) -> Floats:
    """Return how good each act is, 0 to 1: ability, practice, the slide of who fails and leaves."""
    slide = (people.reason[person] == LOW_GRADES) & (people.leaves[person] - time < 4 * WEEK)
    value = (
        people.able[person]
        + 0.05 * number
        + rng.normal(0, 0.11, len(person))
        - np.where(slide, 0.28, 0.0)
    )
    return np.clip(value, 0.02, 1.0)


def make_acts(
    options: Options, people: People, courses: Courses, enrolments: Enrolments
) -> tuple[dict[str, Acts], Overrides]:
    """Return what is handed in, by kind: quiz, assign, feedback."""
    cells, overrides = make_cells(options, people, courses, enrolments)
    rng = options.stage("acts")
    kinds = courses.activities.kind[cells.activity]
    wanted = {
        "quiz": options.of_log(QUIZ_CELLS) + options.of_log(UNFINISHED_ATTEMPTS),
        "assign": options.of_log(ASSIGN_CELLS) + options.of_log(DRAFTS),
        "feedback": options.of_log(SUBMITTED)
        - options.of_log(QUIZ_SUBMITTED)
        - options.of_log(ASSIGN_SUBMITTED),
    }
    picked = choose(options, people, courses, cells, wanted)
    assert all(kinds[rows[0]] == name for name, rows in picked.items() if len(rows))
    quiz = _quiz_rows(options, people, cells, picked["quiz"], rng)
    assign = _assign_rows(options, cells, picked["assign"], rng)
    feedback = _once(cells, picked["feedback"])
    parts = {"quiz": quiz, "assign": assign, "feedback": feedback}
    person = np.concatenate([acts.person for acts in parts.values()])
    planned = np.concatenate([acts.time for acts in parts.values()])
    state = np.concatenate([acts.state for acts in parts.values()])
    handed_in = state == DONE
    time = planned.copy()
    time[handed_in] = at_their_hours(options, people, person[handed_in], planned[handed_in], rng)
    time = np.maximum(time, people.entry[person] // DAY * DAY + 900)
    cut = np.cumsum([0, *(len(acts) for acts in parts.values())])
    for place, acts in enumerate(parts.values()):
        acts.time = time[cut[place] : cut[place + 1]]
    return {
        kind: _finished(people, courses, kind, acts, rng) for kind, acts in parts.items()
    }, overrides


def _once(cells: Cells, rows: Ints) -> Acts:
    count = len(rows)
    zero = np.zeros(count, dtype=np.int64)
    return Acts(
        cells.person[rows],
        cells.activity[rows],
        zero.copy(),
        cells.planned[rows].copy(),
        zero.copy(),
        np.zeros(count),
        zero.copy(),
    )


def _joined(*parts: Acts) -> Acts:
    return Acts(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in Acts.__dataclass_fields__
        )
    )


def _quiz_rows(
    options: Options, people: People, cells: Cells, rows: Ints, rng: np.random.Generator
) -> Acts:
    """First attempts, then further attempts until the count is met; some are never finished."""
    unfinished = options.of_log(UNFINISHED_ATTEMPTS)
    first = _once(cells, rows)
    last_week = people.leaves[first.person] - first.time < WEEK
    # Everybody finishes one quiz at least.
    _, only = np.unique(first.person, return_index=True)
    spared = np.isin(np.arange(len(rows)), only) * 10.0
    order = np.argsort(
        np.where(last_week, 0.0, 1.0) + spared + rng.random(len(rows)), kind="stable"
    )
    first.state[order[:unfinished]] = OPEN
    first.state[order[: options.of_log(ABANDONED_ATTEMPTS)]] = ABANDONED
    done = rows[first.state == DONE]
    more = max(options.of_log(QUIZ_SUBMITTED) - len(done), 0)
    weight = np.exp(-3 * (people.able[cells.person[done]] - 0.7)) * np.log1p(
        people.logins[cells.person[done]]
    )
    again = rng.choice(done, more, p=weight / weight.sum()) if len(done) else done
    repeat = _once(cells, again)
    room = np.maximum(cells.until[again] - cells.planned[again], 0)
    repeat.time = cells.planned[again] + np.minimum(rng.exponential(1.2 * DAY, more), room).astype(
        np.int64
    )
    repeat.number += 1
    return _joined(first, repeat)


def _assign_rows(options: Options, cells: Cells, rows: Ints, rng: np.random.Generator) -> Acts:
    """First submissions; some stay drafts; further submissions until the count is met."""
    first = _once(cells, rows)
    first.state[rng.permutation(len(rows))[: options.of_log(DRAFTS)]] = DRAFT
    done = rows[first.state == DONE]
    more = max(options.of_log(ASSIGN_SUBMITTED) - len(done), 0)
    again = rng.choice(done, min(more, len(done)), replace=False) if len(done) else done
    repeat = _once(cells, again)
    room = np.maximum(cells.until[again] - cells.planned[again], 0)
    repeat.time = cells.planned[again] + np.minimum(
        rng.exponential(2 * DAY, len(again)), room
    ).astype(np.int64)
    repeat.number += 1
    return _joined(first, repeat)


def _finished(
    people: People, courses: Courses, kind: str, acts: Acts, rng: np.random.Generator
) -> Acts:
    """Order the acts of a learner on one activity, number them, and give start and score."""
    activities = courses.activities
    hard = activities.hard[acts.activity] == 1
    moved = activities.due[acts.activity]
    # The hour given to an act may not carry it over a closing time on the same day.
    over = hard & (acts.time > moved) & (acts.time // DAY == moved // DAY)
    acts.time = np.where(over, moved - rng.integers(20, 300, len(acts)), acts.time)
    acts = acts.take(np.lexsort((acts.time, acts.state != DONE, acts.activity, acts.person)))
    same = np.r_[
        False, (acts.person[1:] == acts.person[:-1]) & (acts.activity[1:] == acts.activity[:-1])
    ]
    starts = np.flatnonzero(~same)
    acts.number = np.arange(len(acts)) - np.repeat(starts, np.diff(np.r_[starts, len(acts)]))
    length = {"quiz": 900, "assign": 1_500, "feedback": 240}[kind]
    lasted = np.clip(rng.lognormal(np.log(length), 0.5, len(acts)), 60, 3_500).astype(np.int64)
    start = acts.time - lasted
    before = np.r_[0, acts.time[:-1]]
    acts.start = np.where(same, np.minimum(np.maximum(start, before + 20), acts.time - 10), start)
    acts.start = np.maximum(acts.start, people.entry[acts.person] // DAY * DAY)
    acts.score = score(people, acts.person, acts.time, acts.number, rng)
    return acts
