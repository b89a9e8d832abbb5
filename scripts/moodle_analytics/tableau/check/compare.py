"""Files that Tableau has not saved since, against what `tableau build` would write now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from lxml import etree

from moodle_analytics import database as databases
from moodle_analytics.tableau import build, packages
from moodle_analytics.tableau.check import whole
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.files import Document, Element, place
from moodle_analytics.tableau.datasources import Place
from moodle_analytics.tableau.workbook import NEW, OLD

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

_MOST = 5


class Builder:
    """What the files are made from, read once."""

    def __init__(self, connection: Connection, server: databases.Server) -> None:
        """Read the marts. Raises UserError where one is missing."""
        self._plan = build.plan(connection, build.place_of(server))

    def expected(self, document: Document) -> Element | None:
        """Make the file anew, for the connection that it has; None where it is none of ours."""
        plan = replace(self._plan, place=_place(document.root, self._plan.place))
        if document.is_workbook:
            is_new = (document.root.get("version") or "").startswith("26.")
            made = plan.workbook(NEW if is_new else OLD)
        else:
            named = document.root.get("formatted-name")
            source = next((key for key, one in plan.models.items() if one.name == named), None)
            if source is None:
                return None
            made = plan.datasource(source)
        return packages.with_extracts(made) if document.is_package else made


def is_saved_by_tableau(document: Document) -> bool:
    """Say whether Tableau wrote the file: it puts a comment on its build in front."""
    before = document.root.itersiblings(preceding=True)
    return any(one.tag is etree.Comment and "build" in (one.text or "") for one in before)


def compare(document: Document, builder: Builder, report: Report) -> None:
    """Report where a file is not what would be built, but for the reader's first choices."""
    if is_saved_by_tableau(document):
        return
    wanted = builder.expected(document)
    if wanted is None:
        return
    found = list(_differences(document.root, wanted))
    for where, what in found[:_MOST]:
        report.add(where, f"differs from what is built now: {what}")
    if len(found) > _MOST:
        report.add("", f"differs from what is built now in {len(found) - _MOST} more places")


def _place(root: Element, known: Place) -> Place:
    """Give this environment's server, with what may well be another in the file."""
    for one in root.iter("connection"):
        if one.get("class") == "postgres":
            return replace(
                known,
                database=one.get("dbname") or known.database,
                user=one.get("username") or known.user,
                needs_ssl=known.needs_ssl or one.get("sslmode") == "require",
                is_shared=bool(one.get("one-time-sql")),
            )
    return known


def _differences(here: Element, there: Element) -> Iterator[tuple[str, str]]:
    said = _named(here)
    for key in sorted({*here.attrib, *there.attrib}):
        if here.get(key) != there.get(key):
            short = etree.QName(key).localname
            values = whole.said(short, here.get(key)), whole.said(short, there.get(key))
            yield place(here), f"{said} has {short} {values[0]}, not {values[1]}"
    if (here.text or "").strip() != (there.text or "").strip():
        yield place(here), f"{said} says {_short(here.text)}, not {_short(there.text)}"
    if _is_choice(here) and _is_choice(there):
        return
    ours = [one for one in here if isinstance(one.tag, str)]
    theirs = [one for one in there if isinstance(one.tag, str)]
    names = [_named(one) for one in ours], [_named(one) for one in theirs]
    if names[0] != names[1]:
        yield place(here), f"{said} {_change(*names)}"
        return
    for one, other in zip(ours, theirs, strict=True):
        yield from _differences(one, other)


def _change(ours: list[str], theirs: list[str]) -> str:
    """Say how two lists of elements differ."""
    lacking = [name for name in theirs if theirs.count(name) > ours.count(name)]
    added = [name for name in ours if ours.count(name) > theirs.count(name)]
    if lacking or added:
        parts = [f"lacks {', '.join(dict.fromkeys(lacking))}"] if lacking else []
        parts += [f"has also {', '.join(dict.fromkeys(added))}"] if added else []
        return " and ".join(parts)
    return "has its elements in another order"


def _named(element: Element) -> str:
    name = element.get("name") or element.get("column") or element.get("key") or ""
    return f"<{element.tag} {name}>" if name else f"<{element.tag}>"


def _is_choice(element: Element) -> bool:
    """Whether it is a filter that the reader sets, from a first value that the data give."""
    return bool(element.tag == "filter" and element.get("filter-group"))


def _short(text: str | None) -> str:
    words = " ".join((whole.said("", text) or "nothing").split())
    return words if len(words) <= 60 else f"{words[:57]}..."
