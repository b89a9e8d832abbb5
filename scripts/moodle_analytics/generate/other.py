"""The log's `other` column: what each kind of event says there, as JSON or PHP-serialised."""

from __future__ import annotations

import json
from typing import Any

# An argument in its place: a type and one of a, b, c. Everything else stands for itself.

# Order is the code of a template in the log's arrays: append, never insert.
TEMPLATES: dict[str, Any] = {
    "none": None,
    "course": {"courseid": ("text", "a")},
    "login": {"username": ("name", "a")},
    "session": {"sessionid": ("hex", "a")},
    "enrol": {"enrol": "manual"},
    "unenrol": {
        "userenrolment": {
            "id": ("text", "b"),
            "userid": ("text", "a"),
            "courseid": ("text", "c"),
            "lastenrol": True,
        },
        "enrol": "manual",
    },
    "role": {"id": ("number", "a"), "component": "", "itemid": 0},
    "member": {"component": "", "itemid": 0},
    "completion": {
        "relateduserid": ("text", "a"),
        "overrideby": None,
        "completionstate": ("number", "b"),
    },
    "graded": {"itemid": ("text", "a"), "overridden": ("flag", "c"), "finalgrade": ("grade", "b")},
    "attempt_page": {"quizid": ("text", "a"), "page": ("text", "b")},
    "attempt": {"quizid": ("text", "a")},
    "attempt_sent": {"submitterid": ("text?", "b"), "quizid": ("text", "a")},
    "assign": {"assignid": ("text", "a")},
    "handed_in": {"submission_editable": ("flag", "a")},
    "essay": {"pathnamehashes": [], "content": "<p>My answer & notes.</p>", "format": "1"},
    "submission": {
        "submissionid": ("text", "a"),
        "submissionattempt": ("text", "b"),
        "submissionstatus": "submitted",
        "groupid": ("number", "c"),
        "groupname": ("team", "c"),
    },
    "post": {"discussionid": ("text", "a"), "forumid": ("text", "b"), "forumtype": "general"},
    "upload": {
        "content": "<p>I think the answer is in last week's reading.</p>",
        "pathnamehashes": [],
        "discussionid": ("text", "a"),
        "triggeredfrom": "forum_add_new_post",
    },
    "discussion": {"forumid": ("text", "a")},
    "following": {"forumid": ("text", "a"), "discussion": ("text", "b")},
    "section": {"coursesectionnumber": ("number", "a")},
    "people": {"courseshortname": ("text", "a"), "coursefullname": ("text", "a")},
    "search": {"searchterm": "deadline"},
    "failed": {"username": ("name", "a"), "reason": 1},
    "function": {"function": "core_course_get_contents"},
    "feedback": {"cmid": ("text", "a"), "instanceid": ("text", "b"), "anonymous": ("number", "c")},
    "module": {"modulename": "page", "instanceid": ("number", "a"), "name": "Activity"},
    "done": {"relateduserid": ("text", "a")},
    "as": {"originalusername": "admin", "loggedinasusername": ("name", "a")},
    "setting": {"name": "loglifetime", "oldvalue": None, "value": "0", "plugin": None},
}
CODES = {name: code for code, name in enumerate(TEMPLATES)}


def _argument(kind: str, value: int) -> Any:
    match kind:
        case "text":
            return str(value)
        case "text?":
            return str(value) if value else None
        case "name":
            return f"user{value}"
        case "team":
            return f"Team {value}" if value else None
        case "flag":
            return bool(value)
        case "grade":
            return value / 100_000
        case "hex":
            return f"{value:032x}"
    return value


def _filled(template: Any, arguments: dict[str, int]) -> Any:
    if isinstance(template, tuple):
        kind, name = template
        return _argument(kind, arguments[name])
    if isinstance(template, dict):
        return {key: _filled(value, arguments) for key, value in template.items()}
    return template


def php(value: Any) -> str:
    """Serialise a value as PHP's serialize() does (lengths in bytes)."""
    if value is None:
        return "N;"
    if isinstance(value, bool):
        return f"b:{int(value)};"
    if isinstance(value, int):
        return f"i:{value};"
    if isinstance(value, float):
        return f"d:{value!r};"
    if isinstance(value, str):
        return f's:{len(value.encode())}:"{value}";'
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return f"a:{len(value)}:{{{''.join(php(key) + php(item) for key, item in pairs)}}}"


def as_json(value: Any) -> str:
    """Write a value as PHP's json_encode() does: no spaces, slashes escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def render(code: int, a: int, b: int, c: int, *, serialised: bool) -> str:
    """Return the text of `other` for a template code and its arguments."""
    value = _filled(list(TEMPLATES.values())[code], {"a": a, "b": b, "c": c})
    return php(value) if serialised else as_json(value)
