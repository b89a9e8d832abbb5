"""Says how the Open University's presentations become courses of a Moodle site.

What OULAD does not tell, this assumes; `ASSUMPTIONS` has it in words for people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from moodle_analytics.benchmark.oulad import Files
from moodle_analytics.errors import UserError
from moodle_analytics.generate.options import DAY

# Moodle's first accounts are the guest and the administrator; a learner's id shows OULAD's own.
GUEST, ADMIN = 1, 2
USER_OFFSET = 10_000_000
NOON = DAY // 2
MARKING = 14 * DAY
PASS_GRADE = 40

ASSUMPTIONS = (
    "A presentation starts on the first Monday of February (B) or October (J): OULAD tells the "
    "month alone. Its day 0 is that Monday, so week w of the course is days 7(w-1) to 7w-1.",
    "Each row of studentVle is one view of an activity in the log. It happens on its day from "
    "12:00 UTC on, one second apart for each learner: OULAD tells no time of day, so sessions, "
    "minutes and hours of this site say nothing about the Open University.",
    "A learner is enrolled at midnight of the day of registration (of the start where it is "
    "missing, of leaving where that comes first) and taken out at 12:00 of the day of leaving; "
    "Moodle then deletes the rows, and the log keeps them.",
    "Each earlier attempt at the module is one more enrolment of an hour, on the day before the "
    "registration: Moodle shows no more than that somebody was enrolled before.",
    "TMA are assignments, CMA quizzes, both due at the end of their day; an exam is a manual grade "
    "item, graded 14 days after the end of the course. Work is handed in at 12:00 of its day.",
    "A TMA's grade is known 14 days after the submission, a CMA's at once: OULAD has no marking "
    "date. 40 of 100 is a pass. Grades of learners who left stay, where Moodle keeps a history.",
    "A banked score, taken over from an earlier attempt, is an excluded grade from the enrolment "
    "on, without a submission.",
    "Pass and Distinction are completions of the course at its end; Fail and Withdrawn are none.",
    "Gender, age band and disability are cohorts of the site, as the learner's latest presentation "
    "has them; no other trait of a person is taken over.",
)


@dataclass(frozen=True)
class Presentation:
    """A presentation as a course. `learners` are those registered, `clicks` rows of studentVle."""

    name: str
    module: str
    course_id: int
    starts_on: date
    ends_on: date
    learners: int
    clicks: int

    @property
    def starts(self) -> int:
        """Epoch second of the start, midnight UTC."""
        return epoch(self.starts_on)

    @property
    def ends(self) -> int:
        """Epoch second of the end, midnight UTC."""
        return epoch(self.ends_on)


@dataclass(frozen=True)
class Mapped:
    """What a dump holds; `left_out` names presentations without clicks, by start.

    `remarks` are sentences on what of the files was not understood.
    """

    presentations: tuple[Presentation, ...]
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]
    log_rows: int


def epoch(day: date) -> int:
    """Give the epoch second of a day's midnight in UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def start_of(name: str) -> date:
    """Give the first Monday of the month that a presentation's name tells, as "BBB 2013J"."""
    year, month = int(name[-5:-1]), {"B": 2, "J": 10}[name[-1]]
    first = date(year, month, 1)
    return first + timedelta(days=-first.weekday() % 7)


def presentations_of(files: Files) -> tuple[tuple[Presentation, ...], tuple[str, ...]]:
    """Give the presentations that have clicks, by start and name, and the names of the others."""
    import numpy as np

    courses = files.courses.set_index("presentation")["module_presentation_length"]
    learners = files.info.groupby("presentation").size()
    clicks = np.bincount(files.clicks.presentation, minlength=len(files.clicks.names))
    counts = dict(zip(files.clicks.names, clicks.tolist(), strict=True))
    found = []
    # Course 1 is the site itself.
    for course, name in enumerate(sorted(counts, key=lambda name: (start_of(name), name)), 2):
        start = start_of(name)
        found.append(
            Presentation(
                name=name,
                module=name[:-6],
                course_id=course,
                starts_on=start,
                ends_on=start + timedelta(days=int(courses[name])),
                learners=int(learners.get(name, 0)),
                clicks=counts[name],
            )
        )
    return tuple(found), tuple(sorted(set(courses.index) - set(counts)))


def find(mapped: Mapped, text: str) -> Presentation:
    """Find a presentation by its name, however it is joined and in any case. Raises UserError."""
    by_name = {_bare(one.name): one for one in mapped.presentations}
    found = by_name.get(_bare(text))
    if found is None:
        have = ", ".join(one.name for one in mapped.presentations)
        without = [name for name in mapped.left_out if _bare(name) == _bare(text)]
        reason = "has no clicks" if without else "is not among the presentations"
        raise UserError(f"{text!r} {reason} of this data; choose one of {have}.")
    return found


def latest_test(mapped: Mapped) -> Presentation:
    """Give the latest presentation before whose start an earlier one of its module had ended.

    Of several at the same time the one with most learners. Raises UserError where there is none.
    """
    ready = [
        one
        for one in mapped.presentations
        if any(
            other.module == one.module and other.ends_on < one.starts_on
            for other in mapped.presentations
        )
    ]
    if not ready:
        have = ", ".join(one.name for one in mapped.presentations)
        raise UserError(
            f"No module has clicks of a presentation that had ended before another began ({have}): "
            "an earlier one to train on and a later one to test on are needed."
        )
    return max(ready, key=lambda one: (one.starts_on, one.learners, one.name))


def _bare(text: str) -> str:
    return re.sub(r"[\W_]", "", text).upper()
