"""Names and ids in Tableau's files: made of what they name, so that a second build is the same."""

from __future__ import annotations

import hashlib
import re
import uuid

from moodle_analytics.dashboard.specification import Specification

_SPACE = uuid.UUID("6f1d0c54-5d0a-4c55-9f3e-6d6f6f646c65")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def hashed(kind: str, name: str) -> str:
    """Give 28 signs that stand for a name, as Tableau has them behind `federated.`."""
    number = int.from_bytes(hashlib.sha256(f"{kind}:{name}".encode()).digest(), "big")
    signs = []
    for _ in range(28):
        number, digit = divmod(number, len(_DIGITS))
        signs.append(_DIGITS[digit])
    return "".join(signs)


def datasource(source: str) -> str:
    """Name a data source."""
    return f"federated.{hashed('source', source)}"


def connection(source: str) -> str:
    """Name the connection of a data source."""
    return f"postgres.{hashed('connection', source)}"


def table_object(source: str, table: str) -> str:
    """Give the id of a data source's table in its object graph."""
    return f"{table}_{uuid.uuid5(_SPACE, f'{source}.{table}').hex.upper()}"


def simple_id(kind: str, name: str) -> str:
    """Give the id of a worksheet, a dashboard or a window."""
    return f"{{{str(uuid.uuid5(_SPACE, f'{kind}.{name}')).upper()}}}"


def file_name(title: str) -> str:
    """Give the title as a file is called."""
    return re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")


def worksheets(specification: Specification) -> dict[str, str]:
    """Give each sheet's name in the workbook: its title, with the page's where it is not alone."""
    of_page = {sheet.name: page.title for page in specification.pages for sheet in page.sheets}
    titles = [sheet.title for sheet in specification.sheets()]
    taken = {*of_page.values(), *(title for title in titles if titles.count(title) > 1)}
    found: dict[str, str] = {}
    for sheet in specification.sheets():
        name = sheet.title
        if name in taken:
            name = f"{name} ({of_page.get(sheet.name, sheet.name)})"
        found[sheet.name] = name if name not in found.values() else f"{name} [{sheet.name}]"
    return found


def bracketed(name: str) -> str:
    """Bracket the name of a field."""
    return "[" + name.replace("]", "]]") + "]"


def quoted(value: str) -> str:
    """Write a text as a member of a field."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
