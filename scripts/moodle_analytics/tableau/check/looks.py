"""How a workbook says what it shows: titles, captions, formats, colours and places."""

from __future__ import annotations

from collections.abc import Mapping

from moodle_analytics.dashboard import specification as dashboards
from moodle_analytics.dashboard.specification import Measure, Specification
from moodle_analytics.tableau import names as built
from moodle_analytics.tableau.check import drawn, names
from moodle_analytics.tableau.check.expected import forms, meaning_of
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.files import Document, Element
from moodle_analytics.tableau.check.formula import Formula
from moodle_analytics.tableau.check.members import member_value, value_text
from moodle_analytics.tableau.check.model import Source
from moodle_analytics.tableau.check.sheets import Sheet


def check(
    document: Document, sheets: Mapping[str, Sheet], specification: Specification, report: Report
) -> None:
    """Report words, colours and places that are not the specification's."""
    called = built.worksheets(specification)
    for wanted in specification.sheets():
        sheet = sheets.get(called[wanted.name])
        if sheet is None:
            continue
        if wanted.title not in _text(sheet.element.find("layout-options/title")):
            report.add(sheet.place, f"is not titled {wanted.title}")
        _check_measures(sheet, wanted, specification, report)
        _check_places(sheet, wanted, specification, report)
        drawn.check(sheet, wanted, specification, report)
    for page in specification.pages:
        for dashboard in document.root.iterfind("dashboards/dashboard"):
            if dashboard.get("name") == page.title:
                said = _text(dashboard.find("zones"))
                for words in (page.title, page.question):
                    if words not in said:
                        report.add(f"dashboard {page.title}", f"does not say: {words}")


def check_source(source: Source, specification: Specification, report: Report) -> None:
    """Report colours and words of values that are not the specification's."""
    wanted = {
        sheet.color: specification.palettes[sheet.palette]
        for sheet in specification.sheets()
        if sheet.palette and sheet.color and built.datasource(sheet.source.name) == source.name
    }
    for column, palette in wanted.items():
        there = {
            member_value(bucket.text or ""): mapped.get("to")
            for encoding in source.element.iterfind("style/style-rule/encoding")
            if _column(source, encoding) == column
            for mapped in encoding.iterfind("map")
            for bucket in mapped.iterfind("bucket")
        }
        for value, shade in palette.items():
            if there.get(value) != shade.color:
                report.add(
                    source.place, f"colours {column} {value} {there.get(value)}, not {shade.color}"
                )
    for element in source.element.iterfind("column"):
        _check_words(source, element, wanted, specification, report)


def _check_words(
    source: Source,
    element: Element,
    palettes: Mapping[str, Mapping[str, dashboards.Shade]],
    specification: Specification,
    report: Report,
) -> None:
    name = names.bare(element.get("name")) or ""
    wanted = {value: shade.caption for value, shade in palettes.get(name, {}).items()}
    for value, label in specification.labels.get(name, {}).items():
        wanted["%null%" if value is None else value_text(value)] = label
    there = {
        member_value(alias.get("key") or ""): alias.get("value")
        for alias in element.iterfind("aliases/alias")
    }
    for value, label in wanted.items():
        if there.get(value) != label:
            report.add(source.place, f"calls {name} {value} {there.get(value)}, not {label}")


def _column(source: Source, encoding: Element) -> str:
    instance = source.instances.get(names.bare(encoding.get("field")) or "")
    return instance.column if instance else ""


def _text(element: Element | None) -> str:
    return "" if element is None else "".join(run.text or "" for run in element.iter("run"))


def _check_measures(
    sheet: Sheet, wanted: dashboards.Sheet, specification: Specification, report: Report
) -> None:
    """Report measures that are called or written otherwise: a share without its percent sign."""
    for (source_name, _), instance in sheet.instances.items():
        source = sheet.sources.get(source_name)
        column = source and source.element.xpath(
            "column[@name=$name]", name=names.quote(instance.column)
        )
        if not source or not column:
            continue
        name = names.quote(source_name) + "." + names.quote(instance.name)
        meaning = meaning_of(sheet, name)
        for measure in specification.measures_of(wanted):
            if meaning in forms(wanted, measure.name, specification):
                _check_measure(sheet, measure, column[0], report)


def _check_measure(sheet: Sheet, measure: Measure, column: Element, report: Report) -> None:
    captions = [column.get("caption") or ""]
    if not any(measure.caption in caption for caption in captions):
        report.add(sheet.place, f"calls {measure.name} {captions[0]}, not {measure.caption}")
    written = column.get("default-format") or ""
    if column.get("datatype") == "string":
        return
    is_percent = "%" in written or written.startswith("p")
    if is_percent != (measure.format == "share"):
        report.add(sheet.place, f"writes {measure.name} as {written}, though a {measure.format}")
    more, _, less = written.partition(";")
    if measure.less and ("▲" not in more or "▼" not in less):
        report.add(sheet.place, f"writes {measure.name} as {written}, not ▲ for more, ▼ for less")


def _check_places(
    sheet: Sheet, wanted: dashboards.Sheet, specification: Specification, report: Report
) -> None:
    """Report an axis or a colour that is elsewhere."""
    shelves = {
        "x": _meanings(sheet, names.mentioned(sheet.element.findtext("table/cols") or "")),
        "y": _meanings(sheet, names.mentioned(sheet.element.findtext("table/rows") or "")),
        "color": _meanings(
            sheet, [one.get("column") for one in sheet.element.iterfind(".//encodings/color")]
        ),
    }
    for place, there in shelves.items():
        name = getattr(wanted, place)
        if name and not forms(wanted, name, specification) & there:
            shelf = {"x": "columns", "y": "rows"}.get(place, place)
            report.add(sheet.place, f"does not have {name} on {shelf}")


def _meanings(sheet: Sheet, found: list[str]) -> set[Formula]:
    return {meaning for name in found if (meaning := meaning_of(sheet, name))}
