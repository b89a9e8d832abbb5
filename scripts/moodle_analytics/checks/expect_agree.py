"""What is expected of all marts alike: names and keys as in the dimensions, numbers and texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moodle_analytics.checks import catalogue, suites
from moodle_analytics.checks.catalogue import Mart, Present
from moodle_analytics.checks.suites import Expected

_SUITE = "marts"
_AGAIN = "Rows are missing, doubled or changed: build again with `moodle-analytics build`."


def expected(
    marts: Mapping[str, Mart], present: Present, relations: Mapping[str, str]
) -> Iterator[Expected]:
    """Give the expectations that follow from names and types of columns of two marts or of one."""
    yield from _same_as_dimensions(present, relations)
    yield from _same_pairs(present, relations)
    yield from _same_ends(present, relations)
    for mart in marts.values():
        columns = {
            name: kind for name, kind in mart.types.items() if name in present.get(mart.name, ())
        }
        yield from _numbers(mart, columns)
        yield from _texts(mart, columns)


def _same_as_dimensions(present: Present, relations: Mapping[str, str]) -> Iterator[Expected]:
    for target, rule in catalogue.rules("marts")["same_as_dimensions"].items():
        for mart in relations:
            columns = present.get(mart, {})
            there = present.get(target, {})
            shared = [name for name in rule["columns"] if name in columns and name in there]
            if mart == target or not shared or not {*rule["key"]} <= columns.keys() & there.keys():
                continue
            keys = ", ".join(rule["key"])
            differ = " or ".join(f"one.{name} is distinct from other.{name}" for name in shared)
            yield suites.rows(
                f"{mart}__agrees_with_{target}",
                _SUITE,
                mart,
                f"select distinct {keys} from {relations[mart]} as one "
                f"inner join {relations[target]} as other using ({keys}) where {differ}",
                meaning=f"{mart} shows the same {', '.join(shared)} as {target}.",
                action=_AGAIN,
            )


def _same_pairs(present: Present, relations: Mapping[str, str]) -> Iterator[Expected]:
    for rule in catalogue.rules("marts")["found_in"]:
        mart, keys = rule["mart"], rule["key"]
        for other in rule["others"]:
            if not all({*keys} <= set(present.get(name, ())) for name in (mart, other)):
                continue
            listed = ", ".join(keys)
            yield suites.rows(
                f"{mart}__{'_and_'.join(keys)}__is_in_{other}",
                _SUITE,
                mart,
                f"select {listed} from {relations[mart]} "
                f"except select {listed} from {relations[other]}",
                meaning=f"Each {' and '.join(keys)} of {mart} is in {other}.",
                action=f"{other} lacks rows: build again with `moodle-analytics build`.",
            )


def _same_ends(present: Present, relations: Mapping[str, str]) -> Iterator[Expected]:
    rule = catalogue.rules("marts")["reach_the_end"]
    of = rule["of"]
    for mart in rule["marts"]:
        if not all("week_start" in present.get(name, ()) for name in (mart, of)):
            continue
        yield suites.rows(
            f"{mart}__reaches_the_last_week",
            _SUITE,
            mart,
            f"select last_week, last_used_week from (select max(week_start) as last_week from "
            f"{relations[mart]}) as weeks, (select max(week_start) as last_used_week from "
            f"{relations[of]} where {rule['where']}) as used "
            "where last_week is null or last_week < last_used_week - 7",
            meaning=f"{mart} ends no more than a week before the last week in which learners were "
            "active.",
            action="The mart is older than the others: build again with `moodle-analytics build`.",
        )


def _numbers(mart: Mart, columns: Mapping[str, str]) -> Iterator[Expected]:
    """Expect numbers: to PostgreSQL, NaN is above any limit, so that no range finds it."""
    names = [
        name for name, kind in columns.items() if kind in ("numeric", "double precision", "real")
    ]
    if not names:
        return
    odd = " or ".join(f"{name}::text in ('NaN', 'Infinity', '-Infinity')" for name in names)
    yield suites.rows(
        f"{mart.name}__numbers_are_finite",
        _SUITE,
        mart.name,
        f'select {", ".join([*mart.key, *names])} from "marts"."{mart.name}" where {odd}',
        meaning=f"No number of {mart.name} is NaN or infinite.",
        action=_AGAIN,
    )


def _texts(mart: Mart, columns: Mapping[str, str]) -> Iterator[Expected]:
    names = [name for name, kind in columns.items() if kind == "text"]
    messages = [name for name in names if name in catalogue.rules("marts")["messages"]]
    keys = [name for name in mart.key if name in columns]
    for rule, listed, condition, meaning in (
        (
            "texts_are_no_words_for_nothing",
            names,
            "lower({name}) in ('null', 'nan', 'none', '<na>', 'undefined')",
            f"No text of {mart.name} is a word like NULL or NaN.",
        ),
        (
            "texts_are_filled",
            messages,
            # Braces by their codes; Moodle's filter for several languages writes mlang in them.
            r"{name} ~ '\x7B(?!mlang)[a-z_][a-z_0-9]*\x7D'",
            f"No message of {mart.name} has a place in braces that nothing was filled into.",
        ),
    ):
        if not listed:
            continue
        found = " or ".join(condition.format(name=name) for name in listed)
        # The texts may be names of people: only where they stand is shown.
        yield suites.rows(
            f"{mart.name}__{rule}",
            _SUITE,
            mart.name,
            f'select {", ".join(keys) or "count(*)"} from "marts"."{mart.name}" where {found}'
            + ("" if keys else " having count(*) > 0"),
            severity="warning",
            meaning=meaning,
            action="Look up the texts in Moodle, or in the seed that they come from.",
        )
