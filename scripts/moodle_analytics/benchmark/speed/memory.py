"""The memory of a server and its clients while something runs, from Linux's /proc."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_PROC = Path("/proc")
_EVERY_SECONDS = 0.2


class Watch:
    """The most that was held at a time, in bytes; None where the system does not tell."""

    peak_bytes: int | None = None


@contextmanager
def watched(server_pid: int | None) -> Iterator[Watch]:
    """Watch this process, the server and their children until the block ends.

    `server_pid` is the server's first process, None where it runs on another machine: then only the
    programs on this one are counted.
    """
    watch, ended = Watch(), threading.Event()
    if not (_PROC / "self" / "status").exists():
        yield watch
        return
    roots = [os.getpid()] if server_pid is None else [os.getpid(), server_pid]

    def look() -> None:
        while not ended.is_set():
            watch.peak_bytes = max(watch.peak_bytes or 0, held(roots))
            ended.wait(_EVERY_SECONDS)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join()


def held(roots: Iterable[int]) -> int:
    """Give the bytes that processes and their children hold now.

    What PostgreSQL's processes share is counted once, and what is only a file's content not at all.
    """
    own = shared = 0
    for pid in family(roots, parents()):
        found = _memory(pid)
        own += found.get("RssAnon", 0)
        shared = max(shared, found.get("RssShmem", 0))
    return own + shared


def family(roots: Iterable[int], parent_of: Mapping[int, int]) -> set[int]:
    """Give the processes and all that descend from them."""
    children: dict[int, list[int]] = {}
    for pid, parent in parent_of.items():
        children.setdefault(parent, []).append(pid)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def parents() -> dict[int, int]:
    """Give the parent of every process of this machine."""
    found = {}
    for place in _PROC.glob("[0-9]*"):
        # A process may end between two looks.
        with suppress(OSError, IndexError):
            text = (place / "stat").read_text(errors="replace")
            found[int(place.name)] = int(text.rpartition(")")[2].split()[1])
    return found


def parent_of_backend(pid: int) -> int | None:
    """Give the server of a backend that runs on this machine; None where there is no such one."""
    try:
        is_server = (_PROC / str(pid) / "comm").read_text().startswith("postgres")
    except OSError:
        return None
    return parents().get(pid) if is_server else None


def _memory(pid: int) -> dict[str, int]:
    """Give the kinds of memory of a process in bytes; nothing where it has ended."""
    with suppress(OSError):
        lines = (_PROC / str(pid) / "status").read_text(errors="replace").splitlines()
        pairs = (line.split(":", 1) for line in lines if line.startswith("Rss"))
        return {name: int(value.split()[0]) * 1024 for name, value in pairs}
    return {}
