"""What went wrong on the server or in dbt, in one sentence for people."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from moodle_analytics.errors import UserError

LOCK_TIMEOUT = "60s"
# Names that dbt gives to hooks: the project's, the moment's and a number.
_HOOK = re.compile(r"moodle_analytics[.-]on-run-(start|end)[.-]\d+")
_KEPT = "The marts are still those of the last good run."
# What the server says, and what that means; the first that is found counts.
_MEANINGS = (
    (
        r"could not resize shared memory segment",
        "The server's shared memory (/dev/shm) is too small: give its container more (docker's "
        "--shm-size), or set max_parallel_workers_per_gather to 0.",
    ),
    (
        r"No space left on device|disk full|could not extend file",
        "The disk of the database is full: free some space and run it again.",
    ),
    (
        r"temporary file size exceeds temp_file_limit",
        "A query needs more temporary files than the server allows: raise temp_file_limit for this "
        "user, or its work_mem.",
    ),
    (
        r"canceling statement due to statement timeout",
        "A statement took longer than the server allows: raise statement_timeout for this user "
        "(alter role ... set statement_timeout = 0), and run it again.",
    ),
    (
        r"out of memory|out of shared memory",
        "The server has too little memory for this: lower work_mem, or for shared memory raise "
        "max_locks_per_transaction.",
    ),
    (
        r"server closed the connection|terminating connection|connection already closed|"
        r"could not connect to server|[Cc]onnection refused|Connection reset by peer|"
        r"connection to server .* failed|the database system is|SSL connection has been closed|"
        r"could not receive data from server|server terminated abnormally",
        "The connection to the database was lost: look whether the server runs, and run it again.",
    ),
)


def sentence(message: str) -> str:
    """Give what matters of a message of dbt in one line: not its heading, not the call stack."""
    kept = []
    for line in message.strip().splitlines():
        text = line.strip()
        if text.startswith(("> in ", "> called by ", "compiled code at", "CONTEXT:")):
            break
        if text and not text.startswith(("Compilation Error in", "Database Error in")):
            kept.append(text)
    if "Runtime Error" in kept:
        kept.remove("Runtime Error")
    return " ".join(kept)


def of_server(message: str) -> str | None:
    """Say what a fault of the server means and what to do; None where it is another one."""
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, message):
            first = next(line.strip() for line in message.splitlines() if re.search(pattern, line))
            return f"{meaning} ({first})"
    return None


def is_of_database(error: Exception) -> bool:
    """Whether the database's driver raised it."""
    return type(error).__module__.split(".")[0] == "psycopg2"


def refuse(results: Sequence[Any]) -> None:
    """Raise UserError with the first node that failed; what hangs on it was skipped by dbt."""
    errors = [row for row in results if str(row.status) in ("error", "runtime error")]
    if not errors:
        return
    first = errors[0]
    message = first.message or ""
    more = f" ({len(errors) - 1} more failed.)" if len(errors) > 1 else ""
    hook = _HOOK.search(first.node.name)
    if hook and hook[1] == "end":
        raise UserError(f"The marts could not be published: {_reason(message)} {_KEPT}")
    if hook:
        raise UserError(f"The build did not begin: {_reason(message)}")
    if "lock timeout" in message:
        raise UserError(
            f"{first.node.name} could not be replaced within {LOCK_TIMEOUT}: another session "
            f"keeps it open (an editor in a transaction); close that and build again. {_KEPT}"
        )
    verb = "built" if first.node.resource_type in ("model", "seed", "snapshot") else "run"
    raise UserError(
        f"{first.node.name} could not be {verb}: {_reason(message)}{more} {_KEPT} "
        "dbt's log is in logs/dbt.log."
    )


def _reason(message: str) -> str:
    """Give the meaning of a message where it is known, else its own words."""
    message = re.sub(r"^\S+ failed, error:\s*", "", message)
    return of_server(message) or sentence(message)
