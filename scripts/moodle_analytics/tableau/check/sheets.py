"""Worksheets: everything on a shelf resolves to a field of a data source."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from moodle_analytics.tableau.check import names
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.fields import is_id, kind
from moodle_analytics.tableau.check.files import Document, Element
from moodle_analytics.tableau.check.formula import FormulaError
from moodle_analytics.tableau.check.model import (
    DATES,
    NUMERIC,
    Field,
    Instance,
    Source,
    read_field,
    read_instance,
)

_NUMBERS_ONLY = ("Sum", "Avg", "Median", "Stdev", "StdevP", "Var", "VarP")
_ANY = ("None", "Min", "Max", "Count", "CountD", "Attribute")
_RUN = re.compile(r"<((?:\[(?:[^\]]|\]\])*\]\.?)+)>")
_KEYWORDS = re.compile(r"<(?!\[)([^<>\n]{1,60})>")
_ALLOWED_KEYWORDS = {
    "Sheet Name", "Page Name", "Page Number", "Data Update Time", "Workbook Name", "User Name",
    "Full Name", "Data Source Name", "AdditionalFields",
}  # fmt: skip
_DATE_PARTS = ("Year", "Quarter", "Month", "Week", "Day", "Hour", "Minute", "Second", "Weekday",
               "MY", "MDY")  # fmt: skip


@dataclass
class Sheet:
    """A worksheet; fields and instances are by source, then by name."""

    name: str
    element: Element
    sources: dict[str, Source] = field(default_factory=dict)
    fields: dict[tuple[str, str], Field] = field(default_factory=dict)
    instances: dict[tuple[str, str], Instance] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Name it for people."""
        return f"sheet {self.name}"

    def resolve(self, name: str) -> str:
        """Say why a name on a shelf means nothing; nothing where it does."""
        parts = names.split(name)
        if parts is None or len(parts) < 2:
            return "is not [source].[field]"
        if parts[0] not in self.sources:
            return "is of a source that the sheet does not use"
        if parts[1] in (names.MEASURE_NAMES, names.MEASURE_VALUES):
            return ""
        if parts[1] == names.INTERNAL:
            return ""
        if (parts[0], parts[1]) in self.instances:
            return ""
        if (parts[0], parts[1]) in self.fields:
            return "stands without a column-instance"
        return "has no column-instance on the sheet"

    def field_of(self, name: str) -> tuple[Source, Field, Instance] | None:
        """Give what a name on a shelf stands for; None for Measure Names and the like."""
        parts = names.split(name) or ("", "")
        instance = self.instances.get((parts[0], parts[1])) if len(parts) == 2 else None
        found = instance and self.fields.get((parts[0], instance.column))
        source = self.sources.get(parts[0])
        return (source, found, instance) if source and instance and found else None

    def shelf(self) -> list[str]:
        """Name all that makes marks: rows, columns and encodings."""
        found: list[str] = []
        for shelf in ("table/rows", "table/cols"):
            found += names.mentioned(self.element.findtext(shelf) or "")
        for encoding in self.element.iterfind("table/panes/pane/encodings/*"):
            found.append(encoding.get("column") or "")
        return list(dict.fromkeys(found))


def read(document: Document, sources: dict[str, Source]) -> list[Sheet]:
    """Read the worksheets of a workbook."""
    return [_read(one, sources) for one in document.root.iterfind("worksheets/worksheet")]


def _read(element: Element, sources: dict[str, Source]) -> Sheet:
    sheet = Sheet(element.get("name") or "", element)
    for used in element.iterfind("table/view/datasources/datasource"):
        name = used.get("name") or ""
        if name in sources:
            sheet.sources[name] = sources[name]
    for needed in element.iterfind("table/view/datasource-dependencies"):
        name = needed.get("datasource") or ""
        for column in needed.iterfind("column"):
            read_ = read_field(column)
            sheet.fields[name, read_.name] = read_
        for one in needed.iterfind("column-instance"):
            instance = read_instance(one)
            sheet.instances[name, instance.name] = instance
    return sheet


def check(sheet: Sheet, sources: dict[str, Source], report: Report) -> None:
    """Report what a worksheet names that is not there, or uses against its kind."""
    view = sheet.element.find("table/view")
    if view is None or not len(view):
        report.add(sheet.place, "has an empty table")
        return
    _check_sources(sheet, sources, report)
    check_dependencies(sheet.place, view, sheet.sources, report)
    aggregation = view.find("aggregation")
    if aggregation is None or aggregation.get("value") != "true":
        report.add(sheet.place, "does not aggregate its rows")
    if not sheet.shelf():
        report.add(sheet.place, "shows no field: rows, columns and encodings are empty")
    if sheet.element.find("table/panes/pane") is None:
        report.add(sheet.place, "has no pane")
    _check_shelves(sheet, report)
    _check_panes(sheet, report)
    _check_mentions(sheet, report)
    _check_sorts(sheet, report)


def _check_sources(sheet: Sheet, sources: dict[str, Source], report: Report) -> None:
    listed = [
        one.get("name") for one in sheet.element.iterfind("table/view/datasources/datasource")
    ]
    if not listed:
        report.add(sheet.place, "uses no data source")
    for name, count in Counter(listed).items():
        if name not in sources and name != names.PARAMETERS:
            report.add(sheet.place, f"uses data source {name}, which is not there")
        if count > 1:
            report.add(sheet.place, f"lists data source {name} {count} times")
    needed = [
        one.get("datasource")
        for one in sheet.element.iterfind("table/view/datasource-dependencies")
    ]
    for name, count in Counter(needed).items():
        if name not in listed:
            report.add(sheet.place, f"needs fields of {name}, which it does not list")
        if count > 1:
            report.add(sheet.place, f"has the dependencies of {name} {count} times")
    for one in sheet.element.iterfind("table/view/datasources/datasource"):
        known = sources.get(one.get("name") or "")
        if known and one.get("caption") not in (None, known.caption):
            report.add(sheet.place, f"calls {known.place} {one.get('caption')}")


def check_dependencies(
    place: str, view: Element, sources: dict[str, Source], report: Report
) -> None:
    """Report columns and instances of a sheet or dashboard that its source has not, or not so."""
    for needed in view.iterfind("datasource-dependencies"):
        source = sources.get(needed.get("datasource") or "")
        if source is None:
            continue
        columns: dict[str, Field] = {}
        for element in needed.iterfind("column"):
            column = read_field(element)
            if column.name in columns:
                report.add(place, f"has the column {column.name} twice")
            columns[column.name] = column
            _check_column(place, column, source, report)
        seen: set[str] = set()
        for element in needed.iterfind("column-instance"):
            instance = read_instance(element)
            if instance.name in seen:
                report.add(place, f"has the column-instance {instance.name} twice")
            seen.add(instance.name)
            _check_instance(place, instance, columns, source, report)


def _check_column(place: str, column: Field, source: Source, report: Report) -> None:
    known = source.fields.get(column.name)
    if known is None:
        report.add(place, f"has the column {column.name}, which is not in {source.place}")
        return
    for what in ("datatype", "role", "type", "formula"):
        here, there = getattr(column, what), getattr(known, what)
        if here != there:
            report.add(place, f"has {column.name} with {what} {here}, {source.place} says {there}")


def _check_instance(
    place: str, instance: Instance, columns: dict[str, Field], source: Source, report: Report
) -> None:
    said = f"column-instance {instance.name}"
    column = columns.get(instance.column)
    if column is None:
        report.add(place, f"{said} is of {instance.column}, a column that the sheet lacks")
        return
    if instance.element.find("table-calc") is not None:
        report.warn(place, f"{said} has a table calculation, which is not checked", "do it in dbt")
        return
    if instance.derivation not in names.PREFIXES:
        report.add(place, f"{said} has the derivation {instance.derivation}, which is none")
        return
    expected = (names.PREFIXES[instance.derivation], column.name, names.SUFFIXES.get(instance.type))
    if names.of_instance(instance.name) != expected:
        report.add(
            place,
            f"{said} is {instance.derivation} of {column.name} and {instance.type}, "
            "unlike its name",
        )
    if instance.element.get("pivot") != "key":
        report.add(place, f"{said} has the pivot {instance.element.get('pivot')}, not key")
    if problem := _misuse(instance, column, source):
        report.add(place, f"{said} {problem}")


def _misuse(instance: Instance, column: Field, source: Source) -> str:
    """Say why a derivation does not fit its column; nothing where it does."""
    derivation = instance.derivation
    if column.formula is not None:
        try:
            is_aggregate = bool(kind(source, column.formula).is_aggregate)
        except FormulaError:
            return ""
        if is_aggregate != (derivation == "User"):
            return "aggregates twice" if is_aggregate else "is no aggregate"
    elif derivation == "User":
        return "is of a column that is not calculated"
    if derivation in _NUMBERS_ONLY:
        if column.datatype not in NUMERIC:
            return f"is a {derivation} of a {column.datatype}"
        if column.role == "dimension" or is_id(column.name):
            return f"is a {derivation} of {column.name}, a dimension"
    elif derivation not in (*_ANY, "User"):
        if column.datatype not in DATES:
            return f"takes the {derivation} of a {column.datatype}"
        if column.name == "week_start":
            return f"takes the {derivation} of week_start, which is a date to be shown as it is"
    is_number = derivation in (*_NUMBERS_ONLY, "Count", "CountD")
    if is_number and instance.type != "quantitative":
        return f"is {instance.type}, though a number"
    is_word = derivation == "None" and column.datatype in ("string", "boolean")
    if is_word and instance.type == "quantitative":
        return f"is quantitative, of a {column.datatype}"
    return ""


def _check_shelves(sheet: Sheet, report: Report) -> None:
    for shelf in ("rows", "cols"):
        text = sheet.element.findtext(f"table/{shelf}") or ""
        for name in names.mentioned(text):
            _check_use(sheet, name, f"{shelf} name", report)
        if not _is_readable(names.rest(text)):
            report.add(sheet.place, f"{shelf} cannot be read: {text}")
    for encoding in sheet.element.iterfind("table/panes/pane/encodings/*"):
        name = encoding.get("column") or ""
        _check_use(sheet, name, f"the encoding {encoding.tag} names", report)


def _is_readable(shelf: str) -> bool:
    """Say whether a shelf, a 1 for each of its names, is names with signs between them."""
    left, before = re.sub(r"\s", "", shelf), None
    while left != before:
        left, before = re.sub(r"\(1\)|1[-+*/]1", "1", left), left
    return left in ("", "1")


def _check_use(sheet: Sheet, name: str, how: str, report: Report) -> None:
    if problem := sheet.resolve(name):
        report.add(sheet.place, f"{how} {name}, which {problem}")
        return
    found = sheet.field_of(name)
    if found is None:
        return
    source, column, instance = found
    known = source.fields.get(column.name)
    if known is not None and known.is_hidden:
        report.add(sheet.place, f"{how} {name}, of a hidden field")
    is_stored_measure = column.role == "measure" and column.formula is None
    if is_stored_measure and instance.derivation == "None":
        report.add(sheet.place, f"{how} {name}, a measure that is not aggregated")


def _check_panes(sheet: Sheet, report: Report) -> None:
    ids: Counter[str] = Counter()
    for pane in sheet.element.iterfind("table/panes/pane"):
        ids[pane.get("id") or ""] += 1
        for axis in ("x-axis-name", "y-axis-name"):
            if pane.get(axis) and (problem := sheet.resolve(pane.get(axis))):
                report.add(sheet.place, f"a pane is of {pane.get(axis)}, which {problem}")
            shelf = "cols" if axis.startswith("x") else "rows"
            shown = names.mentioned(sheet.element.findtext(f"table/{shelf}") or "")
            if pane.get(axis) and pane.get(axis) not in shown:
                report.add(sheet.place, f"a pane is of {pane.get(axis)}, which is not on {shelf}")
        for line in pane.iterfind("reference-line"):
            for attribute in ("axis-column", "value-column"):
                if problem := sheet.resolve(line.get(attribute) or ""):
                    report.add(sheet.place, f"a line is of {line.get(attribute)}, which {problem}")
    if any(count > 1 for count in ids.values()):
        report.add(sheet.place, "has two panes of one id")


def _check_mentions(sheet: Sheet, report: Report) -> None:
    """Report names in texts, formats and colours that mean nothing on the sheet."""
    for run in sheet.element.iter("run"):
        text = run.text or ""
        for name in _RUN.findall(text):
            if problem := sheet.resolve(name):
                report.add(sheet.place, f"a text names {name}, which {problem}")
        for word in _KEYWORDS.findall(text):
            if word not in _ALLOWED_KEYWORDS:
                report.add(sheet.place, f"a text names <{word}>, which Tableau does not know")
    for styled in sheet.element.iter("format", "encoding"):
        name = styled.get("field")
        if name and not (name.startswith("[") and names.split(name)):
            report.add(sheet.place, f"formats {name}, which is no field")
        elif name and (problem := sheet.resolve(name)):
            report.add(sheet.place, f"formats {name}, which {problem}")


def _check_sorts(sheet: Sheet, report: Report) -> None:
    for sort in sheet.element.iter(
        "computed-sort", "manual-sort", "shelf-sort-v2", "single-value-per-nest-shelf-sort", "sort",
        "natural-sort", "alphabetic-sort",
    ):  # fmt: skip
        for attribute in ("column", "using", "dimension-to-sort", "measure-to-sort-by"):
            name = sort.get(attribute)
            if name is not None and (problem := sheet.resolve(name)):
                report.add(sheet.place, f"sorts by {name}, which {problem}")
        if (sort.get("direction") or "ASC") not in ("ASC", "DESC"):
            report.add(sheet.place, f"sorts in the direction {sort.get('direction')}")
