"""Ways to damage how sheets are drawn and move together, with words of the fault."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tableau_damage import (
    Damage,
    Root,
    added,
    at,
    cut,
    named,
    one,
    sheet,
    source,
    whole,
)

_POSTGRES = "connection//connection[@class='postgres']"
_LISTED = named("Checks by subject")
_STACKED = named("Enrolments by status")
_TOP = named("Most used activities")
_BAND = named("Estimated minutes a week: median, and the middle half")
_TABLE = named("Learners to write to")
_COURSE = "table/view/filter[contains(@column, 'course_short_name')]"
_WEEK = "table/view/filter[contains(@column, 'week_start')]"


def _exchanged(of: Callable[[Root], Any], path: str) -> Callable[[Root], None]:
    """Let the first two elements at a path say what the other says."""

    def do(root: Root) -> None:
        first, second = one(of(root), path), one(of(root), path, 1)
        first.text, second.text = second.text, first.text

    return do


def _other_measure(root: Root) -> None:
    """Sort the most used activities by their views, and not by their events."""
    for sort in _TOP(root).xpath(".//computed-sort"):
        sort.set("using", sort.get("using").replace("measure_events", "measure_views"))


def _arrows_turned(root: Root) -> None:
    turned = str.maketrans("▲▼", "▼▲")
    for column in root.xpath("//column[@default-format]"):
        column.set("default-format", column.get("default-format").translate(turned))


def _one_course(root: Root) -> None:
    """Let one sheet of a page begin with one course, and the others with all of them."""
    group = one(_STACKED(root), f"{_COURSE}/groupfilter")
    for key in list(group.attrib):
        del group.attrib[key]
    group.set("function", "member")
    group.set("level", "[none:course_short_name:nk]")
    group.set("member", '"Algebra & <1> \'ü\\""')


def _one_range(root: Root) -> None:
    """Narrow the weeks of one sheet, within the data."""
    week = one(_STACKED(root), _WEEK)
    week.set("included-values", "in-range")
    for tag, day in (("min", "#1999-01-01#"), ("max", "#2999-01-01#")):
        added(_STACKED, _WEEK, f"<{tag}>{day}</{tag}>", 99)(root)


DRAWN = [
    Damage("bars' order lost", cut(_LISTED, ".//computed-sort"), "is not ordered by -checks"),
    Damage("bars' order turned", at(_LISTED, ".//computed-sort", direction="ASC"),
           "is not ordered by -checks"),
    Damage("order by another measure", _other_measure, "is not ordered by -events"),
    Damage("measures in another order", _exchanged(_STACKED, ".//manual-sort//bucket"),
           "does not have its measures in the order"),
    Damage("measures turned", at(_STACKED, ".//manual-sort", direction="DESC"),
           "does not have its measures in the order"),
    Damage("measures' order lost", cut(_STACKED, ".//manual-sort"),
           "does not have its measures in the order"),
    Damage("the most of all courses", at(_TOP, _COURSE, context=None), "before it filters by"),
    Damage("change in the number's place",
           _exchanged(sheet, "table/panes/pane/customized-label//run[contains(., 'measure_')]"),
           "does not write struggling_now, then struggling_change"),
    Damage("arrows turned", _arrows_turned, "not ▲ for more"),
    Damage("two scales", at(_BAND, "table/style//encoding[@attr='space']", synchronized=None),
           "not synchronized"),
    Damage("headings together", at(_TABLE, "table/style//format[@attr='row-levels']", value="2"),
           "keeps 2 headings apart"),
    Damage("headings by default", cut(_TABLE, "table/style//format[@attr='row-levels']"),
           "keeps 6 headings apart"),
    Damage("sheet without its card", at(_STACKED, _COURSE, filter__group="99"),
           "in filter group 99"),
    Damage("two pages in one group", lambda root: one(
        sheet(root, "Views by week"), _COURSE).set("filter-group", one(
            _STACKED(root), _COURSE).get("filter-group")), "is of dashboard"),
    Damage("one sheet of another course", _one_course,
           "begins course_short_name otherwise than sheet"),
    Damage("one sheet of fewer weeks", _one_range, "begins week_start otherwise than sheet"),
    Damage("one sheet out of context", at(_TOP, _COURSE, context="false"),
           "begins course_short_name otherwise than sheet"),
    Damage("parameter", added(whole, "datasources", '<datasource name="Parameters"><column '
           'datatype="integer" name="[Parameter 1]" role="measure" type="quantitative" value="1">'
           '<calculation class="tableau" formula="1"/></column></datasource>'),
           "has the parameter Parameter 1"),
    Damage("user in the server", at(source, _POSTGRES, server="me:hunter2@db.example"),
           "more than a name in server"),
    Damage("port in the server", at(source, _POSTGRES, server="db.example:hunter2"),
           "more than a name in server"),
    Damage("path in the server", at(source, _POSTGRES, server="db.example/hunter2"),
           "more than a name in server"),
]  # fmt: skip
