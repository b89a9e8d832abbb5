"""Models as rows of predictions.model_coefficients and predictions.model_trees, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from moodle_analytics.early_warning.boosting import INPUTS, Trees
from moodle_analytics.early_warning.model import Model
from moodle_analytics.early_warning.record import copy_in, read
from moodle_analytics.early_warning.settings import FEATURES

if TYPE_CHECKING:
    import pandas as pd
    from psycopg2.extensions import connection as Connection  # noqa: N812


def save_model(connection: Connection, version: str, model: Model) -> None:
    """Add a model's coefficients, and its trees where it has any."""
    import pandas as pd

    columns = {
        "median": model.medians,
        "center": model.centers,
        "scale": model.scales,
        "coefficient": model.coefficients,
        "week_coefficient": model.week_coefficients,
        "missing_coefficient": model.missing_coefficients,
        "missing_week_coefficient": model.missing_week_coefficients,
    }
    center, scale, coefficient = model.week
    rows = pd.DataFrame({"feature": FEATURES, **columns})
    others = pd.DataFrame(
        [
            {"feature": "intercept", "scale": 1.0, "coefficient": model.intercept},
            {
                "feature": "course_week",
                "center": center,
                "scale": scale,
                "week_coefficient": coefficient,
            },
        ],
        columns=rows.columns,
    )
    others[list(columns)] = others[list(columns)].astype(float).fillna(0.0)
    rows = pd.concat([rows, others], ignore_index=True).assign(model_version=version)
    copy_in(connection, "predictions.model_coefficients", rows)
    if model.trees:
        copy_in(connection, "predictions.model_trees", _tree_rows(version, model.trees))


def load_model(connection: Connection, version: str) -> Model:
    """Give the model of a version as it was saved."""
    frame = read(
        connection,
        "select * from predictions.model_coefficients where model_version = %(version)s",
        {"version": version},
    ).set_index("feature")
    rows = frame.loc[list(FEATURES)]
    week = frame.loc["course_week"]
    return Model(
        intercept=float(frame.loc["intercept", "coefficient"]),
        week=(float(week["center"]), float(week["scale"]), float(week["week_coefficient"])),
        medians=rows["median"].to_numpy(dtype=float),
        centers=rows["center"].to_numpy(dtype=float),
        scales=rows["scale"].to_numpy(dtype=float),
        coefficients=rows["coefficient"].to_numpy(dtype=float),
        week_coefficients=rows["week_coefficient"].to_numpy(dtype=float),
        missing_coefficients=rows["missing_coefficient"].to_numpy(dtype=float),
        missing_week_coefficients=rows["missing_week_coefficient"].to_numpy(dtype=float),
        trees=_load_trees(connection, version),
    )


def _tree_rows(version: str, trees: Trees) -> pd.DataFrame:
    """Give one row for each node that can be reached."""
    import pandas as pd

    rows = []
    for tree, inputs in enumerate(trees.inputs):
        waiting = [0]
        while waiting:
            node = waiting.pop()
            row = {"tree": tree, "node": node, "value": trees.values[tree, node]}
            if inputs[node] >= 0:
                below = [int(trees.lefts[tree, node]), int(trees.rights[tree, node])]
                waiting += below
                row |= {"feature": INPUTS[inputs[node]], "threshold": trees.thresholds[tree, node]}
                row |= {"left_node": below[0], "right_node": below[1]}
            rows.append(row)
    whole = {"left_node": "Int64", "right_node": "Int64"}
    return pd.DataFrame(rows).assign(model_version=version).astype(whole)


def _load_trees(connection: Connection, version: str) -> Trees | None:
    rows = read(
        connection,
        "select * from predictions.model_trees where model_version = %(version)s",
        {"version": version},
    )
    if rows.empty:
        return None
    shape = (int(rows["tree"].max()) + 1, int(rows["node"].max()) + 1)
    place = (rows["tree"].to_numpy(), rows["node"].to_numpy())
    inputs = rows["feature"].map({name: index for index, name in enumerate(INPUTS)}).fillna(-1)

    def filled(values: pd.Series, kind: type) -> Any:
        table: Any = np.zeros(shape, dtype=kind)
        table[place] = values.fillna(0).to_numpy(dtype=kind)
        return table

    return Trees(
        inputs=filled(inputs, int),
        thresholds=filled(rows["threshold"], float),
        lefts=filled(rows["left_node"], int),
        rights=filled(rows["right_node"], int),
        values=filled(rows["value"], float),
    )
