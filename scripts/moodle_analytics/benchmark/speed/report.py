"""What a benchmark of speed found: on the terminal, as JSON and as a plot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from moodle_analytics import output
from moodle_analytics.benchmark.speed.measures import (
    MEANINGS,
    TARGETS,
    Bytes,
    History,
    Result,
    bytes_by_model,
    bytes_by_schema,
    median_by_model,
    seconds_of,
)

JSON, SVG, PNG = "bench.json", "bench.svg", "bench.png"
_SLOWEST = 12
_COLOURS = {"ours": "#1f4e79", "reference": "#8a8a8a", "peer": "#d9822b"}


def write(result: Result, folder: Path) -> list[Path]:
    """Write the measures and the plot into a folder. Raises UserError."""
    import vl_convert

    drawn = plot(result)
    contents: dict[Path, str | bytes] = {
        folder / JSON: json.dumps(result.to_dict(), indent=2, allow_nan=False) + "\n",
        folder / SVG: str(vl_convert.vegalite_to_svg(drawn)),
        folder / PNG: bytes(vl_convert.vegalite_to_png(drawn, scale=2)),
    }
    output.write(contents)
    return list(contents)


def print_result(result: Result) -> None:
    """Print the ratios with what they should be, then what they were made from."""
    console = Console(highlight=False)
    console.print(_machine(result), markup=False)
    for table in (_ratios(result), _seconds(result), _models(result)):
        console.print()
        console.print(table)
    console.print(_sizes(result.base), markup=False)


def bars(result: Result) -> list[dict[str, Any]]:
    """Give what the plot shows: median seconds with a name and a kind, in the order of telling."""
    rows = [("least weekly group-by", "reference", result.base.reference)]
    rows += [
        (f"{peer.name}, weekly counts alone", "peer", median(peer.seconds))
        for peer in result.peers
        if not peer.skipped
    ]
    rows.append(("all models, full build", "ours", seconds_of(result.base.full)))
    rows.append(("all models, one more day", "ours", seconds_of(result.base.days)))
    if result.long:
        long_day = seconds_of(result.long.days)
        rows.append((f"the same, {result.long.rows:,} rows of history", "ours", long_day))
    return [
        {"what": what, "kind": kind, "seconds": round(seconds, 3), "label": f"{seconds:.1f} s"}
        for what, kind, seconds in rows
    ]


def plot(result: Result) -> dict[str, Any]:
    """Give the plot as Vega-Lite: a bar for each of `bars`."""
    machine = result.machine
    subtitle = (
        f"{result.base.rows:,} log rows, {result.base.weeks} weeks; PostgreSQL "
        f"{machine['postgresql']}, {machine['cores']} cores, {machine['memory_gb']} GB"
    )
    colours = {"domain": list(_COLOURS), "range": list(_COLOURS.values())}
    encoding: dict[str, Any] = {
        "y": {"field": "what", "type": "nominal", "sort": None, "title": None},
        "x": {"field": "seconds", "type": "quantitative", "title": "seconds (median)"},
    }
    colour = {"field": "kind", "type": "nominal", "scale": colours, "legend": None}
    label = {
        "mark": {"type": "text", "align": "left", "dx": 4},
        "encoding": {"text": {"field": "label"}},
    }
    return {
        "title": {"text": "What a build costs", "subtitle": subtitle, "anchor": "start"},
        "data": {"values": bars(result)},
        "width": 520,
        "height": {"step": 26},
        "padding": 12,
        "encoding": encoding,
        "layer": [{"mark": "bar", "encoding": {"color": colour}}, label],
        "config": {"axis": {"labelLimit": 320}},
    }


def _machine(result: Result) -> str:
    facts = result.machine
    settings = ", ".join(f"{name} {value}" for name, value in facts["settings"].items())
    return (
        f"{facts['cores']} cores ({facts['processor']}), {facts['memory_gb']} GB, "
        f"{facts['system']}; load before {facts['load_before']}; Python {facts['python']}, "
        f"dbt {facts['dbt']}\nPostgreSQL {facts['postgresql']}: {settings}"
    )


def _ratios(result: Result) -> Table:
    table = _table("Ratios", "", "found", "at most", "by wall clock", "of")
    wall = result.ratios(wall=True)
    for name, value in result.ratios().items():
        if value is not None:
            limit, by_wall = TARGETS[name], wall[name]
            shown = f"{value:.3g}" + ("" if value <= limit else " !")
            same = by_wall is None or name == "storage_ratio"
            table.add_row(
                name, shown, f"{limit:g}", "" if same else f"{by_wall:.3g}", MEANINGS[name]
            )
    return table


def _seconds(result: Result) -> Table:
    table = _table("Seconds (median; least to most)", "", "dbt's own", "", "process", "memory")
    for title, history in (("", result.base), (", long history", result.long)):
        if history:
            _add_history(table, title, history)
    for peer in result.peers:
        if peer.skipped:
            table.add_row(peer.name, "", "", "", peer.skipped)
        else:
            same = (
                f"{peer.compared_rows:,} weeks as ours"
                if not peer.different_rows
                else f"{peer.different_rows:,} of {peer.compared_rows:,} weeks not as ours !"
            )
            memory = f"{_gb(peer.peak_bytes)} GB, {same}"
            table.add_row(
                f"{peer.name}, weekly counts alone",
                "",
                _spread(peer.seconds),
                f"{median(peer.seconds):.2f}",
                memory,
            )
    table.add_row("seeds", f"{result.seed_seconds:.2f}")
    if result.checks_seconds is not None:
        table.add_row("all checks", f"{result.checks_seconds:.2f}")
    return table


def _add_history(table: Table, title: str, history: History) -> None:
    reference = history.reference_seconds
    table.add_row(f"least weekly group-by{title}", f"{history.reference:.2f}", _spread(reference))
    for name, done in (("full build", history.full), ("one more day", history.days)):
        peaks = [one.peak_bytes for one in done if one.peak_bytes]
        days = [one.rows_of_day for one in done if one.rows_of_day is not None]
        of = f" ({median(days):,.0f} rows)" if days else ""
        table.add_row(
            f"{name}{title}{of}",
            f"{seconds_of(done):.2f}",
            _spread([one.dbt_seconds for one in done]),
            f"{seconds_of(done, wall=True):.2f}",
            f"{_gb(max(peaks))} GB" if peaks else "",
        )


def _models(result: Result) -> Table:
    full, day = median_by_model(result.base.full), median_by_model(result.base.days)
    table = _table(
        f"The slowest of {len(full)} models (the others are in {JSON})",
        "",
        "full, s",
        "day, s",
        "MB",
        "of it indexes",
    )
    sizes = bytes_by_model(result.base.models)
    for name in list(full)[:_SLOWEST]:
        size = sizes.get(name, Bytes(0, 0))
        seconds = (f"{full[name]:.2f}", f"{day.get(name, 0):.2f}")
        table.add_row(name, *seconds, _mb(size.total), _mb(size.indexes))
    return table


def _sizes(history: History) -> str:
    ratio = history.model_bytes / history.log.total
    schemas = bytes_by_schema(history.models).items()
    parts = ", ".join(f"{name} {_mb(size.total)}" for name, size in schemas)
    return (
        f"All models: {_mb(history.model_bytes)} MB with indexes ({parts}). The log: "
        f"{_mb(history.log.table)} MB and {_mb(history.log.indexes)} MB of indexes "
        f"(with these, the storage ratio is {ratio:.2f})."
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if not number or name == "of" else "right")
    return table


def _spread(seconds: Sequence[float]) -> str:
    return f"{min(seconds):.2f} to {max(seconds):.2f}" if len(seconds) > 1 else ""


def _mb(size: int) -> str:
    return f"{size / 2**20:,.0f}"


def _gb(size: int) -> str:
    return f"{size / 2**30:.1f}"
