"""What a model expected at each step of melodies, at a temperature."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.model import MelodyRNN
from melody_rnn.sampling.softmax import entropy_of, log_softmax, sum_labels, temper
from melody_rnn.tunes.tune import Tune

_BATCH_SIZE: Final = 128


class NextEvents(NamedTuple):
    """Figures of the next-event distributions along melodies, each [num_melodies, num_steps - 1] float64.

    An event is as probable as all labels that stand for it together.

    Attributes:
        entropies: Of each distribution at the temperature, in nats.
        largest: The largest probability of each at the temperature.
        log_likelihoods: Of each event after the first, in nats at temperature 1.
    """

    entropies: NDArray[np.float64]
    largest: NDArray[np.float64]
    log_likelihoods: NDArray[np.float64]


def read_next_events(model: MelodyRNN, melodies: Sequence[Tune], temperature: float) -> NextEvents:
    """Reads melodies, all of one length, with a model at a temperature.

    They must be in the model's range, and are read in the key that they are in.
    """
    starts = range(0, len(melodies), _BATCH_SIZE)
    parts = [_read_batch(model, melodies[i : i + _BATCH_SIZE], temperature) for i in starts]
    return NextEvents(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _read_batch(model: MelodyRNN, melodies: Sequence[Tune], temperature: float) -> NextEvents:
    traces = model.trace(melodies, transpose=0)
    logits = np.concatenate([trace.logits[1:] for trace in traces])
    label_events = np.concatenate([trace.label_events[1:] for trace in traces])
    log_probabilities = log_softmax(temper(logits, temperature))
    probabilities = sum_labels(log_probabilities, label_events)
    own = np.array([trace.log_likelihoods[1:] for trace in traces], np.float64)
    figures = entropy_of(probabilities), probabilities.max(axis=1), own
    return NextEvents(*(figure.reshape(len(melodies), -1) for figure in figures))
