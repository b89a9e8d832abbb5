"""On what a benchmark ran: without it, seconds mean nothing."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812

SETTINGS = (
    "shared_buffers",
    "effective_cache_size",
    "work_mem",
    "hash_mem_multiplier",
    "maintenance_work_mem",
    "max_parallel_workers_per_gather",
    "max_parallel_workers",
    "random_page_cost",
    "max_wal_size",
    "wal_level",
    "synchronous_commit",
    "fsync",
    "full_page_writes",
)


def load() -> float:
    """Give how many processes wanted to run in the last minute: what else this machine does."""
    return round(os.getloadavg()[0], 2)


def facts(cursor: Cursor) -> dict[str, Any]:
    """Give cores, memory, processor, versions and the server's settings that matter here."""
    cursor.execute("select current_setting('server_version')")
    row = cursor.fetchone()
    cursor.execute(
        "select name, current_setting(name) from pg_settings where name = any(%s)", [list(SETTINGS)]
    )
    settings = dict(cursor.fetchall())
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(pages * size / 2**30, 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "postgresql": str(row[0]).split()[0] if row else "",
        "settings": {name: settings[name] for name in SETTINGS if name in settings},
        "python": platform.python_version(),
        "dbt": version("dbt-core"),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())
