"""Random changes of a Moodle site: an incremental build must equal a full one, cell by cell.

    python python_tests/fuzz_builds.py --seed 1 --steps 20 --site small
    python python_tests/fuzz_builds.py --seed 1 --campaigns 10 --steps 3 --kinds "late rows;graded"
    python python_tests/fuzz_builds.py --effects

On the database server that the command `moodle-analytics` finds. A difference is printed with the
operations that led to it, and the last step's are reduced to the few that it takes; --no-shrink
leaves that out. Exits with 1 where anything differed.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from conftest import drop_database
from fuzz_campaign import (
    FULL,
    INSTANTS,
    ZONES,
    Applied,
    Campaign,
    DifferenceError,
    academy,
    campaign_on,
    copied,
    copy,
    end,
    real_site,
    small_site,
)
from fuzz_compare import differences, fingerprints, report
from fuzz_site import KINDS, Kind, Place
from moodle_analytics import database
from moodle_analytics.errors import UserError


def main() -> None:
    options = _options()
    server = database.locate()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        if options.effects:
            idle = print_effects(server, f"{options.name} effects", Path(folder), options.seed)
            sys.exit(1 if idle else 0)
        bases: dict[tuple[int, str], Campaign] = {}
        for seed in range(options.seed, options.seed + options.campaigns):
            rng = random.Random(seed)
            key = (rng.choice(INSTANTS), options.zone or rng.choice(ZONES))
            if key not in bases:
                base = _site(server, options, f"{options.name} site {len(bases)}", key[0])
                bases[key] = campaign_on(base, seed, Path(folder), key[1])
                drop_database(server, base.server.database)
            failed += not _run(copied(bases[key], seed, f"{options.name} {seed}"), options)
        for one in bases.values():
            end(one)
    sys.exit(1 if failed else 0)


def print_effects(server: database.Server, name: str, folder: Path, seed: int) -> list[str]:
    """Print for every kind of operation the marts it changes; give the kinds that change none."""
    place = small_site(server, name, 0)
    campaign = Campaign(seed, place, place, folder)
    campaign.build(place, *FULL)
    before = fingerprints(place, ["marts"])
    idle = []
    for kind in KINDS.values():
        marts, count = effects(campaign, kind, before)
        print(f"{kind.name}: {count} drawn, {', '.join(marts) or 'NOTHING'}", flush=True)
        if not marts:
            idle.append(kind.name)
    drop_database(server, name)
    return idle


def effects(
    campaign: Campaign, kind: Kind, before: dict[tuple[str, str], object]
) -> tuple[list[str], int]:
    """Give the marts that operations of a kind change in a full build, and how many were drawn."""
    base = campaign.built
    server = copy(base.server, base.server.database, f"{base.server.database} changed")
    place = replace(base, server=server)
    changed = Campaign(campaign.seed, place, place, campaign.folder)
    # Twice the same statements would be another operation.
    changed.apply = lambda one: place.run(one.statements)  # type: ignore[method-assign]
    changed.change(4, [kind])
    changed.build(place, *FULL)
    after = fingerprints(place, ["marts"])
    drop_database(server, server.database)
    names = [name for name in before if before[name] != after.get(name)]
    return [table for _, table in names], len(changed.steps[0])


def _run(campaign: Campaign, options: argparse.Namespace) -> bool:
    kinds = [KINDS[name.strip()] for name in options.kinds.split(";")] if options.kinds else []
    started = time.monotonic()
    for number in range(1, options.steps + 1):
        count = campaign.rng.randint(1 + options.operations // 2, options.operations)
        is_checked = number % options.every == 0 or number == options.steps
        saved = [] if options.no_shrink or options.every > 1 else _save(campaign)
        try:
            campaign.step(count, kinds, is_checked=is_checked)
        except (DifferenceError, UserError) as found:
            told = found if isinstance(found, DifferenceError) else f"{campaign}\n{found}"
            print(f"\n{told}\n", flush=True)
            if saved and isinstance(found, DifferenceError):
                _shrink(campaign, saved)
            if not options.keep:
                end(campaign)
            return False
        took = time.monotonic() - started
        word = "same" if is_checked else "built"
        print(f"seed {campaign.seed} step {number}: {count} operations, {word} ({took:.0f} s)")
        sys.stdout.flush()
    end(campaign)
    return True


def _save(campaign: Campaign) -> list[Place]:
    """Copy both databases as they are before a step."""
    saved = []
    for place in (campaign.built, campaign.shadow):
        name = place.server.database
        saved.append(replace(place, server=copy(place.server, name, f"{name} saved")))
    return saved


def _shrink(campaign: Campaign, saved: Sequence[Place]) -> None:
    """Print the fewest operations of the last step that still make a difference."""
    left = list(campaign.steps[-1])
    size = max(1, len(left) // 2)
    while True:
        for first in range(0, len(left), size):
            fewer = left[:first] + left[first + size :]
            if fewer and _differs(campaign, saved, fewer):
                left = fewer
                size = min(size, max(1, len(left) // 2))
                break
        else:
            if size == 1:
                break
            size //= 2
    print("it takes no more than")
    print("\n".join(f"  {one}" for one in left))
    _differs(campaign, saved, left, is_told=True)
    for place in saved:
        drop_database(place.server, place.server.database)


def _differs(
    campaign: Campaign, saved: Sequence[Place], step: Sequence[Applied], *, is_told: bool = False
) -> bool:
    for place, before in zip((campaign.built, campaign.shadow), saved, strict=True):
        copy(place.server, before.server.database, place.server.database)
    for one in step:
        campaign.apply(one)
    campaign.grow()
    campaign.build(campaign.shadow, *FULL)
    found = differences(campaign.built, campaign.shadow)
    if is_told:
        print(report(found), flush=True)
    return bool(found)


def _site(server: database.Server, options: argparse.Namespace, name: str, instant: int) -> Place:
    if options.site == "small":
        return small_site(server, name, instant)
    if options.site == "real":
        return real_site(server, name)
    return academy(server, name, options.events)


def _options() -> argparse.Namespace:
    words = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--campaigns", type=int, default=1, help="so many seeds, one after another")
    words.add_argument("--steps", type=int, default=3)
    words.add_argument("--every", type=int, default=1, help="compare after so many steps")
    words.add_argument("--operations", type=int, default=8, help="at most so many a step")
    words.add_argument("--site", choices=("small", "real", "academy"), default="small")
    words.add_argument("--events", type=int, default=20_000, help="log rows of the academy")
    words.add_argument("--zone", help="the program's time zone")
    words.add_argument("--name", default="fuzz", help="how names of databases begin")
    words.add_argument("--kinds", help="only these kinds of operations, with ; between")
    words.add_argument("--keep", action="store_true", help="leave the databases that differ")
    words.add_argument("--no-shrink", action="store_true")
    words.add_argument("--effects", action="store_true", help="what each kind changes")
    return words.parse_args()


if __name__ == "__main__":
    main()
