"""Reading Tableau's documents, packaged or not: their data sources and what these connect to."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from moodle_analytics.errors import UserError
from moodle_analytics.tableau.xml import Element


@dataclass(frozen=True)
class Connection:
    """A database that a document connects to."""

    server: str
    port: str
    user: str


@dataclass(frozen=True)
class Content:
    """A document to publish: its own name, and the databases that it connects to."""

    path: Path
    name: str
    connections: tuple[Connection, ...]


def read(path: Path) -> Content:
    """Read what a .twb, .tds, .twbx or .tdsx connects to. Raises UserError."""
    try:
        if path.suffix in (".twbx", ".tdsx"):
            with zipfile.ZipFile(path) as package:
                [inner] = [one for one in package.namelist() if one.endswith((".twb", ".tds"))]
                content = package.read(inner)
        else:
            content = path.read_bytes()
    except (OSError, zipfile.BadZipFile, ValueError, KeyError):
        raise UserError(f"{path} cannot be read: make it again, or give another folder.") from None
    root = parse(content, str(path))
    found = []
    for connection in root.iter("connection"):
        if connection.get("password"):
            raise UserError(f"{path} holds a password, and is not published: take it out.")
        if connection.get("class") == "postgres":
            place = (connection.get(name, "") for name in ("server", "port", "username"))
            found.append(Connection(*place))
    return Content(path, name_of(root), tuple(dict.fromkeys(found)))


def parse(content: bytes, name: str) -> Element:
    """Parse a document, without what XML may fetch or unfold. Raises UserError."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_blank_text=True)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise UserError(f"{name} is no XML file: make it again with `tableau build`.") from None


def name_of(source: Element) -> str:
    """Give a data source's own name, which is called otherwise where it is a document's root."""
    return str(source.get("name") or source.get("formatted-name") or "")


def sources_of(root: Element) -> list[Element]:
    """Give the data sources of a document."""
    if root.tag == "datasource":
        return [root]
    return [
        one for one in root.findall("datasources/datasource") if one.find("connection") is not None
    ]
