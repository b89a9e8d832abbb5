"""What is expected of the log: its rhythm, order and clock, and what it says of other tables."""

from __future__ import annotations

from collections.abc import Iterator

from moodle_analytics.checks import catalogue, suites
from moodle_analytics.checks.settings import Settings
from moodle_analytics.checks.suites import Expected

_SUITE = "sources"
# A week from any hour on holds as many whole days.
_EMPTY_DAYS = 6


def _of(
    name: str,
    frame: str,
    column: str,
    meaning: str,
    action: str,
    *,
    least: float | None = None,
    most: float | None = None,
    severity: str = "critical",
    is_more: bool = False,
) -> Expected:
    """Expect a measure to be within limits; with `is_more`, strictly above the least."""
    return Expected(
        name=name,
        suite=_SUITE,
        subject=frame,
        severity=severity,
        meaning=meaning,
        action=action,
        kind=suites.BETWEEN,
        arguments={
            "column": column,
            "min_value": least,
            "max_value": most,
            **({"strict_min": True} if is_more else {}),
        },
    )


def expected(settings: Settings) -> Iterator[Expected]:
    """Give the expectations of the log's measures."""
    yield from _rhythm(settings)
    yield from _order(settings)
    yield from _people(settings)
    yield from _against_tables(settings)
    yield from _events(settings)


def _rhythm(settings: Settings) -> Iterator[Expected]:
    yield _of(
        "log_has_no_empty_week", "log_days", "empty_day_count",
        f"The log is nowhere empty for {_EMPTY_DAYS} days on end, between full weeks.",
        "Find out whether the site stood still then; if not, load the log of these days again, "
        "as learners look silent in them.",
        most=_EMPTY_DAYS - 1,
    )  # fmt: skip
    yield _of(
        "log_has_no_thin_week", "log_days", "week_share",
        f"No seven days between full weeks have less than {settings.outage_share:.0%} of the usual "
        "rows (var outage_share).",
        "Find out whether that was a holiday or an outage; if not, a part of the log is lost.",
        least=settings.outage_share, severity="warning",
    )  # fmt: skip
    yield _of(
        "log_has_no_empty_day", "log_days", "day_share",
        "The log has rows on each day whose weekday usually has some.",
        "Find out whether the site stood still that day; if not, load its log again.",
        least=0, is_more=True, severity="warning",
    )  # fmt: skip
    yield _of(
        "log_has_no_flooded_week", "log_days", "week_ratio",
        f"No seven days have more than {settings.check_volume_ratio:g} times the usual rows "
        "(var check_volume_ratio).",
        "Look at which events came then: a job may have written them, or the log was loaded twice.",
        most=settings.check_volume_ratio, severity="warning",
    )  # fmt: skip
    yield Expected(
        name="log_hours_of_day_have_not_shifted",
        suite=_SUITE,
        subject="log_hours",
        severity="critical",
        meaning="People are active at the hours of the day at which they were before.",
        action="A week's times were written or loaded in another time zone: load that part again.",
        kind=suites.IN_SET,
        arguments={"column": "shift_hours", "value_set": [-1, 0, 1]},
    )
    yield Expected(
        name="log_hours_of_day_have_not_shifted_by_one",
        suite=_SUITE,
        subject="log_hours",
        severity="warning",
        meaning="People are active at the hours of the day at which they were before, to the hour.",
        action="Where the clock changed in that week, name the program's zone with --timezone; "
        "else a week's times were written or loaded in another time zone.",
        kind=suites.NOT_IN_SET,
        arguments={"column": "shift_hours", "value_set": [-1, 1]},
    )
    yield _of(
        "log_has_no_rows_far_after", "log_end", "stray_late_count",
        f"No rows lie more than {settings.stray_gap_days} days after all others "
        "(var stray_gap_days).",
        "A wrong clock wrote them: weeks up to them look empty. Remove or correct these rows.",
        most=0,
    )  # fmt: skip
    yield _of(
        "log_has_no_rows_far_before", "log_end", "stray_early_count",
        f"No rows lie more than {settings.stray_gap_days} days before all others "
        "(var stray_gap_days).",
        "A wrong clock wrote them: weeks after them look empty. Remove or correct these rows.",
        most=0, severity="warning",
    )  # fmt: skip
    yield _of(
        "log_is_fresh", "log_age", "age_hours",
        f"The log's newest row is less than {catalogue.freshness_hours()} hours old, where the "
        f"site is in use (data that end {settings.check_dump_days} days ago are taken for a dump).",
        "Look at whether the copy of the database still runs; the marts show an old state.",
        most=catalogue.freshness_hours(), severity="warning",
    )  # fmt: skip


def _order(settings: Settings) -> Iterator[Expected]:
    yield _of(
        "log_clock_was_not_set_back", "log_order", "setback_count",
        f"The times of people's views follow the order of their ids, within "
        f"{settings.check_clock_minutes} minutes (var check_clock_minutes).",
        "A part of the log was loaded later or twice, or its clock was another: load it again.",
        most=0,
    )  # fmt: skip
    yield _of(
        "log_ids_have_no_hole", "log_order", "largest_hole_count",
        f"Nowhere in the log are more than {settings.check_lost_ids} ids missing "
        "(var check_lost_ids).",
        "Rows between these ids are lost: load the log again.",
        most=settings.check_lost_ids, severity="warning",
    )  # fmt: skip
    yield _of(
        "log_rows_were_loaded_once", "log_repeats", "repeated_later_share",
        f"Less than {settings.check_repeated_share:.2%} of the log's rows are there again among "
        "rows that were written later (var check_repeated_share).",
        "A part of the log was loaded twice, and all counts of that time are too high: load it "
        "again.",
        most=settings.check_repeated_share,
    )  # fmt: skip
    yield _of(
        "log_rows_seldom_repeat", "log_repeats", "repeated_share",
        f"Less than {settings.quality_warn_share:.0%} of the log's rows are equal to another "
        "(var quality_warn_share).",
        "The log was loaded twice, or a join doubled it: load it again.",
        most=settings.quality_warn_share,
    )  # fmt: skip
    yield Expected(
        name="tables_reach_their_last_id",
        suite=_SUITE,
        subject="ids",
        severity="warning",
        meaning=f"No table lacks more than {settings.check_lost_ids} of the ids that were given "
        "last (var check_lost_ids).",
        action="The newest rows are missing: load the table again, unless they were deleted.",
        kind=suites.BETWEEN,
        arguments={"column": "lost_count", "max_value": settings.check_lost_ids},
    )
    yield Expected(
        name="log_reaches_its_last_id",
        suite=_SUITE,
        subject="ids of the log",
        severity="critical",
        meaning="The newest rows of the log are there, up to the last id that was given.",
        action="The log was cut at its end: load it again.",
        kind=suites.BETWEEN,
        arguments={"column": "lost_count", "max_value": settings.check_lost_ids},
    )


def _people(settings: Settings) -> Iterator[Expected]:
    share = settings.quality_warn_share
    yield _of(
        "log_views_are_of_people", "log_people", "nobody_share",
        f"Of a week's views in courses, less than {share:.0%} are nobody's (userid 0; var "
        "quality_warn_share).",
        "The users of that week's rows were lost: load that part of the log again.",
        most=share,
    )  # fmt: skip
    yield _of(
        "log_rows_have_a_context", "log_people", "placeless_share",
        f"Of what people did in courses in a week, less than {share:.0%} has no context (var "
        "quality_warn_share).",
        "The places of that week's rows were lost: load that part of the log again.",
        most=share, severity="warning",
    )  # fmt: skip


def _against_tables(settings: Settings) -> Iterator[Expected]:
    share = settings.quality_warn_share
    yield _of(
        "log_agrees_with_the_clock_of_tables", "log_clock", "median_minutes_apart",
        f"What the log and a table both tell happened within {settings.check_clock_minutes} "
        "minutes (var check_clock_minutes).",
        "One of the two was written or loaded in another time zone: load it again.",
        least=-settings.check_clock_minutes, most=settings.check_clock_minutes,
    )  # fmt: skip
    yield _of(
        "log_agrees_with_the_changes_of_tables", "log_clock", "median_change_minutes_apart",
        f"The last submission or completion that the log tells was within "
        f"{settings.check_clock_minutes} minutes of the table's time (var check_clock_minutes).",
        "The table's times were changed outside of Moodle, or are of another time zone: load it "
        "again.",
        least=-settings.check_clock_minutes, most=settings.check_clock_minutes, severity="warning",
    )  # fmt: skip
    yield _of(
        "log_agrees_with_the_people_of_tables", "log_clock", "other_person_share",
        f"Of the posts and attempts of a week, less than {share:.0%} are another person's than the "
        "log tells (var quality_warn_share).",
        "People were mixed up in that table or in the log: load it again.",
        most=share, severity="warning",
    )  # fmt: skip
    yield _of(
        "what_the_log_names_is_there", "log_objects", "gone_share",
        f"Of what the log tells to be made and not deleted, less than {share:.0%} is gone "
        "(var quality_warn_share).",
        "Rows of that table are missing: load it again.",
        most=share,
    )  # fmt: skip
    yield _of(
        "what_is_there_is_in_the_log", "log_coverage", "unlogged_share",
        f"Of the posts and attempts of a week, less than {share:.0%} are unknown to the log "
        "(var quality_warn_share).",
        "Rows of the log are missing in that week: load it again, unless a course was "
        "restored with the data of its users.",
        most=share, severity="warning",
    )  # fmt: skip
    yield _of(
        "tables_do_not_outlast_the_log", "all times", "late_share",
        f"Less than {settings.stray_share:.0%} of a table's times lie more than "
        f"{settings.check_ahead_days} days after the log's end (vars stray_share and "
        "check_ahead_days).",
        "The log was cut at its end, or is older than the tables: load it again.",
        most=settings.stray_share,
    )  # fmt: skip


def _events(settings: Settings) -> Iterator[Expected]:
    yield _of(
        "log_event_names_are_known", "log_events", "unknown_share",
        "The seed event_types knows the names of events (var unknown_event_warn_share).",
        "Add the names to seeds/event_types.csv, so that nothing automatic counts as a person's "
        "act.",
        most=settings.unknown_event_warn_share, severity="warning",
    )  # fmt: skip
    yield _of(
        "log_events_are_mostly_known", "log_events", "all_unknown_share",
        f"Less than {settings.quality_warn_share:.0%} of the log's rows have an event name that "
        "the seed event_types does not know (var quality_warn_share).",
        "Add the names to seeds/event_types.csv; if a job floods the log, stop it.",
        most=settings.quality_warn_share,
    )  # fmt: skip
