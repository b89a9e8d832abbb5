"""The public benchmark, from OULAD's files to its figures, on the part of them that is shared.

Expected numbers come from the CSV files themselves, and from figures that others measured on them.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from conftest import SHARED_DATA, drop_database, run
from moodle_analytics import cli, database

pytestmark = pytest.mark.database

NAME = "oulad benchmark"
FILES = SHARED_DATA / "oulad"
TEST = ("AAA", "2014J")
# AUC of a logistic regression on AAA 2014J as others measured it: about 340 learners, +-.03.
REFERENCE = {4: 0.683, 8: 0.767, 12: 0.774, 16: 0.837}
SPREAD = 0.03


@dataclass(frozen=True)
class Benchmark:
    """What the command printed and wrote, on which server."""

    server: database.Server
    printed: str
    found: dict[str, Any]
    page: str

    @property
    def weeks(self) -> dict[int, dict[str, Any]]:
        return {week["week"]: week for week in self.found["weeks"]}


@pytest.fixture(scope="module")
def benchmark(
    server: database.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Benchmark]:
    """Run the whole benchmark once."""
    if not FILES.is_dir():
        pytest.skip(f"the Open University's data are not at {FILES}")
    folder = tmp_path_factory.mktemp("benchmark")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        patch.setenv("DBT_LOG_PATH", str(folder / "logs"))
        outputs = ["--json", str(folder / "found.json"), "--report", str(folder / "found.html")]
        done = CliRunner().invoke(
            cli.app, ["benchmark", "oulad", str(FILES), "--database", NAME, *outputs]
        )
    assert done.exit_code == 0, done.output
    yield Benchmark(
        server,
        done.output,
        json.loads((folder / "found.json").read_text()),
        (folder / "found.html").read_text(),
    )
    drop_database(server, NAME)


def read(name: str) -> list[dict[str, str]]:
    with gzip.open(FILES / f"{name}.csv.gz", "rt") as file:
        return list(csv.DictReader(file))


def of_test(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [row for row in rows if (row["code_module"], row["code_presentation"]) == TEST]


def days_enrolled() -> dict[int, tuple[float, float]]:
    """Day of registration and of leaving of each learner of the test; never left is infinity."""
    return {
        int(row["id_student"]): (
            float(row["date_registration"] or 0),
            float(row["date_unregistration"] or "inf"),
        )
        for row in of_test(read("studentRegistration"))
    }


def test_it_trains_on_what_had_ended_and_judges_on_what_came_later(benchmark: Benchmark) -> None:
    assert benchmark.found["trained_on"] == ["BBB 2013B", "AAA 2013J"]
    assert benchmark.found["test"] == ["AAA 2014J"]
    assert not benchmark.found["is_retrospective"]
    assert "GGG 2014J" in benchmark.found["left_out"]
    assert len(benchmark.found["assumptions"]) >= 5


def test_learners_and_outcomes_of_a_week_are_those_of_the_files(benchmark: Benchmark) -> None:
    days = days_enrolled()
    failed = {
        int(row["id_student"]): row["final_result"] in ("Fail", "Withdrawn")
        for row in of_test(read("studentInfo"))
    }
    for week in (2, 4, 8, 12, 16, 24):
        there = [one for one, (begun, left) in days.items() if begun < 7 * week <= left]
        found = benchmark.weeks[week]
        assert found["n"] == len(there), week
        share = sum(failed[one] for one in there) / len(there)
        assert found["base_rate"] == pytest.approx(share, abs=0.0001), week


def test_who_has_left_is_never_scored(benchmark: Benchmark) -> None:
    scored = run(
        benchmark.server,
        NAME,
        """
        select learner_id - 10000000, course_week from marts.fct_weekly_risk
        inner join marts.dim_courses using (course_id) where course_short_name = 'AAA 2014J'
        """,
    )
    days = days_enrolled()
    assert len(scored) > 10_000
    assert [
        (one, week) for one, week in scored if days[int(str(one))][1] < 7 * int(str(week))
    ] == []


def test_it_is_as_good_as_others_were_on_these_data(benchmark: Benchmark) -> None:
    for week, expected in REFERENCE.items():
        assert benchmark.weeks[week]["auc"] >= expected - SPREAD, week
        # Above this it knows what it cannot know.
        assert benchmark.weeks[week]["auc"] < 0.95, week
    mean = benchmark.found["mean_of_weeks"]
    assert mean["auc_minus_idle_low"] > 0
    assert mean["auc"] > mean["auc_rules"]


def test_a_worse_band_fared_worse_in_every_week(benchmark: Benchmark) -> None:
    for bands in ("bands", "bands_held"):
        compared = 0
        for week, found in benchmark.weeks.items():
            shares = [
                found[bands][band]["share"]
                for band in ("well", "ok", "struggling")
                if band in found[bands]
            ]
            assert shares == sorted(shares), (bands, week)
            compared += len(shares) > 1
        assert compared > 30


def test_rules_of_finished_courses_are_published_without_probability(benchmark: Benchmark) -> None:
    assert run(
        benchmark.server,
        NAME,
        """
        select course_short_name, score_method,
            bool_and((probability is null) = (score_method = 'rules'))
        from marts.fct_weekly_risk inner join marts.dim_courses using (course_id)
        group by 1, 2 order by 1
        """,
    ) == [
        ("AAA 2013J", "rules", True),
        ("AAA 2014J", "model", True),
        ("BBB 2013B", "rules", True),
    ]


def test_the_report_says_it_in_words(benchmark: Benchmark) -> None:
    assert "AAA 2014J" in benchmark.page
    assert "http" not in benchmark.page.replace("http://www.w3.org", "")
    assert "to be judged on" in benchmark.printed


def test_a_database_of_somebody_else_is_not_replaced(
    benchmark: Benchmark, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(benchmark.server, "postgres", f'comment on database "{NAME}" is null')
    monkeypatch.setattr(
        "sys.argv", ["moodle-analytics", "benchmark", "oulad", str(FILES), "--database", NAME]
    )
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert run(benchmark.server, NAME, "select count(*) > 0 from marts.fct_weekly_risk") == [
        (True,)
    ]
