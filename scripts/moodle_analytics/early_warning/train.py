"""Trains the model on finished courses, and judges the way it is trained on the last of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moodle_analytics.early_warning import bands, boosting, judge, model, record, store
from moodle_analytics.early_warning.judgement import Judgement
from moodle_analytics.early_warning.model import Array, Model
from moodle_analytics.early_warning.record import Card
from moodle_analytics.early_warning.settings import FEATURES, Settings
from moodle_analytics.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd
    from psycopg2.extensions import connection as Connection  # noqa: N812

# A course is finished once the outcome of all its learners is known.
_COURSES = """
select
    outcomes.course_id,
    coalesce(courses.course_short_name, 'course ' || courses.course_id) as course_short_name,
    courses.start_at,
    max(outcomes.outcome_at) as outcome_at,
    avg(outcomes.did_not_complete::int) as base_rate
from marts.fct_learner_outcomes as outcomes
inner join marts.dim_courses as courses on outcomes.course_id = courses.course_id
group by outcomes.course_id, courses.course_id, courses.course_short_name, courses.start_at
having
    bool_and(outcomes.outcome_at is not null)
    and count(outcomes.did_not_complete) > 0
    and (%(before)s is null or max(outcomes.outcome_at) < %(before)s)
order by courses.start_at nulls first, count(*), outcomes.course_id
"""
_ROWS = f"""
select
    features.learner_id, features.course_id, features.course_week,
    features.is_too_early::int as is_too_early,
    outcomes.did_not_complete::int as did_not_complete,
    rules.rule_score,
    {", ".join(f"features.{name}" for name in FEATURES)}
from intermediate.int_learner_week_features as features
inner join intermediate.int_learner_week_rules as rules
    on features.learner_course_week_id = rules.learner_course_week_id
inner join marts.fct_learner_outcomes as outcomes
    on features.learner_id = outcomes.learner_id and features.course_id = outcomes.course_id
where
    features.unscored_reason is null
    and outcomes.did_not_complete is not null
    and features.course_id = any(%(courses)s)
order by features.course_id, features.week_start, features.learner_id
"""  # noqa: S608


@dataclass(frozen=True)
class Data:
    """Finished courses, by their start, and their learner-weeks with a known outcome.

    `groups` name learners, for the audit alone.
    """

    courses: pd.DataFrame
    rows: pd.DataFrame
    groups: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def of(self, course_ids: Any) -> Data:
        """Give the part of these courses."""
        return Data(
            self.courses[self.courses["course_id"].isin(course_ids)],
            self.rows[self.rows["course_id"].isin(course_ids)].reset_index(drop=True),
        )


@dataclass(frozen=True)
class Holdout:
    """How the way of training did on the last finished course, or the `reason` why nobody knows.

    `trained_on` and `test` are short names of courses. `challenger` compares boosting with the
    regression: mean weekly AUC of both, their difference with its interval, adopted or not.
    """

    trained_on: list[str]
    test: list[str]
    judgement: Judgement | None
    challenger: dict[str, Any]
    reason: str | None = None


def train(
    database_name: str | None = None,
    *,
    before: datetime | None = None,
    min_courses: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Card:
    """Train on the courses that were finished (`before` that time), and save model and card.

    `min_courses` goes before the var training_min_courses; `say` is told of each step. Raises
    UserError where there is too little to learn from; nothing is saved then.
    """
    given = {} if min_courses is None else {"training_min_courses": min_courses}
    settings = Settings.from_project(**given)
    say("reading finished courses")
    with record.readable(database_name) as connection:
        data = read_data(connection, before)
    if shortage := shortage_of(data, settings):
        raise UserError(
            f"There is too little to train a model on: {shortage}{_endless(database_name)}. "
            "Until there is a model, `moodle-analytics score` publishes rule scores, without a "
            "probability."
        )
    say("judging on the last course")
    held_out = hold_out(data, settings, say)
    say("fitting the model")
    fitted = fit(data, is_boosted=bool(held_out.challenger.get("adopted")))
    say("saving")
    with record.writable(database_name) as connection:
        card = _card(record.next_version(connection), fitted, data, held_out, settings)
        record.save_card(connection, card)
        store.save_model(connection, card.model_version, fitted)
    return card


def read_data(connection: Connection, before: datetime | None = None) -> Data:
    """Read the finished courses, and what can be learnt from."""
    import pandas as pd

    courses = record.read(connection, _COURSES, {"before": before})
    for name in ("start_at", "outcome_at"):
        courses[name] = pd.to_datetime(courses[name], utc=True, format="ISO8601")
    ids = [int(course_id) for course_id in courses["course_id"]]
    rows = record.read(connection, _ROWS, {"courses": ids})
    known = courses["course_id"].isin(rows["course_id"])
    return Data(courses[known], rows, record.groups(connection))


def _endless(database_name: str | None) -> str:
    """Say how many courses have no end, which is a common cause of too little; else nothing."""
    with record.readable(database_name) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from marts.dim_courses where end_at is null")
        row = cursor.fetchone()
    count = row[0] if row else 0
    return (
        f"; {count:,} courses have no end date, so nobody knows if they are over" if count else ""
    )


def shortage_of(data: Data, settings: Settings) -> str | None:
    """Say how little there is, against what is needed; None where it is enough."""
    learners = data.rows.drop_duplicates(["learner_id", "course_id"])["did_not_complete"]
    failed = int(learners.sum())
    parts = [
        (len(data.courses), "finished courses", settings.training_min_courses),
        (len(learners), "learners with a known outcome", settings.training_min_learners),
        (failed, "who did not complete", settings.training_min_class),
        (len(learners) - failed, "who did", settings.training_min_class),
    ]
    if all(count >= needed for count, _, needed in parts):
        return None
    return ", ".join(f"{count:,} {what} ({needed:,} needed)" for count, what, needed in parts)


def fit(data: Data, *, is_boosted: bool = False) -> Model:
    """Fit a model on all rows, its level set on the last course with both outcomes."""
    rows = data.rows
    algorithm = boosting.fit if is_boosted else model.fit
    fitted = algorithm(*arrays(rows), rows["did_not_complete"].to_numpy())
    last = _last_course(data)
    if last is None:
        return fitted
    cohort = rows[rows["course_id"] == last]
    return fitted.recalibrated(*arrays(cohort), cohort["did_not_complete"].to_numpy())


def arrays(rows: pd.DataFrame) -> tuple[Array, Array]:
    """Give the features (rows x FEATURES) and the course weeks of a table."""
    return rows[list(FEATURES)].to_numpy(dtype=float), rows["course_week"].to_numpy(dtype=float)


def hold_out(
    data: Data, settings: Settings, say: Callable[[str], None] = lambda _: None
) -> Holdout:
    """Train on the courses that had ended before the last one began, and judge on that one."""
    last = _last_course(data)
    if last is None:
        return Holdout([], [], None, {}, "no finished course has learners of both outcomes")
    test = data.of([last])
    start = test.courses["start_at"].iloc[0]
    earlier = data.of(data.courses.loc[data.courses["outcome_at"] <= start, "course_id"])
    trained_on, on_test = (list(part.courses["course_short_name"]) for part in (earlier, test))
    needed = Settings(**vars(settings) | {"training_min_courses": 1})
    if shortage := shortage_of(earlier, needed):
        reason = f"before {on_test[0]} began, there were only {shortage}"
        if earlier.courses.empty:
            reason = f"before {on_test[0]} began, no other course had ended"
        return Holdout(trained_on, on_test, None, {}, reason)
    frame = scored(test.rows, fit(earlier), settings)
    say("trying boosting as a challenger")
    frame["boosting"] = fit(earlier, is_boosted=True).probabilities(*arrays(test.rows))
    judgement = judge.measure(frame, settings, groups=data.groups)
    challenger = challenge(frame.rename(columns={"probability": "model"}), settings)
    if not judgement.mean:
        reason = f"{on_test[0]} has too few learners of either outcome"
        return Holdout(trained_on, on_test, None, {}, reason)
    return Holdout(trained_on, on_test, judgement, challenger)


def challenge(frame: pd.DataFrame, settings: Settings) -> dict[str, Any]:
    """Compare the columns `boosting` and `model`: adopted where surely better, else not."""
    found = judge.compare(frame, "model", "boosting", settings)
    if not found:
        return {}
    rounded = {name: round(value, 4) for name, value in found.items()}
    return {"algorithm": "boosting", **rounded, "adopted": found["low"] > 0}


def scored(rows: pd.DataFrame, fitted: Model, settings: Settings) -> pd.DataFrame:
    """Add the columns probability and band to learner-weeks, as they would be published."""
    probability = fitted.probabilities(*arrays(rows)).round(4)
    is_too_early = rows["is_too_early"].to_numpy(dtype=bool)
    return rows.assign(
        probability=probability, band=bands.bands_of(probability, is_too_early, settings)
    )


def _last_course(data: Data) -> int | None:
    """Give the id of the last course by start that has learners of both outcomes."""
    has_both = data.rows.groupby("course_id")["did_not_complete"].nunique() == 2
    found = data.courses.loc[data.courses["course_id"].isin(has_both[has_both].index), "course_id"]
    return int(found.iloc[-1]) if len(found) else None


def _card(version: str, fitted: Model, data: Data, held_out: Holdout, settings: Settings) -> Card:
    learners = data.rows.drop_duplicates(["learner_id", "course_id"])
    counts = learners.groupby("course_id")["did_not_complete"].agg(["size", "mean"])
    measured = held_out.judgement.to_dict() if held_out.judgement else {"reason": held_out.reason}
    groups = measured.pop("groups", [])
    return Card(
        model_version=version,
        method="model",
        algorithm=fitted.algorithm,
        trained_through=data.courses["outcome_at"].max().to_pydatetime().astimezone(UTC),
        n_train=len(learners),
        n_train_weeks=len(data.rows),
        base_rate=round(float(learners["did_not_complete"].mean()), 4),
        training_courses=[
            {
                "course_id": int(course_id),
                "course_short_name": name,
                "n": int(counts.loc[course_id, "size"]),
                "base_rate": round(float(counts.loc[course_id, "mean"]), 4),
            }
            for course_id, name in zip(
                data.courses["course_id"], data.courses["course_short_name"], strict=True
            )
        ],
        thresholds={
            "struggling": settings.risk_struggling,
            "well": settings.risk_well,
            "band_margin": settings.risk_band_margin,
            "watch_list_share": settings.watch_list_share,
        },
        measures={"trained_on": held_out.trained_on, "test": held_out.test, **measured},
        groups=groups,
        challenger=held_out.challenger,
    )
