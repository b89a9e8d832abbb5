"""Filters of sheets: what they are of, and what the reader chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moodle_analytics.dashboard.specification import Filter
from moodle_analytics.dashboard.sql import Choice
from moodle_analytics.tableau import names
from moodle_analytics.tableau.fields import (
    Field,
    Instance,
    continuous,
    dimension,
    member,
)
from moodle_analytics.tableau.xml import Element, element, is_clean


def instance_of(filter_: Filter, of: Field) -> Instance:
    """Give the field as its filter has it: continuous for a range."""
    return continuous(of) if filter_.range else dimension(of)


def chosen(
    filter_: Filter, instance: Instance, reference: str, choice: Choice | None, group: int
) -> Element:
    """Make the filter that a card on the page sets for all sheets of the same source.

    One without a choice, or whose choice no XML file can hold, begins with all values.
    """
    attributes = {"column": reference, "filter-group": group}
    if filter_.range:
        return element("filter", {"class": "quantitative", **attributes, "included-values": "all"})
    function = _all(instance)
    if isinstance(choice, str) and is_clean(choice):
        function = _one(instance, choice, filter_.domain)
    return element("filter", {"class": "categorical", **attributes}, [function])


def fixed(instance: Instance, reference: str, value: Any) -> Element:
    """Make a filter that belongs to the sheet: a value, or a range with both ends."""
    if isinstance(value, Mapping):
        ends = [element("min", text=str(value["from"])), element("max", text=str(value["to"]))]
        attributes = {"class": "quantitative", "column": reference, "included-values": "in-range"}
        return element("filter", attributes, ends)
    attributes = {"class": "categorical", "column": reference}
    return element("filter", attributes, [_one(instance, value, "database")])


def most(instance: Instance, reference: str, expression: str, count: int) -> Element:
    """Make a filter that keeps the values with the most of an expression."""
    level = element(
        "groupfilter",
        {
            "function": "level-members",
            "level": names.bracketed(instance.name),
            "user:ui-enumeration": "all",
            "user:ui-marker": "enumerate",
        },
    )
    order = {
        "direction": "DESC",
        "expression": expression,
        "function": "order",
        "user:ui-marker": "order",
    }
    end = {
        "count": count,
        "end": "top",
        "function": "end",
        "units": "records",
        "user:ui-marker": "end",
        "user:ui-top-by-field": True,
    }
    ordered = element("groupfilter", order, [level])
    return element(
        "filter",
        {"class": "categorical", "column": reference},
        [element("groupfilter", end, [ordered])],
    )


def measure_names(reference: str, references: list[str]) -> tuple[Element, Element]:
    """Make the filter of Measure Names, and its order, from the measures that stand together."""
    members = [
        element(
            "groupfilter",
            {
                "function": "member",
                "level": "[:Measure Names]",
                "member": names.quoted(one),
            },
        )
        for one in references
    ]
    union = element("groupfilter", {"function": "union", "user:op": "manual"}, members)
    buckets = [element("bucket", text=names.quoted(one)) for one in references]
    sort = element(
        "manual-sort",
        {"column": reference, "direction": "ASC"},
        [element("dictionary", children=buckets)],
    )
    return element("filter", {"class": "categorical", "column": reference}, [union]), sort


def sort(reference: str, using: str, *, is_descending: bool) -> Element:
    """Order the values of a field by a measure."""
    direction = "DESC" if is_descending else "ASC"
    return element("computed-sort", {"column": reference, "direction": direction, "using": using})


def _one(instance: Instance, value: Any, domain: str) -> Element:
    return element(
        "groupfilter",
        {
            "function": "member",
            "level": names.bracketed(instance.name),
            "member": member(value),
            "user:ui-domain": domain,
            "user:ui-enumeration": "inclusive",
            "user:ui-marker": "enumerate",
        },
    )


def _all(instance: Instance) -> Element:
    return element(
        "groupfilter",
        {
            "function": "level-members",
            "level": names.bracketed(instance.name),
            "user:ui-enumeration": "all",
            "user:ui-marker": "enumerate",
        },
    )
