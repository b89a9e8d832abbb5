"""Features, rule scores and outcomes of a hand-made site, row by row in plain Python.

Written from the definitions and from what the columns say of themselves, so that the models can be
held against it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction
from functools import cached_property
from math import log
from statistics import median
from typing import Any

from oracle import Event, Oracle, Period, local, midnight, monday
from oracle_performance import Performance
from oracle_world import EVER, Facts, Pair, Week

OUTAGE, USUAL_WEEKS, DROPOUT_DAYS = Fraction(1, 5), 8, 21
INACTIVE_DAYS, GRAVE_DAYS, GRADE_STRUGGLING = 21, 14, Fraction(1, 2)
NOTHING_DUE, NOTHING_GRADED, NOT_GRADED = Fraction(3, 10), Fraction(2, 5), Fraction(4, 5)
WORST, CLASS = Fraction(1, 5), Fraction(1, 2)
RANKED = {
    "event_rank": "events", "recent_event_rank": "recent", "active_day_rank": "active_days",
    "distinct_activity_rank": "activities",
}  # fmt: skip
FEATURES = (
    *RANKED, "idle_days", "event_log_change", "active_week_share", "active_days_7",
    "active_days_14", "handed_in_share", "missed_count", "latest_due_missed", "mean_days_early",
    "grade_mean_share", "grade_last_share", "grade_rank", "earlier_attempt_count",
    "due_item_count", "elapsed_share",
)  # fmt: skip


def percent_ranks(values: Sequence[Any]) -> list[Fraction | None]:
    """Give the share of the others that are below each value; of somebody alone there is none."""
    ordered = sorted(values)
    if len(values) == 1:
        return [None]
    return [Fraction(bisect_left(ordered, value), len(values) - 1) for value in values]


def feature_rows(
    site: Oracle, performance: Performance, weeks: dict[Week, Facts]
) -> dict[Week, Facts]:
    """Give the rows of int_learner_week_features; `weeks` are those of fct_weekly_performance."""
    rows: dict[Week, Facts] = {}
    for key, grid in performance.world.grid.items():
        if grid["is_observed"] and grid["is_active_enrolment"] and grid["course_week"]:
            rows[key] = {
                **_activity(site, performance, key),
                **_work(weeks[key]),
                "earlier_attempt_count": _ended(site, key),
                "elapsed_share": _elapsed(site, key),
                "course_week": grid["course_week"],
                "is_too_early": 1 in (grid["course_week"], grid["learner_week"]),
                "unscored_reason": _left(site, key, weeks[key], grid),
            }
    for (course, week), keys in _by_class(rows).items():
        if _is_outage(rows, course, week):
            for key in keys:
                rows[key]["unscored_reason"] = rows[key]["unscored_reason"] or "outage"
    for keys in _by_class(rows).values():
        _rank(rows, keys)
    return rows


def _by_class(rows: Iterable[Week]) -> dict[tuple[int, date], list[Week]]:
    found: dict[tuple[int, date], list[Week]] = defaultdict(list)
    for key in rows:
        found[key[1:]].append(key)
    return found


def _class(rows: Iterable[Week], course: int, week: date) -> list[Week]:
    return [key for key in rows if key[1:] == (course, week)]


def _activity(site: Oracle, performance: Performance, key: Week) -> Facts:
    learner, course, week = key
    grid = performance.world.grid
    end = week + timedelta(6)
    events = [event for event in site.in_course(learner, course) if event.day <= end]
    now, before = _since(events, end, 7), _since(events, end, 14)
    taken, recent = _participating(now), _participating(before)
    past = [
        (learner, course, one) for one in performance.world.weeks[learner, course] if one <= week
    ]
    own = [one for one in past if grid[one]["is_observed"] and grid[one]["course_week"]]
    active = {monday(event.day) for event in events}
    started = week - timedelta(7 * (min(grid[key]["course_week"], grid[key]["learner_week"]) - 1))
    until = min(end, site.last_day) if events else end
    return {
        "events": _participating(events),
        "recent": recent,
        "active_days": len({event.day for event in events}),
        "activities": len({event.activity for event in events if event.activity}),
        "week_events": taken,
        "idle_days": (until - max((event.day for event in events), default=started)).days,
        "event_log_change": log(1 + taken) - log(1 + recent - taken),
        "active_week_share": Fraction(sum(one[2] in active for one in own), len(own)),
        "active_days_7": len({event.day for event in now}),
        "active_days_14": len({event.day for event in before}),
    }


def _since(events: list[Event], end: date, days: int) -> list[Event]:
    return [event for event in events if event.day > end - timedelta(days)]


def _participating(events: list[Event]) -> int:
    return sum(event.participating for event in events)


def _work(row: Facts) -> Facts:
    judged, early, limit = (
        row["judged_item_count"],
        row["mean_hours_early"],
        row["course_pass_share"],
    )
    return {
        "handed_in_share": 1 - Fraction(row["missed_count"], judged) if judged else None,
        "missed_count": row["missed_count"],
        "latest_due_missed": int(row["is_latest_due_missed"]),
        "mean_days_early": None if early is None else early / 24,
        "grade_mean_share": row["grade_mean_share"],
        "grade_last_share": row["grade_last_share"],
        "due_item_count": row["due_item_count"],
        "pass_share": GRADE_STRUGGLING if limit is None else limit,
    }


def _ended(site: Oracle, key: Week) -> int:
    """The enrolments that had ended or been suspended; an account's suspension ends none."""
    learner, course, week = key
    account = site.users[learner]["suspended"]
    ends = [
        min(time for time in (one.ends, None if account else one.suspended) if time is not None)
        for one in site.periods[learner, course]
        if one.ends is not None or (one.suspended is not None and not account)
    ]
    return sum(monday(local(end).date()) <= week for end in ends)


def _elapsed(site: Oracle, key: Week) -> Fraction | None:
    _, course, week = key
    first, end = site.first_course_week(course), site.courses[course]["enddate"]
    if first is None or not end:
        return None
    whole = (local(end).date() - first).days
    return min(Fraction((week - first).days + 7, whole), Fraction(1)) if whole > 0 else None


def _left(site: Oracle, key: Week, row: Facts, grid: Facts) -> str | None:
    learner, course, week = key
    after = midnight(week + timedelta(7))
    stays = [one for one in site.periods[learner, course] if _goes_on(one, after)]
    if not stays:
        return "left"
    if row["is_course_completed"]:
        return "completed"
    if not _is_completable(site, course, week):
        return "nothing_to_complete"
    return "partial" if grid["is_partial_week"] else None


def _is_completable(site: Oracle, course: int, week: date) -> bool:
    """Whether the course tracks completion, or had an item to grade by then."""
    return bool(site.courses[course]["enablecompletion"]) or any(
        item["courseid"] == course
        and item["itemtype"] in ("mod", "manual")
        and (not item["timecreated"] or monday(local(item["timecreated"]).date()) <= week)
        for item in site.of("grade_items")
    )


def _goes_on(period: Period, after: int) -> bool:
    """Whether it was active before an instant, and still at it."""
    return period.enabled and period.starts < after and period.stops >= after


def _is_outage(rows: dict[Week, Facts], course: int, week: date) -> bool:
    def count(day: date) -> int:
        return sum(rows[key]["week_events"] for key in _class(rows, course, day))

    before = [count(week - timedelta(7 * back)) for back in range(1, USUAL_WEEKS + 1)]
    usual = [value for value in before if value]
    return not count(week) or (bool(usual) and count(week) < OUTAGE * Fraction(median(usual)))


def _rank(rows: dict[Week, Facts], keys: list[Week]) -> None:
    for key in keys:
        rows[key].update(dict.fromkeys((*RANKED, "grade_rank")))
    peers = [key for key in keys if rows[key]["unscored_reason"] != "left"]
    for rank, measure in RANKED.items():
        ranks = percent_ranks([rows[key][measure] for key in peers])
        for key, value in zip(peers, ranks, strict=True):
            rows[key][rank] = value
    graded = [key for key in peers if rows[key]["grade_mean_share"] is not None]
    ranks = percent_ranks([rows[key]["grade_mean_share"] for key in graded])
    for key, value in zip(graded, ranks, strict=True):
        rows[key]["grade_rank"] = value


# Rules


def rule_rows(features: dict[Week, Facts]) -> dict[Week, Facts]:
    """Give the rows of int_learner_week_rules."""
    rows = {key: _shares(row) for key, row in features.items()}
    for keys in _by_class(rows).values():
        peers = [
            key for key in keys if features[key]["unscored_reason"] not in ("left", "completed")
        ]
        for key in keys:
            # Who is no peer is of no class; the band is not told of.
            rows[key]["rule_band"] = _band(features, rows, key, peers) if key in peers else None
    return rows


def _shares(row: Facts) -> Facts:
    def rank(name: str) -> Fraction:
        return 1 - (Fraction(1, 2) if row[name] is None else Fraction(row[name]))

    handed_in, mean = row["handed_in_share"], row["grade_mean_share"]
    unknown = NOTHING_GRADED if handed_in is None else NOT_GRADED
    shares = {
        "quiet_share": rank("recent_event_rank"),
        "seldom_share": rank("active_day_rank"),
        "idle_share": min(Fraction(row["idle_days"], INACTIVE_DAYS), Fraction(1)),
        "missed_share": NOTHING_DUE if handed_in is None else 1 - handed_in,
        "grade_gap_share": unknown if mean is None else 1 - mean,
    }
    return {
        **shares,
        "rule_score": sum(shares.values(), Fraction()) / 5,
        "is_inactive_now": row["idle_days"] >= INACTIVE_DAYS,
        "is_too_early": row["is_too_early"],
        "unscored_reason": row["unscored_reason"],
        "course_week": row["course_week"],
    }


def _band(
    features: dict[Week, Facts], rows: dict[Week, Facts], key: Week, peers: list[Week]
) -> str:
    row, score = features[key], rows[key]["rule_score"]
    scores = [rows[one]["rule_score"] for one in peers]
    worse = sum(one > score for one in scores)
    missing = sum(features[one]["latest_due_missed"] for one in peers)
    mean, limit = row["grade_mean_share"], row["pass_share"]
    is_hard = (
        row["idle_days"] >= GRAVE_DAYS
        or (mean is not None and mean < limit)
        or (row["latest_due_missed"] and missing < CLASS * len(peers))
    )
    if row["is_too_early"]:
        return "too_early"
    if worse < WORST * max(len(peers) - 1, 1) and is_hard:
        return "struggling"
    missed = median(features[one]["missed_count"] for one in peers)
    is_well = score < median(scores) and row["missed_count"] <= missed
    return "well" if is_well and (mean is None or mean >= limit) else "ok"


# Outcomes


class Outcomes:
    """How the courses ended, and who dropped out after which week."""

    def __init__(self, site: Oracle, performance: Performance) -> None:
        self.site, self.world = site, performance.world
        self.grades, self.completed = performance.grades, performance.completions.finished

    @cached_property
    def end(self) -> int:
        return self.world.end(self.world.last_week)

    def total(self, pair: Pair) -> Fraction | None:
        found: Fraction | None = self.grades.total(*pair, self.end)["course_total_share"]
        return found

    def rows(self) -> dict[Pair, Facts]:
        """Give the rows of fct_learner_outcomes."""
        judged = {
            pair[1]
            for pair in self.site.periods
            if pair in self.completed or self.total(pair) is not None
        }
        return {pair: self._row(pair, pair[1] in judged) for pair in self.site.periods}

    def _row(self, pair: Pair, is_judged: bool) -> Facts:
        start, end = self._bounds(pair[1])
        own, is_current = self._own_end(pair), pair in self.site.current
        over = own if end is None else end
        is_over = over is not None and over <= self.site.last_epoch
        total, limit = self.total(pair), self.grades.pass_limit(pair[1], self.end)
        has_passed = total is not None and total >= (GRADE_STRUGGLING if limit is None else limit)
        is_completed = pair in self.completed
        ends = [time for time in (end, own if is_current else None) if time is not None]
        return {
            "is_current": is_current,
            "is_completed": is_completed,
            "did_not_complete": not is_completed and not has_passed
            if is_over and is_judged
            else None,
            "is_absent_in_last_quarter": self._is_absent(pair, start, end) if is_over else None,
            "final_grade_share": total,
            "completed_at": self.completed.get(pair),
            "ends_at": min(ends, default=None),
            "outcome_at": over if is_over else None,
        }

    def _bounds(self, course: int) -> tuple[int | None, int | None]:
        row = self.site.courses.get(course, {})
        start, end = row.get("startdate") or None, row.get("enddate") or None
        return start, end if end and end > (start or EVER) else None

    def _own_end(self, pair: Pair) -> int | None:
        ends = [one.ends for one in self.site.periods[pair]]
        return None if None in ends else max(one for one in ends if one is not None)

    def _is_absent(self, pair: Pair, start: int | None, end: int | None) -> bool | None:
        if start is None or end is None:
            return None
        first, last = local(start).date(), local(end).date()
        quarter = first + timedelta(int(0.75 * (last - first).days))
        if monday(self.site.first_day) > quarter:
            return None
        return not any(event.day >= quarter for event in self.site.in_course(*pair))

    def week_rows(self) -> dict[Week, Facts]:
        """Give the rows of int_learner_week_outcomes."""
        rows = self.rows()
        return {
            key: {
                "did_not_complete": rows[key[:2]]["did_not_complete"],
                "outcome_at": rows[key[:2]]["outcome_at"],
                "dropped_out": self._dropped_out(key, rows[key[:2]])
                if grid["is_observed"]
                else None,
            }
            for key, grid in self.world.grid.items()
        }

    def _dropped_out(self, key: Week, row: Facts) -> bool | None:
        learner, course, week = key
        day = self.world.day
        last = week + timedelta(6 + DROPOUT_DAYS)
        until = min(row["ends_at"] or self.site.last_epoch, self.site.last_epoch)
        if day(until) < last or not self.world.grid[key]["is_observed"]:
            return None
        if row["is_completed"] and day(row["completed_at"]) <= last:
            return False
        days = self.world.days.get((learner, course), [])
        return not any(week + timedelta(6) < one <= last for one in days)
