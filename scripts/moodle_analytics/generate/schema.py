"""Moodle's tables in a given version: what to create, and with which indexes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from moodle_analytics.errors import UserError
from moodle_analytics.site import CORE_TABLES

VERSIONS = (
    "2.7", "3.1", "3.5", "3.6", "3.7", "3.8", "3.9",
    "3.10", "3.11", "4.0", "4.1", "4.2", "4.3", "4.5",
)  # fmt: skip

# The reduced dump's user table: no name, e-mail or time zone, but a country name and a gender.
REDUCED_USER = {
    "id": "bigint not null",
    "confirmed": "smallint not null default 0",
    "policyagreed": "smallint not null default 0",
    "deleted": "smallint not null default 0",
    "suspended": "smallint not null default 0",
    "idnumber": "varchar(255) not null default ''",
    "country": "varchar(120)",
    "lang": "varchar(30) not null default 'en'",
    "firstaccess": "bigint not null default 0",
    "lastaccess": "bigint not null default 0",
    "lastlogin": "bigint not null default 0",
    "currentlogin": "bigint not null default 0",
    "lastip": "varchar(45) not null default ''",
    "gender": "varchar(20)",
    "CountryCode": "varchar(2)",
}

LOG_INDEXES = {
    "tim": "timecreated",
    "couanotim": "courseid, anonymous, timecreated",
    "useconconcr": "userid, contextlevel, contextinstanceid, crud, edulevel, timecreated",
    "con": "contextid",
}

_SPAN = re.compile(r"^(?P<type>.*?)(?: since (?P<since>[\d.]+))?(?: until (?P<until>[\d.]+))?$")


@dataclass(frozen=True)
class Column:
    """One column: its SQL type with NOT NULL and default, and the value that stands for 'unset'."""

    name: str
    definition: str

    @property
    def unset(self) -> str | None:
        """The default as text, or None for NULL."""
        match = re.search(r" default (.+)$", self.definition)
        if match:
            return match.group(1).strip("'")
        if "not null" not in self.definition:
            return None
        return "" if self.definition.startswith(("varchar", "text")) else "0"


def version_key(version: str) -> tuple[int, ...]:
    """Return a version as numbers, so that 3.10 follows 3.9."""
    return tuple(int(part) for part in version.split("."))


def check_version(version: str) -> str:
    """Return the version when it is one that can be made; `UserError` otherwise."""
    if version not in VERSIONS:
        raise UserError(
            f"Moodle version {version!r} cannot be made; choose one of {', '.join(VERSIONS)}."
        )
    return version


def tables(version: str, *, reduced: bool = False) -> dict[str, list[Column]]:
    """Return every table of that version with its columns, in Moodle's order.

    Reduced keeps the 16 core tables and cuts the user table to what the reduced dump holds.
    """
    text = files("moodle_analytics.generate").joinpath("schema.yml").read_text(encoding="utf-8")
    written: dict[str, Any] = yaml.safe_load(text)
    found = {
        name: _columns(table["columns"], version)
        for name, table in written.items()
        if version_key(table.get("since", "0")) <= version_key(version)
    }
    if not reduced:
        return found
    small = {name: found[name] for name in CORE_TABLES}
    small["user"] = [Column(name, definition) for name, definition in REDUCED_USER.items()]
    return small


def _columns(written: dict[str, str], version: str) -> list[Column]:
    columns = []
    for name, spans in written.items():
        for span in spans.split(" | "):
            match = _SPAN.match(span)
            assert match is not None
            since, until = match["since"] or "0", match["until"] or "99"
            if version_key(since) <= version_key(version) <= version_key(until):
                columns.append(Column(name, match["type"]))
                break
    return columns


def create_statements(found: dict[str, list[Column]], prefix: str) -> list[str]:
    """Return the CREATE TABLE statements, with a primary key on id."""
    statements = []
    for name, columns in found.items():
        body = ",\n    ".join(f'"{column.name}" {column.definition}' for column in columns)
        statements.append(f'create table "{prefix}{name}" (\n    {body}\n)')
    return statements


def finish_statements(found: dict[str, list[Column]], prefix: str) -> list[str]:
    """Return what is quicker after the rows are in: primary keys, the log's indexes, statistics."""
    statements = [
        f'alter table "{prefix}{name}" add constraint "{prefix}{name}_id_pk" primary key (id)'
        for name in found
    ]
    log = f"{prefix}logstore_standard_log"
    statements += [
        f'create index "{prefix}logsstanlog_{short}_ix" on "{log}" ({columns})'
        for short, columns in LOG_INDEXES.items()
    ]
    return [*statements, "analyze"]
