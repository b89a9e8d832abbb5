"""The command line: one thin command a job; the work stands in the job's own module.

Exit codes: 0 done, 1 faults found, 2 could not run.
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from moodle_analytics.access import cli as access
from moodle_analytics.benchmark import cli as benchmark
from moodle_analytics.checks import cli as checks
from moodle_analytics.dashboard import cli as dashboard
from moodle_analytics.docs import cli as docs
from moodle_analytics.early_warning import cli as early_warning
from moodle_analytics.errors import UserError
from moodle_analytics.outreach import cli as outreach
from moodle_analytics.spark import cli as spark
from moodle_analytics.tableau import cli as tableau

# What a shell calls a program that Ctrl-C ended.
_INTERRUPTED = 130

Wait = Annotated[
    bool,
    typer.Option("--wait/--no-wait", help="Whether to wait until other runs there have ended."),
]
app = typer.Typer(
    name="moodle-analytics",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
db = typer.Typer(
    help="The PostgreSQL server: where it is, and the embedded one.", no_args_is_help=True
)
app.add_typer(db, name="db")
app.add_typer(benchmark.app, name="benchmark")
app.add_typer(spark.app, name="spark")
app.add_typer(tableau.app, name="tableau")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"moodle-analytics {version('moodle_analytics')}")
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Trustworthy weekly facts about each learner, from a Moodle database or a dump of it."""


@db.command("start")
def db_start() -> None:
    """Start the embedded server, or say that it runs already.

    Examples:

        moodle-analytics db start

        MOODLE_ANALYTICS_HOME=/srv/analytics moodle-analytics db start
    """
    from moodle_analytics import database

    typer.echo(database.describe(database.locate()))


@db.command("stop")
def db_stop() -> None:
    """Stop the embedded server of this home, and no other.

    Examples:

        moodle-analytics db stop
    """
    from moodle_analytics import postgres

    was_running = postgres.stop(postgres.home())
    typer.echo("Stopped." if was_running else "The embedded server was not running.")


@db.command("status")
def db_status() -> None:
    """Say which server is used, and whether it answers (exit code 1 where not).

    Examples:

        moodle-analytics db status

        PGHOST=db.example.org PGUSER=analyst moodle-analytics db status
    """
    from moodle_analytics import database

    line, answers = database.status()
    typer.echo(line)
    raise typer.Exit(0 if answers else 1)


@db.command("url")
def db_url(
    export: Annotated[bool, typer.Option(help="Print shell lines that export PGHOST, ...")] = False,
    with_password: Annotated[bool, typer.Option(help="Put the password into the URL.")] = False,
) -> None:
    """Print where the database is, for other programs.

    `eval "$(moodle-analytics db url --export)"` makes plain dbt and psql use it; those lines hold
    the password.
    """
    from moodle_analytics import database

    server = database.locate()
    typer.echo(database.exports(server) if export else database.url(server, with_password))


@db.command("psql", context_settings={"ignore_unknown_options": True})
def db_psql(
    arguments: Annotated[list[str] | None, typer.Argument(help="Arguments for psql.")] = None,
) -> None:
    """Open psql on the database.

    Examples:

        moodle-analytics db psql

        moodle-analytics db psql -d academy -c 'select * from marts.dim_courses'
    """
    from moodle_analytics import database, postgres

    psql = str(postgres.client("psql"))
    server = database.locate()
    if not any(word.startswith(("-d", "--dbname", "postgres")) for word in arguments or []):
        database.connect(server).close()
    variables = os.environ | database.environment(server)
    os.execve(psql, [psql, *(arguments or [])], variables)  # noqa: S606


@app.command("load")
def load_dump(
    dump: Annotated[
        str, typer.Argument(help="A pg_dump: .sql, .gz, .zip, custom, tar, directory; - for stdin.")
    ],
    prefix: Annotated[
        str | None, typer.Option(help="Table prefix, where the dump holds several sites.")
    ] = None,
    schema: Annotated[
        str | None, typer.Option(help="Schema, where the dump holds several sites.")
    ] = None,
    database_name: Annotated[
        str | None, typer.Option("--database", help="Name of the database to make.")
    ] = None,
    wait: Wait = True,
) -> None:
    """Restore a dump of a Moodle site into a database of its own, and say what it holds.

    The database appears, or replaces the one loaded before, only when the whole dump is in.

    Examples:

        moodle-analytics load moodle.sql.gz

        ssh db.example.org pg_dump -Fc moodle | moodle-analytics load -

        moodle-analytics load two_sites.dump --schema lms --prefix m_ --database second_site
    """
    from moodle_analytics import database, load

    server = database.locate()
    loaded = load.load(dump, server, name=database_name, schema=schema, prefix=prefix, wait=wait)
    typer.echo(load.report(loaded))


@app.command("generate")
def generate_academy(
    learners: Annotated[int, typer.Option(help="People who learn; 20 others come on top.")] = 1_032,
    weeks: Annotated[int, typer.Option(help="Weeks from 24 January 2019 on.")] = 27,
    events: Annotated[int, typer.Option(help="Rows of the log, exactly.")] = 417_554,
    seed: Annotated[int, typer.Option(help="The same seed and options give the same rows.")] = 1,
    moodle_version: Annotated[
        str, typer.Option(help="Whose tables and columns: 2.7, 3.1, 3.5 ... 4.3, 4.5.")
    ] = "4.5",
    reduced: Annotated[
        bool,
        typer.Option("--reduced", help="Only the 16 core tables; users without names or e-mail."),
    ] = False,
    prefix: Annotated[str, typer.Option(help="Prefix of the tables.")] = "mdl_",
    timezone: Annotated[str, typer.Option(help="The site's own time zone.")] = "UTC",
    database: Annotated[
        str | None, typer.Option(help="Database to make (default: PGDATABASE, moodle).")
    ] = None,
    wait: Wait = True,
) -> None:
    """Make a Moodle database of invented people, in the size and habits of a real programme.

    An academy made earlier is replaced in one step; a database that was not made here never is.

    Examples:

        moodle-analytics generate

        moodle-analytics generate --learners 200 --weeks 12 --events 60000 --seed 7

        moodle-analytics generate --events 1000000 --database academy_big

        moodle-analytics generate --reduced --moodle-version 3.6 --database academy_reduced
    """
    from moodle_analytics import database as databases
    from moodle_analytics import generate

    options = generate.Options(
        learners=learners,
        weeks=weeks,
        events=events,
        seed=seed,
        moodle_version=moodle_version,
        reduced=reduced,
        prefix=prefix,
        timezone=timezone,
    )
    server = databases.locate()
    name = database or server.database
    summary = generate.generate_database(server, options, name, wait=wait)
    typer.echo(
        f"Made {name}: {summary.users:,} users, {summary.learners:,} of them learners "
        f"({summary.never_logged_in:,} never logged in), {summary.log_rows:,} log rows, "
        f"{len(summary.tables)} tables of Moodle {moodle_version}."
    )


@app.command("build", context_settings={"ignore_unknown_options": True})
def build_marts(
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Arguments for dbt build, after `--`.")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(help="Database with Moodle's tables (default: PGDATABASE, moodle)."),
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Zone that decides days and weeks, as Africa/Addis_Ababa.")
    ] = None,
    schema: Annotated[str | None, typer.Option(help="Schema of Moodle's tables.")] = None,
    prefix: Annotated[str | None, typer.Option(help="Prefix of Moodle's tables.")] = None,
    target: Annotated[str | None, typer.Option(help="Target of the dbt profile.")] = None,
    profiles_dir: Annotated[
        Path | None, typer.Option(help="Folder of a profiles.yml, instead of libpq's variables.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Read the log again from this local date on."),
    ] = None,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Make everything anew from the whole log.")
    ] = False,
    forget_history: Annotated[
        bool,
        typer.Option(
            "--forget-history", help="With --full-refresh: lose what the log no longer holds."
        ),
    ] = False,
    wait: Wait = True,
) -> None:
    """Build the marts and check them: dbt, with a progress bar and a summary.

    Of the log only new rows are read, and the last ones again (the var log_lookback_rows); weeks
    that Moodle has cleaned out of its log stay. After a change of models, seeds or vars, all is
    made anew.

    The marts that are read change at the end, all at once, and only where every model was built and
    no check failed. Exits with 1 where a check failed, with 2 where a model could not be built.

    Examples:

        moodle-analytics build

        moodle-analytics build --timezone Africa/Addis_Ababa

        moodle-analytics build -- --select fct_weekly_engagement+

        moodle-analytics build -- --vars '{session_gap_minutes: 60}'

        moodle-analytics build --since 2026-03-01
    """
    from moodle_analytics import build

    chosen = build.find_target(database_name=database, target=target, profiles_dir=profiles_dir)
    summary = build.build(
        chosen,
        schema=schema,
        prefix=prefix,
        timezone=timezone,
        arguments=[*(arguments or []), *(["--full-refresh"] if full_refresh else [])],
        changes={
            **({"since": since.date().isoformat()} if since else {}),
            **({"forget_history": True} if forget_history else {}),
        },
        wait=wait,
    )
    build.print_summary(summary)
    if summary.faults:
        raise typer.Exit(1)


@app.command("show")
def show_weeks(
    course: Annotated[int | None, typer.Option(help="Moodle's id of the course.")] = None,
    learner: Annotated[int | None, typer.Option(help="Moodle's id of the user.")] = None,
    database: Annotated[str | None, typer.Option(help="Database with the marts.")] = None,
) -> None:
    """Draw a course's weeks, and one learner's, in the terminal.

    Examples:

        moodle-analytics show

        moodle-analytics show --course 2 --learner 7
    """
    from contextlib import closing

    from moodle_analytics import database as databases
    from moodle_analytics import show

    server = databases.locate()
    with closing(databases.connect(server, database, readonly=True)) as connection:
        show.show(connection, course_id=course, learner_id=learner)


@app.command("demo")
def run_demo(
    database: Annotated[str, typer.Option(help="Database to make.")] = "academy",
) -> None:
    """Make an academy of invented people, build its marts and show what came out.

    Examples:

        moodle-analytics demo

        moodle-analytics demo --database second_academy
    """
    from moodle_analytics import demo

    demo.run(database)


app.command("check")(checks.check)
app.command("export")(spark.export)
app.command("remind")(outreach.remind)
app.command("feedback")(outreach.feedback)
app.command("opt-out")(outreach.opt_out)
app.command("train")(early_warning.train)
app.command("score")(early_warning.score)
app.command("evaluate")(early_warning.evaluate)
app.command("grant-reader")(access.grant_reader)
app.command("docs")(docs.docs)
app.command("report")(dashboard.report)


def main() -> None:
    """Run the command line; a `UserError` becomes one sentence and exit code 2.

    So does what the server says of itself, as that it is shut down, wherever that comes up.
    """
    from moodle_analytics import faults

    try:
        app()
    except UserError as error:
        typer.echo(f"moodle-analytics: {error}", err=True)
        raise SystemExit(2) from None
    except Exception as error:
        reason = faults.of_server(str(error)) if faults.is_of_database(error) else None
        if reason is None:
            raise
        typer.echo(f"moodle-analytics: {reason}", err=True)
        raise SystemExit(2) from None
    except SystemExit as ending:
        if ending.code == _INTERRUPTED:
            typer.echo(
                "moodle-analytics: stopped; what was loaded before is still there.", err=True
            )
        raise


if __name__ == "__main__":
    main()
