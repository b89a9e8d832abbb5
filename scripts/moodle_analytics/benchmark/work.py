"""What OULAD's learners handed in, and the grades of it, as Moodle keeps them."""

from __future__ import annotations

from typing import Any

import numpy as np

from moodle_analytics.benchmark.activities import Activities
from moodle_analytics.benchmark.columns import Frame
from moodle_analytics.benchmark.log import Log
from moodle_analytics.benchmark.mapping import ADMIN, MARKING, NOON, USER_OFFSET
from moodle_analytics.benchmark.oulad import Files
from moodle_analytics.generate.options import DAY


def work_tables(
    files: Files, activities: Activities, learners: Frame, log: Log
) -> dict[str, dict[str, Any]]:
    """Give submissions, attempts and grades, and log them."""
    work = activities.assessments.rename(columns={"number": "id_assessment"})
    frame = files.submitted.merge(work, on="id_assessment")
    frame["user"] = USER_OFFSET + frame["id_student"]
    frame = frame.merge(learners[["user", "course", "begins"]], on=["user", "course"], how="left")
    begins = frame["begins"].fillna(frame["starts"]).astype(np.int64)
    frame["sent"] = frame["starts"] + frame["date_submitted"] * DAY + NOON
    is_exam = frame["module"] == ""
    graded = frame["sent"].where(frame["module"] != "assign", frame["sent"] + MARKING)
    graded = graded.where(~is_exam, frame["ends"] + MARKING)
    frame["graded"] = graded.where(~frame["is_banked"], begins)
    frame = frame.sort_values(["sent", "item", "user"], kind="stable", ignore_index=True)
    tables = {
        "assign_submission": _submissions(
            frame[~frame["is_banked"] & (frame["module"] == "assign")], log
        ),
        "quiz_attempts": _attempts(frame[~frame["is_banked"] & (frame["module"] == "quiz")], log),
    }
    scored = frame[frame["score"].notna()]
    scored = scored.sort_values(["graded", "item", "user"], kind="stable", ignore_index=True)
    return tables | _grades(scored, log)


def _submissions(rows: Frame, log: Log) -> dict[str, Any]:
    user, sent, cm = (rows[name].to_numpy() for name in ("user", "sent", "cm"))
    number = np.arange(1, len(rows) + 1)
    log.add_in_activity("file_uploaded", cm, sent, user, number)
    log.add_in_activity("assign_submitted", cm, sent, user, number)
    return {
        "id": number,
        "assignment": rows["instance"].to_numpy(),
        "userid": user,
        "timecreated": sent,
        "timemodified": sent,
        "status": "submitted",
        "latest": 1,
    }


def _attempts(rows: Frame, log: Log) -> dict[str, Any]:
    user, sent, instance = (rows[name].to_numpy() for name in ("user", "sent", "instance"))
    number = np.arange(1, len(rows) + 1)
    log.add_in_activity(
        "attempt_submitted",
        rows["cm"].to_numpy(),
        sent,
        user,
        number,
        related=user,
        a=instance,
        b=user,
    )
    return {
        "id": number,
        "quiz": instance,
        "userid": user,
        "attempt": 1,
        "uniqueid": number,
        "layout": "",
        "state": "finished",
        "timestart": sent,
        "timefinish": sent,
        "timemodified": sent,
        "sumgrades": rows["score"].to_numpy(dtype=np.float64),
    }


def _grades(rows: Frame, log: Log) -> dict[str, dict[str, Any]]:
    user, item, graded = (rows[name].to_numpy() for name in ("user", "item", "graded"))
    score = rows["score"].to_numpy(dtype=np.float64)
    banked = rows["is_banked"].to_numpy()
    module = rows["module"].to_numpy(dtype=object)
    number = np.arange(1, len(rows) + 1)
    # A quiz marks itself while the learner hands it in.
    by_itself = (module == "quiz") & ~banked
    grader = np.where(by_itself, user, ADMIN)
    by_hand = banked | (module == "")
    log.add_in_course(
        "user_graded",
        rows["course"].to_numpy(),
        graded,
        grader,
        user,
        number,
        a=item,
        b=np.round(score * 100_000).astype(np.int64),
    )
    common: dict[str, Any] = {
        "id": number,
        "itemid": item,
        "userid": user,
        "rawgrade": score,
        "usermodified": grader,
        "finalgrade": score,
        "excluded": np.where(banked, graded, 0),
        "timemodified": graded,
    }
    sources = np.where(by_hand, "gradebook", np.array([f"mod/{name}" for name in module], object))
    return {
        "grade_grades": common
        | {
            "timecreated": np.where(by_hand, graded, rows["sent"].to_numpy()),
            "aggregationstatus": np.where(banked, "excluded", "used").astype(object),
        },
        "grade_grades_history": common
        | {"action": 1, "oldid": number, "source": sources, "loggeduser": grader},
    }
