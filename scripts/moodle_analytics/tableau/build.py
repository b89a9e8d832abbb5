"""The files for Tableau: two workbooks, a data source each, and the SQL of each sheet."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from moodle_analytics import database, output
from moodle_analytics.dashboard import catalogue, choices, specification
from moodle_analytics.dashboard.specification import Specification
from moodle_analytics.dashboard.sql import SCHEMA, Choice
from moodle_analytics.errors import UserError
from moodle_analytics.tableau import fields, names, queries, workbook
from moodle_analytics.tableau.datasources import Place
from moodle_analytics.tableau.fields import Model
from moodle_analytics.tableau.workbook import FLAVOURS, NEW, Flavour
from moodle_analytics.tableau.xml import Element, is_clean, written

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

FOLDER = Path("target/tableau")
# Whom the workbook connects as, where that is not who builds it.
READER = "TABLEAU_DB_USER"


@dataclass(frozen=True)
class Plan:
    """What the files are made from: the sources as fields, where the marts are, first choices."""

    specification: Specification
    models: Mapping[str, Model]
    choices: Mapping[str, Choice]
    place: Place

    def workbook(self, flavour: Flavour = NEW) -> Element:
        """Make the workbook as a tree."""
        return workbook.workbook(self.specification, self.models, self.choices, self.place, flavour)

    def datasource(self, source: str) -> Element:
        """Make a data source's file as a tree, by the source's name."""
        return workbook.datasource(self.specification, self.models[source], self.place)

    def documents(self) -> dict[str, Element]:
        """Make the workbooks and the data sources, by the files' names."""
        name = names.file_name(self.specification.title)
        found = {f"{name}{one.suffix}.twb": self.workbook(one) for one in FLAVOURS}
        return found | {f"{source}.tds": self.datasource(source) for source in self.models}


def build(
    folder: Path = FOLDER, *, database_name: str | None = None, is_shared: bool = False
) -> list[Path]:
    """Write all files into a folder and name them. Raises UserError.

    The same marts and the same environment give the same bytes.
    """
    server = database.locate()
    with contextlib.closing(database.connect(server, database_name, readonly=True)) as connection:
        made = plan(connection, place_of(server, database_name, is_shared=is_shared))
        texts = queries.queries(connection, made.specification, made.choices, made.place.schema)
    contents = {folder / file: written(root) for file, root in made.documents().items()}
    contents |= {folder / "sql" / path: text.encode() for path, text in texts.items()}
    output.write(contents)
    return list(contents)


def plan(connection: Connection, place: Place, *, from_: Specification | None = None) -> Plan:
    """Read what the files are made from. Raises UserError where a mart or a column is missing."""
    specified = from_ or specification.load()
    marts = catalogue.read(connection, place.schema)
    if not marts:
        raise UserError(
            f"There are no marts in database {place.database} (schema {place.schema}): "
            "run `moodle-analytics build`, then this again."
        )
    models = {
        name: fields.model(specified, source, marts) for name, source in specified.sources.items()
    }
    chosen = choices.first_choices(connection, specified, schema=place.schema)
    return Plan(specified, models, chosen, place)


def place_of(
    server: database.Server, database_name: str | None = None, *, is_shared: bool = False
) -> Place:
    """Say where a workbook finds the marts: as this environment does, without the password."""
    # Tableau has no way to a socket.
    host = "localhost" if server.host.startswith(("/", "@")) else server.host
    found = Place(
        host=host,
        port=server.port,
        database=database_name or server.database,
        user=os.environ.get(READER) or server.user,
        schema=SCHEMA,
        needs_ssl=server.sslmode in ("require", "verify-ca", "verify-full"),
        is_shared=is_shared,
    )
    for value in (found.host, found.database, found.user):
        if not is_clean(value):
            raise UserError(f"{value!r} holds a sign that no workbook can hold: rename it.")
    return found
