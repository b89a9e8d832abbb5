"""The marks of the charts: lines, bars, heat maps, strips and points, in Vega-Lite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moodle_analytics.dashboard.vega import Drawing

Unit = dict[str, Any]

BLUE = "#08519c"
# A thin edge keeps the lightest colours visible on white.
_EDGE = {"stroke": "#595959", "strokeWidth": 0.4}
_NO_VALUE = "#f2f2f2"
# Where points without a share stand.
_BELOW = -0.12


def draw(drawing: Drawing) -> Unit:
    """Give transform, mark or layer, encoding and height of a sheet's chart."""
    kinds = {"line": _line, "bar": _bar, "heat": _heat, "strip": _strip, "scatter": _scatter}
    return kinds[drawing.sheet.mark](drawing)


def _line(drawing: Drawing) -> Unit:
    sheet, many = drawing.sheet, len(drawing.sheet.values) > 1
    name = sheet.values[0]
    said = drawing.said_of_series(name) if many else [drawing.said(name, "amount")]
    encoding: Unit = {
        "x": drawing.weeks(),
        "y": drawing.quantity("amount", name),
        "tooltip": drawing.tooltip(*said, *(drawing.said(one) for one in sheet.band)),
    }
    if many:
        encoding["color"] = drawing.color("series")
        encoding["strokeDash"] = drawing.distinct("series", "dash")
    mark = {"type": "line", "color": BLUE, "point": {"size": 22, "filled": True, "color": BLUE}}
    line = {"mark": {**mark, "invalid": "break-paths-show-domains"}, "encoding": encoding}
    return {"transform": drawing.fold(), "layer": [*_band(drawing), line]}


def _band(drawing: Drawing) -> list[Unit]:
    if not drawing.sheet.band:
        return []
    lower, upper = drawing.sheet.band
    encoding = {
        "x": drawing.weeks(),
        "y": drawing.quantity(lower, drawing.sheet.values[0]),
        "y2": {"field": upper},
    }
    return [{"mark": {"type": "area", "color": "#6baed6", "opacity": 0.35}, "encoding": encoding}]


def _bar(drawing: Drawing) -> Unit:
    if drawing.sheet.y:
        return _lying_bar(drawing)
    sheet, has_series = drawing.sheet, bool(drawing.sheet.values)
    x, steps = _steps(drawing)
    stack: Unit = {"stack": "amount", "groupby": ["from"], "as": ["low", "high"]}
    if has_series:
        stack["sort"] = [{"field": "place"}]
    name = (*sheet.values, sheet.value or "")[0]
    said = drawing.said_of_series(name) if has_series else [drawing.said(name, "amount")]
    encoding: Unit = {
        "x": x,
        "x2": {"field": "end"},
        "y": drawing.quantity("low", name),
        "y2": {"field": "high"},
        "tooltip": drawing.tooltip(*said),
    }
    if has_series:
        encoding["color"] = drawing.color("series")
    return {
        "transform": [*steps, *drawing.fold(), stack],
        "mark": {"type": "rect", "color": "#3182bd", **_EDGE},
        "encoding": encoding,
    }


def _steps(drawing: Drawing) -> tuple[Unit, list[Unit]]:
    """Give the axis along which bars stand, and what makes `from` and `end` of each."""
    if drawing.is_weekly():
        return drawing.weeks() | {"field": "from"}, [{"calculate": "+datum.begin", "as": "from"}]
    name = drawing.sheet.x or ""
    # Days before something run towards it.
    scale = {"reverse": name.startswith("days_before"), "nice": False, "zero": False}
    axis = {"format": "d", "tickMinStep": 1, "grid": False}
    title = drawing.specification.caption(name)
    x = {"field": "from", "type": "quantitative", "title": title, "scale": scale, "axis": axis}
    return x, [
        {"calculate": f"datum.{name} - 0.45", "as": "from"},
        {"calculate": f"datum.{name} + 0.45", "as": "end"},
    ]


def _lying_bar(drawing: Drawing) -> Unit:
    sheet, has_series = drawing.sheet, bool(drawing.sheet.values)
    name = (*sheet.values, sheet.value or "")[0]
    amount = "amount" if has_series else name
    x = drawing.quantity(amount, name, stack="zero")
    x["axis"] = {**x["axis"], "orient": "top"}
    said = drawing.said_of_series(name) if has_series else [drawing.said(name)]
    encoding: Unit = {
        "x": x,
        "y": drawing.names(sheet.y or "", sort="-x"),
        "tooltip": drawing.tooltip(*said),
    }
    transform = []
    if has_series:
        transform = drawing.fold()
        encoding |= {"color": drawing.color("series"), "order": {"field": "place"}}
    elif sheet.color:
        label = drawing.label(sheet.color)
        labels = [one["label"] for one in drawing.series()]
        place = {"calculate": f"indexof({labels}, datum.{label})", "as": "place"}
        transform = [place]
        encoding |= {"color": drawing.color(label), "order": {"field": "place"}}
    mark = {"type": "bar", "color": "#3182bd", **_EDGE}
    return {"transform": transform, "mark": mark, "encoding": encoding, "height": {"step": 24}}


def _heat(drawing: Drawing) -> Unit:
    sheet, name = drawing.sheet, drawing.sheet.value or ""
    encoding: Unit = {
        "y": drawing.names(sheet.y or "", sort="ascending"),
        "color": drawing.shade(name),
        "tooltip": drawing.tooltip(drawing.said(name)),
    }
    if drawing.is_weekly():
        encoding |= {"x": drawing.weeks(), "x2": {"field": "end"}}
    else:
        title = drawing.specification.caption(sheet.x or "")
        axis = {"labelAngle": 0, "labelOverlap": True}
        encoding["x"] = {"field": sheet.x, "type": "ordinal", "title": title, "axis": axis}
    mark = {"type": "rect", "stroke": "white", "strokeWidth": 0.5, "invalid": "show"}
    return {
        "mark": mark,
        "encoding": encoding,
        "height": {"step": 22},
        "config": {"scale": {"invalid": {"color": {"value": _NO_VALUE}}}},
    }


def _strip(drawing: Drawing) -> Unit:
    """Say the value by its row as well as by its colour."""
    label = drawing.label(drawing.sheet.color or "")
    values = [one["label"] for one in drawing.series()]
    axis = {"domain": False, "ticks": False}
    y = {"field": label, "type": "nominal", "title": None, "axis": axis}
    encoding = {
        "x": drawing.weeks(),
        "x2": {"field": "end"},
        "y": y | {"scale": {"domain": values}},
        "color": drawing.color(label) | {"legend": None},
        "tooltip": drawing.tooltip(),
    }
    return {"mark": {"type": "rect", **_EDGE}, "encoding": encoding, "height": {"step": 18}}


def _scatter(drawing: Drawing) -> Unit:
    x, y = drawing.sheet.x or "", drawing.sheet.y or ""
    label = drawing.label(drawing.sheet.color or "")
    missing = drawing.specification.measures[y].missing
    y_axis = drawing.quantity("height", y)
    if missing:
        # Those without a value stand in a row of their own below the others.
        said = f"datum.value < 0 ? '{missing}' : format(datum.value, '{y_axis['axis']['format']}')"
        values = [_BELOW, 0, 0.25, 0.5, 0.75, 1]
        y_axis["axis"] = {"values": values, "labelExpr": said}
        y_axis["scale"] = {"domain": [_BELOW * 1.5, 1], "nice": False}
    encoding = {
        "x": drawing.quantity(x, x),
        "y": y_axis,
        "color": drawing.color(label),
        "shape": drawing.distinct(label, "shape"),
        "tooltip": drawing.tooltip(drawing.said(x), drawing.said(y)),
    }
    mark = {"type": "point", "filled": True, "size": 55, "opacity": 0.85, **_EDGE}
    height = {"calculate": f"isValid(datum.{y}) ? datum.{y} : {_BELOW}", "as": "height"}
    transform = [height] if missing else [{"calculate": f"datum.{y}", "as": "height"}]
    return {"transform": transform, "mark": mark, "encoding": encoding, "height": 280}
