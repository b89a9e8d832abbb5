"""The commands of the benchmarks; the work stands in `run` and in `speed`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Benchmarks: how fast builds are, and how good the early warning.", no_args_is_help=True
)


@app.callback()
def options() -> None:
    """Benchmarks: how fast builds are, and how good the early warning."""


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


@app.command("speed")
def speed(
    rows: Annotated[int, typer.Option(help="Rows of the log.")] = 5_000_000,
    learners: Annotated[int, typer.Option(help="People who learn.")] = 2_000,
    weeks: Annotated[int, typer.Option(help="Weeks that the log is long.")] = 26,
    repeats: Annotated[int, typer.Option(help="How often each is measured; so many days.")] = 3,
    peers: Annotated[bool, typer.Option(help="Measure pandas and DuckDB too.")] = True,
    long: Annotated[bool, typer.Option(help="Measure a history four times as long too.")] = True,
    checks: Annotated[bool, typer.Option(help="Measure the checks of all models too.")] = True,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print the plans of the three slowest models.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the databases: the next run takes their logs.")
    ] = False,
    to: Annotated[Path, typer.Option(help="Folder for bench.json and the plot.")] = Path("target"),
    database: Annotated[str, typer.Option(help="Database to make for it.")] = "benchmark",
) -> None:
    """Measure builds on a made log, against the least possible and against other programs.

    Makes the log, holds its last days back, builds everything, lets the days come in one by one.
    Run it when nothing else runs; at its full size it takes 20 GB of disk.

    Examples:

        moodle-analytics benchmark speed

        moodle-analytics benchmark speed --rows 500000 --learners 400 --no-long

        moodle-analytics benchmark speed --repeats 1 --no-peers --explain --keep
    """
    from moodle_analytics.benchmark.speed import report
    from moodle_analytics.benchmark.speed.run import Asked
    from moodle_analytics.benchmark.speed.run import speed as measure

    asked = Asked(
        rows=rows,
        learners=learners,
        weeks=weeks,
        repeats=repeats,
        with_peers=peers,
        with_long=long,
        with_checks=checks,
        explains=explain,
        keeps_databases=keep,
        database=database,
    )
    result, plans = measure(asked, typer.echo)
    report.print_result(result)
    for name, plan in plans.items():
        typer.echo(f"\n{name}\n{plan}")
    for path in report.write(result, to):
        typer.echo(f"Written: {path}")
