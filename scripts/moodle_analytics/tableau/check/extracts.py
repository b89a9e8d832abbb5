"""Packages: the rows in them are extracts, of the columns that the data sources read."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.files import Document, Element
from moodle_analytics.tableau.check.model import Source, sources

# A package, and which of its extracts begin and end as one.
_Read = tuple[Path, Document, Report, set[str]]

_AGAIN = "run `moodle-analytics tableau extract`"
# How Hyper's files begin, and what their size is a multiple of.
_FIRST = b"Hyper"
_BLOCK = 65_536
# Tableau's datatypes, and Hyper's types that give them.
_TYPES = {
    "integer": ("SMALL_INT", "INT", "BIG_INT", "OID"),
    "real": ("DOUBLE", "FLOAT", "NUMERIC"),
    "string": ("TEXT", "VARCHAR", "CHAR", "JSON"),
    "boolean": ("BOOL",),
    "date": ("DATE",),
    "datetime": ("TIMESTAMP", "TIMESTAMP_TZ"),
}


def check(packages: list[tuple[Path, Document, Report]]) -> None:
    """Report what does not belong into a package, and rows that Tableau could not read as they are.

    Without tableauhyperapi only the beginning of an extract and its size are looked at.
    """
    read = [
        (path, document, report, _sound(path, document, report))
        for path, document, report in packages
    ]
    if not read:
        return
    try:
        import tableauhyperapi as api
    except ImportError:
        _say_unopened(read, "tableauhyperapi is not installed", "pip install -e '.[tableau]'")
        return
    try:
        _open(api, read)
    except (api.HyperException, OSError) as error:
        reason = str(getattr(error, "main_message", error)).partition("\n")[0]
        _say_unopened(read, f"Hyper does not run ({reason})", "is the disk full?")


def _say_unopened(read: list[_Read], reason: str, advice: str) -> None:
    for _, _, report, _ in read:
        report.warn("", f"its extracts were not opened: {reason}", advice)


def _open(api: Any, read: list[_Read]) -> None:
    telemetry = api.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    with (
        api.HyperProcess(telemetry, "moodle-analytics", parameters={"log_config": ""}) as process,
        tempfile.TemporaryDirectory() as folder,
    ):
        for path, document, report, sound in read:
            for source, connection in _extracts(document):
                name = connection.get("dbname") or ""
                if name in sound:
                    rows = _unpacked(path, name, Path(folder))
                    _check_rows(api, process, rows, connection, source.place, report)
                    rows.unlink()


def _extracts(document: Document) -> Iterator[tuple[Source, Element]]:
    """Give the data sources that have an extract, each with the connection to it."""
    for source in sources(document):
        for connection in source.element.iterfind("extract//connection"):
            if connection.get("dbname"):
                yield source, connection


def _sound(path: Path, document: Document, report: Report) -> set[str]:
    """Report members that are no extract, or nobody's; give the names of the others."""
    named = {connection.get("dbname") for _, connection in _extracts(document)}
    sound: set[str] = set()
    with zipfile.ZipFile(path) as package:
        for info in package.infolist():
            if info.is_dir() or info.filename.lower().endswith((".twb", ".tds")):
                continue
            if info.filename not in named:
                report.add(info.filename, "is in the package, but no data source reads it", _AGAIN)
                continue
            with package.open(info) as rows:
                first = rows.read(len(_FIRST))
            if first != _FIRST or info.file_size % _BLOCK:
                report.add(info.filename, "is no extract, or is cut off", _AGAIN)
            else:
                sound.add(info.filename)
    return sound


def _unpacked(path: Path, name: str, folder: Path) -> Path:
    to = folder / "rows.hyper"
    with zipfile.ZipFile(path) as package, package.open(name) as rows, to.open("wb") as file:
        shutil.copyfileobj(rows, file)
    return to


def _check_rows(
    api: Any, process: Any, rows: Path, connection: Element, where: str, report: Report
) -> None:
    """Report columns that the data source has otherwise than its extract."""
    name = connection.get("dbname")
    table = api.TableName(connection.get("schema") or "", connection.get("tablename") or "")
    try:
        with api.Connection(process.endpoint, str(rows), api.CreateMode.NONE) as opened:
            found = opened.catalog.get_table_definition(table).columns
    except (api.HyperException, ValueError) as error:
        reason = (str(getattr(error, "main_message", error)) or "?").splitlines()[0]
        report.add(where, f"its extract {name} cannot be read: {reason}", _AGAIN)
        return
    there = {column.name.unescaped: column.type.tag.name for column in found}
    wanted = {
        record.findtext("remote-name") or "": record.findtext("local-type") or ""
        for record in connection.iterfind("metadata-records/metadata-record[@class='column']")
    }
    for what, columns in (
        ("has no column", wanted.keys() - there.keys()),
        ("has also a column", there.keys() - wanted.keys()),
    ):
        if columns:
            listed = ", ".join(sorted(columns))
            report.add(where, f"its extract {name} {what} {listed}", _AGAIN)
    for column in sorted(there.keys() & wanted.keys()):
        if there[column] not in _TYPES.get(wanted[column], ()):
            kind = there[column].lower()
            report.add(where, f"its extract {name} has {column} as {kind}, not {wanted[column]}")
