"""Dumps of every format go in whole; bad ones change nothing and say why."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from conftest import SHARED_DATA, drop_database, run
from moodle_analytics import cli, database, dump, load, postgres
from moodle_analytics.errors import UserError
from small_site import site_sql

MakeDatabase = Callable[[str, str], database.Server]
Dump = Callable[..., bytes]


@pytest.fixture(scope="module")
def pg_dump(server: database.Server) -> Dump:
    """Take a dump of the small site (or of `script`) with pg_dump and its options."""
    program = postgres.installations()[0].directory / "pg_dump"
    if not program.exists():
        pytest.skip("there is no pg_dump beside the server's binaries")

    def take(*options: str, script: str | None = None) -> bytes:
        run(server, "postgres", "create database dumped template template0")
        try:
            run(server, "dumped", script or site_sql())
            environment = os.environ | database.environment(server, "dumped")
            command = [program, *options]
            return subprocess.run(command, env=environment, capture_output=True, check=True).stdout
        finally:
            drop_database(server, "dumped")

    return take


@pytest.fixture(scope="module")
def plain(pg_dump: Dump) -> bytes:
    return pg_dump()


@pytest.fixture
def earlier(server: database.Server) -> None:
    """The database `moodle` as an earlier load left it."""
    with database.fresh_database(server, "moodle", origin="an earlier load") as name:
        run(server, name, "create table earlier ()")


def is_unchanged(server: database.Server) -> bool:
    names = run(
        server, "postgres", "select datname from pg_database where datname ~ '__(new|old)_'"
    )
    tables = run(server, "moodle", "select relname from pg_class where relname = 'earlier'")
    return names == [] and tables == [("earlier",)]


def is_whole(server: database.Server, prefix: str = "mdl_", schema: str = "public") -> bool:
    """Whether the small site's rows came through, awkward ones too, and its keys with them."""
    log = f'"{schema}"."{prefix}logstore_standard_log"'
    other = run(server, "moodle", f"select other from {log} order by id")
    keys = run(
        server, "moodle", f"select count(*) from pg_index where indrelid = '{log}'::regclass"
    )
    following = run(server, "moodle", f"insert into {log} (eventname) values ('x') returning id")
    return (
        other == [('a:1:{s:1:"x";N;}',), ("N;",), ('it\'s; "a"\n\\.\n$x$',)]
        and keys == [(1,)]
        and following == [(4,)]
    )


def write(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    return str(path)


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda data: zipped(("site/moodle.sql", data), ("__MACOSX/moodle.sql", b"x")),
    "zip with a readme": lambda data: zipped(("README.txt", b"hello"), ("moodle.sql", data)),
    "gz in zip": lambda data: zipped(("moodle.sql.gz", gzip.compress(data))),
    "CRLF": lambda data: data.replace(b"\n", b"\r\n"),
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
}


@pytest.mark.parametrize(
    ("pack", "by_stdin"),
    [*((pack, False) for pack in PACK), *((pack, True) for pack in ("plain", "gz", "zip"))],
)
def test_plain_text_however_packed(
    server: database.Server,
    plain: bytes,
    pack: str,
    by_stdin: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The name says nothing: the format is told by the first bytes.
    path = write(tmp_path / "site.data", PACK[pack](plain))
    with Path(path).open("rb") as file:
        stdin = SimpleNamespace(buffer=file, isatty=lambda: False)
        monkeypatch.setattr(dump.sys, "stdin", stdin)  # type: ignore[attr-defined]
        loaded = load.load("-" if by_stdin else path, server)
    assert loaded.facts.log_rows == 3
    assert pack == "CRLF" or is_whole(server)


def test_a_pipe_with_a_name(server: database.Server, plain: bytes, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["bash", "-c", 'cat > "$0"', pipe], stdin=subprocess.PIPE) as writer:
        assert writer.stdin
        writer.stdin.write(plain)
        writer.stdin.close()
        assert load.load(str(pipe), server).facts.log_rows == 3


@pytest.mark.parametrize("kind", ["-Fc", "-Ft", "-Fd", "--inserts", "-C", "--clean", "-Cc"])
def test_options_of_pg_dump(
    server: database.Server, pg_dump: Dump, kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "the dump"
    if kind == "-Fd":
        pg_dump(kind, "-f", str(path))
    else:
        path.write_bytes(pg_dump(kind))
    assert load.load(str(path), server).facts.learners == 2
    assert is_whole(server)
    query = "select datname from pg_database where datname = 'dumped'"
    assert run(server, "postgres", query) == [], "the dump's own database is not made"


def test_any_prefix_and_schema(server: database.Server, pg_dump: Dump, tmp_path: Path) -> None:
    script = site_sql("M5_", "My School")
    path = write(tmp_path / "d.sql", pg_dump("-t", '"My School".*', script=script))
    assert b"CREATE SCHEMA" not in Path(path).read_bytes(), "pg_dump -t makes no schema"
    loaded = load.load(path, server)
    assert (loaded.facts.site.schema, loaded.facts.site.prefix) == ("My School", "M5_")
    assert is_whole(server, "M5_", "My School")


def test_two_sites_need_a_choice(server: database.Server, pg_dump: Dump, tmp_path: Path) -> None:
    path = write(tmp_path / "d.sql", pg_dump(script=site_sql() + site_sql("phu_", roles=False)))
    with pytest.raises(UserError, match="--prefix"):
        load.load(path, server)
    assert load.load(path, server, prefix="phu_").facts.learners is None


STRANGE = rb"""
\restrict abc
\connect postgres
CREATE DATABASE escaped;
ALTER DATABASE escaped OWNER TO moodleuser;
CREATE ROLE moodleuser;
SET default_with_oids = false;
SET transaction_timeout = 0;
SET default_tablespace = fast;
SET SESSION AUTHORIZATION 'moodleuser';
CREATE EXTENSION IF NOT EXISTS no_such_extension WITH SCHEMA public;
COMMENT ON EXTENSION plpgsql IS 'x; y';
ALTER TABLE public.mdl_user OWNER TO "Moodle User";
GRANT ALL ON TABLE public.mdl_user TO moodleuser;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE moodleuser GRANT ALL ON TABLES TO moodleuser;
CREATE FUNCTION public.trick() RETURNS trigger LANGUAGE plpgsql AS $_$
BEGIN
    -- it's; a trap
    DROP TABLE mdl_user; RETURN NEW;
END;
$_$;
CREATE TRIGGER t BEFORE INSERT ON public.mdl_user EXECUTE FUNCTION public.trick();
CREATE VIEW public.people AS SELECT id FROM public.mdl_user;
/* a; comment with ' in it */
ALTER TABLE public.mdl_user CLUSTER ON mdl_user_pkey;
\unrestrict abc
"""


def test_roles_grants_databases_and_code_are_passed_over(
    server: database.Server, plain: bytes, tmp_path: Path
) -> None:
    end = plain.index(b"--\n-- PostgreSQL database dump complete")
    path = write(tmp_path / "d.sql", plain[:end] + STRANGE + plain[end:])
    loaded = load.load(path, server)
    assert loaded.left_out == {"function": 1, "trigger": 1, "view": 1}
    assert is_whole(server)
    query = "select 1 from pg_database where datname = 'escaped'"
    assert run(server, "postgres", query) == []


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize(
    "line",
    [
        b"\\! touch {touched}\n",
        b"select 1 \\! touch {touched}\n",
        b"\\copy (select 1) to '{touched}'\n",
        b"\\i {touched}\n",
    ],
)
def test_psql_commands_are_never_run(
    server: database.Server, plain: bytes, line: bytes, tmp_path: Path
) -> None:
    touched = tmp_path / "touched"
    line = line.replace(b"{touched}", str(touched).encode())
    middle = plain.index(b"\nCOPY ") + 1
    path = write(tmp_path / "d.sql", plain[:middle] + line + plain[middle:])
    with pytest.raises(UserError, match="psql command"):
        load.load(path, server)
    assert not touched.exists()
    assert is_unchanged(server)


def test_a_program_in_the_dump_is_never_run(
    server: database.Server, plain: bytes, tmp_path: Path
) -> None:
    touched = tmp_path / "touched"
    tmp_path.chmod(0o777)
    attack = (
        f"COPY public.mdl_user FROM PROGRAM 'touch {touched}';\n"
        f"COPY public.mdl_user TO '{touched}';\n"
        f"DO $$ begin execute 'copy (select 1) to ''{touched}'''; end $$;\n"
    )
    path = write(tmp_path / "d.sql", plain + attack.encode())
    load.load(path, server)
    assert not touched.exists()


def mysql(_: bytes) -> bytes:
    return (
        b"-- MySQL dump 10.13\n/*!40101 SET NAMES utf8 */;\nCREATE TABLE `mdl_user` (`id` int);\n"
    )


def mariadb(_: bytes) -> bytes:
    return b"/*M!999999\\- enable the sandbox mode */\nCREATE TABLE `mdl_user` (`id` int);\n"


def break_archive(data: bytes) -> bytes:
    return data[: len(data) // 2]


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda _: b"", "is empty"),
    "text": (lambda _: b"Dear all,\nplease find the dump attached.\n", "not a PostgreSQL dump"),
    "picture": (lambda _: b"\x89PNG\r\n\x1a\n\0\0", "not a PostgreSQL dump"),
    "SQLite": (lambda _: b"SQLite format 3\0", "SQLite"),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), "UTF-16"),
    "zstd": (lambda _: b"\x28\xb5\x2f\xfd\0\0", "zstd"),
    "MySQL": (mysql, "MySQL or MariaDB.*pgloader"),
    "MariaDB": (mariadb, "MySQL or MariaDB.*pgloader"),
    "MySQL in gz": (lambda data: gzip.compress(mysql(data)), "MySQL or MariaDB.*pgloader"),
    "truncated gz": (lambda data: gzip.compress(data)[:-40], "truncated or damaged"),
    "damaged gz": (
        lambda data: gzip.compress(data, 0)[:900] + b"XX" + gzip.compress(data, 0)[902:],
        "truncated or damaged",
    ),
    "truncated zip": (lambda data: zipped(("a.sql", data))[:-60], "zip that cannot be unpacked"),
    "zip of two": (lambda data: zipped(("a.sql", data), ("b.sql", data)), "holds 2 dumps"),
    "zip of none": (lambda _: zipped(("a.txt", b"x"), ("b.txt", b"y")), "holds 0 dumps"),
    "cut in data": (
        lambda data: data[: data.index(b"course_viewed") + 5],
        "truncated.*table's data",
    ),
    "cut at a row's end": (
        lambda data: data[: data.index(b"\n", data.index(b"course_viewed")) + 1],
        "truncated.*table's data",
    ),
    "cut in a statement": (
        lambda data: data[: data.index(b"CREATE TABLE public.mdl_user ") + 40],
        "truncated.*middle of a statement",
    ),
    "cut between statements": (
        lambda data: data[: data.index(b"--\n-- PostgreSQL database dump complete")],
        "truncated.*dump complete",
    ),
    "not Moodle": (
        lambda _: b"CREATE TABLE public.shop (id bigint);\n",
        "not a Moodle database.*logstore_standard_log",
    ),
    "no log": (
        lambda data: re.sub(rb"mdl_logstore_standard_log", b"mdl_other", data),
        "missing: mdl_logstore_standard_log",
    ),
    "two of a table": (lambda data: data + data, "makes CREATE TABLE .* twice.*pg_dumpall"),
    "bad row": (
        lambda data: data.replace(b"\t1714982400", b"\tsecret-value", 1),
        r"cannot be restored: .*line 1 of its data",
    ),
}


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize("name", BAD)
def test_bad_dumps_change_nothing(
    server: database.Server, plain: bytes, name: str, tmp_path: Path
) -> None:
    spoil, message = BAD[name]
    path = write(tmp_path / "the.dump", spoil(plain))
    with pytest.raises(UserError, match=message) as caught:
        load.load(path, server)
    assert "\n" not in str(caught.value)
    assert is_unchanged(server)


@pytest.mark.usefixtures("earlier")
@pytest.mark.parametrize("kind", ["-Fc", "-Ft"])
def test_a_truncated_archive(
    server: database.Server, pg_dump: Dump, kind: str, tmp_path: Path
) -> None:
    whole = pg_dump(kind)
    path = write(tmp_path / "the.dump", whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"(pg_restore \(|is truncated).*nothing was loaded"):
        load.load(path, server)
    assert is_unchanged(server)


@pytest.mark.usefixtures("earlier")
def test_values_stay_out_of_errors(server: database.Server, pg_dump: Dump, tmp_path: Path) -> None:
    spoilt = pg_dump("--inserts").replace(b"(3, 'lina; --'", b"('s3cret', 'lina; --'")
    path = write(tmp_path / "d.sql", spoilt)
    with pytest.raises(UserError, match="cannot be restored") as caught:
        load.load(path, server)
    assert "lina" not in str(caught.value)
    assert is_unchanged(server)


def test_a_folder_or_file_that_is_not_there(server: database.Server, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        load.load(str(tmp_path / "gone.sql"), server)
    with pytest.raises(UserError, match="Not a directory"):
        load.load(f"{__file__}/x.sql", server)
    with pytest.raises(UserError, match=r"without pg_dump's toc\.dat"):
        load.load(str(tmp_path), server)


@pytest.mark.usefixtures("earlier")
def test_too_large_for_the_disk(
    server: database.Server,
    plain: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write(tmp_path / "d.sql.gz", gzip.compress(plain))
    full = SimpleNamespace(free=2**28 + len(plain) // 2, total=2**40)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    monkeypatch.setattr(load, "_DISK_PER_SQL_BYTE", 1000)
    with pytest.raises(UserError, match=r"needs about .* GB are free"):
        load.load(path, server)
    assert is_unchanged(server)


@pytest.mark.usefixtures("earlier")
def test_a_disk_that_fills_meanwhile(
    server: database.Server,
    plain: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load, "_DISK_CHECK_BYTES", 1)
    monkeypatch.setattr(load, "_check_disk", lambda *_: None)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1))
    with pytest.raises(UserError, match="almost full"):
        load.load(write(tmp_path / "d.sql", plain), server)
    assert is_unchanged(server)


@pytest.mark.usefixtures("earlier")
def test_a_killed_load_leaves_the_earlier_database(server: database.Server, plain: bytes) -> None:
    code = "from moodle_analytics import cli; cli.main()"
    # More than one read's worth, and the rest never comes.
    half = plain[: plain.index(b"course_viewed")] + b"x" * 2**21
    with subprocess.Popen(
        [sys.executable, "-c", code, "load", "-"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin
        process.stdin.write(half)
        process.stdin.flush()
        query = "select 1 from pg_database where datname ~ '^moodle__new_'"
        deadline = time.monotonic() + 20
        while not (begun := run(server, "postgres", query)) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert begun
    assert run(server, "moodle", "select count(*) from earlier") == [(0,)]
    with database.fresh_database(server, "moodle", origin="x") as name:
        run(server, name, "create table earlier ()")
    assert is_unchanged(server), "the next run clears away what the killed one left"


def test_the_command(server: database.Server, plain: bytes, tmp_path: Path) -> None:
    path = write(tmp_path / "site.sql", plain)
    result = CliRunner().invoke(cli.app, ["load", path, "--database", "other name"])
    assert result.exit_code == 0, result.output
    for words in (
        "Loaded site.sql",
        "4.3.2+",
        "19 in schema public, prefix mdl_",
        "3 rows, 2024-05-06 08:00 to 2024-05-06 09:00 (UTC)",
        "2 hold a student role",
        "--timezone Asia/Beirut",
        "Absent tables (17)",
        "quiz_attempts",
        "moodle-analytics build --database 'other name'",
    ):
        assert words in result.output
    assert "replaces" not in result.output
    again = CliRunner().invoke(cli.app, ["load", path, "--database", "other name"])
    assert "replaces what was made from site.sql" in again.output
    run(server, "postgres", 'drop database "other name"')


@pytest.mark.usefixtures("server")
def test_the_commands_error_is_one_sentence(tmp_path: Path) -> None:
    code = "from moodle_analytics import cli; cli.main()"
    command = [sys.executable, "-c", code, "load", str(tmp_path / "gone")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("moodle-analytics: The dump ")
    assert done.stderr.count("\n") == 1


def test_the_real_dump(server: database.Server, shared_dump: Path) -> None:
    """Against what Moodle's own functions said of the site when it was dumped."""
    told = json.loads((SHARED_DATA / "moodle_site_a_facts.json").read_text())
    facts = load.load(str(shared_dump), server).facts
    assert facts.site.prefix == "mdl_"
    assert facts.log_rows == told["row_counts"]["mdl_logstore_standard_log"]
    assert (facts.table_count, facts.learners, facts.courses) == (494, 120, 3)
    assert (facts.release or "").startswith("4.5.6")
    assert facts.absent == {}
