"""Judging published scores on a database, and the files that tell of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from sklearn.metrics import roc_auc_score

from commands import Command
from early_warning_courses import ask
from moodle_analytics import database, output
from moodle_analytics.early_warning import report
from moodle_analytics.errors import UserError
from outreach_site import is_one_sentence

pytest_plugins = ["early_warning_fixtures"]
pytestmark = pytest.mark.database


def judged(command: Command, folder: Path, *words: str) -> dict[str, Any]:
    result = command("evaluate", "--json", str(folder / "found.json"), *words)
    assert result.code == 0, result.err
    found: dict[str, Any] = json.loads((folder / "found.json").read_text())
    return found


def test_published_scores_are_judged_against_outcomes(
    courses: database.Server, command: Command, tmp_path: Path
) -> None:
    command("train", "--before", "2024-03-01")
    command("score", "--no-refresh")
    ask(
        courses,
        """
        insert into staging.stg_moodle__cohorts values (1, 'even'), (2, 'few');
        insert into staging.stg_moodle__cohort_members
        select 1, learner_id from marts.fct_learner_outcomes where learner_id % 2 = 0;
        insert into staging.stg_moodle__cohort_members values (2, 3001);
        update intermediate.int_learner_week_features set unscored_reason = 'outage'
        where course_id = 3 and course_week = 5;
        """,
    )
    found = judged(command, tmp_path)
    assert (found["version"], found["test"]) == ("model-1", ["<b>Data & 3</b>"])
    assert found["trained_on"] == ["Data 1", "Data 2"]
    assert found["outages"] == {"<b>Data & 3</b>": [5]}
    assert [week["week"] for week in found["weeks"]] == [1, 2, 3, 4, 6]
    assert found["is_retrospective"] is False
    rows = ask(
        courses,
        "select probability::float8, did_not_complete::int from predictions.learner_week_risk "
        "inner join marts.fct_learner_outcomes using (learner_id, course_id) "
        "where course_id = 3 and course_week = 4",
    )
    said, came = zip(*rows, strict=True)
    assert found["weeks"][3]["auc"] == round(roc_auc_score(came, said), 4)
    assert [(row["group"], row["n"]) for row in found["groups"]] == [("even", 60), ("few", None)]


def test_weeks_of_a_running_course_are_not_judged(
    courses: database.Server, command: Command
) -> None:
    command("train")
    ask(courses, "delete from intermediate.int_learner_week_rules where course_id < 4")
    command("score", "--no-refresh")
    result = command("evaluate")
    assert result.code == 2
    assert is_one_sentence(result.err)
    assert "3 finished courses with 360 learners" in result.err
    assert "model-1 was judged on <b>Data & 3</b>, with a mean AUC of" in result.err
    assert command("evaluate", "--version", "model-9").code == 2
    assert "in course 77" in command("evaluate", "--course", "77").err


def test_names_of_courses_are_text_or_absent(
    courses: database.Server, command: Command, tmp_path: Path
) -> None:
    ask(
        courses,
        "update marts.dim_courses set course_short_name = "
        "case course_id when 1 then '007' when 3 then null else course_short_name end",
    )
    assert "007" in command("train", "--before", "2024-03-01").out
    command("score", "--no-refresh")
    found = judged(command, tmp_path)
    assert (found["trained_on"], found["test"]) == (["007", "Data 2"], ["course 3"])


def test_each_reason_not_to_score_has_words() -> None:
    models = Path(__file__).parents[1] / "models/intermediate/early_warning"
    described = yaml.safe_load((models / "_early_warning__models.yml").read_text())["models"]
    columns = next(model for model in described if model["name"] == "int_learner_week_features")
    [column] = [one for one in columns["columns"] if one["name"] == "unscored_reason"]
    [accepted] = column["data_tests"]
    assert set(report.WHY_UNSCORED) == set(accepted["accepted_values"]["arguments"]["values"])


def test_nothing_scored_is_a_sentence(courses: database.Server, command: Command) -> None:
    result = command("evaluate")
    assert (result.code, courses.database) == (2, "courses")
    assert is_one_sentence(result.err)
    assert "run `moodle-analytics score`" in result.err


def test_rules_are_judged_without_probabilities(
    courses: database.Server, command: Command, tmp_path: Path
) -> None:
    command("score", "--no-refresh")
    found = judged(command, tmp_path, "--course", "1")
    assert (found["version"], found["method"], found["test"]) == ("rules", "rules", ["Data 1"])
    assert found["weeks"][0]["brier"] is None
    assert found["weeks"][0]["auc"] is not None
    assert courses.database == "courses"


def test_a_score_with_hindsight_is_called_so(
    courses: database.Server, command: Command, tmp_path: Path
) -> None:
    ask(courses, "update marts.dim_courses set start_at = '2024-02-10' where course_id = 3")
    command("train", "--before", "2024-03-01")
    command("score", "--no-refresh")
    assert judged(command, tmp_path)["is_retrospective"] is True


def test_the_report_is_one_escaped_file(
    courses: database.Server, command: Command, tmp_path: Path
) -> None:
    command("train", "--before", "2024-03-01")
    command("score", "--no-refresh")
    page = tmp_path / "report.html"
    result = command("evaluate", "--report", str(page))
    assert (result.code, courses.database) == (0, "courses")
    assert f"Written: {page}" in result.out.replace("\n", "")
    text = page.read_text()
    assert "&lt;b&gt;Data &amp; 3&lt;/b&gt;" in text
    assert "<b>Data" not in text
    assert text.count("<svg") == 3
    assert "in 10 did not finish" in text
    assert "never that somebody will fail" in text
    assert all(word not in text for word in ("<script", "src=", 'href="http', "NaN", "None"))
    assert list(tmp_path.iterdir()) == [page]


def test_files_that_cannot_be_written_are_said_before_the_work(
    courses: database.Server, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = command("evaluate", "--json", str(tmp_path / "none" / "found.json"))
    assert (result.code, courses.database) == (2, "courses")
    assert is_one_sentence(result.err)
    assert "found.json" in result.err
    kept = tmp_path / "kept.json"
    kept.write_text("before")

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(UserError, match="No space left"):
        output.write({kept: "after"})
    assert kept.read_text() == "before"
    assert list(tmp_path.iterdir()) == [kept]
