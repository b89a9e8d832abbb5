"""How models become tables on PostgreSQL: a small dbt project with the macros of macros/engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, drop_database, run
from moodle_analytics import database

pytestmark = pytest.mark.database

NAME = "engine"
PROJECT = """
name: moodle_analytics
profile: moodle_analytics
flags: {send_anonymous_usage_stats: false}
models: {+materialized: table, +persist_docs: {relation: true, columns: true}}
"""
# The project's own macros ask for the build before, and for marts built elsewhere: none here.
STANDING_IN = """
{% macro increments() %}{{ return(is_incremental()) }}{% endmacro %}
{% macro imported(sql) %}{{ return(sql) }}{% endmacro %}
{% macro tell_all_changed(relation) %}{% endmacro %}
{% macro goes_on(relation) %}{{ return(false) }}{% endmacro %}
"""
CONTRACT = """
models:
  - name: contracted
    description: "It's \\"a table\\": $1, 100 %."
    config:
      contract: {enforced: true}
      indexes: [{columns: [amount]}]
    constraints:
      - {type: primary_key, columns: [id, on_day]}
    columns:
      - {name: id, data_type: bigint, description: "Whose it's.", constraints: [{type: not_null}]}
      - {name: on_day, data_type: date}
      - {name: amount, data_type: "numeric(8, 2)", constraints: [{type: not_null}]}
"""
CONTRACTED = """
select 1.005 as amount, cast({id} as bigint) as id, date '2024-02-05' as on_day
"""


@dataclass
class Project:
    """A dbt project of a few models, and the database that it builds."""

    folder: Path
    server: database.Server

    def write(self, **models: str) -> None:
        for name, sql in models.items():
            (self.folder / "models" / f"{name}.sql").write_text(sql, encoding="utf-8")

    def run(self, *arguments: str) -> dict[str, str]:
        """Run it; give each model's message."""
        from dbt.cli.main import dbtRunner

        place = ["--project-dir", str(self.folder), "--profiles-dir", str(self.folder)]
        result: Any = dbtRunner().invoke(["--quiet", "run", *place, *arguments])
        if result.exception is not None:
            raise result.exception
        return {row.node.name: str(row.message) for row in result.result}

    def query(self, sql: str) -> list[tuple[object, ...]]:
        return run(self.server, NAME, sql)


@pytest.fixture
def project(
    server: database.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    shutil.copytree(ROOT / "macros" / "engine", tmp_path / "macros")
    (tmp_path / "macros" / "standing_in.sql").write_text(STANDING_IN, encoding="utf-8")
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")
    (tmp_path / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "models.yml").write_text(CONTRACT, encoding="utf-8")
    for name, value in database.environment(server).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGDATABASE", NAME)
    for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH"):
        monkeypatch.setenv(name, str(tmp_path / "dbt"))
    drop_database(server, NAME)
    run(server, "postgres", f"create database {NAME} template template0")
    yield Project(tmp_path, server)
    drop_database(server, NAME)


def test_a_table_has_its_contract_description_index_and_statistics(project: Project) -> None:
    project.write(contracted=CONTRACTED.format(id=1))
    assert project.run() == {"contracted": "SELECT 1"}
    columns = project.query(
        "select attname, format_type(atttypid, atttypmod), attnotnull, "
        "col_description(attrelid, attnum) from pg_attribute "
        "where attrelid = 'marts.contracted'::regclass and attnum > 0 order by attnum"
    )
    assert columns == [
        ("id", "bigint", True, "Whose it's."),
        ("on_day", "date", True, None),
        ("amount", "numeric(8,2)", True, None),
    ]
    indexes = "select indisprimary, indkey::text from pg_index where indrelid = {} order by 1"
    assert project.query(indexes.format("'marts.contracted'::regclass")) == [
        (False, "3"),
        (True, "1 2"),
    ]
    assert project.query(
        "select obj_description(oid), reltuples::int from pg_class where relname = 'contracted'"
    ) == [('It\'s "a table": $1, 100 %.', 1)]
    assert project.query("select amount::text from marts.contracted") == [("1.01",)]


def test_a_build_that_fails_leaves_the_table_as_it_was(project: Project) -> None:
    good = CONTRACTED.format(id=7)
    project.write(contracted=good)
    project.run()
    for sql, told in [
        (CONTRACTED.format(id="null"), "null values"),
        (f"{good} union all {good}", "is duplicated"),
        (good.replace("bigint", "text"), "id"),
        (good.replace("amount", "amounts"), "amounts"),
        (f"{good}, 1 as more", "more"),
        ("select 1 / 0 as id", "division by zero"),
    ]:
        project.write(contracted=sql)
        assert told in project.run()["contracted"]
        assert project.query("select id from marts.contracted") == [(7,)]
        assert project.query("select relname from pg_class where relname ~ 'dbt_tmp$'") == []


def test_a_table_takes_the_place_of_a_view_and_the_other_way_round(project: Project) -> None:
    for materialized, kind in (("view", "v"), ("table", "r"), ("table", "r"), ("view", "v")):
        project.write(
            changing=f"{{{{ config(materialized='{materialized}') }}}} select 1 as id",
            reading="{{ config(materialized='view') }} select id from {{ ref('changing') }}",
        )
        assert len(project.run()) == 2
        assert project.query(
            "select relname, relkind::text from pg_class "
            "where relnamespace = 'marts'::regnamespace and relkind in ('r', 'v') order by 1"
        ) == [("changing", kind), ("reading", "v")]


def test_an_increment_takes_in_what_is_new_and_a_full_refresh_builds_anew(
    project: Project,
) -> None:
    project.write(
        growing="""
            {{ config(materialized='incremental', unique_key='id') }}
            {% if is_incremental() %} select 2 as id, 'b' as name union all select 3, 'c'
            {% else %} select 1 as id, 'a' as name union all select 2, 'a'
            {% endif %}
        """
    )
    rows = "select id, name from marts.growing order by id"
    project.run()
    assert project.query(rows) == [(1, "a"), (2, "a")]
    # Over and over: what was taken in already is not there twice.
    for _ in range(2):
        assert project.run() == {"growing": "SELECT 2"}
        assert project.query(rows) == [(1, "a"), (2, "b"), (3, "c")]
    project.run("--full-refresh")
    assert project.query(rows) == [(1, "a"), (2, "a")]
