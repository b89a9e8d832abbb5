"""Visits: when each person comes, which of the visits begin with a login, and what is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from moodle_analytics.generate import layout
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.enrolments import Enrolments
from moodle_analytics.generate.log import SITE_WIDE, Log
from moodle_analytics.generate.options import DAY, Flags, Floats, Ints, Options
from moodle_analytics.generate.other import CODES
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import COMPLETES, GUEST, STAFF

SAME_VISIT = 2_700

GRADES_VIEWED = 1_300

PROFILES_VIEWED = 900

PEOPLE_VIEWED = 700

FORMS_VIEWED = 400


@dataclass
class Visits:
    """One row per visit, by person and time; `weight` says how much is looked at."""

    person: Ints
    start: Ints
    course: Ints
    login: Flags
    length: Floats
    weight: Floats

    def moments(self, rows: Ints, options: Options, rng: np.random.Generator) -> Ints:
        """Return a moment inside each of these visits."""
        inside = 8 + rng.random(len(rows)) * self.length[rows]
        found: Ints = np.minimum(self.start[rows] + inside.astype(np.int64), options.end)
        return found


def make_visits(
    options: Options,
    people: People,
    courses: Courses,
    enrolments: Enrolments,
    person: Ints,
    start: Ints,
    course: Ints,
) -> Visits:
    """Build the visits around the acts (`person`, `start`, `course`) and fill up to the logins."""
    rng = options.stage("visits")
    order = np.lexsort((start, person))
    person, start, course = person[order], start[order], course[order]
    new = np.r_[True, (person[1:] != person[:-1]) | (start[1:] - start[:-1] > SAME_VISIT)][
        : len(person)
    ]
    person, start, course = person[new], start[new], course[new]
    opening = start - rng.integers(30, 400, len(start))
    start = np.maximum(opening, start // DAY * DAY)
    came = np.flatnonzero(people.came)
    already = np.bincount(person, minlength=len(people.id))
    extra = np.maximum(people.logins - already - 1, 0) + rng.poisson(0.25 * people.logins)
    filler = np.repeat(came, extra[came])
    filler_start = _filler_times(options, people, filler, rng)
    person = np.concatenate([person, came, filler])
    start = np.concatenate([start, people.entry[came], filler_start])
    course = np.concatenate([course, np.zeros(len(came) + len(filler), dtype=np.int64)])
    order = np.lexsort((start, person))
    person, start, course = person[order], start[order], course[order]
    undecided = np.flatnonzero(course == 0)
    course[undecided] = _courses_open(
        people, courses, enrolments, person[undecided], start[undecided], rng
    )
    login = _logins(people, person, rng)
    length = np.clip(rng.lognormal(np.log(1_100), 0.9, len(person)), 60, 3 * 3_600)
    weight = rng.lognormal(0, 0.6, len(person)) * np.exp(0.25 * people.keen[person])
    weight *= np.where(people.kind[person] == STAFF, 1.6, 1.0)
    return Visits(person, start, course, login, length, weight)


def _filler_times(options: Options, people: People, person: Ints, rng: np.random.Generator) -> Ints:
    """Spread visits from entry to leaving: evenly for who completes, thinning for the rest."""
    bend = np.where(people.reason[person] == COMPLETES, 1.0, 1.9)
    share = rng.random(len(person)) ** bend
    day = (
        (people.entry[person] + share * (people.leaves[person] - people.entry[person])) // DAY * DAY
    )
    clock = (people.hour[person] + rng.normal(0, 3, len(person))) % 24 * 3_600
    moment = (day + clock).astype(np.int64)
    # No visit comes before the first one, and none after the end.
    first = people.entry[person] + rng.integers(60, 7_200, len(person))
    found: Ints = np.minimum(np.maximum(moment, first), options.end - 900)
    return found


def _logins(people: People, person: Ints, rng: np.random.Generator) -> Flags:
    """Mark the first visit of each person and as many others as they have logins."""
    first = np.r_[True, person[1:] != person[:-1]]
    liking = np.where(first, -1.0, rng.random(len(person)))
    order = np.lexsort((liking, person))
    starts = np.flatnonzero(first)
    rank = np.arange(len(person)) - np.repeat(starts, np.diff(np.r_[starts, len(person)]))
    login = np.zeros(len(person), dtype=np.bool_)
    login[order] = rank < people.logins[person[order]]
    return login


def _courses_open(
    people: People,
    courses: Courses,
    enrolments: Enrolments,
    person: Ints,
    time: Ints,
    rng: np.random.Generator,
) -> Ints:
    """Pick a course of each visitor that is open to them then; the front page for the guest."""
    chosen = np.full(len(person), layout.WELCOME)
    staff = people.kind[person] == STAFF
    chosen[staff] = rng.choice([7, 8, 10, 46, 50, 52, 3, 48], int(staff.sum()))
    chosen[people.kind[person] == GUEST] = layout.SITE
    owner = people.rows(enrolments.user)
    order = np.argsort(owner, kind="stable")
    owner = owner[order]
    low, high = np.searchsorted(owner, person), np.searchsorted(owner, person, side="right")
    open_now = np.flatnonzero((high > low) & ~staff)
    for _ in range(6):
        pick = order[
            low[open_now] + (rng.random(len(open_now)) * (high - low)[open_now]).astype(np.int64)
        ]
        end = courses.end[np.searchsorted(courses.id, enrolments.course[pick])]
        fits = (enrolments.begins[pick] <= time[open_now]) & ((end == 0) | (time[open_now] < end))
        fits &= (enrolments.gone[pick] == 0) | (time[open_now] < enrolments.gone[pick])
        chosen[open_now[fits]] = enrolments.course[pick[fits]]
        open_now = open_now[~fits]
    return chosen


def log_visits(
    options: Options, people: People, courses: Courses, visits: Visits, log: Log
) -> None:
    """Write logins, the dashboard, one course page a visit, and some logouts."""
    rng = options.stage("visit rows")
    rows = np.flatnonzero(visits.login)
    user = people.id[visits.person[rows]]
    log.add(
        "logged_in",
        visits.start[rows],
        user,
        SITE_WIDE,
        object_id=user,
        other=CODES["login"],
        a=user,
    )
    saw = rows[(rng.random(len(rows)) < 0.85) & (user != 1)]
    user = people.id[visits.person[saw]]
    log.add(
        "dashboard_viewed",
        visits.start[saw] + 2,
        user,
        courses.user_place(people, user),
        related=user,
    )
    user = people.id[visits.person]
    log.add("course_viewed", visits.start + 6, user, courses.place(visits.course))
    left = rows[rng.random(len(rows)) < 0.2]
    user = people.id[visits.person[left]]
    over = np.minimum(visits.start[left] + visits.length[left].astype(np.int64) + 30, options.end)
    log.add(
        "logged_out", over, user, SITE_WIDE, object_id=user, other=CODES["session"], a=user, b=over
    )
    _log_asides(options, people, courses, visits, log, rng)


def learner_visits(people: People, visits: Visits) -> tuple[Ints, Floats]:
    """Return the visits of learners, and each one's share of what is looked at."""
    rows = np.flatnonzero(people.learner[visits.person])
    return rows, visits.weight[rows] / visits.weight[rows].sum()


def _log_asides(
    options: Options,
    people: People,
    courses: Courses,
    visits: Visits,
    log: Log,
    rng: np.random.Generator,
) -> None:
    """Write looks at grades, profiles and lists of people."""
    rows, share = learner_visits(people, visits)
    for event, count in (
        ("grades_viewed", GRADES_VIEWED),
        ("profile_viewed", PROFILES_VIEWED),
        ("people_viewed", PEOPLE_VIEWED),
    ):
        chosen = rng.choice(rows, options.of_log(count), p=share)
        user = people.id[visits.person[chosen]]
        moment = visits.moments(chosen, options, rng)
        place = courses.place(visits.course[chosen])
        if event == "profile_viewed":
            shown = np.where(rng.random(len(chosen)) < 0.6, user, 246)
            log.add(
                event,
                moment,
                user,
                courses.user_place(people, shown),
                related=shown,
                object_id=shown,
            )
        elif event == "grades_viewed":
            log.add(event, moment, user, place, related=user)
        else:
            log.add(
                event,
                moment,
                user,
                place,
                object_id=visits.course[chosen],
                other=CODES["people"],
                a=visits.course[chosen],
            )
