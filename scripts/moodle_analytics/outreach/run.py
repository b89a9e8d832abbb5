"""One run: what is due and may go, and sending it, one message after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from moodle_analytics.outreach import queue, record
from moodle_analytics.outreach.channel import (
    Channel,
    HaltError,
    NotAcceptedError,
    RefusedError,
    UnclearError,
)
from moodle_analytics.outreach.queue import Message, Person
from moodle_analytics.schemas import Schemas

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection  # noqa: N812

OPTED_OUT = "opted out"
OTHER_RUN = "in the hands of another run"

# A message is tried so often in one run; the next run tries it again.
_ATTEMPTS = 3
_FIRST_WAIT_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 30.0
# So many faults of the server in a row, and the others would fare no better.
_FAULTS_IN_A_ROW = 3


@dataclass(frozen=True)
class Plan:
    """What a run has before it: what is to go, in order, and what is not.

    `entries` is what the record has of them, by message_id; `claimed` stand claimed and stay so;
    `skipped` counts by reason.
    """

    ready: list[Message] = field(default_factory=list)
    entries: Mapping[str, record.Entry] = field(default_factory=dict)
    claimed: list[Message] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


@dataclass
class Tally:
    """What a run did, in messages. `stopped` says why it ended early, `halted` for good."""

    sent: int = 0
    refused: int = 0
    failed: int = 0
    unclear: int = 0
    remaining: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    stopped: str | None = None
    halted: HaltError | None = None


def plan(
    connection: Connection,
    schemas: Schemas,
    messages: Sequence[Message],
    *,
    resend_claimed: bool = False,
) -> Plan:
    """Sort the due messages by what the record, the opt-outs and Moodle's users say of them."""
    known = record.entries(connection, messages)
    silent = {kind: record.opted_out(connection, kind) for kind in {m.kind for m in messages}}
    absent = queue.absences(connection, schemas, sorted({m.learner_id for m in messages}))
    found = Plan(entries=known)
    for message in messages:
        entry = known.get(message.message_id)
        if entry and entry.state in ("sent", "refused"):
            continue
        if message.learner_id in silent[message.kind]:
            found.skipped[OPTED_OUT] += 1
        elif reason := absent.get(message.learner_id):
            found.skipped[reason] += 1
        elif entry and entry.is_in_hand:
            found.skipped[OTHER_RUN] += 1
        elif entry and entry.state == "claimed" and not resend_claimed:
            found.claimed.append(message)
        else:
            found.ready.append(message)
    return found


def send(
    connection: Connection,
    schemas: Schemas,
    planned: Plan,
    channel: Channel,
    *,
    limit: int,
    advance: Callable[[], None] = lambda: None,
) -> Tally:
    """Send what is ready, at most `limit` messages, and write down what became of each.

    A fault that concerns every message ends the run: `halted` where a person must mend something,
    `stopped` where it may pass by itself.
    """
    tally = Tally(skipped=Counter(planned.skipped), remaining=len(planned.ready))
    faults = 0
    for message in planned.ready[:limit]:
        entry = planned.entries.get(message.message_id)
        tally.remaining -= 1
        advance()
        person = queue.person_of(connection, schemas, message.learner_id)
        obstacle = queue.absence_of(person) or (person and channel.obstacle(person))
        if obstacle or person is None:
            tally.skipped[obstacle or ""] += 1
            continue
        if not record.claim(connection, message, channel.name, entry):
            tally.skipped[OTHER_RUN] += 1
            continue
        try:
            is_fault = _send_claimed(connection, message, person, channel, entry, tally)
        except HaltError as halt:
            tally.halted = halt
            tally.remaining += 1
            return tally
        except KeyboardInterrupt:
            # Who knows how far the message in hand came?
            record.mark(connection, message, "claimed", "the run was stopped meanwhile")
            tally.unclear += 1
            tally.stopped = "you stopped it"
            return tally
        faults = faults + 1 if is_fault else 0
        if faults == _FAULTS_IN_A_ROW and tally.remaining:
            tally.stopped = f"the last {faults} messages met a fault of the server, not their own"
            return tally
    return tally


def open_channel(channel: Channel) -> None:
    """Get the channel ready, before anything is claimed. Raises HaltError where it is not."""
    try:
        _retried(channel.open)
    except NotAcceptedError as fault:
        raise HaltError(
            f"Nothing was sent, {fault}: try again later, or check the settings."
        ) from None


def _send_claimed(
    connection: Connection,
    message: Message,
    person: Person,
    channel: Channel,
    entry: record.Entry | None,
    tally: Tally,
) -> bool:
    """Send a claimed message and mark it; whether it met a fault that others would meet too.

    Raises HaltError. Any other error leaves the claim as it is.
    """
    try:
        _retried(lambda: channel.send(message, person))
    except RefusedError as fault:
        tally.refused += 1
        record.mark(connection, message, "refused", str(fault))
        return False
    except NotAcceptedError as fault:
        tally.failed += 1
        if entry and entry.state == "claimed":
            # This attempt failed for sure, the one before may have arrived: ask again.
            record.release(connection, message, entry)
        else:
            record.mark(connection, message, "failed", str(fault))
        return fault.is_general
    except UnclearError as fault:
        tally.unclear += 1
        record.mark(connection, message, "claimed", str(fault))
        return True
    except HaltError:
        record.release(connection, message, entry)
        raise
    tally.sent += 1
    record.mark(connection, message, "sent")
    return False


def _retried(job: Callable[[], None]) -> None:
    """Do a job, again and again where it raises NotAcceptedError; the last of these comes out."""
    import tenacity

    backoff = tenacity.wait_exponential(
        multiplier=_FIRST_WAIT_SECONDS, max=_LONGEST_WAIT_SECONDS
    ) + tenacity.wait_random(0, _FIRST_WAIT_SECONDS)

    def wait(state: tenacity.RetryCallState) -> float:
        fault = state.outcome and state.outcome.exception()
        asked = fault.wait_seconds if isinstance(fault, NotAcceptedError) else 0.0
        return max(asked, backoff(state))

    tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(NotAcceptedError),
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        wait=wait,
        reraise=True,
    )(job)
