"""Bands and reasons of a score: what people read instead of a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from moodle_analytics.early_warning.model import Array, Model
from moodle_analytics.early_warning.settings import ADVERSE_SIDES, FEATURES, Settings

if TYPE_CHECKING:
    import pandas as pd

REASON_COUNT = 3
# The rules' own components, under the codes of the features that they look at.
_COMPONENTS = {
    "quiet_share": "recent_event_rank",
    "seldom_share": "active_day_rank",
    "idle_share": "idle_days",
    "missed_share": "missed_count",
    "grade_gap_share": "grade_mean_share",
}


def bands_of(probabilities: Array, is_too_early: Array, settings: Settings) -> Array:
    """Give the band of each probability."""
    bands = np.where(probabilities < settings.risk_well, "well", "ok").astype(object)
    bands[probabilities >= settings.risk_struggling] = "struggling"
    bands[is_too_early] = "too_early"
    return bands


def model_reasons(
    model: Model, features: Array, contributions: Array, texts: Mapping[str, str]
) -> dict[str, Array]:
    """Give the columns reason_1_code ... of the largest contributions (rows x FEATURES).

    A reason must be true of the learner: its value is known and on the adverse side of the usual,
    and `texts` has a phrase for it.
    """
    is_adverse = model.place(features) * np.array(list(ADVERSE_SIDES.values())) > 0
    speaks = is_adverse & ~np.isnan(features)
    codes = np.broadcast_to(np.array(FEATURES), features.shape)
    return _largest(np.where(speaks, contributions, 0.0), codes, texts)


def rule_reasons(
    rows: pd.DataFrame, texts: Mapping[str, str], settings: Settings
) -> dict[str, Array]:
    """Give the columns reason_1_code ... of the rules' components, the largest first.

    A component counts only where its fact holds: less active than half of the class, silent for
    silent_days, something missed, a mean grade below the pass grade.
    """
    holds = np.column_stack(
        [
            rows["quiet_share"] > 0.5,
            rows["seldom_share"] > 0.5,
            rows["idle_days"] >= settings.silent_days,
            rows["missed_count"] > 0,
            rows["grade_mean_share"] < rows["pass_share"],
        ]
    )
    # The score is their mean: so they sum up to it.
    parts = rows[list(_COMPONENTS)].to_numpy(dtype=float) / len(_COMPONENTS)
    codes = np.broadcast_to(np.array(list(_COMPONENTS.values())), parts.shape)
    return _largest(np.where(holds, parts, 0.0), codes, texts)


def _largest(contributions: Array, codes: Array, texts: Mapping[str, str]) -> dict[str, Array]:
    """Give the largest positive contributions with their codes and texts; None where no more."""
    has_text = np.isin(codes, list(texts))
    weights = np.where(has_text, contributions, 0.0).round(4)
    order = np.argsort(-weights, axis=1, kind="stable")[:, :REASON_COUNT]
    rows = np.arange(len(weights))
    columns: dict[str, Array] = {}
    for place in range(REASON_COUNT):
        chosen = order[:, place]
        weight = weights[rows, chosen]
        code = codes[rows, chosen].astype(object)
        code[weight <= 0] = None
        columns[f"reason_{place + 1}_code"] = code
        columns[f"reason_{place + 1}_text"] = np.array(
            [texts.get(found) if found else None for found in code], dtype=object
        )
        columns[f"reason_{place + 1}_contribution"] = np.where(weight > 0, weight, np.nan)
    return columns
