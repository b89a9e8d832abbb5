"""The model: from features to a probability, and how much each feature adds to it.

One form serves both algorithms: log-odds = base + one contribution for each feature.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from moodle_analytics.early_warning.settings import FEATURES

if TYPE_CHECKING:
    from moodle_analytics.early_warning.boosting import Trees

Array = np.ndarray[Any, np.dtype[Any]]

# The strength of the penalty; of .0005 to .5, the best on courses that were held back.
_INVERSE_PENALTY = 0.01


@dataclass(frozen=True)
class Model:
    """What a version knows; arrays have one value for each of FEATURES, in their order.

    `week` is (center, scale, coefficient) of the logarithm of the course week. `medians` stand in
    for unknown values. Where `trees` are given, they score, and the coefficients are 0.
    """

    intercept: float
    week: tuple[float, float, float]
    medians: Array
    centers: Array
    scales: Array
    coefficients: Array
    week_coefficients: Array
    missing_coefficients: Array
    missing_week_coefficients: Array
    trees: Trees | None = None

    @property
    def algorithm(self) -> str:
        """The algorithm's name in the model card."""
        return "boosting" if self.trees else "logistic_regression"

    def explain(self, features: Array, course_weeks: Array) -> tuple[Array, Array]:
        """Give the base (rows) and the contributions (rows x features), in log-odds.

        `features` are rows x FEATURES with NaN for unknown, `course_weeks` count from 1.
        """
        if self.trees:
            base, contributions = self.trees.explain(features, course_weeks, self.medians)
            return self.intercept + base, contributions
        week = self._scaled_weeks(course_weeks)
        own = self.coefficients + week[:, None] * self.week_coefficients
        of_missing = self.missing_coefficients + week[:, None] * self.missing_week_coefficients
        base = self.intercept + self.week[2] * week
        return base, own * self.place(features) + of_missing * np.isnan(features)

    def probabilities(self, features: Array, course_weeks: Array) -> Array:
        """Give the probability of not completing, one for each row of `features`."""
        base, contributions = self.explain(features, course_weeks)
        return expit(base + contributions.sum(axis=1))

    def place(self, features: Array) -> Array:
        """Give the features (rows x FEATURES) on the scale of the training, 0 being the usual."""
        filled: Array = (filled_slog(features, self.medians) - self.centers) / self.scales
        return filled

    def recalibrated(self, features: Array, course_weeks: Array, outcomes: Array) -> Model:
        """Give the model whose mean probability on these rows is the share of them not completing.

        The same model where all rows have one outcome.
        """
        from scipy.optimize import brentq

        share = outcomes.mean() if len(outcomes) else 0.0
        if share in (0.0, 1.0):
            return self
        base, contributions = self.explain(features, course_weeks)
        log_odds = base + contributions.sum(axis=1)
        shift = brentq(lambda step: expit(log_odds + step).mean() - share, -30, 30)
        return replace(self, intercept=self.intercept + float(shift))

    def _scaled_weeks(self, course_weeks: Array) -> Array:
        center, scale, _ = self.week
        scaled: Array = (np.log(course_weeks) - center) / scale
        return scaled


def expit(log_odds: Array) -> Array:
    """Give the probability of the log-odds, without overflow."""
    from scipy.special import expit as of_scipy

    probability: Array = of_scipy(log_odds)
    return probability


def filled_slog(features: Array, medians: Array) -> Array:
    """Give the signed logarithm of the features, the median in place of NaN."""
    return np.where(np.isnan(features), medians, _slog(features))


def medians_of(features: Array) -> Array:
    """Give the median signed logarithm of each feature; 0 where it is never known."""
    known = ~np.isnan(features).all(axis=0)
    medians = np.zeros(features.shape[1])
    medians[known] = np.nanmedian(_slog(features[:, known]), axis=0)
    return medians


def fit(features: Array, course_weeks: Array, outcomes: Array) -> Model:
    """Fit the logistic regression: `features` rows x FEATURES, `outcomes` 1 for not completed."""
    from sklearn.linear_model import LogisticRegression

    start = untrained(features, course_weeks)
    design = design_matrix(start, features, course_weeks)
    fitted = LogisticRegression(C=_INVERSE_PENALTY, max_iter=2_000).fit(design, outcomes)
    parts = np.split(fitted.coef_[0][:-1], 4)
    return replace(
        start,
        intercept=float(fitted.intercept_[0]),
        week=(*start.week[:2], float(fitted.coef_[0][-1])),
        coefficients=parts[0],
        missing_coefficients=parts[1],
        week_coefficients=parts[2],
        missing_week_coefficients=parts[3],
    )


def untrained(features: Array, course_weeks: Array) -> Model:
    """Give a model with the scales of these rows and no coefficients yet."""
    medians = medians_of(features)
    filled = filled_slog(features, medians)
    logarithms = np.log(course_weeks)
    none = np.zeros(len(FEATURES))
    return Model(
        intercept=0.0,
        week=(float(logarithms.mean()), float(logarithms.std() or 1.0), 0.0),
        medians=medians,
        centers=filled.mean(axis=0),
        scales=np.where(np.ptp(filled, axis=0) > 0, filled.std(axis=0), 1.0),
        coefficients=none,
        week_coefficients=none,
        missing_coefficients=none,
        missing_week_coefficients=none,
    )


def design_matrix(model: Model, features: Array, course_weeks: Array) -> Array:
    """Give the regression's columns: places, missing, both times the week, and the week."""
    week = model._scaled_weeks(course_weeks)[:, None]
    plain = np.hstack([model.place(features), np.isnan(features)])
    return np.hstack([plain, plain * week, week])


def _slog(values: Array) -> Array:
    signed: Array = np.sign(values) * np.log1p(np.abs(values))
    return signed
