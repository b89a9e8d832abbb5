"""The whole job on a made academy: what a newcomer runs first."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import typer

from moodle_analytics import build, database, generate, show
from moodle_analytics.dashboard import report as dashboard
from moodle_analytics.dashboard.cli import FILE
from moodle_analytics.early_warning import report, score, train

_AFTERWARDS = (
    "The database server goes on running: `moodle-analytics db status` says where its data are,\n"
    "`moodle-analytics db stop` stops it."
)


def run(name: str) -> None:
    """Make the academy in the database `name`, build the marts, score, show weeks, draw the report.

    The report is in target/ of the current folder. A database that the user loaded is left alone.
    Raises UserError.
    """
    server = replace(database.locate(), database=name)
    options = generate.Options()
    typer.echo(
        f"1/5  Making an academy: {options.learners:,} invented learners, {options.weeks} weeks, "
        f"{options.events:,} log rows ..."
    )
    generate.generate_database(server, options, name)
    typer.echo("2/5  Building the marts ...")
    summary = build.build(build.Target(server))
    build.print_summary(summary)
    typer.echo("3/5  Learning from the courses that are over, scoring the others ...")
    with report.steps("Training") as say:
        train.train(name, say=say)
    report.print_scored(score.score(name))
    score.refresh(name)
    typer.echo("4/5  A look at what came out")
    with closing(database.connect(server, readonly=True)) as connection:
        show.show(connection, course_id=None, learner_id=None)
    typer.echo("\n5/5  Drawing the report ...")
    with report.steps("Report") as say:
        written = dashboard.report(FILE, name=name, say=say)
    typer.echo(
        "\nLook further:\n"
        f"  {written.path}   # open it in a browser: the dashboards, with filters\n"
        f"  moodle-analytics show --database {name} --course ID --learner ID\n"
        f"  moodle-analytics db psql -d {name}   # the schema is marts\n"
        "                                       marts.fct_watch_list: whom to write to first\n"
        "With your own site:\n"
        "  moodle-analytics load YOUR_DUMP.sql.gz && moodle-analytics build\n"
        + (_AFTERWARDS if server.is_embedded else "")
    )
