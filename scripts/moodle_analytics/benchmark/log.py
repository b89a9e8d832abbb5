"""Moodle's standard log while it is being written: what is not a click."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from moodle_analytics.benchmark.activities import Activities
from moodle_analytics.generate.log import COURSE, MODULE, Event, catalogue
from moodle_analytics.generate.options import Ints
from moodle_analytics.generate.other import CODES, render
from moodle_analytics.generate.write import NOTHING, escape

# The first of them depend on the event and its place alone: a row's head, written once.
HEAD = (
    *("eventname", "component", "action", "target", "objecttable", "crud", "edulevel"),
    *("contextid", "contextlevel", "contextinstanceid", "courseid", "anonymous", "origin"),
)
COLUMNS = (*HEAD, "objectid", "other", "id", "userid", "relateduserid", "timecreated")

FILE_UPLOADED = Event(
    "\\assignsubmission_file\\event\\assessable_uploaded",
    "uploaded",
    "assessable",
    "assign_submission",
    "c",
    2,
)
_FILE = '{"content":"","pathnamehashes":[]}'
_TEMPLATES = {
    "enrolled": "enrol",
    "unenrolled": "unenrol",
    "role_assigned": "role",
    "role_unassigned": "role",
    "user_graded": "graded",
    "assign_submitted": "handed_in",
    "attempt_submitted": "attempt_sent",
}


def head_of(event: Event, context: int, level: int, instance: int, course: int) -> str:
    """Give what all rows of an event at one place begin with, as text for COPY."""
    fields = (
        *map(escape, (event.name, event.component, event.action, event.target)),
        event.object_table or NOTHING,
        event.crud,
        *(event.edulevel, context, level, instance, course),
        *(0, "web"),
    )
    return "\t".join(map(str, fields))


@dataclass
class Log:
    """Rows in the order of adding; `lines` gives them as text for COPY.

    `heads` are the beginnings of rows, `events` the name of each one's event.
    """

    activities: Activities
    heads: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    parts: list[dict[str, Ints]] = field(default_factory=list)

    def __len__(self) -> int:
        """Rows so far."""
        return sum(len(part["time"]) for part in self.parts)

    def add_in_course(
        self,
        event: str,
        course: Ints,
        time: Ints,
        user: ArrayLike,
        related: ArrayLike,
        object_id: ArrayLike,
        **arguments: ArrayLike,
    ) -> None:
        """Add rows of an event in courses; arguments a, b, c are those of its `other`."""
        contexts = self.activities.course_context
        places = {one: (contexts[one], COURSE, one, one) for one in np.unique(course).tolist()}
        self._add(event, course, places, time, user, related, object_id, arguments)

    def add_in_activity(
        self,
        event: str,
        cm: Ints,
        time: Ints,
        user: Ints,
        object_id: Ints,
        *,
        related: ArrayLike = 0,
        **arguments: ArrayLike,
    ) -> None:
        """Add rows of a learner's event in activities; arguments as above."""
        frame = self.activities.frame[self.activities.frame["cm"].isin(cm)]
        columns = (frame[name].tolist() for name in ("cm", "context", "course"))
        places = {
            one: (context, MODULE, one, course)
            for one, context, course in zip(*columns, strict=True)
        }
        self._add(event, cm, places, time, user, related, object_id, arguments)

    def _add(
        self,
        name: str,
        place: Ints,
        places: dict[int, tuple[int, int, int, int]],
        time: Ints,
        user: ArrayLike,
        related: ArrayLike,
        object_id: ArrayLike,
        arguments: dict[str, ArrayLike],
    ) -> None:
        event = FILE_UPLOADED if name == "file_uploaded" else catalogue()[name]
        first = len(self.heads)
        kinds = sorted(places)
        self.heads += [head_of(event, *places[kind]) for kind in kinds]
        self.events += [name] * len(kinds)
        values: dict[str, ArrayLike] = {
            "head": first + np.searchsorted(np.array(kinds, dtype=np.int64), place),
            "time": time,
            "user": user,
            "related": related,
            "object": object_id,
            **{letter: arguments.get(letter, 0) for letter in "abc"},
        }
        self.parts.append(
            {
                column: np.broadcast_to(np.asarray(value, dtype=np.int64), len(place))
                for column, value in values.items()
            }
        )

    def finish(self) -> dict[str, Ints]:
        """Give all rows by time; of one second's those first that were added first."""
        rows = {name: np.concatenate([part[name] for part in self.parts]) for name in self.parts[0]}
        order = np.argsort(rows["time"], kind="stable")
        return {name: values[order] for name, values in rows.items()}

    def lines(self, rows: dict[str, Ints], part: slice) -> list[tuple[str, str]]:
        """Give what stands before and behind the id of each of these rows."""
        columns = (rows[name][part].tolist() for name in rows)
        return [
            (
                f"{self.heads[head]}\t{number}\t{self._other(head, a, b, c)}",
                f"{user}\t{related or NOTHING}\t{time}",
            )
            for head, time, user, related, number, a, b, c in zip(*columns, strict=True)
        ]

    def _other(self, head: int, a: int, b: int, c: int) -> str:
        event = self.events[head]
        if event == "file_uploaded":
            return _FILE
        return escape(render(CODES[_TEMPLATES[event]], a, b, c, serialised=False))
