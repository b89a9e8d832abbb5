"""The public benchmark: OULAD's files as a Moodle site through the ordinary pipeline."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moodle_analytics import build, database, load
from moodle_analytics.benchmark.mapping import ASSUMPTIONS, Mapped, Presentation, find, latest_test
from moodle_analytics.benchmark.writing import write_dump
from moodle_analytics.early_warning import evaluate, score, train
from moodle_analytics.errors import UserError

_DUMP = "oulad.sql.gz"


@dataclass(frozen=True)
class Result:
    """What a benchmark found: the site, the presentation it was judged on, and how long it took."""

    mapped: Mapped
    test: Presentation
    report: evaluate.Report
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Give it as plain values for JSON."""
        return {
            **self.report.to_dict(),
            "presentations": [one.name for one in self.mapped.presentations],
            "left_out": list(self.mapped.left_out),
            "remarks": list(self.mapped.remarks),
            "assumptions": list(ASSUMPTIONS),
            "seconds": round(self.seconds, 1),
        }


def oulad(
    folder: Path, *, name: str, test: str | None = None, say: Callable[[str], None]
) -> Result:
    """Judge the early warning on OULAD's files in `folder`, in a database `name` of its own.

    `test` names the presentation to judge on (default: the latest with an earlier one of its
    module); the model learns from those that had ended before that one began. `say` is told of each
    step. An earlier benchmark's database is replaced. Raises UserError.
    """
    began = time.monotonic()
    server = replace(database.locate(), database=name)
    _refuse_other(server, name)
    with tempfile.TemporaryDirectory(prefix="moodle-analytics-") as place:
        dump = Path(place) / _DUMP
        say("1/5  Turning OULAD's files into a Moodle site ...")
        mapped = write_dump(folder, dump)
        chosen = find(mapped, test) if test else latest_test(mapped)
        _refuse_first(mapped, chosen)
        for line in _described(mapped, chosen):
            say(f"     {line}")
        say("2/5  Loading it ...")
        load.load(str(dump), server, is_carrying=False)
    say("3/5  Building the marts ...")
    target = build.Target(server)
    # The mapping counts days in UTC, whatever the project's own zone.
    summary = build.build(target, timezone="UTC")
    if summary.faults:
        raise UserError(
            f"{len(summary.faults)} checks of the marts failed, as {summary.faults[0][0]}: "
            f"`moodle-analytics build --database {name}` shows them."
        )
    say("4/5  Training on what had ended before, and scoring ...")
    before = datetime.combine(chosen.starts_on, datetime.min.time(), tzinfo=UTC)
    # The presentation to judge on is the second course that a model needs.
    card = train.train(name, before=before, min_courses=1)
    score.score(name)
    score.refresh(name)
    say("5/5  Judging the scores by what became of the learners ...")
    report = evaluate.evaluate(name, course_ids=[chosen.course_id], version=card.model_version)
    return Result(mapped, chosen, report, time.monotonic() - began)


def _refuse_other(server: database.Server, name: str) -> None:
    origin = database.origin_of(server, name)
    if origin not in (None, _DUMP):
        raise UserError(
            f"Database {name} was made from {origin}, not by this benchmark, so it is not "
            "replaced: give another name with --database."
        )


def _refuse_first(mapped: Mapped, chosen: Presentation) -> None:
    if not any(one.ends_on < chosen.starts_on for one in mapped.presentations):
        raise UserError(
            f"Nothing to learn from had ended before {chosen.name} began on {chosen.starts_on}: "
            "choose a later presentation with --test, or add an earlier one to the files."
        )


def _described(mapped: Mapped, chosen: Presentation) -> list[str]:
    lines = [
        f"{one.name}: {one.learners:,} learners, {one.clicks:,} rows of clicks, "
        f"{one.starts_on} to {one.ends_on}{' (to be judged on)' if one is chosen else ''}"
        for one in mapped.presentations
    ]
    if mapped.left_out:
        lines.append(f"Left out, as they have no clicks: {', '.join(mapped.left_out)}")
    return [*lines, *mapped.remarks]
