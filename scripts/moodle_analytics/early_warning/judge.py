"""Judges scores against outcomes, week by week: pure functions on a table of learner-weeks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from moodle_analytics.early_warning import measures
from moodle_analytics.early_warning.judgement import MEASURES, Group, Judgement, Week
from moodle_analytics.early_warning.measures import Estimate, Ranking
from moodle_analytics.early_warning.model import Array
from moodle_analytics.early_warning.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_COUNT = 1_000
# Samples are worked on in pieces that the processor's cache can hold.
_PIECE_CELLS = 500_000


def measure(
    frame: pd.DataFrame,
    settings: Settings,
    *,
    groups: Mapping[str, Iterable[int]] | None = None,
    sample_count: int = SAMPLE_COUNT,
) -> Judgement:
    """Judge the scores of learner-weeks, one row each.

    Columns: learner_id, course_id, course_week, did_not_complete (0 or 1), probability (NaN: the
    rule score is judged instead), rule_score, idle_days, band; where known also band_held and
    dropped_out (NaN: not known). `groups` names learners by learner_id. Intervals come from drawing
    learners of courses with replacement, the same for all weeks and scores.
    """
    clusters = frame.groupby(["learner_id", "course_id"], sort=True).ngroup().to_numpy()
    count = int(clusters.max()) + 1 if len(frame) else 0
    weights = measures.draws(count, sample_count) if count else np.zeros((0, 0), np.uint8)
    weeks = []
    samples: list[dict[str, Array]] = []
    judged = np.zeros(len(frame), dtype=bool)
    for week, rows in sorted(frame.groupby("course_week").indices.items()):
        part = frame.iloc[rows]
        if not _is_enough(part["did_not_complete"].to_numpy(), settings):
            weeks.append(_week(int(week), part, {}, settings))
            continue
        judged[rows] = True
        points, drawn = _sampled(part, weights, clusters[rows])
        samples.append({name: np.r_[points[name], drawn[name]] for name in points})
        estimates = {name: measures.estimate(points[name], drawn[name]) for name in points}
        weeks.append(_week(int(week), part, estimates, settings))
    return Judgement(
        weeks=weeks,
        mean=_means(samples),
        calibration=_calibration(frame[judged]),
        groups=_groups(frame[judged], clusters[judged], weights, groups or {}, settings),
        n_learners=count,
    )


def compare(frame: pd.DataFrame, first: str, second: str, settings: Settings) -> dict[str, float]:
    """Compare two scores, columns of `frame`, by the mean of the weekly AUC.

    Gives auc_<name> of each, and the paired difference (second less first) with its 95 % interval,
    low and high. Empty where no week can be judged.
    """
    clusters = frame.groupby(["learner_id", "course_id"], sort=True).ngroup().to_numpy()
    weights = measures.draws(int(clusters.max()) + 1, SAMPLE_COUNT)
    found: dict[str, list[Array]] = {first: [], second: []}
    for _, rows in sorted(frame.groupby("course_week").indices.items()):
        part = frame.iloc[rows]
        outcomes = part["did_not_complete"].to_numpy()
        if _is_enough(outcomes, settings):
            rankings = {name: Ranking(part[name].to_numpy()) for name in found}
            for piece in _pieces(weights, clusters[rows]):
                for name, ranking in rankings.items():
                    found[name].append(measures.auc(*ranking.counts(piece, outcomes)))
    if not found[first]:
        return {}
    by_week = {
        name: np.concatenate(parts).reshape(-1, SAMPLE_COUNT + 1).mean(axis=0)
        for name, parts in found.items()
    }
    difference = by_week[second] - by_week[first]
    interval = measures.estimate(difference[0], difference[1:])
    return {
        f"auc_{first}": float(by_week[first][0]),
        f"auc_{second}": float(by_week[second][0]),
        "difference": interval.value,
        "low": interval.low,
        "high": interval.high,
    }


def _is_enough(outcomes: Array, settings: Settings) -> bool:
    smaller = min(outcomes.sum(), len(outcomes) - outcomes.sum())
    return bool(
        len(outcomes) >= settings.evaluation_min_learners
        and smaller >= max(settings.evaluation_min_class, 1)
    )


def _pieces(weights: Array, clusters: Array) -> Iterable[Array]:
    """Give the weights of rows, samples x rows, the first sample being the rows as they are."""
    size = max(1, _PIECE_CELLS // len(clusters))
    yield np.ones((1, len(clusters)))
    for start in range(0, len(weights), size):
        yield weights[start : start + size, clusters].astype(np.float32)


def _sampled(
    part: pd.DataFrame, weights: Array, clusters: Array
) -> tuple[dict[str, float], dict[str, Array]]:
    """Give each measure of a week, and its values in the samples."""
    pieces = [_measured(piece, part) for piece in _pieces(weights, clusters)]
    whole = {name: np.concatenate([piece[name] for piece in pieces]) for name in MEASURES}
    return (
        {name: float(values[0]) for name, values in whole.items()},
        {name: values[1:] for name, values in whole.items()},
    )


def _measured(weights: Array, part: pd.DataFrame) -> dict[str, Array]:
    """Give each measure of a week for each row of weights; NaN where it cannot be told."""
    outcomes = part["did_not_complete"].to_numpy(dtype=float)
    probabilities = part["probability"].to_numpy(dtype=float)
    rules = part["rule_score"].to_numpy(dtype=float)
    is_model = not np.isnan(probabilities).any()
    score = probabilities if is_model else rules
    counts = Ranking(score).counts(weights, outcomes)
    # Never active is idle for longest.
    idle = Ranking(part["idle_days"].fillna(np.inf).to_numpy(dtype=float))
    found = dict.fromkeys(MEASURES, np.full(len(weights), np.nan))
    found["auc"] = measures.auc(*counts)
    found["average_precision"] = measures.average_precision(*counts)
    found["precision_top_15"] = measures.precision_at_top(*counts)
    found["auc_rules"] = measures.auc(*Ranking(rules).counts(weights, outcomes))
    found["auc_idle"] = measures.auc(*idle.counts(weights, outcomes))
    found["auc_minus_idle"] = found["auc"] - found["auc_idle"]
    if is_model:
        found["brier"] = measures.brier(weights, outcomes, probabilities)
        found["calibration_error"] = measures.calibration_error(weights, outcomes, probabilities)
        found["auc_minus_rules"] = found["auc"] - found["auc_rules"]
    if "dropped_out" in part and part["dropped_out"].notna().any():
        known = part["dropped_out"].notna().to_numpy()
        later = part["dropped_out"].to_numpy(dtype=float)[known]
        found["auc_dropped_out"] = measures.auc(
            *Ranking(score[known]).counts(weights[:, known], later)
        )
    return found


def _week(
    week: int, part: pd.DataFrame, estimates: Mapping[str, Estimate], settings: Settings
) -> Week:
    return Week(
        week=week,
        n=len(part),
        base_rate=float(part["did_not_complete"].mean()),
        estimates=estimates,
        bands=_bands(part, "band", settings) if estimates else {},
        bands_held=_bands(part, "band_held", settings) if estimates else {},
    )


def _bands(part: pd.DataFrame, column: str, settings: Settings) -> dict[str, dict[str, float]]:
    """Give n and the share who did not complete of each band that has enough learners."""
    if column not in part:
        return {}
    found = part.groupby(column)["did_not_complete"].agg(["size", "mean"])
    return {
        str(band): {"n": int(row["size"]), "share": float(row["mean"])}
        for band, row in found.iterrows()
        if row["size"] >= settings.min_group_size
    }


def _means(samples: list[dict[str, Array]]) -> dict[str, Estimate]:
    """Give the mean over the weeks of each measure, with the interval of that mean."""
    if not samples:
        return {}
    means = {}
    for name in MEASURES:
        values = np.vstack([week[name] for week in samples])
        known = values[~np.isnan(values[:, 0])]
        mean = known.mean(axis=0) if len(known) else np.full(values.shape[1], np.nan)
        means[name] = measures.estimate(mean[0], mean[1:])
    return means


def _calibration(frame: pd.DataFrame) -> list[Mapping[str, float]]:
    known = frame[frame["probability"].notna()]
    if known.empty:
        return []
    bin_of = measures.bins(known["probability"].to_numpy(dtype=float))
    found = known.groupby(bin_of).agg(
        n=("probability", "size"),
        mean_probability=("probability", "mean"),
        share=("did_not_complete", "mean"),
    )
    return [
        {"bin": int(str(index)), **row.to_dict(), "n": int(row["n"])}
        for index, row in found.iterrows()
    ]


def _groups(
    frame: pd.DataFrame,
    clusters: Array,
    weights: Array,
    groups: Mapping[str, Iterable[int]],
    settings: Settings,
) -> list[Group]:
    if frame.empty:
        return []
    top = _is_in_top(frame)
    struggling = (frame["band"] == "struggling").to_numpy()
    missed = frame["did_not_complete"].to_numpy(dtype=float)
    learners = frame["learner_id"].to_numpy()
    found = []
    for name, members in sorted(groups.items()):
        is_member = np.isin(learners, list(members))
        n = len(np.unique(clusters[is_member]))
        if not n:
            continue
        unknown = Estimate(np.nan, np.nan, np.nan)
        if n < settings.min_group_size:
            found.append(Group(name, None, np.nan, unknown, unknown))
            continue
        positives = clusters[is_member & (missed == 1)]
        is_enough = len(np.unique(positives)) >= settings.min_group_size
        recalls = [
            _recall(clusters, is_member * missed, flag, weights) if is_enough else unknown
            for flag in (struggling, top)
        ]
        rate = frame[is_member].drop_duplicates(["learner_id", "course_id"])["did_not_complete"]
        found.append(Group(name, n, float(rate.mean()), recalls[0], recalls[1]))
    return found


def _recall(clusters: Array, positives: Array, flags: Array, weights: Array) -> Estimate:
    """Give the share of the positive learner-weeks that were flagged."""
    count = weights.shape[1]
    flagged = np.bincount(clusters, positives * flags, count)
    all_of = np.bincount(clusters, positives, count)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Only the learners of the group weigh; the rest would cost time for nothing.
        owners = np.flatnonzero(all_of)
        drawn = weights[:, owners].astype(np.float32)
        samples = drawn @ flagged[owners] / (drawn @ all_of[owners])
    return measures.estimate(flagged.sum() / all_of.sum(), samples)


def _is_in_top(frame: pd.DataFrame) -> Array:
    """Whether a row is among the highest 15 % of its course and week, one at least."""
    score = frame["probability"].fillna(frame["rule_score"])
    within = score.groupby([frame["course_id"], frame["course_week"]])
    wanted = np.maximum(np.floor(within.transform("size") * measures.TOP_SHARE + 1e-6), 1)
    place = within.rank(method="first", ascending=False)
    top: Array = (place <= wanted).to_numpy()
    return top
