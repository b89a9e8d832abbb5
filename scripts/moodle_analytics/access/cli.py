"""The command that makes readers; the work stands in `grant`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class CoursesOption(StrEnum):
    """Whose rows a reader sees."""

    all = "all"
    entitled = "entitled"


def grant_reader(
    role: Annotated[str | None, typer.Argument(help="Name of the database role.")] = None,
    courses: Annotated[
        CoursesOption | None,
        typer.Option(help="Rows of all courses (default), or of those entitled to the user."),
    ] = None,
    shared: Annotated[
        bool | None,
        typer.Option(
            "--shared/--not-shared",
            help="One account for many users, as Tableau's: who looks is told by each session.",
        ),
    ] = None,
    personal_data: Annotated[
        bool | None,
        typer.Option(
            "--personal-data/--no-personal-data",
            help="Names and e-mail addresses too, where the marts hold them.",
        ),
    ] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="Take all of it back.")] = False,
    list_readers: Annotated[bool, typer.Option("--list", help="List the readers.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the SQL for an administrator, and stop.")
    ] = False,
    database: Annotated[str | None, typer.Option(help="Database with the marts.")] = None,
    target: Annotated[
        str | None, typer.Option(help="Target of the dbt profile that built them.")
    ] = None,
) -> None:
    """Let a role read the marts, and nothing else; later builds and loads keep it so.

    The role is made where it is not there; READER_PASSWORD gives it a password. Options that are
    not given stay as they were. A user's courses are those of seeds/entitlements.csv, and where
    the var entitle_teachers is true those that they teach in Moodle. The user is the role's own
    name, with --shared the session's setting moodle_analytics.user_name; unset, there are no rows.

    Exits with 1 where the role can do more than read the marts, with 2 where it could not run.

    Examples:

        moodle-analytics grant-reader tableau

        moodle-analytics grant-reader ada --courses entitled

        moodle-analytics grant-reader tableau_viewers --shared

        moodle-analytics grant-reader tableau --dry-run

        moodle-analytics grant-reader tableau --revoke

        moodle-analytics grant-reader --list
    """
    from moodle_analytics.access import grant
    from moodle_analytics.errors import UserError

    place = grant.Place.find(database, target)
    if list_readers:
        typer.echo(grant.list_readers(place))
        return
    if not role:
        raise UserError("Name a role, as `moodle-analytics grant-reader tableau`, or use --list.")
    if revoke:
        typer.echo(grant.dry_revoke(place, role) if dry_run else grant.revoke(place, role))
        return
    wish = grant.Wish(
        role, courses == CoursesOption.all if courses else None, shared, personal_data
    )
    if dry_run:
        typer.echo(grant.dry_run(place, wish))
        return
    granted = grant.grant(place, wish)
    typer.echo(granted.text)
    for finding in granted.findings:
        typer.echo(f"  found: {finding}")
    if granted.findings:
        raise typer.Exit(1)
