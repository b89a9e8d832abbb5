"""The report: one file that holds all it shows, and the same for the same marts."""

from __future__ import annotations

import base64
import gzip
import json
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

import report_marts
from commands import Command, in_process
from conftest import drop_database, run
from moodle_analytics import database
from moodle_analytics.dashboard import report, specification

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def marts(server: database.Server) -> Iterator[database.Server]:
    """A database with nothing but made marts."""
    run(server, "postgres", 'create database "made marts" template template0')
    run(server, "made marts", report_marts.script())
    yield replace(server, database="made marts")
    drop_database(server, "made marts")


@pytest.fixture(scope="module")
def content(marts: database.Server) -> Callable[[], report.Content]:
    def read() -> report.Content:
        with closing(database.connect(marts)) as connection:
            return report.collect(connection)

    return read


@pytest.fixture(scope="module")
def page(content: Callable[[], report.Content]) -> str:
    return report.fit(content())


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return in_process(monkeypatch, capsys)


class Parsed(HTMLParser):
    """The attributes and ids of a page, and its text outside of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.tags: list[str] = []
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.addresses += [
            value or "" for name, value in attrs if name in ("src", "href", "action")
        ]

    def handle_data(self, data: str) -> None:
        if self._within not in ("script", "style"):
            self.words.append(data)


def facts(page: str) -> dict[str, Any]:
    """Unpack what the page's script reads of its rows."""
    [packed] = re.findall(r'<script id="rows"[^>]*>([^<]*)</script>', page)
    data = gzip.decompress(base64.b64decode(packed))
    (length,) = struct.unpack_from("<I", data)
    found: dict[str, Any] = json.loads(data[4 : 4 + length])
    return found


def test_asks_nothing_of_the_network(page: str) -> None:
    parsed = Parsed(page)
    assert parsed.addresses == ["data:,"]
    assert "default-src 'none'" in page
    assert not re.findall(r"@import|url\((?!#)", page.split("</style>")[0])
    assert parsed.tags.count("script") == 4


def test_has_every_page_and_sheet_with_its_grain_and_what_it_means(page: str) -> None:
    plan = specification.load()
    parsed = Parsed(page)
    assert {sheet.name for of in plan.pages for sheet in of.sheets} < set(parsed.ids)
    text = " ".join(" ".join(parsed.words).split())
    for of in plan.pages:
        assert of.question in text and f"page-{of.name}" in parsed.ids
    assert "By week and course" in text
    assert "From rows by course, learner group, activity and week" in text
    assert "Sum of struggling_count over the sum of judged_learner_count" in text
    # What the database says of a column, as text.
    assert "Monday <of> it." in text
    assert "Drawn by Vega-Lite, not Tableau" in text
    assert "Data as of" in text and "UTC" in text
    assert "Cut by the data, so lower than they were: the week of 18 March 2024." in text


def test_names_from_the_data_are_no_markup(page: str) -> None:
    assert set(report_marts.COURSES.values()) <= {
        *facts(page)["sources"]["cohort_weeks"]["columns"]["course_short_name"]["values"]
    }
    assert "R&D </script>" not in page
    assert "Team <A>" not in page
    assert "Monday <of> it" not in page


def test_the_same_marts_give_the_same_file(
    marts: database.Server, content: Callable[[], report.Content], page: str
) -> None:
    # The rows lie elsewhere in the table then, and come in another order.
    run(
        marts,
        marts.database,
        "update marts.fct_weekly_progress set learner_id = learner_id where learner_id % 2 = 0",
    )
    assert report.fit(content()) == page


def test_is_far_below_the_limit(page: str) -> None:
    assert len(page.encode()) < 1_500_000


def test_reads_no_personal_column() -> None:
    personal = set()
    for path in (report_marts.ROOT / "models" / "marts").rglob("_*__models.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            for column in model["columns"]:
                if column.get("config", {}).get("meta", {}).get("pii"):
                    personal.add((model["name"], column["name"]))
    plan = specification.load()
    read = {
        (source.table_of(name), name)
        for source in plan.sources.values()
        for name in plan.columns_of(source)
    }
    assert personal and not personal & read


@pytest.mark.parametrize(
    ("over", "said", "kept"),
    [
        (1, ["Learner groups are left out"], {"activity_weeks": 24, "learner_weeks": 56}),
        (2, ["Learner groups are left out", "Only learners on a watch"], {"learner_weeks": 32}),
        (3, ["The weeks of single learners are left out"], {"learner_weeks": 0}),
    ],
)
def test_says_what_it_leaves_out_to_stay_small(
    content: Callable[[], report.Content],
    monkeypatch: pytest.MonkeyPatch,
    over: int,
    said: list[str],
    kept: dict[str, int],
) -> None:
    held = content()
    # Some learners are on no list.
    held.rows["watch_list"] = held.rows["watch_list"].only(
        "learner_key", {"learner-00", "learner-03", "learner-04", "learner-06"}
    )
    sizes = iter([9] * over + [1] * 4)
    monkeypatch.setattr(report, "render", lambda _: "x" * next(sizes))
    report.fit(held, limit=5)
    notes = {note for of in held.notes.values() for note in of}
    assert all(any(note.startswith(start) for note in notes) for start in said), notes
    assert {name: held.rows[name].count for name in kept} == kept
    monkeypatch.undo()
    text = " ".join(Parsed(report.render(held)).words)
    assert all(note in text for note in notes)


def test_one_course_alone(marts: database.Server, command: Command, tmp_path: Path) -> None:
    path = tmp_path / "new" / "one.html"
    done = command("report", "--database", marts.database, "--course", "3", "--to", str(path))
    assert done.code == 0, done.err
    assert str(path) in done.out.replace("\n", "")
    held = facts(path.read_text(encoding="utf-8"))
    for name in ("cohort_weeks", "learner_weeks", "watch_list", "activity_weeks", "deadlines"):
        known = held["sources"][name]["columns"]["course_short_name"]["values"]
        assert known == [report_marts.COURSES[3], None], name
    assert held["first"]["one_course"] == report_marts.COURSES[3]
    assert held["sources"]["weeks"]["count"] == 4
    assert [one.name for one in path.parent.iterdir()] == ["one.html"]


def test_charts_as_files(marts: database.Server, command: Command, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("an older one")
    arguments = ["--to", str(path), "--charts", str(tmp_path / "charts")]
    assert command("report", "--database", marts.database, *arguments).code == 0
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    charts = [
        sheet.name
        for sheet in specification.load().sheets()
        if sheet.mark not in ("number", "table")
    ]
    files = {one.name: one.read_bytes() for one in (tmp_path / "charts").iterdir()}
    assert set(files) == {f"{name}.{kind}" for name in charts for kind in ("png", "svg")}
    assert all(files[f"{name}.png"].startswith(b"\x89PNG") for name in charts)
    drawn = files["struggling_by_course.svg"].decode()
    assert "R&amp;D" in drawn and "Share struggling by course and week" in drawn


def test_says_what_is_wrong_and_writes_nothing(
    marts: database.Server, command: Command, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    path.write_text("an older one")
    base = ["report", "--to", str(path), "--database"]
    unknown = command(*base, marts.database, "--course", "77")
    assert unknown.code == 2 and "no course 77" in unknown.err
    unbuilt = command(*base, "postgres")
    assert unbuilt.code == 2 and "`moodle-analytics build` first" in unbuilt.err
    folder = command("report", "--database", marts.database, "--to", str(tmp_path))
    assert folder.code == 2 and "is a folder" in folder.err
    (tmp_path / "file").write_text("")
    within = command("report", "--database", marts.database, "--to", str(tmp_path / "file" / "x"))
    assert within.code == 2 and "cannot be written into" in within.err
    assert path.read_text() == "an older one"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "report.html"]


def test_of_empty_marts_it_says_that_there_is_nothing(server: database.Server) -> None:
    run(server, "postgres", 'create database "empty marts" template template0')
    try:
        run(server, "empty marts", report_marts.script(only=()))
        with closing(database.connect(server, "empty marts")) as connection:
            text = report.fit(report.collect(connection))
    finally:
        drop_database(server, "empty marts")
    assert "unknown: no event is in the marts" in text
    assert facts(text)["sources"]["cohort_weeks"]["count"] == 0
