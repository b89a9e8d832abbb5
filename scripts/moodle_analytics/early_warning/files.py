"""The files of an evaluation."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from moodle_analytics import output
from moodle_analytics.errors import UserError

if TYPE_CHECKING:
    from moodle_analytics.early_warning.evaluate import Report


class Plain(Protocol):
    """What can be given as plain values."""

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain values for JSON."""


def check(paths: Sequence[Path]) -> None:
    """Raise UserError where one of these files could not be written, before the work begins."""
    if len({path.resolve() for path in paths}) < len(paths):
        raise UserError(f"{paths[0]} is given for two things: give each a file of its own.")
    for path in paths:
        if path.is_dir() or not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise UserError(
                f"{path} cannot be written: give a file in a folder that is there and yours."
            )


def write_json(path: Path, report: Plain) -> None:
    """Write all measures as JSON. Raises UserError."""
    output.write({path: json.dumps(report.to_dict(), indent=2, allow_nan=False) + "\n"})


def write_page(path: Path, report: Report) -> None:
    """Write the report as one HTML file with its plots inside. Raises UserError."""
    from moodle_analytics.early_warning import page

    output.write({path: page.render(report)})
