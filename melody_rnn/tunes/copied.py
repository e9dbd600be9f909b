"""What a tune has in common with the tunes that a model was trained on: the longest run of intervals and durations.

A run is a row of notes whose intervals, and whose durations from one note's beginning to the next one's, a training
tune has too, in any key. The index keeps a hash of 16 bits of each `WINDOW` intervals with their durations, in the
order of the tunes, and no notes. Runs of two windows and more are told: that two neighbouring hashes are equal by
chance comes about once in 2^32 pairs of places.
"""

import json
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.archives import ARCHIVE_ERRORS, pack_arrays, unpack_arrays
from melody_rnn.errors import ModelError
from melody_rnn.tunes.tune import Tune

WINDOW: Final = 6
"""Intervals whose hash is kept together."""
FEWEST_NOTES: Final = WINDOW + 2
"""The shortest run that is told, in notes."""
_MAX_BYTES: Final = 64 * 2**20
_MAX_NAME: Final = 500
_ARRAYS: Final = {"hashes": ("<u2", 1), "num_hashes": ("<u4", 1), "names": ("|u1", 1), "unseen": ("<u2", 1)}
# Of a polynomial hash, and of the mixing of SplitMix64 (Steele et al. 2014, doi:10.1145/2660193.2660195).
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
_MIXES: Final = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))


class TuneName(NamedTuple):
    """What a training tune is called.

    Attributes:
        id: In the dataset, such as 'book/file.abc:12.0'.
        title: Its title, or an empty text.
    """

    id: str
    title: str = ""


class SharedRun(NamedTuple):
    """A run of notes that a training tune has too.

    Attributes:
        num_notes: How many notes it has, at least `FEWEST_NOTES`.
        start: The step of its first note.
        end: The step after the beginning of its last note.
        name: The training tune's; of several the first one's.
    """

    num_notes: int
    start: int
    end: int
    name: TuneName


class TrainingIndex:
    """An index of training tunes, and what tunes share with them that the model has not seen either."""

    def __init__(
        self,
        hashes: NDArray[np.uint16],
        num_hashes: NDArray[np.uint32],
        names: Sequence[TuneName],
        unseen: NDArray[np.uint16],
    ) -> None:
        """Takes what `of` has computed.

        Args:
            hashes: [num_windows] of all training tunes, one after the other.
            num_hashes: [num_tunes] how many of them each has.
            names: Of each training tune.
            unseen: [num_unseen] notes of the longest shared run of each unseen tune, ascending, 0 where none is told.
        """
        self._hashes = hashes
        self._num_hashes = num_hashes
        self._names = names
        self.unseen = unseen

    @classmethod
    def of(cls, tunes: Sequence[Tune], names: Sequence[TuneName], unseen: Sequence[Tune] = ()) -> "TrainingIndex":
        """Makes the index of tunes.

        Args:
            tunes: Those that a model is trained on, as they are written.
            names: One for each.
            unseen: Tunes that it is not trained on, to compare with.
        """
        hashes = [_window_hashes(tune.written())[0] for tune in tunes]
        joined = np.concatenate([np.zeros(0, np.uint16), *hashes])
        counts = np.array([len(own) for own in hashes], np.uint32)
        names = [TuneName(name.id[:_MAX_NAME], name.title[:_MAX_NAME]) for name in names]
        index = cls(joined, counts, names, np.zeros(0, np.uint16))
        index.unseen = np.sort(index.run_lengths(unseen)).astype(np.uint16)
        return index

    def __len__(self) -> int:
        return len(self._num_hashes)

    @property
    def num_windows(self) -> int:
        """How many windows all training tunes have together."""
        return len(self._hashes)

    def longest(self, tune: Tune) -> SharedRun | None:
        """Returns the longest run that a tune, as it is played, shares with a training tune; of equals the first.

        Returns:
            None where the longest has fewer than `FEWEST_NOTES` notes.
        """
        played = tune.played()
        own, onsets = _window_hashes(played)
        hashes, order = self._sorted
        firsts, ends = np.searchsorted(hashes, own, "left"), np.searchsorted(hashes, own, "right")
        counts = ends - firsts
        places = np.repeat(np.arange(len(own)), counts)
        within = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
        positions = self._positions[order[np.repeat(firsts, counts) + within]]
        # Runs lie on diagonals; those of different tunes are parted by a position that none has.
        by_diagonal = np.lexsort((places, positions - places))
        places, positions = places[by_diagonal], positions[by_diagonal]
        is_first = np.ones(len(places), bool)
        is_first[1:] = (np.diff(places) != 1) | (np.diff(positions) != 1)
        starts = np.flatnonzero(is_first)
        lengths = np.diff(np.append(starts, len(places)))
        if not len(lengths) or lengths.max() < 2:
            return None
        longest = starts[lengths == lengths.max()]
        best = longest[np.lexsort((positions[longest], places[longest]))[0]]
        num_notes, first = int(lengths.max()) + WINDOW, int(places[best])
        number = int(np.searchsorted(self._bounds, positions[best], "right")) - 1
        return SharedRun(num_notes, int(onsets[first]), int(onsets[first + num_notes - 1]) + 1, self._names[number])

    def run_lengths(self, tunes: Iterable[Tune]) -> NDArray[np.int64]:
        """Returns the notes of the longest shared run of each tune, 0 where none is told, [num_tunes]."""
        return np.array([run.num_notes if run else 0 for run in map(self.longest, tunes)], np.int64)

    def share_of_unseen(self, num_notes: int) -> float | None:
        """Returns the share of unseen tunes that share a run of so many notes or more; None where there are none."""
        if not len(self.unseen):
            return None
        return float((self.unseen >= num_notes).mean())

    def quantiles_of_unseen(self, *shares: float) -> list[int]:
        """Returns how many notes the longest shared run of such shares of the unseen tunes has at most."""
        return [int(value) for value in np.quantile(self.unseen, shares, method="inverted_cdf")]

    def to_bytes(self) -> bytes:
        """Returns the index as a NumPy archive, the same for the same index; `from_bytes` is the inverse."""
        names = json.dumps(self._names, ensure_ascii=False, separators=(",", ":")).encode()
        arrays: tuple[NDArray[Any], ...] = (self._hashes, self._num_hashes, np.frombuffer(names, np.uint8), self.unseen)
        kinds = zip(_ARRAYS.items(), arrays, strict=True)
        return pack_arrays({name: array.astype(dtype) for (name, (dtype, _)), array in kinds})

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrainingIndex":
        """Reads what `to_bytes` wrote.

        Raises:
            ModelError: If it is damaged; the message does not name the file.
        """
        try:
            arrays = unpack_arrays(data, _ARRAYS, _MAX_BYTES)
            names = [TuneName(*row) for row in json.loads(arrays["names"].tobytes().decode())]
            hashes, counts = arrays["hashes"], arrays["num_hashes"]
            if len(names) != len(counts) or counts.sum(dtype=np.int64) != len(hashes):
                raise ValueError("its numbers of tunes differ")
            if not all(isinstance(text, str) for name in names for text in name):
                raise ValueError("it has a name that is none")
        except (*ARCHIVE_ERRORS, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"the index of the training tunes is damaged ({error}); copy the model anew") from error
        return cls(hashes, counts, names, arrays["unseen"])

    @cached_property
    def _bounds(self) -> NDArray[np.int64]:
        """The position of each tune's first window."""
        counts = self._num_hashes.astype(np.int64)
        return np.cumsum(counts) - counts + np.arange(len(counts))

    @cached_property
    def _positions(self) -> NDArray[np.int64]:
        """The position of each window, one more than its number for each tune before."""
        return np.arange(len(self._hashes)) + np.repeat(np.arange(len(self)), self._num_hashes)

    @cached_property
    def _sorted(self) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
        """The hashes in ascending order, and which each is."""
        order = np.argsort(self._hashes, kind="stable")
        return self._hashes[order], order


def _window_hashes(tune: Tune) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """Returns the hash of each window of a tune, and the steps at which its notes begin, as `tune` has them."""
    events = np.array(tune.events, np.int64)
    onsets = np.flatnonzero(events >= 0)
    signs = (np.diff(events[onsets]) + 128 << 32) + np.diff(onsets)
    if len(signs) < WINDOW:
        return np.zeros(0, np.uint16), onsets
    windows = np.lib.stride_tricks.sliding_window_view(signs.astype(np.uint64), WINDOW)
    mixed = np.zeros(len(windows), np.uint64)
    for column in windows.T:
        mixed = mixed * _FACTOR + column
        for shift, factor in _MIXES:
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return (mixed >> np.uint64(48)).astype(np.uint16), onsets
