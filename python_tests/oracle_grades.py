"""Grades as they were known at the end of a week, replayed row by row from their history."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from oracle_world import EVER, Facts, World, mean, number

ITEM = (
    "courseid", "categoryid", "itemname", "itemtype", "itemmodule", "iteminstance", "gradetype",
    "grademax", "grademin", "gradepass", "hidden", "calculation",
)  # fmt: skip
NUMBERS = {"grademax", "grademin", "gradepass"}
DELETED = 3


@dataclass(frozen=True)
class Version:
    """What holds from an instant on; `values` is None once it is deleted."""

    since: int
    values: Facts | None


def version_at(versions: list[Version], before: int) -> Version | None:
    """The last version that began before an instant."""
    known = [one for one in versions if one.since < before]
    return known[-1] if known else None


class Grades:
    def __init__(self, world: World) -> None:
        self.world = world
        self.items = {item: self._item_versions(item) for item in self._item_ids()}
        self.categories = self._category_versions()
        self.versions = self._grade_versions()
        self.of_course: dict[int, list[int]] = defaultdict(list)
        for item, versions in self.items.items():
            course = next(one.values["courseid"] for one in versions if one.values)
            self.of_course[course].append(item)

    def _item_ids(self) -> list[int]:
        history = {row["oldid"] for row in self.world.of("grade_items_history")}
        return sorted(history | {row["id"] for row in self.world.of("grade_items")})

    def _item_versions(self, item: int) -> list[Version]:
        told = _history(self.world, "grade_items_history", item)
        versions = [Version(row["timemodified"], _item(row)) for row in told]
        if told:  # what held before the first row is what that row says, be it the deletion's
            versions.insert(0, Version(EVER, _item(told[0] | {"action": 0})))
        now = self.world.by_id("grade_items").get(item)
        if now and not told:
            versions = [Version(EVER, _item(now))]
        elif now and (now["timemodified"] or 0) > told[-1]["timemodified"]:
            versions.append(Version(now["timemodified"], _item(now)))
        return versions

    def _category_versions(self) -> dict[int, list[Version]]:
        found = {}
        for row in self.world.of("grade_categories"):
            told = _history(self.world, "grade_categories_history", row["id"])
            versions = [Version(one["timemodified"], one) for one in told]
            if versions:
                versions[0] = Version(EVER, versions[0].values)
            if not told:
                versions = [Version(EVER, row)]
            elif row.get("timemodified", 0) > told[-1]["timemodified"]:
                versions.append(Version(row["timemodified"], row))
            found[row["id"]] = versions
        return found

    def _grade_versions(self) -> dict[tuple[int, int], list[Version]]:
        """The versions by user and item, from the history and then from grade_grades."""
        found: dict[tuple[int, int], list[Version]] = defaultdict(list)
        history = self.world.of("grade_grades_history")
        for row in sorted(history, key=lambda one: (one["timemodified"], one["id"])):
            values = None if row["action"] == DELETED else _grade(row)
            found[row["userid"], row["itemid"]].append(Version(row["timemodified"], values))
        for row in self.world.of("grade_grades"):
            versions, now = found[row["userid"], row["itemid"]], _grade(row)
            changed = row.get("timemodified") or 0
            if versions:
                last = versions[-1]
                same = last.values and all(
                    last.values[name] == now[name] for name in ("finalgrade", "excluded")
                )
                if not same and changed > last.since:
                    versions.append(Version(changed, now))
            elif changed or now["finalgrade"] is not None:
                versions.append(Version(changed or row.get("timecreated") or EVER, now))
        return found

    def item_at(self, item: int, before: int) -> Facts | None:
        version = version_at(self.items[item], before)
        return version.values if version else None

    def grade_at(self, learner: int, item: int, before: int) -> Facts | None:
        version = version_at(self.versions.get((learner, item), []), before)
        return version.values if version else None

    def counted(self, learner: int, course: int, before: int) -> dict[int, tuple[Facts, Facts]]:
        """The item and the grade of each counted grade, by item."""
        found = {}
        for item in self.of_course[course]:
            about, grade = self.item_at(item, before), self.grade_at(learner, item, before)
            if (
                about and grade
                and about["itemtype"] in ("mod", "manual") and about["gradetype"] in (1, 2)
                and grade["finalgrade"] is not None and not grade["excluded"]
            ):  # fmt: skip
                found[item] = (about, grade)
        return found

    def is_hidden(self, item: Facts, grade: Facts, until: int) -> bool:
        """Whether a learner may not see a grade: hidden itself, by its item or its category."""
        versions = self.categories.get(item["categoryid"], [])
        category = version_at(versions, until)
        about = category.values if category and category.values else {}
        return any(_hides(one.get("hidden"), until) for one in (item, grade, about))

    def changes(self, learner: int, item: int) -> list[tuple[int, Fraction | None]]:
        """The instants at which the final grade took another value; it begins as None."""
        found: list[tuple[int, Fraction | None]] = []
        value = None
        for version in self.versions.get((learner, item), []):
            new = version.values["finalgrade"] if version.values else None
            if new != value:
                found.append((version.since, new))
            value = new
        return found

    def first_counted(self, learner: int, course: int, module: str, instance: int) -> int | None:
        """When an activity first got a counted grade of the learner that outlived its week.

        None where it never did.
        """
        times = []
        for item in self.of_course[course]:
            if not any(
                one.values and one.values["itemtype"] == "mod"
                and (one.values["itemmodule"], one.values["iteminstance"]) == (module, instance)
                for one in self.items[item]
            ):  # fmt: skip
                continue
            for since, _ in self.changes(learner, item) + self._toggles(learner, item):
                end = since + 1 if since == EVER else self.world.end(self.world.week(since))
                if all(item in self.counted(learner, course, one) for one in (since + 1, end)):
                    times.append(since)
        return min(times, default=None)

    def _toggles(self, learner: int, item: int) -> list[tuple[int, None]]:
        return [(one.since, None) for one in self.versions.get((learner, item), [])]

    def week(self, learner: int, course: int, week: date) -> Facts:
        """The grades of a learner-course as of the end of a week."""
        before = self.world.end(week)
        counted = self.counted(learner, course, before)
        shares = {
            item: _share(grade["finalgrade"], about["grademin"], about["grademax"])
            for item, (about, grade) in counted.items()
        }
        known = [share for share in shares.values() if share is not None]
        # The last grade that is a share: one of an item without a range says nothing.
        last = max(
            (item for item, share in shares.items() if share is not None),
            key=lambda item: (
                max(since for since, _ in self.changes(learner, item) if since < before), item
            ),
            default=None,
        )  # fmt: skip
        return {
            "graded_item_count": len(counted),
            "hidden_graded_item_count": sum(
                self.is_hidden(about, grade, before) for about, grade in counted.values()
            ),
            "passed_item_count": sum(passed(*both) for both in counted.values()),
            "grade_mean_share": mean(known),
            "grade_last_share": shares[last] if last is not None else None,
            **self.total(learner, course, before),
        }

    def total(self, learner: int, course: int, before: int) -> Facts:
        found: Facts = {"course_total_grade": None, "course_total_share": None}
        for item in self.of_course[course]:
            about, grade = self.item_at(item, before), self.grade_at(learner, item, before)
            if about and about["itemtype"] == "course" and grade:
                low, high = grade["rawgrademin"], grade["rawgrademax"]
                if about["calculation"] or low is None or high is None:
                    low, high = about["grademin"], about["grademax"]
                found["course_total_grade"] = grade["finalgrade"]
                found["course_total_share"] = _share(grade["finalgrade"], low, high)
        return found

    def pass_limit(self, course: int, before: int) -> Fraction | None:
        """The pass grade of the course total as a share; None where none is set."""
        for item in self.of_course[course]:
            about = self.item_at(item, before)
            if about and about["itemtype"] == "course" and (about["gradepass"] or 0) > 0:
                return _share(about["gradepass"], about["grademin"], about["grademax"])
        return None


def passed(item: Facts, grade: Facts) -> bool:
    limit = item["gradepass"] or 0
    return bool(limit > 0 and grade["finalgrade"] >= limit)


def _history(world: World, table: str, number_: int) -> list[dict[str, Any]]:
    rows = [row for row in world.of(table) if row["oldid"] == number_]
    return sorted(rows, key=lambda row: (row["timemodified"], row["id"]))


def _item(row: dict[str, Any]) -> Facts | None:
    if row.get("action") == DELETED:
        return None
    return {name: number(row.get(name)) if name in NUMBERS else row.get(name) for name in ITEM}


def _grade(row: dict[str, Any]) -> Facts:
    numbers = ("finalgrade", "rawgrademin", "rawgrademax")
    return {
        **{name: number(row.get(name)) for name in numbers},
        **{name: row.get(name) or 0 for name in ("excluded", "hidden", "overridden")},
    }


def _hides(hidden: int | None, until: int) -> bool:
    """1 hides for good, a greater number until that instant."""
    return hidden == 1 or (hidden or 0) > max(until, 1)


def _share(value: Fraction | None, low: Fraction, high: Fraction) -> Fraction | None:
    return None if value is None or high == low else (value - low) / (high - low)
