"""Made marts for the report: every mart of the contracts, with awkward names and gaps of NULL."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]

# Moodle's id and the short name of each course.
COURSES = {2: "PY101", 3: "R&D </script><b>\"1\" & 'x'", 4: "Ünï + 100%#=&"}
GROUPS = {"all": "All learners", "group 1": "Team <A> & B"}
WEEKS = ["2024-02-26", "2024-03-04", "2024-03-11", "2024-03-18"]
LEARNERS = {10 + place: f"learner-{place:02}" for place in range(7)}
_ACTIVITIES = {30: "Quiz <1>", 31: "Forum", 32: "Essay"}
_CHECKS = {"checks": "log", "orphans": "log", "clock": "grades"}

# What the keys of each mart with rows run through.
_GRIDS: dict[str, dict[str, list[Any]]] = {
    "dim_courses": {"course_id": [*COURSES]},
    "dim_weeks": {"week_start": WEEKS},
    "fct_weekly_groups": {
        "course_id": [*COURSES],
        "learner_group_id": [*GROUPS],
        "week_start": WEEKS,
    },
    "fct_weekly_cohorts": {"course_id": [*COURSES], "week_start": WEEKS},
    "fct_weekly_progress": {
        "course_id": [2, 3],
        "learner_id": [*LEARNERS],
        "week_start": WEEKS,
    },
    "fct_watch_list": {"course_id": [2, 3], "learner_id": [*LEARNERS]},
    "fct_learner_groups": {
        "course_id": [*COURSES],
        "learner_group_id": [*GROUPS],
        "learner_id": [*LEARNERS],
    },
    "fct_weekly_activities": {
        "course_id": [2, 3],
        "learner_group_id": [*GROUPS],
        "course_module_id": [*_ACTIVITIES],
        "week_start": WEEKS,
    },
    "fct_weekly_hours": {
        "course_id": [2, 3],
        "learner_group_id": [*GROUPS],
        "week_start": WEEKS,
        "weekday_number": [1, 2, 7],
        "hour_of_day": [0, 9, 23],
    },
    "fct_deadlines": {
        "course_id": [2, 3],
        "learner_group_id": [*GROUPS],
        "course_module_id": [*_ACTIVITIES],
    },
    "fct_deadline_days": {
        "course_id": [2, 3],
        "learner_group_id": [*GROUPS],
        "course_module_id": [*_ACTIVITIES],
        "days_before_due": [-14, -1, 0, 5],
    },
    "fct_data_quality": {"check_code": [*_CHECKS]},
    "dim_risk_models": {"model_version": ["model-1", "rules"]},
}
_WORDS = {
    "status": ["doing_well", "struggling", "inactive"],
    "band": ["struggling", "ok", "well"],
    "reason_1": ["silent", "low_grade", None],
    "reason_2": ["low_engagement", None],
    "reason_1_text": ["has been away", "has <low> grades", None],
    "section_name": ["Topic 1", None],
    "training_courses": ['[{"course": "PY101", "n": 3}]', "[]"],
    "measures": ['{"auc": 0.8123, "test": ["PY101"]}', "{}"],
}


def script(*, only: tuple[str, ...] | None = None) -> str:
    """Give the SQL that makes the marts, or those named; the rest have no rows."""
    chance = random.Random(5)
    statements = ["create schema marts"]
    for name, columns in sorted(_contracts().items()):
        listed = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        statements.append(f"create table marts.{name} ({listed})")
        if name in _GRIDS and (only is None or name in only):
            grid = _GRIDS[name]
            rows = [
                _row(columns, dict(zip(grid, keys, strict=True)), chance)
                for keys in product(*grid.values())
            ]
            statements.append(f"insert into marts.{name} values {', '.join(rows)}")
    statements.append("comment on column marts.fct_weekly_groups.week_start is 'Monday <of> it.'")
    return ";\n".join(statements)


def _contracts() -> dict[str, dict[str, str]]:
    """Columns and types of each mart."""
    found = {}
    for path in (ROOT / "models" / "marts").rglob("_*__models.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            found[model["name"]] = {
                column["name"]: column["data_type"] for column in model["columns"]
            }
    return found


def _row(columns: dict[str, str], keys: dict[str, Any], chance: random.Random) -> str:
    named = keys | dict(_named(keys))
    values = [
        named[column] if column in named else _value(column, kind, chance)
        for column, kind in columns.items()
    ]
    return f"({', '.join(_literal(value) for value in values)})"


def _named(keys: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give what hangs on the keys."""
    if "course_id" in keys:
        yield "course_short_name", COURSES[keys["course_id"]]
    if "learner_id" in keys:
        yield "learner_key", LEARNERS[keys["learner_id"]]
        yield "list_place", keys["learner_id"] - 9
    if "learner_group_id" in keys:
        yield "learner_group", GROUPS[keys["learner_group_id"]]
        yield "is_suppressed", keys["learner_group_id"] != "all"
    if "course_module_id" in keys:
        yield "activity_name", _ACTIVITIES[keys["course_module_id"]]
        yield "due_at", f"2024-03-{keys['course_module_id'] - 10} 23:59+00"
        yield "days_until_due", keys["course_module_id"] - 31
    if "week_start" in keys:
        yield "weeks_ago", 2 - WEEKS.index(keys["week_start"])
        yield "is_partial_week", keys["week_start"] == WEEKS[-1]
        yield "is_observed", True
    if "weekday_number" in keys:
        yield "weekday_name", {1: "Mon", 2: "Tue", 7: "Sun"}[keys["weekday_number"]]
    if "check_code" in keys:
        yield "subject", _CHECKS[keys["check_code"]]
        yield "is_ok", {"log": False, "grades": None}[_CHECKS[keys["check_code"]]]


def _value(column: str, kind: str, chance: random.Random) -> Any:
    if column in _WORDS:
        return chance.choice(_WORDS[column])
    if chance.random() < 0.15:
        return None
    if kind == "boolean":
        return chance.random() < 0.5
    if kind == "date":
        return "2024-03-01"
    if kind.startswith("timestamp"):
        return f"2024-03-{chance.randint(10, 20)} 10:{chance.randint(10, 59)}+00"
    if kind in ("integer", "bigint"):
        return chance.randint(0, 40)
    if kind.startswith(("numeric", "double")):
        return round(chance.random(), 2)
    return chance.choice(["one", "two", "three"])


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        quoted = value.replace("'", "''")
        return f"'{quoted}'"
    return str(value).lower()
