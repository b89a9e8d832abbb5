"""The gradebook, the posts and the completions of the site in `handmade_grades`."""

from __future__ import annotations

from handmade_activities import MADE
from moodle_tables import MoodleSite, at

TOTAL, SMALL_TOTAL = 1, 30
# Item: course, category, type, module, instance, gradetype, max, min, pass.
ITEMS: dict[int, tuple[int, int | None, str, str | None, int | None, int, int, int, int]] = {
    TOTAL: (2, None, "course", None, 1, 1, 200, 0, 0),
    10: (2, 3, "mod", "assign", 1, 1, 100, 0, 50),
    11: (2, 3, "mod", "assign", 2, 1, 20, 0, 0),  # of 100 until 25 November
    12: (2, 3, "mod", "quiz", 1, 1, 10, 0, 5),  # no pass grade until 14 December
    13: (2, 3, "mod", "assign", 3, 2, 4, 1, 0),  # a scale
    14: (2, 3, "mod", "assign", 4, 3, 100, 0, 0),  # a text
    15: (2, 3, "manual", None, None, 1, 50, 0, 0),
    16: (2, 3, "manual", None, None, 1, 100, 0, 0),  # calculated
    17: (2, 2, "mod", "assign", 8, 1, 100, 0, 0),  # in a category that is hidden, since 30 December
    19: (2, 3, "mod", "assign", 12, 1, 100, 0, 0),  # marked without a submission
    20: (2, 3, "manual", None, None, 1, 10, 10, 0),  # no range
    22: (2, 3, "mod", "assign", 13, 1, 100, 0, 0),  # of a task without a deadline
    21: (2, None, "category", None, 3, 1, 100, 0, 0),
    SMALL_TOTAL: (3, None, "course", None, 5, 1, 50, 0, 30),  # calculated, with a pass grade
    31: (3, 5, "mod", "assign", 30, 1, 100, 0, 0),
    32: (3, 5, "manual", None, None, 1, 20, 0, 0),
}
CALCULATED = {16: "=##gi10##*0.5", SMALL_TOTAL: "=##gi31##/2"}
DELETED_ITEM = 18  # a manual item of course 2, deleted on 10 December
PURGED_ITEM = 23  # another, deleted on 17 December; of its history the deletion alone is left


def add_grades(site: MoodleSite) -> None:
    _items(site)
    _learner_10(site)
    _odd_histories(site)
    _plain_grades(site)
    _totals(site)


def _item_row(number: int) -> dict[str, int | str | None]:
    course, category, kind, module, instance, gradetype, high, low, pass_ = ITEMS[number]
    return {
        "courseid": course, "categoryid": category, "itemname": f"Item {number}", "itemtype": kind,
        "itemmodule": module, "iteminstance": instance, "gradetype": gradetype, "grademax": high,
        "grademin": low, "gradepass": pass_, "calculation": CALCULATED.get(number),
    }  # fmt: skip


def _items(site: MoodleSite) -> None:
    for number, course, parent, name, hidden in (
        (1, 2, None, "?", 0), (2, 2, 1, "Exams", 1), (3, 2, 1, "Work", 0), (5, 3, None, "?", 0),
    ):  # fmt: skip
        site.add(
            "grade_categories", id=number, courseid=course, parent=parent, depth=2 if parent else 1,
            path=f"/{number}/", fullname=name, aggregation=13, droplow=int(number == 3),
            hidden=hidden, timecreated=at(MADE), timemodified=at(MADE),
        )  # fmt: skip
    changed = {11: "2020-11-25 12:00", 12: "2020-12-14 12:00", 17: "2020-12-30 12:00"}
    for number in ITEMS:
        site.add(
            "grade_items", id=number, timecreated=at(MADE), hidden=0,
            timemodified=at(changed.get(number, MADE)), **_item_row(number),
        )  # fmt: skip

    def told(number: int, action: int, when: str, **values: int | str | None) -> None:
        row = _item_row(number) if number in ITEMS else _item_row(15) | {"grademax": 100}
        site.add(
            "grade_items_history", action=action, oldid=number, timemodified=at(when),
            source="test", **(row | values),
        )  # fmt: skip

    # Items 13, 14 and 20 have no history.
    for number in (TOTAL, 10, 15, 21, SMALL_TOTAL, 31, 32):
        told(number, 1, MADE)
    told(11, 1, MADE, grademax=100)
    told(11, 2, "2020-11-25 12:00")
    told(12, 1, MADE, gradepass=0)  # the later change stands in grade_items alone
    told(16, 1, "2020-12-15 12:00")  # the history begins after the first grade
    told(17, 1, MADE, categoryid=3)
    told(17, 2, "2020-12-30 12:00")
    told(19, 1, MADE)
    told(DELETED_ITEM, 1, MADE)
    told(DELETED_ITEM, 3, "2020-12-10 12:00")
    told(PURGED_ITEM, 3, "2020-12-17 12:00")


def _told(
    site: MoodleSite, user: int, item: int, when: str, grade: float | None, action: int = 2,
    **values: int | None,
) -> None:  # fmt: skip
    """Write one row of a grade's history."""
    site.add(
        "grade_grades_history", action=action, oldid=1000 * item + user, itemid=item, userid=user,
        finalgrade=grade, timemodified=at(when), source="test",
        **({"rawgrademax": 100} | values),
    )  # fmt: skip


def _now(
    site: MoodleSite, user: int, item: int, when: str | None, grade: float | None,
    **values: int | str | None,
) -> None:  # fmt: skip
    """Write the grade that stands in grade_grades."""
    site.add(
        "grade_grades", id=1000 * item + user, itemid=item, userid=user, finalgrade=grade,
        timemodified=at(when) if when else None, **({"rawgrademax": 100} | values),
    )  # fmt: skip


def _both(site: MoodleSite, user: int, item: int, when: str, grade: float) -> None:
    _told(site, user, item, when, grade, action=1)
    _now(site, user, item, when, grade)


def _learner_10(site: MoodleSite) -> None:
    """The gradebook of learner 10 has one of each; the tests know its weeks by heart."""
    _told(site, 10, 10, "2020-11-03 10:00", 60, action=1)
    _told(site, 10, 10, "2020-11-20 10:00", 80)  # marked again, 17 days later
    _now(site, 10, 10, "2020-11-20 10:00", 80)
    _told(site, 10, 11, "2020-11-12 10:00", 90, action=1)
    _told(site, 10, 11, "2020-11-25 12:00", 18)  # rescaled with its item
    _now(site, 10, 11, "2020-11-25 12:00", 18)
    _both(site, 10, 12, "2020-11-12 12:00", 9)
    _both(site, 10, 13, "2020-11-20 09:00", 3)  # the third of four steps: two thirds
    _both(site, 10, 14, "2020-11-26 09:00", 5)  # a text has no number
    _told(site, 10, 15, "2020-11-27 09:00", 40, action=1)
    _told(site, 10, 15, "2020-12-02 09:00", 40, excluded=at("2020-12-02 09:00"))
    _told(site, 10, 15, "2020-12-16 09:00", 40, excluded=0)
    _now(site, 10, 15, "2020-12-16 09:00", 40, aggregationstatus="dropped")
    _both(site, 10, 16, "2020-12-03 09:00", 70)
    _both(site, 10, 17, "2020-12-17 09:00", 50)  # hidden with its category from 30 December on
    _told(site, 10, DELETED_ITEM, "2020-11-18 09:00", 30, action=1)
    _told(site, 10, DELETED_ITEM, "2020-12-10 12:00", 30, action=3)
    _both(site, 10, 19, "2021-01-06 11:00", 66)
    _both(site, 10, 20, "2020-12-22 09:00", 10)
    _both(site, 10, 21, "2020-11-20 10:00", 77)


def _odd_histories(site: MoodleSite) -> None:
    # 11: a hidden grade, for two weeks; and 50 stays 50 when the item is out of 20.
    _told(site, 11, 10, "2020-11-05 10:00", 64, action=1)
    _told(site, 11, 10, "2020-11-24 10:00", 64, hidden=1)
    _told(site, 11, 10, "2020-12-08 10:00", 64, hidden=0)
    _now(site, 11, 10, "2020-12-08 10:00", 64)
    _both(site, 11, 11, "2020-11-12 10:00", 50)
    # 12: hidden until a date; then overridden.
    until = at("2020-12-15 00:00")
    _told(site, 12, 10, "2020-11-05 10:00", 40, action=1)
    _told(site, 12, 10, "2020-11-24 10:00", 40, hidden=until)
    overridden = at("2020-12-01 10:00")
    _told(site, 12, 10, "2020-12-01 10:00", 55, hidden=until, overridden=overridden)
    _now(site, 12, 10, "2020-12-01 10:00", 55, hidden=until, overridden=overridden)
    # 13 in a week's first second, 18 in the last one before it.
    _both(site, 13, 12, "2020-11-16 00:00:00", 4)
    _both(site, 18, 12, "2020-11-15 23:59:59", 7)
    # 14: taken back, and given again.
    _told(site, 14, 10, "2020-11-05 10:00", 30, action=1)
    _told(site, 14, 10, "2020-11-24 10:00", None)
    _told(site, 14, 10, "2020-12-01 10:00", 35)
    _now(site, 14, 10, "2020-12-01 10:00", 35)
    _both(site, 14, 12, "2020-11-16 00:00:00", 8)
    # 17: two rows in one second: the later number holds.
    _told(site, 17, 10, "2020-11-05 10:00", 30, action=1)
    _told(site, 17, 10, "2020-11-05 10:00", 45)
    _now(site, 17, 10, "2020-11-05 10:00", 45)
    # 19: the grade is deleted.
    _told(site, 19, 12, "2020-11-15 10:00", 8, action=1)
    _told(site, 19, 12, "2020-11-28 10:00", 8, action=3)
    # 21 to 24: no history at all.
    _now(site, 21, 10, "2020-11-05 10:00", 85)
    _now(site, 22, 10, None, 95, timecreated=at("2020-11-06 10:00"))
    _now(site, 23, 10, None, 20)  # nobody knows since when
    _now(site, 24, 10, "2020-11-05 10:00", None)
    # 25: up and back, then touched without a change.
    for when, grade in (("2020-11-05", 50), ("2020-11-26", 60), ("2020-11-27", 50)):
        _told(site, 25, 10, f"{when} 10:00", grade)
    _told(site, 25, 10, "2020-12-10 10:00", 50, hidden=0)
    _now(site, 25, 10, "2020-12-10 10:00", 50)
    _both(site, 25, 12, "2020-11-28 10:00", 8)
    # 26: the history's first weeks were purged.
    _told(site, 26, 10, "2020-12-01 10:00", 70)
    _now(site, 26, 10, "2020-12-01 10:00", 70)
    # 28: the history was switched off before the last change.
    _told(site, 28, 10, "2020-11-04 10:00", 50, action=1)
    _now(site, 28, 10, "2020-12-20 10:00", 75)


def _plain_grades(site: MoodleSite) -> None:
    # Of item 11, in weeks when it was out of 100; rescaled with it.
    for user, grade in {12: 75, 14: 40, 17: 70, 18: 80, 19: 65, 21: 88, 22: 95, 25: 72, 26: 81,
                        28: 90}.items():  # fmt: skip
        _told(site, user, 11, "2020-11-13 10:00", grade, action=1)
        _told(site, user, 11, "2020-11-25 12:00", grade / 5)
        _now(site, user, 11, "2020-11-25 12:00", grade / 5)
    for user, points in {21: 7, 22: 9.5, 26: 7, 28: 7}.items():
        _both(site, user, 12, "2020-11-17 10:00", points)
    _both(site, 16, 10, "2020-12-04 10:00", 62)
    _told(site, 16, PURGED_ITEM, "2020-11-30 10:00", 70, action=1)
    _told(site, 16, PURGED_ITEM, "2020-12-17 12:00", 70, action=3)
    _told(site, 16, 22, "2020-12-10 10:00", 58, action=1)  # without a submission
    _told(site, 16, 22, "2020-12-11 10:00", 59)
    _now(site, 16, 22, "2020-12-11 10:00", 59)
    _both(site, 24, 15, "2020-12-03 10:00", 10)  # a fifth: one low grade
    _both(site, 10, 31, "2020-11-18 10:00", 80)
    _both(site, 30, 31, "2020-11-18 10:00", 55)
    _both(site, 10, 32, "2020-12-02 10:00", 15)
    _both(site, 31, 32, "2020-12-02 10:00", 11)  # graded, with no total yet
    _both(site, 3, 10, "2020-11-05 10:00", 100)  # the teacher's own try


def _totals(site: MoodleSite) -> None:
    # An aggregate's own range counts what was graded by then: it may be less than the item's.
    for user, when, grade, high in (
        (10, "2020-11-03 10:00", 60, 100), (10, "2020-11-12 12:00", 99, 110),
        (10, "2020-11-20 10:00", 122, 130), (11, "2020-11-05 10:00", 64, 100),
        (12, "2020-11-05 10:00", 40, 100), (12, "2020-12-01 10:00", 55, 120),
        (14, "2020-11-05 10:00", 30, 100), (21, "2020-11-05 10:00", 85, 100),
    ):  # fmt: skip
        _told(site, user, TOTAL, when, grade, rawgrademax=high)
    _told(site, 14, TOTAL, "2020-12-01 10:00", 83, rawgrademax=120, excluded=at("2020-12-01 10:00"))
    for user, when, grade, high, excluded in (
        (10, "2020-11-20 10:00", 122, 130, 0), (11, "2020-11-05 10:00", 64, 100, 0),
        (12, "2020-12-01 10:00", 55, 120, 0),
        (14, "2020-12-01 10:00", 83, 120, at("2020-12-01 10:00")),
        (21, "2020-11-05 10:00", 85, 100, 0),
    ):  # fmt: skip
        _now(site, user, TOTAL, when, grade, rawgrademax=high, excluded=excluded)
    for user, points in ((10, 40.0), (30, 27.5)):
        _told(site, user, SMALL_TOTAL, "2020-11-18 10:00", points, rawgrademax=100)
        _now(site, user, SMALL_TOTAL, "2020-11-18 10:00", points, rawgrademax=100)


def add_posts(site: MoodleSite, teacher: int) -> None:
    for number, forum, user in ((1, 3, teacher), (2, 1, 10), (3, 2, 11), (4, 1, 10)):
        site.add("forum_discussions", id=number, course=2, forum=forum, name="?", userid=user)

    def post(
        user: int, discussion: int, parent: int, when: str, words: int | None = 20, **more: int
    ) -> int:
        row = {"deleted": 0, "privatereplyto": 0} | more
        number = site.add(
            "forum_posts", discussion=discussion, parent=parent, userid=user, created=at(when),
            modified=at(when), subject="?", message="?", wordcount=words, **row,
        )  # fmt: skip
        if at(when) < at("2021-01-28 15:00"):
            event = "reply" if parent else "topic"
            site.log(at(when), user, event, 2, {1: 212, 2: 210, 3: 211, 4: 210}[discussion])
        return number

    news = post(teacher, 1, 0, "2020-10-20 09:00")
    for number in range(185):  # so that the course has 200 posts in December
        post(teacher, 1, news, f"2020-10-21 {9 + number // 60:02}:{number % 60:02}")
    post(10, 1, news, "2020-10-25 23:59:59")  # to a teacher, in the week's last second
    post(12, 1, news, "2020-10-26 00:00:00", None)  # nobody counted the words
    first = post(10, 2, 0, "2020-12-03 12:00", 100)
    answer = post(11, 2, first, "2020-12-05 12:00", 30)  # late for the forum's deadline
    post(10, 2, answer, "2020-12-06 12:00", 10)
    post(10, 2, first, "2020-12-06 13:00", 5)  # to himself
    gone = post(12, 2, first, "2020-12-03 13:00", deleted=1)
    post(14, 2, first, "2020-12-04 12:00", None, privatereplyto=10)
    post(14, 2, first, "2020-12-04 18:00", 12)
    post(teacher, 2, answer, "2020-12-06 14:00", 40)
    post(11, 2, first, "2020-12-14 00:00:00", 7)
    post(21, 2, first, "2020-12-04 10:00", 15)
    post(26, 3, 0, "2020-12-11 12:00", 50)
    post(22, 4, 0, "2020-12-04 09:00", 55)
    post(25, 2, gone, "2020-12-04 15:00", 9)  # to a post that is deleted later
    post(18, 2, first, "2021-01-04 12:00", 9)
    post(19, 2, first, "2020-12-04 16:00", 9)


def add_completions(site: MoodleSite) -> None:
    def complete(user: int, activity: int, state: int, when: str) -> None:
        site.add(
            "course_modules_completion", coursemoduleid=activity, userid=user,
            completionstate=state, timemodified=at(when) if when else 0,
        )  # fmt: skip

    complete(10, 201, 1, "2020-10-21 12:00")
    complete(10, 202, 2, "2020-11-01 23:59:59")
    complete(10, 203, 3, "2020-11-09 12:00")  # failed
    complete(10, 204, 2, "2020-11-16 00:00:00")
    complete(10, 217, 4, "2021-01-12 12:00")  # failed, and not told
    complete(10, 213, 0, "2020-12-17 12:00")
    complete(10, 233, 1, "2020-11-01 12:00")  # waits for deletion
    complete(10, 299, 1, "2020-11-01 12:00")  # gone
    complete(10, 214, 1, "2020-11-01 12:00")  # not tracked any more
    complete(11, 201, 1, "2020-10-15 12:00")  # before the first week
    complete(11, 202, 1, "2020-12-31 23:59:59")
    complete(11, 221, 1, "2021-01-01 00:00:00")
    complete(12, 201, 0, "")
    for user, course, when in ((22, 2, "2020-12-18 09:00"), (10, 3, "2020-12-13 23:59:59"),
                               (11, 2, ""), (26, 2, "")):  # fmt: skip
        site.add(
            "course_completions", userid=user, course=course,
            timecompleted=at(when) if when else None,
        )  # fmt: skip
