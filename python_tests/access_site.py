"""A built site with readers, and questions asked as one of them over TCP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg2

from conftest import run
from moodle_analytics import build, database
from moodle_analytics.access import grant
from moodle_analytics.schemas import Schemas

PASSWORD = "p'a\\ss \"word"
# A name that has to be quoted wherever it stands.
DASHBOARD = 'Dash "board" \\ 1'
SHARED = "viewers"
MARTS = "marts"
# What every reader sees, whichever courses are theirs.
OPEN_MARTS = {"dim_weeks", "dim_risk_models", "fct_data_quality"}
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class AccessSite:
    """A database with marts, and its server as the role that builds them.

    `teacher` is a reader named as a user who teaches some of the courses with learners, not all.
    """

    server: database.Server
    teacher: str
    paths: list[str]

    @property
    def place(self) -> grant.Place:
        return grant.Place(build.Target(self.server), Schemas())

    def admin(self, script: str) -> Rows:
        """Run SQL as the superuser, whom no policy binds."""
        return run(replace(self.server, user="postgres"), self.server.database, script)

    def courses(self, user: str) -> list[int]:
        query = "select course_id from intermediate.int_entitlements where user_name = '{}'"
        return sorted(course for (course,) in self.admin(query.format(user)))

    def marts(self) -> dict[str, list[str]]:
        """Columns of every mart that are not personal, by its name."""
        return {
            str(name): list(columns)
            for name, columns in self.admin(
                "select relname, array_agg(attname::text order by attnum) "
                "from pg_class inner join pg_attribute on attrelid = pg_class.oid "
                f"where relnamespace = '{MARTS}'::regnamespace and relkind in ('r', 'v') "
                "and attnum > 0 and attname not in ('learner_name', 'email') group by relname"
            )
        }

    def build(self, *selected: str) -> None:
        """Build models without their tests."""
        options = ["--exclude-resource-type", "test", "--select", *selected, *self.paths]
        build.build(build.Target(self.server), arguments=options)


@contextmanager
def reading(site: AccessSite, role: str, user: str | None = None) -> Iterator[Any]:
    """Log in as a reader and give a cursor; `user` is what a shared account's session says."""
    server = replace(site.server, user=role, password=PASSWORD)
    with closing(database.connect(server)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            if user is not None:
                cursor.execute("set moodle_analytics.user_name = %s", [user])
            yield cursor


def ask(cursor: Any, query: str) -> Rows:
    cursor.execute(query)
    rows: Rows = cursor.fetchall()
    return rows


def counts(site: AccessSite, cursor: Any) -> dict[str, int]:
    """Rows of every mart that the cursor's user sees, every column but personal ones read."""
    found = {}
    for name, columns in site.marts().items():
        row = ", ".join(f'"{column}"' for column in columns)
        [(found[name],)] = ask(cursor, f"select count(row({row})) from {MARTS}.{name}")
    return found


def expected(site: AccessSite, courses: list[int] | None) -> dict[str, int]:
    """Rows of every mart that somebody with these courses has to see; None: with all."""
    found = {}
    wanted = ", ".join(map(str, courses or [])) or "null"
    held = f"select learner_id from intermediate.int_learner_courses where course_id in ({wanted})"
    for name, columns in site.marts().items():
        if courses is None or name in OPEN_MARTS:
            condition = "true"
        elif name == "dim_learners":
            condition = f"learner_id in ({held})"
        else:
            condition = f"course_id in ({wanted})" if "course_id" in columns else "false"
        [(found[name],)] = site.admin(f"select count(*) from {MARTS}.{name} where {condition}")
    return found


def is_refused(cursor: Any, statement: str) -> bool:
    """Whether the server refuses it for want of a right, and for nothing else."""
    try:
        cursor.execute(statement)
    except psycopg2.errors.InsufficientPrivilege:
        return True
    return False
