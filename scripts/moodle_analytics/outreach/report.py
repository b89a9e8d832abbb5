"""Tables and sentences for the terminal; never an address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from moodle_analytics.outreach.mail import one_line
from moodle_analytics.outreach.queue import Kind, Message

if TYPE_CHECKING:
    from moodle_analytics.outreach.run import Plan, Tally

_NAMES: dict[Kind, tuple[str, str]] = {
    "reminder": ("reminder", "reminders"),
    "feedback": ("feedback message", "feedback messages"),
}
_COMMANDS: dict[Kind, str] = {"reminder": "remind", "feedback": "feedback"}


def print_plan(kind: Kind, planned: Plan, limit: int) -> None:
    """Print what would go out as a table, and in one line how many and what not."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    shown = planned.ready[:limit]
    if shown:
        table = Table()
        for name in _HEADINGS[kind]:
            table.add_column(
                name,
                justify="right" if name in ("learner", "course") else "left",
                no_wrap=name == "which",
                min_width=10 if name == "which" else None,
            )
        for message in shown:
            entry = planned.entries.get(message.message_id)
            cells = [*_cells(message), entry.state if entry else "new"]
            table.add_row(*(Text(one_line(cell)) for cell in cells))
        console.print(table)
    would = f"{_counted(kind, len(shown))} would go out now"
    parts = [f"{would} (--send smtp or --send moodle sends)" if shown else would]
    parts += _rest(planned.skipped, len(planned.ready) - len(shown))
    _say("; ".join(parts) + ".")
    _print_claimed(kind, len(planned.claimed))


def print_tally(kind: Kind, tally: Tally, claimed: int) -> None:
    """Print what a run did, in one line, and what stands claimed in another."""
    parts = [f"Sent {_counted(kind, tally.sent)}", f"{tally.refused} refused"]
    parts += [f"{tally.failed} failed", *_rest(tally.skipped, tally.remaining)]
    _say("; ".join(parts) + ".")
    if tally.failed:
        _say("Failed messages were surely not accepted: the next run tries them again.")
    if tally.stopped:
        _say(f"Ended early: {tally.stopped}.")
    _print_claimed(kind, claimed)


def print_note(text: str) -> None:
    """Print a remark in one line."""
    _say(text)


@contextmanager
def progress(kind: Kind, count: int) -> Iterator[Callable[[], None]]:
    """Show a bar on standard error while `count` messages go out; give what moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(_NAMES[kind][1], total=count)
        yield lambda: bar.advance(task)


_HEADINGS: dict[Kind, tuple[str, ...]] = {
    "reminder": ("send at", "learner", "course", "activity", "due", "which", "record"),
    "feedback": ("learner", "course", "week", "status", "subject", "record"),
}


def _cells(message: Message) -> tuple[str, ...]:
    learner, course = str(message.learner_id), str(message.course_id)
    if message.kind == "reminder":
        return message.send_at, learner, course, message.about, message.due_at, message.reason
    return learner, course, str(message.week_start), message.reason, message.subject


def _counted(kind: Kind, count: int) -> str:
    return f"{count:,} {_NAMES[kind][count != 1]}"


def _rest(skipped: Counter[str], remaining: int) -> list[str]:
    """Say how many were skipped, and why, and how many wait for the next run."""
    parts = []
    if skipped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in sorted(skipped.items()))
        parts.append(f"{skipped.total()} skipped ({reasons})")
    if remaining:
        parts.append(f"{remaining:,} left for the next run")
    return parts


def _print_claimed(kind: Kind, count: int) -> None:
    if count:
        verb = "stands" if count == 1 else "stand"
        _say(
            f"{_counted(kind, count)} {verb} claimed: perhaps delivered, perhaps not. None goes "
            f"out again by itself; `moodle-analytics {_COMMANDS[kind]} --send ... "
            "--resend-claimed` sends again."
        )


def _say(text: str) -> None:
    """Print one line, however wide the terminal is."""
    from rich.console import Console

    Console().print(text, markup=False, highlight=False, soft_wrap=True)
