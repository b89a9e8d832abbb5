"""What is expected of the weeks of the marts: no gap, none falling, and the same in each mart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from moodle_analytics.checks import catalogue, suites
from moodle_analytics.checks.catalogue import Present
from moodle_analytics.checks.suites import Expected

_SUITE = "marts"
_GRAIN = ["learner_id", "course_id", "week_start"]
_AGAIN = "Rows are missing, doubled or changed: build again with `moodle-analytics build`."


def expected(present: Present, relations: Mapping[str, str]) -> Iterator[Expected]:
    """Give the expectations that hold from week to week and from mart to mart."""
    yield from _gaps(present, relations)
    yield from _falling(present, relations)
    yield from _running(present, relations)
    yield from _same_rows(present, relations)
    yield from _same_values(present, relations)


def _has(present: Present, mart: str, *columns: str) -> bool:
    return set(columns) <= set(present.get(mart, ()))


def _gaps(present: Present, relations: Mapping[str, str]) -> Iterator[Expected]:
    for mart, keys in catalogue.rules("marts")["without_gaps"].items():
        if not _has(present, mart, "week_start", *keys):
            continue
        partition = f"partition by {', '.join(keys)} " if keys else ""
        listed = "".join(f"{key}, " for key in keys)
        yield suites.rows(
            f"{mart}__has_each_week",
            _SUITE,
            mart,
            f"""
            select {listed}week_start, week_before
            from (select {listed}week_start,
                    lag(week_start) over ({partition}order by week_start) as week_before
                from {relations[mart]}) as weeks
            where week_start - week_before > 7
            """.strip(),
            meaning=f"{mart} has each week from the first to the last"
            + (f" of a {' and '.join(keys)}." if keys else "."),
            action=_AGAIN,
        )


def _falling(present: Present, relations: Mapping[str, str]) -> Iterator[Expected]:
    names = catalogue.rules("marts")["never_falling"]
    for mart, columns in present.items():
        if mart not in relations or not _has(present, mart, *_GRAIN):
            continue
        for column in columns:
            if not any(re.fullmatch(name, column) for name in names):
                continue
            yield suites.rows(
                f"{mart}__{column}__never_falls",
                _SUITE,
                mart,
                f"""
                select learner_id, course_id, week_start, {column}, week_before
                from (select learner_id, course_id, week_start, {column},
                        lag({column}) over (partition by learner_id, course_id
                            order by week_start) as week_before
                    from {relations[mart]}) as weeks
                where {column} < week_before
                """.strip(),
                meaning=f"{column} of {mart} never falls from a learner's week to the next.",
                action=_AGAIN,
            )


def _running(present: Present, relations: Mapping[str, str]) -> Iterator[Expected]:
    for mart, sums in catalogue.rules("marts")["running_sums"].items():
        for total, part in sums.items():
            if not _has(present, mart, *_GRAIN, total, part):
                continue
            yield suites.rows(
                f"{mart}__{total}__is_the_sum_of_{part}",
                _SUITE,
                mart,
                f"""
                select learner_id, course_id, week_start, {total}, {part}, week_before
                from (select learner_id, course_id, week_start, {total}, {part},
                        lag({total}) over (partition by learner_id, course_id
                            order by week_start) as week_before
                    from {relations[mart]}) as weeks
                where week_before is not null and {total} <> week_before + {part}
                """.strip(),
                meaning=f"{total} of {mart} grows by {part} from week to week.",
                action=_AGAIN,
            )


def _same_rows(present: Present, relations: Mapping[str, str]) -> Iterator[Expected]:
    for mart, others in catalogue.rules("marts")["same_rows"].items():
        for other in others:
            if not (_has(present, mart, *_GRAIN) and _has(present, other, *_GRAIN)):
                continue
            yield suites.rows(
                f"{mart}__has_the_rows_of_{other}",
                _SUITE,
                mart,
                f"""
                select learner_id, course_id, week_start, one.is_there as is_in_{mart},
                    other.is_there as is_in_{other}
                from (select {", ".join(_GRAIN)}, true as is_there from {relations[mart]}) as one
                full outer join
                    (select {", ".join(_GRAIN)}, true as is_there from {relations[other]}) as other
                    using (learner_id, course_id, week_start)
                where one.is_there is null or other.is_there is null
                """.strip(),
                meaning=f"{mart} and {other} have the same learners, courses and weeks.",
                action=_AGAIN,
            )


def _same_values(present: Present, relations: Mapping[str, str]) -> Iterator[Expected]:
    for mart, others in catalogue.rules("marts")["same_values"].items():
        for other, columns in others.items():
            shared = [name for name in columns if _has(present, mart, name)]
            shared = [name for name in shared if _has(present, other, name)]
            if not shared or not (_has(present, mart, *_GRAIN) and _has(present, other, *_GRAIN)):
                continue
            differ = " or ".join(f"one.{name} is distinct from other.{name}" for name in shared)
            yield suites.rows(
                f"{mart}__agrees_with_{other}",
                _SUITE,
                mart,
                f"""
                select one.learner_id, one.course_id, one.week_start
                from {relations[mart]} as one
                inner join {relations[other]} as other
                    on one.learner_id = other.learner_id and one.course_id = other.course_id
                        and one.week_start = other.week_start
                where {differ}
                """.strip(),
                meaning=f"{mart} and {other} show the same {', '.join(shared)}.",
                action=_AGAIN,
            )
