"""Training and scoring on a database: what is written, what is not, and what is said."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from commands import Command
from early_warning_courses import LEARNERS, WEEKS, arrays, ask, card, made_course
from moodle_analytics import build, database
from moodle_analytics.early_warning import boosting, record, score, store, train
from moodle_analytics.early_warning.settings import FEATURES
from moodle_analytics.errors import UserError
from outreach_site import is_one_sentence

pytest_plugins = ["early_warning_fixtures"]
pytestmark = pytest.mark.database

ROWS = LEARNERS * WEEKS
PUBLISHED = (
    "select model_version, count(*) from predictions.learner_week_risk group by 1 order by 1"
)
EVERYTHING = """
select 'risk', risk.ctid::text, risk.xmin::text, md5(risk::text)
from predictions.learner_week_risk as risk
union all
select 'card', card.ctid::text, card.xmin::text, md5(card::text) from predictions.model_card as card
order by 1, 2
"""


# Training


def test_train_learns_from_finished_courses_and_tells_how_well(
    courses: database.Server, command: Command
) -> None:
    result = command("train")
    assert (result.code, result.err) == (0, "")
    assert "Trained model-1 (logistic regression) on Data 1, Data 2, <b>Data & 3</b>" in result.out
    assert "360 enrolments, 2,160 weeks" in result.out
    assert "Trained on Data 1, Data 2 only, judged on <b>Data & 3</b>" in result.out
    assert "Boosting, the challenger" in result.out
    assert "Next: moodle-analytics score" in result.out
    found = card(courses)
    assert (found["method"], found["algorithm"]) == ("model", "logistic_regression")
    assert (found["label"], found["n_train"], found["n_train_weeks"]) == (
        "did_not_complete",
        3 * LEARNERS,
        3 * ROWS,
    )
    assert found["trained_through"].startswith("2024-05-13")
    assert [course["course_id"] for course in found["training_courses"]] == [1, 2, 3]
    assert found["measures"]["trained_on"] == ["Data 1", "Data 2"]
    assert [week["week"] for week in found["measures"]["weeks"]] == [1, 2, 3, 4, 5, 6]
    assert found["measures"]["mean_of_weeks"]["auc"] > 0.7
    assert found["thresholds"]["struggling"] == 0.6
    assert {"auc_model", "auc_boosting", "low", "high", "adopted"} <= set(found["challenger"])


def test_measures_of_the_card_are_of_a_model_that_never_saw_the_course(
    courses: database.Server, command: Command
) -> None:
    ask(
        courses,
        "insert into staging.stg_moodle__cohorts values (1, 'evening'); "
        "insert into staging.stg_moodle__cohort_members "
        "select 1, 3000 + one from generate_series(0, 39) as one",
    )
    command("train")
    assert [(row["group"], row["n"]) for row in card(courses)["groups"]] == [("evening", 40)]
    said = card(courses)["measures"]["weeks"]
    with record.readable(None) as connection:
        data = train.read_data(connection)
    fitted = train.fit(data.of([1, 2]))
    test = made_course(3)
    for week, part in test.groupby("course_week"):
        expected = roc_auc_score(
            part["did_not_complete"], fitted.probabilities(*arrays(part)[:2]).round(4)
        )
        assert said[int(str(week)) - 1]["auc"] == pytest.approx(expected, abs=1e-4)


def test_before_leaves_out_what_ended_later(courses: database.Server, command: Command) -> None:
    result = command("train", "--before", "2024-02-19", "--min-courses", "1")
    assert (result.code, "1 finished courses (1 needed)" in result.err) == (2, True)
    result = command("train", "--before", "2024-02-20")
    assert result.code == 0
    assert [course["course_id"] for course in card(courses)["training_courses"]] == [1, 2]
    assert "cannot be told" in result.out
    assert card(courses)["measures"]["reason"].endswith("began, no other course had ended")


def test_too_little_is_said_in_a_sentence_and_leaves_nothing(
    courses: database.Server, command: Command
) -> None:
    result = command("train", "--before", "2024-02-13")
    assert result.code == 2
    assert is_one_sentence(result.err)
    assert "1 finished courses (2 needed)" in result.err
    assert "120 learners with a known outcome (200 needed)" in result.err
    assert "rule scores" in result.err
    assert ask(courses, "select 1 from pg_namespace where nspname = 'predictions'") == []


def test_weeks_that_are_not_scored_teach_nothing(
    courses: database.Server, command: Command
) -> None:
    ask(
        courses,
        "update intermediate.int_learner_week_features set unscored_reason = 'left' "
        "where learner_id = 1000 and course_week > 3",
    )
    command("train")
    assert card(courses)["n_train_weeks"] == 3 * ROWS - 3


def test_a_course_with_open_outcomes_is_not_finished(
    courses: database.Server, command: Command
) -> None:
    one = (
        "learner_id = (select min(learner_id) from marts.fct_learner_outcomes where course_id = 3)"
    )
    ask(courses, f"update marts.fct_learner_outcomes set outcome_at = null where {one}")
    command("train")
    assert [course["course_id"] for course in card(courses)["training_courses"]] == [1, 2]


def test_models_not_built_is_a_sentence(courses: database.Server, command: Command) -> None:
    ask(courses, "drop schema intermediate cascade")
    for words in (["train"], ["score", "--no-refresh"]):
        result = command(*words)
        assert result.code == 2
        assert is_one_sentence(result.err)
        assert "moodle-analytics build" in result.err


# Scoring


def test_score_publishes_by_model_and_by_rules(courses: database.Server, command: Command) -> None:
    command("train")
    result = command("score", "--no-refresh")
    assert result.code == 0
    assert "720 by model-1, 2,160 by rules" in result.out
    assert ask(courses, PUBLISHED) == [("model-1", ROWS), ("rules", 3 * ROWS)]
    rows = ask(
        courses,
        "select method, course_id, bool_and(probability is null), bool_and(trained_through is null)"
        ", min(n_train) from predictions.learner_week_risk group by 1, 2 order by 2",
    )
    rules = [("rules", course, True, True, None) for course in (1, 2, 3)]
    assert rows == [*rules, ("model", 4, False, False, 360)]
    bands = ask(
        courses,
        "select band, min(probability), max(probability) from predictions.learner_week_risk "
        "where method = 'model' and course_week > 1 group by 1 order by 2",
    )
    assert [band for band, _, _ in bands] == ["well", "ok", "struggling"]
    assert float(bands[0][2]) < 0.3 <= float(bands[1][1])
    assert float(bands[1][2]) < 0.6 <= float(bands[2][1])
    first = "select distinct band from predictions.learner_week_risk where course_week = 1"
    assert ask(courses, first) == [("too_early",)]


def test_plain_sql_gives_the_published_probabilities(
    courses: database.Server, command: Command
) -> None:
    command("train")
    command("score", "--no-refresh")
    values = ", ".join(f"('{name}', features.{name}::float8)" for name in FEATURES)
    compared = ask(
        courses,
        f"""
        with coefficients as (
            select * from predictions.model_coefficients where model_version = 'model-1'
        ),
        weeks as (
            select features.*, (ln(course_week) - center) / scale as v, week_coefficient as of_week
            from intermediate.int_learner_week_features as features
            cross join coefficients where feature = 'course_week'
        ),
        summed as (
            select features.learner_id, features.week_start,
                (select coefficient from coefficients where feature = 'intercept')
                + max(of_week * v) + sum(
                    (coefficient + week_coefficient * v)
                    * (coalesce(sign(x) * ln(1 + abs(x)), median) - center) / scale
                    + case when x is null then missing_coefficient + missing_week_coefficient * v
                        else 0 end
                ) as log_odds
            from weeks as features
            cross join lateral (values {values}) as given (name, x)
            inner join coefficients on feature = name
            where course_id = 4
            group by 1, 2
        )
        select count(*), max(abs(probability - 1 / (1 + exp(-log_odds)))), stddev(probability)
        from predictions.learner_week_risk
        inner join summed using (learner_id, week_start)
        """,
    )[0]
    assert compared[0] == ROWS
    assert compared[1] <= 0.000051
    assert compared[2] > 0.1


def test_of_a_course_that_never_ends_there_is_no_probability(
    courses: database.Server, command: Command
) -> None:
    ask(courses, "update marts.fct_learner_outcomes set ends_at = null where course_id = 4")
    command("train")
    command("score", "--no-refresh")
    assert ask(courses, PUBLISHED) == [("rules", 4 * ROWS)]


def test_reasons_are_published_with_their_texts(courses: database.Server, command: Command) -> None:
    command("train")
    command("score", "--no-refresh")
    rows = ask(
        courses,
        "select reason_1_code, reason_1_text, reason_1_contribution, reason_2_contribution "
        "from predictions.learner_week_risk where probability > 0.6",
    )
    assert rows
    assert all(text == f"text of {code}" for code, text, _, _ in rows)
    assert all(first > 0 and (second is None or second <= first) for *_, first, second in rows)


def test_a_second_run_adds_nothing_and_changes_nothing(
    courses: database.Server, command: Command
) -> None:
    command("train")
    command("score", "--no-refresh")
    before = ask(courses, EVERYTHING)
    ask(courses, "update intermediate.int_learner_week_features set idle_days = 60")
    result = command("score", "--no-refresh")
    assert "0 by model-1, 0 by rules" in result.out
    assert ask(courses, EVERYTHING) == before


def test_without_a_model_there_are_rules_and_later_the_model_adds_its_own(
    courses: database.Server, command: Command
) -> None:
    assert "2,880 by rules" in command("score", "--no-refresh").out
    assert ask(courses, PUBLISHED) == [("rules", 4 * ROWS)]
    rules = ask(courses, EVERYTHING)
    assert card(courses, "rules")["algorithm"] == "rules"
    command("train")
    command("score", "--no-refresh")
    assert ask(courses, PUBLISHED) == [("model-1", ROWS), ("rules", 4 * ROWS)]
    assert set(rules) <= set(ask(courses, EVERYTHING))


def test_a_course_that_was_scored_keeps_that_when_it_becomes_training_data(
    courses: database.Server, command: Command
) -> None:
    command("train", "--before", "2024-03-01")
    command("score", "--no-refresh")
    command("train")
    command("score", "--no-refresh")
    rows = ask(
        courses,
        "select course_id, string_agg(distinct model_version, ' ' order by model_version) "
        "from predictions.learner_week_risk group by 1 order by 1",
    )
    assert rows == [(1, "rules"), (2, "rules"), (3, "model-1"), (4, "model-1 model-2")]


def test_a_version_can_be_chosen(courses: database.Server, command: Command) -> None:
    command("train", "--before", "2024-03-01")
    command("train")
    assert "1,440 by model-1" in command("score", "--version", "model-1", "--no-refresh").out
    result = command("score", "--version", "model-7", "--no-refresh")
    assert result.code == 2
    assert is_one_sentence(result.err)
    assert "model-2, model-1" in result.err
    result = command("score", "--version", "rules", "--no-refresh")
    assert "0 by rules" in result.out
    assert ask(courses, PUBLISHED) == [("model-1", 2 * ROWS), ("rules", 2 * ROWS)]


def test_weeks_that_must_not_be_scored_are_named_and_left_out(
    courses: database.Server, command: Command
) -> None:
    ask(
        courses,
        """
        update intermediate.int_learner_week_features set unscored_reason = 'left'
        where learner_id = 4000 and course_week > 3;
        update intermediate.int_learner_week_features set unscored_reason = 'outage'
        where course_id = 4 and course_week = 2
        """,
    )
    result = command("score", "--no-refresh")
    assert "120 with far fewer events than usual" in result.out
    assert "3 after leaving the course" in result.out
    assert "Data 4 week 2 (2024-07-08)" in result.out
    missing = ask(
        courses,
        "select count(*), count(*) filter (where learner_id = 4000), max(course_week) filter "
        "(where learner_id = 4000), count(*) filter (where course_week = 2) "
        "from predictions.learner_week_risk where course_id = 4",
    )
    assert missing == [(ROWS - 120 - 3, 2, 3, 0)]


def test_an_error_in_the_middle_leaves_nothing_behind(
    courses: database.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    train.train()
    before = ask(courses, EVERYTHING)
    copy, calls = record.copy_in, []

    def copy_thrice(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 3:
            raise UserError("The power went.")
        copy(*arguments)

    monkeypatch.setattr(score, "_CHUNK_ROWS", 100)
    monkeypatch.setattr(record, "copy_in", copy_thrice)
    with pytest.raises(UserError, match="The power went"):
        score.score()
    assert len(calls) == 3
    assert ask(courses, EVERYTHING) == before
    monkeypatch.setattr(store, "copy_in", copy_thrice)
    calls.clear()
    calls.extend([(), ()])
    with pytest.raises(UserError, match="The power went"):
        train.train()
    assert ask(courses, EVERYTHING) == before


def test_of_two_runs_at_once_the_second_finds_all_done(
    courses: database.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    train.train()
    monkeypatch.setattr(score, "_CHUNK_ROWS", 100)
    added: list[int] = []
    runs = [
        threading.Thread(target=lambda: added.append(sum(score.score().added.values())))
        for _ in range(2)
    ]
    for one in runs:
        one.start()
    for one in runs:
        one.join(60)
    assert sorted(added) == [0, 4 * ROWS]
    assert ask(courses, PUBLISHED) == [("model-1", ROWS), ("rules", 3 * ROWS)]


def test_an_adopted_challenger_is_saved_and_scores(
    courses: database.Server, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    monkeypatch.setattr(train, "challenge", lambda *_: {"adopted": True})
    train.train()
    assert card(courses)["algorithm"] == "boosting"
    with record.readable(None) as connection:
        loaded = store.load_model(connection, "model-1")
        fitted = train.fit(train.read_data(connection), is_boosted=True)
    features, weeks, _ = arrays(made_course(4))
    expected = fitted.probabilities(features, weeks)
    assert loaded.trees is not None
    assert loaded.probabilities(features, weeks) == pytest.approx(expected, abs=1e-12)
    names = {name for (name,) in ask(courses, "select feature from predictions.model_trees")}
    assert names - {None} <= set(boosting.INPUTS)
    command("score", "--no-refresh")
    published = ask(
        courses,
        "select probability::float8 from predictions.learner_week_risk where method = 'model' "
        "order by course_week, learner_id",
    )
    assert np.ravel(published) == pytest.approx(expected, abs=0.000051)


def test_score_brings_the_marts_up_to_date(
    courses: database.Server, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    mart = build.Mart("fct_weekly_risk", 2_880, 1.0)
    summary = build.Summary([mart], [("a_check", "2 rows")], [], 1, 2, "UTC", 1.0)

    def pretend(target: build.Target, words: list[str], **_: Any) -> build.Summary:
        asked.append((target.server.database, words[0], words[-2:]))
        return summary

    monkeypatch.setattr(build, "run_dbt", pretend)
    result = command("score")
    assert result.code == 1
    assert "fct_weekly_risk (2,880 rows); 1 checks failed" in result.out
    assert asked == [(courses.database, "build", ["--select", "stg_predictions__*+"])]

    def refuse(*_: Any, **__: Any) -> build.Summary:
        raise UserError("dbt could not run.")

    monkeypatch.setattr(build, "run_dbt", refuse)
    result = command("score")
    assert result.code == 2
    assert is_one_sentence(result.err)
    assert "The scores are saved, but the marts that show them are not up to date" in result.err
