"""What a score is made from, and the thresholds, which are dbt's vars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moodle_analytics import build

FEATURES = (
    "event_rank",
    "recent_event_rank",
    "active_day_rank",
    "distinct_activity_rank",
    "idle_days",
    "event_log_change",
    "active_week_share",
    "active_days_7",
    "active_days_14",
    "handed_in_share",
    "missed_count",
    "latest_due_missed",
    "mean_days_early",
    "grade_mean_share",
    "grade_last_share",
    "grade_rank",
    "earlier_attempt_count",
    "due_item_count",
    "elapsed_share",
)
BANDS = ("struggling", "ok", "well")


@dataclass(frozen=True)
class Settings:
    """Thresholds, each named as its var in dbt_project.yml."""

    risk_struggling: float
    risk_well: float
    risk_band_margin: float
    watch_list_share: float
    reason_rank_share: float
    silent_days: int
    praised_active_days: int
    grade_well: float
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
