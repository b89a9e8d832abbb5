"""The demo, as a newcomer runs it: a made academy from nothing to a learner's weeks."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from conftest import drop_database, run
from moodle_analytics import cli, database

pytestmark = pytest.mark.database


def test_the_demo_runs_from_nothing_to_a_learners_weeks(server: database.Server) -> None:
    done = CliRunner().invoke(cli.app, ["demo", "--database", "demo"])
    assert done.exit_code == 0, done.output
    assert "0 failed" in done.output
    assert "Learners with any activity" in done.output
    # Of 1,052 users 446 never logged in; Moodle wrote rows for them all the same.
    [(never, in_log, participating)] = run(
        server,
        "demo",
        """
        select
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
    assert (never, in_log, participating) == (446, True, 0)
    drop_database(server, "demo")
