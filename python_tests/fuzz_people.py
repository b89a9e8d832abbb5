"""Operations on people: users, enrolments, roles, groups, cohorts and the site's settings."""

from __future__ import annotations

from contextlib import suppress

from fuzz_log import event
from fuzz_site import DAY, Draw, NothingToDoError, operation

_ZONES = ("99", "America/New_York", "Asia/Kathmandu", "5.5", "Pacific/Auckland", "No/Where", "")


def context_of(draw: Draw, course: int) -> int:
    found = draw.pick(
        f"select id from {{context}} where contextlevel = 50 and instanceid = {course} order by id"
    )
    return int(found[0])


def role_of(draw: Draw, archetype: str) -> int:
    return int(draw.pick(f"select id from {{role}} where archetype = '{archetype}' order by id")[0])


def enrol(draw: Draw, user: int, course: int, when: int, *, with_role: bool = True) -> list[str]:
    method = int(draw.pick(f"select id from {{enrol}} where courseid = {course} order by id")[0])
    rows = [
        draw.insert(
            "user_enrolments", status=0, enrolid=method, userid=user, timestart=when, timeend=0,
            timecreated=when, timemodified=when,
        )
    ]  # fmt: skip
    if with_role:
        rows.append(
            draw.insert(
                "role_assignments", roleid=role_of(draw, "student"),
                contextid=context_of(draw, course), userid=user, timemodified=when, component="",
                itemid=0,
            )
        )  # fmt: skip
    return rows


@operation("enrolled", weight=3)
def enrolled(draw: Draw) -> list[str]:
    # Moodle knows a pair of enrolment method and user once.
    course = int(draw.pick("select courseid from {enrol} where courseid > 1 order by id")[0])
    there = (
        "select enrolment.userid from {user_enrolments} as enrolment join {enrol} as method "
        f"on method.id = enrolment.enrolid where method.courseid = {course}"
    )
    people = f"where id > 2 and deleted = 0 and id not in ({there})"
    user = int(draw.pick(f"select id from {{user}} {people} order by id")[0])
    when = draw.around()
    rows = enrol(draw, user, course, when, with_role=draw.chance(0.8))
    if draw.chance(0.5):
        rows.append(
            event(
                draw, "enrolled", 2, course, when, relateduserid=user, objecttable="user_enrolments"
            )
        )
    return rows


@operation("somebody looks around on the site, or is enrolled after it", weight=3)
def looks_around(draw: Draw) -> list[str]:
    """Who becomes a learner brings weeks on the site's own pages from before the start."""
    nowhere = "deleted = 0 and id > 2 and id not in (select userid from {user_enrolments})"
    visitors = "in (select userid from {logstore_standard_log} where courseid is null)"
    with suppress(NothingToDoError):
        found = draw.pick(f"select id from {{user}} where {nowhere} and id {visitors} order by id")
        if draw.chance(0.5):
            return enrol(draw, int(found[0]), draw.course(), draw.soon())
    user = int(draw.pick(f"select id from {{user}} where {nowhere} order by id")[0])
    days = [draw.lately(30) for _ in range(2)]
    names = ("login", "dashboard", "profile")
    return [event(draw, draw.rng.choice(names), user, None, when) for when in sorted(days)]


@operation("enrolment suspended or resumed", weight=2)
def suspended(draw: Draw) -> list[str]:
    number, status = draw.pick("select id, status from {user_enrolments} order by id")
    change = {"status": 1 - int(status)}
    if draw.chance(0.7):
        change["timemodified"] = draw.around()
    return [draw.update("user_enrolments", int(number), **change)]


@operation("enrolment ends, or begins at another time", weight=2)
def ended(draw: Draw) -> list[str]:
    number = int(draw.pick("select id from {user_enrolments} order by id")[0])
    column = draw.rng.choice(("timeend", "timeend", "timestart", "timecreated"))
    when = draw.rng.choice((0, draw.around(), draw.around(), draw.now + 20 * DAY))
    return [draw.update("user_enrolments", number, **{column: when})]


@operation("unenrolled", weight=3)
def unenrolled(draw: Draw) -> list[str]:
    number, user, course = draw.pick(
        "select enrolment.id, enrolment.userid, method.courseid from {user_enrolments} as enrolment"
        " join {enrol} as method on method.id = enrolment.enrolid order by 1"
    )
    rows = [draw.delete("user_enrolments", int(number))]
    with_role = draw.chance(0.7)
    context = context_of(draw, course)
    if with_role:
        rows.append(draw.delete("role_assignments", f"userid = {user} and contextid = {context}"))
    if draw.chance(0.7):
        when = draw.soon()
        rows.append(
            event(
                draw, "unenrolled", 2, course, when, relateduserid=user,
                objecttable="user_enrolments", objectid=number,
            )
        )  # fmt: skip
        if with_role:
            rows.append(
                event(
                    draw, "role gone", 2, course, when, relateduserid=user, objecttable="role",
                    objectid=role_of(draw, "student"),
                )
            )  # fmt: skip
    return rows


@operation("role changes between student and teacher", weight=2)
def role_changes(draw: Draw) -> list[str]:
    student = role_of(draw, "student")
    teacher = role_of(draw, draw.rng.choice(("teacher", "editingteacher")))
    number, role = draw.pick("select id, roleid from {role_assignments} order by id")
    if draw.chance(0.3):
        user, course = draw.learner()
        return [
            draw.insert(
                "role_assignments", roleid=teacher, contextid=context_of(draw, course), userid=user,
                timemodified=draw.around(), component="", itemid=0,
            )
        ]  # fmt: skip
    return [
        draw.update("role_assignments", int(number), roleid=student if role != student else teacher)
    ]


@operation("a role given for the whole site or taken", weight=1)
def role_above(draw: Draw) -> list[str]:
    if draw.chance(0.3):
        number = int(draw.pick("select id from {role_assignments} order by id")[0])
        return [draw.delete("role_assignments", number)]
    system = int(draw.pick("select id from {context} where contextlevel = 10 order by id")[0])
    name = draw.rng.choice(("student", "manager"))
    return [
        draw.insert(
            "role_assignments", roleid=role_of(draw, name), contextid=system, userid=draw.user(),
            timemodified=draw.around(), component="", itemid=0,
        )
    ]  # fmt: skip


@operation("user deleted, or back", weight=2)
def user_deleted(draw: Draw) -> list[str]:
    number, deleted = draw.pick("select id, deleted from {user} where id > 2 order by id")
    return [draw.update("user", int(number), deleted=1 - int(deleted), timemodified=draw.around())]


@operation("account suspended or resumed", weight=1)
def account_suspended(draw: Draw) -> list[str]:
    number, is_so = draw.pick("select id, suspended from {user} where id > 2 order by id")
    change = {"suspended": 1 - int(is_so)}
    if draw.chance(0.7):
        change["timemodified"] = draw.around()
    return [draw.update("user", int(number), **change)]


@operation("user moves to another time zone", weight=2)
def zone_changed(draw: Draw) -> list[str]:
    user = draw.learner()[0]
    change = {"timezone": draw.rng.choice(_ZONES), "country": draw.rng.choice(("ET", "US", ""))}
    return [draw.update("user", user, **change)]


@operation("two users are merged", weight=1)
def users_merged(draw: Draw) -> list[str]:
    gone, stays = draw.learner()[0], draw.learner()[0]
    rows = [draw.update("user", gone, deleted=1)]
    if gone == stays:
        raise NothingToDoError("one user cannot be merged")
    # What both have stays with the account that stays.
    keys = {"grade_grades": "itemid", "assign_submission": "assignment", "quiz_attempts": "quiz"}
    for table, key in keys.items():
        theirs = f"select {key} from {draw.place.table(table)} where userid = {stays}"
        rows.append(draw.delete(table, f"userid = {gone} and {key} in ({theirs})"))
    moved = (*keys, "forum_posts")
    rows += [draw.update(table, f"userid = {gone}", userid=stays) for table in moved]
    # The log of so long ago is beyond the lookback.
    recent = f"userid = {gone} and id >= {draw.read_from}"
    return [*rows, draw.update("logstore_standard_log", recent, userid=stays)]


@operation("group joined, left or new", weight=1)
def groups(draw: Draw) -> list[str]:
    choice = draw.rng.randint(0, 2)
    if choice == 0:
        number = int(draw.pick("select id from {groups_members} order by id")[0])
        return [draw.delete("groups_members", number)]
    user, course = draw.learner()
    if choice == 1:
        group = draw.new_id("groups")
        rows = [draw.insert("groups", id=group, courseid=course, name=f"New {group}")]
    else:
        group = int(draw.pick("select id from {groups} order by id")[0])
        rows = [draw.delete("groups_members", f"groupid = {group} and userid = {user}")]
    return [
        *rows,
        draw.insert("groups_members", groupid=group, userid=user, timeadded=draw.around()),
    ]


@operation("cohort joined, left or new", weight=1)
def cohorts(draw: Draw) -> list[str]:
    user = draw.learner()[0]
    found = draw.ask("select id from {cohort} order by id")
    rows = []
    if found and draw.chance(0.7):
        cohort = int(draw.rng.choice(found)[0])
        rows.append(draw.delete("cohort_members", f"cohortid = {cohort} and userid = {user}"))
        if draw.chance(0.3):
            return rows
    else:
        cohort = draw.new_id("cohort")
        rows.append(
            draw.insert("cohort", id=cohort, contextid=1, name=f"Cohort {cohort}", visible=1)
        )
    return [*rows, draw.insert("cohort_members", cohortid=cohort, userid=user, timeadded=draw.now)]


@operation("the site's time zone", weight=1)
def site_zone(draw: Draw) -> list[str]:
    zone = draw.rng.choice(("UTC", "Asia/Tokyo", "America/Sao_Paulo"))
    return [draw.update("config", "name = 'timezone'", value=zone)]
