"""The SQL of a sheet: what Tableau asks over a live connection, and what fills the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg2 import sql

from moodle_analytics.dashboard.specification import Measure, Sheet, Source, Specification

SCHEMA = "marts"

# What was chosen for a filter: one value, several, or a range (either end may be None).
Choice = str | tuple[str, ...] | Mapping[str, Any]


def sheet_query(
    specification: Specification,
    sheet: Sheet,
    choices: Mapping[str, Choice] | None = None,
    *,
    schema: str = SCHEMA,
) -> sql.Composed:
    """Give a sheet's query: its dimensions, then its measures, in the order of its shelves.

    `choices` are by the filters' names; a filter without a choice lets all rows pass. Values are
    literals, so that the text runs anywhere as it is.
    """
    dimensions = specification.dimensions(sheet)
    measures = specification.measures_of(sheet)
    selected: list[sql.Composable] = [_column(sheet.source, name) for name in dimensions]
    selected += [
        sql.SQL("{} as {}").format(_aggregate(sheet.source, measure), sql.Identifier(measure.name))
        for measure in measures
    ]
    conditions = _conditions(sheet, choices or {})
    parts: list[sql.Composable] = [sql.SQL("select\n    "), sql.SQL(",\n    ").join(selected)]
    parts += [sql.SQL("\nfrom "), relation(sheet.source, schema)]
    if conditions:
        parts += [sql.SQL("\nwhere\n    "), sql.SQL("\n    and ").join(conditions)]
    if dimensions and measures:
        grouped = [_column(sheet.source, name) for name in dimensions]
        parts += [sql.SQL("\ngroup by "), sql.SQL(", ").join(grouped)]
    if sheet.order:
        parts += [sql.SQL("\norder by "), sql.SQL(", ").join(_ordered(specification, sheet))]
    if sheet.limit:
        parts += [sql.SQL("\nlimit {}").format(sql.Literal(sheet.limit))]
    return sql.Composed(parts)


def relation(source: Source, schema: str = SCHEMA) -> sql.Composed:
    """Give what stands behind `from`: the mart and its joins."""
    parts: list[sql.Composable] = [sql.Identifier(schema, source.table)]
    for join in source.joins:
        kind = sql.SQL("\nleft join " if join.keeps_all else "\ninner join ")
        equal = [
            sql.SQL("{} = {}").format(
                sql.Identifier(source.table, key), sql.Identifier(join.table, key)
            )
            for key in join.keys
        ]
        parts += [kind, sql.Identifier(schema, join.table), sql.SQL("\n    on ")]
        parts += [sql.SQL(" and ").join(equal)]
    return sql.Composed(parts)


def _column(source: Source, name: str) -> sql.Identifier:
    return sql.Identifier(source.table_of(name), name)


def _aggregate(source: Source, measure: Measure) -> sql.Composable:
    now = _of_rows(source, measure, measure.when)
    if not measure.less:
        return now
    return sql.SQL("{} - {}").format(now, _of_rows(source, measure, measure.less))


def _of_rows(source: Source, measure: Measure, when: Mapping[str, int]) -> sql.Composable:
    top = sql.SQL("{}({})").format(sql.SQL(measure.aggregate), _where(source, measure.column, when))
    if measure.over is None:
        return top
    bottom = sql.SQL("sum({})").format(_where(source, measure.over, when))
    return sql.SQL("cast({} as numeric) / nullif({}, 0)").format(top, bottom)


def _where(source: Source, column: str, when: Mapping[str, int]) -> sql.Composable:
    if not when:
        return _column(source, column)
    held = sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(_column(source, name), sql.Literal(value))
        for name, value in when.items()
    )
    return sql.SQL("case when {} then {} end").format(held, _column(source, column))


def _conditions(sheet: Sheet, choices: Mapping[str, Choice]) -> list[sql.Composable]:
    found: list[sql.Composable] = [
        _condition(sheet.source, name, value) for name, value in sheet.where.items()
    ]
    for filter_ in sheet.filters:
        choice = choices.get(filter_.name, filter_.value)
        if choice is not None:
            found.append(_condition(sheet.source, filter_.column, choice))
    return found


def _condition(source: Source, name: str, value: Any) -> sql.Composable:
    column = _column(source, name)
    if isinstance(value, bool):
        return sql.SQL("{} is {}").format(column, sql.SQL(str(value).lower()))
    if isinstance(value, Mapping):
        ends = [
            sql.SQL("{} {} {}").format(column, sql.SQL(sign), sql.Literal(value[end]))
            for end, sign in (("from", ">="), ("to", "<="))
            if value.get(end) is not None
        ]
        return sql.SQL(" and ").join(ends) if ends else sql.SQL("true")
    if isinstance(value, tuple):
        return sql.SQL("{} = any({})").format(column, sql.Literal(list(value)))
    return sql.SQL("{} = {}").format(column, sql.Literal(value))


def _ordered(specification: Specification, sheet: Sheet) -> list[sql.Composable]:
    found: list[sql.Composable] = []
    for name in sheet.order:
        bare = name.removeprefix("-")
        is_measure = bare in specification.measures
        by = sql.Identifier(bare) if is_measure else _column(sheet.source, bare)
        found.append(descending(by) if name.startswith("-") else by)
    return found


def descending(by: sql.Composable) -> sql.Composed:
    """Order downwards, NULL last as in Tableau."""
    return sql.SQL("{} desc nulls last").format(by)
