"""A Tableau server through tableauserverclient; whatever it does wrong becomes one sentence."""

from __future__ import annotations

import contextlib
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from moodle_analytics.errors import UserError
from moodle_analytics.tableau.documents import Connection
from moodle_analytics.tableau.session import LostError, Session

# Personal access tokens, descriptions of workbooks, the check of a workbook.
_TOKENS_SINCE = (3, 6)
_DESCRIPTIONS_SINCE = (3, 21)
_CHECKS_SINCE = (3, 29)
_PAGE = 1000
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Settings:
    """Where the server is, whose token it is, and how long to wait for an answer (seconds)."""

    address: str
    site: str
    token_name: str
    token_secret: str = field(repr=False)
    patience: float = 300.0


@dataclass(frozen=True)
class Login:
    """What the published workbook logs in to the database with."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Project:
    """A project on the server."""

    id: str
    name: str
    parent_id: str | None


def settings_from(
    variables: Mapping[str, str], *, insecure: bool = False, patience: float = 300.0
) -> Settings:
    """Read TABLEAU_SERVER, _SITE, _TOKEN_NAME and _TOKEN_SECRET. Raises UserError."""
    names = ("TABLEAU_SERVER", "TABLEAU_TOKEN_NAME", "TABLEAU_TOKEN_SECRET")
    if missing := [name for name in names if not variables.get(name, "").strip()]:
        raise UserError(
            f"{' and '.join(missing)} must be set in the environment: the server's address, and a "
            "personal access token (on the server: My Account Settings)."
        )
    address, token, secret = (variables[name].strip() for name in names)
    site = variables.get("TABLEAU_SITE", "").strip()
    host = _host(address, insecure=insecure)
    if host.endswith("online.tableau.com") and not site:
        raise UserError(
            "TABLEAU_SITE must be set for Tableau Cloud: what stands behind /site/ in the "
            "address of its pages."
        )
    return Settings(address.rstrip("/"), site, token, secret, patience)


class Tableau:
    """A server that is signed in to; `product` and `version` (of its REST interface) as it says."""

    def __init__(self, api: Any, server: Any, session: Session, settings: Settings) -> None:
        """Ask the server for its version, which all else hangs on. Raises UserError."""
        self._api = api
        self._server = server
        self._session = session
        self._settings = settings
        self.where = f"Tableau at {urlsplit(settings.address).hostname}"
        self.product, self.version = self._ask_version()

    @property
    def reads_new_workbooks(self) -> bool:
        """Whether it is 2026.2 or newer, and takes workbooks of version 26.2."""
        found = re.match(r"(\d{4})\.(\d+)", self.product)
        if not found:
            return self._is_since(_CHECKS_SINCE)
        return (int(found[1]), int(found[2])) >= (2026, 2)

    @property
    def has_descriptions(self) -> bool:
        """Whether workbooks have descriptions."""
        return self._is_since(_DESCRIPTIONS_SINCE)

    def sign_in(self) -> None:
        """Sign in with the token. Raises UserError."""
        token = self._api.PersonalAccessTokenAuth(
            self._settings.token_name, self._settings.token_secret, self._settings.site
        )
        self.call("signing in", self._server.auth.sign_in, token)

    def sign_out(self) -> None:
        """Sign out, where the server still listens."""
        with contextlib.suppress(Exception):
            self._server.auth.sign_out()

    def projects(self) -> list[Project]:
        """List the projects of the site."""
        items = self._all("reading the projects", self._server.projects)
        return [Project(item.id, item.name, item.parent_id) for item in items]

    def create_project(self, name: str, parent_id: str | None) -> Project:
        """Make a project. Raises UserError, LostError."""
        item = self._api.ProjectItem(name, parent_id=parent_id)
        made = self.call(f'making project "{name}"', self._server.projects.create, item)
        return Project(made.id, made.name, made.parent_id)

    def find(self, kind: str, name: str, project_id: str) -> Any:
        """Find a workbook or data source of a project by name; None where there is none."""
        filters = []
        # The server's filters know no way to write these characters.
        if not re.search(r"[,:&\[\]*]", name):
            fields, operators = self._api.RequestOptions.Field, self._api.RequestOptions.Operator
            filters = [self._api.Filter(fields.Name, operators.Equals, name)]
        items = self._all(f"looking for {kind} {name}", self._endpoint(kind), filters)
        same = [
            item
            for item in items
            if item.project_id == project_id and item.name.casefold() == name.casefold()
        ]
        return same[0] if same else None

    def publish(
        self,
        kind: str,
        path: Path,
        name: str,
        project_id: str,
        connections: Sequence[Connection],
        login: Login | None,
        description: str | None,
    ) -> Any:
        """Send a file, replacing what has its name in the project. Raises UserError, LostError."""
        item = (
            self._api.WorkbookItem(project_id, name=name, show_tabs=True)
            if kind == "workbook"
            else self._api.DatasourceItem(project_id, name=name)
        )
        if description and (kind != "workbook" or self.has_descriptions):
            item.description = description
        given = [self._connection(connection, login) for connection in connections]
        return self.call(
            f"publishing {kind} {name}",
            self._endpoint(kind).publish,
            item,
            str(path),
            self._api.Server.PublishMode.Overwrite,
            connections=given or None,
        )

    def update(self, kind: str, item: Any) -> None:
        """Write down an item's description and certification. Raises UserError."""
        self.call(f"describing {kind} {item.name}", self._endpoint(kind).update, item)

    def check(self, path: Path) -> tuple[list[str], list[str]] | None:
        """Let the server check a .twb: its errors and warnings; None where it does not offer that.

        Nothing is stored. Raises UserError.
        """
        if not self._is_since(_CHECKS_SINCE):
            return None
        from urllib3 import encode_multipart_formdata

        file = {"tableau_workbook": (path.name, path.read_bytes(), "application/octet-stream")}
        body, content_type = encode_multipart_formdata(file)
        workbooks = self._server.workbooks
        self._session.last_status = 0
        try:
            answer = workbooks.post_request(
                f"{workbooks.baseurl}/validateWorkbook",
                body,
                content_type,
                {"headers": {"Accept": "application/json"}},
            )
            content = answer.content
        except Exception as error:
            if self._session.last_status in (404, 405):
                return None
            if self._session.last_status != 422:
                raise self.explained("checking the workbook", error) from None
            content = error.args[0] if error.args else b""
        return self._findings(content)

    def call(self, doing: str, function: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Call the client. Raises UserError, and LostError where something may have been done."""
        self._session.last_status = 0
        try:
            return function(*args, **options)
        except (LostError, UserError):
            raise
        except Exception as error:
            raise self.explained(doing, error) from None

    def explained(self, doing: str, error: Exception) -> Exception:
        """Put an error of the client into a sentence; what was sent never stands in it."""
        from moodle_analytics.tableau.explain import explain

        if isinstance(error, LostError):
            return error
        status = self._session.last_status
        return UserError(self._clean(explain(self.where, doing, status, error)))

    def _ask_version(self) -> tuple[str, str]:
        info = self.call("asking for its version", self._server.server_info.get)
        version = str(getattr(info, "rest_api_version", "") or "")
        if not re.fullmatch(r"\d+\.\d+", version):
            raise UserError(
                f"{self.where} does not say which version it is, so nothing was sent: check "
                "TABLEAU_SERVER."
            )
        self._server.version = version
        product = str(info.product_version or "")
        self.product, self.version = product, version
        if not self._is_since(_TOKENS_SINCE):
            raise UserError(
                f"{self.where} is {product} (REST {version}), which knows no personal access "
                "tokens: it must be 2019.4 or newer."
            )
        return product, version

    def _is_since(self, version: tuple[int, int]) -> bool:
        major, minor = self.version.split(".")
        return (int(major), int(minor)) >= version

    def _endpoint(self, kind: str) -> Any:
        return self._server.workbooks if kind == "workbook" else self._server.datasources

    def _connection(self, connection: Connection, login: Login | None) -> Any:
        item = self._api.ConnectionItem()
        item.server_address = connection.server
        item.server_port = connection.port
        if login:
            item.connection_credentials = self._api.ConnectionCredentials(
                login.user, login.password, embed=True
            )
        return item

    def _all(self, doing: str, endpoint: Any, filters: Sequence[Any] = ()) -> list[Any]:
        """Read all pages."""
        found: list[Any] = []
        while True:
            options = self._api.RequestOptions(len(found) // _PAGE + 1, _PAGE)
            options.filter.update(filters)
            items, page = self.call(doing, endpoint.get, options)
            found += items
            if len(items) < _PAGE or len(found) >= (page.total_available or 0):
                return found

    def _findings(self, content: bytes) -> tuple[list[str], list[str]]:
        try:
            said = json.loads(content)
            return _sentences(said.get("errors")), _sentences(said.get("warnings"))
        except (ValueError, AttributeError, TypeError):
            raise UserError(
                f"{self.where} did not say what it found in the workbook, so it was not "
                "published: leave its check out with --no-validate."
            ) from None

    def _clean(self, text: str) -> str:
        """Take the token out of a text, should the server have put it there."""
        return text.replace(self._settings.token_secret, "***")


@contextmanager
def signed_in(settings: Settings) -> Iterator[Tableau]:
    """Sign in to the server, and out at the end whatever happens. Raises UserError."""
    try:
        import tableauserverclient
    except ImportError:
        raise UserError(
            "Publishing needs the package tableauserverclient, which is not installed: "
            "pip install -e '.[tableau]'."
        ) from None
    api: Any = tableauserverclient
    # The client would print its own errors with what the server answered.
    logging.getLogger("TSC").addHandler(logging.NullHandler())
    session = Session(settings.patience)
    with contextlib.closing(session):
        server = api.Server(settings.address, session_factory=lambda: session)
        tableau = Tableau(api, server, session, settings)
        try:
            tableau.sign_in()
            yield tableau
        finally:
            tableau.sign_out()


def _host(address: str, *, insecure: bool) -> str:
    """Give the host of an address. Raises UserError where it is odd, or not https."""
    try:
        parts = urlsplit(address)
        is_odd = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        is_odd = True
    if is_odd or parts.username or parts.query or parts.fragment:
        raise UserError(
            "TABLEAU_SERVER is no address of a server: give one as https://tableau.example.org."
        )
    host = parts.hostname or ""
    if parts.scheme == "http" and host not in _LOOPBACK and not insecure:
        raise UserError(
            f"TABLEAU_SERVER begins with http://, so the token would cross the network to {host} "
            "in the clear: use https://, or --insecure where the line is safe."
        )
    return host


def _sentences(findings: Any) -> list[str]:
    """Put what the server found into a line each."""
    lines = []
    for finding in findings or []:
        place = f"line {finding['line']}: " if finding.get("line") else ""
        lines.append(f"{place}{finding.get('message') or 'no message'}")
    return lines
