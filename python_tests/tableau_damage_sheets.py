"""Ways to damage worksheets, filters, dashboards and the file, with words of the fault."""

from __future__ import annotations

import copy

from tableau_damage import (
    SHEET,
    SOURCES,
    Damage,
    Root,
    added,
    at,
    cut,
    dashboard,
    named,
    one,
    other_formula,
    sheet,
    source,
    sourced,
    swapped,
    twice,
    whole,
)

_GROUP = "table/view/filter[contains(@column, 'learner_group')]"
_POSTGRES = "connection//connection[@class='postgres']"
_LABEL = "table/panes/pane/customized-label//run"
_BARS = "Enrolments by status"
_TABLE = "Learners to write to"
_TOP = "Most used activities"
_LINES = "Active learners"
_DUE = "Due in the next 14 days"


def _foreign_filter(root: Root) -> None:
    """Let a sheet filter by another source's field."""
    other = source(root, "Watch list").get("name")
    at(sheet, "table/view/filter[1]", column=f"[{other}].[none:band:nk]")(root)


def _truncated_week(root: Root) -> None:
    """Show the week cut off to its week, everywhere alike."""
    of = sheet(root, "Active learners")
    for element in of.iter():
        for key, value in element.attrib.items():
            element.set(key, value.replace("none:week_start:qk", "twk:week_start:qk"))
        element.text = element.text and element.text.replace(
            "none:week_start:qk", "twk:week_start:qk"
        )
    one(of, ".//column-instance[@name='[twk:week_start:qk]']").set("derivation", "Week-Trunc")


def _hidden(root: Root) -> None:
    for column in root.iter("column"):
        if column.get("name") == "[measure_struggling_now]":
            column.set("hidden", "true")


def _renamed_sheet(root: Root) -> None:
    for element in root.iter("worksheet", "zone", "window", "viewpoint"):
        if element.get("name") == SHEET:
            element.set("name", "Fine")


def _swapped_zones(root: Root) -> None:
    zones = dashboard(root).xpath("zones//zone[@name and not(@type-v2)]")
    zones[0].set("name", zones[1].get("name"))


def _two_values(root: Root) -> None:
    """Let a filter of one value have two."""
    member = one(
        sheet(root),
        "table/view/filter[contains(@column, 'learner_group')]/groupfilter[@function='member']",
    )
    union = copy.deepcopy(member)
    for key in list(union.attrib):
        del union.attrib[key]
    union.set("function", "union")
    member.addprevious(union)
    union.extend([member, copy.deepcopy(member)])


def _changed_axes(root: Root) -> None:
    table = one(sheet(root, _LINES), "table")
    rows, cols = table.find("rows"), table.find("cols")
    rows.text, cols.text = cols.text, rows.text


def _unsorted(root: Root) -> None:
    for sort in sheet(root, _TOP).xpath(".//computed-sort"):
        sort.getparent().remove(sort)


DAMAGES = [
    *SOURCES,
    # Sheets.
    Damage("instance lost", cut(sheet, ".//column-instance[contains(@name, 'struggling_now')]"),
           "has no column-instance"),
    Damage("instance's column",
           cut(sheet, ".//datasource-dependencies/column[@name='[measure_struggling_now]']"),
           "a column that the sheet lacks"),
    Damage("instance twice", twice(sheet, ".//column-instance"), "twice"),
    Damage("derivation", at(named(_BARS), ".//column-instance[contains(@name,'week_start')]",
                            derivation="Sum"), "unlike its name"),
    Damage("unknown derivation",
           at(named(_BARS), ".//column-instance[contains(@name,'week_start')]",
              derivation="Fortnight"), "which is none"),
    Damage("instance's type", at(named(_BARS), ".//column-instance[contains(@name,'week_start')]",
                                 type="nominal"), "unlike its name"),
    Damage("pivot", at(sheet, ".//column-instance", pivot="none"), "pivot"),
    Damage("week cut off", _truncated_week, "to be shown as it is"),
    Damage("column's role of one sheet",
           at(named(_LINES), ".//column[@name='[participating_count]']", role="dimension"),
           "with role dimension"),
    Damage("foreign source", at(sheet, "table/view/datasources/datasource", name="federated.x"),
           "which is not there"),
    Damage("source of needs", at(sheet, ".//datasource-dependencies", datasource="federated.x"),
           "which it does not list"),
    Damage("empty view", cut(sheet, "table/view/*[1]/.."), "empty table"),
    Damage("no aggregation", at(sheet, "table/view/aggregation", value="false"), "aggregate"),
    Damage("rows", swapped(named(_LINES), "table/rows", "[usr:", "[sum:"), "no column-instance"),
    Damage("cols empty", at(named(_LINES), "table/cols", __text=""), "does not show week_start"),
    Damage("rows unreadable", swapped(named(_TABLE), "table/rows", " / ", " "), "cannot be read"),
    Damage("rows unclosed", swapped(named(_TABLE), "table/rows", ")", ""), "cannot be read"),
    Damage("encoding lost", cut(named(_LINES), ".//encodings/color"), "does not show course_short"),
    Damage("encoding to nothing", at(named(_LINES), ".//encodings/color", column="[x].[none:y:nk]"),
           "of a source that the sheet does not use"),
    Damage("encoding to no field",
           swapped(named(_LINES), ".//encodings/color", "course_short_name", "course"),
           "no column-instance"),
    Damage("mark", at(named(_LINES), "table/panes/pane/mark", class_="Pie"), "draws Pie"),
    Damage("label", swapped(sheet, _LABEL, "struggling_now", "gone"), "a text names"),
    Damage("sort", swapped(named("First reasons"), ".//computed-sort", "listed", "gone"),
           "sorts by"),
    Damage("sort's way", at(named("First reasons"), ".//computed-sort", direction="UP"),
           "direction"),
    Damage("manual sort", at(named(_BARS), ".//manual-sort", column="[x].[y]"), "sorts by [x].[y]"),
    Damage("hidden field", _hidden, "of a hidden field"),
    Damage("extra field", added(named(_LINES), ".//encodings",
                                '<lod column="[x].[none:learner_id:nk]"/>'), "the encoding lod"),
    Damage("style's field", at(whole, "worksheets//style//*[@field]", field="[x].[y]"),
           "formats [x].[y]"),
    # Filters.
    Damage("slice lost", cut(sheet, ".//slices/column"), "which is not in slices"),
    Damage("filter lost", cut(sheet, _GROUP), "slices by"),
    Damage("filter and slice lost", lambda root: (
        cut(sheet, _GROUP)(root),
        cut(sheet, ".//slices/column[contains(., 'learner_group')]")(root),
    )[-1], "lacks the filter by learner_group"),
    Damage("filter of another source", _foreign_filter, "of a source that the sheet does not use"),
    Damage("member without quotes", at(sheet, f"{_GROUP}/groupfilter", member="All learners"),
           "not in double quotes"),
    Damage("unknown member", at(sheet, f"{_GROUP}/groupfilter", member='"Nobody"'),
           "does not have"),
    Damage("level", at(sheet, f"{_GROUP}/groupfilter", level="[none:x:nk]"), "at level"),
    Damage("filter's class", at(sheet, _GROUP, class_="quantitative"), "by a range"),
    Damage("filter's values", at(sheet, f"{_GROUP}/groupfilter", function="except"), "leaves out"),
    Damage("two values", _two_values, "2 values"),
    Damage("all values", lambda root: (
        at(sheet, f"{_GROUP}/groupfilter", function="level-members", member=None)(root)),
        "begins with all"),
    Damage("filter group", at(sheet, _GROUP, filter__group="2"), "filter group 2"),
    Damage("filter's group lost", at(sheet, _GROUP, filter__group=None), "apart from"),
    Damage("range", at(named(_DUE), ".//filter/max", __text="90"), "to 90, not 14"),
    Damage("range turned", at(named(_DUE), ".//filter/min", __text="20"), "which is nothing"),
    Damage("range of words", at(named(_DUE), ".//filter/min", __text="now"), "no whole number"),
    Damage("top", at(named(_TOP), ".//groupfilter[@count]", count="5"), "the first 50"),
    Damage("top of none", at(named(_TOP), ".//groupfilter[@count]", count="many"), "no number"),
    Damage("top by nothing", at(named(_TOP), ".//groupfilter[@expression]", expression="SUM([x])"),
           "orders by"),
    Damage("measure names", swapped(named(_BARS), ".//groupfilter[@member]", "usr:", "sum:"),
           "shows measure"),
    Damage("measure left out", cut(named(_BARS), ".//groupfilter[@member]"), "does not show"),
    # Dashboards and windows.
    Damage("zone to no sheet", at(dashboard, "zones//zone[@name='Struggling']", name="Gone"),
           "shows sheet Gone"),
    Damage("sheet twice on a page", _swapped_zones, "2 times"),
    Damage("sheet off the page", cut(dashboard, "zones//zone[@name='Struggling']"),
           "does not show Struggling"),
    Damage("zone's id", lambda root: one(dashboard(root), "zones//zone", 3).set(
        "id", one(dashboard(root), "zones//zone", 4).get("id")), "zones with the id"),
    Damage("zone out of bounds", at(dashboard, "zones//zone[@name='Struggling']", w="99999"),
           "reaches out of"),
    Damage("zones overlap", at(dashboard, "zones//zone[@name='Struggling']", x="0"), "overlap"),
    Damage("zone without size", at(dashboard, "zones//zone[@name='Struggling']", h="0"), "no size"),
    Damage("card of no sheet", at(dashboard, "zones//zone[@type-v2='filter']", name="Gone"),
           "is of sheet Gone"),
    Damage("card of no field", at(dashboard, "zones//zone[@type-v2='filter']", param="[x].[y]"),
           "card"),
    Damage("card lost", cut(dashboard, "zones//zone[@type-v2='filter']"), "no filter card"),
    Damage("legend", at(dashboard, "zones//zone[@type-v2='color']", param="[x].[y]"), "color card"),
    Damage("kind of zone", at(dashboard, "zones//zone[@type-v2='filter']", type__v2="filters"),
           "which is none"),
    Damage("no zones", cut(dashboard, "zones/zone"), "no zone with a sheet"),
    Damage("window lost", cut(whole, "windows/window[@name='Struggling']"), "has no window"),
    Damage("window of no sheet", at(whole, "windows/window[@name='Struggling']", name="Gone"),
           "window Gone"),
    Damage("window's class", at(whole, "windows/window[@name='Struggling']", class_="dashboard"),
           "window Struggling"),
    Damage("viewpoint", at(whole, "windows//viewpoint", name="Gone"), "viewpoint of sheet Gone"),
    Damage("dashboard lost", cut(whole, "dashboards/dashboard"), "in the specification"),
    Damage("dashboard's source", at(dashboard, "datasources/datasource", name="federated.x"),
           "which is not there"),
    Damage("dashboard renamed", at(dashboard, ".", name="Other"), "but not in the file"),
    Damage("sheet lost", cut(whole, "worksheets/worksheet[@name='Struggling']"),
           "sheet Struggling"),
    Damage("sheet renamed", _renamed_sheet, "sheet Struggling: is in the specification"),
    Damage("sheet's name twice", at(sheet, ".", name="Active"), "2 times"),
    Damage("source lost", cut(whole, "datasources/datasource[@caption='Cohort weeks']"),
           "which is not there"),
    Damage("source twice", twice(whole, "datasources/datasource"), "2 times"),
    Damage("id twice", lambda root: one(root, "worksheets//simple-id").set(
        "uuid", one(root, "worksheets//simple-id", 1).get("uuid")), "the id {"),
    Damage("no uuid", at(sheet, "simple-id", uuid="{1}"), "no uuid"),
    # What it says, and how.
    Damage("title", swapped(sheet, "layout-options/title//run", "Struggling", "Doing fine"),
           "is not titled Struggling"),
    Damage("question", swapped(dashboard, "zones//run[contains(., '?')]", "How", "Why"),
           "does not say: How"),
    Damage("caption", at(source, "column[@name='[measure_struggling_now]']", caption="Fine"),
           "calls struggling_now Fine"),
    Damage("format", at(source, "column[@name='[measure_struggling_now]']", default__format="n0"),
           "writes struggling_now as n0"),
    Damage("colours changed", at(sourced("Watch list"), "style//map", to="#00ff00"),
           "#00ff00, not"),
    Damage("word changed", at(sourced("Watch list"), "column[@name='[band]']//alias", value="x"),
           "calls band"),
    Damage("axes changed", _changed_axes, "on columns"),
    Damage("order turned", at(named(_TOP), ".//computed-sort", direction="ASC"),
           "is not ordered by -events"),
    Damage("order lost", _unsorted, "is not ordered by -events"),
    Damage("colour as detail", lambda root: setattr(
        one(sheet(root, _LINES), ".//encodings/color"), "tag", "lod"), "on color"),
    Damage("level of detail", other_formula("SUM([view_count])", "{FIXED : SUM([view_count])}"),
           "does not show views"),
    # The file.
    Damage("version", at(whole, ".", version="10.5"), "of version 10.5"),
    Damage("old version", at(whole, ".", version="18.1"), "explain-data"),
    Damage("no version", at(whole, ".", version=None), "of version none"),
    Damage("no build", at(whole, ".", source__build=None), "source-build"),
    Damage("manifest", cut(whole, "document-format-change-manifest/*"), "ManifestByVersion"),
    Damage("no explain-data", cut(whole, "explain-data"), "explain-data"),
    Damage("forward compatibility", added(whole, "document-format-change-manifest",
                                          "<_.fcp.AnimationOnByDefault.true/>"), "_.fcp."),
    Damage("path of a machine", at(source, _POSTGRES, filename="/" + "home/me/x.hyper"),
           "of one machine"),
    Damage("token", at(source, _POSTGRES, oauth__token="x"), "oauth-token"),
    Damage("address with a password", at(source, _POSTGRES, server="postgres://a:bcd@h/x"),
           "address with a password"),
    Damage("action", added(whole, ".", "<actions><action caption='Go' name='[Action1]'><activation "
           "auto-clear='true' type='on-select'/><source dashboard='Gone' type='sheet'/>"
           "<command command='tsc:tsl-filter'><param name='target' value='Gone'/></command>"
           "</action></actions>", 3), "leads to Gone"),
]  # fmt: skip
