"""The workbook and its data sources as files, in the flavours that Tableau's versions read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from moodle_analytics.dashboard.specification import Specification
from moodle_analytics.dashboard.sql import Choice
from moodle_analytics.tableau import dashboards, datasources, worksheets
from moodle_analytics.tableau.datasources import Place
from moodle_analytics.tableau.fields import Model
from moodle_analytics.tableau.xml import Element, element


@dataclass(frozen=True)
class Flavour:
    """What a range of Tableau's versions demands; `suffix` ends the file's name."""

    version: str
    build: str
    manifest: tuple[str, ...]
    explains_data: bool
    suffix: str = ""


# What 2026.2 and later demand; Desktop up to 2025.x refuses it.
NEW = Flavour("26.2", "2026.2.0 (20262.26.0528.2205)", ("ManifestByVersion",), True)
# What 2020.2 and later read. Each name lets in what is used of it: tags of sorts, phones' layouts,
# ids of sheets and windows, folders, the graph of a data source's tables. Without its name in the
# manifest an element is valid, but the file does not open.
OLD = Flavour(
    "18.1",
    "2022.3.0 (20223.22.1005.1835)",
    (
        "AutoCreateAndUpdateDSDPhoneLayouts",
        "ObjectModelEncapsulateLegacy",
        "ObjectModelTableType",
        "SchemaViewerObjectModel",
        "SheetIdentifierTracking",
        "SortTagCleanup",
        "WindowsPersistSimpleIdentifiers",
    ),
    False,
    "_18.1",
)
FLAVOURS = (NEW, OLD)


def workbook(
    specification: Specification,
    models: Mapping[str, Model],
    choices: Mapping[str, Choice],
    place: Place,
    flavour: Flavour = NEW,
) -> Element:
    """Make the workbook: `models` are the data sources by the sources' names."""
    made = worksheets.all_of(specification, models, choices)
    sources = [
        element(
            "datasource",
            {
                "caption": model.source.caption,
                "inline": True,
                "name": model.name,
                "version": flavour.version,
            },
            datasources.content(specification, model, place),
        )
        for model in models.values()
    ]
    header = made[specification.header.name]
    windows = [
        dashboards.window(
            page,
            [header, *(made[sheet.name] for sheet in page.sheets)],
            is_first=page == specification.pages[0],
        )
        for page in specification.pages
    ]
    windows += [dashboards.worksheet_window(one) for one in made.values()]
    pages = [dashboards.dashboard(specification, page, made) for page in specification.pages]
    return element(
        "workbook",
        {
            "original-version": flavour.version,
            "source-build": flavour.build,
            "source-platform": "win",
            "version": flavour.version,
        },
        [
            _manifest(flavour),
            _preferences(),
            _style(),
            element("datasources", children=sources),
            element("worksheets", children=[one.element for one in made.values()]),
            element("dashboards", children=pages),
            element("windows", {"source-height": 30}, windows),
            _explain_data() if flavour.explains_data else None,
        ],
    )


def datasource(specification: Specification, model: Model, place: Place) -> Element:
    """Make a data source as a file of its own, for every version."""
    attributes = {
        "formatted-name": model.name,
        "inline": True,
        "source-platform": "win",
        "version": OLD.version,
    }
    return element(
        "datasource",
        attributes,
        [_manifest(OLD), *datasources.content(specification, model, place)],
    )


def _manifest(flavour: Flavour) -> Element:
    return element(
        "document-format-change-manifest", children=[element(one) for one in flavour.manifest]
    )


def _preferences() -> Element:
    sizes = {"ui.encoding.shelf.height": "24", "ui.shelf.height": "26"}
    return element(
        "preferences",
        children=[
            element("preference", {"name": name, "value": value}) for name, value in sizes.items()
        ],
    )


def _style() -> Element:
    font = element("format", {"attr": "font-family", "value": "Tableau Book"})
    return element("style", children=[element("style-rule", {"element": "all"}, [font])])


def _explain_data() -> Element:
    attributes = {"enabled-for-viewer": False, "extreme-values-enabled-for-all": False}
    return element("explain-data", attributes, [element("explanation-types")])
