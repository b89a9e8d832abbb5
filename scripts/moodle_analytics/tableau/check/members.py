"""Members: how Tableau writes a value in filters, aliases and colours."""

from __future__ import annotations

import re


def value_text(value: object) -> str:
    """Write a value as a member has it, without its quotes."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def member_value(member: str) -> str:
    """Give what a member such as "a" or #2024-01-01# holds."""
    if member in ("%null%", "%all%"):
        return member
    if len(member) > 1 and member[0] == member[-1] and member[0] in '"#':
        return member[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return member


def member_problem(member: str, datatype: str) -> str:
    """Say what is wrong with how a member is written; nothing where it is right."""
    if member in ("%null%", "%all%", "%many-values%"):
        return ""
    rules = {
        "string": (r'"(?:[^"\\]|\\.|"")*"', "which is not in double quotes"),
        "integer": (r"-?\d+", "which is no whole number"),
        "real": (r"-?\d+(\.\d+)?([eE][-+]?\d+)?", "which is no number"),
        "boolean": (r"true|false", "which is neither true nor false"),
        "date": (r"#\d{4}-\d\d-\d\d#", "which is no #date#"),
        "datetime": (r"#\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?#", "which is no #time#"),
    }
    pattern, problem = rules.get(datatype, (r".*", ""))
    return "" if re.fullmatch(pattern, member, re.DOTALL) else problem
