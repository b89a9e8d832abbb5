"""Elements of Tableau's files, and how they are written: the same elements give the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

Element = Any  # lxml's elements have no types of their own
Run = str | tuple[str, Mapping[str, object]]

USER = "http://www.tableausoftware.com/xml/user"
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(
    tag: str,
    attributes: Mapping[str, object] | None = None,
    children: Iterable[Element | None] = (),
    text: str | None = None,
) -> Element:
    """Make an element: attributes that are None are left out, `user:x` is Tableau's namespace."""
    made = etree.Element(tag, nsmap={"user": USER} if tag in ("workbook", "datasource") else None)
    for name, value in (attributes or {}).items():
        if value is not None:
            made.set(name.replace("user:", f"{{{USER}}}"), _text(value))
    made.text = None if text is None else clean(text)
    made.extend([child for child in children if child is not None])
    return made


def formatted(runs: Iterable[Run]) -> Element:
    """Make a formatted text of runs; a run is a text, or a text with its attributes."""
    pairs = [(run, {}) if isinstance(run, str) else run for run in runs]
    return element(
        "formatted-text", children=[element("run", style, text=text) for text, style in pairs]
    )


def written(root: Element) -> bytes:
    """Give a file's bytes."""
    etree.cleanup_namespaces(root, top_nsmap={"user": USER}, keep_ns_prefixes=["user"])
    etree.indent(root)
    text: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def clean(text: str) -> str:
    """Drop the characters that no XML file may hold."""
    return _FORBIDDEN.sub("", text)


def is_clean(text: str) -> bool:
    """Say whether an XML file may hold all of its characters."""
    return not _FORBIDDEN.search(text)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return clean(str(value))
