"""Forums: discussions, posts that answer each other, and the rows each post writes."""

from __future__ import annotations

import numpy as np

from moodle_analytics.generate import layout
from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.enrolments import Enrolments
from moodle_analytics.generate.log import Log
from moodle_analytics.generate.options import DAY, Flags, Ints, Options
from moodle_analytics.generate.other import CODES
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import GUEST

DISCUSSIONS = 23
POSTS = 131
DELETED_POSTS = 8
DELETED_AFTER = 3 * DAY
PRESENT_STAFF = (246, 3, 4, 2)
SENTENCES = (
    "I think the answer is in the reading of last week.",
    "Same problem here, did anybody solve it?",
    "Thank you, that helped me a lot.",
    "Is the deadline on Sunday or on Monday?",
    "You can group by the week first and join the names after that.",
    "Could someone explain the second example, please? I do not see where the 12 comes from.",
)


def write_forums(
    options: Options, people: People, courses: Courses, enrolments: Enrolments, log: Log
) -> tuple[Ints, Ints]:
    """Write forums, discussions and posts; return who posted and when, deleted posts too."""
    rng = options.stage("forums")
    activities = courses.activities
    forums = activities.where("forum")
    courses.tables["forum"] = _forum_table(courses, forums)
    discussions, posts = max(options.of_log(DISCUSSIONS), 3), max(options.of_log(POSTS), 8)
    lost = max(options.of_log(DELETED_POSTS), 1)
    forum, opened, author = _openings(
        options, people, courses, enrolments, forums, discussions, rng
    )
    topic = np.concatenate(
        [
            np.arange(discussions),
            rng.choice(discussions, posts - discussions + lost, p=_popularity(discussions, rng)),
        ]
    )
    time = opened[topic].copy()
    replies = np.arange(len(topic)) >= discussions
    time[replies] += rng.exponential(3 * DAY, int(replies.sum())).astype(np.int64) + 300
    time = np.minimum(time, options.end - 3_600)
    person = np.concatenate(
        [author, _repliers(people, courses, enrolments, forum[topic[replies]], time[replies], rng)]
    )
    is_lost = np.arange(len(topic)) >= posts
    order = np.lexsort((replies, time))
    topic, time, person = topic[order], time[order], person[order]
    is_lost, replies = is_lost[order], replies[order]
    number = np.arange(1, len(topic) + 1)
    first = np.empty(discussions, dtype=np.int64)
    first[topic[~replies]] = number[~replies]
    parent = _parents(topic, replies, first, is_lost, rng)
    text = rng.integers(0, len(SENTENCES), len(topic))
    kept = ~is_lost
    message = np.array([f"<p>{SENTENCES[one]}</p>" for one in text], dtype=object)
    words = np.array([len(SENTENCES[one].split()) for one in text])
    subject = np.array(
        [
            ("Re: " if reply else "") + f"Question {one + 1}"
            for one, reply in zip(topic, replies, strict=True)
        ],
        dtype=object,
    )
    courses.tables["forum_posts"] = {
        "id": number[kept],
        "discussion": topic[kept] + 1,
        "parent": parent[kept],
        "userid": people.id[person][kept],
        "created": time[kept],
        "modified": time[kept],
        "mailed": 1,
        "subject": subject[kept],
        "message": message[kept],
        "messageformat": 1,
        "wordcount": words[kept],
        "charcount": np.array([len(SENTENCES[one]) for one in text])[kept],
    }
    latest = np.zeros(discussions, dtype=np.int64)
    np.maximum.at(latest, topic[kept], time[kept])
    courses.tables["forum_discussions"] = {
        "id": np.arange(1, discussions + 1),
        "course": activities.course[forum],
        "forum": activities.instance[forum],
        "name": np.array([f"Question {one + 1}" for one in range(discussions)], dtype=object),
        "firstpost": first,
        "userid": people.id[author],
        "groupid": -1,
        "assessed": 1,
        "timemodified": latest,
        "usermodified": people.id[author],
    }
    _log_posts(people, courses, forum, topic, time, person, number, replies, is_lost, options, log)
    return people.id[person], time


def _forum_table(courses: Courses, forums: Ints) -> dict[str, object]:
    activities = courses.activities
    names = [activities.names[row] for row in forums]
    return {
        "id": activities.instance[forums],
        "course": activities.course[forums],
        "type": np.array(["news" if "news" in name else "general" for name in names], dtype=object),
        "name": np.array(names, dtype=object),
        "intro": "",
        "introformat": 1,
        "duedate": activities.due[forums],
        "assessed": activities.graded[forums],
        "scale": np.where(activities.graded[forums] == 1, 20, 0),
        "forcesubscribe": np.where(np.array(["news" in name for name in names]), 1, 2),
        "timemodified": 1_546_300_800,
        "completionposts": (activities.section[forums] > 0).astype(np.int64),
        "trackingtype": 1,
    }


def _popularity(
    discussions: int, rng: np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    weight = rng.lognormal(0, 0.8, discussions)
    return np.asarray(weight / weight.sum())


def _openings(
    options: Options,
    people: People,
    courses: Courses,
    enrolments: Enrolments,
    forums: Ints,
    count: int,
    rng: np.random.Generator,
) -> tuple[Ints, Ints, Ints]:
    """Return forum, time and author of each discussion: a fifth are a teacher's news."""
    activities = courses.activities
    busy = forums[
        np.isin(activities.course[forums], (7, 8, 10, 50, 52, layout.WELCOME, layout.COMMUNITY))
    ]
    forum = rng.choice(busy, count)
    begin = np.array(
        [
            max(courses.dates(int(course))[0], options.at(1_549_238_400))
            for course in activities.course[forum]
        ]
    )
    finish = np.array(
        [courses.dates(int(course))[1] or options.end for course in activities.course[forum]]
    )
    finish = np.minimum(finish, options.end) - DAY
    opened = (begin + rng.beta(1, 1.5, count) * np.maximum(finish - begin, DAY)).astype(np.int64)
    opened = np.minimum(opened, options.end - DAY)
    person = _repliers(people, courses, enrolments, forum, opened, rng)
    news = np.array(["news" in activities.names[row] for row in forum])
    staff = people.rows(np.array(PRESENT_STAFF))
    person[news] = staff[rng.integers(0, len(staff), int(news.sum()))]
    return forum, opened, person


def _repliers(
    people: People,
    courses: Courses,
    enrolments: Enrolments,
    forum: Ints,
    time: Ints,
    rng: np.random.Generator,
) -> Ints:
    """Return who writes in each forum at each time: keen people of the course, or a teacher."""
    person = people.rows(enrolments.user)
    course = courses.activities.course[forum]
    staff = people.rows(np.array(PRESENT_STAFF))
    found = np.empty(len(forum), dtype=np.int64)
    for place in range(len(forum)):
        here = (enrolments.course == course[place]) & (people.entry[person] > 0)
        here &= (people.entry[person] < time[place] - DAY) & (people.leaves[person] > time[place])
        here &= (enrolments.begins < time[place]) & (
            (enrolments.gone == 0) | (enrolments.gone > time[place])
        )
        able = np.unique(person[here & (people.kind[person] != GUEST) & ~people.deleted[person]])
        if not len(able) or rng.random() < 0.15:
            found[place] = staff[rng.integers(0, len(staff))]
            continue
        weight = people.logins[able] * np.exp(people.keen[able] * 0.5)
        found[place] = rng.choice(able, p=weight / weight.sum())
    return found


def _parents(
    topic: Ints, replies: Flags, first: Ints, is_lost: Flags, rng: np.random.Generator
) -> Ints:
    """Let each reply answer the first post or an earlier one of the same discussion."""
    parent = np.zeros(len(topic), dtype=np.int64)
    for place in np.flatnonzero(replies):
        earlier = np.flatnonzero((topic[:place] == topic[place]) & ~is_lost[:place])
        deep = rng.random() < 0.55 and len(earlier)
        parent[place] = int(rng.choice(earlier)) + 1 if deep else first[topic[place]]
    return parent


def _log_posts(
    people: People,
    courses: Courses,
    forum: Ints,
    topic: Ints,
    time: Ints,
    person: Ints,
    number: Ints,
    replies: Flags,
    is_lost: Flags,
    options: Options,
    log: Log,
) -> None:
    activities = courses.activities
    user = people.id[person]
    place = activities.place(forum[topic])
    instance = activities.instance[forum[topic]]
    log.add("discussion_viewed", time - 90, user, place, object_id=topic + 1)
    new = np.flatnonzero(~replies)
    answer = np.flatnonzero(replies)
    log.add(
        "post_uploaded", time, user, place, object_id=number, other=CODES["upload"], a=topic + 1
    )
    log.add(
        "discussion_created",
        time[new],
        user[new],
        place.take(new),
        object_id=topic[new] + 1,
        other=CODES["discussion"],
        a=instance[new],
    )
    log.add(
        "discussion_followed",
        time[new],
        user[new],
        place.take(new),
        related=user[new],
        object_id=topic[new] + 1,
        other=CODES["following"],
        a=instance[new],
        b=topic[new] + 1,
    )
    log.add(
        "post_created",
        time[answer],
        user[answer],
        place.take(answer),
        object_id=number[answer],
        other=CODES["post"],
        a=topic[answer] + 1,
        b=instance[answer],
    )
    gone = np.flatnonzero(is_lost)
    deleted = np.minimum(time[gone] + DELETED_AFTER, options.end)
    log.add(
        "post_deleted",
        deleted,
        246,
        place.take(gone),
        object_id=number[gone],
        other=CODES["post"],
        a=topic[gone] + 1,
        b=instance[gone],
    )
    edited = answer[:: max(len(answer) // 12, 1)]
    edited = edited[~is_lost[edited]]
    log.add(
        "post_updated",
        time[edited] + 200,
        user[edited],
        place.take(edited),
        object_id=number[edited],
        other=CODES["post"],
        a=topic[edited] + 1,
        b=instance[edited],
    )
