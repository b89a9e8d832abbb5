"""What a channel is, and the four ways in which a message does not go out."""

from __future__ import annotations

from typing import Protocol

from moodle_analytics.errors import UserError
from moodle_analytics.outreach.queue import ChannelName, Message, Person


class RefusedError(Exception):
    """The message was refused for good; nothing was delivered."""


class NotAcceptedError(Exception):
    """Surely not accepted, and it may be tried again.

    `is_general`: the fault is the server's or the line's, not this recipient's. `wait_seconds` is
    how long the server asks to wait.
    """

    def __init__(self, reason: str, *, is_general: bool, wait_seconds: float = 0) -> None:
        """Say `reason` in words that may be stored."""
        super().__init__(reason)
        self.is_general = is_general
        self.wait_seconds = wait_seconds


class UnclearError(Exception):
    """The message left and no answer came: it may have been delivered, so never again by itself."""


class HaltError(UserError):
    """Surely not accepted, and no other message would be: the run must stop."""


class Channel(Protocol):
    """A way to send; what it raises never holds an address, a secret or a server's own words."""

    name: ChannelName

    def open(self) -> None:
        """Get ready before the first message. Raises NotAcceptedError or HaltError."""

    def obstacle(self, person: Person) -> str | None:
        """Say why this person cannot be reached this way; None where they can."""

    def send(self, message: Message, person: Person) -> None:
        """Send one message. Raises RefusedError, NotAcceptedError, UnclearError or HaltError."""

    def close(self) -> None:
        """End the connection; never fails."""
