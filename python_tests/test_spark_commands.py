"""What the commands for Spark refuse, before anything is begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import Command, in_process
from moodle_analytics.spark import manifest
from spark_cluster import free_port


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return in_process(monkeypatch, capsys)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """An export of no table at all, finished."""
    folder = tmp_path / "moodle"
    folder.mkdir()
    manifest.Manifest({"database": "academy"}, is_complete=True).save(folder)
    return folder


def refused(command: Command, *arguments: str) -> str:
    result = command(*arguments)
    assert result.code == 2
    assert "Traceback" not in result.err
    return result.err


def test_without_an_export(command: Command, tmp_path: Path) -> None:
    said = refused(command, "spark", "build", "--from", str(tmp_path), "--to", str(tmp_path / "to"))
    assert f"There is no export in {tmp_path}" in said
    assert not (tmp_path / "to").exists()


def test_with_half_an_export(command: Command, export: Path, tmp_path: Path) -> None:
    manifest.Manifest({"database": "academy"}).save(export)
    said = refused(command, "spark", "build", "--from", str(export), "--to", str(tmp_path / "to"))
    assert "is not finished" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--conf", "memory=1g"], "--conf memory=1g is no property of Spark"),
        (["--timezone", "Middle/Earth"], "There is no time zone 'Middle/Earth'"),
        (["--", "--vars", "{session_gap: 5}"], "There is no var session_gap"),
    ],
)
def test_with_a_wrong_option(
    command: Command, export: Path, tmp_path: Path, options: list[str], words: str
) -> None:
    place = ["--from", str(export), "--to", str(tmp_path / "to")]
    assert words in refused(command, "spark", "build", *place, *options)
    assert not (tmp_path / "to").exists()


def test_where_no_master_answers(command: Command, export: Path, tmp_path: Path) -> None:
    place = ["--from", str(export), "--to", str(tmp_path / "to")]
    address = f"spark://127.0.0.1:{free_port()}"
    said = refused(command, "spark", "build", *place, "--master", address)
    assert f"No Spark master answers at {address}" in said


def test_nothing_to_bring_back(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody is asked there: what is missing is said before.
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", str(free_port()))
    monkeypatch.delenv("DBT_PROFILES_DIR", raising=False)
    assert "There is no finished build in" in refused(
        command, "spark", "import", "--from", str(tmp_path)
    )
