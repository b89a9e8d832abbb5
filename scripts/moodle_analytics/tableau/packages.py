"""Packages: a workbook or data source in a .zip together with its rows."""

from __future__ import annotations

import copy
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg2 import sql

from moodle_analytics.dashboard import specification
from moodle_analytics.tableau import hyper, names, tables
from moodle_analytics.tableau.documents import name_of, sources_of
from moodle_analytics.tableau.xml import Element, element, written

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

_NAME = "Extract"
_FOLDER = "Data/Extracts"
# A .zip holds times; the same content shall give the same package.
_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Packed:
    """The packages that were written; with faults none is."""

    files: tuple[Path, ...]
    faults: tuple[str, ...]


def pack(
    engine: hyper.Engine,
    connection: Connection,
    documents: Mapping[str, Element],
    folder: Path,
    step: hyper.Step,
) -> Packed:
    """Write a package of each document (.twb, .tds) with the rows of its data sources.

    `documents` are by file name, `folder` is for this alone. Raises OSError, UserError.
    """
    sources = {
        name_of(source): source for root in documents.values() for source in sources_of(root)
    }
    rows = folder / "rows"
    rows.mkdir()
    extracts = {name: rows / f"{stem(name)}.hyper" for name in sources}
    faults: list[str] = []
    for name, source in sources.items():
        step(stem(name))
        table = table_of(connection, source)
        for one in hyper.write(engine, extracts[name], [table], connection, _quiet):
            faults += [f"{stem(name)}: {fault}" for fault in one.faults]
    if faults:
        return Packed((), tuple(faults))
    packages = []
    for name, root in documents.items():
        own = [extracts[name_of(source)] for source in sources_of(root)]
        packages.append(_zip(folder / f"{name}x", name, with_extracts(root), own))
    return Packed(tuple(packages), ())


def _quiet(_name: str) -> None:
    """Say nothing: all these tables have one name."""


def stem(source: str) -> str:
    """Name the file of rows of a data source: as the specification names it."""
    known = {names.datasource(name): name for name in specification.load().sources}
    return known.get(source, source)


def table_of(connection: Connection, source: Element) -> tables.Table:
    """Describe the rows of a data source: its joined marts, its fields as columns."""
    relation = source.find("connection/relation")
    chosen = []
    for one in source.findall("connection/cols/map"):
        table, column = _parts(one.get("value"))
        chosen.append(
            sql.SQL("{} as {}").format(
                sql.Identifier(table, column), sql.Identifier(*_parts(one.get("key")))
            )
        )
    query = sql.SQL("select {} from {}").format(sql.SQL(", ").join(chosen), _from(relation))
    return tables.describe(connection, _NAME, _NAME, query)


def with_extracts(root: Element) -> Element:
    """Give a copy of a document whose data sources read their rows from the package."""
    made = copy.deepcopy(root)
    for source in sources_of(made):
        source.find("layout").addprevious(_extract(source))
        for one in source.findall("object-graph/objects/object"):
            one.append(element("properties", {"context": "extract"}, [_relation()]))
    return made


def _extract(source: Element) -> Element:
    records = [copy.deepcopy(one) for one in source.findall("connection/metadata-records/*")]
    for record in records:
        name = _parts(record.findtext("local-name"))[0]
        for tag, text in (("remote-name", name), ("parent-name", f"[{_NAME}]")):
            record.find(tag).text = text
        alias = record.find("remote-alias")
        if alias is not None:
            alias.text = name
    attributes = {
        "access_mode": "readonly",
        "authentication": "auth-none",
        "author-locale": "en_US",
        "class": "hyper",
        "dbname": f"{_FOLDER}/{stem(name_of(source))}.hyper",
        "default-settings": "hyper",
        "schema": _NAME,
        "sslmode": "",
        "tablename": _NAME,
        "username": "tableau_internal_user",
    }
    inner = [_relation(), element("metadata-records", children=records)]
    return element(
        "extract",
        {"count": "-1", "enabled": True, "object-id": "", "units": "records"},
        [element("connection", attributes, inner)],
    )


def _relation() -> Element:
    return element("relation", {"name": _NAME, "table": f"[{_NAME}].[{_NAME}]", "type": "table"})


def _from(relation: Any) -> sql.Composable:
    """Write a relation as SQL: a table under its name, or a join of two relations."""
    if relation.get("type") == "table":
        table = sql.Identifier(*_parts(relation.get("table")))
        return sql.SQL("{} as {}").format(table, sql.Identifier(relation.get("name")))
    clause, first, second = relation
    kind = {"left": sql.SQL("left"), "inner": sql.SQL("inner")}[relation.get("join")]
    return sql.SQL("{} {} join {} on {}").format(
        _from(first), kind, _from(second), _condition(clause[0])
    )


def _condition(expression: Any) -> sql.Composable:
    operator = expression.get("op")
    if operator in ("=", "AND"):
        sides = [_condition(one) for one in expression]
        return sql.SQL(" = " if operator == "=" else " and ").join(sides)
    return sql.Identifier(*_parts(operator))


def _parts(name: str) -> list[str]:
    """Split [schema].[table] into its names."""
    inner = name.removeprefix("[").removesuffix("]")
    return [part.replace("]]", "]") for part in inner.split("].[")]


def _zip(path: Path, name: str, root: Element, extracts: Sequence[Path]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as package:
        package.writestr(_info(name), written(root))
        for extract in extracts:
            with (
                extract.open("rb") as rows,
                package.open(_info(f"{_FOLDER}/{extract.name}"), "w", force_zip64=True) as inner,
            ):
                for block in _blocks(rows):
                    inner.write(block)
    return path


def _blocks(rows: Any) -> Iterable[bytes]:
    while block := rows.read(1 << 20):
        yield block


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    # The system that made it is written down too.
    info.create_system = 3
    return info
