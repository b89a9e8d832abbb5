"""Moodle 2.7 to 4.5: the same few rows give the same numbers, whatever columns there are."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from conftest import SHARED_DATA, dbt_paths, drop_database, run
from moodle_analytics import build, database
from moodle_analytics.errors import UserError

pytestmark = pytest.mark.database

Schema = Mapping[str, Mapping[str, Any]]
VERSIONS = [
    *("2.7", "3.1", "3.5", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11"),
    *("4.0", "4.1", "4.2", "4.3", "4.5"),
]
NAME = "versions"
# Unlike a fresh Moodle's, so that the vars have work to do.
PREFIX, SCHEMA = "x_", "lms"


def at(text: str) -> int:
    """`03-05 10:00` -> epoch seconds, in 2024 UTC. 03-04 is a Monday."""
    return int(datetime.strptime(f"2024-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp())


START = at("03-04 00:00")
LOG_COLUMNS = (
    "id eventname component edulevel contextlevel contextinstanceid courseid userid realuserid "
    "origin timecreated"
)
PLACES = {"site": (10, 0, 0), "course": (50, 2, 2), "forum": (70, 1, 2), "quiz": (70, 2, 2)}
PLACES |= {"assign": (70, 3, 2)}


def log(*rows: tuple[str, int, int, str, str]) -> list[tuple[Any, ...]]:
    """(time, user, edulevel, place, event) -> log rows; user -4 is 4, as whom the admin acts."""
    return [
        (
            *(number, name, name.split("\\")[1], edulevel, *PLACES[place], abs(user)),
            *(2 if user < 0 else None, "web", at(time)),
        )
        for number, (time, user, edulevel, place, name) in enumerate(rows, start=1)
    ]


TEACHER, ANN, BEN = 3, 4, 5
LOG = log(
    ("03-04 08:00", TEACHER, 2, "course", r"\core\event\course_viewed"),
    ("03-05 10:00", ANN, 0, "site", r"\core\event\user_loggedin"),
    ("03-05 10:01", ANN, 2, "course", r"\core\event\course_viewed"),
    ("03-05 10:05", ANN, 2, "forum", r"\mod_forum\event\discussion_created"),
    ("03-05 10:05", ANN, 2, "forum", r"\mod_forum\event\assessable_uploaded"),
    ("03-05 10:05", ANN, 2, "forum", r"\core\event\course_module_completion_updated"),
    ("03-06 12:00", ANN, 2, "quiz", r"\mod_quiz\event\attempt_started"),
    ("03-06 12:20", ANN, 2, "quiz", r"\mod_quiz\event\attempt_submitted"),
    ("03-11 09:00", BEN, 0, "site", r"\core\event\user_loggedin"),
    ("03-11 09:02", BEN, 2, "course", r"\core\event\course_viewed"),
    ("03-11 09:30", TEACHER, 1, "course", r"\core\event\user_graded"),
    ("03-14 23:50", BEN, 2, "assign", r"\mod_assign\event\assessable_submitted"),
    ("03-14 23:55", -BEN, 2, "course", r"\core\event\course_viewed"),
    ("03-19 07:00", ANN, 2, "course", r"\core\event\course_viewed"),
)

# Table -> columns and rows. What a version lacks is left out; what it has besides is 0, '' or NULL.
ROWS: Mapping[str, tuple[str, list[tuple[Any, ...]]]] = {
    "user": (
        "id username firstname confirmed timezone firstaccess",
        [
            (1, "guest", "Guest", 1, "99", 0),
            (2, "admin", "Admin", 1, "99", START),
            (TEACHER, "tess", "Tess", 1, "99", START),
            (ANN, "ann", "Ann", 1, "99", START),
            (BEN, "ben", "Ben", 1, "Asia/Dubai", START),
        ],
    ),
    "course": (
        "id shortname fullname format startdate visible",
        [(1, "site", "The site", "site", 0, 1), (2, "sql", "SQL", "weeks", START, 1)],
    ),
    "context": (
        "id contextlevel instanceid path depth",
        [
            (1, 10, 0, "/1", 1),
            (2, 50, 1, "/1/2", 2),
            (3, 50, 2, "/1/3", 2),
            *((3 + cm, 70, cm, f"/1/3/{3 + cm}", 3) for cm in (1, 2, 3)),
        ],
    ),
    "role": (
        "id shortname archetype sortorder",
        [(3, "editingteacher", "editingteacher", 3), (5, "student", "student", 5)],
    ),
    "role_assignments": (
        "id roleid contextid userid timemodified",
        [(1, 3, 3, TEACHER, START), (2, 5, 3, ANN, START), (3, 5, 3, BEN, START)],
    ),
    "enrol": ("id enrol courseid roleid status", [(1, "manual", 2, 5, 0)]),
    "user_enrolments": (
        "id enrolid userid timecreated",
        [(1, 1, TEACHER, START), (2, 1, ANN, START), (3, 1, BEN, START)],
    ),
    "modules": ("id name", [(1, "forum"), (2, "quiz"), (3, "assign")]),
    "course_modules": (
        "id course module instance visible added",
        [(cm, 2, cm, 10 + cm, 1, START) for cm in (1, 2, 3)],
    ),
    "forum": ("id course type name", [(11, 2, "general", "Talk")]),
    "quiz": ("id course name", [(12, 2, "Check")]),
    "assign": ("id course name", [(13, 2, "Essay")]),
    "forum_discussions": (
        "id course forum name firstpost userid",
        [(1, 2, 11, "Hello", 1, ANN)],
    ),
    "forum_posts": (
        "id discussion userid created message",
        [(1, 1, ANN, at("03-05 10:05"), "Hello all")],
    ),
    "course_modules_completion": (
        "id coursemoduleid userid completionstate timemodified",
        [(1, 1, ANN, 1, at("03-05 10:05"))],
    ),
    "grade_categories": ("id courseid", [(1, 2)]),
    "grade_items": (
        "id courseid itemtype itemmodule iteminstance gradetype grademax",
        [(1, 2, "course", None, 1, 1, 100), (2, 2, "mod", "quiz", 12, 1, 10)],
    ),
    "grade_grades": (
        "id itemid userid finalgrade timemodified",
        [(1, 2, ANN, 7, at("03-11 09:30"))],
    ),
    "config": ("id name value", [(1, "siteguest", "1"), (2, "siteadmins", "2")]),
    "logstore_standard_log": (LOG_COLUMNS, LOG),
}

WEEKS = [date(2024, 3, 4), date(2024, 3, 11), date(2024, 3, 18)]
MEASURES = """
    event_count, participating_event_count, view_count, submission_count, quiz_attempt_count,
    forum_post_count, active_day_count, distinct_activity_count, session_count, minutes_low,
    minutes_high, days_since_last_activity
"""
# The log-ins stand on the site: their minutes, up to the course page, are the site's.
EXPECTED = [
    (ANN, WEEKS[0], 5, 4, 1, 1, 1, 1, 2, 2, 2, 24, 84, 4),
    (ANN, WEEKS[1], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11),
    (ANN, WEEKS[2], 1, 1, 1, 0, 0, 0, 1, 0, 1, 0, 30, 0),
    (BEN, WEEKS[0], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, None),
    (BEN, WEEKS[1], 2, 2, 1, 1, 0, 0, 2, 1, 2, 0, 60, 3),
    (BEN, WEEKS[2], 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5),
]
# Central minutes: Ann's gaps in her first week are 60, 240, 0 and 1200 s, Ben's is 120 s.
INDEXES = [
    (ANN, WEEKS[0], 29, 2, 100, 100),
    (ANN, WEEKS[1], 0, 2, 0, 0),
    (BEN, WEEKS[0], 0, 2, 0, 0),
    (BEN, WEEKS[1], 4, 2, 100, 100),
]


@pytest.fixture(scope="module")
def schemas() -> Mapping[str, Schema]:
    path = SHARED_DATA / "moodle_schema_by_version.json"
    if not path.exists():
        pytest.skip(f"the tables of each version are not at {path}")
    return dict(json.loads(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dbt's folder of the whole module: what was parsed once need not be parsed again."""
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture
def empty(server: database.Server) -> Iterator[database.Server]:
    """A database of always the same name, so that dbt need not parse the project again."""
    drop_database(server, NAME)
    run(server, "postgres", f"create database {NAME} template template0")
    yield replace(server, database=NAME)
    drop_database(server, NAME)


def make_tables(server: database.Server, schema: Schema) -> None:
    lines = [f"create schema {SCHEMA};"]
    for name, table in schema.items():
        columns = [
            f'"{column}" {kind.replace("int/smallint", "smallint")}'
            for column, kind in table["cols"].items()
        ]
        keys = ["primary key (id)", *(f"unique ({', '.join(key)})" for key in table["unique"])]
        lines.append(f"create table {SCHEMA}.{PREFIX}{name} ({', '.join([*columns, *keys])});")
    run(server, NAME, "\n".join(lines))


def insert_rows(server: database.Server, schema: Schema) -> None:
    lines = [
        insert(name, schema[name]["cols"], dict(zip(names.split(), row, strict=True)))
        for name, (names, rows) in ROWS.items()
        for row in rows
    ]
    run(server, NAME, "\n".join(lines))


def insert(table: str, columns: Mapping[str, str], values: dict[str, Any]) -> str:
    """One row; a column that must not be NULL and has no value gets 0 or ''."""
    told = {name: value for name, value in values.items() if name in columns}
    for name, kind in columns.items():
        if kind.endswith("not null") and name not in told:
            told[name] = "" if kind.startswith(("varchar", "text")) else 0
    names = ", ".join(f'"{name}"' for name in told)
    literals = ", ".join(
        "null" if value is None else repr(value) if isinstance(value, int) else f"'{value}'"
        for value in told.values()
    )
    return f"insert into {SCHEMA}.{PREFIX}{table} ({names}) values ({literals});"


def what_is_read(schema: Schema) -> Schema:
    """Give the tables and columns of a version whose names staging mentions at all."""
    models = Path(__file__).parents[1] / "models" / "staging" / "moodle"
    macros = Path(__file__).parents[1] / "macros" / "moodle"
    files = [*models.iterdir(), *macros.iterdir()]
    words = set(re.findall(r"\w+", "\n".join(file.read_text() for file in files)))
    return {
        name: {column: kind for column, kind in table["cols"].items() if column in words}
        for name, table in schema.items()
        if name in words
    }


def twin_of(version: str, schemas: Mapping[str, Schema]) -> str:
    """Name the first version of which the same is read as of this one: itself, where none is."""
    read = what_is_read(schemas[version])
    return next(other for other in VERSIONS if what_is_read(schemas[other]) == read)


def build_all(server: database.Server, folder: Path, *, check: bool = False) -> build.Summary:
    """Build; the checks of dbt, which take most of the time, only where wanted."""
    arguments = [*dbt_paths(folder), *([] if check else ["--exclude-resource-type", "test"])]
    return build.build(build.Target(server), arguments=arguments)


def select(server: database.Server, query: str) -> list[tuple[Any, ...]]:
    return run(server, NAME, query)


def check_numbers(server: database.Server) -> None:
    """Hold the marts against what was counted by hand."""
    query = f"""
        select learner_id, week_start, {MEASURES} from marts.fct_weekly_engagement
        where course_id = 2 order by 1, 2
    """
    assert select(server, query) == EXPECTED
    query = """
        select learner_id, week_start, minutes_central, peer_count, engagement_index,
            engagement_percentile
        from marts.fct_weekly_engagement where not is_partial_week order by 1, 2
    """
    assert select(server, query) == INDEXES
    query = """
        select learner_id, week_start, event_count, login_count, site_event_count
        from marts.fct_weekly_learners where event_count > 0 order by 1, 2
    """
    assert select(server, query) == [
        (ANN, WEEKS[0], 6, 1, 1),
        (ANN, WEEKS[2], 1, 0, 0),
        (BEN, WEEKS[1], 3, 1, 1),
    ]
    query = """
        select left_out_reason, sum(event_count)::int from intermediate.int_event_days
        group by 1 order by 1 nulls first
    """
    assert select(server, query) == [(None, 11), ("automatic", 2), ("logged_in_as", 1)]
    query = "select learner_id, entry_state, is_role_inferred from marts.dim_learners order by 1"
    assert select(server, query) == [(ANN, "started", False), (BEN, "started", False)]
    query = "select course_module_id, module_name, activity_name from marts.dim_activities"
    assert sorted(select(server, query)) == [
        (1, "forum", "Talk"),
        (2, "quiz", "Check"),
        (3, "assign", "Essay"),
    ]


def test_every_version_is_tried(schemas: Mapping[str, Schema]) -> None:
    assert list(schemas) == VERSIONS


def test_versions_that_differ_in_what_is_read_are_built(schemas: Mapping[str, Schema]) -> None:
    built = [version for version in VERSIONS if twin_of(version, schemas) == version]
    assert built[0] == VERSIONS[0]
    assert len(built) > len(VERSIONS) / 2
    lost = copy.deepcopy(dict(schemas))
    del lost["4.3"]["forum"]["cols"]["cutoffdate"]
    assert twin_of("4.3", lost) == "4.3"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_few_rows(
    empty: database.Server, schemas: Mapping[str, Schema], folder: Path, version: str
) -> None:
    if (twin := twin_of(version, schemas)) != version:
        pytest.skip(f"what is read of Moodle {version} is as in {twin}")
    make_tables(empty, schemas[version])
    insert_rows(empty, schemas[version])
    build_all(empty, folder)
    check_numbers(empty)


@pytest.mark.parametrize("version", ["2.7", "4.5"])
def test_a_site_without_a_row(
    empty: database.Server, schemas: Mapping[str, Schema], folder: Path, version: str
) -> None:
    make_tables(empty, schemas[version])
    summary = build_all(empty, folder, check=version == "4.5")
    assert (summary.faults, summary.warnings) == ([], [])
    # What is said of the data has a row a check, whatever there is to be said.
    assert {mart.name for mart in summary.marts if mart.rows != 0} == {"fct_data_quality"}
    assert len(summary.marts) > 5


def test_columns_and_tables_taken_away(
    empty: database.Server, schemas: Mapping[str, Schema], folder: Path
) -> None:
    schema = schemas["4.5"]
    make_tables(empty, schema)
    insert_rows(empty, schema)
    gone = {
        "user": "timezone country email firstname lastname idnumber auth lastip",
        "course": "enddate enablecompletion format",
        "context": "path depth locked",
        "course_modules": "section completionexpected deletioninprogress visibleoncoursepage",
        "forum_posts": "deleted privatereplyto wordcount charcount",
        "forum": "duedate cutoffdate",
        "grade_items": "weightoverride aggregationcoef2",
        "logstore_standard_log": "ip other",
    }
    tables = "cohort cohort_members groups groups_members quiz_attempts course_sections scale"
    lines = [
        f"alter table {SCHEMA}.{PREFIX}{table} drop column {column};"
        for table, columns in gone.items()
        for column in columns.split()
    ]
    lines += [f"drop table {SCHEMA}.{PREFIX}{table};" for table in tables.split()]
    run(empty, NAME, "\n".join(lines))
    summary = build_all(empty, folder, check=True)
    assert summary.faults == []
    check_numbers(empty)
    assert select(empty, "select count(*) from staging.stg_moodle__quiz_attempts") == [(0,)]
    query = "select count(*), count(word_count) from staging.stg_moodle__forum_posts"
    assert select(empty, query) == [(1, 0)]


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (f"drop table {SCHEMA}.{PREFIX}grade_items_history", ["x_grade_items_history"]),
        (
            f"revoke all on {SCHEMA}.{PREFIX}grade_categories from current_user",
            ["x_grade_categories"],
        ),
        (f"alter table {SCHEMA}.{PREFIX}logstore_standard_log drop edulevel", ["edulevel"]),
        (f"alter table {SCHEMA}.{PREFIX}grade_grades drop itemid", ["grade_grades", "itemid"]),
    ],
)
def test_what_is_needed_and_missing_is_named(
    empty: database.Server,
    schemas: Mapping[str, Schema],
    folder: Path,
    damage: str,
    named: list[str],
) -> None:
    make_tables(empty, schemas["4.5"])
    run(empty, NAME, damage)
    with pytest.raises(UserError) as error:
        build_all(empty, folder)
    sentence = str(error.value)
    assert [word for word in named if word not in sentence] == []
    assert "\n" not in sentence
    assert "Traceback" not in sentence
