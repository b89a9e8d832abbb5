"""A database with the dashboards' marts alone: their columns from the models, rows made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from psycopg2 import sql

from conftest import drop_database, run
from moodle_analytics import database
from moodle_analytics.dashboard import specification

MODELS = Path(__file__).parents[1] / "models" / "marts"
COURSE = "Algebra & <1> 'ü\""
LEARNER = "6f0c"
_WEEKS = ("2026-03-02", "2026-03-09")
_VALUES: dict[str, Any] = {
    "course_short_name": COURSE,
    "learner_group": "All learners",
    "learner_group_kind": "all",
    "learner_key": LEARNER,
    "status": "doing_ok",
    "band": "struggling",
    "is_ok": False,
    "days_until_due": 3,
    "weekday_name": "Mon",
    "reason_1": "silent",
}
_BY_TYPE: dict[str, Any] = {
    "bigint": 1,
    "integer": 2,
    "smallint": 2,
    "numeric": 0.5,
    "boolean": True,
    "date": _WEEKS[0],
    "timestamp with time zone": "2026-03-09 12:00+00",
    "timestamptz": "2026-03-09 12:00+00",
    "double precision": 0.5,
}


@contextmanager
def marts(server: database.Server, name: str) -> Iterator[database.Server]:
    """Make the marts that the dashboards read, two weeks of one learner in one course."""
    run(server, "postgres", f'create database "{name}" template template0')
    made = replace(server, database=name)
    try:
        with closing(database.connect(made)) as connection, connection.cursor() as cursor:
            cursor.execute("create schema marts")
            for table, columns in tables().items():
                _make(cursor, table, columns)
            connection.commit()
        yield made
    finally:
        drop_database(server, name)


def tables() -> dict[str, dict[str, tuple[str, str]]]:
    """Give the type and the description of each column of the dashboards' marts."""
    sources = specification.load().sources.values()
    wanted = {source.table for source in sources}
    wanted |= {join.table for source in sources for join in source.joins}
    wanted |= {first.table for one in specification.load().filters.values() for first in one.first}
    found = {}
    for path in sorted(MODELS.glob("*/*__models.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", ()):
            if model["name"] in wanted:
                found[model["name"]] = {
                    column["name"]: (column["data_type"], column.get("description", ""))
                    for column in model["columns"]
                }
    assert set(found) == wanted
    return found


def _make(cursor: Any, table: str, columns: dict[str, tuple[str, str]]) -> None:
    named = sql.Identifier("marts", table)
    typed = [
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))
        for column, (kind, _) in columns.items()
    ]
    cursor.execute(sql.SQL("create table {} ({})").format(named, sql.SQL(", ").join(typed)))
    for column, (_, said) in columns.items():
        cursor.execute(
            sql.SQL("comment on column {} is {}").format(
                sql.Identifier("marts", table, column), sql.Literal(said)
            )
        )
    for number, week in enumerate(_WEEKS if "week_start" in columns else _WEEKS[:1]):
        values = [_value(column, kind, week, number) for column, (kind, _) in columns.items()]
        holders = sql.SQL(", ").join([sql.Placeholder()] * len(values))
        cursor.execute(sql.SQL("insert into {} values ({})").format(named, holders), values)


def _value(column: str, kind: str, week: str, number: int) -> Any:
    if column == "week_start":
        return week
    if column == "weeks_ago":
        return len(_WEEKS) - 1 - number
    if column in _VALUES:
        return _VALUES[column]
    if kind.endswith("[]"):
        return None
    return _BY_TYPE.get(kind.split("(")[0], f"a {column}")
