"""The dashboards' specification: what a wrong one says, and that it speaks of the real marts."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from moodle_analytics.dashboard import specification
from moodle_analytics.dashboard.specification import Specification

ROOT = Path(__file__).resolve().parents[1]
Values = dict[str, Any]


def written() -> Values:
    text = (files("moodle_analytics.dashboard") / "dashboards.yml").read_text(encoding="utf-8")
    values: Values = yaml.safe_load(text)
    return values


def columns_of_marts() -> Mapping[str, set[str]]:
    """Columns of every mart by its name, as the models' contracts state them."""
    found = {}
    for path in (ROOT / "models" / "marts").rglob("_*__models.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            found[model["name"]] = {column["name"] for column in model["columns"]}
    return found


@pytest.fixture(scope="module")
def dashboards() -> Specification:
    return specification.load()


def test_has_the_six_pages(dashboards: Specification) -> None:
    assert [page.name for page in dashboards.pages] == [
        "cohort_progress",
        "learner",
        "watch_list",
        "content",
        "deadlines",
        "trust",
    ]
    assert all(page.sheets and page.question.endswith("?") for page in dashboards.pages)


def test_reads_only_columns_that_marts_have(dashboards: Specification) -> None:
    columns = columns_of_marts()
    missing = [
        f"{source.table_of(name)}.{name}"
        for source in dashboards.sources.values()
        for name in dashboards.columns_of(source)
        if name not in columns[source.table_of(name)]
    ]
    keys = [
        f"{table}.{key}"
        for source in dashboards.sources.values()
        for join in source.joins
        for table in (source.table, join.table)
        for key in join.keys
        if key not in columns[table]
    ]
    first = [
        f"{first.table}.{name}"
        for filter_ in dashboards.filters.values()
        for first in filter_.first
        for name in (filter_.column, *(by.removeprefix("-") for by in first.by))
        if name not in columns[first.table]
    ]
    assert [*missing, *keys, *first] == []


def test_uses_all_that_it_defines(dashboards: Specification) -> None:
    sheets = list(dashboards.sheets())
    measures = {measure.name for sheet in sheets for measure in dashboards.measures_of(sheet)}
    assert set(dashboards.measures) == measures
    assert set(dashboards.sources) == {sheet.source.name for sheet in sheets}
    assert set(dashboards.palettes) == {sheet.palette for sheet in sheets if sheet.palette}
    assert set(dashboards.filters) == {one.name for sheet in sheets for one in sheet.filters}


def test_has_a_colour_or_words_for_every_code(dashboards: Specification) -> None:
    """The codes are those that the models' own tests accept."""
    accepted = {}
    for name in ("status", "early_warning"):
        path = ROOT / "models" / "marts" / name / f"_{name}__models.yml"
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            for column in model["columns"]:
                for test in column.get("data_tests", []):
                    if isinstance(test, dict) and "accepted_values" in test:
                        arguments = test["accepted_values"]["arguments"]
                        accepted[model["name"], column["name"]] = set(arguments["values"])
    assert accepted["fct_weekly_status", "status"] == set(dashboards.palettes["status"])
    assert accepted["fct_watch_list", "band"] <= set(dashboards.palettes["band"])
    reasons = accepted["fct_weekly_status_reasons", "reason_code"] | {None}
    assert reasons == set(dashboards.labels["reason_1"]) == set(dashboards.labels["reason_2"])


def _mark(values: Values) -> None:
    values["pages"][0]["sheets"][0]["mark"] = "pie"


def _measure(values: Values) -> None:
    values["pages"][0]["sheets"][0]["value"] = "happiness"


def _palette(values: Values) -> None:
    values["pages"][1]["sheets"][0]["palette"] = "rainbow"


def _key(values: Values) -> None:
    values["pages"][0]["sheets"][0]["colour"] = "course_short_name"


def _two_aggregates(values: Values) -> None:
    values["measures"]["learners_now"]["max"] = "learner_count"


def _ratio_of_means(values: Values) -> None:
    values["measures"]["minutes_median"]["over"] = "learner_count"


def _twice(values: Values) -> None:
    values["pages"][0]["sheets"].append(values["pages"][0]["sheets"][0])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_mark, "sheet learners_now: mark pie"),
        (_measure, "sheet learners_now: no measure happiness"),
        (_palette, "sheet learner_status: no palette rainbow"),
        (_key, "sheet learners_now: colour has no meaning there"),
        (_two_aggregates, "measure learners_now: one of"),
        (_ratio_of_means, "measure minutes_median: only sums have a ratio"),
        (_twice, "two sheets are called learners_now"),
    ],
)
def test_a_wrong_one_is_named(damage: Callable[[Values], None], words: str) -> None:
    values = copy.deepcopy(written())
    damage(values)
    with pytest.raises(ValueError, match=words):
        specification.parse(values)
