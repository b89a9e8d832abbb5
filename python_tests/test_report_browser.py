"""The report in a real browser: it draws, it answers as SQL does, and anyone can work it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import report_marts
from conftest import drop_database, run
from moodle_analytics import database
from moodle_analytics.dashboard import data, report, specification
from moodle_analytics.dashboard.specification import Sheet
from moodle_analytics.dashboard.sql import sheet_query

pytestmark = pytest.mark.database

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PLAN = specification.load()
PAGES = [page.name for page in PLAN.pages]
FIRST, AWKWARD, EMPTY = report_marts.COURSES.values()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless browser of this machine."""
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if not path:
        pytest.skip(f"none of these browsers is here: {', '.join(_BROWSERS)}")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=path, args=_OPTIONS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def marts(server: database.Server) -> Iterator[database.Server]:
    """A database with nothing but made marts; the course with most learners is PY101."""
    run(server, "postgres", 'create database "marts to look at" template template0')
    made = replace(server, database="marts to look at")
    run(made, made.database, report_marts.script())
    run(
        made,
        made.database,
        "update marts.dim_courses set active_learner_count = 100 - course_id;"
        "update marts.fct_weekly_groups set weeks_ago = null where week_start = '2024-03-18';"
        "update marts.fct_weekly_groups set weeks_ago = null where course_id = 4;"
        "update marts.fct_weekly_progress set grade_mean_share = null "
        "where week_start = '2024-02-26';"
        # More activities than a page lists, none used as often as another.
        "insert into marts.fct_weekly_activities (course_short_name, learner_group, week_start, "
        "activity_name, event_count) select course_short_name, learner_group, week_start, "
        "'Page ' || number, 1000 + number from ("
        "select course_short_name, learner_group, week_start "
        "from marts.fct_weekly_activities where course_id = 3 and week_start = '2024-03-04' "
        "group by 1, 2, 3) as one cross join generate_series(1, 60) as number",
    )
    yield made
    drop_database(server, made.database)


@pytest.fixture(scope="module")
def file(marts: database.Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    with closing(database.connect(marts)) as connection:
        path.write_text(report.fit(report.collect(connection)), encoding="utf-8")
    return path


Open = Callable[..., Any]


@pytest.fixture
def opened(browser: Any, file: Path) -> Iterator[Open]:
    """Open the report at an address; whatever it complains of or asks for fails the test."""
    complaints: list[str] = []
    contexts = []

    def look(address: str = "", *, width: int = 1280, **options: Any) -> Any:
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda asked: complaints.append(asked.url) if is_outside(asked) else None
        )
        page.goto(f"{file.as_uri()}{address}")
        page.wait_for_selector("html[data-ready]")
        return page

    yield look
    for context in contexts:
        context.close()
    assert complaints == []


def is_outside(asked: Any) -> bool:
    return not asked.url.startswith(("file:", "data:", "blob:"))


def ask(marts: database.Server, sheet: Sheet, choices: dict[str, Any]) -> list[dict[str, Any]]:
    with closing(database.connect(marts)) as connection:
        return data.run(connection, sheet_query(PLAN, sheet, choices))


def alike(rows: list[dict[str, Any]]) -> list[str]:
    """Give rows as text that does not depend on their order nor on the last digits of numbers."""
    return sorted(
        repr({k: round(v, 9) if isinstance(v, float) else v for k, v in sorted(row.items())})
        for row in ({k: whole(v) for k, v in row.items()} for row in rows)
    )


def whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def sheet_named(name: str) -> Sheet:
    return next(sheet for sheet in PLAN.sheets() if sheet.name == name)


# Each filter's choices: none, usual ones, and ones that nothing fulfils.
CHOICES: dict[str, list[Any]] = {
    "course": [None, FIRST, AWKWARD],
    "one_course": [FIRST, AWKWARD, "no such course"],
    "group": ["All learners", "Team <A> & B"],
    "weeks": [None, {"from": "2024-03-04", "to": "2024-03-11"}, {"from": "2024-03-12", "to": None}],
    "learner": ["learner-02", "learner-05"],
}


@pytest.fixture(scope="module")
def answering(browser: Any, file: Path) -> Iterator[Any]:
    """One page that is only asked for rows."""
    page = browser.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready]")
    yield page
    page.close()


@pytest.mark.parametrize("name", [sheet.name for sheet in PLAN.sheets()])
def test_a_sheet_has_the_rows_of_its_sql(answering: Any, marts: database.Server, name: str) -> None:
    page, sheet = answering, sheet_named(name)
    seen = 0
    for chosen in product(*(CHOICES[of.name] for of in sheet.filters)):
        choices = {
            of.name: choice
            for of, choice in zip(sheet.filters, chosen, strict=True)
            if choice is not None
        }
        expected = ask(marts, sheet, choices)
        found = page.evaluate("([name, choices]) => report.rows(name, choices)", [name, choices])
        # JSON in a text column is said in words by the report alone.
        for row in (*expected, *found):
            row.update(dict.fromkeys({"training_courses", "measures"} & set(row)))
        assert alike(found) == alike(expected), choices
        for by in sheet.order[:1]:
            sorted_by = [row[by.removeprefix("-")] for row in expected]
            # The order of texts is the database's own.
            if not any(isinstance(value, str) for value in sorted_by):
                assert [row[by.removeprefix("-")] for row in found] == sorted_by, choices
        seen += len(found)
    assert seen, "made marts with no row for this sheet judge nothing"


def test_every_page_is_drawn(opened: Open) -> None:
    page = opened()
    for name in PAGES:
        page.click(f"#tab-{name}")
        assert page.is_visible(f"#page-{name}") and page.locator(".page:visible").count() == 1
        for sheet in next(of for of in PLAN.pages if of.name == name).sheets:
            if sheet.mark == "number":
                assert page.inner_text(f"#{sheet.name} .value").strip(), sheet.name
            elif sheet.mark == "table":
                assert page.locator(f"#{sheet.name} tbody tr").count() > 0, sheet.name
            else:
                marks = page.locator(f"#{sheet.name} svg .mark-{shape(sheet)} path:visible")
                assert marks.count() > 0, sheet.name
                box = page.locator(f"#{sheet.name} svg.marks").bounding_box()
                assert box["width"] > 200 and box["height"] > 80, sheet.name


def shape(sheet: Sheet) -> str:
    return {"line": "line", "scatter": "symbol"}.get(sheet.mark, "rect")


def test_filters_change_what_is_shown(opened: Open, marts: database.Server) -> None:
    page = opened()
    shown = "#learners_now .value"
    sheet = sheet_named("learners_now")
    for course, group in product(("", *report_marts.COURSES.values()), ("All learners",)):
        page.select_option("#cohort_progress-course", course)
        choices = {"group": group} | ({"course": course} if course else {})
        [row] = ask(marts, sheet, choices)
        expected = "no figure" if row["learners_now"] is None else f"{row['learners_now']:,}"
        assert page.inner_text(shown) == expected
    page.select_option("#cohort_progress-course", AWKWARD)
    page.select_option("#cohort_progress-from", "2024-03-04")
    page.select_option("#cohort_progress-to", "2024-03-04")
    open_table(page, "status_over_time")
    assert page.locator("#status_over_time tbody tr").count() == 1
    assert page.inner_text("#status_over_time tbody td") == "4 Mar 2024"
    assert AWKWARD in page.locator("#page-cohort_progress .chosen").text_content()
    # The same course holds on the other pages.
    page.click("#tab-content")
    assert page.input_value("#content-course") == AWKWARD
    page.select_option("#content-group", "Team <A> & B")
    choices = {"one_course": AWKWARD, "group": "Team <A> & B"}
    choices |= {"weeks": {"from": "2024-03-04", "to": "2024-03-04"}}
    rows = ask(marts, sheet_named("activities"), choices)
    cells = page.locator("#activities tbody tr").all_inner_texts()
    assert len(rows) == len(cells) > 0
    assert {row["activity_name"] for row in rows} == {cell.split("\t")[0] for cell in cells}


def test_says_what_is_missing(opened: Open) -> None:
    page = opened("#" + query(page="content", course=EMPTY))
    assert "Nothing to show for Course: Ünï + 100%#=&" in page.inner_text("#activities .drawing")
    assert page.locator("#page-content svg.marks").count() == 0
    page = opened("#" + query(page="cohort_progress", course=EMPTY))
    assert "no figures of the latest complete week" in page.inner_text(".numbers")
    page.select_option("#cohort_progress-course", FIRST)
    assert "no figures" not in page.inner_text(".numbers")
    page = opened("#" + query(page="cohort_progress", group="Team <A> & B"))
    assert "too few learners to be judged" in page.inner_text("#page-cohort_progress")
    page = opened("#" + query(page="cohort_progress"))
    assert not page.is_visible("#page-cohort_progress .small-groups")
    page.click("#tab-learner")
    open_table(page, "learner_grades")
    [own, *_] = page.locator("#learner_grades tbody tr td:nth-child(2)").all_inner_texts()
    assert own == "not graded"


def open_table(page: Any, sheet: str) -> None:
    """Open a sheet's table, whose rows come only with the browser's `toggle` event."""
    page.click(f"#{sheet} .as-table summary")
    page.wait_for_selector(f"#{sheet} tbody tr")


def query(**values: str) -> str:
    from urllib.parse import urlencode

    return urlencode(values)


def test_says_what_a_mark_is_of(opened: Open, marts: database.Server) -> None:
    page = opened("#" + query(page="deadlines", course=FIRST))
    page.hover("#states svg .role-mark path >> nth=0")
    said = page.inner_text("#tip").split("\n")
    choices = {"one_course": FIRST, "group": "All learners"}
    known = [
        [f"Activity: {row['activity_name']}", f"Series: {label}", f"Value: {row[name]}"]
        for row in ask(marts, sheet_named("states"), choices)
        for name, label in (("on_time", "On time"), ("late", "Late"), ("missing", "Missing"))
    ]
    assert said in known
    page.mouse.move(1, 1)
    assert not page.is_visible("#tip")


def test_the_address_holds_the_choices(opened: Open) -> None:
    page = opened()
    page.select_option("#cohort_progress-course", AWKWARD)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.input_value("#cohort_progress-course") == AWKWARD
    page.click("#tab-watch_list")
    link = page.locator("#list tbody a").nth(2)
    name = link.inner_text()
    link.click()
    assert page.is_visible("#page-learner")
    assert page.input_value("#learner-learner") == name
    assert page.input_value("#learner-course") == AWKWARD
    again = opened(page.evaluate("location.hash"))
    assert again.input_value("#learner-learner") == name
    assert again.input_value("#learner-course") == AWKWARD
    page.go_back()
    page.wait_for_selector("#page-watch_list:visible")


def test_is_worked_by_keyboard_alone(opened: Open) -> None:
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "tab-cohort_progress"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-learner"
    assert page.get_attribute("#tab-learner", "aria-selected") == "true"
    for _ in range(2):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "learner-learner"
    before = page.input_value("#learner-learner")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.input_value("#learner-learner") != before
    page.focus("#learner-learner")
    page.keyboard.type("05")
    page.keyboard.press("Enter")
    assert page.input_value("#learner-learner") == "learner-05"
    page.focus("#tab-learner")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert page.is_visible("#page-trust")


def test_is_told_to_who_does_not_see_it(opened: Open) -> None:
    page = opened()
    assert page.get_attribute("html", "lang") == "en"
    for name in PAGES:
        page.click(f"#tab-{name}")
    for sheet in PLAN.sheets():
        if sheet.mark in ("number",):
            continue
        assert page.get_attribute(f"#{sheet.name}", "aria-labelledby") == f"title-{sheet.name}"
        if sheet.mark != "table":
            box = page.locator(f"#{sheet.name} .drawing")
            assert box.get_attribute("role") == "img"
            assert sheet.title in box.get_attribute("aria-label")
    unnamed = page.evaluate(
        "[...document.querySelectorAll('select, input')].filter((one) => !one.labels.length).length"
    )
    assert unnamed == 0


@pytest.mark.parametrize("width", [320, 360, 768])
def test_fits_a_small_screen(opened: Open, width: int) -> None:
    page = opened(width=width, device_scale_factor=2, is_mobile=True)
    for name in PAGES:
        page.click(f"#tab-{name}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} wide"
        for box in page.locator(".page:visible svg.marks").all():
            found = box.bounding_box()
            assert found["x"] >= 0 and found["x"] + found["width"] <= width, name


def test_prints_every_page(opened: Open, tmp_path: Path) -> None:
    page = opened()
    # Nobody has looked at the other pages yet.
    page.evaluate(
        "addEventListener('beforeprint', () => setTimeout(() => {"
        "document.body.dataset.empty = [...document.querySelectorAll('.drawing')]"
        ".filter((one) => !one.childElementCount).length}))"
    )
    page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert (tmp_path / "report.pdf").read_bytes().count(b"/Type /Page\n") >= len(PAGES)
    assert page.get_attribute("body", "data-empty") == "0"
    page.emulate_media(media="print")
    for name in PAGES:
        assert page.is_visible(f"#page-{name}"), name
        if name != "trust":
            assert "Course: " in page.inner_text(f"#page-{name} .chosen")
    assert page.locator(".filters:visible, .tabs:visible, details:visible").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_an_old_browser_is_told_so(browser: Any, file: Path) -> None:
    page = browser.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(file.as_uri())
    assert "too old" in page.inner_text("#trouble")
    page.close()
