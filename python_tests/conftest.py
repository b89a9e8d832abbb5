"""Fixtures that several test modules share."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from moodle_analytics import build, database, load, postgres

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"
# These databases need not outlive the run: do not wait for the disk, nor clean up behind anybody.
UNSAFE_AND_QUICK = (
    "fsync = off",
    "full_page_writes = off",
    "synchronous_commit = off",
    "autovacuum = off",
    "checkpoint_timeout = '1h'",
    "max_wal_size = '2GB'",
)
# Parsing connects to nothing; these only fill the profile.
DUMMY_SERVER = {
    "PGHOST": "127.0.0.1",
    "PGPORT": "1",
    "PGUSER": "nobody",
    "PGPASSWORD": "",
    "PGDATABASE": "nowhere",
}


# What takes long to make, and is made once by each worker that needs it.
COSTLY = ("built_site", "manifest")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the modules that share something costly to one worker (`pytest -n 2 --dist loadgroup`).

    Any other module goes whole to one worker too.
    """
    needs: dict[str, set[str]] = {}
    for item in items:
        needs.setdefault(item.path.stem, set()).update(getattr(item, "fixturenames", ()))
    for item in items:
        module = item.path.stem
        group = next((name for name in COSTLY if name in needs[module]), module)
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def new_home() -> Iterator[Callable[[str], Path]]:
    """Make homes of embedded servers, which are stopped and removed at the end.

    They are not below pytest's own directory: root's is closed to the user that the server runs as.
    """
    base = Path(tempfile.mkdtemp(prefix="moodle analytics "))
    base.chmod(0o711)
    homes: list[Path] = []

    def make(name: str) -> Path:
        homes.append(base / name)
        return homes[-1]

    yield make
    for home in homes:
        postgres.stop(home)
    shutil.rmtree(base)


@pytest.fixture(scope="session")
def server(
    new_home: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[database.Server]:
    """One embedded server for the whole run, which `database.locate()` finds as well."""
    dbt_folder = tmp_path_factory.mktemp("dbt")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PG") and name != "PGBIN"]:
            patch.delenv(name)
        patch.setenv("MOODLE_ANALYTICS_HOME", str(new_home("shared")))
        # dbt's files of another run, or of another worker of this one, are not to be touched.
        for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH"):
            patch.setenv(name, str(dbt_folder))
        found = database.locate()
        admin = replace(found, user="postgres")
        for setting in UNSAFE_AND_QUICK:
            run(admin, "postgres", f"alter system set {setting}")
        run(admin, "postgres", "select pg_reload_conf()")
        yield found


@pytest.fixture
def shared_dump() -> Path:
    """The shared dump of a real site, where it is there."""
    path = SHARED_DATA / "moodle_site_a.sql.gz"
    if not path.exists():
        pytest.skip(f"the shared dump is not at {path}")
    return path


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What dbt understands of the project, parsed afresh without a database."""
    from dbt.cli.main import dbtRunner

    folder = tmp_path_factory.mktemp("parse")
    shutil.copy(ROOT / "profiles.example.yml", folder / "profiles.yml")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("PG", "DBT_"))]:
            patch.delenv(name)
        for name, value in DUMMY_SERVER.items():
            patch.setenv(name, value)
        result = dbtRunner().invoke(
            [
                "--quiet",
                "--warn-error",
                "parse",
                "--no-partial-parse",
                f"--project-dir={ROOT}",
                f"--profiles-dir={folder}",
                f"--target-path={folder / 'target'}",
                f"--log-path={folder}",
            ]
        )
    if not result.success:
        pytest.fail(f"dbt cannot parse the project: {result.exception}", pytrace=False)
    read: Mapping[str, Any] = json.loads(
        (folder / "target" / "manifest.json").read_text(encoding="utf-8")
    )
    return read


@dataclass(frozen=True)
class BuiltSite:
    """The shared real site, loaded and built; `moodle_before` is Moodle's schema before the build.

    dbt's files (manifest.json among them) are in `target_path`.
    """

    server: database.Server
    summary: build.Summary
    moodle_before: list[tuple[object, ...]]
    target_path: Path

    @property
    def paths(self) -> list[str]:
        """dbt's options that keep to `target_path`."""
        return dbt_paths(self.target_path)


@pytest.fixture(scope="session")
def built_site(
    server: database.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BuiltSite]:
    """Load the shared real dump and build it, once for the whole run. Read only, please."""
    path = SHARED_DATA / "moodle_site_a.sql.gz"
    if not path.exists():
        pytest.skip(f"the shared dump is not at {path}")
    site = database.Server(**{**vars(server), "database": "real site"})
    load.load(str(path), site)
    before = schema_fingerprint(site, "public")
    folder = tmp_path_factory.mktemp("dbt")
    summary = build.build(build.Target(site), arguments=dbt_paths(folder))
    yield BuiltSite(site, summary, before, folder)
    drop_database(server, "real site")


@pytest.fixture
def make_database(server: database.Server) -> Iterator[Callable[[str, str], database.Server]]:
    """Make a database from SQL text; give the server with that database. Dropped at the end."""
    names: list[str] = []

    def make(name: str, script: str) -> database.Server:
        run(server, "postgres", f'create database "{name}" template template0')
        names.append(name)
        run(server, name, script)
        return replace(server, database=name)

    yield make
    for name in names:
        drop_database(server, name)


def run(server: database.Server, name: str, script: str) -> list[tuple[object, ...]]:
    """Run SQL on a database; give the rows of its last statement, if it has any."""
    with closing(database.connect(server, name)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(script)
            return cursor.fetchall() if cursor.description else []


def drop_database(server: database.Server, name: str) -> None:
    """End the sessions on a database and drop it, if it is there.

    Not `with (force)`, which wants to end the server's own vacuum workers too and may not.
    """
    run(
        server,
        "postgres",
        "select pg_terminate_backend(pid) from pg_stat_activity "
        f"where datname = '{name}' and backend_type = 'client backend'",
    )
    run(server, "postgres", f'drop database if exists "{name}"')


def dbt_paths(folder: Path) -> list[str]:
    """dbt's options that put all its files into `folder`, where a next run finds what it parsed."""
    return ["--target-path", str(folder), "--log-path", str(folder)]


def schema_fingerprint(server: database.Server, schema: str) -> list[tuple[object, ...]]:
    """Name every object of a schema; every table with its number of rows and a hash of them."""
    names = run(
        server,
        server.database,
        f"""
        select 'relation ' || relkind::text, relname from pg_class
        where relnamespace = '{schema}'::regnamespace
        union all
        select 'function', proname from pg_proc where pronamespace = '{schema}'::regnamespace
        union all
        select 'type', typname from pg_type where typnamespace = '{schema}'::regnamespace
        """,
    )
    tables = [name for kind, name in names if kind == "relation r"]
    hashes = " union all ".join(
        f"select '{name}', count(*), sum(hashtextextended(t::text, 0)) "
        f'from "{schema}"."{name}" as t'
        for name in tables
    )
    return sorted(names) + sorted(run(server, server.database, hashes) if hashes else [])
