"""A data source's connection and tables, against the database."""

from __future__ import annotations

from moodle_analytics.tableau.check import names, whole
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.files import Document, Element
from moodle_analytics.tableau.check.marts import Marts
from moodle_analytics.tableau.check.model import DATATYPES, NUMERIC, Source, main_relation
from moodle_analytics.tableau.datasources import WHO_LOOKS

_LIVE = "object-graph/objects/object/properties[@context='']//relation"
_SSL_MODES = ("", "disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def check_connection(source: Source, document: Document, marts: Marts, report: Report) -> None:
    """Report what is wrong with where a data source gets its rows."""
    outer = source.element.find("connection")
    if outer is None:
        report.add(source.place, "has no connection")
        return
    if outer.get("class") != "federated":
        report.add(source.place, f"has a connection of class {outer.get('class')}, not federated")
    named = outer.findall("named-connections/named-connection")
    if not named:
        report.add(source.place, "has no named connection")
    known: list[str] = []
    for one in named:
        name = one.get("name") or ""
        if name in known:
            report.add(source.place, f"has two connections named {name}")
        known.append(name)
        inner = one.findall("connection")
        if len(inner) != 1:
            report.add(source.place, f"connection {name} holds {len(inner)} connections, not one")
        for connection in inner:
            if not name.startswith(f"{connection.get('class')}."):
                report.add(
                    source.place,
                    f"connection {name} is of class {connection.get('class')}, unlike its name",
                )
            _check_postgres(source, connection, marts, report)
    for relation in [*outer.iter("relation"), *source.element.iterfind(_LIVE)]:
        used = relation.get("connection")
        if used is not None and used not in known:
            report.add(source.place, f"takes a table from connection {used}, which is not there")
    _check_extract(source, document, report)


def _check_postgres(source: Source, connection: Element, marts: Marts, report: Report) -> None:
    place = source.place
    if connection.get("class") != "postgres":
        report.add(place, f"connects to {connection.get('class')}, not to postgres")
        return
    if connection.get("dbname") != marts.place.database:
        report.add(
            place,
            f"connects to database {connection.get('dbname')}, checked is {marts.place.database}",
            "name the database with --database, or rebuild",
        )
    if connection.get("schema") != marts.schema:
        report.add(place, f"connects to schema {connection.get('schema')}, not {marts.schema}")
    server = connection.get("server") or ""
    if not whole.is_plain(server):
        # Its value may hold a secret, and is not repeated.
        report.add(place, "has more than a name in server: no user, secret, port or path is of it")
        server = marts.place.host
    there = {"server": server, "port": connection.get("port")}
    for attribute, value in (("server", marts.place.host), ("port", str(marts.place.port))):
        if there[attribute] != value:
            report.warn(
                place,
                f"connects to {attribute} {there[attribute]}, checked is {value}",
                "right where Tableau finds the server by another address, else rebuild",
            )
    if marts.place.needs_ssl and not (connection.get("sslmode") or "").startswith(("re", "ve")):
        report.add(place, "connects without TLS, which this environment demands")
    port = connection.get("port") or ""
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        report.add(place, f"connects to port {port or 'nowhere'}, which is none")
    for attribute in ("server", "username"):
        if not (connection.get(attribute) or "").strip():
            report.add(place, f"connects without a {attribute}")
    expected = {"authentication": "username-password", "workgroup-auth-mode": "prompt"}
    for attribute, value in expected.items():
        if connection.get(attribute) != value:
            report.add(place, f"has {attribute} {connection.get(attribute)}, not {value}")
    if (connection.get("sslmode") or "") not in _SSL_MODES:
        report.add(place, f"has sslmode {connection.get('sslmode')}, which is none")
    if connection.get("one-time-sql") not in (None, "", WHO_LOOKS):
        said = whole.said("one-time-sql", connection.get("one-time-sql"))
        report.add(place, f"runs SQL when it connects: {said}")
    for attribute in ("query-band-spec", "odbc-connect-string-extras"):
        if connection.get(attribute):
            said = whole.said(attribute, connection.get(attribute))
            report.add(place, f"has {attribute} {said}")


def _check_extract(source: Source, document: Document, report: Report) -> None:
    for extract in source.element.findall("extract"):
        for connection in extract.iter("connection"):
            name = connection.get("dbname") or ""
            if document.is_package and connection.get("class") in ("hyper", "federated"):
                if name and name not in document.members:
                    report.add(
                        source.place,
                        f"has its extract in {name}, not in the package",
                        "run `moodle-analytics tableau extract`",
                    )
            elif not document.is_package:
                report.add(source.place, "has an extract, but the file is no package")


def check_tables(source: Source, marts: Marts, report: Report) -> None:
    """Report tables and joins that the database does not have."""
    relation = main_relation(source.element)
    if relation is None:
        report.add(source.place, "has no table")
        return
    seen: set[str] = set()
    for one in relation.iter("relation"):
        kind = one.get("type")
        if kind == "join":
            _check_join(source, one, marts, report)
            continue
        if kind != "table":
            report.add(source.place, f"has a relation of type {kind}: only tables are checked")
            continue
        name = one.get("name") or ""
        if name in seen:
            report.add(source.place, f"has two tables named {name}")
        seen.add(name)
        parts = names.split(one.get("table") or "")
        if not parts or len(parts) != 2:
            report.add(source.place, f"has a table {one.get('table')} that is not [schema].[table]")
        elif parts[0] != marts.schema:
            report.add(source.place, f"reads schema {parts[0]}, not {marts.schema}")
        elif parts[1] not in marts.tables:
            report.add(
                source.place,
                f"reads table {parts[1]}, which is not in schema {parts[0]}",
                "build the marts, or correct the name",
            )
        if one.get("connection") is None:
            report.add(source.place, f"table {name} names no connection")


def _check_join(source: Source, join: Element, marts: Marts, report: Report) -> None:
    if join.get("join") not in ("inner", "left"):
        report.add(source.place, f"has a {join.get('join')} join, not an inner or a left one")
    sides = [
        {table.get("name") for table in one.iter("relation") if table.get("type") == "table"}
        for one in join.findall("relation")
    ]
    clauses = join.findall("clause")
    if len(sides) != 2 or len(clauses) != 1 or clauses[0].get("type") != "join":
        report.add(source.place, "has a join that is not of two tables by one clause")
        return
    comparisons = [one for one in clauses[0].iter("expression") if len(one) == 2]
    for one in comparisons:
        if (one.get("op") or "").upper() == "AND":
            continue
        if one.get("op") != "=":
            report.add(source.place, f"joins by {one.get('op')}, not by =")
        _check_keys(source, [side.get("op") or "" for side in one], sides, marts, report)
    if not any(one.get("op") == "=" for one in comparisons):
        report.add(source.place, "has a join without an equal key")


def _check_keys(
    source: Source, keys: list[str], sides: list[set[str]], marts: Marts, report: Report
) -> None:
    types = []
    for key, side in zip(keys, sides, strict=True):
        parts = names.split(key) or ()
        if len(parts) != 2 or parts[0] not in source.relations:
            report.add(source.place, f"joins by {key}, which is of none of its tables")
            return
        if parts[0] not in side:
            report.add(source.place, f"joins by {key} on the wrong side")
        found = marts.type_of(source.relations[parts[0]].table, parts[1])
        if found is None:
            report.add(source.place, f"joins by {key}, a column that is not in the table")
            return
        types.append(DATATYPES.get(found, found))
    if types[0] != types[1] and not set(types) <= set(NUMERIC):
        report.add(source.place, f"joins {keys[0]} ({types[0]}) to {keys[1]} ({types[1]})")
