"""The shape of the project: layers, names, documentation, and what may stand in its files."""

from __future__ import annotations

import ast
import csv
import fnmatch
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from evaluator import RULES, Graph, is_bare

ROOT = Path(__file__).resolve().parents[1]
PROJECT = "moodle_analytics"
Manifest = Mapping[str, Any]


@cache
def repository_files() -> tuple[str, ...]:
    """Paths of all files that are, or would be, in the repository; relative, with slashes."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout: which files belong to the project is not known")
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = sorted({name for name in listing.stdout.split("\0") if name})
    return tuple(name for name in names if (ROOT / name).is_file())


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def files_under(*folders: str, suffixes: Iterable[str]) -> list[str]:
    return [
        name
        for name in repository_files()
        if name.startswith(tuple(f"{folder}/" for folder in folders))
        and name.endswith(tuple(suffixes))
    ]


def report(faults: Iterable[str]) -> None:
    """Fail with one fault a line, when there is one."""
    lines = sorted(set(faults))
    if lines:
        pytest.fail(f"{len(lines)} found:\n  " + "\n  ".join(lines), pytrace=False)


def own_nodes(manifest: Manifest, kind: str) -> list[Mapping[str, Any]]:
    return [n for n in manifest["nodes"].values() if n["resource_type"] == kind]


def marts(manifest: Manifest) -> list[Mapping[str, Any]]:
    models = own_nodes(manifest, "model")
    return [n for n in models if n["original_file_path"].startswith("models/marts/")]


# The rules of dbt-project-evaluator


@pytest.mark.parametrize("rule", RULES)
def test_evaluator_finds_nothing(manifest: Manifest, rule: str) -> None:
    report(RULES[rule](Graph(manifest)))


def made_manifest() -> dict[str, Any]:
    """A small project without a fault: source -> staging -> intermediate -> mart -> exposure."""

    def model(path: str, *parents: str, **more: Any) -> dict[str, Any]:
        name = Path(path).stem
        return {
            "resource_type": "model",
            "name": name,
            "original_file_path": f"models/{path}",
            "description": "One row per thing.",
            "columns": {"id": {"description": "Key."}},
            "depends_on": {"nodes": list(parents), "macros": []},
            "config": {"materialized": "table"},
            "access": "protected",
            "contract": {"enforced": False},
            "raw_code": "select * from {{ ref('other') }}",
            **more,
        }

    def key_test(kind: str, key: str, path: str) -> dict[str, Any]:
        return {
            "resource_type": "test",
            "name": f"{kind}_{key}",
            "original_file_path": f"models/{path}",
            "test_metadata": {"name": kind, "kwargs": {"column_name": "id"}},
            "depends_on": {"nodes": [key], "macros": [f"macro.dbt.test_{kind}"]},
        }

    models = {
        "model.p.stg_moodle__users": model(
            "staging/moodle/stg_moodle__users.sql", "source.p.moodle.user"
        ),
        "model.p.int_users_counted": model(
            "intermediate/core/int_users_counted.sql", "model.p.stg_moodle__users"
        ),
        "model.p.dim_users": model(
            "marts/core/dim_users.sql",
            "model.p.int_users_counted",
            access="public",
            contract={"enforced": True},
        ),
    }
    tests = {
        f"test.p.{kind}_{key}": key_test(
            kind, key, str(Path(node["original_file_path"]).relative_to("models").parent / "_m.yml")
        )
        for key, node in models.items()
        for kind in ("unique", "not_null")
    }
    return {
        "nodes": {**models, **tests},
        "sources": {
            "source.p.moodle.user": {
                "name": "user",
                "source_name": "moodle",
                "database": "moodle",
                "schema": "public",
                "identifier": "mdl_user",
                "description": "Users.",
                "source_description": "Moodle.",
                "original_file_path": "models/staging/moodle/_moodle__sources.yml",
                "freshness": {"warn_after": {"count": 1, "period": "day"}},
            }
        },
        "exposures": {
            "exposure.p.dashboard": {"depends_on": {"nodes": ["model.p.dim_users"], "macros": []}}
        },
    }


def plant(manifest: dict[str, Any], rule: str) -> None:
    """Break one rule in a project without a fault."""
    stg, inter, mart = "model.p.stg_moodle__users", "model.p.int_users_counted", "model.p.dim_users"
    nodes, sources = manifest["nodes"], manifest["sources"]
    source_key = "source.p.moodle.user"
    source = sources[source_key]
    second = "source.p.moodle.course"

    def reads(key: str, *parents: str) -> None:
        nodes[key]["depends_on"]["nodes"] += parents

    def copies(key: str, count: int, *parents: str) -> list[str]:
        names = [f"{key}_{number}" for number in range(count)]
        for name in names:
            nodes[name] = {
                **nodes[key],
                "name": name.split(".")[-1],
                "depends_on": {"nodes": list(parents), "macros": []},
            }
        return names

    def planted_second_source() -> None:
        sources[second] = {**source, "identifier": "mdl_course"}
        reads(stg, second)

    def planted_chain() -> None:
        parent = stg
        nodes[stg]["config"] = {"materialized": "view"}
        for name in copies(inter, 4):
            reads(name, parent)
            nodes[name]["config"] = {"materialized": "view"}
            parent = name
        reads(mart, parent)

    faults: dict[str, Any] = {
        "direct_join_to_source": lambda: reads(inter, source_key),
        "duplicate_sources": lambda: sources.update({second: {**source, "name": "course"}}),
        "hard_coded_references": lambda: nodes[stg].update(
            raw_code="select * from public.mdl_user"
        ),
        "marts_or_intermediate_dependent_on_source": lambda: reads(mart, source_key),
        "model_fanout": lambda: copies(mart, 3, inter),
        "multiple_sources_joined": planted_second_source,
        "rejoining_of_upstream_concepts": lambda: reads(mart, stg),
        "root_models": lambda: nodes[stg]["depends_on"].update(nodes=[]),
        "source_fanout": lambda: copies(stg, 1, source_key),
        "staging_dependent_on_marts_or_intermediate": lambda: reads(stg, *copies(inter, 1)),
        "staging_dependent_on_staging": lambda: reads(stg, *copies(stg, 1)),
        "too_many_joins": lambda: reads(mart, *copies(inter, 6)),
        "unused_sources": lambda: sources.update({second: {**source, "identifier": "mdl_course"}}),
        "missing_primary_key_tests": lambda: nodes.pop(f"test.p.not_null_{stg}"),
        "test_coverage": lambda: [nodes.pop(f"test.p.{k}_{stg}") for k in ("unique", "not_null")],
        "sources_without_freshness": lambda: source.update(
            freshness={"warn_after": {"count": None}}
        ),
        "undocumented_models": lambda: nodes[stg].update(description=" "),
        "undocumented_source_tables": lambda: source.update(description=""),
        "undocumented_sources": lambda: source.update(source_description=""),
        "model_naming_conventions": lambda: nodes[mart].update(name="users"),
        "model_directories": lambda: nodes[mart].update(
            original_file_path="models/staging/dim_users.sql"
        ),
        "source_directories": lambda: source.update(
            original_file_path="models/staging/sources.yml"
        ),
        "test_directories": lambda: nodes[f"test.p.unique_{stg}"].update(
            original_file_path="models/marts/core/_m.yml"
        ),
        "chained_views_dependencies": planted_chain,
        "exposure_parents_materializations": lambda: nodes[mart].update(
            config={"materialized": "view"}
        ),
        "exposures_dependent_on_private_models": lambda: nodes[mart].update(access="protected"),
        "public_models_without_contract": lambda: nodes[mart].update(contract={"enforced": False}),
        "undocumented_public_models": lambda: nodes[mart].update(columns={}),
    }
    faults[rule]()


@pytest.mark.parametrize("rule", RULES)
def test_rule_finds_a_planted_fault(rule: str) -> None:
    made = made_manifest()
    assert RULES[rule](Graph(made)) == []
    plant(made, rule)
    assert RULES[rule](Graph(made)) != []


# Layers and names


def test_marts_are_public_contracted_and_keyed(manifest: Manifest) -> None:
    faults = []
    for node in marts(manifest):
        name = node["name"]
        if not re.fullmatch(r"(dim|fct)_[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
            faults.append(f"{name}: a mart is called dim_ or fct_ and a plain name")
        if node["access"] != "public":
            faults.append(f"{name}: access is {node['access']}, not public")
        if not node["contract"]["enforced"]:
            faults.append(f"{name}: the contract is not enforced")
        constraints = list(node["constraints"])
        for column in node["columns"].values():
            constraints += column.get("constraints") or []
        if not any(constraint["type"] == "primary_key" for constraint in constraints):
            faults.append(f"{name}: no primary_key among its constraints")
    report(faults)


def test_increments_know_rows_by_a_key_that_is_tested(manifest: Manifest) -> None:
    """What macros/increment/key_columns.sql says is what the `unique` test of the model is on."""
    tested = {
        (node["attached_node"], node["test_metadata"]["kwargs"]["column_name"])
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") == "unique"
    }
    for key, node in manifest["nodes"].items():
        if node["resource_type"] != "model" or node["config"]["materialized"] != "incremental":
            continue
        primary = [
            constraint.get("columns") or [name]
            for name, constraints in [
                ("", node["constraints"]),
                *((name, column["constraints"]) for name, column in node["columns"].items()),
            ]
            for constraint in constraints
            if constraint["type"] == "primary_key"
        ]
        named = node["config"]["meta"].get("key")
        columns = named or (primary[0] if primary else list(node["columns"])[:1])
        assert (key, " || ' ' || ".join(columns)) in tested, f"{key}: {columns}"


def test_models_say_first_what_a_row_is(manifest: Manifest) -> None:
    faults = []
    for node in own_nodes(manifest, "model"):
        if not node["description"].lstrip().startswith("One row per "):
            faults.append(f"{node['name']}: the description does not begin with 'One row per ...'")
        if node["original_file_path"].startswith("models/staging/"):
            continue
        opening = re.match(r"\s*\{#-?(.*?)#\}", node["raw_code"], re.DOTALL)
        if opening is None or "one row per" not in " ".join(opening.group(1).lower().split()):
            faults.append(f"{node['name']}: the file does not open with {{# One row per ... #}}")
    report(faults)


SQL_TASTE = {
    r";\s*$": "a semicolon",
    r"\b\w+\.\*": "x.*: name the columns",
    r"(?i)\busing\s*\(": "using (...): write on",
    r"(?i)\bgroup by \d": "group by a number",
}


def strip_sql(sql: str) -> str:
    """SQL without its Jinja and SQL comments; lines stay where they are."""

    def blank(match: re.Match[str]) -> str:
        return "\n" * match.group(0).count("\n")

    sql = re.sub(r"\{#.*?#\}|/\*.*?\*/", blank, sql, flags=re.DOTALL)
    return re.sub(r"--[^\n]*", "", sql)


def test_sql_keeps_to_the_rules_of_taste() -> None:
    faults = []
    for name in files_under("models", "tests", "analyses", suffixes=[".sql"]):
        for number, line in enumerate(strip_sql(text_of(name)).splitlines(), start=1):
            faults += [
                f"{name}:{number}: {words}"
                for pattern, words in SQL_TASTE.items()
                if re.search(pattern, line)
            ]
    report(faults)


def test_yaml_says_data_tests() -> None:
    folders = ("models", "seeds", "macros", "tests", "analyses", "snapshots")
    names = [*files_under(*folders, suffixes=[".yml", ".yaml"]), "dbt_project.yml"]
    report(
        f"{name}:{number}: tests: is called data_tests:"
        for name in names
        for number, line in enumerate(text_of(name).splitlines(), start=1)
        if re.match(r"[\s-]*tests:", line)
    )


# Variables


def defined_vars() -> dict[str, Any]:
    return dict(yaml.safe_load(text_of("dbt_project.yml")).get("vars") or {})


def test_every_var_is_defined_and_used() -> None:
    defined = defined_vars()
    used: dict[str, str] = {}
    for name in files_under(
        "models", "macros", "tests", "analyses", "seeds", suffixes=[".sql", ".yml", ".yaml", ".md"]
    ):
        for var in re.findall(r"\bvar\(\s*['\"](\w+)['\"]", text_of(name)):
            used.setdefault(var, name)
    python = "\n".join(map(text_of, files_under("scripts", suffixes=[".py"])))
    faults = [
        f"{name}: var {var} is not defined in dbt_project.yml"
        for var, name in used.items()
        if var not in defined
    ]
    faults += [
        f"dbt_project.yml: nobody uses var {var}"
        for var in defined
        if var not in used and var not in python
    ]
    report(faults)


def test_every_var_has_a_comment() -> None:
    lines = text_of("dbt_project.yml").splitlines()
    start = lines.index("vars:")
    faults, is_explained = [], False
    for line in lines[start + 1 :]:
        if line and not line.startswith(" "):
            break
        if line.lstrip().startswith("#"):
            is_explained = True
        elif not line.strip():
            is_explained = False
        elif re.match(r"  \w", line) and not (is_explained or "#" in line):
            faults.append(f"dbt_project.yml: var {line.strip()} has no comment above it")
    report(faults)


# Documentation


def signature(macro_sql: str) -> list[str]:
    """Names of a macro's parameters, as its SQL declares them."""
    head = re.search(r"\{%-?\s*(?:macro|test)\s+\w+\s*\((.*?)\)\s*-?%\}", macro_sql, re.DOTALL)
    if head is None or not head.group(1).strip():
        return []
    # Parameters are written as in Python, and a bare true or none is a name there: it parses.
    function = ast.parse(f"def f({' '.join(head.group(1).split())}): ...").body[0]
    assert isinstance(function, ast.FunctionDef)
    return [argument.arg for argument in function.args.args]


# Every generic test takes these from the place where it is written.
GIVEN_BY_DBT = ("model", "column_name")


def undocumented_macros(manifest: Manifest) -> list[str]:
    """Macros of this project whose purpose or arguments are not told.

    The one implementation of a dispatched macro per engine (default__x, spark__x) is told of in x.
    """
    faults = []
    for macro in manifest["macros"].values():
        name = macro["name"]
        if macro["package_name"] != PROJECT or "__" in name:
            continue
        if is_bare(macro):
            faults.append(f"macro {name} has no description")
        told = {arg["name"]: arg for arg in macro["arguments"]}
        faults += [
            f"macro {name}: argument {argument} has no description"
            for argument in signature(macro["macro_sql"])
            if argument not in GIVEN_BY_DBT and is_bare(told.get(argument, {}))
        ]
    return faults


def undocumented_nodes(manifest: Manifest) -> list[str]:
    """Models, seeds and sources, and the columns that their YAML names, without a description."""
    faults = []
    nodes = [*own_nodes(manifest, "model"), *own_nodes(manifest, "seed")]
    nodes += own_nodes(manifest, "snapshot")
    for node in [*nodes, *manifest["sources"].values(), *manifest["exposures"].values()]:
        if is_bare(node):
            faults.append(f"{node['resource_type']} {node['name']} has no description")
        for name, column in node.get("columns", {}).items():
            if is_bare(column):
                faults.append(f"{node['resource_type']} {node['name']}.{name} has no description")
    return faults


def test_all_is_documented(manifest: Manifest) -> None:
    report([*undocumented_nodes(manifest), *undocumented_macros(manifest)])


def test_seeds_and_their_columns_are_documented(manifest: Manifest) -> None:
    faults = []
    for seed in own_nodes(manifest, "seed"):
        with (ROOT / seed["original_file_path"]).open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        told = {name for name, column in seed["columns"].items() if not is_bare(column)}
        faults += [f"{seed['name']}.{name} is not described" for name in header if name not in told]
        faults += [f"{seed['name']}.{name} does not exist" for name in sorted(told - set(header))]
    report(faults)


RELATION_COLUMNS = """
    select namespaces.nspname, relations.relname, attributes.attname
    from pg_attribute as attributes
    inner join pg_class as relations on attributes.attrelid = relations.oid
    inner join pg_namespace as namespaces on relations.relnamespace = namespaces.oid
    where attributes.attnum > 0
        and not attributes.attisdropped
        and relations.relkind in ('r', 'v', 'm', 'p')
"""


def undocumented_columns(manifest: Manifest, connection: Any) -> list[str]:
    """Where the built models and their YAML differ: one sentence a column.

    `connection` is a DB-API connection to a database where the manifest's target was built.
    """
    with connection.cursor() as cursor:
        cursor.execute(RELATION_COLUMNS)
        rows = cursor.fetchall()
    built: dict[tuple[str, str], set[str]] = {}
    for schema, relation, column in rows:
        built.setdefault((schema, relation), set()).add(column)

    faults = []
    for node in own_nodes(manifest, "model"):
        name = node["name"]
        if node["config"]["materialized"] == "ephemeral":
            continue
        columns = built.get((node["schema"], node["alias"]))
        if columns is None:
            faults.append(f"{name} is not built: there is no {node['schema']}.{node['alias']}")
            continue
        told = {key.lower() for key, column in node["columns"].items() if not is_bare(column)}
        faults += [f"{name}.{column} is not described" for column in columns - told]
        faults += [f"{name}.{column} is described but does not exist" for column in told - columns]
    return sorted(faults)


class FakeConnection:
    """Answers any query with the same rows."""

    def __init__(self, rows: list[tuple[str, str, str]]) -> None:
        self.rows = rows

    def cursor(self) -> FakeConnection:
        return self

    def __enter__(self) -> FakeConnection:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def execute(self, _: str) -> None:
        return None

    def fetchall(self) -> list[tuple[str, str, str]]:
        return self.rows


def test_undocumented_columns_are_found_in_the_built_relations() -> None:
    made = made_manifest()
    for node in made["nodes"].values():
        node.update(schema="marts", alias=node["name"])
    rows = [("marts", "dim_users", "id"), ("marts", "dim_users", "extra")]
    rows += [("marts", "stg_moodle__users", "other")]
    assert undocumented_columns(made, FakeConnection(rows)) == [
        "dim_users.extra is not described",
        "int_users_counted is not built: there is no marts.int_users_counted",
        "stg_moodle__users.id is described but does not exist",
        "stg_moodle__users.other is not described",
    ]


# Files


def tree_of(readme: str) -> list[str]:
    """Paths of the tree under "The house": indented under their folder, words after two spaces."""
    block = re.search(r"^## The house\n.*?^```\w*\n(.*?)^```", readme, re.M | re.S)
    assert block is not None, "README.md has no fenced block under '## The house'"
    paths: list[str] = []
    above: list[tuple[int, str]] = []
    for line in filter(str.strip, block.group(1).splitlines()):
        indent = len(line) - len(line.lstrip())
        while above and above[-1][0] >= indent:
            above.pop()
        base = above[-1][1] if above else ""
        names = re.split(r"\s{2,}", line.strip())[0].split()
        paths += [base + name for name in names]
        if names[-1].endswith("/"):
            above.append((indent, base + names[-1]))
    return paths


def tree_faults(tree: Iterable[str], files: Iterable[str]) -> list[str]:
    """Paths of the tree that no file has, and files that no path of the tree stands for.

    A folder without anything below it in the tree stands for all that is in it; a name may hold
    `*`, which stops at a slash.
    """

    def stands_for(path: str, name: str) -> bool:
        if path.endswith("/"):
            return name.startswith(path)
        return path.count("/") == name.count("/") and fnmatch.fnmatchcase(name, path)

    paths, names = list(tree), list(files)
    folders = {path for path in paths if path.endswith("/")}
    leaves = [
        path
        for path in paths
        if path not in folders or not any(o.startswith(path) for o in paths if o != path)
    ]
    faults = [
        f"{path}: in the README, not on disk"
        for path in paths
        if not any(stands_for(path, name) for name in names)
    ]
    return faults + [
        f"{name}: on disk, not in the README"
        for name in names
        if not any(stands_for(path, name) for path in leaves)
    ]


def test_tree_of_the_readme_is_the_tree_on_disk() -> None:
    if not (ROOT / "README.md").is_file():
        pytest.skip("README.md is not there")
    report(tree_faults(tree_of(text_of("README.md")), repository_files()))


def test_tree_is_read_and_compared() -> None:
    readme = """# Name

## The house

Words before it.

```
README.md                what it answers; the commands
models/
  staging/moodle/        one model a table
    _moodle__sources.yml
    stg_*.sql            the only readers of sources
  marts/                 what people read
```
"""
    tree = tree_of(readme)
    assert tree == [
        "README.md",
        "models/",
        "models/staging/moodle/",
        "models/staging/moodle/_moodle__sources.yml",
        "models/staging/moodle/stg_*.sql",
        "models/marts/",
    ]
    files = [
        "README.md",
        "models/staging/moodle/_moodle__sources.yml",
        "models/staging/moodle/stg_moodle__user.sql",
        "models/marts/core/dim_users.sql",
    ]
    assert tree_faults(tree, files) == []
    assert tree_faults(tree, [*files, "models/other.sql"]) == [
        "models/other.sql: on disk, not in the README"
    ]
    assert tree_faults(tree, [*files, "models/staging/moodle/deeper/stg_x.sql"]) != []
    assert tree_faults([*tree, "seeds/"], files) == ["seeds/: in the README, not on disk"]


# Split, so that this file does not hold what it looks for.
FORBIDDEN = {
    r"/" + r"work/": "a path of one machine",
    r"/" + r"(?:home|Users)/\w": "a path of one machine",
    r"/tmp/" + r"dev\b": "a path of one machine",
    r"(?i)\bpypi\." + r"org\b": "the address of a registry",
    r"(?i)pythonhosted\." + r"org": "the address of a registry",
    r"--(?:extra-)?index-" + r"url\s+\S*//": "the address of a registry",
    r"(?i)\b(?:this|last|previous|another) work " + r"session\b": "how it was made",
    r"(?i)\bwork" + r"place\b": "how it was made",
    r"(?i)\b(?:helper [A-Z]\b|sub-?" + r"agent|the lead (?:writes|owns))": "how it was made",
    r"(?i)\b(?:see|fixes|closes|for|in) issue " + r"#?\d+": "a number of a task",
}


def forbidden_in(text: str) -> list[str]:
    """What a text tells that it should not: line, reason and words."""
    return [
        f"{number}: {words}: {match.group(0)}"
        for number, line in enumerate(text.splitlines(), start=1)
        for pattern, words in FORBIDDEN.items()
        if (match := re.search(pattern, line))
    ]


def test_nothing_tells_of_machines_registries_or_how_it_was_made() -> None:
    faults = []
    for name in repository_files():
        try:
            text = text_of(name)
        except UnicodeDecodeError:
            continue
        faults += [f"{name}:{fault}" for fault in forbidden_in(text)]
    report(faults)


@pytest.mark.parametrize(
    "text",
    [
        "cd /" + "work/main",
        "open /" + "home/ada/x",
        "https://pypi." + "org/simple",
        "pip install --index-" + "url https://example.com",
        "as in the last work " + "session",
    ],
)
def test_forbidden_words_are_found(text: str) -> None:
    assert forbidden_in(f"fine\n{text}")[0].startswith("2: ")
    assert forbidden_in("a learner's session, /usr/lib/postgresql, ../shared/data") == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_holds_names_and_versions_only(name: str) -> None:
    shape = re.compile(r"[a-z0-9][a-z0-9.-]*==[0-9][\w.!+]*( ; [^/@]+)?")
    report(f"{name}: {line}" for line in text_of(name).splitlines() if not shape.fullmatch(line))


def test_locks_agree() -> None:
    base = set(text_of("requirements.lock").splitlines())
    dev = set(text_of("requirements-dev.lock").splitlines())
    report(f"{line}: not in requirements-dev.lock" for line in base - dev)


@pytest.mark.parametrize(
    ("name", "extra"), [("requirements.lock", None), ("requirements-dev.lock", "dev")]
)
def test_lock_meets_what_the_package_asks_for(name: str, extra: str | None) -> None:
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"].get(extra, [])]
    locked: dict[str, list[str]] = {}
    for line in text_of(name).splitlines():
        package, _, version = line.partition(" ;")[0].partition("==")
        locked.setdefault(canonicalize_name(package), []).append(version)
    report(
        f"{name}: {text} is asked for and not locked: make lock"
        for text, wish in ((text, Requirement(text)) for text in asked)
        if not any(
            wish.specifier.contains(version)
            for version in locked.get(canonicalize_name(wish.name), [])
        )
    )


def test_makefile_explains_every_target() -> None:
    targets = re.findall(r"^([a-z][a-z-]*):(.*)$", text_of("Makefile"), re.M)
    assert targets
    report(f"{name} has no '## ...'" for name, rest in targets if "## " not in rest)
    phony = re.search(r"^\.PHONY: (.*)$", text_of("Makefile"), re.M)
    assert phony is not None
    assert set(phony.group(1).split()) == {name for name, _ in targets}


def test_one_worker_runs_a_whole_module(request: pytest.FixtureRequest) -> None:
    """What a module builds is built once: pytest-xdist sees the groups that conftest.py makes."""
    if not hasattr(request.config, "workerinput"):
        pytest.skip("there is one worker alone: run pytest with -n 2 --dist loadgroup")
    assert "@" in request.node.nodeid
