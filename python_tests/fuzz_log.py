"""Operations on Moodle's log: new rows, late rows, edits, deletions and the cleanup job."""

from __future__ import annotations

from typing import Any

from fuzz_site import DAY, HOUR, WRONG_CLOCK, Draw, NothingToDoError, operation
from moodle_tables import EVENTS

_READING = ("course", "page", "forum", "thread", "assign", "status", "quiz", "plugin view")
_DOING = ("submit", "file", "finish", "attempt", "reply", "topic", "subscribe", "response")
_ASIDE = ("login", "dashboard", "profile", "plugin act", "login failed")
_AUTOMATIC = ("graded", "notified", "completion", "message", "tour", "overdue", "edit", "service")


def _recent(draw: Draw) -> str:
    return f"from {{logstore_standard_log}} where id >= {draw.read_from} order by id"


def _is_no_cleanup(draw: Draw) -> str:
    """Say which rows may go without looking as if Moodle's cleanup had taken them."""
    oldest = f"(select min(timecreated) from {draw.place.table('logstore_standard_log')})"
    return f"timecreated > {oldest} and timecreated >= {draw.cleaned_until}"


def event(draw: Draw, name: str, user: int, course: int | None, when: int, **values: Any) -> str:
    """Give the statement that logs an event, with the activity that it would have."""
    full, edulevel = EVENTS[name]
    _, component, _, what = full.split("\\")
    instance, level = (course, 50) if course else (user, 30)
    module = component.removeprefix("mod_")
    if component.startswith("mod_") and course:
        try:
            instance, level = draw.activity(module, course)[0], 70
        except NothingToDoError:
            instance, level = 99_000 + course, 70
    row = {
        "eventname": full, "component": component, "target": what.rsplit("_", 1)[0],
        "action": what.rsplit("_", 1)[-1], "crud": "r" if what.endswith("viewed") else "c",
        "edulevel": edulevel, "contextid": 7000 + (instance or 0), "contextlevel": level,
        "contextinstanceid": instance, "userid": user, "courseid": course, "anonymous": 0,
        "other": "N;", "timecreated": when, "origin": "web", "ip": "192.0.2.7",
    }  # fmt: skip
    return draw.insert("logstore_standard_log", **(row | values))


def visit(draw: Draw, user: int, course: int, begins: int, count: int) -> list[str]:
    """Log a log-in and `count` events, with gaps short, at the session's limit, and beyond it."""
    when = begins
    rows = [event(draw, "login", user, None, when)]
    for _ in range(count):
        when += draw.rng.choice((0, 1, 20, 300, 1200, 1799, 1800, 1801, 2400, 3 * HOUR))
        names = draw.rng.choice((_READING, _READING, _DOING, _ASIDE))
        rows.append(event(draw, draw.rng.choice(names), user, course, when))
    return rows


@operation("one more day", weight=6)
def one_more_day(draw: Draw) -> list[str]:
    rows: list[str] = []
    for _ in range(draw.rng.randint(2, 6)):
        user, course = draw.learner()
        rows += visit(draw, user, course, draw.soon(), draw.rng.randint(1, 6))
    return rows


@operation("days without anybody, then a cron row", weight=2)
def only_cron(draw: Draw) -> list[str]:
    when = draw.now + draw.rng.choice((1, HOUR, 3 * DAY, 8 * DAY, 23 * DAY))
    return [event(draw, "notification", 0, None, when, origin="cli")]


@operation("a visit across a boundary", weight=4)
def across_boundary(draw: Draw) -> list[str]:
    user, course = draw.learner()
    return visit(draw, user, course, draw.boundary() - draw.rng.randint(1, HOUR), 6)


@operation("late rows", weight=4)
def late_rows(draw: Draw) -> list[str]:
    user, course = draw.learner()
    begins = draw.rng.choice((draw.lately(), draw.long_ago()))
    return visit(draw, user, course, begins, draw.rng.randint(0, 4))


@operation("a late row that joins two sessions", weight=2)
def joining_row(draw: Draw) -> list[str]:
    user, course, when = draw.pick(
        "select userid, courseid, timecreated from {logstore_standard_log} where userid > 2 "
        "and courseid > 1 order by id"
    )
    return [event(draw, "course", user, course, when + draw.rng.choice((-1750, -60, 0, 60, 1750)))]


@operation("ids left out, to come later", weight=2)
def leave_ids(draw: Draw) -> list[str]:
    user, course = draw.learner()
    number = draw.new_id("logstore_standard_log") + draw.rng.randint(2, 40)
    return [event(draw, "course", user, course, draw.now + draw.rng.randint(1, HOUR), id=number)]


@operation("ids that come late", weight=3)
def late_ids(draw: Draw) -> list[str]:
    number, following = draw.pick(
        "select id + 1, following from (select id, lead(id) over (order by id) as following "
        f"from {{logstore_standard_log}} where id >= {draw.read_from}) as log "
        "where following > id + 1 order by id"
    )
    user, course = draw.learner()
    rows = min(int(following - number), 3)
    when = draw.lately(1)
    return [
        event(draw, "page", user, course, when + 60 * row, id=number + row) for row in range(rows)
    ]


@operation("rows in one second", weight=2)
def same_second(draw: Draw) -> list[str]:
    user, course = draw.learner()
    other = draw.course()
    when = draw.around()
    names = [draw.rng.choice((*_READING, *_DOING, *_AUTOMATIC)) for _ in range(4)]
    return [
        event(draw, name, user, draw.rng.choice((course, course, other)), when)
        for name in [*names, names[0]]
    ]


@operation("rows of somebody never seen", weight=2)
def somebody_new(draw: Draw) -> list[str]:
    user = draw.new_id("user") + draw.rng.randint(0, 3)
    rows = []
    if draw.chance(0.6):
        rows.append(
            draw.insert(
                "user", id=user, username=f"new{user}", confirmed=1, country="ET", timezone="99",
                firstname="New", lastname=f"{user}", timecreated=draw.now, timemodified=draw.now,
            )
        )  # fmt: skip
    return rows + visit(draw, user, draw.course(), draw.soon(), 3)


@operation("rows that do not count", weight=2)
def rows_aside(draw: Draw) -> list[str]:
    user, course = draw.learner()
    when = draw.around()
    odd: dict[str, Any] = draw.rng.choice(
        ({"realuserid": 2}, {"anonymous": 1}, {"origin": "cli"}, {"origin": "restore"}, {})
    )
    rows = [event(draw, name, user, course, when + 5) for name in draw.rng.sample(_AUTOMATIC, 2)]
    return [*rows, event(draw, "course", user, course, when, **odd), event(
        draw, "course", draw.rng.choice((0, 1, -1)), course, when)]  # fmt: skip


@operation("a row of a wrong clock", weight=1)
def wrong_clock(draw: Draw) -> list[str]:
    user, course = draw.learner()
    when = draw.rng.choice((0, 0, 100_000, WRONG_CLOCK, draw.now - 400 * DAY))
    return [event(draw, "course", user, course, when)]


@operation("event names never seen", weight=2)
def new_names(draw: Draw) -> list[str]:
    user, course = draw.learner()
    number = draw.rng.randint(1, 99)
    names = (rf"\local_odd{number}\event\thing_viewed", rf"\mod_odd\event\made{number}", "", "odd")
    return [
        event(draw, "plugin act", user, course, draw.around(), eventname=name, edulevel=level)
        for name, level in zip(names, (2, 2, 0, 1), strict=True)
    ]


@operation("recent rows are edited", weight=3)
def edit_rows(draw: Draw) -> list[str]:
    rows = []
    for _ in range(draw.rng.randint(1, 4)):
        number, when = draw.pick(f"select id, timecreated {_recent(draw)}")
        user, course = draw.learner()
        changes: list[dict[str, Any]] = [
            {"userid": user}, {"courseid": course}, {"edulevel": draw.rng.choice((0, 1, 2))},
            {"timecreated": when + draw.rng.choice((-DAY, -40, 40, 2 * HOUR))}, {"realuserid": 2},
            {"eventname": EVENTS[draw.rng.choice(_READING)][0]}, {"anonymous": 1},
            {"userid": 0}, {"courseid": 0}, {"relateduserid": user}, {"objectid": 5},
            {"contextinstanceid": draw.rng.randint(200, 240)}, {"contextlevel": 70},
        ]  # fmt: skip
        rows.append(draw.update("logstore_standard_log", int(number), **draw.rng.choice(changes)))
    return rows


@operation("recent rows are deleted", weight=3)
def delete_rows(draw: Draw) -> list[str]:
    if draw.chance(0.2):
        when = draw.now - draw.rng.randint(1, 20) * HOUR
        recent = f"timecreated >= {when} and id >= {draw.read_from} and {_is_no_cleanup(draw)}"
        return [draw.delete("logstore_standard_log", recent)]
    query = f"select id {_recent(draw)}".replace("order", f"and {_is_no_cleanup(draw)} order")
    chosen = sorted({int(draw.pick(query)[0]) for _ in range(4)})
    return [draw.delete("logstore_standard_log", number) for number in chosen]


@operation("a row of an enrolment", weight=2)
def enrolment_row(draw: Draw) -> list[str]:
    user, course = draw.learner()
    name = draw.rng.choice(("role", "role gone", "enrolled", "unenrolled"))
    thing, table = 5, "role"
    if name in ("enrolled", "unenrolled"):
        table = "user_enrolments"
        thing = int(draw.pick("select id from {user_enrolments} order by id")[0])
    return [
        event(
            draw, name, 2, course, draw.around(), relateduserid=user, objecttable=table,
            objectid=thing,
        )
    ]  # fmt: skip


@operation("Moodle's cleanup", weight=1, is_cleanup=True)
def cleanup(draw: Draw) -> list[str]:
    # Moodle keeps at least some days; a row of yesterday is never cleaned up.
    until = draw.now - draw.rng.choice((8, 15, 35, 60)) * DAY
    if not draw.ask(f"select 1 from {{logstore_standard_log}} where timecreated < {until} limit 1"):
        raise NothingToDoError("the log is too short for a cleanup")
    return [draw.delete("logstore_standard_log", f"timecreated < {until}")]
