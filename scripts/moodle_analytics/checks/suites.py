"""What is expected, from the rules and the catalogue: a list of named expectations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True)
class Expected:
    """One expectation: `kind` is Great Expectations' name of it, `subject` the table it is about.

    `absent` says why it is not applicable here; empty where it is.
    """

    name: str
    suite: str
    subject: str
    severity: str
    meaning: str
    action: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    absent: str = ""


ROWS = "unexpected_rows_expectation"
BETWEEN = "expect_column_values_to_be_between"
NOT_NULL = "expect_column_values_to_not_be_null"
UNIQUE = "expect_column_values_to_be_unique"
UNIQUE_TOGETHER = "expect_compound_columns_to_be_unique"
IN_SET = "expect_column_values_to_be_in_set"
NOT_IN_SET = "expect_column_values_to_not_be_in_set"
MATCH = "expect_column_values_to_match_regex"
NO_MATCH = "expect_column_values_to_not_match_regex"
ROW_COUNT = "expect_table_row_count_to_be_between"
COLUMNS = "expect_table_columns_to_match_set"
PAIR = "expect_column_pair_values_a_to_be_greater_than_b"


def unique(
    suite: str, subject: str, columns: list[str], what: str, severity: str = "critical"
) -> Expected:
    """Expect that these columns together name one row each."""
    named = "_and_".join(columns)
    is_single = len(columns) == 1
    return Expected(
        name=f"{subject}__{named}__is_unique",
        suite=suite,
        subject=subject,
        severity=severity,
        meaning=f"No two rows of {subject} have the same {' and '.join(columns)}.",
        action=f"Rows are there twice: {what}.",
        kind=UNIQUE if is_single else UNIQUE_TOGETHER,
        arguments={"column": columns[0]}
        if is_single
        else {"column_list": columns, "ignore_row_if": "any_value_is_missing"},
    )


def not_null(suite: str, subject: str, column: str, what: str) -> Expected:
    """Expect that each row has a value there."""
    return Expected(
        name=f"{subject}__{column}__is_never_null",
        suite=suite,
        subject=subject,
        severity="critical",
        meaning=f"Each row of {subject} has a value in {column}.",
        action=f"Values were lost: {what}.",
        kind=NOT_NULL,
        arguments={"column": column},
    )


def in_set(
    suite: str, subject: str, column: str, values: Iterable[Any], what: str, severity: str
) -> Expected:
    """Expect one of these values, or NULL."""
    shown = ", ".join(map(str, values))
    return Expected(
        name=f"{subject}__{column}__is_known",
        suite=suite,
        subject=subject,
        severity=severity,
        meaning=f"{column} of {subject} is one of {shown}.",
        action=f"Other values were written: {what}.",
        kind=IN_SET,
        arguments={"column": column, "value_set": list(values)},
    )


def between(
    suite: str,
    subject: str,
    column: str,
    rule: str,
    what: str,
    *,
    least: float | None = None,
    most: float | None = None,
    severity: str = "critical",
    meaning: str = "",
) -> Expected:
    """Expect numbers within these limits, or NULL."""
    limits = [f"at least {least:g}"] if least is not None else []
    limits += [f"at most {most:g}"] if most is not None else []
    return Expected(
        name=f"{subject}__{column}__{rule}",
        suite=suite,
        subject=subject,
        severity=severity,
        meaning=meaning or f"{column} of {subject} is {' and '.join(limits)}.",
        action=what,
        kind=BETWEEN,
        arguments={"column": column, "min_value": least, "max_value": most},
    )


def rows(
    name: str,
    suite: str,
    subject: str,
    query: str,
    *,
    meaning: str,
    action: str,
    severity: str = "critical",
    absent: str = "",
) -> Expected:
    """Expect that a query finds no rows."""
    return Expected(
        name, suite, subject, severity, meaning, action, ROWS, {"unexpected_rows_query": query},
        absent,
    )  # fmt: skip


def fill(query: str, values: Mapping[str, str]) -> str:
    """Put tables and vars in the place of their names in braces.

    Raises KeyError with the name of what is not given.
    """
    return re.sub(r"\{(:?\w+)\}", lambda match: values[match[1]], query).strip()


def needed(query: str) -> Iterator[str]:
    """Give the names in braces of a query that are not vars."""
    yield from re.findall(r"\{(\w+)\}", query)


def not_applicable(expected: Expected, why: str) -> Expected:
    """Give the expectation as one that is not applicable."""
    return replace(expected, absent=why)


def check_names(found: Iterable[Expected]) -> list[Expected]:
    """Give the expectations; names are unique and severities known, or it is a fault of the rules.

    Raises ValueError.
    """
    listed = list(found)
    names = [expected.name for expected in listed]
    twice = sorted({name for name in names if names.count(name) > 1})
    odd = [expected.name for expected in listed if expected.severity not in SEVERITIES]
    if twice or odd:
        raise ValueError(f"expectations named twice {twice} or of unknown severity {odd}")
    return listed
