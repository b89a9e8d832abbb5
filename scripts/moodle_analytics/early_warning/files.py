"""The files of an evaluation, each written as a whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

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
    _write(path, json.dumps(report.to_dict(), indent=2, allow_nan=False) + "\n")


def write_page(path: Path, report: Report) -> None:
    """Write the report as one HTML file with its plots inside. Raises UserError."""
    from moodle_analytics.early_warning import page

    _write(path, page.render(report))


def _write(path: Path, text: str) -> None:
    temporary = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            file.write(text)
        # Such files are made for their owner alone; what replaces a file is as any other.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except OSError as error:
        if temporary:
            with contextlib.suppress(OSError):
                temporary.unlink()
        raise UserError(
            f"{path} cannot be written ({error.strerror}): give another file."
        ) from None
