"""Filter groups: what the reader chooses once for all sheets of a page that read one source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from moodle_analytics.dashboard.specification import Specification
from moodle_analytics.tableau import names as built
from moodle_analytics.tableau.check import names
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.files import Element
from moodle_analytics.tableau.check.sheets import Sheet

_Found = list[tuple[Sheet, Element]]


def check(sheets: list[Sheet], specification: Specification, report: Report) -> None:
    """Report filters of one card that are of different fields, begin differently or move apart."""
    found = [
        (sheet, one)
        for sheet in sheets
        for one in sheet.element.iterfind("table/view/filter[@filter-group]")
    ]
    _check_columns(found, report)
    _check_beginnings(found, report)
    _check_pages(found, specification, report)


def _check_columns(found: _Found, report: Report) -> None:
    """Report a group that filters different fields: Tableau keeps it for one."""
    columns: dict[str, str] = {}
    for sheet, one in found:
        group, column = _group(one), one.get("column") or ""
        first = columns.setdefault(group, column)
        if first != column and _column_of(first) != _column_of(column):
            report.add(sheet.place, f"filter group {group} is of {column} and of {first}")


def _check_beginnings(found: _Found, report: Report) -> None:
    """Report sheets that begin otherwise than most of their group: Tableau holds one state."""
    for group in dict.fromkeys(_group(one) for _, one in found):
        states = [(sheet, one, _state(one)) for sheet, one in found if _group(one) == group]
        usual = Counter(state for _, _, state in states).most_common(1)[0][0]
        like = next(sheet.name for sheet, _, state in states if state == usual)
        for sheet, one, state in states:
            if state != usual:
                column = _column_of(one.get("column") or "")
                report.add(
                    sheet.place, f"filter group {group} begins {column} otherwise than sheet {like}"
                )


def _check_pages(found: _Found, specification: Specification, report: Report) -> None:
    """Report a sheet that its page's card does not move, and a group of two pages."""
    called = built.worksheets(specification)
    pages = {called[one.name]: page.title for page in specification.pages for one in page.sheets}
    of_card: dict[tuple[str, ...], list[tuple[Sheet, str]]] = {}
    of_group: dict[str, str] = {}
    for sheet, one in found:
        page = pages.get(sheet.name)
        if page is None:
            continue
        source = (names.split(one.get("column") or "") or ("",))[0]
        key = (page, source, _column_of(one.get("column") or ""))
        of_card.setdefault(key, []).append((sheet, _group(one)))
        other = of_group.setdefault(_group(one), page)
        if other != page:
            report.add(sheet.place, f"filter group {_group(one)} is of dashboard {other}, too")
    for (page, _, column), members in of_card.items():
        usual = Counter(group for _, group in members).most_common(1)[0][0]
        for sheet, group in members:
            if group != usual:
                report.add(
                    sheet.place,
                    f"filters by {column} in filter group {group}, dashboard {page} in {usual}",
                )


def _group(one: Element) -> str:
    return str(one.get("filter-group"))


def _state(element: Element) -> tuple[object, ...]:
    """Give an element without its layout, to compare two."""
    return (element.tag, *sorted(element.items()), (element.text or "").strip(), *_states(element))


def _states(element: Element) -> Iterator[tuple[object, ...]]:
    return (_state(one) for one in element if isinstance(one.tag, str))


def _column_of(name: str) -> str:
    parts = names.split(name) or ("", "")
    return (names.of_instance(parts[-1]) or ("", parts[-1], ""))[1]
