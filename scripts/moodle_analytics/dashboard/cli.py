"""The command of the report; the work stands in `report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FILE = Path("target/report.html")


def report(
    to: Annotated[Path, typer.Option(help="The file to write.")] = FILE,
    charts: Annotated[
        Path | None, typer.Option(help="Folder for each chart as PNG and SVG, too.")
    ] = None,
    course: Annotated[
        list[int] | None, typer.Option(help="Only this course: Moodle's id (repeatable).")
    ] = None,
    database: Annotated[str | None, typer.Option(help="Database with the marts.")] = None,
) -> None:
    """Write the dashboards as one HTML file, with filters, that needs no server and no network.

    Over 5 MB it leaves out what it then names, on its pages and here. The same marts give the same
    file.

    Examples:

        moodle-analytics report

        moodle-analytics report --to autumn.html --course 7 --course 8

        moodle-analytics report --charts target/charts
    """
    from moodle_analytics.dashboard import report as job
    from moodle_analytics.early_warning.report import steps

    with steps("Report") as say:
        written = job.report(to, name=database, courses=course or (), charts=charts, say=say)
    for note in written.notes:
        typer.echo(note)
    if written.charts:
        typer.echo(f"Written: {written.charts} files in {charts}")
    typer.echo(f"Written: {written.path} ({written.size / 1_000_000:.1f} MB)")
