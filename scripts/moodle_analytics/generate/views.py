"""What is looked at inside the visits: course pages, activities, discussions, lessons."""

from __future__ import annotations

import numpy as np

from moodle_analytics.generate import layout
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.log import WEB, WS, Log, event_code
from moodle_analytics.generate.options import DAY, Ints, Options
from moodle_analytics.generate.other import CODES
from moodle_analytics.generate.people import People
from moodle_analytics.generate.visits import Visits, learner_visits


def log_lessons(
    options: Options, people: People, courses: Courses, visits: Visits, log: Log, started: int
) -> tuple[Ints, Ints, Ints]:
    """Write `started` starts of lessons and what follows; return who ended which lesson when."""
    rng = options.stage("lessons")
    activities = courses.activities
    lessons = activities.where("lesson")
    rows, _ = learner_visits(people, visits)
    rows = rows[np.isin(visits.course[rows], activities.course[lessons])]
    weight = visits.weight[rows] / visits.weight[rows].sum()
    ended: list[Ints] = []
    for event, count in (
        ("lesson_started", started),
        ("lesson_resumed", options.of_log(1_422)),
        ("lesson_answered", options.of_log(362)),
        ("lesson_page_viewed", options.of_log(2_900)),
        ("lesson_ended", options.of_log(410)),
    ):
        chosen = rng.choice(rows, count, p=weight)
        # The first lesson of the course until its second opens.
        at = np.array(
            [
                np.flatnonzero(activities.course[lessons] == c)[0]
                for c in np.unique(visits.course[rows])
            ]
        )
        lesson = lessons[at[np.searchsorted(np.unique(visits.course[rows]), visits.course[chosen])]]
        moment = visits.moments(chosen, options, rng)
        user = people.id[visits.person[chosen]]
        thing = activities.instance[lesson]
        log.add(
            event,
            moment,
            user,
            activities.place(lesson),
            object_id=thing * (7 if "page" in event else 1),
        )
        if event == "lesson_ended":
            ended = [visits.person[chosen], lesson, moment]
    return ended[0], ended[1], ended[2]


def log_views(
    options: Options,
    people: People,
    courses: Courses,
    visits: Visits,
    log: Log,
    *,
    pages: int,
    things: int,
) -> None:
    """Write `pages` views of course pages and `things` views of activities, inside the visits."""
    rng = options.stage("views")
    share = visits.weight / visits.weight.sum()
    # The phone app of some people speaks through web services.
    app = people.id % 13 == 5
    chosen = rng.choice(len(visits.person), pages, p=share)
    user = people.id[visits.person[chosen]]
    origin = np.where(app[visits.person[chosen]] & (rng.random(pages) < 0.5), WS, WEB)
    section = rng.integers(0, layout.WEEKS_OF_WORK + 1, pages)
    named = rng.random(pages) < 0.4
    log.add(
        "course_viewed",
        visits.moments(chosen, options, rng),
        user,
        courses.place(visits.course[chosen]),
        origin=origin,
        other=np.where(named, CODES["section"], 0),
        a=np.where(named, section, 0),
    )
    chosen = rng.choice(len(visits.person), things, p=share)
    moment = visits.moments(chosen, options, rng)
    # A few clicks come twice in the same second.
    before = np.arange(things)
    before[1::1_000] -= 1
    chosen, moment = chosen[before], moment[before]
    activity = _looked_at(courses, visits.course[chosen], moment, rng)[before]
    user = people.id[visits.person[chosen]]
    origin = np.where(app[visits.person[chosen]] & (rng.random(things) < 0.5), WS, WEB)
    activities = courses.activities
    place, instance = activities.place(activity), activities.instance[activity]
    discussion = _discussion_of(courses, instance, moment, rng)
    in_forum = (
        (activities.kind[activity] == "forum") & (discussion > 0) & (rng.random(things) < 0.6)
    )
    codes = {kind: event_code(f"{kind}_viewed") for kind in np.unique(activities.kind[activity])}
    event = np.array([codes[kind] for kind in activities.kind[activity]])
    event = np.where(in_forum, event_code("discussion_viewed"), event)
    object_id = np.where(in_forum, discussion, instance)
    log.add(
        event,
        moment,
        user,
        place,
        object_id=object_id,
        origin=origin,
        anonymous=activities.anonymous[activity],
    )


def _looked_at(courses: Courses, course: Ints, time: Ints, rng: np.random.Generator) -> Ints:
    """Pick an activity of the course that is open then, mostly one of the last weeks."""
    activities = courses.activities
    seen = np.flatnonzero((activities.kind != "label") & (activities.visible == 1))
    seen = seen[np.argsort(activities.course[seen], kind="stable")]
    low = np.searchsorted(activities.course[seen], course)
    high = np.searchsorted(activities.course[seen], course, side="right")
    found = seen[low]
    undecided = np.arange(len(course))
    for _ in range(10):
        pick = seen[
            low[undecided] + (rng.random(len(undecided)) * (high - low)[undecided]).astype(np.int64)
        ]
        age = (time[undecided] - activities.opens[pick]) / (10 * DAY)
        fits = (age >= 0) & (
            rng.random(len(pick)) < np.where(activities.opens[pick] > 0, np.exp(-age / 2), 0.35)
        )
        found[undecided[fits]] = pick[fits]
        undecided = undecided[~fits]
    return found


def _discussion_of(courses: Courses, forum: Ints, time: Ints, rng: np.random.Generator) -> Ints:
    """Return a discussion of each forum that exists by then, 0 if none."""
    table = courses.tables["forum_discussions"]
    posts = courses.tables["forum_posts"]
    began = posts["created"][np.searchsorted(posts["id"], table["firstpost"])]
    order = np.lexsort((began, table["forum"]))
    owner, began, number = table["forum"][order], began[order], table["id"][order]
    low, high = np.searchsorted(owner, forum), np.searchsorted(owner, forum, side="right")
    if not len(owner):
        return np.zeros(len(forum), dtype=np.int64)
    pick = np.minimum(
        low + (rng.random(len(forum)) * (high - low)).astype(np.int64), len(owner) - 1
    )
    return np.where((high > low) & (began[pick] <= time), number[pick], 0)
