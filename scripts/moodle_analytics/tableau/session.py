"""HTTP to a Tableau server: how long to wait, what may be repeated, and no way to other hosts."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import requests
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    retry_if_result,
    stop_after_attempt,
    wait_exponential,
)
from urllib3.exceptions import MaxRetryError, NewConnectionError

from moodle_analytics.errors import UserError

_ATTEMPTS = 4
_LONGEST_CONNECT = 10.0
_LONGEST_READ = 60.0
_LONGEST_WAIT = 60.0
# Answers that pass, for what may be repeated, for parts of files, and for what goes once.
_PASSING = {"read": (429, 502, 503, 504), "part": (429, 503), "write": (429,)}
_UNCLEAR = (502, 503, 504)


class LostError(Exception):
    """A request that changes something got no answer: it may or may not have been done.

    `is_part`: it carried only a part of a file, which alone changes nothing. `may_come_again`:
    this, or the server said that it did not let the request in.
    """

    def __init__(self, reason: str, *, is_part: bool = False, is_refused: bool = False) -> None:
        """Keep the reason, in a word or two."""
        super().__init__(reason)
        self.is_part = is_part
        self.may_come_again = is_part or is_refused


class Session(requests.Session):
    """Waits `patience` seconds for an answer, a minute at most where it reads.

    What is repeated changes nothing, or nothing more. `last_status` is the HTTP status of the last
    answer.
    """

    def __init__(self, patience: float) -> None:
        """Connect to nobody yet."""
        super().__init__()
        self._patience = patience
        self.last_status = 0

    def request(self, method: Any, url: Any, *args: Any, **options: Any) -> requests.Response:
        """Make a request as `requests` does. Raises LostError, UserError too."""
        kind = kind_of(method, urlsplit(url).path)
        is_short = str(method).upper() == "GET"
        patience = min(self._patience, _LONGEST_READ) if is_short else self._patience
        options.setdefault("timeout", (min(_LONGEST_CONNECT, patience), patience))
        options["allow_redirects"] = False
        passing = _PASSING[kind]
        try:
            answer = Retrying(
                stop=stop_after_attempt(_ATTEMPTS),
                wait=_wait,
                sleep=sleep,
                retry=retry_if_result(lambda answer: answer.status_code in passing)
                | retry_if_exception(lambda error: is_unconnected(error) or _may_pass(kind, error)),
                retry_error_callback=_last,
            )(super().request, method, url, *args, **options)
        except requests.RequestException as error:
            if kind == "read" or is_unconnected(error) or isinstance(error, _Never):
                raise
            raise LostError(told(error), is_part=kind == "part") from None
        self.last_status = answer.status_code
        if kind != "read" and answer.status_code in _UNCLEAR:
            raise LostError(
                f"HTTP {answer.status_code}",
                is_part=kind == "part",
                is_refused=answer.status_code == 503,
            )
        self._stay_here(url, answer)
        return answer

    def _stay_here(self, url: str, answer: requests.Response) -> None:
        """Follow nobody: the token would go along to wherever the answer points."""
        if 300 <= answer.status_code < 400:
            here, place = urlsplit(url), urlsplit(answer.headers.get("Location", ""))
            elsewhere = f"{place.scheme or here.scheme}://{place.hostname or here.hostname}"
            raise UserError(
                f"Tableau at {here.hostname} redirects to {elsewhere}: set TABLEAU_SERVER to the "
                "server's own address."
            )


_Never = requests.exceptions.SSLError, requests.exceptions.InvalidURL


def kind_of(method: str, path: str) -> str:
    """Tell what a request is: `read` may be repeated, `part` is of a file, `write` goes once."""
    last = path.rstrip("/").rsplit("/", 1)[-1]
    if method.upper() == "GET" or last in ("signin", "fileUploads", "validateWorkbook"):
        return "read"
    if method.upper() == "PUT":
        return "part" if "/fileUploads/" in path else "read"
    return "write"


def is_unconnected(error: BaseException) -> bool:
    """Whether a request failed before anything of it was sent: there never was a connection."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    inner = error.args[0] if error.args else None
    cause = inner.reason if isinstance(inner, MaxRetryError) else inner
    return isinstance(cause, NewConnectionError)


def told(error: BaseException) -> str:
    """Name a fault of the line in a word or two; never with what was sent over it."""
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    return "the connection broke off"


def sleep(seconds: float) -> None:
    """Wait between two attempts."""
    time.sleep(seconds)


def _may_pass(kind: str, error: BaseException) -> bool:
    if kind != "read" or isinstance(error, _Never):
        return False
    return isinstance(
        error,
        requests.exceptions.ConnectionError
        | requests.exceptions.Timeout
        | requests.exceptions.ChunkedEncodingError,
    )


def _wait(state: RetryCallState) -> float:
    """Wait as long as the server asks, else longer each time."""
    outcome = state.outcome
    answer = outcome.result() if outcome and not outcome.failed else None
    asked = answer.headers.get("Retry-After", "") if answer is not None else ""
    if asked.isascii() and asked.isdigit():
        return min(float(asked), _LONGEST_WAIT)
    return wait_exponential(multiplier=0.5, max=10.0)(state)


def _last(state: RetryCallState) -> Any:
    """Give the last answer, or raise what came instead."""
    return state.outcome.result() if state.outcome else None
