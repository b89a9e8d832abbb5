"""Cells of marts against those that an oracle expects, with readable differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from oracle_world import Facts

Key = tuple[Any, ...]
Table = dict[Key, Facts]
Query = Callable[[str], list[tuple[Any, ...]]]

# The marts round shares to four places, and hours to two.
TOLERANCE = 0.0001
TOLERANCES = {
    "mean_hours_early": 0.01,
    "mean_days_early": 0.001,
    "hours_before_due": 0.01,
    "hours_to_reply": 0.01,
}


def read(query: Query, relation: str, keys: Iterable[str], columns: Iterable[str]) -> Table:
    """Read a relation as key -> column -> value; instants (`_at`) as epochs."""
    names = [*keys]
    wanted = [*columns]
    shown = ", ".join(
        f"extract(epoch from {name})::bigint" if name.endswith("_at") else name
        for name in [*names, *wanted]
    )
    found = query(f"select {shown} from {relation}")
    count = len(names)
    table = {row[:count]: dict(zip(wanted, row[count:], strict=True)) for row in found}
    assert len(table) == len(found), f"{relation} has more than one row for a key"
    return table


def differences(expected: Mapping[Any, Facts], found: Mapping[Any, Facts]) -> list[str]:
    """One line for each differing cell; rows that only one side has come first."""
    lines = [f"{key}: missing {expected[key]}" for key in expected.keys() - found.keys()]
    lines += [f"{key}: too many {found[key]}" for key in found.keys() - expected.keys()]
    for key in sorted(expected.keys() & found.keys()):
        for column, value in expected[key].items():
            if not is_same(column, value, found[key][column]):
                lines.append(f"{key} {column}: expected {_plain(value)}, got {found[key][column]}")
    return lines


def assert_same(expected: Mapping[Any, Facts], found: Mapping[Any, Facts]) -> None:
    lines = differences(expected, found)
    columns = Counter(line.partition(") ")[2].partition(":")[0] or "row" for line in lines)
    assert not lines, "\n".join([f"{len(lines)} differences: {dict(columns)}", *lines[:60]])


def is_same(column: str, expected: Any, found: Any) -> bool:
    if isinstance(expected, Fraction | float) and isinstance(found, int | float | Decimal):
        apart = abs(float(expected) - float(found))
        return apart <= TOLERANCES.get(column, TOLERANCE)
    return bool(expected == found)


def columns_of(rows: Mapping[Any, Facts]) -> Sequence[str]:
    return list(dict.fromkeys(name for row in rows.values() for name in row))


def _plain(value: Any) -> Any:
    return round(float(value), 5) if isinstance(value, Fraction) else value
