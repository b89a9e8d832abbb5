"""What the dashboards show, as read from dashboards.yml: pages, sheets, measures, filters.

The file is data of this package; whatever is wrong in it is a ValueError that names the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeVar, cast

from moodle_analytics.dashboard.catalogue import caption

AGGREGATES = ("sum", "avg", "min", "max", "count")
MARKS = ("number", "line", "bar", "heat", "strip", "scatter", "table")

_Kind = TypeVar("_Kind")
Mark = Literal["number", "line", "bar", "heat", "strip", "scatter", "table"]


@dataclass(frozen=True)
class Join:
    """A mart joined to a source's own by the equal `keys`; gives `columns`.

    `keeps_all` keeps the rows without a partner (a left join).
    """

    table: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    keeps_all: bool = False


@dataclass(frozen=True)
class Source:
    """What a sheet reads: a mart and its joins; one row is a `grain`."""

    name: str
    caption: str
    table: str
    grain: str
    joins: tuple[Join, ...] = ()

    def table_of(self, column: str) -> str:
        """Name the mart that gives a column."""
        for join in self.joins:
            if column in join.columns:
                return join.table
        return self.table


@dataclass(frozen=True)
class Measure:
    """An aggregate of `column`, or a ratio of sums with `over`, of the rows where `when` holds.

    `less` is the condition of what is taken off. `format`: count, number, share (0 to 1), date.
    `missing` is what NULL is called.
    """

    name: str
    caption: str
    aggregate: str
    column: str
    format: str
    over: str | None = None
    when: Mapping[str, int] = field(default_factory=dict)
    less: Mapping[str, int] = field(default_factory=dict)
    missing: str = ""

    def columns(self) -> tuple[str, ...]:
        """Name the columns that it reads."""
        over = [self.over] if self.over else []
        return tuple(dict.fromkeys([self.column, *over, *self.when, *self.less]))


@dataclass(frozen=True)
class First:
    """Where the first value of a filter comes from: a mart, in the order of `by` (minus: down)."""

    table: str
    by: tuple[str, ...]


@dataclass(frozen=True)
class Filter:
    """What the reader chooses: values of `column`, a `range` of them, or always exactly one.

    One is `value`, or else the first value of the first table in `first` that has any, `within`
    what was chosen for another filter.
    """

    name: str
    caption: str
    column: str
    one: bool = False
    range: bool = False
    value: str | None = None
    first: tuple[First, ...] = ()
    within: str | None = None

    @property
    def domain(self) -> str:
        """Which values there are to choose: "relevant" under the other choices, or all.

        Where each of two filters offered only what the other leaves, many could not be reached.
        """
        return "relevant" if self.within or self.value is not None else "database"


@dataclass(frozen=True)
class Shade:
    """How a value is called and coloured."""

    caption: str
    color: str


@dataclass(frozen=True)
class Sheet:
    """One chart, number or table. Shelves name columns of the source, or measures.

    number: `value`, with `change` on the week before (`good`: up, down or neither is better).
    line, bar: `values` (one series each) or `value`, along the column `x` (or `y`, for bars that
    lie); `band`: lower and upper measure around a line. heat: `value` as colour of `x` by `y`.
    strip: `color` along `x`. scatter: measures `x` and `y`, one mark per `detail`. table:
    `columns`, then `values`. `where`: rows that the sheet is of; `order`: columns or measures, a
    minus for descending; `limit`: so many rows.
    """

    name: str
    title: str
    source: Source
    mark: Mark
    value: str | None = None
    change: str | None = None
    good: str = "up"
    values: tuple[str, ...] = ()
    band: tuple[str, ...] = ()
    x: str | None = None
    y: str | None = None
    color: str | None = None
    palette: str | None = None
    detail: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    limit: int | None = None
    filters: tuple[Filter, ...] = ()

    def shelves(self) -> tuple[str, ...]:
        """Name all columns and measures that it shows, each once."""
        ones = [self.x, self.y, self.color, self.value, self.change]
        names = [*self.columns, *(one for one in ones if one), *self.values, *self.band]
        return tuple(dict.fromkeys([*names, *self.detail]))


@dataclass(frozen=True)
class Page:
    """A dashboard: its sheets, and what the reader chooses for all of them."""

    name: str
    title: str
    question: str
    filters: tuple[Filter, ...]
    sheets: tuple[Sheet, ...]


@dataclass(frozen=True)
class Specification:
    """All of it. `header` stands on every page.

    `columns` says what columns are called, `labels` what their values are.
    """

    title: str
    sources: Mapping[str, Source]
    measures: Mapping[str, Measure]
    filters: Mapping[str, Filter]
    palettes: Mapping[str, Mapping[str, Shade]]
    columns: Mapping[str, str]
    labels: Mapping[str, Mapping[str | bool | None, str]]
    header: Sheet
    pages: tuple[Page, ...]

    def caption(self, name: str) -> str:
        """Say what a measure or a column is called."""
        if name in self.measures:
            return self.measures[name].caption
        return self.columns.get(name) or caption(name)

    def sheets(self) -> Iterator[Sheet]:
        """Give the header, then every page's sheets."""
        yield self.header
        for page in self.pages:
            yield from page.sheets

    def dimensions(self, sheet: Sheet) -> tuple[str, ...]:
        """Name the columns that a sheet groups by, those of `order` included."""
        ordered = (name.removeprefix("-") for name in sheet.order)
        names = dict.fromkeys([*sheet.shelves(), *ordered])
        return tuple(name for name in names if name not in self.measures)

    def measures_of(self, sheet: Sheet) -> tuple[Measure, ...]:
        """Give the measures that a sheet shows or is ordered by."""
        ordered = (name.removeprefix("-") for name in sheet.order)
        names = dict.fromkeys([*sheet.shelves(), *ordered])
        return tuple(self.measures[name] for name in names if name in self.measures)

    def columns_of(self, source: Source) -> tuple[str, ...]:
        """Name every column of a source that some sheet reads, sorted."""
        found: set[str] = set()
        for sheet in self.sheets():
            if sheet.source == source:
                found |= {*self.dimensions(sheet), *sheet.where}
                found |= {filter_.column for filter_ in sheet.filters}
                for measure in self.measures_of(sheet):
                    found |= set(measure.columns())
        return tuple(sorted(found))


@cache
def load() -> Specification:
    """Read dashboards.yml."""
    import yaml

    text = (files("moodle_analytics.dashboard") / "dashboards.yml").read_text(encoding="utf-8")
    return parse(yaml.safe_load(text))


def parse(values: Mapping[str, Any]) -> Specification:
    """Turn the file's content into a Specification. Raises ValueError with the place."""
    sources = {name: _source(name, of) for name, of in values["sources"].items()}
    measures = {name: _measure(name, of) for name, of in values["measures"].items()}
    filters = {name: _filter(name, of) for name, of in values["filters"].items()}
    palettes = {
        name: {value: _fit(Shade, shade, f"palette {name}") for value, shade in of.items()}
        for name, of in values["palettes"].items()
    }
    pages = tuple(_page(of, sources, filters) for of in values["pages"])
    specification = Specification(
        title=values["title"],
        sources=sources,
        measures=measures,
        filters=filters,
        palettes=palettes,
        columns=values["columns"],
        labels=values["labels"],
        header=_sheet(values["header"], sources, filters, ()),
        pages=pages,
    )
    names = [sheet.name for sheet in specification.sheets()]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two sheets are called {', '.join(twice)}")
    for sheet in specification.sheets():
        _check(specification, sheet)
    return specification


def _source(name: str, values: Mapping[str, Any]) -> Source:
    joins = tuple(_fit(Join, join, f"source {name}") for join in values.get("joins", ()))
    return _fit(Source, {**values, "name": name, "joins": joins}, f"source {name}")


def _measure(name: str, values: Mapping[str, Any]) -> Measure:
    given = [kind for kind in AGGREGATES if kind in values]
    if len(given) != 1:
        raise ValueError(f"measure {name}: one of {', '.join(AGGREGATES)}, not {given}")
    kind = given[0]
    rest = {key: value for key, value in values.items() if key != kind}
    if "over" in rest and kind != "sum":
        raise ValueError(f"measure {name}: only sums have a ratio")
    known = {**rest, "name": name, "aggregate": kind, "column": values[kind]}
    return _fit(Measure, known, f"measure {name}")


def _filter(name: str, values: Mapping[str, Any]) -> Filter:
    first = tuple(_fit(First, one, f"filter {name}") for one in values.get("first", ()))
    return _fit(Filter, {**values, "name": name, "first": first}, f"filter {name}")


def _page(
    values: Mapping[str, Any], sources: Mapping[str, Source], filters: Mapping[str, Filter]
) -> Page:
    chosen = tuple(filters[name] for name in values["filters"])
    sheets = tuple(_sheet(sheet, sources, filters, chosen) for sheet in values["sheets"])
    return _fit(Page, {**values, "filters": chosen, "sheets": sheets}, f"page {values['name']}")


def _sheet(
    values: Mapping[str, Any],
    sources: Mapping[str, Source],
    filters: Mapping[str, Filter],
    of_page: tuple[Filter, ...],
) -> Sheet:
    chosen = tuple(filters[name] for name in values["filters"]) if "filters" in values else of_page
    known = {**values, "source": sources[values["source"]], "filters": chosen}
    return _fit(Sheet, known, f"sheet {values['name']}")


def _check(specification: Specification, sheet: Sheet) -> None:
    if sheet.mark not in MARKS:
        raise ValueError(f"sheet {sheet.name}: mark {sheet.mark} is none of {', '.join(MARKS)}")
    named = [*sheet.values, *sheet.band, *filter(None, [sheet.value, sheet.change])]
    if unknown := [name for name in named if name not in specification.measures]:
        raise ValueError(f"sheet {sheet.name}: no measure {', '.join(unknown)}")
    if sheet.palette and sheet.palette not in specification.palettes:
        raise ValueError(f"sheet {sheet.name}: no palette {sheet.palette}")


def _fit(kind: type[_Kind], values: Mapping[str, Any], place: str) -> _Kind:
    """Make a dataclass of the values, lists as tuples; ValueError where one has no place."""
    known = {one.name for one in fields(cast(Any, kind))}
    if unknown := sorted(set(values) - known):
        raise ValueError(f"{place}: {', '.join(unknown)} has no meaning there")
    frozen = {key: tuple(of) if isinstance(of, list) else of for key, of in values.items()}
    try:
        return kind(**frozen)
    except TypeError as error:
        raise ValueError(f"{place}: {error}") from None
