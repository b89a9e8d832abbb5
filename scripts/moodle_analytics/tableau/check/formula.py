"""The small grammar of calculations that is checked: aggregates, IF, arithmetic, comparison.

A parsed formula is a tuple: ("field", name), ("number", 1.0), ("string", "a"),
("date", "2024-01-01"), ("true",), ("false",), ("null",), ("call", "SUM", (formula, ...)),
("not", formula), ("minus", formula), ("+", left, right) and other signs alike,
("if", ((condition, then), ...), else).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

Formula = tuple[Any, ...]

AGGREGATES = ("SUM", "AVG", "MIN", "MAX", "COUNT", "COUNTD", "MEDIAN", "ATTR")
FUNCTIONS = {
    "ZN": 1, "ABS": 1, "INT": 1, "FLOAT": 1, "STR": 1, "ISNULL": 1, "UPPER": 1, "LOWER": 1,
    "LEN": 1, "DATE": 1, "ROUND": 2, "IFNULL": 2, "IIF": 3,
}  # fmt: skip
# Tableau's own, which have an order or a level of detail of their own: no mart's number.
UNCHECKED = (
    "ATAN", "CASE", "CEILING", "CONTAINS", "DATEADD", "DATEDIFF", "DATENAME", "DATEPART",
    "DATEPARSE", "DATETIME", "DATETRUNC", "DAY", "EXP", "FIRST", "FLOOR", "FULLNAME", "INDEX",
    "ISMEMBEROF", "LAST", "LEFT", "LN", "LOG", "LOOKUP", "MAKEDATE", "MID", "MONTH", "NOW",
    "PERCENTILE", "POWER", "PREVIOUS_VALUE", "RANK", "RANK_DENSE", "RANK_UNIQUE", "REGEXP_MATCH",
    "REPLACE", "RIGHT", "RUNNING_AVG", "RUNNING_COUNT", "RUNNING_MAX", "RUNNING_MIN",
    "RUNNING_SUM", "SIGN", "SIZE", "SPLIT", "SQRT", "STDEV", "TODAY", "TOTAL", "TRIM", "USERNAME",
    "VAR", "WEEK", "WINDOW_AVG", "WINDOW_COUNT", "WINDOW_MAX", "WINDOW_MEDIAN", "WINDOW_MIN",
    "WINDOW_SUM", "YEAR",
)  # fmt: skip

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<comment>//[^\n]*|/\*.*?\*/)
    |(?P<field>\[(?:[^\]]|\]\])*\](?:\.\[(?:[^\]]|\]\])*\])*)
    |(?P<string>"(?:[^"]|"")*"|'(?:[^']|'')*')
    |(?P<date>\#[^\#]*\#)
    |(?P<number>\d+(?:\.\d+)?|\.\d+)
    |(?P<word>[A-Za-z_][A-Za-z_0-9]*)
    |(?P<sign><>|!=|<=|>=|==|[-+*/%^=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_SAME = {"==": "=", "!=": "<>"}
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")


class FormulaError(Exception):
    """What is wrong with a formula, in words."""


class UncheckedError(FormulaError):
    """A formula that is not wrong, but outside of the grammar."""


@lru_cache(maxsize=1024)
def parse(text: str) -> Formula:
    """Parse a formula. Raises FormulaError."""
    reader = _Reader(_tokens(text))
    found = reader.expression()
    if reader.kind != "end":
        raise FormulaError(f"does not go on with {reader.text}")
    return found


def walk(formula: Formula) -> Iterator[Formula]:
    """Give a formula and all that are within it."""
    if formula and isinstance(formula[0], str):
        yield formula
    for one in formula:
        if isinstance(one, tuple):
            yield from walk(one)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match or not match.lastgroup:
            if text[at:].lstrip().startswith("{"):
                raise UncheckedError("has a level of detail expression")
            raise FormulaError(f"cannot be read from {text[at : at + 20].strip()!r} on")
        if match.lastgroup != "comment":
            found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return [*found, ("end", "its end")]


class _Reader:
    """A recursive descent over the tokens, by falling precedence."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.at, self.depth = tokens, 0, 0

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0]

    @property
    def text(self) -> str:
        return self.tokens[self.at][1]

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1][1]

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.upper() in words

    def is_sign(self, *signs: str) -> bool:
        return self.kind == "sign" and self.text in signs

    def demand(self, what: str) -> None:
        if self.kind not in ("word", "sign") or self.text.upper() != what:
            raise FormulaError(f"lacks {what} before {self.text}")
        self.at += 1

    def expression(self) -> Formula:
        self.depth += 1
        if self.depth > 100:
            raise FormulaError("is nested too deeply")
        found = self.conjunction()
        while self.is_word("OR"):
            self.take()
            found = ("or", found, self.conjunction())
        self.depth -= 1
        return found

    def conjunction(self) -> Formula:
        found = self.negation()
        while self.is_word("AND"):
            self.take()
            found = ("and", found, self.negation())
        return found

    def negation(self) -> Formula:
        if self.is_word("NOT"):
            self.take()
            return ("not", self.negation())
        found = self.sum()
        if self.is_sign("==", "!=", *_COMPARISONS):
            sign = self.take()
            found = (_SAME.get(sign, sign), found, self.sum())
        return found

    def sum(self) -> Formula:
        found = self.product()
        while self.is_sign("+", "-"):
            found = (self.take(), found, self.product())
        return found

    def product(self) -> Formula:
        found = self.factor()
        while self.is_sign("*", "/", "%"):
            found = (self.take(), found, self.factor())
        return found

    def factor(self) -> Formula:
        if self.is_sign("-"):
            self.take()
            return ("minus", self.factor())
        found = self.atom()
        return (self.take(), found, self.factor()) if self.is_sign("^") else found

    def atom(self) -> Formula:
        kind, text = self.kind, self.text
        if self.is_sign("("):
            self.take()
            found = self.expression()
            self.demand(")")
            return found
        if kind == "word":
            return self.word()
        if kind not in ("field", "string", "date", "number"):
            raise FormulaError(f"has {text} where a value should stand")
        self.take()
        if kind == "number":
            return ("number", float(text))
        if kind == "string":
            return ("string", text[1:-1].replace(text[0] * 2, text[0]))
        return (kind, text[1:-1] if kind == "date" else text)

    def word(self) -> Formula:
        word = self.take().upper()
        if word in ("TRUE", "FALSE", "NULL"):
            return (word.lower(),)
        if word == "IF":
            return self.choice()
        if word in UNCHECKED:
            raise UncheckedError(f"uses {word}")
        if word not in FUNCTIONS and word not in AGGREGATES:
            raise FormulaError(f"uses {word}, which is no function")
        self.demand("(")
        given = [self.expression()]
        while self.is_sign(","):
            self.take()
            given.append(self.expression())
        self.demand(")")
        wanted = FUNCTIONS.get(word, 1)
        if len(given) != wanted and not (word == "ROUND" and len(given) == 1):
            raise FormulaError(f"gives {word} {len(given)} values, not {wanted}")
        return ("call", word, tuple(given))

    def choice(self) -> Formula:
        cases: list[tuple[Formula, Formula]] = []
        condition = self.expression()
        self.demand("THEN")
        cases.append((condition, self.expression()))
        while self.is_word("ELSEIF"):
            self.take()
            condition = self.expression()
            self.demand("THEN")
            cases.append((condition, self.expression()))
        other: Formula = ("null",)
        if self.is_word("ELSE"):
            self.take()
            other = self.expression()
        self.demand("END")
        return ("if", tuple(cases), other)
