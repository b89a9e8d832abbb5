"""E-mail over SMTP, one connection for the run.

The commands are given one by one, since everything hangs on where a connection breaks: before the
text has left nothing was accepted; from then until the server's answer nobody knows.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl

from moodle_analytics.outreach import mail
from moodle_analytics.outreach.channel import (
    HaltError,
    NotAcceptedError,
    RefusedError,
    UnclearError,
)
from moodle_analytics.outreach.queue import ChannelName, Message, Person

_TIMEOUT = 60
_CLOSING = 421


class SmtpChannel:
    """Sends through the mail server of `settings`; certificates are verified."""

    name: ChannelName = "smtp"

    def __init__(self, settings: mail.Settings) -> None:
        """Connect to nothing yet."""
        self._settings = settings
        self._link: smtplib.SMTP | None = None
        self._where = f"the mail server {settings.host}:{settings.port}"

    def open(self) -> None:
        """Connect and log in. Raises NotAcceptedError or HaltError."""
        self._connected()

    def obstacle(self, person: Person) -> str | None:
        """Say that somebody has no address that can be written to."""
        if mail.parse_address(person.email):
            return None
        return "no valid e-mail address" if (person.email or "").strip() else "no e-mail address"

    def send(self, message: Message, person: Person) -> None:
        """Send one mail. Raises RefusedError, NotAcceptedError, UnclearError or HaltError."""
        recipient = mail.parse_address(person.email)
        if recipient is None:
            raise RefusedError("no valid e-mail address")
        data = mail.compose(message, recipient, self._settings)
        link = self._connected()
        try:
            self._envelope(link, recipient)
        except (OSError, smtplib.SMTPException):
            self.close()
            reason = "the mail server broke the connection before it had the message"
            raise NotAcceptedError(reason, is_general=True) from None
        self._body(link, data)

    def close(self) -> None:
        """Say goodbye, or hang up where nobody listens any more."""
        link, self._link = self._link, None
        if link is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                link.quit()
            link.close()

    def _envelope(self, link: smtplib.SMTP, recipient: str) -> None:
        """Say who writes to whom, up to the server's word that the text may come."""
        self._judge("sender", *link.mail(self._settings.sender))
        self._judge("recipient", *link.rcpt(recipient))
        self._judge("DATA", *link.docmd("data"))

    def _body(self, link: smtplib.SMTP, data: bytes) -> None:
        """Send the text and wait for the answer."""
        dotted = re.sub(rb"(?m)^\.", b"..", data)
        try:
            link.send(dotted + b".\r\n")
            code, words = link.getreply()
        except (OSError, smtplib.SMTPException):
            self.close()
            reason = "the connection was lost before the mail server answered to the message"
            raise UnclearError(reason) from None
        self._judge("text", code, words)

    def _judge(self, part: str, code: int, words: bytes) -> None:
        """Turn a reply that is no consent into what it means; keeps its numbers, not its words."""
        if code == 354 if part == "DATA" else code // 100 == 2:
            return
        enhanced = re.match(rb"[245]\.\d{1,3}\.\d{1,3}\b", words)
        detail = enhanced[0].decode() if enhanced else ""
        reason = f"{part} refused: {code} {detail}".rstrip()
        if code == _CLOSING:
            self.close()
            raise NotAcceptedError(reason, is_general=True)
        if code // 100 not in (4, 5):
            self.close()
            if part == "text":
                raise UnclearError("the mail server's answer to the message makes no sense")
            raise NotAcceptedError(f"{part}: the answer makes no sense", is_general=True)
        self._reset()
        if code // 100 == 4:
            raise NotAcceptedError(reason, is_general=part == "sender")
        if part == "sender" or code == 530:
            raise HaltError(
                f"{self._where} does not take mail from SMTP_FROM ({reason}): check SMTP_FROM, "
                "SMTP_USER and SMTP_PASSWORD."
            )
        if part == "recipient" and detail.startswith("5.7."):
            # A policy of the server (relaying, spam), not a fault of the address.
            raise NotAcceptedError(reason, is_general=False)
        raise RefusedError(reason)

    def _reset(self) -> None:
        """Forget the message in hand, so that the connection serves the next one."""
        if self._link is None:
            return
        try:
            code, _ = self._link.rset()
        except (OSError, smtplib.SMTPException):
            code = -1
        if code != 250:
            self.close()

    def _connected(self) -> smtplib.SMTP:
        if self._link is None:
            self._link = self._connect()
        return self._link

    def _connect(self) -> smtplib.SMTP:
        """Connect, secure the line and log in. Raises NotAcceptedError or HaltError."""
        settings = self._settings
        link: smtplib.SMTP | None = None
        try:
            if settings.security == "tls":
                context = ssl.create_default_context()
                link = smtplib.SMTP_SSL(
                    settings.host, settings.port, timeout=_TIMEOUT, context=context
                )
            else:
                link = smtplib.SMTP(settings.host, settings.port, timeout=_TIMEOUT)
            if settings.security == "starttls":
                link.starttls(context=ssl.create_default_context())
            link.ehlo_or_helo_if_needed()
            if settings.user and settings.password:
                link.login(settings.user, settings.password)
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            if link is not None:
                link.close()
            raise self._connection_fault(error) from None
        return link

    def _connection_fault(self, error: Exception) -> Exception:
        """Say what stopped a connection: a HaltError, or NotAcceptedError where it may pass."""
        code = getattr(error, "smtp_code", 0)
        if isinstance(error, ssl.SSLCertVerificationError):
            return HaltError(
                f"The certificate of {self._where} cannot be verified ({error.verify_message}): "
                "check SMTP_HOST, or name the issuer's certificate in SSL_CERT_FILE."
            )
        if isinstance(error, ssl.SSLError):
            return HaltError(
                f"There is no secure connection to {self._where} ({error.reason}): "
                f"SMTP_SECURITY is {self._settings.security}; check it and SMTP_PORT."
            )
        if isinstance(error, smtplib.SMTPAuthenticationError) and code // 100 == 5:
            return HaltError(
                f"{self._where} refused the login ({code}): check SMTP_USER and SMTP_PASSWORD."
            )
        if isinstance(error, smtplib.SMTPNotSupportedError | UnicodeError) or code // 100 == 5:
            answer = f" ({code})" if code else ""
            return HaltError(
                f"{self._where} takes no mail this way{answer}: check SMTP_PORT, SMTP_SECURITY, "
                "SMTP_USER and SMTP_PASSWORD."
            )
        answer = f"answered {code}" if code else _told(error)
        return NotAcceptedError(f"{self._where}: {answer}", is_general=True)


def _told(error: Exception) -> str:
    """Name a fault of the line in a word or two; never a server's own words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "connection closed"
    return getattr(error, "strerror", None) or type(error).__name__
