"""Operations on courses and their activities: dates, deadlines, what is there and seen."""

from __future__ import annotations

from fuzz_log import event
from fuzz_site import DAY, Draw, NothingToDoError, operation


def _due(draw: Draw) -> int:
    """Give a deadline: none, in the past, within days, or at the second of a midnight."""
    return draw.rng.choice(
        (0, draw.long_ago(), draw.lately(), draw.soon(), draw.now + 9 * DAY, draw.boundary())
    )


@operation("a course's dates move", weight=2)
def course_dates(draw: Draw) -> list[str]:
    column = draw.rng.choice(("startdate", "enddate"))
    when = draw.rng.choice((0, draw.long_ago(), draw.lately(), draw.boundary(), draw.now + 9 * DAY))
    return [draw.update("course", draw.course(), **{column: when})]


@operation("a course is deleted", weight=1)
def course_deleted(draw: Draw) -> list[str]:
    course = draw.course()
    rows = [draw.delete("course", course)]
    if draw.chance(0.7):
        context = f"contextlevel = 50 and instanceid = {course}"
        contexts = f"contextid in (select id from {draw.place.table('context')} where {context})"
        rows.append(draw.delete("role_assignments", contexts))
        rows.append(draw.delete("context", context))
        rows.append(draw.delete("course_modules", f"course = {course}"))
        rows.append(draw.delete("grade_items", f"courseid = {course}"))
        rows.append(event(draw, "course gone", 2, course, draw.soon()))
    return rows


@operation("a course's name, visibility or completion", weight=1)
def course_named(draw: Draw) -> list[str]:
    change = draw.rng.choice(
        ({"fullname": f"Named {draw.now}"}, {"visible": 0}, {"visible": 1}, {"enablecompletion": 0})
    )
    return [draw.update("course", draw.course(), **change)]


@operation("an activity is added", weight=2)
def activity_added(draw: Draw) -> list[str]:
    course = draw.learner()[1]
    name = draw.rng.choice(("assign", "quiz", "forum", "page"))
    module = int(draw.pick(f"select id from {{modules}} where name = '{name}' order by id")[0])
    rows, instance = [], 9000 + draw.new_id("course_modules")
    if name in draw.columns:
        instance = draw.new_id(name)
        date = {"assign": "duedate", "quiz": "timeclose", "forum": "duedate"}[name]
        values = {"course": course, "name": "New one", "grade": 10, date: _due(draw)}
        rows.append(draw.insert(name, id=instance, **values))
    sections = f"select id from {{course_sections}} where course = {course} order by id"
    section = int(draw.pick(sections)[0])
    rows.append(
        draw.insert(
            "course_modules", course=course, module=module, instance=instance, section=section,
            visible=1, added=draw.around(), completion=draw.rng.choice((0, 1, 2)),
            completionexpected=draw.rng.choice((0, 0, draw.now + 3 * DAY)),
        )
    )  # fmt: skip
    return rows


@operation("an activity is deleted", weight=1)
def activity_deleted(draw: Draw) -> list[str]:
    number = draw.activity()[0]
    if draw.chance(0.3):
        return [draw.update("course_modules", number, deletioninprogress=1)]
    return [draw.delete("course_modules", number)]


@operation("an activity is hidden, shown, moved or tracked", weight=2)
def activity_changed(draw: Draw) -> list[str]:
    number = draw.activity()[0]
    changes = [{"visible": 0}, {"visible": 1}, {"completion": 0}, {"completion": 1}]
    changes.append({"completionexpected": _due(draw)})
    changes.append({"added": draw.around()})
    if draw.chance(0.3):
        section, other = draw.pick("select id, course from {course_sections} order by id")
        changes = [{"section": section, "course": other}]
    return [draw.update("course_modules", number, **draw.rng.choice(changes))]


@operation("a section is hidden or shown", weight=1)
def section_hidden(draw: Draw) -> list[str]:
    number, visible = draw.pick("select id, visible from {course_sections} order by id")
    return [draw.update("course_sections", int(number), visible=1 - int(visible))]


@operation("an activity's name", weight=1)
def activity_named(draw: Draw) -> list[str]:
    table = draw.rng.choice(("assign", "quiz", "forum"))
    number = int(draw.pick(f"select id from {{{table}}} order by id")[0])
    return [draw.update(table, number, name=f"Named {draw.now}")]


@operation("a deadline moves", weight=3)
def deadline_moves(draw: Draw) -> list[str]:
    table, column = draw.rng.choice(
        (("assign", "duedate"), ("quiz", "timeclose"), ("forum", "duedate"))
    )
    number = int(draw.pick(f"select id from {{{table}}} order by id")[0])
    change = {column: _due(draw)}
    if table == "assign" and draw.chance(0.15):
        change = draw.rng.choice(({"nosubmissions": 1}, {"teamsubmission": 1}))
    return [draw.update(table, number, **change)]


@operation("an override or extension", weight=3)
def override(draw: Draw) -> list[str]:
    user = draw.learner()[0]
    kind = draw.rng.choice(("own", "group", "extension", "quiz", "less"))
    if kind == "less":
        table = draw.rng.choice(("assign_overrides", "quiz_overrides", "assign_user_flags"))
        number = int(draw.pick(f"select id from {{{table}}} order by id")[0])
        return [draw.delete(table, number)]
    if kind == "quiz":
        quiz = draw.activity("quiz")[1]
        return [draw.insert("quiz_overrides", quiz=quiz, userid=user, timeclose=_due(draw))]
    assign = draw.activity("assign")[1]
    if kind == "extension":
        same = f"assignment = {assign} and userid = {user}"
        return [
            draw.delete("assign_user_flags", same),
            draw.insert(
                "assign_user_flags", assignment=assign, userid=user, extensionduedate=_due(draw)
            ),
        ]
    if kind == "own":
        same = f"assignid = {assign} and userid = {user}"
        return [
            draw.delete("assign_overrides", same),
            draw.insert("assign_overrides", assignid=assign, userid=user, duedate=_due(draw)),
        ]
    group = int(draw.pick("select id from {groups} order by id")[0])
    taken = draw.ask(
        f"select 1 from {{assign_overrides}} where assignid = {assign} and groupid = {group}"
    )
    if taken:
        raise NothingToDoError("the group has its override")
    return [
        draw.insert(
            "assign_overrides", assignid=assign, groupid=group, sortorder=draw.rng.randint(1, 9),
            duedate=_due(draw),
        )
    ]  # fmt: skip
