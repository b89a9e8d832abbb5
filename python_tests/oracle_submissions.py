"""Deadlines, submissions and what was missed, as they stood at the end of a week."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any

from oracle_grades import Grades
from oracle_world import EVER, Facts, Pair, World, mean

DAY = 86400
NEVER = 10**12  # after every week
GRACE_DAYS = 7
FINISHED = ("finished", "submitted")
# Module: its table, the column with the activity's own deadline, the table of overrides.
OWN = {"assign": "duedate", "quiz": "timeclose", "forum": "duedate"}


@dataclass(frozen=True)
class Item:
    """One activity of one learner; times are epochs. `known` is when a grade told of it."""

    learner: int
    course: int
    activity: int
    module: str
    instance: int
    due: int | None
    source: str | None
    submitted: int | None
    known: int | None
    added: int
    has_source: bool

    @property
    def handed_in(self) -> int | None:
        times = [time for time in (self.submitted, self.known) if time is not None]
        return min(times, default=None)

    @property
    def told_in(self) -> int | None:
        """When it was handed in, as far as a time is told."""
        return self.submitted if self.handed_in == EVER else self.handed_in

    def exists(self, before: int) -> bool:
        handed = self.handed_in
        return self.added < before or (handed is not None and handed < before)

    def is_due(self, as_of: int) -> bool:
        return self.due is not None and self.due <= as_of

    def is_in(self, before: int) -> bool:
        return self.handed_in is not None and self.handed_in < before

    def state(self, before: int, as_of: int) -> str:
        """The state at `as_of`, with everything known that happened before `before`."""
        if self.submitted is not None and self.submitted < before:
            if self.due is None:
                return "no_deadline"
            return "on_time" if self.submitted <= self.due else "late"
        if not self.has_source:
            return "unknown"
        if self.due is None:
            return "no_deadline"
        if self.is_in(before):  # marked without a submission: handed in, nobody knows when
            return "unknown"
        return "missing" if self.is_due(as_of) else "open"


class Submissions:
    def __init__(self, world: World, grades: Grades) -> None:
        self.world, self.grades = world, grades
        self.module = {row["id"]: row["name"] for row in world.of("modules")}
        self.submits: dict[Pair, int] = {}
        for user, activity, epoch in world.submits:
            earlier = self.submits.get((user, activity), epoch)
            self.submits[user, activity] = min(epoch, earlier)
        activities = world.by_id("course_modules")
        logged = {activity for _, activity in self.submits if activity in activities}
        self.submitting = {self.module[activities[one]["module"]] for one in logged}
        self.items: dict[Pair, list[Item]] = {
            pair: [
                self._item(*pair, activity)
                for activity in world.of("course_modules")
                if activity["course"] == pair[1] and self._is_item(activity, pair[0])
            ]
            for pair in world.weeks
        }
        self.of_activity: dict[int, list[Item]] = defaultdict(list)
        for items in self.items.values():
            for item in items:
                self.of_activity[item.activity].append(item)

    @cached_property
    def instances(self) -> dict[str, dict[int, dict[str, Any]]]:
        return {name: self.world.by_id(name) for name in OWN}

    @cached_property
    def visible(self) -> set[int]:
        return {row["id"] for row in self.world.of("course_modules") if self.is_visible(row)}

    @cached_property
    def hidden_sections(self) -> set[int]:
        return {row["id"] for row in self.world.of("course_sections") if not row["visible"]}

    def _is_item(self, activity: dict[str, Any], learner: int) -> bool:
        if activity.get("deletioninprogress"):
            return False
        name = self.module[activity["module"]]
        if name in ("assign", "forum"):
            return self._is_asked(activity)
        return self._is_asked(activity) or (learner, activity["id"]) in self.submits

    def _is_asked(self, activity: dict[str, Any]) -> bool:
        name = self.module[activity["module"]]
        about = self.instances.get(name, {}).get(activity["instance"], {})
        expected = bool(activity.get("completionexpected"))
        if name == "assign":
            return bool(about) and not about.get("nosubmissions")
        if name == "forum":
            return expected or bool(about.get("duedate"))
        return name == "quiz" or expected

    def is_visible(self, activity: dict[str, Any]) -> bool:
        return bool(activity["visible"]) and activity.get("section") not in self.hidden_sections

    def _item(self, learner: int, course: int, activity: dict[str, Any]) -> Item:
        name, instance = self.module[activity["module"]], activity["instance"]
        due, source = self._deadline(learner, course, activity, name)
        submitted, has_source = self._submitted(learner, course, activity, name)
        return Item(
            learner, course, activity["id"], name, instance, due, source, submitted,
            self.grades.first_counted(learner, course, name, instance),
            (activity.get("added") or EVER) if self._is_asked(activity) else NEVER, has_source,
        )  # fmt: skip

    def _deadline(
        self, learner: int, course: int, activity: dict[str, Any], name: str
    ) -> tuple[int | None, str | None]:
        if not self.is_visible(activity):
            return None, None
        about = self.instances.get(name, {}).get(activity["instance"], {})
        overrides = self._overrides(name, activity["instance"])
        own = [due for row, due in overrides if row.get("userid") == learner]
        if own:
            return (own[0], "user_override") if own[0] else (None, None)
        groups = self.world.groups.get((learner, course), set())
        of_group = [(row, due) for row, due in overrides if row.get("groupid") in groups]
        if of_group:
            due = _group_due(name, of_group)
            return (due, "group_override") if due else (None, None)
        flags = self.world.of("assign_user_flags") if name == "assign" else []
        for row in flags:
            mine = (row["userid"], row["assignment"]) == (learner, activity["instance"])
            if mine and row["extensionduedate"]:
                return row["extensionduedate"], "extension"
        if about.get(OWN.get(name, "")):
            return about[OWN[name]], "activity"
        expected = activity.get("completionexpected")
        return (expected, "completion_expected") if expected else (None, None)

    def _overrides(self, name: str, instance: int) -> list[tuple[dict[str, Any], int]]:
        """The overrides that say something of the deadline, with what they say."""
        if name not in ("assign", "quiz"):
            return []
        rows = self.world.of(f"{name}_overrides")
        key = "assignid" if name == "assign" else "quiz"
        mine = [row for row in rows if row[key] == instance]
        return [(row, row[OWN[name]]) for row in mine if row.get(OWN[name]) is not None]

    def times(self, learner: int, course: int, name: str, instance: int) -> list[int] | None:
        """When something was handed in, by Moodle's tables; None where no table tells."""
        if name == "assign" and "assign_submission" in self.world.tables:
            is_team = self.instances["assign"].get(instance, {}).get("teamsubmission")
            own = self.world.groups.get((learner, course), set()) or {0}
            groups = own if is_team else set()
            return [
                row["timemodified"]
                for row in self.world.of("assign_submission")
                if row["assignment"] == instance and row["status"] == "submitted"
                and (row["userid"] == learner
                     or (row["userid"] == 0 and row.get("groupid", 0) in groups))
            ]  # fmt: skip
        if name == "quiz" and "quiz_attempts" in self.world.tables:
            return [
                row["timefinish"]
                for row in self.world.of("quiz_attempts")
                if (row["quiz"], row["userid"]) == (instance, learner)
                and row["state"] in FINISHED and not row.get("preview")
            ]  # fmt: skip
        if name == "forum":
            return [
                row["created"]
                for row in self.world.of("forum_posts")
                if row["userid"] == learner and not row.get("deleted")
                and self.forums.get(row["discussion"]) == instance
            ]  # fmt: skip
        return None

    @cached_property
    def forums(self) -> dict[int, int]:
        return {row["id"]: row["forum"] for row in self.world.of("forum_discussions")}

    def _submitted(
        self, learner: int, course: int, activity: dict[str, Any], name: str
    ) -> tuple[int | None, bool]:
        """When the learner handed in first, and whether anything would show it."""
        times = self.times(learner, course, name, activity["instance"])
        if times is not None:
            return min(times, default=None), True
        return self.submits.get((learner, activity["id"])), name in self.submitting

    # The class

    def class_of(self, activity: int, course: int, week: date) -> list[Item]:
        """The items of the active enrolments to whom the activity is due by the week's end."""
        active = set(self.world.active.get((course, week), []))
        before, as_of = self.world.end(week), self.world.as_of(week)
        return [
            item
            for item in self.of_activity[activity]
            if item.learner in active and item.exists(before) and item.is_due(as_of)
        ]

    @cached_property
    def _class_facts(self) -> dict[tuple[int, date], tuple[bool, bool]]:
        return {}

    def class_misses(self, item: Item, week: date) -> tuple[bool, bool]:
        """Whether half of the class or more misses an activity, and whether anybody has it in."""
        key = (item.activity, week)
        if key not in self._class_facts:
            before, as_of = self.world.end(week), self.world.as_of(week)
            peers = self.class_of(item.activity, item.course, week)
            missing = sum(peer.state(before, as_of) == "missing" for peer in peers)
            most = not peers or 2 * missing >= len(peers)
            self._class_facts[key] = (most, self.is_met(item.activity, before))
        return self._class_facts[key]

    def is_team(self, item: Item) -> bool:
        about = self.instances.get(item.module, {}).get(item.instance, {})
        return bool(about.get("teamsubmission"))

    def attempt_count(self, item: Item) -> int | None:
        times = self.times(item.learner, item.course, item.module, item.instance)
        return None if times is None else len(times)

    def is_met_by_nobody(self, item: Item, week: date) -> bool:
        """Whether a deadline is past and nobody at all has handed in: a bookkeeping date."""
        is_met = self.is_met(item.activity, self.world.end(week))
        return item.is_due(self.world.as_of(week)) and not is_met

    def is_met(self, activity: int, before: int) -> bool:
        """Whether anybody, of the class or not any more, had handed in an activity."""
        return any(item.is_in(before) for item in self.of_activity[activity])

    def missed(self, pair: Pair, week: date) -> set[int]:
        """The activities that count as missed at a week's end: once missed, until handed in."""
        before, as_of = self.world.end(week), self.world.as_of(week)
        found = set()
        for item in self.items[pair]:
            if not item.exists(before) or item.state(before, as_of) != "missing":
                continue
            if any(self._missed_now(item, one) for one in self.world.weeks[pair] if one <= week):
                found.add(item.activity)
        return found

    def _missed_now(self, item: Item, week: date) -> bool:
        before, as_of = self.world.end(week), self.world.as_of(week)
        due = item.due
        if due is None or not item.exists(before) or item.state(before, as_of) != "missing":
            return False
        if not self._is_own_date(item):
            return False
        most, somebody = self.class_misses(item, week)
        return somebody and (as_of >= due + GRACE_DAYS * DAY or not most)

    def _is_own_date(self, item: Item) -> bool:
        """Whether an item was due while the learner was enrolled."""
        pair = item.learner, item.course
        day = self.world.day(item.due or 0)
        return self.world.starts[pair] <= day <= (self.world.ends[pair] or day)

    # The week

    def week(self, learner: int, course: int, week: date) -> Facts:
        pair = learner, course
        before, as_of = self.world.end(week), self.world.as_of(week)
        items = [item for item in self.items[pair] if item.exists(before)]
        states = {item.activity: item.state(before, as_of) for item in items}
        due = [item for item in items if item.is_due(as_of)]
        missed = self.missed(pair, week)
        told = [item for item in due if item.has_source and self._is_own_date(item)]
        latest = max(told, key=lambda item: (item.due or 0, item.activity), default=None)
        judged = [
            states[item.activity]
            for item in told
            if states[item.activity] in ("on_time", "late", "missing")
        ]
        early = [
            Fraction(item.due - item.submitted, 3600)
            for item in items
            if item.due is not None and item.submitted is not None and item.submitted < before
        ]
        ranks = [rank for item in items if (rank := self._rank(item, before)) is not None]
        names = ("on_time", "late", "missing", "open", "no_deadline", "unknown")
        return {
            "due_item_count": len(due),
            **{f"{name}_count": list(states.values()).count(name) for name in names},
            "missed_count": len(missed),
            "judged_item_count": len(judged),
            "is_latest_due_missed": latest is not None and latest.activity in missed,
            "on_time_share": Fraction(judged.count("on_time"), len(judged)) if judged else None,
            "mean_hours_early": mean(early),
            "submission_rank_share": mean(ranks),
        }

    def _rank(self, item: Item, before: int) -> Fraction | None:
        """The share of the class that had submitted before the learner did."""
        if item.due is None or item.submitted is None or item.submitted >= before:
            return None
        others = len(self.world.active.get((item.course, self.world.week(item.submitted)), [])) - 1
        earlier = sum(
            other.submitted is not None and other.submitted < item.submitted
            for other in self.of_activity[item.activity]
        )
        return Fraction(earlier, others) if others > 0 else None


def _group_due(name: str, overrides: list[tuple[dict[str, Any], int]]) -> int:
    """An assignment's group override by its order; a quiz's is the one that leaves most time."""
    if name == "assign":
        return min(overrides, key=lambda one: (one[0]["sortorder"], one[0]["id"]))[1]
    dues = [due for _, due in overrides]
    return 0 if 0 in dues else max(dues)
