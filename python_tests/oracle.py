"""Events, sessions and learners of a site, reckoned row by row in plain Python.

Written from the definitions alone, so that the models can be held against it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from moodle_tables import SITE_ZONE, ZONE, MoodleSite

Pair = tuple[int, int]

AUTOMATIC = {
    r"\core\event\user_login_failed", r"\core\event\user_graded",
    r"\core\event\notification_viewed", r"\core\event\notification_sent",
    r"\core\event\message_sent", r"\core\event\course_completed",
    r"\core\event\course_module_completion_updated", r"\mod_quiz\event\attempt_becameoverdue",
    r"\core\event\webservice_function_called", r"\mod_quiz\event\attempt_abandoned",
    r"\tool_usertours\event\tour_started", r"\core\event\config_log_created",
}  # fmt: skip
COMPANIONS = {
    r"\assignsubmission_file\event\assessable_uploaded", r"\mod_hvp\event\assessable_uploaded",
    r"\mod_forum\event\assessable_uploaded", r"\mod_forum\event\discussion_subscription_created",
}  # fmt: skip
STAFF = {"manager", "coursecreator", "editingteacher", "teacher"}

GAP, LONGEST, SITE, NEVER = 30 * 60, 12 * 3600, 0, 10**12
# The zones of the users that have none of their own by name; Moodle reads 5.5 as UTC+05:30.
OWN_ZONES = {"99": SITE_ZONE, "5.5": "Asia/Kolkata", "Mars/Base": "Asia/Tokyo", "": ZONE}


@dataclass(frozen=True)
class Event:
    """One activity event; `course` is 0 on the site, `day` local in the program's zone."""

    id: int
    epoch: int
    user: int
    course: int
    activity: int | None
    name: str
    participating: bool
    day: date


@dataclass(frozen=True)
class Session:
    events: tuple[Event, ...]

    @property
    def seconds(self) -> int:
        return self.events[-1].epoch - self.events[0].epoch

    @property
    def is_quarantined(self) -> bool:
        return self.seconds > LONGEST


@dataclass(frozen=True)
class Period:
    """One enrolment, its moments as epochs; `enabled` tells of its method."""

    starts: int
    ends: int | None
    suspended: int | None = None
    enabled: bool = True

    @property
    def stops(self) -> int:
        """When it ends or is suspended, whatever comes first."""
        return min(self.ends or NEVER, self.suspended or NEVER)

    def overlaps(self, week: date) -> bool:
        begun = self.starts < midnight(week + timedelta(7))
        return self.enabled and begun and self.stops > midnight(week)

    def covers(self, epoch: int) -> bool:
        return self.enabled and self.starts <= epoch < self.stops


Periods = dict[Pair, list[Period]]


def local(epoch: int, zone: str = ZONE) -> datetime:
    return datetime.fromtimestamp(epoch, ZoneInfo(zone))


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE)).timestamp())


def monday(day: date) -> date:
    return day - timedelta(day.weekday())


def weeks(first: date, last: date) -> Iterable[date]:
    week = monday(first)
    while week <= last:
        yield week
        week += timedelta(7)


class Oracle:
    """Everything that is known of a site, reckoned once."""

    def __init__(self, site: MoodleSite) -> None:
        self.tables: Mapping[str, list[Any]] = site.tables
        self.log = self.of("logstore_standard_log")
        self.users: dict[int, dict[str, Any]] = {row["id"]: row for row in self.of("user")}
        settings = {row["name"]: row["value"] for row in self.of("config")}
        self.admins = {int(user) for user in settings["siteadmins"].split(",")}
        self.guest = int(settings["siteguest"])
        times: list[int] = [row["timecreated"] for row in self.log if row["timecreated"]]
        self.last_epoch = max(times)
        self.first_day, self.last_day = local(min(times)).date(), local(max(times)).date()
        self.reasons = {row["id"]: self._reason(row) for row in self.log}
        self.events = [self._event(row) for row in self.log if self.reasons[row["id"]] is None]
        self.by_user: dict[int, list[Event]] = defaultdict(list)
        for event in sorted(self.events, key=lambda one: (one.epoch, one.id)):
            self.by_user[event.user].append(event)
        self.sessions = {user: _split(events) for user, events in self.by_user.items()}
        self.courses = {row["id"]: row for row in self.of("course") if row["id"] != 1}
        self.periods = self._learner_courses()
        self.learners = {user for user, _ in self.periods}
        self.bounds = {pair: found for pair in self.periods if (found := self._bounds(*pair))}

    def of(self, table: str) -> list[dict[str, Any]]:
        return self.tables[table]

    def _reason(self, row: dict[str, Any]) -> str | None:
        user = row["userid"]
        checks = {
            "no_time": not row["timecreated"],
            "system_user": user <= 0,
            "guest": user == self.guest,
            "logged_in_as": row.get("realuserid") is not None,
            "command_line_or_restore": row["origin"] in ("cli", "restore"),
            "anonymous": row.get("anonymous", 0) != 0,
            "unknown_user": user not in self.users,
            "deleted_user": self.users.get(user, {}).get("deleted") == 1,
            "automatic": row["eventname"] in AUTOMATIC,
        }
        return next((reason for reason, holds in checks.items() if holds), None)

    def _event(self, row: dict[str, Any]) -> Event:
        course = row["courseid"] or SITE
        return Event(
            id=row["id"],
            epoch=row["timecreated"],
            user=row["userid"],
            course=SITE if course == 1 else course,
            activity=row["contextinstanceid"] if row["contextlevel"] == 70 else None,
            name=row["eventname"],
            participating=row["edulevel"] == 2 and row["eventname"] not in COMPANIONS,
            day=local(row["timecreated"]).date(),
        )

    def _learner_courses(self) -> Periods:
        """Give the enrolment periods of every learner-course, former ones included."""
        archetype = {row["id"]: row["archetype"] for row in self.of("role")}
        paths = {
            row["instanceid"]: row["path"].split("/")
            for row in self.of("context")
            if row["contextlevel"] == 50 and row["instanceid"] != 1
        }
        staff: set[Pair] = set()
        given: Periods = defaultdict(list)
        for row, (course, path) in product(self.of("role_assignments"), paths.items()):
            if str(row["contextid"]) not in path:
                continue
            if archetype[row["roleid"]] in STAFF:
                staff.add((row["userid"], course))
            elif archetype[row["roleid"]] == "student":
                given[row["userid"], course].append(Period(row["timemodified"], None))
        methods = {row["id"]: row for row in self.of("enrol")}
        enrolled: Periods = defaultdict(list)
        for row in self.of("user_enrolments"):
            method = methods[row["enrolid"]]
            if archetype[method["roleid"]] == "student":
                pair = row["userid"], method["courseid"]
                enrolled[pair].append(self._period(row, method["status"]))
        self.current = given.keys() | enrolled.keys()
        former, graded = self._former(archetype), self._graded()
        found: Periods = {}
        for pair in self.current | former.keys() | graded.keys():
            user = pair[0]
            if pair in staff or user in self.admins or self.users[user]["deleted"]:
                continue
            # Who is enrolled has the enrolment's dates; a role alone has its own.
            known = former.get(pair, []) + (enrolled.get(pair) or given.get(pair) or [])
            found[pair] = known or graded[pair]
        return found

    def _period(self, row: dict[str, Any], disabled: int) -> Period:
        account = self.users[row["userid"]]
        stops = [row["timemodified"]] if row["status"] else []
        stops += [account["timemodified"]] if account["suspended"] else []
        starts, ends = row["timestart"] or row["timecreated"], row["timeend"] or None
        return Period(starts, ends, min(stops, default=None), not disabled)

    def _former(self, archetype: Mapping[int, str]) -> Periods:
        """Give the periods that the log alone tells, of those who held the role of a student."""
        now = {row["id"] for row in self.of("user_enrolments")}
        students: set[Pair] = set()
        told: dict[tuple[Pair, int], dict[str, int]] = defaultdict(dict)
        for row in self.log:
            pair, change = (row.get("relateduserid", 0), row["courseid"]), row["eventname"]
            is_role = change.endswith(("role_assigned", "role_unassigned"))
            if is_role and archetype[row["objectid"]] == "student":
                students.add(pair)
            elif "user_enrolment_" in change and row["objectid"] not in now:
                told[pair, row["objectid"]][change.rsplit("_", 1)[1]] = row["timecreated"]
        former: Periods = defaultdict(list)
        for (pair, _), times in told.items():
            if pair in students:
                trace = [event.epoch for event in self.in_course(*pair)]
                ends = times.get("deleted") or max(trace)
                former[pair].append(Period(times.get("created") or min([*trace, ends]), ends))
        return former

    def _graded(self) -> Periods:
        """Give those who have a grade, or had one, and took part: until their last trace."""
        items = {row["id"]: row["courseid"] for row in self.of("grade_items")}
        found: Periods = {}
        for row in self.of("grade_grades") + self.of("grade_grades_history"):
            pair = row["userid"], items[row["itemid"]]
            events = self.in_course(*pair)
            if any(event.participating for event in events):
                found[pair] = [Period(events[0].epoch, max(events[-1].epoch, row["timemodified"]))]
        return found

    def in_course(self, user: int, course: int) -> list[Event]:
        return [event for event in self.by_user[user] if event.course == course]

    def entry_state(self, user: int, course: int) -> str:
        if any(event.participating for event in self.in_course(user, course)):
            return "started"
        seen = self.users[user]["lastaccess"] or self.by_user[user]
        return "logged_in_only" if seen else "never_logged_in"

    def _bounds(self, user: int, course: int) -> tuple[date, date] | None:
        """Give the first and last local day of observation; None where there is none."""
        periods, events = self.periods[user, course], self.in_course(user, course)
        starts = min([one.starts for one in periods] + [one.epoch for one in events])
        open_end = any(period.ends is None for period in periods)
        ends = [self.last_epoch] if open_end else [max(one.ends or 0 for one in periods)]
        ends += [self.last_epoch, self.courses.get(course, {}).get("enddate") or self.last_epoch]
        last = max([min(ends)] + [event.epoch for event in events])
        return (local(starts).date(), local(last).date()) if starts <= last else None

    def first_course_week(self, course: int) -> date | None:
        start = self.courses.get(course, {}).get("startdate")
        if start and start <= self.last_epoch:
            return monday(local(start).date())
        days = [e.day for u, c in self.periods if c == course for e in self.in_course(u, c)]
        return monday(min(days)) if days else None

    def is_observed(self, week: date) -> bool:
        return week + timedelta(6) >= self.first_day

    def is_partial(self, week: date) -> bool:
        cut = week < self.first_day or week + timedelta(6) > self.last_day
        return cut and self.is_observed(week)

    def is_active(self, user: int, course: int, week: date) -> bool:
        alive = course in self.courses
        return alive and any(period.overlaps(week) for period in self.periods[user, course])

    def is_active_at_end(self, user: int, course: int) -> bool:
        alive = course in self.courses
        return alive and any(one.covers(self.last_epoch) for one in self.periods[user, course])

    def zone(self, user: int) -> str:
        own: str = self.users[user]["timezone"]
        return OWN_ZONES.get(own, own)


def _split(events: list[Event]) -> list[Session]:
    found: list[list[Event]] = []
    for event in events:
        if found and event.epoch - found[-1][-1].epoch <= GAP:
            found[-1].append(event)
        else:
            found.append([event])
    return [Session(tuple(session)) for session in found]
