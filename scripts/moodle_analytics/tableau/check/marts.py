"""The marts that the files are checked against: columns, and which values they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg2 import DataError, sql

from moodle_analytics.dashboard import catalogue
from moodle_analytics.tableau.datasources import Place

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

_MANY = 1_000


class Marts:
    """The tables of one schema; values are asked for once."""

    def __init__(self, connection: Connection, place: Place) -> None:
        """Read the columns; `place` is where the files are to connect to."""
        self.connection, self.schema, self.place = connection, place.schema, place
        self.tables = catalogue.read(connection, place.schema)
        self._empty: dict[str, bool] = {}
        self._held: dict[tuple[str, str, Any], bool] = {}
        self._values: dict[tuple[str, str], frozenset[Any] | None] = {}
        self._ends: dict[tuple[str, str], tuple[Any, Any]] = {}

    def type_of(self, table: str, column: str) -> str | None:
        """Give PostgreSQL's type of a column; None where it is not there."""
        found = self.tables.get(table, {}).get(column)
        return found.type if found else None

    def having(self, column: str) -> list[str]:
        """Name the marts with a column."""
        return [table for table, columns in self.tables.items() if column in columns]

    def is_empty(self, table: str) -> bool:
        """Whether a mart has no rows (for this reader)."""
        if table not in self._empty:
            query = sql.SQL("select 1 from {} limit 1").format(self._name(table))
            self._empty[table] = not self._ask(query)
        return self._empty[table]

    def holds(self, table: str, column: str, value: Any) -> bool:
        """Whether some row has a value; of a value that the type cannot hold: no."""
        key = (table, column, value)
        if key not in self._held:
            test = (
                sql.SQL("is null") if value is None else sql.SQL("= {}").format(sql.Literal(value))
            )
            query = sql.SQL("select 1 from {} where {} {} limit 1").format(
                self._name(table), sql.Identifier(column), test
            )
            self._held[key] = bool(self._ask(query))
        return self._held[key]

    def values(self, table: str, column: str) -> frozenset[Any] | None:
        """Give a column's values; None where there are more than some hundred."""
        key = (table, column)
        if key not in self._values:
            query = sql.SQL("select distinct {1} from {0} where {1} is not null limit {2}").format(
                self._name(table), sql.Identifier(column), sql.Literal(_MANY)
            )
            rows = self._ask(query)
            self._values[key] = frozenset(row[0] for row in rows) if len(rows) < _MANY else None
        return self._values[key]

    def ends(self, table: str, column: str) -> tuple[Any, Any]:
        """Give the least and the greatest value of a column; None, None where there is none."""
        key = (table, column)
        if key not in self._ends:
            query = sql.SQL("select min({1}), max({1}) from {0}").format(
                self._name(table), sql.Identifier(column)
            )
            rows = self._ask(query)
            self._ends[key] = rows[0] if rows else (None, None)
        return self._ends[key]

    def _name(self, table: str) -> sql.Identifier:
        return sql.Identifier(self.schema, table)

    def _ask(self, query: sql.Composed) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute("savepoint asked")
            try:
                cursor.execute(query)
                return list(cursor.fetchall())
            except DataError:
                return []
            finally:
                cursor.execute("rollback to savepoint asked")
