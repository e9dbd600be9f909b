"""A critic: how real a whole tune looks, by its features.

It is a forest of small decision trees, boosted, that was trained to tell real tunes from those of one model; what it
says of a tune is the log-odds that the tune is real. To keep, of several tunes of a model, the one that looks most
real is to draw from a model of whole tunes: the model's own distribution times what the critic makes of it.

Source: Deng et al. 2020, 'Residual Energy-Based Models for Text Generation', arXiv:2004.11714; the trees are those of
Friedman 2001, 'Greedy Function Approximation', doi:10.1214/aos/1013203451.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.archives import ARCHIVE_ERRORS, pack_arrays, unpack_arrays
from melody_rnn.errors import ModelError
from melody_rnn.features.anatomy import Anatomy, Floats
from melody_rnn.features.groups import NAMES, features_of
from melody_rnn.tunes.tune import Tune

DEPTH: Final = 3
"""Questions that a tree asks of a tune."""
NUM_NODES: Final = 2**DEPTH - 1
NUM_LEAVES: Final = 2**DEPTH
_MAX_TREES: Final = 10_000
_MAX_BYTES: Final = 4 * 2**20
_ARRAYS: Final = {
    "names": ("uint8", 1),
    "missing": ("float32", 1),
    "columns": ("uint16", 2),
    "thresholds": ("float32", 2),
    "values": ("float32", 2),
    "start": ("float32", 1),
}


@dataclass(frozen=True, eq=False)
class Critic:
    """A forest.

    A tree's nodes and leaves are numbered as in a heap: below node k are 2 k + 1, for what is at most the threshold,
    and 2 k + 2; after the nodes come the leaves.

    Attributes:
        missing: [num_features] float32, what stands for a feature that a tune has not.
        columns: [num_trees, NUM_NODES] uint16, the feature that each node looks at.
        thresholds: [num_trees, NUM_NODES] float32.
        values: [num_trees, NUM_LEAVES] float32, what each leaf adds to the log-odds.
        start: The log-odds without any tree.
    """

    missing: NDArray[np.float32]
    columns: NDArray[np.uint16]
    thresholds: NDArray[np.float32]
    values: NDArray[np.float32]
    start: float = 0.0

    def judge(self, tunes: Sequence[Tune]) -> Floats:
        """Returns the log-odds that each of some written tunes is real, [num_tunes] float64."""
        return self.judge_features(features(tunes))

    def judge_features(self, rows: Floats) -> Floats:
        """Does what `judge` does for tunes whose features [num_tunes, num_features] are known."""
        filled = np.where(np.isfinite(rows), rows, self.missing).astype(np.float32)
        trees = np.arange(len(self.columns))
        node = np.zeros((len(filled), len(trees)), np.intp)
        for _ in range(DEPTH):
            is_above = np.take_along_axis(filled, self.columns[trees, node], axis=1) > self.thresholds[trees, node]
            node = 2 * node + 1 + is_above
        added: Floats = self.values[trees, node - NUM_NODES].sum(axis=1, dtype=np.float64)
        return self.start + added

    def to_bytes(self) -> bytes:
        """Returns the critic as a NumPy archive, the same for the same critic; `from_bytes` is the inverse."""
        return pack_arrays(
            {
                "names": _digest(),
                "missing": self.missing,
                "columns": self.columns,
                "thresholds": self.thresholds,
                "values": self.values,
                "start": np.array([self.start], np.float32),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "Critic":
        """Reads what `to_bytes` wrote.

        Raises:
            ModelError: If it is damaged, or looks at other features; the message does not name the file.
        """
        try:
            arrays = unpack_arrays(data, _ARRAYS, _MAX_BYTES)
        except (*ARCHIVE_ERRORS, ValueError, KeyError) as error:
            raise ModelError(f"no critic ({error})") from error
        if arrays["names"].tobytes() != _digest().tobytes():
            raise ModelError("a critic of other features than this program's; train it anew")
        columns, num_trees = arrays["columns"], len(arrays["columns"])
        shapes = {"missing": (len(NAMES),), "columns": (num_trees, NUM_NODES), "thresholds": (num_trees, NUM_NODES)}
        shapes |= {"values": (num_trees, NUM_LEAVES), "start": (1,)}
        if num_trees > _MAX_TREES or any(arrays[name].shape != shape for name, shape in shapes.items()):
            raise ModelError("no critic (its arrays do not fit each other)")
        if columns.max(initial=0) >= len(NAMES):
            raise ModelError("no critic (a tree looks at a feature that there is none of)")
        if not all(np.isfinite(arrays[name]).all() for name in ("missing", "values", "start")):
            raise ModelError("no critic (it has numbers that are not finite)")
        return cls(arrays["missing"], columns, arrays["thresholds"], arrays["values"], float(arrays["start"][0]))


def features(tunes: Sequence[Tune]) -> Floats:
    """Returns the features of written tunes, [num_tunes, len(NAMES)] float64, NaN where there is none to measure."""
    values = [features_of(Anatomy.of(tune)) for tune in tunes]
    return np.array([[own[name] for name in NAMES] for own in values]).reshape(-1, len(NAMES))


def _digest() -> NDArray[np.uint8]:
    """Returns a digest of the features' names in their order, [32] uint8."""
    return np.frombuffer(hashlib.sha256("\n".join(NAMES).encode()).digest(), np.uint8)
