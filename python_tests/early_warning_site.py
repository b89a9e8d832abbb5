"""A build of the models that scores are made from, and their cells before a day."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cells import read
from conftest import run
from moodle_analytics import build, database
from oracle_world import Facts
from weekly_checks import WEEKLY

MODELS = ("int_learner_week_features", "int_learner_week_rules")
_SELECT = ["--select", "+int_learner_week_rules", "+int_learner_week_outcomes"]
_NO_TESTS = ["--exclude-resource-type", "test", "unit_test"]


class Site:
    """A database after a build of the models that scores are made from."""

    def __init__(self, server: database.Server, name: str, paths: list[str], zone: str) -> None:
        self.server = replace(server, database=name)
        arguments = [*paths, *_SELECT, *_NO_TESTS, "--vars", "{}"]
        self.summary = build.build(build.Target(self.server), timezone=zone, arguments=arguments)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return run(self.server, self.server.database, query)

    def weekly(self, model: str, columns: list[str]) -> dict[Any, Facts]:
        return read(self.rows, f"intermediate.{model}", WEEKLY, columns)


def cells_before(server: database.Server, first_day: str) -> dict[Any, Facts]:
    """Give all cells of the features and the rules of the weeks before a day."""
    found: dict[Any, Facts] = {}
    for model in MODELS:
        query = f"select to_jsonb(week) from intermediate.{model} as week "
        query += f"where week_start < '{first_day}'"
        for (row,) in run(server, server.database, query):
            found[model, *(str(row[name]) for name in WEEKLY)] = row
    return found
