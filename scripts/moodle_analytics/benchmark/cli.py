"""The commands of the benchmarks; the work stands in `run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Judge the early warning on public data with real outcomes.", no_args_is_help=True
)


@app.callback()
def options() -> None:
    """Judge the early warning on public data with real outcomes."""


@app.command("oulad")
def oulad(
    folder: Annotated[
        Path, typer.Argument(metavar="PATH", help="Folder of OULAD's CSV files, plain or .csv.gz.")
    ],
    test: Annotated[
        str | None,
        typer.Option(
            help='Presentation to judge on, as "BBB 2013J" (default: the latest with clicks that '
            "has an earlier one of its module)."
        ),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", help="File for all measures, as JSON.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--report", help="File for a report with plots, as one HTML.")
    ] = None,
    database: Annotated[str, typer.Option(help="Database to make for it.")] = "oulad",
) -> None:
    """Judge the early warning on the Open University Learning Analytics Dataset.

    Any subset of presentations will do. They become courses of a Moodle site, which is loaded,
    built, trained on, scored and judged as any other.

    Examples:

        moodle-analytics benchmark oulad ~/oulad

        moodle-analytics benchmark oulad ~/oulad --test "BBB 2013J" --json bbb.json

        moodle-analytics benchmark oulad ~/oulad --report oulad.html --database oulad_again
    """
    from moodle_analytics.benchmark import run
    from moodle_analytics.early_warning import files, report

    files.check([path for path in (json, page) if path])
    result = run.oulad(folder, name=database, test=test, say=typer.echo)
    if json:
        files.write_json(json, result)
    if page:
        files.write_page(page, result.report)
    report.print_report(result.report)
    typer.echo(f"Took {result.seconds:.0f} s.")
    for path in (json, page):
        if path:
            typer.echo(f"Written: {path}")
