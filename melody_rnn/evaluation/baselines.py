"""What counting alone achieves: distributions of the next event that a trained model must beat."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from melody_rnn.data.dataset import StoredMelody
from melody_rnn.events import NUM_EVENTS, event_index

_START: Final = NUM_EVENTS
Indices = NDArray[np.int64]
Probabilities = NDArray[np.float64]


def event_indices(melody: StoredMelody) -> Indices:
    """Returns the index of each event, [num_steps] int64."""
    return event_index(melody.events.astype(np.int64))


class Baseline(ABC):
    """A next-event distribution from counts of the train split.

    Attributes:
        name: As tables call it.
    """

    name: str

    @abstractmethod
    def probabilities(self, melody: StoredMelody) -> Probabilities:
        """Returns the distribution of each event after a melody's first, [num_steps - 1, NUM_EVENTS] float64."""


class NGram(Baseline):
    """An n-gram with Witten-Bell back-off: the last `order` events, interpolated with ever shorter contexts.

    Source: Witten and Bell 1991, 'The zero-frequency problem', method C. Order 0 is a unigram, 1 a bigram. Below
    order 0 lies the uniform distribution over the events of the train split, with a trace for all others.
    """

    def __init__(self, train: Sequence[StoredMelody], order: int) -> None:
        """Counts every event after a melody's first in its contexts of up to `order` events.

        Args:
            train: The train split.
            order: Longest context, in events.
        """
        self.name = {0: "unigram", 1: "bigram"}.get(order, f"order-{order} n-gram")
        self._order = order
        following = np.concatenate([event_indices(melody)[1:] for melody in train])
        self._base = np.full(NUM_EVENTS, 1e-3)
        self._base[np.unique(following)] = 1.0
        self._base /= self._base.sum()
        self._contexts: list[Indices] = []
        self._counts: list[sparse.csr_array] = []
        for length in range(order + 1):
            codes = np.concatenate([_context_codes(event_indices(melody), length) for melody in train])
            contexts, rows = np.unique(codes, return_inverse=True)
            ones = np.ones(len(rows))
            counts = sparse.csr_array((ones, (rows, following)), shape=(len(contexts), NUM_EVENTS))
            counts.sum_duplicates()
            self._contexts.append(contexts)
            self._counts.append(counts)

    def probabilities(self, melody: StoredMelody) -> Probabilities:
        """See `Baseline.probabilities`."""
        indices = event_indices(melody)
        mixed = np.tile(self._base, (len(indices) - 1, 1))
        for length, (contexts, counts) in enumerate(zip(self._contexts, self._counts, strict=True)):
            codes = _context_codes(indices, length)
            rows = np.minimum(np.searchsorted(contexts, codes), len(contexts) - 1)
            seen = counts[rows].toarray() * (contexts[rows] == codes)[:, np.newaxis]
            total, kinds = seen.sum(axis=1, keepdims=True), (seen > 0).sum(axis=1, keepdims=True)
            mixed = np.where(total > 0, (seen + kinds * mixed) / np.maximum(total + kinds, 1), mixed)
        return mixed


class RepeatBar(Baseline):
    """The event of one bar ago, with the share of the time that it is right in the train split; else a unigram."""

    name = "repeat one bar ago"

    def __init__(self, train: Sequence[StoredMelody]) -> None:
        """Counts how often the train split repeats what was a bar ago."""
        self._unigram = NGram(train, 0)
        pairs = [self._pairs(melody) for melody in train]
        right = sum(int((now == before).sum()) for now, before in pairs)
        self._share = right / max(sum(len(now) for now, _ in pairs), 1)

    def probabilities(self, melody: StoredMelody) -> Probabilities:
        """See `Baseline.probabilities`."""
        mixed, indices = self._unigram.probabilities(melody), event_indices(melody)
        _, before = self._pairs(melody)
        first = len(indices) - len(before) - 1
        mixed[first:] *= 1 - self._share
        mixed[np.arange(first, first + len(before)), before] += self._share
        return mixed

    @staticmethod
    def _pairs(melody: StoredMelody) -> tuple[Indices, Indices]:
        """Returns the events that have one a bar before, and those."""
        indices = event_indices(melody)
        return indices[melody.steps_per_bar :], indices[: -melody.steps_per_bar]


def all_baselines(train: Sequence[StoredMelody]) -> list[Baseline]:
    """Returns the baselines that an evaluation prints."""
    return [NGram(train, 0), NGram(train, 1), RepeatBar(train), NGram(train, 5)]


def _context_codes(indices: Indices, length: int) -> Indices:
    """Returns a number for the `length` events before each event after the first, [num_steps - 1] int64."""
    padded = np.concatenate([np.full(length, _START), indices])
    codes = np.zeros(len(indices) - 1, np.int64)
    for back in range(length, 0, -1):
        codes = codes * (_START + 1) + padded[length + 1 - back : length + len(indices) - back]
    return codes
