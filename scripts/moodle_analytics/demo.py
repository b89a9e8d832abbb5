"""The whole job on a made academy: what a newcomer runs first."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import typer

from moodle_analytics import build, database, generate, show

DATABASE = "academy"


def run() -> None:
    """Make the academy in a database of its own, build the marts, and show a learner's weeks.

    A database that the user loaded is left alone. Raises UserError.
    """
    server = replace(database.locate(), database=DATABASE)
    typer.echo("1/3  Making an academy of the brief's size (invented people) ...")
    generate.generate_database(server, generate.Options(), DATABASE)
    typer.echo("2/3  Building the marts ...")
    summary = build.build(build.Target(server))
    build.print_summary(summary)
    typer.echo("3/3  A look at what came out")
    with closing(database.connect(server, readonly=True)) as connection:
        show.show(connection, course_id=None, learner_id=None)
    typer.echo(
        "\nLook further:\n"
        f"  moodle-analytics show --database {DATABASE} --course ID --learner ID\n"
        f"  moodle-analytics db psql -d {DATABASE}   # the schema is marts\n"
        "With your own site:\n"
        "  moodle-analytics load YOUR_DUMP.sql.gz && moodle-analytics build"
    )
