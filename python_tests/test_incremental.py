"""An incremental build equals a full one, cell by cell, whatever happened to Moodle's tables.

`fuzz_builds.py` runs longer hunts than these tests, and says how.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

import fuzz_builds
from commands import in_process
from conftest import dbt_paths, drop_database
from fuzz_campaign import (
    INSTANTS,
    MODELS_ONLY,
    ZONES,
    Campaign,
    campaign_on,
    copied,
    end,
    real_site,
    small_site,
)
from fuzz_compare import fingerprints
from fuzz_site import DAY, LOOKBACK_ROWS, Place
from moodle_analytics import database, increments
from moodle_analytics.schemas import Schemas

pytestmark = pytest.mark.database
FORGET = ("--full-refresh", "--forget-history")
NAME = "increments"
LEARNER, OTHER, COURSE = 10, 11, 2
# A view that is made again is another.
VIEWS = "select oid, relname from pg_class where relkind = 'v' and relname like 'stg_%' order by 1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="module")
def site(server: database.Server, folder: Path) -> Iterator[Campaign]:
    """The hand-made site, built once; the shadow has Moodle's tables alone. Read only, please."""
    campaign = campaign_on(small_site(server, NAME, 0), 0, folder, ZONES[0])
    yield campaign
    end(campaign)
    drop_database(server, NAME)


@pytest.fixture
def campaign(site: Campaign) -> Iterator[Campaign]:
    """A copy of the hand-made site after its first build, to be changed."""
    one = copied(site, 1, NAME)
    yield one
    end(one)


def test_random_changes_give_what_a_full_build_gives(campaign: Campaign) -> None:
    campaign.step(14)


def test_cleanup_keeps_history_and_a_full_refresh_refuses_to_lose_it(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = fingerprints(campaign.built)
    clean_up(campaign.built)
    campaign.grow()
    assert changed(before, campaign.built) == []
    words = command_words(campaign)
    refused = in_process(monkeypatch, capsys)("build", "--full-refresh", *words)
    assert (refused.code, "Traceback" in refused.err) == (2, False)
    assert "--forget-history" in refused.err
    assert changed(before, campaign.built) == []


@pytest.mark.slow
def test_a_build_cut_short_leaves_word_of_what_it_changed(campaign: Campaign) -> None:
    """What was brought up to date before the end is no news to the build that comes next."""
    campaign.change(6)
    campaign.build(campaign.built, "--select", "path:models/staging", "path:models/intermediate")
    campaign.grow()
    campaign.check()


def test_weeks_before_a_change_stay_as_they_lie(campaign: Campaign) -> None:
    before = places_of_weeks(campaign.built)
    weeks = sorted({week for _, week in before})
    edited_on = visit_again(campaign.built)
    campaign.grow()
    after = places_of_weeks(campaign.built)
    written = {key for key in after if after[key] != before.get(key)}
    assert {course for course, _ in written} == {COURSE}
    assert min(week for _, week in written) > weeks[0]
    assert min(week for _, week in written) >= edited_on - timedelta(days=13)


def test_a_night_leaves_views_as_they_are_and_tells_all_rows(campaign: Campaign) -> None:
    before = campaign.built.ask(VIEWS)
    visit_again(campaign.built)
    summary = campaign.build(campaign.built)
    assert campaign.built.ask(VIEWS) == before
    counts = {
        mart.name: campaign.built.ask(f"select count(*) from marts.{mart.name}")[0][0]
        for mart in summary.marts
    }
    assert {mart.name: mart.rows for mart in summary.marts} == counts


@pytest.mark.parametrize(
    ("change", "leaves_out"),
    [
        ("", True),
        ("drop view staging.stg_moodle__scales", False),
        ("alter table {scale} add column colour text", False),
        ("create schema predictions; create table predictions.model_card (id int)", False),
        ("drop view intermediate.build_layer", False),
        ("update intermediate.build_state set fingerprint = 'of other models'", False),
    ],
)
def test_views_are_left_out_while_they_would_be_the_same(
    campaign: Campaign, change: str, leaves_out: bool
) -> None:
    place = campaign.built
    mark = str(place.ask("select fingerprint from intermediate.build_state")[0][0])
    place.run([change.format(scale=place.table("scale"))] if change else [])
    with closing(database.connect(place.server)) as connection:
        chosen = increments.selection(connection, Schemas(), mark, MODELS_ONLY)
        assert bool(chosen) is leaves_out
        assert not increments.selection(connection, Schemas(), mark, ["--full-refresh"])
        assert not increments.selection(connection, Schemas(), mark, ["--select=dim_weeks"])


@pytest.mark.slow
def test_since_finds_an_edit_from_before_the_lookback(campaign: Campaign) -> None:
    edited_on = edit_old_row(campaign)
    before = events_of_both(campaign.built)
    campaign.variables["since"] = edited_on
    campaign.grow()
    after = events_of_both(campaign.built)
    assert {who: after[who] - before[who] for who in before} == {LEARNER: -1, OTHER: 1}


@pytest.mark.slow
def test_an_edit_from_before_the_lookback_waits_for_since(campaign: Campaign) -> None:
    edited_on = edit_old_row(campaign)
    before = fingerprints(campaign.built)
    campaign.grow()
    assert changed(before, campaign.built) == []
    campaign.variables["since"] = edited_on
    campaign.grow()
    del campaign.variables["since"]
    campaign.check()


@pytest.mark.slow
def test_a_full_refresh_forgets_history_when_told_so(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clean_up(campaign.built)
    campaign.grow()
    first = "select min(week_start) from marts.fct_weekly_engagement where event_count > 0"
    before = campaign.built.ask(first)[0][0]
    told = in_process(monkeypatch, capsys)("build", *FORGET, *command_words(campaign))
    assert told.code in (0, 1), told.err
    assert campaign.built.ask(first)[0][0] > before


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 7))
def test_long_sequences_on_the_hand_made_site(
    server: database.Server, folder: Path, seed: int
) -> None:
    base = small_site(server, f"{NAME} long", INSTANTS[seed % len(INSTANTS)])
    follow(campaign_on(base, seed, folder, ZONES[seed % len(ZONES)]), steps=4)
    drop_database(server, base.server.database)


@pytest.mark.slow
@pytest.mark.usefixtures("shared_dump")
def test_a_long_sequence_on_a_real_site(server: database.Server, folder: Path) -> None:
    base = real_site(server, f"{NAME} real")
    follow(campaign_on(base, 1, folder, "UTC"), steps=4)
    drop_database(server, base.server.database)


@pytest.mark.slow
def test_every_kind_of_change_changes_a_mart(server: database.Server, folder: Path) -> None:
    """A kind that changes nothing would test nothing."""
    assert fuzz_builds.print_effects(server, f"{NAME} effects", folder, seed=1) == []


def follow(campaign: Campaign, steps: int) -> None:
    for _ in range(steps):
        campaign.step(10)
    end(campaign)


def command_words(campaign: Campaign) -> list[str]:
    """Give the words of a command that builds as a campaign does, and as quickly."""
    place = campaign.built
    variables = ["--vars", json.dumps(campaign.variables)]
    return [
        "--database", place.server.database, "--timezone", place.zone, "--",
        *dbt_paths(campaign.folder), *MODELS_ONLY, *variables,
    ]  # fmt: skip


def changed(before: Mapping[tuple[str, str], object], place: Place) -> list[str]:
    """Name the tables that are not as they were."""
    after = fingerprints(place)
    return [".".join(name) for name in before if after.get(name) != before[name]]


def clean_up(place: Place) -> None:
    """Delete what is older than 30 days from the log, as Moodle's own job does."""
    log = place.table("logstore_standard_log")
    last = f"(select max(timecreated) from {log})"
    place.run([f"delete from {log} where timecreated < {last} - {30 * DAY}"])


def edit_old_row(campaign: Campaign) -> str:
    """Give a learner's old course view to another in both sites; give its date in the zone."""
    place = campaign.built
    log = place.table("logstore_standard_log")
    number, day = place.ask(
        f"select id, (to_timestamp(timecreated) at time zone '{place.zone}')::date::text "
        f"from {log} where userid = {LEARNER} and courseid = {COURSE} "
        f"and id <= {campaign.last_id - LOOKBACK_ROWS} order by timecreated desc limit 1"
    )[0]
    for one in (campaign.built, campaign.shadow):
        table = one.table("logstore_standard_log")
        one.run([f"update {table} set userid = {OTHER} where id = {number}"])
    return str(day)


def visit_again(place: Place) -> date:
    """Let a learner's last event in the course come again, 5 minutes later; give its date."""
    log = place.table("logstore_standard_log")
    columns = ", ".join(
        name
        for (name,) in place.ask(
            "select quote_ident(attname) from pg_attribute where attnum > 0 and not attisdropped "
            f"and attrelid = '{log}'::regclass and attname not in ('id', 'timecreated')"
        )
    )
    last = f"from {log} where userid = {LEARNER} and courseid = {COURSE} order by timecreated desc"
    place.run([
        f"insert into {log} (id, timecreated, {columns}) select (select max(id) + 1 from {log}), "
        f"timecreated + 300, {columns} {last} limit 1"
    ])  # fmt: skip
    zone = f"at time zone '{place.zone}'"
    return place.ask(f"select (to_timestamp(timecreated) {zone})::date {last} limit 1")[0][0]


def places_of_weeks(place: Place) -> dict[tuple[int, date], list[str]]:
    """Say where the working mart's rows of each course and week lie, which tells who wrote them."""
    rows = place.ask(
        "select course_id, week_start, array_agg(ctid::text || xmin::text order by learner_id) "
        "from marts_build.fct_weekly_engagement group by course_id, week_start"
    )
    return {(course, week): where for course, week, where in rows}


def events_of_both(place: Place) -> dict[int, int]:
    rows = place.ask(
        "select learner_id, sum(event_count) from marts.fct_weekly_engagement "
        f"where course_id = {COURSE} and learner_id in ({LEARNER}, {OTHER}) group by learner_id"
    )
    return {learner: int(count) for learner, count in rows}
