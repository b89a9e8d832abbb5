"""The fields of a data source: the columns of its marts, and the measures that sheets show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from moodle_analytics.dashboard import catalogue
from moodle_analytics.dashboard.catalogue import Column
from moodle_analytics.dashboard.specification import Measure, Source, Specification
from moodle_analytics.errors import UserError
from moodle_analytics.tableau import names

# PostgreSQL's types: Tableau's datatype, and the number of the type as the driver tells it.
_TYPES = {
    "int2": ("integer", 2),
    "int4": ("integer", 3),
    "int8": ("integer", 20),
    "numeric": ("real", 131),
    "float4": ("real", 4),
    "float8": ("real", 5),
    "bool": ("boolean", 11),
    "date": ("date", 133),
    "timestamp": ("datetime", 135),
    "timestamptz": ("datetime", 135),
}
_TEXT = ("string", 129)
# Numbers that name or place something are never summed.
_PLACES = ("_id", "_number", "_place", "_of_day", "_before_due", "_until_due", "_ago", "_week")
_AVERAGED = ("_share", "_median", "_q1", "_q3", "_percentile", "_index", "probability", "_score")
_FORMATS = {"count": "n#,##0;-#,##0", "number": "n#,##0.0;-#,##0.0", "share": "p0%"}
_CHANGES = {
    "count": "*▲ +#,##0;▼ -#,##0;0",
    "number": "*▲ +#,##0.0;▼ -#,##0.0;0.0",
    "share": "*▲ +0.0%;▼ -0.0%;0.0%",
}
_DATES = {"date": "*yyyy-mm-dd", "datetime": "*yyyy-mm-dd hh:nn"}
_INSTANCES = {"nominal": "nk", "ordinal": "ok", "quantitative": "qk"}
_AGGREGATES = {"sum": "SUM", "avg": "AVG", "min": "MIN", "max": "MAX", "count": "COUNT"}
_WORDS = {"sum": "Sum", "avg": "Average", "min": "Least", "max": "Latest", "count": "Number"}

MEASURE_NAMES = ":Measure Names"
MEASURE_VALUES = "Multiple Values"


@dataclass(frozen=True)
class Field:
    """A column of a mart, or (with `formula`) a measure; `name` is what stands in brackets."""

    name: str
    caption: str
    datatype: str
    role: str
    type: str
    description: str = ""
    table: str = ""
    column: str = ""
    remote_type: int = 0
    aggregation: str | None = None
    format: str | None = None
    formula: str | None = None
    uses: tuple[str, ...] = ()
    is_hidden: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Instance:
    """A field as a shelf has it: with a derivation, and discrete (nk, ok) or continuous (qk)."""

    field: str
    derivation: str
    type: str

    @property
    def name(self) -> str:
        """Name it, as in none:week_start:ok."""
        prefix = {"None": "none", "User": "usr", "Max": "max"}[self.derivation]
        return f"{prefix}:{self.field}:{_INSTANCES[self.type]}"


@dataclass(frozen=True)
class Model:
    """A data source: its fields by name; `name` is that in the workbook."""

    source: Source
    name: str
    fields: Mapping[str, Field]

    def refer(self, field_name: str) -> str:
        """Give a field's, or an instance's, full name."""
        return f"{names.bracketed(self.name)}.{names.bracketed(field_name)}"

    def columns(self) -> list[Field]:
        """Give the columns of the marts."""
        return [one for one in self.fields.values() if one.formula is None]

    def measures(self) -> list[Field]:
        """Give what is computed."""
        return [one for one in self.fields.values() if one.formula is not None]


def dimension(of: Field) -> Instance:
    """Give a column as a heading."""
    return Instance(of.name, "None", "nominal" if of.type == "nominal" else "ordinal")


def continuous(of: Field) -> Instance:
    """Give a column as an axis, each value exactly (a date is not cut to its week)."""
    return Instance(of.name, "None", "quantitative")


def computed(measure: Measure) -> Instance:
    """Give a measure."""
    return Instance(measure_name(measure.name), "User", "quantitative")


def in_words(measure: Measure) -> Instance:
    """Give a measure as a text, which says what NULL means."""
    return Instance(words_name(measure.name), "User", "nominal")


def words_name(measure: str) -> str:
    """Name the field of a measure as a text."""
    return f"text_{measure}"


def measure_name(measure: str) -> str:
    """Name the field of a measure."""
    return f"measure_{measure}"


def model(
    specification: Specification,
    source: Source,
    marts: Mapping[str, Mapping[str, Column]],
) -> Model:
    """Find the fields of a source. Raises UserError where a mart or a column is not there."""
    _demand(specification, source, marts)
    found = {one.name: one for one in _columns(specification, source, marts)}
    told = _told(specification, source)
    for measure in _measures(specification, source):
        made = _computed(specification, measure, found)
        found[made.name] = made
        if measure.name in told:
            words = _in_words(measure, made)
            found[words.name] = words
    named = _named(found, _dimensions(specification, source))
    return Model(source, names.datasource(source.name), named)


def _told(specification: Specification, source: Source) -> set[str]:
    """Name the measures that a table shows as texts, since one of them may be NULL."""
    tables = [one for one in specification.sheets() if one.source == source and one.mark == "table"]
    return {
        name
        for sheet in tables
        if any(specification.measures[name].missing for name in sheet.values)
        for name in sheet.values
    }


def _named(found: Mapping[str, Field], shown: set[str]) -> dict[str, Field]:
    """Give each field a caption of its own; what people see has the first choice."""
    order = [one for one in found.values() if one.name in shown]
    order += [one for one in found.values() if one.formula and one.datatype == "string"]
    order += [one for one in found.values() if one.formula and one.datatype != "string"]
    captions: dict[str, str] = {}
    taken: set[str] = set()
    for one in [*order, *(one for one in found.values() if one not in order)]:
        wished = [one.caption]
        if one.formula is None:
            wished += [catalogue.caption(one.name), f"{one.caption} (each row)"]
        elif one.name.replace("measure_", "text_", 1) in found:
            wished += [f"{one.caption} (number)"]
        wished += [f"{one.caption} ({one.name.removeprefix('measure_').replace('_', ' ')})"]
        free = (wish for wish in wished if wish.lower() not in taken)
        caption = next(free, one.name)
        taken.add(caption.lower())
        captions[one.name] = caption
    return {name: replace(one, caption=captions[name]) for name, one in found.items()}


def formula(measure: Measure) -> str:
    """Write a measure as a calculation: aggregates, IF and arithmetic, and nothing else."""
    now = _of_rows(measure, measure.when)
    return f"({now}) - ({_of_rows(measure, measure.less)})" if measure.less else now


def _of_rows(measure: Measure, when: Mapping[str, int]) -> str:
    top = f"{_AGGREGATES[measure.aggregate]}({_where(measure.column, when)})"
    return f"{top} / SUM({_where(measure.over, when)})" if measure.over else top


def _where(column: str, when: Mapping[str, int]) -> str:
    held = " AND ".join(f"{names.bracketed(name)} = {value}" for name, value in when.items())
    return f"IF {held} THEN {names.bracketed(column)} END" if held else names.bracketed(column)


def _demand(
    specification: Specification, source: Source, marts: Mapping[str, Mapping[str, Column]]
) -> None:
    tables = [source.table, *(join.table for join in source.joins)]
    for table in tables:
        if table not in marts:
            raise UserError(
                f"There is no mart {table} for the dashboards: "
                "run `moodle-analytics build`, then this again."
            )
    wanted = [(source.table_of(name), name) for name in specification.columns_of(source)]
    wanted += [(join.table, key) for join in source.joins for key in (*join.keys, *join.columns)]
    wanted += [(source.table, key) for join in source.joins for key in join.keys]
    for table, name in wanted:
        if name not in marts[table]:
            raise UserError(
                f"The mart {table} has no column {name}, which the dashboards show: "
                "run `moodle-analytics build`, then this again."
            )


def _columns(
    specification: Specification,
    source: Source,
    marts: Mapping[str, Mapping[str, Column]],
) -> list[Field]:
    """Give the mart's own columns, then those of its joins; what nobody asked for is hidden."""
    joined = {(join.table, name) for join in source.joins for name in join.columns}
    bare = {name for _, name in joined}
    used = _dimensions(specification, source)
    found: list[Field] = []
    for table in (source.table, *(join.table for join in source.joins)):
        for column in marts[table].values():
            is_own = (table, column.name) in joined
            is_own = is_own or (table == source.table and column.name not in bare)
            name = column.name if is_own else f"{column.name} ({table})"
            found.append(
                _column(specification, table, column, name, column.name in used, not is_own)
            )
    return found


def _dimensions(specification: Specification, source: Source) -> set[str]:
    found: set[str] = set()
    for sheet in specification.sheets():
        if sheet.source == source:
            found |= {*specification.dimensions(sheet), *sheet.where}
            found |= {filter_.column for filter_ in sheet.filters}
            for measure in specification.measures_of(sheet):
                found |= {*measure.when, *measure.less}
    return found


def _column(
    specification: Specification,
    table: str,
    column: Column,
    name: str,
    is_dimension: bool,
    is_hidden: bool,
) -> Field:
    datatype, remote_type = _TYPES.get(column.type, _TEXT)
    is_number = datatype in ("integer", "real")
    is_measure = is_number and not is_dimension and not column.name.endswith(_PLACES)
    kind = "ordinal" if is_number or datatype in _DATES else "nominal"
    caption = specification.caption(column.name)
    return Field(
        name=name,
        caption=f"{caption} ({table})" if name != column.name else caption,
        datatype=datatype,
        role="measure" if is_measure else "dimension",
        type="quantitative" if is_measure else kind,
        description=column.description,
        table=table,
        column=column.name,
        remote_type=remote_type,
        aggregation=_aggregation(column.name) if is_measure else None,
        format=_DATES.get(datatype) or _format(column.name, datatype, is_measure),
        is_hidden=is_hidden,
        aliases=_aliases(specification, column.name),
    )


def _aggregation(column: str) -> str:
    return "Avg" if column.endswith(_AVERAGED) else "Sum"


def _format(column: str, datatype: str, is_measure: bool) -> str | None:
    if not is_measure:
        # A place or an id has no thousands.
        return "n0;-0" if datatype == "integer" else None
    if column.endswith("_share") or column == "probability":
        return _FORMATS["share"]
    return _FORMATS["count" if datatype == "integer" else "number"]


def _aliases(specification: Specification, column: str) -> dict[str, str]:
    """Give what a column's values are called, keys as Tableau writes them."""
    found: dict[str, str] = {}
    for sheet in specification.sheets():
        if sheet.palette and sheet.color == column:
            shades = specification.palettes[sheet.palette]
            found |= {member(value): shade.caption for value, shade in shades.items()}
    for value, label in specification.labels.get(column, {}).items():
        found[member(value)] = label
    return found


def member(value: object) -> str:
    """Write a value of a field as Tableau does."""
    if value is None:
        return "%null%"
    if isinstance(value, bool):
        return "true" if value else "false"
    return names.quoted(value) if isinstance(value, str) else str(value)


def _measures(specification: Specification, source: Source) -> list[Measure]:
    """Give the measures of a source; those that stand together choose their captions first."""
    found: dict[str, Measure] = {}
    together: dict[str, None] = {}
    for sheet in specification.sheets():
        if sheet.source == source:
            found |= {measure.name: measure for measure in specification.measures_of(sheet)}
            together |= dict.fromkeys(sheet.values)
    return [found[name] for name in dict.fromkeys([*together, *found])]


def _computed(
    specification: Specification, measure: Measure, columns: Mapping[str, Field]
) -> Field:
    column = columns[measure.column]
    is_real = measure.over or measure.aggregate == "avg"
    datatype = "real" if is_real else column.datatype
    if measure.aggregate == "count":
        datatype = "integer"
    formats = _CHANGES if measure.less else _FORMATS
    said = explanation(specification, measure)
    if measure.over is None and column.description:
        said = f"{said} {column.caption}: {column.description}"
    return Field(
        name=measure_name(measure.name),
        caption=measure.caption,
        datatype=datatype,
        role="measure",
        type="quantitative",
        description=said,
        format=_DATES["date"] if measure.format == "date" else formats[measure.format],
        formula=formula(measure),
        uses=measure.columns(),
    )


def _in_words(measure: Measure, made: Field) -> Field:
    """Give a measure as a text: its value as it is written, or what NULL is called, if anything."""
    value = made.formula or ""
    written = {
        "count": f"STR(ROUND({value}, 0))",
        "number": f"STR(ROUND({value}, 1))",
        "share": f'STR(ROUND(100 * {value}, 0)) + "%"',
    }[measure.format]
    return replace(
        made,
        name=words_name(measure.name),
        datatype="string",
        type="nominal",
        format=None,
        formula=f'IF ISNULL({value}) THEN "{measure.missing}" ELSE {written} END',
    )


def explanation(specification: Specification, measure: Measure) -> str:
    """Say in words what a measure is."""
    said = f"{_WORDS[measure.aggregate]} of {measure.column}"
    if measure.over:
        said += f" over the sum of {measure.over}"
    if measure.when:
        said += f", where {_condition(specification, measure.when)}"
    if measure.less:
        said += f", less the same where {_condition(specification, measure.less)}"
    return f"{said}. NULL: {measure.missing}." if measure.missing else f"{said}."


def _condition(specification: Specification, when: Mapping[str, int]) -> str:
    return " and ".join(f"{specification.caption(name)} is {value}" for name, value in when.items())
