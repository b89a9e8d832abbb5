"""The command line: one thin command a job; the work stands in the job's own module.

Exit codes: 0 done, 1 faults found, 2 could not run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moodle_analytics.errors import UserError

app = typer.Typer(
    name="moodle-analytics",
    help="Trustworthy weekly facts about each learner, from a Moodle database or a dump of it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
db = typer.Typer(help="The PostgreSQL server: where it is, and the embedded one.", no_args_is_help=True)
app.add_typer(db, name="db")


@db.command("start")
def db_start() -> None:
    """Start the embedded server, or say that it runs already."""
    from moodle_analytics import database

    typer.echo(database.describe(database.locate()))


def main() -> None:
    """Run the command line; a `UserError` becomes one sentence and exit code 2."""
    try:
        app()
    except UserError as error:
        typer.echo(f"moodle-analytics: {error}", err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
