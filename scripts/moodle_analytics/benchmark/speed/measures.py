"""What the benchmark of speed measures, and the ratios that it is judged by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

# The most that each ratio should be, on a log of five million rows over 26 weeks.
TARGETS: Mapping[str, float] = {
    "full_ratio": 8.0,
    "increment_share": 0.1,
    "growth_ratio": 1.3,
    "storage_ratio": 1.0,
}
MEANINGS: Mapping[str, str] = {
    "full_ratio": "full build / least weekly group-by",
    "increment_share": "one more day / full build",
    "growth_ratio": "the day on the long history / the day",
    "storage_ratio": "all models with indexes / log without its indexes",
}


@dataclass(frozen=True)
class Build:
    """One run of dbt: its own seconds and those of the whole process; seconds by model.

    `peak_bytes` is the most memory that server and programs held (None: the system does not tell),
    `spilled_bytes` what the server wrote to temporary files.
    """

    dbt_seconds: float
    wall_seconds: float
    models: Mapping[str, float] = field(default_factory=dict)
    peak_bytes: int | None = None
    spilled_bytes: int = 0
    rows_of_day: int | None = None


@dataclass(frozen=True)
class Bytes:
    """Size of a table, as it lies on the disk."""

    table: int
    indexes: int

    @property
    def total(self) -> int:
        """With its indexes."""
        return self.table + self.indexes


@dataclass(frozen=True)
class History:
    """What was measured on one log; `models` are the bytes of all that a build leaves, by name."""

    rows: int
    weeks: int
    reference_seconds: Sequence[float]
    full: Sequence[Build]
    days: Sequence[Build]
    log: Bytes
    models: Mapping[str, Bytes]

    @property
    def reference(self) -> float:
        """Median seconds of the reference query."""
        return median(self.reference_seconds)

    @property
    def model_bytes(self) -> int:
        """Bytes of all models with their indexes."""
        return sum(size.total for size in self.models.values())

    @property
    def peak_bytes(self) -> int | None:
        """The most memory that a build took."""
        known = [one.peak_bytes for one in (*self.full, *self.days) if one.peak_bytes is not None]
        return max(known, default=None)


@dataclass(frozen=True)
class Peer:
    """What another program took for the same weekly counts, and how often they differ from ours.

    `skipped` says why there is none. `peak_bytes` is the memory of the program, without the server.
    """

    name: str
    seconds: Sequence[float] = ()
    compared_rows: int = 0
    different_rows: int = 0
    peak_bytes: int = 0
    skipped: str | None = None


@dataclass(frozen=True)
class Result:
    """All of a benchmark; `long` and `checks_seconds` are None where they were not asked for."""

    machine: Mapping[str, Any]
    base: History
    long: History | None
    peers: Sequence[Peer]
    seed_seconds: float
    checks_seconds: float | None
    seconds: float

    def ratios(self, *, wall: bool = False) -> dict[str, float | None]:
        """Give the ratios of TARGETS by dbt's own seconds, or by the wall clock."""
        full, day = seconds_of(self.base.full, wall=wall), seconds_of(self.base.days, wall=wall)
        long_day = seconds_of(self.long.days, wall=wall) if self.long else None
        return {
            "full_ratio": full / self.base.reference,
            "increment_share": day / full,
            "growth_ratio": None if long_day is None else long_day / day,
            "storage_ratio": self.base.model_bytes / self.base.log.table,
        }

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain values for JSON: the ratios first, then what they were made from."""
        return {
            **_rounded(self.ratios()),
            "targets": dict(TARGETS),
            "by_wall_clock": _rounded(self.ratios(wall=True)),
            "storage_ratio_to_log_with_indexes": round(
                self.base.model_bytes / self.base.log.total, 4
            ),
            "machine": dict(self.machine),
            "base": _history(self.base),
            "long": _history(self.long) if self.long else None,
            "peers": [_peer(one, self.base) for one in self.peers],
            "seed_seconds": round(self.seed_seconds, 2),
            "checks_seconds": _round(self.checks_seconds),
            "seconds": round(self.seconds, 1),
        }


def seconds_of(builds: Sequence[Build], *, wall: bool = False) -> float:
    """Give the median seconds of builds: dbt's own, or of the whole process."""
    return median(one.wall_seconds if wall else one.dbt_seconds for one in builds)


def median_by_model(builds: Sequence[Build]) -> dict[str, float]:
    """Give the median seconds of each model, the slowest first; 0 where a run left it out."""
    names = {name for one in builds for name in one.models}
    found = {name: median(one.models.get(name, 0.0) for one in builds) for name in names}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def bytes_by_model(sizes: Mapping[str, Bytes]) -> dict[str, Bytes]:
    """Add up the bytes of tables (schema.name) of one name: a model may lie in several schemas."""
    return _added_up({place: place.partition(".")[2] for place in sizes}, sizes)


def bytes_by_schema(sizes: Mapping[str, Bytes]) -> dict[str, Bytes]:
    """Add up the bytes of tables (schema.name) of one schema."""
    return _added_up({place: place.partition(".")[0] for place in sizes}, sizes)


def _added_up(names: Mapping[str, str], sizes: Mapping[str, Bytes]) -> dict[str, Bytes]:
    found: dict[str, Bytes] = {}
    for place, size in sizes.items():
        name = names[place]
        other = found.get(name, Bytes(0, 0))
        found[name] = Bytes(other.table + size.table, other.indexes + size.indexes)
    return found


def _history(history: History) -> dict[str, Any]:
    full, day = median_by_model(history.full), median_by_model(history.days)
    sizes = bytes_by_model(history.models)
    return {
        "rows": history.rows,
        "weeks": history.weeks,
        "reference_seconds": [round(one, 3) for one in history.reference_seconds],
        "full": [_build(one) for one in history.full],
        "days": [_build(one) for one in history.days],
        "log_bytes": asdict(history.log),
        "model_bytes": history.model_bytes,
        "schema_bytes": {
            name: size.total for name, size in bytes_by_schema(history.models).items()
        },
        "models": {
            name: {
                "full_seconds": _round(full.get(name)),
                "day_seconds": _round(day.get(name)),
                "bytes": sizes[name].total if name in sizes else 0,
                "index_bytes": sizes[name].indexes if name in sizes else 0,
            }
            for name in sorted({*full, *day, *sizes})
        },
    }


def _build(one: Build) -> dict[str, Any]:
    found = {
        "dbt_seconds": round(one.dbt_seconds, 2),
        "wall_seconds": round(one.wall_seconds, 2),
        "peak_bytes": one.peak_bytes,
        "spilled_bytes": one.spilled_bytes,
    }
    return found if one.rows_of_day is None else {**found, "rows_of_day": one.rows_of_day}


def _peer(peer: Peer, base: History) -> dict[str, Any]:
    if peer.skipped:
        return {"name": peer.name, "skipped": peer.skipped}
    return {
        "name": peer.name,
        "seconds": [round(one, 2) for one in peer.seconds],
        "ratio": round(median(peer.seconds) / base.reference, 3),
        "compared_rows": peer.compared_rows,
        "different_rows": peer.different_rows,
        "peak_bytes": peer.peak_bytes,
    }


def _rounded(ratios: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 4) for name, value in ratios.items()}


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
