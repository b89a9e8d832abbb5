"""A Moodle 4.1 site made by hand for grades, deadlines, submissions, posts and the weekly status.

The log runs from 12 October 2020 to Thursday 28 January 2021 15:00 in Beirut: over the change of
its clock (24 October, when the hour 23 comes twice), a year's end and ISO week 53. Week 1 of course
2 begins on 19 October. Activities are in `handmade_activities`, grades and
posts in `handmade_gradebook`.
"""

from __future__ import annotations

from datetime import date, timedelta

import handmade_gradebook
from handmade_activities import ASSIGNMENTS, MADE, PLAIN, SECOND_HOUR, add_activities
from moodle_tables import SITE_ZONE, ZONE, MoodleSite, at

SCHEMA, PREFIX = "school", "mx_"
LAST = at("2021-01-28 15:00")
TEACHER, TUTOR = 3, 4
_MODULES = {1: "assign", 2: "forum", 3: "quiz", 4: "page", 5: "feedback"}
_STUDENT, _EDITING, _TUTOR = 5, 3, 4
# Days with visits in each week of course 2, from 19 October 2020 on: one figure a week.
VISITS = {
    10: "555555555555555",  # the model learner
    11: "444444444444444",  # hands in late
    12: "444444404444444",  # one silent week
    13: "333330000033333",  # inactive, and back
    14: "333333333333333",  # poor grades
    15: "000000000000000",  # never starts
    16: "000003333333333",  # starts late
    17: "333333330000000",  # suspended in week 8
    18: "333333000333333",  # leaves in week 7, enrolled again in week 10
    19: "444444440000000",  # leaves for good in week 9
    20: "000000334443333",  # joins in week 7
    21: "444444444444444",  # an ended enrolment and a running one; several groups
    22: "544444444400000",  # completes the course in week 9
    23: "333233332233322",  # hands in nothing
    24: "111111111111111",  # hardly there
    25: "444444444444000",  # falls silent
    26: "545454545454545",  # an extension
    28: "444444444440000",  # account suspended in week 12
    29: "333333330000000",  # enrolled until the end of week 8
}
# Who hands in every plain assignment, and how many hours before its deadline.
DILIGENT = {
    10: 48, 11: 30, 12: 20, 14: 6, 17: 30, 18: 12, 19: 3, 20: 5, 21: 25, 22: 50, 25: 10, 26: 8,
    28: 2,
}  # fmt: skip


def make_site() -> MoodleSite:
    site = MoodleSite()
    _settings(site)
    _people(site)
    add_activities(site)
    _submissions(site)
    _attempts(site)
    handmade_gradebook.add_grades(site)
    handmade_gradebook.add_posts(site, TEACHER)
    handmade_gradebook.add_completions(site)
    _visits(site)
    return site


def _settings(site: MoodleSite) -> None:
    settings = {"release": "4.1.2", "version": "2022112802", "siteguest": "1", "siteadmins": "2"}
    for name, value in (settings | {"timezone": SITE_ZONE}).items():
        site.add("config", name=name, value=value)
    roles = "manager coursecreator editingteacher teacher student guest user frontpage"
    for name in roles.split():
        order = len(site.tables["role"]) + 1
        site.add("role", shortname=name, archetype=name, sortorder=order)
    site.add("context", id=1, contextlevel=10, instanceid=0, path="/1", depth=1)
    courses = {
        1: ("The site", 0, 0),
        2: ("Statistics", at("2020-10-19 00:00"), 0),
        3: ("Small course", at("2020-11-02 00:00"), at("2020-12-20 00:00")),
    }
    for number, (name, start, end) in courses.items():
        site.add(
            "course", id=number, fullname=name, shortname=f"C{number}", startdate=start,
            enddate=end, visible=1, enablecompletion=1,
        )  # fmt: skip
        site.add(
            "context", id=30 + number, contextlevel=50, instanceid=number, path=f"/1/{30 + number}",
            depth=2,
        )  # fmt: skip
    for number, name in _MODULES.items():
        site.add("modules", id=number, name=name, visible=1)
    for number, course, visible in ((21, 2, 1), (22, 2, 0), (31, 3, 1)):
        site.add("course_sections", id=number, course=course, section=number, visible=visible)
    # 1 to 5 are course 2's, 9 is course 3's.
    members = {1: (21, 22, 23, 25), 2: (21,), 3: (25,), 4: (10, 11), 5: (24,), 9: (10, 30)}
    for group, users in members.items():
        site.add("groups", id=group, courseid=3 if group == 9 else 2, name=f"G{group}")
        for user in users:
            site.add("groups_members", groupid=group, userid=user, timeadded=at(MADE))


def _people(site: MoodleSite) -> None:
    zones = {10: "99", 11: "America/New_York", 24: "5.5"}
    gone = {28: at("2021-01-06 12:00")}
    for user in (1, 2, 3, 4, *VISITS, 27, 30, 31):
        site.add(
            "user", id=user, username=f"user{user}", confirmed=1, deleted=0,
            suspended=int(user in gone), firstname="First", lastname=f"Last {user}",
            email=f"user{user}@example.org", country="LB", timezone=zones.get(user, ZONE),
            firstaccess=at(MADE), lastaccess=0 if user == 15 else at(MADE),
            timecreated=at("2020-09-01 12:00"),
            timemodified=gone.get(user, at("2020-09-01 12:00")),
        )  # fmt: skip
    for name, course in (("manual", 2), ("self", 2), ("manual", 3)):
        site.add(
            "enrol", enrol=name, status=0, courseid=course, roleid=_STUDENT, timecreated=at(MADE),
            timemodified=at(MADE),
        )  # fmt: skip
    usual = "2020-10-19 09:00"
    for user in (10, 11, 12, 13, 14, 15, 16, 22, 23, 24, 25, 26, 28):
        _enrol(site, user, 1, usual)
    _enrol(site, 17, 1, usual, suspended="2020-12-08 12:00")
    _enrol(site, 18, 1, "2020-12-22 09:00")  # the second period
    _enrol(site, 20, 1, "2020-12-01 09:00")
    _enrol(site, 29, 1, usual, ends="2020-12-13 12:00")
    _enrol(site, 21, 1, usual, ends="2020-11-20 12:00")
    _enrol(site, 21, 2, "2020-11-18 09:00")
    for user in (10, 30, 31):
        _enrol(site, user, 3, "2020-11-02 09:00")
    for user, role in ((TEACHER, _EDITING), (TUTOR, _TUTOR)):
        for course in (2, 3):
            site.add(
                "role_assignments", roleid=role, contextid=30 + course, userid=user,
                timemodified=at(MADE),
            )  # fmt: skip
    # Moodle has deleted the enrolments of 18 (the first), 19 and 27; the log tells of them.
    for user, course, number, first, last in (
        (18, 2, 901, usual, "2020-12-02 18:00"),
        (19, 2, 902, usual, "2020-12-17 18:00"),
        (27, 9, 903, "2020-10-21 09:00", ""),
    ):
        for event, thing in (("enrolled", number), ("role", _STUDENT)):
            site.enrolment_log(first, event, user, course, thing)
        for event, thing in (("role gone", _STUDENT), ("unenrolled", number)):
            if last:
                site.enrolment_log(last, event, user, course, thing)
    site.log("2020-11-06 12:00", 2, "course gone", 9)


def _enrol(
    site: MoodleSite, user: int, method: int, starts: str, *, ends: str = "", suspended: str = ""
) -> None:
    site.add(
        "user_enrolments", enrolid=method, userid=user, status=int(bool(suspended)),
        timestart=at(starts), timeend=at(ends) if ends else 0, timecreated=at(starts),
        timemodified=at(suspended or starts),
    )  # fmt: skip
    course = 3 if method == 3 else 2
    if not any(
        (row["userid"], row["contextid"]) == (user, 30 + course)
        for row in site.tables["role_assignments"]
    ):
        site.add(
            "role_assignments", roleid=_STUDENT, contextid=30 + course, userid=user,
            timemodified=at(starts),
        )  # fmt: skip


def _hand_in(
    site: MoodleSite, activity: int, user: int, when: str | int, status: str = "submitted",
    *, group: int = 0, attempt: int = 0,
) -> None:  # fmt: skip
    time = at(when) if isinstance(when, str) else when
    site.add(
        "assign_submission", assignment=ASSIGNMENTS[activity][0], userid=user, timecreated=time,
        timemodified=time, status=status, groupid=group, attemptnumber=attempt, latest=1,
    )  # fmt: skip
    if user and status == "submitted" and time < LAST:
        site.log(time, user, "submit", activity // 100, activity)


def _submissions(site: MoodleSite) -> None:
    special: dict[tuple[int, int], tuple[str, str] | None] = {
        (202, 11): ("2020-11-02 00:00:00", "submitted"),  # a second late, a week later
        (202, 12): ("2020-11-01 23:59:59", "submitted"),  # at the deadline
        (202, 13): ("2020-10-30 12:00", "draft"),
        (202, 14): ("2020-11-03 12:00", "submitted"),
        (202, 16): ("2020-11-25 12:00", "submitted"),
        (202, 20): None,
        (202, 24): ("2020-10-28 12:00", "new"),
        (202, 26): ("2020-11-03 12:00", "submitted"),  # within the extension
        (203, 10): ("2020-11-09 00:00:00", "submitted"),  # at a deadline that ends the week
        (203, 20): None,
        (203, 21): ("2020-11-11 13:00", "submitted"),  # late for one group, on time for the other
        (203, 22): ("2020-11-12 11:00", "submitted"),
        (203, 23): ("2020-11-11 12:00", "submitted"),
        (223, 20): None,
        (226, 10): ("2020-10-24 23:30", "submitted"),  # the first half past 23
        (226, 11): None,
        (226, 20): None,
        (229, 14): None,
    }
    gone = {
        17: "2020-12-08",
        18: "2020-12-02",
        19: "2020-12-17",
        22: "2020-12-27",
        28: "2021-01-03",
    }
    for activity in PLAIN:
        instance = ASSIGNMENTS[activity][0]
        due = next(row["duedate"] for row in site.tables["assign"] if row["id"] == instance)
        for user, hours in DILIGENT.items():
            time = int(due or 0) - 3600 * hours
            left = user in gone and time > at(f"{gone[user]} 00:00")
            quiet = user == 25 and time > at("2021-01-10 00:00")
            if (activity, user) not in special and not left and not quiet:
                _hand_in(site, activity, user, time)
    for (activity, user), found in special.items():
        if found:
            _hand_in(site, activity, user, *found)
    _hand_in(site, 226, 11, SECOND_HOUR + 1)
    _hand_in(site, 202, 14, "2020-11-20 12:00", "reopened", attempt=1)
    _hand_in(site, 202, 17, "2020-10-29 12:00", attempt=1)  # again
    # Teams: 4 on time, 1 late, who is in no group early; 9 is of another course.
    for group, when in ((4, "2020-11-17 12:00"), (1, "2020-11-19 12:00"), (0, "2020-11-16 12:00"),
                        (9, "2020-11-10 12:00")):  # fmt: skip
        _hand_in(site, 205, 0, when, group=group)
    _hand_in(site, 206, 10, "2020-11-24 12:00")
    _hand_in(site, 206, 11, "2020-11-24 13:00", "draft")
    _hand_in(site, 206, 0, "2020-11-24 13:00", "draft", group=4)
    _hand_in(site, 206, 0, "2020-11-25 11:00", group=1)
    _hand_in(site, 208, 10, "2020-11-19 12:00")
    for user in (10, 22):
        _hand_in(site, 215, user, "2020-12-15 12:00")
    _hand_in(site, 215, 21, "2020-12-29 12:00")  # late, and no longer missed
    for user, when in ((10, "2020-11-12 12:00"), (12, "2020-11-12 13:00")):
        _hand_in(site, 236, user, when)
    _hand_in(site, 235, 19, "2020-12-16 12:00")
    _hand_in(site, 218, 10, "2021-01-27 12:00")
    _hand_in(site, 219, 21, "2021-01-26 12:00")
    _hand_in(site, 232, 10, "2021-01-05 12:00")  # ten days before the activity was restored
    _hand_in(site, 301, 10, "2020-11-15 12:00")
    _hand_in(site, 301, 30, "2020-11-17 12:00")
    for user, when in ((10, "2020-12-17 12:00"), (11, "2020-12-19 12:00")):
        site.log(when, user, "response", 2, 213)
    site.log("2021-01-05 12:00", 10, "response", 2, 234)


def _attempts(site: MoodleSite) -> None:
    def attempt(
        user: int, quiz: int, number: int, when: str, points: float | None,
        state: str = "finished", preview: int = 0,
    ) -> None:  # fmt: skip
        end = at(when) if state in ("finished", "abandoned") else 0
        site.add(
            "quiz_attempts", quiz=quiz, userid=user, attempt=number, preview=preview, state=state,
            timestart=at(when) - 900, timefinish=end, timemodified=at(when), sumgrades=points,
        )  # fmt: skip
        if not preview and state == "finished":
            site.log(end, user, "finish", 2, 204 if quiz == 1 else 217)

    attempt(10, 1, 1, "2020-11-10 12:00", 6)
    attempt(10, 1, 2, "2020-11-12 12:00", 9)
    attempt(11, 1, 1, "2020-11-12 12:00", 9, preview=1)
    attempt(11, 1, 2, "2020-11-12 13:00", None, "inprogress")
    attempt(12, 1, 1, "2020-11-12 12:00", None, "abandoned")
    attempt(13, 1, 1, "2020-11-15 23:59:59", 4)  # late, in the week's last second
    attempt(14, 1, 1, "2020-11-11 12:00", 8)
    attempt(14, 1, 2, "2020-11-16 00:00:00", 5)  # worse, and in the next week
    attempt(17, 1, 1, "2020-11-12 12:00", None, "overdue")
    attempt(21, 1, 1, "2020-11-16 19:00", 7)  # in time by the later of two groups
    for number, points in ((1, None), (2, 7), (3, 9.5)):  # the first waits for marking
        attempt(22, 1, number, f"2020-11-{10 + number} 12:00", points)
    attempt(25, 1, 1, "2020-11-20 12:00", 8)
    for user in (18, 19, 26, 28):
        attempt(user, 1, 1, "2020-11-13 20:00:00", 7)  # at the deadline
    attempt(11, 2, 1, "2020-12-02 12:00", 4)
    attempt(11, 2, 2, "2021-01-12 12:00", 8)
    attempt(10, 2, 1, "2021-01-12 12:00", 10)
    attempt(TEACHER, 1, 1, "2020-11-01 12:00", 10, preview=1)


def _visits(site: MoodleSite) -> None:
    site.log("2020-10-12 08:00", 2, "edit", 2, 201, origin="cli")  # the first row of the log
    for user, weeks in VISITS.items():
        for number, days in enumerate(weeks):
            for day in range(int(days)):
                _visit(site, user, 2, date(2020, 10, 19) + timedelta(7 * number + day), day)
    for user, weeks in {10: "3333333", 30: "2222222", 31: "1011011"}.items():
        for number, days in enumerate(weeks):
            for day in range(int(days)):
                _visit(site, user, 3, date(2020, 11, 2) + timedelta(7 * number + day), day)
    for day in range(5):
        _visit(site, 27, 9, date(2020, 10, 22) + timedelta(day), day)
    site.log("2020-11-18 08:00", 12, "assign", 2, 299)  # an activity that is gone
    site.log(LAST, 0, "notification")  # the last one


def _visit(site: MoodleSite, user: int, course: int, day: date, number: int) -> None:
    """Write a log-in, the course and some pages; the user's number decides how many."""
    now = at(f"{day} {8 + (user + number) % 12:02}:00")
    if now > LAST - 3600:
        return
    site.log(now, user, "login")
    site.log(now + 20, user, "course", course)
    pages = {2: (201, 214), 3: (301,), 9: (901,)}[course]
    for page in range(1 + (user + number) % 3):
        site.log(now + 300 * (page + 1), user, "page", course, pages[page % len(pages)])
