"""OULAD's assessments and sites as activities of Moodle courses, and the contexts of all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from moodle_analytics.benchmark.columns import Frame
from moodle_analytics.benchmark.mapping import Presentation
from moodle_analytics.benchmark.oulad import Files
from moodle_analytics.generate.log import CATEGORY, COURSE, MODULE, SYSTEM
from moodle_analytics.generate.options import DAY, Ints

HOMEPAGE = "homepage"
UNKNOWN = "page"
# The nearest module of Moodle for what OULAD calls activity_type.
MODULE_OF = {
    "dataplus": "data",
    "dualpane": "page",
    "externalquiz": "lti",
    "folder": "folder",
    "forumng": "forum",
    "glossary": "glossary",
    "htmlactivity": "page",
    "oucollaborate": "bigbluebuttonbn",
    "oucontent": "book",
    "ouelluminate": "bigbluebuttonbn",
    "ouwiki": "wiki",
    "page": "page",
    "questionnaire": "questionnaire",
    "quiz": "quiz",
    "repeatactivity": "lti",
    "resource": "resource",
    "sharedsubpage": "page",
    "subpage": "page",
    "url": "url",
}
MODULE_NAMES = ("assign", *sorted({*MODULE_OF.values(), UNKNOWN}))
OF_ASSESSMENT = {"TMA": "assign", "CMA": "quiz"}
_FIRST_CONTEXT = 2


@dataclass(frozen=True)
class Activities:
    """One row per course module, `frame`: what it was in OULAD, what it is in Moodle.

    `assessments` has the graded work of the mapped courses, exams included. `opened` is when each
    course was made, `categories` the number of each module's category.
    """

    frame: Frame
    assessments: Frame
    course_context: dict[int, int]
    opened: dict[int, int]
    categories: dict[str, int]
    remarks: tuple[str, ...]


def make_activities(
    files: Files, presentations: Sequence[Presentation], opened: dict[int, int]
) -> Activities:
    """Lay out the activities of every course: assessments first, then the sites."""
    assessments = _assessments(files, presentations)
    sites, remarks = _sites(files, presentations)
    dated = assessments[assessments["module"] != ""]
    frame = pd.concat([dated, sites], ignore_index=True)
    frame = frame.sort_values(["course", "is_site", "number"], kind="stable", ignore_index=True)
    frame["cm"] = np.arange(1, len(frame) + 1)
    frame["instance"] = frame.groupby("module").cumcount() + 1
    categories = {
        module: place
        for place, module in enumerate(sorted({one.module for one in presentations}), 1)
    }
    first = _FIRST_CONTEXT + len(categories) + 1
    course_context = {one.course_id: first + place for place, one in enumerate(presentations)}
    frame["context"] = first + len(presentations) + np.arange(len(frame))
    instances = frame.loc[~frame["is_site"]].set_index("number")
    for column in ("cm", "instance", "context"):
        assessments[column] = (
            assessments["number"].map(instances[column]).fillna(0).astype(np.int64)
        )
    return Activities(frame, assessments, course_context, opened, categories, tuple(remarks))


def _assessments(files: Files, presentations: Sequence[Presentation]) -> Frame:
    frame = files.assessments.merge(_courses(presentations), on="presentation")
    frame = frame.rename(columns={"id_assessment": "number"})
    frame["kind"] = frame["assessment_type"]
    frame["module"] = frame["kind"].map(OF_ASSESSMENT).fillna("")
    frame = frame.sort_values(["course", "kind", "date", "number"], ignore_index=True)
    place = frame.groupby(["course", "kind"]).cumcount() + 1
    alone = frame.groupby(["course", "kind"])["number"].transform("size") == 1
    frame["name"] = np.where(alone, frame["kind"], frame["kind"] + " " + place.astype(str))
    # The last second of its day.
    due = frame["starts"] + (frame["date"] + 1) * DAY - 1
    is_dated = frame["date"].notna() & (frame["module"] != "")
    frame["due"] = due.where(is_dated, 0).astype(np.int64)
    frame["weight"] = frame["weight"].fillna(0.0)
    frame["is_site"] = False
    return frame[
        ["course", "number", "kind", "module", "name", "due", "weight", "is_site", "starts", "ends"]
    ]


def _sites(files: Files, presentations: Sequence[Presentation]) -> tuple[Frame, list[str]]:
    """Give the sites that are activities; one with clicks that vle.csv lacks is one of them."""
    courses = _courses(presentations)
    frame = files.vle.merge(courses, on="presentation")
    clicks, names = files.clicks, np.array(files.clicks.names, dtype=object)
    keys = np.unique(clicks.presentation.astype(np.int64) << 32 | clicks.site)
    clicked = pd.DataFrame({"presentation": names[keys >> 32], "id_site": keys & (2**32 - 1)})
    lost = clicked.merge(frame[["presentation", "id_site"]], how="left", indicator=True)
    lost = lost[lost["_merge"] == "left_only"].merge(courses, on="presentation")
    remarks = []
    if len(lost):
        remarks.append(
            f"{len(lost)} clicked sites stand nowhere in vle.csv, {lost['id_site'].iloc[0]} among "
            f"them: each was taken for a {UNKNOWN}."
        )
        frame = pd.concat([frame, lost.assign(activity_type="site")], ignore_index=True)
    known = [*MODULE_OF, HOMEPAGE, *(["site"] if len(lost) else [])]
    strange = sorted(set(frame["activity_type"]) - set(known))
    if strange:
        remarks.append(
            f"Unknown kinds of activity were taken for a {UNKNOWN}: {', '.join(strange)}."
        )
    frame = frame[frame["activity_type"] != HOMEPAGE]
    frame = frame.rename(columns={"id_site": "number", "activity_type": "kind"})
    frame["module"] = frame["kind"].map(MODULE_OF).fillna(UNKNOWN)
    frame["name"] = frame["kind"] + " " + frame["number"].astype(str)
    frame = frame.assign(due=0, weight=0.0, is_site=True)
    return frame[
        ["course", "number", "kind", "module", "name", "due", "weight", "is_site"]
    ], remarks


def _courses(presentations: Sequence[Presentation]) -> Frame:
    return pd.DataFrame(
        {
            "presentation": [one.name for one in presentations],
            "course": [one.course_id for one in presentations],
            "starts": [one.starts for one in presentations],
            "ends": [one.ends for one in presentations],
        }
    )


def tables_of(
    activities: Activities, presentations: Sequence[Presentation]
) -> dict[str, dict[str, Any]]:
    """Give the rows of courses, their sections, activities, modules and contexts."""
    frame = activities.frame
    opened = frame["course"].map(activities.opened).to_numpy()
    section = {one.course_id: place for place, one in enumerate(presentations, 1)}
    tables: dict[str, dict[str, Any]] = {
        "course": _course_rows(activities, presentations),
        "course_sections": {
            "id": np.array(list(section.values())),
            "course": np.array(list(section)),
            "section": 0,
            "summary": "",
            "summaryformat": 1,
            "sequence": np.array(
                [
                    ",".join(map(str, frame.loc[frame["course"] == course, "cm"].tolist()))
                    for course in section
                ],
                dtype=object,
            ),
            "timemodified": np.array([activities.opened[course] for course in section]),
        },
        "modules": {
            "id": np.arange(1, len(MODULE_NAMES) + 1),
            "name": np.array(MODULE_NAMES, dtype=object),
        },
        "course_modules": {
            "id": frame["cm"].to_numpy(),
            "course": frame["course"].to_numpy(),
            "module": frame["module"].map(MODULE_NAMES.index).to_numpy() + 1,
            "instance": frame["instance"].to_numpy(),
            "section": frame["course"].map(section).to_numpy(),
            # OULAD's own number, so that a row can be found again.
            "idnumber": frame["number"].astype(str).to_numpy(dtype=object),
            "added": opened,
        },
        "context": _context_rows(activities, presentations),
    }
    for module, rows in frame.groupby("module"):
        if module in ("assign", "quiz", "forum"):
            tables[str(module)] = _instance_rows(str(module), rows, activities)
    return tables


def _course_rows(activities: Activities, presentations: Sequence[Presentation]) -> dict[str, Any]:
    names = ["OULAD", *(one.name for one in presentations)]
    opened = [min(activities.opened.values()), *activities.opened.values()]
    count = len(names)
    return {
        "id": np.arange(1, count + 1),
        "category": np.array([0, *(activities.categories[one.module] for one in presentations)]),
        "sortorder": np.arange(count),
        "fullname": np.array(["Open University Learning Analytics Dataset", *names[1:]], object),
        "shortname": np.array(names, dtype=object),
        "format": np.array(["site", *["topics"] * (count - 1)], dtype=object),
        "startdate": np.array([0, *(one.starts for one in presentations)]),
        "enddate": np.array([0, *(one.ends for one in presentations)]),
        "enablecompletion": np.array([0, *[1] * (count - 1)]),
        "timecreated": np.array(opened),
        "timemodified": np.array(opened),
    }


def _context_rows(activities: Activities, presentations: Sequence[Presentation]) -> dict[str, Any]:
    frame = activities.frame
    rows = [(1, SYSTEM, 0, "/1", 1)]
    paths = {}
    for module, category in activities.categories.items():
        paths[module] = f"/1/{_FIRST_CONTEXT + category - 1}"
        rows.append((_FIRST_CONTEXT + category - 1, CATEGORY, category, paths[module], 2))
    site = _FIRST_CONTEXT + len(activities.categories)
    rows.append((site, COURSE, 1, f"/1/{site}", 2))
    above = {}
    for one in presentations:
        context = activities.course_context[one.course_id]
        above[one.course_id] = f"{paths[one.module]}/{context}"
        rows.append((context, COURSE, one.course_id, above[one.course_id], 3))
    places = zip(frame["context"].tolist(), frame["cm"].tolist(), frame["course"], strict=True)
    rows += [(place, MODULE, cm, f"{above[course]}/{place}", 4) for place, cm, course in places]
    columns = list(zip(*rows, strict=True))
    names = ("id", "contextlevel", "instanceid", "path", "depth")
    return {
        name: np.array(values, dtype=object if name == "path" else np.int64)
        for name, values in zip(names, columns, strict=True)
    }


def _instance_rows(module: str, rows: Frame, activities: Activities) -> dict[str, Any]:
    opened: Ints = rows["course"].map(activities.opened).to_numpy()
    table: dict[str, Any] = {
        "id": rows["instance"].to_numpy(),
        "course": rows["course"].to_numpy(),
        "name": rows["name"].to_numpy(dtype=object),
        "intro": "",
        "introformat": 1,
        "timemodified": opened,
    }
    due = rows["due"].to_numpy()
    if module == "assign":
        table |= {"duedate": due, "grade": 100}
    elif module == "quiz":
        worth = np.where(rows["is_site"].to_numpy(), 0.0, 100.0)
        table |= {"timeclose": due, "timecreated": opened, "sumgrades": worth, "grade": worth}
    return table
