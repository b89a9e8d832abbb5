"""Operations on the gradebook: grades, items and categories, with and without their history."""

from __future__ import annotations

from typing import Any

from fuzz_site import Draw, operation

_GRADE = "itemid, userid, finalgrade, rawgrademax, rawgrademin, hidden, overridden, excluded"
_ITEM = (
    "courseid, categoryid, itemname, itemtype, itemmodule, iteminstance, itemnumber, gradetype, "
    "grademax, grademin, gradepass, hidden"
)
_CATEGORY = "courseid, parent, depth, path, fullname, aggregation, keephigh, droplow, hidden"


def _row(draw: Draw, table: str, columns: str, where: str) -> dict[str, Any]:
    """Give a row that exists as name -> value, with its id."""
    found = draw.pick(f"select id, {columns} from {{{table}}} where {where} order by id")
    names = ["id", *(name.strip() for name in columns.split(","))]
    return {
        name: value if value is None or isinstance(value, str | int) else float(value)
        for name, value in zip(names, found, strict=True)
    }


def _with_history(draw: Draw, table: str, row: dict[str, Any], action: int, when: int) -> list[str]:
    """Give what Moodle adds to the history of a table; at times it is switched off."""
    if draw.chance(0.25):
        return []
    told = {name: value for name, value in row.items() if name != "id"}
    return [
        draw.insert(
            f"{table}_history", action=action, oldid=row["id"], source="test", loggeduser=2,
            timemodified=when, **told,
        )
    ]  # fmt: skip


@operation("graded", weight=4)
def graded(draw: Draw) -> list[str]:
    user, course = draw.learner()
    where = f"itemtype in ('mod', 'manual') and courseid = {course}"
    item = _row(draw, "grade_items", _ITEM, where)
    same = f"itemid = {item['id']} and userid = {user}"
    found = draw.ask(f"select id from {{grade_grades}} where {same}")
    when = draw.around()
    high = int(item["grademax"])
    row = {
        "id": found[0][0] if found else draw.new_id("grade_grades"), "itemid": item["id"],
        "userid": user, "finalgrade": draw.rng.choice((0, high, draw.rng.randint(0, high), None)),
        "rawgrademax": high, "rawgrademin": 0, "hidden": 0, "overridden": 0, "excluded": 0,
    }  # fmt: skip
    values = {**row, "timecreated": when, "timemodified": when}
    if found:
        del values["id"]
        change = [draw.update("grade_grades", int(row["id"]), **values)]
    else:
        change = [draw.insert("grade_grades", **values)]
    return change + _with_history(draw, "grade_grades", row, 2 if found else 1, when)


@operation("a grade changes", weight=4)
def grade_changes(draw: Draw) -> list[str]:
    row = _row(draw, "grade_grades", _GRADE, "finalgrade is not null")
    when = draw.around()
    change: dict[str, Any] = draw.rng.choice(
        (
            {"finalgrade": draw.rng.randint(0, 20)}, {"finalgrade": None}, {"overridden": when},
            {"excluded": when}, {"excluded": 0}, {"hidden": 1}, {"hidden": draw.around()},
            {"hidden": 0}, {"rawgrademax": 50},
        )
    )  # fmt: skip
    dated = {} if draw.chance(0.2) else {"timemodified": when}
    return [
        draw.update("grade_grades", row["id"], **change, **dated),
        *_with_history(draw, "grade_grades", row | change, 2, when),
    ]


@operation("a grade is deleted", weight=2)
def grade_deleted(draw: Draw) -> list[str]:
    row = _row(draw, "grade_grades", _GRADE, "true")
    return [
        draw.delete("grade_grades", row["id"]),
        *_with_history(draw, "grade_grades", row, 3, draw.soon()),
    ]


@operation("a grade's history is cleaned up or edited", weight=1)
def grade_history(draw: Draw) -> list[str]:
    number, when = draw.pick("select id, timemodified from {grade_grades_history} order by id")
    if draw.chance(0.5):
        return [draw.delete("grade_grades_history", int(number))]
    if draw.chance(0.3):
        return [draw.delete("grade_grades_history", f"timemodified <= {when}")]
    return [draw.update("grade_grades_history", int(number), timemodified=draw.around())]


@operation("a course total changes", weight=2)
def total_changes(draw: Draw) -> list[str]:
    course = draw.learner()[1]
    where = f"where itemtype = 'course' and courseid = {course}"
    total = int(draw.pick(f"select id from {{grade_items}} {where} order by id")[0])
    row = _row(draw, "grade_grades", _GRADE, f"itemid = {total}")
    when = draw.around()
    change = {"finalgrade": draw.rng.randint(0, 100)}
    return [
        draw.update("grade_grades", row["id"], **change, timemodified=when),
        *_with_history(draw, "grade_grades", row | change, 2, when),
    ]


@operation("an item is added", weight=2)
def item_added(draw: Draw) -> list[str]:
    like = _row(draw, "grade_items", _ITEM, "itemtype in ('mod', 'manual')")
    when = draw.around()
    own = {"itemtype": "manual", "itemmodule": None, "iteminstance": None, "itemnumber": None}
    row = like | own | {"id": draw.new_id("grade_items"), "itemname": f"Item of {when}"}
    return [
        draw.insert("grade_items", **row, timecreated=when, timemodified=when),
        *_with_history(draw, "grade_items", row, 1, when),
    ]


@operation("an item changes", weight=3)
def item_changes(draw: Draw) -> list[str]:
    row = _row(draw, "grade_items", _ITEM, "true")
    when = draw.around()
    category = draw.pick("select id from {grade_categories} order by id")[0]
    change: dict[str, Any] = draw.rng.choice(
        (
            {"grademax": draw.rng.choice((5, 50, 400))}, {"grademin": 1}, {"gradepass": 7},
            {"gradepass": 0}, {"hidden": 1}, {"hidden": 0}, {"hidden": draw.around()},
            {"aggregationcoef": 2}, {"categoryid": category}, {"itemname": f"Named {when}"},
            {"gradetype": 3}, {"gradetype": 1}, {"calculation": "=##gi1##"},
        )
    )  # fmt: skip
    dated = {} if draw.chance(0.2) else {"timemodified": when}
    return [
        draw.update("grade_items", row["id"], **change, **dated),
        *_with_history(draw, "grade_items", row | change, 2, when),
    ]


@operation("an item is deleted", weight=1)
def item_deleted(draw: Draw) -> list[str]:
    row = _row(draw, "grade_items", _ITEM, "itemtype <> 'course'")
    rows = [draw.delete("grade_items", row["id"])]
    if draw.chance(0.7):
        rows.append(draw.delete("grade_grades", f"itemid = {row['id']}"))
    return [*rows, *_with_history(draw, "grade_items", row, 3, draw.soon())]


@operation("a category changes", weight=1)
def category_changes(draw: Draw) -> list[str]:
    row = _row(draw, "grade_categories", _CATEGORY, "true")
    when = draw.around()
    change: dict[str, Any] = draw.rng.choice(
        ({"hidden": 1}, {"hidden": 0}, {"fullname": f"Named {when}"}, {"droplow": 1})
    )
    return [
        draw.update("grade_categories", row["id"], **change, timemodified=when),
        *_with_history(draw, "grade_categories", row | change, 2, when),
    ]
