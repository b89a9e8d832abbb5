"""The log's rhythm: days and weeks with too few or too many rows, and hours that shift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moodle_analytics.checks.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

_HOUR = 3_600
_WEEK = 7
# A week is compared with so many weeks before it and after it.
_NEIGHBOURS = 4
# Hours of the day are compared with those of so many days before.
_HISTORY_DAYS = 56


def days(hours: pd.DataFrame, settings: Settings) -> tuple[pd.DataFrame, int, int]:
    """Give the log's days with their rows and those of the week that they end, and its span.

    Shares are of what is usual around, `empty_day_count` counts days on end without a row; they are
    NaN where the usual is too little to tell, or the week is cut. The span, in epoch seconds,
    leaves out the few rows that lie far from all others.
    """
    import pandas as pd

    kept = _without_strays(hours, settings)
    columns = ["day", "row_count", "day_share", "week_share", "week_ratio", "empty_day_count"]
    if kept.empty:
        return pd.DataFrame(columns=columns), 0, 0
    start, end = int(kept["hour"].min()) * _HOUR, (int(kept["hour"].max()) + 1) * _HOUR
    day = pd.to_datetime(kept["hour"] * _HOUR, unit="s").dt.normalize()
    counts = kept["row_count"].astype(float).groupby(day).sum()
    counts = counts.reindex(pd.date_range(counts.index[0], counts.index[-1]), fill_value=0.0)
    inner = counts.iloc[1:-1]
    weeks = inner.rolling(_WEEK).sum()
    least, most = _usual(weeks)
    day_least, _ = _usual(inner)
    # Days of a run of empty ones, counted from its first.
    runs = (inner > 0).cumsum()
    empty = inner.eq(0).groupby(runs).cumsum().astype(float)
    frame = pd.DataFrame(
        {
            "day": inner.index.strftime("%Y-%m-%d"),
            "row_count": inner.to_numpy(),
            "day_share": _share(inner, day_least, settings.check_usual_rows),
            "week_share": _share(weeks, least, settings.check_usual_rows),
            "week_ratio": _share(weeks, most, settings.check_usual_rows),
            "empty_day_count": empty.where(least >= settings.check_usual_rows).to_numpy(),
        }
    )
    return frame, start, end


def people(hours: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Give for each week of how many rows the person or the place is not known, as shares.

    They are NaN where people did too little in courses to tell.
    """
    import pandas as pd

    kept = _without_strays(hours, settings)
    week = pd.to_datetime(kept["hour"] // (24 * _WEEK) * (24 * _WEEK) * _HOUR, unit="s")
    sums = kept.astype(float).groupby(week.dt.strftime("%Y-%m-%d").rename("week_from")).sum()
    least = settings.check_usual_rows
    return pd.DataFrame(
        {
            "row_count": sums["row_count"],
            "nobody_share": sums["nobody_count"]
            / sums["read_count"].where(sums["read_count"] >= least),
            "placeless_share": sums["placeless_count"]
            / sums["person_count"].where(sums["person_count"] >= least),
        }
    ).reset_index()


def shifts(hours: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Give for the week before each day by how many hours its views shifted against earlier ones.

    Hours are those of the program's zone, so that daylight saving does not look like a shift.
    `gain` is by how much the correlation of the two profiles is better after the shift; on sites
    whose hours vary by themselves, more of it is needed.
    """
    import numpy as np
    import pandas as pd

    kept = _without_strays(hours, settings)
    columns = ["week_until", "shift_hours", "gain", "correlation"]
    if kept.empty:
        return pd.DataFrame(columns=columns)
    local = pd.to_datetime(kept["hour"] * _HOUR, unit="s", utc=True).dt.tz_convert(
        settings.program_timezone
    )
    table = (
        kept.assign(day=local.dt.tz_localize(None).dt.normalize(), of_day=local.dt.hour)
        .pivot_table("view_count", "day", "of_day", aggfunc="sum", fill_value=0)
        .reindex(columns=range(24), fill_value=0)
        .astype(float)
    )
    table = table.reindex(pd.date_range(table.index[0], table.index[-1]), fill_value=0.0)
    totals = np.vstack([np.zeros(24), table.to_numpy().cumsum(axis=0)])
    rows = []
    for until in range(3 * _WEEK, len(totals)):
        since = until - _WEEK
        week = totals[until] - totals[since]
        before = totals[since] - totals[max(0, since - _HISTORY_DAYS)]
        if min(week.sum(), before.sum()) >= settings.check_shift_events:
            day = table.index[until - 1].strftime("%Y-%m-%d")
            rows.append((day, *_shift(week, before)))
    found = pd.DataFrame(rows, columns=columns)
    noise = 1 - (found["correlation"] - found["gain"]).median()
    least = max(settings.check_shift_gain, 2 * noise)
    found["shift_hours"] = found["shift_hours"].where(found["gain"] > least, 0)
    return found


def end(hours: pd.DataFrame, start: int, until: int, now: int) -> pd.DataFrame:
    """Give one row: the rows far before and after all others, and the age of the log's end."""
    import pandas as pd

    hour = hours["hour"].astype("int64") * _HOUR
    counts = hours["row_count"]
    return pd.DataFrame(
        {
            "stray_early_count": [int(counts[hour < start].sum())],
            "stray_late_count": [int(counts[hour >= until].sum())],
            "ends_at": [until],
            "age_hours": [max(0.0, (now - until) / _HOUR)],
        }
    )


def known_events(events: pd.DataFrame, names: frozenset[str]) -> pd.DataFrame:
    """Add which event names the seed knows, and the share of the log of those it does not."""
    total = max(int(events["row_count"].sum()), 1)
    is_known = events["eventname"].isin(names)
    share = (events["row_count"].astype(float) / total).where(~is_known, 0.0)
    return events.assign(is_known=is_known, unknown_share=share, all_unknown_share=share.sum())


def _without_strays(hours: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """Leave out the few rows beyond a long gap, at either end: a wrong clock wrote them."""
    found = hours.sort_values("hour").reset_index(drop=True)
    if found.empty:
        return found
    gap = settings.stray_gap_days * 24
    cumulative = found["row_count"].cumsum() / found["row_count"].sum()
    steps = found["hour"].diff()
    early = found.index[(steps > gap) & (cumulative.shift() <= settings.stray_share)]
    late = found.index[(steps > gap) & (1 - cumulative.shift() <= settings.stray_share)]
    first = early.max() if len(early) else 0
    last = late.min() if len(late) else len(found)
    return found.iloc[first:last] if first < last else found


def _usual(counts: pd.Series[float]) -> tuple[pd.Series[float], pd.Series[float]]:
    """Give the lesser and the greater of what was usual before and after, by the same weekday.

    A week that is empty between full ones is lost; one after which all are empty is a holiday's
    first. Without days after it, what was before is taken, and the reverse.
    """
    import numpy as np
    import pandas as pd

    def around(sign: int) -> pd.Series[float]:
        shifted = [counts.shift(sign * _WEEK * step) for step in range(1, _NEIGHBOURS + 1)]
        together = pd.concat(shifted, axis=1)
        return together.median(axis=1, skipna=True)

    before, after = around(1), around(-1)
    least = np.minimum(before, after)
    most = np.fmax(before, after)
    return least, most


def _share(counts: Any, usual: Any, least: int) -> Any:
    """Give counts as shares of the usual, NaN where that is below `least`."""
    return (counts / usual).where(usual >= least).to_numpy()


def _shift(week: np.ndarray[Any, Any], before: np.ndarray[Any, Any]) -> tuple[int, float, float]:
    """Give the hours by which `week` is later than `before`, the gain, and the correlation."""
    import numpy as np

    if week.std() == 0 or before.std() == 0:
        return 0, 0.0, 0.0
    fits = [float(np.corrcoef(np.roll(week, -hours), before)[0, 1]) for hours in range(-12, 12)]
    best = int(np.argmax(fits))
    gain = fits[best] - fits[12]
    return best - 12, gain, fits[best]
