"""What there is to check: what the project says of sources and marts, and what a database has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from moodle_analytics import build
from moodle_analytics.errors import UserError
from moodle_analytics.site import CORE_TABLES, Site, find_site

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

_NUMBERS = {"bigint", "integer", "smallint", "numeric", "double precision", "real"}
_FEWEST_CORE_TABLES = len(CORE_TABLES) // 2


@dataclass(frozen=True)
class SourceColumn:
    """A column of Moodle's that is read: numbers and texts; times are epoch seconds."""

    is_number: bool
    is_required: bool
    is_never_null: bool
    is_time: bool


@dataclass(frozen=True)
class Mart:
    """A mart as its YAML describes it: types by column, key, and what its columns may hold."""

    name: str
    types: Mapping[str, str]
    key: tuple[str, ...]
    never_null: tuple[str, ...] = ()
    links: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Guarantees:
    """What tables refuse by themselves, so that it needs no look at their rows."""

    never_null: Mapping[str, frozenset[str]]
    unique: Mapping[str, set[frozenset[str]]]

    def refuses_null(self, table: str, column: str) -> bool:
        """Tell whether the column takes no NULL."""
        return column in self.never_null.get(table, frozenset())

    def refuses_twins(self, table: str, columns: Iterable[str]) -> bool:
        """Tell whether a unique index is on these columns, or on some of them."""
        return any(key <= set(columns) for key in self.unique.get(table, set()))


# Of each table its columns with their types, as PostgreSQL writes them without a length.
Present = Mapping[str, Mapping[str, str]]


def _load_yaml(text: str) -> Any:
    # The loader in C, where there is one, is ten times as fast.
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


@cache
def rules(name: str) -> dict[str, Any]:
    """Give the rules of one of the YAML files beside this module."""
    text = (files("moodle_analytics.checks") / f"{name}.yml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = _load_yaml(text)
    return loaded


@cache
def source_tables() -> dict[str, dict[str, SourceColumn]]:
    """Give the tables of Moodle that are read, with the columns that are."""
    folder = build.project_dir() / "models" / "staging" / "moodle"
    schema = _load_yaml(
        (files("moodle_analytics.generate") / "schema.yml").read_text(encoding="utf-8")
    )
    listed = _load_yaml((folder / "_moodle__sources.yml").read_text(encoding="utf-8"))
    required = _required_columns(folder)
    return {
        table["name"]: {
            column["name"]: _source_column(
                schema[table["name"]]["columns"][column["name"]],
                column["description"],
                column["name"] in required.get(table["name"], set()),
            )
            for column in table["columns"]
            if column["name"] in schema[table["name"]]["columns"]
        }
        for table in listed["sources"][0]["tables"]
    }


@cache
def freshness_hours() -> int:
    """Give the age of the newest log row, in hours, from which the sources' freshness warns."""
    path = build.project_dir() / "models" / "staging" / "moodle" / "_moodle__sources.yml"
    source = _load_yaml(path.read_text(encoding="utf-8"))["sources"][0]
    limit = source["config"]["freshness"]["warn_after"]
    hours = {"minute": 1 / 60, "hour": 1, "day": 24}
    return int(limit["count"] * hours[limit["period"]])


@cache
def event_names() -> frozenset[str]:
    """Give the event names that the seed event_types knows."""
    import csv

    path = build.project_dir() / "seeds" / "event_types.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return frozenset(row["event_name"] for row in csv.DictReader(file))


@cache
def marts() -> dict[str, Mart]:
    """Give the marts as their YAML describes them."""
    folder = build.project_dir() / "models" / "marts"
    found = {}
    for path in sorted(folder.glob("*/_*__models.yml")):
        for model in _load_yaml(path.read_text(encoding="utf-8"))["models"]:
            mart = _mart(model)
            found[mart.name] = mart
    return found


def site_of(connection: Connection, schema: str | None, prefix: str | None) -> Site:
    """Find Moodle's tables; where core ones are missing, the place with most of them.

    Raises UserError where even half of them are missing, or several places could be meant.
    """
    try:
        return find_site(connection, schema=schema, prefix=prefix)
    except UserError:
        best = _half_a_site(connection, schema, prefix)
        if best is None:
            raise
        return best


def tables_of(connection: Connection, schema: str, prefix: str = "") -> dict[str, dict[str, str]]:
    """Give the tables of a schema that may be read, without the prefix, and their columns."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select substr(relation.relname, length(%(prefix)s) + 1), attribute.attname,
                regexp_replace(format_type(attribute.atttypid, null), '[(].*[)]', '')
            from pg_class as relation
            inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
            inner join pg_attribute as attribute on attribute.attrelid = relation.oid
            where namespace.nspname = %(schema)s and relation.relkind in ('r', 'p', 'v', 'm', 'f')
                and starts_with(relation.relname, %(prefix)s)
                and has_table_privilege(relation.oid, 'select')
                and attribute.attnum > 0 and not attribute.attisdropped
            order by 1, attribute.attnum
            """,
            {"schema": schema, "prefix": prefix},
        )
        found: dict[str, dict[str, str]] = {}
        for table, column, kind in cursor.fetchall():
            found.setdefault(table, {})[column] = kind
    return found


def guarantees(connection: Connection, schema: str, prefix: str = "") -> Guarantees:
    """Give what a schema's tables refuse by themselves: NULL, and rows of the same key."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select substr(relation.relname, length(%(prefix)s) + 1), array_agg(attribute.attname)
            from pg_class as relation
            inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
            inner join pg_attribute as attribute on attribute.attrelid = relation.oid
            where namespace.nspname = %(schema)s and relation.relkind in ('r', 'p')
                and starts_with(relation.relname, %(prefix)s) and attribute.attnotnull
            group by relation.relname
            """,
            {"schema": schema, "prefix": prefix},
        )
        never_null = {table: frozenset(columns) for table, columns in cursor.fetchall()}
        cursor.execute(
            """
            select substr(relation.relname, length(%(prefix)s) + 1),
                array_agg(attribute.attname)
            from pg_index as index
            inner join pg_class as relation on relation.oid = index.indrelid
            inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
            inner join pg_attribute as attribute
                on attribute.attrelid = relation.oid and attribute.attnum = any(index.indkey)
            where namespace.nspname = %(schema)s and starts_with(relation.relname, %(prefix)s)
                and index.indisunique and index.indisvalid and index.indpred is null
                and index.indexprs is null and index.indnatts = index.indnkeyatts
            group by relation.relname, index.indexrelid
            """,
            {"schema": schema, "prefix": prefix},
        )
        unique: dict[str, set[frozenset[str]]] = {}
        for table, columns in cursor.fetchall():
            unique.setdefault(table, set()).add(frozenset(columns))
    return Guarantees(never_null, unique)


def is_number(kind: str) -> bool:
    """Tell whether a type of PostgreSQL holds numbers."""
    return kind in _NUMBERS


def _required_columns(folder: Any) -> dict[str, set[str]]:
    """Read from the staging models which columns they cannot do without."""
    found = {}
    for path in folder.glob("stg_moodle__*.sql"):
        text = path.read_text(encoding="utf-8")
        table = re.search(r"select_moodle_columns\(\s*'(\w+)'", text)
        required = re.search(r"required=\[([^]]*)\]", text)
        if table and required:
            found[table[1]] = set(re.findall(r"'(\w+)'", required[1]))
    return found


def _source_column(definition: str, description: str, is_required: bool) -> SourceColumn:
    return SourceColumn(
        is_number=not definition.startswith(("varchar", "text", "char")),
        is_required=is_required,
        is_never_null="not null" in definition.split("|")[0],
        is_time="poch seconds" in description or "seconds since" in description,
    )


def _mart(model: Mapping[str, Any]) -> Mart:
    columns = model["columns"]
    key = [
        column
        for constraint in model.get("constraints", [])
        if constraint["type"] == "primary_key"
        for column in constraint["columns"]
    ]
    kinds = {column["name"]: _constraints(column) for column in columns}
    key = key or [name for name, found in kinds.items() if "primary_key" in found]
    links, values = {}, {}
    for column in columns:
        tests = [test for test in column.get("data_tests", []) if isinstance(test, dict)]
        for test in tests:
            if "relationships" in test:
                arguments = test["relationships"]["arguments"]
                target = re.findall(r"'(\w+)'", arguments["to"])
                links[column["name"]] = (target[-1], arguments["field"])
            if "accepted_values" in test:
                values[column["name"]] = tuple(test["accepted_values"]["arguments"]["values"])
    return Mart(
        name=model["name"],
        types={column["name"]: column["data_type"].split("(")[0] for column in columns},
        key=tuple(key),
        never_null=tuple(
            name for name, found in kinds.items() if found & {"not_null", "primary_key"}
        ),
        links=links,
        values=values,
    )


def _constraints(column: Mapping[str, Any]) -> set[str]:
    return {constraint["type"] for constraint in column.get("constraints", [])}


def _half_a_site(connection: Connection, schema: str | None, prefix: str | None) -> Site | None:
    """Give the one place that holds at least half of the core tables, and most of all places."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select namespace.nspname, left(relname, length(relname) - length(core.name)), count(*)
            from pg_class as relation
            inner join pg_namespace as namespace on namespace.oid = relation.relnamespace
            inner join unnest(%s) as core (name) on right(relname, length(core.name)) = core.name
            where relation.relkind in ('r', 'p', 'v', 'm', 'f')
                and namespace.nspname not in ('pg_catalog', 'information_schema')
            group by 1, 2
            """,
            [list(CORE_TABLES)],
        )
        places = [
            (count, Site(place, found))
            for place, found, count in cursor.fetchall()
            if count >= _FEWEST_CORE_TABLES
            and schema in (None, place)
            and prefix in (None, found)
            # Staging models of this project end in the same names.
            and not found.endswith("stg_moodle__")
        ]
    return places[0][1] if len(places) == 1 else None
