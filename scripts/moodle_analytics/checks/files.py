"""The files of a check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from moodle_analytics import output
from moodle_analytics.early_warning import files
from moodle_analytics.errors import UserError

if TYPE_CHECKING:
    from moodle_analytics.checks.job import Report


def check(json_file: Path | None, page: Path | None, data_docs: Path | None) -> None:
    """Raise UserError where one of these could not be written, before the work begins."""
    files.check([path for path in (json_file, page) if path])
    if data_docs is None:
        return
    if data_docs.exists() and not (
        data_docs.is_dir() and (not any(data_docs.iterdir()) or (data_docs / "index.html").exists())
    ):
        raise UserError(
            f"{data_docs} is no folder for Data Docs: give a new or an empty one, or one that "
            "holds such pages already."
        )
    if not data_docs.exists() and not data_docs.parent.is_dir():
        raise UserError(f"{data_docs} cannot be made: {data_docs.parent} is no folder.")


def write_json(path: Path, report: Report) -> None:
    """Write the outcomes as JSON. Raises UserError."""
    text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    output.write({path: text + "\n"})


def write_page(path: Path, report: Report) -> None:
    """Write the outcomes as one HTML file that needs nothing else. Raises UserError."""
    from moodle_analytics.checks import page

    output.write({path: page.render(report)})
