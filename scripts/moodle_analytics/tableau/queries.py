"""Each sheet's SQL as a file that runs as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from moodle_analytics.dashboard.specification import Sheet, Specification
from moodle_analytics.dashboard.sql import Choice, sheet_query

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

_HEADER = "header"


def queries(
    connection: Connection,
    specification: Specification,
    choices: Mapping[str, Choice],
    schema: str,
) -> dict[str, str]:
    """Give the SQL of all sheets, by the files' names: <page>/<sheet>.sql."""
    of_page = {sheet.name: page for page in specification.pages for sheet in page.sheets}
    found = {}
    for sheet in specification.sheets():
        page = of_page.get(sheet.name)
        query = sheet_query(specification, sheet, choices, schema=schema).as_string(connection)
        folder, title = (page.name, page.title) if page else (_HEADER, "every page")
        found[f"{folder}/{sheet.name}.sql"] = f"{_comment(sheet, title)}{query}\n;\n"
    return found


def _comment(sheet: Sheet, page: str) -> str:
    tables = [sheet.source.table, *(join.table for join in sheet.source.joins)]
    lines = [
        f"page: {page}",
        f"sheet: {sheet.title}",
        f"source: {sheet.source.caption} ({', '.join(tables)})",
        f"grain: {sheet.source.grain}",
    ]
    if sheet.filters:
        lines.append(f"filters: {', '.join(filter_.caption for filter_ in sheet.filters)}")
    return "".join(f"-- {line}\n" for line in lines)
