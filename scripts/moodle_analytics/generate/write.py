"""Rows into PostgreSQL: COPY from text built column by column, in chunks."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from moodle_analytics.generate.log import CLI, ORIGINS, SERVER_ADDRESS, catalogue
from moodle_analytics.generate.options import NULL, Ints
from moodle_analytics.generate.other import TEMPLATES, render
from moodle_analytics.generate.schema import Column

CHUNK = 100_000
NOTHING = "\\N"
LOG_COLUMNS = (
    "id",
    "eventname",
    "component",
    "action",
    "target",
    "objecttable",
    "objectid",
    "crud",
    "edulevel",
    "contextid",
    "contextlevel",
    "contextinstanceid",
    "userid",
    "courseid",
    "relateduserid",
    "anonymous",
    "other",
    "timecreated",
    "origin",
    "ip",
    "realuserid",
)


def escape(text: str) -> str:
    """Escape a value for COPY's text form."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def address_of(user: int) -> str:
    """Return the invented address of a user, from the ranges kept for documentation."""
    if user == SERVER_ADDRESS:
        return "192.0.2.1"
    return (
        f"2001:db8::{user:x}" if user % 11 == 0 else f"198.51.{user // 250 % 100}.{user % 250 + 1}"
    )


def copy_text(cursor: Any, table: str, columns: Iterable[str], text: str) -> None:
    """COPY prepared text into a table."""
    names = ", ".join(f'"{column}"' for column in columns)
    cursor.copy_expert(f'copy "{table}" ({names}) from stdin', io.StringIO(text))


def _texts(values: Any, rows: int) -> list[str]:
    array = np.asarray(values)
    if array.ndim == 0:
        array = np.broadcast_to(array, rows)
    if array.dtype.kind in "iu":
        nothing = array == NULL
        texts = list(map(str, array.tolist()))
        for position in np.flatnonzero(nothing).tolist():
            texts[position] = NOTHING
        return texts
    if array.dtype.kind == "b":
        return ["1" if value else "0" for value in array.tolist()]
    if array.dtype.kind == "f":
        return [NOTHING if value != value else f"{value:.5f}" for value in array.tolist()]
    return [NOTHING if value is None else escape(str(value)) for value in array.tolist()]


def write_table(cursor: Any, table: str, columns: Sequence[Column], data: Mapping[str, Any]) -> int:
    """Write one table from its arrays (scalars are spread); return the rows.

    Columns that the version lacks are left out, columns without data get their default.
    """
    sized = [len(values) for values in data.values() if np.ndim(values) == 1]
    rows = sized[0] if sized else 0
    if not rows:
        return 0
    given = [column.name for column in columns if column.name in data]
    for start in range(0, rows, CHUNK):
        size = min(CHUNK, rows - start)
        parts = [
            _texts(
                data[name] if np.ndim(data[name]) == 0 else data[name][start : start + size], size
            )
            for name in given
        ]
        text = "\n".join(map("\t".join, zip(*parts, strict=True))) + "\n"
        copy_text(cursor, table, given, text)
    return rows


def _other_texts(rows: Mapping[str, Ints], part: slice, serialised_until: int) -> Iterator[str]:
    """Yield `other` row by row; each distinct value is rendered once."""
    ready: dict[tuple[int, ...], str] = {}
    keys = zip(
        rows["other"][part].tolist(),
        rows["a"][part].tolist(),
        rows["b"][part].tolist(),
        rows["c"][part].tolist(),
        (rows["time"][part] < serialised_until).tolist(),
        strict=True,
    )
    for key in keys:
        text = ready.get(key)
        if text is None:
            code, a, b, c, serialised = key
            text = ready[key] = escape(render(code, a, b, c, serialised=serialised))
        yield text


def log_chunks(rows: Mapping[str, Ints], serialised_until: int) -> Iterator[tuple[int, str]]:
    """Yield the log's rows as COPY text, with their number, chunk by chunk.

    `serialised_until`: rows before this epoch second hold PHP, later ones JSON.
    """
    assert len(TEMPLATES) > int(rows["other"].max())
    before = [
        "\t".join(map(escape, (event.name, event.component, event.action, event.target)))
        + f"\t{event.object_table or NOTHING}"
        for event in catalogue().values()
    ]
    after = [f"{event.crud}\t{event.edulevel}" for event in catalogue().values()]
    total = len(rows["time"])
    addresses: dict[int, str] = {}
    for start in range(0, total, CHUNK):
        part = slice(start, min(start + CHUNK, total))
        size = part.stop - start
        events = rows["event"][part].tolist()
        origins = rows["origin"][part].tolist()
        seen = rows["address"][part].tolist()
        for user in set(seen) - addresses.keys():
            addresses[user] = address_of(user)
        columns: list[Iterable[str]] = [
            map(str, range(start + 1, start + size + 1)),
            [before[event] for event in events],
            _texts(rows["object"][part], size),
            [after[event] for event in events],
            *(
                _texts(rows[name][part], size)
                for name in (
                    "context",
                    "level",
                    "instance",
                    "user",
                    "course",
                    "related",
                    "anonymous",
                )
            ),
            _other_texts(rows, part, serialised_until),
            _texts(rows["time"][part], size),
            [ORIGINS[origin] for origin in origins],
            [
                NOTHING if origin == CLI else addresses[user]
                for origin, user in zip(origins, seen, strict=True)
            ],
            _texts(rows["real"][part], size),
        ]
        yield size, "\n".join(map("\t".join, zip(*columns, strict=True))) + "\n"


def write_log(
    cursor: Any,
    table: str,
    rows: Mapping[str, Ints],
    *,
    serialised_until: int,
    advance: Callable[[int], None],
) -> int:
    """COPY the log in chunks; `advance` is told the rows of each."""
    for size, text in log_chunks(rows, serialised_until):
        copy_text(cursor, table, LOG_COLUMNS, text)
        advance(size)
    return len(rows["time"])
