"""Judges published scores of finished courses against what became of the learners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moodle_analytics.early_warning import record
from moodle_analytics.early_warning.judge import measure
from moodle_analytics.early_warning.judgement import Judgement
from moodle_analytics.early_warning.record import Card
from moodle_analytics.early_warning.settings import Settings
from moodle_analytics.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from psycopg2.extensions import connection as Connection  # noqa: N812

__all__ = ["Report", "evaluate", "measure"]

_ROWS = """
select
    risk.learner_id, risk.course_id, risk.week_start, risk.course_week,
    coalesce(courses.course_short_name, 'course ' || courses.course_id) as course_short_name,
    risk.probability, risk.rule_score, risk.band, weekly.band as band_held,
    features.idle_days, outcomes.did_not_complete::int as did_not_complete,
    weeks.dropped_out::int as dropped_out,
    coalesce(features.unscored_reason = 'outage', false)::int as is_outage
from predictions.learner_week_risk as risk
inner join marts.fct_learner_outcomes as outcomes
    on risk.learner_id = outcomes.learner_id and risk.course_id = outcomes.course_id
inner join marts.dim_courses as courses on risk.course_id = courses.course_id
left join intermediate.int_learner_week_features as features
    on
        risk.learner_id = features.learner_id and risk.course_id = features.course_id
        and risk.week_start = features.week_start
left join intermediate.int_learner_week_outcomes as weeks
    on
        risk.learner_id = weeks.learner_id and risk.course_id = weeks.course_id
        and risk.week_start = weeks.week_start
left join marts.fct_weekly_risk as weekly
    on
        risk.learner_id = weekly.learner_id and risk.course_id = weekly.course_id
        and risk.week_start = weekly.week_start and risk.model_version = weekly.model_version
where
    risk.model_version = %(version)s
    and outcomes.did_not_complete is not null
    and (%(courses)s::bigint[] is null or risk.course_id = any(%(courses)s))
order by courses.start_at, risk.course_id, risk.week_start, risk.learner_id
"""
_OUTAGES = """
select distinct
    coalesce(courses.course_short_name, 'course ' || courses.course_id) as course_short_name,
    features.course_week
from intermediate.int_learner_week_features as features
inner join marts.dim_courses as courses on features.course_id = courses.course_id
where features.unscored_reason = 'outage' and features.course_id = any(%(courses)s)
order by 1, 2
"""
_COUNTS = """
select
    count(distinct course_id) filter (where did_not_complete is not null),
    count(did_not_complete),
    count(*) filter (where did_not_complete),
    count(*) filter (where not did_not_complete)
from marts.fct_learner_outcomes
"""


@dataclass(frozen=True)
class Report:
    """A judgement of published scores: of which version, on which courses, with what left out.

    `test` and the keys of `outages` are short names of courses; `is_retrospective`: the model had
    seen outcomes from after the start of a judged course.
    """

    card: Card
    test: list[str]
    judgement: Judgement
    outages: dict[str, list[int]]
    is_retrospective: bool

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain values for JSON."""
        return {
            "version": self.card.model_version,
            "method": self.card.method,
            "algorithm": self.card.algorithm,
            "label": "did_not_complete",
            "trained_on": [
                str(course["course_short_name"]) for course in self.card.training_courses
            ],
            "trained_through": str(self.card.trained_through or "") or None,
            "test": self.test,
            "is_retrospective": self.is_retrospective,
            "outages": self.outages,
            **self.judgement.to_dict(),
            "challenger": dict(self.card.challenger),
        }


def evaluate(
    database_name: str | None = None,
    *,
    course_ids: Sequence[int] = (),
    version: str | None = None,
) -> Report:
    """Judge the published scores of finished courses (all, or those of `course_ids`).

    Without `version`, those of the latest one that can be judged. Raises UserError where none can.
    """
    settings = Settings.from_project()
    with record.readable(database_name) as connection:
        if version:
            record.card_of(connection, version)
        # A model's scores are what is asked about, however lately the rules were used.
        found = sorted(record.cards(connection), key=lambda card: card.method != "model")
        for card in [card for card in found if version in (None, card.model_version)]:
            rows = _rows(connection, card.model_version, course_ids)
            judged = rows[rows["is_outage"] == 0]
            if judged.empty:
                continue
            outcome = measure(judged, settings, groups=record.groups(connection))
            if outcome.mean:
                return Report(
                    card=card,
                    test=list(dict.fromkeys(judged["course_short_name"])),
                    judgement=outcome,
                    outages=_outages(connection, rows),
                    is_retrospective=_is_retrospective(connection, card, rows),
                )
        raise UserError(_nothing_to_judge(connection, found, course_ids, settings))


def _rows(connection: Connection, version: str, course_ids: Sequence[int]) -> pd.DataFrame:
    values = {"version": version, "courses": list(course_ids) or None}
    return record.read(connection, _ROWS, values)


def _outages(connection: Connection, rows: pd.DataFrame) -> dict[str, list[int]]:
    outages: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        courses = [int(course_id) for course_id in rows["course_id"].unique()]
        cursor.execute(_OUTAGES, {"courses": courses})
        for name, week in cursor.fetchall():
            outages.setdefault(name, []).append(week)
    return outages


def _is_retrospective(connection: Connection, card: Card, rows: pd.DataFrame) -> bool:
    with connection.cursor() as cursor:
        courses = [int(course_id) for course_id in rows["course_id"].unique()]
        cursor.execute(
            "select coalesce(bool_or(start_at < %(through)s), false) from marts.dim_courses "
            "where course_id = any(%(courses)s)",
            {"through": card.trained_through, "courses": courses},
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def _nothing_to_judge(
    connection: Connection, found: list[Card], course_ids: Sequence[int], settings: Settings
) -> str:
    """Say in one sentence how little there is, and what the card tells instead."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS)
        courses, learners, failed, passed = cursor.fetchone() or (0, 0, 0, 0)
    model = next((card for card in found if card.method == "model"), None)
    means = model.measures.get("mean_of_weeks", {}) if model else {}
    if model and means:
        tested = ", ".join(model.measures["test"])
        hint = (
            f"; in training, {model.model_version} was judged on {tested}, with a mean AUC of "
            f"{means['auc']:.3f} (predictions.model_card has the weeks)"
        )
    elif found:
        hint = ""
    else:
        hint = "; nothing is scored yet: run `moodle-analytics score`"
    which = f" in course {', '.join(map(str, course_ids))}" if course_ids else ""
    return (
        f"There are no published scores{which} to judge against outcomes: {courses} finished "
        f"courses with {learners:,} learners of known outcome ({failed:,} did not complete, "
        f"{passed:,} did), and a week is judged from {settings.evaluation_min_learners} scored "
        f"learners, {settings.evaluation_min_class} of either outcome{hint}."
    )
