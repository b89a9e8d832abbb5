"""The rows of fct_weekly_performance, fct_grades, fct_submissions and fct_forum_replies.

Written from the definitions alone, so that the models can be held against it.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from oracle_community import Attempts, Community, Completions
from oracle_grades import Grades, passed
from oracle_submissions import Submissions
from oracle_world import EVER, Facts, Pair, Week, World

GRID = (
    "is_partial_week", "is_observed", "is_active_enrolment", "is_course_deleted", "course_week",
    "learner_week",
)  # fmt: skip


class Performance:
    """Everything that is known of grades, deadlines, completions and posts, reckoned once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.grades = Grades(world)
        self.submissions = Submissions(world, self.grades)
        self.community, self.completions = Community(world), Completions(world)
        self.attempts = Attempts(world)

    def week_rows(self) -> dict[Week, Facts]:
        """Give every row of the grid, by learner, course and week."""
        parts = (
            self.grades, self.submissions, self.completions, self.attempts, self.community,
        )  # fmt: skip
        rows: dict[Week, Facts] = {}
        for key in sorted(self.world.grid):
            row = {name: self.world.grid[key][name] for name in GRID}
            for part in parts:
                row.update(part.week(*key))
            rows[key] = row
        for (learner, course, week), row in rows.items():
            row["course_pass_share"] = self.pass_limit((learner, course), week)
            before = rows.get((learner, course, week - timedelta(21)), {})
            row["grade_trend"] = _difference(row["grade_mean_share"], before)
        return rows

    def grade_rows(self) -> dict[tuple[int, int], Facts]:
        """Give the grades that stand at the end, item and learner; the totals of courses too."""
        until = self.world.end(self.world.last_week)
        rows: dict[tuple[int, int], Facts] = {}
        for learner, course in self.world.weeks:
            counted = self.grades.counted(learner, course, until)
            for item in self.grades.of_course[course]:
                about = self.grades.item_at(item, until)
                grade = self.grades.grade_at(learner, item, until)
                if about and grade and grade["finalgrade"] is not None:
                    values = [
                        (since, value)
                        for since, value in self.grades.changes(learner, item)
                        if value is not None and since < until
                    ]
                    rows[learner, item] = {
                        "course_id": course,
                        "item_type": about["itemtype"],
                        "is_scale": about["gradetype"] == 2,
                        "is_counted": item in counted,
                        "is_excluded": bool(grade["excluded"]),
                        "is_hidden": self.grades.is_hidden(about, grade, self.world.last),
                        "is_overridden": bool(grade["overridden"]),
                        "grade_pass": about["gradepass"] or None,
                        "final_grade": grade["finalgrade"],
                        "is_passed": passed(about, grade) if about["gradepass"] else None,
                        "first_grade": values[0][1],
                        "best_grade": max(value for _, value in values),
                        "grade_change_count": len(values),
                        "first_graded_at": None if values[0][0] == EVER else values[0][0],
                        "graded_at": None if values[-1][0] == EVER else values[-1][0],
                        **self._shares(about, values),
                    }
        return rows

    def _shares(self, item: Facts, values: list[tuple[int, Fraction]]) -> Facts:
        """The shares of today's range; those of totals are told by week."""
        low, high = item["grademin"], item["grademax"]
        if item["itemtype"] == "course":
            return {}
        if high == low:
            return dict.fromkeys(("grade_share", "first_share", "best_share"))
        return {
            "grade_share": (values[-1][1] - low) / (high - low),
            "first_share": (values[0][1] - low) / (high - low),
            "best_share": (max(value for _, value in values) - low) / (high - low),
        }

    def submission_rows(self) -> dict[tuple[int, int], Facts]:
        """Give the items with a deadline or handed in, by learner and activity, at the end."""
        last_week, as_of = self.world.last_week, self.world.last
        until = self.world.end(last_week)
        rows: dict[tuple[int, int], Facts] = {}
        for pair, items in self.submissions.items.items():
            until_end = self.world.weeks[pair][-1] == last_week
            missed = self.submissions.missed(pair, last_week) if until_end else set()
            for item in items:
                if item.exists(until) and (item.due is not None or item.is_in(until)):
                    state = item.state(until, as_of)
                    rows[item.learner, item.activity] = {
                        "course_id": item.course,
                        "module_name": item.module,
                        "deadline_source": item.source,
                        "submission_state": state,
                        "is_handed_in": item.is_in(until),
                        "is_bookkeeping_date": self.submissions.is_met_by_nobody(item, last_week),
                        "is_team_submission": self.submissions.is_team(item),
                        "attempt_count": self.submissions.attempt_count(item),
                        "is_visible": item.activity in self.submissions.visible,
                        **({"is_missed": item.activity in missed} if until_end else {}),
                        "hours_before_due": _hours(item.due, item.submitted),
                        "due_at": item.due,
                        "submitted_at": item.submitted,
                        "handed_in_at": item.told_in,
                    }
        return rows

    def pass_limit(self, pair: Pair, week: date) -> Fraction | None:
        return self.grades.pass_limit(pair[1], self.world.end(week))


def _difference(now: Fraction | None, before: Facts) -> Fraction | None:
    then = before.get("grade_mean_share")
    return None if now is None or then is None else now - then


def _hours(due: int | None, submitted: int | None) -> Fraction | None:
    return None if due is None or submitted is None else Fraction(due - submitted, 3600)
