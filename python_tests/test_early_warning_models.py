"""Features, rules and outcomes of the early warning, cell by cell; no outcome leaks into them.

The hand-made site is that of test_performance.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

import handmade_grades
from cells import assert_same, columns_of, differences, read
from conftest import dbt_paths, drop_database, run
from early_warning_site import MODELS, Site, cells_before
from moodle_analytics import database
from moodle_tables import ZONE, MoodleSite, at
from oracle_early_warning import FEATURES, Outcomes, feature_rows, rule_rows
from oracle_performance import Performance
from oracle_world import Facts, GradedOracle, Week, world_of
from truncation import truncation_sql
from weekly_checks import WEEKLY

NAME, CUT, CHANGED = "early warning", "early warning cut", "early warning changed"
# Ends of weeks: the instants after which nothing may be known.
INSTANTS = ("2020-11-16 00:00", "2021-01-11 00:00")
OUTCOMES = {"fct_learner_outcomes", "int_learner_week_outcomes"}
LABELS = ("did_not_complete", "dropped_out")


def make_site() -> MoodleSite:
    """Make the site of test_performance; course 3 has nothing to complete before its third week."""
    site = handmade_grades.make_site()
    for row in site.tables["course"]:
        row["enablecompletion"] = int(row["id"] != 3)
    for row in site.tables["grade_items"]:
        if row["courseid"] == 3:
            row["timecreated"] = at("2020-11-18 12:00")
    return site


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="module")
def site(server: database.Server, folder: Path) -> Iterator[Site]:
    run(server, "postgres", f'create database "{NAME}" template template0')
    script = make_site().sql(handmade_grades.SCHEMA, handmade_grades.PREFIX)
    run(server, NAME, script)
    yield Site(server, NAME, dbt_paths(folder), ZONE)
    drop_database(server, NAME)


@pytest.fixture(scope="module")
def oracle() -> GradedOracle:
    return GradedOracle(make_site())


@pytest.fixture(scope="module")
def performance() -> Performance:
    return Performance(world_of(make_site(), ZONE))


@pytest.fixture(scope="module")
def features(oracle: GradedOracle, performance: Performance) -> dict[Week, Facts]:
    return feature_rows(oracle, performance, performance.week_rows())


def _told(rows: dict[Week, Facts], columns: tuple[str, ...]) -> dict[Week, Facts]:
    return {key: {name: row[name] for name in columns} for key, row in rows.items()}


# Cell by cell


@pytest.mark.database
def test_features(site: Site, features: dict[Week, Facts]) -> None:
    columns = (*FEATURES, "course_week", "is_too_early", "unscored_reason", "pass_share")
    expected = _told(features, columns)
    assert_same(expected, site.weekly("int_learner_week_features", [*columns]))
    reasons = Counter(row["unscored_reason"] for row in expected.values())
    assert reasons.keys() == {None, "left", "completed", "nothing_to_complete", "partial"}
    assert len(expected) > 200


@pytest.mark.database
def test_rules(site: Site, features: dict[Week, Facts]) -> None:
    """Who has left or completed is in no class: there the score is told, and the band of nobody."""
    expected = rule_rows(features)
    found = site.weekly("int_learner_week_rules", [*columns_of(expected)])
    for key, row in expected.items():
        if row["rule_band"] is None and key in found:
            found[key]["rule_band"] = None
    assert_same(expected, found)
    bands = Counter(row["rule_band"] for row in expected.values())
    assert bands.keys() >= {"too_early", "struggling", "ok", "well"}


@pytest.mark.database
def test_outcomes(site: Site, oracle: GradedOracle, performance: Performance) -> None:
    expected = Outcomes(oracle, performance).rows()
    keys = ("learner_id", "course_id")
    found = read(site.rows, "marts.fct_learner_outcomes", keys, columns_of(expected))
    assert_same(expected, found)
    assert {row["did_not_complete"] for row in expected.values()} == {True, False, None}


@pytest.mark.database
def test_weekly_outcomes(site: Site, oracle: GradedOracle, performance: Performance) -> None:
    expected = Outcomes(oracle, performance).week_rows()
    found = site.weekly("int_learner_week_outcomes", [*columns_of(expected)])
    assert_same(expected, found)
    assert {row["dropped_out"] for row in expected.values()} == {True, False, None}


def test_features_are_those_of_the_definitions() -> None:
    """The columns that the model describes are the oracle's features, in order, and no more."""
    path = Path("models/intermediate/early_warning/_early_warning__models.yml")
    models = {one["name"]: one for one in yaml.safe_load(path.read_text())["models"]}
    columns = [column["name"] for column in models[MODELS[0]]["columns"]]
    others = {"learner_course_week_id", *WEEKLY, "course_week", "unscored_reason", "is_too_early"}
    assert [name for name in columns if name not in others | {"pass_share"}] == [*FEATURES]


# What came later is not known


@pytest.mark.database
@pytest.mark.parametrize("instant", INSTANTS)
def test_weeks_before_an_instant_know_nothing_of_what_came_after(
    site: Site, server: database.Server, folder: Path, instant: str
) -> None:
    run(server, "postgres", f'create database "{CUT}" template "{NAME}"')
    try:
        script = truncation_sql(handmade_grades.SCHEMA, handmade_grades.PREFIX, at(instant))
        run(server, CUT, script)
        cut = Site(server, CUT, dbt_paths(folder), ZONE)
        whole = cells_before(site.server, instant[:10])
        assert differences(whole, cells_before(cut.server, instant[:10])) == []
        assert len(whole) > 90
    finally:
        drop_database(server, CUT)


@pytest.mark.database
def test_outcomes_do_not_reach_the_features(
    site: Site, server: database.Server, folder: Path
) -> None:
    """Everybody's course total is 0 at the end, completions come later: only outcomes change."""
    schema, prefix = handmade_grades.SCHEMA, handmade_grades.PREFIX
    instant = at(INSTANTS[1])
    run(server, "postgres", f'create database "{CHANGED}" template "{NAME}"')
    try:
        run(
            server,
            CHANGED,
            f"""
            set search_path to {schema};
            update {prefix}course set enddate = {instant} where id = 2;
            update {prefix}course_completions set timecompleted = {instant + 86400}
            where timecompleted >= {instant} or timecompleted is null;
            insert into {prefix}grade_grades_history
                (id, action, oldid, timemodified, itemid, userid, finalgrade, rawgrademin,
                 rawgrademax)
            select 900000 + enrolment.id, 2, 1, {instant + 86400}, item.id, enrolment.userid, 0,
                item.grademin, item.grademax
            from {prefix}user_enrolments as enrolment
            join {prefix}enrol as method on method.id = enrolment.enrolid
            join {prefix}grade_items as item
                on item.courseid = method.courseid and item.itemtype = 'course';
            """,
        )
        changed = Site(server, CHANGED, dbt_paths(folder), ZONE)
        first_day = INSTANTS[1][:10]
        apart = {"elapsed_share"}  # the end of the course is no outcome
        whole, other = ({
            key: {name: value for name, value in row.items() if name not in apart}
            for key, row in cells_before(one.server, first_day).items()
        } for one in (site, changed))  # fmt: skip
        assert differences(whole, other) == []
        query = "select learner_id, course_id, did_not_complete from marts.fct_learner_outcomes"
        assert sorted(map(str, site.rows(query))) != sorted(map(str, changed.rows(query)))
    finally:
        drop_database(server, CHANGED)


@pytest.mark.database
def test_who_has_left_is_not_scored(site: Site, oracle: GradedOracle) -> None:
    """No row that may be scored ends after the last enrolment did."""
    found = site.rows(
        "select learner_id, course_id, week_start from intermediate.int_learner_week_features "
        "where unscored_reason is null"
    )
    late = []
    for learner, course, week in found:
        periods = oracle.periods[learner, course]
        if max(period.stops for period in periods) < at(f"{week + timedelta(7)} 00:00"):
            late.append((learner, course, week))
    assert late == []
    scored = {(learner, course) for learner, course, _ in found}
    gone = {pair for pair in scored if pair not in oracle.current}
    assert gone, "nobody of those who were scored has left: this would show nothing"


@pytest.mark.database
def test_no_feature_is_made_from_an_outcome(site: Site, folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    names = {node: about["name"] for node, about in manifest["nodes"].items()}
    numbers = {name: node for node, name in names.items() if node.startswith("model.")}
    for model in MODELS:
        ancestors, left = set(), [numbers[model]]
        while left:
            for parent in manifest["parent_map"].get(left.pop(), []):
                if parent not in ancestors:
                    ancestors.add(parent)
                    left.append(parent)
        found = {names.get(one, one.rsplit(".", 1)[-1]) for one in ancestors}
        assert found & OUTCOMES == set()
        assert not [one for one in ancestors if "predictions" in one]
        assert "int_learner_course_weeks" in found
        assert not {*LABELS} & {*columns_of_model(site, model)}


def columns_of_model(site: Site, model: str) -> list[str]:
    query = "select column_name from information_schema.columns where table_name = "
    return [name for (name,) in site.rows(query + f"'{model}'")]
