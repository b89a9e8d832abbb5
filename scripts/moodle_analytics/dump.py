"""Reads a PostgreSQL dump of any format as a stream of SQL statements and COPY data.

Formats are told by their first bytes. A dump is untrusted: psql commands in it are never run.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

from moodle_analytics import postgres
from moodle_analytics.errors import UserError

COPY_DATA = re.compile(rb"COPY\s.*\sFROM\s+stdin\b", re.IGNORECASE | re.DOTALL)

_BLOCK = 2**20
_TAR_END = 1024  # bytes of zeros
_DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, lzma.LZMAError)
_TOKEN = re.compile(
    rb"""(?:(?<![\w$])[eE])?'|"|(?<![\w$])\$(?:[A-Za-z_]\w*)?\$|--|/\*|;|\\""", re.ASCII
)
# One line that is one statement: most of a dump by --inserts, and several times as fast to pass.
_INSERT_LINE = re.compile(
    rb"INSERT INTO [^';]*\((?:[^';$\\/-]+|(?<![eE])'[^']*'|-(?!-))*+;\r?\n", re.DOTALL
)
_SQL = re.compile(
    rb"^\s*(?:--|/\*|\\restrict|(?:SET|CREATE|COPY|INSERT|SELECT|BEGIN|ALTER|DROP)\s)",
    re.IGNORECASE | re.MULTILINE,
)
_MYSQL = re.compile(
    rb"-- (?:MySQL|MariaDB) dump|/\*M?!\d|phpMyAdmin SQL Dump|ENGINE\s*=\s*(?:InnoDB|MyISAM)"
    rb"|^(?:CREATE TABLE|INSERT INTO|DROP TABLE(?: IF EXISTS)?) `",
    re.IGNORECASE | re.MULTILINE,
)
_OTHER = {
    b"SQLite format 3": "is an SQLite file: a pg_dump of a PostgreSQL database is needed",
    b"\x28\xb5\x2f\xfd": "is compressed by zstd: pipe it in with `zstd -dc`",
    b"\xff\xfe": "is UTF-16 text, as a redirect in PowerShell writes it: use `pg_dump -f FILE`",
    b"7z\xbc\xaf": "is a 7z archive: unpack it first",
}

_UNPACK: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ": lzma.open,
}

_Closing = Callable[[bytes, int], re.Match[bytes] | None]


class Script:
    """The SQL script of a dump: `statements()` one by one; after a COPY, `read` gives its data."""

    def __init__(self, stream: io.BufferedReader, name: str) -> None:
        """Take the script from `stream`; `name` is the dump's name in errors."""
        self.name = name
        self.server_major = 0
        self.fault: BaseException | None = None
        self._stream = stream
        self._lines: list[bytes] = []
        self._next = 0
        self._open_headers = 0
        self._in_data = False

    def statements(self) -> Iterator[bytes]:
        """Give each statement without its semicolon and without comments.

        Raises UserError where the dump is damaged, truncated, or holds a psql command.
        """
        pending: list[bytes] = []
        closing: _Closing | None = None
        while (line := self._line()) is not None:
            if not pending and not closing and _INSERT_LINE.fullmatch(line):
                yield line.rstrip()[:-1]
                continue
            start = position = 0
            while True:
                if closing:
                    closed = closing(line, position)
                    if not closed:
                        break
                    closing, position = None, closed.end()
                token = _TOKEN.search(line, position)
                if not token:
                    break
                mark, position = token[0], token.end()
                if mark == b";":
                    statement = (b"".join(pending) + line[start : token.start()]).strip()
                    pending, start = [], position
                    if statement:
                        self._in_data = bool(COPY_DATA.match(statement))
                        yield statement
                        if self.fault:
                            raise self.fault
                elif mark == b"--":
                    self._comment(line[token.start() :])
                    line = line[: token.start()] + b"\n"
                elif mark == b"\\":
                    self._psql_command(b"".join(pending) + line[start:])
                    line = line[:start]
                else:
                    closing = _closing(mark)
            if closing or line[start:].strip():
                pending.append(line[start:])
        if b"".join(pending).strip():
            raise _cut(self.name, "in the middle of a statement")
        if self._open_headers > 0:
            raise _cut(self.name, 'before its line "PostgreSQL database dump complete"')

    def read(self, _size: int = -1) -> bytes:
        """Give the next lines of the COPY data, none at its end.

        An error raised in here would reach the server as a text: it is kept in `fault` instead.
        """
        if not self._in_data:
            return b""
        try:
            block = self._block()
            if not block:
                self.fault = _cut(self.name, "in the middle of a table's data")
        except BaseException as error:
            self.fault = error
            return b""
        for end in (b"\\.\n", b"\\.\r\n"):
            if end in block:
                index = block.index(end)
                self._next -= len(block) - index - 1
                self._in_data = False
                return b"".join(block[:index])
        return b"".join(block)

    def _block(self) -> list[bytes]:
        """Give the lines at hand, or else the next block of them."""
        if self._next >= len(self._lines):
            self._lines, self._next = self._stream.readlines(_BLOCK), 0
        block = self._lines[self._next :] if self._next else self._lines
        self._next = len(self._lines)
        return block

    def _line(self) -> bytes | None:
        if self._next >= len(self._lines):
            self._lines, self._next = self._stream.readlines(_BLOCK), 0
            if not self._lines:
                return None
        self._next += 1
        return self._lines[self._next - 1]

    def _comment(self, text: bytes) -> None:
        if version := re.match(rb"-- Dumped from database version (\d+)", text):
            self.server_major = max(self.server_major, int(version[1]))
        elif header := re.match(rb"-- PostgreSQL database (?:cluster )?dump( complete)?\s*$", text):
            self._open_headers += -1 if header[1] else 1

    def _psql_command(self, text: bytes) -> None:
        """Pass over what pg_dump writes for psql; anything else may be an attack."""
        if not re.match(rb"\s*\\(?:restrict|unrestrict|connect|encoding)\b", text):
            shown = text.strip()[:40].decode(errors="replace")
            raise UserError(
                f"{self.name} holds a psql command that pg_dump does not write ({shown!r}); it was "
                "not run and nothing was loaded: take the dump again with pg_dump."
            )


def _cut(name: str, where: str) -> UserError:
    return UserError(
        f"{name} is truncated: it ends {where}; nothing was loaded: copy it again, or take the "
        "dump again."
    )


@contextmanager
def open_dump(source: str, advance: Callable[[int], None]) -> Iterator[Script]:
    """Open a dump: a file, a directory of pg_dump, or `-` for standard input.

    `advance` hears how many bytes were read. Raises UserError for what is no PostgreSQL dump.
    """
    name = dump_name(source)
    with ExitStack() as stack:
        if source == "-":
            if sys.stdin.isatty():
                raise UserError(
                    "Nothing comes from standard input: pipe a dump in, or name a file."
                )
            stream = _filled(sys.stdin.buffer, name, advance)
        elif stat.S_ISDIR(_mode(source)):
            if not (Path(source) / "toc.dat").exists():
                raise UserError(
                    f"{source} is a directory without pg_dump's toc.dat: name the dump."
                )
            stream = _restored(None, source, name, stack, advance)
        else:
            file = stack.enter_context(Path(source).open("rb", buffering=0))
            if stat.S_ISREG(_mode(source)) and _is_zip(file):
                member, share = _member(file, name, stack)
                stream = _filled(member, name, lambda count: advance(int(count * share)))
            else:
                stream = _filled(file, name, advance)
        yield Script(_unpacked(stream, name, stack), name)


def dump_name(source: str) -> str:
    """Name the dump for people."""
    return "standard input" if source == "-" else Path(source).name or source


def least_bytes(source: str) -> tuple[int | None, int]:
    """Give the bytes to read (None: not known) and the least bytes of SQL that they unpack to."""
    path, mode = Path(source), _mode(source)
    if stat.S_ISDIR(mode):
        size = sum(file.stat().st_size for file in path.iterdir() if file.is_file())
        return size, 3 * size
    # A pipe's bytes are gone once read.
    if not stat.S_ISREG(mode):
        return None, 0
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(6)
    if head[:2] == b"PK" and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return size, sum(member.file_size for member in archive.infolist())
    is_packed = head[:2] == b"\x1f\x8b" or head[:3] == b"BZh" or head[:5] in (b"\xfd7zXZ", b"PGDMP")
    return size, 3 * size if is_packed else size


def _mode(source: str) -> int:
    """Give the kind of file as `stat` knows it, a pipe's for standard input. Raises UserError."""
    try:
        mode = stat.S_IFIFO if source == "-" else Path(source).stat().st_mode
    except OSError as error:
        raise UserError(f"The dump {source} cannot be read: {error.strerror}.") from None
    if source != "-" and not os.access(source, os.R_OK):
        raise UserError(f"The dump {source} cannot be read: permission denied.")
    return mode


def _is_zip(file: IO[bytes]) -> bool:
    head = file.read(4)
    file.seek(0)
    return head == b"PK\x03\x04"


class _Filled(io.RawIOBase):
    """Fills each buffer whole, counts bytes, and says in words what is damaged."""

    def __init__(
        self,
        inner: IO[bytes],
        name: str,
        advance: Callable[[int], None] | None,
        finish: Callable[[], None] | None,
    ) -> None:
        self._inner, self._name = inner, name
        self._advance, self._finish = advance, finish

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        filled = 0
        while filled < len(buffer):
            try:
                data = self._inner.read(min(_BLOCK, len(buffer) - filled))
            except _DAMAGE as error:
                raise UserError(
                    f"{self._name} is truncated or damaged ({error}); nothing was loaded: copy it "
                    "again, or take the dump again."
                ) from None
            except RuntimeError as error:
                raise UserError(f"{self._name} cannot be unpacked: {error}.") from None
            if not data:
                break
            buffer[filled : filled + len(data)] = data
            filled += len(data)
            if self._advance:
                self._advance(len(data))
        if not filled and self._finish:
            self._finish()
        return filled


def _filled(
    inner: IO[bytes],
    name: str,
    advance: Callable[[int], None] | None = None,
    finish: Callable[[], None] | None = None,
) -> io.BufferedReader:
    return io.BufferedReader(_Filled(inner, name, advance, finish), _BLOCK)


def _unpacked(stream: io.BufferedReader, name: str, stack: ExitStack) -> io.BufferedReader:
    """Peel compression and archives off until SQL text is left."""
    head = stream.peek(_BLOCK)
    if not head:
        raise UserError(f"{name} is empty: take the dump again.")
    for magic, unpack in _UNPACK.items():
        if head.startswith(magic):
            return _unpacked(_filled(unpack(stream), name), name, stack)
    if head[:4] == b"PK\x03\x04":
        # A zip is read from its end, so one that comes through a pipe goes by a file.
        spool = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
        shutil.copyfileobj(stream, spool, _BLOCK)
        member, _ = _member(spool, name, stack)
        return _unpacked(_filled(member, name), name, stack)
    if head[:5] == b"PGDMP" or (head[257:262] == b"ustar" and head[:7] == b"toc.dat"):
        return _restored(stream, None, name, stack, None)
    _refuse_other(head, name)
    if head[:3] == b"\xef\xbb\xbf":
        stream.read(3)
    return stream


def _member(file: IO[bytes], name: str, stack: ExitStack) -> tuple[IO[bytes], float]:
    """Open the one dump in a zip; also give its packed size as a share of its own."""
    try:
        archive = stack.enter_context(zipfile.ZipFile(file))
        members = [
            member
            for member in archive.infolist()
            if not member.is_dir() and not member.filename.startswith("__MACOSX/")
        ]
        if len(members) > 1:
            dumps = re.compile(r"\.(?:sql|dump|backup)\b")
            members = [member for member in members if dumps.search(member.filename)]
        if len(members) != 1:
            raise UserError(
                f"{name} holds {len(members)} dumps (.sql, .dump or .backup), not one: unpack it "
                "and name the one to load."
            )
        share = members[0].compress_size / max(1, members[0].file_size)
        return stack.enter_context(archive.open(members[0])), share
    except (*_DAMAGE, RuntimeError, NotImplementedError) as error:
        raise UserError(
            f"{name} is a zip that cannot be unpacked ({error}): copy it again, or unpack it first."
        ) from None


def _restored(
    stream: io.BufferedReader | None,
    directory: str | None,
    name: str,
    stack: ExitStack,
    advance: Callable[[int], None] | None,
) -> io.BufferedReader:
    """Turn an archive of pg_dump into its SQL text, by pg_restore without a database."""
    command = [str(postgres.client("pg_restore")), "--file=-", "--no-owner", "--no-privileges"]
    said = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
    process = subprocess.Popen(
        [*command, directory] if directory else command,
        stdin=subprocess.DEVNULL if directory else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        env=os.environ | {"LC_ALL": "C"},
    )
    faults: list[BaseException] = []

    def pump() -> None:
        assert stream
        assert process.stdin
        end = b""
        try:
            is_tar = stream.peek(5)[:5] != b"PGDMP"
            with process.stdin as sink:
                while block := stream.read(_BLOCK):
                    sink.write(block)
                    end = (end + block)[-_TAR_END:]
                # pg_restore 18 never ends on a tar that is cut.
                if is_tar and end.strip(b"\0"):
                    raise _cut(name, "before the end of the archive")
        except BrokenPipeError:
            pass
        except BaseException as error:
            faults.append(error)
            process.kill()

    pumping = threading.Thread(target=pump, daemon=True)
    if stream:
        pumping.start()

    def finish() -> None:
        if stream:
            pumping.join()
        code = process.wait()
        if faults:
            raise faults[0]
        if code:
            said.seek(0)
            reason = said.read().decode(errors="replace").strip().split("\n")[0]
            raise UserError(
                f"{name} cannot be read by {command[0]} ({reason}); nothing was loaded: copy the "
                "dump again, or set PGBIN to the bin directory of the PostgreSQL that wrote it."
            )

    def close() -> None:
        process.kill()
        process.wait()
        if stream:
            pumping.join()
        if process.stdout:
            process.stdout.close()

    stack.callback(close)
    assert process.stdout
    # An archive's size is not that of its text, so the bytes read in are counted where there are.
    return _filled(process.stdout, name, advance, finish)


def _refuse_other(head: bytes, name: str) -> None:
    """Say what it is, where it is no PostgreSQL dump."""
    if b"-- PostgreSQL database" in head[:4096]:
        return
    if _MYSQL.search(head):
        raise UserError(
            f"{name} is a MySQL or MariaDB dump, and this reads PostgreSQL dumps: restore it into "
            "MySQL, copy that database into PostgreSQL (with Moodle's own database transfer tool, "
            "or with pgloader), and load a pg_dump of the copy."
        )
    if b"moodle_backup.xml" in head[:512]:
        raise UserError(f"{name} is a Moodle course backup; a pg_dump of the database is needed.")
    for first, what in _OTHER.items():
        if head.startswith(first):
            raise UserError(f"{name} {what}.")
    if b"\0" in head or not _SQL.search(head):
        raise UserError(f"{name} is not a PostgreSQL dump: take one with `pg_dump -Fc DATABASE`.")


def _closing(mark: bytes) -> _Closing:
    """Give the search for the end of a string, identifier or comment that `mark` begins."""
    if mark[:1] in b"eE":
        return re.compile(rb"(?:\\.|''|[^\\'])*'(?!')", re.DOTALL).match
    return re.compile(rb"\*/" if mark == b"/*" else re.escape(mark)).search
