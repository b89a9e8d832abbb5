"""The docs site of dbt as one HTML file that needs no network, with the entity diagram in it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moodle_analytics import build, database, output
from moodle_analytics.docs import diagram, entities
from moodle_analytics.errors import UserError
from moodle_analytics.site import find_site

DIAGRAM = "entity_diagram.svg"

# In dbt's page these two hold what it documents.
_MANIFEST, _CATALOG = '"MANIFEST.JSON INLINE DATA"', '"CATALOG.JSON INLINE DATA"'
# What a target's schema of the marts has behind its name where they are being built.
_WORKING = "_build"
_EMPTY: dict[str, Any] = {"metadata": {}, "nodes": {}, "sources": {}, "errors": None}
_OF_THIS_MACHINE = ("root_path", "build_path", "compiled_path")
_OVERVIEW = "doc.moodle_analytics.__overview__"
# Addresses at which there is nothing, and those that a browser asks for before they are filled in.
_MENDED = {
    '<link rel="canonical" href="/overview/"/>': "",
    """<link rel="shortcut icon" href="${require('./assets/favicons/favicon.ico')}"/>""": "",
    '<use xlink:href="{{': '<use ng-attr-xlink:href="{{',
    # Arrows of the lineage, all but invisible on their ground.
    '-color":"#006f8a"': '-color":"#8fc1cf"',
    '-color":"#027599"': '-color":"#8fc1cf"',
}
# dbt's page lets no image of its own through; it shows a code word, in whose place this is put.
_SHOW = """<template id="entity-diagram">{svg}</template>
<script>
new MutationObserver(() => {{
  for (const word of document.querySelectorAll("code")) {{
    if (word.textContent !== "{name}") continue;
    const drawing = document.getElementById("entity-diagram").content.cloneNode(true);
    drawing.firstElementChild.style = "display: block; width: 100%; height: auto";
    word.replaceWith(drawing);
  }}
}}).observe(document.documentElement, {{childList: true, subtree: true}});
</script>
</body>"""


@dataclass(frozen=True)
class Documented:
    """What was written. `is_without_database` where columns and types are the YAML's alone."""

    path: Path
    models: int
    is_without_database: bool


def write(
    target: build.Target,
    to: Path,
    *,
    schema: str | None = None,
    prefix: str | None = None,
    diagram_to: Path | None = None,
    must_exist: bool = False,
) -> Documented:
    """Write the docs site to the file `to`, and the diagram alone to `diagram_to`.

    Columns are described with the types that the database has. Where there are no Moodle tables
    the files alone are documented, where there is no database only without `must_exist`. Raises
    UserError, also where dbt could not run or a file be written.
    """
    variables, is_without = _variables(target, schema, prefix, must_exist=must_exist)
    # Compiling asks the database, which parsing does not.
    command = ["parse"] if is_without else ["docs", "generate"]
    with tempfile.TemporaryDirectory(prefix="moodle-analytics-") as folder:
        command += ["--target-path", folder]
        build.run_dbt(target, command, variables=variables, title="Documenting")
        manifest = _read(Path(folder) / "manifest.json")
        catalog = _EMPTY if is_without else _read(Path(folder) / "catalog.json")
    page = empty_page()
    drawing = diagram.draw(entities.read(manifest))
    output.write({to: assemble(page, manifest, catalog, drawing)})
    if diagram_to:
        output.write({diagram_to: drawing})
    models = sum(node["resource_type"] == "model" for node in manifest["nodes"].values())
    return Documented(to, models, is_without)


def empty_page() -> str:
    """Give dbt's page as it is before anything is in it."""
    from dbt.task.docs import DOCS_INDEX_FILE_PATH

    return Path(DOCS_INDEX_FILE_PATH).read_text(encoding="utf-8")


def assemble(
    page: str, manifest: Mapping[str, Any], catalog: Mapping[str, Any], drawing: str
) -> str:
    """Give dbt's page with all that it shows in it.

    Raises UserError where dbt's page has no place for that, as another version's may.
    """
    if not all(place in page for place in (_MANIFEST, _CATALOG, "</body>")):
        raise UserError("This dbt's docs page is not as expected: install the locked dbt-core.")
    for found, mended in _MENDED.items():
        page = page.replace(found, mended)
    before, _, after = page.rpartition("</body>")
    page = before + _SHOW.format(svg=drawing, name=DIAGRAM) + after
    shown = _for_the_page(manifest)
    return page.replace(_MANIFEST, _inline(shown)).replace(_CATALOG, _inline(catalog))


def _variables(
    target: build.Target, schema: str | None, prefix: str | None, *, must_exist: bool
) -> tuple[dict[str, str], bool]:
    """Give the vars that say where Moodle's tables are, and whether there are none."""
    is_reached = False
    try:
        with closing(database.connect(target.server, readonly=True)) as connection:
            is_reached = True
            site = find_site(connection, schema=schema, prefix=prefix)
    except UserError:
        if schema or prefix or (must_exist and not is_reached):
            raise
        return {}, True
    return {"moodle_schema": site.schema, "moodle_prefix": site.prefix}, False


def _for_the_page(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Point to what is within the page, the diagram and the overview, and to no other file."""
    overview = manifest["docs"][_OVERVIEW]
    text = overview["block_contents"].replace(f"![Entity diagram]({DIAGRAM})", f"`{DIAGRAM}`")
    exposures = {
        key: exposure | {"url": "#!/overview"}
        if (exposure["url"] or "").startswith("README.md")
        else exposure
        for key, exposure in manifest["exposures"].items()
    }
    docs = manifest["docs"] | {_OVERVIEW: overview | {"block_contents": text}}
    nodes = {
        key: {name: value for name, value in node.items() if name not in _OF_THIS_MACHINE}
        | _where_read(key, node)
        for key, node in manifest["nodes"].items()
    }
    return {**manifest, "docs": docs, "exposures": exposures, "nodes": nodes}


def _where_read(key: str, node: Mapping[str, Any]) -> dict[str, str]:
    """Give the schema of a mart as those know it who read it; nothing for other nodes."""
    if not key.startswith("model.") or "/marts/" not in node.get("original_file_path", ""):
        return {}
    schema = str(node["schema"]).removesuffix(_WORKING)
    return {"schema": schema, "relation_name": f'"{node["database"]}"."{schema}"."{node["name"]}"'}


def _inline(values: Mapping[str, Any]) -> str:
    """Give JSON that may stand within a script of an HTML page."""
    return json.dumps(values, separators=(",", ":")).replace("</", "<\\/").replace("<!--", "<\\!--")


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise UserError(f"dbt wrote no {path.name}: logs/dbt.log says why.")
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values
