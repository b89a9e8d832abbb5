"""The people: who they are, when they come, how keen and able they are, and why some leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from moodle_analytics.generate.options import (
    DAY,
    FIRST_SECOND,
    WEEK,
    Flags,
    Floats,
    Ints,
    Options,
    shared_out,
)
from moodle_analytics.generate.roster import (
    COMPLETES,
    COUNTRIES,
    DELETED_LATER,
    FADES,
    FIRST_LEARNER_ID,
    GONE,
    GONE_IDS,
    GUEST,
    JANUARY_STAFF,
    LEARNER,
    LOGINS,
    LOOKS_IN,
    LOW_GRADES,
    MISSES,
    MONTHS,
    NAMED_STAFF,
    NEVER_LOGGED_IN,
    STAFF,
    STAFF_IDS,
    STAYS_OUT,
)


@dataclass
class People:
    """One row per user, as arrays; times are epoch seconds, `entry` is 0 for who never came."""

    id: Ints
    kind: Ints
    created: Ints
    entry: Ints
    leaves: Ints
    logins: Ints
    reason: Ints
    keen: Floats
    able: Floats
    hour: Floats
    country: Ints
    female: Flags
    deleted: Flags
    suspended: Flags

    @property
    def came(self) -> Flags:
        """Who logged in at least once."""
        came: Flags = self.logins > 0
        return came

    @property
    def learner(self) -> Flags:
        """Who is here to learn (those deleted before the log began are not)."""
        learner: Flags = self.kind == LEARNER
        return learner

    def row(self, user: int) -> int:
        """Return the position of a user id."""
        return int(np.searchsorted(self.id, user))

    def rows(self, users: Ints) -> Ints:
        """Return the positions of user ids."""
        return np.searchsorted(self.id, users)


def login_counts(options: Options, people: int) -> Ints:
    """Return how often each of `people` logged in, smallest first.

    The default academy's distribution, stretched where there are more log rows per learner or
    another number of people.
    """
    counts = np.repeat([times for times, _ in LOGINS], [number for _, number in LOGINS])
    quantile = ((np.arange(people) + 0.5) / people * len(counts)).astype(np.int64)
    taken = counts[quantile].astype(np.int64)
    wealth = options.log_scale / options.people_scale
    if wealth != 1:
        taken = np.maximum(np.rint(taken * wealth), 1).astype(np.int64)
    return taken


def entries(options: Options, people: int, rng: np.random.Generator) -> Ints:
    """Return moments of first access, spread over the months as they were counted."""
    parts = shared_out(people, np.array([share for _, _, share in MONTHS]))
    moments = []
    for (first, last, _), count in zip(MONTHS, parts, strict=True):
        lean = rng.beta(0.8, 1.6, int(count))
        low, high = options.at(first), options.at(last)
        moments.append(low + lean * (high - low - 1))
    return np.concatenate(moments).astype(np.int64)


def make_people(options: Options) -> People:
    """Make everybody: the guest, 13 staff, 6 deleted long ago, and the learners."""
    rng = options.stage("people")
    learners = options.learners
    never = options.of_people(NEVER_LOGGED_IN)
    came = learners - never
    ids = _ids(learners)
    kind = np.full(len(ids), LEARNER)
    kind[np.isin(ids, STAFF_IDS)] = STAFF
    kind[np.isin(ids, GONE_IDS)] = GONE
    kind[ids == 1] = GUEST
    total = len(ids)
    is_learner = kind == LEARNER

    deleted = kind == GONE
    entry, created, logins = (np.zeros(total, dtype=np.int64) for _ in range(3))
    comers = entries(options, came - DELETED_LATER + 10, rng)
    rng.shuffle(comers)
    january = np.isin(ids, JANUARY_STAFF)
    entry[january] = options.at(FIRST_SECOND) + np.arange(4) * 1_500
    entry[((kind == STAFF) & ~january) | (kind == GUEST)] = comers[:10]
    arrivals, is_comer, silent_made = _arrivals(options, comers[10:], never, rng)
    # Ids grow with the time of registration.
    order = np.argsort(np.where(is_comer, arrivals - silent_made, arrivals), kind="stable")
    arrivals, is_comer, silent_made = arrivals[order], is_comer[order], silent_made[order]
    entry[is_learner] = np.where(is_comer, arrivals, 0)
    made = np.where(is_comer, arrivals - silent_made, arrivals)
    # A few registered before the log begins.
    early = np.arange(learners) < max(learners // 40, 1)
    made[early] = np.sort(FIRST_SECOND - rng.integers(3, 40, int(early.sum())) * DAY)
    created[is_learner] = made
    created[~is_learner] = 1_514_764_800 + ids[~is_learner] * 3_600
    keen = rng.normal(0, 1, total)
    logins[is_learner | (kind == STAFF) | (kind == GUEST)] = _matched_logins(
        options, ids, kind, entry, keen, rng
    )
    deleted[_two_to_delete(is_learner & (entry < options.at(MONTHS[0][1])), logins)] = True
    reason, leaves = _ends(options, entry, logins, is_learner, rng)
    country = np.zeros(total, dtype=np.int64)
    country[:] = rng.permutation(
        np.repeat(
            np.arange(len(COUNTRIES)), shared_out(total, np.array([n for _, _, n in COUNTRIES]))
        )
    )
    return People(
        id=ids,
        kind=kind,
        created=created,
        entry=entry,
        leaves=leaves,
        logins=logins,
        reason=reason,
        keen=keen,
        able=np.clip(rng.normal(0.76, 0.14, total) + 0.04 * keen, 0.2, 0.98),
        hour=rng.normal(13.0, 4.0, total) % 24,
        country=country,
        female=rng.random(total) < 0.38,
        deleted=deleted,
        suspended=is_learner & (rng.random(total) < 0.008) & ~deleted,
    )


def _ids(learners: int) -> Ints:
    fixed = np.array([1, *STAFF_IDS, *GONE_IDS])
    pool = np.arange(FIRST_LEARNER_ID, FIRST_LEARNER_ID + learners + learners // 30 + 10)
    pool = pool[(pool % 41 != 0) & ~np.isin(pool, fixed)]
    return np.sort(np.concatenate([fixed, pool[:learners]]))


def _arrivals(
    options: Options, comers: Ints, never: int, rng: np.random.Generator
) -> tuple[Ints, Flags, Ints]:
    """Return arrival moments, who comes, and how long before the arrival each was registered."""
    # The two deleted later come in the first month: who stays keeps the counts by month.
    extra = rng.choice(comers[comers < options.at(MONTHS[0][1])], DELETED_LATER)
    first = options.at(1_548_979_200)
    silent = entries(options, never, rng) - rng.integers(0, 6 * DAY, never)
    arrivals = np.concatenate([comers, extra, np.maximum(silent, first - 5 * DAY)])
    is_comer = np.arange(len(arrivals)) < len(comers) + DELETED_LATER
    # Registered before the midnight of the day of arrival, whatever hour the first act falls on.
    lead = arrivals % DAY + rng.integers(3_600, 6 * DAY, len(arrivals))
    return arrivals, is_comer, np.where(is_comer, np.minimum(lead, arrivals - 1_548_400_000), 0)


def _matched_logins(
    options: Options, ids: Ints, kind: Ints, entry: Ints, keen: Floats, rng: np.random.Generator
) -> Ints:
    """Give the login counts to people: most to staff, then to the keen and early."""
    among = kind != GONE
    named = np.isin(ids[among], NAMED_STAFF)
    entry, keen, kind = entry[among], keen[among], kind[among]
    came = entry > 0
    room = np.log1p((options.end - entry) / WEEK)
    rank = 0.8 * room + keen + rng.normal(0, 0.4, len(entry))
    rank = np.where(named, 50 - np.arange(len(rank)) / 1e6, np.where(kind == GUEST, -50, rank))
    logins = np.zeros(len(entry), dtype=np.int64)
    chosen = np.flatnonzero(came)
    logins[chosen[np.argsort(rank[chosen], kind="stable")]] = login_counts(options, len(chosen))
    return logins


def _two_to_delete(early: Flags, logins: Ints) -> Ints:
    """Pick two of who came early, rather with few logins than with many."""
    able = np.flatnonzero(early & (logins > 0))
    seldom = able[(logins[able] > 1) & (logins[able] < 8)]
    able = seldom if len(seldom) >= DELETED_LATER else able
    return able[:: max(len(able) // DELETED_LATER, 1)][:DELETED_LATER]


def _ends(
    options: Options, entry: Ints, logins: Ints, is_learner: Flags, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return why each stops and when; who completes or just started stays to the end."""
    total = len(entry)
    stretch = options.weeks / 27
    weeks = np.select(
        [logins <= 1, logins < 5, logins < 10, logins < 20],
        [
            rng.uniform(0.05, 0.4, total),
            rng.uniform(0.5, 4, total),
            rng.uniform(2, 9, total),
            rng.uniform(4, 16, total),
        ],
        rng.uniform(8, 30, total),
    )
    leaves = np.minimum(entry + weeks * stretch * WEEK, options.end - 3_600).astype(np.int64)
    leaves = np.maximum(leaves, entry + 1_800)
    draw = rng.random(total)
    busy = np.where(
        draw < 0.45,
        COMPLETES,
        np.where(draw < 0.65, FADES, np.where(draw < 0.83, LOW_GRADES, MISSES)),
    )
    some = np.where(
        draw < 0.1,
        COMPLETES,
        np.where(draw < 0.5, FADES, np.where(draw < 0.72, LOW_GRADES, MISSES)),
    )
    reason = np.select([logins == 0, logins == 1, logins < 8], [STAYS_OUT, LOOKS_IN, some], busy)
    leaves = np.where(
        is_learner & (logins > 0), leaves, np.where(logins > 0, options.end - 3_600, 0)
    )
    return reason.astype(np.int64), leaves
