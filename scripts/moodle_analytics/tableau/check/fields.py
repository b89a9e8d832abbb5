"""A data source's fields: records, columns, calculations, aliases, objects."""

from __future__ import annotations

from collections import Counter

from moodle_analytics.tableau.check import names
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.files import Document, Element
from moodle_analytics.tableau.check.formula import (
    FormulaError,
    UncheckedError,
    parse,
)
from moodle_analytics.tableau.check.kinds import Kind, kind_of
from moodle_analytics.tableau.check.marts import Marts
from moodle_analytics.tableau.check.members import member_problem, member_value, value_text
from moodle_analytics.tableau.check.model import (
    DATATYPES,
    NUMERIC,
    REMOTE_TYPES,
    Field,
    Source,
    main_relation,
    sources,
    tables,
)

_AGGREGATIONS = {
    "integer": ("Sum", "Count", "Avg", "Min", "Max"),
    "real": ("Sum", "Count", "Avg", "Min", "Max"),
    "string": ("Count",),
    "boolean": ("Count",),
    "date": ("Year", "Count", "Min", "Max"),
    "datetime": ("Year", "Count", "Min", "Max"),
}
# An extract has relations of its own.
_LIVE = "objects/object/properties[@context='']/relation"
_TYPES = {
    "dimension": {"nominal", "ordinal"},
    "measure": {"quantitative"},
}


def is_id(name: str) -> bool:
    """Say whether a column names things, so that a sum of it means nothing."""
    return name.endswith(("_id", "_key")) or name == "id"


def is_parameters(source: Source) -> bool:
    """Say whether it holds a workbook's parameters, and no rows."""
    return source.name == names.PARAMETERS


def check_parameters(document: Document, report: Report) -> None:
    """Report parameters that change nothing: no formula reads them."""
    read = "\n".join(one.get("formula") or "" for one in document.root.iter("calculation"))
    for source in sources(document):
        for name in source.fields if is_parameters(source) else ():
            if f"{names.quote(source.name)}.{names.quote(name)}" not in read:
                report.add(source.place, f"has the parameter {name}, which no formula reads")


def check_fields(source: Source, marts: Marts, report: Report) -> None:
    """Report fields that the database does not have, or has with another type."""
    objects = _check_objects(source, report)
    _check_map(source, marts, report)
    _check_records(source, marts, objects, report)
    _check_columns(source, marts, objects, report)
    for name, field in source.fields.items():
        if is_id(name) and field.datatype in NUMERIC and field.role != "dimension":
            report.add(
                source.place,
                f"field {name} is an id, but a {field.role or 'measure'}: Tableau would sum it",
                "make it a dimension",
            )
    for option in source.element.iterfind("date-options"):
        if option.get("start-of-week") != "monday":
            report.add(source.place, f"starts weeks on {option.get('start-of-week')}, not monday")
    if source.element.find("date-options") is None:
        report.add(source.place, "does not say that weeks start on monday")


def _check_map(source: Source, marts: Marts, report: Report) -> None:
    keys: list[str | None] = []
    for one in source.element.iterfind("./connection/cols/map"):
        key, value = one.get("key") or "", one.get("value") or ""
        keys.append(names.bare(key))
        parts = names.split(value)
        if names.bare(key) is None or not parts or len(parts) != 2:
            report.add(source.place, f"maps {key} to {value}, which are no names")
        elif parts[0] not in source.relations:
            report.add(source.place, f"maps {key} to {value}, of a table that is not there")
        elif marts.type_of(source.relations[parts[0]].table, parts[1]) is None:
            report.add(source.place, f"maps {key} to {value}, a column that is not in the table")
    for key, count in Counter(keys).items():
        if count > 1:
            report.add(source.place, f"maps field {key} twice")
    records = {
        names.bare(record.findtext("local-name"))
        for record in source.element.iterfind("./connection/metadata-records/metadata-record")
        if record.get("class") == "column"
    }
    if not records:
        report.add(source.place, "has no metadata records")
    for missing in sorted({key for key in keys if key} - records if records else set()):
        report.add(source.place, f"field {missing} has no metadata record")
    for missing in sorted({name for name in records if name} - set(keys) if keys else set()):
        report.add(source.place, f"field {missing} has a metadata record, but is not mapped")
    if not keys and len(source.relations) > 1:
        report.add(source.place, "joins tables, but maps no field to them")


def _check_records(source: Source, marts: Marts, objects: set[str], report: Report) -> None:
    locals_: list[str] = []
    ordinals: list[str] = []
    for record in source.element.iterfind("./connection/metadata-records/metadata-record"):
        if record.get("class") != "column":
            continue
        local = record.findtext("local-name") or ""
        name, remote = names.bare(local), record.findtext("remote-name") or ""
        parent = names.bare(record.findtext("parent-name"))
        locals_.append(local)
        ordinals.append(record.findtext("ordinal") or "")
        if not ordinals[-1].isdecimal():
            report.add(source.place, f"metadata record {local} has the ordinal {ordinals[-1]}")
        place = f"metadata record {local}"
        if name is None or parent is None:
            report.add(source.place, f"{place} lacks its local or its parent name")
            continue
        if parent not in source.relations:
            report.add(source.place, f"{place} is of table {parent}, which is not there")
            continue
        table = source.relations[parent].table
        found = marts.type_of(table, remote)
        if found is None:
            report.add(source.place, f"{place} is of column {remote}, which is not in {table}")
            continue
        if source.remote.get(name) != (parent, remote):
            report.add(source.place, f"{place} and the map name different columns")
        if record.findtext("remote-alias") not in (None, remote):
            report.add(source.place, f"{place} has the remote alias of another column")
        _check_record_types(source, record, found, report)
        object_id = names.bare(record.findtext("object-id"))
        if objects and object_id not in objects:
            report.add(source.place, f"{place} is of object {object_id}, which is not there")
    for local, count in Counter(locals_).items():
        if count > 1:
            report.add(source.place, f"metadata record {local} is there {count} times")
    if twice := [ordinal for ordinal, count in Counter(ordinals).items() if ordinal and count > 1]:
        report.add(source.place, f"two metadata records have the ordinal {twice[0]}")


def _check_record_types(source: Source, record: Element, found: str, report: Report) -> None:
    place = f"metadata record {record.findtext('local-name')}"
    datatype = record.findtext("local-type") or ""
    expected = DATATYPES.get(found, "string")
    if datatype != expected:
        report.add(source.place, f"{place} is {datatype}, the column is {expected} ({found})")
    code = record.findtext("remote-type") or ""
    allowed = REMOTE_TYPES.get(found)
    if allowed and (not code.isdecimal() or int(code) not in allowed):
        report.add(source.place, f"{place} has the remote type {code}, the column is {found}")
    aggregation = record.findtext("aggregation") or ""
    if aggregation not in _AGGREGATIONS.get(expected, ()):
        report.add(source.place, f"{place} has the aggregation {aggregation} for a {expected}")


def _check_columns(source: Source, marts: Marts, objects: set[str], report: Report) -> None:
    seen: Counter[str] = Counter()
    for column in source.element.iterfind("column"):
        parts = names.split(column.get("name") or "")
        if not parts:
            report.add(source.place, f"has a field {column.get('name')} without brackets")
            continue
        if parts[0] == names.INTERNAL:
            if len(parts) != 2 or parts[1] not in objects:
                report.add(source.place, f"has a field of object {parts[-1]}, which is not there")
            continue
        field = source.fields[parts[0]]
        seen[field.name] += 1
        if field.formula is not None:
            check_calculation(source, field, report)
        elif column.find("calculation") is None:
            _check_stored(source, field, marts, report)
        _check_role(source.place, field, report)
        _check_aliases(source, column, field, marts, report)
    for name, count in seen.items():
        if count > 1:
            report.add(source.place, f"field {name} is there {count} times")
    _check_mentions(source, report)


def _check_stored(source: Source, field: Field, marts: Marts, report: Report) -> None:
    if field.name in (names.MEASURE_NAMES, "Number of Records"):
        return
    origin = source.origin(field.name)
    found = marts.type_of(*origin) if origin else None
    if found is None:
        report.add(source.place, f"field {field.name} is no column of its tables")
    elif field.datatype != DATATYPES.get(found, "string"):
        expected = DATATYPES.get(found, "string")
        report.add(
            source.place,
            f"field {field.name} is {field.datatype}, the column is {expected} ({found})",
        )


def _check_role(place: str, field: Field, report: Report) -> None:
    allowed = _TYPES.get(field.role, set())
    if field.role == "dimension" and field.datatype in (*NUMERIC, "date", "datetime"):
        allowed = allowed | {"quantitative"}
    if field.role == "measure" and field.datatype in ("string", "boolean", "date", "datetime"):
        allowed = allowed | {"nominal", "ordinal"} if field.formula else set()
        if field.formula is None and field.datatype in ("date", "datetime"):
            allowed = {"quantitative", "ordinal"}
    if field.type not in allowed:
        report.add(
            place, f"field {field.name} is {field.role} and {field.type}, of a {field.datatype}"
        )


def _check_aliases(
    source: Source, column: Element, field: Field, marts: Marts, report: Report
) -> None:
    keys: Counter[str] = Counter()
    for alias in column.iterfind("aliases/alias"):
        key = alias.get("key") or ""
        keys[key] += 1
        problem = member_problem(key, field.datatype)
        if problem:
            report.add(source.place, f"field {field.name} has an alias for {key}, {problem}")
            continue
        known = known_values(source, field, marts)
        if known is not None and key != "%null%" and member_value(key) not in known:
            report.add(
                source.place,
                f"field {field.name} has an alias for {key}, a value that is not known",
            )
    for key, count in keys.items():
        if count > 1:
            report.add(source.place, f"field {field.name} has {count} aliases for {key}")


def known_values(source: Source, field: Field, marts: Marts) -> set[str] | None:
    """Give the values of the data and those that the specification has words for."""
    from moodle_analytics.tableau.check.expected import words_of

    origin = source.origin(field.name)
    if origin is None or marts.type_of(*origin) is None:
        return None
    held = marts.values(*origin)
    return None if held is None else {value_text(one) for one in held} | words_of(field.name)


def _check_objects(source: Source, report: Report) -> set[str]:
    """Check the object graph; give the ids of its objects."""
    found: Counter[str] = Counter()
    graph = source.element.find("object-graph")
    if graph is None:
        report.add(source.place, "has no object graph")
        return set()
    wanted = {(one.name, one.schema, one.table) for one in source.relations.values()}
    drawn: set[tuple[str, str, str]] = set()
    for one in graph.iterfind("objects/object"):
        found[one.get("id") or ""] += 1
        for table in tables(one.find("properties[@context='']/relation")):
            parts = names.split(table.get("table") or "") or ("", "")
            drawn.add((table.get("name") or "", parts[0], parts[-1]))
    if drawn != wanted:
        odd = ", ".join(sorted({".".join(one) for one in drawn ^ wanted}))
        report.add(source.place, f"its object graph and its connection differ: {odd}")
    shape = [relation_shape(one) for one in graph.iterfind(_LIVE)]
    main = main_relation(source.element)
    if len(shape) == 1 and main is not None and shape[0] != relation_shape(main):
        report.add(source.place, "its object graph joins in another way than its connection")
    for name, count in found.items():
        if not name or count > 1:
            report.add(source.place, f"object {name} of the graph is there {count} times")
    for point in graph.iterfind("relationships/relationship/*[@object-id]"):
        if point.get("object-id") not in found:
            report.add(source.place, f"relates object {point.get('object-id')}, which is not there")
    return set(found)


def relation_shape(relation: Element) -> tuple[object, ...]:
    """Give a relation without its layout, to compare two."""
    attributes = ("type", "join", "name", "table", "connection", "op")
    return (
        relation.tag,
        tuple(relation.get(attribute) for attribute in attributes),
        tuple(relation_shape(one) for one in relation if one.tag != "columns"),
    )


def _check_mentions(source: Source, report: Report) -> None:
    """Report folders, hierarchies and styles of the source that name fields it has not."""
    for item in source.element.iter("folder-item", "field"):
        named = item.get("name") if item.tag == "folder-item" else item.text
        if names.bare(named) not in source.fields:
            report.add(source.place, f"sorts {named} into a folder or hierarchy; there is none")


def check_calculation(source: Source, field: Field, report: Report) -> None:
    """Report a formula that cannot be read, or that does not give what its field says."""
    place = f"calculation {field.name}"
    try:
        found = kind(source, field.formula or "")
    except UncheckedError as error:
        report.warn(source.place, f"{place} {error}, which is not checked", "compute it in dbt")
        return
    except FormulaError as error:
        report.add(source.place, f"{place} {error}: {field.formula}", "correct the formula")
        return
    if found.datatype not in ("", field.datatype) and not (
        found.datatype == "integer" and field.datatype == "real"
    ):
        report.add(source.place, f"{place} is {field.datatype}, but gives {found.datatype}")
    if found.is_aggregate and field.role != "measure":
        report.add(source.place, f"{place} is an aggregate, but a {field.role}")


def kind(source: Source, formula: str, within: tuple[str, ...] = ()) -> Kind:
    """Work out what a formula of a source gives. Raises FormulaError."""

    def lookup(name: str) -> Kind:
        parts = names.split(name) or ()
        if len(parts) == 2 and parts[0] == source.name:
            parts = parts[1:]
        if len(parts) != 1 or parts[0] not in source.fields:
            raise FormulaError(f"names {name}, which is no field of the source")
        field = source.fields[parts[0]]
        if field.name in within:
            raise FormulaError(f"leads back to {field.name}")
        if field.formula is None:
            return Kind(field.datatype, False)
        return kind(source, field.formula, (*within, field.name))

    return kind_of(parse(formula), lookup)
