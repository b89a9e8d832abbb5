"""A Moodle site of two learners and one course, small enough to count by hand."""

from __future__ import annotations

from moodle_analytics.site import CORE_TABLES

# 2024-05-06 08:00:00 UTC, a Monday.
FIRST_EVENT = 1714982400

_COLUMNS = {
    "logstore_standard_log": (
        "eventname text, component text, edulevel smallint, contextid bigint, "
        "contextinstanceid bigint, userid bigint, courseid bigint, other text, timecreated bigint"
    ),
    "user": "username text, deleted smallint default 0, description text",
    "course": "fullname text, startdate bigint",
    "role": "shortname text, archetype text",
    "role_assignments": "roleid bigint, contextid bigint, userid bigint",
    "config": "name text, value text",
}

_LOG = rf"""
    (1, '\core\event\user_loggedin', 'core', 0, 1, 0, 3, 0, 'a:1:{{s:1:"x";N;}}', {FIRST_EVENT}),
    (2, '\mod_forum\event\post_created', 'mod_forum', 2, 9, 4, 3, 2, 'N;', {FIRST_EVENT + 60}),
    (3, '\core\event\course_viewed', 'core', 2, 5, 2, 4, 2, E'it''s; "a"\n\\.\n$x$',
        {FIRST_EVENT + 3600})
"""


def site_sql(
    prefix: str = "mdl_",
    schema: str = "public",
    *,
    without: tuple[str, ...] = (),
    roles: bool = True,
    timezone: str = "Asia/Beirut",
) -> str:
    """Give the SQL that makes the site; `roles` adds role, role_assignments and config."""
    names = [*CORE_TABLES, *(("role", "role_assignments", "config") if roles else ())]
    made = [name for name in names if name not in without]

    def table(name: str) -> str:
        return f'"{schema}"."{prefix}{name}"'

    lines = [f'create schema if not exists "{schema}";']
    lines += [
        f"create table {table(name)} (id bigserial primary key, {_COLUMNS.get(name, 'n text')});"
        for name in made
    ]
    rows = {
        "logstore_standard_log": _LOG,
        "user": "(1, 'guest'), (2, 'admin'), (3, 'lina; --'), (4, 'omar')",
        "course": "(1, 'The site', 0), (2, 'Data', 1714953600)",
        "role": "(3, 'editingteacher', 'editingteacher'), (5, 'student', 'student')",
        "role_assignments": "(1, 5, 5, 3), (2, 5, 5, 4), (3, 3, 5, 2), (4, 5, 7, 4)",
        "config": "(1, 'release', '4.3.2+'), (2, 'version', '2023100902'), "
        f"(3, 'timezone', '{timezone}')",
    }
    columns = {"user": "(id, username)"}
    lines += [
        f"insert into {table(name)} {columns.get(name, '')} values {values};"
        for name, values in rows.items()
        if name in made
    ]
    if "logstore_standard_log" in made:
        sequence = table("logstore_standard_log_id_seq")
        lines.append(f"select setval('{sequence}', 3);")
    return "\n".join(lines)
