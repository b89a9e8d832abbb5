"""The benchmark of speed: its sums by hand, days that come back as they were, and one small run."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from typer.testing import CliRunner

from conftest import drop_database, run
from moodle_analytics import cli, database, generate
from moodle_analytics.benchmark.speed import builds, log, memory, peers, report
from moodle_analytics.benchmark.speed.measures import (
    Build,
    Bytes,
    History,
    Peer,
    Result,
    bytes_by_model,
    median_by_model,
)
from moodle_analytics.benchmark.speed.run import Asked
from moodle_analytics.build import Target
from moodle_analytics.errors import UserError

NAME = "speed benchmark"
SMALL = generate.Options(learners=20, weeks=4, events=9_000)
MB = 2**20


def build(dbt: float, wall: float = 0.0, **models: float) -> Build:
    return Build(dbt, wall or dbt + 3, models)


def history(reference: list[float], full: list[Build], days: list[Build]) -> History:
    return History(
        rows=1_000,
        weeks=26,
        reference_seconds=reference,
        full=full,
        days=days,
        log=Bytes(table=400 * MB, indexes=100 * MB),
        models={
            "marts.fct_a": Bytes(200 * MB, 40 * MB),
            "marts_build.fct_a": Bytes(30 * MB, 5 * MB),
            "intermediate.int_b": Bytes(100 * MB, 0),
        },
    )


@pytest.fixture
def result() -> Result:
    """Medians: reference 2 s, full 10 s (wall 14 s), day 1 s (wall 4 s), long day 1.2 s."""
    full = [build(11, fct_a=7, int_b=1), build(10, 14, fct_a=6, int_b=2), build(9, fct_a=5)]
    base = history([1.0, 2.0, 9.0], full, [build(1), build(0.5), build(7)])
    long = history([8.0], [build(40)], [build(1.2)])
    return Result(
        machine={
            "cores": 2,
            "memory_gb": 8.0,
            "processor": "none",
            "system": "Linux",
            "load_before": 0.0,
            "postgresql": "15.1",
            "settings": {"work_mem": "4MB"},
            "python": "3.11",
            "dbt": "1.11",
        },
        base=base,
        long=long,
        peers=[Peer("pandas", [3.0, 5.0], 12, 1, MB), Peer("duckdb", skipped="not installed")],
        seed_seconds=1.0,
        checks_seconds=None,
        seconds=99.0,
    )


# Sums


def test_ratios_are_those_of_the_medians(result: Result) -> None:
    assert result.ratios() == {
        "full_ratio": 5.0,
        "increment_share": pytest.approx(0.1),
        "growth_ratio": pytest.approx(1.2),
        # 375 MB in all schemas with indexes, against 400 MB of log without.
        "storage_ratio": 0.9375,
    }
    by_wall = result.ratios(wall=True)
    assert (by_wall["full_ratio"], by_wall["increment_share"]) == (7.0, pytest.approx(4 / 14))


def test_json_has_the_ratios_on_top_and_every_model(result: Result) -> None:
    found = json.loads(json.dumps(result.to_dict()))
    assert found["full_ratio"] == 5.0
    assert found["storage_ratio_to_log_with_indexes"] == 0.75
    assert found["base"]["schema_bytes"] == {
        "marts": 240 * MB,
        "marts_build": 35 * MB,
        "intermediate": 100 * MB,
    }
    assert found["base"]["models"]["fct_a"] == {
        "full_seconds": 6,
        "day_seconds": None,
        "bytes": 275 * MB,
        "index_bytes": 45 * MB,
    }
    assert found["peers"][0] | {"ratio": 2.0, "different_rows": 1} == found["peers"][0]
    assert found["peers"][1] == {"name": "duckdb", "skipped": "not installed"}
    assert replace(result, long=None).to_dict()["growth_ratio"] is None


def test_models_are_told_the_slowest_first_and_0_where_a_run_left_one_out(result: Result) -> None:
    assert list(median_by_model(result.base.full).items()) == [("fct_a", 6), ("int_b", 1)]
    assert bytes_by_model(result.base.models)["int_b"] == Bytes(100 * MB, 0)


def test_what_is_above_its_limit_is_marked(
    result: Result, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    slow = replace(result.base, full=[build(40)])
    report.print_result(replace(result, base=slow))
    printed = capsys.readouterr().out
    lines = {line.split()[1]: line for line in printed.splitlines() if "_ratio" in line}
    assert "20 !" in lines["full_ratio"]
    assert "!" not in lines["storage_ratio"]
    assert "1 of 12 weeks not as ours !" in printed
    assert "not installed" in printed


def test_plot_has_a_bar_for_all_that_was_measured(result: Result, tmp_path: Path) -> None:
    assert [(bar["kind"], bar["label"]) for bar in report.bars(result)] == [
        ("reference", "2.0 s"),
        ("peer", "4.0 s"),
        ("ours", "10.0 s"),
        ("ours", "1.0 s"),
        ("ours", "1.2 s"),
    ]
    written = report.write(result, tmp_path / "new")
    assert [path.name for path in written] == ["bench.json", "bench.svg", "bench.png"]
    assert "10.0 s" in written[1].read_text()
    assert written[2].read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(rows=6_000_000), "--no-long"),
        (Asked(rows=100), "--events is 100"),
    ],
)
def test_sizes_that_cannot_be_made_are_refused(asked: Asked, said: str) -> None:
    with pytest.raises(UserError, match=said):
        asked.options(1 if asked.rows == 100 else 4)


# Builds


def test_what_dbt_took_is_read_from_its_results(tmp_path: Path) -> None:
    rows = [
        ("model.moodle_analytics.fct_a", 1.5, "select 1"),
        ("model.moodle_analytics.int_b", 0.5, None),
        ("operation.moodle_analytics.moodle_analytics-on-run-end-0", 9.0, "select 2"),
    ]
    results = [
        {"unique_id": name, "execution_time": seconds, "compiled_code": query}
        for name, seconds, query in rows
    ]
    written = json.dumps({"elapsed_time": 12.5, "results": results})
    (tmp_path / "run_results.json").write_text(written)
    done = builds._read(tmp_path)
    assert (done.dbt_seconds, done.models) == (12.5, {"fct_a": 1.5, "int_b": 0.5})
    target = Target(task().server)
    assert builds.Dbt(target, {}, tmp_path).queries() == {"fct_a": "select 1"}


def test_a_process_that_is_killed_is_told_in_a_sentence() -> None:
    with pytest.raises(UserError, match="ended from outside"):
        builds.apart(os._exit, 9)
    assert builds.apart(os.path.basename, "a/b") == "b"


# Peers


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def task(zone: str = "UTC") -> peers.Task:
    server = database.Server("nowhere", 1, "nobody", None, None, "nothing", False)
    return peers.Task(server, "mdl_", zone, 1_800, 12 * 3_600, ())


def counted(rows: list[tuple[int, int | None, int]], zone: str = "UTC") -> dict[Any, Any]:
    events = pd.DataFrame(rows, columns=["userid", "courseid", "timecreated"])
    found = peers.count_by_pandas(events, task(zone))
    return {
        (row.learner_id, row.course_id, str(row.week_start.date())): (
            row.event_count,
            row.active_day_count,
            row.session_count,
            round(row.minutes_low, 4),
        )
        for row in found.itertuples()
    }


def test_a_gap_of_thirty_minutes_goes_on_and_a_longer_one_begins_a_session() -> None:
    rows = [
        (7, 2, at("2024-01-09 10:00")),
        (7, 2, at("2024-01-09 10:30")),
        (7, 2, at("2024-01-09 11:00:01")),
        (8, 2, at("2024-01-09 11:00:02")),
    ]
    assert counted(rows) == {
        (7, 2, "2024-01-08"): (3, 1, 2, 30),
        (8, 2, "2024-01-08"): (1, 1, 1, 0),
    }


def test_a_session_over_sunday_midnight_counts_where_it_began() -> None:
    rows = [
        (7, 2, at("2024-01-07 23:50")),
        (7, 2, at("2024-01-08 00:10")),
        (7, None, at("2024-01-08 00:20")),
    ]
    assert counted(rows) == {
        (7, 2, "2024-01-01"): (1, 1, 1, 20),
        (7, 2, "2024-01-08"): (1, 1, 0, 10),
        (7, 1, "2024-01-08"): (1, 1, 1, 0),
    }
    # In Addis Ababa it is Monday already.
    assert counted(rows[:1], "Africa/Addis_Ababa") == {(7, 2, "2024-01-08"): (1, 1, 1, 0)}


def test_sessions_that_are_too_long_are_left_out_of_sums() -> None:
    first = at("2024-01-09 06:00")
    rows = [(7, 2, first + step * 1_800) for step in range(26)]
    assert counted(rows) == {(7, 2, "2024-01-08"): (26, 1, 0, 0)}
    assert counted(rows[:25]) == {(7, 2, "2024-01-08"): (25, 1, 1, 720)}


def test_a_difference_in_any_count_is_found() -> None:
    columns = [*peers.KEYS, *peers.COUNTS]
    week = pd.Timestamp("2024-01-08")
    ours = pd.DataFrame([(7, 2, week, 3, 1, 2, 30.0), (8, 2, week, 1, 1, 1, 0)], columns=columns)
    stranger = pd.DataFrame([(9, 2, week, 5, 1, 1, 0)], columns=columns)
    assert peers.differences(ours, pd.concat([ours, stranger])) == (2, 0)
    for name in peers.COUNTS:
        theirs = ours.assign(**{name: ours[name] + [1, 0]})
        assert peers.differences(ours, theirs) == (2, 1), name
    assert peers.differences(ours, ours.assign(minutes_low=[30.009, 0])) == (2, 0)
    assert peers.differences(ours, ours[:1]) == (2, 1)
    invented = ours[:1].assign(week_start=pd.Timestamp("2024-01-15"))
    assert peers.differences(ours[:1], pd.concat([ours[:1], invented])) == (2, 1)


# Memory


def test_a_family_is_all_that_descends() -> None:
    parents = {2: 1, 3: 2, 4: 3, 5: 1, 6: 9}
    assert memory.family([2], parents) == {2, 3, 4}
    assert memory.family([5, 3], parents) == {5, 3, 4}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc here")
def test_memory_that_is_held_is_seen_and_memory_that_was_freed_is_in_the_peak() -> None:
    before = memory.held([os.getpid()])
    with memory.watched(None) as watch:
        held = bytearray(os.urandom(200 * MB))
        during = memory.held([os.getpid()])
        del held
    assert during - before > 150 * MB
    assert watch.peak_bytes is not None
    assert watch.peak_bytes > 0


# Days


@pytest.fixture
def academy(server: database.Server) -> Any:
    made = replace(server, database=NAME)
    log.take(made, SMALL)
    yield made
    drop_database(server, NAME)


def contents(server: database.Server) -> dict[str, Any]:
    """Count the rows of every table of Moodle's, with a hash of them in any order."""
    names = [
        name
        for (name,) in run(
            server,
            server.database,
            "select tablename from pg_tables where schemaname = 'public'",
        )
    ]
    query = " union all ".join(
        f"select '{name}', count(*), sum(hashtextextended(t::text, 0)) from \"{name}\" as t"
        for name in names
    )
    return {str(row[0]): row[1:] for row in run(server, server.database, query)}


@pytest.mark.database
def test_days_are_whole_come_back_in_order_and_leave_all_as_it_was(
    academy: database.Server,
) -> None:
    before = contents(academy)
    (last,) = run(academy, NAME, "select max(timecreated) from mdl_logstore_standard_log")[0]
    expected = [
        run(
            academy,
            NAME,
            "select count(*) from mdl_logstore_standard_log "
            f"where timecreated > {last} - {back} * 86400 "
            f"and timecreated <= {last} - {back - 1} * 86400",
        )[0][0]
        for back in (2, 1)
    ]
    log.hold_back(academy, "mdl_", 2)
    held = contents(academy)
    assert all(expected)
    assert before["mdl_logstore_standard_log"][0] - held["mdl_logstore_standard_log"][0] == sum(
        expected
    )
    latest = run(
        academy,
        NAME,
        "select (select max(timecreated) from mdl_logstore_standard_log), "
        "(select max(timemodified) from mdl_course_modules_completion)",
    )[0]
    assert max(latest) <= last - 2 * 86_400
    assert [log.give(academy, "mdl_", day) for day in (1, 2)] == expected
    assert contents(academy) == before


@pytest.mark.database
def test_after_a_benchmark_that_was_killed_the_log_is_whole_again(
    academy: database.Server,
) -> None:
    before = contents(academy)
    log.hold_back(academy, "mdl_", 1)
    run(academy, NAME, "create schema marts; create table marts.left_over (id int)")
    assert log.take(academy, SMALL) is False
    assert contents(academy) == before
    assert run(academy, NAME, "select to_regclass('marts.left_over')") == [(None,)]
    assert log.take(academy, replace(SMALL, seed=2)) is True
    assert contents(academy) != before


@pytest.mark.database
def test_more_days_than_the_log_has_are_refused_and_nothing_is_taken(
    academy: database.Server,
) -> None:
    before = contents(academy)
    with pytest.raises(UserError, match="fewer than 40 days"):
        log.hold_back(academy, "mdl_", 40)
    assert contents(academy) == before


# The whole


@pytest.mark.slow
@pytest.mark.database
def test_a_small_run_writes_its_measures_and_leaves_no_database(
    server: database.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    size = ["--rows", "9000", "--learners", "20", "--weeks", "4", "--repeats", "1"]
    less = ["--no-long", "--no-checks", "--explain"]
    done = CliRunner().invoke(
        cli.app,
        ["benchmark", "speed", *size, *less, "--database", NAME, "--to", str(tmp_path)],
    )
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "bench.json").read_text())
    assert found["full_ratio"] > 0
    assert found["growth_ratio"] is None
    assert 0 < found["increment_share"] < 2
    assert found["base"]["rows"] == 9_000
    assert found["base"]["models"]["fct_weekly_engagement"]["bytes"] > 0
    assert found["base"]["models"]["fct_weekly_engagement"]["full_seconds"] > 0
    measured = {peer["name"]: peer for peer in found["peers"]}
    assert measured["pandas"]["compared_rows"] > 20
    assert measured["pandas"]["different_rows"] == 0
    if peers.missing("duckdb") is None:
        assert measured["duckdb"]["different_rows"] == 0
        assert measured["duckdb"]["compared_rows"] == measured["pandas"]["compared_rows"]
    assert done.output.count("Execution Time") == 3
    there = run(server, "postgres", f"select 1 from pg_database where datname like '{NAME}%'")
    assert there == []
