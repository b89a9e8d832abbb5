"""What a check prints: progress on standard error, and the outcomes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from moodle_analytics.checks import engine, suites
from moodle_analytics.checks.engine import Outcome
from moodle_analytics.checks.job import Report
from moodle_analytics.checks.suites import Expected

_SHOWN = 3


@dataclass(frozen=True)
class Progress:
    """Two ways to tell how far it is: a word, and how many of how many."""

    say: Callable[[str], None]
    advance: Callable[[int, int, str], None]


@contextmanager
def progress() -> Iterator[Progress]:
    """Show a bar on standard error where that is a terminal, and lines where it is not."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (
        TextColumn("Checking"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("looking at the tables", total=None)

        def say(what: str) -> None:
            bar.update(task, description=what[:40])

        def advance(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what[:40])

        yield Progress(say, advance)


def print_report(report: Report) -> None:
    """Print what failed, with what it means and what to do, and the sum of it."""
    for note in report.notes:
        _say(note)
    for outcome in report.of(engine.BROKEN):
        _say(f"could not run: {outcome.expected.name}: {outcome.observed}")
    for severity in reversed(suites.SEVERITIES):
        for outcome in report.of(engine.FAILED, severity):
            _print_failure(outcome)
    counts = [
        f"{len(report.of(engine.FAILED, severity))} {severity}" for severity in suites.SEVERITIES
    ]
    absent = len(report.of(engine.NOT_APPLICABLE))
    if absent == len(report.outcomes):
        _say("Nothing was judged: no expectation that was asked for is applicable here.")
    _say(
        f"{report.database}: {len(report.of(engine.HELD)):,} of {len(report.outcomes):,} "
        f"expectations held; failed: {', '.join(counts)}; not applicable here: {absent}."
    )


def print_list(expected: list[Expected]) -> None:
    """Print each expectation with its suite, severity, name and meaning."""
    for one in expected:
        _say(f"{one.suite:<7} {one.severity:<8} {one.name}: {one.meaning}")


def _print_failure(outcome: Outcome) -> None:
    one = outcome.expected
    _say(f"{one.severity}: {one.name} ({outcome.observed})")
    _say(f"    expected: {one.meaning}")
    for example in outcome.examples[:_SHOWN]:
        told = ", ".join(f"{key} {value}" for key, value in example.items() if value is not None)
        _say(f"    found: {told}")
    _say(f"    to do: {one.action}")


def _say(text: str) -> None:
    """Print one line, however wide the terminal is."""
    from rich.console import Console

    Console().print(text, markup=False, highlight=False, soft_wrap=True)
