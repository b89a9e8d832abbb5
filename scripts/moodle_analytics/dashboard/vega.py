"""The charts of the dashboards in Vega-Lite: for the report, and as PNG and SVG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moodle_analytics.dashboard import data, marks
from moodle_analytics.dashboard.data import Tables
from moodle_analytics.dashboard.specification import Shade, Sheet, Specification

CHARTS = ("line", "bar", "heat", "strip", "scatter")
_WEEK = 6.3 * 24 * 60 * 60 * 1000
_INK, _GREY = "#333333", "#595959"
# Series are told apart by their dashes and points too.
DASHES = ([1, 0], [5, 3], [2, 2], [8, 3, 2, 3])
SHAPES = ("circle", "triangle-up", "square", "diamond", "cross")
_DEFAULTS = (marks.BLUE, "#d95f0e", "#525252", "#6baed6")
_FORMATS = {"count": ",d", "number": ",.0f", "share": ".0%", "date": ""}

CONFIG: dict[str, Any] = {
    "background": "white",
    "font": "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": _GREY,
        "titleColor": _GREY,
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "gridColor": "#e8e8e8",
        "domainColor": "#8c8c8c",
        "tickColor": "#8c8c8c",
    },
    "legend": {"labelColor": _INK, "titleColor": _GREY, "titleFontWeight": "normal"},
    "header": {"labelColor": _INK, "labelFontWeight": "bold", "title": None},
    "line": {"strokeWidth": 2},
}

Chart = dict[str, Any]


class Drawing:
    """A sheet's chart; `with_legend` where nothing beside it says what colours mean."""

    def __init__(
        self, specification: Specification, sheet: Sheet, tables: Tables, *, with_legend: bool
    ) -> None:
        """Take the sheet, and the marts' columns, whose types decide the axes."""
        self.specification = specification
        self.sheet = sheet
        self.tables = tables
        self.with_legend = with_legend
        self._weeks = 8

    @property
    def facet(self) -> str | None:
        """Name the column that makes a small chart of each of its values."""
        is_line = self.sheet.mark == "line" and not self.sheet.palette
        return self.sheet.color if is_line else None

    def draw(self, *, facets: int = 0) -> Chart:
        """Give the Vega-Lite chart of rows as the sheet's query gives them.

        With `facets`, so many small charts beside each other, one for each value of `facet`.
        """
        self._weeks = 3 if facets else 8
        unit = marks.draw(self)
        chart: Chart = {
            "data": {"name": "rows", "values": []},
            "params": [{"name": "room", "value": 200}],
            "transform": [*self._labels(), *unit.pop("transform", [])],
            "config": CONFIG | unit.pop("config", {}),
        }
        if facets:
            header = {"labelLimit": 180}
            facet = {"field": self.label(self.facet or ""), "type": "nominal", "header": header}
            small = {"width": 200, "height": 90, **unit}
            return {**chart, "facet": facet, "columns": facets, "spec": small, "spacing": 14}
        size = {"width": 600, "autosize": {"type": "fit-x", "contains": "padding"}}
        return {**chart, **size, "height": 200, **unit}

    def compiled(self, *, facets: int = 0) -> Chart:
        """Give the chart as Vega-Lite compiles it to Vega, without what only an editor reads."""
        import vl_convert

        made: Chart = vl_convert.vegalite_to_vega(self.draw(facets=facets))
        return {key: of for key, of in made.items() if key not in ("$schema", "usermeta")}

    def series(self) -> list[Chart]:
        """Give what a legend says: label, colour, and dash or shape where there is one."""
        sheet = self.sheet
        if sheet.mark == "heat" or (not sheet.values and not sheet.color):
            return []
        is_line, is_point = sheet.mark == "line", sheet.mark == "scatter"
        if sheet.mark == "line" and len(sheet.values) < 2:
            return []
        shades = self._shades()
        return [
            {
                "value": value,
                "label": shade.caption,
                "color": shade.color,
                "dash": DASHES[place % len(DASHES)] if is_line else None,
                "shape": SHAPES[place % len(SHAPES)] if is_point else None,
            }
            for place, (value, shade) in enumerate(shades.items())
        ]

    # What stands for a value.

    def _shades(self) -> dict[Any, Shade]:
        """Give label and colour of each series, by the measure's name or the column's value."""
        sheet, specification = self.sheet, self.specification
        palette = specification.palettes.get(sheet.palette or "", {})
        if not sheet.values and sheet.color:
            if palette:
                return dict(palette)
            labels = specification.labels.get(sheet.color, {})
            return {
                value: Shade(label, color)
                for (value, label), color in zip(
                    labels.items(), ("#9ecae1", "#d95f0e", "#d9d9d9", "#525252"), strict=False
                )
            }
        found = {}
        for place, name in enumerate(sheet.values):
            by_place = [*palette.values()][place] if place < len(palette) else None
            shade = palette.get(name) or by_place
            color = shade.color if shade else _DEFAULTS[place % len(_DEFAULTS)]
            found[name] = Shade(shade.caption if shade else specification.caption(name), color)
        return found

    def label(self, column: str) -> str:
        """Name the field that says a column's value in words."""
        return f"{column}_label"

    def _labels(self) -> list[Chart]:
        """Say each text and flag in words, and make instants of dates."""
        made = []
        for name in self.specification.dimensions(self.sheet):
            kind = data.kind(self.sheet.source, name, self.tables)
            if kind == "date":
                made.append({"calculate": f"utcParse(datum.{name}, '%Y-%m-%d')", "as": "begin"})
                made.append({"calculate": f"+datum.begin + {_WEEK}", "as": "end"})
            elif kind in ("text", "flag"):
                words = self._words(name)
                said = f"{data.dumps(words)}['' + datum.{name}]"
                other = f"isValid(datum.{name}) ? datum.{name} : '(none)'"
                calculate = f"{said} != null ? {said} : ({other})" if words else other
                made.append({"calculate": calculate, "as": self.label(name)})
        return made

    def _words(self, name: str) -> Mapping[str, str]:
        """Give the labels of a column's values, as text, palettes included."""
        named: dict[Any, str] = {None: "null", True: "true", False: "false"}
        labels = self.specification.labels.get(name, {})
        found = {named.get(value, str(value)): label for value, label in labels.items()}
        if name == self.sheet.color and self.sheet.palette:
            shades = self.specification.palettes[self.sheet.palette]
            found |= {value: shade.caption for value, shade in shades.items()}
        return found

    # Axes.

    def is_weekly(self) -> bool:
        """Tell whether the chart runs along weeks."""
        name = self.sheet.x
        return bool(name) and name not in self.specification.measures and self.kind(name) == "date"

    def kind(self, name: str | None) -> str:
        """Say what a column holds."""
        return data.kind(self.sheet.source, name or "", self.tables)

    def weeks(self) -> Chart:
        """Give the axis of weeks."""
        axis = {"format": "%d %b", "labelOverlap": True, "grid": False, "tickCount": self._weeks}
        return {
            "field": "begin",
            "type": "temporal",
            "title": None,
            "axis": axis,
            "scale": {"type": "utc", "nice": False},
        }

    def quantity(self, field: str, name: str, **more: Any) -> Chart:
        """Give the axis of a measure, whose amount is in `field`."""
        measure = self.specification.measures[name]
        axis = {"format": _FORMATS[measure.format], "tickCount": 4, "labelOverlap": True}
        if measure.format != "share":
            axis["tickMinStep"] = 1
        title = measure.caption if len(self.sheet.values) < 2 else None
        # Where all is 0, an axis to 4 keeps the line at the bottom, and its ticks whole.
        is_share = measure.format == "share"
        scale = {"domain": [0, 1] if is_share else {"unionWith": [0, 4]}}
        of = {"field": field, "type": "quantitative", "title": title, "axis": axis}
        return {**of, "scale": scale, **more}

    def color(self, field: str) -> Chart:
        """Give the colours of the series named in `field`."""
        series = self.series()
        labels = [one["label"] for one in series]
        scale = {"domain": labels, "range": [one["color"] for one in series]}
        of = {"field": field, "type": "nominal", "title": "Series", "scale": scale}
        return {**of, "legend": self._legend(labels)}

    def _legend(self, labels: list[str]) -> Chart | None:
        if not self.with_legend or len(labels) < 2:
            return None
        symbols = {"line": {"symbolType": "stroke"}, "scatter": {}}
        symbol = symbols.get(self.sheet.mark, {"symbolType": "square"})
        return {"title": None, "orient": "top", "columns": 4, **symbol}

    def names(self, name: str, *, sort: str) -> Chart:
        """Give the axis of a column's names down the left, in the sheet's order if it has one."""
        by = self.sheet.order[0] if self.sheet.order else None
        if by:
            field = by.removeprefix("-")
            order = "descending" if by.startswith("-") else "ascending"
            sorted_by: Any = {"field": field, "op": "min", "order": order}
        else:
            sorted_by = sort
        axis = {"labelLimit": {"expr": "room"}, "domain": False, "ticks": False}
        field = self.label(name)
        return {"field": field, "type": "nominal", "title": None, "sort": sorted_by, "axis": axis}

    def shade(self, name: str) -> Chart:
        """Give a measure as the depth of one colour."""
        measure = self.specification.measures[name]
        legend = {
            "title": measure.caption,
            "format": _FORMATS[measure.format],
            "orient": "top",
            # A gradient refers to its page's address, and is lost where that has a fragment.
            "type": "symbol",
            "symbolType": "square",
            "symbolSize": 120,
            "tickCount": 3,
        }
        scale = {"scheme": "blues", "domainMin": 0}
        return {"field": name, "type": "quantitative", "scale": scale, "legend": legend}

    def distinct(self, field: str, by: str) -> Chart:
        """Give the dash or shape of each series."""
        series = self.series()
        labels = [one["label"] for one in series]
        scale = {"domain": labels, "range": [one[by] for one in series]}
        of = {"field": field, "type": "nominal", "title": "Series", "scale": scale}
        # The same legend as that of the colours, so that there is one of both.
        return {**of, "legend": self._legend(labels)}

    def fold(self) -> list[Chart]:
        """Make of each row one row a series: `series`, `place` and `amount`."""
        series = self.series()
        values = list(self.sheet.values) or [self.sheet.value or ""]
        if not series:
            return [{"fold": values, "as": ["name", "amount"]}]
        labels = {one["value"]: one["label"] for one in series}
        return [
            {"fold": values, "as": ["name", "amount"]},
            {"calculate": f"{data.dumps(labels)}[datum.name]", "as": "series"},
            {"calculate": f"indexof({data.dumps(values)}, datum.name)", "as": "place"},
        ]

    def tooltip(self, *extra: Chart) -> list[Chart]:
        """Give what is shown on pointing at a mark: its columns, then `extra`."""
        shown: list[Chart] = []
        for name in self.specification.dimensions(self.sheet):
            kind, title = self.kind(name), self.specification.caption(name)
            if kind == "date":
                shown.append({"field": name, "type": "nominal", "title": title})
            elif kind in ("text", "flag"):
                shown.append({"field": self.label(name), "type": "nominal", "title": title})
            elif name not in {bare.removeprefix("-") for bare in self.sheet.order}:
                shown.append({"field": name, "type": "quantitative", "title": title})
        return [*shown, *extra]

    def said(self, name: str, field: str | None = None) -> Chart:
        """Give a measure for a tooltip."""
        measure = self.specification.measures[name]
        number = {"number": ",.1f", "share": ".1%"}.get(measure.format, _FORMATS[measure.format])
        return {
            "field": field or name,
            "type": "quantitative",
            "title": measure.caption,
            "format": number,
        }

    def said_of_series(self, name: str) -> list[Chart]:
        """Give a series and its amount for a tooltip."""
        said = {**self.said(name, "amount"), "title": "Value"}
        return [{"field": "series", "type": "nominal", "title": "Series"}, said]
