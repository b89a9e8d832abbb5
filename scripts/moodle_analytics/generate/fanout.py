"""The rows that Moodle writes by itself: notifications sent to everybody, and 'viewed' for them."""

from __future__ import annotations

import numpy as np

from moodle_analytics.generate.courses import Courses
from moodle_analytics.generate.log import CLI, SITE_WIDE, WEB, Log
from moodle_analytics.generate.options import Ints, Options, ranges, shared_out
from moodle_analytics.generate.other import CODES
from moodle_analytics.generate.people import People
from moodle_analytics.generate.roster import LEARNER

# The busiest authors of the log, and how many rows each has in all.
BUSIEST = {2: 45_023, 246: 13_917, 3: 12_922, 917: 10_696, 581: 10_533}
NOBODY_ROWS = 7_257
CRON_ROWS = 89_513
MOST_OF_OTHERS = 9_000
FEWEST_VIEWED, MOST_VIEWED = 9, 13


def log_fan_out(
    options: Options,
    people: People,
    courses: Courses,
    posters: Ints,
    posted: Ints,
    log: Log,
    *,
    viewed: int,
) -> None:
    """Write `viewed` automatic views, then notifications sent until the log has its asked size.

    `posters` and `posted` are who wrote a forum post and when: each is sent to everybody.
    """
    rng = options.stage("fan-out")
    acts = _acts(options, posters, posted, rng)
    _log_viewed(options, people, courses, acts, viewed, log, rng)
    _log_sent(options, people, acts, log, rng)


def _acts(
    options: Options, posters: Ints, posted: Ints, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return sender and time of what is sent to all: posts, and messages of the staff."""
    senders = np.array(list(BUSIEST))
    bulk = max(options.weeks * 4, 20)
    sender = np.concatenate([posters, np.resize(senders, bulk)])
    first = options.end - options.weeks * 604_800 + 3 * 86_400
    time = np.concatenate([posted, rng.integers(first, options.end - 7_200, bulk)])
    order = np.argsort(time, kind="stable")
    return sender[order], time[order]


def _log_viewed(
    options: Options,
    people: People,
    courses: Courses,
    acts: tuple[Ints, Ints],
    viewed: int,
    log: Log,
    rng: np.random.Generator,
) -> None:
    """Mark notifications as viewed for their receivers, whether or not they ever come."""
    sender, time = acts
    row = np.flatnonzero((people.kind == LEARNER) & ~people.deleted)
    silent = ~people.came[row]
    quota = np.zeros(len(row), dtype=np.int64)
    quota[silent] = rng.integers(FEWEST_VIEWED, MOST_VIEWED, int(silent.sum()))
    quota[silent & (rng.random(len(row)) < 0.08)] += 12
    rest = max(viewed - int(quota.sum()), 0)
    weight = np.where(silent, 0.0, 3 + np.sqrt(people.logins[row])) * (
        options.end - people.created[row]
    )
    quota += shared_out(rest, weight)
    who = np.repeat(row, quota)
    low = np.minimum(np.searchsorted(time, people.created[who] + 3_600), len(time) - 1)
    act = low + (rng.random(len(who)) * (len(time) - low)).astype(np.int64)
    moment = np.maximum(time[act], people.created[who] + 60) + rng.integers(1, 240, len(who))
    user = people.id[who]
    log.add(
        "notification_viewed",
        np.minimum(moment, options.end),
        user,
        courses.user_place(people, user),
        related=sender[act],
        object_id=rng.integers(1, 400_000, len(who)),
        address=sender[act],
    )


def _log_sent(
    options: Options, people: People, acts: tuple[Ints, Ints], log: Log, rng: np.random.Generator
) -> None:
    """Send until the log is full: the busiest up to their counts, the rest by authors of posts."""
    sender, time = acts
    total = options.events - len(log)
    users = log.column("user")
    wanted = {
        user: max(options.of_log(rows) - int((users == user).sum()), 0)
        for user, rows in BUSIEST.items()
    }
    from_nobody = max(options.of_log(NOBODY_ROWS) - int((users == 0).sum()), 0)
    named = from_nobody + sum(wanted.values())
    if named > total - 1:
        share = shared_out(max(total - 1, 0), np.array([from_nobody, *wanted.values()]))
        from_nobody, wanted = int(share[0]), dict(zip(wanted, share[1:].tolist(), strict=True))
    rest = total - 1 - from_nobody - sum(wanted.values())
    authors, times_posted = np.unique(sender[~np.isin(sender, list(BUSIEST))], return_counts=True)
    if not len(authors):
        authors, times_posted = np.array([3]), np.array([1])
    shares = _capped(rest, times_posted, options.of_log(MOST_OF_OTHERS))
    by = np.concatenate([[0], list(wanted), authors]).astype(np.int64)
    rows = np.concatenate([[from_nobody], list(wanted.values()), shares]).astype(np.int64)
    who, moment, receiver = _spread(options, people, by, rows, sender, time, rng)
    cron = max(options.of_log(CRON_ROWS) - int((log.column("origin") == CLI).sum()), 0)
    origin = np.full(len(who), WEB)
    # What is sent through cron goes in the order of time, batch after batch.
    every = rng.permutation(len(who))[: min(cron, len(who))]
    origin[every] = CLI
    number = np.arange(1, len(who) + 1)
    message = rng.random(len(who)) < 0.1
    common = {"related": receiver, "origin": origin}
    for event, mask in (("notification_sent", ~message), ("message_sent", message)):
        log.add(
            event,
            moment[mask],
            who[mask],
            SITE_WIDE,
            object_id=number[mask],
            other=CODES["course"],
            a=1 + 45 * (number[mask] % 2),
            **{name: values[mask] for name, values in common.items()},
        )
    log.add(
        "notification_sent",
        [options.end],
        -10,
        SITE_WIDE,
        related=2,
        object_id=len(who) + 1,
        other=CODES["course"],
        a=1,
        address=2,
    )


def _capped(total: int, weights: Ints, most: int) -> Ints:
    """Share out a total by weight, nobody above `most` (unless all are)."""
    parts = shared_out(total, weights)
    for _ in range(20):
        over = parts > most
        if not over.any() or over.all():
            break
        spill = int((parts[over] - most).sum())
        parts[over] = most
        parts[~over] += shared_out(spill, weights[~over])
    if (parts > most).any():
        parts = shared_out(total, np.ones(len(weights)))
    return parts


def _spread(
    options: Options,
    people: People,
    by: Ints,
    rows: Ints,
    sender: Ints,
    time: Ints,
    rng: np.random.Generator,
) -> tuple[Ints, Ints, Ints]:
    """Return sender, time and receiver of every notification: each sender's over their own acts."""
    who = np.repeat(by, rows)
    order = np.lexsort((time, sender))
    owned, when = sender[order], time[order]
    low, high = np.searchsorted(owned, by), np.searchsorted(owned, by, side="right")
    count = np.maximum(high - low, 1)
    place = ranges(rows)
    per_act = np.maximum(np.repeat(np.ceil(rows / count), rows).astype(np.int64), 1)
    act = np.repeat(low, rows) + np.minimum(place // per_act, np.repeat(count, rows) - 1)
    nobody = np.repeat(high == low, rows)
    first = options.end - options.weeks * 604_800 + 5 * 86_400
    moment = np.where(
        nobody,
        first + rng.integers(0, max(options.end - first - 3_600, 1), len(who)),
        when[np.minimum(act, len(when) - 1)],
    )
    moment = np.minimum(moment + 20 + place % per_act // 6, options.end)
    row = np.flatnonzero((people.kind == LEARNER) & ~people.deleted)
    made = np.sort(people.created[row])
    ordered = row[np.argsort(people.created[row], kind="stable")]
    known = np.maximum(np.searchsorted(made, moment), 1)
    receiver = people.id[
        ordered[(place + np.repeat(rng.integers(0, 1_000, len(by)), rows)) % known]
    ]
    return who, moment, receiver
