"""The Spark session of this process: made before dbt, which then uses it, to know the sources."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from moodle_analytics.build import project_dir
from moodle_analytics.errors import UserError
from moodle_analytics.spark.manifest import Manifest

TARGET = "spark"
# Spark's database of Moodle's tables, whose prefix is left out; others are called as in SQL.
SOURCES = "moodle_source"
# A build makes every table anew: what is where need not outlive it in a database of Hive's.
_CATALOG = {"spark.sql.catalogImplementation": "in-memory"}
_TYPES = {"int64": "bigint", "boolean": "boolean", "date": "date", "timestamp": "timestamp"}


def load() -> Any:
    """Import pyspark. Raises UserError where it, dbt's adapter for it, or Java is not installed."""
    try:
        import dbt.adapters.spark  # noqa: F401
        from pyspark import sql
    except ImportError:
        raise UserError(
            "pyspark and dbt-spark are not installed: install the extra, `pip install "
            "'moodle_analytics[spark]'` (in a clone: `.venv/bin/pip install -e '.[spark]'`)."
        ) from None
    home = os.environ.get("JAVA_HOME")
    java = Path(home) / "bin" / "java" if home else shutil.which("java")
    if java is None or not Path(java).exists():
        raise UserError(
            "Spark needs Java 17 or later: install it, or set JAVA_HOME to where it is."
        )
    return sql


@contextmanager
def opened(
    master: str, warehouse: Path, *, memory: str, settings: Mapping[str, str], profiles_dir: Path
) -> Iterator[Any]:
    """Give a Spark session made as the target `spark` of profiles.yml says, and stop it after.

    `settings` are further properties of Spark. Raises UserError where the cluster does not answer.
    """
    _refuse_unreachable(master)
    sql = load()
    variables = {
        "SPARK_MASTER": master,
        "SPARK_WAREHOUSE": str(warehouse),
        # Read when the driver's Java starts, before there is a session to configure.
        "PYSPARK_SUBMIT_ARGS": f"--driver-memory {memory} pyspark-shell",
    }
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        warehouse.mkdir(parents=True, exist_ok=True)
        builder = sql.SparkSession.builder
        for name, value in {**_CATALOG, **_properties(profiles_dir), **settings}.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        try:
            yield session
        finally:
            session.stop()
    except OSError as error:
        raise UserError(f"{warehouse} cannot be written ({error.strerror}).") from None
    finally:
        for name, former in before.items():
            if former is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = former


def register(session: Any, folder: Path, record: Manifest) -> dict[str, str]:
    """Make the export's tables known to Spark, in place. Gives the vars that name them to dbt."""
    for key, table in record.tables.items():
        source, name = key.split(".")
        database = SOURCES if source == "moodle" else source
        session.sql(f"create database if not exists {database}")
        session.sql(f"drop table if exists {database}.{name}")
        partitions = sorted(
            {
                part.partition("=")[0]
                for file in record.files_of(key)
                for part in file.split("/")[1:-1]
            }
        )
        columns = [
            f"`{column}` {_TYPES.get(kind, _decimal(kind))}" for column, kind in table.columns
        ]
        columns += [f"`{name}` string" for name in partitions]
        place = str(folder.resolve() / key).replace("'", "\\'")
        session.sql(
            f"create table {database}.{name} ({', '.join(columns)}) using parquet"
            + (f" partitioned by ({', '.join(partitions)})" if partitions else "")
            + f" location '{place}'"
        )
        if partitions:
            session.sql(f"msck repair table {database}.{name}")
    return {"moodle_schema": SOURCES, "moodle_prefix": ""}


def _decimal(kind: str) -> str:
    return kind if kind.startswith("decimal") else "string"


def _properties(profiles_dir: Path) -> dict[str, str]:
    """Read the properties of the target in profiles.yml, as dbt does."""
    from argparse import Namespace

    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context

    set_invocation_context(os.environ)
    set_from_args(Namespace(PROFILES_DIR=str(profiles_dir), PROJECT_DIR=str(project_dir())), None)
    profile = load_profile(str(project_dir()), {}, None, TARGET)
    credentials: Any = profile.credentials
    found: dict[str, str] = credentials.server_side_parameters
    return found


def _refuse_unreachable(master: str) -> None:
    """Say at once that nobody listens: Spark itself would try for a minute and say little."""
    if not master.startswith("spark://"):
        return
    faults = []
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port or 0)), timeout=10).close()
            return
        except (OSError, ValueError) as error:
            faults.append(f"{place}: {error}")
    raise UserError(
        f"No Spark master answers at {master} ({'; '.join(faults)}): start one, or give another "
        "--master."
    )
