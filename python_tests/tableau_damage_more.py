"""Rarer ways to damage a workbook, with words of the fault."""

from __future__ import annotations

from collections.abc import Callable

from tableau_damage import (
    Damage,
    Root,
    added,
    at,
    cut,
    dashboard,
    named,
    one,
    sheet,
    source,
    sourced,
    twice,
    whole,
)

_LIST = sourced("Watch list")
_POSTGRES = "connection//connection[@class='postgres']"
_JOIN = "connection/relation[@type='join']"
_RECORD = "connection//metadata-record[local-name='[struggling_count]']"
_GROUP = "table/view/filter[contains(@column, 'learner_group')]"
_MEMBER = f"{_GROUP}/groupfilter"
_WEEK = ".//filter[contains(@column, 'week_start')]"
_BARS = named("Enrolments by status")
_LINES = named("Active learners")
_DUE = named("Due in the next 14 days")
_TOP = named("Most used activities")
_FINDINGS = named("What is to be looked at")


def _both(*steps: Callable[[Root], None]) -> Callable[[Root], None]:
    def do(root: Root) -> None:
        for step in steps:
            step(root)

    return do


def _emptied(of: Callable[[Root], object], path: str) -> Callable[[Root], None]:
    def do(root: Root) -> None:
        element = one(of(root), path)
        for child in list(element):
            element.remove(child)

    return do


def _nothing_shown(root: Root) -> None:
    of = sheet(root, "Active learners")
    of.find("table/rows").text = of.find("table/cols").text = None
    for encoding in of.xpath(".//encodings/*"):
        encoding.getparent().remove(encoding)


def _raw_measure(root: Root) -> None:
    """Show a column that is a measure without an aggregate."""
    of = sheet(root, "Active learners")
    name = one(of, "table/view/datasources/datasource").get("name")
    added(
        lambda _: of,
        ".//datasource-dependencies",
        '<column-instance column="[participating_count]" derivation="None" '
        'name="[none:participating_count:qk]" pivot="key" type="quantitative"/>',
        99,
    )(root)
    raw = f"[{name}].[none:participating_count:qk]"
    added(lambda _: of, ".//encodings", f'<lod column="{raw}"/>')(root)


MORE = [
    Damage("no connection", cut(source, "connection"), "has no connection"),
    Damage("not federated", at(source, "connection", class_="postgres"), "not federated"),
    Damage("no named connection", _emptied(source, "connection/named-connections"),
           "no named connection"),
    Damage("connection twice", twice(source, "connection//named-connection"), "two connections"),
    Damage("connection in it twice", twice(source, _POSTGRES), "holds 2 connections"),
    Damage("driver's options", at(source, _POSTGRES, odbc__connect__string__extras="x"),
           "odbc-connect-string-extras x"),
    Damage("no table", cut(source, "connection/relation"), "has no table"),
    Damage("custom SQL", at(source, "connection/relation", type="text"), "relation of type text"),
    Damage("table's name", at(source, "connection/relation", table="fct_weekly_groups"),
           "that is not [schema].[table]"),
    Damage("table of no connection", at(source, "connection/relation", connection=None),
           "names no connection"),
    Damage("table twice", twice(_LIST, f"{_JOIN}/relation"), "not of two tables"),
    Damage("no clause", cut(_LIST, f"{_JOIN}/clause"), "not of two tables by one clause"),
    Damage("key of no table", at(_LIST, f"{_JOIN}//expression[not(*)]", op="[x].[course_id]"),
           "of none of its tables"),
    Damage("key's side", lambda root: one(_LIST(root), f"{_JOIN}//*[@op='=']").append(
        one(_LIST(root), f"{_JOIN}//*[@op='=']/*")), "on the wrong side"),
    Damage("extract without a package", added(
        source, ".", "<extract><connection class='hyper' dbname='x.hyper'/></extract>", 3),
        "the file is no package"),
    Damage("map of no table", at(source, "connection/cols/map", value="[x].[y]"),
           "of a table that is not there"),
    Damage("map to no name", at(source, "connection/cols/map", value="y"), "are no names"),
    Damage("no records", _emptied(source, "connection/metadata-records"), "no metadata records"),
    Damage("no map", _emptied(_LIST, "connection/cols"), "maps no field"),
    Damage("record's local name", cut(source, f"{_RECORD}/local-name"), "lacks its local"),
    Damage("record's alias", at(source, f"{_RECORD}/remote-alias", __text="x"), "remote alias"),
    Damage("ordinal twice", at(source, f"{_RECORD}/ordinal", __text="0"), "the ordinal 0"),
    Damage("field without brackets", at(source, "column", name="x"), "without brackets"),
    Damage("aggregate as a dimension",
           at(source, "column[calculation]", role="dimension", type="ordinal"), "but a dimension"),
    Damage("alias twice", twice(_LIST, "column[@name='[band]']//alias"), "2 aliases"),
    Damage("object twice", twice(source, "object-graph//object"), "is there 2 times"),
    Damage("colour twice", twice(_LIST, "style//map"), "2 colours"),
    Damage("coloured value's quotes", at(_LIST, "style//bucket", __text="ok"), "double quotes"),
    Damage("instance of the source", at(_LIST, "column-instance", column="[x]"), "no field of it"),
    Damage("derivation of the source", at(_LIST, "column-instance", derivation="Count"),
           "unlike its name"),
    Damage("needs twice", twice(sheet, ".//datasource-dependencies"), "2 times"),
    Damage("source listed twice", twice(sheet, "table/view/datasources/datasource"), "2 times"),
    Damage("source's caption", at(sheet, "table/view/datasources/datasource", caption="Other"),
           "calls data source Cohort weeks Other"),
    Damage("column of the sheet", added(sheet, ".//datasource-dependencies", "<column "
           "datatype='string' name='[gone]' role='dimension' type='nominal'/>"), "is not in data"),
    Damage("column of the sheet twice", twice(sheet, ".//datasource-dependencies/column"), "twice"),
    Damage("no source", _emptied(sheet, "table/view/datasources"), "uses no data source"),
    Damage("no pane", _emptied(sheet, "table/panes"), "has no pane"),
    Damage("nothing shown", _nothing_shown, "shows no field"),
    Damage("raw measure", _raw_measure, "a measure that is not aggregated"),
    Damage("text of no meaning", at(sheet, "table//run", __text="<Sheet Colour>"), "does not know"),
    Damage("pane's axis", at(_LINES, ".//pane", y__axis__name="[x].[y]"), "a pane is of"),
    Damage("reference line", added(_LINES, ".//pane", "<reference-line axis-column='[x].[y]' "
           "value-column='[x].[y]'/>", 3), "a line is of"),
    Damage("filter twice", twice(sheet, _GROUP), "2 times"),
    Damage("slice twice", twice(sheet, ".//slices/column"), "2 times"),
    Damage("member's level lost", at(sheet, _MEMBER, level=None), "without a level"),
    Damage("function", at(sheet, _MEMBER, function="reference"), "is not checked"),
    Damage("union of nothing", at(sheet, _MEMBER, function="union"), "by no values"),
    Damage("filter of nothing", _emptied(sheet, _GROUP), "but by no values"),
    Damage("only NULL", at(_BARS, _WEEK, included__values="null"), "to null"),
    Damage("range without ends", _both(cut(_DUE, ".//filter/min"), cut(_DUE, ".//filter/max")),
           "without ends"),
    Damage("range elsewhere", _both(
        at(_BARS, _WEEK, included__values="in-range"),
        added(_BARS, _WEEK, "<max>#1999-02-01#</max>"),
        added(_BARS, _WEEK, "<min>#1999-01-01#</min>")), "the data are from"),
    Damage("range lost", _both(
        cut(_DUE, ".//filter[min]"), cut(_DUE, ".//slices/column[contains(., 'days_until')]")),
        "lacks the filter by days_until_due"),
    Damage("fixed value", at(_FINDINGS, ".//filter/groupfilter", member="true"),
           "keeps is_ok true, not false"),
    Damage("bottom", at(_TOP, ".//groupfilter[@end]", end="middle"), "keeps the middle rows"),
    Damage("top's way", at(_TOP, ".//groupfilter[@direction]", direction="UP"), "in the direction"),
    Damage("top by no aggregate",
           at(_TOP, ".//groupfilter[@expression]", expression="[event_count]"), "no aggregate"),
    Damage("measure twice", twice(_BARS, ".//groupfilter[@member]"), "2 times"),
    Damage("measure without quotes", at(_BARS, ".//groupfilter[@member]", member="x"), "quotes"),
    Damage("no measures", _emptied(_BARS, ".//filter/groupfilter[@function='union']"),
           "Measure Names is empty"),
    Damage("zone without a place", at(dashboard, "zones//zone[@name]", x=None), "has no place"),
    Damage("zone of nothing", at(dashboard, "zones//zone[@name and not(@type-v2)]", name=None),
           "shows nothing"),
    Damage("empty row", _emptied(dashboard, "zones/zone/zone/zone"), "a layout without zones"),
    Damage("empty text", _emptied(dashboard, "zones//zone[@type-v2='text']"), "empty text"),
    Damage("card of no filter", lambda root: one(
        dashboard(root), "zones//zone[@type-v2='filter']").set("param", one(
            sheet(root, "Enrolments in the latest complete week"), ".//encodings/*").get("column")),
        "card"),
    Damage("phone's zone", at(dashboard, "devicelayouts//zone[@name]", name="Gone"),
           "layout Phone: "),
    Damage("dashboard's needs", at(dashboard, "datasource-dependencies", datasource="federated.x"),
           "which it does not list"),
    Damage("size", at(dashboard, "size", minwidth="900", maxwidth="100"), "at least 900"),
    Damage("window twice", twice(whole, "windows/window"), "is there 2 times"),
    Damage("two are maximized", _both(
        at(whole, "windows/window[1]", maximized="true"),
        at(whole, "windows/window[2]", maximized="true")), "two maximized"),
    Damage("card of a window", at(whole, "windows//card", param="[x].[y]"), "card is of [x].[y]"),
    Damage("active zone", at(whole, "windows//active", id="999"), "active zone 999"),
    Damage("viewpoint lost", cut(whole, "windows//viewpoint"), "has no viewpoint"),
    Damage("action's field", added(whole, ".", "<actions><action caption='Go' name='[A]'>"
           "<link caption='x' expression='https://x/?&lt;[x].[y]&gt;'/></action></actions>", 3),
           "of a source that is not there"),
    Damage("no manifest", cut(whole, "document-format-change-manifest"), "format-change-manifest"),
    Damage("no dashboards", cut(whole, "dashboards"), "has no dashboard"),
    Damage("no name", at(sheet, ".", name=""), "without a name"),
    Damage("no simple-id", cut(sheet, "simple-id"), "has no simple-id"),
    Damage("began as another", at(whole, ".", original__version="18.1"), "began as 18.1"),
    Damage("source's version", at(source, ".", version="18.1"), "is of version 18.1"),
    Damage("secret in a text", at(sheet, "table/rows", __text="password=hunter2"), "a secret in"),
]  # fmt: skip
