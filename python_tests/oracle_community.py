"""Posts, completions and quiz attempts of a learner's week."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any

from oracle_submissions import FINISHED
from oracle_world import Facts, Pair, World, mean, number

MIN_POSTS = 200
COMPLETE = (1, 2)


class Community:
    def __init__(self, world: World) -> None:
        self.world = world
        discussions = world.by_id("forum_discussions")
        self.posts: dict[int, list[dict[str, Any]]] = defaultdict(list)
        author = {row["id"]: row["userid"] for row in world.of("forum_posts")}
        for row in world.of("forum_posts"):
            about = discussions.get(row["discussion"])
            if about and not row.get("deleted"):
                parent = row.get("parent") or None
                post = {**row, "to": author.get(parent), "forum": about["forum"]}
                self.posts[about["course"]].append(post)

    def replies(self, course: int) -> list[dict[str, Any]]:
        """The posts that answer another's post."""
        return [post for post in self.posts[course] if post["to"] and post["to"] != post["userid"]]

    def week(self, learner: int, course: int, week: date) -> Facts:
        before = self.world.end(week)
        posts = [post for post in self.posts[course] if post["created"] < before]
        own = [post for post in posts if post["userid"] == learner]
        now = [post for post in own if self.world.week(post["created"]) == week]
        replies = [post for post in self.replies(course) if post["created"] < before]
        to_me = [post for post in replies if post["to"] == learner]
        mine = [post for post in replies if post["userid"] == learner]
        words = [post["wordcount"] for post in now if post.get("wordcount") is not None]
        partners = {post["userid"] for post in to_me} | {post["to"] for post in mine}
        others = len(self.world.active.get((course, week), [])) - 1
        is_enough = len(posts) >= MIN_POSTS and others > 0
        return {
            "forum_post_count": len(now),
            "discussion_count": sum(not post.get("parent") for post in now),
            "reply_received_count": len(
                [post for post in to_me if self.world.week(post["created"]) == week]
            ),
            "replied_people_count": len(
                {post["to"] for post in mine if self.world.week(post["created"]) == week}
            ),
            "word_count": sum(words) if words else None if now else 0,
            "cumulative_forum_post_count": len(own),
            "cumulative_discussion_count": sum(not post.get("parent") for post in own),
            "cumulative_reply_received_count": len(to_me),
            "cumulative_replied_people_count": len({post["to"] for post in mine}),
            "is_isolated": not to_me and not mine,
            "reply_centrality": Fraction(len(partners), others) if is_enough else None,
        }

    def reply_rows(self) -> dict[int, Facts]:
        """The rows of fct_forum_replies by the replying post; self replies are marked."""
        rows = {}
        for course, posts in self.posts.items():
            created = {row["id"]: row["created"] for row in self.world.of("forum_posts")}
            learners = set(self.world.learners.get(course, []))
            for post in posts:
                if post["to"]:
                    seconds = post["created"] - created[post["parent"]]
                    rows[post["id"]] = {
                        "course_id": course,
                        "forum_id": post["forum"],
                        "discussion_id": post["discussion"],
                        "replier_id": post["userid"],
                        "replied_to_id": post["to"],
                        "is_self_reply": post["to"] == post["userid"],
                        "is_replier_learner": post["userid"] in learners,
                        "is_replied_to_learner": post["to"] in learners,
                        "week_start": self.world.week(post["created"]),
                        "hours_to_reply": Fraction(seconds, 3600),
                    }
        return rows


class Completions:
    def __init__(self, world: World) -> None:
        self.world = world
        self.tracked: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in world.of("course_modules"):
            if row.get("completion") and not row.get("deletioninprogress"):
                self.tracked[row["course"]].append(row)
        self.course_of = {
            row["id"]: course for course, rows in self.tracked.items() for row in rows
        }
        self.complete: dict[Pair, list[int]] = defaultdict(list)
        for row in world.of("course_modules_completion"):
            course = self.course_of.get(row["coursemoduleid"])
            if course and row["completionstate"] in COMPLETE and row["timemodified"]:
                self.complete[row["userid"], course].append(row["timemodified"])
        self.finished = {
            (row["userid"], row["course"]): row["timecompleted"]
            for row in world.of("course_completions")
            if row.get("timecompleted")
        }

    def week(self, learner: int, course: int, week: date) -> Facts:
        before = self.world.end(week)
        times = [time for time in self.complete[learner, course] if time < before]
        tracked = sum((row.get("added") or 0) < before for row in self.tracked[course])
        finished = self.finished.get((learner, course))
        return {
            "new_completed_activity_count": sum(self.world.week(time) == week for time in times),
            "completed_activity_count": len(times),
            "tracked_activity_count": tracked,
            "completion_share": Fraction(len(times), tracked) if tracked else None,
            "is_course_completed": finished is not None and finished < before,
        }


class Attempts:
    def __init__(self, world: World) -> None:
        self.world = world
        self.quizzes = world.by_id("quiz")

    @cached_property
    def finished(self) -> dict[Pair, list[dict[str, Any]]]:
        found: dict[Pair, list[dict[str, Any]]] = defaultdict(list)
        rows = self.world.of("quiz_attempts")
        for row in sorted(rows, key=lambda one: (one["timefinish"], one.get("attempt", 0))):
            quiz = self.quizzes.get(row["quiz"])
            if quiz and row["state"] in FINISHED and not row.get("preview"):
                found[row["userid"], quiz["course"]].append(row)
        return found

    def week(self, learner: int, course: int, week: date) -> Facts:
        before = self.world.end(week)
        known = [row for row in self.finished[learner, course] if row["timefinish"] < before]
        return {
            "finished_attempt_count": sum(
                self.world.week(row["timefinish"]) == week for row in known
            ),
            "attempt_gain_share": mean(list(self._gains(known))),
        }

    def _gains(self, attempts: list[dict[str, Any]]) -> Iterable[Fraction]:
        graded = [row for row in attempts if row.get("sumgrades") is not None]
        for quiz, count in Counter(row["quiz"] for row in graded).items():
            whole = number(self.quizzes[quiz]["sumgrades"])
            points = [number(row["sumgrades"]) for row in graded if row["quiz"] == quiz]
            if count > 1 and whole:
                first, best = points[0], max(point for point in points if point is not None)
                if first is not None:
                    yield (best - first) / whole
