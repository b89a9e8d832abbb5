"""A Moodle 4.1 site made by hand, with every oddity that real sites have; rows as Python has them.

The log runs from 14 October 2020 to 30 March 2021: over both clock changes of Beirut (at midnight,
so that one day has two hours 23 and one has no hour 0), a year's end and an ISO week 53.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random

from moodle_tables import SITE_ZONE, ZONE, MoodleSite, at

_MODULES = {1: "assign", 2: "forum", 3: "quiz", 4: "page", 5: "hvp"}
# Activity: course, type, instance, waits for deletion. 199 and 901 are gone: only the log has them.
_ACTIVITIES = {
    101: (2, 4, 1, 0),
    102: (2, 3, 1, 0),
    103: (2, 1, 1, 0),
    104: (2, 2, 1, 0),
    105: (2, 4, 2, 1),
    106: (2, 5, 1, 0),
    201: (3, 4, 3, 0),
    202: (3, 3, 2, 0),
    301: (4, 4, 4, 0),
}
_STUDENT, _TUTOR, _EDITING, _MANAGER = 5, 10, 3, 1


def make_site() -> MoodleSite:
    site = MoodleSite()
    _settings(site)
    _people(site)
    _enrolments(site)
    _ordinary_visits(site)
    _sessions(site)
    _oddities(site)
    _former_learners(site)
    return site


def _settings(site: MoodleSite) -> None:
    settings = {"release": "4.1.2", "version": "2022112802", "siteguest": "1", "siteadmins": "2,7"}
    for name, value in (settings | {"timezone": SITE_ZONE}).items():
        site.add("config", name=name, value=value)
    archetypes = "manager coursecreator editingteacher teacher student guest user frontpage"
    roles = [(name, name) for name in archetypes.split()]
    for short, archetype in [*roles, ("pupil", "student"), ("tutor", "teacher"), ("auditor", "")]:
        order = len(site.tables["role"]) + 1
        site.add("role", shortname=short, archetype=archetype, sortorder=order)
    # Context 3 (category B) must not be taken for the beginning of 30 (category A).
    paths = {1: (10, 0, "/1"), 2: (50, 1, "/1/2"), 3: (40, 2, "/1/3"), 30: (40, 1, "/1/30")}
    paths |= {32: (50, 2, "/1/30/32"), 33: (50, 3, "/1/30/33")}
    paths |= {34: (50, 4, "/1/3/34"), 35: (50, 5, "/1/3/35")}
    for number, (level, instance, path) in paths.items():
        depth = path.count("/")
        site.add(
            "context", id=number, contextlevel=level, instanceid=instance, path=path, depth=depth
        )
    courses = {
        1: ("The site", 0, 0),
        2: ("מבוא לנתונים: 'א' \"ב\"", at("2020-10-19 00:00"), 0),
        3: ("No start", 0, at("2020-12-31 00:00")),
        4: ("Starts later", at("2021-09-01 00:00"), 0),
        5: ("Nobody goes there", at("2020-11-02 00:00"), 0),
    }
    for number, (name, start, end) in courses.items():
        short = f"C{number}"
        site.add("course", fullname=name, shortname=short, startdate=start, enddate=end, visible=1)
    for number, name in _MODULES.items():
        site.add("modules", id=number, name=name, visible=1)
    for number, (course, module, instance, going) in _ACTIVITIES.items():
        site.add(
            "course_modules", id=number, course=course, module=module, instance=instance,
            section=course, visible=1, deletioninprogress=going,
        )  # fmt: skip
    for course in (2, 3, 4, 5):
        site.add("course_sections", id=course, course=course, section=0, visible=1)
    site.add("forum", course=2, name="Talk", type="general")
    site.add("quiz", course=2, name="Quiz", grade=10, sumgrades=10)
    site.add("quiz", course=3, name="Quiz", grade=10, sumgrades=10)
    site.add("assign", course=2, name="Work's", grade=100)
    site.add("grade_categories", courseid=2, depth=1, path="/1/", fullname="?", aggregation=13)
    site.add(
        "grade_items", courseid=2, categoryid=1, itemname="Work's", itemtype="mod",
        itemmodule="assign", iteminstance=1, itemnumber=0, gradetype=1, grademax=100,
    )  # fmt: skip


def _people(site: MoodleSite) -> None:
    names = {10: ("لينا", "الحسن"), 24: ("O'Brien", 'D"Arcy \\ ;--'), 26: ("יעל", "כהן")}
    zones = {10: "99", 11: "America/New_York", 24: "5.5", 25: "Mars/Base", 26: ""}
    suspended = {15: at("2021-01-20 12:00"), 37: at("2021-02-01 12:00")}
    never = {18, 22, 33, 36}
    for user in [*range(1, 8), *range(10, 38)]:
        first, last = names.get(user, ("First", f"Last {user}"))
        seen = 0 if user in never else at("2020-10-01 12:00")
        site.add(
            "user", id=user, username=f"user{user}", confirmed=1, deleted=int(user == 6),
            suspended=int(user in suspended), firstname=first, lastname=last,
            email=f"user{user}@example.org", country={25: "JP", 26: ""}.get(user, "LB"),
            timezone=zones.get(user, ZONE), firstaccess=seen, lastaccess=seen,
            timecreated=at("2020-09-01 12:00"),
            timemodified=suspended.get(user, at("2020-09-01 12:00")),
        )  # fmt: skip


def _enrolments(site: MoodleSite) -> None:
    methods = [
        ("manual", 0, 2), ("self", 0, 2), ("manual", 0, 3), ("self", 1, 3), ("manual", 0, 4),
        ("manual", 0, 5),
    ]  # fmt: skip
    for name, status, course in methods:
        made = at("2020-09-01 12:00")
        site.add(
            "enrol", enrol=name, status=status, courseid=course, roleid=_STUDENT,
            timecreated=made, timemodified=made,
        )  # fmt: skip
    usual = "2020-10-19 09:00"
    # User, method, role given in the course, start, end, status, last change.
    for user, method, role, start, end, status, changed in [
        (2, 1, _STUDENT, usual, "", 0, ""),
        (7, 1, _STUDENT, usual, "", 0, ""),
        (3, 1, _STUDENT, usual, "", 0, ""),
        (4, 1, _EDITING, usual, "", 0, ""),
        (4, 3, _STUDENT, usual, "", 0, ""),
        (5, 1, _STUDENT, usual, "", 0, ""),
        (5, 5, _STUDENT, usual, "", 0, ""),
        (6, 1, _STUDENT, usual, "", 0, ""),
        (10, 1, _STUDENT, usual, "", 0, ""),
        (11, 1, _STUDENT, usual, "", 0, ""),
        (11, 3, _STUDENT, "2020-10-28 09:00", "", 0, ""),
        (13, 1, _STUDENT, "2021-01-05 09:00", "", 0, ""),
        (14, 1, _STUDENT, usual, "", 1, "2020-12-16 12:00"),
        (15, 1, _STUDENT, usual, "", 0, ""),
        (16, 1, _STUDENT, usual, "2021-01-10 20:00", 0, ""),
        (17, 2, 0, "2020-11-03 09:00", "", 0, ""),
        (18, 4, _STUDENT, usual, "", 0, ""),
        (19, 1, _STUDENT, "2020-09-28 09:00", "", 1, "2020-12-01 12:00"),
        (19, 2, 0, "2020-11-02 09:00", "", 0, ""),
        (22, 1, _STUDENT, usual, "", 0, ""),
        (23, 1, _STUDENT, usual, "", 0, ""),
        (24, 3, 9, usual, "", 0, ""),
        (25, 3, _STUDENT, usual, "", 0, ""),
        (25, 5, _STUDENT, usual, "", 0, ""),
        (26, 3, _STUDENT, usual, "", 0, ""),
        (28, 1, _STUDENT, "2020-11-10 09:00", "", 0, ""),
        (30, 1, _STUDENT, usual, "", 0, ""),
        (33, 1, _STUDENT, "2021-05-01 09:00", "", 0, ""),
        (34, 1, _STUDENT, usual, "", 1, "2020-12-01 12:00"),
        (34, 2, 0, "2020-11-02 09:00", "2021-01-10 20:00", 0, ""),
        (37, 1, _STUDENT, usual, "", 1, "2020-12-16 12:00"),
    ]:
        course = methods[method - 1][2]
        site.add(
            "user_enrolments", id=500 + len(site.tables["user_enrolments"]), enrolid=method,
            userid=user, status=status, timestart=at(start), timeend=at(end) if end else 0,
            timecreated=at(min(start, "2021-03-01 09:00")), timemodified=at(changed or usual),
        )  # fmt: skip
        if role:
            _give(site, role, 30 + course, user, start)
    # 3 teaches and learns in one course; 5 manages category A; 20 learns in all of category B.
    _give(site, _TUTOR, 32, 3, usual)
    _give(site, _MANAGER, 30, 5, usual)
    _give(site, _STUDENT, 3, 20, "2020-11-04 09:00")


def _give(site: MoodleSite, role: int, context: int, user: int, when: str) -> None:
    site.add(
        "role_assignments", roleid=role, contextid=context, userid=user,
        timemodified=at(min(when, "2021-03-01 09:00")),
    )  # fmt: skip


def _ordinary_visits(site: MoodleSite) -> None:
    random = Random(53)
    for user, course, first, last in [
        (3, 2, "2020-10-19", "2021-02-01"), (4, 2, "2020-10-19", "2021-02-01"),
        (2, 2, "2020-11-02", "2020-12-01"), (7, 2, "2020-11-02", "2020-12-01"),
        (34, 2, "2020-10-20", "2021-01-09"), (35, 2, "2020-10-20", "2020-11-29"),
        (5, 2, "2020-11-02", "2020-12-01"),
        (6, 2, "2020-10-20", "2020-11-20"), (31, 2, "2020-11-02", "2020-11-09"),
        (11, 2, "2020-10-19", "2021-03-29"), (12, 2, "2020-10-21", "2020-12-08"),
        (13, 2, "2020-10-20", "2020-11-24"), (13, 2, "2021-01-06", "2021-03-28"),
        (14, 2, "2020-10-20", "2020-12-15"), (15, 2, "2020-10-20", "2021-01-15"),
        (16, 2, "2020-10-20", "2021-01-09"), (17, 2, "2020-11-04", "2021-03-29"),
        (19, 2, "2020-10-20", "2021-03-29"), (21, 2, "2020-10-26", "2020-11-18"),
        (28, 2, "2020-11-11", "2021-03-29"), (29, 2, "2020-10-22", "2020-11-15"),
        (4, 3, "2020-10-20", "2020-12-29"), (11, 3, "2020-10-29", "2021-01-12"),
        (24, 3, "2020-10-20", "2020-12-29"), (25, 3, "2020-10-20", "2020-12-29"),
        (26, 3, "2020-10-20", "2020-12-29"), (5, 4, "2020-11-20", "2021-03-01"),
        (20, 4, "2020-11-10", "2021-03-01"), (25, 4, "2020-10-26", "2020-12-20"),
        (27, 9, "2020-10-22", "2020-11-05"),
    ]:  # fmt: skip
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last):
            if random.random() < 0.25:
                _visit(site, random, user, course, day)
            day += timedelta(days=1)


def _visit(site: MoodleSite, random: Random, user: int, course: int, day: date) -> None:
    """Write a log-in and some acts on one day; the second act may be an hour after the first."""
    acts: dict[int, list[tuple[tuple[str, ...], int]]] = {
        2: [
            (("page",), 101), (("quiz", "attempt"), 102), (("attempt page",), 102),
            (("finish",), 102), (("assign", "status"), 103), (("file", "submit"), 103),
            (("forum",), 104), (("thread",), 104), (("reply", "forum text"), 104),
            (("topic", "forum text", "subscribe"), 104), (("plugin view",), 106),
        ],
        3: [(("page",), 201), (("quiz",), 202), (("attempt",), 202), (("finish",), 202)],
        4: [(("page",), 301)],
        9: [(("page",), 901)],
    }  # fmt: skip
    now = at(f"{day} 07:00") + random.randrange(15 * 3600)
    site.log(now, user, "login")
    site.log(now + 1, user, "dashboard")
    site.log(now + 20, user, "course", course)
    for _ in range(random.randrange(5)):
        now += random.choice((45, 300, 1200, 2400))
        names, activity = random.choice(acts[course])
        for name in names:
            site.log(now, user, name, course, activity)


def _sessions(site: MoodleSite) -> None:
    """Learner 10's days are made by hand, each for one rule of the clock or of sessions."""

    def pages(times: Iterable[str | int]) -> None:
        for when in times:
            site.log(when, 10, "page", 2, 101)

    pages(["2020-10-15 10:00"])  # before the course and the enrolment begin
    pages(["2020-11-03 10:00:00", "2020-11-03 10:30:00", "2020-11-03 11:00:01"])  # 30 min, +1 s
    pages(["2020-11-05 00:10", "2020-11-04 23:50"])  # over midnight, ids out of order
    pages(["2020-11-08 23:45", "2020-11-09 00:05"])  # over the end of the week
    pages(at("2020-11-12 07:00") + 1800 * half for half in range(28))  # 13.5 hours
    pages(["2020-12-31 23:58", "2021-01-01 00:02", "2021-01-03 23:50", "2021-01-04 00:10"])
    hour_23 = at("2020-10-24 23:30")
    pages([hour_23, hour_23 + 600, hour_23 + 3600])  # the hour 23 that comes twice
    before = at("2021-03-27 23:59")
    pages([before, before + 120])  # the next day begins at one o'clock
    # 11 changes between the site and two courses, two of them in one second.
    for minute, event, course, activity in [
        (0, "login", 0, None), (1, "course", 2, None), (5, "page", 2, 101), (5, "page", 3, 201),
        (12, "dashboard", None, None), (20, "quiz", 3, 202), (26, "profile", 1, None),
    ]:  # fmt: skip
        site.log(at("2020-12-02 12:00") + 60 * minute, 11, event, course, activity)
    site.log("2021-01-12 19:00", 11, "page", 3, 201)  # after the course's end
    for day in ("2020-11-01", "2021-01-02", "2021-01-02", "2021-03-30"):
        site.log(f"{day} 21:30", 23, "login")
        site.log(f"{day} 21:31", 23, "dashboard")


def _oddities(site: MoodleSite) -> None:
    site.log("2020-10-14 10:00", 2, "edit", 2, 101, origin="cli")  # the first row of the log
    site.log("2021-03-30 22:10", 0, "notification")  # the last one
    site.log(0, 10, "page", 2, 101)  # no time
    for user in (1, 0, -1, -10, -20, 999):
        site.log("2020-11-10 12:00", user, "page", 2, 101)
    site.log("2020-11-10 12:01", 10, "page", 2, 101, realuserid=2)
    site.log("2020-11-10 12:02", 10, "page", 2, 101, anonymous=1)
    for origin in ("ws", "cli", "restore", "web", None):
        site.log("2020-11-10 12:03", 10, "quiz", 2, 102, origin=origin)
    for course in (0, None, 1):
        site.log("2020-11-10 12:04", 10, "profile", course)
    for _ in range(3):  # alike in all but their id
        site.log("2020-11-10 12:05", 10, "page", 2, 101, other="N;")
    for event in ("overdue", "abandoned", "completion", "graded"):  # by the learner himself
        site.log("2020-11-17 08:00", 10, event, 2, 102, relateduserid=10)
    for event in ("notified", "notification", "message", "tour", "service", "login failed"):
        site.log("2020-11-17 08:01", 10, event)
        site.log("2020-11-17 08:01", 22, event)
    site.log("2020-11-17 08:02", 22, "completed", 2)
    site.log("2020-11-17 08:03", -1, "graded", 2, 102, relateduserid=22)
    site.log("2020-11-17 08:04", 2, "config")
    for event, activity in (("page", 105), ("page", 199), ("plugin view", 106)):
        site.log("2020-11-18 08:00", 10, event, 2, activity)
    site.log("2020-11-18 08:01", 10, "plugin text", 2, 106)
    site.log("2020-11-18 08:01", 10, "plugin act", 2)
    site.log("2020-11-18 08:05", 10, "page", 5, 501)  # not enrolled there
    site.log("2020-11-18 08:09", 10, "topic", 2, 104)


def _former_learners(site: MoodleSite) -> None:
    def change(when: str, user: int, course: int, role: int, *, given: bool, number: int) -> None:
        names = ("enrolled", "role") if given else ("role gone", "unenrolled")
        for name in names:
            thing = role if name.startswith("role") else number
            site.enrolment_log(when, name, user, course, thing)

    change("2020-10-21 09:00", 12, 2, _STUDENT, given=True, number=401)
    change("2020-12-09 18:00", 12, 2, _STUDENT, given=False, number=401)
    change("2020-10-20 06:00", 13, 2, _STUDENT, given=True, number=402)
    change("2020-11-25 18:00", 13, 2, _STUDENT, given=False, number=402)
    change("2021-01-05 09:00", 13, 2, _STUDENT, given=True, number=511)
    change("2020-11-30 18:00", 35, 2, _STUDENT, given=False, number=405)  # came before the log
    change("2020-11-02 09:00", 36, 2, _STUDENT, given=True, number=406)
    change("2020-11-18 18:00", 36, 2, _STUDENT, given=False, number=406)
    change("2020-10-20 06:00", 6, 2, _STUDENT, given=True, number=507)
    change("2020-10-21 09:00", 27, 9, _STUDENT, given=True, number=403)
    site.log("2020-11-06 12:00", 2, "course gone", 9)
    # 28 taught before learning; 29 taught and left.
    site.enrolment_log("2020-10-20 09:00", "role", 28, 2, _EDITING)
    site.enrolment_log("2020-11-10 08:00", "role gone", 28, 2, _EDITING)
    change("2020-11-10 09:00", 28, 2, _STUDENT, given=True, number=525)
    change("2020-10-21 09:00", 29, 2, _EDITING, given=True, number=404)
    change("2020-11-20 09:00", 29, 2, _EDITING, given=False, number=404)
    # 21 left before the log tells of it; 32 has a grade and no event, so nobody knows.
    for user in (21, 32):
        for action, when in ((1, "2020-11-05 12:00"), (3, "2020-11-20 12:00")):
            site.add(
                "grade_grades_history", action=action, oldid=9, itemid=1, userid=user,
                finalgrade=50, rawgrademax=100, timemodified=at(when), source="system",
            )  # fmt: skip
