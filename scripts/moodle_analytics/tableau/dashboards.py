"""Dashboards: a page each, with title, filter cards, sheets and legends, for desk and phone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from moodle_analytics.dashboard.specification import Filter, Page, Sheet, Specification
from moodle_analytics.tableau import datasources, layout, names
from moodle_analytics.tableau.layout import Box, Placed, Row
from moodle_analytics.tableau.worksheets import Worksheet
from moodle_analytics.tableau.xml import Element, element, formatted

_HEIGHTS = {"number": 120, "table": 380, "strip": 150}
_CHART = 300
_CARDS_IN_ROW = 6
_TITLE = "title"


@dataclass
class _Contents:
    """What the boxes of a page hold, by key: the attributes of a zone, and what is inside."""

    zones: dict[str, tuple[dict[str, object], Element | None]] = field(default_factory=dict)
    ids: dict[str, int] = field(default_factory=dict)

    def add(self, key: str, attributes: dict[str, object], inside: Element | None = None) -> Box:
        self.zones[key] = (attributes, inside)
        self.ids[key] = len(self.ids) + 1
        return Box(key)


def dashboard(
    specification: Specification, page: Page, worksheets: Mapping[str, Worksheet]
) -> Element:
    """Make the dashboard of a page."""
    contents = _Contents()
    rows = _rows(specification, page, worksheets, contents)
    shown = [worksheets[specification.header.name]]
    shown += [worksheets[sheet.name] for sheet in page.sheets]
    height = layout.height(rows)
    size = {
        "maxheight": height,
        "maxwidth": layout.WIDTH,
        "minheight": height,
        "minwidth": layout.WIDTH,
        "sizing-mode": "fixed",
    }
    return element(
        "dashboard",
        {"name": page.title},
        [
            element("style"),
            element("size", size),
            *_dependencies(shown),
            element("zones", children=_zones(contents, rows, is_flow=True)),
            _phone(contents, rows),
            element("simple-id", {"uuid": names.simple_id("dashboard", page.name)}),
        ],
    )


def _rows(
    specification: Specification,
    page: Page,
    worksheets: Mapping[str, Worksheet],
    contents: _Contents,
) -> list[Row]:
    title = formatted(
        [
            (page.title, {"bold": True, "fontsize": 16}),
            "Æ\n",
            (page.question, {"fontsize": 11}),
        ]
    )
    header = contents.add(_TITLE, {"type-v2": "text"}, title)
    as_of = contents.add("as_of", {"name": worksheets[specification.header.name].name})
    rows = [Row((replace(header, weight=4), as_of), 80, is_fixed=True)]
    cards = _cards(page, worksheets, contents)
    rows += [
        Row(tuple(cards[start : start + _CARDS_IN_ROW]), 60, is_fixed=True)
        for start in range(0, len(cards), _CARDS_IN_ROW)
    ]
    for group in _grouped(page.sheets):
        boxes: list[Box] = []
        for sheet in group:
            width = 8 if len(group) == 1 else 4
            boxes += _sheet(worksheets[sheet.name], contents, width)
        is_fixed = group[0].mark == "number"
        rows.append(Row(tuple(boxes), _HEIGHTS.get(group[0].mark, _CHART), is_fixed=is_fixed))
    return rows


def _grouped(sheets: Iterable[Sheet]) -> list[list[Sheet]]:
    """Put numbers into one row, charts in twos, and what needs the width alone."""
    found: list[list[Sheet]] = []
    for sheet in sheets:
        last = found[-1] if found else []
        most = {"number": 6, "table": 1, "strip": 1}.get(sheet.mark, 2)
        is_alike = bool(last) and (last[0].mark == "number") == (sheet.mark == "number")
        if is_alike and len(last) < most and last[0].mark not in ("table", "strip"):
            last.append(sheet)
        else:
            found.append([sheet])
    return found


def _cards(page: Page, worksheets: Mapping[str, Worksheet], contents: _Contents) -> list[Box]:
    """Make the filter cards: one for each filter and data source of the page."""
    found: dict[str, Box] = {}
    sources = {sheet.source.name for sheet in page.sheets}
    for filter_ in page.filters:
        for sheet in page.sheets:
            key = f"filter {filter_.name} {sheet.source.name}"
            reference = worksheets[sheet.name].filters.get(filter_.name)
            if reference and key not in found:
                caption = filter_.caption
                if len(sources) > 1:
                    caption += f" ({sheet.source.caption})"
                title = formatted([(caption, {"bold": True})])
                attributes = _card(filter_, worksheets[sheet.name].name, reference)
                found[key] = contents.add(key, attributes, title)
    return list(found.values())


def _card(filter_: Filter, worksheet: str, reference: str) -> dict[str, object]:
    attributes: dict[str, object] = {
        "custom-title": True,
        "name": worksheet,
        "param": reference,
        "type-v2": "filter",
    }
    if filter_.range:
        return attributes
    attributes["mode"] = "dropdown" if filter_.one else "checkdropdown"
    attributes["values"] = filter_.domain
    if filter_.one:
        attributes["show-all"] = "false"
    return attributes


def _sheet(worksheet: Worksheet, contents: _Contents, width: int) -> list[Box]:
    """Make the box of a sheet, and beside it its legend, together `width` + 1 parts of the row."""
    box = contents.add(worksheet.sheet.name, {"name": worksheet.name})
    if worksheet.legend is None:
        return [replace(box, weight=width + 1)]
    attributes: dict[str, object] = {
        "name": worksheet.name,
        "pane-specification-id": "0",
        "param": worksheet.legend,
        "type-v2": "color",
    }
    legend = contents.add(f"legend {worksheet.sheet.name}", attributes)
    return [replace(box, weight=width), legend]


def _zones(contents: _Contents, rows: list[Row], *, is_flow: bool) -> list[Element]:
    """Make the zones: a column of rows of boxes. Ids beyond those of the contents are of these."""
    number = len(contents.ids) + 1
    whole = Placed(0, 0, layout.WHOLE, layout.WHOLE)
    lines = []
    for placed, row, boxes in layout.place(rows):
        inside = [
            _zone(contents, box.content, box_placed)
            for box, box_placed in zip(row.boxes, boxes, strict=True)
        ]
        number += 1
        attributes = {**_rectangle(placed, number), "param": "horz", "type-v2": "layout-flow"}
        if row.is_fixed and is_flow:
            attributes |= {"fixed-size": row.height, "is-fixed": True}
        lines.append(element("zone", attributes, inside))
    flow = {**_rectangle(whole, number + 1), "param": "vert", "type-v2": "layout-flow"}
    root = {**_rectangle(whole, number + 2), "type-v2": "layout-basic"}
    return [element("zone", root, [element("zone", flow, lines)])]


def _zone(contents: _Contents, key: str, placed: Placed) -> Element:
    attributes, inside = contents.zones[key]
    copied = None
    if inside is not None:
        copied = formatted([(run.text, dict(run.attrib)) for run in inside])
    return element("zone", {**_rectangle(placed, contents.ids[key]), **attributes}, [copied])


def _rectangle(placed: Placed, number: int) -> dict[str, object]:
    return {"h": placed.h, "id": number, "w": placed.w, "x": placed.x, "y": placed.y}


def _phone(contents: _Contents, rows: list[Row]) -> Element:
    """Stack everything for a phone, which scrolls."""
    stacked = [
        Row((box,), _height_on_phone(box.content, row.height), is_fixed=row.is_fixed)
        for row in rows
        for box in row.boxes
    ]
    height = layout.height(stacked)
    size = {"maxheight": height, "minheight": height, "sizing-mode": "vscroll"}
    phone = element(
        "devicelayout",
        {"auto-generated": False, "name": "Phone"},
        [
            element("size", size),
            element("zones", children=_zones(contents, stacked, is_flow=True)),
        ],
    )
    return element("devicelayouts", children=[phone])


def _height_on_phone(key: str, height: int) -> int:
    return min(height, 90) if key.startswith(("legend ", "filter ", "as_of")) else height


def _dependencies(shown: Iterable[Worksheet]) -> list[Element]:
    """Name the data sources of a page, and the fields that its cards and legends are of."""
    fields: dict[str, dict[str, Element]] = {}
    links: dict[str, Element] = {}
    for worksheet in shown:
        shelves = worksheet.shelves
        model = shelves.model
        attributes = {"caption": model.source.caption, "name": model.name}
        links[model.name] = element("datasource", attributes)
        wanted = {*worksheet.filters.values(), worksheet.legend}
        for instance in shelves.used.values():
            if model.refer(instance.name) in wanted:
                of = fields.setdefault(model.name, {})
                column = model.fields[instance.field]
                for name in (column.name, *column.uses):
                    of[f"0 {name}"] = datasources.column(model.fields[name])
                of[f"1 {instance.name}"] = datasources.instance_element(instance)
    return [
        element("datasources", children=links.values()),
        *(
            element(
                "datasource-dependencies",
                {"datasource": name},
                [of[key] for key in sorted(of)],
            )
            for name, of in fields.items()
        ),
    ]


def window(page: Page, shown: Iterable[Worksheet], *, is_first: bool) -> Element:
    """Make the window of a dashboard: each sheet fills its place, a table scrolls."""
    viewpoints = [
        element("viewpoint", {"name": worksheet.name}, [_zoom(worksheet.sheet)])
        for worksheet in shown
    ]
    return element(
        "window",
        {"class": "dashboard", "maximized": True if is_first else None, "name": page.title},
        [
            element("viewpoints", children=viewpoints),
            element("active", {"id": -1}),
            element("simple-id", {"uuid": names.simple_id("dashboard window", page.name)}),
        ],
    )


def _zoom(sheet: Sheet) -> Element:
    kind = "fit-width" if sheet.mark == "table" else "entire-view"
    return element("zoom", {"type": kind})


def worksheet_window(worksheet: Worksheet) -> Element:
    """Make the window of a worksheet, which is seen on its dashboards alone."""
    left = [element("card", {"type": kind}) for kind in ("pages", "filters", "marks")]
    top = [
        element("strip", {"size": 2147483647}, [element("card", {"type": kind})])
        for kind in ("columns", "rows", "title")
    ]
    edges = [
        element("edge", {"name": "left"}, [element("strip", {"size": 160}, left)]),
        element("edge", {"name": "top"}, top),
    ]
    return element(
        "window",
        {"class": "worksheet", "hidden": True, "name": worksheet.name},
        [
            element("cards", children=edges),
            element("simple-id", {"uuid": names.simple_id("window", worksheet.sheet.name)}),
        ],
    )
