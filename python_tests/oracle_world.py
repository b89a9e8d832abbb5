"""What the oracles of performance, status and reminders share: a site's rows, its clock, its grid.

Everything here is lists, dicts and loops over Moodle's rows; no SQL and no code of the project.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from moodle_tables import COLUMNS
from oracle import Oracle, Period, local
from oracle_weeks import weekly_engagement

Row = Mapping[str, Any]
Pair = tuple[int, int]  # learner and course
Week = tuple[int, int, date]
Facts = dict[str, Any]

EVER = -(10**12)  # before every week: an instant that nobody knows, but before all that is asked
SUBMITS = {
    r"\mod_assign\event\assessable_submitted": "assign",
    r"\mod_quiz\event\attempt_submitted": "quiz",
    r"\mod_feedback\event\response_submitted": "feedback",
}


@lru_cache(maxsize=4096)
def midnight(day: date, zone: str) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())


def number(value: Any) -> Fraction | None:
    """An exact number of what Moodle holds; NULL stays unknown."""
    return None if value is None else Fraction(str(value))


def mean(values: list[Fraction]) -> Fraction | None:
    return sum(values, Fraction()) / len(values) if values else None


@dataclass
class World:
    """A site as the oracles see it.

    `grid` holds the flags of each row of the learner x course x week grid (and, for the status,
    engagement_percentile and peer_count); `starts` and `ends` the local days between which a
    learner is enrolled in a course (no end while it is open); `enrolled` whose enrolment is active
    at the last log row; `submits` the submissions of the log (user, activity, epoch); `days` the
    local days with a participating event; `last` the epoch of the last log row; `zones` the
    learners' own time zones.
    """

    tables: Mapping[str, list[Any]]
    grid: Mapping[Week, Facts]
    starts: Mapping[Pair, date]
    ends: Mapping[Pair, date | None]
    enrolled: set[Pair]
    submits: list[tuple[int, int, int]]
    days: Mapping[Pair, list[date]]
    last: int
    zone: str
    zones: Mapping[int, str] = field(default_factory=dict)

    def of(self, table: str) -> list[dict[str, Any]]:
        return self.tables.get(table, [])

    def by_id(self, table: str) -> dict[int, dict[str, Any]]:
        return {row["id"]: row for row in self.of(table)}

    def end(self, week: date) -> int:
        """The epoch of the next Monday 00:00: what comes before it belongs to the week."""
        return midnight(week + timedelta(7), self.zone)

    def as_of(self, week: date) -> int:
        """The instant that a week's row tells of: its last second, or the last log row if earlier.

        A deadline at Monday 00:00 belongs to the week that begins there, as a submission then does.
        """
        return min(self.end(week) - 1, self.last)

    def day(self, epoch: int) -> date:
        return datetime.fromtimestamp(epoch, ZoneInfo(self.zone)).date()

    def week(self, epoch: int) -> date:
        day = self.day(epoch)
        return day - timedelta(day.weekday())

    @cached_property
    def last_week(self) -> date:
        return self.week(self.last)

    @cached_property
    def weeks(self) -> dict[Pair, list[date]]:
        """The weeks of each learner-course, in order; none is missing between."""
        found: dict[Pair, list[date]] = defaultdict(list)
        for learner, course, week in sorted(self.grid):
            found[learner, course].append(week)
        return found

    @cached_property
    def learners(self) -> dict[int, list[int]]:
        """The learners of each course."""
        found: dict[int, list[int]] = defaultdict(list)
        for learner, course in self.weeks:
            found[course].append(learner)
        return found

    @cached_property
    def active(self) -> dict[tuple[int, date], list[int]]:
        """The learners whose enrolment in a course was active in a week."""
        found: dict[tuple[int, date], list[int]] = defaultdict(list)
        for (learner, course, week), row in self.grid.items():
            if row["is_active_enrolment"]:
                found[course, week].append(learner)
        return found

    @cached_property
    def groups(self) -> dict[Pair, set[int]]:
        """The groups of a user in a course."""
        courses = {row["id"]: row["courseid"] for row in self.of("groups")}
        found: dict[Pair, set[int]] = defaultdict(set)
        for row in self.of("groups_members"):
            if row["groupid"] in courses:
                found[row["userid"], courses[row["groupid"]]].add(row["groupid"])
        return found

    def silent_days(self, learner: int, course: int, week: date) -> int | None:
        """Days from the last participating event to the week's end; None where there was none."""
        until = min(week + timedelta(6), self.day(self.last))
        days = self.days.get((learner, course), [])
        place = bisect_right(days, until)
        return (until - days[place - 1]).days if place else None


class GradedOracle(Oracle):
    """The oracle of engagement for a site where nobody is known by grades alone."""

    def _graded(self) -> dict[Any, Any]:
        return {}


def world_of(site: Any, zone: str) -> World:
    """The world of a hand-made site, its grid by the oracle of engagement; no ranks in it."""
    oracle = GradedOracle(site)
    days: dict[Pair, list[date]] = defaultdict(list)
    submits = []
    for event in sorted(oracle.events, key=lambda one: one.epoch):
        if event.participating:
            days[event.user, event.course].append(event.day)
        if event.name in SUBMITS and event.activity:
            submits.append((event.user, event.activity, event.epoch))
    return World(
        tables={name: _whole(name, rows) for name, rows in site.tables.items()},
        grid=weekly_engagement(oracle),
        starts={pair: first for pair, (first, _) in oracle.bounds.items()},
        ends={pair: _end(periods) for pair, periods in oracle.periods.items()},
        enrolled={pair for pair in oracle.periods if oracle.is_active_at_end(*pair)},
        submits=submits,
        days=days,
        last=oracle.last_epoch,
        zone=zone,
        zones={user: oracle.zone(user) for user in oracle.learners},
    )


def _end(periods: list[Period]) -> date | None:
    ends = [period.ends for period in periods]
    return None if None in ends else local(max(end or 0 for end in ends)).date()


def _whole(table: str, rows: list[Any]) -> list[Any]:
    """The rows with the columns that Moodle's tables fill by themselves."""
    kinds = dict(column.split(":") for column in COLUMNS[table].split())
    defaults = {"i": 0, "s": 0, "n": 0, "c": ""}
    return [{name: defaults.get(kind) for name, kind in kinds.items()} | row for row in rows]
