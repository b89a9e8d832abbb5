"""How a sheet is drawn beyond its shelves: order, scale, label, headings, what the most are of."""

from __future__ import annotations

from moodle_analytics.dashboard import specification as dashboards
from moodle_analytics.dashboard.specification import Specification
from moodle_analytics.tableau.check import names
from moodle_analytics.tableau.check.expected import forms, meaning_of
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.members import member_value
from moodle_analytics.tableau.check.sheets import Sheet

# What Tableau shows next to each other where a table does not say.
_LEVELS = 6


def check(
    sheet: Sheet, wanted: dashboards.Sheet, specification: Specification, report: Report
) -> None:
    """Report a sheet that is drawn otherwise than the specification has it."""
    _check_order(sheet, wanted, specification, report)
    _check_together(sheet, wanted, specification, report)
    if wanted.mark == "number":
        _check_label(sheet, wanted, specification, report)
    if wanted.band:
        _check_scale(sheet, report)
    if wanted.mark == "table":
        _check_levels(sheet, report)
    if wanted.limit:
        _check_context(sheet, wanted, report)


def _check_order(
    sheet: Sheet, wanted: dashboards.Sheet, specification: Specification, report: Report
) -> None:
    """Report an order that is lost, turned or by something else.

    An order by the first heading needs no sort; bars that lie are by their length.
    """
    order = wanted.order
    if not order and wanted.mark == "bar" and wanted.y and wanted.value:
        order = (f"-{wanted.value}",)
    if not order:
        return
    first = order[0]
    direction = "DESC" if first.startswith("-") else "ASC"
    meant = forms(wanted, first.removeprefix("-"), specification)
    allowed = meant | {("call", "MAX", (one,)) for one in meant}
    sorts = sheet.element.findall("table/view/computed-sort")
    rows = names.mentioned(sheet.element.findtext("table/rows") or "")
    is_heading = bool(rows) and meaning_of(sheet, rows[0]) in meant
    is_lost = not sorts and not (is_heading and direction == "ASC")
    if is_lost or any(
        sort.get("direction") != direction
        or meaning_of(sheet, sort.get("using") or "") not in allowed
        for sort in sorts
    ):
        report.add(sheet.place, f"is not ordered by {first}")


def _check_together(
    sheet: Sheet, wanted: dashboards.Sheet, specification: Specification, report: Report
) -> None:
    """Report measures that stand together in another order."""
    shown = {(names.split(name) or ("",))[-1] for name in sheet.shelf()}
    if names.MEASURE_VALUES not in shown:
        return
    there = []
    for sort in sheet.element.iterfind("table/view/manual-sort"):
        if (names.split(sort.get("column") or "") or ("",))[-1] == names.MEASURE_NAMES:
            found = [member_value(one.text or "") for one in sort.iter("bucket")]
            there += found if sort.get("direction") == "ASC" else found[::-1]
    order = wanted.band or wanted.values
    said = {name: forms(wanted, name, specification) for name in order}
    meanings = [meaning_of(sheet, name) for name in there]
    kept = [name for one in meanings for name in order if one in said[name]]
    if kept != list(order):
        report.add(sheet.place, f"does not have its measures in the order {', '.join(order)}")


def _check_label(
    sheet: Sheet, wanted: dashboards.Sheet, specification: Specification, report: Report
) -> None:
    """Report a number that stands in another's place."""
    runs = sheet.element.iterfind("table/panes/pane/customized-label//run")
    there = [name for run in runs for name in names.mentioned(run.text or "")]
    order = [name for name in (wanted.value, wanted.change) if name]
    meanings = [meaning_of(sheet, name) for name in there]
    if len(there) != len(order) or any(
        meaning not in forms(wanted, name, specification)
        for meaning, name in zip(meanings, order, strict=True)
    ):
        report.add(sheet.place, f"does not write {', then '.join(order)} in its label")


def _check_scale(sheet: Sheet, report: Report) -> None:
    """Report a band that is drawn on another scale than the line in it."""
    scales = sheet.element.iterfind("table/style/style-rule/encoding[@attr='space']")
    if not any(one.get("synchronized") == "true" for one in scales):
        report.add(sheet.place, "has two axes that are not synchronized")


def _check_levels(sheet: Sheet, report: Report) -> None:
    """Report headings that Tableau would put together in one column."""
    count = len(names.mentioned(sheet.element.findtext("table/rows") or ""))
    for one in sheet.element.iterfind("table/style/style-rule/format[@attr='row-levels']"):
        value = one.get("value") or ""
        if not value.isdecimal() or int(value) < count:
            report.add(sheet.place, f"keeps {value or 'no'} headings apart and has {count}")
            return
        count = 0
    if count > _LEVELS:
        report.add(sheet.place, f"keeps {_LEVELS} headings apart and has {count}")


def _check_context(sheet: Sheet, wanted: dashboards.Sheet, report: Report) -> None:
    """Report a choice that is made only after the most of all were kept."""
    for one in sheet.element.iterfind("table/view/filter[@filter-group]"):
        if one.get("context") != "true":
            report.add(
                sheet.place,
                f"keeps the first {wanted.limit} before it filters by {one.get('column')}",
            )
