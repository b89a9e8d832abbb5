"""What a formula gives: its datatype, and whether it is an aggregate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from moodle_analytics.tableau.check.formula import AGGREGATES, Formula, FormulaError, walk
from moodle_analytics.tableau.check.model import DATES, NUMERIC

_ARITHMETIC = ("+", "-", "*", "/", "%", "^")
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")


@dataclass(frozen=True)
class Kind:
    """A datatype (empty for NULL); `is_aggregate` is None for a constant."""

    datatype: str
    is_aggregate: bool | None = None


Lookup = Callable[[str], Kind]


def kind_of(formula: Formula, lookup: Lookup) -> Kind:
    """Work out what a formula gives; `lookup` knows the fields. Raises FormulaError."""
    head = formula[0]
    if head == "field":
        return lookup(formula[1])
    if head in ("number", "string", "date", "true", "false", "null"):
        return Kind(_constant(formula))
    if head == "call":
        return _call(formula[1], formula[2], lookup)
    if head == "if":
        return _choice(formula, lookup)
    kinds = [kind_of(one, lookup) for one in formula[1:]]
    is_aggregate = _together(kinds)
    if head in ("and", "or", "not"):
        _demand(kinds, ("boolean",), head.upper())
        return Kind("boolean", is_aggregate)
    if head in _COMPARISONS:
        _alike(kinds, head)
        return Kind("boolean", is_aggregate)
    if head == "+" and {kind.datatype for kind in kinds} <= {"string", ""}:
        return Kind("string", is_aggregate)
    _demand(kinds, NUMERIC, "-" if head == "minus" else head)
    is_real = head in ("/", "^") or "real" in {kind.datatype for kind in kinds}
    return Kind("real" if is_real else "integer", is_aggregate)


def _constant(formula: Formula) -> str:
    if formula[0] == "number":
        return "integer" if float(formula[1]).is_integer() else "real"
    names = {"true": "boolean", "false": "boolean", "null": ""}
    return names.get(formula[0], str(formula[0]))


def _call(name: str, given: tuple[Formula, ...], lookup: Lookup) -> Kind:
    kinds = [kind_of(one, lookup) for one in given]
    first = kinds[0]
    if name in AGGREGATES:
        if first.is_aggregate:
            raise FormulaError(f"aggregates in {name} what is an aggregate already")
        if name in ("SUM", "AVG", "MEDIAN"):
            _demand(kinds, NUMERIC, name)
        if name in ("SUM", "AVG") and _divides(given[0]):
            raise FormulaError(f"takes {name} of a ratio: a ratio of sums is meant")
        counted = {"COUNT": "integer", "COUNTD": "integer", "AVG": "real", "MEDIAN": "real"}
        return Kind(counted.get(name, first.datatype), True)
    is_aggregate = _together(kinds)
    if name in ("ZN", "ABS", "ROUND", "INT"):
        _demand(kinds[:1], (*NUMERIC, *(("string",) if name == "INT" else ())), name)
    if name == "IIF":
        _demand(kinds[:1], ("boolean",), name)
        return Kind(_alike(kinds[1:], name), is_aggregate)
    if name == "IFNULL":
        return Kind(_alike(kinds, name), is_aggregate)
    given_types = {
        "ISNULL": "boolean", "STR": "string", "UPPER": "string", "LOWER": "string",
        "LEN": "integer", "INT": "integer", "FLOAT": "real", "DATE": "date",
    }  # fmt: skip
    return Kind(given_types.get(name, first.datatype), is_aggregate)


def _choice(formula: Formula, lookup: Lookup) -> Kind:
    conditions = [kind_of(condition, lookup) for condition, _ in formula[1]]
    values = [kind_of(value, lookup) for _, value in formula[1]] + [kind_of(formula[2], lookup)]
    _demand(conditions, ("boolean",), "IF")
    return Kind(_alike(values, "IF"), _together([*conditions, *values]))


def _divides(formula: Formula) -> bool:
    return any(one[0] == "/" and one[2][0] != "number" for one in walk(formula))


def _together(kinds: list[Kind]) -> bool | None:
    found = {kind.is_aggregate for kind in kinds} - {None}
    if len(found) > 1:
        raise FormulaError("mixes aggregates with values of single rows")
    return found.pop() if found else None


def _demand(kinds: list[Kind], allowed: tuple[str, ...], what: str) -> None:
    for kind in kinds:
        if kind.datatype and kind.datatype not in allowed:
            raise FormulaError(f"gives {what} a {kind.datatype}")


def _alike(kinds: list[Kind], what: str) -> str:
    found = {kind.datatype for kind in kinds} - {""}
    if found <= set(NUMERIC):
        return "real" if "real" in found else "integer" if found else ""
    if len(found) > 1 and not found <= set(DATES):
        raise FormulaError(f"puts {' and '.join(sorted(found))} together in {what}")
    return sorted(found)[-1]
