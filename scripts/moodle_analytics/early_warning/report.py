"""Tables and sentences for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moodle_analytics import build
    from moodle_analytics.early_warning.evaluate import Report
    from moodle_analytics.early_warning.record import Card
    from moodle_analytics.early_warning.score import Scored

_HEADINGS = {
    "week": "week",
    "n": "n",
    "base_rate": "base",
    "auc": "AUC",
    "interval": "95 %",
    "auc_rules": "rules",
    "auc_idle": "idle",
    "calibration_error": "calibr.",
    "precision_top_15": "top 15 %",
}
_KEY = (
    "n: learners, base: share of them who did not complete, rules and idle: AUC of these alone, "
    "top 15 %: share who did not complete among the highest scores."
)
# A terminal shows about so many weeks of a course, every second or fourth; the files have all.
_SHOWN_WEEKS = 10
WHY_UNSCORED = {
    "left": "after leaving the course",
    "completed": "after completing it",
    "nothing_to_complete": "of courses with nothing to complete",
    "outage": "with far fewer events than usual",
    "partial": "of a week that the data cut",
}


@contextmanager
def steps(title: str) -> Iterator[Callable[[str], None]]:
    """Show on standard error which step is going on; give what names the next."""
    from rich.console import Console

    console = Console(stderr=True)
    with console.status(f"{title} ...") as status:
        yield lambda step: status.update(f"{title}: {step} ...")


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error; give what sets it to (done, of)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn(title), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def print_card(card: Card) -> None:
    """Print what was trained on what, how that did on the last course, and what comes next."""
    names = ", ".join(str(course["course_short_name"]) for course in card.training_courses)
    _say(
        f"Trained {card.model_version} ({card.algorithm.replace('_', ' ')}) on {names}: "
        f"{card.n_train:,} enrolments, {card.n_train_weeks:,} weeks of them; "
        f"{card.base_rate:.0%} did not complete."
    )
    weeks = [week for week in card.measures.get("weeks", []) if week["auc"] is not None]
    if weeks:
        on = ", ".join(card.measures["trained_on"])
        test = ", ".join(card.measures["test"])
        _print_weeks(f"Trained on {on} only, judged on {test}", weeks)
    else:
        _say(f"How good it is cannot be told: {card.measures['reason']}.")
    if card.challenger:
        _say(challenger_sentence(card.challenger))
    _say("Next: moodle-analytics score")


def print_scored(scored: Scored) -> None:
    """Print what was added and what was left out."""
    parts = [f"{count:,} by {version}" for version, count in scored.added.items()]
    _say(f"Published scores of learner-weeks: {', '.join(parts)}.")
    if scored.unscored:
        left_out = [
            f"{count:,} {WHY_UNSCORED[reason]}" for reason, count in sorted(scored.unscored.items())
        ]
        _say(f"Without a score: {', '.join(left_out)}.")
    if scored.outages:
        shown = [f"{name} week {week} ({monday})" for name, week, monday in scored.outages[:5]]
        more = len(scored.outages) - len(shown)
        _say(
            f"Far fewer events than usual, by an outage or as the course ends: {', '.join(shown)}"
            f"{f' and {more} more' if more else ''}."
        )


def print_refreshed(summary: build.Summary) -> None:
    """Print which marts show the scores now, and checks that failed."""
    marts = ", ".join(f"{mart.name} ({mart.rows or 0:,} rows)" for mart in summary.marts)
    _say(f"Up to date: {marts or 'nothing'}; {len(summary.faults)} checks failed.")
    for name, message in summary.faults:
        _say(f"  failed: {name}: {message}")


def print_report(report: Report) -> None:
    """Print the measures by week, the mean of them, and what was left out."""
    found = report.to_dict()
    weeks = [week for week in found["weeks"] if week["auc"] is not None]
    test = ", ".join(report.test)
    _print_weeks(f"Scores of {report.card.model_version} on {test}, against outcomes", weeks)
    few = [str(week["week"]) for week in found["weeks"] if week["auc"] is None]
    if few:
        _say(f"Too few learners to judge in week {', '.join(few)}.")
    mean = found["mean_of_weeks"]
    _say(f"Mean AUC {_with_interval(mean, 'auc')}; {_against(mean)}.")
    unordered = [str(week["week"]) for week in weeks if week["is_ordered"] is False]
    if unordered:
        _say(
            f"Bands out of order (a worse one completed more often) in week {', '.join(unordered)}."
        )
    for name, outages in report.outages.items():
        weeks_out = ", ".join(map(str, outages))
        _say(f"Left out of {name}, with far fewer events than usual: week {weeks_out}.")
    if report.is_retrospective:
        _say("The model had seen outcomes from after these courses began: no test of the future.")


def challenger_sentence(challenger: Mapping[str, Any]) -> str:
    """Say how the challenger did."""
    return (
        f"Boosting, the challenger: mean AUC {challenger['auc_boosting']:.3f} against "
        f"{challenger['auc_model']:.3f}, difference {challenger['difference']:+.3f} "
        f"({challenger['low']:+.3f} to {challenger['high']:+.3f}): "
        f"{'adopted' if challenger['adopted'] else 'not adopted'}."
    )


def _against(mean: Mapping[str, Any]) -> str:
    parts = [f"{_with_interval(mean, 'auc_minus_idle', '+')} against idle days alone"]
    if mean["auc_minus_rules"] is not None:
        is_open = mean["auc_minus_rules_low"] <= 0 <= mean["auc_minus_rules_high"]
        verdict = ", so it may be no better" if is_open else ""
        parts.insert(
            0, f"{_with_interval(mean, 'auc_minus_rules', '+')} against the rules{verdict}"
        )
    return "; ".join(parts)


def _with_interval(measures: Mapping[str, Any], name: str, sign: str = "") -> str:
    value, low, high = (measures[key] for key in (name, f"{name}_low", f"{name}_high"))
    return f"{value:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})"


def _print_weeks(title: str, weeks: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for heading in _HEADINGS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    step = -(-len(weeks) // _SHOWN_WEEKS)
    for week in (week for week in weeks if week["week"] % step == 0):
        interval = f"{week['auc_low']:.2f}-{week['auc_high']:.2f}"
        cells = week | {"interval": interval, "base_rate": f"{week['base_rate']:.0%}"}
        table.add_row(*(_cell(cells[name]) for name in _HEADINGS))
    Console().print(table)
    _say(_KEY)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _say(text: str) -> None:
    """Print one line, however wide the terminal is."""
    from rich.console import Console

    Console().print(text, markup=False, highlight=False, soft_wrap=True)
