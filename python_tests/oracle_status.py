"""The weekly status with its signs, and the reminders, by the definitions."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from oracle_performance import Performance
from oracle_world import Facts, Week

INACTIVE_DAYS, SILENT_DAYS, GRAVE_DAYS = 21, 7, 14
GRADE_STRUGGLING, GRADE_WELL = Fraction(1, 2), Fraction(3, 5)
ON_TIME, LOW_PERCENTILE, WELL_PERCENTILE, MIN_PEERS = Fraction(4, 5), 20, 40, 10
SEVERITY = {"inactive": 4, "struggling": 3, "doing_ok": 2, "doing_well": 1}
STATUSES = ("unknown", "completed", "too_early", "never_started", *SEVERITY)
BEFORE = {"before_7d": 7, "before_48h": 2, "before_24h": 1}
OVERDUE = {"overdue_1d": 1, "overdue_3d": 3, "overdue_7d": 7}


def signs(
    grid: Facts, row: Facts, silent: int | None, limit: Fraction
) -> tuple[set[str], set[str]]:
    """Give the signs and the grave signs of one row of fct_weekly_performance."""
    mean, percentile = row["grade_mean_share"], grid["engagement_percentile"]
    is_low = mean is not None and mean < limit
    is_peered = percentile is not None and (grid["peer_count"] or 0) >= MIN_PEERS
    missed, judged = row["missed_count"], row["judged_item_count"]
    plain = {
        "silent": silent is not None and silent >= SILENT_DAYS,
        "latest_due_missed": row["is_latest_due_missed"],
        "low_grade": is_low,
        "low_engagement": is_peered and percentile < LOW_PERCENTILE,
    }
    grave = {
        "silent_grave": silent is not None and silent >= GRAVE_DAYS,
        "many_missed": missed >= 2 and 3 * missed >= judged,
        "low_grade_grave": is_low and row["graded_item_count"] >= 2,
    }
    return {name for name, holds in plain.items() if holds}, {
        name for name, holds in grave.items() if holds
    }


def raw_status(
    grid: Facts, row: Facts, silent: int | None, found: tuple[set[str], set[str]]
) -> str:
    """Give the status of a week by itself: the first of the rules that matches."""
    plain, grave = found
    mean, on_time = row["grade_mean_share"], row["on_time_share"]
    percentile = grid["engagement_percentile"]
    if not grid["is_observed"] or not grid["is_active_enrolment"]:
        return "unknown"
    if row["is_course_completed"]:
        return "completed"
    if grid["learner_week"] == 1:
        return "too_early"
    if silent is None:
        return "never_started"
    if silent >= INACTIVE_DAYS:
        return "inactive"
    if grave or len(plain) >= 2:
        return "struggling"
    is_well = (
        not plain
        and (mean is None or mean >= GRADE_WELL)
        and (on_time is None or on_time >= ON_TIME)
        and (percentile is None or percentile >= WELL_PERCENTILE)
    )
    return "doing_well" if is_well else "doing_ok"


def status_rows(performance: Performance, rows: dict[Week, Facts]) -> dict[Week, Facts]:
    """Give fct_weekly_status from the rows of fct_weekly_performance."""
    world = performance.world
    found: dict[Week, Facts] = {}
    for key in sorted(rows):
        learner, course, week = key
        row, grid = rows[key], world.grid[key]
        silent = world.silent_days(learner, course, week)
        if silent is not None and grid["course_week"]:  # before the course begins nobody is missed
            silent = min(silent, 7 * grid["course_week"] - 1)
        limit = performance.pass_limit((learner, course), week)
        here = signs(grid, row, silent, GRADE_STRUGGLING if limit is None else limit)
        raw = raw_status(grid, row, silent, here)
        if raw == "unknown":  # nobody watches who is not enrolled
            here = set(), set()
        before = found.get((learner, course, week - timedelta(7)))
        status, is_held = held(raw, before["raw_status"] if before else None)
        previous = before["status"] if before else None
        graded = row["graded_item_count"]
        found[key] = {
            "is_active_enrolment": grid["is_active_enrolment"],
            "status": status,
            "raw_status": raw,
            "previous_status": previous,
            "is_change": previous is not None and previous != status,
            "is_held": is_held,
            "weeks_in_status": before["weeks_in_status"] + 1
            if before and previous == status
            else 1,
            "evidence_level": ("low", "medium", "high")[min(graded, 2)],
            "sign_count": len(here[0]),
            "grave_sign_count": len(here[1]),
            "signs": here[0] | here[1],
        }
    return found


def held(raw: str, before: str | None) -> tuple[str, bool]:
    """Worse at once, better only after two weeks."""
    if raw in SEVERITY and before in SEVERITY and SEVERITY[before] > SEVERITY[raw]:
        return before, True
    return raw, False


def reminder_rows(performance: Performance) -> dict[tuple[int, int, str], Facts]:
    """Give the reminders that have not expired at the last log row, by learner and activity."""
    world, submissions = performance.world, performance.submissions
    week = world.last_week
    found: dict[tuple[int, int, str], Facts] = {}
    for pair in world.enrolled & submissions.items.keys():
        for item in submissions.items[pair]:
            before = world.end(week)
            if (
                item.due is None
                or item.activity not in submissions.visible
                or not item.exists(before)
            ):
                continue
            state = item.state(before, world.last)
            for code, (send, expires) in _plan(item.due, state, world.zones[pair[0]]).items():
                if expires > world.last:
                    found[pair[0], item.activity, code] = {
                        "course_id": pair[1],
                        "submission_state": state,
                        "due_at": item.due,
                        "send_at": send,
                        "expires_at": expires,
                    }
    return found


def _plan(due: int, state: str, zone: str) -> dict[str, tuple[int, int]]:
    """Give when each reminder of an item is sent and until when it makes sense."""
    if state == "open":
        sends = [_nine(due, -days, zone) for days in BEFORE.values()]
        return dict(zip(BEFORE, zip(sends, [*sends[1:], due], strict=True), strict=True))
    if state == "missing":
        sends = [_nine(due, days, zone) for days in OVERDUE.values()]
        ends = [*sends[1:], sends[-1] + 7 * 86400]
        return dict(zip(OVERDUE, zip(sends, ends, strict=True), strict=True))
    return {}


def _nine(epoch: int, days: int, zone: str) -> int:
    """Nine o'clock of the day that is so many days from a moment, on the learner's own clock."""
    own = ZoneInfo(zone)
    day: date = datetime.fromtimestamp(epoch, own).date() + timedelta(days)
    return int(datetime.combine(day, time(9), own).timestamp())
