"""The outcomes of a check as one HTML page that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from moodle_analytics.checks import engine, suites

if TYPE_CHECKING:
    from moodle_analytics.checks.job import Report


def render(report: Report) -> str:
    """Give the page as text; whatever comes from the data is escaped."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("moodle_analytics.checks", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found = report.to_dict()
    rows = found["expectations"]
    order = {severity: place for place, severity in enumerate(suites.SEVERITIES)}
    failed = [row for row in rows if row["status"] in (engine.FAILED, engine.BROKEN)]
    return environment.get_template("report.html").render(
        database=found["database"],
        checked_at=report.checked_at.strftime("%Y-%m-%d %H:%M UTC"),
        notes=found["notes"],
        counts=found["counts"],
        failed_by=found["failed"],
        failed=sorted(failed, key=lambda row: order[row["severity"]]),
        by_subject=_by_subject(rows),
        exit_code=found["exit_code"],
    )


def _by_subject(rows: list[dict[str, str]]) -> dict[str, dict[str, list[dict[str, str]]]]:
    """Group the expectations by suite and subject, in their order."""
    found: dict[str, dict[str, list[dict[str, str]]]] = {}
    for row in rows:
        found.setdefault(row["suite"], {}).setdefault(row["subject"], []).append(row)
    return found
