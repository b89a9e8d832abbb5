"""What the tests of early warning share: made courses, as arrays and as tables of the models."""

from __future__ import annotations

import io
import json
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from conftest import run
from moodle_analytics import database
from moodle_analytics.early_warning.settings import FEATURES

WEEKS = 6
LEARNERS = 120
# Starts of the courses; 1 and 2 end before 3 begins, 4 goes on.
STARTS = {1: "2024-01-01", 2: "2024-01-08", 3: "2024-04-01", 4: "2024-07-01"}
ENDS = {1: "2024-02-12", 2: "2024-02-19", 3: "2024-05-13"}
NAMES = {1: "Data 1", 2: "Data 2", 3: "<b>Data & 3</b>", 4: "Data 4"}


def made_course(
    course_id: int, *, learners: int = LEARNERS, weeks: int = WEEKS, seed: int = 1
) -> pd.DataFrame:
    """Learner-weeks of a course whose outcome hangs on a trait that every feature shows a bit."""
    random = np.random.default_rng(seed + 100 * course_id)
    trait = random.normal(size=learners)
    failed = trait + random.normal(size=learners) < 0
    parts = []
    for week in range(1, weeks + 1):
        seen = [trait + random.normal(size=learners) * 2 for _ in FEATURES]
        part = pd.DataFrame(dict(zip(FEATURES, seen, strict=True)))
        for name in FEATURES[:4]:
            part[name] = part[name].rank(pct=True)
        part["idle_days"] = np.maximum(0, 5 - 3 * part["idle_days"]).round()
        part["missed_count"] = np.maximum(0, -part["missed_count"]).round()
        part["latest_due_missed"] = (part["latest_due_missed"] < -2).astype(float)
        part["earlier_attempt_count"] = 0.0
        part["due_item_count"] = float(week)
        part["elapsed_share"] = week / weeks
        for name in ("grade_mean_share", "grade_last_share", "grade_rank"):
            known = week > 1 and random.random(learners) < 0.8
            part[name] = np.where(known, (part[name] / 12 + 0.6).clip(0, 1), np.nan)
        parts.append(part.assign(course_week=week, learner_id=1_000 * course_id + part.index))
    frame = pd.concat(parts, ignore_index=True)
    frame["course_id"] = course_id
    frame["did_not_complete"] = np.tile(failed, weeks).astype(int)
    frame["rule_score"] = (1 - frame["recent_event_rank"]).round(4)
    frame["is_too_early"] = (frame["course_week"] == 1).astype(int)
    return frame


def arrays(frame: pd.DataFrame) -> tuple[Any, Any, Any]:
    """Features, course weeks and outcomes of learner-weeks."""
    return (
        frame[list(FEATURES)].to_numpy(dtype=float),
        frame["course_week"].to_numpy(dtype=float),
        frame["did_not_complete"].to_numpy(),
    )


def ask(server: database.Server, query: str) -> list[tuple[Any, ...]]:
    """Run a query on the server's own database."""
    return run(server, server.database, query)


def card(server: database.Server, version: str = "model-1") -> dict[str, Any]:
    """Give a model card, what it has as JSON read."""
    cards = "select to_json(card) from predictions.model_card as card"
    found: dict[str, Any] = ask(server, f"{cards} where model_version = '{version}'")[0][0]
    names = ("training_courses", "measures", "challenger", "thresholds", "groups")
    return found | {name: json.loads(found[name]) for name in names}


def fill(server: database.Server, courses: list[int]) -> None:
    """Make the tables that the commands read, and fill them with made courses."""
    frame = pd.concat([made_course(course_id) for course_id in courses], ignore_index=True)
    first = {course_id: date.fromisoformat(STARTS[course_id]) for course_id in courses}
    frame["week_start"] = [
        first[course_id] + timedelta(days=7 * (week - 1))
        for course_id, week in zip(frame["course_id"], frame["course_week"], strict=True)
    ]
    columns = ["learner_id", "course_id", "week_start"]
    frame["key"] = frame[columns].astype(str).agg("-".join, axis=1)
    frame["unscored"] = None
    frame["pass_share"] = 0.5
    frame["rule_band"] = np.where(frame["is_too_early"] == 1, "too_early", "ok")
    frame["is_inactive"] = frame["idle_days"] >= 21
    frame["quiet"] = 1 - frame["recent_event_rank"]
    frame["half"] = 0.5
    outcomes = frame.drop_duplicates(["learner_id", "course_id"]).copy()
    outcomes["outcome_at"] = outcomes["course_id"].map(ENDS)
    is_over = outcomes["outcome_at"].notna()
    outcomes["did_not_complete"] = outcomes["did_not_complete"].astype("Int64").where(is_over)
    frame = frame.merge(outcomes[["learner_id", "course_id", "outcome_at"]])
    frame["did_not_complete"] = frame["did_not_complete"].where(frame["outcome_at"].notna())
    known = ["did_not_complete"]
    with closing(database.connect(server)) as connection, connection:
        cursor = connection.cursor()
        cursor.execute(TABLES)

        def copy(table: str, rows: pd.DataFrame) -> None:
            file = io.StringIO()
            rows.to_csv(file, index=False, header=False)
            file.seek(0)
            cursor.copy_expert(f"copy {table} from stdin with (format csv)", file)

        # PostgreSQL reads 1 and 0 as booleans, not 1.0.
        frame[known] = frame[known].astype("Int64")
        keys = ["key", *columns]
        copy(
            "intermediate.int_learner_week_features",
            frame[[*keys, "course_week", "unscored", "is_too_early", *FEATURES, "pass_share"]],
        )
        components = ["quiet", "half", "half", "half", "half"]
        about = ["is_too_early", "is_inactive", "rule_band", "rule_score"]
        copy(
            "intermediate.int_learner_week_rules",
            frame[[*keys, "course_week", "unscored", *about, *components]],
        )
        weekly = [*keys, "did_not_complete", "unscored", "outcome_at"]
        copy("intermediate.int_learner_week_outcomes", frame[weekly])
        outcomes["ends_at"] = outcomes["outcome_at"].fillna("2030-01-01")
        ends = ["learner_id", "course_id", "did_not_complete", "outcome_at", "ends_at"]
        copy("marts.fct_learner_outcomes", outcomes[ends])
        copy(
            "marts.dim_courses",
            pd.DataFrame([(one, NAMES[one], STARTS[one], ENDS.get(one)) for one in courses]),
        )
        copy("staging.risk_reasons", pd.DataFrame([(name, f"text of {name}") for name in FEATURES]))


TABLES = f"""
create schema intermediate;
create schema marts;
create schema staging;
create table intermediate.int_learner_week_features (
    learner_course_week_id text primary key, learner_id bigint, course_id bigint, week_start date,
    course_week int, unscored_reason text, is_too_early boolean,
    {", ".join(f"{name} double precision" for name in FEATURES)}, pass_share numeric
);
create table intermediate.int_learner_week_rules (
    learner_course_week_id text primary key, learner_id bigint, course_id bigint, week_start date,
    course_week int, unscored_reason text, is_too_early boolean, is_inactive_now boolean,
    rule_band text, rule_score numeric, quiet_share numeric, seldom_share numeric,
    idle_share numeric, missed_share numeric, grade_gap_share numeric
);
create table intermediate.int_learner_week_outcomes (
    learner_course_week_id text primary key, learner_id bigint, course_id bigint, week_start date,
    did_not_complete boolean, dropped_out boolean, outcome_at timestamptz
);
create table marts.fct_learner_outcomes (
    learner_id bigint, course_id bigint, did_not_complete boolean, outcome_at timestamptz,
    ends_at timestamptz
);
create table marts.fct_weekly_risk (
    learner_id bigint, course_id bigint, week_start date, model_version text, band text
);
create table marts.dim_courses (
    course_id bigint, course_short_name text, start_at timestamptz, end_at timestamptz
);
create table staging.risk_reasons (reason_code text, reason_text text);
create table staging.stg_moodle__cohorts (cohort_id bigint, name text);
create table staging.stg_moodle__cohort_members (cohort_id bigint, user_id bigint);
"""
