"""The activities, deadlines and overrides of the site in `handmade_grades`."""

from __future__ import annotations

from moodle_tables import MoodleSite, at

MADE = "2020-10-12 10:00"


# Activity: instance (of assign), deadline, and what is odd about it.
ASSIGNMENTS: dict[int, tuple[int, str, dict[str, int]]] = {
    202: (1, "2020-11-01 23:59:59", {}),  # the week's last second
    203: (2, "2020-11-09 00:00", {}),  # the next week's first
    205: (3, "2020-11-18 12:00", {"teamsubmission": 1}),
    206: (4, "2020-11-25 12:00", {"teamsubmission": 1, "requireallteammemberssubmit": 1}),
    207: (5, "2020-11-20 12:00", {"nosubmissions": 1}),
    208: (6, "2020-11-20 12:00", {}),  # a hidden activity
    209: (7, "2020-11-20 12:00", {}),  # in a hidden section
    215: (8, "2020-12-16 12:00", {}),  # most of the class misses it
    216: (9, "2020-12-22 12:00", {}),  # a date that nobody meets
    218: (10, "2021-01-28 23:00", {}),  # after the last log row, in its week
    219: (11, "2021-02-05 12:00", {}),
    220: (12, "2021-01-08 12:00", {}),  # marked without a submission
    221: (13, "", {}),  # added in December
    223: (14, "2020-11-27 12:00", {}),  # nobody knows when it was added
    224: (15, "2021-01-28 15:00", {}),  # at the last log row
    226: (16, "", {}),  # due in the hour that comes twice, see below
    227: (17, "2021-01-27 10:00", {}),
    228: (18, "2021-01-30 01:00", {}),  # still the 29th in New York
    229: (19, "2021-01-21 12:00", {}),
    230: (20, "2021-03-29 10:00", {}),  # both zones change their clocks before
    231: (21, "2020-12-01 12:00", {}),  # added after its deadline
    232: (22, "2021-01-20 12:00", {}),  # added after a submission
    235: (23, "2020-12-23 12:00", {}),  # only somebody who left before hands it in
    236: (24, "2020-11-13 12:00", {}),  # added in December, after somebody had handed in
    301: (30, "2020-11-16 12:00", {}),  # course 3
}
PLAIN = (202, 203, 223, 226, 227, 229)
SECOND_HOUR = at("2020-10-24 23:30") + 3600


def _activity(
    site: MoodleSite, number: int, module: int, instance: int, *, course: int = 2,
    expected: str = "", added: str = MADE, section: int = 0, **values: int,
) -> None:  # fmt: skip
    row = {"visible": 1, "completion": 0, "deletioninprogress": 0} | values
    site.add(
        "course_modules", id=number, course=course, module=module, instance=instance,
        section=section or 10 * course + 1, added=at(added) if added else 0,
        completionexpected=at(expected) if expected else 0, **row,
    )  # fmt: skip


def add_activities(site: MoodleSite) -> None:
    for number, (instance, due, values) in ASSIGNMENTS.items():
        course = number // 100
        when = SECOND_HOUR if number == 226 else at(due) if due else 0
        site.add(
            "assign", id=instance, course=course, name=f"Task {instance}", duedate=when,
            grade=100, **values,
        )  # fmt: skip
        added = {
            236: "2020-12-05 10:00",
            221: "2020-12-01 10:00",
            223: "",
            231: "2020-12-10 10:00",
            232: "2021-01-15 10:00",
        }
        _activity(
            site, number, 1, instance, course=course, added=added.get(number, MADE),
            visible=int(number != 208), section=22 if number == 209 else 0,
            completion=int(number in (202, 203, 221)),
        )  # fmt: skip
    _activity(site, 201, 4, 1, completion=1)
    _activity(site, 233, 4, 3, completion=1, deletioninprogress=1)
    _activity(site, 214, 4, 2, expected="2020-11-29 12:00")  # nothing would show a submission
    _activity(site, 213, 5, 1, expected="2020-12-18 10:00", completion=2)
    _activity(site, 234, 5, 2)  # without a date: an item of who answered it
    quizzes = {
        204: (1, "2020-11-13 20:00"),
        217: (2, ""),
        222: (3, "2020-11-13 20:00"),  # waits for deletion
    }
    for number, (instance, due) in quizzes.items():
        site.add(
            "quiz", id=instance, course=2, name=f"Quiz {instance}", sumgrades=10, grade=10,
            timeclose=at(due) if due else 0,
        )  # fmt: skip
        gone = int(number == 222)
        _activity(site, number, 3, instance, completion=int(instance < 3), deletioninprogress=gone)
    forums = {210: (1, "2020-12-04 18:00", ""), 211: (2, "", "2020-12-11 23:00"), 212: (3, "", "")}
    for number, (instance, due, expected) in forums.items():
        site.add(
            "forum", id=instance, course=2, type="general", name=f"Forum {instance}",
            duedate=at(due) if due else 0,
        )  # fmt: skip
        _activity(site, number, 2, instance, expected=expected)
    _overrides(site)


def _overrides(site: MoodleSite) -> None:
    def own(assign: int, user: int, due: int | None) -> None:
        site.add("assign_overrides", assignid=assign, userid=user, duedate=due)

    def group(assign: int, group: int, order: int, due: str) -> None:
        site.add(
            "assign_overrides", assignid=assign, groupid=group, sortorder=order, duedate=at(due)
        )

    own(2, 12, 0)  # no deadline for 12
    own(2, 14, None)  # changes something else
    own(2, 23, at("2020-11-10 12:00"))  # before the one of the group
    group(2, 1, 2, "2020-11-12 12:00")
    group(2, 2, 1, "2020-11-11 12:00")
    for assign, user, due in ((1, 26, "2020-11-04 12:00"), (2, 22, "2020-11-20 12:00")):
        site.add("assign_user_flags", assignment=assign, userid=user, extensionduedate=at(due))
    site.add("assign_user_flags", assignment=1, userid=14, extensionduedate=0)
    closes = {1: at("2020-11-14 20:00"), 2: at("2020-11-16 20:00"), 3: 0, 5: None}
    for number, close in closes.items():
        site.add("quiz_overrides", quiz=1, groupid=number, timeclose=close)
