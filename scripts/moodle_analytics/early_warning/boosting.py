"""The challenger: gradient-boosted trees, kept as plain numbers so that numpy alone can score."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from moodle_analytics.early_warning.model import Array, Model, filled_slog, untrained
from moodle_analytics.early_warning.settings import FEATURES

# What a tree may ask for: a feature (its signed logarithm), whether it is unknown, the course week.
INPUTS = (*FEATURES, *(f"{name}_missing" for name in FEATURES), "course_week")
_LEAF = -1


@dataclass(frozen=True)
class Trees:
    """Arrays of trees x nodes; a node's `inputs` is an index of INPUTS, -1 for a leaf.

    A row goes left where its input is at most the threshold. `values` are log-odds; that of an
    inner node is the mean of what lies below it.
    """

    inputs: Array
    thresholds: Array
    lefts: Array
    rights: Array
    values: Array

    def explain(self, features: Array, course_weeks: Array, medians: Array) -> tuple[Array, Array]:
        """Give the base (rows) and the contributions (rows x FEATURES), in log-odds.

        Each step down a tree changes the value, and counts for the feature that was asked.
        """
        data = _inputs(features, course_weeks, medians)
        rows = np.arange(len(data))
        # The last column takes what the course week adds, which is no learner's doing.
        sums = np.zeros((len(data), len(FEATURES) + 1))
        owners = np.array([*range(len(FEATURES)), *range(len(FEATURES)), len(FEATURES)])
        for tree in range(len(self.inputs)):
            node = np.zeros(len(data), dtype=int)
            while (asked := self.inputs[tree, node]).max(initial=_LEAF) != _LEAF:
                goes_left = data[rows, asked] <= self.thresholds[tree, node]
                below = np.where(goes_left, self.lefts[tree, node], self.rights[tree, node])
                below = np.where(asked == _LEAF, node, below)
                sums[rows, owners[asked]] += self.values[tree, below] - self.values[tree, node]
                node = below
        return self.values[:, 0].sum() + sums[:, -1], sums[:, :-1]


def fit(features: Array, course_weeks: Array, outcomes: Array) -> Model:
    """Fit the trees: `features` rows x FEATURES, `outcomes` 1 for not completed."""
    from sklearn.ensemble import GradientBoostingClassifier

    start = untrained(features, course_weeks)
    booster = GradientBoostingClassifier(
        n_estimators=150,
        learning_rate=0.05,
        max_depth=3,
        subsample=0.3,
        min_samples_leaf=50,
        random_state=0,
    ).fit(_inputs(features, course_weeks, start.medians), outcomes)
    share = outcomes.mean()
    return replace(
        start,
        intercept=float(np.log(share / (1 - share))),
        trees=_taken_out([tree.tree_ for tree in booster.estimators_[:, 0]], 0.05),
    )


def _inputs(features: Array, course_weeks: Array, medians: Array) -> Array:
    # The library compares in single precision; a threshold between two values needs the same.
    columns = [filled_slog(features, medians), np.isnan(features), course_weeks[:, None]]
    return np.hstack(columns).astype(np.float32)


def _taken_out(trees: list[Any], rate: float) -> Trees:
    """Copy the library's trees, in one length, with the learning rate in the values."""
    shape = (len(trees), max(tree.node_count for tree in trees))
    taken = Trees(
        inputs=np.full(shape, _LEAF),
        thresholds=np.zeros(shape),
        lefts=np.zeros(shape, dtype=int),
        rights=np.zeros(shape, dtype=int),
        values=np.zeros(shape),
    )
    for index, tree in enumerate(trees):
        count = tree.node_count
        is_leaf = tree.children_left == tree.children_right
        taken.inputs[index, :count] = np.where(is_leaf, _LEAF, tree.feature)
        taken.thresholds[index, :count] = np.where(is_leaf, 0, tree.threshold)
        taken.lefts[index, :count] = np.where(is_leaf, 0, tree.children_left)
        taken.rights[index, :count] = np.where(is_leaf, 0, tree.children_right)
        taken.values[index, :count] = rate * _values(tree, is_leaf)
    return taken


def _values(tree: Any, is_leaf: Array) -> Array:
    """Give each node's value; the library's own of inner nodes are not in log-odds."""
    values = np.where(is_leaf, tree.value[:, 0, 0], 0.0)
    weights = tree.weighted_n_node_samples
    for node in np.flatnonzero(~is_leaf)[::-1]:
        below = [tree.children_left[node], tree.children_right[node]]
        values[node] = np.average(values[below], weights=weights[below])
    return values
