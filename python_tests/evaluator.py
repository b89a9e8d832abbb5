"""The rules of dbt-project-evaluator, with its defaults, told of dbt's manifest.

The package itself needs the package hub and a database; these rules need neither. A rule takes the
graph and returns its findings as sentences; an empty list is a pass. Where releases of the package
differ, the stricter reading stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

FANOUT_THRESHOLD = 3
JOINS_THRESHOLD = 7
CHAINED_VIEWS_THRESHOLD = 4
FOLDERS = ("base", "staging", "intermediate", "marts")
PREFIXES = {
    "base": ("base_",),
    "staging": ("stg_",),
    "intermediate": ("int_",),
    "marts": ("fct_", "dim_"),
    "other": ("rpt_",),
}
NOT_STORED = ("view", "ephemeral")

Node = Mapping[str, Any]


@dataclass(frozen=True)
class Graph:
    """The nodes of a manifest and who reads whom; analyses and tests read, but are no children."""

    manifest: Mapping[str, Any] = field(repr=False)

    @cached_property
    def sources(self) -> dict[str, Node]:
        return dict(self.manifest["sources"])

    @cached_property
    def exposures(self) -> dict[str, Node]:
        return dict(self.manifest["exposures"])

    @cached_property
    def tests(self) -> list[Node]:
        return [n for n in self.manifest["nodes"].values() if n["resource_type"] == "test"]

    @cached_property
    def models(self) -> dict[str, Node]:
        nodes = self.manifest["nodes"].items()
        return {key: node for key, node in nodes if node["resource_type"] == "model"}

    @cached_property
    def children(self) -> dict[str, set[str]]:
        """Unique id -> ids of the models and exposures that read it directly."""
        found: dict[str, set[str]] = {}
        for key, node in (self.models | self.exposures).items():
            for parent in node["depends_on"]["nodes"]:
                found.setdefault(parent, set()).add(key)
        return found

    def parents(self, key: str) -> set[str]:
        """Ids of what a model or an exposure reads directly."""
        return set((self.models | self.exposures)[key]["depends_on"]["nodes"])

    def model_children(self, key: str) -> set[str]:
        return {child for child in self.children.get(key, ()) if child in self.models}

    def tests_of(self, key: str) -> list[Node]:
        """Tests about this node: a test is about the last node that it reads."""
        return [test for test in self.tests if test["depends_on"]["nodes"][-1:] == [key]]

    def edges(self) -> Iterator[tuple[str, str]]:
        for parent, children in self.children.items():
            for child in sorted(children):
                yield parent, child


def directory(node: Node) -> str:
    """Folder of the node's file, with the slash at its end."""
    return str(node["original_file_path"]).rpartition("/")[0] + "/"


def folder_type(node: Node) -> str | None:
    """The layer whose folder lies nearest to the file."""
    places = {layer: directory(node).find(f"/{layer}/") for layer in FOLDERS}
    nearest = max(places, key=lambda layer: places[layer])
    return nearest if places[nearest] >= 0 else None


def prefix(node: Node) -> str:
    return str(node["name"]).partition("_")[0] + "_"


def model_type(node: Node) -> str:
    """The layer that the name's prefix tells; else the folder's; else `other`."""
    for layer, prefixes in PREFIXES.items():
        if prefix(node) in prefixes:
            return layer
    return folder_type(node) or "other"


def short(key: str) -> str:
    """`model.moodle_analytics.dim_weeks` -> `dim_weeks`; a source keeps its source's name."""
    parts = key.split(".")
    return ".".join(parts[2:])


def layer_edges(graph: Graph, parents: tuple[str, ...], children: tuple[str, ...]) -> list[str]:
    """Direct readings of a model of one layer by a model of another."""
    return [
        f"{short(child)} reads {short(parent)}"
        for parent, child in graph.edges()
        if parent in graph.models
        and child in graph.models
        and model_type(graph.models[parent]) in parents
        and model_type(graph.models[child]) in children
    ]


def direct_join_to_source(graph: Graph) -> list[str]:
    return [
        f"{short(key)} reads a model and a source"
        for key in graph.models
        if graph.parents(key) & graph.sources.keys() and graph.parents(key) & graph.models.keys()
    ]


def duplicate_sources(graph: Graph) -> list[str]:
    seen: dict[tuple[str, str, str], str] = {}
    found = []
    for key, node in graph.sources.items():
        place = (str(node["database"]), str(node["schema"]), str(node["identifier"]))
        if place in seen:
            found.append(f"{short(key)} is the same table as {short(seen[place])}")
        seen[place] = key
    return found


_NAME = r"[\[`\"']?\w+-?\w*[\]`\"']?"
_HARD_CODED = (
    re.compile(r"(?i)(?<!distinct\s)\b(?:from|join)\s+(\{\{\s*var\s*\([^)]*\)\s*\}\})"),
    re.compile(rf"(?i)(?<!distinct\s)(?:from|join)\s+({_NAME}\.{_NAME}(?:\.{_NAME})?)(?=\s|$)"),
    re.compile(r"(?i)(?<!distinct\s)(?:from|join)\s+([\[`\"']\w+-?\w+[\]`\"'])(?=\s|$)"),
)


def hard_coded_references(graph: Graph) -> list[str]:
    found = []
    for key, node in graph.models.items():
        sql = re.sub(r"--.*", "", node["raw_code"])
        hits = [hit for pattern in _HARD_CODED for hit in pattern.findall(sql)]
        found += [f"{short(key)} names {hit} instead of a ref or a source" for hit in hits]
    return found


def marts_or_intermediate_dependent_on_source(graph: Graph) -> list[str]:
    return [
        f"{short(child)} reads {short(parent)}"
        for parent, child in graph.edges()
        if parent in graph.sources
        and child in graph.models
        and model_type(graph.models[child]) in ("marts", "intermediate")
    ]


def model_fanout(graph: Graph) -> list[str]:
    found = []
    for parent in graph.children:
        leaves = sorted(
            short(child) for child in graph.model_children(parent) if not graph.children.get(child)
        )
        if len(leaves) >= FANOUT_THRESHOLD:
            found.append(f"{short(parent)} ends in {len(leaves)} models: {', '.join(leaves)}")
    return found


def multiple_sources_joined(graph: Graph) -> list[str]:
    return [
        f"{short(key)} reads {len(graph.parents(key) & graph.sources.keys())} sources"
        for key in graph.models
        if len(graph.parents(key) & graph.sources.keys()) > 1
    ]


def rejoining_of_upstream_concepts(graph: Graph) -> list[str]:
    """P -> X -> C and P -> C, where nothing but C reads X."""
    found = []
    for key in graph.models:
        readers = graph.model_children(key)
        if len(readers) != 1:
            continue
        (reader,) = readers
        found += [
            f"{short(reader)} reads {short(parent)} and {short(key)}, which reads it too and "
            "serves nobody else"
            for parent in sorted(graph.parents(key) & graph.parents(reader))
        ]
    return found


def root_models(graph: Graph) -> list[str]:
    return [f"{short(key)} reads nothing" for key in graph.models if not graph.parents(key)]


def source_fanout(graph: Graph) -> list[str]:
    return [
        f"{short(key)} is read by {len(graph.model_children(key))} models"
        for key in graph.sources
        if len(graph.model_children(key)) > 1
    ]


def staging_dependent_on_marts_or_intermediate(graph: Graph) -> list[str]:
    return layer_edges(graph, ("marts", "intermediate"), ("staging",))


def staging_dependent_on_staging(graph: Graph) -> list[str]:
    return layer_edges(graph, ("staging",), ("staging",))


def too_many_joins(graph: Graph) -> list[str]:
    return [
        f"{short(key)} reads {len(graph.parents(key))} others, {JOINS_THRESHOLD - 1} are allowed"
        for key in graph.models
        if len(graph.parents(key)) >= JOINS_THRESHOLD
    ]


def unused_sources(graph: Graph) -> list[str]:
    return [f"nobody reads {short(key)}" for key in graph.sources if not graph.children.get(key)]


def missing_primary_key_tests(graph: Graph) -> list[str]:
    """`unique` and `not_null` on one column, or on one expression of the columns of the key."""
    found = []
    for key in graph.models:
        kinds: dict[str, set[str]] = {}
        for test in graph.tests_of(key):
            about = str((test.get("test_metadata") or {}).get("kwargs", {}).get("column_name"))
            for kind in ("unique", "not_null"):
                if f"macro.dbt.test_{kind}" in test["depends_on"]["macros"]:
                    kinds.setdefault(about, set()).add(kind)
        if not any(len(tests) == 2 for tests in kinds.values()):
            found.append(f"{short(key)} has no column that is tested as unique and not_null")
    return found


def test_coverage(graph: Graph) -> list[str]:
    return [f"{short(key)} has no test" for key in graph.models if not graph.tests_of(key)]


def sources_without_freshness(graph: Graph) -> list[str]:
    def has_limit(node: Node) -> bool:
        limits = node.get("freshness") or {}
        return any((limits.get(name) or {}).get("count") for name in ("warn_after", "error_after"))

    return [
        f"{short(key)} has no freshness" for key, n in graph.sources.items() if not has_limit(n)
    ]


def undocumented_models(graph: Graph) -> list[str]:
    return [f"{short(key)} has no description" for key, n in graph.models.items() if is_bare(n)]


def undocumented_source_tables(graph: Graph) -> list[str]:
    return [f"{short(key)} has no description" for key, n in graph.sources.items() if is_bare(n)]


def undocumented_sources(graph: Graph) -> list[str]:
    bare = {n["source_name"] for n in graph.sources.values() if not n["source_description"].strip()}
    return [f"source {name} has no description" for name in sorted(bare)]


def is_bare(node: Node) -> bool:
    """Whether a node or a column lacks a description."""
    return not str(node.get("description") or "").strip()


def model_naming_conventions(graph: Graph) -> list[str]:
    return [
        f"{short(key)} is {model_type(node)}: its name begins with none of "
        f"{', '.join(PREFIXES[model_type(node)])}"
        for key, node in graph.models.items()
        if prefix(node) not in PREFIXES[model_type(node)]
    ]


def model_directories(graph: Graph) -> list[str]:
    found = []
    for key, node in graph.models.items():
        layer = model_type(node)
        if layer != "other" and folder_type(node) != layer:
            found.append(f"{node['original_file_path']} belongs into {layer}/")
        if layer == "staging":
            names = {
                graph.sources[p]["source_name"] for p in graph.parents(key) & graph.sources.keys()
            }
            found += [
                f"{node['original_file_path']} belongs into staging/{name}/"
                for name in sorted(names)
                if name not in directory(node)
            ]
    return found


def source_directories(graph: Graph) -> list[str]:
    return [
        f"{short(key)} is described in {node['original_file_path']}, not in its own folder"
        for key, node in graph.sources.items()
        if node["source_name"] not in directory(node)
    ]


def test_directories(graph: Graph) -> list[str]:
    return [
        f"{test['name']} stands in {directory(test)}, its model in {directory(node)}"
        for key, node in graph.models.items()
        for test in graph.tests_of(key)
        if test.get("test_metadata") and directory(test) != directory(node)
    ]


def chained_views_dependencies(graph: Graph) -> list[str]:
    def chain(key: str) -> int:
        """Views that run one on another each time that this model is read or built."""
        views = [p for p in graph.parents(key) if is_view(p)]
        return max((1 + chain(view) for view in views), default=0)

    def is_view(key: str) -> bool:
        return key in graph.models and graph.models[key]["config"]["materialized"] in NOT_STORED

    return [
        f"{short(key)} stands on a chain of {chain(key)} views"
        for key in graph.models
        if chain(key) > CHAINED_VIEWS_THRESHOLD
    ]


def exposure_parents_materializations(graph: Graph) -> list[str]:
    return [
        f"exposure {short(key)} reads {short(parent)}, which is no stored model"
        for key in graph.exposures
        for parent in sorted(graph.parents(key))
        if parent in graph.sources
        or (parent in graph.models and graph.models[parent]["config"]["materialized"] in NOT_STORED)
    ]


def exposures_dependent_on_private_models(graph: Graph) -> list[str]:
    return [
        f"exposure {short(key)} reads {short(parent)}, which is not public"
        for key in graph.exposures
        for parent in sorted(graph.parents(key))
        if graph.models.get(parent, {}).get("access") != "public"
    ]


def public_models_without_contract(graph: Graph) -> list[str]:
    return [
        f"{short(key)} is public without a contract"
        for key, node in graph.models.items()
        if node["access"] == "public" and not node["contract"]["enforced"]
    ]


def undocumented_public_models(graph: Graph) -> list[str]:
    return [
        f"{short(key)} is public and not described whole"
        for key, node in graph.models.items()
        if node["access"] == "public"
        and (is_bare(node) or not node["columns"] or any(map(is_bare, node["columns"].values())))
    ]


RULES: dict[str, Callable[[Graph], list[str]]] = {
    rule.__name__: rule
    for rule in (
        direct_join_to_source,
        duplicate_sources,
        hard_coded_references,
        marts_or_intermediate_dependent_on_source,
        model_fanout,
        multiple_sources_joined,
        rejoining_of_upstream_concepts,
        root_models,
        source_fanout,
        staging_dependent_on_marts_or_intermediate,
        staging_dependent_on_staging,
        too_many_joins,
        unused_sources,
        missing_primary_key_tests,
        test_coverage,
        sources_without_freshness,
        undocumented_models,
        undocumented_source_tables,
        undocumented_sources,
        model_naming_conventions,
        model_directories,
        source_directories,
        test_directories,
        chained_views_dependencies,
        exposure_parents_materializations,
        exposures_dependent_on_private_models,
        public_models_without_contract,
        undocumented_public_models,
    )
}
