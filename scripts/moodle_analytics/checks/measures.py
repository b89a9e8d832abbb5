"""Measures of Moodle's tables, each from one query: small frames that expectations then judge.

The log is scanned a few times in all, however many expectations look at it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moodle_analytics.checks import catalogue, clocks, rhythm
from moodle_analytics.checks.catalogue import Present
from moodle_analytics.checks.reader import Reader
from moodle_analytics.checks.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    from psycopg2.extensions import connection as Connection  # noqa: N812

LOG = "logstore_standard_log"
# Epoch seconds: before 2000 there was no Moodle, and nothing is planned for after 2100.
BIRTH = 946_684_800
_FAR = 4_102_444_800
_DAY = 86_400
_WEEK = 7 * _DAY
# Below this, a time column holds a flag.
_FLAGS = 1

_OF_THE_LOG = (
    "log_days",
    "log_hours",
    "log_end",
    "log_people",
    "log_order",
    "log_repeats",
    "log_events",
    "log_objects",
    "log_coverage",
    "log_clock",
)
# Tables whose rows the log names by objecttable and objectid when they are made, and of these the
# ones of which it tells changes alone.
_LOGGED = (
    "user",
    "course_modules",
    "course_modules_completion",
    "forum_discussions",
    "forum_posts",
    "grade_items",
    "grade_grades",
    "quiz_attempts",
    "assign_submission",
    "user_enrolments",
    "groups",
    "cohort",
)
_CHANGED = ("course_modules_completion", "grade_grades")
# Columns that tell whether people and places of the log's rows are known.
_PEOPLE = ("action", "crud", "courseid", "contextid")
# Rows that the log tells of when they are made: table, column with that time.
_COVERED = (("forum_posts", "created"), ("quiz_attempts", "timestart"))


@dataclass(frozen=True)
class Source:
    """Moodle's tables: the relations by name, quoted, and the columns that are fit to be read."""

    relations: Mapping[str, str]
    present: Present

    def has(self, table: str, *columns: str) -> bool:
        """Tell whether a table and columns of it are there, of the right type."""
        return table in self.present and set(columns) <= self.present[table].keys()


def possible(source: Source) -> set[str]:
    """Name all measures that could be taken of a site."""
    return {*_OF_THE_LOG, "log_age", "tables", "all times", "ids", "ids of the log"} | {
        f"times of {table}" for table in source.relations
    }


def measure(
    connection: Connection,
    source: Source,
    settings: Settings,
    wanted: Container[str],
    say: Callable[[str], None],
) -> dict[str, pd.DataFrame]:
    """Take the measures that are wanted and that the site has the tables for: frames by name."""
    reader = Reader(connection)
    frames: dict[str, pd.DataFrame] = {}
    now = int(time.time())
    end = now
    if source.has(LOG, "timecreated", "userid", "eventname"):
        say("the log's days and hours")
        hours = reader.frame(_hours(source, now))
        days, start, end = rhythm.days(hours, settings)
        frames["log_days"] = days
        frames["log_end"] = rhythm.end(hours, start, end, now)
        if source.has(LOG, *_PEOPLE):
            frames["log_people"] = rhythm.people(hours, settings)
        if now - end < settings.check_dump_days * _DAY:
            frames["log_age"] = frames["log_end"]
        if "log_hours" in wanted:
            frames["log_hours"] = rhythm.shifts(hours, settings)
        for name, query in _log_queries(source, settings, start, end).items():
            if name in wanted:
                say(name.replace("_", " "))
                frames[name] = reader.frame(query)
        if "log_events" in frames:
            frames["log_events"] = rhythm.known_events(
                frames["log_events"], catalogue.event_names()
            )
    latest = end + settings.check_ahead_days * _DAY
    for table in source.relations:
        if f"times of {table}" in wanted or "all times" in wanted:
            say(f"times in {table}")
            frame = _times(reader, source, table, now, latest)
            if frame is not None:
                frames[f"times of {table}"] = frame
    frames["all times"] = _together(frames)
    if "ids" in wanted or "ids of the log" in wanted:
        frames["ids"] = _ids(reader, source)
        frames["ids of the log"] = frames["ids"][frames["ids"]["table_name"] == LOG]
    return frames


def log_end(
    connection: Connection, source: Source, settings: Settings, frames: Mapping[str, pd.DataFrame]
) -> int | None:
    """Give the end of the log in epoch seconds, without rows far after all others; None without.

    Taken from `frames` where it was measured already.
    """
    if "log_end" in frames:
        return int(frames["log_end"]["ends_at"].iloc[0])
    if not source.has(LOG, "timecreated", "userid"):
        return None
    hours = Reader(connection).frame(_hours(source, int(time.time())))
    return rhythm.days(hours, settings)[2] or None


def _together(frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Put the times of all tables into one frame."""
    import pandas as pd

    prefix = "times of "
    parts = [
        frame.assign(table_name=name.removeprefix(prefix))
        for name, frame in frames.items()
        if name.startswith(prefix)
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"late_share": []})


def _hours(source: Source, now: int) -> str:
    """Rows and people's views by hour; impossible times are left to another measure."""
    views = "and action = 'viewed'" if source.has(LOG, "action") else ""
    people = ""
    if source.has(LOG, *_PEOPLE):
        # On the site's own pages (course 1) visitors without an account may be seen.
        people = """,
            count(*) filter (where courseid > 1 and crud = 'r') as read_count,
            count(*) filter (where courseid > 1 and crud = 'r' and userid = 0) as nobody_count,
            count(*) filter (where courseid > 1 and userid > 0) as person_count,
            count(*) filter (where courseid > 1 and userid > 0 and coalesce(contextid, 0) = 0)
                as placeless_count"""
    return f"""
        select floor(timecreated / 3600.0)::bigint as hour, count(*) as row_count,
            count(*) filter (where userid > 0 {views}) as view_count{people}
        from {source.relations[LOG]}
        where timecreated between {BIRTH} and {now + _DAY}
        group by 1
        order by 1
    """


def _order(source: Source, settings: Settings) -> str:
    """Setbacks: a row and the two after it are all earlier than the three before them.

    A single row with an odd time is none. People's views alone are looked at: what scripts and
    restored courses write may rightly bear an older time.
    """
    seen = ["userid > 0"]
    seen += ["origin is distinct from 'restore'"] if source.has(LOG, "origin") else []
    seen += ["action = 'viewed'"] if source.has(LOG, "action") else []
    return f"""
        with neighbours as (
            select lag(id, 3) over ids as id_far_before,
                min(timecreated) over (ids rows between 3 preceding and 1 preceding) as before,
                max(timecreated) over (ids rows between current row and 2 following) as after
            from {source.relations[LOG]}
            where {" and ".join(seen)}
            window ids as (order by id)
        ),
        holes as (
            select max(hole) as hole
            from (select id - lag(id) over (order by id) - 1 as hole
                from {source.relations[LOG]}) as all_holes
        )
        select count(*) as row_count,
            count(*) filter (where id_far_before is not null
                and before - after > {60 * settings.check_clock_minutes}) as setback_count,
            coalesce(max(before - after) filter (where id_far_before is not null), 0) / 3600.0
                as longest_setback_hours,
            (select coalesce(max(hole), 0) from holes) as largest_hole_count
        from neighbours
    """


def _repeats(source: Source) -> str:
    """Rows equal in all but their id; far ones were not written together.

    They are compared by a hash, which is many times as fast as by their columns.
    """
    columns = [name for name in source.present[LOG] if name not in ("id", "ip")]
    return f"""
        with equal as (
            select count(*) as row_count, max(id) - min(id) as distance
            from {source.relations[LOG]}
            group by timecreated, hash_record_extended(row({", ".join(columns)}), 0)
        )
        select coalesce(sum(row_count), 0)::bigint as row_count,
            (coalesce(sum(row_count - 1), 0) / greatest(sum(row_count), 1))::float
                as repeated_share,
            (coalesce(sum(row_count - 1) filter (where distance > 50), 0)
                / greatest(sum(row_count), 1))::float as repeated_later_share
        from equal
    """


def _log_queries(source: Source, settings: Settings, start: int, end: int) -> dict[str, str]:
    """Give the queries of the log's measures, as far as its columns and other tables are there."""
    found = {
        "log_order": _order(source, settings),
        "log_repeats": _repeats(source),
        "log_events": f"select eventname, count(*) as row_count from {source.relations[LOG]} "
        "group by eventname",
    }
    if source.has(LOG, "objecttable", "objectid", "crud"):
        logged = [name for name in _LOGGED if name in source.present]
        if logged:
            found["log_objects"] = _objects(source, logged)
        covered = [_coverage(source, *pair, start, end) for pair in _COVERED if source.has(*pair)]
        if covered:
            found["log_coverage"] = " union all ".join(covered) + " order by 1, 2"
    if source.has(LOG, "objectid"):
        clock = clocks.query(source.relations[LOG], dict(source.relations), settings, source.has)
        if clock:
            found["log_clock"] = clock
    return found


def _objects(source: Source, logged: list[str]) -> str:
    """Objects that the log tells to be made or changed, and not to be deleted, by table."""
    names = ", ".join(f"'{name}'" for name in logged)
    changed = ", ".join(f"'{name}'" for name in _CHANGED)
    is_there = " ".join(
        f"when '{name}' then exists (select 1 from {source.relations[name]} as other "
        "where other.id = named.objectid)"
        for name in logged
    )
    course = ""
    if source.has(LOG, "courseid") and "course" in source.present:
        course = (
            "where coalesce(courseid, 0) = 0 or exists "
            f"(select 1 from {source.relations['course']} as course where course.id = courseid)"
        )
    activity = ""
    if source.has(LOG, "contextlevel", "contextinstanceid") and "course_modules" in source.present:
        activity = (
            "and (max(contextlevel) <> 70 or objecttable = 'course_modules' or exists (select 1 "
            f"from {source.relations['course_modules']} as modules "
            "where modules.id = max(contextinstanceid)))"
        )
    return f"""
        with named as (
            select objecttable, objectid, max(courseid) as courseid
            from {source.relations[LOG]}
            where objecttable in ({names}) and objectid > 0 and crud in ('c', 'u', 'd')
            group by objecttable, objectid
            having not bool_or(crud = 'd')
                and bool_or(crud = 'c' or objecttable in ({changed})) {activity}
        ),
        found as (
            select objecttable, case objecttable {is_there} end as is_there
            from named
            {course}
        )
        select objecttable, count(*) as named_count,
            count(*) filter (where not is_there) as gone_count,
            (count(*) filter (where not is_there))::float / count(*) as gone_share
        from found
        group by objecttable
        order by objecttable
    """


def _coverage(source: Source, table: str, column: str, start: int, end: int) -> str:
    """Rows of a table that the log does not tell of, by week, while there is a log."""
    return f"""
        select '{table}' as table_name,
            date(to_timestamp(floor({column} / {_WEEK}.0) * {_WEEK})) as week_from,
            count(*) as row_count,
            (count(*) filter (where not exists (
                select 1 from {source.relations[LOG]} as log
                where log.objecttable = '{table}' and log.objectid = rows.id
                    and log.crud in ('c', 'u')
            )))::float / count(*) as unlogged_share
        from {source.relations[table]} as rows
        where {column} between {start} and {end}
        group by 1, 2
        having count(*) >= 5
    """


def _times(
    reader: Reader, source: Source, table: str, now: int, latest: int
) -> pd.DataFrame | None:
    """Count the impossible and the late times of a table, by column; None where it has none."""
    rules = catalogue.rules("sources")
    columns = [
        name
        for name, column in catalogue.source_tables()[table].items()
        if column.is_time and name in source.present[table]
    ]
    if not columns:
        return None
    parts = []
    for name in columns:
        is_plan = f"{table}.{name}" in rules["plans"]
        is_stamp = f"{table}.{name}" in rules["stamped"]
        limit = _FAR if is_plan else now + _DAY
        late = "false" if is_plan else f"{name} > {latest} and {name} <= {limit}"
        parts.append(
            f"(array['{name}', count(*)::text, "
            f"(count(*) filter (where {name} < 0 or {name} > {limit} "
            f"or ({name} > {_FLAGS} and {name} < {BIRTH})))::text, "
            f"(count(*) filter (where {late}))::text, "
            f"(count(*) filter (where {str(is_stamp).lower()} and coalesce({name}, 0) = 0))::text])"
        )
    return reader.frame(
        "select m[1] as column_name, m[2]::bigint as row_count, m[3]::bigint as impossible_count, "
        "m[4]::bigint as late_count, m[5]::bigint as unset_count, "
        "m[4]::float / greatest(m[2]::bigint, 1) as late_share from ("
        + "select unnest_rows.m from (select "
        + ", ".join(f"{part} as c{number}" for number, part in enumerate(parts))
        + f" from {source.relations[table]}) as counted, lateral (values "
        + ", ".join(f"(counted.c{number})" for number in range(len(parts)))
        + ") as unnest_rows (m)) as listed"
    )


def _ids(reader: Reader, source: Source) -> pd.DataFrame:
    """Compare the highest id of each table with the last one that its sequence gave.

    Tables whose sequence did not come along, or may not be read, are left out.
    """
    parts = [
        f"select '{table}' as table_name, (select count(*) from {relation}) as row_count, "
        f"(select max(id) from {relation}) as highest_id, "
        f"pg_sequence_last_value(nullif(pg_get_serial_sequence('{_literal(relation)}', 'id'), '')"
        "::regclass) as last_id"
        for table, relation in source.relations.items()
        if source.has(table, "id")
    ]
    query = " union all ".join(parts) or "select '' as table_name, 0 as row_count where false"
    return reader.frame(
        "select *, case when last_id > highest_id then last_id - coalesce(highest_id, 0) else 0 "
        f"end as lost_count from ({query}) as tables where last_id is not null"
        if parts
        else "select '' as table_name, 0 as lost_count where false"
    )


def _literal(text: str) -> str:
    return text.replace("'", "''")
