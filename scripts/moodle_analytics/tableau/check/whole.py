"""What holds for a file as a whole: its version, its names, no secret, no path of a machine."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address

from lxml import etree

from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.files import Document, Element, place

_SECRET = re.compile(r"passw|passwd|pwd|secret|token|api[-_]?key|credential", re.IGNORECASE)
_SECRET_TEXT = re.compile(r"(?:passwo?r?d|pwd|secret|token)\s*[=:]\s*\S", re.IGNORECASE)
_PATH = re.compile(
    r"^(?:file:|\\\\|[A-Za-z]:[\\/]|~/|/(?:home|Users|root|tmp|var|mnt|opt|srv|work|etc|private)/)"
)
_UUID = re.compile(r"\{[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\}", re.IGNORECASE)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}(?:[0-9a-fA-F]{2})?")
_ADDRESS = re.compile(r"://[^/?#\s:@]*:[^/?#\s@]+@")
_LOGIN = re.compile(r":[^/?#\s@]*@")
# A name may be what a password is.
_OPEN = ("dbname", "username", "server", "name", "caption", "schema")
# What people read may say anything.
_TEXTS = ("run", "desc", "formatted-text", "alias")


def check(document: Document, password: str | None, report: Report) -> None:
    """Report what holds for no single sheet. `password` is the one that must not be in the file."""
    if document.is_workbook:
        _check_version(document.root, report)
        _check_names(document.root, report)
    elif not re.fullmatch(r"18\.1|26\.\d+", document.root.get("version") or ""):
        report.add("", f"is of version {document.root.get('version')}, neither 18.1 nor 26.x")
    for element in document.root.iter(etree.Element):
        for problem in _problems(element, password):
            report.add(place(element), problem)
    for mapped in document.root.iter("map"):
        if mapped.get("to") is not None and not _COLOUR.fullmatch(mapped.get("to")):
            report.add(place(mapped), f"has the colour {mapped.get('to')}, which is none")


def _check_version(root: Element, report: Report) -> None:
    version = root.get("version") or ""
    manifest = root.find("document-format-change-manifest")
    features = [] if manifest is None else [one.tag for one in manifest]
    is_new = re.fullmatch(r"26\.\d+", version) is not None
    if not is_new and version != "18.1":
        report.add("", f"is of version {version or 'none'}, neither 18.1 nor 26.x")
        return
    if root.get("original-version") not in (None, version):
        report.add("", f"is of version {version}, but began as {root.get('original-version')}")
    if not root.get("source-build"):
        report.add("", "does not say which build wrote it (source-build)")
    if manifest is None:
        report.add("", "has no document-format-change-manifest")
    if is_new and "ManifestByVersion" not in features:
        report.add("", f"is of version {version} without ManifestByVersion")
    if not is_new and "ManifestByVersion" in features:
        report.add("", "is of version 18.1 with ManifestByVersion, which is of 26.x")
    has_explained = root.find("explain-data") is not None
    if is_new and not has_explained:
        report.add("", f"is of version {version} without <explain-data>")
    if not is_new and has_explained:
        report.add("", "is of version 18.1 with <explain-data>, which Desktop to 2025 refuses")
    for source in root.iterfind("datasources/datasource"):
        if source.get("version") not in (None, version):
            report.add(place(source), f"is of version {source.get('version')}, the file {version}")


def _check_names(root: Element, report: Report) -> None:
    found: Counter[str] = Counter()
    for kind in ("datasources/datasource", "worksheets/worksheet", "dashboards/dashboard"):
        for element in root.iterfind(kind):
            name = element.get("name") or ""
            if not name.strip():
                report.add("", f"has a {element.tag} without a name")
            prefix = "data source " if element.tag == "datasource" else "sheet or dashboard "
            found[prefix + name.lower()] += 1
    captions = Counter(one.get("caption") for one in root.iterfind("datasources/datasource"))
    found.update({f"data source {name}": count for name, count in captions.items() if name})
    for name, count in found.items():
        if count > 1:
            report.add("", f"has {count} times the {name}")
    for tag in ("worksheet", "dashboard"):
        if root.find(f"{tag}s/{tag}") is None:
            report.add("", f"has no {tag}")
    ids: Counter[str] = Counter()
    for element in root.iter("simple-id"):
        uuid = element.get("uuid") or ""
        if not _UUID.fullmatch(uuid):
            report.add(place(element), f"has the id {uuid}, which is no uuid")
        ids[uuid] += 1
    for uuid, count in ids.items():
        if count > 1:
            report.add("", f"has the id {uuid} {count} times")
    for kind in ("worksheets/worksheet", "dashboards/dashboard", "windows/window"):
        for element in root.iterfind(kind):
            if ids and element.find("simple-id") is None:
                report.add(place(element), "has no simple-id")


def said(key: str, value: str | None) -> str | None:
    """Give an attribute's value for people to read, unless it may be a secret."""
    is_odd = key == "server" and not is_plain(value or "")
    if value and (is_odd or _names_secret(key) or _SECRET.search(value) or _LOGIN.search(value)):
        return "(not shown)"
    return value


def is_plain(server: str) -> bool:
    """Say whether a server is a name or an address, and nothing with it."""
    if ":" in server:
        try:
            ip_address(server.strip("[]"))
        except ValueError:
            return False
    return "@" not in server and "/" not in server


@lru_cache(maxsize=4096)
def _names_secret(key: str) -> bool:
    return _SECRET.search(key) is not None


@lru_cache(maxsize=65_536)
def _has_secret(text: str) -> bool:
    return _SECRET_TEXT.search(text) is not None


def _problems(element: Element, password: str | None) -> Iterator[str]:
    """Say what no element may have: secrets, paths of one machine, what is for older files."""
    if element.tag.startswith("_.fcp."):
        yield f"has <{element.tag}>, which is for older files: _.fcp."
    for key, value in element.attrib.items():
        if _names_secret(key):
            yield f"has the attribute {key}: no secret belongs into a file"
        if "_.fcp." in key:
            yield f"has the attribute {key}, which is for older files: _.fcp."
        if password and len(password) > 3 and value == password and key not in _OPEN:
            yield f"has the password of the database in {key}"
        if element.tag not in _TEXTS and _has_secret(value):
            yield f"has what looks like a secret in {key}"
        if "://" in value and _ADDRESS.search(value):
            yield f"has an address with a password in {key}"
        if key != "caption" and _PATH.match(value):
            # The folder of a socket is a server's name to libpq, but not to Tableau.
            yield f"has a path of one machine in {key}: {value}"
    if element.tag not in _TEXTS and element.text and _has_secret(element.text):
        yield f"has what looks like a secret in <{element.tag}>"
