"""Moodle's own messages over its REST web service, one call for each message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests

from moodle_analytics.errors import UserError
from moodle_analytics.outreach.channel import (
    HaltError,
    NotAcceptedError,
    RefusedError,
    UnclearError,
)
from moodle_analytics.outreach.queue import ChannelName, Message, Person

_FUNCTION = "core_message_send_instant_messages"
_PLAIN = "2"
_TIMEOUT = (10, 60)
_LONGEST_WAIT = 60.0
# Answers of a server that has not let the call in. Any other 5xx may come after the message went:
# a gateway that gave up waiting, or PHP that failed once the message was written.
_NOT_LET_IN = (408, 425, 429, 503)

# Faults that Moodle finds before it begins to send: the token, the service, the call itself.
_BEFORE_SENDING = {
    "accessexception": "the token's service does not allow it",
    "disabled": "messaging is switched off",
    "forcepasswordchangenotice": "the token's user must change the password first",
    "invalidparameter": "the call does not suit its version",
    "invalidrecord": "it has no such function",
    "invalidtoken": "the token is not valid",
    "nopermissions": "the token's user may not send messages (moodle/site:sendmessage)",
    "requireloginerror": "the token's user may not enter the site",
    "servicenotavailable": "the web service is switched off",
    "sitemaintenance": "the site is in maintenance mode",
    "sitepolicynotagreed": "the token's user has not agreed to the site's policy",
    "upgraderunning": "the site is being upgraded",
    "usernotfullysetup": "the token's user has not filled in the profile",
}


@dataclass(frozen=True)
class Settings:
    """Where Moodle is (its wwwroot) and the token of a user who may send messages."""

    url: str
    token: str = field(repr=False)


def settings_from(variables: Mapping[str, str]) -> Settings:
    """Read MOODLE_URL and MOODLE_TOKEN. Raises UserError that names what is missing or odd."""
    url = variables.get("MOODLE_URL", "").strip().rstrip("/")
    token = variables.get("MOODLE_TOKEN", "").strip()
    missing = [name for name, value in (("MOODLE_URL", url), ("MOODLE_TOKEN", token)) if not value]
    if missing:
        raise UserError(
            f"{' and '.join(missing)} must be set in the environment to send through Moodle: its "
            f"address, and a token of a service with the function {_FUNCTION}."
        )
    try:
        parts = urlsplit(url)
        # Reading a port that is none raises ValueError, as other odd addresses do.
        is_odd = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        is_odd = True
    if is_odd or "?" in url or "#" in url:
        raise UserError(
            "MOODLE_URL is no address of a site: give one as https://moodle.example.org."
        )
    return Settings(url, token)


class MoodleChannel:
    """Sends as the token's user."""

    name: ChannelName = "moodle"

    def __init__(self, settings: Settings) -> None:
        """Call nobody yet."""
        self._settings = settings
        self._session = requests.Session()
        # A reused connection that the server just closed looks like a lost answer.
        self._session.headers["Connection"] = "close"
        self._where = f"Moodle at {urlsplit(settings.url).hostname}"

    def open(self) -> None:
        """Do nothing: Moodle has no call that a token for messages alone may make."""

    def obstacle(self, person: Person) -> str | None:  # noqa: ARG002
        """Everybody whom Moodle knows can be reached."""
        return None

    def send(self, message: Message, person: Person) -> None:  # noqa: ARG002
        """Send one message. Raises RefusedError, NotAcceptedError, UnclearError or HaltError."""
        form = {
            "wstoken": self._settings.token,
            "wsfunction": _FUNCTION,
            "moodlewsrestformat": "json",
            "messages[0][touserid]": str(message.learner_id),
            "messages[0][text]": message.text,
            "messages[0][textformat]": _PLAIN,
            "messages[0][clientmsgid]": message.message_id,
        }
        answer = self._post(form)
        self._judge_status(answer)
        try:
            result = answer.json()
        except ValueError:
            kind = "a page" if answer.text.lstrip().startswith("<") else "no JSON"
            kind = kind if answer.text.strip() else "nothing"
            raise UnclearError(f"Moodle answered {kind}: check MOODLE_URL") from None
        self._judge_result(result)

    def close(self) -> None:
        """Give up the session."""
        self._session.close()

    def _post(self, form: Mapping[str, str]) -> requests.Response:
        """Make the call; a redirect is not followed, for it would turn it into a mere reading."""
        try:
            return self._session.post(
                f"{self._settings.url}/webservice/rest/server.php",
                data=dict(form),
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except requests.exceptions.SSLError as error:
            # Others may come in the middle of an answer; these two come before the call is made.
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise HaltError(
                    f"The certificate of {self._where} cannot be verified: check MOODLE_URL, or "
                    "name the issuer's certificate in REQUESTS_CA_BUNDLE."
                ) from None
            if "WRONG_VERSION_NUMBER" in str(error):
                raise HaltError(f"{self._where} does not speak https: check MOODLE_URL.") from None
            raise UnclearError("the connection to Moodle was lost before its answer") from None
        except requests.exceptions.ConnectionError as error:
            if _is_unconnected(error):
                raise NotAcceptedError(
                    f"{self._where} cannot be reached", is_general=True
                ) from None
            raise UnclearError("the connection to Moodle was lost before its answer") from None
        except requests.exceptions.RequestException:
            raise UnclearError("Moodle's answer did not come whole, or not in time") from None

    def _judge_status(self, answer: requests.Response) -> None:
        code = answer.status_code
        if code == 200:
            return
        if code in _NOT_LET_IN:
            wait = _seconds(answer.headers.get("Retry-After"))
            raise NotAcceptedError(
                f"Moodle answered HTTP {code}", is_general=True, wait_seconds=wait
            )
        if 300 <= code < 400:
            place = urlsplit(answer.headers.get("Location", ""))
            raise HaltError(
                f"{self._where} redirects to {place.scheme or 'the same'}://{place.hostname or ''}"
                f"{place.path}: set MOODLE_URL to the site's own address (its wwwroot)."
            )
        if 400 <= code < 500:
            hint = " and that the REST protocol is enabled there" if code == 403 else ""
            raise HaltError(f"{self._where} answered HTTP {code}: check MOODLE_URL{hint}.")
        raise UnclearError(f"Moodle answered HTTP {code}")

    def _judge_result(self, result: Any) -> None:
        """Read what the web service said; its own words may name people and are not kept."""
        if isinstance(result, dict) and "exception" in result:
            code = str(result.get("errorcode", ""))
            if code in _BEFORE_SENDING or code.startswith("wsaccess"):
                why = _BEFORE_SENDING.get(code, "the token's user may not use it")
                raise HaltError(
                    f"{self._where} refused the call: {why} ({code}); check MOODLE_TOKEN."
                )
            known = code if code.isascii() and code.isalnum() and len(code) <= 40 else "unnamed"
            raise UnclearError(f"Moodle stopped with the error {known}")
        first = result[0] if isinstance(result, list) and len(result) == 1 else None
        number = first.get("msgid") if isinstance(first, dict) else None
        if number == -1:
            raise RefusedError("Moodle does not deliver to this user (no such user, or blocked)")
        if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
            raise UnclearError("Moodle's answer does not say whether the message was sent")


def _is_unconnected(error: BaseException) -> bool:
    """Whether a request failed before anything of it was sent: there never was a connection."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError, ProxyError

    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    inner = error.args[0] if error.args else None
    cause = inner.reason if isinstance(inner, MaxRetryError) else inner
    return isinstance(cause, NewConnectionError | ProxyError)


def _seconds(retry_after: str | None) -> float:
    """Read how many seconds a server asks to wait, a minute at most; 0 where it does not say."""
    text = retry_after or ""
    return min(float(text), _LONGEST_WAIT) if text.isascii() and text.isdigit() else 0.0
