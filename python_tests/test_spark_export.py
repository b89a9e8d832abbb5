"""Exports: every value as it is in the database, whatever stopped a run; nothing twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, run
from moodle_analytics import database
from moodle_analytics.errors import UserError
from moodle_analytics.site import Site
from moodle_analytics.spark import export, manifest
from small_site import site_sql

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
pytestmark = pytest.mark.database

SITE = Site("public", "mdl_")
# Later months, a row without a time, and ids far apart.
MORE = r"""
    insert into mdl_logstore_standard_log
        (id, eventname, userid, courseid, edulevel, other, timecreated)
    values
        (40, '\a', 3, 2, 2, '', 1717200000), (41, '\b', 3, 2, 2, null, 1717199999),
        (1999, E'line\r\nbreak, "quoted"\t\\.', -1, 2, 2, 'NULL', 0),
        (2000, '\c', 4, null, 0, '\N', 1);
    alter table mdl_user add column "CountryCode" varchar(2);
    update mdl_user set "CountryCode" = case id when 1 then '' when 3 then 'LB' end;
    alter table mdl_grade_grades add column finalgrade numeric(10,5), add column rawgrade float8;
    insert into mdl_grade_grades (id, finalgrade, rawgrade)
    values (1, 99.99999, 0.1), (2, null, 33.3), (3, -0.00001, 'NaN');
    create schema outreach;
    create table outreach.messages (message_id text, claimed_at timestamptz, week_start date);
    insert into outreach.messages
    values ('x', '2024-05-06 10:00:00.25+03', '2024-05-06'), ('y', null, null);
"""


@pytest.fixture
def site(make_database: Callable[[str, str], database.Server]) -> database.Server:
    return make_database("to export", site_sql() + MORE)


def write(site: database.Server, folder: Path, **options: Any) -> export.Summary:
    with closing(database.connect(site, readonly=True)) as connection:
        return export.export(connection, SITE, folder, **{"rows": 1000, **options})


def rows(folder: Path, table: str) -> list[dict[str, Any]]:
    record = manifest.complete(folder)
    read = [
        parquet.ParquetFile(folder / name).read().to_pylist() for name in record.files_of(table)
    ]
    return sorted((row for part in read for row in part), key=lambda row: str(row))


def everything(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {name: rows(folder, name) for name in manifest.complete(folder).tables}


def test_values_are_those_of_the_database(site: database.Server, tmp_path: Path) -> None:
    write(site, tmp_path / "to")
    found = everything(tmp_path / "to")
    columns = "id, eventname, other, userid, courseid, timecreated"
    log: Any = run(site, site.database, f"select {columns} from mdl_logstore_standard_log")
    names = columns.split(", ")
    expected = sorted(tuple(map(str, row)) for row in log)
    taken = found["moodle.logstore_standard_log"]
    assert sorted(tuple(str(row[name]) for name in names) for row in taken) == expected
    assert {row["id"]: row["CountryCode"] for row in found["moodle.user"]} == {
        1: "",
        2: None,
        3: "LB",
        4: None,
    }
    assert {row["id"]: row["finalgrade"] for row in found["moodle.grade_grades"]} == {
        1: Decimal("99.99999"),
        2: None,
        3: Decimal("-0.00001"),
    }
    assert [row["rawgrade"] for row in found["moodle.grade_grades"]] == ["0.1", "33.3", "NaN"]
    first, second = sorted(found["outreach.messages"], key=lambda row: str(row["message_id"]))
    assert first["claimed_at"].isoformat() == "2024-05-06T07:00:00.250000+00:00"
    assert str(first["week_start"]) == "2024-05-06"
    assert (second["claimed_at"], second["week_start"]) == (None, None)
    # Of Moodle's tables only what is read leaves the database.
    assert "description" not in found["moodle.user"][0]


def test_the_log_lies_by_month_and_by_ids(site: database.Server, tmp_path: Path) -> None:
    write(site, tmp_path)
    files = manifest.complete(tmp_path).files_of("moodle.logstore_standard_log")
    months = {name.split("/")[1] for name in files}
    assert months == {
        "log_month=2024-05",
        "log_month=2024-06",
        "log_month=none",
        "log_month=1970-01",
    }
    assert len(files) == 4
    assert all((tmp_path / name).is_file() for name in files)


def test_only_what_changed_is_written_again(site: database.Server, tmp_path: Path) -> None:
    write(site, tmp_path / "to")
    before = everything(tmp_path / "to")
    assert write(site, tmp_path / "to").written == 0
    run(
        site,
        site.database,
        "update mdl_logstore_standard_log set other = 'x' where id = 2000;"
        "delete from mdl_user where id = 4; insert into mdl_course (id) values (5000)",
    )
    again = write(site, tmp_path / "to")
    assert (again.written, again.removed) == (3, 2)
    write(site, tmp_path / "fresh")
    assert everything(tmp_path / "to") == everything(tmp_path / "fresh") != before
    on_disk = {
        str(path.relative_to(tmp_path / "to")) for path in (tmp_path / "to").rglob("*.parquet")
    }
    assert on_disk == manifest.complete(tmp_path / "to").files()


def test_a_column_more_is_written(site: database.Server, tmp_path: Path) -> None:
    write(site, tmp_path)
    run(site, site.database, "alter table mdl_user add column lang text default 'ar'")
    assert write(site, tmp_path).written == 1
    assert rows(tmp_path, "moodle.user")[0]["lang"] == "ar"


def test_a_stopped_export_goes_on(site: database.Server, tmp_path: Path) -> None:
    def stop(table: str, *_: int) -> None:
        if table == "logstore_standard_log":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(site, tmp_path / "to", watch=stop)
    with pytest.raises(UserError, match="not finished"):
        manifest.complete(tmp_path / "to")
    again = write(site, tmp_path / "to")
    assert again.kept > 0
    write(site, tmp_path / "fresh")
    assert everything(tmp_path / "to") == everything(tmp_path / "fresh")


def test_a_file_that_is_gone_is_written_again(site: database.Server, tmp_path: Path) -> None:
    write(site, tmp_path)
    before = everything(tmp_path)
    (tmp_path / manifest.complete(tmp_path).files_of("moodle.user")[0]).unlink()
    with pytest.raises(UserError, match="is missing of the export"):
        manifest.complete(tmp_path)
    assert write(site, tmp_path).written == 1
    assert everything(tmp_path) == before


KILLED = """
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from moodle_analytics import database
from moodle_analytics.site import Site
from moodle_analytics.spark import export
server = replace(database.locate(), database="to export")
with closing(database.connect(server, readonly=True)) as connection:
    print("begun", flush=True)
    export.export(connection, Site("public", "mdl_"), Path("{folder}"), rows=200)
"""


@pytest.fixture
def long_log(site: database.Server) -> Iterator[database.Server]:
    run(
        site,
        site.database,
        "insert into mdl_logstore_standard_log (id, eventname, userid, courseid, timecreated) "
        r"select 3000 + n, '\e', 3, 2, 1714982400 + n * 997 from generate_series(1, 12000) as n",
    )
    yield site


def test_killed_at_any_moment_it_ends_as_if_it_had_not_been(
    long_log: database.Server, tmp_path: Path
) -> None:
    write(long_log, tmp_path / "fresh", rows=200)
    script = KILLED.format(folder=tmp_path / "to")
    environment = {"PYTHONPATH": str(ROOT / "scripts"), **database.environment(long_log)}
    for seconds in (0.05, 0.3, 0.6):
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            env={**environment, "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
        )
        assert process.stdout and process.stdout.readline() == b"begun\n"
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
    write(long_log, tmp_path / "to", rows=200)
    assert everything(tmp_path / "to") == everything(tmp_path / "fresh")
    left = {path.name for path in (tmp_path / "to").rglob("*") if path.is_file()}
    assert not [name for name in left if "unfinished" in name or name.startswith(".rows")]


@pytest.mark.parametrize(
    ("change", "words"),
    [({"rows": 500}, "whose rows is 1000, not 500"), ({"database": True}, "whose database is")],
)
def test_an_export_of_something_else_is_refused(
    site: database.Server,
    make_database: Callable[[str, str], database.Server],
    tmp_path: Path,
    change: dict[str, Any],
    words: str,
) -> None:
    write(site, tmp_path)
    before = everything(tmp_path)
    other = site
    if change.pop("database", False):
        other = make_database("another", site_sql())
    with pytest.raises(UserError, match=words):
        write(other, tmp_path, **change)
    assert everything(tmp_path) == before
    write(other, tmp_path, anew=True, **change)
    assert manifest.complete(tmp_path).origin["database"] == other.database


def test_a_folder_with_other_things_is_left_alone(site: database.Server, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match=r"holds other things \(thesis.txt\)"):
        write(site, tmp_path, anew=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_record_that_is_damaged_is_said(site: database.Server, tmp_path: Path) -> None:
    write(site, tmp_path)
    (tmp_path / manifest.NAME).write_text("{}")
    with pytest.raises(UserError, match="no record of an export by this version"):
        write(replace(site), tmp_path)
