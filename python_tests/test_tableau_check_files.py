"""`tableau check` on folders: files that cannot be read, queries, roles, exit codes, JSON."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands import Command, Result, in_process
from conftest import run as sql
from moodle_analytics import database
from moodle_analytics.tableau import build
from moodle_analytics.tableau.check import run as run_check
from moodle_analytics.tableau.check import schema, sqlfiles
from tableau_marts import marts

pytestmark = pytest.mark.database

NAME = "tableau folder"
WORKBOOK = "learner_progress.twb"
QUERY = "sql/cohort_progress/struggling_now.sql"


@pytest.fixture(scope="module")
def site(server: database.Server) -> Iterator[database.Server]:
    with marts(server, NAME) as made:
        yield made


@pytest.fixture(scope="module")
def built(site: database.Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tableau")
    build.build(folder, database_name=site.database)
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path) -> Path:
    """A copy of a build, to damage."""
    return Path(shutil.copytree(built, tmp_path / "files"))


@pytest.fixture
def check(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Result]:
    """Run the command on the copy, without Tableau's schema."""
    monkeypatch.delenv(schema.VARIABLE, raising=False)
    monkeypatch.setattr(schema, "_installed", lambda: None)
    command: Command = in_process(monkeypatch, capsys)

    def run(*options: str) -> Result:
        result = command("tableau", "check", "--from", str(folder), "--database", NAME, *options)
        assert "Traceback" not in result.err
        return result

    return run


def test_a_build_has_no_fault_and_says_what_was_not_checked(
    check: Callable[..., Result], folder: Path
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    result = check()
    assert result.code == 0, result.out
    *notes, last = result.out.splitlines()
    assert [note.split(":")[0] for note in notes] == ["not checked against Tableau's schema"]
    assert last == (
        "Checked 2 workbooks, 11 data sources, 31 queries (not against Tableau's schema): "
        "0 faults, 0 warnings."
    )
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _rewritten(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        path = folder / name
        content = change(path.read_bytes())
        assert content != path.read_bytes()
        path.write_bytes(content)

    return do


def _replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    return _rewritten(name, lambda text: text.replace(old.encode(), new.encode(), 1))


def _lost(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _zipped(**members: str) -> Callable[[Path], None]:
    """Put a package beside the build; a member's name has __ for its dot, its text may be empty."""

    def do(folder: Path) -> None:
        with zipfile.ZipFile(folder / "more.twbx", "w") as package:
            for name, text in members.items():
                package.writestr(name.replace("__", ".").replace("UP", "../"), text)

    return do


def _bomb(folder: Path) -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    text = (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{entities}]><workbook>&e9;</workbook>'
    )
    (folder / WORKBOOK).write_text(text)


def _reading_files(folder: Path) -> None:
    (folder / "secret.txt").write_text("the secret of the file")
    text = f'<!DOCTYPE x [<!ENTITY f SYSTEM "{folder / "secret.txt"}">]><workbook>&f;</workbook>'
    (folder / WORKBOOK).write_text(text)


FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "cut off": (_rewritten(WORKBOOK, lambda text: text[:5000]), f"{WORKBOOK}: is not XML"),
    "not XML": (_rewritten(WORKBOOK, lambda _: b"hello"), f"{WORKBOOK}: is not XML"),
    "empty": (_rewritten(WORKBOOK, lambda _: b" \n"), f"{WORKBOOK}: is empty"),
    "byte order mark": (_rewritten(WORKBOOK, lambda text: b"\xef\xbb\xbf" + text), "byte order"),
    "Latin-1": (_replaced(WORKBOOK, "utf-8", "latin-1"), "declares the encoding latin-1"),
    "not UTF-8": (_rewritten(
        WORKBOOK, lambda text: text.replace(b"Struggling", b"Str\xfcggling", 1)), "is not XML"),
    "sign of control": (_replaced(WORKBOOK, "Struggling", "Strug\x01gling"), "is not XML"),
    "entities": (_bomb, "has a document type or entities"),
    "entity of a file": (_reading_files, "has a document type or entities"),
    "instruction": (
        _replaced(WORKBOOK, "<worksheets>", "<?run me?><worksheets>"), "processing instruction"),
    "other root": (_rewritten(WORKBOOK, lambda _: b"<x/>"), "is a <x>, not a <workbook>"),
    "data source as a workbook": (
        lambda folder: shutil.copy(folder / "weeks.tds", folder / WORKBOOK), "not a <workbook>"),
    "no package": (
        lambda folder: (folder / "more.twbx").write_bytes(b"PK"), "is not a readable package"),
    "empty package": (_zipped(a__txt="x"), "holds 0 .twb files"),
    "two in a package": (_zipped(a__twb="<workbook/>", b__twb="<workbook/>"), "holds 2 .twb"),
    "package that leaves": (_zipped(UPa__twb="<workbook/>"), "leaves the package's folder"),
    "empty workbook": (_rewritten(WORKBOOK, lambda _: b"<workbook version='26.2'/>"),
                       "is in the specification, but not in the file"),
    "workbook lost": (_lost(WORKBOOK), f"{WORKBOOK}: is not there"),
    "old workbook lost": (_lost("learner_progress_18.1.twb"), "18.1.twb: is not there"),
    "data source lost": (_lost("weeks.tds"), "weeks.tds: is not there"),
    "fields of a data source": (
        _replaced("weeks.tds", 'datatype="integer"', 'datatype="real"'), "weeks.tds: data source"),
    "old workbook with new parts": (
        _replaced("learner_progress_18.1.twb", "</windows>",
                  '</windows><explain-data enabled-for-viewer="false" '
                  'extreme-values-enabled-for-all="false"/>'), "Desktop to 2025 refuses"),
}  # fmt: skip

QUERIES: dict[str, tuple[Callable[[Path], None], str]] = {
    "query lost": (_lost(QUERY), f"{QUERY}: sheet Struggling: has no SQL file"),
    "queries lost": (lambda folder: shutil.rmtree(folder / "sql"), f"{QUERY}: sheet Struggling"),
    "query of no sheet": (lambda folder: (folder / "sql/more.sql").write_text("select 1"),
                          "sql/more.sql: is of no sheet"),
    "empty query": (_rewritten(QUERY, lambda _: b"-- later\n;\n"), "holds no statement"),
    "two statements": (_replaced(QUERY, "\n;\n", "\n; drop schema marts cascade\n;\n"),
                       "more than one statement"),
    "query that writes": (_rewritten(QUERY, lambda _: b"delete from marts.dim_courses;"),
                          "begins with delete"),
    "query that writes within": (
        _rewritten(QUERY, lambda _: b"with x as (delete from marts.dim_courses returning 1) "
                   b"select * from x"), "begins with with"),
    "psql's command": (_rewritten(QUERY, lambda text: text + b"\\! rm -rf x\n"), "command of psql"),
    "query of another table": (_replaced(QUERY, '"marts"."fct_weekly_groups"',
                                         '"marts"."fct_weekly_cohorts"'), "fct_weekly_cohorts"),
    "query of another schema": (_replaced(QUERY, '"marts".', '"staging".'), '"staging"'),
    "query's aggregate": (_replaced(QUERY, "sum(", "avg("), "has avg after"),
    "query's filter": (_replaced(QUERY, "All learners", "Some"), "'Some'"),
    "query's filter lost": (
        _rewritten(QUERY, lambda text: text[: text.index(b"\nwhere")] + b"\n;\n"), "its end after"),
    "query's name": (_replaced(QUERY, 'as "struggling_now"', 'as "fine"'), '"fine"'),
    "open text": (_replaced(QUERY, "'All learners'", "'All learners"), "does not end"),
    "dollars": (_replaced(QUERY, "'All learners'", "$$All learners$$"), "in dollars"),
    "query not UTF-8": (_rewritten(QUERY, lambda text: text + b"-- \xff"), "is not UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_found(name: str, check: Callable[..., Result], folder: Path) -> None:
    do, words = FILES[name]
    do(folder)
    result = check("--no-compare")
    assert result.code == 1, result.out
    assert words in result.out, result.out[:2000]
    assert "the secret of the file" not in result.out


@pytest.mark.parametrize("name", QUERIES)
def test_a_damaged_query_is_found_and_not_run(
    name: str, check: Callable[..., Result], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_check, "check_document", lambda *_: None)
    do, words = QUERIES[name]
    do(folder)
    result = check("--no-compare")
    assert result.code == 1, result.out
    assert words in result.out, result.out[:2000]
    assert sql(database.locate(), NAME, "select count(*) from marts.dim_courses") == [(1,)]


def test_a_change_that_no_rule_knows_is_found_unless_tableau_saved_the_file(
    check: Callable[..., Result], folder: Path
) -> None:
    _replaced(WORKBOOK, '"26"', '"27"')(folder)
    result = check()
    assert result.code == 1
    assert f"{WORKBOOK}: differs from what is built now: <preference" in result.out
    assert check("--no-compare").code == 0
    _replaced(WORKBOOK, "<workbook", "<!-- build 20262.26.0528.2205 -->\n<workbook")(folder)
    assert check().code == 0


def test_a_workbook_alone_is_checked_with_the_specifications_queries(
    check: Callable[..., Result], folder: Path
) -> None:
    for path in folder.iterdir():
        if path.name != WORKBOOK:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    result = check()
    assert result.code == 0, result.out
    assert "\nChecked 1 workbook, 0 data sources, 31 queries (not" in result.out


def test_the_queries_run_as_the_reader(
    check: Callable[..., Result], site: database.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = database.Server(**{**vars(site), "user": "postgres"})
    sql(
        admin,
        NAME,
        "create role tableau_reader; grant usage on schema marts to tableau_reader; "
        "grant select on all tables in schema marts to tableau_reader; "
        "revoke select on marts.dim_weeks, marts.fct_weekly_groups from tableau_reader; "
        f"grant tableau_reader to {site.user}",
    )
    try:
        monkeypatch.setenv("PGOPTIONS", "-c role=tableau_reader")
        refused = check()
        monkeypatch.delenv("PGOPTIONS")
        assert refused.code == 2
        assert "cannot be read: permission denied for table fct_weekly" in refused.err
        sql(admin, NAME, "grant select on marts.fct_weekly_groups to tableau_reader")
        result = check("--as", "tableau_reader")
        assert result.code == 1
        lines = [line for line in result.out.splitlines() if "does not run" in line]
        assert len(lines) == 1
        assert "log_volume.sql" in lines[0]
        assert "permission denied for table dim_weeks" in lines[0]
        sql(admin, NAME, "grant select on marts.dim_weeks to tableau_reader")
        assert check("--as", "tableau_reader").code == 0
    finally:
        sql(admin, NAME, "drop owned by tableau_reader; drop role tableau_reader")


def test_a_slow_query_is_ended(
    check: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, site: database.Server
) -> None:
    monkeypatch.setattr(sqlfiles, "TIMEOUT", "200ms")
    sql(
        site,
        NAME,
        "alter table marts.dim_weeks rename to weeks_kept; create view marts.dim_weeks as "
        "select weeks_kept.* from marts.weeks_kept "
        "cross join lateral (select pg_sleep(1)) as slept",
    )
    try:
        result = check("--no-compare")
    finally:
        sql(
            site,
            NAME,
            "drop view marts.dim_weeks; alter table marts.weeks_kept rename to dim_weeks",
        )
    assert result.code == 1
    assert "does not run: canceling statement due to statement timeout" in result.out


def test_a_mart_that_lost_a_column_is_named(
    check: Callable[..., Result], site: database.Server
) -> None:
    sql(site, NAME, "alter table marts.dim_weeks rename column log_row_count to log_rows")
    try:
        result = check()
    finally:
        sql(site, NAME, "alter table marts.dim_weeks rename column log_rows to log_row_count")
    assert result.code == 1
    assert "[log_row_count], a column that is not in the table" in result.out
    assert "nothing can be built from it: The mart dim_weeks has no column" in result.out
    assert "log_row_count" in next(line for line in result.out.splitlines() if ".sql" in line)


def test_json_has_all_of_it(check: Callable[..., Result], folder: Path, tmp_path: Path) -> None:
    _lost("weeks.tds")(folder)
    path = tmp_path / "new" / "check.json"
    assert check("--json", str(path)).code == 1
    found = json.loads(path.read_text(encoding="utf-8"))
    assert (found["workbooks"], found["sources"], found["queries"]) == (2, 10, 31)
    assert found["faults"] == 1
    assert found["schema"] is None
    assert found["found"] == [
        {
            "file": "weeks.tds",
            "place": "",
            "what": "is not there",
            "advice": "run `moodle-analytics tableau build`",
            "is_warning": False,
        }
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--from", "nowhere"], "There is no folder nowhere"),
        (["--database", "nowhere"], "There is no database nowhere"),
        (["--database", "postgres"], "Database postgres has no marts"),
        (["--require-schema"], "Tableau's schema is not found"),
        (["--schema", "nowhere.xsd"], "The schema nowhere.xsd cannot be read"),
        (["--schema", __file__], "is no schema of workbooks"),
        (["--as", "nobody"], "Cannot read as nobody"),
        (["--json", "/proc/x/check.json"], "cannot be written"),
    ],
)
def test_what_cannot_be_checked_is_said_in_one_sentence(
    check: Callable[..., Result], options: list[str], words: str
) -> None:
    result = check(*options)
    assert result.code == 2
    assert words in result.err
    assert result.err.count("\n") == 1


def test_a_folder_without_files_is_said(check: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = check("--from", str(tmp_path / "empty"))
    assert result.code == 2
    assert "There is no .twb, .tds, .twbx or .tdsx in" in result.err
