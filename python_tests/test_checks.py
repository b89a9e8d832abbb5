"""`moodle-analytics check`: silent on clean sites, and each seeded fault noticed by name."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commands import Command, in_process
from conftest import BuiltSite, dbt_paths, drop_database, run
from moodle_analytics import build, database, generate
from moodle_analytics.checks import catalogue, job, suites
from moodle_analytics.errors import UserError
from quality_faults import MART_FAULTS, SOURCE_FAULTS, Fault
from quality_faults_between import MART_FAULTS_BETWEEN, SOURCE_FAULTS_BETWEEN

pytestmark = pytest.mark.database
FAULTS = (*SOURCE_FAULTS, *SOURCE_FAULTS_BETWEEN, *MART_FAULTS, *MART_FAULTS_BETWEEN)
SITE = "checked academy"
COPY = "faulty academy"
# What is true of this academy before any fault: it uses a plug-in whose events nobody classified,
# and so small a class says little about deadlines.
TRUE_OF_IT = {
    "log_event_names_are_known",
    "log_has_no_flooded_week",
    "no_warning_in_the_data",
    "fct_weekly_engagement__event_count__keeps_its_volume",
    "fct_weekly_engagement__minutes_central__keeps_its_volume",
    "fct_weekly_learners__event_count__keeps_its_volume",
    "fct_sessions__event_count__keeps_its_volume",
}


@pytest.fixture(scope="module")
def site(
    server: database.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[database.Server]:
    """A small academy with its marts."""
    made = replace(server, database=SITE)
    generate.generate_database(
        server, generate.Options(learners=118, weeks=10, events=30_000), SITE
    )
    arguments = ["--exclude-resource-type", "test", *dbt_paths(tmp_path_factory.mktemp("dbt"))]
    build.build(build.Target(made), arguments=arguments)
    yield made
    drop_database(server, SITE)


@pytest.fixture
def seeded(server: database.Server, site: database.Server) -> Iterator[Callable[[str], Any]]:
    """Make a copy of the academy with a fault in it."""

    def make(script: str) -> database.Server:
        drop_database(server, COPY)
        run(server, "postgres", f'create database "{COPY}" template "{site.database}"')
        run(server, COPY, script)
        return replace(server, database=COPY)

    yield make
    drop_database(server, COPY)


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], site: database.Server
) -> Command:
    monkeypatch.setenv("PGDATABASE", site.database)
    return in_process(monkeypatch, capsys)


def failures(report: job.Report) -> dict[str, str]:
    """Give what failed or could not run, with its severity."""
    found = [*report.of("failed"), *report.of("could not run")]
    return {one.expected.name: one.expected.severity for one in found}


def test_a_clean_academy_has_no_critical_failure(site: database.Server) -> None:
    report = job.check(site, job.Options())
    found = failures(report)
    assert found.keys() <= TRUE_OF_IT
    assert "critical" not in found.values()
    assert report.exit_code == 0
    names = {outcome.expected.name for outcome in report.of("held")} | TRUE_OF_IT
    looked_for = {name for fault in FAULTS for name in fault.noticed_by}
    assert looked_for - names == set()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_each_fault_is_noticed_by_name(fault: Fault, seeded: Callable[[str], Any]) -> None:
    place = seeded(fault.sql)
    report = job.check(place, job.Options(only=fault.suite, select=fault.noticed_by))
    assert failures(report).keys() == set(fault.noticed_by)
    assert report.of("could not run") == []
    assert all(outcome.observed for outcome in report.of("failed"))


def test_the_real_site_is_silent(built_site: BuiltSite) -> None:
    report = job.check(built_site.server, job.Options())
    assert failures(report) == {}
    assert len(report.of("held")) > 1_000
    assert report.of("not applicable", "critical") == []


def test_every_key_and_share_is_looked_at() -> None:
    names = {one.name for one in job.listed()}
    for name, mart in catalogue.marts().items():
        assert f"{name}__{'_and_'.join(mart.key)}__is_unique" in names
        for column in mart.types:
            if column.endswith("_share") and not column.endswith(("gain_share", "growth_share")):
                assert f"{name}__{column}__is_a_share" in names
            if column.endswith("_count"):
                assert {
                    f"{name}__{column}__is_not_negative",
                    f"{name}__{column}__fits_into_a_week",
                } & names
    for table in catalogue.source_tables():
        assert f"{table}__has_its_columns" in names
    assert len(names) > 1_000


def test_commands_end_as_they_say(
    command: Command, seeded: Callable[[str], Any], tmp_path: Path
) -> None:
    held = command("check", "--select", "grade_grades__*")
    assert (held.code, held.err) == (0, "")
    assert "failed: 0 critical, 0 warning, 0 info" in held.out
    warned = command("check", "--select", "log_event_names_are_known")
    assert warned.code == 0
    assert "warning: log_event_names_are_known" in warned.out
    place = seeded("update mdl_grade_grades set finalgrade = -5 where finalgrade > 0")
    files = {name: tmp_path / name for name in ("found.json", "found.html", "docs")}
    failed = command(
        "check", "--database", place.database, "--select", "grades_*",
        "--json", str(files["found.json"]), "--report", str(files["found.html"]),
        "--data-docs", str(files["docs"]),
    )  # fmt: skip
    assert failed.code == 1
    assert "critical: grades_not_below_the_least" in failed.out
    found = json.loads(files["found.json"].read_text())
    assert found["exit_code"] == 1
    by_name = {one["name"]: one for one in found["expectations"]}
    told = by_name["grades_not_below_the_least"]
    assert (told["status"], told["severity"], told["suite"]) == ("failed", "critical", "sources")
    assert told["examples"][0]["finalgrade"] == -5
    assert by_name["grades_of_the_history_are_there"]["status"] == "held"
    page = files["found.html"].read_text()
    assert "grades_not_below_the_least" in page
    assert not re.search(r"(src|href|url)\s*[=(]|https?:|<script", page)
    assert (files["docs"] / "index.html").is_file()
    # Data Docs are written over such, and over nothing else.
    refused = command("check", "--data-docs", str(tmp_path))
    assert refused.code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only", "nothing"), "--only takes sources or marts"),
        (("--select", "no_such_name"), "--list"),
        (("--vars", "{no_such_var: 1}"), "There is no var no_such_var"),
        (("--timezone", "Mars"), "PostgreSQL knows no time zone"),
        (("--database", "no_such_database"), "There is no database no_such_database"),
        (("--database", "postgres"), "This is not a Moodle database"),
        (("--database", "postgres", "--only", "marts"), "There are no marts"),
        (("--json", "/no/such/folder/found.json"), "cannot be written"),
        (("--data-docs", "/no/such/folder"), "cannot be made"),
    ],
)
def test_what_cannot_run_says_so(command: Command, arguments: tuple[str, ...], said: str) -> None:
    result = command("check", *arguments)
    assert result.code == 2
    assert said in result.err
    assert len(result.err.strip().splitlines()) == 1


def test_list_names_them_all(command: Command) -> None:
    listed = command("check", "--list").out.splitlines()
    assert len(listed) == len(job.listed())
    assert any("log_rows_were_loaded_once: " in line for line in listed)
    only = command("check", "--list", "--only", "marts").out.splitlines()
    assert {line.split()[0] for line in only} == {"marts"}


def test_thresholds_are_vars(site: database.Server) -> None:
    select = ("log_has_no_thin_week",)
    settings = {"outage_share": 0.99}
    assert failures(job.check(site, job.Options(select=select))) == {}
    report = job.check(site, job.Options(select=select, variables=settings))
    assert failures(report) == {"log_has_no_thin_week": "warning"}


def test_a_site_without_optional_tables(seeded: Callable[[str], Any]) -> None:
    place = seeded("drop table mdl_quiz, mdl_quiz_attempts, mdl_assign, mdl_scale cascade")
    report = job.check(place, job.Options(only="sources", select=("quiz*", "grade_items__*")))
    assert failures(report) == {}
    absent = {outcome.expected.name: outcome.observed for outcome in report.of("not applicable")}
    assert absent["quiz_attempts__is_there"] == "the site lacks the table quiz_attempts"
    assert absent["grade_items__scaleid__leads_to_scale"] == "the site lacks scale"


def test_nothing_is_written_and_no_session_stays(site: database.Server) -> None:
    def counted() -> list[tuple[object, ...]]:
        return run(
            site, site.database,
            "select relname, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_user_tables order by 1",
        )  # fmt: skip

    before = counted()
    job.check(site, job.Options(select=("user__*", "dim_courses__*")))
    assert counted() == before
    with closing(database.connect(site, "postgres")) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where datname = %s and "
            "backend_type = 'client backend'",
            [site.database],
        )
        assert cursor.fetchone() == (0,)


def test_personal_values_are_not_shown(seeded: Callable[[str], Any]) -> None:
    fault = next(one for one in SOURCE_FAULTS if one.name == "duplicated account")
    report = job.check(seeded(fault.sql), job.Options(only="sources", select=fault.noticed_by))
    assert [outcome.examples for outcome in report.of("failed")] == [()]


def test_names_are_unique() -> None:
    one = suites.not_null("marts", "a", "b", "c")
    with pytest.raises(ValueError, match="named twice"):
        suites.check_names([one, one])
    with pytest.raises(UserError, match="--only takes"):
        job.listed("nothing")
