"""What the files should agree in: a data source is the same in each of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from moodle_analytics.tableau.check import model, names
from moodle_analytics.tableau.check.faults import Report
from moodle_analytics.tableau.check.files import Document
from moodle_analytics.tableau.check.model import Source

_LONGEST = 60


def check(documents: list[tuple[Document, Report]]) -> None:
    """Report data sources of one name whose fields, or words for them, differ from file to file."""
    first: dict[str, tuple[str, Source]] = {}
    for document, report in sorted(documents, key=lambda one: not one[0].is_workbook):
        for source in model.sources(document):
            name, known = first.setdefault(source.name, (document.name, source))
            if known is source:
                continue
            for what, here, there in _differences(source, known):
                report.add(source.place, f"has {what} {here}; {name} has {there}")


def _differences(source: Source, known: Source) -> Iterator[tuple[str, str, str]]:
    pairs: list[tuple[str, Mapping[str, object], Mapping[str, object]]] = [
        ("field", source.fields, known.fields),
        ("column of", source.remote, known.remote),
        ("table", source.relations, known.relations),
        ("", _words(source), _words(known)),
    ]
    for what, here, there in pairs:
        for name in sorted({*here, *there}):
            if here.get(name) != there.get(name):
                yield f"{what} {name}".strip(), _short(here, name), _short(there, name)


def _words(source: Source) -> dict[str, str]:
    """Give what people read of the fields: captions, formats, words of values, descriptions."""
    found: dict[str, str] = {}
    for column in source.element.iterfind("column"):
        name = names.bare(column.get("name")) or column.get("name") or ""
        found[f"the caption of {name}"] = column.get("caption") or ""
        found[f"the format of {name}"] = column.get("default-format") or ""
        for alias in column.iterfind("aliases/alias"):
            found[f"the alias {alias.get('key')} of {name}"] = alias.get("value") or ""
        said = "".join(run.text or "" for run in column.iterfind("desc//run"))
        found[f"the description of {name}"] = " ".join(said.split())
    return found


def _short(values: Mapping[str, object], name: str) -> str:
    if name not in values:
        return "not at all"
    value = values[name]
    if isinstance(value, model.Field):
        return value.formula or f"as {value.datatype}, {value.role}, {value.type}"
    words = f"as {value}" if value else "empty"
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 3]}..."
