"""What must survive a load: the schemas that this program writes itself, and nobody can rebuild.

dbt rebuilds the marts from any dump. Who was written to, who wants no messages and who may read is
known only here: without it a load would send everything again, and shut readers out.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from moodle_analytics import database, postgres
from moodle_analytics.errors import UserError
from moodle_analytics.site import Site, find_site

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

SCHEMAS = ("access", "outreach", "predictions")


def schemas_to_carry(
    server: database.Server,
    old: str,
    fresh: Connection,
    site: Site,
    *,
    schema: str | None = None,
    prefix: str | None = None,
) -> list[str]:
    """Name the schemas of the database `old` that belong into the `fresh` one, which holds `site`.

    `schema` and `prefix` say which site of `old` is meant, as for the load. Two sites are the same
    unless both tell their identifier and these differ. Raises UserError where `old` is another
    site's, or both databases hold such a schema.
    """
    with closing(database.connect(server, old, readonly=True)) as connection:
        held = _held(connection)
        if not held:
            return []
        try:
            former = _identifier(connection, find_site(connection, schema=schema, prefix=prefix))
        except UserError:
            former = None
    present = _identifier(fresh, site)
    names = " and ".join(held)
    if former and present and former != present:
        raise UserError(
            f"Database {old} holds what was written for another Moodle site (schema {names}), so "
            "it is not replaced; nothing was changed: load this dump with --database NAME, or if "
            "that record is not needed, drop the schema first with `moodle-analytics db psql`."
        )
    if both := [name for name in _held(fresh) if name in held]:
        raise UserError(
            f"The dump and database {old} both hold schema {' and '.join(both)}; nothing was "
            "changed: load with --database NAME, or drop the one that is out of date first."
        )
    return held


@contextmanager
def dumped(server: database.Server, name: str, schemas: Sequence[str]) -> Iterator[str]:
    """Give the path of a dump of these schemas, which is removed afterwards. Raises UserError."""
    program = postgres.client("pg_dump")
    with tempfile.TemporaryDirectory(prefix="moodle-analytics-") as folder:
        path = Path(folder) / "carried.sql"
        command = [str(program), "--no-owner", "--no-privileges", "--no-comments"]
        command += [f"--schema={schema}" for schema in schemas]
        # libpq believes a service more than the variables.
        variables = {k: v for k, v in os.environ.items() if k != "PGSERVICE"}
        variables |= database.environment(server, name)
        try:
            done = subprocess.run(
                [*command, f"--file={path}"],
                env=variables,
                capture_output=True,
                text=True,
                check=False,
            )
            said = done.stderr.strip().split("\n")[0] or f"exit code {done.returncode}"
            reason = said if done.returncode else ""
        except OSError as error:
            reason = str(error)
        if reason:
            raise UserError(
                f"Schema {' and '.join(schemas)} of database {name} cannot be carried over by "
                f"{program} ({reason}); nothing was changed: set PGBIN to the bin directory of a "
                "PostgreSQL as new as the server."
            )
        yield str(path)


def _held(connection: Connection) -> list[str]:
    """Name which of the schemas are there with at least one table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select distinct nspname::text from pg_class "
            "join pg_namespace on pg_namespace.oid = relnamespace "
            "where relkind in ('r', 'p') and nspname = any(%s) order by 1",
            [list(SCHEMAS)],
        )
        return [name for (name,) in cursor.fetchall()]


def _identifier(connection: Connection, site: Site) -> str | None:
    """Give what Moodle calls the site's identifier; None where the database does not tell."""
    import psycopg2
    from psycopg2 import sql

    query = sql.SQL("select value from {} where name = 'siteidentifier'").format(
        sql.Identifier(site.schema, f"{site.prefix}config")
    )
    with connection.cursor() as cursor:
        try:
            cursor.execute(query)
        except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn):
            return None
        row = cursor.fetchone()
    return row[0] or None if row else None
