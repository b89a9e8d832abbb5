"""The schema predictions: model cards, coefficients and published scores, only ever added to.

This module is its only writer. Whoever writes holds one lock and one transaction, so that a job is
there as a whole or not at all, and of two jobs the second waits.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from moodle_analytics import database, runs
from moodle_analytics.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from psycopg2.extensions import connection as Connection  # noqa: N812

RULES = "rules"
# PostgreSQL's own numbers of the types text, name and varchar.
_TEXTS = (25, 19, 1043)
_REASONS = "".join(
    f"reason_{place}_code text, reason_{place}_text text, reason_{place}_contribution numeric,"
    for place in (1, 2, 3)
)
_TABLES = f"""
create schema if not exists predictions;
comment on schema predictions is 'Who is likely not to complete: written by moodle-analytics alone, never changed, only added to';
create table if not exists predictions.model_card (
    model_version text primary key,
    method text not null check (method in ('model', 'rules')),
    algorithm text not null check (algorithm in ('logistic_regression', 'boosting', 'rules')),
    label text not null,
    trained_at timestamptz not null,
    trained_through timestamptz,
    n_train integer,
    n_train_weeks integer,
    base_rate numeric(5, 4),
    training_courses text not null,
    thresholds text not null,
    measures text not null,
    groups text not null,
    challenger text not null
);
create table if not exists predictions.model_coefficients (
    model_version text not null references predictions.model_card,
    feature text not null,
    median double precision not null,
    center double precision not null,
    scale double precision not null,
    coefficient double precision not null,
    week_coefficient double precision not null,
    missing_coefficient double precision not null,
    missing_week_coefficient double precision not null,
    primary key (model_version, feature)
);
create table if not exists predictions.model_trees (
    model_version text not null references predictions.model_card,
    tree integer not null,
    node integer not null,
    feature text,
    threshold double precision,
    left_node integer,
    right_node integer,
    value double precision not null,
    primary key (model_version, tree, node)
);
create table if not exists predictions.learner_week_risk (
    learner_id bigint not null,
    course_id bigint not null,
    week_start date not null,
    course_week integer not null,
    method text not null check (method in ('model', 'rules')),
    probability numeric(5, 4) check ((probability is null) = (method = 'rules')),
    rule_score numeric(5, 4) not null,
    band text not null check (band in ('too_early', 'struggling', 'ok', 'well')),
    is_inactive_now boolean not null,
    {_REASONS}
    model_version text not null references predictions.model_card,
    trained_through timestamptz,
    n_train integer,
    scored_at timestamptz not null,
    primary key (learner_id, course_id, week_start, model_version)
);
"""  # noqa: E501


@dataclass(frozen=True)
class Card:
    """A model card; `measures`, `groups` and `challenger` tell of courses held back in training."""

    model_version: str
    method: str
    algorithm: str
    trained_through: datetime | None = None
    n_train: int | None = None
    n_train_weeks: int | None = None
    base_rate: float | None = None
    training_courses: Sequence[Mapping[str, Any]] = ()
    thresholds: Mapping[str, Any] = field(default_factory=dict)
    measures: Mapping[str, Any] = field(default_factory=dict)
    groups: Sequence[Mapping[str, Any]] = ()
    challenger: Mapping[str, Any] = field(default_factory=dict)


_GROUPS = """
select cohorts.name, members.user_id
from staging.stg_moodle__cohorts as cohorts
inner join staging.stg_moodle__cohort_members as members
    on cohorts.cohort_id = members.cohort_id
where cohorts.name is not null
"""
_CARD_COLUMNS = tuple(Card.__dataclass_fields__)
_JSON_COLUMNS = ("training_courses", "thresholds", "measures", "groups", "challenger")


@contextlib.contextmanager
def readable(name: str | None) -> Iterator[Connection]:
    """Give a connection that cannot write. Raises UserError where the models are not built."""
    with (
        _explained("read"),
        closing(database.connect(database.locate(), name, readonly=True)) as connection,
    ):
        yield connection


@contextlib.contextmanager
def writable(name: str | None) -> Iterator[Connection]:
    """Give a connection in one transaction that is kept only where no error leaves the block.

    The tables are there, no other job writes to them, and the database is not replaced meanwhile.
    """
    server = database.locate()
    with (
        _explained("written"),
        closing(database.connect(server, name)) as connection,
        database.kept_in_place(server, name or server.database),
        # Within, as what keeps the database would take a missing right for one of its own.
        _explained("written"),
        connection,
    ):
        with connection.cursor() as cursor:
            cursor.execute(
                "select pg_advisory_xact_lock(hashtextextended('moodle-analytics predictions', 0))"
            )
            if not has_tables(connection):
                cursor.execute(_TABLES)
        yield connection


@contextlib.contextmanager
def alone(name: str | None, what: str, *, wait: bool = True) -> Iterator[str]:
    """Keep other runs out of the database `name`, as `runs.alone` does. Raises UserError."""
    server = database.locate()
    server = replace(server, database=name or server.database)
    with runs.alone(server, what, wait=wait) as options:
        yield options


def has_tables(connection: Connection) -> bool:
    """Whether anything was ever trained or scored here."""
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('predictions.learner_week_risk') is not null")
        row = cursor.fetchone()
    return bool(row and row[0])


def next_version(connection: Connection) -> str:
    """Name the model that is trained next: model-1, model-2, ..."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select max(substr(model_version, 7)::integer) from predictions.model_card "
            "where model_version ~ '^model-[0-9]+$'"
        )
        row = cursor.fetchone()
    latest = row[0] if row else None
    return f"model-{(latest or 0) + 1}"


def card_of(connection: Connection, version: str | None) -> Card | None:
    """Give the card of a version, or the latest of a model; None where there is no model.

    Raises UserError where the named one does not exist.
    """
    found = [card for card in cards(connection) if version in (None, card.model_version)]
    if version is None:
        return next((card for card in found if card.method == "model"), None)
    if not found:
        names = ", ".join(card.model_version for card in cards(connection)) or "none so far"
        raise UserError(
            f"There is no model version {version}: there is {names} (`moodle-analytics train` "
            "makes one)."
        )
    return found[0]


def cards(connection: Connection) -> list[Card]:
    """Give all cards, the latest first."""
    if not has_tables(connection):
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {', '.join(_CARD_COLUMNS)} from predictions.model_card "  # noqa: S608
            "order by trained_at desc, model_version desc"
        )
        rows = [dict(zip(_CARD_COLUMNS, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row |= {name: json.loads(row[name]) for name in _JSON_COLUMNS}
    return [Card(**row) for row in rows]


def save_card(connection: Connection, card: Card) -> None:
    """Add a card; one that is there stays as it is."""
    values = vars(card) | {name: json.dumps(getattr(card, name)) for name in _JSON_COLUMNS}
    columns = ", ".join(_CARD_COLUMNS)
    places = ", ".join(f"%({name})s" for name in _CARD_COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into predictions.model_card ({columns}, label, trained_at) "  # noqa: S608
            f"values ({places}, 'did_not_complete', clock_timestamp()) on conflict do nothing",
            values,
        )


def read(
    connection: Connection, query: str, parameters: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Give the rows of a query; NULL becomes NaN, numbers keep every digit, text stays text."""
    import pandas as pd

    with connection.cursor() as cursor:
        text = cursor.mogrify(query, parameters or {}).decode()
        cursor.execute(f"select * from ({text}) as wanted limit 0")  # noqa: S608
        # A course may be called 007.
        columns = cursor.description or ()
        texts = {column.name: str for column in columns if column.type_code in _TEXTS}
        file = io.BytesIO()
        cursor.copy_expert(f"copy ({text}) to stdout with (format csv, header)", file)
    file.seek(0)
    frame: pd.DataFrame = pd.read_csv(file, dtype=texts, keep_default_na=False, na_values=[""])
    return frame


def groups(connection: Connection) -> dict[str, list[int]]:
    """Give the learners of Moodle's cohorts, by the cohort's name: for the audit of scores only."""
    members: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS)
        for name, learner_id in cursor.fetchall():
            members.setdefault(name, []).append(learner_id)
    return members


def copy_in(connection: Connection, table: str, frame: pd.DataFrame) -> None:
    """Add the rows of a frame, whose columns are named as the table's; NaN becomes NULL."""
    file = io.StringIO()
    frame.to_csv(file, index=False, header=False)
    file.seek(0)
    with connection.cursor() as cursor:
        columns = ", ".join(frame.columns)
        cursor.copy_expert(f"copy {table} ({columns}) from stdin with (format csv)", file)


@contextlib.contextmanager
def _explained(act: str) -> Iterator[None]:
    """Turn an error of PostgreSQL into one sentence."""
    import psycopg2

    try:
        yield
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn) as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"The models of early warning are not in this database, or are older ones ({reason}): "
            "run `moodle-analytics build` first."
        ) from None
    except psycopg2.errors.InsufficientPrivilege as error:
        reason = str(error).strip().splitlines()[0]
        needed = (
            "select on the schemas marts, intermediate, staging and predictions"
            if act == "read"
            else "create on the database, or to own the schema predictions"
        )
        raise UserError(
            f"The scores cannot be {act}: {reason} (the role needs {needed})."
        ) from None
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"The scores cannot be {act}: {reason} (nothing was changed; run it again when the "
            "server is well)."
        ) from None
