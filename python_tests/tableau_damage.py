"""Ways to damage a workbook, and its data sources, each with words of the fault to be found."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree

Root = Any
SHEET = "Struggling"
SOURCE = "Cohort weeks"


@dataclass(frozen=True)
class Damage:
    """`do` changes the tree of the workbook for 2026.2; `words` are in a fault's line."""

    name: str
    do: Callable[[Root], None]
    words: str


def one(root: Root, path: str, number: int = 0) -> Any:
    """Give the element at a path; the damage must find what it is to damage."""
    return root.xpath(path)[number]


def sheet(root: Root, name: str = SHEET) -> Any:
    return one(root, f"worksheets/worksheet[@name='{name}']")


def source(root: Root, caption: str = SOURCE) -> Any:
    return one(root, f"datasources/datasource[@caption='{caption}']")


def dashboard(root: Root, number: int = 0) -> Any:
    return one(root, "dashboards/dashboard", number)


def at(of: Callable[[Root], Any], path: str, **attributes: str | None) -> Callable[[Root], None]:
    """Set attributes (None: remove) of the first element at a path; `_text` is its text."""

    def do(root: Root) -> None:
        element = one(of(root), path)
        for key, value in attributes.items():
            name = key.rstrip("_").replace("__", "-")
            if name == "-text":
                element.text = value
            elif value is None:
                del element.attrib[name]
            else:
                element.set(name, value)

    return do


def cut(of: Callable[[Root], Any], path: str, number: int = 0) -> Callable[[Root], None]:
    """Remove an element."""

    def do(root: Root) -> None:
        element = one(of(root), path, number)
        element.getparent().remove(element)

    return do


def swapped(of: Callable[[Root], Any], path: str, old: str, new: str) -> Callable[[Root], None]:
    """Replace a text within an element's attributes and text, once."""

    def do(root: Root) -> None:
        element = one(of(root), path)
        for key, value in element.attrib.items():
            if old in value:
                element.set(key, value.replace(old, new, 1))
                return
        assert old in (element.text or "")
        element.text = element.text.replace(old, new, 1)

    return do


def whole(root: Root) -> Any:
    return root


def twice(of: Callable[[Root], Any], path: str) -> Callable[[Root], None]:
    """Put a copy of an element behind it."""

    def do(root: Root) -> None:
        element = one(of(root), path)
        element.addnext(copy.deepcopy(element))

    return do


def added(
    of: Callable[[Root], Any], path: str, text: str, index: int = 0
) -> Callable[[Root], None]:
    """Put a new element into another."""

    def do(root: Root) -> None:
        one(of(root), path).insert(index, etree.fromstring(text))

    return do


def named(name: str) -> Callable[[Root], Any]:
    return lambda root: sheet(root, name)


def sourced(caption: str) -> Callable[[Root], Any]:
    return lambda root: source(root, caption)


def _summed_id(root: Root) -> None:
    """Make an id a measure, and sum it."""
    one(source(root), "column[@name='[course_id]']").set("role", "measure")
    one(source(root), "column[@name='[course_id]']").set("type", "quantitative")


def other_formula(old: str, new: str) -> Callable[[Root], None]:
    """Change a calculation in the source and in every sheet that uses it."""

    def do(root: Root) -> None:
        changed = 0
        for calculation in root.iter("calculation"):
            if old in calculation.get("formula"):
                calculation.set("formula", calculation.get("formula").replace(old, new))
                changed += 1
        assert changed

    return do


_POSTGRES = "connection//connection[@class='postgres']"
_JOIN = "connection/relation[@type='join']"
_RECORD = "connection//metadata-record[local-name='[struggling_count]']"

SOURCES = [
    # Sources: connection, tables, joins.
    Damage("password", at(source, _POSTGRES, password="hunter2"), "the attribute password"),
    Damage("empty password", at(source, _POSTGRES, password=""), "the attribute password"),
    Damage("authentication", at(source, _POSTGRES, authentication="auth-none"), "authentication"),
    Damage("auth mode", at(source, _POSTGRES, workgroup__auth__mode="as-is"),
           "workgroup-auth-mode"),
    Damage("other database", at(source, _POSTGRES, dbname="other"), "connects to database other"),
    Damage("other schema", at(source, _POSTGRES, schema="staging"), "connects to schema staging"),
    Damage("no port", at(source, _POSTGRES, port="many"), "connects to port many"),
    Damage("no server", at(source, _POSTGRES, server=""), "without a server"),
    Damage("no user", at(source, _POSTGRES, username=None), "without a username"),
    Damage("ssl mode", at(source, _POSTGRES, sslmode="perhaps"), "sslmode perhaps"),
    Damage("other class", at(source, _POSTGRES, class_="mysql"), "connects to mysql"),
    Damage("initial SQL", at(source, _POSTGRES, one__time__sql="drop table x"), "runs SQL"),
    Damage(
        "connection's name",
        at(source, "connection//named-connection", name="postgres.gone"),
        "which is not there",
    ),
    Damage(
        "table's schema",
        swapped(source, "connection/relation", "[marts]", "[staging]"),
        "reads schema staging",
    ),
    Damage(
        "table",
        swapped(source, "connection/relation", "].[fct_weekly_groups]", "].[fct_weekly_group]"),
        "reads table fct_weekly_group,",
    ),
    Damage(
        "another mart",
        swapped(source, "connection/relation", "].[fct_weekly_groups]", "].[fct_deadlines]"),
        "it is to read fct_weekly_groups",
    ),
    Damage(
        "join by no column",
        swapped(sourced("Watch list"), f"{_JOIN}//expression[not(*)]", "course_id", "courseid"),
        "a column that is not in the table",
    ),
    Damage(
        "join by another column",
        swapped(sourced("Watch list"), f"{_JOIN}//expression[not(*)]", "course_id", "list_place"),
        "joins its tables by other keys",
    ),
    Damage(
        "join by another type",
        swapped(sourced("Watch list"), f"{_JOIN}//expression[not(*)]", "course_id", "learner_key"),
        "joins [fct_watch_list].[learner_key] (string)",
    ),
    Damage("join's kind", at(sourced("Learner weeks"), _JOIN, join="inner"), "in another way"),
    Damage("full join", at(sourced("Learner weeks"), _JOIN, join="full"), "full join"),
    Damage("join's sign", at(sourced("Watch list"), f"{_JOIN}//*[@op='=']", op="<>"),
           "joins by <>"),
    Damage("join lost a key", cut(sourced("Watch list"), f"{_JOIN}//*[@op='=']"), "other keys"),
    # Sources: fields.
    Damage(
        "map's column",
        swapped(source, "connection/cols/map[@key='[struggling_count]']",
                "groups].[s", "groups].[S"),
        "a column that is not in the table",
    ),
    Damage(
        "map to another column",
        at(source, "connection/cols/map[@key='[late_count]']",
           value="[fct_weekly_groups].[missing_count]"),
        "name different columns",
    ),
    Damage("map lost", cut(source, "connection/cols/map"), "is not mapped"),
    Damage("map twice", twice(source, "connection/cols/map"), "twice"),
    Damage("record lost", cut(source, _RECORD), "has no metadata record"),
    Damage("record twice", twice(source, _RECORD), "is there 2 times"),
    Damage("record's type", at(source, f"{_RECORD}/local-type", __text="string"), "is string, the"),
    Damage("record's code", at(source, f"{_RECORD}/remote-type", __text="130"), "remote type 130"),
    Damage("record's table", at(source, f"{_RECORD}/parent-name", __text="[x]"), "of table x"),
    Damage("record's column", at(source, f"{_RECORD}/remote-name", __text="x"), "of column x"),
    Damage("record's object", at(source, f"{_RECORD}/object-id", __text="[x]"), "of object x"),
    Damage("record's sum", at(source, f"{_RECORD}/aggregation", __text="Year"), "aggregation Year"),
    Damage(
        "column's name",
        at(source, "column[@name='[struggling_count]']", name="[struggling]"),
        "field struggling is no column",
    ),
    Damage(
        "column's datatype",
        at(source, "column[@name='[struggling_count]']", datatype="string"),
        "is string, the column is integer",
    ),
    Damage("id as a measure", _summed_id, "course_id is an id"),
    Damage(
        "role",
        at(source, "column[@name='[struggling_count]']", role="dimension", type="nominal"),
        "with role measure",
    ),
    Damage("column twice", twice(source, "column[@name='[status_x]' or position()=3]"), "2 times"),
    Damage("column lost", cut(source, "column[@name='[course_id]']"), "course_id is an id"),
    Damage("start of week", at(source, "date-options", start__of__week="sunday"), "on sunday"),
    Damage("no start of week", cut(source, "date-options"), "weeks start on monday"),
    Damage("object graph lost", cut(source, "object-graph"), "has no object graph"),
    Damage("object's id", at(source, "object-graph//object", id="x"), "of object"),
    Damage(
        "object's table",
        swapped(source, "object-graph//relation", "].[fct_weekly_groups]", "].[fct_sessions]"),
        "object graph and its connection differ",
    ),
    Damage(
        "folder",
        at(source, "folders-common//folder-item", name="[gone]"),
        "there is none",
    ),
    Damage(
        "alias of no value",
        at(sourced("Watch list"), "column[@name='[band]']//alias", key='"bad"'),
        "a value that is not known",
    ),
    Damage(
        "alias without quotes",
        at(sourced("Watch list"), "column[@name='[band]']//alias", key="ok"),
        "not in double quotes",
    ),
    Damage("colour's field", at(sourced("Watch list"), "style//encoding", field="[none:x:nk]"),
           "colours [none:x:nk]"),
    Damage("colour's value", at(sourced("Watch list"), "style//bucket", __text='"x"'),
           "colours band"),
    Damage("colour lost", cut(sourced("Watch list"), "style//map"), "has no colour"),
    Damage("no colour", at(sourced("Watch list"), "style//map", to="red"), "the colour red"),
    # Calculations.
    Damage("unknown field", other_formula("[struggling_count]", "[struggling]"), "is no field"),
    Damage("syntax", other_formula("THEN [struggling_count]", "[struggling_count]"), "lacks THEN"),
    Damage("no end", other_formula("[struggling_count] END", "[struggling_count]"), "lacks END"),
    Damage("parenthesis", other_formula("[struggling_count] END)", "[struggling_count] END"),
           "lacks )"),
    Damage("no function", other_formula("SUM([view_count]", "SUMM([view_count]"), "SUMM"),
    Damage("other aggregate", other_formula("SUM([view_count]", "AVG([view_count]"),
           "does not show views"),
    Damage("other week", other_formula("[weeks_ago] = 1 THEN [struggling",
                                       "[weeks_ago] = 2 THEN [struggling"),
           "does not show struggling_change"),
    Damage("mean of a ratio",
           other_formula("SUM([handed_in_count]) / SUM([deadline_count])",
                          "AVG([handed_in_count] / [deadline_count])"), "a ratio of sums"),
    Damage("mixed aggregates", other_formula("SUM([handed_in_count]) / SUM(",
                                             "SUM([handed_in_count]) / ("),
           "mixes aggregates"),
    Damage("text added up", other_formula("SUM([view_count]", "SUM([activity_name]"), "a string"),
    Damage("compared with text", other_formula("[weeks_ago] = 0", '[weeks_ago] = "0"'), "together"),
    Damage("formula of one place",
           at(sheet, ".//column[calculation]/calculation", formula="SUM([learner_count])"),
           "with formula"),
    Damage("turned around", other_formula("[handed_in_count]) / SUM([deadline_count]",
                                           "[deadline_count]) / SUM([handed_in_count]"),
           "does not show handed_in_share"),
    Damage("a calculation's type",
           at(source, "column[@name='[measure_struggling_now]']", datatype="string"),
           "but gives real"),
]  # fmt: skip
