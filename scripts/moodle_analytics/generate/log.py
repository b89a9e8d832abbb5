"""The standard log while it is being written: rows as arrays, contexts, the event catalogue."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import numpy as np
import yaml
from numpy.typing import ArrayLike

from moodle_analytics.generate.options import NULL, Ints

ORIGINS = ("web", "cli", "ws", "restore")
WEB, CLI, WS, RESTORE = range(4)
NO_ADDRESS = -1
SERVER_ADDRESS = -2
SYSTEM, USER, CATEGORY, COURSE, MODULE, BLOCK = 10, 30, 40, 50, 70, 80

FIELDS = (
    "time",
    "event",
    "user",
    "related",
    "object",
    "context",
    "level",
    "instance",
    "course",
    "other",
    "a",
    "b",
    "c",
    "origin",
    "address",
    "real",
    "anonymous",
)


@dataclass(frozen=True)
class Event:
    """One kind of event, as Moodle's event class defines it."""

    name: str
    action: str
    target: str
    object_table: str | None
    crud: str
    edulevel: int

    @property
    def component(self) -> str:
        """The part of the name between the first two backslashes."""
        return self.name.split("\\")[1]


@cache
def catalogue() -> dict[str, Event]:
    """Return the events that can be written, by short key, in a fixed order."""
    text = files("moodle_analytics.generate").joinpath("events.yml").read_text(encoding="utf-8")
    events = {}
    for key, line in yaml.safe_load(text).items():
        name, action, target, table, crud, edulevel = line.split()
        events[key] = Event(
            name, action, target, None if table == "-" else table, crud, int(edulevel)
        )
    return events


@cache
def event_code(key: str) -> int:
    """Return an event's place in the catalogue."""
    return list(catalogue()).index(key)


@dataclass(frozen=True)
class Place:
    """Where events happened: context id, level, instance and course, as scalars or arrays."""

    context: ArrayLike
    level: ArrayLike
    instance: ArrayLike
    course: ArrayLike

    def take(self, index: Ints) -> Place:
        """Return the places at these positions."""
        parts = (
            np.asarray(part) for part in (self.context, self.level, self.instance, self.course)
        )
        return Place(*(part[index] if part.ndim else part for part in parts))


SITE_WIDE = Place(1, SYSTEM, 0, 0)


@dataclass
class Log:
    """Log rows in the order of writing; `finish` sorts them and keeps companions together."""

    parts: list[dict[str, Ints]] = field(default_factory=list)

    def add(
        self,
        event: str | Ints,
        time: ArrayLike,
        user: ArrayLike,
        place: Place,
        *,
        related: ArrayLike = NULL,
        object_id: ArrayLike = NULL,
        other: ArrayLike = 0,
        a: ArrayLike = 0,
        b: ArrayLike = 0,
        c: ArrayLike = 0,
        origin: ArrayLike = WEB,
        address: ArrayLike | None = None,
        real: ArrayLike = NULL,
        anonymous: ArrayLike = 0,
    ) -> None:
        """Add rows; scalars are spread over all of them.

        `time` is epoch seconds; `other` a template of `other.py` with its arguments a, b, c;
        `address` a user's number (each has its own address), by default the acting user's.
        """
        rows = len(np.atleast_1d(np.asarray(time)))
        if not rows:
            return
        code = event_code(event) if isinstance(event, str) else event
        values = (
            time,
            code,
            user,
            related,
            object_id,
            place.context,
            place.level,
            place.instance,
            place.course,
            other,
            a,
            b,
            c,
            origin,
            user if address is None else address,
            real,
            anonymous,
        )
        part = {
            name: np.broadcast_to(np.asarray(value, dtype=np.int64), rows)
            for name, value in zip(FIELDS, values, strict=True)
        }
        part["address"] = np.where(part["origin"] == CLI, NO_ADDRESS, part["address"])
        self.parts.append(part)

    def __len__(self) -> int:
        """Rows so far."""
        return sum(len(part["time"]) for part in self.parts)

    def column(self, name: str) -> Ints:
        """Return one field of all rows, in the order of writing."""
        return np.concatenate([part[name] for part in self.parts])

    def count(self, *keys: str) -> int:
        """Count the rows of these events."""
        codes = [event_code(key) for key in keys]
        return int(np.isin(self.column("event"), codes).sum())

    def count_action(self, action: str) -> int:
        """Count the rows with this verb."""
        return self.count(*(key for key, event in catalogue().items() if event.action == action))

    def finish(self, rng: np.random.Generator) -> dict[str, Ints]:
        """Return all rows by time; one in a hundred waits a few seconds, as buffered writes do."""
        rows = {name: self.column(name) for name in FIELDS}
        late = rng.random(len(rows["time"])) < 0.01
        order = np.argsort(rows["time"] + np.where(late, 3, 0), kind="stable")
        return {name: values[order] for name, values in rows.items()}
