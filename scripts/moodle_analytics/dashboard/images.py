"""Each chart as PNG and SVG, with what every filter begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moodle_analytics.dashboard import data
from moodle_analytics.dashboard.sql import sheet_query
from moodle_analytics.dashboard.vega import CHARTS, Chart, Drawing

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

    from moodle_analytics.dashboard.report import Content

# Small charts beside each other, and dots of a PNG for each point of the chart.
_ACROSS, _SCALE = 3, 2


def draw(connection: Connection, content: Content) -> dict[str, bytes]:
    """Give the content of two files by name for every chart, SHEET.svg and SHEET.png."""
    import vl_convert

    drawn = {}
    for sheet in content.specification.sheets():
        if sheet.mark in CHARTS:
            chart = _chart(connection, content, sheet.name)
            drawn[f"{sheet.name}.svg"] = vl_convert.vegalite_to_svg(chart).encode()
            drawn[f"{sheet.name}.png"] = vl_convert.vegalite_to_png(chart, scale=_SCALE)
    return drawn


def _chart(connection: Connection, content: Content, name: str) -> Chart:
    plan = content.specification
    sheet = next(sheet for sheet in plan.sheets() if sheet.name == name)
    chosen = {of.name: content.first[of.name] for of in sheet.filters if of.name in content.first}
    rows = data.run(connection, sheet_query(plan, sheet, chosen))
    drawing = Drawing(plan, sheet, content.tables, with_legend=True)
    parts = {row[drawing.facet] for row in rows} if drawing.facet else set()
    chart = drawing.draw(facets=_ACROSS if len(parts) > 1 else 0)
    chart["data"]["values"] = rows
    subtitle = data.said(plan, chosen) if rows else "nothing to show"
    title = {"text": sheet.title, "subtitle": subtitle, "anchor": "start", "offset": 12}
    return {**chart, "title": title, "padding": 12}
