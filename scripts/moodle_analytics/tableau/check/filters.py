"""Filters: their field, their members, their slice."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from typing import Any

from moodle_analytics.tableau.check import names
from moodle_analytics.tableau.check.expected import words_of
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.fields import kind
from moodle_analytics.tableau.check.files import Element
from moodle_analytics.tableau.check.formula import FormulaError
from moodle_analytics.tableau.check.marts import Marts
from moodle_analytics.tableau.check.members import member_problem, member_value
from moodle_analytics.tableau.check.model import DATES, NUMERIC, Field, Source
from moodle_analytics.tableau.check.sheets import Sheet

_SETS = ("union", "except", "intersection", "member", "level-members", "range", "end", "order",
         "filter", "empty-level", "crossjoin")  # fmt: skip


def check(sheet: Sheet, marts: Marts, report: Report) -> None:
    """Report filters of a worksheet that filter nothing, the wrong thing or by no known value."""
    filters = sheet.element.findall("table/view/filter")
    slices = [one.text or "" for one in sheet.element.iterfind("table/view/slices/column")]
    filtered = [one.get("column") or "" for one in filters]
    for name, count in Counter(filtered).items():
        if count > 1:
            report.add(sheet.place, f"filters by {name} {count} times")
    for name, count in Counter(slices).items():
        if name not in filtered:
            report.add(sheet.place, f"slices by {name} without a filter")
        if count > 1:
            report.add(sheet.place, f"slices by {name} {count} times")
    for one in filters:
        name = one.get("column") or ""
        if problem := sheet.resolve(name):
            report.add(sheet.place, f"filters by {name}, which {problem}")
            continue
        if name not in slices:
            report.add(sheet.place, f"filters by {name}, which is not in slices")
        found = sheet.field_of(name)
        if found is None:
            _check_measure_names(sheet, one, report)
        elif one.get("class") == "categorical":
            _check_sets(sheet, one, found[0], found[1], marts, report)
        elif one.get("class") == "quantitative":
            _check_range(sheet, one, found[0], found[1], marts, report)


def _check_measure_names(sheet: Sheet, one: Element, report: Report) -> None:
    """Report members of Measure Names that are no measure of the sheet."""
    members = [inner.get("member") for inner in one.iter("groupfilter") if inner.get("member")]
    if not members and one.get("class") == "categorical":
        report.add(sheet.place, "shows no measure by name: the filter on Measure Names is empty")
    for member in members:
        if problem := member_problem(member, "string"):
            report.add(sheet.place, f"measure {member} is not in double quotes: {problem}")
        elif problem := sheet.resolve(member_value(member)):
            report.add(sheet.place, f"shows measure {member}, which {problem}")
    for member, count in Counter(members).items():
        if count > 1:
            report.add(sheet.place, f"shows measure {member} {count} times")


def _check_sets(
    sheet: Sheet, one: Element, source: Source, field: Field, marts: Marts, report: Report
) -> None:
    sets = one.findall("groupfilter")
    if not sets:
        report.add(sheet.place, f"filters by {field.name}, but by no values")
    for inner in one.iter("groupfilter"):
        function = inner.get("function")
        if function not in _SETS:
            report.add(sheet.place, f"filters {field.name} by {function}, which is not checked")
        level = inner.get("level")
        if level is not None:
            full = names.quote(source.name) + "." + level
            if sheet.resolve(full) and names.bare(level) != field.name:
                report.add(
                    sheet.place, f"filters {field.name} at level {level}, which is not there"
                )
            elif full != one.get("column") and names.bare(level) != field.name:
                report.add(sheet.place, f"filters {field.name} at the level of {level}")
        if function == "member":
            if level is None:
                report.add(sheet.place, f"filters {field.name} by a member without a level")
            is_choice = one.get("filter-group") is not None
            _check_member(sheet, inner, source, field, marts, report, is_choice=is_choice)
        if function == "union" and not len(inner):
            report.add(sheet.place, f"filters {field.name} by no values")
        if function == "range":
            for end in ("from", "to"):
                if problem := member_problem(inner.get(end) or "", field.datatype):
                    report.add(
                        sheet.place, f"filters {field.name} {end} {inner.get(end)}, {problem}"
                    )
        _check_top(sheet, inner, source, report)


def _check_top(sheet: Sheet, inner: Element, source: Source, report: Report) -> None:
    if inner.get("function") == "end":
        count = inner.get("count") or ""
        if not count.isdecimal() or int(count) < 1:
            report.add(sheet.place, f"keeps the first {count or 'no'} rows, which is no number")
        if inner.get("end") not in ("top", "bottom"):
            report.add(sheet.place, f"keeps the {inner.get('end')} rows")
    if inner.get("function") == "order":
        if inner.get("direction") not in ("ASC", "DESC"):
            report.add(sheet.place, f"orders in the direction {inner.get('direction')}")
        try:
            found = kind(source, inner.get("expression") or "")
            if not found.is_aggregate:
                report.add(sheet.place, f"orders by {inner.get('expression')}, no aggregate")
        except FormulaError as error:
            report.add(sheet.place, f"orders by {inner.get('expression')}, which {error}")


def _check_member(
    sheet: Sheet,
    inner: Element,
    source: Source,
    field: Field,
    marts: Marts,
    report: Report,
    *,
    is_choice: bool,
) -> None:
    member = inner.get("member") or ""
    if problem := member_problem(member, field.datatype):
        report.add(sheet.place, f"filters {field.name} by {member}, {problem}")
        return
    origin = source.origin(field.name)
    if origin is None or marts.type_of(*origin) is None or marts.is_empty(origin[0]):
        return
    value: Any = None if member == "%null%" else member_value(member)
    if field.datatype == "boolean" or value in words_of(field.name):
        return
    # A course may be chosen that has no deadlines; it must only be a course.
    tables = [origin[0], *(marts.having(origin[1]) if is_choice else ())]
    if not any(marts.holds(table, origin[1], value) for table in tables):
        report.add(
            sheet.place,
            f"filters {field.name} by {member}, a value that {origin[0]} does not have",
            "choose a value that is there, or rebuild",
        )


def _check_range(
    sheet: Sheet, one: Element, source: Source, field: Field, marts: Marts, report: Report
) -> None:
    if field.datatype not in (*NUMERIC, *DATES):
        report.add(sheet.place, f"filters {field.name}, a {field.datatype}, by a range")
        return
    low, high = one.findtext("min"), one.findtext("max")
    included = one.get("included-values")
    if included in ("in-range", "in-range-or-null") and low is None and high is None:
        report.add(sheet.place, f"filters {field.name} by a range without ends")
    for end in (low, high):
        problem = member_problem(end, field.datatype) if end is not None else ""
        if problem and (field.datatype != "integer" or member_problem(end or "", "real")):
            report.add(sheet.place, f"filters {field.name} up to {end}, {problem}")
            return
    ends = [_comparable(end, field) for end in (low, high)]
    if None in ends:
        return
    if ends[0] > ends[1]:
        report.add(sheet.place, f"filters {field.name} from {low} to {high}, which is nothing")
        return
    origin = source.origin(field.name)
    if field.datatype != "date" or origin is None or marts.type_of(*origin) != "date":
        return
    first, last = marts.ends(*origin)
    if first is not None and (ends[1] < first or ends[0] > last):
        report.add(
            sheet.place,
            f"filters {field.name} from {low} to {high}; the data are from {first} to {last}",
            "choose a range that is there, or rebuild",
        )


def _comparable(end: str | None, field: Field) -> Any:
    if end is None:
        return None
    text = member_value(end)
    if field.datatype in NUMERIC:
        return float(text)
    try:
        return date.fromisoformat(text[:10]) if re.match(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None
