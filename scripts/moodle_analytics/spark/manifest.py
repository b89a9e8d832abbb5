"""What a folder of an export holds: the record that says which files belong to it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from moodle_analytics import output
from moodle_analytics.errors import UserError

NAME = "export.json"
_VERSION = 1


@dataclass
class Chunk:
    """Rows written together: how many, what they were (as a digest), and in which files."""

    rows: int
    digest: str
    files: list[str]


@dataclass
class Written:
    """A table of the export: its columns (name and type), and its chunks by number."""

    columns: list[tuple[str, str]]
    chunks: dict[str, Chunk] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        """Rows of all chunks."""
        return sum(chunk.rows for chunk in self.chunks.values())


@dataclass
class Manifest:
    """An export: where its tables come from, how they were cut, what is there of each.

    Tables are named `source.name`. `is_complete` is false while it is being written.
    """

    origin: dict[str, Any]
    tables: dict[str, Written] = field(default_factory=dict)
    is_complete: bool = False

    def save(self, folder: Path) -> None:
        """Write it, whole or not at all. Raises UserError where it cannot be written."""
        text = json.dumps({"version": _VERSION, **asdict(self)}, indent=1)
        output.write({folder / NAME: text + "\n"})

    def files_of(self, table: str) -> list[str]:
        """Give the paths, relative to the folder, of a table's files."""
        return [name for chunk in self.tables[table].chunks.values() for name in chunk.files]

    def files(self) -> set[str]:
        """Give the paths of all files that belong to it."""
        return {name for table in self.tables for name in self.files_of(table)}


def read(folder: Path) -> Manifest | None:
    """Read the record of a folder; None where there is none. Raises UserError on a damaged one."""
    path = folder / NAME
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("version") != _VERSION:
            raise ValueError
        tables = {
            name: Written(
                [(column, kind) for column, kind in table["columns"]],
                {number: Chunk(**chunk) for number, chunk in table["chunks"].items()},
            )
            for name, table in found.pop("tables").items()
        }
        return Manifest(tables=tables, **found)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            f"{path} is no record of an export by this version: name another folder, or add --anew."
        ) from None


def complete(folder: Path) -> Manifest:
    """Read the record of a finished export. Raises UserError where there is none, or it is not."""
    found = read(folder)
    if found is None:
        raise UserError(
            f"There is no export in {folder}: run `moodle-analytics export --to {folder}`."
        )
    if not found.is_complete:
        raise UserError(
            f"The export in {folder} is not finished: run `moodle-analytics export --to {folder}` "
            "again, which goes on where it was stopped."
        )
    missing = sorted(name for name in found.files() if not (folder / name).is_file())
    if missing:
        raise UserError(
            f"{folder / missing[0]} is missing of the export ({len(missing)} such): run "
            f"`moodle-analytics export --to {folder}` again, which writes it anew."
        )
    return found
