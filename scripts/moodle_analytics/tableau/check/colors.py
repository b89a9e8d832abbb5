"""Colours of a data source: for fields and values that there are."""

from __future__ import annotations

from collections import Counter

from moodle_analytics.tableau.check import names
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.fields import known_values
from moodle_analytics.tableau.check.files import Element
from moodle_analytics.tableau.check.marts import Marts
from moodle_analytics.tableau.check.members import member_problem, member_value
from moodle_analytics.tableau.check.model import Source


def check(source: Source, marts: Marts, report: Report) -> None:
    """Report colours of fields and values that are not there, and values without a colour."""
    for encoding in source.element.iterfind("style/style-rule/encoding"):
        name = names.bare(encoding.get("field"))
        if name == names.MEASURE_NAMES:
            _check_measures(source, encoding, report)
            continue
        instance = source.instances.get(name or "")
        if instance is None:
            report.add(source.place, f"colours {encoding.get('field')}, which is not there")
            continue
        _check_values(source, encoding, instance.column, marts, report)
    for instance in source.instances.values():
        if instance.column not in source.fields:
            report.add(
                source.place, f"has an instance of {instance.column}, which is no field of it"
            )
        expected = (
            names.PREFIXES.get(instance.derivation),
            instance.column,
            names.SUFFIXES.get(instance.type),
        )
        if names.of_instance(instance.name) != expected:
            report.add(source.place, f"has an instance {instance.name} that is unlike its name")


def _buckets(source: Source, encoding: Element, report: Report) -> list[str]:
    buckets = [bucket.text or "" for bucket in encoding.iterfind("map/bucket")]
    for bucket, count in Counter(buckets).items():
        if count > 1:
            report.add(source.place, f"has {count} colours for {bucket}")
    return buckets


def _check_values(
    source: Source, encoding: Element, column: str, marts: Marts, report: Report
) -> None:
    field = source.fields.get(column)
    if field is None:
        return
    buckets = _buckets(source, encoding, report)
    for bucket in buckets:
        if problem := member_problem(bucket, field.datatype):
            report.add(source.place, f"colours {column} {bucket}, {problem}")
    known = known_values(source, field, marts)
    if known is None:
        return
    coloured = {member_value(bucket) for bucket in buckets}
    for value in sorted(coloured - known - {"%null%"}):
        report.add(source.place, f"colours {column} {value}, a value that is not known")
    for value in sorted(known - coloured):
        report.add(source.place, f"has no colour for {column} {value}", "give it one")


def _check_measures(source: Source, encoding: Element, report: Report) -> None:
    for bucket in _buckets(source, encoding, report):
        parts = names.split(member_value(bucket)) or ()
        made = names.of_instance(parts[-1]) if parts else None
        if len(parts) != 2 or parts[0] != source.name:
            report.add(source.place, f"colours {bucket}, which is of another source")
        elif made is None or made[1] not in source.fields:
            report.add(source.place, f"colours {bucket}, which is no field")
