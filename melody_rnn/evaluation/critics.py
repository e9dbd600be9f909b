"""Training of critics, which tell a model's whole tunes from real ones."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.features.anatomy import Floats
from melody_rnn.features.critic import NUM_LEAVES, NUM_NODES, Critic, features
from melody_rnn.tunes.tune import Tune

_FOREST: Final = {
    "learning_rate": 0.06,
    "n_estimators": 600,
    "max_depth": 3,
    "min_samples_leaf": 20,
    "max_features": 30,
    "subsample": 0.7,
}


def train_critic(generated: Sequence[Tune], real: Sequence[Tune], seed: int = 0) -> Critic:
    """Trains a critic.

    Args:
        generated: Written tunes of one model, by outlines like those of the real ones.
        real: Real tunes, which that model may have been trained on.
        seed: Of the forest.
    """
    return fit(features(generated), features(real), seed)


def fit(generated: Floats, real: Floats, seed: int = 0) -> Critic:
    """Trains a critic on features.

    Args:
        generated: [num_generated, num_features], of a model's tunes, NaN where there is none to measure.
        real: [num_real, num_features], of real ones.
        seed: Of the forest.
    """
    from sklearn.ensemble import GradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    rows = np.concatenate([generated, real])
    is_real = np.arange(len(rows)) >= len(generated)
    is_known = np.isfinite(rows)
    missing = np.zeros(rows.shape[1], np.float32)
    for column in np.flatnonzero(is_known.any(axis=0)).tolist():
        missing[column] = np.median(rows[is_known[:, column], column])
    filled = np.where(is_known, rows, missing).astype(np.float32)
    # Both kinds weigh the same, so that 0 is 'cannot be told'.
    weights = np.where(is_real, 0.5 / is_real.sum(), 0.5 / (~is_real).sum()) * len(rows)
    forest = GradientBoostingClassifier(random_state=seed, **_FOREST)
    with threadpool_limits(1):
        forest.fit(filled, is_real, weights)
    trees = [_as_heap(tree.tree_) for tree in forest.estimators_[:, 0]]
    columns, thresholds, values = (np.stack(part) for part in zip(*trees, strict=True))
    return Critic(missing, columns, thresholds, values * np.float32(_FOREST["learning_rate"]))


def _as_heap(tree: Any) -> tuple[NDArray[np.uint16], NDArray[np.float32], NDArray[np.float32]]:
    """Returns a tree of scikit-learn's as `Critic` has it: columns, thresholds and leaves."""
    columns, thresholds = np.zeros(NUM_NODES, np.uint16), np.zeros(NUM_NODES, np.float32)
    values = np.zeros(NUM_LEAVES, np.float32)
    places = np.zeros(NUM_NODES + NUM_LEAVES, np.int64)
    for node in range(NUM_NODES):
        own = places[node]
        is_leaf = tree.children_left[own] == -1
        if not is_leaf:
            columns[node], thresholds[node] = tree.feature[own], _rounded_down(tree.threshold[own])
        # Below a leaf that comes early all is that leaf.
        places[2 * node + 1] = own if is_leaf else tree.children_left[own]
        places[2 * node + 2] = own if is_leaf else tree.children_right[own]
    values[:] = tree.value[places[NUM_NODES:], 0, 0]
    return columns, thresholds, values


def _rounded_down(threshold: float) -> np.float32:
    """Returns the largest float32 that is at most a threshold, which parts the same float32 numbers as it does."""
    nearest = np.float32(threshold)
    return nearest if nearest <= threshold else np.nextafter(nearest, np.float32(-np.inf))
