"""Moodle's tables (version 4.1) as rows in Python, and the SQL that makes them in PostgreSQL.

Only columns that matter to analytics, by Moodle's own names and types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

SCHEMA, PREFIX, ZONE, SITE_ZONE = "lms", "m_", "Asia/Beirut", "Europe/Lisbon"

Value = int | float | str | None
Row = dict[str, Value]

# One letter a type, as Moodle makes them; capitals may be NULL.
_TYPES = {
    "i": "bigint not null default 0",
    "I": "bigint",
    "s": "smallint not null default 0",
    "c": "varchar(255) not null default ''",
    "C": "varchar(255)",
    "T": "text",
    "n": "numeric(10,5) not null default 0",
    "N": "numeric(10,5)",
}
_GRADE = (
    "itemid:i userid:i rawgrade:N rawgrademax:n rawgrademin:n usermodified:I finalgrade:N hidden:i "
    "locked:i overridden:i excluded:i timemodified:I"
)
_ITEM = (
    "courseid:I categoryid:I itemname:C itemtype:c itemmodule:C iteminstance:I itemnumber:I "
    "gradetype:s grademax:n grademin:n scaleid:I gradepass:n aggregationcoef:n hidden:i locked:i "
    "timemodified:I calculation:T needsupdate:i"
)
_CATEGORY = (
    "courseid:i parent:I depth:i path:C fullname:c aggregation:i keephigh:i droplow:i "
    "aggregateonlygraded:s timemodified:i hidden:i"
)
_HISTORY = "action:i oldid:i source:C loggeduser:I "
COLUMNS = {
    "logstore_standard_log": (
        "eventname:c component:c action:c target:c objecttable:C objectid:I crud:c edulevel:s "
        "contextid:i contextlevel:i contextinstanceid:i userid:i courseid:I relateduserid:I "
        "anonymous:s other:T timecreated:i origin:C ip:C realuserid:I"
    ),
    "context": "contextlevel:i instanceid:i path:C depth:s locked:s",
    "user": (
        "auth:c confirmed:s deleted:s suspended:s username:c password:c idnumber:c firstname:c "
        "lastname:c email:c country:c lang:c timezone:c firstaccess:i lastaccess:i lastlogin:i "
        "currentlogin:i lastip:c timecreated:i timemodified:i"
    ),
    "course": (
        "category:i fullname:c shortname:c idnumber:c format:c startdate:i enddate:i visible:s "
        "timecreated:i timemodified:i enablecompletion:s"
    ),
    "modules": "name:c visible:s",
    "course_modules": (
        "course:i module:i instance:i section:i idnumber:C added:i visible:s visibleoncoursepage:s "
        "completion:s completiongradeitemnumber:I completionview:s completionexpected:i "
        "availability:T deletioninprogress:s"
    ),
    "course_modules_completion": (
        "coursemoduleid:i userid:i completionstate:s overrideby:I timemodified:i"
    ),
    "grade_items": _ITEM + " timecreated:I sortorder:i",
    "grade_grades": _GRADE + " timecreated:I aggregationstatus:c aggregationweight:N",
    "grade_categories": _CATEGORY + " timecreated:i",
    "grade_items_history": _HISTORY + _ITEM,
    "grade_grades_history": _HISTORY + _GRADE,
    "grade_categories_history": _HISTORY + _CATEGORY,
    "forum": "course:i type:c name:c duedate:i cutoffdate:i assessed:i grade_forum:i",
    "forum_discussions": "course:i forum:i name:c firstpost:i userid:i groupid:i timemodified:i",
    "forum_posts": (
        "discussion:i parent:i userid:i created:i modified:i subject:c message:T deleted:s "
        "privatereplyto:i wordcount:I charcount:I"
    ),
    "role": "name:c shortname:c sortorder:i archetype:c",
    "role_assignments": "roleid:i contextid:i userid:i timemodified:i component:c itemid:i",
    "enrol": (
        "enrol:c status:i courseid:i name:C enrolstartdate:I enrolenddate:I roleid:I "
        "timecreated:i timemodified:i"
    ),
    "user_enrolments": (
        "status:i enrolid:i userid:i timestart:i timeend:i timecreated:i timemodified:i"
    ),
    "assign": (
        "course:i name:c nosubmissions:s duedate:i cutoffdate:i grade:i teamsubmission:s "
        "requireallteammemberssubmit:s"
    ),
    "assign_submission": (
        "assignment:i userid:i timecreated:i timemodified:i status:C groupid:i attemptnumber:i "
        "latest:s"
    ),
    "assign_overrides": "assignid:i groupid:I userid:I sortorder:I duedate:I cutoffdate:I",
    "assign_user_flags": "userid:i assignment:i extensionduedate:i",
    "quiz": "course:i name:c timeopen:i timeclose:i attempts:i sumgrades:n grade:n",
    "quiz_attempts": (
        "quiz:i userid:i attempt:i preview:s state:c timestart:i timefinish:i timemodified:i "
        "sumgrades:N"
    ),
    "quiz_overrides": "quiz:i groupid:I userid:I timeopen:I timeclose:I",
    "course_sections": "course:i section:i name:C visible:s timemodified:i",
    "course_completions": "userid:i course:i timeenrolled:i timestarted:i timecompleted:I",
    "course_modules_viewed": "coursemoduleid:i userid:i timecreated:i",
    "groups": "courseid:i idnumber:c name:c timecreated:i",
    "groups_members": "groupid:i userid:i timeadded:i",
    "cohort": "contextid:i name:c idnumber:C visible:s",
    "cohort_members": "cohortid:i userid:i timeadded:i",
    "scale": "courseid:i userid:i name:c scale:T",
    "config": "name:c value:T",
}

# Short name: event, and the edulevel with which Moodle writes it.
EVENTS = {
    "login": (r"\core\event\user_loggedin", 0),
    "login failed": (r"\core\event\user_login_failed", 0),
    "dashboard": (r"\core\event\dashboard_viewed", 0),
    "profile": (r"\core\event\user_profile_viewed", 0),
    "course": (r"\core\event\course_viewed", 2),
    "page": (r"\mod_page\event\course_module_viewed", 2),
    "quiz": (r"\mod_quiz\event\course_module_viewed", 2),
    "attempt": (r"\mod_quiz\event\attempt_started", 2),
    "attempt page": (r"\mod_quiz\event\attempt_viewed", 2),
    "finish": (r"\mod_quiz\event\attempt_submitted", 2),
    "overdue": (r"\mod_quiz\event\attempt_becameoverdue", 2),
    "abandoned": (r"\mod_quiz\event\attempt_abandoned", 2),
    "assign": (r"\mod_assign\event\course_module_viewed", 2),
    "status": (r"\mod_assign\event\submission_status_viewed", 0),
    "submit": (r"\mod_assign\event\assessable_submitted", 2),
    "file": (r"\assignsubmission_file\event\assessable_uploaded", 2),
    "forum": (r"\mod_forum\event\course_module_viewed", 2),
    "thread": (r"\mod_forum\event\discussion_viewed", 2),
    "reply": (r"\mod_forum\event\post_created", 2),
    "topic": (r"\mod_forum\event\discussion_created", 2),
    "forum text": (r"\mod_forum\event\assessable_uploaded", 2),
    "subscribe": (r"\mod_forum\event\discussion_subscription_created", 2),
    "response": (r"\mod_feedback\event\response_submitted", 2),
    "plugin view": (r"\mod_hvp\event\course_module_viewed", 2),
    "plugin text": (r"\mod_hvp\event\assessable_uploaded", 2),
    "plugin act": (r"\local_garden\event\carrot_watered", 0),
    "graded": (r"\core\event\user_graded", 1),
    "notified": (r"\core\event\notification_viewed", 0),
    "notification": (r"\core\event\notification_sent", 0),
    "message": (r"\core\event\message_sent", 0),
    "completion": (r"\core\event\course_module_completion_updated", 2),
    "completed": (r"\core\event\course_completed", 2),
    "service": (r"\core\event\webservice_function_called", 0),
    "tour": (r"\tool_usertours\event\tour_started", 0),
    "config": (r"\core\event\config_log_created", 0),
    "edit": (r"\core\event\course_module_updated", 1),
    "course gone": (r"\core\event\course_deleted", 1),
    "role": (r"\core\event\role_assigned", 0),
    "role gone": (r"\core\event\role_unassigned", 0),
    "enrolled": (r"\core\event\user_enrolment_created", 0),
    "unenrolled": (r"\core\event\user_enrolment_deleted", 0),
}
_OTHER = ("N;", None, '{"a":"it\'s"}', 'a:1:{s:5:"state";s:3:"\\";";}', "null", "a:{broken")


def at(text: str, zone: str = ZONE) -> int:
    """Give the epoch of a local time; in a doubled hour, that of the first."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


@dataclass
class MoodleSite:
    """Rows by table, each with an id; `log` and `add` write more."""

    tables: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in COLUMNS})

    def add(self, table: str, **values: Value) -> int:
        rows = self.tables[table]
        number = int(values.pop("id", None) or len(rows) + 1)
        rows.append({"id": number, **values})
        return number

    def log(
        self, when: str | int, user: int, event: str, course: int | None = None,
        activity: int | None = None, **values: Value,
    ) -> None:  # fmt: skip
        name, edulevel = EVENTS[event]
        _, component, _, what = name.split("\\")
        level, instance = (70, activity) if activity else (50, course) if course else (30, user)
        row: Row = {
            "eventname": name,
            "component": component,
            "target": what.rsplit("_", 1)[0],
            "action": what.rsplit("_", 1)[-1],
            "crud": "r" if what.endswith("viewed") else "c",
            "edulevel": edulevel,
            "contextid": 7000 + (instance or 0),
            "contextlevel": level,
            "contextinstanceid": instance or 0,
            "userid": user,
            "courseid": course,
            "other": _OTHER[len(self.tables["logstore_standard_log"]) % len(_OTHER)],
            "timecreated": at(when) if isinstance(when, str) else when,
            "origin": "web",
            "ip": "192.0.2.7",
        }
        self.add("logstore_standard_log", **(row | values))

    def enrolment_log(self, when: str, event: str, user: int, course: int, thing: int) -> None:
        """Write what Moodle logs when a role (`thing` its id) or an enrolment changes."""
        table = "role" if event.startswith("role") else "user_enrolments"
        self.log(when, 2, event, course, relateduserid=user, objecttable=table, objectid=thing)

    def sql(self, schema: str = SCHEMA, prefix: str = PREFIX) -> str:
        """Give the SQL that makes the schema with its tables and rows."""
        lines = [f"create schema {schema};"]
        for name, columns in COLUMNS.items():
            pairs = [column.split(":") for column in columns.split()]
            body = ", ".join(f"{column} {_TYPES[kind]}" for column, kind in pairs)
            lines.append(f"create table {schema}.{prefix}{name} (id bigint primary key, {body});")
            for row in self.tables[name]:
                values = ", ".join(_literal(value) for value in row.values())
                into = f"{schema}.{prefix}{name} ({', '.join(row)})"
                lines.append(f"insert into {into} values ({values});")
        return "\n".join(lines)


def _literal(value: Value) -> str:
    if value is None:
        return "null"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
