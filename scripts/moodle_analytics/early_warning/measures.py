"""Measures of a score against what came, exact and for resampled learners at once.

Every function takes weights, samples x rows: how often each row counts in each sample. A row of
ones gives the measure itself, draws with replacement give its bootstrap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from moodle_analytics.early_warning.model import Array

TOP_SHARE = 0.15
_BINS = 10
_INTERVAL = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """A measure with its 95 % bootstrap interval; NaN where it cannot be told."""

    value: float
    low: float
    high: float


class Ranking:
    """Rows in ascending order of a score, those with equal scores as one group."""

    def __init__(self, scores: Array) -> None:
        """Sort the rows; `scores` has one value for each, none NaN."""
        self.order = np.argsort(scores, kind="stable")
        ordered = scores[self.order]
        self._starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])

    def counts(self, weights: Array, outcomes: Array) -> tuple[Array, Array]:
        """Give the weights of rows with and without the outcome, samples x groups."""
        ordered = weights[:, self.order]
        hits = ordered * outcomes[self.order].astype(ordered.dtype)
        return self._grouped(hits), self._grouped(ordered - hits)

    def _grouped(self, ordered: Array) -> Array:
        if len(self._starts) == ordered.shape[1]:
            return ordered
        grouped: Array = np.add.reduceat(ordered, self._starts, axis=1)
        return grouped


def auc(hits: Array, misses: Array) -> Array:
    """Give the area under the ROC curve of each sample; NaN where one outcome is absent."""
    below = np.cumsum(misses, axis=1) - misses / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        area: Array = (hits * below).sum(axis=1) / (hits.sum(axis=1) * misses.sum(axis=1))
    return area


def average_precision(hits: Array, misses: Array) -> Array:
    """Give the mean precision over the rows with the outcome, of each sample."""
    found = _from_the_top(hits)
    flagged = found + _from_the_top(misses)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(hits > 0, found / flagged, 0)
        mean: Array = (hits * precision).sum(axis=1) / hits.sum(axis=1)
    return mean


def precision_at_top(hits: Array, misses: Array, share: float = TOP_SHARE) -> Array:
    """Give the share with the outcome among the highest scores; of equal ones, the mean.

    As many rows as `share` of them allows, one at least.
    """
    group = hits + misses
    # In whole rows; the smallest amount lest 15 % of 20 be two for a computer.
    wanted = np.maximum(np.floor(share * group.sum(axis=1, keepdims=True) + 1e-6), 1)
    above = _from_the_top(group) - group
    taken = np.clip(wanted - above, 0, group)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.where(group > 0, taken * hits / group, 0)
        precision: Array = found.sum(axis=1) / taken.sum(axis=1)
    return precision


def brier(weights: Array, outcomes: Array, probabilities: Array) -> Array:
    """Give the mean squared error of the probabilities, of each sample."""
    errors = (probabilities - outcomes) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Array = weights @ errors.astype(weights.dtype) / weights.sum(axis=1)
    return mean


def calibration_error(weights: Array, outcomes: Array, probabilities: Array) -> Array:
    """Give the mean distance of said and observed shares over ten equal bins, by their weight."""
    gaps = np.zeros((len(outcomes), _BINS), dtype=weights.dtype)
    gaps[np.arange(len(outcomes)), bins(probabilities)] = outcomes - probabilities
    with np.errstate(invalid="ignore", divide="ignore"):
        error: Array = np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1)
    return error


def bins(probabilities: Array) -> Array:
    """Give the bin of each probability, 0 to 9, equally wide."""
    found: Array = np.minimum((probabilities * _BINS).astype(int), _BINS - 1)
    return found


def draws(cluster_count: int, sample_count: int, seed: int = 2019) -> Array:
    """Draw clusters with replacement: samples x clusters, how often each was drawn."""
    generator = np.random.default_rng(seed)
    counts = np.empty((sample_count, cluster_count), dtype=np.uint8)
    for sample in range(sample_count):
        drawn = generator.integers(0, cluster_count, cluster_count)
        counts[sample] = np.bincount(drawn, minlength=cluster_count)
    return counts


def estimate(value: float, samples: Array) -> Estimate:
    """Join a measure with the interval of its bootstrap samples."""
    known = samples[~np.isnan(samples)]
    if np.isnan(value) or not len(known):
        return Estimate(float(value), np.nan, np.nan)
    low, high = np.percentile(known, _INTERVAL)
    return Estimate(float(value), float(low), float(high))


def _from_the_top(values: Array) -> Array:
    """Sum each group and those above it."""
    summed: Array = np.cumsum(values[:, ::-1], axis=1)[:, ::-1]
    return summed
