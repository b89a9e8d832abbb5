"""Publishes a score for every learner-week that has none yet: by the model, else by the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from moodle_analytics import build, database
from moodle_analytics.early_warning import bands, record, store
from moodle_analytics.early_warning.record import RULES, Card
from moodle_analytics.early_warning.settings import FEATURES, Settings
from moodle_analytics.errors import UserError
from moodle_analytics.site import find_site

if TYPE_CHECKING:
    import pandas as pd
    from psycopg2.extensions import connection as Connection  # noqa: N812

    from moodle_analytics.early_warning.model import Model

_CHUNK_ROWS = 20_000
_PLAIN = ("learner_id", "course_id", "week_start", "course_week", "is_inactive_now", "rule_score")
_COMPONENTS = ("quiet_share", "seldom_share", "idle_share", "missed_share", "grade_gap_share")
_COLUMNS = (
    *(f"rules.{name}" for name in _PLAIN),
    "rules.is_too_early",
    "rules.rule_band",
    *(f"rules.{name}::float8" for name in _COMPONENTS),
    *(f"features.{name}::float8" for name in FEATURES),
)
_FROM = """
from intermediate.int_learner_week_features as features
inner join intermediate.int_learner_week_rules as rules
    on features.learner_course_week_id = rules.learner_course_week_id
where features.unscored_reason is null
"""
# What the model has seen the outcome of, it does not score; nor what never ends, as nobody can ever
# say there who did not complete.
_OF_MODEL = """
    and not features.course_id = any(%(trained_on)s)
    and exists (
        select 1 from marts.fct_learner_outcomes as outcomes
        where
            outcomes.learner_id = features.learner_id and outcomes.course_id = features.course_id
            and outcomes.ends_at is not null
    )
    and not exists (
        select 1 from predictions.learner_week_risk as risk
        where
            risk.learner_id = features.learner_id and risk.course_id = features.course_id
            and risk.week_start = features.week_start and risk.model_version = %(version)s
    )
"""
# Rules are for weeks that nothing was published of: a course that becomes training data later keeps
# the scores that a model gave it before.
_OF_RULES = """
    and not exists (
        select 1 from predictions.learner_week_risk as risk
        where
            risk.learner_id = features.learner_id and risk.course_id = features.course_id
            and risk.week_start = features.week_start
    )
"""
_UNSCORED = """
select
    features.unscored_reason, features.course_id, courses.course_short_name,
    features.course_week, features.week_start, count(*) as n
from intermediate.int_learner_week_features as features
left join marts.dim_courses as courses on features.course_id = courses.course_id
where features.unscored_reason is not null
group by 1, 2, 3, 4, 5
order by features.course_id, features.week_start
"""


@dataclass(frozen=True)
class Scored:
    """What a run added, by version, and what it left unscored: learner-weeks by reason.

    `outages` name course-weeks as (short name, course week, its Monday).
    """

    added: Mapping[str, int]
    unscored: Mapping[str, int]
    outages: list[tuple[str, int, date]] = field(default_factory=list)


def score(
    database_name: str | None = None,
    *,
    version: str | None = None,
    advance: Callable[[int, int], None] = lambda _done, _of: None,
) -> Scored:
    """Publish scores of `version` (default: the latest model's), and rule scores for the rest.

    Adds rows only for weeks that have none, all in one transaction. `advance` is told of rows done
    and in all. Raises UserError where the version does not exist or the models are not built.
    """
    settings = Settings.from_project()
    with record.writable(database_name) as connection:
        card = record.card_of(connection, version)
        texts = _texts(connection)
        added = {}
        if card and card.method == "model":
            trained = [int(course["course_id"]) for course in card.training_courses]
            values = {"version": card.model_version, "trained_on": trained}
            fitted = store.load_model(connection, card.model_version)
            publish = _by_model(card, fitted, texts, settings)
            added[card.model_version] = _publish(connection, _OF_MODEL, values, publish, advance)
        record.save_card(connection, Card(RULES, RULES, RULES))
        by_rules = _by_rules(texts, settings)
        added[RULES] = _publish(connection, _OF_RULES, {}, by_rules, advance)
        return _with_unscored(connection, Scored(added, {}))


def refresh(database_name: str | None = None, *, options: str = "") -> build.Summary:
    """Bring the marts that read the scores up to date. Raises UserError where dbt cannot.

    `options` are those of a run that is alone here.
    """
    server = database.locate()
    server = replace(server, database=database_name or server.database)
    target = build.Target(server, options=options)
    command = ["build", "--indirect-selection", "buildable", "--exclude-resource-type", "unit_test"]
    try:
        return build.run_dbt(
            target,
            [*command, "--select", "stg_predictions__*+"],
            variables=_variables(database_name),
            title="Refreshing",
        )
    except UserError as error:
        raise UserError(
            f"The scores are saved, but the marts that show them are not up to date: {error}"
        ) from None


def _variables(database_name: str | None) -> dict[str, object]:
    """Give the vars of a plain build, so that dbt need not parse anew; no model here reads them."""
    server = database.locate()
    with closing(database.connect(server, database_name, readonly=True)) as connection:
        try:
            found = find_site(connection)
        except UserError:
            return {}
    zone = build.default_vars()["program_timezone"]
    names = ("moodle_schema", "moodle_prefix", "program_timezone")
    return dict(zip(names, (found.schema, found.prefix, zone), strict=True))


def _publish(
    connection: Connection,
    condition: str,
    values: Mapping[str, Any],
    scored: Callable[[pd.DataFrame], pd.DataFrame],
    advance: Callable[[int, int], None],
) -> int:
    """Score the rows that meet the condition, chunk by chunk; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) {_FROM} {condition}", values)
        row = cursor.fetchone()
    total, done = row[0] if row else 0, 0
    for rows in _chunks(connection, condition, values) if total else ():
        record.copy_in(connection, "predictions.learner_week_risk", scored(rows))
        done += len(rows)
        advance(done, total)
    return done


def _chunks(
    connection: Connection, condition: str, values: Mapping[str, Any]
) -> Iterator[pd.DataFrame]:
    """Read rows on the server's cursor, so that memory does not grow with the site."""
    import pandas as pd

    names = [column.split(".")[1].removesuffix("::float8") for column in _COLUMNS]
    with connection.cursor("unscored") as cursor:
        cursor.execute(f"select {', '.join(_COLUMNS)} {_FROM} {condition}", values)
        while rows := cursor.fetchmany(_CHUNK_ROWS):
            frame = pd.DataFrame(rows, columns=names)
            numbers = [*_COMPONENTS, *FEATURES]
            yield frame.astype(dict.fromkeys(numbers, float))


def _by_model(
    card: Card, fitted: Model, texts: Mapping[str, str], settings: Settings
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    from moodle_analytics.early_warning.model import expit

    def scored(rows: pd.DataFrame) -> pd.DataFrame:
        features = rows[list(FEATURES)].to_numpy()
        weeks = rows["course_week"].to_numpy(dtype=float)
        base, contributions = fitted.explain(features, weeks)
        probability = expit(base + contributions.sum(axis=1)).round(4)
        is_too_early = rows["is_too_early"].to_numpy(dtype=bool)
        return _rows(
            rows,
            card,
            probability=probability,
            band=bands.bands_of(probability, is_too_early, settings),
            **bands.model_reasons(features, contributions, texts, settings),
        )

    return scored


def _by_rules(
    texts: Mapping[str, str], settings: Settings
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    card = Card(RULES, RULES, RULES)

    def scored(rows: pd.DataFrame) -> pd.DataFrame:
        reasons = bands.rule_reasons(rows, texts, settings)
        return _rows(rows, card, probability=np.nan, band=rows["rule_band"], **reasons)

    return scored


def _rows(rows: pd.DataFrame, card: Card, **columns: Any) -> pd.DataFrame:
    whole = {"n_train": "Int64"}
    added = {
        "method": card.method,
        "model_version": card.model_version,
        "trained_through": card.trained_through,
        "n_train": card.n_train,
        "scored_at": "now",
    }
    return rows[list(_PLAIN)].assign(**columns, **added).astype(whole)


def _texts(connection: Connection) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("select reason_code, reason_text from staging.risk_reasons")
        return dict(cursor.fetchall())


def _with_unscored(connection: Connection, scored: Scored) -> Scored:
    unscored: dict[str, int] = {}
    outages = []
    with connection.cursor() as cursor:
        cursor.execute(_UNSCORED)
        for reason, course_id, name, week, monday, count in cursor.fetchall():
            unscored[reason] = unscored.get(reason, 0) + count
            if reason == "outage":
                outages.append((name or f"course {course_id}", week, monday))
    return replace(scored, unscored=unscored, outages=outages)
