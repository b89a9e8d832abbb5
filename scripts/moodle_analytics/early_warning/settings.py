"""What a score is made from, and the thresholds, which are dbt's vars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moodle_analytics import build

# Each feature, and on which side of the usual it speaks against a learner: 1 above, -1 below;
# 0 tells of the course, never of the learner, and is no reason.
ADVERSE_SIDES = {
    "event_rank": -1,
    "recent_event_rank": -1,
    "active_day_rank": -1,
    "distinct_activity_rank": -1,
    "idle_days": 1,
    "event_log_change": -1,
    "active_week_share": -1,
    "active_days_7": -1,
    "active_days_14": -1,
    "handed_in_share": -1,
    "missed_count": 1,
    "latest_due_missed": 1,
    "mean_days_early": -1,
    "grade_mean_share": -1,
    "grade_last_share": -1,
    "grade_rank": -1,
    "earlier_attempt_count": 1,
    "due_item_count": 0,
    "elapsed_share": 0,
}
FEATURES = tuple(ADVERSE_SIDES)
BANDS = ("struggling", "ok", "well")


@dataclass(frozen=True)
class Settings:
    """Thresholds, each named as its var in dbt_project.yml."""

    risk_struggling: float
    risk_well: float
    risk_band_margin: float
    watch_list_share: float
    silent_days: int
    training_min_courses: int
    training_min_learners: int
    training_min_class: int
    evaluation_min_learners: int
    evaluation_min_class: int
    min_group_size: int

    @classmethod
    def from_project(cls, **given: Any) -> Settings:
        """Read dbt_project.yml; what is `given` goes before. Raises UserError without that file."""
        variables = build.default_vars()
        return cls(**{name: variables[name] for name in cls.__dataclass_fields__} | given)
