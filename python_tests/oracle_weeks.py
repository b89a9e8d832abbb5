"""The rows of the weekly marts and of fct_sessions, from what the oracle knows of a site.

Only the credit for a session's last event (minutes_central) is not reckoned: the definitions bound
it, and the tests hold it between its bounds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from oracle import GAP, SITE, Event, Oracle, local, monday, weeks

Key = tuple[Any, ...]
Facts = dict[str, Any]

LOGIN = r"\core\event\user_loggedin"
FORUM_VIEWS = {r"\mod_forum\event\course_module_viewed", r"\mod_forum\event\discussion_viewed"}
VERBS = {
    "view_count": FORUM_VIEWS | {
        r"\core\event\dashboard_viewed", r"\core\event\user_profile_viewed",
        r"\core\event\course_viewed", r"\mod_page\event\course_module_viewed",
        r"\mod_quiz\event\course_module_viewed", r"\mod_quiz\event\attempt_viewed",
        r"\mod_assign\event\course_module_viewed", r"\mod_assign\event\submission_status_viewed",
        r"\mod_hvp\event\course_module_viewed",
    },
    "submission_count": {
        r"\mod_quiz\event\attempt_submitted", r"\mod_assign\event\assessable_submitted",
    },
    "quiz_attempt_count": {r"\mod_quiz\event\attempt_started"},
    "forum_view_count": FORUM_VIEWS,
    "forum_post_count": {r"\mod_forum\event\post_created", r"\mod_forum\event\discussion_created"},
}  # fmt: skip
RANKED = (
    "active_day_count", "minutes_central", "participating_event_count", "distinct_activity_count",
)  # fmt: skip


def weekly_engagement(oracle: Oracle) -> dict[Key, Facts]:
    """Give the rows by learner, course and week; the ranks are apart, in `ranks`."""
    rows = {}
    for (user, course), (first, last) in oracle.bounds.items():
        course_start = oracle.first_course_week(course)
        events = oracle.in_course(user, course)
        for week in weeks(first, last):
            number = (week - course_start).days // 7 + 1 if course_start else 0
            counts = _counts(oracle, user, {course}, events, week)
            rows[user, course, week] = {
                "is_partial_week": oracle.is_partial(week),
                "is_observed": oracle.is_observed(week),
                "is_course_deleted": course not in oracle.courses,
                "is_active_enrolment": oracle.is_active(user, course, week),
                "course_week": number if number > 0 else None,
                "learner_week": (week - monday(first)).days // 7 + 1,
                **(counts if oracle.is_observed(week) else dict.fromkeys(counts)),
                **_shares(oracle.zone(user), events, week),
            }
    return rows


def weekly_learners(oracle: Oracle) -> dict[Key, Facts]:
    """Give the rows by learner and week: the courses of the learner, and the site."""
    rows = {}
    for user in oracle.learners:
        courses = {course for one, course in oracle.periods if one == user} | {SITE}
        events = [event for event in oracle.by_user[user] if event.course in courses]
        days = [day for (one, _), both in oracle.bounds.items() if one == user for day in both]
        days += [event.day for event in events if event.course == SITE]
        for week in weeks(min(days), max(days)) if days else ():
            if oracle.is_observed(week):
                now = [event for event in events if monday(event.day) == week]
                rows[user, week] = {
                    **_counts(oracle, user, courses, events, week),
                    "is_partial_week": oracle.is_partial(week),
                    "login_count": sum(event.name == LOGIN for event in now),
                    "site_event_count": sum(event.course == SITE for event in now),
                }
                del rows[user, week]["distinct_activity_count"]
    return rows


def session_rows(oracle: Oracle) -> dict[Key, Facts]:
    """Give the rows of fct_sessions by learner and instant of the start."""
    return {
        (user, session.events[0].epoch): {
            "is_quarantined": session.is_quarantined,
            "course_count": len({event.course for event in session.events} - {SITE}),
            "event_count": len(session.events),
            "participating_event_count": sum(event.participating for event in session.events),
            "minutes_low": Fraction(session.seconds, 60),
            "minutes_high": Fraction(session.seconds + GAP, 60),
            "week_start": monday(session.events[0].day),
            "ended": session.events[-1].epoch,
        }
        for user in oracle.learners
        for session in oracle.sessions.get(user, [])
    }


def ranks(rows: Mapping[Key, Facts]) -> dict[Key, Facts]:
    """Give peers, index and percentile of rows as found, whose own columns are tested apart."""
    found: dict[Key, Facts] = {
        key: dict.fromkeys(("peer_count", "engagement_index", "engagement_percentile"))
        for key in rows
    }
    classes: dict[Key, list[Key]] = defaultdict(list)
    for key, row in rows.items():
        if row["is_active_enrolment"] and row["is_observed"]:
            classes[key[1:]].append(key)
    for keys in classes.values():
        for key in keys:
            found[key]["peer_count"] = len(keys)
        if len(keys) == 1:
            continue  # there is nobody to be compared with
        measures = [percent_ranks([rows[key][name] for key in keys]) for name in RANKED]
        index = [sum(four, Fraction()) / 4 for four in zip(*measures, strict=True)]
        for key, mean, rank in zip(keys, index, percent_ranks(index), strict=True):
            found[key].update(engagement_index=mean, engagement_percentile=rank)
    return found


def percent_ranks(values: list[Any]) -> list[Fraction]:
    """Give the share (0 to 100) of the others that are below each value."""
    ordered = sorted(values)
    return [Fraction(100 * bisect_left(ordered, value), len(values) - 1) for value in values]


def _counts(oracle: Oracle, user: int, courses: set[int], events: list[Event], week: date) -> Facts:
    until = min(week + timedelta(6), oracle.last_day)
    now = [event for event in events if monday(event.day) == week]
    days = [event.day for event in events if event.day <= until]
    low, ends, begun = 0, 0, 0
    for session in oracle.sessions.get(user, []):
        if session.is_quarantined:
            continue
        here = [event for event in session.events if event.course in courses]
        begun += bool(here) and monday(here[0].day) == week
        for event, after in zip(session.events, (*session.events[1:], None), strict=True):
            if event.course in courses and monday(event.day) == week:
                low += after.epoch - event.epoch if after else 0
                ends += after is None
    return {
        "event_count": len(now),
        "participating_event_count": sum(event.participating for event in now),
        "active_day_count": len({event.day for event in now}),
        "distinct_activity_count": len({event.activity for event in now if event.activity}),
        "session_count": begun,
        "minutes_low": Fraction(low, 60),
        "minutes_high": Fraction(low + ends * GAP, 60),
        "days_since_last_activity": (until - max(days)).days if days else None,
        **{name: sum(event.name in verbs for event in now) for name, verbs in VERBS.items()},
    }


def _shares(zone: str, events: list[Event], week: date) -> Facts:
    times = [local(event.epoch, zone) for event in events if monday(event.day) == week]
    if not times:
        return {"weekend_share": None, "night_share": None}
    weekend = sum(time.weekday() >= 5 for time in times)
    night = sum(time.hour >= 22 or time.hour < 6 for time in times)
    return {
        "weekend_share": Fraction(weekend, len(times)),
        "night_share": Fraction(night, len(times)),
    }
