"""Opens OULAD's CSV files and checks their columns: one clear sentence for what is wrong."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from moodle_analytics.errors import UserError

Frame = Any

MISSING = ("", "?")
_MOST = 1_000_000_000
_DAYS = (-10_000, 10_000)
# What a number may be; any other one is a file that was damaged or is not OULAD's.
_RANGES = {
    "date": _DAYS,
    "date_registration": _DAYS,
    "date_unregistration": _DAYS,
    "date_submitted": _DAYS,
    "module_presentation_length": (1, 10_000),
    "num_of_prev_attempts": (0, 100),
    "score": (0, 100),
    "weight": (0, 1_000),
}
_FRACTIONS = ("score", "weight")
_WORDS = {
    "assessment_type": ("TMA", "CMA", "Exam"),
    "final_result": ("Pass", "Distinction", "Fail", "Withdrawn"),
}
_TRUE, _FALSE = ("true", "1", "1.0"), ("false", "0", "0.0")
_UNREADABLE = (
    OSError,
    EOFError,
    zlib.error,
    UnicodeDecodeError,
    pd.errors.ParserError,
    pd.errors.EmptyDataError,
)
_RESTORE = "take the file as OULAD published it."


class _Counted:
    """A stream whose `tell` is the place in the file on disk, packed or not."""

    def __init__(self, stream: Any, raw: Any) -> None:
        self._stream, self._raw = stream, raw

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        return data

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def tell(self) -> int:
        return int(self._raw.tell())


@contextmanager
def opened(path: Path, wanted: Sequence[str]) -> Iterator[Any]:
    """Open a file whose header has the wanted columns; its `tell` counts bytes on disk.

    Raises UserError, also for what goes wrong while it is read.
    """
    try:
        with path.open("rb") as raw:
            stream: Any = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            header = stream.readline().decode("utf-8-sig")
            columns = [word.strip().strip('"') for word in header.split(",")]
            missing = [column for column in wanted if column not in columns]
            if missing:
                raise UserError(
                    f"{path} lacks the column {', '.join(missing)} (it has "
                    f"{', '.join(columns)[:200] or 'none'}): {_RESTORE}"
                )
            stream.seek(0)
            yield _Counted(stream, raw)
    except _UNREADABLE as error:
        raise UserError(
            f"{path} cannot be read ({str(error).strip()[:120]}): copy or unpack it again."
        ) from None


def numbers(path: Path, raw: Frame, first_line: int, *, is_needed: bool) -> Frame:
    """Turn a column into whole numbers ('19' and '19.0'), scores and weights into any.

    Where numbers may be missing, and for scores and weights, they are floats, NaN if missing.
    Raises UserError with the line of the first that is none.
    """
    values = pd.to_numeric(raw, errors="coerce")
    low, high = _RANGES.get(raw.name, (0, _MOST))
    is_bad = (values < low) | (values > high) | (values.isna() & (raw.notna() | is_needed))
    if raw.name not in _FRACTIONS:
        is_bad |= values.notna() & (values % 1 != 0)
    _refuse(path, raw, is_bad, first_line, f"a number from {low:,} to {high:,}")
    return values.astype(np.int64) if is_needed and raw.name not in _FRACTIONS else values


def words(path: Path, raw: Frame) -> Frame:
    """Strip a column of texts, missing ones empty. Raises UserError for an unknown word."""
    texts = raw.fillna("").str.strip()
    known = _WORDS.get(raw.name)
    if known:
        _refuse(path, raw, ~texts.isin(known), 2, " or ".join(known))
    return texts


def flags(path: Path, raw: Frame) -> Frame:
    """Turn 0 and 1, True and False into booleans. Raises UserError."""
    texts = raw.fillna("").str.strip().str.lower()
    _refuse(path, raw, ~texts.isin([*_TRUE, *_FALSE]), 2, "0 or 1")
    return texts.isin(_TRUE)


def check_keys(path: Path, frame: Frame, names: Sequence[str]) -> None:
    """Refuse two rows of the same thing: they would be two truths."""
    twice = frame.duplicated(list(names))
    if twice.any():
        row = frame.loc[twice, list(names)].iloc[0]
        shown = ", ".join(f"{name} {row[name]}" for name in names)
        raise UserError(f"{path} holds {shown} twice: {_RESTORE}")


def _refuse(path: Path, raw: Frame, is_bad: Frame, first_line: int, wanted: str) -> None:
    if not is_bad.any():
        return
    place = int(np.flatnonzero(is_bad.to_numpy())[0])
    value = raw.iloc[place]
    shown = "missing" if pd.isna(value) else repr(str(value)[:40])
    raise UserError(
        f"{path}, line {first_line + place}: {raw.name} is {shown} where {wanted} belongs: "
        f"{_RESTORE}"
    )
