"""What is expected of the log: its rhythm, order and clock, and what it says of other tables."""

from __future__ import annotations

from collections.abc import Iterator

from moodle_analytics.checks import catalogue, suites
from moodle_analytics.checks.measures import LOG, Source
from moodle_analytics.checks.settings import Settings
from moodle_analytics.checks.suites import Expected

_SUITE = "sources"
# A week from any hour on holds as many whole days.
_EMPTY_DAYS = 6


def _of(
    name: str,
    frame: str,
    column: str,
    meaning: str,
    action: str,
    *,
    least: float | None = None,
    most: float | None = None,
    severity: str = "critical",
    is_more: bool = False,
) -> Expected:
    """Expect a measure to be within limits; with `is_more`, strictly above the least."""
    return Expected(
        name=name,
        suite=_SUITE,
        subject=frame,
        severity=severity,
        meaning=meaning,
        action=action,
        kind=suites.BETWEEN,
        arguments={
            "column": column,
            "min_value": least,
            "max_value": most,
            **({"strict_min": True} if is_more else {}),
        },
    )


def expected(settings: Settings) -> Iterator[Expected]:
    """Give the expectations of the log's measures."""
    yield from _rhythm(settings)
    yield from _order(settings)
    yield from _against_tables(settings)
    yield from _events(settings)


def _rhythm(settings: Settings) -> Iterator[Expected]:
    yield _of(
        "log_has_no_empty_week", "log_days", "empty_day_count",
        f"The log is nowhere empty for {_EMPTY_DAYS} days on end, between full weeks.",
        "Find out whether the site stood still then; if not, load the log of these days again, "
        "as learners look silent in them.",
        most=_EMPTY_DAYS - 1,
    )  # fmt: skip
    yield _of(
        "log_has_no_thin_week", "log_days", "week_share",
        f"No seven days between full weeks have less than {settings.outage_share:.0%} of the usual "
        "rows (var outage_share).",
        "Find out whether that was a holiday or an outage; if not, a part of the log is lost.",
        least=settings.outage_share, severity="warning",
    )  # fmt: skip
    yield _of(
        "log_has_no_empty_day", "log_days", "day_share",
        "The log has rows on each day whose weekday usually has some.",
        "Find out whether the site stood still that day; if not, load its log again.",
        least=0, is_more=True, severity="warning",
    )  # fmt: skip
    yield _of(
        "log_has_no_flooded_week", "log_days", "week_ratio",
        f"No seven days have more than {settings.check_volume_ratio:g} times the usual rows "
        "(var check_volume_ratio).",
        "Look at which events came then: a job may have written them, or the log was loaded twice.",
        most=settings.check_volume_ratio, severity="warning",
    )  # fmt: skip
    yield Expected(
        name="log_hours_of_day_have_not_shifted",
        suite=_SUITE,
        subject="log_hours",
        severity="critical",
        meaning="People are active at the hours of the day at which they were before.",
        action="A week's times were written or loaded in another time zone: load that part again.",
        kind=suites.IN_SET,
        arguments={"column": "shift_hours", "value_set": [-1, 0, 1]},
    )
    yield Expected(
        name="log_hours_of_day_have_not_shifted_by_one",
        suite=_SUITE,
        subject="log_hours",
        severity="warning",
        meaning="People are active at the hours of the day at which they were before, to the hour.",
        action="Where the clock changed in that week, name the program's zone with --timezone; "
        "else a week's times were written or loaded in another time zone.",
        kind=suites.NOT_IN_SET,
        arguments={"column": "shift_hours", "value_set": [-1, 1]},
    )
    yield _of(
        "log_has_no_rows_far_after", "log_end", "stray_late_count",
        f"No rows lie more than {settings.stray_gap_days} days after all others "
        "(var stray_gap_days).",
        "A wrong clock wrote them: weeks up to them look empty. Remove or correct these rows.",
        most=0,
    )  # fmt: skip
    yield _of(
        "log_has_no_rows_far_before", "log_end", "stray_early_count",
        f"No rows lie more than {settings.stray_gap_days} days before all others "
        "(var stray_gap_days).",
        "A wrong clock wrote them: weeks after them look empty. Remove or correct these rows.",
        most=0, severity="warning",
    )  # fmt: skip
    yield _of(
        "log_is_fresh", "log_age", "age_hours",
        f"The log's newest row is less than {catalogue.freshness_hours()} hours old, where the "
        f"site is in use (data that end {settings.check_dump_days} days ago are taken for a dump).",
        "Look at whether the copy of the database still runs; the marts show an old state.",
        most=catalogue.freshness_hours(), severity="warning",
    )  # fmt: skip


def _order(settings: Settings) -> Iterator[Expected]:
    yield _of(
        "log_clock_was_not_set_back", "log_order", "setback_count",
        f"The times of people's views follow the order of their ids, within "
        f"{settings.check_clock_minutes} minutes (var check_clock_minutes).",
        "A part of the log was loaded later or twice, or its clock was another: load it again.",
        most=0,
    )  # fmt: skip
    yield _of(
        "log_ids_have_no_hole", "log_order", "largest_hole_count",
        f"Nowhere in the log are more than {settings.check_lost_ids} ids missing "
        "(var check_lost_ids).",
        "Rows between these ids are lost: load the log again.",
        most=settings.check_lost_ids, severity="warning",
    )  # fmt: skip
    yield _of(
        "log_rows_were_loaded_once", "log_repeats", "repeated_later_share",
        f"Less than {settings.check_repeated_share:.2%} of the log's rows are there again among "
        "rows that were written later (var check_repeated_share).",
        "A part of the log was loaded twice, and all counts of that time are too high: load it "
        "again.",
        most=settings.check_repeated_share,
    )  # fmt: skip
    yield _of(
        "log_rows_seldom_repeat", "log_repeats", "repeated_share",
        f"Less than {settings.quality_warn_share:.0%} of the log's rows are equal to another "
        "(var quality_warn_share).",
        "The log was loaded twice, or a join doubled it: load it again.",
        most=settings.quality_warn_share,
    )  # fmt: skip
    yield Expected(
        name="tables_reach_their_last_id",
        suite=_SUITE,
        subject="ids",
        severity="warning",
        meaning=f"No table lacks more than {settings.check_lost_ids} of the ids that were given "
        "last (var check_lost_ids).",
        action="The newest rows are missing: load the table again, unless they were deleted.",
        kind=suites.BETWEEN,
        arguments={"column": "lost_count", "max_value": settings.check_lost_ids},
    )
    yield Expected(
        name="log_reaches_its_last_id",
        suite=_SUITE,
        subject="ids of the log",
        severity="critical",
        meaning="The newest rows of the log are there, up to the last id that was given.",
        action="The log was cut at its end: load it again.",
        kind=suites.BETWEEN,
        arguments={"column": "lost_count", "max_value": settings.check_lost_ids},
    )


def _against_tables(settings: Settings) -> Iterator[Expected]:
    share = settings.quality_warn_share
    yield _of(
        "log_agrees_with_the_clock_of_tables", "log_clock", "median_minutes_apart",
        f"What the log and a table both tell happened within {settings.check_clock_minutes} "
        "minutes (var check_clock_minutes).",
        "One of the two was written or loaded in another time zone: load it again.",
        least=-settings.check_clock_minutes, most=settings.check_clock_minutes,
    )  # fmt: skip
    yield _of(
        "what_the_log_names_is_there", "log_objects", "gone_share",
        f"Of what the log tells to be made and not deleted, less than {share:.0%} is gone "
        "(var quality_warn_share).",
        "Rows of that table are missing: load it again.",
        most=share,
    )  # fmt: skip
    yield _of(
        "what_is_there_is_in_the_log", "log_coverage", "unlogged_share",
        f"Of the posts and attempts of a week, less than {share:.0%} are unknown to the log "
        "(var quality_warn_share).",
        "Rows of the log are missing in that week: load it again.",
        most=share,
    )  # fmt: skip
    yield _of(
        "tables_do_not_outlast_the_log", "all times", "late_share",
        f"Less than {settings.stray_share:.0%} of a table's times lie more than "
        f"{settings.check_ahead_days} days after the log's end (vars stray_share and "
        "check_ahead_days).",
        "The log was cut at its end, or is older than the tables: load it again.",
        most=settings.stray_share,
    )  # fmt: skip


def _events(settings: Settings) -> Iterator[Expected]:
    yield _of(
        "log_event_names_are_known", "log_events", "unknown_share",
        "The seed event_types knows the names of events (var unknown_event_warn_share).",
        "Add the names to seeds/event_types.csv, so that nothing automatic counts as a person's "
        "act.",
        most=settings.unknown_event_warn_share, severity="warning",
    )  # fmt: skip
    yield _of(
        "log_events_are_mostly_known", "log_events", "all_unknown_share",
        f"Less than {settings.quality_warn_share:.0%} of the log's rows have an event name that "
        "the seed event_types does not know (var quality_warn_share).",
        "Add the names to seeds/event_types.csv; if a job floods the log, stop it.",
        most=settings.quality_warn_share,
    )  # fmt: skip


def links(settings: Settings, source: Source) -> Iterator[Expected]:
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
            where {column} > 0 group by {column}) as named
        where not exists (select 1 from {user} as users where users.id = named.id)
        """.replace("{column}", column),
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
            LOG: ["contextid", "contextlevel", "contextinstanceid", "courseid"],
            "context": ["id", "contextlevel", "instanceid"],
        },
        f"""
        select sum(row_count) as row_count, sum(row_count) filter (where is_odd) as odd_count
        from (
            select named.row_count,
                contexts.contextlevel <> named.contextlevel
                or contexts.instanceid <> named.contextinstanceid
                or (named.contextlevel = 50 and named.courseid > 0
                    and named.courseid <> named.contextinstanceid) as is_odd
            from (select contextid, contextlevel, contextinstanceid, courseid,
                    count(*) as row_count from {{log}}
                where contextid > 0
                group by contextid, contextlevel, contextinstanceid, courseid) as named
            inner join {{context}} as contexts on named.contextid = contexts.id
        ) as compared
        having sum(row_count) filter (where is_odd) > {settings.stray_share} * sum(row_count)
        """,
        "The level, instance and course of the log's rows are those of their context.",
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
