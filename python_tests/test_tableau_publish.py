"""Publishing against a Tableau server on loopback that goes wrong in every way."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands import Command, Result, in_process
from moodle_analytics.tableau import names
from tableau_server import (
    SITE,
    TOKEN_NAME,
    TOKEN_SECRET,
    TableauServer,
    Thing,
    parts_of,
    tableau_server,
)

pytest.importorskip("tableauserverclient", reason="the extra `tableau` is not installed")

DB_PASSWORD = "d4tabase&<pass>"
TWB = """<?xml version="1.0" encoding="utf-8"?>
<workbook version="{version}"><datasources><datasource caption="Weeks" name="federated.1">
<connection class="federated"><named-connections><named-connection name="postgres.1">
<connection class="postgres" dbname="m" port="5433" server="db.example.org" username="reader"/>
</named-connection></named-connections></connection></datasource></datasources></workbook>
"""
TDS = """<?xml version="1.0" encoding="utf-8"?>
<datasource formatted-name="{name}" version="18.1"><connection class="federated"><named-connections>
<named-connection name="postgres.1"><connection class="postgres" port="5433"
server="db.example.org" username="reader"/></named-connection></named-connections></connection>
</datasource>
"""


@pytest.fixture
def tableau(monkeypatch: pytest.MonkeyPatch) -> Iterator[TableauServer]:
    """A server that the environment names; waiting costs no time."""
    with tableau_server() as server:
        monkeypatch.setenv("TABLEAU_SERVER", f"http://127.0.0.1:{server.port}")
        monkeypatch.setenv("TABLEAU_SITE", SITE)
        monkeypatch.setenv("TABLEAU_TOKEN_NAME", TOKEN_NAME)
        monkeypatch.setenv("TABLEAU_TOKEN_SECRET", TOKEN_SECRET)
        for name in ("TABLEAU_DB_USER", "TABLEAU_DB_PASSWORD", "PGUSER", "PGPASSWORD"):
            monkeypatch.delenv(name, raising=False)
        yield server


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was waited between attempts, in seconds."""
    found: list[float] = []
    monkeypatch.setattr("moodle_analytics.tableau.session.sleep", found.append)
    return found


@pytest.fixture
def publish(
    tmp_path: Path,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Callable[..., Result]:
    """Run the command on two workbooks; no secret may be in what it prints or logs."""
    assert waits == []
    for name, version in (("learner_progress", "26.2"), ("learner_progress_18.1", "18.1")):
        (tmp_path / f"{name}.twb").write_text(TWB.format(version=version))
    for name in ("weeks", "watch_list"):
        (tmp_path / f"{name}.tds").write_text(TDS.format(name=names.datasource(name)))
    command: Command = in_process(monkeypatch, capsys)
    caplog.set_level(logging.DEBUG)

    def run(*options: str) -> Result:
        result = command(
            "tableau", "publish", "--from", str(tmp_path), "--timeout", "0.8", *options
        )
        said = result.out + result.err + caplog.text
        for secret in (TOKEN_SECRET, DB_PASSWORD, "d4tabase&amp;"):
            assert secret not in said
        assert "Traceback" not in result.err
        assert result.err.count("\n") <= 1
        return result

    return run


def test_a_first_publish_makes_the_project_and_a_second_replaces_in_place(
    tableau: TableauServer, publish: Callable[..., Result]
) -> None:
    first = publish("--project", "Faculty/Learning", "--description", "Weekly & more")
    assert first.code == 0
    assert [one.attributes for one in tableau.projects[1:]] == [
        {"name": "Faculty"},
        {"name": "Learning", "parentProjectId": tableau.projects[1].id},
    ]
    [workbook] = tableau.workbooks
    assert workbook.attributes == {"name": "Learner progress", "description": "Weekly & more"}
    assert workbook.project_id == tableau.projects[2].id
    assert workbook.content == TWB.format(version="26.2").encode()
    assert "Published" in first.out

    second = publish("--project", "faculty/LEARNING")
    assert second.code == 0
    assert len(tableau.projects) == 3
    assert tableau.workbooks == [workbook]
    assert workbook.revision == 2
    assert f"at the same address: http://tableau/#/site/uni/workbooks/{workbook.id}" in second.out
    assert tableau.stages().count("POST auth/signout") == 2


def test_it_speaks_the_servers_version_and_sends_the_workbook_for_it(
    tableau: TableauServer, publish: Callable[..., Result]
) -> None:
    tableau.product, tableau.version = "2025.3.1", "3.27"
    assert publish("--description", "x").code == 0
    assert {request.path.split("/")[2] for request in tableau.requests[1:]} == {"3.27"}
    assert b'version="18.1"' in tableau.workbooks[0].content
    assert "POST workbooks/validateWorkbook" not in tableau.stages()


def test_connections_go_with_every_publish_and_the_password_only_when_asked(
    tableau: TableauServer, publish: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLEAU_DB_PASSWORD", DB_PASSWORD)
    monkeypatch.setenv("TABLEAU_DB_USER", "reader")
    assert publish().code == 0
    told = publish("--embed-credentials", "--datasources")
    assert (told.code, "the database's login reader" in told.out) == (0, True)
    plain, embedded = (
        parts_of(request)["request_payload"] for request in tableau.of_stage("POST workbooks")
    )
    source = parts_of(tableau.of_stage("POST datasources")[0])["request_payload"]
    assert b'<connection serverAddress="db.example.org" serverPort="5433"' in plain
    assert b"connectionCredentials" not in plain
    for payload in (embedded, source):
        assert b'name="reader" password="d4tabase&amp;&lt;pass&gt;" embed="true"' in payload


def test_data_sources_are_described_and_certified(
    tableau: TableauServer, publish: Callable[..., Result]
) -> None:
    assert publish("--datasources", "--certify", "by us").code == 0
    assert [one.attributes for one in tableau.datasources] == [
        {
            "name": f"Learner progress - {caption}",
            "description": f"One row per {grain}.",
            "isCertified": "true",
            "certificationNote": "by us",
        }
        for caption, grain in (
            ("Watch list", "course, learner on its list and learner group, from fct_watch_list"),
            ("Weeks", "week, from dim_weeks"),
        )
    ]
    refused = publish("--certify", "by us")
    assert (refused.code, "--datasources" in refused.err) == (2, True)


def test_the_servers_check_stops_a_faulty_workbook(
    tableau: TableauServer, publish: Callable[..., Result]
) -> None:
    tableau.warnings = [{"message": "Odd map", "line": 3}]
    assert "warning: line 3: Odd map" in publish("--dry-run").out
    tableau.errors = [{"message": "Unknown field", "line": 7, "severity": "ERROR"}]
    stopped = publish()
    assert stopped.code == 1
    assert "line 7: Unknown field" in stopped.out
    assert tableau.workbooks == []
    assert publish("--no-validate").code == 0


@pytest.mark.parametrize("status", ["404", "405"])
def test_a_server_without_the_check_publishes_all_the_same(
    tableau: TableauServer, publish: Callable[..., Result], status: str
) -> None:
    tableau.faults["POST workbooks/validateWorkbook"] = [status]
    assert "does not offer" in publish().out
    assert len(tableau.workbooks) == 1


def test_a_dry_run_reads_and_writes_nothing(
    tableau: TableauServer, publish: Callable[..., Result]
) -> None:
    plan = publish("--dry-run", "--datasources")
    assert plan.code == 0
    assert "Would make project Moodle analytics" in plan.out
    assert plan.out.count("Would publish") == 3
    written = [one for one in tableau.stages() if not one.startswith("GET")]
    assert written == ["POST auth/signin", "POST workbooks/validateWorkbook", "POST auth/signout"]
    assert publish("--project", "default").code == 0
    assert "Would replace" in publish("--dry-run", "--project", "default").out


def test_the_workbook_of_another_project_or_page_is_left_alone(
    tableau: TableauServer, publish: Callable[..., Result]
) -> None:
    tableau.projects += [Thing(f"q-{number}", {"name": f"q{number}"}) for number in range(1200)]
    tableau.projects.append(Thing("q", {"name": "Deep", "parentProjectId": "q-1100"}))
    other = Thing("w", {"name": "Learner progress"}, "p-0", b"theirs")
    tableau.workbooks.append(other)
    assert "Published workbook" in publish("--project", "q1100/Deep").out
    assert (other.content, other.revision) == (b"theirs", 1)
    assert tableau.workbooks[1].project_id == "q"


def test_a_big_file_goes_in_parts_and_a_lost_part_begins_anew(
    tableau: TableauServer,
    publish: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    # The client's own limits, in MB, made small.
    endpoint = "tableauserverclient.server.endpoint"
    monkeypatch.setattr(f"{endpoint}.workbooks_endpoint.FILESIZE_LIMIT", 100)
    monkeypatch.setattr(f"{endpoint}.fileuploads_endpoint.BYTES_PER_MB", 5)
    tableau.faults["PUT fileUploads/"] = ["", "cut", "", "hang up", "", "429"]
    assert publish().code == 0
    sent = (tmp_path / "learner_progress.twb").read_bytes()
    assert len(tableau.of_stage("POST fileUploads")) == 3
    assert tableau.workbooks[0].content == sent
    assert len(tableau.of_stage("POST workbooks")) == 1


@pytest.mark.parametrize("fault", ["429", "503", "cut", "half", "slow"])
@pytest.mark.parametrize("stage", ["GET serverInfo", "POST auth/signin", "GET workbooks"])
def test_what_may_be_repeated_is_repeated(
    tableau: TableauServer,
    publish: Callable[..., Result],
    waits: list[float],
    stage: str,
    fault: str,
) -> None:
    tableau.faults[stage] = [fault]
    assert publish("--project", "default").code == 0
    assert len(tableau.of_stage(stage)) == 2
    assert len(waits) == 1
    assert waits == [7.0] or fault != "429"


@pytest.mark.parametrize(
    ("stage", "fault", "words"),
    [
        ("GET serverInfo", "page", "does not say which version it is"),
        ("GET serverInfo", "404 404003", "refused asking for its version"),
        ("GET serverInfo", "redirect", "redirects to http://elsewhere.example.org"),
        ("GET serverInfo", "500", "failed while asking for its version (HTTP 500)"),
        ("POST auth/signin", "401 401001", "refused the token (401001"),
        ("POST auth/signin", "page", "not Tableau's, or not whole, while signing in"),
        ("POST auth/signin", "403", "refused signing in (403000"),
        ("GET projects", "401 401002", "ended the session while reading the projects"),
        ("GET projects", "page", "not Tableau's, or not whole"),
        ("POST workbooks/validateWorkbook", "500", "failed while checking the workbook"),
        ("POST workbooks/validateWorkbook", "400", "refused checking the workbook"),
        ("POST workbooks/validateWorkbook", "page", "did not say what it found"),
        ("POST projects", "403 403004", 'refused making project "Moodle analytics" (403004'),
        ("POST projects", "cut", "gave no answer when project Moodle analytics was made"),
        ("POST workbooks", "409 409006", "somebody publishes it at this moment"),
        ("POST workbooks", "401 401002", "ended the session while publishing"),
        ("POST workbooks", "403 403130", "refused publishing workbook Learner progress"),
        ("POST workbooks", "413", "too big"),
        ("POST workbooks", "500", "HTTP 500"),
        ("POST workbooks", "429", "less haste"),
        ("POST workbooks", "slow", "no answer in time"),
        ("POST workbooks", "cut", "was cut off (the connection broke off), and it is not there"),
        ("POST workbooks", "hang up", "was cut off"),
        ("POST workbooks", "503", "was cut off (HTTP 503), and it is not there"),
        ("POST workbooks", "504", "was cut off (HTTP 504), and it is not there"),
    ],
)
def test_every_fault_is_one_sentence_and_signs_out(
    tableau: TableauServer, publish: Callable[..., Result], stage: str, fault: str, words: str
) -> None:
    if fault == "slow":
        tableau.faults["GET workbooks"] = ["", "cut", "cut", "cut", "cut"]
        words = "broke off while looking"
    tableau.faults[stage] = [fault] * 4
    result = publish()
    assert result.code == 2
    assert words in result.err
    assert tableau.workbooks == [] or fault == "slow"
    is_signed_in = stage not in ("GET serverInfo", "POST auth/signin")
    assert ("POST auth/signout" in tableau.stages()) == is_signed_in


def test_a_publish_whose_answer_is_lost_is_looked_for_and_not_sent_twice(
    tableau: TableauServer, publish: Callable[..., Result]
) -> None:
    tableau.faults["POST workbooks"] = ["done and cut", "done and slow", "half", "done and 504"]
    tableau.faults["POST projects"] = ["done and cut"]
    for number in (1, 2, 3, 4):
        result = publish()
        assert result.code == 0
        assert len(tableau.of_stage("POST workbooks")) == number
        assert tableau.workbooks[0].revision == number
    assert len(tableau.of_stage("POST projects")) == 1


def test_a_publish_that_was_not_let_in_comes_again_after_a_look(
    tableau: TableauServer, publish: Callable[..., Result], waits: list[float]
) -> None:
    tableau.faults["POST workbooks"] = ["429", "503"]
    assert publish().code == 0
    assert tableau.workbooks[0].revision == 1
    assert waits == [7.0, 1.0, 4.0, 10.0]
    assert tableau.stages()[-7:-1] == [
        "POST workbooks",
        "POST workbooks",
        *["GET workbooks"] * 3,
        "POST workbooks",
    ]


def test_addresses_tokens_and_files_that_are_wrong_are_told_before_anything_is_sent(
    tableau: TableauServer,
    publish: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def refuses(words: str, *options: str, **variables: str) -> None:
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            result = publish(*options)
        assert (result.code, words in result.err) == (2, True), result.err
        assert tableau.requests == []

    refuses("TABLEAU_TOKEN_SECRET must be set", TABLEAU_TOKEN_SECRET=" ")
    refuses("in the clear", TABLEAU_SERVER="http://tableau.example.org")
    refuses("no address of a server", TABLEAU_SERVER="tableau.example.org")
    refuses("no address of a server", TABLEAU_SERVER="https://user:word@tableau.example.org")
    cloud = "https://x.online.tableau.com"
    refuses("TABLEAU_SITE must be set", TABLEAU_SERVER=cloud, TABLEAU_SITE="")
    refuses("cannot be reached", TABLEAU_SERVER="http://127.0.0.1:9")
    refuses("no learner_progress.twbx", "--extract")
    refuses("TABLEAU_DB_PASSWORD", "--embed-credentials")
    refuses("--project is empty", "--project", " / ")
    workbook = tmp_path / "learner_progress.twb"
    workbook.write_text('<workbook><connection password="x"/></workbook>')
    refuses("holds a password")
    workbook.write_text("<workbook>")
    refuses("is no XML file")


def test_the_client_itself_prints_nothing(tableau: TableauServer, tmp_path: Path) -> None:
    tableau.faults["GET serverInfo"] = ["page"]
    (tmp_path / "learner_progress.twb").write_text(TWB.format(version="26.2"))
    (tmp_path / "learner_progress_18.1.twb").write_text(TWB.format(version="18.1"))
    command = [sys.executable, "-m", "moodle_analytics.cli", "tableau", "publish"]
    done = subprocess.run(
        [*command, "--from", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_an_old_server_is_refused(tableau: TableauServer, publish: Callable[..., Result]) -> None:
    tableau.product, tableau.version = "2019.3.0", "3.5"
    assert "must be 2019.4 or newer" in publish().err
    assert tableau.stages() == ["GET serverInfo"]
