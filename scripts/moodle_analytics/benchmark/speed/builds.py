"""Times runs of dbt, each in a process of its own, as a night's run is."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from moodle_analytics import build, postgres
from moodle_analytics.benchmark.speed import log, memory
from moodle_analytics.benchmark.speed.measures import Build
from moodle_analytics.errors import UserError

Found = TypeVar("Found")
# The query of a model, by its name.
Queries = Mapping[str, str]


@dataclass(frozen=True)
class Dbt:
    """Where dbt runs: on which database, with which vars, its files in which folder."""

    target: build.Target
    variables: Mapping[str, object]
    folder: Path

    def run(self, command: Sequence[str], title: str) -> Build:
        """Run one command, and give what it took. Raises UserError where it failed."""
        paths = ["--target-path", str(self.folder)]
        spilled = self._spilled()
        with memory.watched(self._server_pid()) as watch:
            began = time.monotonic()
            apart(_run, self.target, [*command, *paths], self.variables, title)
            wall = time.monotonic() - began
        done = replace(_read(self.folder), wall_seconds=wall, peak_bytes=watch.peak_bytes)
        return replace(done, spilled_bytes=self._spilled() - spilled)

    def queries(self) -> Queries:
        """Give the models' queries as the last command compiled them."""
        found = _results(self.folder)["results"]
        return {
            _name(row): row["compiled_code"]
            for row in found
            if _is_model(row) and row.get("compiled_code")
        }

    def _server_pid(self) -> int | None:
        if self.target.server.is_embedded:
            running = postgres.status(postgres.home())
            return running.pid if running else None
        with closing(log.connect(self.target.server)) as connection:
            return memory.parent_of_backend(connection.info.backend_pid)

    def _spilled(self) -> int:
        """Give the bytes that the database's queries wrote to temporary files so far."""
        with closing(log.connect(self.target.server)) as connection, connection.cursor() as cursor:
            cursor.execute(
                "select temp_bytes from pg_stat_database where datname = current_database()"
            )
            row = cursor.fetchone()
            return int(row[0]) if row else 0


def apart(work: Callable[..., Found], *arguments: Any) -> Found:
    """Do it in a new process, so that it begins with nothing loaded and ends with nothing held.

    Raises what the work raises, and UserError where the process was ended from outside.
    """
    fresh = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(max_workers=1, mp_context=fresh) as pool:
            return pool.submit(work, *arguments).result()
    except BrokenProcessPool:
        raise UserError(
            "A process of the benchmark was ended from outside, as the system does where memory is "
            "short: ask for fewer --rows, or for --no-long."
        ) from None


def _run(
    target: build.Target, command: Sequence[str], variables: Mapping[str, object], title: str
) -> None:
    build.run_dbt(target, command, variables=variables, title=title)


def _read(folder: Path) -> Build:
    found = _results(folder)
    models = {
        _name(row): float(row["execution_time"]) for row in found["results"] if _is_model(row)
    }
    return Build(dbt_seconds=float(found["elapsed_time"]), wall_seconds=0.0, models=models)


def _results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "run_results.json").read_text(encoding="utf-8"))
    return found


def _is_model(row: Mapping[str, Any]) -> bool:
    return str(row["unique_id"]).startswith("model.")


def _name(row: Mapping[str, Any]) -> str:
    return str(row["unique_id"]).rpartition(".")[2]
