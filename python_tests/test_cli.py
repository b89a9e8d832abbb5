"""The command line: examples in every help, one sentence for what goes wrong, exit codes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from conftest import drop_database, run
from moodle_analytics import build, cli, database
from moodle_analytics.errors import UserError
from test_reduced import site_sql

ROOT = Path(__file__).resolve().parents[1]
NAME = "command_line"
LOG = "stg_moodle__logstore_standard_log"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Call = Callable[..., Result]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run the command as its entry point does, in this process."""

    def run_command(*arguments: str) -> Result:
        monkeypatch.setattr("sys.argv", ["moodle-analytics", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        return Result(int(end.value.code or 0), printed.out, printed.err)

    return run_command


@pytest.fixture(scope="module")
def site(server: database.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The reduced site, whose tables have no keys; dbt's files keep out of the project."""
    run(server, "postgres", f"create database {NAME} template template0")
    run(server, NAME, site_sql())
    folder = tmp_path_factory.mktemp("dbt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_TARGET_PATH", str(folder))
        patch.setenv("DBT_LOG_PATH", str(folder))
        yield NAME
    drop_database(server, NAME)


def commands(group: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """Paths of all commands: ("build",), ("db", "start"), ..."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield (*path, name)


def is_one_sentence(text: str) -> bool:
    """Whether only the message of an error was printed, in one line."""
    lines = [line for line in text.splitlines() if line.strip()]
    return len(lines) == 1 and lines[0].startswith("moodle-analytics: ") and "Error:" not in text


def schemas(server: database.Server) -> set[object]:
    query = r"select nspname from pg_namespace where nspname !~ '^pg_|^information_schema$'"
    return {name for (name,) in run(server, NAME, query)}


# Help


@pytest.mark.parametrize(
    "path", list(commands(typer.main.get_command(cli.app))), ids=lambda path: " ".join(path)
)
def test_every_help_has_an_example(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli.app, [*path, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    lines = [line for line in result.stdout.splitlines() if "Usage:" not in line]
    assert f"moodle-analytics {' '.join(path)}" in "\n".join(lines)


@pytest.mark.parametrize("arguments", [["nonsense"], ["show", "--course", "two"], ["show", "--x"]])
def test_wrong_words_say_so_and_exit_with_2(call: Call, arguments: list[str]) -> None:
    result = call(*arguments)
    assert result.code == 2
    assert "Usage" in result.err
    assert "Traceback" not in result.err


# Bad input


@pytest.mark.database
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["build", "--database", "nowhere"], "nowhere"),
        (["build", "--database", "postgres"], "not a Moodle database"),
        (["build", "--prefix", "zz_"], "zz_"),
        (["build", "--schema", "elsewhere"], "elsewhere"),
        (["build", "--timezone", "Mars/Base"], "Mars/Base"),
        (["build", "--target", "nonsense"], "nonsense"),
        (["build", "--profiles-dir", "/nowhere"], "profiles.yml"),
        (["build", "--", "--vars", "nonsense"], "nonsense"),
        (["build", "--", "--vars", "[1, 2]"], "[1, 2]"),
        (["build", "--", "--vars"], "--vars"),
        (["build", "--", "--vars", "{program_timezone: Mars/Base}"], "Mars/Base"),
        (["build", "--", "--nonsense"], "--nonsense"),
        (["show", "--database", "nowhere"], "nowhere"),
        (["show"], "moodle-analytics build"),
    ],
    ids=str,
)
def test_bad_input_gives_one_sentence(
    server: database.Server,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
    site: str,
    call: Call,
    arguments: list[str],
    named: str,
) -> None:
    monkeypatch.setenv("PGDATABASE", site)
    result = call(*arguments)
    assert result.code == 2
    assert is_one_sentence(result.err), result.err
    assert named in result.err
    assert result.out == ""


@pytest.mark.database
def test_a_var_of_the_wrong_kind_is_refused(
    server: database.Server,  # noqa: ARG001
    site: str,
    call: Call,
) -> None:
    vars_ = ["--vars", "{session_gap_minutes: soon}"]
    result = call("build", "--database", site, "--", *vars_, "--exclude-resource-type", "test")
    assert result.code == 2
    assert is_one_sentence(result.err), result.err
    assert "session_gap_minutes" in result.err


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, call: Call) -> None:
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    for arguments in (["build"], ["show"]):
        result = call(*arguments)
        assert result.code == 2
        assert is_one_sentence(result.err), result.err
        assert "127.0.0.1:1" in result.err


# dbt's part


@pytest.mark.database
def test_arguments_reach_dbt_and_a_failed_check_exits_with_1(
    server: database.Server, site: str, call: Call
) -> None:
    # The first call selects one model, with its checks; its checks find the same id twice.
    chosen = ["build", "--database", site, "--", "--select", LOG]
    run(server, site, "drop schema if exists staging cascade")
    result = call(*chosen)
    assert (result.code, result.err.strip()) == (0, "")
    query = "select relname from pg_class where relnamespace = 'staging'::regnamespace"
    assert run(server, site, query) == [(LOG,)]

    log = "mdl_logstore_standard_log"
    run(server, site, f"insert into {log} select * from {log} where id = 6")
    try:
        result = call(*chosen)
    finally:
        run(
            server,
            site,
            f"delete from {log} where ctid = (select max(ctid) from {log} where id = 6)",
        )
    assert result.code == 1
    assert f"failed: unique_{LOG}_event_id" in result.out
    assert "Traceback" not in result.out + result.err


@pytest.mark.database
def test_a_model_that_cannot_be_built_exits_with_2(
    server: database.Server, site: str, call: Call
) -> None:
    table = "mdl_logstore_standard_log"
    run(server, site, f"alter table {table} rename column edulevel to level")
    try:
        result = call("build", "--database", site, "--", "--select", LOG)
    finally:
        run(server, site, f"alter table {table} rename column level to edulevel")
    assert result.code == 2
    assert is_one_sentence(result.err), result.err
    assert "edulevel" in result.err


@pytest.mark.database
def test_a_profile_may_be_named_with_its_target(
    server: database.Server,
    site: str,
    call: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")
    for name, value in database.environment(server, site).items():
        monkeypatch.setenv(name, value)
    before, environment = schemas(server), dict(os.environ)
    arguments = ["--profiles-dir", str(tmp_path), "--target", "dev"]
    models = ["--select", "+dim_weeks", "--exclude-resource-type", "test"]
    result = call("build", *arguments, "--", *models)
    assert (result.code, result.err.strip()) == (0, "")
    assert "dim_weeks" in result.out
    assert schemas(server) - before == {
        "dev_access",
        "dev_staging",
        "dev_intermediate",
        "dev_marts",
        "dev_marts_build",
    }
    assert run(server, site, "select count(*) from dev_marts.dim_weeks") == [(1,)]
    assert dict(os.environ) == environment


def test_a_profile_that_reads_variables_is_understood_from_the_first_command(
    tmp_path: Path,
) -> None:
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")
    code = (
        "import sys; from pathlib import Path; from moodle_analytics import build; "
        "place = Path(sys.argv[1]); "
        "found = build.find_target(database_name=None, target='dev', profiles_dir=place); "
        "print(found.server.host, found.server.port, found.server.database)"
    )
    variables = {**os.environ, "PGHOST": "db.example.org", "PGPORT": "6543", "PGDATABASE": "site"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        env=variables,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == ("db.example.org 6543 site", "")


@pytest.mark.parametrize("text", ["id,name\n1,2\n", "- a list", "{", "\0"])
def test_a_profile_that_is_none_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "profiles.yml").write_text(text)
    with pytest.raises(UserError, match=r"profiles.yml is no dbt profile"):
        build.find_target(database_name=None, target=None, profiles_dir=tmp_path)


def test_a_profile_and_another_database_do_not_go_together(tmp_path: Path) -> None:
    text = (ROOT / "profiles.example.yml").read_text()
    (tmp_path / "profiles.yml").write_text(
        text.replace("\"{{ env_var('PGDATABASE', 'moodle') }}\"", "one")
    )
    with pytest.raises(UserError, match=r"names database one, and --database other"):
        build.find_target(database_name="other", target=None, profiles_dir=tmp_path)
