"""The entity diagram of the marts as SVG: the same marts give the same text.

What others refer to has a rail of its own that runs down the middle, fed by its box; a line leads
from each column to the rail of what it refers to: many (crow's foot) to one (bar), or to one or
none (ring).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from moodle_analytics.docs.entities import Entity, Reference

# Told apart with any kind of colour vision (after Okabe and Ito), dark enough on white.
_COLORS = ("#0072b2", "#b34700", "#007a5a", "#a8407f", "#4d4d4d", "#8a6d00", "#1b5e8c", "#7a2e2e")
_WIDTH, _MARGIN = 1180, 20
# Heights are multiples of a row, and the right side stands half a row lower: no two lines overlap.
_ROW = 18
_BOX, _HEAD, _FOOT, _GAP, _TITLE = 316, 27, 9, 18, 18
_RAIL_FIRST, _RAIL_LAST = _MARGIN + _BOX + 70, _WIDTH - _MARGIN - _BOX - 70
_TOP, _JOG = 64, 14
_STYLE = """
text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #1a1a1a }
.name { font-weight: 700 }
.subject, .what, .mark { font-family: system-ui, sans-serif }
.subject { font-size: 13px; font-weight: 700; fill: #4d4d4d }
.what { font-size: 13px }
.mark { font-size: 9px; fill: #4d4d4d }
.box { fill: #fff; stroke: #767676 }
.head { fill: #eef1f4; stroke: #767676 }
.line { fill: none; stroke-width: 1.6 }
.rail { fill: none; stroke-width: 3 }
.ring { fill: #fff; stroke-width: 1.6 }
"""


@dataclass(frozen=True)
class _Rail:
    """Where the line of an entity that others refer to runs: x, and its colour."""

    x: float
    color: str


@dataclass(frozen=True)
class _Place:
    """Where a box stands, and whether its lines leave to the right."""

    entity: Entity
    x: float
    y: float
    is_left: bool = True
    width: float = _BOX

    @property
    def height(self) -> float:
        return _height(self.entity)

    @property
    def edge(self) -> float:
        return self.x + self.width if self.is_left else self.x

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    def row(self, column: str) -> float:
        """Give the middle of a column's row."""
        return self.y + _HEAD + _ROW * (self.entity.columns().index(column) + 0.5)


def draw(entities: Sequence[Entity]) -> str:
    """Give the diagram as the text of an SVG file."""
    targets = _targets(entities)
    roots = [one for one in targets if not one.references]
    rails = _rails(roots, [one for one in targets if one.references])
    top = _top_row(roots)
    first = _TOP + max((place.height for place in top), default=0) + _JOG * (len(roots) // 2 + 2)
    sides, headings, end = _sides([one for one in entities if one not in roots], targets, first)
    height = end + _MARGIN
    lowest = _lowest(sides)
    lines = [
        *_header(height, len(entities)),
        *(_root_rail(place, top, rails, lowest) for place in top),
        *(_own_rail(place, rails, lowest) for place in sides if place.entity.name in rails),
        *(line for place in sides for line in _references(place, rails)),
        *headings,
        *(line for place in [*top, *sides] for line in _box(place)),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _targets(entities: Sequence[Entity]) -> list[Entity]:
    """Give what others refer to, the most referred to first."""
    counts: dict[str, int] = {}
    for entity in entities:
        for reference in entity.references:
            counts[reference.entity] = counts.get(reference.entity, 0) + 1
    found = [one for one in entities if one.name in counts]
    return sorted(found, key=lambda one: (-counts[one.name], one.name))


def _rails(roots: Sequence[Entity], others: Sequence[Entity]) -> dict[str, _Rail]:
    """Give each target a rail: those of the sides outside, those of the top between them."""
    left, right = others[0::2], others[1::2]
    order = [*left, *roots, *reversed(right)]
    step = (_RAIL_LAST - _RAIL_FIRST) / max(len(order) - 1, 1)
    return {
        one.name: _Rail(round(_RAIL_FIRST + number * step, 1), _COLORS[number % len(_COLORS)])
        for number, one in enumerate(order)
    }


def _top_row(roots: Sequence[Entity]) -> list[_Place]:
    room = _WIDTH - 2 * _MARGIN
    width = min(_BOX, room / max(len(roots), 1) - _GAP)
    step = (room - width) / max(len(roots) - 1, 1)
    return [
        _Place(one, round(_MARGIN + number * step, 1), _TOP, width=round(width, 1))
        for number, one in enumerate(roots)
    ]


def _height(entity: Entity) -> float:
    return _HEAD + _ROW * len(entity.columns()) + _FOOT


def _sides(
    entities: Sequence[Entity], targets: Sequence[Entity], first: float
) -> tuple[list[_Place], list[str], float]:
    """Place the boxes by subject, left and right, what others refer to on top."""
    referred = [one for one in targets if one in entities]
    subjects: dict[str, list[Entity]] = {}
    for entity in entities:
        if entity not in referred:
            subjects.setdefault(entity.subject, []).append(entity)
    ends = [first, first + _ROW / 2]
    places: list[_Place] = []
    headings: list[str] = []

    def put(side: int, group: Iterable[Entity]) -> None:
        x = _MARGIN if side == 0 else _WIDTH - _MARGIN - _BOX
        for entity in group:
            places.append(_Place(entity, x, ends[side], side == 0))
            ends[side] += _height(entity) + _GAP

    for number, entity in enumerate(referred):
        put(number % 2, [entity])
    tallest = sorted(subjects, key=lambda name: (-sum(map(_height, subjects[name])), name))
    for subject in tallest:
        side = ends.index(min(ends))
        x = _MARGIN if side == 0 else _WIDTH - _MARGIN - _BOX
        title = escape(subject.replace("_", " ").capitalize())
        headings.append(f'<text class="subject" x="{x}" y="{ends[side] + 11:g}">{title}</text>')
        ends[side] += _TITLE
        put(side, subjects[subject])
    return places, headings, max(ends)


def _lowest(places: Iterable[_Place]) -> dict[str, float]:
    """Give how far down the rail of each entity is needed."""
    found: dict[str, float] = {}
    for place in places:
        for reference in place.entity.references:
            y = place.row(reference.columns[-1])
            found[reference.entity] = max(y, found.get(reference.entity, y))
    return found


def _header(height: float, count: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" '
        f'width="{_WIDTH}" height="{height:g}" role="img" aria-labelledby="title what">',
        '<title id="title">Entity diagram of the marts</title>',
        f'<desc id="what">{count} marts with their keys, and which of them refer to which.</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect width="{_WIDTH}" height="{height:g}" fill="#fff"/>',
        f'<text class="what" x="{_MARGIN}" y="26">Each box is a mart: its key (PK) and the columns '
        "that refer to others. Lines lead from many (crow's foot) to one (bar),</text>",
        f'<text class="what" x="{_MARGIN}" y="44">or to one or none (ring); a dot joins a line to '
        "the rail of what it refers to, in that one's colour. Other columns: see each mart.</text>",
    ]


def _root_rail(
    place: _Place, top: Sequence[_Place], rails: Mapping[str, _Rail], lowest: Mapping[str, float]
) -> str:
    """Lead from a box of the top row down its rail; outer ones turn lower, so that none cross."""
    rail = rails[place.entity.name]
    is_from_left = place.middle < rail.x
    number = top.index(place)
    inner = top[number + 1 :] if is_from_left else top[:number]
    depth = sum((one.middle < rails[one.entity.name].x) == is_from_left for one in inner)
    turn = _TOP + max(one.height for one in top) + _JOG * (depth + 1)
    start = f"M{place.middle:g} {place.y + place.height:g}V{turn:g}"
    return _rail(rail, start, lowest[place.entity.name])


def _own_rail(place: _Place, rails: Mapping[str, _Rail], lowest: Mapping[str, float]) -> str:
    start = f"M{place.edge:g} {place.row(place.entity.key[-1]):g}"
    return _rail(rails[place.entity.name], start, lowest[place.entity.name])


def _rail(rail: _Rail, start: str, end: float) -> str:
    path = f"{start}H{rail.x:g}V{end:g}"
    return f'<path class="rail" stroke="{rail.color}" d="{path}"/>'


def _references(place: _Place, rails: Mapping[str, _Rail]) -> list[str]:
    return [
        line
        for reference in place.entity.references
        for line in _reference(place, reference, rails[reference.entity])
    ]


def _reference(place: _Place, reference: Reference, rail: _Rail) -> list[str]:
    # A reference of several columns leaves from the last, which no other reference has.
    y, edge = place.row(reference.columns[-1]), place.edge
    out = 1 if place.is_left else -1
    end = rail.x - out * 12
    said = f"{place.entity.name} ({', '.join(reference.columns)}) to {reference.entity}"
    lines = [
        f'<g stroke="{rail.color}"><title>{escape(said)}</title>',
        f'<path class="line" d="M{edge:g} {y:g}H{rail.x:g}"/>',
        _foot(place, reference, y),
    ]
    if reference.is_optional:
        lines.append(f'<circle class="ring" cx="{end:g}" cy="{y:g}" r="4"/>')
    else:
        lines.append(f'<path class="line" d="M{end:g} {y - 5:g}V{y + 5:g}"/>')
    lines.append(f'<circle cx="{rail.x:g}" cy="{y:g}" r="4.5" fill="{rail.color}"/></g>')
    return lines


def _foot(place: _Place, reference: Reference, y: float) -> str:
    """Draw how many rows there are for one: many, or one where the columns are the whole key."""
    edge, out = place.edge, 1 if place.is_left else -1
    if reference.columns == place.entity.key:
        return f'<path class="line" d="M{edge + out * 10:g} {y - 5:g}V{y + 5:g}"/>'
    tip = edge + out * 12
    return f'<path class="line" d="M{edge:g} {y - 6:g}L{tip:g} {y:g}L{edge:g} {y + 6:g}"/>'


def _box(place: _Place) -> list[str]:
    entity, x, y, width = place.entity, place.x, place.y, place.width
    lines = [
        f'<rect class="box" x="{x:g}" y="{y:g}" width="{width:g}" height="{place.height:g}"/>',
        f'<rect class="head" x="{x:g}" y="{y:g}" width="{width:g}" height="{_HEAD}"/>',
        f'<text class="name" x="{x + 8:g}" y="{y + 17:g}">{escape(entity.name)}</text>',
    ]
    for column in entity.columns():
        base = place.row(column) + 4
        if column in entity.key:
            lines.append(f'<text class="mark" x="{x + 8:g}" y="{base:g}">PK</text>')
        lines.append(f'<text x="{x + 30:g}" y="{base:g}">{escape(column)}</text>')
    return lines
