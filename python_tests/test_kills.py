"""Whatever is killed, and whenever: the next run gives what an undisturbed one gives.

The long run of it is `make test-faults`; a few kills are part of every test run. The seed that is
printed (FAULTS_SEED) repeats the same choices, though not the server's timing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

import handmade
from conftest import drop_database, run
from moodle_analytics import database
from moodle_tables import PREFIX, SCHEMA
from outreach_servers import MailServer
from outreach_site import MakeQueue, reminders, states

pytest_plugins = ["outreach_fixtures"]
pytestmark = pytest.mark.database
SEED = int(os.environ.get("FAULTS_SEED") or time.time())
NAME, COPY = "killed site", "undisturbed site"
LOG, GRADES = f"{SCHEMA}.{PREFIX}logstore_standard_log", f"{SCHEMA}.{PREFIX}grade_grades"
COUNTS = "select count(*), sum(id), max(timecreated) from mdl_logstore_standard_log"
COMMAND = [sys.executable, "-c", "from moodle_analytics import cli; cli.main()"]
NO_TESTS = ["--exclude-resource-type", "test"]
# When something was written is no fact about a learner.
CLOCKS = ("scored_at", "trained_at")


@dataclass
class Killer:
    """Starts commands and kills them; `folder` is for dbt's files, which many commands share."""

    server: database.Server
    folder: Path
    random: Random

    def command(self, name: str, *arguments: str) -> list[str]:
        [verb, *rest] = arguments
        return [*COMMAND, verb, "--database", name, *rest]

    def environment(self) -> dict[str, str]:
        folder = str(self.folder)
        return {**os.environ, "DBT_TARGET_PATH": folder, "DBT_LOG_PATH": folder}

    def run(self, name: str, *arguments: str) -> float:
        """Run a command to its end; give its seconds."""
        began = time.monotonic()
        done = subprocess.run(
            self.command(name, *arguments),
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return time.monotonic() - began

    def kill(self, name: str, way: str, within: float, *arguments: str) -> str:
        """Start a command, and kill it (`client`) or its sessions on the server (`server`)."""
        child = subprocess.Popen(
            self.command(name, *arguments),
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        deadline = time.monotonic() + 60
        while not self.sessions(name) and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        moment = self.random.uniform(0, within)
        time.sleep(moment)
        if way == "client":
            os.killpg(child.pid, signal.SIGKILL)
        else:
            ended = "select pg_terminate_backend(pid) from pg_stat_activity "
            run(self.server, "postgres", f"{ended} where datname like '{name}%'")
        _, said = child.communicate(timeout=120)
        assert "Traceback" not in said, said
        if child.returncode > 0:
            # The sessions of a run that was about to end may not have been needed any more.
            assert child.returncode == 2, said
        return f"{way} killed after {moment:.2f} s: exit code {child.returncode}"

    def sessions(self, name: str) -> int:
        query = f"select count(*) from pg_stat_activity where datname like '{name}%'"
        [(count,)] = run(self.server, "postgres", query)
        return int(str(count))

    def marts(self, name: str) -> dict[str, Any]:
        """Give every published row of every mart as text, but for clocks."""
        tables = run(
            self.server,
            name,
            "select relname, string_agg(format('%I', attname), ', ' order by attnum) "
            "filter (where attname not in ('" + "', '".join(CLOCKS) + "')) "
            "from pg_class inner join pg_attribute on attrelid = pg_class.oid "
            "where relnamespace = to_regnamespace('marts') and relkind = 'r' and attnum > 0 "
            "group by relname",
        )
        return {
            str(table): run(
                self.server,
                name,
                f"select md5(string_agg(t::text, ' ' order by t::text)), count(*) "
                f"from (select {columns} from marts.{table}) as t",
            )
            for table, columns in tables
        }

    def leftovers(self, name: str) -> list[tuple[object, ...]]:
        return run(
            self.server,
            name,
            r"select relname from pg_class where relname ~ '__(dbt_tmp|dbt_backup|fresh)' "
            "and relkind in ('r', 'v')",
        )

    def copy(self, name: str, copy: str) -> None:
        drop_database(self.server, copy)
        run(self.server, "postgres", f'create database "{copy}" template "{name}"')

    def change(self, name: str) -> None:
        """Let some days pass at the site: new events, and grades given again."""
        days = self.random.randrange(1, 5)
        run(
            self.server,
            name,
            f"""
            insert into {LOG}
            select (jsonb_populate_record(log, jsonb_build_object(
                'id', (select max(id) from {LOG}) + row_number() over (order by id),
                'timecreated', timecreated + {days} * 86400
            ))).*
            from {LOG} as log
            where timecreated > (select max(timecreated) from {LOG}) - 3 * 86400;
            update {GRADES} set finalgrade = finalgrade * 0.9, timemodified = timemodified + 60
            where id % 7 = {self.random.randrange(7)} and finalgrade is not null
            """,
        )


@pytest.fixture(scope="module")
def killer(server: database.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killer]:
    print(f"FAULTS_SEED={SEED}")
    made = Killer(server, tmp_path_factory.mktemp("dbt"), Random(SEED))
    for name in (NAME, COPY):
        run(server, "postgres", f'create database "{name}" template template0')
    run(server, NAME, handmade.make_site().sql())
    yield made
    for name in (NAME, COPY):
        drop_database(server, name)


def check_build(killer: Killer, ways: Sequence[str], *arguments: str) -> None:
    """A killed build changes nothing or all; the next one gives what a full one gives."""
    killer.change(NAME)
    killer.copy(NAME, COPY)
    before = killer.marts(NAME)
    within = killer.run(COPY, "build", *arguments, "--full-refresh")
    wanted = killer.marts(COPY)
    assert wanted
    told = []
    for way in ways:
        told.append(killer.kill(NAME, way, within, "build", *arguments))
        print(told[-1])
        assert killer.marts(NAME) in (before, wanted), told
    killer.run(NAME, "build", *arguments)
    assert killer.marts(NAME) == wanted, told
    assert killer.leftovers(NAME) == []


# A few in every test run


def test_a_build_of_some_marts_that_is_killed_twice(killer: Killer) -> None:
    chosen = ["--select", "+fct_sessions", "+dim_courses"]
    check_build(killer, ["client", "server"], "--", *NO_TESTS, *chosen)


# The long run


@pytest.mark.slow
@pytest.mark.parametrize("number", range(26))
def test_a_killed_build(killer: Killer, number: int) -> None:
    check_build(killer, [("client", "server")[number % 2]], "--", *NO_TESTS)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(8))
def test_a_killed_score(killer: Killer, number: int) -> None:
    """All scores are there or none; the next run shows them, whichever run made them."""
    killer.change(NAME)
    run(killer.server, NAME, "drop schema if exists predictions cascade")
    killer.run(NAME, "build", "--", *NO_TESTS)
    killer.copy(NAME, COPY)
    before = killer.marts(NAME)
    scoring = killer.run(COPY, "score", "--no-refresh")
    refreshing = killer.run(COPY, "score")
    wanted, scores = killer.marts(COPY), published_scores(killer, COPY)
    assert len(scores) > 100
    # Every other pair of kills is aimed at the scoring itself, a small part of the whole.
    within = (refreshing, scoring / 2)[number // 2 % 2]
    told = killer.kill(NAME, ("client", "server")[number % 2], within, "score")
    print(told)
    assert published_scores(killer, NAME) in ([], scores), told
    assert killer.marts(NAME) in (before, wanted), told
    killer.run(NAME, "score")
    assert published_scores(killer, NAME) == scores, told
    assert killer.marts(NAME) == wanted, told


def published_scores(killer: Killer, name: str) -> list[tuple[object, ...]]:
    """Give every score that is kept, but for when it was given; none where nothing was scored."""
    [(table,)] = run(killer.server, name, "select to_regclass('predictions.learner_week_risk')")
    if table is None:
        return []
    kept = "select (to_jsonb(risk) - 'scored_at')::text from predictions.learner_week_risk as risk"
    return run(killer.server, name, f"{kept} order by 1")


@pytest.mark.parametrize(
    "number", [0, *(pytest.param(one, marks=pytest.mark.slow) for one in range(1, 8))]
)
def test_a_killed_load(
    killer: Killer, shared_dump: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The earlier database stays, or the whole new one is there."""
    monkeypatch.setenv("PGOPTIONS", "")
    name = "loaded site"
    before = database_names(killer.server)
    dump = str(shared_dump)
    try:
        within = killer.run(name, "load", dump)
        [wanted] = run(killer.server, name, COUNTS)
        told = killer.kill(name, ("client", "server")[number % 2], within, "load", dump)
        print(told)
        assert run(killer.server, name, COUNTS) == [wanted]
        killer.run(name, "load", dump)
        assert run(killer.server, name, COUNTS) == [wanted]
        assert database_names(killer.server) - before == {name}
    finally:
        drop_database(killer.server, name)


def database_names(server: database.Server) -> set[object]:
    return {name for (name,) in run(server, "postgres", "select datname from pg_database")}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(8))
def test_killed_sending(
    make_queue: MakeQueue, mail: MailServer, killer: Killer, number: int
) -> None:
    """Each message goes out once; what was on its way stands claimed, and a person is asked."""
    learners = range(11, 41)
    server = make_queue(reminders(*learners))
    mail.delay = 0.05
    told = killer.kill("queue", ("client", "server")[number % 2], 2.5, "remind", "--send", "smtp")
    print(told)
    subprocess.run(
        killer.command("queue", "remind", "--send", "smtp"), capture_output=True, check=False
    )
    found = states(server)
    claimed = {learner for learner, state in found.items() if state.startswith("claimed")}
    sent = {learner for learner, state in found.items() if state == "sent 1"}
    assert claimed | sent == {str(learner) for learner in learners}, told
    assert len(claimed) <= 1, told
    # None went out twice, and all that are said to be sent did.
    delivered = [address.partition("@")[0].removeprefix("learner") for address in mail.recipients]
    assert len(delivered) == len(set(delivered)), told
    assert sent <= set(delivered) <= sent | claimed, told
