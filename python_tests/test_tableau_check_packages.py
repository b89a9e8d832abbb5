"""`tableau check` of packages: their rows are extracts of what the data sources read."""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import tableau_marts
from commands import Command, Result, in_process
from moodle_analytics import database
from moodle_analytics.tableau import extract
from moodle_analytics.tableau.check import schema

api = pytest.importorskip("tableauhyperapi", reason="the extra `tableau` is not installed")
pytestmark = pytest.mark.database

NAME = "tableau packages"
PACKAGE = "weeks.tdsx"
ROWS = "Data/Extracts/weeks.hyper"

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def extracted(
    server: database.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[database.Server, Path]]:
    folder = tmp_path_factory.mktemp("packages")
    with tableau_marts.marts(server, NAME) as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGDATABASE", made.database)
        extract.extract(extract.Order(folder))
        yield made, folder


@pytest.fixture
def check(
    extracted: tuple[database.Server, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[[Callable[[Members], None]], Result]:
    """Change the members of a package, and run the command on it alone."""
    monkeypatch.delenv(schema.VARIABLE, raising=False)
    monkeypatch.setattr(schema, "_installed", lambda: None)
    command: Command = in_process(monkeypatch, capsys)

    def run(change: Callable[[Members], None]) -> Result:
        with zipfile.ZipFile(extracted[1] / PACKAGE) as package:
            members = {name: package.read(name) for name in package.namelist()}
        change(members)
        with zipfile.ZipFile(tmp_path / PACKAGE, "w") as package:
            for name, content in members.items():
                package.writestr(name, content)
        return command("tableau", "check", "--from", str(tmp_path), "--database", NAME,
                       "--no-compare")  # fmt: skip

    return run


def _others(extracted: Path, members: Members) -> None:
    """Put the rows of another data source in the place of its own."""
    with zipfile.ZipFile(extracted / "deadlines.tdsx") as package:
        members[ROWS] = package.read("Data/Extracts/deadlines.hyper")


def _typed(folder: Path, members: Members) -> None:
    """Make a column of the rows a text."""
    path = folder / "typed.hyper"
    path.write_bytes(members[ROWS])
    telemetry = api.Telemetry.DO_NOT_SEND_USAGE_DATA_TO_TABLEAU
    with (
        api.HyperProcess(telemetry, "test", parameters={"log_config": ""}) as process,
        api.Connection(process.endpoint, str(path), api.CreateMode.NONE) as connection,
    ):
        table = '"Extract"."Extract"'
        connection.execute_command(f'alter table {table} drop column "log_row_count"')
        connection.execute_command(f'alter table {table} add column "log_row_count" text')
        connection.execute_command(f'alter table {table} add column "user_name" text')
    members[ROWS] = path.read_bytes()


def test_packages_of_an_extract_have_no_fault(check: Callable[..., Result]) -> None:
    result = check(lambda _: None)
    assert result.code == 0, result.out
    assert "0 faults, 0 warnings" in result.out


def test_rows_of_another_source_are_found(
    check: Callable[..., Result], extracted: tuple[database.Server, Path]
) -> None:
    result = check(lambda members: _others(extracted[1], members))
    assert result.code == 1
    assert result.out.count(f"its extract {ROWS} has") == 2
    assert re.search(r"has no column [^(]*\blog_row_count\b", result.out)
    assert re.search(r"has also a column [^(]*\breminder_count\b", result.out)


def test_a_column_of_another_type_and_one_too_many_are_found(
    check: Callable[..., Result], tmp_path: Path
) -> None:
    result = check(lambda members: _typed(tmp_path, members))
    assert result.code == 1
    assert "has log_row_count as text, not integer" in result.out
    assert "has also a column user_name" in result.out


def _zeros(members: Members) -> None:
    """Keep the beginning and the size of the rows, and nothing else."""
    members[ROWS] = members[ROWS][:8] + bytes(len(members[ROWS]) - 8)


DAMAGES: dict[str, tuple[Callable[[Members], None], str]] = {
    "cut off": (lambda members: members.update({ROWS: members[ROWS][:1000]}), "is cut off"),
    "no extract": (lambda members: members.update({ROWS: bytes(65_536)}), "is no extract"),
    "unreadable": (_zeros, "cannot be read"),
    "more": (lambda members: members.update({"Data/people.csv": b"name,mail\n"}),
             "Data/people.csv: is in the package, but no data source reads it"),
    "lost": (lambda members: members.pop(ROWS) and None, "not in the package"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_package_is_found(check: Callable[..., Result], name: str) -> None:
    do, words = DAMAGES[name]
    result = check(do)
    assert result.code == 1, result.out
    assert words in result.out, result.out


def test_without_hyper_it_says_that_no_extract_was_opened(
    check: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tableauhyperapi", None)
    result = check(lambda _: None)
    assert result.code == 0
    assert "warning: its extracts were not opened: tableauhyperapi is not in" in result.out
    assert check(DAMAGES["cut off"][0]).code == 1
