"""The plots of the report, as SVG text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# Told apart without colour by their brightness too.
_COLOURS = {"score": "#1f4e79", "rules": "#d9822b", "idle days": "#8a8a8a"}
_BANDS = {"struggling": "#b3361e", "ok": "#d9a441", "well": "#4c8c4a"}
_WEEK = {"field": "week", "type": "quantitative", "title": "course week"}


def auc_by_week(weeks: Sequence[Mapping[str, Any]]) -> str:
    """Draw the AUC of the score with its interval, and of the two baselines."""
    names = {"score": "auc", "rules": "auc_rules", "idle days": "auc_idle"}
    rows = [
        {"week": week["week"], "of": of, "auc": week[name]}
        for week in weeks
        for of, name in names.items()
    ]
    interval = {
        "data": {"values": list(weeks)},
        "mark": {"type": "area", "opacity": 0.2, "color": _COLOURS["score"]},
        "encoding": {
            "x": _WEEK,
            "y": _share("auc_low", "AUC", 0.4),
            "y2": {"field": "auc_high"},
        },
    }
    lines = {
        "data": {"values": rows},
        "mark": {"type": "line", "clip": True},
        "encoding": {"x": _WEEK, "y": _share("auc", "AUC", 0.4), "color": _colour("of", _COLOURS)},
    }
    return _svg([interval, lines])


def calibration(bins: Sequence[Mapping[str, Any]]) -> str:
    """Draw the observed share against the mean probability of each bin; larger, more weeks."""
    said, came = "probability that was published", "share who did not complete"
    ideal = {
        "data": {"values": [{"said": 0, "came": 0}, {"said": 1, "came": 1}]},
        "mark": {"type": "line", "strokeDash": [4, 4], "color": _COLOURS["idle days"]},
        "encoding": {"x": _share("said", said), "y": _share("came", came)},
    }
    points = {
        "data": {"values": list(bins)},
        "mark": {"type": "circle", "color": _COLOURS["score"], "opacity": 0.9},
        "encoding": {
            "x": _share("mean_probability", said),
            "y": _share("share", came),
            "size": {"field": "n", "type": "quantitative", "title": "learner-weeks"},
        },
    }
    return _svg([ideal, points])


def bands_by_week(weeks: Sequence[Mapping[str, Any]]) -> str:
    """Draw the share who did not complete of each published band."""
    rows = [
        {"week": week["week"], "band": band, "share": row["share"]}
        for week in weeks
        for band, row in week["bands"].items()
        if band in _BANDS
    ]
    shares = _share("share", "share who did not complete")
    lines = {
        "data": {"values": rows},
        "mark": {"type": "line", "point": True},
        "encoding": {"x": _WEEK, "y": shares, "color": _colour("band", _BANDS)},
    }
    return _svg([lines])


def _share(field: str, title: str, least: float = 0) -> dict[str, Any]:
    scale = {"domain": [least, 1]}
    return {"field": field, "type": "quantitative", "title": title, "scale": scale}


def _colour(field: str, colours: Mapping[str, str]) -> dict[str, Any]:
    scale = {"domain": list(colours), "range": list(colours.values())}
    return {"field": field, "type": "nominal", "title": None, "scale": scale}


def _svg(layers: list[dict[str, Any]]) -> str:
    import vl_convert

    plot = {"width": 560, "height": 260, "layer": layers}
    drawn: str = vl_convert.vegalite_to_svg(plot)
    return drawn
