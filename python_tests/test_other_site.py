"""Another site than the shared dump: every oddity, held cell by cell against plain Python."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

import handmade
import moodle_tables
from conftest import SHARED_DATA, drop_database, run
from moodle_analytics import build, database
from oracle import Oracle
from oracle_weeks import (
    RANKED,
    Facts,
    Key,
    ranks,
    session_rows,
    weekly_engagement,
    weekly_learners,
)

pytestmark = pytest.mark.database

NAME = "other site"
MARTS = (
    "dim_weeks", "dim_learners", "dim_courses", "dim_activities", "fct_sessions",
    "fct_weekly_engagement", "fct_weekly_learners",
)  # fmt: skip
WEEKLY = "learner_id, course_id, week_start"
# The marts round to two or four places.
TOLERANCE = {"weekend_share": 0.0001, "night_share": 0.0001}


class Built:
    """The site after a build: what the marts hold, and the summary."""

    def __init__(self, server: database.Server) -> None:
        self.server = replace(server, database=NAME)
        self.summary = build.build(
            build.Target(self.server),
            timezone=moodle_tables.ZONE,
            arguments=["--vars", "{expose_pii: true}"],
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return run(self.server, NAME, query)

    def table(self, keys: str, relation: str, columns: list[str]) -> dict[Key, Facts]:
        """Read a relation as key -> column -> value; `keys` are SQL expressions."""
        count = len(keys.split(", "))
        found = self.rows(f"select {keys}, {', '.join(columns)} from {relation}")
        table = {row[:count]: dict(zip(columns, row[count:], strict=True)) for row in found}
        assert len(table) == len(found), f"{relation} has more than one row for a key"
        return table

    def hashes(self) -> dict[str, str]:
        query = "select coalesce(md5(string_agg(t::text, e'\\n' order by t::text)), '') from {} t"
        marts = {name: f"marts.{name}" for name in MARTS}
        return {name: str(self.rows(query.format(place))[0][0]) for name, place in marts.items()}


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle(handmade.make_site())


@pytest.fixture(scope="module")
def site(server: database.Server) -> Iterator[database.Server]:
    run(server, "postgres", f'create database "{NAME}" template template0')
    run(server, NAME, handmade.make_site().sql())
    yield server
    drop_database(server, NAME)


@pytest.fixture(scope="module")
def built(site: database.Server) -> Built:
    return Built(site)


def assert_same(expected: Mapping[Key, Facts], found: Mapping[Key, Facts]) -> None:
    """Fail with one line for each differing cell, and the number of them by column."""
    lines = [f"{key}: missing" for key in expected.keys() - found.keys()]
    lines += [f"{key}: too many: {found[key]}" for key in found.keys() - expected.keys()]
    columns = Counter(["row"] * len(lines))
    for key in expected.keys() & found.keys():
        for column, value in expected[key].items():
            if not _same(value, found[key][column], TOLERANCE.get(column, 0.01)):
                shown = float(value) if isinstance(value, Fraction) else value
                lines.append(f"{key} {column}: expected {shown}, found {found[key][column]}")
                columns[column] += 1
    lines.sort()
    assert not lines, "\n".join([f"{len(lines)} differences: {dict(columns)}", *lines[:60]])


def _same(expected: Any, found: Any, tolerance: float) -> bool:
    if isinstance(expected, Fraction) and isinstance(found, int | Decimal):
        return abs(float(expected) - float(found)) < tolerance
    return bool(expected == found)


def test_columns_are_those_of_moodle_4_1() -> None:
    path = SHARED_DATA / "moodle_schema_by_version.json"
    if not path.exists():
        pytest.skip(f"Moodle's schemas are not at {path}")
    tables = json.loads(path.read_text())["4.1"]
    strange = {
        name: extra
        for name, columns in moodle_tables.COLUMNS.items()
        if name in tables
        and (extra := {c.split(":")[0] for c in columns.split()} - tables[name]["cols"].keys())
    }
    assert not strange


def test_build_is_clean(built: Built) -> None:
    assert built.summary.faults == []


def test_every_log_row_is_counted_or_left_out_for_a_reason(built: Built, oracle: Oracle) -> None:
    expected = Counter((row["eventname"], oracle.reasons[row["id"]]) for row in oracle.log)
    query = "select event_name, left_out_reason, sum(event_count) from intermediate.int_event_days"
    found = {(name, reason): int(n) for name, reason, n in built.rows(query + " group by 1, 2")}
    assert found == dict(expected)


def test_learner_courses(built: Built, oracle: Oracle) -> None:
    expected = {
        pair: {
            "entry_state": oracle.entry_state(*pair),
            "is_current": pair in oracle.current,
            "is_role_inferred": False,
        }
        for pair in oracle.periods
    }
    columns = ["entry_state", "is_current", "is_role_inferred"]
    keys = "learner_id, course_id"
    assert_same(expected, built.table(keys, "intermediate.int_learner_courses", columns))


def test_end_of_former_learners(built: Built) -> None:
    query = """
        select learner_id, unenrolled_at at time zone 'Asia/Beirut'
        from intermediate.int_learner_courses where not is_current
    """
    found = {user: str(moment) for user, moment in built.rows(query)}
    assert found.keys() == {12, 21, 27, 35, 36}
    assert found[12] == "2020-12-09 18:00:00"
    assert found[35] == "2020-11-30 18:00:00"
    assert found[36] == "2020-11-18 18:00:00"
    # Where no unenrolment is told, the last trace: an event, a grade's deletion, the course's.
    assert found[21] <= "2020-11-20 12:00:00"
    assert found[27] <= "2020-11-06 12:00:00"


def test_learners(built: Built, oracle: Oracle) -> None:
    found = built.table("learner_id", "marts.dim_learners", ["learner_name", "timezone"])
    assert {key[0] for key in found} == oracle.learners
    for user in (10, 24, 26):
        row = oracle.users[user]
        assert found[user,]["learner_name"] == f"{row['firstname']} {row['lastname']}"
    assert found[10,]["timezone"] == moodle_tables.SITE_ZONE
    assert found[11,]["timezone"] == "America/New_York"
    assert found[25,]["timezone"] == "Asia/Tokyo"
    assert found[26,]["timezone"] == moodle_tables.ZONE


def test_deleted_courses_and_activities_are_marked(built: Built) -> None:
    courses = built.rows("select course_id, is_deleted from marts.dim_courses")
    assert dict(courses) == {2: False, 3: False, 4: False, 5: False, 9: True}
    activities = built.rows(
        "select course_module_id from marts.dim_activities where is_deleted order by 1"
    )
    assert [row[0] for row in activities] == [105, 199, 501, 901]


def test_weeks(built: Built, oracle: Oracle) -> None:
    found = built.rows(
        "select week_start, week_label, is_partial_week from marts.dim_weeks where is_observed"
    )
    assert len(found) == 25
    for week, label, partial in found:
        assert label == f"{week:%G-W%V}"
        assert partial == oracle.is_partial(week)
    assert "2020-W53" in {label for _, label, _ in found}


def test_courses_count_their_learners(built: Built, oracle: Oracle) -> None:
    expected: dict[Key, Facts] = {}
    for course in (2, 3, 4, 5, 9):
        pairs = [pair for pair in oracle.periods if pair[1] == course]
        expected[course,] = {
            "learner_count": len(pairs),
            "active_learner_count": sum(oracle.is_active_at_end(*pair) for pair in pairs),
            "started_learner_count": sum(oracle.entry_state(*pair) == "started" for pair in pairs),
            "former_learner_count": sum(pair not in oracle.current for pair in pairs),
        }
    columns = list(expected[2,])
    assert_same(expected, built.table("course_id", "marts.dim_courses", columns))


def test_weekly_engagement(built: Built, oracle: Oracle) -> None:
    expected = weekly_engagement(oracle)
    columns = list(next(iter(expected.values())))
    assert_same(expected, built.table(WEEKLY, "marts.fct_weekly_engagement", columns))


def test_ranks_among_active_enrolments(built: Built) -> None:
    own = ["is_active_enrolment", "is_observed", *RANKED]
    rows = built.table(WEEKLY, "marts.fct_weekly_engagement", own)
    expected = ranks(rows)
    columns = ["peer_count", "engagement_index", "engagement_percentile"]
    assert_same(expected, built.table(WEEKLY, "marts.fct_weekly_engagement", columns))


def test_weekly_learners(built: Built, oracle: Oracle) -> None:
    expected = weekly_learners(oracle)
    columns = list(next(iter(expected.values())))
    keys = "learner_id, week_start"
    assert_same(expected, built.table(keys, "marts.fct_weekly_learners", columns))


def test_sessions(built: Built, oracle: Oracle) -> None:
    columns = ["is_quarantined", "course_count", "event_count", "participating_event_count",
               "minutes_low", "minutes_high", "week_start"]  # fmt: skip
    epoch = "extract(epoch from {})::bigint"
    found = built.table(
        f"learner_id, {epoch.format('started_at')}",
        f"(select *, {epoch.format('ended_at')} as ended from marts.fct_sessions) as sessions",
        [*columns, "ended"],
    )
    assert_same(session_rows(oracle), found)


@pytest.mark.parametrize("mart", ["fct_sessions", "fct_weekly_engagement", "fct_weekly_learners"])
def test_central_minutes_are_between_their_bounds(built: Built, mart: str) -> None:
    # The credit of a session's last event is at most half the gap: half way to the upper bound.
    wrong = built.rows(
        f"""
        select * from marts.{mart} where not minutes_central between
        minutes_low - 0.01 and (minutes_low + minutes_high) / 2 + 0.01
        """
    )
    assert wrong == []


def test_again_under_another_clock_is_the_same(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a second build nor the session's time zone changes a cell of a mart."""
    before = built.hashes()
    run(built.server, NAME, f"alter database \"{NAME}\" set timezone = 'Pacific/Auckland'")
    monkeypatch.setenv("PGTZ", "Pacific/Auckland")
    again = Built(built.server)
    monkeypatch.delenv("PGTZ")
    run(built.server, NAME, f'alter database "{NAME}" reset timezone')
    assert again.hashes() == before
