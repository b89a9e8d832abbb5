"""Builds the models over an export on Spark, through dbt, in this process as Spark's driver."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moodle_analytics import build as models
from moodle_analytics import database, output
from moodle_analytics.errors import UserError
from moodle_analytics.spark import manifest, session

# What a finished build leaves in its folder: which marts there are, and what they were built with.
RECORD = "marts.json"
# Where dbt connects to Spark, nothing of PostgreSQL is asked for.
_NO_SERVER = database.Server("", 0, "", None, None, "", False)
_LAYERS = ("moodle_staging", "moodle_intermediate", "moodle_marts")


def build(
    folder: Path,
    warehouse: Path,
    *,
    master: str,
    memory: str,
    settings: Mapping[str, str],
    timezone: str | None = None,
    profiles_dir: Path | None = None,
    arguments: Sequence[str] = (),
) -> models.Summary:
    """Build every model over the export in `folder`; tables lie as Parquet in `warehouse`.

    `arguments` go to `dbt build`. Raises UserError where the export is not whole, Spark cannot be
    reached, or a model could not be built.
    """
    record = manifest.complete(folder)
    given, arguments = models.split_vars(arguments)
    models.check_vars(given)
    zone = timezone or {**models.default_vars(), **given}["program_timezone"]
    if zone not in zoneinfo.available_timezones():
        raise UserError(f"There is no time zone {zone!r}: give a name such as Africa/Addis_Ababa.")
    warehouse = warehouse.resolve()
    with (
        _profiles(profiles_dir) as place,
        session.opened(
            master, warehouse, memory=memory, settings=settings, profiles_dir=place
        ) as spark,
    ):
        (warehouse / RECORD).unlink(missing_ok=True)
        _remove_leftovers(spark, warehouse)
        variables = {
            **given,
            **session.register(spark, folder, record),
            "program_timezone": zone,
        }
        # Tests of the data are for PostgreSQL: each would be a job of Spark's.
        kinds = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
        summary = models.run_dbt(
            models.Target(_NO_SERVER, session.TARGET, place),
            ["build", *kinds, *arguments],
            variables=variables,
            title="Building on Spark",
        )
    if not summary.built:
        raise UserError(
            f"dbt found nothing to build with {' '.join(arguments) or 'these arguments'}: "
            "check the names behind --select and --exclude."
        )
    _finish(warehouse, record, variables, [mart.name for mart in summary.marts])
    return summary


def parse_settings(given: Sequence[str]) -> dict[str, str]:
    """Read properties of Spark written as name=value. Raises UserError."""
    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.startswith("spark."):
            raise UserError(
                f"--conf {text} is no property of Spark: write it as spark.executor.memory=8g."
            )
        found[name] = value
    return found


def _finish(
    warehouse: Path, record: manifest.Manifest, variables: Mapping[str, Any], marts: Sequence[str]
) -> None:
    told = {
        "origin": record.origin,
        "timezone": variables["program_timezone"],
        "marts": sorted(marts),
    }
    output.write({warehouse / RECORD: json.dumps(told, indent=1) + "\n"})


@contextmanager
def _profiles(given: Path | None) -> Iterator[Path]:
    if given:
        if not (given / "profiles.yml").is_file():
            raise UserError(
                f"There is no profiles.yml in {given}: copy profiles.example.yml there."
            )
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="moodle-analytics-") as name:
        shutil.copyfile(models.project_dir() / "profiles.example.yml", Path(name) / "profiles.yml")
        yield Path(name)


def _remove_leftovers(spark: Any, warehouse: Path) -> None:
    """Remove files of tables that a killed build left: Spark would not write over them."""
    databases = {row[0] for row in spark.sql("show databases").collect()}
    for layer in _LAYERS:
        tables = (
            {row.tableName for row in spark.sql(f"show tables in {layer}").collect()}
            if layer in databases
            else set()
        )
        with contextlib.suppress(FileNotFoundError):
            for path in (warehouse / f"{layer}.db").iterdir():
                if path.is_dir() and path.name not in tables:
                    shutil.rmtree(path)
