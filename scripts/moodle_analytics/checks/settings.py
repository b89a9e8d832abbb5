"""Thresholds of the checks, which are dbt's vars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moodle_analytics import build


@dataclass(frozen=True)
class Settings:
    """Thresholds, each named as its var in dbt_project.yml."""

    program_timezone: str
    quality_warn_share: float
    unknown_event_warn_share: float
    stray_gap_days: int
    stray_share: float
    outage_share: float
    check_volume_ratio: float
    check_usual_rows: int
    check_clock_minutes: int
    check_shift_events: int
    check_shift_gain: float
    check_lost_ids: int
    check_repeated_share: float
    check_ahead_days: int
    check_dump_days: int

    @classmethod
    def from_project(cls, given: dict[str, Any]) -> Settings:
        """Read dbt_project.yml; what is `given` goes before. Raises UserError without that file."""
        variables = build.default_vars() | given
        return cls(**{name: variables[name] for name in cls.__dataclass_fields__})
