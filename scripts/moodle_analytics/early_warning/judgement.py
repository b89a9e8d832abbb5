"""What judging a score gives, as values and as plain JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from moodle_analytics.early_warning.measures import Estimate
from moodle_analytics.early_warning.settings import BANDS

MEASURES = (
    "auc",
    "average_precision",
    "brier",
    "calibration_error",
    "precision_top_15",
    "auc_rules",
    "auc_idle",
    "auc_minus_rules",
    "auc_minus_idle",
    "auc_dropped_out",
)


@dataclass(frozen=True)
class Week:
    """A course week: learners, share who did not complete, measures, and bands (n, share).

    Without `estimates` where there were too few learners to judge.
    """

    week: int
    n: int
    base_rate: float
    estimates: Mapping[str, Estimate] = field(default_factory=dict)
    bands: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    bands_held: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def is_ordered(self) -> bool | None:
        """Whether a worse band did not complete more often; None where no two bands compare."""
        shares = [self.bands[band]["share"] for band in BANDS if band in self.bands]
        if len(shares) < 2:
            return None
        return all(worse > better for worse, better in pairwise(shares))


@dataclass(frozen=True)
class Group:
    """How many of a group's learners who did not complete were warned of, over all their weeks."""

    name: str
    n: int | None
    base_rate: float
    recall_struggling: Estimate
    recall_top_15: Estimate


@dataclass(frozen=True)
class Judgement:
    """The measures of a score: by week, their mean over the judged weeks, and by group.

    `calibration` has for each of ten bins n, the mean probability and the observed share.
    """

    weeks: list[Week]
    mean: Mapping[str, Estimate]
    calibration: list[Mapping[str, float]]
    groups: list[Group]
    n_learners: int

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain values for JSON, None for what cannot be told."""
        return {
            "n_learners": self.n_learners,
            "mean_of_weeks": _flat(self.mean),
            "weeks": [
                {
                    "week": week.week,
                    "n": week.n,
                    "base_rate": _plain(week.base_rate),
                    **_flat(week.estimates),
                    "bands": _rounded(week.bands),
                    "bands_held": _rounded(week.bands_held),
                    "is_ordered": week.is_ordered(),
                }
                for week in self.weeks
            ],
            "calibration": [
                {name: _plain(value) for name, value in row.items()} for row in self.calibration
            ],
            "groups": [
                {
                    "group": group.name,
                    "n": group.n,
                    "base_rate": _plain(group.base_rate),
                    **_flat(
                        {
                            "recall_struggling": group.recall_struggling,
                            "recall_top_15": group.recall_top_15,
                        },
                        ("recall_struggling", "recall_top_15"),
                    ),
                }
                for group in self.groups
            ],
        }


def _flat(
    estimates: Mapping[str, Estimate], names: Iterable[str] = MEASURES
) -> dict[str, float | None]:
    flat: dict[str, float | None] = {}
    for name in names:
        found = estimates.get(name, Estimate(np.nan, np.nan, np.nan))
        flat[name] = _plain(found.value)
        flat[f"{name}_low"] = _plain(found.low)
        flat[f"{name}_high"] = _plain(found.high)
    return flat


def _rounded(bands: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float | None]]:
    return {
        band: {name: _plain(value) for name, value in row.items()} for band, row in bands.items()
    }


def _plain(value: float) -> float | int | None:
    """Give a number as JSON has it: rounded, None for NaN."""
    if isinstance(value, int):
        return value
    return None if np.isnan(value) else round(float(value), 4)
