"""How each kind of sheet is drawn: its shelves, its marks and what they are labelled with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from moodle_analytics.tableau import filters, names
from moodle_analytics.tableau.fields import Instance, continuous, dimension, measure_name
from moodle_analytics.tableau.shelves import Shelves, nested
from moodle_analytics.tableau.xml import Element, Run, element, formatted

# How Tableau writes the end of a line within a text.
LINE_END = "Æ\n"
_GOOD = {"up": "; more is better", "down": "; less is better"}


@dataclass
class Drawing:
    """What stands in a sheet's table: shelves, panes, formats, and filters and orders of its own.

    `legend` is the field that a legend explains; `cell` is what a table's cells are called, where
    no heading says it.
    """

    rows: str = ""
    cols: str = ""
    panes: list[Element] = field(default_factory=list)
    styles: dict[str, list[Element]] = field(default_factory=dict)
    filters: list[tuple[str, Element]] = field(default_factory=list)
    sorts: list[Element] = field(default_factory=list)
    legend: str | None = None
    cell: str | None = None


def draw(shelves: Shelves) -> Drawing:
    """Draw a sheet."""
    return _KINDS[shelves.sheet.mark](shelves)


def _number(shelves: Shelves) -> Drawing:
    """Draw a number, and under it the change with its sign and an arrow."""
    sheet = shelves.sheet
    value = shelves.measure(sheet.value or "")
    texts = [value]
    label: list[Run] = [(f"<{value}>", {"bold": True, "fontsize": 20})]
    if sheet.change:
        change = shelves.measure(sheet.change)
        texts.append(change)
        said = f"on the week before{_GOOD.get(sheet.good, '')}"
        label += [LINE_END, (f"<{change}>", {"fontsize": 10})]
        label += [LINE_END, (said, {"fontsize": 8})]
    encodings = [element("text", {"column": text}) for text in texts]
    return Drawing(panes=[pane("Text", encodings, label=label)])


def _line(shelves: Shelves) -> Drawing:
    """Draw lines over an axis of dates; a band is two thin lines on the same axis."""
    sheet = shelves.sheet
    across = shelves.place(continuous(shelves.model.fields[sheet.x or ""]))
    drawing = Drawing(cols=across)
    color = shelves.heading(sheet.color) if sheet.color else None
    if sheet.band:
        _band(shelves, drawing, color)
    elif len(sheet.values) == 1:
        drawing.rows = shelves.measure(sheet.values[0])
        encodings = _encodings(color=color)
        drawing.panes = [pane("Line", encodings, tooltip=_tooltip(shelves, across))]
        drawing.legend = color
    else:
        _together(shelves, drawing, sheet.values)
        drawing.rows = shelves.values()
        encodings = _encodings(color=shelves.names())
        tooltip = _measures_tooltip(shelves, [across])
        drawing.panes = [pane("Line", encodings, tooltip=tooltip)]
        drawing.legend = shelves.names()
    return drawing


def _band(shelves: Shelves, drawing: Drawing, color: str | None) -> None:
    middle = shelves.measure(shelves.sheet.values[0])
    _together(shelves, drawing, shelves.sheet.band)
    ends = shelves.values()
    drawing.rows = f"({middle} + {ends})"
    thin = _encodings(color=color, lod=[shelves.names()])
    tooltip = _measures_tooltip(shelves, [drawing.cols, *([color] if color else [])])
    thick = [_mark_format("size", "2"), _mark_format("mark-transparency", "255")]
    faint = [_mark_format("size", "0.3"), _mark_format("mark-transparency", "130")]
    of_middle = _tooltip(shelves, drawing.cols, without=shelves.sheet.band)
    drawing.panes = [
        pane("Line", _encodings(color=color)),
        pane("Line", _encodings(color=color), axis=(1, middle), formats=thick, tooltip=of_middle),
        pane("Line", thin, axis=(2, ends), formats=faint, tooltip=tooltip),
    ]
    scale = {
        "attr": "space",
        "class": "0",
        "field": ends,
        "field-type": "quantitative",
        "fold": True,
        "scope": "rows",
        "synchronized": True,
        "type": "space",
    }
    hidden = {"attr": "display", "class": "0", "field": ends, "scope": "rows", "value": False}
    drawing.styles["axis"] = [element("encoding", scale), element("format", hidden)]
    drawing.legend = color


def _bar(shelves: Shelves) -> Drawing:
    """Draw bars, stacked by measures or by a column; along `y` they lie."""
    sheet = shelves.sheet
    drawing = Drawing()
    headings = _ordered(shelves, drawing, sheet.y or sheet.x or "")
    if sheet.values:
        _together(shelves, drawing, sheet.values)
        length, color = shelves.values(), shelves.names()
        tooltip = _measures_tooltip(shelves, headings)
    else:
        length = shelves.measure(sheet.value or "")
        color = shelves.heading(sheet.color) if sheet.color else ""
        tooltip = _tooltip(shelves, *headings)
        if sheet.y and not sheet.order:
            drawing.sorts.append(filters.sort(headings[-1], length, is_descending=True))
    along = nested(headings)
    drawing.rows, drawing.cols = (along, length) if sheet.y else (length, along)
    drawing.panes = [pane("Bar", _encodings(color=color), tooltip=tooltip)]
    drawing.legend = color or None
    return drawing


def _heat(shelves: Shelves) -> Drawing:
    """Draw squares in Tableau's own blues, each with its number: colour is never the only sign."""
    sheet = shelves.sheet
    drawing = Drawing(cols=shelves.heading(sheet.x or ""))
    headings = _ordered(shelves, drawing, sheet.y or "")
    drawing.rows = nested(headings)
    value = shelves.measure(sheet.value or "")
    encodings = _encodings(color=value, text=[value])
    tooltip = _tooltip(shelves, drawing.cols, *headings)
    drawing.panes = [pane("Square", encodings, tooltip=tooltip, is_labelled=True)]
    drawing.legend = value
    return drawing


def _strip(shelves: Shelves) -> Drawing:
    """Draw a row of squares in the colour of a column, with its words."""
    sheet = shelves.sheet
    across = shelves.heading(sheet.x or "")
    color = shelves.heading(sheet.color or "")
    detail = [shelves.heading(name) for name in sheet.detail]
    encodings = _encodings(color=color, text=[color], lod=detail)
    tooltip = _tooltip(shelves, across)
    panes = [pane("Square", encodings, tooltip=tooltip, is_labelled=True)]
    return Drawing(cols=across, panes=panes, legend=color)


def _scatter(shelves: Shelves) -> Drawing:
    """Draw a mark for each detail, told apart by colour and shape."""
    sheet = shelves.sheet
    across, up = shelves.measure(sheet.x or ""), shelves.measure(sheet.y or "")
    color = shelves.heading(sheet.color) if sheet.color else None
    detail = [shelves.heading(name) for name in sheet.detail]
    encodings = _encodings(color=color, shape=color, lod=detail)
    tooltip = _tooltip(shelves, *detail)
    return Drawing(
        rows=up,
        cols=across,
        panes=[pane("Shape", encodings, tooltip=tooltip)],
        legend=color,
    )


def _table(shelves: Shelves) -> Drawing:
    """Draw a table: columns are headings, measures are cells; without these the last column is one.

    Where a measure may be NULL, all of them are headings with a text that says what that means.
    """
    sheet = shelves.sheet
    drawing = Drawing()
    headings = [shelves.heading(name) for name in sheet.columns]
    color = shelves.heading(sheet.color) if sheet.color else None
    exact: list[str] = []
    if any(shelves.specification.measures[name].missing for name in sheet.values):
        exact = [shelves.measure(name) for name in sheet.values]
        headings += [shelves.words(name) for name in sheet.values]
        text, drawing.cell = headings.pop(), shelves.caption(sheet.values[-1])
    elif len(sheet.values) == 1:
        text = shelves.measure(sheet.values[0])
    elif sheet.values:
        _together(shelves, drawing, sheet.values)
        drawing.cols, text = shelves.names(), shelves.values()
    else:
        text, drawing.cell = headings.pop(), shelves.caption(sheet.columns[-1])
    _order_table(shelves, drawing, headings)
    drawing.rows = nested(headings)
    encodings = _encodings(color=color, text=[text], tooltip=exact)
    drawing.panes = [pane("Text", encodings, is_labelled=True)]
    levels = {"attr": "row-levels", "value": max(len(headings), 6)}
    drawing.styles["table"] = [element("format", levels)]
    drawing.legend = color
    return drawing


def _order_table(shelves: Shelves, drawing: Drawing, headings: list[str]) -> None:
    """Order the rows by what `order` begins with, unless that is the first column anyway."""
    sheet = shelves.sheet
    if not sheet.order or sheet.order[0] == sheet.columns[0]:
        return
    name = sheet.order[0].removeprefix("-")
    is_descending = sheet.order[0].startswith("-")
    if name in shelves.specification.measures:
        using, ordered = shelves.measure(name), headings
    else:
        using = shelves.place(Instance(name, "Max", "quantitative"))
        ordered = headings[:1]
    drawing.sorts += [filters.sort(one, using, is_descending=is_descending) for one in ordered]
    if sheet.limit:
        _limit(shelves, drawing, name)


def _limit(shelves: Shelves, drawing: Drawing, measure: str) -> None:
    """Keep so many values of the first column, those with the most."""
    sheet = shelves.sheet
    instance = dimension(shelves.model.fields[sheet.columns[0]])
    formula = shelves.model.fields[measure_name(measure)].formula or ""
    reference = shelves.place(instance)
    made = filters.most(instance, reference, formula, sheet.limit or 0)
    drawing.filters.append((reference, made))


def _ordered(shelves: Shelves, drawing: Drawing, column: str) -> list[str]:
    """Put what a sheet is ordered by in front of the column; a number there is not shown."""
    found = []
    for name in (one.removeprefix("-") for one in shelves.sheet.order):
        if name == column or name in shelves.specification.measures:
            continue
        reference = shelves.heading(name)
        found.append(reference)
        if shelves.model.fields[name].datatype == "integer":
            hidden = {"attr": "display", "field": reference, "value": False}
            drawing.styles.setdefault("label", []).append(element("format", hidden))
    return [*found, shelves.heading(column)]


def _together(shelves: Shelves, drawing: Drawing, measures: Iterable[str]) -> None:
    """Let measures stand together as Measure Names and Measure Values."""
    references = [shelves.measure(name) for name in measures]
    kept, sort = filters.measure_names(shelves.names(), references)
    drawing.filters.append((shelves.names(), kept))
    drawing.sorts.append(sort)


def _encodings(
    *,
    color: str | None = None,
    shape: str | None = None,
    text: Iterable[str] = (),
    lod: Iterable[str] = (),
    tooltip: Iterable[str] = (),
) -> list[Element]:
    found = [("color", color)] if color else []
    found += [("shape", shape)] if shape else []
    found += [("text", one) for one in text]
    found += [("lod", one) for one in lod]
    found += [("tooltip", one) for one in tooltip]
    return [element(tag, {"column": reference}) for tag, reference in found]


def pane(
    mark: str,
    encodings: list[Element],
    *,
    axis: tuple[int, str] | None = None,
    label: list[Run] | None = None,
    tooltip: list[Run] | None = None,
    formats: list[Element] | None = None,
    is_labelled: bool = False,
) -> Element:
    """Make a pane: one kind of mark; `axis` is its number and its measure, where there are two."""
    styles = list(formats or [])
    if is_labelled or label:
        styles += [_mark_format("mark-labels-show", "true")]
        styles += [_mark_format("mark-labels-cull", "true")]
    attributes = {
        "id": axis[0] if axis else None,
        "selection-relaxation-option": "selection-relaxation-allow",
        "y-axis-name": axis[1] if axis else None,
    }
    rule = element("style-rule", {"element": "mark"}, styles)
    children = [
        element("view", children=[element("breakdown", {"value": "auto"})]),
        element("mark", {"class": mark}),
        element("encodings", children=encodings) if encodings else None,
        element("customized-tooltip", children=[formatted(tooltip)]) if tooltip else None,
        element("customized-label", children=[formatted(label)]) if label else None,
        element("style", children=[rule]) if styles else None,
    ]
    return element("pane", attributes, children)


def _mark_format(attribute: str, value: str) -> Element:
    return element("format", {"attr": attribute, "value": value})


def _tooltip(shelves: Shelves, *references: str, without: Iterable[str] = ()) -> list[Run]:
    """Name every column and measure of the sheet with its value, the headings first."""
    lines = {reference: _called(shelves, reference) for reference in references}
    for name in shelves.sheet.shelves():
        if name not in without and name != shelves.sheet.x:
            lines.setdefault(shelves.show(name), shelves.caption(name))
    return _lines(lines)


def _measures_tooltip(shelves: Shelves, references: Iterable[str]) -> list[Run]:
    lines = {reference: _called(shelves, reference) for reference in references}
    lines[shelves.values()] = f"<{shelves.names()}>"
    return _lines(lines)


def _called(shelves: Shelves, reference: str) -> str:
    for instance in shelves.used.values():
        if shelves.model.refer(instance.name) == reference:
            return shelves.model.fields[instance.field].caption
    return names.bracketed(reference)


def _lines(lines: Mapping[str, str]) -> list[Run]:
    runs: list[Run] = []
    for reference, caption in lines.items():
        runs += [LINE_END] if runs else []
        runs += [f"{caption}: ", (f"<{reference}>", {"bold": True})]
    return runs


_KINDS: dict[str, Callable[[Shelves], Drawing]] = {
    "number": _number,
    "line": _line,
    "bar": _bar,
    "heat": _heat,
    "strip": _strip,
    "scatter": _scatter,
    "table": _table,
}
