"""Drives dbt in this process: which database, which vars, progress, and a readable summary."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moodle_analytics import database, faults, increments, runs
from moodle_analytics.errors import UserError
from moodle_analytics.fingerprint import fingerprint
from moodle_analytics.schemas import Schemas
from moodle_analytics.site import find_site

if TYPE_CHECKING:
    from rich.progress import Progress

PROJECT = "moodle_analytics"


@dataclass(frozen=True)
class Target:
    """Where a build writes: the server, the dbt target, and the folder of profiles.yml if given.

    `options` are for dbt's sessions, as in PGOPTIONS.
    """

    server: database.Server
    name: str | None = None
    profiles_dir: Path | None = None
    options: str = ""


@dataclass(frozen=True)
class Mart:
    """A mart that a build wrote: rows (None where dbt does not tell) and seconds."""

    name: str
    rows: int | None
    seconds: float


@dataclass(frozen=True)
class Summary:
    """What dbt did. `faults` are failed tests, `warnings` tests that warn: name and remark.

    `passed` counts tests, `built` everything that dbt ran. With faults nothing of it was published.
    """

    marts: list[Mart]
    faults: list[tuple[str, str]]
    warnings: list[tuple[str, str]]
    passed: int
    built: int
    timezone: str
    seconds: float


def project_dir() -> Path:
    """Give the folder of dbt_project.yml: the checkout of this package, else the current folder.

    Raises UserError where there is none.
    """
    for folder in (Path(__file__).parents[2], Path.cwd()):
        if (folder / "dbt_project.yml").is_file():
            return folder
    raise UserError(
        "There is no dbt_project.yml here: run this in a clone of the project, "
        "where `make setup` installed it."
    )


def default_vars() -> dict[str, Any]:
    """Give the project's vars with their defaults, from dbt_project.yml."""
    import yaml

    with (project_dir() / "dbt_project.yml").open(encoding="utf-8") as file:
        defaults: dict[str, Any] = yaml.safe_load(file)["vars"]
    return defaults


def find_target(
    *, database_name: str | None, target: str | None, profiles_dir: Path | None
) -> Target:
    """Decide where to build: a dbt profile when one is named, else libpq's variables or embedded.

    Raises UserError where the profile cannot be read.
    """
    named = profiles_dir or os.environ.get("DBT_PROFILES_DIR")
    if not named:
        server = database.locate()
        return Target(replace(server, database=database_name or server.database), target)
    server = _server_of_profile(Path(named), target)
    if database_name not in (None, server.database):
        raise UserError(
            f"The dbt profile in {named} names database {server.database}, and --database "
            f"{database_name}: leave one of them out."
        )
    return Target(server, target, Path(named))


def build(
    target: Target,
    *,
    schema: str | None = None,
    prefix: str | None = None,
    timezone: str | None = None,
    arguments: Sequence[str] = (),
    changes: Mapping[str, object] | None = None,
    wait: bool = True,
) -> Summary:
    """Build every model, run its tests and publish; `arguments` go to `dbt build` as they are.

    Finds Moodle's tables by itself where `schema` and `prefix` are not given. `timezone` is the
    program's zone, by its PostgreSQL name. `changes` are vars of this build alone, as since.
    Another run in the database ends first, or is an error where this one is not to `wait`. Raises
    UserError where the build could not run.
    """
    with runs.alone(target.server, "build", wait=wait) as options:
        chosen = [*arguments, *_as_arguments(changes or {})]
        return _build(replace(target, options=options), schema, prefix, timezone, chosen)


def _build(
    target: Target,
    schema: str | None,
    prefix: str | None,
    timezone: str | None,
    arguments: Sequence[str],
) -> Summary:
    given, arguments = split_vars(arguments)
    check_vars(given)
    with closing(database.connect(target.server, readonly=True)) as connection:
        site = find_site(
            connection,
            schema=schema or given.get("moodle_schema"),
            prefix=prefix if prefix is not None else given.get("moodle_prefix"),
        )
        variables = {
            **given,
            "moodle_schema": site.schema,
            "moodle_prefix": site.prefix,
            "program_timezone": timezone or {**default_vars(), **given}["program_timezone"],
        }
        check_timezone(connection, variables["program_timezone"])
        mark = fingerprint(project_dir(), {**default_vars(), **variables})
        chosen = increments.selection(connection, Schemas.of(target.name), mark, arguments)
    # Of a part of the models, run only the tests that need nothing else; unit tests are for CI.
    defaults = ["--indirect-selection", "buildable", "--exclude-resource-type", "unit_test"]
    summary = run_dbt(
        target,
        ["build", *defaults, *chosen, *arguments],
        variables={**variables, "fingerprint": mark},
        title="Building",
    )
    if not summary.built:
        raise UserError(
            f"dbt found nothing to build with {' '.join(arguments) or 'these arguments'}: "
            "check the names behind --select and --exclude."
        )
    return summary


def _as_arguments(variables: Mapping[str, object]) -> list[str]:
    return ["--vars", json.dumps(dict(variables))] if variables else []


def run_dbt(
    target: Target, command: Sequence[str], *, variables: Mapping[str, object], title: str
) -> Summary:
    """Run one dbt command with a progress bar on standard error and sum up its results.

    Raises UserError where dbt could not parse, connect or build a model.
    """
    started = time.monotonic()
    result = _invoke(target, command, variables=variables, title=title)
    results = getattr(result.result, "results", [])
    faults.refuse(results)
    return Summary(
        marts=sorted((_mart(row) for row in results if _is_mart(row)), key=lambda mart: mart.name),
        faults=_tests(results, "fail"),
        warnings=_tests(results, "warn"),
        passed=sum(1 for row in results if str(row.status) == "pass"),
        built=len(results),
        timezone=str(variables.get("program_timezone", default_vars()["program_timezone"])),
        seconds=time.monotonic() - started,
    )


def run_operation(
    target: Target, macro: str, *, variables: Mapping[str, object], title: str
) -> None:
    """Run a macro of the project as an operation. Raises UserError where it could not be run."""
    result = _invoke(target, ["run-operation", macro], variables=variables, title=title)
    if not result.success:
        told = [row.message for row in getattr(result.result, "results", []) if row.message]
        raise UserError(
            f"{macro} could not be run: "
            f"{faults.sentence(told[0]) if told else 'dbt does not say why.'} "
            "dbt's log is in logs/dbt.log."
        )


def _invoke(
    target: Target, command: Sequence[str], *, variables: Mapping[str, object], title: str
) -> Any:
    """Run one dbt command with a progress bar. Raises UserError where dbt itself could not run."""
    with _profiles(target) as profiles_dir, progress_bar(title) as progress:
        # dbt takes seconds to import, which `--help` and `db` need not pay.
        from dbt.cli.main import dbtRunner

        # dbt itself prints nothing: its log file has all, the summary what matters.
        flags = ["--log-level", "none", "--log-level-file", "info", "--no-use-colors"]
        place = ["--project-dir", str(project_dir()), "--profiles-dir", str(profiles_dir)]
        chosen = ["--target", target.name] if target.name else []
        result = dbtRunner(callbacks=[_watcher(progress)]).invoke(
            [*flags, *command, *place, *chosen, "--vars", json.dumps(dict(variables))]
        )
    if isinstance(result.exception, KeyboardInterrupt):
        raise result.exception
    if result.exception is not None:
        told = str(result.exception)
        raise UserError(faults.of_server(told) or f"dbt could not run: {faults.sentence(told)}")
    return result


def print_summary(summary: Summary) -> None:
    """Print the marts with rows and seconds, then the tests."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(title=f"Built in {summary.seconds:.1f} s", title_justify="left")
    table.add_column("mart")
    table.add_column("rows", justify="right")
    table.add_column("seconds", justify="right")
    for mart in summary.marts:
        rows = "" if mart.rows is None else f"{mart.rows:,}"
        table.add_row(mart.name, rows, f"{mart.seconds:.1f}")
    console.print(table)
    console.print(f"Days and weeks are those of {summary.timezone} (--timezone chooses).")
    console.print(
        f"{summary.passed} checks passed, {len(summary.warnings)} warned, "
        f"{len(summary.faults)} failed."
    )
    if summary.faults:
        console.print("Nothing was published: the marts are still those of the last good run.")
    for kind, found in (("warned", summary.warnings), ("failed", summary.faults)):
        for name, message in found:
            console.print(f"  {kind}: {name}: {message}", markup=False, highlight=False)


def _server_of_profile(folder: Path, target: str | None) -> database.Server:
    from argparse import Namespace

    import yaml
    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context
    from dbt_common.exceptions import DbtBaseException

    if not (folder / "profiles.yml").is_file():
        raise UserError(
            f"There is no profiles.yml in {folder}: copy profiles.example.yml there, "
            "or name another folder with --profiles-dir."
        )
    try:
        is_mapping = isinstance(yaml.safe_load((folder / "profiles.yml").read_text()), dict)
    except (yaml.YAMLError, UnicodeDecodeError):
        is_mapping = False
    if not is_mapping:
        raise UserError(f"{folder / 'profiles.yml'} is no dbt profile: see profiles.example.yml.")
    try:
        set_invocation_context(os.environ)
        set_from_args(Namespace(PROFILES_DIR=str(folder), PROJECT_DIR=str(project_dir())), None)
        profile = load_profile(str(project_dir()), {}, PROJECT, target)
    except DbtBaseException as error:
        raise UserError(faults.sentence(str(error))) from None
    found: Any = profile.credentials
    if found.type != "postgres":
        raise UserError(f"The dbt profile in {folder} is for {found.type}: postgres is needed.")
    return database.Server(
        host=found.host,
        port=int(found.port),
        user=found.user,
        password=found.password or None,
        sslmode=found.sslmode,
        database=found.database,
        is_embedded=False,
    )


def split_vars(arguments: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Take `--vars` out of dbt's arguments, so that it can be joined with what was found."""
    import yaml

    rest: list[str] = []
    given: dict[str, Any] = {}
    waiting = False
    for argument in arguments:
        if waiting or argument.startswith("--vars="):
            text = argument if waiting else argument.removeprefix("--vars=")
            try:
                value = yaml.safe_load(text)
            except yaml.YAMLError:
                value = None
            if not isinstance(value, dict):
                raise UserError(f"--vars takes a YAML mapping, as '{{key: value}}', not {text!r}.")
            given.update(value)
            waiting = False
        elif argument == "--vars":
            waiting = True
        else:
            rest.append(argument)
    if waiting:
        raise UserError("--vars wants a YAML mapping behind it, as --vars '{key: value}'.")
    return given, rest


def check_vars(given: Mapping[str, Any]) -> None:
    """Raise UserError for a var that the project lacks, or of another type than its default."""
    defaults = default_vars()
    for name, value in given.items():
        if name not in defaults:
            raise UserError(f"There is no var {name}: dbt_project.yml has {', '.join(defaults)}.")
        default = defaults[name]
        wanted = (int, float) if type(default) in (int, float) else type(default)
        if not isinstance(value, wanted) or isinstance(value, bool) != isinstance(default, bool):
            kind = {bool: "true or false", str: "a text"}.get(type(default), "a number")
            raise UserError(f"The var {name} must be {kind}, as {default!r}, not {value!r}.")


def check_timezone(connection: Any, zone: str) -> None:
    """Raise UserError where PostgreSQL knows no such time zone."""
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_timezone_names where name = %s", [zone])
        if cursor.fetchone() is None:
            raise UserError(
                f"PostgreSQL knows no time zone {zone!r}: give a name such as Africa/Addis_Ababa "
                "(the view pg_timezone_names lists them)."
            )


@contextmanager
def _profiles(target: Target) -> Iterator[Path]:
    """Give a folder with profiles.yml; where none was named, one that reads libpq's variables."""
    variables = database.environment(target.server)
    # A reader who keeps a transaction open must not stop a build for ever; compiling queries costs
    # more than it saves here; a copy of the log is worth two cores.
    options = (
        f"-c lock_timeout={faults.LOCK_TIMEOUT} -c jit=off -c parallel_tuple_cost=0.001 "
        f"{target.options}"
    )
    variables["PGOPTIONS"] = f"{os.environ.get('PGOPTIONS', '')} {options}".strip()
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        if target.profiles_dir:
            yield target.profiles_dir
            return
        with tempfile.TemporaryDirectory(prefix="moodle-analytics-") as folder:
            example = project_dir() / "profiles.example.yml"
            shutil.copyfile(example, Path(folder) / "profiles.yml")
            yield Path(folder)
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def progress_bar(title: str, begins: str = "reading the project") -> Iterator[Progress]:
    """Show a bar of one task on standard error while the block runs; `begins` is said first."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn(title),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(begins, total=None)
        yield progress


def _watcher(progress: Progress) -> Any:
    """Give dbt a listener that moves the bar; one call for each of dbt's log events."""
    task = progress.task_ids[0]

    def watch(event: Any) -> None:
        data = event.data
        if event.info.name == "NodeFinished":
            progress.advance(task)
        elif event.info.name == "LogStartLine":
            # The last word is the name; longer ones would push the numbers off a narrow terminal.
            name = str(data.description).split()[-1]
            progress.update(task, total=data.total, description=name[:28])

    return watch


def _is_mart(row: Any) -> bool:
    return bool(row.node.resource_type == "model" and row.node.fqn[1] == "marts")


def _mart(row: Any) -> Mart:
    rows = (row.adapter_response or {}).get("rows_affected")
    return Mart(row.node.name, int(rows) if rows is not None else None, row.execution_time)


def _tests(results: Sequence[Any], status: str) -> list[tuple[str, str]]:
    found = [row for row in results if str(row.status) == status]
    return [
        (row.node.name, f"{row.failures} rows; {row.node.original_file_path} says what it means")
        for row in found
    ]
