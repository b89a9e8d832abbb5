"""Where things stand on a page: boxes in rows, for a desk and for a phone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 1200
PHONE_WIDTH = 375
# Tableau measures a page in shares of this, both ways.
WHOLE = 100_000


@dataclass(frozen=True)
class Box:
    """Something on a page: `content` is its key, `weight` its share of the width."""

    content: str
    weight: int = 1


@dataclass(frozen=True)
class Row:
    """Boxes beside each other, so many pixels high; a fixed row never grows."""

    boxes: tuple[Box, ...]
    height: int
    is_fixed: bool = False


@dataclass(frozen=True)
class Placed:
    """A rectangle in shares of the page."""

    x: int
    y: int
    w: int
    h: int


def place(rows: Sequence[Row]) -> list[tuple[Placed, Row, list[Placed]]]:
    """Give each row's place and its boxes': they fill the page and never overlap."""
    ends = _ends([row.height for row in rows], WHOLE)
    found = []
    for row, (top, bottom) in zip(rows, ends, strict=True):
        sides = _ends([box.weight for box in row.boxes], WHOLE)
        boxes = [Placed(left, top, right - left, bottom - top) for left, right in sides]
        found.append((Placed(0, top, WHOLE, bottom - top), row, boxes))
    return found


def height(rows: Sequence[Row]) -> int:
    """Give the height of a page in pixels."""
    return sum(row.height for row in rows)


def _ends(parts: Sequence[int], whole: int) -> list[tuple[int, int]]:
    total = sum(parts)
    sums = itertools.accumulate(parts, initial=0)
    return list(itertools.pairwise(round(whole * part / total) for part in sums))
