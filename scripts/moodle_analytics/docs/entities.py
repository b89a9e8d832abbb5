"""The marts as entities: their keys and what they refer to, as the models' YAML states it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Manifest = Mapping[str, Any]

_MARTS = "models/marts/"
_BETWEEN_PARTS = re.compile(r"\s*\|\|\s*(?:'[^']*'\s*\|\|\s*)?")


@dataclass(frozen=True)
class Reference:
    """Columns that together are the key of one row of `entity`; `is_optional` where NULL may be."""

    columns: tuple[str, ...]
    entity: str
    is_optional: bool


@dataclass(frozen=True)
class Entity:
    """A mart: its subject (the folder), its key, and its references in the order of its columns."""

    name: str
    subject: str
    key: tuple[str, ...]
    references: tuple[Reference, ...]

    def columns(self) -> tuple[str, ...]:
        """Name the columns of the key, then those that refer to others."""
        others = (column for reference in self.references for column in reference.columns)
        return tuple(dict.fromkeys([*self.key, *others]))


def read(manifest: Manifest) -> tuple[Entity, ...]:
    """Give the marts by subject and name: keys from contracts, references from their tests.

    `manifest` is dbt's manifest.json. References to what is no mart (a seed) are left out.
    """
    marts = {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["original_file_path"].startswith(_MARTS)
    }
    entities = [
        Entity(
            name=node["name"],
            subject=node["original_file_path"].removeprefix(_MARTS).split("/")[0],
            key=_key(node),
            references=tuple(_references(manifest, key, node, marts)),
        )
        for key, node in marts.items()
    ]
    return tuple(sorted(entities, key=lambda entity: (entity.subject, entity.name)))


def _key(node: Mapping[str, Any]) -> tuple[str, ...]:
    for constraint in node["constraints"]:
        if constraint["type"] == "primary_key":
            return tuple(constraint["columns"])
    return tuple(
        name
        for name, column in node["columns"].items()
        if any(one["type"] == "primary_key" for one in column.get("constraints") or [])
    )


def _references(
    manifest: Manifest, key: str, node: Mapping[str, Any], marts: Mapping[str, Any]
) -> Iterator[Reference]:
    names = list(node["columns"])
    key_columns = _key(node)
    found = []
    for test in manifest["nodes"].values():
        if not _is_reference_of(test, key):
            continue
        parents = [parent for parent in test["depends_on"]["nodes"] if parent != key]
        if len(parents) != 1 or parents[0] not in marts:
            continue
        columns = tuple(_BETWEEN_PARTS.split(test["test_metadata"]["kwargs"]["column_name"]))
        is_optional = any(
            name not in key_columns and not _is_filled(node["columns"][name]) for name in columns
        )
        found.append(Reference(columns, marts[parents[0]]["name"], is_optional))
    return iter(sorted(found, key=lambda one: [names.index(name) for name in one.columns]))


def _is_reference_of(test: Mapping[str, Any], key: str) -> bool:
    return (
        test["resource_type"] == "test"
        and (test.get("test_metadata") or {}).get("name") == "relationships"
        and test.get("attached_node") == key
    )


def _is_filled(column: Mapping[str, Any]) -> bool:
    return any(one["type"] == "not_null" for one in column.get("constraints") or [])
