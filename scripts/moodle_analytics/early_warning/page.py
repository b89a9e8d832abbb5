"""The report of an evaluation as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moodle_analytics.early_warning import plots, report
from moodle_analytics.early_warning.settings import BANDS

if TYPE_CHECKING:
    from moodle_analytics.early_warning.evaluate import Report


def render(found: Report) -> str:
    """Give the page as text; whatever comes from the data is escaped."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("moodle_analytics.early_warning", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "percent": _percent, "interval": _interval}
    values = found.to_dict()
    weeks = [week for week in values["weeks"] if week["auc"] is not None]
    drawn = {"auc": plots.auc_by_week(weeks), "bands": plots.bands_by_week(weeks)}
    if values["calibration"]:
        drawn["calibration"] = plots.calibration(values["calibration"])
    challenger = found.card.challenger
    return environment.get_template("report.html").render(
        **values,
        judged=weeks,
        plots=drawn,
        bands=BANDS,
        similar=_similar(weeks),
        said_of_challenger=report.challenger_sentence(challenger) if challenger else None,
        n_train=found.card.n_train,
    )


def _similar(weeks: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Give of each band how many of ten similar learners did not complete, over all weeks."""
    found = []
    for band in BANDS:
        rows = [week["bands"][band] for week in weeks if band in week["bands"]]
        count = sum(row["n"] for row in rows)
        if count:
            share = sum(row["n"] * row["share"] for row in rows) / count
            found.append((band, round(10 * share)))
    return found


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def _interval(measures: Mapping[str, Any], name: str) -> str:
    low, high = measures[f"{name}_low"], measures[f"{name}_high"]
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"
