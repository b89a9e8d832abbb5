"""What is expected of the users, courses and contexts that the log names."""

from __future__ import annotations

from collections.abc import Iterator

from moodle_analytics.checks import suites
from moodle_analytics.checks.measures import LOG, Source
from moodle_analytics.checks.settings import Settings
from moodle_analytics.checks.suites import Expected

_SUITE = "sources"
# Moodle's users that are none: another one, and those that send mail.
_NOBODY = "-1, -10, -20"
_WEEK = 7 * 86_400


def expected(settings: Settings, source: Source) -> Iterator[Expected]:
    """Give the expectations of the users, courses and contexts that the log names."""
    for column in ("userid", "relateduserid", "realuserid"):
        yield _users(source, column)
    yield _courses(source)
    yield _contexts(source)
    yield _context_facts(settings, source)


def _users(source: Source, column: str) -> Expected:
    return _query(
        f"log_{column}__leads_to_user",
        source,
        {LOG: [column], "user": ["id"]},
        """
        select named.id as {column}, named.row_count
        from (select {column} as id, count(*) as row_count from {log}
            where {column} <> 0 and {column} not in ({nobody}) group by {column}) as named
        where not exists (select 1 from {user} as users where users.id = named.id)
        """.replace("{column}", column).replace("{nobody}", _NOBODY),
        f"Each {column} of the log is an account; Moodle keeps those of deleted people too.",
        "Load the table user again: rows of it are missing, or columns of the log are mixed up.",
    )


def _courses(source: Source) -> Expected:
    return _query(
        "log_courseid__leads_to_course",
        source,
        {LOG: ["courseid", "eventname"], "course": ["id"]},
        r"""
        select named.courseid, named.row_count
        from (select courseid, count(*) as row_count from {log}
            where courseid > 0 group by courseid
            having not bool_or(eventname = '\core\event\course_deleted')) as named
        where not exists (select 1 from {course} as courses where courses.id = named.courseid)
        """,
        "Each course of the log is there, or the log tells of its deletion.",
        "Load the table course again: rows of it are missing, or columns of the log are mixed up.",
    )


def _contexts(source: Source) -> Expected:
    return _query(
        "log_contextid__leads_to_context",
        source,
        {
            LOG: ["contextid", "contextlevel", "contextinstanceid"],
            "context": ["id"],
            "course": ["id"],
            "course_modules": ["id"],
        },
        """
        select named.contextid, named.contextlevel, named.contextinstanceid, named.row_count
        from (select contextid, contextlevel, contextinstanceid, count(*) as row_count from {log}
            where contextid > 0 group by contextid, contextlevel, contextinstanceid) as named
        where not exists (select 1 from {context} as contexts where contexts.id = named.contextid)
            and (named.contextlevel = 10
                or (named.contextlevel = 50 and exists (select 1 from {course} as courses
                    where courses.id = named.contextinstanceid))
                or (named.contextlevel = 70 and exists (select 1 from {course_modules} as modules
                    where modules.id = named.contextinstanceid)))
        """,
        "Each context of the log is there, where its course or activity is.",
        "Load the table context again: rows of it are missing, and with them who holds which role.",
    )


def _context_facts(settings: Settings, source: Source) -> Expected:
    return _query(
        "log_contexts_agree_with_their_rows",
        source,
        {
            LOG: ["contextid", "contextlevel", "contextinstanceid", "courseid", "timecreated"],
            "context": ["id", "contextlevel", "instanceid"],
            "course_modules": ["id", "course"],
        },
        f"""
        select min(week_from) as week_from, sum(row_count) as row_count,
            sum(row_count) filter (where is_odd) as odd_count
        from (
            select named.row_count,
                date(to_timestamp(named.week * {_WEEK})) as week_from,
                contexts.contextlevel <> named.contextlevel
                or contexts.instanceid <> named.contextinstanceid
                or (named.contextlevel = 50 and named.courseid > 0
                    and named.courseid <> named.contextinstanceid)
                or (named.courseid > 0 and modules.course is not null
                    and named.courseid <> modules.course) as is_odd
            from (select contextid, contextlevel, contextinstanceid, courseid,
                    floor(timecreated / {_WEEK}.0) as week, count(*) as row_count
                from {{log}}
                where contextid > 0
                group by contextid, contextlevel, contextinstanceid, courseid, week) as named
            inner join {{context}} as contexts on named.contextid = contexts.id
            left join {{course_modules}} as modules
                on named.contextlevel = 70 and named.contextinstanceid = modules.id
        ) as compared
        group by grouping sets ((), (week_from))
        having sum(row_count) filter (where is_odd) > sum(row_count) * case
            when grouping(week_from) = 1 then {settings.stray_share}
            when sum(row_count) >= {settings.check_usual_rows} then {settings.quality_warn_share}
        end
        """,
        "The level, instance and course of the log's rows are those of their context, by week.",
        "Columns of the log or of context are mixed up: load them again.",
    )


def _query(
    name: str,
    source: Source,
    columns: dict[str, list[str]],
    query: str,
    meaning: str,
    action: str,
) -> Expected:
    lacking = [
        f"{table}.{column}"
        for table, names in columns.items()
        for column in names
        if not source.has(table, column)
    ]
    values = {**source.relations, "log": source.relations.get(LOG, "")}
    return suites.rows(
        name,
        _SUITE,
        LOG,
        "" if lacking else suites.fill(query, values),
        meaning=meaning,
        action=action,
        absent=f"the site lacks {', '.join(lacking)}" if lacking else "",
    )
