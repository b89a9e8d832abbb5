"""Looks at a Moodle database: where Moodle's tables are, and what the site holds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moodle_analytics.errors import UserError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812
    from psycopg2.extensions import cursor as Cursor  # noqa: N812

CORE_TABLES = (
    "logstore_standard_log",
    "context",
    "user",
    "course",
    "modules",
    "course_modules",
    "course_modules_completion",
    "grade_items",
    "grade_grades",
    "grade_categories",
    "grade_items_history",
    "grade_grades_history",
    "grade_categories_history",
    "forum",
    "forum_discussions",
    "forum_posts",
)

OPTIONAL_TABLES: Mapping[str, str] = {
    "role": "which roles are a learner's (inferred from grades and events instead)",
    "role_assignments": "who is a learner, who a teacher (inferred from grades and events instead)",
    "enrol": "how learners were enrolled",
    "user_enrolments": "when an enrolment began, ended or was suspended",
    "assign": "assignments' deadlines",
    "assign_submission": "when an assignment was handed in, but for the log's submission events",
    "assign_overrides": "assignment deadlines moved for one learner or group",
    "assign_user_flags": "extensions granted to one learner",
    "quiz": "quizzes' closing times",
    "quiz_attempts": "attempts at a quiz, their times and scores",
    "quiz_overrides": "quiz times moved for one learner or group",
    "course_sections": "hidden sections, whose activities have no deadline",
    "course_completions": "who completed a course",
    "course_modules_viewed": "views kept beside the log (Moodle 4.1 and later)",
    "groups": "groups within a course",
    "groups_members": "who is in which group, and so which group's deadline holds",
    "cohort": "cohorts",
    "cohort_members": "who is in which cohort",
    "scale": "the words of grades on a scale",
    "config": "Moodle's version and the site's time zone",
}


@dataclass(frozen=True)
class Site:
    """Where Moodle's tables are: names begin with `prefix`, which may be empty."""

    schema: str
    prefix: str


@dataclass(frozen=True)
class SiteFacts:
    """What a site holds; None where the database cannot say. Times are in UTC."""

    site: Site
    release: str | None
    version: str | None
    table_count: int
    log_rows: int
    first_log_at: datetime | None
    last_log_at: datetime | None
    learners: int | None
    courses: int
    timezone: str | None
    absent: Mapping[str, str]


def find_site(
    connection: Connection, *, schema: str | None = None, prefix: str | None = None
) -> Site:
    """Find Moodle's tables by the core ones; `schema` and `prefix` narrow the search.

    Raises UserError where there are none (naming the missing tables), several, or where the role
    may not read one of them.
    """
    with connection.cursor() as cursor:
        tables = _candidates(cursor)
    sites = {
        site: names
        for site, names in tables.items()
        if schema in (None, site.schema) and prefix in (None, site.prefix)
    }
    whole = [site for site, names in sites.items() if set(names) == set(CORE_TABLES)]
    if len(whole) > 1:
        raise UserError(
            f"Several Moodle sites are in this database ({_listed(whole)}): "
            "choose one with --schema and --prefix."
        )
    if not whole:
        elsewhere = [site for site, names in tables.items() if set(names) == set(CORE_TABLES)]
        if elsewhere:
            raise UserError(
                f"There is no Moodle site{_asked(schema, prefix)} here, but {_listed(elsewhere)}."
            )
        raise UserError(_missing(sites, schema, prefix))
    site = whole[0]
    unreadable = [f"{site.prefix}{name}" for name in CORE_TABLES if not sites[site][name]]
    if unreadable:
        raise UserError(
            f"These tables of schema {site.schema} may not be read by this role: "
            f"{', '.join(unreadable)}. Grant it usage on the schema and select on them."
        )
    return site


def describe_site(connection: Connection, site: Site) -> SiteFacts:
    """Count and read what `SiteFacts` names; one pass over the log."""
    with connection.cursor() as cursor:
        names = _table_names(cursor, site)
        absent = {name: lost for name, lost in OPTIONAL_TABLES.items() if name not in names}
        config = {} if "config" in absent else _config(cursor, site)
        log_rows, first_log_at, last_log_at = _row(
            cursor,
            site,
            "select count(*), to_timestamp(min(timecreated)) at time zone 'UTC', "
            "to_timestamp(max(timecreated)) at time zone 'UTC' from {logstore_standard_log}",
        )
        return SiteFacts(
            site=site,
            release=config.get("release"),
            version=config.get("version"),
            table_count=len(names),
            log_rows=log_rows,
            first_log_at=first_log_at,
            last_log_at=last_log_at,
            learners=_learners(cursor, site) if not absent.keys() & _ROLES else None,
            courses=_row(cursor, site, "select count(*) from {course} where id <> 1")[0],
            timezone=_known_timezone(cursor, config.get("timezone")),
            absent=absent,
        )


_ROLES = {"role", "role_assignments"}


def _candidates(cursor: Cursor) -> dict[Site, dict[str, bool]]:
    """Places that hold tables named like core ones: site -> core table -> whether readable.

    A place without a log of Moodle's shape keeps its other tables, so that an error can name what
    is missing; models of this project end in the same names and differ in their columns.
    """
    cursor.execute(
        """
        select namespace.nspname, relation.relname, core.name,
            has_schema_privilege(namespace.oid, 'usage')
                and has_table_privilege(relation.oid, 'select')
        from pg_class as relation
        inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
        inner join unnest(%(core)s) as core (name) on right(relname, length(core.name)) = core.name
        where relation.relkind in ('r', 'p', 'v', 'm', 'f')
            and namespace.nspname not in ('pg_catalog', 'information_schema')
            and (
                core.name <> 'logstore_standard_log'
                or 3 = (
                    select count(*)
                    from pg_attribute as attribute
                    where attribute.attrelid = relation.oid and (
                        (attname = 'timecreated' and atttypid::regtype::text = any(%(numbers)s))
                        or attname in ('eventname', 'contextinstanceid')
                    )
                )
            )
        """,
        {"core": list(CORE_TABLES), "numbers": ["bigint", "integer", "numeric"]},
    )
    found: dict[Site, dict[str, bool]] = {}
    for schema, relation, name, is_readable in cursor.fetchall():
        site = Site(schema, relation[: len(relation) - len(name)])
        found.setdefault(site, {})[name] = is_readable
    return found


def _missing(
    sites: Mapping[Site, Mapping[str, bool]], schema: str | None, prefix: str | None
) -> str:
    best = max(sites, key=lambda site: len(sites[site]), default=None)
    if best is None or len(sites[best]) < 3:
        return (
            f"This is not a Moodle database{_asked(schema, prefix)}: its core tables are missing "
            f"({', '.join(CORE_TABLES)})."
        )
    missing = [best.prefix + name for name in CORE_TABLES if name not in sites[best]]
    return (
        f"Schema {best.schema} with prefix {best.prefix!r} looks like Moodle, but these core "
        f"tables are missing: {', '.join(missing)}. Take the dump again with them."
    )


def _listed(sites: Iterable[Site]) -> str:
    return ", ".join(f"{site.schema}.{site.prefix}*" for site in sorted(sites, key=str))


def _asked(schema: str | None, prefix: str | None) -> str:
    given = (("schema", schema), ("prefix", prefix))
    asked = " and ".join(f"{what} {value!r}" for what, value in given if value is not None)
    return f" with {asked}" if asked else ""


def _table_names(cursor: Cursor, site: Site) -> set[str]:
    """Names, without the prefix, of the site's tables that this role may read."""
    cursor.execute(
        "select substr(relname, %s) from pg_class "
        "inner join pg_namespace on pg_namespace.oid = relnamespace "
        "where relkind in ('r', 'p', 'v', 'm', 'f') and nspname = %s and starts_with(relname, %s) "
        "and has_table_privilege(pg_class.oid, 'select')",
        [len(site.prefix) + 1, site.schema, site.prefix],
    )
    return {name for (name,) in cursor.fetchall()}


def _row(cursor: Cursor, site: Site, query: str) -> tuple[Any, ...]:
    """Give the one row of a query in which `{table}` stands for the site's table."""
    from psycopg2 import sql

    names = re.findall(r"{(\w+)}", query)
    tables = {name: sql.Identifier(site.schema, site.prefix + name) for name in names}
    cursor.execute(sql.SQL(query).format(**tables))
    return cursor.fetchone() or ()


def _config(cursor: Cursor, site: Site) -> dict[str, str]:
    values = _row(
        cursor,
        site,
        "select jsonb_object_agg(name, value) from {config} "
        "where name in ('release', 'version', 'timezone')",
    )[0]
    return values or {}


def _learners(cursor: Cursor, site: Site) -> int:
    """Users, not deleted, who hold a role of the student archetype anywhere."""
    query = (
        "select count(distinct assignment.userid) from {role_assignments} as assignment "
        "inner join {role} as role on role.id = assignment.roleid "
        "inner join {user} as person on person.id = assignment.userid "
        "where role.archetype = 'student' and coalesce(to_jsonb(person) ->> 'deleted', '0') = '0'"
    )
    return int(_row(cursor, site, query)[0])


def _known_timezone(cursor: Cursor, name: str | None) -> str | None:
    """Give the zone's name; None where it is Moodle's 99 ("the server's") or not known."""
    cursor.execute("select name from pg_timezone_names where name = %s", [name])
    row = cursor.fetchone()
    return row[0] if row else None
