"""OULAD's clicks as views in Moodle's log, merged with the rest of it by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from moodle_analytics.benchmark.activities import HOMEPAGE, Activities
from moodle_analytics.benchmark.columns import Frame
from moodle_analytics.benchmark.log import Log, head_of
from moodle_analytics.benchmark.mapping import NOON, USER_OFFSET, Presentation
from moodle_analytics.benchmark.oulad import Clicks, Files, SmallInts
from moodle_analytics.generate.log import COURSE, MODULE, Event, catalogue
from moodle_analytics.generate.options import DAY, Ints, ranges
from moodle_analytics.generate.write import NOTHING

_BLOCK = 100_000
_LAST_SECOND = DAY - NOON - 1


@dataclass(frozen=True)
class Views:
    """The rows of studentVle as views: `texts` of what can be viewed, and which each row views.

    `day` counts from 1970.
    """

    clicks: Clicks
    texts: Sequence[str]
    viewed: SmallInts
    day: SmallInts


def make_views(
    files: Files, activities: Activities, presentations: Sequence[Presentation]
) -> Views:
    """Find what each row of studentVle views: an activity or, for a home page, the course."""
    clicks = files.clicks
    by_name = {one.name: one for one in presentations}
    ordered = [by_name[name] for name in clicks.names]
    courses = np.array([one.course_id for one in ordered], dtype=np.int64)
    starts = np.array([one.starts // DAY for one in ordered], dtype=np.int32)
    sites = activities.frame[activities.frame["is_site"]]
    home = files.vle[files.vle["activity_type"] == HOMEPAGE]
    home = home[home["presentation"].isin(list(by_name))]
    home_course = np.array([by_name[name].course_id for name in home["presentation"]], np.int64)
    keys = np.r_[
        _key(sites["course"].to_numpy(), sites["number"].to_numpy()),
        _key(home_course, home["id_site"].to_numpy()),
    ]
    texts = [
        *_activity_texts(sites),
        *(
            _course_text(course, activities.course_context[course])
            for course in home_course.tolist()
        ),
    ]
    order = np.argsort(keys)
    asked = _key(courses[clicks.presentation], clicks.site)
    viewed = order[np.searchsorted(keys[order], asked)].astype(np.int32)
    return Views(clicks, texts, viewed, starts[clicks.presentation] + clicks.day)


def _key(course: Ints, site: SmallInts) -> Ints:
    """Join course and site: a site's number may be used again in another presentation."""
    found: Ints = (course << 32) | site
    return found


def _activity_texts(sites: Frame) -> list[str]:
    columns = (sites[name].tolist() for name in ("module", "context", "cm", "course", "instance"))
    return [
        head_of(
            Event(
                f"\\mod_{module}\\event\\course_module_viewed",
                "viewed",
                "course_module",
                module,
                "r",
                2,
            ),
            *(context, MODULE, cm, course),
        )
        + f"\t{instance}\tnull"
        for module, context, cm, course, instance in zip(*columns, strict=True)
    ]


def _course_text(course: int, context: int) -> str:
    return head_of(catalogue()["course_viewed"], context, COURSE, course, course) + (
        f"\t{NOTHING}\tnull"
    )


def first_and_last(views: Views) -> Frame:
    """Give the first and the last day of each user with clicks, at noon, as epoch seconds."""
    frame = pd.DataFrame({"student": views.clicks.student, "day": views.day})
    found = frame.groupby("student")["day"].agg(["min", "max"]).astype(np.int64)
    found.index = found.index.astype(np.int64) + USER_OFFSET
    return (found * DAY + NOON).set_axis(["first", "last"], axis=1)


def log_blocks(log: Log, views: Views) -> Iterator[tuple[int, str]]:
    """Yield the whole log by time as text for COPY, with the number of rows of each block.

    Of one second's rows the views come last, and a learner's views of a day are in the order of
    the file. One day is held in memory as text, no more.
    """
    rows = log.finish()
    row_day = rows["time"] // DAY
    order = np.argsort(views.day, kind="stable")
    viewed_day = views.day[order]
    lines: list[str] = []
    before = 0
    for day in np.union1d(row_day, viewed_day).tolist():
        begin, end = np.searchsorted(row_day, [day, day + 1]).tolist()
        picked = order[slice(*np.searchsorted(viewed_day, [day, day + 1]))]
        texts = log.lines(rows, slice(begin, end))
        times, views_of_day = _of_day(views, picked, day)
        texts += views_of_day
        by_time = np.argsort(np.r_[rows["time"][begin:end], times], kind="stable").tolist()
        lines += [
            f"{texts[place][0]}\t{number}\t{texts[place][1]}"
            for number, place in enumerate(by_time, before + len(lines) + 1)
        ]
        if len(lines) >= _BLOCK:
            yield len(lines), "\n".join(lines) + "\n"
            before += len(lines)
            lines = []
    if lines:
        yield len(lines), "\n".join(lines) + "\n"


def _of_day(views: Views, picked: Ints, day: int) -> tuple[Ints, list[tuple[str, str]]]:
    """Give the times of a day's views and what stands before and behind their ids."""
    picked = picked[np.argsort(views.clicks.student[picked], kind="stable")]
    student = views.clicks.student[picked].astype(np.int64)
    _, runs = np.unique(student, return_counts=True)
    times: Ints = day * DAY + NOON + np.minimum(ranges(runs), _LAST_SECOND)
    columns = (views.viewed[picked], student + USER_OFFSET, times)
    return times, [
        (views.texts[viewed], f"{user}\t{NOTHING}\t{time}")
        for viewed, user, time in zip(*(column.tolist() for column in columns), strict=True)
    ]
