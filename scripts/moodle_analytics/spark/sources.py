"""Which tables the models read: the sources that dbt knows, as they are in a database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moodle_analytics.build import project_dir
from moodle_analytics.site import Site

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

LOG = "logstore_standard_log"
_INTEGERS = ("smallint", "integer", "bigint")


@dataclass(frozen=True)
class Column:
    """A column of a source: its name there, and its type in Parquet (an Arrow type's name)."""

    name: str
    type: str


@dataclass(frozen=True)
class Table:
    """A source table that is there.

    `source` and `name` are what dbt calls it; `schema` and `relation` what the database does. `id`
    tells whether rows have an integer id, by which they are written in chunks.
    """

    source: str
    name: str
    schema: str
    relation: str
    columns: tuple[Column, ...]
    has_id: bool


def find_tables(connection: Connection, site: Site) -> list[Table]:
    """Give the tables of all sources that this database has, with the columns that models read."""
    found = []
    for source, name, schema, relation, wanted in _declared(site):
        columns = _columns(connection, schema, relation, wanted)
        if columns:
            ids = any(column == Column("id", "int64") for column in columns)
            found.append(Table(source, name, schema, relation, tuple(columns), ids))
    return found


def expression(column: Column) -> Any:
    """Give SQL that writes a column's values so that a CSV reader takes them for its type."""
    from psycopg2 import sql

    name = sql.Identifier(column.name)
    if column.type == "timestamp":
        shape = "to_char({} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        return sql.SQL(shape).format(name)
    if column.type == "float":
        # Digits as PostgreSQL's own cast to numeric gives them.
        return sql.SQL("{}::numeric::text").format(name)
    if column.type == "string":
        return sql.SQL("{}::text").format(name)
    return name


def _declared(site: Site) -> Iterator[tuple[str, str, str, str, set[str] | None]]:
    """Read the sources' YAML: source, table, schema, relation, and the columns that are read.

    Of what this program writes itself every column is read (None).
    """
    import yaml
    from jinja2 import Environment

    variables = {"moodle_schema": site.schema, "moodle_prefix": site.prefix}
    # Only names of places are wanted; a text that needs more of dbt stays empty.
    environment = Environment(autoescape=False)  # noqa: S701
    environment.globals = {
        "var": lambda name: variables.get(name, name),
        "target": {},
        "source": lambda *names: ".".join(names),
    }
    for path in sorted(project_dir().glob("models/staging/*/_*__sources.yml")):
        for source in yaml.safe_load(path.read_text(encoding="utf-8"))["sources"]:
            is_moodle = source["name"] == "moodle"
            for table in source["tables"]:
                place = [source["schema"], table.get("identifier", table["name"])]
                schema, relation = (environment.from_string(text).render() for text in place)
                columns = {column["name"] for column in table["columns"]} if is_moodle else None
                yield source["name"], table["name"], schema, relation, columns


def _columns(
    connection: Connection, schema: str, relation: str, wanted: set[str] | None
) -> Sequence[Column]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select attname, format_type(atttypid, null), format_type(atttypid, atttypmod)
            from pg_attribute
            inner join pg_class on pg_class.oid = attrelid
            inner join pg_namespace on pg_namespace.oid = relnamespace
            where nspname = %s and relname = %s and relkind in ('r', 'p', 'v', 'm', 'f')
                and attnum > 0 and not attisdropped
            order by attnum
            """,
            [schema, relation],
        )
        rows = cursor.fetchall()
    # The models take a column by its name whatever its case.
    names = None if wanted is None else {name.lower() for name in wanted}
    return [
        Column(name, _type(kind, whole))
        for name, kind, whole in rows
        if names is None or name.lower() in names
    ]


def _type(kind: str, whole: str) -> str:
    if kind in _INTEGERS:
        return "int64"
    if kind in ("real", "double precision"):
        return "float"
    if kind == "timestamp with time zone":
        return "timestamp"
    if kind in ("boolean", "date"):
        return kind
    if kind == "numeric" and "," in whole:
        digits, scale = (int(part) for part in whole[len("numeric(") : -1].split(","))
        if 0 <= scale <= digits <= 38:
            return f"decimal({digits},{scale})"
    return "string"
