"""A made academy: a Moodle-shaped database of invented people, calibrated to a real programme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moodle_analytics.generate.options import Options

if TYPE_CHECKING:
    from moodle_analytics.database import Server

ORIGIN = "generate"

__all__ = ["Options", "Summary", "generate", "generate_database"]


@dataclass(frozen=True)
class Summary:
    """What was written: rows per table (names without prefix), and how many people."""

    tables: dict[str, int] = field(default_factory=dict)
    users: int = 0
    learners: int = 0
    never_logged_in: int = 0

    @property
    def log_rows(self) -> int:
        """Rows of the standard log."""
        return self.tables["logstore_standard_log"]


def _ignore(_done: int) -> None:
    return None


def generate(
    connection: Any, options: Options, *, advance: Callable[[int], None] = _ignore
) -> Summary:
    """Write a whole academy into an empty database and commit.

    `advance` is told of log rows as they are written: `options.events` in all. The same options
    give the same rows, whatever the machine.
    """
    from moodle_analytics.generate.academy import build

    return build(connection, options, advance)


def generate_database(
    server: Server, options: Options, name: str, *, wait: bool = False
) -> Summary:
    """Make an academy in a database of its own on a server, with a progress bar; all or nothing.

    An earlier academy of that name is replaced, a database that was not made by this command is
    not. Runs that are at work on it end first where this one is to `wait`. Raises UserError.
    """
    from contextlib import closing

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from moodle_analytics import database

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with (
        Progress(*columns, transient=True) as progress,
        database.fresh_database(
            server, name, origin=ORIGIN, replaces=ORIGIN, wait=wait
        ) as temporary,
        closing(database.connect(server, temporary)) as connection,
    ):
        task = progress.add_task("log rows", total=options.events)
        return generate(connection, options, advance=lambda rows: progress.advance(task, rows))
