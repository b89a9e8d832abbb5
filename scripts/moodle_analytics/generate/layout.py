"""The plan of the academy: which courses there are, and what each holds."""

from __future__ import annotations

from dataclasses import dataclass

SITE = 1

WELCOME = 46

COMMUNITY = 20

STAFF_COURSE = 3

DELETED_COURSE = 6

DELETED_COURSE_CONTEXT = 900_006

WEEKS_OF_WORK = 8

MODULE_NAMES = (
    "assign",
    "assignment",
    "book",
    "chat",
    "choice",
    "data",
    "feedback",
    "folder",
    "forum",
    "glossary",
    "h5pactivity",
    "imscp",
    "label",
    "lesson",
    "lti",
    "page",
    "quiz",
    "resource",
    "scorm",
    "survey",
    "url",
    "wiki",
    "workshop",
    "bigbluebuttonbn",
    "attendance",
    "questionnaire",
)

MODULE_ID = {name: number for number, name in enumerate(MODULE_NAMES, 1)}


@dataclass(frozen=True)
class CoursePlan:
    """A course: start and end as days of 2019 (1 January is 0; None for not set)."""

    id: int
    shortname: str
    fullname: str
    start: int | None = None
    end: int | None = None
    taught: bool = False
    visible: bool = True
    completion: bool = False


COURSES = (
    CoursePlan(1, "academy", "The Academy", None, None),
    CoursePlan(2, "SANDBOX", "Sandbox", -120, None, visible=False),
    CoursePlan(3, "STAFF", "Staff room", -120, None),
    CoursePlan(5, "TEMPLATE", "Course template", -100, None, visible=False),
    CoursePlan(7, "DATA-1", "Data foundations, cohort 1", 34, 104, taught=True, completion=True),
    CoursePlan(8, "DATA-2", "Data foundations, cohort 2", 97, 167, taught=True, completion=True),
    CoursePlan(10, "CAREER-1", "Career skills, cohort 1", 62, 146, taught=True, completion=True),
    CoursePlan(12, "PYTHON-18", "Python bootcamp 2018", -110, -20),
    CoursePlan(20, "COMMUNITY", "Community", -10, None),
    CoursePlan(31, "PROJECTS", "Employer projects", None, None),
    CoursePlan(44, "ARCHIVE", "Archive 2018", -300, -60, visible=False),
    CoursePlan(46, "WELCOME", "Welcome to UpSkill - start here!", 21, None, completion=True),
    CoursePlan(48, "MENTORS", "Mentors' corner", 14, None),
    CoursePlan(50, "DATA-3", "Data foundations, cohort 3", 153, 237, taught=True),
    CoursePlan(52, "CAREER-2", "Career skills, cohort 2", 139, 223, taught=True),
)


def _taught_plan() -> list[tuple[str, int, str]]:
    """Return what a taught course holds: kind, week, and a mark for the odd ones."""
    plan = [("forum", 0, "news"), ("forum", 0, "questions"), ("label", 0, ""), ("choice", 1, "")]
    for week in range(1, WEEKS_OF_WORK + 1):
        plan += [("page", week, ""), ("url", week, ""), ("resource", week, ""), ("quiz", week, "")]
        if week > 1:
            plan.append(("assign", week, {6: "team", 7: "scale", 8: "offline"}.get(week, "")))
        if week in (1, 4):
            plan.append(("lesson", week, ""))
        if week in (2, 5, 8):
            plan.append(("feedback", week, "anonymous" if week == 5 else ""))
        if week in (3, 6):
            plan.append(("forum", week, "rated" if week == 3 else "discussion"))
    return plan


def _welcome_plan() -> list[tuple[str, int, str]]:
    kinds = (
        ["forum"] * 3 + ["page"] * 5 + ["url"] * 4 + ["quiz"] * 2 + ["feedback"] * 2 + ["lesson"]
    )
    return [(kind, 0, "news" if place == 0 else "") for place, kind in enumerate(kinds)]


def plan_of(course: CoursePlan) -> list[tuple[str, int, str]]:
    """Return what a course holds: kind, week (0 for none), and a mark for the odd ones."""
    if course.taught:
        return _taught_plan()
    if course.id == WELCOME:
        return _welcome_plan()
    if course.id == SITE:
        return [("forum", 0, "news")]
    extra = {
        COMMUNITY: ["forum", "forum", "page"],
        31: ["page", "resource", "url"],
        12: ["page", "resource"],
    }
    extra |= {
        STAFF_COURSE: ["page", "resource"],
        5: ["page", "resource"],
        48: ["page"],
        44: ["page"],
    }
    return [("forum", 0, "news"), *((kind, 0, "") for kind in extra.get(course.id, []))]
