"""What is expected of Moodle's tables: from the catalogue, sources.yml, and the measures."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from moodle_analytics.checks import catalogue, expect_log, expect_log_links, suites
from moodle_analytics.checks.measures import LOG, Source
from moodle_analytics.checks.settings import Settings
from moodle_analytics.checks.suites import Expected
from moodle_analytics.site import CORE_TABLES

_SUITE = "sources"
_LOAD = "load the dump again, or ask who changed the database"
# The marks that a text in UTF-8 bears after being read as Latin-1, and that of a lost character.
_GARBLED = "\ufffd|[\u00c2\u00c3][^ -~\u00c0-\u00ff]|\u00e2\u20ac"


def expected(
    source: Source, frames: Collection[str], settings: Settings, mistyped: dict[str, list[str]]
) -> list[Expected]:
    """Give the expectations of a site; without a table or column they are not applicable.

    `frames` names the measures that were taken, `mistyped` by table the columns of a wrong type.
    """
    found = [
        *_shape(source, mistyped),
        *_keys(source),
        *_contents(source),
        *_links(source),
        *_rows(source, settings),
        *_texts(source),
        *_times(source, frames),
        *expect_log.expected(settings),
        *expect_log_links.expected(settings, source),
    ]
    return suites.check_names(_without_absent(source, frames, found))


def _without_absent(
    source: Source, frames: Collection[str], found: list[Expected]
) -> Iterator[Expected]:
    for one in found:
        if one.absent or one.name.endswith("__is_there"):
            yield one
        elif one.subject not in source.present and one.subject not in frames:
            what = "table" if one.subject in catalogue.source_tables() else "measure"
            why = f"the site lacks the {what} {one.subject}"
            if one.subject == "log_age":
                why = "the data ended long ago and are taken for a dump (var check_dump_days)"
            yield suites.not_applicable(one, why)
        else:
            yield one


def _shape(source: Source, mistyped: dict[str, list[str]]) -> Iterator[Expected]:
    rules = catalogue.rules("sources")
    tables = catalogue.source_tables()
    for table, columns in tables.items():
        is_core = table in CORE_TABLES
        is_there = table in source.present
        yield Expected(
            name=f"{table}__is_there",
            suite=_SUITE,
            subject="tables",
            severity="critical" if is_core else "info",
            meaning=f"The table {table} is there.",
            action=f"Take the dump again with {table}: nothing is built without it."
            if is_core
            else f"Where the site has {table}, take the dump again with it.",
            kind=suites.IN_SET,
            arguments={"column": table, "value_set": [True]},
            absent="" if is_core or is_there else f"the site lacks the table {table}",
        )
        needed = [name for name, column in columns.items() if column.is_required]
        yield Expected(
            name=f"{table}__has_its_columns",
            suite=_SUITE,
            subject=table,
            severity="critical",
            meaning=f"{table} has the columns {', '.join(needed)}, each of its type.",
            action=f"Columns are missing or of another type: {_LOAD}."
            + (f" Of another type: {', '.join(mistyped[table])}." if table in mistyped else ""),
            kind=suites.COLUMNS,
            arguments={
                "column_set": sorted({*needed, *mistyped.get(table, [])}),
                "exact_match": False,
            },
        )
        if table in rules["never_empty"]:
            yield Expected(
                name=f"{table}__is_not_empty",
                suite=_SUITE,
                subject=table,
                severity="critical",
                meaning=f"{table} has rows.",
                action=f"All rows are gone: {_LOAD}.",
                kind=suites.ROW_COUNT,
                arguments={"min_value": 1},
            )


def _keys(source: Source) -> Iterator[Expected]:
    named = catalogue.rules("sources")["unique"]
    for table, columns in catalogue.source_tables().items():
        if source.has(table, "id"):
            yield suites.unique(_SUITE, table, ["id"], f"they were loaded twice; {_LOAD}")
        for name, column in columns.items():
            # A reduced dump has NULL in texts about people.
            if column.is_number and column.is_never_null and source.has(table, name):
                yield suites.not_null(_SUITE, table, name, _LOAD)
        if table in named:
            one = suites.unique(_SUITE, table, named[table], f"they were loaded twice; {_LOAD}")
            yield one if source.has(table, *named[table]) else _lacking(one, source)


def _contents(source: Source) -> Iterator[Expected]:
    rules = catalogue.rules("sources")
    for table, columns in rules["values"].items():
        for column, values in columns.items():
            one = suites.in_set(_SUITE, table, column, values, _LOAD, "critical")
            yield one if source.has(table, column) else _lacking(one, source)
    for table, columns in rules["least"].items():
        for column, least in columns.items():
            one = suites.between(
                _SUITE, table, column, "is_not_too_low", f"Values were changed: {_LOAD}.",
                least=least,
            )  # fmt: skip
            yield one if source.has(table, column) else _lacking(one, source)
    if source.has(LOG, "eventname"):
        yield Expected(
            name="log__eventname__is_a_name",
            suite=_SUITE,
            subject=LOG,
            severity="critical",
            meaning=r"Event names are of the form \component\event\name.",
            action=f"The column holds something else: {_LOAD}.",
            kind=suites.MATCH,
            arguments={"column": "eventname", "regex": r"^\\[a-z0-9_]+\\event\\[a-z0-9_\\]+$"},
        )


def _links(source: Source) -> Iterator[Expected]:
    rules = catalogue.rules("sources")
    for key, allowed in (("links", "false"), ("links_if_any", "coalesce({column}, 0) = 0")):
        for table, columns in rules[key].items():
            for column, target in columns.items():
                yield _link(source, rules, table, column, target, allowed)


def _link(
    source: Source, rules: dict[str, Any], table: str, column: str, target: str, allowed: str
) -> Expected:
    warns = f"{table}.{column}" in rules["links_that_warn"]
    is_there = source.has(table, column) and source.has(target, "id")
    query = ""
    if is_there:
        condition = allowed.replace("{column}", f"rows.{column}")
        query = (
            f"select rows.id, rows.{column} from {source.relations[table]} as rows "
            f"where not ({condition}) and not exists "
            f"(select 1 from {source.relations[target]} as other where other.id = rows.{column})"
        )
    one = suites.rows(
        f"{table}__{column}__leads_to_{target}",
        _SUITE,
        table,
        query,
        severity="warning" if warns else "critical",
        meaning=f"{column} of {table} leads to a row of {target}.",
        action=f"Rows of {target} are missing, or {table} holds rows of what is deleted: {_LOAD}.",
    )
    if is_there:
        return one
    lacking = target if source.has(table, column) else f"{table}.{column}"
    return suites.not_applicable(one, f"the site lacks {lacking}")


def _rows(source: Source, settings: Settings) -> Iterator[Expected]:
    unlimited = "false"
    if source.has("config", "name", "value"):
        unlimited = (
            f"exists (select 1 from {source.relations['config']} "
            "where name = 'unlimitedgrades' and value = '1')"
        )
    values = {
        **source.relations,
        **{f":{name}": str(value) for name, value in vars(settings).items()},
        "unlimited_grades": unlimited,
    }
    for rule in [
        *catalogue.rules("source_rows")["rows"],
        *catalogue.rules("source_facts")["rows"],
    ]:
        lacking = [
            f"{table}.{column}"
            for table, columns in rule["columns"].items()
            for column in columns
            if not source.has(table, column)
        ]
        lacking += [name for name in suites.needed(rule["sql"]) if name not in values]
        yield suites.rows(
            rule["name"],
            _SUITE,
            rule["table"],
            "" if lacking else suites.fill(rule["sql"], values),
            severity=rule["severity"],
            meaning=rule["meaning"],
            action=rule["action"],
            absent=f"the site lacks {', '.join(sorted(set(lacking)))}" if lacking else "",
        )


def _texts(source: Source) -> Iterator[Expected]:
    for table, columns in catalogue.rules("sources")["texts"].items():
        for column in columns:
            one = Expected(
                name=f"{table}__{column}__is_readable",
                suite=_SUITE,
                subject=table,
                severity="warning",
                meaning=f"{column} of {table} bears no marks of a wrong encoding.",
                action="Load the dump again as UTF-8; these texts stand in the marts and messages.",
                kind=suites.NO_MATCH,
                arguments={"column": column, "regex": _GARBLED},
            )
            yield one if source.has(table, column) else _lacking(one, source)


def _times(source: Source, frames: Collection[str]) -> Iterator[Expected]:
    for table in source.present:
        subject = f"times of {table}"
        if subject not in frames:
            continue
        for rule, column, severity, meaning in (
            (
                "are_possible",
                "impossible_count",
                "critical",
                f"No time of {table} is negative, before 2000, in the future, or in milliseconds.",
            ),
            ("are_set", "unset_count", "critical", f"Each row of {table} bears its time."),
            (
                "are_within_the_data",
                "late_count",
                "warning",
                f"No time of {table} lies days after the end of the log.",
            ),
        ):
            yield Expected(
                name=f"{table}__times__{rule}",
                suite=_SUITE,
                subject=subject,
                severity=severity,
                meaning=meaning,
                action="A clock was wrong, or the column is another; such rows fall into no week, "
                "or into a wrong one.",
                kind=suites.BETWEEN,
                arguments={"column": column, "max_value": 0},
            )


def _lacking(one: Expected, source: Source) -> Expected:
    """Say which column is not there; without the table that is said anyway."""
    if one.subject not in source.present:
        return one
    return suites.not_applicable(one, f"the site's {one.subject} lacks a column of it")
