"""Two databases of one Moodle site: the same changes in both, an incremental and a full build."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from psycopg2.errors import UniqueViolation

import fuzz_courses
import fuzz_grades
import fuzz_log
import fuzz_people
import fuzz_work
import handmade_grades
from conftest import SHARED_DATA, dbt_paths, drop_database, run
from fuzz_compare import Difference, differences, report
from fuzz_site import KINDS, LOOKBACK_ROWS, Draw, Kind, NothingToDoError, Place
from moodle_analytics import build, database, generate, load
from moodle_tables import ZONE
from truncation import truncation_sql

# Each registers its operations.
MODULES = (fuzz_courses, fuzz_grades, fuzz_log, fuzz_people, fuzz_work)
MODELS_ONLY = ("--exclude-resource-type", "test")
FULL = ("--full-refresh",)
# Where the small site begins: before its clock changes, before the year and a week end, or whole.
INSTANTS = (1603400000, 1609361000, 1608404000, 0)
ZONES = (ZONE, ZONE, "UTC", "America/New_York")
_VARS: Sequence[dict[str, Any]] = (
    {"session_gap_minutes": 45},
    {"expose_pii": True},
    {"silent_days": 5},
    {"missed_grace_days": 2},
)


@dataclass(frozen=True)
class Applied:
    """An operation as it was drawn: its kind and its statements."""

    kind: str
    statements: Sequence[str]

    def __str__(self) -> str:
        lines = [line for line in self.statements if not line.lstrip().startswith("create schema")]
        return ";\n    ".join([f"-- {self.kind}\n    {lines[0]}", *lines[1:]]) + ";"


class DifferenceError(AssertionError):
    """An incremental build is not what a full one is."""

    def __init__(self, campaign: Campaign, found: Sequence[Difference]) -> None:
        self.campaign, self.found = campaign, found
        super().__init__(f"{campaign}\n{report(found)}")


@dataclass
class Campaign:
    """A site twice, `built` and `shadow`, and what happened to it step by step.

    Moodle's cleanup happens in `built` alone: what is known from before must stay.
    """

    seed: int
    built: Place
    shadow: Place
    folder: Path
    variables: dict[str, Any] = field(default_factory=lambda: {"log_lookback_rows": LOOKBACK_ROWS})
    last_id: int = 0
    cleaned_until: int = 0
    steps: list[list[Applied]] = field(default_factory=list)
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def __str__(self) -> str:
        lines = [f"seed {self.seed}, zone {self.built.zone}, vars {self.variables}"]
        for number, step in enumerate(self.steps, start=1):
            lines += [f"step {number}", *(f"  {one}" for one in step)]
        return "\n".join(lines)

    def build(self, place: Place, *arguments: str) -> build.Summary:
        """Build the models of one of the two, without their tests."""
        given = [*MODELS_ONLY, "--vars", json.dumps(self.variables), *arguments]
        return build.build(
            build.Target(place.server), schema=place.schema, prefix=place.prefix,
            timezone=place.zone, arguments=[*dbt_paths(self.folder), *given],
        )  # fmt: skip

    def grow(self) -> None:
        """Build the site that grows, as every night."""
        self.build(self.built)
        log = self.built.table("logstore_standard_log")
        found = self.built.ask(f"select coalesce(max(id), 0) from {log}")
        # The rows that a build has seen are counted even where the last ones go.
        self.last_id = max(self.last_id, int(found[0][0]))

    def change(self, count: int, kinds: Sequence[Kind] = ()) -> None:
        """Draw so many operations, and apply each to both databases; vars change at times."""
        draw = Draw(self.built, self.rng, self.last_id, self.cleaned_until)
        step: list[Applied] = []
        self.steps.append(step)
        chosen = [*(kinds or KINDS.values())]
        weights = [kind.weight for kind in chosen]
        for _ in range(40 * count):
            kind = self.rng.choices(chosen, weights)[0]
            with suppress(NothingToDoError):
                one = Applied(kind.name, [*kind.draw(draw)])
                self.apply(one)
                step.append(one)
                if kind.is_cleanup:
                    self.cleaned_until = draw.cleaned_until = draw.now
                draw.refresh()
            if len(step) == count:
                break
        if not kinds and self.rng.random() < 0.05:
            self.variables |= self.rng.choice(_VARS)

    def apply(self, one: Applied) -> None:
        try:
            self.built.run(one.statements)
        except UniqueViolation as error:
            raise NothingToDoError("Moodle itself would refuse it") from error
        if not KINDS[one.kind].is_cleanup:
            self.shadow.run(one.statements)

    def check(self) -> None:
        """Build the shadow wholly and compare. Raises DifferenceError."""
        self.build(self.shadow, *FULL)
        found = differences(self.built, self.shadow)
        if found:
            raise DifferenceError(self, found)

    def step(self, count: int, kinds: Sequence[Kind] = (), *, is_checked: bool = True) -> None:
        """Change the site, build, and compare with a full build. Raises DifferenceError."""
        self.change(count, kinds)
        self.grow()
        if is_checked:
            self.check()


def copy(server: database.Server, source: str, name: str) -> database.Server:
    """Copy a database under a name, in place of one of that name."""
    drop_database(server, name)
    run(server, "postgres", f'create database "{name}" template "{source}"')
    return replace(server, database=name)


def small_site(server: database.Server, name: str, instant: int) -> Place:
    """Make the hand-made site of grades, as it was at an instant (0: all of it)."""
    schema, prefix = handmade_grades.SCHEMA, handmade_grades.PREFIX
    script = handmade_grades.make_site().sql(schema, prefix)
    if instant:
        script += truncation_sql(schema, prefix, instant)
    drop_database(server, name)
    run(server, "postgres", f'create database "{name}" template template0')
    run(server, name, script)
    return Place(replace(server, database=name), schema, prefix, ZONE)


def real_site(server: database.Server, name: str) -> Place:
    """Load the shared dump of a real site."""
    at = replace(server, database=name)
    load.load(str(SHARED_DATA / "moodle_site_a.sql.gz"), at)
    return Place(at, "public", "mdl_", "UTC")


def academy(server: database.Server, name: str, events: int) -> Place:
    """Make an academy of invented people with so many log rows."""
    options = generate.Options(
        learners=max(24, events // 400), weeks=27, events=events, seed=1, moodle_version="4.5",
        reduced=False, prefix="mdl_", timezone="UTC",
    )  # fmt: skip
    generate.generate_database(server, options, name)
    return Place(replace(server, database=name), "public", "mdl_", "UTC")


def campaign_on(base: Place, seed: int, folder: Path, zone: str) -> Campaign:
    """Copy a site twice and build it for the first time."""
    server = base.server
    names = [f"{server.database} {word}" for word in ("built", "shadow")]
    built, shadow = (
        replace(base, server=copy(server, server.database, name), zone=zone) for name in names
    )
    campaign = Campaign(seed, built, shadow, folder)
    campaign.grow()
    return campaign


def copied(campaign: Campaign, seed: int, name: str) -> Campaign:
    """Give a campaign on copies of another's databases, with operations of its own."""
    grown, whole = (
        replace(place, server=copy(place.server, place.server.database, f"{name} {word}"))
        for place, word in ((campaign.built, "grown"), (campaign.shadow, "whole"))
    )
    return Campaign(seed, grown, whole, campaign.folder, last_id=campaign.last_id)


def end(campaign: Campaign) -> None:
    """Drop a campaign's two databases."""
    for place in (campaign.built, campaign.shadow):
        drop_database(place.server, place.server.database)
