"""What is expected of the marts: from their YAML, the names of their columns, and marts.yml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from moodle_analytics.checks import catalogue, expect_agree, expect_weeks, suites
from moodle_analytics.checks.catalogue import Mart, Present
from moodle_analytics.checks.measures import Source
from moodle_analytics.checks.settings import Settings
from moodle_analytics.checks.suites import Expected

_SUITE = "marts"
_BUILD = "Build again with `moodle-analytics build`."
_OTHER = "were written by something else than a build; build again with `moodle-analytics build`"


def expected(
    present: Present, source: Source | None, log_end: int | None, settings: Settings
) -> list[Expected]:
    """Give the expectations of the marts in a database; `present` are those that are there.

    `source` and `log_end` (epoch seconds) are those of Moodle's tables, None without them.
    """
    marts = catalogue.marts()
    relations = {name: f'"marts"."{name}"' for name in marts}
    found = list(_shape(marts))
    for name, mart in marts.items():
        columns = set(present.get(name, ())) & set(mart.types)
        found += _keys(mart, columns)
        found += _values(mart, columns, present)
        found += _ranges(mart, columns)
        found += _pairs(mart, columns)
        found += _weeks(mart, columns)
    found += _sums(present)
    found += list(expect_weeks.expected(present, relations))
    found += list(expect_agree.expected(marts, present, relations))
    found += list(_happened(marts, present, log_end, settings))
    found += list(_volumes(present, relations, settings))
    found += list(_rows(present, relations, source, settings))
    return suites.check_names(
        suites.not_applicable(one, f"the mart {one.subject} is not built")
        if not one.absent and one.subject not in present and one.subject != "marts"
        else one
        for one in found
    )


def _shape(marts: Mapping[str, Mart]) -> Iterator[Expected]:
    may_be_empty = catalogue.rules("marts")["may_be_empty"]
    for name, mart in marts.items():
        yield Expected(
            f"{name}__is_built", _SUITE, "marts", "critical", f"The mart {name} is built.", _BUILD,
            suites.IN_SET, {"column": name, "value_set": [True]},
        )  # fmt: skip
        yield Expected(
            f"{name}__has_its_columns", _SUITE, name, "critical",
            f"{name} has the columns that its YAML describes.",
            "The mart was built by another version: " + _BUILD.lower(),
            suites.COLUMNS, {"column_set": sorted(mart.types), "exact_match": False},
        )  # fmt: skip
        types = ", ".join(f"('{column}', '{kind}')" for column, kind in mart.types.items())
        yield suites.rows(
            f"{name}__columns_have_their_types",
            _SUITE,
            name,
            "select wanted.name, wanted.kind, format_type(attribute.atttypid, null) as found "
            f"from (values {types}) as wanted (name, kind) "
            "inner join pg_attribute as attribute on attribute.attname = wanted.name "
            f'and attribute.attrelid = cast(\'"marts"."{name}"\' as regclass) '
            "where wanted.kind <> format_type(attribute.atttypid, null)",
            meaning=f"The columns of {name} are of the types that its YAML promises.",
            action="The mart was built by another version: " + _BUILD.lower(),
        )
        if name not in may_be_empty:
            yield Expected(
                f"{name}__is_not_empty", _SUITE, name, "critical", f"{name} has rows.",
                f"All rows are gone: {_BUILD.lower()}",
                suites.ROW_COUNT, {"min_value": 1},
            )  # fmt: skip


def _keys(mart: Mart, columns: set[str]) -> Iterator[Expected]:
    if mart.key and set(mart.key) <= columns:
        yield suites.unique(_SUITE, mart.name, list(mart.key), f"rows {_OTHER}")
    for column in mart.never_null:
        if column in columns:
            yield suites.not_null(_SUITE, mart.name, column, f"rows {_OTHER}")


def _values(mart: Mart, columns: set[str], present: Present) -> Iterator[Expected]:
    for column, values in mart.values.items():
        if column in columns:
            yield suites.in_set(_SUITE, mart.name, column, values, f"rows {_OTHER}", "critical")
    for column, (target, key) in mart.links.items():
        if column in columns and key in present.get(target, ()):
            yield suites.rows(
                f"{mart.name}__{column}__leads_to_{target}",
                _SUITE,
                mart.name,
                f'select distinct rows.{column} from "marts"."{mart.name}" as rows '
                f"where rows.{column} is not null and not exists (select 1 "
                f'from "marts"."{target}" as other where other.{key} = rows.{column})',
                meaning=f"{column} of {mart.name} is one of {target}.",
                action=f"Rows {_OTHER}.",
            )


def _ranges(mart: Mart, columns: set[str]) -> Iterator[Expected]:
    rules = catalogue.rules("marts")["ranges"]
    for column in mart.types:
        if column not in columns or not catalogue.is_number(mart.types[column]):
            continue
        rule = next((rule for rule in rules if _fits(column, rule["names"])), None)
        if rule and "skip" not in rule:
            yield suites.between(
                _SUITE,
                mart.name,
                column,
                rule["rule"],
                "Such values come from values out of range in Moodle (see the suite sources), "
                f"or {_OTHER}.",
                least=rule.get("least"),
                most=rule.get("most"),
                severity=rule["severity"],
            )


def _pairs(mart: Mart, columns: set[str]) -> Iterator[Expected]:
    rules = catalogue.rules("marts")
    found = [
        (name, name.removesuffix(pair["less"]) + pair["greater"])
        for pair in rules["pairs"]
        for name in mart.types
        if name.endswith(pair["less"])
        and name.removesuffix(pair["less"]) + pair["greater"] in mart.types
    ]
    found += [tuple(pair) for pair in rules["pairs_by_name"].get(mart.name, ())]
    for less, greater in found:
        if {less, greater} <= columns:
            yield Expected(
                f"{mart.name}__{less}__is_at_most_{greater}", _SUITE, mart.name, "critical",
                f"{less} of {mart.name} is never more than {greater}.", f"Rows {_OTHER}.",
                suites.PAIR,
                {
                    "column_A": greater, "column_B": less, "or_equal": True,
                    "ignore_row_if": "either_value_is_missing",
                },
            )  # fmt: skip


def _weeks(mart: Mart, columns: set[str]) -> Iterator[Expected]:
    for column in ("week_start", "first_week", "last_week", "first_used_week", "last_used_week"):
        if column in columns:
            yield suites.rows(
                f"{mart.name}__{column}__is_a_monday",
                _SUITE,
                mart.name,
                f'select distinct {column} from "marts"."{mart.name}" '
                f"where extract(isodow from {column}) <> 1",
                meaning=f"Each {column} of {mart.name} is a Monday.",
                action=f"Rows {_OTHER}.",
            )


def _sums(present: Present) -> Iterator[Expected]:
    for mart, sums in catalogue.rules("marts")["sums"].items():
        for total, parts in sums.items():
            if not {*parts, *([total] if isinstance(total, str) else [])} <= set(
                present.get(mart, ())
            ):
                continue
            named = total if isinstance(total, str) else "one"
            yield suites.rows(
                f"{mart}__parts_make_{named}",
                _SUITE,
                mart,
                f"select {' + '.join(parts)} as parts, {total} as whole "
                f'from "marts"."{mart}" where abs({" + ".join(parts)} - {total}) > 0.0001',
                meaning=f"In {mart}, {', '.join(parts)} make up {total}.",
                action=f"Rows {_OTHER}.",
            )


def _happened(
    marts: Mapping[str, Mart], present: Present, log_end: int | None, settings: Settings
) -> Iterator[Expected]:
    """Give one expectation a mart: no time of what has happened is after the end of the data."""
    names = catalogue.rules("marts")["happened"]
    for mart in marts.values():
        columns = [
            name for name in mart.types if _fits(name, names) and name in present.get(mart.name, ())
        ]
        if not columns:
            continue
        query, why = "", "Moodle's log is not here to tell the end of the data"
        if log_end is not None:
            limit = f"to_timestamp({log_end}) + interval '{settings.check_ahead_days} days'"
            query = (
                f'select {", ".join(columns)} from "marts"."{mart.name}" '
                f"where greatest({', '.join(columns)}) > {limit}"
            )
            why = ""
        yield suites.rows(
            f"{mart.name}__times_are_within_the_data",
            _SUITE,
            mart.name,
            query,
            meaning=f"Nothing in {mart.name} happened days after the end of the log "
            "(var check_ahead_days).",
            action="A clock was wrong in Moodle (see the suite sources), or rows " + _OTHER + ".",
            absent=why,
        )


def _volumes(
    present: Present, relations: Mapping[str, str], settings: Settings
) -> Iterator[Expected]:
    """Compare a week's total with the greater of the two weeks before and the two after."""
    for mart, columns in catalogue.rules("marts")["volumes"].items():
        for column in columns:
            if not {column, "week_start"} <= set(present.get(mart, ())):
                continue
            yield suites.rows(
                f"{mart}__{column}__keeps_its_volume",
                _SUITE,
                mart,
                _volume(relations, mart, column, settings),
                severity="warning",
                meaning=f"The {column} of all rows of a week in {mart} is neither less than "
                f"{settings.outage_share:.0%} of the weeks around nor more than "
                f"{settings.check_volume_ratio:g} times (vars outage_share, check_volume_ratio).",
                action="Look at the log of that week: a part of it is lost, doubled, or a holiday.",
            )


def _volume(relations: Mapping[str, str], mart: str, column: str, settings: Settings) -> str:
    # The first and the last week are cut by the data.
    return f"""
        with weeks as (
            select week_start, sum({column}) as total from {relations[mart]} group by week_start
        ),
        whole as (
            select week_start, total from weeks
            where total is not null
                and week_start > (select min(week_start) from weeks where total > 0)
                and week_start < (select max(week_start) from weeks where total > 0)
        ),
        compared as (
            select week_start, total,
                least(greatest(lag(total) over by_week, lag(total, 2) over by_week),
                    greatest(lead(total) over by_week, lead(total, 2) over by_week))
                    as least_around,
                greatest(lag(total) over by_week, lag(total, 2) over by_week,
                    lead(total) over by_week, lead(total, 2) over by_week) as most_around
            from whole
            window by_week as (order by week_start)
        )
        select week_start, total, least_around, most_around from compared
        where (least_around >= {settings.check_usual_rows}
                and total < {settings.outage_share} * least_around)
            or (most_around >= {settings.check_usual_rows}
                and total > {settings.check_volume_ratio} * most_around)
    """.strip()


def _rows(
    present: Present, relations: Mapping[str, str], source: Source | None, settings: Settings
) -> Iterator[Expected]:
    variables = {f":{name}": str(value) for name, value in vars(settings).items()}
    for rule in [*catalogue.rules("marts")["rows"], *catalogue.rules("mart_rows")["rows"]]:
        lacking = [
            f"{mart}.{column}"
            for mart, columns in rule["marts"].items()
            for column in columns
            if column not in present.get(mart, ())
        ]
        why = f"the marts lack {', '.join(lacking)}" if lacking else ""
        sources: Mapping[str, str] = {}
        if "sources" in rule and not why:
            if source is None or not all(
                source.has(table, *columns) for table, columns in rule["sources"].items()
            ):
                why = "Moodle's tables are not here to compare with"
            else:
                sources = source.relations
        yield suites.rows(
            rule["name"],
            _SUITE,
            rule["table"],
            "" if why else suites.fill(rule["sql"], {**sources, **relations, **variables}),
            severity=rule["severity"],
            meaning=rule["meaning"],
            action=rule["action"],
            absent=why,
        )


def _fits(column: str, names: list[str]) -> bool:
    return any(re.fullmatch(name, column) for name in names)


def built(present: Present) -> dict[str, Any]:
    """Give for each mart whether it is there."""
    return {name: name in present for name in catalogue.marts()}
