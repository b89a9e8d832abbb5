"""The docs site and the entity diagram: what they are made from, and that nothing drifts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from commands import Command, in_process
from moodle_analytics import build, database
from moodle_analytics.docs import diagram, entities, site
from moodle_analytics.docs.entities import Entity, Reference
from moodle_analytics.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
SVG = "{http://www.w3.org/2000/svg}"
PAGE = """<html><head><link rel="canonical" href="/overview/"/></head><body>
<script>const m = "MANIFEST.JSON INLINE DATA", c = "CATALOG.JSON INLINE DATA"</script>
<use xlink:href="{{ getIcon() }}"></use></body></html>"""

SCRIPT = "</script><script>alert(1)</script> <!-- é"

WEEKS = Entity("dim_weeks", "core", ("week_start",), ())
COURSES = Entity("dim_courses", "core", ("course_id",), ())
TO_COURSE = Reference(("course_id",), "dim_courses", is_optional=False)
GROUPS = Entity("dim_groups", "core", ("course_id", "group_id"), (TO_COURSE,))
FACTS = Entity(
    "fct_facts",
    "status",
    ("course_id", "group_id", "week_start"),
    (
        TO_COURSE,
        Reference(("course_id", "group_id"), "dim_groups", is_optional=False),
        Reference(("week_start",), "dim_weeks", is_optional=True),
    ),
)
ALONE = Entity("fct_<alone>", "quality", ("code",), ())
MADE = (WEEKS, COURSES, GROUPS, FACTS, ALONE)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return in_process(monkeypatch, capsys)


# Entities


def mart(name: str, key: tuple[str, ...], columns: Mapping[str, bool]) -> dict[str, Any]:
    """A mart of a manifest; `columns` says of each whether it is never NULL."""
    return {
        "resource_type": "model",
        "name": name,
        "original_file_path": f"models/marts/core/{name}.sql",
        "constraints": [{"type": "primary_key", "columns": list(key)}],
        "columns": {
            column: {"constraints": [{"type": "not_null"}] if is_filled else []}
            for column, is_filled in columns.items()
        },
    }


def link(child: str, column: str, parent: str, kind: str = "relationships") -> dict[str, Any]:
    return {
        "resource_type": "test",
        "attached_node": f"model.p.{child}",
        "test_metadata": {"name": kind, "kwargs": {"column_name": column}},
        "depends_on": {"nodes": [parent, f"model.p.{child}"]},
    }


def test_entities_are_the_marts_with_their_keys_and_references() -> None:
    one_column = mart("dim_weeks", (), {"week_start": True})
    one_column["constraints"] = []
    one_column["columns"]["week_start"]["constraints"] = [{"type": "primary_key"}]
    nodes = {
        "model.p.fct_facts": mart(
            "fct_facts", ("course_id", "group_id"), dict.fromkeys(["course_id", "group_id"], False)
        ),
        "model.p.dim_groups": mart(
            "dim_groups", ("course_id", "group_id"), dict.fromkeys(["course_id", "group_id"], True)
        ),
        "model.p.dim_weeks": one_column,
        "model.p.stg_x": {"resource_type": "model", "original_file_path": "models/staging/x.sql"},
        "test.1": link("fct_facts", "week_start", "model.p.dim_weeks"),
        "test.2": link("fct_facts", "course_id || ' ' || group_id", "model.p.dim_groups"),
        "test.3": link("fct_facts", "reason_code", "seed.p.reasons"),
        "test.4": link("fct_facts", "course_id", "model.p.dim_weeks", kind="accepted_values"),
    }
    nodes["model.p.fct_facts"]["columns"] |= {"week_start": {"constraints": []}}
    nodes["model.p.fct_facts"]["columns"] |= {"reason_code": {"constraints": []}}
    found = entities.read({"nodes": nodes})
    assert [entity.name for entity in found] == ["dim_groups", "dim_weeks", "fct_facts"]
    assert [entity.key for entity in found[:2]] == [("course_id", "group_id"), ("week_start",)]
    assert found[2].references == (
        Reference(("course_id", "group_id"), "dim_groups", is_optional=False),
        Reference(("week_start",), "dim_weeks", is_optional=True),
    )
    assert found[2].columns() == ("course_id", "group_id", "week_start")


def test_each_relationships_test_of_a_mart_is_a_reference(manifest: Mapping[str, Any]) -> None:
    marts = {
        key
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and "/marts/" in node["original_file_path"]
    }
    tests = [
        node
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") == "relationships"
        and {node["attached_node"], *node["depends_on"]["nodes"]} <= marts
    ]
    found = entities.read(manifest)
    assert len(found) == len(marts)
    assert sum(len(entity.references) for entity in found) == len(tests) > 0
    assert all(entity.key for entity in found)


# The diagram


def lines_of(svg: str) -> dict[str, list[float]]:
    """What each reference's line says, and its y and the x of both ends."""
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        said, path = group.find(f"{SVG}title"), group.find(f"{SVG}path")
        assert said is not None
        assert said.text is not None
        assert path is not None
        x, y, end = map(float, re.findall(r"[\d.]+", path.attrib["d"]))
        found[said.text] = [y, min(x, end), max(x, end)]
    return found


def test_diagram_shows_every_entity_key_and_reference() -> None:
    svg = diagram.draw(MADE)
    texts = [text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    for entity in MADE:
        assert entity.name in texts
    assert texts.count("PK") == sum(len(entity.key) for entity in MADE)
    assert set(lines_of(svg)) == {
        "dim_groups (course_id) to dim_courses",
        "fct_facts (course_id) to dim_courses",
        "fct_facts (course_id, group_id) to dim_groups",
        "fct_facts (week_start) to dim_weeks",
    }
    assert svg.count('class="ring"') == 1
    assert "fct_&lt;alone&gt;" in svg


def test_diagram_is_the_same_whatever_the_order_of_tests(manifest: Mapping[str, Any]) -> None:
    nodes = dict(sorted(manifest["nodes"].items(), reverse=True))
    assert diagram.draw(entities.read({"nodes": nodes})) == diagram.draw(entities.read(manifest))


def test_no_two_lines_of_the_diagram_lie_on_each_other(manifest: Mapping[str, Any]) -> None:
    lines = sorted(lines_of(diagram.draw(entities.read(manifest))).items())
    assert [
        (one, other)
        for number, (one, (y, start, end)) in enumerate(lines)
        for other, (other_y, other_start, other_end) in lines[number + 1 :]
        if y == other_y and start < other_end and other_start < end
    ] == []


def test_no_marts_give_an_empty_diagram() -> None:
    ElementTree.fromstring(diagram.draw([]))
    ElementTree.fromstring(diagram.draw([ALONE]))


def test_drawn_diagram_is_that_of_the_marts(manifest: Mapping[str, Any]) -> None:
    there = (ROOT / "models" / site.DIAGRAM).read_text(encoding="utf-8")
    assert there == diagram.draw(entities.read(manifest)), "make docs draws it anew"


# The page


def made_manifest() -> dict[str, Any]:
    return {
        "docs": {
            "doc.moodle_analytics.__overview__": {
                "block_contents": "# Hello\n\n![Entity diagram](entity_diagram.svg)\n"
            }
        },
        "exposures": {
            "exposure.p.here": {"url": "README.md#the-marts"},
            "exposure.p.there": {"url": "https://tableau.example.org/views/1"},
            "exposure.p.nowhere": {"url": None},
        },
        "nodes": {"model.p.x": {"description": SCRIPT, "root_path": "/srv/clone"}},
    }


def test_page_holds_all_and_asks_for_nothing() -> None:
    page = site.assemble(PAGE, made_manifest(), {"nodes": {}}, "<svg>drawn</svg>")
    assert "INLINE DATA" not in page
    assert page.count("<svg>drawn</svg>") == 1
    assert page.count("</script>") == PAGE.count("</script>") + 1
    assert "<!--" not in page
    assert 'rel="canonical"' not in page
    assert '<use xlink:href="{{' not in page
    shown = json.loads(page.partition("const m = ")[2].partition(", c = ")[0].replace("\\!", "!"))
    assert "`entity_diagram.svg`" in str(shown["docs"])
    assert [exposure["url"] for exposure in shown["exposures"].values()] == [
        "#!/overview",
        "https://tableau.example.org/views/1",
        None,
    ]
    assert shown["nodes"] == {"model.p.x": {"description": SCRIPT}}


@pytest.mark.parametrize("place", ["MANIFEST.JSON", "CATALOG.JSON", "</body>"])
def test_another_page_than_expected_is_refused(place: str) -> None:
    with pytest.raises(UserError, match="docs page"):
        site.assemble(PAGE.replace(place, ""), made_manifest(), {}, "")


def pretend_dbt(monkeypatch: pytest.MonkeyPatch, *, writes: bool = True) -> list[Any]:
    """Let dbt write a small site; give what it is asked for."""
    asked: list[Any] = []

    def run_dbt(_: object, command: list[str], *, variables: object, title: str) -> None:
        asked.append((command, variables, title))
        folder = Path(command[command.index("--target-path") + 1])
        if writes:
            values = made_manifest() | {"nodes": {}}
            (folder / "manifest.json").write_text(json.dumps(values))
            (folder / "catalog.json").write_text("{}")

    monkeypatch.setattr(build, "run_dbt", run_dbt)
    monkeypatch.setattr(site, "empty_page", lambda: PAGE)
    return asked


def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise UserError("There is no database.")

    monkeypatch.setattr(database, "connect", refuse)
    monkeypatch.setenv("PGHOST", "127.0.0.1")


def test_without_a_site_the_files_alone_are_documented(
    monkeypatch: pytest.MonkeyPatch, command: Command, tmp_path: Path
) -> None:
    no_database(monkeypatch)
    asked = pretend_dbt(monkeypatch)
    path = tmp_path / "new" / "docs.html"
    result = command("docs", "--to", str(path), "--diagram", str(tmp_path / "d.svg"))
    assert (result.code, result.err) == (0, "")
    assert "no Moodle tables" in result.out
    assert asked[0][0][:-1] == ["parse", "--target-path"]
    assert asked[0][1] == {}
    assert path.read_text().startswith("<html>")
    assert (tmp_path / "d.svg").read_text().startswith("<svg")
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == ["d.svg", "docs.html", "new"]


@pytest.mark.database
def test_where_moodle_is_dbt_is_told(
    monkeypatch: pytest.MonkeyPatch,
    command: Command,
    make_database: Any,
    tmp_path: Path,
) -> None:
    from small_site import site_sql

    make_database("documented", site_sql("m_", "lms"))
    asked = pretend_dbt(monkeypatch)
    result = command("docs", "--database", "documented", "--to", str(tmp_path / "index.html"))
    assert (result.code, result.err) == (0, "")
    assert asked[0][1] == {"moodle_schema": "lms", "moodle_prefix": "m_"}
    assert asked[0][0][:2] == ["docs", "generate"]
    result = command("docs", "--database", "documented", "--prefix", "zz_")
    assert result.code == 2
    assert "zz_" in result.err


def test_what_cannot_be_done_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, command: Command, tmp_path: Path
) -> None:
    no_database(monkeypatch)
    pretend_dbt(monkeypatch)
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    for to in (tmp_path / "folder", tmp_path / "file" / "below.html"):
        result = command("docs", "--to", str(to))
        assert result.code == 2
        assert str(to) in result.err
        assert result.err.count("\n") == 1
    pretend_dbt(monkeypatch, writes=False)
    result = command("docs", "--to", str(tmp_path / "x.html"))
    assert result.code == 2
    assert "manifest.json" in result.err
    assert sorted(entry.name for entry in tmp_path.rglob("*")) == ["file", "folder"]


# The whole site in a browser


@pytest.fixture(scope="module")
def written(manifest: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The docs site of the project's files, as it is without a database."""
    path = tmp_path_factory.mktemp("docs") / "index.html"
    drawing = diagram.draw(entities.read(manifest))
    catalog = {"metadata": {}, "nodes": {}, "sources": {}}
    page = site.assemble(site.empty_page(), manifest, catalog, drawing)
    path.write_text(page, encoding="utf-8")
    return path


def test_site_has_no_address_of_this_machine(written: Path) -> None:
    text = written.read_text(encoding="utf-8")
    assert str(ROOT) not in text


def test_site_is_drawn_in_a_browser(written: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    browser_path = next(
        (path for path in ("/usr/bin/chromium", "/usr/bin/google-chrome") if Path(path).exists()),
        None,
    )
    if browser_path is None:
        pytest.skip("there is no chromium")
    told: list[str] = []
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        with closing(browser):
            page = browser.new_page()
            page.on("console", lambda message: told.append(message.text))
            page.on("pageerror", lambda error: told.append(str(error)))
            page.on("request", lambda request: told.append(request.url))
            page.goto(f"{written.as_uri()}#!/overview")
            page.wait_for_selector("svg[aria-labelledby='title what']")
            assert page.get_by_role("link", name="fct_weekly_progress").first.is_visible()
            page.get_by_role("link", name="Tableau workbook").first.click()
            page.wait_for_selector("text=View this exposure")
            assert page.get_by_text("moodle-analytics tableau build").first.is_visible()
            page.goto(f"{written.as_uri()}#!/model/model.moodle_analytics.fct_weekly_progress")
            page.wait_for_selector("text=learner_key")
    assert [line for line in told if line.partition("#")[0] != written.as_uri()] == []
