"""All tables of two builds against each other: every row and column, as PostgreSQL prints them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fuzz_site import Place

SCHEMAS = ("intermediate", "marts")
# What tells one build of another, and which rows a build took in.
STATE = (
    *("build_state", "build_layer", "build_users"),
    *("int_log_rows", "int_changed_users", "int_changed_days"),
)
_SHOWN_ROWS, _SHOWN_TABLES, _SHOWN_LETTERS = 3, 5, 200
Row = tuple[str | None, ...]


@dataclass(frozen=True)
class Difference:
    """A table that is not the same: how many rows differ, and some of them in words."""

    schema: str
    table: str
    count: int
    lines: Sequence[str]

    def __str__(self) -> str:
        return "\n    ".join([f"{self.schema}.{self.table}: {self.count} rows differ", *self.lines])


@dataclass(frozen=True)
class Compared:
    """A table of a schema: its columns in order of name, and those of its primary key."""

    schema: str
    table: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]


def differences(found: Place, expected: Place) -> list[Difference]:
    """Compare the models of two databases, in the order in which the second was built."""
    ours, theirs = _tables(found), _tables(expected)
    result = []
    for name in dict.fromkeys([*theirs, *ours]):
        if name not in ours or name not in theirs:
            word = "missing" if name not in ours else "there, and not after a full build"
            result.append(Difference(*name, 0, [f"the table is {word}"]))
        elif ours[name].columns != theirs[name].columns:
            odd = set(ours[name].columns) ^ set(theirs[name].columns)
            result.append(Difference(*name, 0, [f"columns of one build alone: {sorted(odd)}"]))
        elif _hash(found, ours[name]) != _hash(expected, theirs[name]):
            result.append(_difference(found, expected, theirs[name]))
    return result


def report(found: Sequence[Difference]) -> str:
    shown = [str(one) for one in found[:_SHOWN_TABLES]]
    rest = [f"{one.schema}.{one.table}: {one.count}" for one in found[_SHOWN_TABLES:]]
    return "\n".join([*shown, *([f"and {', '.join(rest)}"] if rest else [])])


def fingerprints(place: Place, schemas: Sequence[str] = SCHEMAS) -> dict[tuple[str, str], Any]:
    """Give a hash of every table's rows."""
    tables = _tables(place, schemas)
    return {name: _hash(place, table) for name, table in tables.items()}


def _tables(place: Place, schemas: Sequence[str] = SCHEMAS) -> dict[tuple[str, str], Compared]:
    names = ", ".join(f"'{schema}'" for schema in schemas)
    rows = place.ask(f"""
        select space.nspname::text, relation.relname::text,
            array_agg(attribute.attname::text order by attribute.attname),
            array_agg(attribute.attname::text order by attribute.attnum)
                filter (where attribute.attnum = any(key.conkey))
        from pg_class as relation
        join pg_namespace as space on space.oid = relation.relnamespace
        join pg_attribute as attribute on attribute.attrelid = relation.oid
            and attribute.attnum > 0 and not attribute.attisdropped
        left join pg_constraint as key on key.conrelid = relation.oid and key.contype = 'p'
        where relation.relkind in ('r', 'p', 'm', 'v') and space.nspname in ({names})
        group by relation.oid, 1, 2
        order by relation.oid
    """)
    return {
        (schema, table): Compared(schema, table, tuple(columns), tuple(keys or ()))
        for schema, table, columns, keys in rows
        if table not in STATE
    }


def _row(table: Compared) -> str:
    return "row(" + ", ".join(f'"{column}"' for column in table.columns) + ")"


def _hash(place: Place, table: Compared) -> Any:
    return place.ask(
        f"select count(*), coalesce(sum(hashtextextended({_row(table)}::text, 0)), 0) "
        f'from "{table.schema}"."{table.table}"'
    )[0]


def _difference(found: Place, expected: Place, table: Compared) -> Difference:
    ours, theirs = _rows(found, table), _rows(expected, table)
    more = _minus(ours, theirs)
    less = _minus(theirs, ours)
    keys = [table.columns.index(key) for key in _keys(table)]

    def key(row: Row) -> Row:
        return tuple(row[place] for place in keys)

    wanted: dict[Row, Row] = {key(row): row for row in less}
    got: dict[Row, Row] = {key(row): row for row in more}
    lines = []
    shown = sorted(wanted.keys() | got.keys(), key=str)
    for one in shown[:_SHOWN_ROWS]:
        lines.append(f"{dict(zip(_keys(table), one, strict=True))}:")
        if one not in got:
            lines[-1] += f" missing {_shown(table, wanted[one])}"
        elif one not in wanted:
            lines[-1] += f" too many {_shown(table, got[one])}"
        else:
            lines += [
                f"  {column}: incremental {_cut(ours_)}, full {_cut(theirs_)}"
                for column, ours_, theirs_ in zip(table.columns, got[one], wanted[one], strict=True)
                if ours_ != theirs_
            ]
    return Difference(table.schema, table.table, len(shown), lines)


def _keys(table: Compared) -> Sequence[str]:
    """Give the primary key, or what looks like a key where there is none."""
    likely = [
        name
        for name in table.columns
        if name.endswith(("_id", "_on", "week_start", "_code", "_kind", "_name"))
    ]
    return table.keys or likely


def _rows(place: Place, table: Compared) -> list[Row]:
    shown = ", ".join(f'"{column}"::text' for column in table.columns)
    return place.ask(f'select {shown} from "{table.schema}"."{table.table}"')


def _minus(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    from collections import Counter

    return list((Counter(rows) - Counter(others)).elements())


def _shown(table: Compared, row: Row) -> str:
    values = {name: value for name, value in zip(table.columns, row, strict=True) if value}
    return _cut(dict(list(values.items())[:14]))


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) < _SHOWN_LETTERS else text[:_SHOWN_LETTERS] + " ..."
