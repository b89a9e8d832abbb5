"""The log against the tables that tell of the same: the time of it, and whose doing it was."""

from __future__ import annotations

from collections.abc import Callable

from moodle_analytics.checks.settings import Settings

_WEEK = 7 * 86_400
# Events whose time stands in a table as well: event, table, column with the time, column with the
# person where that is the log's userid, and whether it tells a change, so that the last one counts.
CLOCKS = (
    (r"\mod_forum\event\post_created", "forum_posts", "created", "userid", False),
    (r"\mod_quiz\event\attempt_started", "quiz_attempts", "timestart", "userid", False),
    (r"\core\event\user_enrolment_created", "user_enrolments", "timecreated", "", False),
    (r"\mod_assign\event\assessable_submitted", "assign_submission", "timemodified", "", True),
    (
        r"\core\event\course_module_completion_updated",
        "course_modules_completion",
        "timemodified",
        "",
        True,
    ),
)


def query(
    log: str, relations: dict[str, str], settings: Settings, has: Callable[..., bool]
) -> str | None:
    """Give the query of how far log and tables are apart by week; None without such tables.

    The log is read once, for the last row of each object and event.
    """
    there = [
        (event, table, column, person if has(table, person) else "", is_change)
        for event, table, column, person, is_change in CLOCKS
        if has(table, "id", column)
    ]
    if not there:
        return None
    events = ", ".join(f"'{event}'" for event, *_ in there)
    parts = " union all ".join(
        _part(event, relations[table], f"{column} of {table}", column, person, is_change, settings)
        for event, table, column, person, is_change in there
    )
    return f"""
        with told as materialized (
            select eventname, objectid, max(timecreated) as timecreated, max(userid) as userid
            from {log}
            where eventname in ({events}) and objectid > 0
            group by eventname, objectid
        )
        {parts}
        order by 1, 2
    """


def _part(
    event: str,
    relation: str,
    name: str,
    column: str,
    person: str,
    is_change: bool,
    settings: Settings,
) -> str:
    median = (
        f"(percentile_disc(0.5) within group (order by told.timecreated - other.{column}))::float"
        " / 60"
    )
    others = "null::float"
    if person:
        others = f"(count(*) filter (where told.userid <> other.{person}))::float / count(*)"
    return f"""
        select '{name}' as clock,
            date(to_timestamp(floor(told.timecreated / {_WEEK}.0) * {_WEEK})) as week_from,
            count(*) as pair_count,
            (count(*) filter (where abs(told.timecreated - other.{column})
                > {60 * settings.check_clock_minutes}))::float / count(*) as apart_share,
            {"null::float" if is_change else median} as median_minutes_apart,
            {median if is_change else "null::float"} as median_change_minutes_apart,
            {others} as other_person_share
        from told
        inner join {relation} as other on told.objectid = other.id
        where told.eventname = '{event}' and other.{column} > 0
        group by 1, 2
        having count(*) >= 5
    """
