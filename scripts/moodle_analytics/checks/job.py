"""The job: finds what there is to check, measures it, and judges it."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moodle_analytics import build, database
from moodle_analytics.checks import (
    catalogue,
    engine,
    expect_marts,
    expect_sources,
    measures,
    suites,
)
from moodle_analytics.checks.catalogue import Guarantees
from moodle_analytics.checks.engine import Outcome
from moodle_analytics.checks.measures import Source
from moodle_analytics.checks.settings import Settings
from moodle_analytics.checks.suites import Expected
from moodle_analytics.errors import UserError
from moodle_analytics.site import CORE_TABLES

if TYPE_CHECKING:
    import pandas as pd
    from psycopg2.extensions import connection as Connection  # noqa: N812

SUITES = ("sources", "marts")
_TIMEOUT_MS = 600_000


@dataclass(frozen=True)
class Options:
    """What to check: one suite or both (None), and where Moodle's tables are, if that is known.

    `select` are patterns of names (* for any part); only such expectations are judged.
    """

    only: str | None = None
    select: tuple[str, ...] = ()
    schema: str | None = None
    prefix: str | None = None
    variables: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Report:
    """The outcomes of a run; `notes` say what was left out and why."""

    database: str
    checked_at: datetime
    outcomes: list[Outcome]
    notes: list[str]
    settings: Settings | None = None

    def of(self, status: str, severity: str | None = None) -> list[Outcome]:
        """Give the outcomes of a status, and of a severity where one is given."""
        return [
            outcome
            for outcome in self.outcomes
            if outcome.status == status and severity in (None, outcome.expected.severity)
        ]

    @property
    def exit_code(self) -> int:
        """0 where nothing critical failed, 1 where something did, 2 where one could not run."""
        if self.of(engine.FAILED, "critical"):
            return 1
        return 2 if self.of(engine.BROKEN) else 0

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain values for JSON."""
        statuses = (engine.HELD, engine.FAILED, engine.NOT_APPLICABLE, engine.BROKEN)
        return {
            "database": self.database,
            "checked_at": self.checked_at.isoformat(timespec="seconds"),
            "exit_code": self.exit_code,
            "counts": {status: len(self.of(status)) for status in statuses},
            "failed": {
                severity: len(self.of(engine.FAILED, severity)) for severity in suites.SEVERITIES
            },
            "notes": self.notes,
            "vars": asdict(self.settings) if self.settings else {},
            "expectations": [_plain(outcome) for outcome in self.outcomes],
        }


@dataclass
class _Found:
    """What was found and measured: expectations, tables and frames by subject."""

    expected: list[Expected]
    relations: dict[str, str]
    frames: dict[str, pd.DataFrame]
    notes: list[str]
    guarantees: dict[str, Guarantees] = field(default_factory=dict)

    def is_guaranteed(self, one: Expected) -> bool:
        """Tell whether the table itself refuses what the expectation is about."""
        known, arguments = self.guarantees.get(one.suite), one.arguments
        if known is None or one.subject in self.frames:
            return False
        if one.kind == suites.NOT_NULL:
            return known.refuses_null(one.subject, arguments["column"])
        if one.kind in (suites.UNIQUE, suites.UNIQUE_TOGETHER):
            columns = arguments.get("column_list") or [arguments["column"]]
            return known.refuses_twins(one.subject, columns)
        return False


def check(
    server: database.Server,
    options: Options,
    *,
    say: Callable[[str], None] = lambda _: None,
    advance: Callable[[int, int, str], None] = lambda *_: None,
    data_docs: Path | None = None,
) -> Report:
    """Check a database. Raises UserError where there is nothing to check, or it cannot be read."""
    settings = Settings.from_project(dict(options.variables or {}))
    with closing(database.connect(server, readonly=True)) as connection:
        _limit(connection)
        found = _find(connection, options, settings, say)
    _keep_selected(found, options.select)
    say("starting Great Expectations")
    sure = [one for one in found.expected if not one.absent and found.is_guaranteed(one)]
    held = {one.name: Outcome(one, engine.HELD, "refused by the table itself") for one in sure}
    judged = engine.run(
        [one for one in found.expected if one.name not in held],
        server,
        found.relations,
        found.frames,
        advance=advance,
        data_docs=data_docs,
    )
    outcomes = held | {outcome.expected.name: outcome for outcome in judged}
    ordered = [outcomes[one.name] for one in found.expected]
    return Report(server.database, datetime.now(UTC), ordered, found.notes, settings)


def listed(only: str | None = None) -> list[Expected]:
    """Give all expectations of a suite, or of both, as of a database that has everything.

    Raises UserError where there is no such suite.
    """
    _check_suite(only)
    tables = {
        name: dict.fromkeys(columns, "bigint")
        for name, columns in catalogue.source_tables().items()
    }
    source = Source({name: f'"{name}"' for name in tables}, tables)
    marts = {name: mart.types for name, mart in catalogue.marts().items()}
    settings = Settings.from_project({})
    frames = {f"times of {name}" for name in tables}
    found = [
        *expect_sources.expected(source, frames, settings, {}),
        *expect_marts.expected(marts, source, 0, settings),
    ]
    return [one for one in suites.check_names(found) if only in (None, one.suite)]


def _check_suite(only: str | None) -> None:
    if only not in (None, *SUITES):
        raise UserError(f"There is no suite {only}: --only takes {' or '.join(SUITES)}.")


def options_from(
    *,
    only: str | None,
    select: Sequence[str],
    schema: str | None,
    prefix: str | None,
    timezone: str | None,
    arguments: Sequence[str],
) -> Options:
    """Put the command's options together with `--vars`. Raises UserError."""
    _check_suite(only)
    given, rest = build.split_vars(arguments)
    if rest:
        raise UserError(f"`moodle-analytics check` does not know {rest[0]}: see --help.")
    build.check_vars(given)
    return Options(
        only=only,
        select=tuple(select),
        schema=schema or given.get("moodle_schema"),
        prefix=prefix if prefix is not None else given.get("moodle_prefix"),
        variables=given | ({"program_timezone": timezone} if timezone else {}),
    )


def _keep_selected(found: _Found, patterns: Sequence[str]) -> None:
    """Leave out the expectations that were not asked for. Raises UserError where none is left."""
    if patterns and not any(patterns):
        raise UserError(
            "--select takes names of expectations: `moodle-analytics check --list` names them all."
        )
    found.expected = [one for one in found.expected if _is_selected(one, patterns)]
    if not found.expected:
        raise UserError(
            f"No expectation is named {' or '.join(patterns)}: `moodle-analytics check --list` "
            "names them all."
        )


def _is_selected(one: Expected, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(one.name, pattern) for pattern in patterns)


def _limit(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"set statement_timeout = {_TIMEOUT_MS}")
        # Compiling queries costs more than it saves here.
        cursor.execute("set jit = off")
    connection.commit()


def _find(
    connection: Connection, options: Options, settings: Settings, say: Callable[[str], None]
) -> _Found:
    import psycopg2

    build.check_timezone(connection, settings.program_timezone)
    found = _Found([], {}, {}, [])
    try:
        source, mistyped, names = _source(connection, options, found)
        built = catalogue.tables_of(connection, "marts")
        with_marts = {name: built[name] for name in catalogue.marts() if name in built}
        if options.only == "marts" and not with_marts:
            raise UserError(
                f"There are no marts in this database ({connection.info.dbname}): run "
                "`moodle-analytics build` first."
            )
        if source and options.only != "marts":
            possible = expect_sources.expected(
                source, measures.possible(source), settings, mistyped
            )
            wanted = {one.subject for one in possible if _is_selected(one, options.select)}
            found.frames |= measures.measure(connection, source, settings, wanted, say)
            found.frames["tables"] = _one_row(names)
            found.relations |= source.relations
            found.expected += expect_sources.expected(source, found.frames, settings, mistyped)
        if options.only != "sources":
            found.guarantees["marts"] = catalogue.guarantees(connection, "marts")
            log_end = None
            if source and with_marts:
                say("the end of the log")
                log_end = measures.log_end(connection, source, settings, found.frames)
            _add_marts(found, with_marts, source, log_end, settings)
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(
            f"The database {connection.info.dbname} cannot be read ({reason}): look at the role's "
            "rights, or run with --only sources or --only marts."
        ) from None
    return found


def _add_marts(
    found: _Found,
    present: dict[str, dict[str, str]],
    source: Source | None,
    log_end: int | None,
    settings: Settings,
) -> None:
    if not present:
        found.notes.append(
            "There are no marts here, so that only the sources were checked: "
            "`moodle-analytics build` makes them."
        )
        return
    found.expected += expect_marts.expected(present, source, log_end, settings)
    found.relations |= {name: f'"marts"."{name}"' for name in present}
    found.frames["marts"] = _one_row(expect_marts.built(present))


def _source(
    connection: Connection, options: Options, found: _Found
) -> tuple[Source | None, dict[str, list[str]], dict[str, bool]]:
    """Give Moodle's tables, by table the columns of a wrong type, and which tables are there."""
    try:
        site = catalogue.site_of(connection, options.schema, options.prefix)
    except UserError as error:
        if options.only != "marts":
            if options.only == "sources" or not catalogue.tables_of(connection, "marts"):
                raise
            found.notes.append(f"Only the marts were checked. {error}")
        return None, {}, {}
    tables = catalogue.tables_of(connection, site.schema, site.prefix)
    found.guarantees["sources"] = catalogue.guarantees(connection, site.schema, site.prefix)
    wanted = catalogue.source_tables()
    present: dict[str, dict[str, str]] = {}
    mistyped: dict[str, list[str]] = {}
    for name, columns in wanted.items():
        if name not in tables:
            continue
        present[name] = {}
        for column, kind in tables[name].items():
            if column not in columns:
                continue
            if columns[column].is_number and not catalogue.is_number(kind):
                mistyped.setdefault(name, []).append(f"{column} ({kind})")
            else:
                present[name][column] = kind
    relations = {name: _quoted(site.schema, site.prefix + name) for name in present}
    there = {name: name in present for name in wanted if name in CORE_TABLES or name in present}
    return Source(relations, present), mistyped, there


def _one_row(values: Mapping[str, bool]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame([dict(values)])


def _quoted(*names: str) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def _plain(outcome: Outcome) -> dict[str, Any]:
    one = outcome.expected
    return {
        "name": one.name,
        "suite": one.suite,
        "subject": one.subject,
        "severity": one.severity,
        "status": outcome.status,
        "meaning": one.meaning,
        "action": one.action,
        "observed": outcome.observed,
        "examples": [
            {str(key): _json(value) for key, value in example.items()}
            for example in outcome.examples
        ],
    }


def _json(value: Any) -> Any:
    """Give a value as JSON has it: numbers and texts as they are, all else as text."""
    from decimal import Decimal

    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float) and value != value:
        return None
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def on(server: database.Server, name: str | None) -> database.Server:
    """Give the server with another database, where one is named."""
    return replace(server, database=name or server.database)
