"""Runs expectations with Great Expectations: offline, quiet, in a session that cannot write."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moodle_analytics import database
from moodle_analytics.checks import suites
from moodle_analytics.checks.suites import Expected

if TYPE_CHECKING:
    import pandas as pd

HELD, FAILED, NOT_APPLICABLE, BROKEN = "held", "failed", "not applicable", "could not run"
SITE = "checks"
_SHOWN = 5
_TIMEOUT = "600s"
# No example is shown of these: they are about people.
_PERSONAL = {"username", "firstname", "lastname", "email", "learner_name"}


@dataclass(frozen=True)
class Outcome:
    """What came of an expectation: its status, what was observed, and a few examples.

    `observed` also says why an expectation is not applicable or could not run.
    """

    expected: Expected
    status: str
    observed: str = ""
    examples: tuple[Mapping[str, Any], ...] = ()


def run(
    expected: Sequence[Expected],
    server: database.Server,
    relations: Mapping[str, str],
    frames: Mapping[str, pd.DataFrame],
    *,
    advance: Callable[[int, int, str], None],
    data_docs: Path | None = None,
) -> list[Outcome]:
    """Judge the expectations, in their order.

    `relations` are the tables by subject, quoted; `frames` are the measures by subject. `advance`
    is told how many are done, of how many, and the subject. With `data_docs`, Great Expectations'
    own pages are written to that folder.
    """
    by_subject: dict[tuple[str, str], list[Expected]] = {}
    for one in expected:
        if not one.absent:
            by_subject.setdefault((one.suite, one.subject), []).append(one)
    found: dict[str, Outcome] = {
        one.name: Outcome(one, NOT_APPLICABLE, one.absent) for one in expected if one.absent
    }
    done = 0
    with _session(server):
        runner = _Runner(server, data_docs)
        for (suite, subject), group in by_subject.items():
            advance(done, len(expected) - len(found), subject)
            outcomes = runner.judge(
                f"{suite}: {subject}", group, relations.get(subject), frames.get(subject)
            )
            found |= {outcome.expected.name: outcome for outcome in outcomes}
            done += len(group)
        runner.close()
    return [found[one.name] for one in expected]


class _Runner:
    """A context of Great Expectations with the database in it."""

    def __init__(self, server: database.Server, data_docs: Path | None) -> None:
        os.environ["GX_ANALYTICS_ENABLED"] = "false"
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        self._with_docs = data_docs is not None
        if data_docs:
            self._context.add_data_docs_site(
                site_name=SITE,
                site_config={
                    "class_name": "SiteBuilder",
                    "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                    "store_backend": {
                        "class_name": "TupleFilesystemStoreBackend",
                        "base_directory": str(data_docs.resolve()),
                    },
                },
            )
        # The password comes from the environment, so that no URL holds it.
        self._tables = self._context.data_sources.add_postgres(
            "database",
            connection_string=database.url(server).replace(
                "postgresql://", "postgresql+psycopg2://", 1
            ),
            create_temp_table=False,
        )
        self._frames = self._context.data_sources.add_pandas("measures")

    def judge(
        self,
        title: str,
        group: Sequence[Expected],
        relation: str | None,
        frame: pd.DataFrame | None,
    ) -> list[Outcome]:
        """Judge expectations of one subject; what failed is run again for its examples."""
        run = self._on_frame(title, frame) if frame is not None else self._on_table(title, relation)
        first = run(group, "SUMMARY" if self._with_docs else "BOOLEAN_ONLY", title)
        failed = [one for one in group if _is_failure(first[one.name])]
        results = dict(first)
        maps = [one for one in failed if one.kind != suites.ROWS and frame is None]
        others = [one for one in failed if one.kind == suites.ROWS or frame is not None]
        brief = {"result_format": "BASIC", "partial_unexpected_count": _SHOWN}
        results |= run(maps, brief, "") if maps else {}
        results |= run(others, "COMPLETE", "") if others else {}
        return [_outcome(one, results[one.name], frame) for one in group]

    def close(self) -> None:
        """Write the Data Docs, where asked, and end the database's sessions."""
        if self._with_docs:
            self._context.build_data_docs(site_names=[SITE])
        self._tables.get_execution_engine().close()
        self._tables.get_engine().dispose()

    def _on_table(self, title: str, relation: str | None) -> Callable[..., dict[str, Any]]:
        asset = self._tables.add_query_asset(title, query=f"select * from {relation}")
        batch = asset.add_batch_definition_whole_table("all")
        return lambda group, form, name: self._run(batch, group, form, name, None)

    def _on_frame(self, title: str, frame: pd.DataFrame) -> Callable[..., dict[str, Any]]:
        asset = self._frames.add_dataframe_asset(title)
        batch = asset.add_batch_definition_whole_dataframe("all")
        given = {"dataframe": frame.reset_index(drop=True)}
        return lambda group, form, name: self._run(batch, group, form, name, given)

    def _run(
        self,
        batch: Any,
        group: Sequence[Expected],
        form: Any,
        title: str,
        given: dict[str, Any] | None,
    ) -> dict[str, Any]:
        import great_expectations as gx
        from great_expectations.expectations.metadata_types import FailureSeverity
        from great_expectations.expectations.registry import get_expectation_impl

        # What is run for its examples alone stays out of the Data Docs.
        name = title or f"examples {len(list(self._context.suites.all()))}"
        suite = gx.ExpectationSuite(name=name)
        for one in group:
            suite.expectations.append(
                get_expectation_impl(one.kind)(
                    **one.arguments,
                    severity=FailureSeverity(one.severity),
                    description=one.meaning,
                    meta={"name": one.name},
                )
            )
        if title and self._with_docs:
            suite = self._context.suites.add(suite)
            definition = gx.ValidationDefinition(name=name, data=batch, suite=suite)
            definition = self._context.validation_definitions.add(definition)
            found = definition.run(result_format=form, batch_parameters=given)
        else:
            found = batch.get_batch(batch_parameters=given).validate(suite, result_format=form)
        results: list[Any] = list(found.results)
        return {row.expectation_config.meta["name"]: row for row in results}


def _is_failure(result: Any) -> bool:
    return not result.success and not _exception(result)


def _exception(result: Any) -> str:
    """Give the message of what kept an expectation from running, empty where nothing did."""
    info = result.exception_info or {}
    for one in [info, *(value for value in info.values() if isinstance(value, dict))]:
        if one.get("raised_exception"):
            lines = str(one.get("exception_message") or "").strip().splitlines()
            return lines[0] if lines else "no reason given"
    return ""


def _outcome(one: Expected, result: Any, frame: pd.DataFrame | None) -> Outcome:
    if reason := _exception(result):
        return Outcome(one, BROKEN, reason)
    if result.success:
        return Outcome(one, HELD)
    found = result.result
    if one.kind == suites.ROWS:
        shown = found.get("details", {}).get("unexpected_rows", [])[:_SHOWN]
        count = found.get("observed_value", len(shown))
        return Outcome(one, FAILED, _rows(count), tuple(map(dict, shown)))
    if one.kind == suites.ROW_COUNT:
        return Outcome(one, FAILED, _rows(int(found["observed_value"])))
    if one.kind == suites.COLUMNS:
        lacking = found.get("details", {}).get("mismatched", {}).get("missing", [])
        return Outcome(one, FAILED, f"missing: {', '.join(lacking)}" if lacking else "")
    count, of = found.get("unexpected_count", 0), found.get("element_count", 0)
    return Outcome(one, FAILED, f"{count:,} of {_rows(of)}", _examples(one, found, frame))


def _examples(
    one: Expected, found: Mapping[str, Any], frame: pd.DataFrame | None
) -> tuple[Mapping[str, Any], ...]:
    columns = {one.arguments.get("column"), *one.arguments.get("column_list", ())}
    if columns & _PERSONAL:
        return ()
    if frame is not None and found.get("unexpected_index_list"):
        places = [
            row if isinstance(row, int) else row.get("index", 0)
            for row in found["unexpected_index_list"]
        ]
        rows = frame.reset_index(drop=True).iloc[places[:_SHOWN]]
        if one.kind == suites.IN_SET and len(frame) == 1:
            # One row that tells of many tables: only the one in question is of interest.
            rows = rows[[one.arguments["column"]]]
        return tuple(rows.to_dict("records"))
    values = found.get("partial_unexpected_list", [])[:_SHOWN]
    name = one.arguments.get("column") or "values"
    return tuple(
        value if isinstance(value, dict) else {str(name): value}
        for value in values
        if value is not None
    )


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


@contextlib.contextmanager
def _session(server: database.Server) -> Iterator[None]:
    """Let libpq find the server, in sessions that only read; keep the library quiet."""
    options = (
        f"{os.environ.get('PGOPTIONS', '')} -c default_transaction_read_only=on -c jit=off "
        f"-c statement_timeout={_TIMEOUT}"
    )
    given = database.environment(server) | {
        "PGOPTIONS": options.strip(),
        "GX_ANALYTICS_ENABLED": "false",
    }
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        # It prints advice about queries to standard output.
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
