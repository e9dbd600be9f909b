"""What counting alone achieves: baselines that a trained model must beat."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from melody_rnn.events import MAX_PITCH, NO_EVENT

_NUM_EVENTS = MAX_PITCH - NO_EVENT + 1


def unigram_nats(train: Sequence[NDArray[np.int8]], test: Sequence[NDArray[np.int8]]) -> float:
    """Returns the nats per event of test melodies under the train melodies' event frequencies.

    Every event after a melody's first counts. Frequencies are smoothed by adding one to the count of each event that
    the train melodies have.

    Args:
        train: [num_steps] int8 events of each melody.
        test: The same.
    """
    counts = np.zeros(_NUM_EVENTS)
    for events in train:
        counts += np.bincount(_indices(events), minlength=_NUM_EVENTS)
    log_probabilities = np.log(_smooth(counts, counts > 0))
    return -float(np.concatenate([log_probabilities[_indices(events)[1:]] for events in test]).mean())


def bigram_nats(train: Sequence[NDArray[np.int8]], test: Sequence[NDArray[np.int8]]) -> float:
    """Returns the nats per event of test melodies where the train melodies tell which event follows which.

    Counted and smoothed as `unigram_nats`.
    """
    counts = np.zeros((_NUM_EVENTS, _NUM_EVENTS))
    for events in train:
        indices = _indices(events)
        np.add.at(counts, (indices[:-1], indices[1:]), 1)
    log_probabilities = np.log(_smooth(counts, counts.sum(axis=0) > 0))
    scores = [log_probabilities[_indices(events)[:-1], _indices(events)[1:]] for events in test]
    return -float(np.concatenate(scores).mean())


def _indices(events: NDArray[np.int8]) -> NDArray[np.int64]:
    return events.astype(np.int64) - NO_EVENT


def _smooth(counts: NDArray[np.float64], is_known: NDArray[np.bool_]) -> NDArray[np.float64]:
    # An event that no train melody has cannot be scored by counting; give it the share of one more event.
    added = counts + np.where(is_known, 1.0, 1.0 / _NUM_EVENTS)
    smoothed: NDArray[np.float64] = added / added.sum(axis=-1, keepdims=True)
    return smoothed
