"""Dashboards, windows and actions: zones, cards and commands name what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from moodle_analytics.tableau.check import names
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.files import Document, Element
from moodle_analytics.tableau.check.model import Source
from moodle_analytics.tableau.check.sheets import Sheet, check_dependencies

_WHOLE = 100_000
_OF_FIELDS = ("filter", "color", "shape", "size", "highlighter", "currpage", "map")
_LAYOUTS = ("layout-basic", "layout-flow")
_ALONE = ("title", "text", "bitmap", "web", "empty", "dashboard-object", "add-in", "paramctrl",
          "flipboard", "flipboard-nav")  # fmt: skip


def check(
    document: Document, sheets: Mapping[str, Sheet], sources: Mapping[str, Source], report: Report
) -> None:
    """Report what dashboards, windows and actions name that is not there."""
    dashboards = {one.get("name") or "": one for one in document.root.iter("dashboard")}
    for name, element in dashboards.items():
        _check_dashboard(f"dashboard {name}", element, sheets, sources, report)
    _check_windows(document, sheets, dashboards, report)
    _check_actions(document, sheets, dashboards, sources, report)


def shown(dashboard: Element) -> list[str]:
    """Name the worksheets on a dashboard's desktop layout."""
    zones = dashboard.find("zones")
    found = [] if zones is None else list(zones.iter("zone"))
    return [zone.get("name") for zone in found if zone.get("name") and _is_sheet(zone)]


def _is_sheet(zone: Element) -> bool:
    return (zone.get("type-v2") or zone.get("type") or "visual") == "visual"


def _check_dashboard(
    place: str,
    dashboard: Element,
    sheets: Mapping[str, Sheet],
    sources: Mapping[str, Source],
    report: Report,
) -> None:
    if not shown(dashboard):
        report.add(place, "has no zone with a sheet")
    for name, count in Counter(shown(dashboard)).items():
        if count > 1:
            report.add(place, f"shows sheet {name} {count} times")
    size = dashboard.find("size")
    if size is not None:
        for axis in ("width", "height"):
            least, most = size.get(f"min{axis}"), size.get(f"max{axis}")
            if least and most and least.isdecimal() and most.isdecimal() and int(least) > int(most):
                report.add(place, f"is at least {least} and at most {most} in {axis}")
    _check_sources(place, dashboard, sources, report)
    layouts = [("", dashboard.find("zones"))] + [
        (f", layout {one.get('name')}", one.find("zones"))
        for one in dashboard.iterfind("devicelayouts/devicelayout")
    ]
    for label, zones in layouts:
        if zones is None:
            continue
        _check_zones(place + label, zones, dashboard, sheets, report)


def _check_sources(
    place: str, dashboard: Element, sources: Mapping[str, Source], report: Report
) -> None:
    listed = [one.get("name") for one in dashboard.iterfind("datasources/datasource")]
    for name in listed:
        if name not in sources and name != names.PARAMETERS:
            report.add(place, f"uses data source {name}, which is not there")
    for needed in dashboard.iterfind("datasource-dependencies"):
        if needed.get("datasource") not in listed:
            report.add(place, f"needs fields of {needed.get('datasource')}, which it does not list")
    check_dependencies(place, dashboard, dict(sources), report)


def _check_zones(
    place: str, zones: Element, dashboard: Element, sheets: Mapping[str, Sheet], report: Report
) -> None:
    ids = Counter(zone.get("id") for zone in zones.iter("zone"))
    for identity, count in ids.items():
        if count > 1:
            report.add(place, f"has {count} zones with the id {identity}")
    for zone in zones.iter("zone"):
        _check_box(place, zone, report)
        kind = zone.get("type-v2") or zone.get("type") or "visual"
        name = zone.get("name")
        if kind in _OF_FIELDS:
            _check_field_zone(place, zone, kind, dashboard, sheets, report)
        elif kind == "visual":
            if name and name not in sheets:
                report.add(place, f"shows sheet {name}, which is not there")
            elif not name and zone.find("zone") is None:
                report.add(place, f"zone {zone.get('id')} shows nothing")
        elif kind in _LAYOUTS:
            if zone.find("zone") is None:
                report.add(place, f"zone {zone.get('id')} is a layout without zones")
        elif kind not in _ALONE:
            report.add(place, f"zone {zone.get('id')} is of type {kind}, which is none")
        elif kind == "text" and not "".join(run.text or "" for run in zone.iter("run")).strip():
            report.add(place, f"zone {zone.get('id')} is an empty text")
    for box in [zones, *zones.iter("zone")]:
        _check_overlaps(place, box, report)


def _box(zone: Element) -> tuple[int, int, int, int] | None:
    try:
        return int(zone.get("x")), int(zone.get("y")), int(zone.get("w")), int(zone.get("h"))
    except (TypeError, ValueError):
        return None


def _check_box(place: str, zone: Element, report: Report) -> None:
    box, said = _box(zone), f"zone {zone.get('id')}"
    if box is None:
        report.add(place, f"{said} has no place")
        return
    x, y, width, height = box
    if width <= 0 or height <= 0:
        report.add(place, f"{said} has no size")
    outer = zone.getparent()
    within = (_box(outer) if outer.tag == "zone" else None) or (0, 0, _WHOLE, _WHOLE)
    is_inside = within[0] <= x and x + width <= within[0] + within[2]
    if not (is_inside and within[1] <= y and y + height <= within[1] + within[3]):
        report.add(place, f"{said} reaches out of what it stands in")


def _check_overlaps(place: str, parent: Element, report: Report) -> None:
    boxes = [(zone.get("id"), _box(zone)) for zone in parent.findall("zone")]
    for index, (first, one) in enumerate(boxes):
        for second, two in boxes[index + 1 :]:
            if one is None or two is None:
                continue
            across = min(one[0] + one[2], two[0] + two[2]) - max(one[0], two[0])
            down = min(one[1] + one[3], two[1] + two[3]) - max(one[1], two[1])
            if across > 0 and down > 0:
                report.add(place, f"zones {first} and {second} overlap")


def _check_field_zone(
    place: str,
    zone: Element,
    kind: str,
    dashboard: Element,
    sheets: Mapping[str, Sheet],
    report: Report,
) -> None:
    said, name, param = f"{kind} card {zone.get('id')}", zone.get("name"), zone.get("param") or ""
    sheet = sheets.get(name or "")
    if sheet is None:
        report.add(place, f"{said} is of sheet {name}, which is not there")
        return
    if name not in shown(dashboard):
        report.add(place, f"{said} is of sheet {name}, which is not on the dashboard")
    if problem := sheet.resolve(param):
        report.add(place, f"{said} is of {param or 'nothing'}, which {problem}")
    elif kind == "filter" and param not in _filtered(sheet):
        report.add(place, f"{said} is of {param}, by which sheet {name} is not filtered")
    elif kind in ("color", "shape", "size") and param not in _encoded(sheet, kind):
        report.add(place, f"{said} is of {param}, which is no {kind} of sheet {name}")


def _filtered(sheet: Sheet) -> list[str]:
    return [one.get("column") for one in sheet.element.iterfind("table/view/filter")]


def _encoded(sheet: Sheet, kind: str) -> list[str]:
    return [
        one.get("column") for one in sheet.element.iterfind(f"table/panes/pane/encodings/{kind}")
    ]


def _check_windows(
    document: Document,
    sheets: Mapping[str, Sheet],
    dashboards: Mapping[str, Element],
    report: Report,
) -> None:
    windows = document.root.findall("windows/window")
    opened: Counter[str] = Counter()
    for window in windows:
        name, kind = window.get("name") or "", window.get("class") or ""
        place = f"window {name}"
        opened[name] += 1
        wanted = {"worksheet": sheets, "dashboard": dashboards}.get(kind, {})
        if name not in wanted:
            report.add(place, f"is of a {kind or 'thing'} that is not there")
        elif kind == "worksheet":
            _check_cards(place, window, sheets[name], report)
        else:
            _check_viewpoints(place, window, dashboards[name], report)
    for name in [*sheets, *dashboards]:
        if not opened[name]:
            report.add(f"sheet {name}" if name in sheets else f"dashboard {name}", "has no window")
    for name, count in opened.items():
        if count > 1:
            report.add(f"window {name}", f"is there {count} times")
    if sum(window.get("maximized") == "true" for window in windows) > 1:
        report.add("", "has two maximized windows")


def _check_cards(place: str, window: Element, sheet: Sheet, report: Report) -> None:
    for card in window.iter("card"):
        param = card.get("param")
        if param and (problem := sheet.resolve(param)):
            report.add(place, f"{card.get('type')} card is of {param}, which {problem}")
        elif param and card.get("type") == "filter" and param not in _filtered(sheet):
            report.add(place, f"filter card is of {param}, by which the sheet is not filtered")


def _check_viewpoints(place: str, window: Element, dashboard: Element, report: Report) -> None:
    there = shown(dashboard)
    seen = [one.get("name") for one in window.iterfind("viewpoints/viewpoint")]
    for name in seen:
        if name not in there:
            report.add(place, f"has a viewpoint of sheet {name}, which is not on the dashboard")
    for name in there if seen else ():
        if name not in seen:
            report.add(place, f"has no viewpoint of sheet {name}")
    active = window.find("active")
    ids = {zone.get("id") for zone in dashboard.iter("zone")}
    if active is not None and active.get("id") not in {None, "-1", *ids}:
        report.add(place, f"has the active zone {active.get('id')}, which is not there")


def _check_actions(
    document: Document,
    sheets: Mapping[str, Sheet],
    dashboards: Mapping[str, Element],
    sources: Mapping[str, Source],
    report: Report,
) -> None:
    for action in document.root.iterfind("actions/*"):
        place = f"action {action.get('caption') or action.get('name')}"
        for origin in action.iter("source", "exclude-sheet", "target"):
            for attribute in ("worksheet", "dashboard", "name"):
                name = origin.get(attribute)
                if name and name not in sheets and name not in dashboards:
                    report.add(place, f"is of {name}, which is not there")
        for name in _fields_of(action):
            parts = names.split(name) or ()
            known = sources.get(parts[0]) if len(parts) == 2 else None
            if known is None:
                report.add(place, f"names {name}, of a source that is not there")
            else:
                made = names.of_instance(parts[1])
                if (made[1] if made else parts[1]) not in known.fields:
                    report.add(place, f"names {name}, which is no field")
        for param in action.iter("param"):
            if param.get("name") in ("target", "exclude"):
                for name in (param.get("value") or "").split(","):
                    if name and name not in sheets and name not in dashboards:
                        report.add(place, f"leads to {name}, which is not there")


def _fields_of(action: Element) -> Iterator[str]:
    for element in action.iter():
        for attribute in ("expression", "field", "column"):
            for name in names.mentioned(element.get(attribute) or ""):
                if name.count("].[") == 1:
                    yield name
