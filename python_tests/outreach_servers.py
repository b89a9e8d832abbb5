"""A mail server and a Moodle on loopback, which answer and break off as a test wants it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

TOKEN = "s3cr3t0token0of0moodle"


@dataclass
class MailServer:
    """An SMTP server; what it answers may be set for each address and part.

    `answers[(part, address)]` is a list of replies, used one after the other, the last for ever:
    part is `mail`, `rcpt` or `text`, and address that of the recipient (for `mail` the sender);
    `drop` breaks the connection instead. An empty reply means consent.
    """

    answers: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    delivered: list[tuple[str, bytes]] = field(default_factory=list)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    connections: int = 0
    delay: float = 0
    is_held: bool = False
    port: int = 0

    @property
    def recipients(self) -> list[str]:
        return sorted(recipient for recipient, _ in self.delivered)

    def answer(self, part: str, address: str) -> str:
        replies = self.answers.get((part, address)) or [""]
        number = self.asked[(part, address)]
        self.asked[(part, address)] += 1
        return replies[min(number, len(replies) - 1)]

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, _envelope: Envelope, name: str, replies: list[str]
    ) -> list[str]:
        session.host_name = name  # type: ignore[assignment]
        if not hasattr(server, "is_counted"):
            server.is_counted = True  # type: ignore[attr-defined]
            self.connections += 1
        return replies

    async def handle_MAIL(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if reply := self.answer("mail", address):
            return reply
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        reply = self.answer("rcpt", address)
        if reply == "drop":
            server.transport.abort()
        if reply:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        import asyncio

        await asyncio.sleep(self.delay)
        while self.is_held:
            await asyncio.sleep(0.02)
        [address] = envelope.rcpt_tos
        reply = self.answer("text", address)
        if reply == "drop":
            server.transport.abort()
            return "451 never heard"
        if reply == "keep and drop":
            self.delivered.append((address, bytes(envelope.content or b"")))
            server.transport.abort()
            return "250 never heard"
        if reply:
            return reply
        self.delivered.append((address, bytes(envelope.content or b"")))
        return "250 OK"


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    """Run an SMTP server on a free port; the options are aiosmtpd's."""
    handler = MailServer()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port(), **options)
    controller.start()
    handler.port = controller.port
    try:
        yield handler
    finally:
        controller.stop()


Reply = Callable[["MoodleServer", BaseHTTPRequestHandler, dict[str, str]], None]


@dataclass
class MoodleServer:
    """A Moodle whose REST service takes messages; `replies` come before it does what it should."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    delivered: list[tuple[int, str]] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


def say(status: int, body: str, kind: str = "application/json", **headers: str) -> Reply:
    """A reply of these words, without taking the message."""

    def reply(_: MoodleServer, request: BaseHTTPRequestHandler, _form: dict[str, str]) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        data = body.encode()
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    return reply


def fault(code: str, words: str = "no") -> Reply:
    """Moodle's own form of a fault: HTTP 200 with an exception."""
    body = {"exception": "moodle_exception", "errorcode": code, "message": words}
    return say(200, json.dumps(body))


def hang_up(_: MoodleServer, request: BaseHTTPRequestHandler, _form: dict[str, str]) -> None:
    """Take the call and break the connection."""
    request.connection.shutdown(socket.SHUT_RDWR)


def take_and_hang_up(
    site: MoodleServer, request: BaseHTTPRequestHandler, form: dict[str, str]
) -> None:
    """Deliver, and break the connection before saying so."""
    site.delivered.append(_message(form))
    request.connection.shutdown(socket.SHUT_RDWR)


def be_slow(_: MoodleServer, _request: BaseHTTPRequestHandler, _form: dict[str, str]) -> None:
    """Never answer in time."""
    time.sleep(1.5)


def take(site: MoodleServer, request: BaseHTTPRequestHandler, form: dict[str, str]) -> None:
    """Deliver, as Moodle does."""
    site.delivered.append(_message(form))
    result = {"msgid": len(site.delivered), "clientmsgid": form["messages[0][clientmsgid]"]}
    say(200, json.dumps([result]))(site, request, form)


def _message(form: dict[str, str]) -> tuple[int, str]:
    return int(form["messages[0][touserid]"]), form["messages[0][text]"]


@contextmanager
def moodle_server() -> Iterator[MoodleServer]:
    """Run such a Moodle on a free port."""
    site = MoodleServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            words = parse_qs(self.rfile.read(length).decode(), keep_blank_values=True)
            form = {name: values[0] for name, values in words.items()}
            site.paths.append(f"POST {self.path}")
            site.forms.append(form)
            reply = site.replies.pop(0) if site.replies else take
            if form["wstoken"] != TOKEN:
                reply = fault("invalidtoken")
            reply(site, self, form)

        def do_GET(self) -> None:
            site.paths.append(f"GET {self.path}")
            say(200, '[{"msgid": 1}]')(site, self, {})

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    site.url = f"http://127.0.0.1:{server.server_port}/moodle"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def smtp_settings(running: MailServer) -> dict[str, str]:
    return {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(running.port),
        "SMTP_SECURITY": "none",
        "SMTP_FROM": "school@mail.test",
    }
