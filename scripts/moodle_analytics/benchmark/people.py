"""OULAD's registrations as accounts, cohorts, enrolments and completions of Moodle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from moodle_analytics.benchmark.columns import Frame
from moodle_analytics.benchmark.log import Log
from moodle_analytics.benchmark.mapping import ADMIN, GUEST, NOON, USER_OFFSET, Presentation
from moodle_analytics.benchmark.oulad import Files
from moodle_analytics.generate.enrolments import ROLES, STUDENT
from moodle_analytics.generate.options import DAY, NULL

HOUR = 3_600
COMPLETED = ("Pass", "Distinction")
TRAITS = ("gender", "age_band", "disability")
_YES_NO = {"true": "Y", "false": "N", "1": "Y", "0": "N"}


def learners_of(files: Files, presentations: Sequence[Presentation]) -> Frame:
    """Give one row per learner and course: when enrolled, gone (0: still there) and completed."""
    courses = pd.DataFrame(
        [(one.name, one.course_id, one.starts, one.ends) for one in presentations],
        columns=["presentation", "course", "starts", "ends"],
    )
    frame = files.info.merge(courses, on="presentation").merge(
        files.registration, on=["presentation", "id_student"], how="left"
    )
    left = frame["date_unregistration"]
    came = frame["date_registration"].fillna(0.0)
    # Nobody leaves before coming.
    came = np.minimum(came, left.fillna(np.inf))
    frame["user"] = USER_OFFSET + frame["id_student"]
    frame["came_on"] = came.astype(np.int64)
    frame["begins"] = frame["starts"] + frame["came_on"] * DAY
    gone = frame["starts"] + left.fillna(0.0) * DAY + NOON
    frame["gone"] = gone.where(left.notna(), 0).astype(np.int64)
    frame["completed"] = frame["ends"].where(frame["final_result"].isin(COMPLETED), 0)
    return frame.sort_values(["begins", "course", "user"], kind="stable", ignore_index=True)


def strangers(files: Files, presentations: Sequence[Presentation]) -> list[str]:
    """Say how many learners click in a presentation without being registered there, if any do."""
    clicks = files.clicks
    pairs = np.unique(clicks.presentation.astype(np.int64) << 32 | clicks.student)
    places = {one.name: clicks.names.index(one.name) for one in presentations}
    info = files.info[files.info["presentation"].isin(list(places))]
    place = info["presentation"].map(places).to_numpy(dtype=np.int64)
    known = place << 32 | info["id_student"].to_numpy()
    count = len(np.setdiff1d(pairs, known))
    return (
        [
            f"{count} learners have clicks in a presentation and no row of it in studentInfo.csv: "
            "they are no learners of the course."
        ]
        if count
        else []
    )


def user_rows(learners: Frame, seen: Frame) -> dict[str, Any]:
    """Give the accounts; `seen` has the first and last click of each user that has any."""
    made = learners.groupby("user")["begins"].min()
    users = np.union1d(made.index.to_numpy(), seen.index.to_numpy())
    ids = np.r_[GUEST, ADMIN, users]
    first, last = (
        np.r_[0, 0, seen[name].reindex(users).fillna(0).to_numpy().astype(np.int64)]
        for name in ("first", "last")
    )
    created = made.reindex(users)
    earliest = int(learners["begins"].min()) if len(learners) else int(seen["first"].min())
    created = created.fillna(seen["first"].reindex(users)).to_numpy().astype(np.int64)
    created = np.r_[earliest, earliest, created]
    names = ["guest", "admin", *(f"student{user - USER_OFFSET}" for user in users.tolist())]
    return {
        "id": ids,
        "confirmed": 1,
        "mnethostid": 1,
        "username": np.array(names, dtype=object),
        "firstaccess": first,
        "lastaccess": last,
        "lastlogin": last,
        "currentlogin": last,
        "timecreated": created,
        "timemodified": created,
    }


def cohort_tables(learners: Frame) -> dict[str, dict[str, Any]]:
    """Give the groups of the fairness audit; a learner is in those of the latest presentation."""
    latest = learners.sort_values(["starts", "course"], kind="stable").drop_duplicates(
        "user", keep="last"
    )
    made = int(learners["begins"].min()) if len(learners) else 0
    since = learners.groupby("user")["begins"].min()
    kinds: list[tuple[str, str]] = []
    members: list[Frame] = []
    for trait in TRAITS:
        values = latest[trait]
        if trait == "disability":
            values = values.str.lower().map(_YES_NO).fillna(values)
        for value in sorted(set(values) - {"", "?"}):
            kinds.append((trait, value))
            users = np.sort(latest.loc[values == value, "user"].to_numpy())
            members.append(pd.DataFrame({"cohort": len(kinds), "user": users}))
    joined = pd.concat(members) if members else pd.DataFrame({"cohort": [], "user": []})
    return {
        "cohort": {
            "id": np.arange(1, len(kinds) + 1),
            "contextid": 1,
            "name": np.array([f"{trait}: {value}" for trait, value in kinds], dtype=object),
            "idnumber": np.array([f"{trait}_{value}" for trait, value in kinds], dtype=object),
            "description": "",
            "descriptionformat": 1,
            "timecreated": made,
            "timemodified": made,
        },
        "cohort_members": {
            "id": np.arange(1, len(joined) + 1),
            "cohortid": joined["cohort"].to_numpy(),
            "userid": joined["user"].to_numpy(),
            "timeadded": joined["user"].map(since).to_numpy(),
        },
    }


def enrolment_tables(
    learners: Frame, presentations: Sequence[Presentation], opened: dict[int, int], log: Log
) -> dict[str, dict[str, Any]]:
    """Give the enrolments that last, and log all that ever were."""
    courses = [one.course_id for one in presentations]
    periods = _periods(learners)
    method = {course: place for place, course in enumerate(courses, 1)}
    kept = periods[periods["gone"] == 0]
    context = kept["course"].map(log.activities.course_context).to_numpy()
    number, user, begins = (kept[name].to_numpy() for name in ("number", "user", "begins"))
    made = np.array([opened[course] for course in courses])
    _log_periods(periods, log)
    roles = np.array(ROLES, dtype=object)
    return {
        "enrol": {
            "id": np.arange(1, len(courses) + 1),
            "enrol": "manual",
            "courseid": np.array(courses),
            "roleid": STUDENT,
            "timecreated": made,
            "timemodified": made,
        },
        "user_enrolments": {
            "id": number,
            "enrolid": kept["course"].map(method).to_numpy(),
            "userid": user,
            "timestart": begins,
            "timeend": 0,
            "modifierid": ADMIN,
            "timecreated": begins,
            "timemodified": begins,
        },
        "role_assignments": {
            "id": number,
            "roleid": STUDENT,
            "contextid": context,
            "userid": user,
            "timemodified": begins,
            "modifierid": ADMIN,
        },
        "role": {
            "id": np.arange(1, len(roles) + 1),
            "shortname": roles,
            "description": "",
            "sortorder": np.arange(1, len(roles) + 1),
            "archetype": roles,
        },
        "course_completions": _completions(learners),
    }


def _periods(learners: Frame) -> Frame:
    """Give one row per enrolment, earlier attempts included, numbered as they were made."""
    columns = ["user", "course", "begins", "gone"]
    attempts = learners["num_of_prev_attempts"].to_numpy()
    again = learners.loc[learners.index.repeat(attempts), columns].copy()
    # The latest of the earlier ones ends an hour before the one that counts.
    place = again.groupby(level=0).cumcount() + 1
    again["gone"] = again["begins"] - (2 * place - 1) * HOUR
    again["begins"] -= 2 * place * HOUR
    periods = pd.concat([again, learners[columns]], ignore_index=True)
    periods = periods.sort_values(["begins", "course", "user"], kind="stable", ignore_index=True)
    periods["number"] = np.arange(1, len(periods) + 1)
    return periods


def _log_periods(periods: Frame, log: Log) -> None:
    user, course, number = (periods[name].to_numpy() for name in ("user", "course", "number"))
    begins = periods["begins"].to_numpy()
    log.add_in_course("enrolled", course, begins, ADMIN, user, number)
    log.add_in_course("role_assigned", course, begins, ADMIN, user, STUDENT, a=number)
    gone = periods["gone"].to_numpy()
    out = gone > 0
    log.add_in_course(
        "role_unassigned", course[out], gone[out], ADMIN, user[out], STUDENT, a=number[out]
    )
    log.add_in_course(
        "unenrolled",
        course[out],
        gone[out],
        ADMIN,
        user[out],
        number[out],
        a=user[out],
        b=number[out],
        c=course[out],
    )


def _completions(learners: Frame) -> dict[str, Any]:
    rows = learners[(learners["gone"] == 0) | (learners["completed"] > 0)]
    completed: Any = rows["completed"].to_numpy()
    return {
        "id": np.arange(1, len(rows) + 1),
        "userid": rows["user"].to_numpy(),
        "course": rows["course"].to_numpy(),
        "timeenrolled": rows["begins"].to_numpy(),
        "timestarted": rows["begins"].to_numpy(),
        "timecompleted": np.where(completed > 0, completed, NULL),
    }
