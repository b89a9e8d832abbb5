"""The files of the report, each written as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from moodle_analytics.errors import UserError


def check(path: Path, folder: Path | None = None) -> None:
    """Raise UserError where the file, or files in the folder, could not be written.

    Folders that are absent can be made; this makes none.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder: give a file, as {path / 'report.html'}.")
    for wanted in (path.parent, *([folder] if folder else [])):
        there = next(one for one in (wanted, *wanted.absolute().parents) if one.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise UserError(f"{wanted} cannot be written into: give a folder of yours.")


def write(files: Iterable[tuple[Path, bytes]]) -> None:
    """Write files, making their folders. Raises UserError; each file is then as it was."""
    for path, content in files:
        temporary = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=path.parent, prefix=f".{path.name}.", delete=False
            ) as file:
                temporary = Path(file.name)
                file.write(content)
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
