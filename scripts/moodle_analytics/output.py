"""The files that commands write for people, each as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from moodle_analytics.errors import UserError


def write(contents: Mapping[Path, str | bytes]) -> None:
    """Write files, making their folders; none is replaced before all lie beside their places.

    Raises UserError where one cannot be written.
    """
    # What tempfile makes is for its owner alone; what replaces a file is as any other.
    mask = os.umask(0)
    os.umask(mask)
    waiting: list[tuple[Path, Path]] = []
    path = Path()
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(
                dir=path.parent, prefix=f".{path.name}.", delete=False
            ) as file:
                waiting.append((Path(file.name), path))
                file.write(content.encode() if isinstance(content, str) else content)
            Path(file.name).chmod(0o666 & ~mask)
        for temporary, path in waiting:
            temporary.replace(path)
    except OSError as error:
        for temporary, _ in waiting:
            with contextlib.suppress(OSError):
                temporary.unlink()
        raise UserError(
            f"{path} cannot be written ({error.strerror}): name another place."
        ) from None
