"""OULAD as a site goes through load and build, and keeps its counts."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import SHARED_DATA, dbt_paths, drop_database, run
from handmade_oulad import count_rows, tables, write
from moodle_analytics import build, database, load
from moodle_analytics.benchmark.writing import write_dump

NAME = "oulad small"


@pytest.fixture(scope="module")
def built(
    server: database.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[database.Server]:
    """The small site, loaded and built once."""
    folder = tmp_path_factory.mktemp("oulad")
    write_dump(write(folder / "csv", tables()), folder / "oulad.sql.gz")
    place = replace(server, database=NAME)
    loaded = load.load(str(folder / "oulad.sql.gz"), place)
    assert (loaded.facts.learners, loaded.facts.courses) == (7, 3)
    assert loaded.facts.absent == {}
    summary = build.build(build.Target(place), arguments=dbt_paths(tmp_path_factory.mktemp("dbt")))
    assert summary.faults == []
    yield place
    drop_database(server, NAME)


@pytest.mark.database
def test_the_marts_say_what_the_files_say(built: database.Server) -> None:
    def rows(query: str) -> list[tuple[object, ...]]:
        return run(built, NAME, query)

    learner = "learner_id - 10000000"
    assert rows(
        f"select {learner}, enrolment_period_count, is_current "
        "from intermediate.int_learner_courses where course_id = 2 order by 1"
    ) == [(1, 1, True), (2, 1, True), (3, 3, False), (4, 1, True), (5, 1, False), (6, 1, False)]
    assert rows(
        f"select {learner}, submission_state from marts.fct_submissions "
        "where course_id = 2 and activity_name = 'TMA 1' and learner_id < 10000004 order by 1"
    ) == [(1, "on_time"), (2, "late"), (3, "missing")]
    # Day 33 is in week 5: marked then, 80 of 100; the quiz of week 6 brings the mean to 0.675.
    assert rows(
        "select course_week, graded_item_count, round(grade_mean_share, 3)::text "
        "from marts.fct_weekly_performance where course_id = 2 and learner_id = 10000001 "
        "and course_week between 4 and 6 order by 1"
    ) == [(4, 0, None), (5, 1, "0.800"), (6, 2, "0.675")]
    assert rows(
        f"select distinct course_id, {learner} from marts.fct_weekly_performance "
        "where is_course_completed order by 1, 2"
    ) == [(2, 1), (2, 4), (3, 2), (3, 7), (4, 9), (4, 10), (4, 12)]
    # Weeks 1 and 2: two views of day 0, one of day 7.
    assert rows(
        "select course_week, event_count from marts.fct_weekly_engagement "
        "where course_id = 2 and learner_id = 10000001 and course_week <= 2 order by 1"
    ) == [(1, 2), (2, 1)]
    assert rows(
        "select count(*) from marts.fct_grades where learner_id = 10000004 and is_counted"
    ) == [(0,)]


def test_the_shared_part_keeps_its_counts(tmp_path: Path) -> None:
    folder = SHARED_DATA / "oulad"
    if not folder.exists():
        pytest.skip(f"the shared part of OULAD is not at {folder}")
    mapped = write_dump(folder, tmp_path / "oulad.sql.gz")
    names = {one.name for one in mapped.presentations}

    def lines(name: str) -> list[dict[str, str]]:
        with gzip.open(folder / f"{name}.csv.gz", "rt") as file:
            return [
                row | {"name": f"{row.get('code_module')} {row.get('code_presentation')}"}
                for row in csv.DictReader(file)
            ]

    with gzip.open(folder / "studentVle.csv.gz", "rt") as file:
        next(file)
        clicks = Counter(" ".join(line.split(",")[:2]) for line in file)
    learners = Counter(row["name"] for row in lines("studentInfo") if row["name"] in names)
    assert names == set(clicks)
    assert {one.name: one.clicks for one in mapped.presentations} == clicks
    assert {one.name: one.learners for one in mapped.presentations} == learners
    rows = count_rows(tmp_path / "oulad.sql.gz")
    assert rows["course_module_viewed"] + rows["course_viewed"] == sum(clicks.values())
    stays = [
        row
        for row in lines("studentRegistration")
        if row["name"] in names and not row["date_unregistration"]
    ]
    assert rows["user_enrolments"] == len(stays)
    kinds = {
        row["id_assessment"]: row["assessment_type"]
        for row in lines("assessments")
        if row["name"] in names
    }
    handed_in = Counter(
        kinds[row["id_assessment"]]
        for row in lines("studentAssessment")
        if row["id_assessment"] in kinds and row["is_banked"] == "False"
    )
    assert rows["assign_submission"] == handed_in["TMA"]
    assert rows["quiz_attempts"] == handed_in["CMA"]
