"""Data sources: the connection to the marts, their columns, and what is computed of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from moodle_analytics.dashboard.specification import Join, Sheet, Source, Specification
from moodle_analytics.tableau import names
from moodle_analytics.tableau.fields import (
    MEASURE_NAMES,
    Field,
    Instance,
    Model,
    computed,
    dimension,
    member,
)
from moodle_analytics.tableau.xml import Element, element, formatted

# Tableau puts the name of who looks in place of the bracket.
WHO_LOOKS = "set moodle_analytics.user_name = [TableauServerUser]"
_ALPHABETIC = {"dim-ordering": "alphabetic", "measure-ordering": "alphabetic"}


@dataclass(frozen=True)
class Place:
    """Where the marts are, without a password. `is_shared`: one account for all who look."""

    host: str
    port: int
    database: str
    user: str
    schema: str
    needs_ssl: bool = False
    is_shared: bool = False


def content(specification: Specification, model: Model, place: Place) -> list[Element]:
    """Give what is inside of a data source, in the order that Tableau wants."""
    coloured = _coloured(specification, model)
    folder = [
        element("folder-item", {"name": names.bracketed(one.name), "type": "field"})
        for one in model.measures()
    ]
    folders = [
        element(
            "folders-common",
            children=[element("folder", {"name": "Measures of the dashboards"}, folder)],
        )
    ]
    return [
        _connection(model, place),
        element("aliases", {"enabled": "yes"}),
        *(column(one) for one in _sorted(model.fields.values())),
        _rows_of(model),
        *(instance_element(dimension(model.fields[name])) for name in coloured),
        *(folders if folder else []),
        element("layout", {**_ALPHABETIC, "show-structure": True}),
        *_style(specification, model),
        element("date-options", {"start-of-week": "monday"}),
        _object_graph(model, place.schema),
    ]


def column(of: Field) -> Element:
    """Make a column, as it stands in a data source and again in each sheet that uses it."""
    aliases = [element("alias", {"key": key, "value": said}) for key, said in of.aliases.items()]
    attributes = {
        "aggregation": of.aggregation,
        "caption": of.caption,
        "datatype": of.datatype,
        "default-format": of.format,
        "hidden": True if of.is_hidden else None,
        "name": names.bracketed(of.name),
        "role": of.role,
        "type": of.type,
    }
    calculation = {"class": "tableau", "formula": of.formula}
    return element(
        "column",
        attributes,
        [
            element("calculation", calculation) if of.formula else None,
            element("aliases", children=aliases) if aliases else None,
            element("desc", children=[formatted([of.description])]) if of.description else None,
        ],
    )


def _rows_of(model: Model) -> Element:
    """Give the column that Tableau has for the rows of a table."""
    rows = names.table_object(model.source.name, model.source.table)
    attributes = {
        "caption": model.source.caption,
        "datatype": "table",
        "name": f"[__tableau_internal_object_id__].{names.bracketed(rows)}",
        "role": "measure",
        "type": "quantitative",
    }
    return element("column", attributes)


def _sorted(fields: Iterable[Field]) -> list[Field]:
    return sorted(fields, key=lambda one: one.name)


def _connection(model: Model, place: Place) -> Element:
    name = names.connection(model.source.name)
    attributes = {
        "authentication": "username-password",
        "class": "postgres",
        "dbname": place.database,
        "odbc-native-protocol": "",
        "one-time-sql": WHO_LOOKS if place.is_shared else "",
        "port": place.port,
        "schema": place.schema,
        "server": place.host,
        "sslmode": "require" if place.needs_ssl else "",
        "username": place.user,
        "workgroup-auth-mode": "prompt",
    }
    named = element(
        "named-connection",
        {"caption": place.host, "name": name},
        [element("connection", attributes)],
    )
    maps = [
        element(
            "map",
            {
                "key": names.bracketed(one.name),
                "value": f"{names.bracketed(one.table)}.{names.bracketed(one.column)}",
            },
        )
        for one in _sorted(model.columns())
    ]
    return element(
        "connection",
        {"class": "federated"},
        [
            element("named-connections", children=[named]),
            relation(model.source, place.schema),
            element("cols", children=maps),
            element("metadata-records", children=_metadata(model)),
        ],
    )


def relation(source: Source, schema: str) -> Element:
    """Give the mart, or the join of the marts, that a source reads."""
    found = _table(source, source.table, schema)
    for join in source.joins:
        equal = [_equal(source, join, key) for key in join.keys]
        condition = element("expression", {"op": "AND"}, equal) if len(equal) > 1 else equal[0]
        clause = element("clause", {"type": "join"}, [condition])
        kind = "left" if join.keeps_all else "inner"
        found = element(
            "relation",
            {"join": kind, "type": "join"},
            [clause, found, _table(source, join.table, schema)],
        )
    return found


def _table(source: Source, table: str, schema: str) -> Element:
    return element(
        "relation",
        {
            "connection": names.connection(source.name),
            "name": table,
            "table": f"{names.bracketed(schema)}.{names.bracketed(table)}",
            "type": "table",
        },
    )


def _equal(source: Source, join: Join, key: str) -> Element:
    sides = [
        element("expression", {"op": f"{names.bracketed(table)}.{names.bracketed(key)}"})
        for table in (source.table, join.table)
    ]
    return element("expression", {"op": "="}, sides)


def _metadata(model: Model) -> list[Element]:
    object_id = names.table_object(model.source.name, model.source.table)
    found = []
    for place, one in enumerate(model.columns()):
        texts = {
            "remote-name": one.column,
            "remote-type": str(one.remote_type),
            "local-name": names.bracketed(one.name),
            "parent-name": names.bracketed(one.table),
            "remote-alias": one.column,
            "ordinal": str(place),
            "local-type": one.datatype,
            "aggregation": one.aggregation or _default(one),
            "contains-null": "true",
            "object-id": names.bracketed(object_id),
        }
        children = [element(tag, text=text) for tag, text in texts.items()]
        found.append(element("metadata-record", {"class": "column"}, children))
    return found


def _default(of: Field) -> str:
    if of.datatype in ("date", "datetime"):
        return "Year"
    return "Sum" if of.datatype in ("integer", "real") else "Count"


def _object_graph(model: Model, schema: str) -> Element:
    table = model.source.table
    properties = element("properties", {"context": ""}, [relation(model.source, schema)])
    graph = element(
        "object",
        {"caption": model.source.caption, "id": names.table_object(model.source.name, table)},
        [properties],
    )
    return element("object-graph", children=[element("objects", children=[graph])])


def _coloured(specification: Specification, model: Model) -> dict[str, Sheet]:
    """Name the columns that have colours of their own, each with a sheet that says which."""
    return {
        sheet.color: sheet
        for sheet in specification.sheets()
        if sheet.source == model.source and sheet.palette and sheet.color
    }


def instance_element(instance: Instance) -> Element:
    """Make the element of an instance."""
    return element(
        "column-instance",
        {
            "column": names.bracketed(instance.field),
            "derivation": instance.derivation,
            "name": names.bracketed(instance.name),
            "pivot": "key",
            "type": instance.type,
        },
    )


def _style(specification: Specification, model: Model) -> list[Element]:
    """Give the colours: of a column's values, and of measures that stand together."""
    encodings = [
        _encoding(
            dimension(model.fields[name]).name,
            {
                member(value): shade.color
                for value, shade in specification.palettes[sheet.palette or ""].items()
            },
        )
        for name, sheet in _coloured(specification, model).items()
    ]
    together: dict[str, str] = {}
    for sheet in specification.sheets():
        if sheet.source == model.source and sheet.palette and not sheet.color:
            together |= _of_measures(specification, model, sheet)
    if together:
        encodings.append(_encoding(MEASURE_NAMES, together))
    if not encodings:
        return []
    return [element("style", children=[element("style-rule", {"element": "mark"}, encodings)])]


def _of_measures(specification: Specification, model: Model, sheet: Sheet) -> dict[str, str]:
    """Give the colours of a sheet's measures: a palette's key is a measure's name, or begins it."""
    shades = specification.palettes[sheet.palette or ""]
    found = {}
    for name in sheet.values:
        key = name if name in shades else name.split("_")[0]
        if key in shades:
            made = computed(specification.measures[name])
            found[names.quoted(model.refer(made.name))] = shades[key].color
    return found


def _encoding(field_name: str, colors: dict[str, str]) -> Element:
    maps = [
        element("map", {"to": color}, [element("bucket", text=bucket)])
        for bucket, color in colors.items()
    ]
    attributes = {"attr": "color", "field": names.bracketed(field_name), "type": "palette"}
    return element("encoding", attributes, maps)
