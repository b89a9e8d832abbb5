"""The commands for Spark; the work stands in `export`, `build` and `bring_back`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The same models on a Spark cluster, for logs that one machine cannot hold.",
    no_args_is_help=True,
)


def export(
    to: Annotated[
        Path, typer.Option(help="Folder for the Parquet files: new, empty or an export.")
    ],
    rows: Annotated[int, typer.Option(help="Ids that a chunk spans.")] = 1_000_000,
    anew: Annotated[bool, typer.Option("--anew", help="Give up the export that is there.")] = False,
    database: Annotated[str | None, typer.Option(help="Database with Moodle's tables.")] = None,
    schema: Annotated[str | None, typer.Option(help="Schema of Moodle's tables.")] = None,
    prefix: Annotated[str | None, typer.Option(help="Prefix of Moodle's tables.")] = None,
) -> None:
    """Write the tables that models read as Parquet, for Spark; the log by month.

    Run again, it goes on where it was stopped, and writes only what has changed since. The files
    hold personal data.

    Examples:

        moodle-analytics export --to /data/moodle

        moodle-analytics export --to /data/moodle --rows 5000000
    """
    from moodle_analytics import database as databases
    from moodle_analytics.site import find_site
    from moodle_analytics.spark import export as job

    server = databases.locate()
    with closing(databases.connect(server, database, readonly=True)) as connection:
        site = find_site(connection, schema=schema, prefix=prefix)
        connection.rollback()
        with _progress("Exporting") as watch:
            done = job.export(connection, site, to, rows=rows, anew=anew, watch=watch)
    typer.echo(
        f"{to} holds {done.rows:,} rows of {done.tables} tables: {done.written} chunks written, "
        f"{done.kept} kept, {done.removed} former files removed."
    )


@app.command("build", context_settings={"ignore_unknown_options": True})
def build(
    source: Annotated[Path, typer.Option("--from", help="Folder of a finished export.")],
    to: Annotated[Path, typer.Option(help="Folder for the tables that are built.")],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Arguments for dbt build, after `--`.")
    ] = None,
    master: Annotated[
        str,
        typer.Option(envvar="SPARK_MASTER", help="Address of the cluster, as spark://host:7077."),
    ] = "local[*]",
    memory: Annotated[str, typer.Option(help="Memory of the driver, this machine's part.")] = "2g",
    conf: Annotated[
        list[str] | None, typer.Option(help="Property of Spark, as name=value (repeatable).")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Zone that decides days and weeks, as Africa/Addis_Ababa.")
    ] = None,
    profiles_dir: Annotated[
        Path | None, typer.Option(help="Folder of a profiles.yml with a target spark.")
    ] = None,
) -> None:
    """Build the models over an export on Spark, through dbt.

    All machines of the cluster must see both folders under the same names.

    Examples:

        moodle-analytics spark build --from /data/moodle --to /data/marts

        moodle-analytics spark build --from /data/moodle --to /data/marts
        --master spark://spark.example.org:7077 --conf spark.executor.memory=24g
    """
    from moodle_analytics import build as models
    from moodle_analytics.spark import build as job

    summary = job.build(
        source,
        to,
        master=master,
        memory=memory,
        settings=job.parse_settings(conf or []),
        timezone=timezone,
        profiles_dir=profiles_dir,
        arguments=arguments or [],
    )
    models.print_summary(summary)


@app.command("import")
def bring_back(
    source: Annotated[Path, typer.Option("--from", help="Folder that `spark build` wrote.")],
    database: Annotated[str | None, typer.Option(help="Database for the marts.")] = None,
    target: Annotated[str | None, typer.Option(help="Target of the dbt profile.")] = None,
    profiles_dir: Annotated[
        Path | None, typer.Option(help="Folder of a profiles.yml, instead of libpq's variables.")
    ] = None,
) -> None:
    """Bring the marts that Spark built to PostgreSQL, all of them at once.

    Examples:

        moodle-analytics spark import --from /data/marts
    """
    from moodle_analytics import build as models
    from moodle_analytics.spark import bring_back as job

    chosen = models.find_target(database_name=database, target=target, profiles_dir=profiles_dir)
    with _progress("Bringing back") as watch:
        done = job.bring_back(source, chosen, watch=watch)
    models.print_summary(done.built)
    if done.built.faults:
        raise typer.Exit(1)


@contextmanager
def _progress(title: str) -> Iterator[Callable[[str, int, int], None]]:
    from moodle_analytics.build import progress_bar

    with progress_bar(title, "reading the database") as progress:
        yield lambda name, done, of: progress.update(
            progress.task_ids[0], description=name[:28], completed=done, total=of
        )
