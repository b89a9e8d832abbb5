"""Worksheets: a sheet of the specification each, with its filters and what it is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from moodle_analytics.dashboard.specification import Page, Sheet, Specification
from moodle_analytics.dashboard.sql import Choice
from moodle_analytics.tableau import filters, marks, names
from moodle_analytics.tableau.fields import Model, continuous, dimension
from moodle_analytics.tableau.shelves import Shelves
from moodle_analytics.tableau.xml import Element, Run, element, formatted

_LEAST_GROUP = 2


@dataclass(frozen=True)
class Worksheet:
    """A worksheet: its name, its element, and the fields that its filters and legend are of.

    `filters` are references by the filters' names; `legend` is a reference.
    """

    sheet: Sheet
    name: str
    element: Element
    shelves: Shelves
    filters: Mapping[str, str]
    legend: str | None


def all_of(
    specification: Specification, models: Mapping[str, Model], choices: Mapping[str, Choice]
) -> dict[str, Worksheet]:
    """Make the worksheets, by the names of the sheets."""
    called = names.worksheets(specification)
    groups = _groups(specification)
    found = {}
    for page in (None, *specification.pages):
        for sheet in page.sheets if page else [specification.header]:
            shelves = Shelves(specification, sheet, models[sheet.source.name])
            found[sheet.name] = _worksheet(shelves, called[sheet.name], page, choices, groups)
    return found


def _groups(specification: Specification) -> dict[tuple[str, str, str], int]:
    """Give each filter a number: those of the same page, source and name move together."""
    keys = dict.fromkeys(
        (page.name, sheet.source.name, filter_.name)
        for page in specification.pages
        for sheet in page.sheets
        for filter_ in sheet.filters
    )
    return {key: number for number, key in enumerate(keys, start=_LEAST_GROUP)}


def _worksheet(
    shelves: Shelves,
    name: str,
    page: Page | None,
    choices: Mapping[str, Choice],
    groups: Mapping[tuple[str, str, str], int],
) -> Worksheet:
    sheet = shelves.sheet
    drawing = marks.draw(shelves)
    kept: list[tuple[str, Element]] = list(drawing.filters)
    for column, value in sheet.where.items():
        kept.append(_where(shelves, column, value))
    cards: dict[str, str] = {}
    for filter_ in sheet.filters:
        group = groups[(page.name if page else "", sheet.source.name, filter_.name)]
        instance = filters.instance_of(filter_, shelves.model.fields[filter_.column])
        cards[filter_.name] = shelves.place(instance)
        choice = choices.get(filter_.name)
        made = filters.chosen(filter_, instance, cards[filter_.name], choice, group)
        if page and any(one.limit for one in page.sheets):
            # The most of what the reader chose, not of all.
            made.set("context", "true")
        kept.append((cards[filter_.name], made))
    made = element(
        "worksheet",
        {"name": name},
        [
            _titles(sheet, page, shelves, drawing.cell),
            element("table", children=_table(shelves, drawing, kept)),
            element("simple-id", {"uuid": names.simple_id("worksheet", sheet.name)}),
        ],
    )
    return Worksheet(sheet, name, made, shelves, cards, drawing.legend)


def _where(shelves: Shelves, column: str, value: object) -> tuple[str, Element]:
    of = shelves.model.fields[column]
    instance = continuous(of) if isinstance(value, Mapping) else dimension(of)
    reference = shelves.place(instance)
    return reference, filters.fixed(instance, reference, value)


def _table(
    shelves: Shelves, drawing: marks.Drawing, kept: list[tuple[str, Element]]
) -> list[Element]:
    model = shelves.model
    link = element("datasource", {"caption": model.source.caption, "name": model.name})
    slices = [element("column", text=reference) for reference in dict.fromkeys(k for k, _ in kept)]
    view = element(
        "view",
        children=[
            element("datasources", children=[link]),
            shelves.dependencies(),
            *(made for _, made in kept),
            *drawing.sorts,
            element("slices", children=slices) if slices else None,
            element("aggregation", {"value": True}),
        ],
    )
    rules = [
        element("style-rule", {"element": name}, formats)
        for name, formats in drawing.styles.items()
    ]
    return [
        view,
        element("style", children=rules),
        element("panes", children=drawing.panes),
        element("rows", text=drawing.rows or None),
        element("cols", text=drawing.cols or None),
    ]


def _titles(sheet: Sheet, page: Page | None, shelves: Shelves, cell: str | None) -> Element:
    """Give the title with the grain, and a caption: the page's question, and what NULL means."""
    said = [page.question if page else "On every page."]
    missing = {
        measure.missing: measure.caption
        for measure in shelves.specification.measures_of(sheet)
        if measure.missing
    }
    said += [f" {caption} without a value: {word}." for word, caption in missing.items()]
    if sheet.limit:
        said.append(f" The first {sheet.limit} only.")
    runs: list[Run] = [(sheet.title, {"bold": True, "fontsize": 11})]
    if sheet.mark != "number":
        grain = f"from one row for each {sheet.source.grain}"
        grain += f"; last column: {cell}" if cell else ""
        runs += [marks.LINE_END, (grain, {"fontcolor": "#666666", "fontsize": 8})]
    title = formatted(runs)
    caption = formatted(["".join(said)])
    return element(
        "layout-options",
        children=[
            element("title", children=[title]),
            element("caption", children=[caption]),
        ],
    )
