"""A workbook against the specification: every page and sheet is there and says what it should."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from moodle_analytics.dashboard import specification as dashboards
from moodle_analytics.dashboard.specification import Filter, Measure, Specification
from moodle_analytics.tableau import names as built
from moodle_analytics.tableau.check import names
from moodle_analytics.tableau.check.dashboards import shown
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.files import Document, Element
from moodle_analytics.tableau.check.formula import Formula, FormulaError, parse
from moodle_analytics.tableau.check.members import member_value, value_text
from moodle_analytics.tableau.check.model import Source
from moodle_analytics.tableau.check.sheets import Sheet

_DERIVED = {"Sum": "SUM", "Avg": "AVG", "Min": "MIN", "Max": "MAX", "Count": "COUNT",
            "CountD": "COUNTD", "Median": "MEDIAN", "Attribute": "ATTR"}  # fmt: skip
_MARKS = {
    "line": ("Line",),
    "bar": ("Bar", "Area"),
    "heat": ("Square", "Heatmap"),
    "strip": ("Square", "GanttBar", "Bar"),
    "scatter": ("Circle", "Shape"),
    "table": ("Text", "Square", "Automatic"),
    "number": ("Text", "Automatic"),
}


def words_of(column: str) -> set[str]:
    """Name the values of a column that the specification has words or colours for."""
    specification = dashboards.load()
    found = {value_text(value) for value in specification.labels.get(column, {})}
    for sheet in specification.sheets():
        if sheet.palette and sheet.color == column:
            found |= set(specification.palettes[sheet.palette])
    return found


def check(
    document: Document, sheets: Mapping[str, Sheet], specification: Specification, report: Report
) -> None:
    """Report pages, sheets, fields and filters that the specification has otherwise."""
    called = built.worksheets(specification)
    pages = {one.get("name"): one for one in document.root.iterfind("dashboards/dashboard")}
    for page in specification.pages:
        dashboard = pages.get(page.title)
        if dashboard is None:
            report.add(f"dashboard {page.title}", "is in the specification, but not in the file")
            continue
        there = shown(dashboard)
        for wanted in (specification.header, *page.sheets):
            if called[wanted.name] not in there:
                report.add(f"dashboard {page.title}", f"does not show {called[wanted.name]}")
        _check_cards(page, dashboard, sheets, report)
    for wanted in specification.sheets():
        sheet = sheets.get(called[wanted.name])
        if sheet is None:
            report.add(
                f"sheet {called[wanted.name]}", "is in the specification, but not in the file"
            )
            continue
        _check_shown(sheet, wanted, specification, report)
        _check_filters(sheet, wanted, report)
        _check_mark(sheet, wanted, report)
    for source in specification.sources.values():
        used = {one.name: one for sheet in sheets.values() for one in sheet.sources.values()}
        named = used.get(built.datasource(source.name))
        if named is not None:
            check_source(named, source, report)


def check_alone(found: Source, specification: Specification, report: Report) -> None:
    """Check a data source that stands in a file of its own."""
    for source in specification.sources.values():
        if source.caption == found.caption or built.datasource(source.name) == found.name:
            check_source(found, source, report)
            return
    report.warn(found.place, "is none of the specification's", "remove it if nobody uses it")


def check_source(found: Source, source: dashboards.Source, report: Report) -> None:
    """Report tables and joins of a data source that the specification has otherwise."""
    tables = [(source.table, "", ())] + [
        (join.table, "left" if join.keeps_all else "inner", join.keys) for join in source.joins
    ]
    there = {one.table for one in found.relations.values()}
    if there != {table for table, _, _ in tables}:
        wanted = ", ".join(table for table, _, _ in tables)
        report.add(found.place, f"reads {', '.join(sorted(there))}; it is to read {wanted}")
    joins = list(found.element.iterfind("./connection//relation[@type='join']"))
    kinds = Counter(one.get("join") for one in joins)
    if kinds != Counter(kind for _, kind, _ in tables if kind):
        report.add(found.place, "joins its tables in another way than the specification")
    keys = {
        frozenset(_columns(found, one))
        for join in joins
        for one in join.iterfind("clause//*[@op='=']")
    }
    wanted_keys = {
        frozenset({(source.table, key), (join.table, key)})
        for join in source.joins
        for key in join.keys
    }
    if keys != wanted_keys:
        report.add(found.place, "joins its tables by other keys than the specification")
    for join in source.joins:
        for column in join.columns:
            if found.origin(column) not in (None, (join.table, column)):
                report.add(found.place, f"takes {column} from another table than {join.table}")


def _columns(source: Source, equal: Element) -> Iterator[tuple[str, str]]:
    for one in equal:
        parts = names.split(one.get("op") or "") or ("", "")
        relation = source.relations.get(parts[0])
        yield (relation.table if relation else parts[0], parts[-1])


def _check_shown(
    sheet: Sheet, wanted: dashboards.Sheet, specification: Specification, report: Report
) -> None:
    sources = {one.name for one in sheet.sources.values()}
    if sources and built.datasource(wanted.source.name) not in sources:
        report.add(sheet.place, f"does not read the source {wanted.source.caption}")
        return
    there = {meaning for name in _shelf(sheet) if (meaning := meaning_of(sheet, name))}
    allowed: set[Formula] = set()
    for name in wanted.shelves():
        said_as = forms(wanted, name, specification)
        allowed |= said_as
        if not said_as & there:
            report.add(sheet.place, f"does not show {name} as the specification says it")
    ordered = [name.removeprefix("-") for name in wanted.order]
    allowed |= {_meaning(wanted, name, specification) for name in ordered}
    for meaning in there - allowed:
        report.add(sheet.place, f"shows {said(meaning)}, which the specification does not")


def _shelf(sheet: Sheet) -> list[str]:
    """Name what the sheet shows, the measures behind Measure Values included."""
    found = sheet.shelf()
    if any((names.split(name) or ("",))[-1] == names.MEASURE_VALUES for name in found):
        for one in sheet.element.iterfind("table/view/filter"):
            if (names.split(one.get("column") or "") or ("",))[-1] == names.MEASURE_NAMES:
                members = [inner.get("member") for inner in one.iter("groupfilter")]
                found += [member_value(member) for member in members if member]
    return found


def meaning_of(sheet: Sheet, name: str) -> Formula | None:
    """Give what a name on a shelf computes, from the tables' own columns."""
    found = sheet.field_of(name)
    if found is None:
        return None
    source, field, instance = found
    try:
        inner = _expanded(source, names.quote(field.name))
    except FormulaError:
        return None
    if instance.derivation in ("None", "User"):
        return inner
    return ("call", _DERIVED.get(instance.derivation, instance.derivation.upper()), (inner,))


def _expanded(source: Source, name: str, depth: int = 0) -> Formula:
    parts = names.split(name) or ("",)
    field = source.fields.get(parts[-1])
    if field is None or depth > 20:
        raise FormulaError(f"names {name}")
    if field.formula is None:
        return ("column", *(source.origin(field.name) or ("", field.name)))
    replaced: Formula = _replaced(parse(field.formula), source, depth)
    return replaced


def _replaced(formula: Any, source: Source, depth: int) -> Any:
    if not isinstance(formula, tuple):
        return formula
    if formula and formula[0] == "field":
        return _expanded(source, formula[1], depth + 1)
    return tuple(_replaced(one, source, depth) for one in formula)


def forms(wanted: dashboards.Sheet, name: str, specification: Specification) -> set[Formula]:
    """Give the formulas that show a column or measure: with `missing`, a word in place of NULL."""
    meaning = _meaning(wanted, name, specification)
    measure = specification.measures.get(name)
    if measure is None or not measure.missing:
        return {meaning}
    shown: Formula = ("*", ("number", 100.0), meaning) if measure.format == "share" else meaning
    digits = ("number", 1.0 if measure.format == "number" else 0.0)
    written: Formula = ("call", "STR", (("call", "ROUND", (shown, digits)),))
    if measure.format == "share":
        written = ("+", written, ("string", "%"))
    lacking = ("call", "ISNULL", (meaning,))
    return {meaning, ("if", ((lacking, ("string", measure.missing)),), written)}


def _meaning(wanted: dashboards.Sheet, name: str, specification: Specification) -> Formula:
    measure = specification.measures.get(name)
    if measure is None:
        return ("column", wanted.source.table_of(name), name)
    now = _of_rows(wanted, measure, measure.when)
    return ("-", now, _of_rows(wanted, measure, measure.less)) if measure.less else now


def _of_rows(wanted: dashboards.Sheet, measure: Measure, when: Mapping[str, int]) -> Formula:
    top = ("call", measure.aggregate.upper(), (_where(wanted, measure.column, when),))
    if measure.over is None:
        return top
    return ("/", top, ("call", "SUM", (_where(wanted, measure.over, when),)))


def _where(wanted: dashboards.Sheet, name: str, when: Mapping[str, int]) -> Formula:
    column = ("column", wanted.source.table_of(name), name)
    held: Formula | None = None
    for key, value in when.items():
        one = ("=", ("column", wanted.source.table_of(key), key), ("number", float(value)))
        held = one if held is None else ("and", held, one)
    return ("if", ((held, column),), ("null",)) if held else column


def said(formula: Formula) -> str:
    """Write what is computed for people."""
    head = formula[0]
    if head == "column":
        return str(formula[2])
    if head == "call":
        return f"{formula[1]}({', '.join(said(one) for one in formula[2])})"
    if head == "if":
        cases = ", ".join(f"{said(value)} where {said(test)}" for test, value in formula[1])
        return f"({cases})"
    if head in ("number", "string", "date"):
        return str(formula[1])
    return f" {head} ".join(said(one) for one in formula[1:]) or head


def _check_filters(sheet: Sheet, wanted: dashboards.Sheet, report: Report) -> None:
    there: dict[str, Element] = {}
    for one in sheet.element.iterfind("table/view/filter"):
        found = sheet.field_of(one.get("column") or "")
        origin = found[0].origin(found[1].name) if found else None
        if origin is not None:
            there[origin[1]] = one
        elif found is not None:
            report.add(sheet.place, f"filters by {found[1].name}")
    needed = {filter_.column for filter_ in wanted.filters} | set(wanted.where)
    for filter_ in wanted.filters:
        _check_chosen(sheet, filter_, there.get(filter_.column), report)
    for column, value in wanted.where.items():
        _check_fixed(sheet, column, value, there.get(column), report)
    tops = {
        column: end.get("count")
        for column, one in there.items()
        for end in one.iter("groupfilter")
        if end.get("function") == "end"
    }
    if wanted.limit and str(wanted.limit) not in tops.values():
        report.add(sheet.place, f"does not keep the first {wanted.limit}")
    allowed = needed | (set(tops) if wanted.limit else set())
    for column in sorted(set(there) - allowed):
        report.add(sheet.place, f"filters by {column}, which the specification does not")


def _check_chosen(sheet: Sheet, filter_: Filter, there: Element | None, report: Report) -> None:
    if there is None:
        report.add(sheet.place, f"lacks the filter by {filter_.column}")
        return
    kind = "quantitative" if filter_.range else "categorical"
    if there.get("class") != kind:
        report.add(sheet.place, f"filters {filter_.column} as {there.get('class')}, not as {kind}")
        return
    if filter_.range:
        if there.get("included-values") not in ("all", "in-range", "in-range-or-null"):
            report.add(sheet.place, f"filters {filter_.column} to {there.get('included-values')}")
        return
    members = [one.get("member") for one in there.iter("groupfilter") if one.get("member")]
    functions = {one.get("function") for one in there.iter("groupfilter")}
    if "except" in functions:
        report.add(sheet.place, f"leaves out values of {filter_.column} from the start")
    if filter_.one and len(members) > 1:
        report.add(sheet.place, f"has {len(members)} values of {filter_.column}, not one")
    if filter_.value is not None and [member_value(one) for one in members] != [filter_.value]:
        if members:
            report.add(sheet.place, f"begins with {members[0]}, not with {filter_.value}")
        else:
            report.add(sheet.place, f"begins with all of {filter_.column}, not {filter_.value}")
    if there.get("filter-group") is None:
        report.add(sheet.place, f"filters by {filter_.column} apart from the page's other sheets")


def _check_fixed(
    sheet: Sheet, column: str, value: Any, there: Element | None, report: Report
) -> None:
    if there is None:
        report.add(sheet.place, f"lacks the filter by {column}")
        return
    if isinstance(value, Mapping):
        ends = {"from": there.findtext("min"), "to": there.findtext("max")}
        for end, text in ends.items():
            if end in value and text != str(value[end]):
                report.add(sheet.place, f"keeps {column} {end} {text}, not {value[end]}")
        return
    members = [
        member_value(one.get("member")) for one in there.iter("groupfilter") if one.get("member")
    ]
    functions = {one.get("function") for one in there.iter("groupfilter")}
    if members != [value_text(value)] or "except" in functions:
        report.add(sheet.place, f"keeps {column} {', '.join(members)}, not {value_text(value)}")


def _check_mark(sheet: Sheet, wanted: dashboards.Sheet, report: Report) -> None:
    marks = [one.get("class") for one in sheet.element.iterfind("table/panes/pane/mark")]
    allowed = _MARKS[wanted.mark]
    for mark in marks:
        if mark not in allowed:
            report.add(sheet.place, f"draws {mark} marks, not {allowed[0]}")


def _check_cards(
    page: dashboards.Page,
    dashboard: Element,
    sheets: Mapping[str, Sheet],
    report: Report,
) -> None:
    """Report filters of a page that its reader cannot set."""
    zones = dashboard.find("zones")
    cards: Counter[str] = Counter()
    for zone in [] if zones is None else zones.iter("zone"):
        sheet = sheets.get(zone.get("name") or "")
        if (zone.get("type-v2") or "") == "filter" and sheet is not None:
            found = sheet.field_of(zone.get("param") or "")
            if found:
                cards[found[1].name] += 1
    for filter_ in page.filters:
        if not cards[filter_.column]:
            report.add(f"dashboard {page.title}", f"has no filter card for {filter_.column}")
