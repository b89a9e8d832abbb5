"""The tables that describe rather than happen: users, courses, modules, roles, scales, settings."""

from __future__ import annotations

from typing import Any

import numpy as np

from moodle_analytics.generate import layout
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.enrolments import ROLES
from moodle_analytics.generate.log import Log, event_code
from moodle_analytics.generate.options import NULL, Options
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import (
    COUNTRIES,
    FEMALE_NAMES,
    GUEST,
    MALE_NAMES,
    SURNAMES,
    ZONES,
)
from moodle_analytics.generate.write import address_of

OPENED = 1_546_300_800
RELEASES = {
    "2.7": "2014051200",
    "3.1": "2016052300",
    "3.5": "2018051700",
    "3.6": "2018120300",
    "3.7": "2019052000",
    "3.8": "2019111800",
    "3.9": "2020061500",
    "3.10": "2020110900",
    "3.11": "2021051700",
    "4.0": "2022041900",
    "4.1": "2022112800",
    "4.2": "2023042400",
    "4.3": "2023100900",
    "4.5": "2024100700",
}


def user_table(options: Options, people: People, log: Log) -> dict[str, Any]:
    """Return the users, with their accesses as the log has them."""
    rng = options.stage("names")
    first, last, login, before = _accesses(people, log)
    count = len(people.id)
    pick, family = rng.integers(0, len(MALE_NAMES), count), rng.integers(0, len(SURNAMES), count)
    given = [
        (FEMALE_NAMES if woman else MALE_NAMES)[one]
        for woman, one in zip(people.female, pick, strict=True)
    ]
    codes = np.array([COUNTRIES[one][0] for one in people.country], dtype=object)
    own_zone = rng.random(count) < 0.25
    zones = [
        ZONES.get(code, "99") if own else "99" for code, own in zip(codes, own_zone, strict=True)
    ]
    login_names = [f"user{user}" for user in people.id]
    table: dict[str, Any] = {
        "id": people.id,
        "auth": "manual",
        "confirmed": 1,
        "deleted": people.deleted,
        "suspended": people.suspended,
        "mnethostid": 1,
        "username": np.array(
            [
                "guest" if kind == GUEST else name
                for kind, name in zip(people.kind, login_names, strict=True)
            ],
            dtype=object,
        ),
        "password": "not cached",
        "idnumber": np.array([f"L{user:05d}" for user in people.id], dtype=object),
        "firstname": np.array(given, dtype=object),
        "lastname": np.array([SURNAMES[one] for one in family], dtype=object),
        "email": np.array([f"{name}@example.org" for name in login_names], dtype=object),
        "country": codes,
        "lang": "en",
        "timezone": np.array(zones, dtype=object),
        "firstaccess": first,
        "lastaccess": last,
        "lastlogin": before,
        "currentlogin": login,
        "lastip": np.array(
            [
                address_of(int(user)) if come else ""
                for user, come in zip(people.id, last > 0, strict=True)
            ],
            dtype=object,
        ),
        "description": "",
        "descriptionformat": 1,
        "mailformat": 1,
        "autosubscribe": 1,
        "timecreated": people.created,
        "timemodified": people.created,
    }
    if options.reduced:
        table["country"] = np.array([COUNTRIES[one][1] for one in people.country], dtype=object)
        table["CountryCode"] = codes
        table["gender"] = np.where(people.female, "Female", "Male").astype(object)
        table["policyagreed"] = people.came
    return table


def _accesses(people: People, log: Log) -> tuple[Any, Any, Any, Any]:
    """Return first access, last access, current and last login per person: 0 for never."""
    event, user, time, real = (log.column(name) for name in ("event", "user", "time", "real"))
    count = len(people.id)
    known = np.isin(user, people.id) & (real == NULL)
    logins = known & (event == event_code("logged_in"))
    row, when = people.rows(user[logins]), time[logins]
    order = np.lexsort((when, row))
    row, when = row[order], when[order]
    first, current, before, last = (np.zeros(count, dtype=np.int64) for _ in range(4))
    current[row] = when
    first[row[::-1]] = when[::-1]
    earlier = np.flatnonzero(np.r_[row[1:] == row[:-1], False])
    before[row[earlier]] = when[earlier]
    fan_out = [
        event_code(key) for key in ("notification_viewed", "notification_sent", "message_sent")
    ]
    acts = known & ~np.isin(event, fan_out)
    np.maximum.at(last, people.rows(user[acts]), time[acts])
    last[first == 0] = 0
    return first, last, current, before


def write_directory(options: Options, courses: Courses) -> None:
    """Fill the tables of courses, sections, modules, roles, scales and settings."""
    tables = courses.tables
    plans = layout.COURSES
    tables["course"] = {
        "id": courses.id,
        "category": np.where(courses.id == layout.SITE, 0, np.where(courses.id < 20, 1, 2)),
        "sortorder": np.arange(len(plans)) + 10_000,
        "fullname": np.array([plan.fullname for plan in plans], dtype=object),
        "shortname": np.array([plan.shortname for plan in plans], dtype=object),
        "summary": "",
        "summaryformat": 1,
        "format": np.array(
            ["site" if plan.id == layout.SITE else "topics" for plan in plans], dtype=object
        ),
        "startdate": courses.start,
        "enddate": courses.end,
        "visible": np.array([int(plan.visible) for plan in plans]),
        "visibleold": 1,
        "enablecompletion": np.array([int(plan.completion) for plan in plans]),
        "timecreated": OPENED,
        "timemodified": OPENED,
    }
    tables["modules"] = {
        "id": np.arange(1, len(layout.MODULE_NAMES) + 1),
        "name": np.array(layout.MODULE_NAMES, dtype=object),
        "visible": np.array(
            [int(name not in ("chat", "survey", "assignment")) for name in layout.MODULE_NAMES]
        ),
    }
    _sections(courses)
    tables["role"] = {
        "id": np.arange(1, len(ROLES) + 1),
        "name": "",
        "shortname": np.array(ROLES, dtype=object),
        "description": "",
        "sortorder": np.arange(1, len(ROLES) + 1),
        "archetype": np.array(ROLES, dtype=object),
    }
    tables["scale"] = {
        "id": np.arange(1, 2),
        "courseid": 0,
        "userid": 2,
        "name": np.array(["Progress"], dtype=object),
        "scale": "Not yet,Nearly,Achieved",
        "description": "",
        "timemodified": OPENED,
    }
    version = RELEASES[options.moodle_version]
    settings = {
        "version": version,
        "release": f"{options.moodle_version} (Build: {version[:8]})",
        "timezone": options.timezone,
        "siteguest": "1",
        "siteadmins": "2",
        "country": "GH",
        "enablecompletion": "1",
        "lang": "en",
        "defaultuserroleid": "7",
        "guestroleid": "6",
    }
    tables["config"] = {
        "id": np.arange(1, len(settings) + 1),
        "name": np.array(list(settings), dtype=object),
        "value": np.array(list(settings.values()), dtype=object),
    }


def _sections(courses: Courses) -> None:
    activities = courses.activities
    owner, number = [], []
    for plan in layout.COURSES:
        last = layout.WEEKS_OF_WORK if plan.taught else 0
        owner += [plan.id] * (last + 1)
        number += list(range(last + 1))
    owners, numbers = np.array(owner), np.array(number)
    sequence = [
        ",".join(
            map(
                str,
                activities.id[(activities.course == one) & (activities.section == two)].tolist(),
            )
        )
        for one, two in zip(owner, number, strict=True)
    ]
    courses.tables["course_sections"] = {
        "id": np.arange(1, len(owner) + 1),
        "course": owners,
        "section": numbers,
        "summary": "",
        "summaryformat": 1,
        "sequence": np.array(sequence, dtype=object),
        "visible": 1,
        "timemodified": OPENED,
    }


def write_modules(courses: Courses) -> None:
    """Fill course_modules, with the completion that was settled from the views."""
    activities = courses.activities
    sections = courses.tables["course_sections"]
    key = sections["course"] * 100 + sections["section"]
    order = np.argsort(key, kind="stable")
    section = sections["id"][
        order[np.searchsorted(key[order], activities.course * 100 + activities.section)]
    ]
    is_page = np.isin(activities.kind, ("page", "url", "resource", "folder"))
    soft = (activities.kind == "quiz") & (activities.hard == 0)
    expected = np.where(soft | np.isin(activities.kind, ("feedback",)), activities.due, 0)
    courses.tables["course_modules"] = {
        "id": activities.id,
        "course": activities.course,
        "module": np.array([layout.MODULE_ID[kind] for kind in activities.kind]),
        "instance": activities.instance,
        "section": section,
        "added": OPENED,
        "visible": activities.visible,
        "visibleold": 1,
        "completion": activities.completion,
        "completionview": (activities.completion == 2) & is_page,
        "completiongradeitemnumber": NULL,
        "completionexpected": expected,
    }
