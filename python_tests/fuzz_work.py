"""Operations on what people do: submissions, attempts, completions, posts; scores and messages."""

from __future__ import annotations

from typing import Any

from fuzz_log import event
from fuzz_site import HOUR, Draw, NothingToDoError, operation
from moodle_analytics.early_warning import record as predictions
from moodle_analytics.outreach import record as messages


@operation("a submission", weight=4)
def submission(draw: Draw) -> list[str]:
    user, course = draw.learner()
    activity, assign, _ = draw.activity("assign", course)
    state = draw.rng.choice(("submitted", "submitted", "draft", "new", "reopened"))
    when = draw.around()
    attempts = draw.ask(
        "select coalesce(max(attemptnumber) + 1, 0) from {assign_submission} "
        f"where assignment = {assign} and userid = {user} and groupid = 0"
    )
    rows = [
        draw.insert(
            "assign_submission", assignment=assign, userid=user, status=state, groupid=0,
            attemptnumber=attempts[0][0], latest=1, timecreated=when - HOUR, timemodified=when,
        )
    ]  # fmt: skip
    if draw.chance(0.5):
        rows.append(event(draw, "submit", user, course, when, contextinstanceid=activity))
    return rows


@operation("a submission changes or goes", weight=3)
def submission_changes(draw: Draw) -> list[str]:
    number = int(draw.pick("select id from {assign_submission} order by id")[0])
    if draw.chance(0.3):
        return [draw.delete("assign_submission", number)]
    change: dict[str, Any] = draw.rng.choice(
        ({"timemodified": draw.around()}, {"status": "draft"}, {"status": "submitted"})
    )
    return [draw.update("assign_submission", number, **change)]


@operation("a group's submission", weight=1)
def group_submission(draw: Draw) -> list[str]:
    assign = draw.activity("assign")[1]
    group = int(draw.pick("select id from {groups} order by id")[0])
    when = draw.around()
    if draw.ask(
        f"select 1 from {{assign_submission}} where assignment = {assign} and groupid = {group}"
    ):
        raise NothingToDoError("the group has handed in")
    return [
        draw.update("assign", assign, teamsubmission=1),
        draw.insert(
            "assign_submission", assignment=assign, userid=0, status="submitted", groupid=group,
            attemptnumber=0, latest=1, timecreated=when, timemodified=when,
        ),
    ]  # fmt: skip


@operation("a quiz attempt", weight=3)
def attempt(draw: Draw) -> list[str]:
    user, course = draw.learner()
    quiz = draw.activity("quiz", course)[1]
    number = draw.ask(
        "select coalesce(max(attempt), 0) + 1 from {quiz_attempts} "
        f"where quiz = {quiz} and userid = {user}"
    )[0][0]
    when = draw.around()
    is_finished = draw.chance(0.7)
    return [
        draw.insert(
            "quiz_attempts", quiz=quiz, userid=user, attempt=number,
            uniqueid=1_000_000 + draw.new_id("quiz_attempts"), layout="", preview=0,
            state="finished" if is_finished else "inprogress", timestart=when - 600,
            timefinish=when if is_finished else 0, timemodified=when,
            sumgrades=draw.rng.randint(0, 10) if is_finished else None,
        )
    ]  # fmt: skip


@operation("an attempt changes or goes", weight=2)
def attempt_changes(draw: Draw) -> list[str]:
    number = int(draw.pick("select id from {quiz_attempts} order by id")[0])
    if draw.chance(0.3):
        return [draw.delete("quiz_attempts", number)]
    when = draw.around()
    change: dict[str, Any] = draw.rng.choice(
        (
            {"state": "finished", "timefinish": when, "sumgrades": 3}, {"sumgrades": 9},
            {"state": "abandoned"}, {"preview": 1}, {"sumgrades": None},
        )
    )  # fmt: skip
    return [draw.update("quiz_attempts", number, **change)]


@operation("an activity completed", weight=3)
def completed(draw: Draw) -> list[str]:
    user, course = draw.learner()
    activity = draw.activity(course=course)[0]
    same = f"coursemoduleid = {activity} and userid = {user}"
    return [
        draw.delete("course_modules_completion", same),
        draw.insert(
            "course_modules_completion", coursemoduleid=activity, userid=user,
            completionstate=draw.rng.choice((1, 1, 2, 3, 0)), timemodified=draw.around(),
        ),
        draw.update("course_modules", activity, completion=1),
    ]  # fmt: skip


@operation("a completion changes or goes", weight=3)
def completion_changes(draw: Draw) -> list[str]:
    number = int(draw.pick("select id from {course_modules_completion} order by id")[0])
    if draw.chance(0.3):
        return [draw.delete("course_modules_completion", number)]
    change: dict[str, Any] = draw.rng.choice(
        (
            {"timemodified": draw.around()}, {"completionstate": 0}, {"completionstate": 1},
            {"overrideby": 2},
        )
    )  # fmt: skip
    return [draw.update("course_modules_completion", number, **change)]


@operation("a course completed, or no longer", weight=2)
def course_completed(draw: Draw) -> list[str]:
    user, course = draw.learner()
    when = draw.rng.choice((None, draw.around()))
    return [
        draw.delete("course_completions", f"userid = {user} and course = {course}"),
        draw.insert(
            "course_completions", userid=user, course=course, timeenrolled=0, timestarted=0,
            timecompleted=when,
        ),
    ]  # fmt: skip


@operation("a post", weight=3)
def post(draw: Draw) -> list[str]:
    when = draw.around()
    words = draw.rng.randint(0, 90)
    written = {"created": when, "modified": when, "subject": "Odd", "message": "word " * words}
    found = draw.ask(
        "select post.id, post.discussion, thread.course from {forum_posts} as post join "
        "{forum_discussions} as thread on thread.id = post.discussion order by post.id"
    )
    if found and draw.chance(0.7):
        parent, thread, course = draw.rng.choice(found)
        user = draw.learner()[0]
        return [
            draw.insert(
                "forum_posts", discussion=thread, parent=parent, userid=user, wordcount=words,
                **written,
            ),
            event(draw, "reply", user, course, when),
        ]  # fmt: skip
    user, course = draw.learner()
    forum = draw.activity("forum", course)[1]
    thread, first = draw.new_id("forum_discussions"), draw.new_id("forum_posts")
    return [
        draw.insert(
            "forum_discussions", id=thread, course=course, forum=forum, name="Odd", userid=user,
            firstpost=first, groupid=-1, timemodified=when,
        ),
        draw.insert(
            "forum_posts", id=first, discussion=thread, parent=0, userid=user, wordcount=words,
            **written,
        ),
    ]  # fmt: skip


@operation("a post changes or goes", weight=2)
def post_changes(draw: Draw) -> list[str]:
    number = int(draw.pick("select id from {forum_posts} order by id")[0])
    if draw.chance(0.3):
        return [draw.delete("forum_posts", number)]
    user = draw.learner()[0]
    change: dict[str, Any] = draw.rng.choice(
        (
            {"message": "three short words", "wordcount": 3, "modified": draw.soon()},
            {"deleted": 1}, {"userid": user}, {"created": draw.around()}, {"privatereplyto": user},
        )
    )  # fmt: skip
    return [draw.update("forum_posts", number, **change)]


@operation("a discussion moves or goes", weight=1)
def discussion_changes(draw: Draw) -> list[str]:
    number = int(draw.pick("select id from {forum_discussions} order by id")[0])
    if draw.chance(0.5):
        return [draw.delete("forum_discussions", number)]
    _, forum, course = draw.activity("forum")
    return [draw.update("forum_discussions", number, forum=forum, course=course)]


def _weeks(draw: Draw) -> list[tuple[Any, ...]]:
    return draw.ask(
        "select learner_id, course_id, week_start::text, coalesce(course_week, 1) "
        "from marts.fct_weekly_engagement order by 1, 2, 3"
    )


@operation("weeks are scored", weight=2)
def scored(draw: Draw) -> list[str]:
    weeks = _weeks(draw)
    if not weeks:
        raise NothingToDoError("there is no week to score")
    version = f"rules of {draw.now} {draw.rng.randint(0, 999)}"
    rows = [
        predictions._TABLES,
        "insert into predictions.model_card (model_version, method, algorithm, label, trained_at, "
        "training_courses, thresholds, measures, groups, challenger) values "
        f"('{version}', 'rules', 'rules', 'none', to_timestamp({draw.now}), '[]', '{{}}', '{{}}', "
        "'[]', '{}') on conflict do nothing",
    ]
    for learner, course, week, number in draw.rng.sample(weeks, min(12, len(weeks))):
        score = draw.rng.randint(0, 1000) / 1000
        band = "struggling" if score > 0.6 else "ok" if score > 0.3 else "well"
        values = f"{learner}, {course}, '{week}', {number}, 'rules', null, {score}, '{band}'"
        rows.append(
            "insert into predictions.learner_week_risk (learner_id, course_id, week_start, "
            "course_week, method, probability, rule_score, band, is_inactive_now, model_version, "
            f"trained_through, n_train, scored_at) values ({values}, false, '{version}', null, 0, "
            f"to_timestamp({draw.now})) on conflict do nothing"
        )
    return rows


@operation("messages are sent", weight=1)
def sent(draw: Draw) -> list[str]:
    rows = draw.ask(
        "select reminder_id, learner_id, course_id, course_module_id from marts.fct_reminders "
        "order by 1"
    )
    if not rows:
        raise NothingToDoError("there is nobody to remind")
    number, learner, course, activity = draw.rng.choice(rows)
    state = draw.rng.choice(("sent", "failed", "claimed"))
    return [
        messages._TABLES,
        f"delete from outreach.messages where queue_id = '{number}'",
        "insert into outreach.messages (message_id, kind, queue_id, learner_id, course_id, "
        "course_module_id, reason, channel, state, attempt_count, claimed_at, sent_at) values "
        f"('reminder {number}', 'reminder', '{number}', {learner}, {course}, {activity}, "
        f"'reminder_48_hours', 'smtp', '{state}', 1, to_timestamp({draw.now}), "
        f"to_timestamp({draw.now}))",
    ]
