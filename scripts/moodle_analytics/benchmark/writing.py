"""Writes OULAD as the plain-SQL dump of a Moodle 4.5 site."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pandas as pd

from moodle_analytics.benchmark import oulad
from moodle_analytics.benchmark.activities import make_activities, tables_of
from moodle_analytics.benchmark.columns import Frame
from moodle_analytics.benchmark.gradebook import grade_tables
from moodle_analytics.benchmark.log import COLUMNS, Log
from moodle_analytics.benchmark.mapping import Mapped, Presentation, presentations_of
from moodle_analytics.benchmark.oulad import Advance, Clicks, Files
from moodle_analytics.benchmark.people import (
    cohort_tables,
    enrolment_tables,
    learners_of,
    strangers,
    user_rows,
)
from moodle_analytics.benchmark.views import Views, first_and_last, log_blocks, make_views
from moodle_analytics.benchmark.work import work_tables
from moodle_analytics.errors import UserError
from moodle_analytics.generate.options import DAY
from moodle_analytics.generate.schema import create_statements, finish_statements, tables
from moodle_analytics.generate.write import copy_text, write_table

_VERSION = "4.5"
_PREFIX = "mdl_"
_LOG = "logstore_standard_log"
_CONFIG = {
    "version": "2024100700",
    "release": "4.5 (Build: 20241007)",
    "timezone": "UTC",
    "siteguest": "1",
    "siteadmins": "2",
    "siteidentifier": "oulad",
    "enablecompletion": "1",
    "defaultuserroleid": "7",
    "guestroleid": "6",
}


def write_dump(folder: Path, to: Path) -> Mapped:
    """Read OULAD's CSV files in `folder` and write the site's dump, gzipped, to `to`.

    The same files give the same bytes. Raises UserError for files that cannot be read or written.
    """
    size = sum(path.stat().st_size for path in oulad.paths(folder).values())
    with _progress("reading", size) as advance:
        files = oulad.read(folder, advance)
    presentations, left_out = presentations_of(files)
    learners = learners_of(files, presentations)
    opened = _opened(presentations, learners, files.clicks)
    activities = make_activities(files, presentations, opened)
    views = make_views(files, activities, presentations)
    log = Log(activities)
    rows = _rows(files, presentations, learners, log, views)
    total = len(log) + len(views.day)
    with _progress("writing", total) as advance, _written(to) as file:
        log_rows = _write(file, rows, log_blocks(log, views), advance)
    remarks = (*activities.remarks, *strangers(files, presentations))
    return Mapped(presentations, left_out, remarks, log_rows)


def _opened(
    presentations: Sequence[Presentation], learners: Frame, clicks: Clicks
) -> dict[int, int]:
    """Say when each course was made: the day before the first registration or click in it."""
    registered = learners.groupby("course")["begins"].min().to_dict()
    clicked = pd.Series(clicks.day).groupby(clicks.presentation).min()
    opened = {}
    for one in presentations:
        first = one.starts + int(clicked[clicks.names.index(one.name)]) * DAY
        opened[one.course_id] = min(first, registered.get(one.course_id, first), one.starts) - DAY
    return opened


def _rows(
    files: Files,
    presentations: Sequence[Presentation],
    learners: Frame,
    log: Log,
    views: Views,
) -> dict[str, dict[str, Any]]:
    """Give the rows of all tables but the log."""
    activities = log.activities
    rows = tables_of(activities, presentations) | grade_tables(activities)
    rows["user"] = user_rows(learners, first_and_last(views))
    rows |= cohort_tables(learners)
    rows |= enrolment_tables(learners, presentations, activities.opened, log)
    rows |= work_tables(files, activities, learners, log)
    rows["config"] = {
        "id": np.arange(1, len(_CONFIG) + 1),
        "name": np.array(list(_CONFIG), dtype=object),
        "value": np.array(list(_CONFIG.values()), dtype=object),
    }
    return rows


class _Script:
    """Takes what a cursor would take, and writes it down as SQL."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def execute(self, statement: str) -> None:
        self._file.write(statement.encode() + b";\n")

    def copy_expert(self, statement: str, data: IO[str]) -> None:
        self._file.write(statement.encode() + b";\n" + data.read().encode() + b"\\.\n")


def _write(
    file: IO[bytes],
    rows: dict[str, dict[str, Any]],
    blocks: Iterator[tuple[int, str]],
    advance: Advance,
) -> int:
    found = tables(_VERSION)
    script = _Script(file)
    file.write(b"--\n-- PostgreSQL database dump\n--\n\n")
    script.execute("set client_encoding = 'UTF8'")
    script.execute("set standard_conforming_strings = on")
    for statement in create_statements(found, _PREFIX):
        script.execute(statement)
    for name, columns in found.items():
        if name in rows:
            write_table(script, _PREFIX + name, columns, rows[name])
    written = 0
    for count, text in blocks:
        copy_text(script, _PREFIX + _LOG, COLUMNS, text)
        written += count
        advance(count)
    for statement in finish_statements(found, _PREFIX):
        if statement != "analyze":
            script.execute(statement)
    file.write(b"\n--\n-- PostgreSQL database dump complete\n--\n")
    return written


@contextmanager
def _written(to: Path) -> Iterator[IO[bytes]]:
    """Open a gzip file that appears only when it is whole. Raises UserError."""
    part = to.with_name(f"{to.name}.part")
    try:
        with part.open("wb") as raw, gzip.GzipFile("", "wb", 1, raw, mtime=0) as file:
            yield cast("IO[bytes]", file)
        part.replace(to)
    except OSError as error:
        raise UserError(
            f"The dump {to} cannot be written: {error.strerror}; name another place."
        ) from None
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Advance]:
    """Show how much of the work is done on standard error, where it is a terminal."""
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(bar_width=24),
        bars.TaskProgressColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(f"OULAD: {what}", total=total)
        yield lambda count: progress.advance(task, count)
