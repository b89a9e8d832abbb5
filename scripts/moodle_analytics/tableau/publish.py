"""Publishing: the workbook, and the data sources where asked, to Tableau Server or Cloud."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moodle_analytics.dashboard import specification
from moodle_analytics.errors import UserError
from moodle_analytics.tableau import names, session
from moodle_analytics.tableau.documents import Content, read
from moodle_analytics.tableau.server import (
    Login,
    Project,
    Settings,
    Tableau,
    signed_in,
)
from moodle_analytics.tableau.session import LostError

Say = Callable[[str], None]

# After a lost answer the server may still be at work: seconds to wait before each look.
_LOOKS = (1.0, 4.0, 10.0)
_ATTEMPTS = 3
_LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Order:
    """What to publish from `folder`, and where: `project` is a path, as Faculty/Learning."""

    folder: Path
    project: str
    name: str
    datasources: bool = False
    extract: bool = False
    description: str | None = None
    certify: str | None = None
    check: bool = True
    dry_run: bool = False
    login: Login | None = None


@dataclass(frozen=True)
class Item:
    """A file to publish, and what it is called there."""

    kind: str
    name: str
    content: Content
    description: str | None


def login_from(variables: Mapping[str, str]) -> Login:
    """Read the login to embed: TABLEAU_DB_USER and _PASSWORD, else libpq's. Raises UserError."""
    user = variables.get("TABLEAU_DB_USER") or variables.get("PGUSER") or ""
    password = variables.get("TABLEAU_DB_PASSWORD") or variables.get("PGPASSWORD") or ""
    if not user or not password:
        raise UserError(
            "--embed-credentials needs the login of a reader in the environment: TABLEAU_DB_USER "
            "and TABLEAU_DB_PASSWORD (or PGUSER and PGPASSWORD)."
        )
    return Login(user, password)


def publish(settings: Settings, order: Order, say: Say) -> int:
    """Publish; give the number of faults that the server found in the workbook (then nothing is).

    Raises UserError.
    """
    if order.certify and not order.datasources:
        raise UserError(
            "Only data sources can be certified, not workbooks: give --datasources with --certify."
        )
    path = [part.strip() for part in order.project.split("/") if part.strip()]
    if not path:
        raise UserError("--project is empty: give the project's name, as Faculty/Learning.")
    # What is wrong with the files shows before the server hears of anything.
    for is_new in (True, False):
        _items(order, is_new=is_new)
    with signed_in(settings) as tableau:
        say(f"{tableau.where}: {tableau.product}, REST {tableau.version}.")
        items = _items(order, is_new=tableau.reads_new_workbooks)
        if faults := _check(tableau, order, items[0], say):
            return faults
        project = _project(tableau, path, order, say)
        _warn_of_local(items, order, say)
        if order.login:
            say(f"All who look will use the database's login {order.login.user}.")
        for item in items:
            _publish(tableau, order, item, project, say)
    return 0


def _items(order: Order, *, is_new: bool) -> list[Item]:
    """Read the files to publish. Raises UserError where one is missing or broken."""
    stem = names.file_name(specification.load().title) + ("" if is_new else "_18.1")
    ending = "x" if order.extract else ""
    made_by = "tableau extract" if order.extract else "tableau build"
    path = order.folder / f"{stem}.twb{ending}"
    paths = sorted(order.folder.glob(f"*.tds{ending}")) if order.datasources else []
    if not path.is_file() or (order.datasources and not paths):
        missing = f"no {path.name}" if not path.is_file() else f"no .tds{ending} file"
        raise UserError(
            f"There is {missing} in {order.folder}: make it with `moodle-analytics {made_by}`, or "
            "name another folder with --from."
        )
    workbook = Item("workbook", order.name, read(path), order.description)
    return [workbook, *(_datasource(order, read(one)) for one in paths)]


def _datasource(order: Order, content: Content) -> Item:
    """Name a data source after the workbook, so that it replaces nobody else's."""
    for source in specification.load().sources.values():
        if names.datasource(source.name) == content.name:
            name = f"{order.name} - {source.caption}"
            said = f"One row per {source.grain}, from {source.table}."
            return Item("data source", name, content, said)
    return Item("data source", f"{order.name} - {content.path.stem}", content, None)


def _check(tableau: Tableau, order: Order, workbook: Item, say: Say) -> int:
    """Let the server check the workbook; give the number of faults."""
    path = workbook.content.path
    if not order.check:
        return 0
    if order.extract:
        say("Not checked by the server, which checks workbooks without extracts only.")
        return 0
    found = tableau.check(path)
    if found is None:
        say("Not checked by the server, which does not offer that (2026.2 and newer do).")
        return 0
    errors, warnings = found
    for warning in warnings:
        say(f"{path.name}: warning: {warning}")
    for error in errors:
        say(f"{path.name}: {error}")
    if errors:
        say(f"The server found {len(errors)} faults in {path.name}; nothing was published.")
    else:
        say(f"The server found no fault in {path.name}.")
    return len(errors)


def _project(tableau: Tableau, path: list[str], order: Order, say: Say) -> Project | None:
    """Find the project, or make it with what lies above it; None where a dry run would make it."""
    found: Project | None = None
    known = tableau.projects()
    for depth, name in enumerate(path):
        here = _child(known, name, found)
        if here is None and order.dry_run:
            say(f"Would make project {'/'.join(path[: depth + 1])}.")
            return None
        if here is None:
            here = _make(tableau, name, found)
            say(f"Made project {'/'.join(path[: depth + 1])}.")
        found = here
    return found


def _child(known: list[Project], name: str, parent: Project | None) -> Project | None:
    """Find a project below another; names that differ in case alone are one to the server."""
    parent_id = parent.id if parent else None
    below = [one for one in known if one.parent_id == parent_id]
    exact = [one for one in below if one.name == name]
    same = [one for one in below if one.name.casefold() == name.casefold()]
    return next(iter([*exact, *same]), None)


def _make(tableau: Tableau, name: str, parent: Project | None) -> Project:
    """Make a project; after a lost or doubtful answer look whether it is there."""
    try:
        return tableau.create_project(name, parent.id if parent else None)
    except (LostError, UserError) as error:
        if made := _child(tableau.projects(), name, parent):
            return made
        if isinstance(error, UserError):
            raise
        raise UserError(
            f"{tableau.where} gave no answer when project {name} was made ({error}), and it is "
            "not there: run it again."
        ) from None


def _warn_of_local(items: list[Item], order: Order, say: Say) -> None:
    hosts = {one.server for item in items for one in item.content.connections}
    if not order.extract and (local := sorted(hosts & set(_LOCAL))):
        say(
            f"Note: the database is at {', '.join(local)}, which for the server is itself: build "
            "with PGHOST as the server knows it, or publish with --extract."
        )


def _publish(tableau: Tableau, order: Order, item: Item, project: Project | None, say: Say) -> None:
    before = tableau.find(item.kind, item.name, project.id) if project else None
    what = f'{item.kind} "{item.name}"'
    if order.dry_run or project is None:
        say(f"Would {'replace' if before else 'publish'} {what} from {item.content.path}.")
        return
    made = _send(tableau, order, item, project, before)
    _describe(tableau, order, item, made)
    address = getattr(made, "webpage_url", None) or ""
    done = "Replaced" if before else "Published"
    kept = ", at the same address" if before and before.id == made.id else ""
    say(f"{done} {what}{kept}{': ' if address else '.'}{address}")


def _send(tableau: Tableau, order: Order, item: Item, project: Project, before: Any) -> Any:
    """Send a file once; again only where the server has certainly not taken it."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return tableau.publish(
                item.kind,
                item.content.path,
                item.name,
                project.id,
                item.content.connections,
                order.login,
                item.description,
            )
        except LostError as lost:
            made = None if lost.is_part else _arrived(tableau, item, project, before)
            if made:
                return made
            if lost.may_come_again and attempt < _ATTEMPTS:
                continue
            state = "the earlier one is still there" if before else "it is not there"
            raise UserError(
                f"Publishing {item.kind} {item.name} to {tableau.where} was cut off ({lost}), "
                f"and {state}: run it again, and with --timeout where the server is slow."
            ) from None
    raise AssertionError("every attempt returns or raises")


def _arrived(tableau: Tableau, item: Item, project: Project, before: Any) -> Any:
    """Look whether a file arrived though the answer was lost; None where it did not."""
    for seconds in _LOOKS:
        session.sleep(seconds)
        now = tableau.find(item.kind, item.name, project.id)
        if now and (not before or now.id != before.id or now.updated_at != before.updated_at):
            return now
    return None


def _describe(tableau: Tableau, order: Order, item: Item, made: Any) -> None:
    """Write down description and certification where publishing did not."""
    wants = item.kind == "data source" and order.certify
    has_place = item.kind != "workbook" or tableau.has_descriptions
    if not wants and (
        not item.description or not has_place or made.description == item.description
    ):
        return
    if item.description and has_place:
        made.description = item.description
    if wants:
        made.certified = True
        made.certification_note = order.certify
    tableau.update(item.kind, made)
