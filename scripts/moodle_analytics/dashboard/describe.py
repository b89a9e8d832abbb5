"""What the report says of pages, sheets and measures, in words and for its script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from moodle_analytics.dashboard.data import Rows, Tables
from moodle_analytics.dashboard.specification import Measure, Page, Sheet, Specification
from moodle_analytics.dashboard.vega import CHARTS, Drawing

_AGGREGATES = {
    "sum": "Sum of",
    "avg": "Mean of",
    "min": "Least",
    "max": "Greatest",
    "count": "Number of rows with a",
}
# How many small charts stand beside each other, by the room there is.
ACROSS = (1, 2, 3, 4)

# Shapes of 90 square units around 0, as Vega draws them.
_PATHS = {
    "circle": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
    "triangle-up": "M-6 5L0-5L6 5Z",
    "square": "M-5-5H5V5H-5Z",
    "diamond": "M0-6L5 0L0 6L-5 0Z",
    "cross": "M-6-2H-2V-6H2V-2H6V2H2V6H-2V2H-6Z",
}


def as_of(plan: Specification, rows: Mapping[str, Rows]) -> str | None:
    """Say when the data end; None where they hold nothing."""
    header = plan.header
    column = plan.measures[header.value or ""].column
    known = [value for value in rows[header.source.name].columns[column] if value is not None]
    if not known:
        return None
    return f"{datetime.strptime(max(known), '%Y-%m-%d %H:%M'):%-d %B %Y, %H:%M} UTC"


def page(plan: Specification, of: Page, tables: Tables, notes: Sequence[str]) -> dict[str, Any]:
    """Give what the page's part of the template needs."""
    blocks = []
    for is_number, sheets in groupby(of.sheets, key=lambda sheet: sheet.mark == "number"):
        described = [_sheet(plan, sheet, tables) for sheet in sheets]
        grain = described[0]["grain"]
        if not is_number:
            _spread(described)
        blocks.append({"numbers": is_number, "grain": grain, "sheets": described})
    return {
        "name": of.name,
        "title": of.title,
        "question": of.question,
        "filters": of.filters,
        "notes": notes,
        "blocks": blocks,
    }


def _spread(sheets: Sequence[dict[str, Any]]) -> None:
    """Make the last of an odd number of narrow sheets in a row a wide one."""
    for is_wide, run in groupby(sheets, key=lambda sheet: bool(sheet["is_wide"])):
        narrow = list(run)
        if not is_wide and len(narrow) % 2:
            narrow[-1]["is_wide"] = True


def _sheet(plan: Specification, sheet: Sheet, tables: Tables) -> dict[str, Any]:
    is_chart = sheet.mark in CHARTS
    series = Drawing(plan, sheet, tables, with_legend=False).series() if is_chart else []
    drawn = [] if sheet.mark == "strip" else series
    return {
        "name": sheet.name,
        "title": sheet.title,
        "grain": _grain(plan, sheet),
        "source_grain": sheet.source.grain,
        "is_chart": is_chart,
        "is_wide": sheet.mark in ("table", "strip") or len(sheet.values) > 4 or bool(sheet.y),
        "series": [one | {"path": _PATHS.get(one["shape"] or "")} for one in drawn],
        "about": [*_measures(plan, sheet, tables), *_columns(plan, sheet, tables)],
    }


def _grain(plan: Specification, sheet: Sheet) -> str:
    """Say what one mark of a chart, or one row of a table, is of."""
    if sheet.mark == "table":
        is_summed = bool(plan.measures_of(sheet))
        return f"From rows by {sheet.source.grain}" if is_summed else f"By {sheet.source.grain}"
    shelves = [sheet.x, sheet.y, sheet.color, *(sheet.detail if sheet.mark == "scatter" else ())]
    names = dict.fromkeys(name for name in shelves if name and name not in plan.measures)
    said = [plan.caption(name).split(" (")[0].lower() for name in names]
    return f"By {' and '.join([', '.join(said[:-1]), said[-1]] if said[1:] else said)}"


def _measures(plan: Specification, sheet: Sheet, tables: Tables) -> Iterator[dict[str, str]]:
    for measure in plan.measures_of(sheet):
        told = [_told(sheet, name, tables) for name in (measure.column, measure.over) if name]
        missing = f" Where there is none: {measure.missing}." if measure.missing else ""
        yield {
            "caption": measure.caption,
            "formula": formula(measure),
            "description": " ".join(one for one in told if one) + missing,
        }


def _columns(plan: Specification, sheet: Sheet, tables: Tables) -> Iterator[dict[str, str]]:
    for name in plan.dimensions(sheet):
        if told := _told(sheet, name, tables):
            yield {"caption": plan.caption(name), "formula": "", "description": told}


def _told(sheet: Sheet, column: str, tables: Tables) -> str:
    described = tables[sheet.source.table_of(column)][column].description
    text = " ".join(described.split())
    return text if not text or text.endswith((".", "?")) else f"{text}."


def formula(measure: Measure) -> str:
    """Say how a measure is computed."""
    said = f"{_AGGREGATES[measure.aggregate]} {measure.column}"
    if measure.over:
        said += f" over the sum of {measure.over}"
    if measure.when:
        said += f", of rows with {_when(measure.when)}"
    return f"{said}, less the same of rows with {_when(measure.less)}" if measure.less else said


def _when(conditions: Mapping[str, int]) -> str:
    return " and ".join(f"{name} {value}" for name, value in conditions.items())


def facts(plan: Specification, tables: Tables) -> dict[str, Any]:
    """Give what the report's script must know of the specification, charts included."""
    named: dict[Any, str] = {True: "true", False: "false", None: "null"}
    shown = {name for sheet in plan.sheets() for name in sheet.shelves()}
    return {
        "measures": {name: vars(measure) for name, measure in plan.measures.items()},
        "filters": {
            name: {
                "caption": of.caption,
                "column": of.column,
                "one": of.one,
                "range": of.range,
                "value": of.value,
                "within": of.within,
            }
            for name, of in plan.filters.items()
        },
        "palettes": {
            name: {value: vars(shade) for value, shade in of.items()}
            for name, of in plan.palettes.items()
        },
        "labels": {
            column: {named.get(value, value): said for value, said in of.items()}
            for column, of in plan.labels.items()
        },
        "captions": {name: plan.caption(name) for name in sorted(shown)},
        "pages": [
            {
                "name": of.name,
                "filters": [filter_.name for filter_ in of.filters],
                "sheets": [sheet.name for sheet in of.sheets],
            }
            for of in plan.pages
        ],
        "sheets": {sheet.name: _facts_of(plan, sheet, tables) for sheet in plan.sheets()},
    }


def _facts_of(plan: Specification, sheet: Sheet, tables: Tables) -> dict[str, Any]:
    kept = ("name", "mark", "value", "change", "good", "x", "y", "color", "palette", "limit")
    found = {name: getattr(sheet, name) for name in kept} | {
        "source": sheet.source.name,
        "where": dict(sheet.where),
        "order": sheet.order,
        "filters": [filter_.name for filter_ in sheet.filters],
        "dimensions": plan.dimensions(sheet),
        "measures": [measure.name for measure in plan.measures_of(sheet)],
        "shown": sheet.shelves(),
        "facet": None,
    }
    if sheet.mark in CHARTS:
        drawing = Drawing(plan, sheet, tables, with_legend=False)
        found |= {"chart": drawing.compiled(), "facet": drawing.facet}
        if drawing.facet:
            found["facets"] = [drawing.compiled(facets=count) for count in ACROSS]
    return found
