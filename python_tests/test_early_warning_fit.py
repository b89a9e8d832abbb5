"""The model and its challenger: the same as scikit-learn's, level with what came, no leakage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn.ensemble
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from conftest import SHARED_DATA
from early_warning_courses import arrays, made_course
from moodle_analytics.early_warning import bands, boosting, model, train
from moodle_analytics.early_warning.settings import FEATURES, Settings
from moodle_analytics.early_warning.train import Data

IDLE = FEATURES.index("idle_days")
GRADE = FEATURES.index("grade_mean_share")
TEXTS = {name: f"text of {name}" for name in FEATURES}


def data_of(**frames: pd.DataFrame) -> Data:
    """Courses that follow each other, named by the arguments."""
    parts = [frame.assign(course_id=index) for index, frame in enumerate(frames.values())]
    starts = pd.to_datetime([f"20{10 + index}-01-01" for index in range(len(frames))], utc=True)
    courses = pd.DataFrame(
        {
            "course_id": range(len(frames)),
            "course_short_name": list(frames),
            "start_at": starts,
            "outcome_at": starts + pd.Timedelta(days=90),
        }
    )
    return Data(courses, pd.concat(parts, ignore_index=True))


def weekly_auc(frame: pd.DataFrame, probabilities: Any) -> float:
    by_week = frame.assign(said=probabilities).groupby("course_week")
    return float(
        np.mean([roc_auc_score(part["did_not_complete"], part["said"]) for _, part in by_week])
    )


# The regression


def test_probabilities_are_those_of_scikit_learn() -> None:
    features, weeks, outcomes = arrays(made_course(1))
    slog = pd.DataFrame(np.sign(features) * np.log1p(np.abs(features)))
    filled = slog.fillna(slog.median())
    placed = ((filled - filled.mean()) / filled.std(ddof=0).replace(0, 1)).to_numpy()
    week = ((np.log(weeks) - np.log(weeks).mean()) / np.log(weeks).std())[:, None]
    plain = np.hstack([placed, slog.isna()])
    design = np.hstack([plain, plain * week, week])
    expected = LogisticRegression(C=0.01, max_iter=2_000).fit(design, outcomes)
    found = model.fit(features, weeks, outcomes).probabilities(features, weeks)
    assert found == pytest.approx(expected.predict_proba(design)[:, 1], abs=1e-9)


def test_contributions_and_base_are_the_log_odds() -> None:
    features, weeks, outcomes = arrays(made_course(1))
    fitted = model.fit(features, weeks, outcomes)
    base, contributions = fitted.explain(features, weeks)
    said = fitted.probabilities(features, weeks)
    log_odds = np.log(said / (1 - said))
    assert base + contributions.sum(axis=1) == pytest.approx(log_odds)
    # Changing one value changes its own contribution and no other.
    features[:, IDLE] += 5
    changed = fitted.explain(features, weeks)[1] != contributions
    assert changed[:, IDLE].all()
    assert not np.delete(changed, IDLE, axis=1).any()


def test_features_that_are_never_known_or_never_differ_do_no_harm() -> None:
    frame = made_course(1).assign(grade_mean_share=np.nan, idle_days=3.0)
    features, weeks, outcomes = arrays(frame)
    fitted = model.fit(features, weeks, outcomes)
    assert np.isfinite(fitted.probabilities(features, weeks)).all()
    assert fitted.coefficients[IDLE] == fitted.coefficients[GRADE] == 0
    features[:, GRADE] = 0.9
    assert np.isfinite(fitted.probabilities(features, weeks)).all()


def test_level_is_set_on_the_last_course_alone() -> None:
    first, last = made_course(1), made_course(2)
    last["did_not_complete"] = last["did_not_complete"].where(last["learner_id"] % 3 > 0, 0)
    fitted = train.fit(data_of(first=first, last=last))
    features, weeks, outcomes = arrays(last)
    assert fitted.probabilities(features, weeks).mean() == pytest.approx(outcomes.mean(), abs=1e-9)
    features, weeks, outcomes = arrays(first)
    assert abs(fitted.probabilities(features, weeks).mean() - outcomes.mean()) > 0.02


def test_a_course_of_one_outcome_sets_no_level() -> None:
    features, weeks, outcomes = arrays(made_course(1))
    fitted = model.fit(features, weeks, outcomes)
    assert fitted.recalibrated(features, weeks, np.zeros(len(weeks))) is fitted
    assert fitted.recalibrated(features[:0], weeks[:0], outcomes[:0]) is fitted


# The challenger


@pytest.fixture
def boosters(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """The library's own boosters, with the rows that each was fitted on."""
    seen: list[tuple[Any, Any]] = []

    class Seen(sklearn.ensemble.GradientBoostingClassifier):  # type: ignore[misc]
        def fit(self, rows: Any, outcomes: Any) -> Any:
            seen.append((self, rows))
            return super().fit(rows, outcomes)

    monkeypatch.setattr(sklearn.ensemble, "GradientBoostingClassifier", Seen)
    return seen


def test_trees_score_as_the_library_does(boosters: list[tuple[Any, Any]]) -> None:
    features, weeks, outcomes = arrays(made_course(1))
    fitted = boosting.fit(features, weeks, outcomes)
    booster, rows = boosters[0]
    expected = booster.predict_proba(rows)[:, 1]
    assert np.ptp(expected) > 0.5
    assert fitted.probabilities(features, weeks) == pytest.approx(expected, abs=1e-9)
    trees = fitted.trees
    assert trees is not None
    # What a step is counted as is only sensible if a node lies between those below it.
    for tree, node in zip(*np.nonzero(trees.inputs >= 0), strict=True):
        below = trees.values[tree, [trees.lefts[tree, node], trees.rights[tree, node]]]
        assert below.min() <= trees.values[tree, node] <= below.max()


def test_a_path_counts_for_the_features_that_it_asks() -> None:
    # idle_days at most 0: -1, else missing grade decides between 0 and 3.
    trees = boosting.Trees(
        inputs=np.array([[IDLE, -1, len(FEATURES) + GRADE, -1, -1]]),
        thresholds=np.array([[0, 0, 0.5, 0, 0]]),
        lefts=np.array([[1, 0, 3, 0, 0]]),
        rights=np.array([[2, 0, 4, 0, 0]]),
        values=np.array([[0.2, -1.0, 1.0, 0.0, 3.0]]),
    )
    features = np.zeros((3, len(FEATURES)))
    features[:, IDLE] = [0, 50, 50]
    features[2, GRADE] = np.nan
    base, contributions = trees.explain(features, np.ones(3), np.zeros(len(FEATURES)))
    assert base == pytest.approx([0.2] * 3)
    assert contributions[:, IDLE] == pytest.approx([-1.2, 0.8, 0.8])
    assert contributions[:, GRADE] == pytest.approx([0, -1, 2])
    assert np.delete(contributions, [IDLE, GRADE], axis=1).sum() == 0


def test_inputs_are_compared_in_single_precision_as_the_library_does() -> None:
    trees = boosting.Trees(
        inputs=np.array([[len(boosting.INPUTS) - 1, -1, -1]]),
        thresholds=np.array([[1.1, 0, 0]]),
        lefts=np.array([[1, 0, 0]]),
        rights=np.array([[2, 0, 0]]),
        values=np.array([[0.0, -1.0, 1.0]]),
    )
    none = np.zeros((1, len(FEATURES)))
    # The nearest single to 1.1 is above it.
    assert trees.explain(none, np.array([1.1]), none[0])[0] == pytest.approx([1.0])


def crossed(course_id: int) -> pd.DataFrame:
    """A course where two features tell only together, which no sum of them can."""
    frame = made_course(course_id, learners=300)
    random = np.random.default_rng(course_id)
    sides = random.choice([-1.0, 1.0], (2, 300))
    frame["event_log_change"] = np.tile(sides[0], 6)
    frame["mean_days_early"] = np.tile(sides[1], 6)
    failed = (sides[0] * sides[1] > 0) ^ (random.random(300) < 0.1)
    return frame.assign(did_not_complete=np.tile(failed.astype(int), 6))


def test_challenger_is_adopted_where_it_is_surely_better() -> None:
    settings = Settings.from_project()
    held_out = train.hold_out(data_of(one=crossed(1), two=crossed(2), test=crossed(3)), settings)
    challenger = held_out.challenger
    assert challenger["adopted"] is True
    assert 0 < challenger["low"] < challenger["difference"] < challenger["high"]
    assert challenger["auc_boosting"] > challenger["auc_model"] + 0.1


def test_challenger_is_not_adopted_where_nobody_can_tell() -> None:
    settings = Settings.from_project()
    frame = made_course(3).rename(columns={"rule_score": "model"})
    found = []
    for seed in range(6):
        noise = np.random.default_rng(seed).normal(size=len(frame)) / 10
        found.append(train.challenge(frame.assign(boosting=frame["model"] + noise), settings))
    unsure = [one for one in found if one["low"] <= 0 < one["difference"]]
    assert unsure
    assert not any(one["adopted"] for one in unsure)
    better = frame.assign(boosting=frame["model"] + frame["did_not_complete"] / 10)
    assert train.challenge(better, settings)["adopted"] is True


# What is held back


def test_test_course_is_the_last_and_only_what_had_ended_teaches() -> None:
    data = data_of(
        one=made_course(1), two=made_course(2), beside=made_course(5), last=made_course(3)
    )
    late = data.courses["course_short_name"] == "beside"
    data.courses.loc[late, "outcome_at"] = pd.Timestamp("2013-01-02", tz="UTC")
    held_out = train.hold_out(data, replace(Settings.from_project(), training_min_learners=200))
    assert held_out.trained_on == ["one", "two"]
    assert held_out.test == ["last"]
    assert held_out.judgement is not None


def test_without_enough_before_the_last_course_the_reason_is_told() -> None:
    held_out = train.hold_out(
        data_of(one=made_course(1), last=made_course(3)), Settings.from_project()
    )
    assert held_out.judgement is None
    assert held_out.reason is not None
    assert "120 learners with a known outcome (200 needed)" in held_out.reason


def aucs_of_shuffled(teaching: pd.DataFrame, test: pd.DataFrame) -> list[float]:
    """Ten times: train on outcomes dealt out anew among the learners, judge on such outcomes."""
    found = []
    for seed in range(10):
        random = np.random.default_rng(seed)
        dealt = []
        for frame in (teaching, test):
            outcomes = frame.groupby("learner_id")["did_not_complete"].first()
            shuffled = pd.Series(random.permutation(outcomes.to_numpy()), outcomes.index)
            dealt.append(frame.assign(did_not_complete=frame["learner_id"].map(shuffled)))
        features, weeks, outcomes = arrays(dealt[0])
        fitted = model.fit(features, weeks, outcomes)
        found.append(weekly_auc(dealt[1], fitted.probabilities(*arrays(dealt[1])[:2])))
    return found


def test_shuffled_outcomes_cannot_be_told() -> None:
    teaching, test = made_course(1, learners=400), made_course(2, learners=400)
    features, weeks, outcomes = arrays(teaching)
    true = model.fit(features, weeks, outcomes)
    assert weekly_auc(test, true.probabilities(*arrays(test)[:2])) > 0.7
    assert 0.45 <= np.mean(aucs_of_shuffled(teaching, test)) <= 0.55


def open_university(folder: Path, presentation: str) -> pd.DataFrame:
    """Weeks 4, 8 and 12 of a presentation of AAA, with the features that clicks alone give."""
    about = pd.read_csv(folder / "studentInfo.csv.gz")
    clicks = pd.read_csv(folder / "studentVle.csv.gz")
    about, clicks = (
        table[(table["code_module"] == "AAA") & (table["code_presentation"] == presentation)]
        for table in (about, clicks)
    )
    parts = []
    for week in (4, 8, 12):
        part = about[["id_student", "final_result"]].rename(columns={"id_student": "learner_id"})
        seen = clicks[clicks["date"] < 7 * week].groupby("id_student")["date"]
        part = part.assign(course_week=week, **dict.fromkeys(FEATURES, np.nan))
        part["event_rank"] = part["learner_id"].map(seen.size()).fillna(0).rank(pct=True)
        part["active_day_rank"] = part["learner_id"].map(seen.nunique()).fillna(0).rank(pct=True)
        part["idle_days"] = (7 * week - part["learner_id"].map(seen.max())).fillna(7 * week)
        parts.append(part)
    whole = pd.concat(parts, ignore_index=True)
    failed = whole["final_result"].isin(["Fail", "Withdrawn"])
    return whole.assign(did_not_complete=failed.astype(int))


def test_shuffled_outcomes_cannot_be_told_of_real_learners() -> None:
    folder = SHARED_DATA / "oulad"
    if not folder.is_dir():
        pytest.skip(f"the Open University's data are not at {folder}")
    teaching, test = open_university(folder, "2013J"), open_university(folder, "2014J")
    features, weeks, outcomes = arrays(teaching)
    true = model.fit(features, weeks, outcomes)
    assert weekly_auc(test, true.probabilities(*arrays(test)[:2])) > 0.6
    assert 0.45 <= np.mean(aucs_of_shuffled(teaching, test)) <= 0.55


# Reasons and bands


def test_bands_have_their_limits() -> None:
    said = np.array([0.2999, 0.3, 0.5999, 0.6, 0.9])
    is_too_early = np.array([False, False, False, False, True])
    found = bands.bands_of(said, is_too_early, Settings.from_project())
    assert list(found) == ["well", "ok", "ok", "struggling", "too_early"]


# A learner of whom every phrase is just true, and one of whom none is, by the definitions' limits.
TRUE_OF = {
    "event_rank": (0.24, 0.25),
    "recent_event_rank": (0.0, 0.3),
    "active_day_rank": (0.2, 0.5),
    "distinct_activity_rank": (0.24, 0.9),
    "idle_days": (7, 6),
    "event_log_change": (-0.1, 0.0),
    "active_week_share": (0.49, 0.5),
    "active_days_7": (2, 3),
    "active_days_14": (5, 6),
    "handed_in_share": (0.99, 1.0),
    "missed_count": (1, 0),
    "latest_due_missed": (1, 0),
    "mean_days_early": (0.9, 1.0),
    "grade_mean_share": (0.59, 0.6),
    "grade_last_share": (0.59, 0.6),
    "grade_rank": (0.24, 0.25),
    "earlier_attempt_count": (1, 0),
}


def codes_of(found: dict[str, Any], row: int) -> list[str | None]:
    return [found[f"reason_{place}_code"][row] for place in (1, 2, 3)]


def test_each_phrase_is_said_where_it_is_true_and_nowhere_else() -> None:
    settings = Settings.from_project()
    for place, name in enumerate(FEATURES):
        features = np.full((3, len(FEATURES)), np.nan)
        # The last is not known; of what is the same for a whole course nothing is said.
        features[:2, place] = TRUE_OF.get(name, (9.0, 0.0))
        contributions = np.ones((3, len(FEATURES)))
        found = bands.model_reasons(features, contributions, TEXTS, settings)
        said = name if name in TRUE_OF else None
        assert [codes_of(found, row)[0] for row in range(3)] == [said, None, None], name


def test_reasons_are_the_largest_that_raise_the_score() -> None:
    settings = Settings.from_project()
    features = np.array([[TRUE_OF.get(name, (9.0, 0.0))[0] for name in FEATURES]])
    contributions = np.arange(len(FEATURES), 0, -1)[None, :] / 10.0
    contributions[0, 0] = -9
    found = bands.model_reasons(features, contributions, TEXTS, settings)
    # event_rank lowers the score; active_day_rank tells what distinct_activity_rank would tell.
    assert codes_of(found, 0) == ["recent_event_rank", "active_day_rank", "idle_days"]
    assert found["reason_1_text"][0] == f"text of {FEATURES[1]}"
    assert found["reason_1_contribution"][0] == 1.8
    only = bands.model_reasons(features, contributions, {"idle_days": "silent"}, settings)
    assert codes_of(only, 0) == ["idle_days", None, None]
    assert np.isnan(only["reason_2_contribution"][0])


def test_rules_give_their_components_where_these_hold() -> None:
    rows = pd.DataFrame(
        {
            "quiet_share": [0.9, 0.4],
            "seldom_share": [0.8, 0.4],
            "idle_share": [1.0, 0.2],
            "missed_share": [0.3, 0.3],
            "grade_gap_share": [0.8, 0.8],
            **dict.fromkeys(FEATURES, np.nan),
            "recent_event_rank": [0.1, 0.6],
            "active_day_rank": [0.2, 0.6],
            "idle_days": [30.0, 4.0],
            "missed_count": [0.0, 0.0],
            "grade_mean_share": [np.nan, 0.2],
        }
    )
    found = bands.rule_reasons(rows, TEXTS, Settings.from_project())
    # Nothing was due, and nothing is graded: neither is held against the first.
    assert codes_of(found, 0) == ["idle_days", "recent_event_rank", "active_day_rank"]
    assert codes_of(found, 1) == ["grade_mean_share", None, None]
    assert found["reason_1_contribution"] == pytest.approx([0.2, 0.16])
