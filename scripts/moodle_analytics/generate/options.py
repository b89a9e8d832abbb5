"""What may be asked of the made academy, and how its size follows from that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zoneinfo import available_timezones

import numpy as np
from numpy.typing import NDArray

from moodle_analytics.errors import UserError
from moodle_analytics.generate.schema import check_version

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DAY = 86_400
WEEK = 7 * DAY
NULL = int(np.iinfo(np.int64).min)  # stands for SQL NULL in every integer array

FIRST_SECOND = 1_548_311_114  # 2019-01-24 06:25:14 UTC, the first row of the log
EVENING_CUT = 5 * 3600 + 55 * 60  # 27 weeks later, less this, is 2019-08-01 00:30:14 UTC
DEFAULT_LEARNERS = 1_032
DEFAULT_WEEKS = 27
DEFAULT_EVENTS = 417_554
LEAST_EVENTS_PER_LEARNER = 120
LEAST_EVENTS = 6_000
MOST_EVENTS = 20_000_000  # all rows are held in memory: about 0.4 kB each


@dataclass(frozen=True)
class Options:
    """Size, seed and form of a made academy; `UserError` where they cannot be met."""

    learners: int = DEFAULT_LEARNERS
    weeks: int = DEFAULT_WEEKS
    events: int = DEFAULT_EVENTS
    seed: int = 1
    moodle_version: str = "4.5"
    reduced: bool = False
    prefix: str = "mdl_"
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        """Refuse sizes that no academy could have."""
        check_version(self.moodle_version)
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,19}", self.prefix):
            raise UserError(f"--prefix is {self.prefix!r}; use small letters, digits, underscores.")
        if self.timezone not in available_timezones():
            raise UserError(f"--timezone {self.timezone!r} is not a zone; try Africa/Addis_Ababa.")
        if self.seed < 0:
            raise UserError(f"--seed is {self.seed}; ask for 0 or more.")
        if self.learners < 20:
            raise UserError(f"--learners is {self.learners}; ask for 20 or more.")
        if self.weeks < 4 or self.weeks > 520:
            raise UserError(f"--weeks is {self.weeks}; ask for 4 to 520.")
        if self.events > MOST_EVENTS:
            raise UserError(f"--events is {self.events:,}; {MOST_EVENTS:,} is the most.")
        least = LEAST_EVENTS + LEAST_EVENTS_PER_LEARNER * self.learners
        if self.events < least:
            raise UserError(
                f"--events is {self.events:,}, too few for {self.learners:,} learners; "
                f"ask for {least:,} or more, or for fewer learners."
            )

    @property
    def end(self) -> int:
        """Epoch second of the last row of the log."""
        return FIRST_SECOND + self.weeks * WEEK - EVENING_CUT

    @property
    def people_scale(self) -> float:
        """Learners, over the default."""
        return self.learners / DEFAULT_LEARNERS

    @property
    def log_scale(self) -> float:
        """Log rows, over the default."""
        return self.events / DEFAULT_EVENTS

    def of_log(self, count: float) -> int:
        """Scale a count of the default academy's log."""
        return round(count * self.log_scale)

    def of_people(self, count: float) -> int:
        """Scale a count of the default academy's people."""
        return round(count * self.people_scale)

    def at(self, epoch: float) -> int:
        """Move a moment of the default 27 weeks to its place in the chosen span."""
        stretch = (self.end - FIRST_SECOND) / (DEFAULT_WEEKS * WEEK - EVENING_CUT)
        return round(FIRST_SECOND + (epoch - FIRST_SECOND) * stretch)

    def stage(self, name: str) -> np.random.Generator:
        """Return the random numbers of one stage: a change in one leaves the others alone."""
        return np.random.default_rng([self.seed, *name.encode()])


def shared_out(total: int, weights: Floats | Ints) -> Ints:
    """Split a total into whole parts by weight: largest remainders, sum exact."""
    exact = np.asarray(weights, dtype=np.float64) / np.sum(weights) * total
    parts: Ints = np.floor(exact).astype(np.int64)
    short = total - int(parts.sum())
    parts[np.argsort(parts - exact, kind="stable")[:short]] += 1
    return parts


def ranges(counts: Ints) -> Ints:
    """Return 0..n-1 for each n of counts, one after the other."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    found: Ints = np.arange(total) - np.repeat(ends - counts, counts)
    return found
