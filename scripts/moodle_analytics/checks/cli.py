"""The command of the quality checks; the work stands in `job`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def check(
    only: Annotated[str | None, typer.Option(help="Only one suite: sources or marts.")] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(help="Only expectations of such a name, * for any part (repeatable)."),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", help="File for all outcomes, as JSON.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--report", help="File for a report, as one HTML.")
    ] = None,
    data_docs: Annotated[
        Path | None,
        typer.Option(help="Folder for Great Expectations' own pages, which load from the network."),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", help="List the expectations; look at no database.")
    ] = False,
    database: Annotated[str | None, typer.Option(help="Database to check.")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Zone that the marts were built with.")
    ] = None,
    schema: Annotated[str | None, typer.Option(help="Schema of Moodle's tables.")] = None,
    prefix: Annotated[str | None, typer.Option(help="Prefix of Moodle's tables.")] = None,
    variables: Annotated[
        str | None, typer.Option("--vars", help="Other thresholds, as dbt's --vars takes them.")
    ] = None,
) -> None:
    """Check Moodle's tables and the marts: what may be wrong, what it means, what to do.

    Exits with 0 where nothing critical failed (warnings are printed), with 1 where something did,
    with 2 where it could not run.

    Examples:

        moodle-analytics check

        moodle-analytics check --only sources --report quality.html

        moodle-analytics check --select 'log_*' --select 'grades_*'

        moodle-analytics check --json quality.json --vars '{quality_warn_share: 0.1}'
    """
    from moodle_analytics import database as databases
    from moodle_analytics.checks import files, job, report

    if list_:
        report.print_list(job.listed(only))
        return
    files.check(json, page, data_docs)
    options = job.options_from(
        only=only,
        select=select or [],
        schema=schema,
        prefix=prefix,
        timezone=timezone,
        arguments=["--vars", variables] if variables else [],
    )
    with report.progress() as progress:
        found = job.check(
            job.on(databases.locate(), database),
            options,
            say=progress.say,
            advance=progress.advance,
            data_docs=data_docs,
        )
    if json:
        files.write_json(json, found)
    if page:
        files.write_page(page, found)
    report.print_report(found)
    for path in (json, page, data_docs):
        if path:
            typer.echo(f"Written: {path}")
    raise typer.Exit(found.exit_code)
