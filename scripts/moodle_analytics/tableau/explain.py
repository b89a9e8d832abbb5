"""What a fault of the server or of the line means, and what to try, in one sentence."""

from __future__ import annotations

import requests

from moodle_analytics.tableau.session import is_unconnected

_MEANINGS = {
    400: "check the options, or that the server is as new as the workbook",
    403: "its user may not do that: ask for the right to publish into the project (site role "
    "Creator or Explorer (can publish)), or name another with --project",
    404: "check TABLEAU_SERVER and TABLEAU_SITE",
    409: "somebody publishes it at this moment, or the name is taken: try again later, or choose "
    "another with --name",
    413: "the file is too big for the server or a proxy before it",
    429: "it asks for less haste: try again later",
}


def explain(where: str, doing: str, status: int, error: Exception) -> str:
    """Give the sentence; `status` is the HTTP status of the last answer, 0 where there was none."""
    if isinstance(error, requests.RequestException):
        return _line(where, doing, error)
    code = str(getattr(error, "code", "") or "")
    said = _said(error)
    if status == 401:
        return _unknown(where, doing, code, said)
    if status >= 500:
        return (
            f"{where} failed while {doing} (HTTP {status}): try again later, or ask its "
            "administrator."
        )
    if status >= 400:
        meaning = _MEANINGS.get(status, "check the options")
        return f"{where} refused {doing} ({code or f'HTTP {status}'}{said}): {meaning}."
    return (
        f"{where} gave an answer that is not Tableau's, or not whole, while {doing}: check "
        "TABLEAU_SERVER, or try again."
    )


def _unknown(where: str, doing: str, code: str, said: str) -> str:
    if doing == "signing in":
        return (
            f"{where} refused the token ({code or 'HTTP 401'}{said}): check TABLEAU_TOKEN_NAME, "
            "TABLEAU_TOKEN_SECRET and TABLEAU_SITE; a token ends when it is not used for 15 days."
        )
    return (
        f"{where} ended the session while {doing} ({code or 'HTTP 401'}): run it again, and give "
        "this program a token of its own, since a second sign-in ends the first."
    )


def _line(where: str, doing: str, error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return (
                f"The certificate of {where} cannot be verified: check TABLEAU_SERVER, or name "
                "the issuer's certificate in REQUESTS_CA_BUNDLE."
            )
        return f"There is no secure connection to {where}: check TABLEAU_SERVER."
    if is_unconnected(error):
        return f"{where} cannot be reached: check TABLEAU_SERVER and the network."
    if isinstance(error, requests.exceptions.Timeout):
        return f"{where} gave no answer in time while {doing}: try again later, or with --timeout."
    return f"The connection to {where} broke off while {doing}: try again."


def _said(error: Exception) -> str:
    """Give the server's own words, short and on one line."""
    words = [str(getattr(error, name, "") or "") for name in ("summary", "detail")]
    text = " ".join(": ".join(word for word in words if word).split())
    return f" {text[:200]}" if text else ""
