"""E-mail as it is written: the settings of the environment, addresses, and headers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Literal, cast, get_args

from moodle_analytics.errors import UserError
from moodle_analytics.outreach.queue import Message

Security = Literal["starttls", "tls", "none"]

_PORTS: Mapping[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
_LOCAL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")


@dataclass(frozen=True)
class Settings:
    """How mail leaves; `unsubscribe` is an address (mailto: or https:) for List-Unsubscribe."""

    host: str
    port: int
    security: Security
    user: str | None
    password: str | None = field(repr=False)
    sender: str
    sender_name: str
    unsubscribe: str | None


def settings_from(variables: Mapping[str, str]) -> Settings:
    """Read the SMTP_* variables. Raises UserError that names what is missing or makes no sense."""
    given = {name: value.strip() for name, value in variables.items() if value.strip()}
    missing = [name for name in ("SMTP_HOST", "SMTP_FROM") if name not in given]
    if missing:
        raise UserError(
            f"{' and '.join(missing)} must be set in the environment to send by e-mail "
            "(SMTP_PORT, SMTP_SECURITY, SMTP_USER, SMTP_PASSWORD and SMTP_FROM_NAME may be)."
        )
    security = given.get("SMTP_SECURITY", "starttls")
    if security not in get_args(Security):
        raise UserError(f"SMTP_SECURITY is {security!r}: it must be starttls, tls or none.")
    port = given.get("SMTP_PORT", str(_PORTS[cast("Security", security)]))
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise UserError(f"SMTP_PORT is {port!r}, which is no port number.")
    user, password = given.get("SMTP_USER"), variables.get("SMTP_PASSWORD") or None
    if (user is None) != (password is None):
        raise UserError("SMTP_USER and SMTP_PASSWORD must be set both, or neither.")
    if user and security == "none":
        raise UserError(
            "SMTP_SECURITY=none would send the password in clear text: set starttls or tls, "
            "or leave SMTP_USER and SMTP_PASSWORD out."
        )
    sender = parse_address(given["SMTP_FROM"])
    if sender is None:
        raise UserError("SMTP_FROM is no e-mail address: give one as name@example.org.")
    return Settings(
        host=given["SMTP_HOST"],
        port=int(port),
        security=cast("Security", security),
        user=user,
        password=password,
        sender=sender,
        sender_name=one_line(given.get("SMTP_FROM_NAME", "")),
        unsubscribe=_unsubscribe(given.get("OUTREACH_UNSUBSCRIBE")),
    )


def parse_address(text: str | None) -> str | None:
    """Give an address that can be written to, its domain in ASCII; None where it is none."""
    local, at, domain = (text or "").strip().rpartition("@")
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        return None
    # Moodle gives this domain to users without an address, and never writes there itself.
    if not at or ascii_domain.lower().endswith("invalid"):
        return None
    if not (_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(ascii_domain)):
        return None
    return f"{local}@{ascii_domain}"


def one_line(text: str) -> str:
    """Make a text fit for a header: no line break and no other control character, as one line."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", " ", text).split())


def compose(message: Message, recipient: str, settings: Settings) -> bytes:
    """Write the mail as it goes over the line, but for the dots; 7-bit, lines end in CRLF."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(settings.sender_name, addr_spec=settings.sender)
    mail["To"] = Address(addr_spec=recipient)
    mail["Subject"] = one_line(message.subject)
    mail["Date"] = datetime.now(UTC)
    mail["Message-ID"] = _mail_id(message, recipient, settings)
    mail["Auto-Submitted"] = "auto-generated"
    if settings.unsubscribe:
        mail["List-Unsubscribe"] = f"<{settings.unsubscribe}>"
    mail.set_content(message.text, charset="utf-8", cte="quoted-printable")
    return mail.as_bytes()


def _mail_id(message: Message, recipient: str, settings: Settings) -> str:
    """Give the same id to the same message to the same address, however often it is sent."""
    digest = hashlib.sha256(f"{message.message_id}\n{recipient}".encode()).hexdigest()
    return f"<{digest[:40]}@{settings.sender.rpartition('@')[2]}>"


def _unsubscribe(value: str | None) -> str | None:
    if value is None:
        return None
    address = parse_address(value)
    found = f"mailto:{address}" if address else value
    if not re.fullmatch(r"(mailto:|https?://)[!-;=?-~]+", found):
        raise UserError(
            "OUTREACH_UNSUBSCRIBE must be an e-mail address, or one that begins with mailto: "
            "or https://."
        )
    return found
