"""Measures of a score: against scikit-learn, and against values worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from early_warning_courses import made_course
from moodle_analytics.early_warning import judge, measures
from moodle_analytics.early_warning.judgement import Week
from moodle_analytics.early_warning.measures import Ranking
from moodle_analytics.early_warning.settings import Settings

# Outcomes and scores with ties, for measures by hand.
OUTCOMES = np.array([1, 0, 1, 0, 0])
SCORES = np.array([0.9, 0.9, 0.5, 0.5, 0.1])


def counts(weights: Any, outcomes: Any, scores: Any) -> tuple[Any, Any]:
    return Ranking(scores).counts(np.asarray(weights, dtype=float), outcomes)


def ones(rows: int) -> Any:
    return np.ones((1, rows))


def many(rows: int = 300) -> tuple[Any, Any]:
    """Outcomes and scores of which many are equal."""
    random = np.random.default_rng(3)
    outcomes = random.integers(0, 2, rows)
    return outcomes, ((outcomes + random.normal(size=rows) * 2) / 10 + 0.4).clip(0, 1).round(2)


def frame_of(**columns: Any) -> pd.DataFrame:
    count = len(columns["did_not_complete"])
    given = {
        "learner_id": np.arange(count),
        "course_id": 1,
        "course_week": 3,
        "probability": np.nan,
        "rule_score": 0.5,
        "idle_days": 1.0,
        "band": "ok",
    }
    return pd.DataFrame(given | columns)


@pytest.fixture
def settings() -> Settings:
    """The project's thresholds, for a dozen learners."""
    return replace(
        Settings.from_project(), evaluation_min_learners=4, evaluation_min_class=1, min_group_size=2
    )


# One measure


def test_auc_of_equal_scores_counts_half() -> None:
    # Pairs of one who failed and one who did not: .9/.9 half, .9/.5, .9/.1, .5/.9 none, .5/.5 half,
    # .5/.1: four of six.
    assert measures.auc(*counts(ones(5), OUTCOMES, SCORES)) == pytest.approx([4 / 6])


def test_auc_and_average_precision_are_those_of_scikit_learn() -> None:
    outcomes, scores = many()
    found = counts(ones(300), outcomes, scores)
    assert measures.auc(*found) == pytest.approx([roc_auc_score(outcomes, scores)])
    expected = average_precision_score(outcomes, scores)
    assert measures.average_precision(*found) == pytest.approx([expected])


def test_weights_are_repeated_rows() -> None:
    outcomes, scores = many()
    weights = measures.draws(300, 5)
    found = counts(weights, outcomes, scores)
    tops = [
        float(measures.precision_at_top(*counts(ones(300), rows[0], rows[1]))[0])
        for rows in ((np.repeat(outcomes, sample), np.repeat(scores, sample)) for sample in weights)
    ]
    for index, sample in enumerate(weights):
        rows = np.repeat(outcomes, sample), np.repeat(scores, sample)
        assert measures.auc(*found)[index] == pytest.approx(roc_auc_score(*rows))
        assert measures.average_precision(*found)[index] == pytest.approx(
            average_precision_score(*rows)
        )
        brier = measures.brier(weights.astype(float), outcomes, scores)[index]
        assert brier == pytest.approx(brier_score_loss(*rows))
    assert measures.precision_at_top(*found) == pytest.approx(tops)


def test_no_auc_where_all_have_one_outcome() -> None:
    assert np.isnan(measures.auc(*counts(ones(3), np.ones(3), np.arange(3)))).all()


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        # 15 % of 20 are 3 learners: 19, 18 and 17 as counted by the score, two of whom failed.
        (np.arange(20.0), 2 / 3),
        # Three equal scores for the last two places: 1 + 2 * (1/3) of 3.
        (np.r_[np.arange(16.0), 16, 16, 16, 19], (1 + 2 / 3) / 3),
    ],
)
def test_precision_at_the_top(scores: Any, expected: float) -> None:
    outcomes = np.zeros(20)
    outcomes[[0, 17, 19]] = 1
    assert measures.precision_at_top(*counts(ones(20), outcomes, scores)) == pytest.approx(
        [expected]
    )


def test_top_is_one_learner_at_least() -> None:
    found = counts(ones(5), np.array([0, 0, 0, 0, 1]), np.arange(5.0))
    assert measures.precision_at_top(*found) == pytest.approx([1.0])


def test_calibration_error_by_hand() -> None:
    # Bin 0: said .05, came 1/2, two rows; bin 9: said .95 and 1 (mean .975), came 1, two rows.
    outcomes, said = np.array([1, 0, 1, 1]), np.array([0.05, 0.05, 0.95, 1.0])
    error = measures.calibration_error(ones(4), outcomes, said)
    assert error == pytest.approx([0.5 * 0.45 + 0.5 * 0.025])


def test_draws_keep_the_number_of_learners_and_are_the_same_again() -> None:
    drawn = measures.draws(50, 20)
    assert (drawn.sum(axis=1) == 50).all()
    assert (drawn != drawn[0]).any()
    assert (drawn == measures.draws(50, 20)).all()


def test_interval_is_as_wide_as_theory_says() -> None:
    # Hanley and McNeil (1982), A = .7, 150 of either class: standard error .0303.
    random = np.random.default_rng(11)
    outcomes = np.repeat([0, 1], 150)
    scores = random.normal(size=300) + outcomes * 0.7416
    found = counts(measures.draws(300, 1_000), outcomes, scores)
    point = measures.auc(*counts(ones(300), outcomes, scores))[0]
    interval = measures.estimate(point, measures.auc(*found))
    assert (interval.high - interval.low) / (2 * 1.96) == pytest.approx(0.0303, rel=0.15)


# Whole judgements


def test_weeks_have_their_measures_and_baselines(settings: Settings) -> None:
    frame = made_course(3, weeks=2)
    random = np.random.default_rng(5)
    frame["probability"] = random.random(len(frame)).round(4)
    frame["band"] = "ok"
    found = judge.measure(frame, settings, sample_count=50).to_dict()
    for week, part in frame.groupby("course_week"):
        row = found["weeks"][int(str(week)) - 1]
        failed = part["did_not_complete"]
        assert row["n"] == 120
        assert row["auc"] == round(roc_auc_score(failed, part["probability"]), 4)
        assert row["auc_rules"] == round(roc_auc_score(failed, part["rule_score"]), 4)
        assert row["auc_idle"] == round(roc_auc_score(failed, part["idle_days"]), 4)
        assert row["auc_minus_rules"] == pytest.approx(row["auc"] - row["auc_rules"], abs=2e-4)
        assert row["auc_minus_idle"] == pytest.approx(row["auc"] - row["auc_idle"], abs=2e-4)
        assert row["auc_low"] < row["auc"] < row["auc_high"]
        assert row["auc_dropped_out"] is None
    mean = np.mean([week["auc"] for week in found["weeks"]])
    assert found["mean_of_weeks"]["auc"] == pytest.approx(mean, abs=1e-4)


def test_difference_of_a_score_from_itself_is_surely_nothing(settings: Settings) -> None:
    frame = made_course(3, weeks=2).assign(band="ok")
    frame["probability"] = frame["rule_score"]
    mean = judge.measure(frame, settings, sample_count=50).mean["auc_minus_rules"]
    assert (mean.value, mean.low, mean.high) == (0, 0, 0)


def test_without_probabilities_the_rules_are_judged(settings: Settings) -> None:
    frame = made_course(3, weeks=1).assign(probability=np.nan, band="ok")
    week = judge.measure(frame, settings, sample_count=20).to_dict()["weeks"][0]
    assert week["auc"] == round(roc_auc_score(frame["did_not_complete"], frame["rule_score"]), 4)
    assert week["brier"] is week["calibration_error"] is week["auc_minus_rules"] is None


def test_dropping_out_is_another_label(settings: Settings) -> None:
    frame = frame_of(
        did_not_complete=[1, 1, 0, 0, 0],
        probability=[0.9, 0.8, 0.2, 0.1, 0.3],
        dropped_out=[0, 1, 0, np.nan, 0],
    )
    week = judge.measure(frame, settings, sample_count=20).to_dict()["weeks"][0]
    assert week["auc"] == 1
    # The one who dropped out is second of four whose future is known.
    assert week["auc_dropped_out"] == round(2 / 3, 4)


def test_mean_is_of_the_weeks_where_a_measure_is_known(settings: Settings) -> None:
    first = frame_of(
        did_not_complete=[1, 1, 0, 0], probability=[0.9, 0.8, 0.2, 0.1], dropped_out=[0, 1, 0, 0]
    )
    frame = pd.concat([first, first.assign(course_week=4, dropped_out=np.nan)], ignore_index=True)
    found = judge.measure(frame, settings, sample_count=20).to_dict()
    assert [week["auc_dropped_out"] for week in found["weeks"]] == [0.6667, None]
    assert found["mean_of_weeks"]["auc_dropped_out"] == 0.6667


def test_never_active_is_the_longest_silence(settings: Settings) -> None:
    frame = frame_of(did_not_complete=[1, 1, 0, 0], idle_days=[np.nan, 9, 2, 60])
    week = judge.measure(frame, settings, sample_count=20).to_dict()["weeks"][0]
    assert week["auc_idle"] == 0.75


@pytest.mark.parametrize("outcomes", [[1, 0, 0], [0, 0, 0, 0]])
def test_weeks_with_too_few_are_listed_without_measures(
    settings: Settings, outcomes: list[int]
) -> None:
    found = judge.measure(frame_of(did_not_complete=outcomes), settings, sample_count=20).to_dict()
    assert found["weeks"][0]["n"] == len(outcomes)
    assert found["weeks"][0]["auc"] is None
    assert found["weeks"][0]["bands"] == {}


def test_bands_and_their_order(settings: Settings) -> None:
    frame = frame_of(
        did_not_complete=[1, 1, 1, 0, 0, 0, 1, 0],
        probability=[0.9, 0.8, 0.5, 0.4, 0.1, 0.2, 0.05, 0.7],
        # The band of a single learner would tell of a person, and is left out.
        band=["struggling"] * 2 + ["ok"] * 2 + ["well"] * 3 + ["too_early"],
    )
    week = judge.measure(frame, settings, sample_count=20).to_dict()["weeks"][0]
    assert week["bands"]["ok"] == {"n": 2, "share": 0.5}
    assert {band: row["share"] for band, row in week["bands"].items()} == {
        "struggling": 1,
        "ok": 0.5,
        "well": 0.3333,
    }
    assert week["is_ordered"] is True
    swapped = frame.assign(band=frame["band"].replace({"ok": "well", "well": "ok"}))
    week = judge.measure(swapped, settings, sample_count=20).to_dict()["weeks"][0]
    assert week["is_ordered"] is False
    assert Week(1, 9, 0.5).is_ordered() is None


def test_groups_are_told_how_many_were_found_and_small_ones_are_not(settings: Settings) -> None:
    frame = frame_of(
        did_not_complete=[1, 1, 1, 1, 0, 0, 1, 0],
        probability=[0.95, 0.7, 0.5, 0.65, 0.1, 0.2, 0.4, 0.3],
        band=["struggling", "struggling", "ok", "struggling", "well", "well", "ok", "ok"],
    )
    groups = {"a": [0, 1, 2, 4], "b": [3], "c": [6, 7], "nobody": [99]}
    rows = judge.measure(frame, settings, groups=groups, sample_count=20).to_dict()["groups"]
    assert [row["group"] for row in rows] == ["a", "b", "c"]
    assert rows[0]["n"] == 4
    assert rows[0]["base_rate"] == 0.75
    assert rows[0]["recall_struggling"] == round(2 / 3, 4)
    # 15 % of 8 is one learner: the first.
    assert rows[0]["recall_top_15"] == round(1 / 3, 4)
    assert rows[1]["n"] is rows[1]["base_rate"] is rows[1]["recall_struggling"] is None
    # Two learners, one of whom failed: that would tell of a single person.
    assert rows[2]["n"] == 2
    assert rows[2]["recall_struggling"] is None


def test_calibration_tells_what_was_said_and_what_came(settings: Settings) -> None:
    frame = frame_of(did_not_complete=[1, 0, 0, 0], probability=[0.32, 0.38, 0.1, 0.12])
    found = judge.measure(frame, settings, sample_count=20).to_dict()["calibration"]
    assert all(isinstance(row["n"], int) for row in found)
    assert found == [
        {"bin": 1, "n": 2, "mean_probability": 0.11, "share": 0},
        {"bin": 3, "n": 2, "mean_probability": 0.35, "share": 0.5},
    ]
