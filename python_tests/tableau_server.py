"""A Tableau server on loopback: keeps what is published, and fails as a test wants it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

TOKEN_NAME = "robot"
TOKEN_SECRET = "s3cr3t/t0ken=of+tableau"
SITE = "uni"
_NAMESPACE = "http://tableau.com/api"
_SESSION = "session-of-the-robot"


@dataclass
class Thing:
    """A project, workbook or data source that the server keeps."""

    id: str
    attributes: dict[str, str]
    project_id: str | None = None
    content: bytes = b""
    revision: int = 1


@dataclass
class Request:
    """What a client sent."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def stage(self) -> str:
        """Name the step, as `POST workbooks` or `PUT fileUploads/`."""
        parts = self.path.split("/")[3:]
        if parts[0] == "sites":
            parts = parts[2:]
        return f"{self.method} {parts[0]}{'/' if len(parts) > 1 else ''}" + (
            parts[1] if parts[0] in ("auth",) or parts[-1] == "validateWorkbook" else ""
        )


@dataclass
class TableauServer:
    """State and faults: `faults[stage]` are used up one by one, an empty one means none.

    A status (`429`, `409 409006`), `slow`, `cut` (nothing is done), `done and cut`, `done and
    slow`, `done and 504`, `half` (of the answer), `page` (an HTML page), `redirect`, `hang up` (in
    the middle of what is sent).
    """

    product: str = "2026.2.0"
    version: str = "3.29"
    port: int = 0
    faults: dict[str, list[str]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    projects: list[Thing] = field(default_factory=list)
    workbooks: list[Thing] = field(default_factory=list)
    datasources: list[Thing] = field(default_factory=list)
    uploads: dict[str, bytes] = field(default_factory=dict)
    errors: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    page_size: int = 1000
    number: int = 0

    def stages(self) -> list[str]:
        return [request.stage for request in self.requests]

    def of_stage(self, stage: str) -> list[Request]:
        return [request for request in self.requests if request.stage == stage]

    def new_id(self) -> str:
        self.number += 1
        return f"id-{self.number}"


@contextmanager
def tableau_server(**options: Any) -> Iterator[TableauServer]:
    """Run the server on a free port."""
    state = TableauServer(**options)
    state.projects.append(Thing("p-0", {"name": "default"}))

    class Handler(_Handler):
        server_state = state

    server = _Quiet(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_args: object) -> None:
        """A client that hangs up is nothing to talk about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: TableauServer

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, *_args: object) -> None:
        return

    def _serve(self) -> None:
        state = self.server_state
        parts = urlsplit(self.path)
        request = Request(
            self.command, parts.path, parse_qs(parts.query), dict(self.headers.items()), b""
        )
        waiting = state.faults.get(request.stage, [])
        fault = waiting.pop(0) if waiting else ""
        if fault == "hang up":
            self.rfile.read(10)
            state.requests.append(request)
            self._drop()
            return
        request.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        state.requests.append(request)
        if fault == "slow":
            time.sleep(1.2)
        if fault == "cut":
            self._drop()
        elif re.match(r"\d", fault):
            self._error(*fault.split())
        elif fault == "page":
            self._answer(200, b"<html><p>Welcome<br></html>", "text/html")
        elif fault == "redirect":
            self._answer(302, b"", "text/html", {"Location": "http://elsewhere.example.org/x"})
        else:
            self._act(request, fault)

    def _act(self, request: Request, fault: str) -> None:
        is_open = request.stage in ("GET serverInfo", "POST auth/signin")
        if not is_open and request.headers.get("x-tableau-auth") != _SESSION:
            self._error("401", "401002")
            return
        status, content = _Rest(self.server_state).answer(request)
        if fault == "done and slow":
            time.sleep(1.2)
        if fault == "done and cut":
            self._drop()
            return
        if fault == "done and 504":
            self._error("504")
            return
        kind = "application/json" if content.startswith(b"{") else "application/xml"
        self._answer(status, content, kind, half=fault == "half")

    def _error(self, status: str, code: str = "") -> None:
        text = (
            f'<tsResponse xmlns="{_NAMESPACE}"><error code="{code or status + "000"}">'
            f"<summary>Summary of {status}</summary><detail>Told {TOKEN_SECRET}</detail>"
            "</error></tsResponse>"
        )
        headers = {"Retry-After": "7"} if status == "429" else {}
        kind = "application/xml"
        if status in ("404", "503", "504"):
            text, kind = "<html>no<br></html>", "text/html"
        self._answer(int(status), text.encode(), kind, headers)

    def _answer(
        self,
        status: int,
        content: bytes,
        kind: str,
        headers: dict[str, str] | None = None,
        *,
        half: bool = False,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if half else content)
        if half:
            self._drop()

    def _drop(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()


class _Rest:
    """The methods of the REST interface that publishing needs."""

    def __init__(self, state: TableauServer) -> None:
        self.state = state

    def answer(self, request: Request) -> tuple[int, bytes]:
        name = re.sub(r"\W+", "_", request.stage).rstrip("_").lower()
        status, inner = getattr(self, name)(request)
        if inner.startswith("{"):
            return status, inner.encode()
        return status, f'<tsResponse xmlns="{_NAMESPACE}">{inner}</tsResponse>'.encode()

    def get_serverinfo(self, _request: Request) -> tuple[int, str]:
        state = self.state
        return 200, (
            f'<serverInfo><productVersion build="1">{state.product}</productVersion>'
            f"<restApiVersion>{state.version}</restApiVersion></serverInfo>"
        )

    def post_auth_signin(self, request: Request) -> tuple[int, str]:
        given = ElementTree.fromstring(request.body)[0]
        secret = given.get("personalAccessTokenSecret")
        site = given[0].get("contentUrl")
        if (given.get("personalAccessTokenName"), secret, site) != (TOKEN_NAME, TOKEN_SECRET, SITE):
            return 401, '<error code="401001"><summary>Signin Error</summary><detail/></error>'
        return 200, (
            f'<credentials token="{_SESSION}"><site id="s1" contentUrl="{SITE}"/>'
            '<user id="u1"/></credentials>'
        )

    def post_auth_signout(self, _request: Request) -> tuple[int, str]:
        return 204, ""

    def get_projects(self, request: Request) -> tuple[int, str]:
        return self._page(request, "project", self.state.projects)

    def get_workbooks(self, request: Request) -> tuple[int, str]:
        return self._page(request, "workbook", self.state.workbooks)

    def get_datasources(self, request: Request) -> tuple[int, str]:
        return self._page(request, "datasource", self.state.datasources)

    def post_projects(self, request: Request) -> tuple[int, str]:
        given = ElementTree.fromstring(request.body)[0]
        made = Thing(self.state.new_id(), {"name": given.get("name", "")})
        if parent := given.get("parentProjectId"):
            made.attributes["parentProjectId"] = parent
        self.state.projects.append(made)
        return 201, _xml("project", made)

    def post_workbooks(self, request: Request) -> tuple[int, str]:
        return self._publish(request, "workbook", self.state.workbooks)

    def post_datasources(self, request: Request) -> tuple[int, str]:
        return self._publish(request, "datasource", self.state.datasources)

    def put_workbooks(self, request: Request) -> tuple[int, str]:
        return self._update(request, "workbook", self.state.workbooks)

    def put_datasources(self, request: Request) -> tuple[int, str]:
        return self._update(request, "datasource", self.state.datasources)

    def post_fileuploads(self, _request: Request) -> tuple[int, str]:
        name = self.state.new_id()
        self.state.uploads[name] = b""
        return 201, f'<fileUpload uploadSessionId="{name}"/>'

    def put_fileuploads(self, request: Request) -> tuple[int, str]:
        name = request.path.rsplit("/", 1)[-1]
        self.state.uploads[name] += parts_of(request)["tableau_file"]
        return 200, f'<fileUpload uploadSessionId="{name}" fileSize="1"/>'

    def post_workbooks_validateworkbook(self, request: Request) -> tuple[int, str]:
        assert request.headers["Accept"] == "application/json"
        assert parts_of(request)["tableau_workbook"].startswith(b"<?xml")
        said = {"timestamp": "x", "errors": self.state.errors, "warnings": self.state.warnings}
        return 422 if self.state.errors else 200, json.dumps(said)

    def _page(self, request: Request, tag: str, things: list[Thing]) -> tuple[int, str]:
        size = min(int(request.query["pageSize"][0]), self.state.page_size)
        number = int(request.query["pageNumber"][0])
        for one in request.query.get("filter", []):
            wanted = unquote(one.split(":eq:")[1])
            things = [thing for thing in things if thing.attributes["name"] == wanted]
        shown = "".join(_xml(tag, thing) for thing in things[(number - 1) * size : number * size])
        return 200, (
            f'<pagination pageNumber="{number}" pageSize="{size}" totalAvailable="{len(things)}"/>'
            f"<{tag}s>{shown}</{tag}s>"
        )

    def _publish(self, request: Request, tag: str, things: list[Thing]) -> tuple[int, str]:
        parts = parts_of(request)
        given = ElementTree.fromstring(parts["request_payload"])[0]
        upload = request.query.get("uploadSessionId", [""])[0]
        content = self.state.uploads[upload] if upload else parts[f"tableau_{tag}"]
        name = given.get("name", "")
        project_id = given.find("project").get("id")  # type: ignore[union-attr]
        same = [
            one for one in things if (one.project_id, one.attributes["name"]) == (project_id, name)
        ]
        thing = same[0] if same else Thing(self.state.new_id(), {"name": name}, project_id)
        if not same:
            things.append(thing)
        else:
            assert request.query["overwrite"] == ["true"]
            thing.revision += 1
        thing.content = content
        if said := given.get("description"):
            thing.attributes["description"] = said
        return 201, _xml(tag, thing)

    def _update(self, request: Request, tag: str, things: list[Thing]) -> tuple[int, str]:
        given = ElementTree.fromstring(request.body)[0]
        [thing] = [one for one in things if one.id == request.path.rsplit("/", 1)[-1]]
        for name in ("description", "isCertified", "certificationNote"):
            if said := given.get(name):
                thing.attributes[name] = said
        return 200, _xml(tag, thing)


def parts_of(request: Request) -> dict[str, bytes]:
    """Give the parts of a multipart request by name."""
    kind = {name.lower(): value for name, value in request.headers.items()}["content-type"]
    whole = b"Content-Type: " + kind.encode() + b"\r\n\r\n" + request.body
    message = BytesParser().parsebytes(whole)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
        for part in message.get_payload()  # type: ignore[union-attr,misc]
    }


def _xml(tag: str, thing: Thing) -> str:
    attributes = {"id": thing.id, **thing.attributes}
    if tag != "project":
        attributes |= {
            "webpageUrl": f"http://tableau/#/site/{SITE}/{tag}s/{thing.id}",
            "updatedAt": f"2026-01-01T00:00:{thing.revision:02}Z",
        }
    text = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    project = f'<project id="{thing.project_id}"/>' if thing.project_id else ""
    return f"<{tag} {text}>{project}</{tag}>"
