"""The marts that a Spark cluster builds are those of PostgreSQL, cell by cell, and come back there.

Slow: `make test-spark` runs it, where the extra `spark` and Java are installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import pytest

from conftest import ROOT, SHARED_DATA, drop_database, run
from moodle_analytics import build, database, generate, load
from spark_cluster import running_cluster

pytestmark = [pytest.mark.slow, pytest.mark.spark, pytest.mark.database]
# Learners, weeks and log rows of the academy; 1032,27,417554 is its full size.
SIZE = os.environ.get("SPARK_TEST_ACADEMY", "150,12,40000")
# A zone with summer time, so that neither engine gets by with hours of UTC.
ZONES = {"academy": "Europe/Berlin", "real": "UTC"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("pyspark", reason="the extra spark is not installed")
    pytest.importorskip("dbt.adapters.spark", reason="the extra spark is not installed")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("there is no Java")
    with running_cluster(tmp_path_factory.mktemp("cluster")) as address:
        yield address


@dataclass(frozen=True)
class Both:
    """A site built by PostgreSQL (`here`), and by Spark and brought to another database."""

    here: database.Server
    back: database.Server
    printed: str


@pytest.fixture(scope="module", params=["academy", "real"])
def both(
    request: pytest.FixtureRequest,
    server: database.Server,
    cluster: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("lake")
    here = replace(server, database=f"spark {request.param}")
    back = replace(server, database=f"spark {request.param} back")
    make_site(request.param, here)
    zone = ZONES[request.param]
    build.build(build.Target(here), timezone=zone)
    run(server, "postgres", f'create database "{back.database}" template template0')
    command("export", "--to", str(folder / "moodle"), "--rows", "20000", of=here)
    command(
        *("spark", "build", "--from", str(folder / "moodle"), "--to", str(folder / "marts")),
        *("--master", cluster, "--timezone", zone, "--conf", "spark.executor.memory=1g"),
        *("--conf", "spark.sql.shuffle.partitions=4"),
        of=here,
    )
    printed = command("spark", "import", "--from", str(folder / "marts"), of=back)
    yield Both(here, back, printed)
    for one in (here, back):
        drop_database(server, one.database)


def make_site(name: str, server: database.Server) -> None:
    if name == "academy":
        learners, weeks, events = (int(part) for part in SIZE.split(","))
        options = generate.Options(learners=learners, weeks=weeks, events=events)
        generate.generate_database(server, options, server.database)
        return
    dump = SHARED_DATA / "moodle_site_a.sql.gz"
    if not dump.exists():
        pytest.skip(f"the shared dump is not at {dump}")
    load.load(str(dump), server)


def command(*arguments: str, of: database.Server) -> str:
    """Run the command line in a process of its own, as Spark's driver should be."""
    environment = {**os.environ, **database.environment(of), "SPARK_LOCAL_IP": "127.0.0.1"}
    environment["PYTHONPATH"] = str(ROOT / "scripts")
    code = "from moodle_analytics.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def marts(server: database.Server) -> dict[str, list[str]]:
    """Names of the marts with the columns of their keys."""
    rows: Any = run(
        server,
        server.database,
        """
        select relname, array_agg(attname::text order by attname)
        from pg_class
        inner join pg_index on indrelid = pg_class.oid and indisprimary
        inner join pg_attribute on attrelid = pg_class.oid and attnum = any(indkey)
        where relnamespace = 'marts'::regnamespace and relkind = 'r'
        group by relname
        """,
    )
    return dict(rows)


def cells(server: database.Server, mart: str, key: list[str]) -> dict[Any, dict[str, Any]]:
    """Key -> column -> value; numbers as they are stored, digit by digit."""
    with closing(database.connect(server)) as connection, connection.cursor() as cursor:
        cursor.execute("set timezone = 'UTC'")
        cursor.execute(f'select * from marts."{mart}"')
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor]
    return {tuple(row[name] for name in key): row for row in rows}


def test_every_cell_is_the_same(both: Both) -> None:
    expected = marts(both.here)
    assert len(expected) > 30
    assert marts(both.back) == expected
    faults = []
    for mart, key in expected.items():
        here, back = (cells(one, mart, key) for one in (both.here, both.back))
        faults += [f"{mart} {row}: on one side only" for row in here.keys() ^ back.keys()]
        faults += [
            f"{mart} {row} {name}: {value!r} here, {back[row][name]!r} from Spark"
            for row in here.keys() & back.keys()
            for name, value in here[row].items()
            if repr(value) != repr(back[row][name])
        ]
    assert not faults, "\n".join([f"{len(faults)} cells differ", *sorted(faults)[:40]])
    assert sum(len(cells(both.here, mart, key)) for mart, key in expected.items()) > 1000


def test_what_comes_back_is_typed_described_and_closed_to_others(both: Both) -> None:
    facts = """
        select relname, attname, format_type(atttypid, atttypmod), attnotnull, relrowsecurity,
            col_description(pg_class.oid, attnum), obj_description(pg_class.oid, 'pg_class')
        from pg_class
        inner join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
        where relnamespace = 'marts'::regnamespace and relkind = 'r'
        order by relname, attname
    """
    here, back = (run(one, one.database, facts) for one in (both.here, both.back))
    assert here == back
    assert all(row[4] for row in back)
    left = run(both.back, both.back.database, "select to_regnamespace('marts_import')")
    assert left == [(None,)]


def test_its_data_tests_ran(both: Both) -> None:
    assert "0 failed" in both.printed
    assert "\n0 checks passed" not in both.printed
