"""The same weekly counts by programs that a user would reach for instead, held against the marts.

Each reads the log from the same server and gives, per learner, course and week: events, days with
one, sessions (a gap of more than session_gap_minutes begins a new one, those of more than
session_max_hours are left out) and minutes between their events. They are told what they could not
know: which events no person wrote, and who learns where. They leave out the rest of the marts:
weeks without activity, kinds of events, bounds of minutes, regularity, ranks, deadlines, grades,
status, all checks, and the next day's increment, for which they begin anew.
"""

from __future__ import annotations

import csv
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moodle_analytics import build, database
from moodle_analytics.benchmark.speed.builds import apart
from moodle_analytics.benchmark.speed.log import MOODLE_SCHEMA
from moodle_analytics.benchmark.speed.measures import Peer
from moodle_analytics.schemas import Schemas

if TYPE_CHECKING:
    import pandas as pd

KEYS = ["learner_id", "course_id", "week_start"]
COUNTS = ["event_count", "active_day_count", "session_count", "minutes_low"]
_SECONDS_A_DAY = 86_400
_EXTENSION = "duckdb_extension_postgres_scanner"


@dataclass(frozen=True)
class Task:
    """What a peer is told: the server, Moodle's prefix, and the definitions of the marts."""

    server: database.Server
    prefix: str
    zone: str
    gap_seconds: int
    session_max_seconds: int
    automatic_events: tuple[str, ...]


@dataclass(frozen=True)
class _Try:
    seconds: float
    compared_rows: int
    different_rows: int
    peak_bytes: int


def task(server: database.Server, prefix: str, zone: str) -> Task:
    """Take the definitions from where the marts have them: dbt's vars and the seed of events."""
    values = build.default_vars()
    seed = build.project_dir() / "seeds" / "event_types.csv"
    with seed.open(encoding="utf-8", newline="") as file:
        automatic = [
            row["event_name"] for row in csv.DictReader(file) if row["is_automatic"] == "true"
        ]
    return Task(
        server=server,
        prefix=prefix,
        zone=zone,
        gap_seconds=round(values["session_gap_minutes"] * 60),
        session_max_seconds=round(values["session_max_hours"] * 3600),
        automatic_events=tuple(automatic),
    )


def measure(told: Task, name: str, repeats: int) -> Peer:
    """Let a peer do its task several times, each in a process of its own."""
    if reason := missing(name):
        return Peer(name, skipped=reason)
    tries = [apart(_try, told, name) for _ in range(repeats)]
    return Peer(
        name,
        seconds=[one.seconds for one in tries],
        compared_rows=tries[0].compared_rows,
        different_rows=max(one.different_rows for one in tries),
        peak_bytes=max(one.peak_bytes for one in tries),
    )


def missing(name: str) -> str | None:
    """Say what a peer lacks to run here; None where it can."""
    if name != "duckdb":
        return None
    lacking = [module for module in ("duckdb", _EXTENSION) if find_spec(module) is None]
    if lacking:
        return f"{' and '.join(lacking)} is not installed (pip install 'moodle_analytics[bench]')"
    if not _extension().is_file():
        return f"{_EXTENSION} is for another version of duckdb"
    return None


def weeks_by_pandas(told: Task) -> pd.DataFrame:
    """Count in pandas what `read_sql` gives: only the columns and rows that are needed."""
    import pandas as pd
    from sqlalchemy import create_engine
    from sqlalchemy.engine import URL

    server = told.server
    address = URL.create(
        "postgresql+psycopg2",
        server.user,
        server.password,
        server.host,
        server.port,
        server.database,
        {"sslmode": server.sslmode} if server.sslmode else {},
    )
    log = f'"{MOODLE_SCHEMA}"."{told.prefix}logstore_standard_log"'
    query = (
        f"select userid, courseid, timecreated from {log} "  # noqa: S608
        "where userid > 0 and realuserid is null and anonymous = 0 "
        "and coalesce(origin, '') not in ('cli', 'restore') "
        "and eventname <> all(%(automatic)s) order by userid, timecreated, id"
    )
    engine = create_engine(address)
    with engine.connect() as connection:
        events = pd.read_sql(query, connection, params={"automatic": list(told.automatic_events)})
    engine.dispose()
    return count_by_pandas(events, told)


def count_by_pandas(events: pd.DataFrame, told: Task) -> pd.DataFrame:
    """Count events by learner, course and week; `events` are in the order of learners and time."""
    import pandas as pd

    learner, epoch = events["userid"], events["timecreated"]
    since = epoch.diff()
    is_new = (learner != learner.shift()) | (since > told.gap_seconds)
    moment = pd.to_datetime(epoch, unit="s", utc=True).dt.tz_convert(told.zone)
    day = moment.dt.tz_localize(None).dt.normalize()
    table = pd.DataFrame(
        {
            "learner_id": learner,
            # The site's own pages are course 1, however a row says so.
            "course_id": events["courseid"].fillna(0).astype("int64").replace(0, 1),
            "week_start": day - pd.to_timedelta(day.dt.day_of_week, unit="D"),
            "day": day,
            "session": is_new.cumsum(),
            "seconds": since.where(~is_new).shift(-1).fillna(0),
        }
    )
    length = epoch.groupby(table["session"]).transform("max") - epoch.groupby(
        table["session"]
    ).transform("min")
    weeks = table.groupby(KEYS).agg(
        event_count=("day", "size"), active_day_count=("day", "nunique")
    )
    fine = table[length <= told.session_max_seconds]
    begun = fine.groupby(["learner_id", "course_id", "session"], as_index=False)["week_start"].min()
    weeks["session_count"] = begun.groupby(KEYS).size()
    weeks["minutes_low"] = fine.groupby(KEYS)["seconds"].sum() / 60
    return weeks.fillna(0).reset_index()


def weeks_by_duckdb(told: Task) -> pd.DataFrame:
    """Count in DuckDB, which reads the server's table by its own extension."""
    import duckdb

    with _libpq(told.server), duckdb.connect() as connection:
        connection.execute(f"load '{_extension()}'")
        connection.execute("attach '' as moodle (type postgres, read_only)")
        log = f'moodle."{MOODLE_SCHEMA}"."{told.prefix}logstore_standard_log"'
        values = {
            "zone": told.zone,
            "gap": told.gap_seconds,
            "longest": told.session_max_seconds,
            "automatic": list(told.automatic_events),
        }
        found: pd.DataFrame = connection.execute(_DUCKDB.format(log=log), values).df()
    return found


_PEERS: dict[str, Callable[[Task], Any]] = {"pandas": weeks_by_pandas, "duckdb": weeks_by_duckdb}
_MODULES = {"pandas": ("pandas", "sqlalchemy", "psycopg2"), "duckdb": ("pandas", "duckdb")}
NAMES = tuple(_PEERS)

_DUCKDB = """
with events as (
    select
        id,
        userid as learner_id,
        coalesce(nullif(courseid, 0), 1) as course_id,
        timecreated as epoch,
        cast(to_timestamp(timecreated) at time zone $zone as date) as day
    from {log}
    where userid > 0 and realuserid is null and anonymous = 0
        and coalesce(origin, '') not in ('cli', 'restore')
        and not list_contains($automatic, eventname)
),
gapped as (
    select
        *,
        epoch - lag(epoch) over by_learner as since,
        lead(epoch) over by_learner - epoch as until
    from events
    window by_learner as (partition by learner_id order by epoch, id)
),
numbered as (
    select
        *,
        sum(case when since <= $gap then 0 else 1 end) over (
            partition by learner_id order by epoch, id
        ) as session
    from gapped
),
measured as (
    select
        *,
        cast(date_trunc('week', day) as date) as week_start,
        max(epoch) over by_session - min(epoch) over by_session > $longest as is_too_long
    from numbered
    window by_session as (partition by learner_id, session)
),
begun as (
    select learner_id, course_id, week_start, count(*) as session_count
    from (
        select learner_id, course_id, session, min(week_start) as week_start
        from measured where not is_too_long group by all
    )
    group by all
),
weeks as (
    select
        learner_id,
        course_id,
        week_start,
        count(*) as event_count,
        count(distinct day) as active_day_count,
        coalesce(sum(until) filter (where until <= $gap and not is_too_long), 0) / 60
            as minutes_low
    from measured
    group by all
)
select weeks.*, coalesce(begun.session_count, 0) as session_count
from weeks left join begun using (learner_id, course_id, week_start)
"""


def differences(ours: pd.DataFrame, theirs: pd.DataFrame) -> tuple[int, int]:
    """Give the number of weeks compared, and of those that are not alike in every count.

    Theirs has weeks of people who are no learner of the course; such pairs are no part of ours and
    are left out. Minutes may differ by a rounding.
    """
    import pandas as pd

    pairs = ours[["learner_id", "course_id"]].drop_duplicates()
    both = ours.merge(
        theirs.merge(pairs), on=KEYS, how="outer", suffixes=("", "_theirs"), indicator=True
    )
    is_same = pd.Series(both["_merge"] == "both")
    for name in COUNTS:
        apart_by = (both[name].astype(float) - both[f"{name}_theirs"].astype(float)).abs()
        is_same &= apart_by <= (0.011 if name == "minutes_low" else 0)
    return len(both), int((~is_same).sum())


def _try(told: Task, name: str) -> _Try:
    # What a notebook has loaded long before it counts.
    for module in _MODULES[name]:
        import_module(module)
    began = time.monotonic()
    found = _PEERS[name](told)
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    compared, different = differences(_ours(told.server), found)
    # macOS tells it in bytes, Linux in kilobytes.
    return _Try(seconds, compared, different, peak if sys.platform == "darwin" else peak * 1024)


def _ours(server: database.Server) -> pd.DataFrame:
    """Read the weeks with activity from the marts."""
    import pandas as pd

    columns = ", ".join([*KEYS, *COUNTS])
    query = (
        f'select {columns} from "{Schemas.of(None).marts}".fct_weekly_engagement '  # noqa: S608
        "where event_count > 0"
    )
    with database.connect(server, readonly=True) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        ours = pd.DataFrame(cursor.fetchall(), columns=[*KEYS, *COUNTS])
    ours["week_start"] = pd.to_datetime(ours["week_start"]).astype("datetime64[s]")
    return ours


@contextmanager
def _libpq(server: database.Server) -> Iterator[None]:
    """Name the server in libpq's variables, of this process alone, so that no query holds them."""
    before = dict(os.environ)
    os.environ.update(database.environment(server))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _extension() -> Path:
    """Give the extension's file for the version of duckdb that is installed."""
    from importlib.metadata import version

    found = find_spec(_EXTENSION)
    folders = list(found.submodule_search_locations or []) if found else []
    folder = Path(folders[0]) if folders else Path()
    name = "postgres_scanner.duckdb_extension"
    return folder / "extensions" / f"v{version('duckdb')}" / name
