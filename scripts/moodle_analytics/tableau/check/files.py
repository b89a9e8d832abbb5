"""Reading workbooks and data sources without trusting them: no entity, no network, no bomb."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from lxml import etree

from moodle_analytics.errors import UserError
from moodle_analytics.tableau.check.faults import Report

Element = Any  # lxml's elements have no types of their own

SUFFIXES = (".twb", ".tds", ".twbx", ".tdsx")
_INNER = {".twbx": ".twb", ".tdsx": ".tds"}
_ROOTS = {".twb": "workbook", ".tds": "datasource"}
_LARGEST = 64 * 1024 * 1024
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Document:
    """A parsed file; `members` are the names in its package (empty where it is none)."""

    name: str
    root: Element
    is_package: bool
    members: tuple[str, ...]

    @property
    def is_workbook(self) -> bool:
        """Whether it is a workbook, and not a data source alone."""
        return bool(self.root.tag == "workbook")


def find(folder: Path) -> list[Path]:
    """Name the files for Tableau in a folder and below it, sorted. Raises UserError."""
    if not folder.is_dir():
        raise UserError(
            f"There is no folder {folder}: run `moodle-analytics tableau build` first, "
            "or name the folder with --from."
        )
    try:
        found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    except OSError as error:
        raise UserError(f"The folder {folder} cannot be read: {error}.") from None
    if not found:
        raise UserError(
            f"There is no .twb, .tds, .twbx or .tdsx in {folder}: run `moodle-analytics tableau "
            "build` first, or name another folder with --from."
        )
    return found


def read(path: Path, report: Report) -> Document | None:
    """Parse a file; None where it cannot be, which then stands in the report."""
    suffix = path.suffix.lower()
    try:
        if suffix in _INNER:
            return _read_package(path, _INNER[suffix], report)
        if path.stat().st_size > _LARGEST:
            report.add("", "is larger than 64 MB", "a workbook without data is small: rebuild it")
            return None
        root = parse(path.read_bytes(), _ROOTS[suffix], report)
    except OSError as error:
        report.add("", f"cannot be read: {error.strerror or error}", "check its permissions")
        return None
    return None if root is None else Document(path.name, root, False, ())


def parse(data: bytes, root: str, report: Report) -> Element | None:
    """Parse the bytes of a workbook or a data source; None where that is impossible."""
    if data.startswith(_BOMS):
        report.add("", "starts with a byte order mark", "save it as UTF-8 without one")
    if not data.strip():
        report.add("", "is empty")
        return None
    declared = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*['\"]([^'\"]+)", data)
    if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
        said = declared[1].decode("ascii", "replace")
        report.add("", f"declares the encoding {said}", "save it as UTF-8")
    if re.search(rb"<!\s*(DOCTYPE|ENTITY)", data, re.IGNORECASE):
        report.add("", "has a document type or entities, which Tableau never writes")
        return None
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=False
    )
    try:
        found: Element = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        report.add("", f"is not XML: {error}")
        return None
    if found.tag != root:
        report.add("", f"is a <{found.tag}>, not a <{root}>")
        return None
    for instruction in found.iter(etree.ProcessingInstruction):
        report.add("", f"has a processing instruction {instruction}")
    return found


def _read_package(path: Path, suffix: str, report: Report) -> Document | None:
    try:
        with zipfile.ZipFile(path) as package:
            names = package.namelist()
            if not _are_names_safe(names, report):
                return None
            inner = [name for name in names if name.lower().endswith(suffix)]
            if len(inner) != 1:
                report.add("", f"holds {len(inner)} {suffix} files, not one")
                return None
            if package.getinfo(inner[0]).file_size > _LARGEST:
                report.add(inner[0], "is larger than 64 MB")
                return None
            if broken := package.testzip():
                report.add(broken, "is damaged in the package (its checksum differs)")
                return None
            root = parse(package.read(inner[0]), _ROOTS[suffix], report)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        report.add("", f"is not a readable package: {error}")
        return None
    return None if root is None else Document(path.name, root, True, tuple(names))


def _are_names_safe(names: list[str], report: Report) -> bool:
    unsafe = [
        name
        for name in names
        if name.startswith("/") or "\\" in name or ".." in PurePosixPath(name).parts or ":" in name
    ]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        report.add(twice[0], "is in the package twice")
    for name in unsafe:
        report.add(name, "leaves the package's folder")
    return not unsafe


def place(element: Element) -> str:
    """Name the sheet, dashboard or data source that an element stands in."""
    for above in [element, *element.iterancestors()]:
        name = str(above.get("name") or "")
        if above.tag == "datasource" and above.getparent() is not None:
            if above.getparent().tag == "datasources":
                return f"data source {above.get('caption') or name}"
        elif above.tag in ("worksheet", "dashboard", "window") and name:
            kind = "sheet" if above.tag == "worksheet" else above.tag
            return f"{kind} {name}"
    return ""
