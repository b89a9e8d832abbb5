"""The commands of early warning; the work stands in `train`, `score` and `evaluate`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

Database = Annotated[str | None, typer.Option(help="Database with the marts.")]
Wait = Annotated[
    bool,
    typer.Option("--wait/--no-wait", help="Whether to wait until other runs there have ended."),
]
Version = Annotated[str | None, typer.Option(help="A model_version (default: the latest model).")]


def train(
    before: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Learn only from courses that ended before."),
    ] = None,
    min_courses: Annotated[
        int | None,
        typer.Option(min=1, help="Finished courses needed (default: var training_min_courses)."),
    ] = None,
    database: Database = None,
    wait: Wait = True,
) -> None:
    """Train the model that says who is likely not to complete, on courses that are finished.

    What it learnt and how it did on the last of these courses is kept in predictions.model_card.

    Examples:

        moodle-analytics train

        moodle-analytics train --before 2026-01-31 --min-courses 1
    """
    from moodle_analytics.early_warning import record, report
    from moodle_analytics.early_warning import train as job

    moment = before.replace(tzinfo=UTC) if before else None
    with record.alone(database, "train", wait=wait), report.steps("Training") as say:
        card = job.train(database, before=moment, min_courses=min_courses, say=say)
    report.print_card(card)


def score(
    version: Version = None,
    refresh: Annotated[
        bool, typer.Option(help="Bring the marts up to date that show the scores.")
    ] = True,
    database: Database = None,
    wait: Wait = True,
) -> None:
    """Publish a score, a band and reasons for each week of a learner that has none yet.

    By the latest model; where there is none, and for courses that it learnt from, by rules that
    give no probability. What was published stays: a second run adds nothing.

    Examples:

        moodle-analytics score

        moodle-analytics score --version model-1 --no-refresh
    """
    from moodle_analytics.early_warning import record, report
    from moodle_analytics.early_warning import score as job

    with record.alone(database, "score", wait=wait) as options:
        with report.bar("Scoring") as advance:
            scored = job.score(database, version=version, advance=advance)
        report.print_scored(scored)
        if not refresh:
            return
        summary = job.refresh(database, options=options)
    report.print_refreshed(summary)
    if summary.faults:
        raise typer.Exit(1)


def evaluate(
    course: Annotated[
        list[int] | None, typer.Option(help="Only this course: Moodle's id (repeatable).")
    ] = None,
    version: Annotated[
        str | None, typer.Option(help="A model_version, or rules (default: the latest judgeable).")
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", help="File for all measures, as JSON.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--report", help="File for a report with plots, as one HTML.")
    ] = None,
    database: Database = None,
) -> None:
    """Judge the published scores of finished courses against what became of the learners.

    Examples:

        moodle-analytics evaluate

        moodle-analytics evaluate --course 7 --json measures.json --report early_warning.html

        moodle-analytics evaluate --version rules
    """
    from moodle_analytics.early_warning import evaluate as job
    from moodle_analytics.early_warning import files, report

    files.check([path for path in (json, page) if path])
    with report.steps("Evaluating") as say:
        say("judging each week")
        found = job.evaluate(database, course_ids=course or (), version=version)
        if json:
            files.write_json(json, found)
        if page:
            say("drawing the report")
            files.write_page(page, found)
    report.print_report(found)
    for path in (json, page):
        if path:
            typer.echo(f"Written: {path}")
