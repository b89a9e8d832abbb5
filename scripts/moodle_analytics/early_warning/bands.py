"""Bands and reasons of a score: what people read instead of a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from moodle_analytics.early_warning.model import Array
from moodle_analytics.early_warning.settings import FEATURES, Settings

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

# Of what tells the same, only the weightiest is said.
_ALIKE = (
    ("event_rank", "active_day_rank", "distinct_activity_rank", "active_week_share"),
    ("recent_event_rank", "event_log_change", "active_days_7", "active_days_14"),
    ("handed_in_share", "missed_count"),
    ("grade_mean_share", "grade_rank"),
)
# When the phrase of a reason is true of a learner. Nothing is said of a value that is not known,
# nor of what is the same for a whole course.
_HOLDS: Mapping[str, Callable[[Array, Settings], Array]] = {
    "event_rank": lambda rank, given: rank < given.reason_rank_share,
    "recent_event_rank": lambda rank, given: rank < given.reason_rank_share,
    "active_day_rank": lambda rank, given: rank < given.reason_rank_share,
    "distinct_activity_rank": lambda rank, given: rank < given.reason_rank_share,
    "idle_days": lambda days, given: days >= given.silent_days,
    "event_log_change": lambda change, _: change < 0,
    "active_week_share": lambda share, _: share < 0.5,
    "active_days_7": lambda days, given: days < given.praised_active_days,
    "active_days_14": lambda days, given: days < 2 * given.praised_active_days,
    "handed_in_share": lambda share, _: share < 1,
    "missed_count": lambda count, _: count > 0,
    "latest_due_missed": lambda is_missed, _: is_missed > 0,
    "mean_days_early": lambda days, _: days < 1,
    "grade_mean_share": lambda grade, given: grade < given.grade_well,
    "grade_last_share": lambda grade, given: grade < given.grade_well,
    "grade_rank": lambda rank, given: rank < given.reason_rank_share,
    "earlier_attempt_count": lambda count, _: count > 0,
}


def bands_of(probabilities: Array, is_too_early: Array, settings: Settings) -> Array:
    """Give the band of each probability."""
    bands = np.where(probabilities < settings.risk_well, "well", "ok").astype(object)
    bands[probabilities >= settings.risk_struggling] = "struggling"
    bands[is_too_early] = "too_early"
    return bands


def model_reasons(
    features: Array, contributions: Array, texts: Mapping[str, str], settings: Settings
) -> dict[str, Array]:
    """Give the columns reason_1_code ... of the largest contributions (rows x FEATURES).

    A reason must be true of the learner and have a phrase in `texts`; no two of them tell the same.
    """
    said = np.where(_holds(features, settings), contributions, 0.0)
    for alike in _ALIKE:
        places = [FEATURES.index(name) for name in alike]
        is_largest = np.arange(len(alike)) == said[:, places].argmax(axis=1)[:, None]
        said[:, places] = np.where(is_largest, said[:, places], 0.0)
    codes = np.broadcast_to(np.array(FEATURES), features.shape)
    return _largest(said, codes, texts)


def rule_reasons(
    rows: pd.DataFrame, texts: Mapping[str, str], settings: Settings
) -> dict[str, Array]:
    """Give the columns reason_1_code ... of the rules' components, the largest first.

    `rows` have the components and FEATURES. As with a model, a reason must be true of the learner.
    """
    places = [FEATURES.index(code) for code in _COMPONENTS.values()]
    holds = _holds(rows[list(FEATURES)].to_numpy(dtype=float), settings)[:, places]
    # The score is their mean: so they sum up to it.
    parts = rows[list(_COMPONENTS)].to_numpy(dtype=float) / len(_COMPONENTS)
    codes = np.broadcast_to(np.array(list(_COMPONENTS.values())), parts.shape)
    return _largest(np.where(holds, parts, 0.0), codes, texts)


def _holds(features: Array, settings: Settings) -> Array:
    """Say of rows x FEATURES which phrase is true."""
    never = np.zeros(len(features), dtype=bool)
    return np.column_stack(
        [
            _HOLDS[name](features[:, place], settings) if name in _HOLDS else never
            for place, name in enumerate(FEATURES)
        ]
    )


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
