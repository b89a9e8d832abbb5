"""The command `docs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def docs(
    to: Annotated[Path, typer.Option(help="HTML file to write.")] = Path("target/docs/index.html"),
    diagram: Annotated[
        Path | None, typer.Option(help="SVG file to write the entity diagram to as well.")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(help="Database where the marts are built (default: PGDATABASE, moodle)."),
    ] = None,
    schema: Annotated[str | None, typer.Option(help="Schema of Moodle's tables.")] = None,
    prefix: Annotated[str | None, typer.Option(help="Prefix of Moodle's tables.")] = None,
    target: Annotated[str | None, typer.Option(help="Target of the dbt profile.")] = None,
    profiles_dir: Annotated[
        Path | None, typer.Option(help="Folder of a profiles.yml, instead of libpq's variables.")
    ] = None,
) -> None:
    """Write the documentation of every model, its lineage and the entity diagram as one file.

    The file needs no network. Without Moodle's tables it tells what the project's files say.

    Examples:

        moodle-analytics docs

        moodle-analytics docs --database academy --to ~/academy.html
    """
    from moodle_analytics import build
    from moodle_analytics.docs import site

    chosen = build.find_target(database_name=database, target=target, profiles_dir=profiles_dir)
    path = to.expanduser()
    written = site.write(
        chosen,
        path,
        schema=schema,
        prefix=prefix,
        diagram_to=diagram,
        must_exist=database is not None,
    )
    if written.is_without_database:
        typer.echo(
            f"There are no Moodle tables in database {chosen.server.database}: "
            "the file tells what the project's files say, without the types of all columns."
        )
    size = path.stat().st_size / 1_000_000
    typer.echo(f"Documented {written.models} models. Open {path} ({size:.1f} MB).")
