"""The benchmark of speed, from making the log to its ratios."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from moodle_analytics import build, database, generate, increments
from moodle_analytics.benchmark.speed import builds, log, machine, peers
from moodle_analytics.benchmark.speed.builds import Dbt
from moodle_analytics.benchmark.speed.measures import (
    Build,
    History,
    Peer,
    Result,
    median_by_model,
)
from moodle_analytics.errors import UserError
from moodle_analytics.generate.options import MOST_EVENTS
from moodle_analytics.schemas import Schemas

# So many times the weeks, and the rows, of the long history.
LONGER = 4


@dataclass(frozen=True)
class Asked:
    """What to measure: the log's size, how often, and what may be left out."""

    rows: int = 5_000_000
    learners: int = 2_000
    weeks: int = 26
    repeats: int = 3
    with_peers: bool = True
    with_long: bool = True
    with_checks: bool = True
    keeps_databases: bool = False
    explains: bool = False
    database: str = "benchmark"

    def options(self, times: int = 1) -> generate.Options:
        """Give what the generator is asked for: this log, or one so many times as long."""
        if self.rows * times > MOST_EVENTS:
            raise UserError(
                f"--rows is {self.rows:,}: the log {times} times as long may have {MOST_EVENTS:,} "
                f"rows; ask for {MOST_EVENTS // times:,} or fewer, or leave it out by --no-long."
            )
        return generate.Options(
            learners=self.learners, weeks=self.weeks * times, events=self.rows * times
        )


Say = Callable[[str], None]


def speed(asked: Asked, say: Say) -> tuple[Result, dict[str, str]]:
    """Measure builds on a made log, the same on a history LONGER times as long, and the peers.

    Gives the result, and the plans of the three slowest models where they were asked for. `say` is
    told of each step. The databases are named after `asked.database`. Raises UserError.
    """
    began = time.monotonic()
    if asked.repeats < 1:
        raise UserError(f"--repeats is {asked.repeats}: ask for 1 or more.")
    base, long = asked.options(), asked.options(LONGER) if asked.with_long else None
    server = replace(database.locate(), database=asked.database)
    long_server = replace(server, database=f"{asked.database}_long")
    with tempfile.TemporaryDirectory(prefix="moodle-analytics-") as folder:
        _take_what_was_parsed(Path(folder))
        bench = _Bench(asked, say, Path(folder))
        found, seed_seconds, checks_seconds = bench.base(server, base)
        plans = bench.plans(server, found) if asked.explains else {}
        told = peers.task(server, base.prefix, bench.zone)
        names = peers.NAMES if asked.with_peers else ()
        measured = [bench.peer(told, name) for name in names]
        with closing(log.connect(server)) as connection, connection.cursor() as cursor:
            facts = machine.facts(cursor)
        bench.end(server)
        longer = bench.long(long_server, long) if long else None
        if long:
            bench.end(long_server)
    result = Result(
        machine={**facts, "load_before": bench.load},
        base=found,
        long=longer,
        peers=measured,
        seed_seconds=seed_seconds,
        checks_seconds=checks_seconds,
        seconds=time.monotonic() - began,
    )
    return result, plans


def _take_what_was_parsed(folder: Path) -> None:
    """Copy what dbt keeps of the project between its runs, so that it need not read it anew."""
    usual = Path(os.environ.get("DBT_TARGET_PATH") or build.project_dir() / "target")
    parsed = usual / "partial_parse.msgpack"
    if parsed.is_file():
        shutil.copy(parsed, folder)


class _Bench:
    """The steps, and what they share."""

    def __init__(self, asked: Asked, say: Say, folder: Path) -> None:
        self.asked, self.say, self.folder = asked, say, folder
        self.zone = str(build.default_vars()["program_timezone"])
        self.load = machine.load()
        self.full_queries: builds.Queries = {}

    def base(
        self, server: database.Server, options: generate.Options
    ) -> tuple[History, float, float | None]:
        """Measure the log as it was asked for; with seconds of the seeds and of all checks."""
        dbt = self._prepared(server, options)
        seeds = dbt.run(["seed"], "Seeds").dbt_seconds
        found = self._measured(dbt, options, self.asked.repeats)
        checks = None
        if self.asked.with_checks:
            self.say("Checking every model ...")
            unit_tests = ["--exclude-resource-type", "unit_test"]
            checks = dbt.run(["test", *unit_tests], "Checking").dbt_seconds
            self.say(f"     {checks:.1f} s")
        return found, seeds, checks

    def long(self, server: database.Server, options: generate.Options) -> History:
        """Measure one full build of the long history, and its days."""
        dbt = self._prepared(server, options)
        dbt.run(["seed"], "Seeds")
        return self._measured(dbt, options, 1)

    def peer(self, told: peers.Task, name: str) -> Peer:
        """Measure a peer."""
        self.say(f"The same weekly counts by {name} ...")
        found = peers.measure(told, name, self.asked.repeats)
        self.say(f"     {found.skipped or _times(found.seconds)}")
        return found

    def plans(self, server: database.Server, found: History, count: int = 3) -> dict[str, str]:
        """Explain the queries of the slowest models, as they were in a full build."""
        plans = {}
        slowest = [name for name in median_by_model(found.full) if name in self.full_queries]
        with closing(log.connect(server)) as connection, connection.cursor() as cursor:
            cursor.execute("set default_transaction_read_only = on")
            for name in slowest[:count]:
                self.say(f"Explaining {name} ...")
                cursor.execute(f"explain (analyze, buffers) {self.full_queries[name]}")
                plans[name] = "\n".join(line for (line,) in cursor.fetchall())
        return plans

    def end(self, server: database.Server) -> None:
        """Drop the database, unless it is to be kept."""
        if not self.asked.keeps_databases:
            database.drop(server, server.database, origin=generate.ORIGIN)

    def _prepared(self, server: database.Server, options: generate.Options) -> Dbt:
        self.say(
            f"A log of {options.events:,} rows, {options.learners:,} learners, "
            f"{options.weeks} weeks ..."
        )
        is_new = log.take(server, options)
        log.hold_back(server, options.prefix, self.asked.repeats)
        made = "made" if is_new else "kept from an earlier run"
        self.say(f"     {made}; its last {self.asked.repeats} days are held back")
        variables = {
            "moodle_schema": log.MOODLE_SCHEMA,
            "moodle_prefix": options.prefix,
            "program_timezone": self.zone,
        }
        return Dbt(build.Target(server), variables, self.folder)

    def _measured(self, dbt: Dbt, options: generate.Options, full_builds: int) -> History:
        """Take turns, so that what else the machine does is in both; then the days."""
        server, prefix = dbt.target.server, options.prefix
        # The first has the table yet to be read into memory.
        self._reference(server, prefix)
        reference, full = [], []
        for number in range(1, full_builds + 1):
            self.say(f"The least weekly group-by, and full build {number} ...")
            reference.append(self._reference(server, prefix))
            full.append(dbt.run(["run", "--full-refresh"], "Building"))
            self.say(f"     {reference[-1]:.2f} s; {_took(full[-1])}")
        self.full_queries = dbt.queries() if self.asked.explains else {}
        days = self._days(dbt, prefix)
        return self._history(server, options, reference, full, days)

    def _reference(self, server: database.Server, prefix: str) -> float:
        with closing(log.connect(server)) as connection, connection.cursor() as cursor:
            began = time.monotonic()
            log.group_by_week(cursor, prefix, self.zone)
            return time.monotonic() - began

    def _days(self, dbt: Dbt, prefix: str) -> list[Build]:
        found = []
        for day in range(1, self.asked.repeats + 1):
            rows = log.give(dbt.target.server, prefix, day)
            self.say(f"One more day, {rows:,} rows of the log ...")
            done = replace(dbt.run(["run", *self._chosen(dbt)], "Building"), rows_of_day=rows)
            self.say(f"     {_took(done)}")
            found.append(done)
        return found

    def _chosen(self, dbt: Dbt) -> list[str]:
        """Give what `moodle-analytics build` would choose of the models."""
        with closing(log.connect(dbt.target.server)) as connection:
            mark = str(build.default_vars()["fingerprint"])
            return increments.selection(connection, Schemas.of(dbt.target.name), mark, [])

    def _history(
        self,
        server: database.Server,
        options: generate.Options,
        reference: list[float],
        full: list[Build],
        days: list[Build],
    ) -> History:
        with closing(log.connect(server)) as connection, connection.cursor() as cursor:
            return History(
                rows=log.log_rows(cursor, options.prefix),
                weeks=options.weeks,
                reference_seconds=reference,
                full=full,
                days=days,
                log=log.log_bytes(cursor, options.prefix),
                models=log.model_bytes(cursor),
            )


def _times(seconds: Sequence[float]) -> str:
    return ", ".join(f"{one:.2f} s" for one in seconds)


def _took(done: Build) -> str:
    memory = f", memory {done.peak_bytes / 2**30:.1f} GB" if done.peak_bytes else ""
    return f"{done.dbt_seconds:.1f} s of dbt, {done.wall_seconds:.1f} s in all{memory}"
