"""`moodle-analytics report`: the dashboards as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import gzip
import os
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg2 import Error, sql

from moodle_analytics import database, output
from moodle_analytics.dashboard import (
    catalogue,
    choices,
    data,
    describe,
    images,
    specification,
)
from moodle_analytics.dashboard.data import Rows, Tables
from moodle_analytics.dashboard.specification import Specification
from moodle_analytics.dashboard.sql import SCHEMA, Choice
from moodle_analytics.errors import UserError

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

# Bytes that a file should have at most, to be sent by mail and opened on a phone.
LIMIT = 5_000_000

Say = Callable[[str], None]


@dataclass
class Content:
    """What the report is of: rows of each source, first choices, and what had to be left out."""

    specification: Specification
    tables: Tables
    rows: dict[str, Rows]
    first: Mapping[str, Choice]
    first_within: Mapping[str, Mapping[str, Choice]]
    database: str
    courses: Sequence[str] = ()
    cut_weeks: Sequence[str] = ()
    notes: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """What was written: the file, its size in bytes, and what it leaves out, in words."""

    path: Path
    size: int
    notes: Sequence[str]
    charts: int = 0


def report(
    path: Path,
    *,
    name: str | None = None,
    courses: Sequence[int] = (),
    charts: Path | None = None,
    say: Say = lambda _: None,
) -> Written:
    """Write the report on the marts of the database `name`; with `charts`, PNG and SVG files too.

    `courses` are Moodle's ids (none: all). Raises UserError; then nothing was written.
    """
    _check(path, charts)
    with closing(database.connect(database.locate(), name, readonly=True)) as connection:
        # All is of one moment, though a build may replace the marts meanwhile.
        connection.set_session(isolation_level="REPEATABLE READ")
        say("reading the marts")
        try:
            content = collect(connection, courses=courses)
            say("drawing")
            page = fit(content)
            drawn = images.draw(connection, content) if charts else {}
        except Error as error:
            raise UserError(_refused(connection, error)) from None
    named = {charts / file: image for file, image in drawn.items()} if charts else {}
    output.write({**named, path: page})
    return Written(path, len(page.encode()), _said(content, page), len(drawn))


def _check(path: Path, folder: Path | None) -> None:
    """Raise UserError where the file, or files in the folder, could not be written.

    Folders that are absent can be made; this makes none.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder: give a file, as {path / 'report.html'}.")
    for wanted in (path.parent, *([folder] if folder else [])):
        there = next(one for one in (wanted, *wanted.absolute().parents) if one.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise UserError(f"{wanted} cannot be written into: give a folder of yours.")


def _refused(connection: Connection, error: Error) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return (
        f"The marts of {connection.info.dbname} cannot be read by {connection.info.user}: {reason} "
        "(`moodle-analytics build` makes them, `moodle-analytics grant-reader` lets a role read)."
    )


def collect(
    connection: Connection, *, courses: Sequence[int] = (), schema: str = SCHEMA
) -> Content:
    """Read all that the report needs, of these courses (none given: of all). Raises UserError."""
    plan = specification.load()
    tables = catalogue.read(connection, schema)
    if missing := sorted(_marts(plan) - set(tables)):
        raise UserError(
            f"The database {connection.info.dbname} has no {schema}.{missing[0]}: run "
            "`moodle-analytics build` first."
        )
    names = _course_names(connection, courses, schema)
    rows = {
        name: data.read(connection, plan, source, tables, courses=courses, schema=schema)
        for name, source in plan.sources.items()
    }
    first = choices.first_choices(connection, plan, schema=schema)
    if names and first.get("one_course") not in names:
        first = choices.first_choices(
            connection, plan, schema=schema, given={"one_course": names[0]}
        )
    return Content(
        specification=plan,
        tables=tables,
        rows=rows,
        first=first,
        first_within=_first_within(connection, plan, rows, schema),
        database=connection.info.dbname,
        courses=names,
        cut_weeks=_cut_weeks(connection, schema),
    )


def _marts(plan: Specification) -> set[str]:
    joined = {join.table for source in plan.sources.values() for join in source.joins}
    first = {first.table for filter_ in plan.filters.values() for first in filter_.first}
    return {source.table for source in plan.sources.values()} | joined | first


def _course_names(connection: Connection, courses: Sequence[int], schema: str) -> list[str]:
    if not courses:
        return []
    with connection.cursor() as cursor:
        query = sql.SQL(
            "select course_id, course_short_name from {} "
            "where course_id = any(%s) order by active_learner_count desc, course_id"
        )
        cursor.execute(query.format(sql.Identifier(schema, "dim_courses")), [list(courses)])
        found = dict(cursor.fetchall())
    if unknown := [str(course) for course in courses if course not in found]:
        raise UserError(
            f"There is no course {', '.join(unknown)} in the marts: marts.dim_courses has the ids."
        )
    return [name or "a deleted course" for name in found.values()]


def _cut_weeks(connection: Connection, schema: str) -> list[str]:
    with connection.cursor() as cursor:
        query = sql.SQL(
            "select week_start from {} where is_partial_week and is_observed order by week_start"
        )
        cursor.execute(query.format(sql.Identifier(schema, "dim_weeks")))
        return [f"{week:%-d %B %Y}" for (week,) in cursor.fetchall()]


def _first_within(
    connection: Connection, plan: Specification, rows: Mapping[str, Rows], schema: str
) -> dict[str, dict[str, Choice]]:
    """Give what a filter begins with for each value of the filter that it is within."""
    found: dict[str, dict[str, Choice]] = {}
    for filter_ in plan.filters.values():
        if not filter_.within:
            continue
        column = plan.filters[filter_.within].column
        known = {value for of in rows.values() for value in of.columns.get(column, ())}
        found[filter_.name] = {}
        for value in sorted(value for value in known if value is not None):
            first = choices.first_choices(
                connection, plan, schema=schema, given={filter_.within: value}
            )
            if filter_.name in first:
                found[filter_.name][value] = first[filter_.name]
    return found


def fit(content: Content, limit: int = LIMIT) -> str:
    """Give the page; where it would be over the limit, leave out what is said on it.

    First the learner groups of the larger sources, then learners who are on no watch list, then all
    learners' weeks. What is left out is in `content.notes`, by page.
    """
    page = render(content)
    for leave_out in (_groups_out, _unlisted_out, _learners_out):
        if len(page.encode()) <= limit:
            break
        if leave_out(content, f"{limit / 1_000_000:g}"):
            page = render(content)
    return page


def _said(content: Content, page: str) -> list[str]:
    """Say what was left out, and where the file is over the limit still."""
    notes = sorted({note for of in content.notes.values() for note in of})
    if len(page.encode()) > LIMIT:
        notes.append(
            f"The file has over {LIMIT / 1_000_000:g} MB all the same: name fewer courses, with "
            "--course ID."
        )
    return notes


def _groups_out(content: Content, limit: str) -> bool:
    group = content.specification.filters["group"]
    return _only(
        content,
        ("activity_weeks", "weekly_hours", "deadline_days", "deadlines"),
        group.column,
        {group.value},
        f"Learner groups are left out of these charts, as the file would have over {limit} MB: "
        "`moodle-analytics report --course ID` has room for them.",
    )


def _unlisted_out(content: Content, limit: str) -> bool:
    column = content.specification.filters["learner"].column
    listed = set(content.rows["watch_list"].columns[column])
    return bool(listed) and _only(
        content,
        ("learner_weeks",),
        column,
        listed,
        f"Only learners on a watch list are here, as the file would have over {limit} MB: "
        "`moodle-analytics report --course ID` has room for all of a course.",
    )


def _learners_out(content: Content, limit: str) -> bool:
    content.notes.clear()
    return _only(
        content,
        ("learner_weeks",),
        content.specification.filters["learner"].column,
        set(),
        f"The weeks of single learners are left out, as the file would have over {limit} MB: "
        "`moodle-analytics report --course ID` has room for those of a course.",
    )


def _only(
    content: Content, sources: Sequence[str], column: str, values: set[Any], note: str
) -> bool:
    """Keep only rows with these values; say so on the pages they are of. False: all had them."""
    is_less = False
    for name in sources:
        kept = content.rows[name].only(column, values)
        if kept.count == content.rows[name].count:
            continue
        content.rows[name], is_less = kept, True
        for page in content.specification.pages:
            notes = content.notes.setdefault(page.name, [])
            if note not in notes and any(sheet.source.name == name for sheet in page.sheets):
                notes.append(note)
    return is_less


def render(content: Content) -> str:
    """Give the page as text. The same content gives the same text."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(
        loader=PackageLoader("moodle_analytics.dashboard", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    plan = content.specification
    page_values = [
        describe.page(plan, page, content.tables, content.notes.get(page.name, []))
        for page in plan.pages
    ]
    return environment.get_template("page.html").render(
        title=plan.title,
        header=plan.header,
        as_of=describe.as_of(plan, content.rows),
        cut=content.cut_weeks,
        pages=page_values,
        database=content.database,
        courses=", ".join(content.courses),
        style=_text("report.css"),
        rows=base64.b64encode(_payload(content)).decode(),
        library=_library(),
        engine=_text("engine.js") + _text("words.js"),
        script=_text("report.js"),
    )


def _payload(content: Content) -> bytes:
    plan = content.specification
    first = {name: data.sorting(plan, plan.sources[name]) for name in content.rows}
    described, codes = data.pack(content.rows, first)
    values = describe.facts(plan, content.tables) | {
        "sources": described,
        "first": content.first,
        "first_within": content.first_within,
    }
    text = data.dumps(values).encode()
    padded = text + b"\0" * (-len(text) % 4)
    return gzip.compress(struct.pack("<I", len(text)) + padded + codes, mtime=0)


@cache
def _library() -> str:
    """Give the script of Vega, which draws what Vega-Lite made."""
    import vl_convert

    script: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    # It is a module's text: in a function its names stay its own.
    return f"(() => {{{script}}})();".replace("</script", "<\\/script")


def _text(name: str) -> str:
    return (files("moodle_analytics.dashboard") / name).read_text(encoding="utf-8")
