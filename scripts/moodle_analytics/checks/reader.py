"""Reads queries into frames."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from psycopg2.extensions import connection as Connection  # noqa: N812


class Reader:
    """Reads queries into frames."""

    def __init__(self, connection: Connection) -> None:
        """Read from this connection."""
        self._connection = connection

    def frame(self, query: str) -> pd.DataFrame:
        """Give the rows of a query; numeric columns become floats."""
        import pandas as pd

        with self._connection.cursor() as cursor:
            cursor.execute(query)
            names = [column.name for column in cursor.description or ()]
            found = pd.DataFrame(cursor.fetchall(), columns=names)
        for name in names:
            if any(isinstance(value, Decimal) for value in found[name]):
                found[name] = found[name].astype(float)
        return found
