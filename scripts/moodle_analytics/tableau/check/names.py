"""Tableau's names of fields: [source].[none:week_start:ok], and what is in them."""

from __future__ import annotations

import re
from functools import lru_cache

_PART = r"\[(?:[^\]]|\]\])*\]"
_QUALIFIED = re.compile(rf"{_PART}(?:\.{_PART})*")
_INSTANCE = re.compile(r"^(?:[a-z]+:)*?([a-z]+):(.*):(nk|ok|qk)(?::\d+)?$", re.DOTALL)

# What Tableau makes itself, in every source.
MEASURE_NAMES = ":Measure Names"
MEASURE_VALUES = "Multiple Values"
INTERNAL = "__tableau_internal_object_id__"
PARAMETERS = "Parameters"

PREFIXES = {
    "None": "none", "Sum": "sum", "Avg": "avg", "Min": "min", "Max": "max", "Count": "cnt",
    "CountD": "ctd", "Median": "med", "Attribute": "attr", "User": "usr", "Stdev": "std",
    "StdevP": "stp", "Var": "var", "VarP": "vrp", "Year": "yr", "Quarter": "qr", "Month": "mn",
    "Week": "wk", "Weekday": "wd", "Day": "dy", "Hour": "hr", "Minute": "mi", "Second": "sc",
    "MY": "my", "MDY": "mdy", "Year-Trunc": "tyr", "Quarter-Trunc": "tqr", "Month-Trunc": "tmn",
    "Week-Trunc": "twk", "Day-Trunc": "tdy", "Hour-Trunc": "thr", "Minute-Trunc": "tmi",
    "Second-Trunc": "tsc", "ISO-Year": "iyr", "ISO-Quarter": "iqr", "ISO-Week": "iwk",
    "ISO-Weekday": "iwd", "ISO-Year-Trunc": "tiyr", "ISO-Quarter-Trunc": "tiqr",
    "ISO-Week-Trunc": "tiwk", "Sum_XSqr": "sxs",
}  # fmt: skip
SUFFIXES = {"nominal": "nk", "ordinal": "ok", "quantitative": "qk"}


@lru_cache(maxsize=65_536)
def split(name: str) -> tuple[str, ...] | None:
    """Give the parts of a bracketed name, without brackets; None where it is not one."""
    if not _QUALIFIED.fullmatch(name):
        return None
    return tuple(part[1:-1].replace("]]", "]") for part in re.findall(_PART, name))


def bare(name: str | None) -> str | None:
    """Give the inside of a name of one part; None where it is not one."""
    parts = split(name or "")
    return parts[0] if parts and len(parts) == 1 else None


def quote(name: str) -> str:
    """Bracket a name."""
    return "[" + name.replace("]", "]]") + "]"


def mentioned(text: str) -> list[str]:
    """Give the qualified names in a text, as they stand."""
    return _QUALIFIED.findall(text)


def rest(text: str) -> str:
    """Give a text with each qualified name replaced by a 1."""
    return _QUALIFIED.sub("1", text)


def of_instance(name: str) -> tuple[str, str, str] | None:
    """Take sum:minutes:qk apart; None where the name is not made so."""
    found = _INSTANCE.match(name)
    return (found[1], found[2], found[3]) if found else None
