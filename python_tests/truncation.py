"""Take a Moodle database back to an instant: what came later is gone, what changed is as it was.

By Moodle's own times. What has no history in Moodle (deadlines, groups, visibility) stays.
"""

from __future__ import annotations

from collections.abc import Callable

# Tables whose rows came into being at a time: what is later goes.
_MADE = {
    "logstore_standard_log": "timecreated",
    "user_enrolments": "timecreated",
    "role_assignments": "timemodified",
    "assign_submission": "timemodified",
    "quiz_attempts": "timestart",
    "forum_posts": "created",
    "course_modules_completion": "timemodified",
    "grade_grades_history": "timemodified",
    "grade_items_history": "timemodified",
    "grade_categories_history": "timemodified",
}
_GRADE = "finalgrade, rawgrademin, rawgrademax, hidden, overridden, excluded, timemodified"
_ITEM = (
    "categoryid, itemname, gradetype, grademax, grademin, gradepass, hidden, calculation, "
    "timemodified"
)
_CATEGORY = "parent, fullname, hidden, timemodified"
# Columns of rows that outlive the instant, and what they were before something happened.
_UNDONE = (
    ("quiz_attempts", "timefinish", "state = 'inprogress', timefinish = 0, sumgrades = null"),
    ("course_completions", "timecompleted", "timecompleted = null"),
    ("user_enrolments", "timemodified", "status = 0"),
    ("user", "timemodified", "suspended = 0"),
)


def truncation_sql(schema: str, prefix: str, instant: int) -> str:
    """Give the SQL that undoes everything from an instant (epoch seconds) on.

    Grades and items that the history says were deleted later are not brought back.
    """

    def table(name: str) -> str:
        return f'"{schema}"."{prefix}{name}"'

    log = table("logstore_standard_log")
    statements = [
        # Somebody's cron ran in the last second: so it ends no week early.
        f"insert into {log} (id, eventname, component, action, target, crud, edulevel, contextid, "
        "contextlevel, contextinstanceid, userid, timecreated, origin) select max(id) + 1, "
        r"'\core\event\notification_sent', 'core', 'sent', 'notification', 'c', 0, 1, 10, 0, 0, "
        f"{instant - 1}, 'cli' from {log}",
        *_reverted(table, "grade_grades", ("itemid", "userid"), _GRADE, instant),
        *_reverted(table, "grade_items", ("id",), _ITEM, instant),
        *_reverted(table, "grade_categories", ("id",), _CATEGORY, instant),
        f"""
        delete from {table("course_modules")} as activity
        where added >= {instant} and not exists (
            -- Restored with what had been handed in before.
            select 1 from {table("assign_submission")} as submission
            join {table("modules")} as kind on kind.id = activity.module and kind.name = 'assign'
            where submission.assignment = activity.instance and submission.timemodified < {instant}
            union all
            select 1 from {table("quiz_attempts")} as attempt
            join {table("modules")} as kind on kind.id = activity.module and kind.name = 'quiz'
            where attempt.quiz = activity.instance and attempt.timefinish > 0
                and attempt.timefinish < {instant}
        )
        """,
    ]
    statements += [
        f"delete from {table(name)} where {column} >= {instant}" for name, column in _MADE.items()
    ]
    statements += [
        f"update {table(name)} set {values} where {column} >= {instant}"
        for name, column, values in _UNDONE
    ]
    return ";\n".join(statements)


def _reverted(
    table: Callable[[str], str], name: str, keys: tuple[str, ...], columns: str, instant: int
) -> list[str]:
    """Rows that changed since get their last state of before; those that had none go.

    What history tells only from the instant on was, before, as its first row says.
    """
    history = table(f"{name}_history")
    theirs = ["oldid" if key == "id" else key for key in keys]
    is_same = " and ".join(
        f"history.{one} = now.{other}" for one, other in zip(theirs, keys, strict=True)
    )
    shown = ", ".join(f"history.{column.strip()}" for column in columns.split(","))
    # Of a grade's history nothing holds before its first row; of an item's the first row does.
    before = f"history.timemodified < {instant}"
    order = "history.timemodified desc, history.id desc"
    if name != "grade_grades":
        order = f"{before} desc, case when {before} then -history.timemodified end, "
        order += f"case when {before} then -history.id end, history.timemodified, history.id"
        before = "true"
    has_changed = (
        f"(coalesce(now.timemodified, 0) >= {instant} or exists (select 1 from {history} as history"
        f" where {is_same} and history.timemodified >= {instant}))"
    )
    update = f"""
        update {table(name)} as target set ({columns}) = (
            select {shown} from {history} as history
            where {is_same.replace("now.", "target.")} and {before} order by {order} limit 1
        )
        from {table(name)} as now where now.id = target.id and {has_changed}
            and exists (select 1 from {history} as history where {is_same} and {before})
    """
    is_new = f"coalesce(now.timecreated, 0) >= {instant}"
    gone = f"""
        delete from {table(name)} as now
        where {has_changed if name == "grade_grades" else is_new}
            and not exists (select 1 from {history} as history where {is_same} and {before})
    """
    return [update, gone]
