"""A workbook's data sources and their fields, as the other checks look at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from moodle_analytics.tableau.check import names
from moodle_analytics.tableau.check.files import Document, Element

NUMERIC = ("integer", "real")
DATES = ("date", "datetime")

# Tableau's datatype of each of PostgreSQL's types, and the codes of remote-type that go with it.
DATATYPES = {
    "int2": "integer", "int4": "integer", "int8": "integer", "oid": "integer",
    "numeric": "real", "float4": "real", "float8": "real",
    "text": "string", "varchar": "string", "bpchar": "string", "name": "string", "uuid": "string",
    "char": "string", "bool": "boolean", "date": "date",
    "timestamp": "datetime", "timestamptz": "datetime",
}  # fmt: skip
REMOTE_TYPES = {
    "int2": (2,), "int4": (3,), "int8": (20,), "oid": (3, 19, 20),
    "numeric": (5, 131), "float4": (4, 5), "float8": (5,),
    "text": (129, 130), "varchar": (129, 130), "bpchar": (129, 130), "name": (129, 130),
    "char": (129, 130), "uuid": (72, 129, 130), "bool": (11,), "date": (7, 133),
    "timestamp": (7, 135), "timestamptz": (7, 135),
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A field of a data source, by its local name; `formula` where it is calculated."""

    name: str
    datatype: str
    role: str
    type: str
    formula: str | None = None
    is_hidden: bool = False


@dataclass(frozen=True)
class Instance:
    """A field as a shelf uses it: with its derivation."""

    name: str
    column: str
    derivation: str
    type: str
    element: Element


@dataclass(frozen=True)
class Relation:
    """A table in a data source: schema and table as they stand there."""

    name: str
    schema: str
    table: str


@dataclass
class Source:
    """A data source; `remote` gives the relation and the column behind a field."""

    name: str
    caption: str
    element: Element
    relations: dict[str, Relation] = field(default_factory=dict)
    remote: dict[str, tuple[str, str]] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Name it for people."""
        return f"data source {self.caption or self.name}"

    def origin(self, name: str) -> tuple[str, str] | None:
        """Give the table and the column behind a field."""
        relation, column = self.remote.get(name, ("", ""))
        return (self.relations[relation].table, column) if relation in self.relations else None


def sources(document: Document) -> list[Source]:
    """Read the data sources of a workbook, or the one that the file is."""
    root = document.root
    found = root.findall("datasources/datasource") if document.is_workbook else [root]
    return [_source(element) for element in found]


def main_relation(source: Element) -> Element | None:
    """Give the outermost relation of a data source."""
    found = source.xpath("./connection/*[local-name()='relation']")
    return found[0] if found else None


def tables(relation: Element | None) -> Iterator[Element]:
    """Give the tables below a relation, itself included."""
    if relation is not None:
        yield from (one for one in relation.iter("relation") if one.get("type") == "table")


def read_field(element: Element) -> Field:
    """Read a <column> of a data source or of a sheet's dependencies."""
    calculation = element.find("calculation")
    formula = None if calculation is None else calculation.get("formula")
    return Field(
        names.bare(element.get("name")) or element.get("name") or "",
        element.get("datatype") or "",
        element.get("role") or "",
        element.get("type") or "",
        formula,
        element.get("hidden") == "true",
    )


def read_instance(element: Element) -> Instance:
    """Read a <column-instance>."""
    return Instance(
        names.bare(element.get("name")) or "",
        names.bare(element.get("column")) or "",
        element.get("derivation") or "",
        element.get("type") or "",
        element,
    )


def _source(element: Element) -> Source:
    name = element.get("name") or element.get("formatted-name") or ""
    source = Source(name, element.get("caption") or "", element)
    for table in tables(main_relation(element)):
        parts = names.split(table.get("table") or "") or ()
        schema, bare = parts if len(parts) == 2 else ("", ".".join(parts))
        source.relations[table.get("name") or ""] = Relation(table.get("name") or "", schema, bare)
    for record in element.iterfind(
        "./connection/metadata-records/metadata-record[@class='column']"
    ):
        _implied(source, record)
    for mapped in element.iterfind("./connection/cols/map"):
        parts = names.split(mapped.get("value") or "") or ()
        key = names.bare(mapped.get("key"))
        if key is not None and len(parts) == 2:
            source.remote[key] = (parts[0], parts[1])
    for column in element.iterfind("column"):
        field_ = read_field(column)
        source.fields[field_.name] = field_
    for group in element.iterfind("group"):
        called = names.bare(group.get("name")) or ""
        source.fields[called] = Field(called, "boolean", "dimension", "nominal")
    for instance in element.iterfind("column-instance"):
        read = read_instance(instance)
        source.instances[read.name] = read
    return source


def _implied(source: Source, record: Element) -> None:
    """Add a field that has a metadata-record only: numbers are measures to Tableau."""
    name = names.bare(record.findtext("local-name"))
    relation = names.bare(record.findtext("parent-name"))
    if name is None:
        return
    datatype = record.findtext("local-type") or ""
    role = "measure" if datatype in NUMERIC else "dimension"
    kind = "quantitative" if role == "measure" else "nominal"
    kind = "ordinal" if datatype in DATES else kind
    source.fields[name] = Field(name, datatype, role, kind)
    if relation is not None:
        source.remote[name] = (relation, record.findtext("remote-name") or "")
