"""A Moodle site that random operations change: what they may know of it, and how they write to it.

An operation gives plain SQL statements with literal values: they can be printed and run again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from moodle_analytics import database

HOUR, DAY = 3600, 86400
WRONG_CLOCK = 3_000_000_000
# A build reads so many rows of the log again (a var): few here, so that old rows are not found.
LOOKBACK_ROWS = 150
_TEXTS = ("character varying", "text")


class NothingToDoError(Exception):
    """The site has nothing that the operation could change."""


@dataclass(frozen=True)
class Place:
    """A database with a Moodle site: its server, schema and prefix, and the program's time zone."""

    server: database.Server
    schema: str
    prefix: str
    zone: str

    def table(self, name: str) -> str:
        return f'"{self.schema}"."{self.prefix}{name}"'

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with closing(database.connect(self.server)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else []

    def run(self, statements: Sequence[str]) -> None:
        if statements:
            self.ask(";\n".join(statements))


@dataclass(frozen=True)
class Column:
    """A column as the catalogue has it: what an insert must give, and whether it is a text."""

    is_needed: bool
    is_text: bool


@dataclass
class Draw:
    """What an operation draws from: the site as it is now, and a generator with a seed.

    `now` is the last log row's time (epoch seconds), but for those of a wrong clock; `last_id` the
    last id of the log that a build has seen, which Moodle gives to no other row. Rows that are gone
    and older than `cleaned_until` are taken for cleaned up.
    """

    place: Place
    rng: random.Random
    last_id: int
    cleaned_until: int
    now: int = 0
    columns: dict[str, dict[str, Column]] = field(default_factory=dict)
    _next_ids: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for table, name, needed, kind in self.place.ask(
            "select table_name, column_name, is_nullable = 'NO' and column_default is null, "
            f"data_type from information_schema.columns where table_schema = '{self.place.schema}'"
        ):
            short = str(table).removeprefix(self.place.prefix)
            self.columns.setdefault(short, {})[name] = Column(needed, kind in _TEXTS)
        self.refresh()

    @property
    def read_from(self) -> int:
        """Give the id before which no build looks at rows of the log again."""
        return self.last_id + 1 - LOOKBACK_ROWS

    def refresh(self) -> None:
        """Look at the site anew, after an operation has changed it."""
        self._next_ids.clear()
        self.now = self.ask("select coalesce(max(timecreated), 0) from {logstore_standard_log}")[0][
            0
        ]

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query; `{table}` stands for Moodle's table of that name."""
        return self.place.ask(self.sql(query))

    def sql(self, text: str) -> str:
        for name in self.columns:
            text = text.replace("{" + name + "}", self.place.table(name))
        if "from {" in text or "update {" in text:
            raise NothingToDoError(f"this site lacks a table of {text}")
        return text

    def pick(self, query: str) -> tuple[Any, ...]:
        """Give one row of a query, which must order its rows."""
        rows = self.ask(query)
        if not rows:
            raise NothingToDoError(query)
        return self.rng.choice(rows)

    def insert(self, table: str, **values: Any) -> str:
        """Give the statement that adds a row; columns that this site lacks are left out."""
        known = self.columns.get(table)
        if not known:
            raise NothingToDoError(f"this site has no {table}")
        values = {"id": values.pop("id", None) or self.new_id(table), **values}
        row = {name: value for name, value in values.items() if name in known}
        for name, column in known.items():
            if column.is_needed and row.get(name) is None:
                row[name] = "" if column.is_text else 0
        names = ", ".join(f'"{name}"' for name in row)
        shown = ", ".join(literal(value) for value in row.values())
        return f"insert into {self.place.table(table)} ({names}) values ({shown})"

    def update(self, table: str, where: str | int, **values: Any) -> str:
        """Give the statement that changes rows by id or condition; `timemodified` where asked."""
        known = self.columns.get(table, {})
        row = {name: value for name, value in values.items() if name in known}
        if not row:
            raise NothingToDoError(f"this site has no {table} with {', '.join(values)}")
        shown = ", ".join(f'"{name}" = {literal(value)}' for name, value in row.items())
        return f"update {self.place.table(table)} set {shown} where {_condition(where)}"

    def delete(self, table: str, where: str | int) -> str:
        if table not in self.columns:
            raise NothingToDoError(f"this site has no {table}")
        return f"delete from {self.place.table(table)} where {_condition(where)}"

    def new_id(self, table: str) -> int:
        if table not in self._next_ids:
            found = self.ask(f"select coalesce(max(id), 0) + 1 from {{{table}}}")
            seen = self.last_id + 1 if table == "logstore_standard_log" else 0
            self._next_ids[table] = max(seen, int(found[0][0]))
        self._next_ids[table] += 1
        return self._next_ids[table] - 1

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def soon(self) -> int:
        """Give an instant of the day to come."""
        return self.now + self.rng.randint(1, DAY)

    def lately(self, days: float = 2) -> int:
        return self.now - self.rng.randint(0, int(days * DAY))

    def long_ago(self) -> int:
        return self.now - self.rng.randint(0, 120 * DAY)

    def around(self) -> int:
        """Give an instant that is mostly new, at times old: Moodle's clock is not always asked."""
        return self.rng.choice((self.soon(), self.soon(), self.lately(), self.long_ago()))

    def boundary(self) -> int:
        """Give a local midnight near: the next one, a Monday's, the clock's change, new year."""
        zone = ZoneInfo(self.place.zone)
        today = datetime.fromtimestamp(self.now, zone).replace(hour=0, minute=0, second=0)
        days = [today + timedelta(days=number) for number in range(-2, 8)]
        mondays = [day for day in days if day.weekday() == 0]
        odd = [
            day
            for day, after in pairwise(days)
            if day.utcoffset() != after.utcoffset() or after.year != day.year
        ]
        chosen = self.rng.choice([days[3], self.rng.choice(mondays), *odd])
        return int(chosen.timestamp())

    def learner(self) -> tuple[int, int]:
        """Give a user and a course where the user has a student's role, a grade or log rows."""
        queries = [
            "select userid, courseid from {logstore_standard_log} where userid > 2 and courseid > 1"
            " and id > (select max(id) - 20000 from {logstore_standard_log}) group by 1, 2"
            " order by 1, 2",
            "select grade.userid, item.courseid from {grade_grades} as grade"
            " join {grade_items} as item on item.id = grade.itemid group by 1, 2 order by 1, 2",
            "select assignment.userid, context.instanceid from {role_assignments} as assignment"
            " join {context} as context on context.id = assignment.contextid"
            " and context.contextlevel = 50 order by 1, 2",
        ]
        self.rng.shuffle(queries)
        for query in queries:
            try:
                user, course = self.pick(query)
            except NothingToDoError:
                continue
            return int(user), int(course)
        raise NothingToDoError("nobody learns here")

    def user(self) -> int:
        return int(self.pick("select id from {user} where id > 2 order by id")[0])

    def course(self) -> int:
        return int(self.pick("select id from {course} where id > 1 order by id")[0])

    def activity(
        self, module: str | None = None, course: int | None = None
    ) -> tuple[int, int, int]:
        """Give an activity's course module, instance and course."""
        where = f"and kind.name = '{module}'" if module else ""
        where += f" and activity.course = {course}" if course else ""
        found = self.pick(
            "select activity.id, activity.instance, activity.course "
            "from {course_modules} as activity"
            f" join {{modules}} as kind on kind.id = activity.module where true {where} order by 1"
        )
        return int(found[0]), int(found[1]), int(found[2])


Operation = Callable[[Draw], Sequence[str]]


@dataclass(frozen=True)
class Kind:
    """A kind of operation; `is_cleanup` ones happen in the built site, not in its shadow."""

    name: str
    draw: Operation
    weight: int
    is_cleanup: bool


KINDS: dict[str, Kind] = {}


def operation(
    name: str, *, weight: int = 1, is_cleanup: bool = False
) -> Callable[[Operation], Operation]:
    """Register a function as a kind of operation."""

    def register(function: Operation) -> Operation:
        KINDS[name] = Kind(name, function, weight, is_cleanup)
        return function

    return register


def literal(value: Any) -> str:
    if value is None:
        return "null"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _condition(where: str | int) -> str:
    return f"id = {where}" if isinstance(where, int) else where
