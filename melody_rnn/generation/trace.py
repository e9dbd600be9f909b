"""Traces: what a model makes of finished melodies, step by step.

A melody is replayed in one forward pass (teacher forcing), so the compiled loop carries nothing along. Everything is
about events: an event is as probable as all labels that stand for it together, though one of them was drawn.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.encodings import Encoding
from melody_rnn.errors import OutputError
from melody_rnn.events import NO_EVENT, NUM_EVENTS
from melody_rnn.files import write_whole
from melody_rnn.music.melodies import transpose_events
from melody_rnn.network.network import MelodyNetwork
from melody_rnn.sampling.temperature import log_softmax

_BATCH_SIZE: Final = 32


@dataclass(frozen=True)
class Draws:
    """How the sampler chose a melody's events, under its own distribution: constraints, temperature and all the rest.

    What was given and not sampled has NaN, and -1 as its label.

    Attributes:
        labels: [steps] int32, the labels that were drawn.
        logits: [steps, num_classes] float32, what they were drawn from.
        probabilities: [steps] float32, of each event.
        entropies: [steps] float32, of the distribution over events, in nats.
    """

    labels: NDArray[np.int32]
    logits: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    entropies: NDArray[np.float32]


@dataclass(frozen=True)
class Trace:
    """One melody's trace at temperature 1; row t is about event t, given all before it.

    The first event is given, not predicted: its figures are NaN, its rank 0.

    Attributes:
        events: [steps] int32, the melody.
        log_likelihoods: [steps] float32, of each event, in nats.
        entropies: [steps] float32, of the distribution over events, in nats.
        ranks: [steps] int32, the event's place among all: 1 for the likeliest.
        event_probabilities: [steps, 130] float32, of every event -2..127, at index event + 2.
        logits: [steps, num_classes] float32, of the labels.
        label_events: [steps, num_classes] int32, the event that each label stands for.
        draws: How the events were sampled, if that is known.
    """

    events: NDArray[np.int32]
    log_likelihoods: NDArray[np.float32]
    entropies: NDArray[np.float32]
    ranks: NDArray[np.int32]
    event_probabilities: NDArray[np.float32]
    logits: NDArray[np.float32]
    label_events: NDArray[np.int32]
    draws: Draws | None = None

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """The probability of each event, [steps] float32."""
        return np.exp(self.log_likelihoods)

    @property
    def nats_per_event(self) -> float:
        """Minus the mean log-likelihood of the events after the first; NaN for a melody of one event."""
        return -float(self.log_likelihoods[1:].mean(dtype=np.float64)) if len(self.events) > 1 else float("nan")

    def likeliest(self, step: int, count: int) -> list[tuple[int, float]]:
        """Returns the `count` likeliest events of a step with their probabilities; none for the first step."""
        if not step:
            return []
        row = self.event_probabilities[step]
        order = np.argsort(-row, kind="stable")[:count]
        return [(int(index) + NO_EVENT, float(row[index])) for index in order if row[index] > 0]


class Tracer:
    """Replays melodies through an encoding and a network."""

    def __init__(self, encoding: Encoding, network: MelodyNetwork) -> None:
        """Makes the tracer."""
        self._encoding = encoding
        self._network = network
        melodies = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)]
        self._run = tf.function(self._replay, input_signature=melodies, autograph=False)

    def __call__(self, melodies: Sequence[Sequence[int]], steps_per_bar: Sequence[int]) -> list[Trace]:
        """Returns the trace of each melody.

        Args:
            melodies: Each melody's events, in the model's range, at least one.
            steps_per_bar: Steps in a bar of each.
        """
        traces = {}
        for rows in _batches(melodies):
            events = pad_events([melodies[row] for row in rows])
            logits, label_events = self._run(tf.constant(events), tf.constant([steps_per_bar[row] for row in rows]))
            for row, row_logits, row_label_events in zip(rows, logits.numpy(), label_events.numpy(), strict=True):
                length = len(melodies[row])
                own = np.asarray(melodies[row], np.int32)
                traces[row] = _trace(own, row_logits[: length - 1], row_label_events[:length])
        return [traces[row] for row in range(len(melodies))]

    def _replay(self, events: tf.Tensor, steps_per_bar: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        encoded = self._encoding.encode(events, steps_per_bar)
        return self._network(encoded.inputs[:, :-1]), encoded.label_events


def pad_events(melodies: Sequence[Sequence[int]]) -> NDArray[np.int32]:
    """Returns melodies in one array, [num_melodies, steps] int32, at least two steps, 'no event' after their ends."""
    padded = np.full((len(melodies), max(2, *map(len, melodies))), NO_EVENT, np.int32)
    for row, events in zip(padded, melodies, strict=True):
        row[: len(events)] = events
    return padded


def sum_labels(log_probabilities: NDArray[np.float32], label_events: NDArray[np.int32]) -> NDArray[np.float64]:
    """Returns the probability of every event, at index event + 2, [rows, 130] float64.

    Args:
        log_probabilities: [rows, num_classes] float32, of the labels.
        label_events: [rows, num_classes] int32, the event that each label stands for.
    """
    num_rows = len(log_probabilities)
    places = np.arange(num_rows)[:, np.newaxis] * NUM_EVENTS + label_events - NO_EVENT
    # In float64 even what float32 rounds to 0 has a logarithm.
    probabilities = np.exp(log_probabilities, dtype=np.float64)
    sums = np.zeros(num_rows * NUM_EVENTS)
    np.add.at(sums, places.ravel(), probabilities.ravel())
    return sums.reshape(num_rows, NUM_EVENTS)


def move_trace(trace: Trace, events: NDArray[np.int32], amount: int) -> Trace:
    """Returns a trace with all its events transposed by `amount` semitones.

    Args:
        trace: Of the transposed and folded melody.
        events: [steps] int32, the melody as it was.
        amount: Semitones up.
    """
    places = transpose_events(np.arange(NUM_EVENTS, dtype=np.int32) + NO_EVENT, amount)
    moved = np.zeros_like(trace.event_probabilities)
    for index, event in enumerate(places):
        moved[:, event - NO_EVENT] += trace.event_probabilities[:, index]
    label_events = transpose_events(trace.label_events, amount)
    return replace(trace, events=events, event_probabilities=moved, label_events=label_events)


def with_draws(trace: Trace, labels: NDArray[np.int32], logits: NDArray[np.float32]) -> Trace:
    """Returns a trace that says how its last events were sampled.

    Args:
        trace: The trace.
        labels: [new_steps] int32, what was drawn.
        logits: [new_steps, num_classes] float32, what it was drawn from.
    """
    num_given = len(trace.events) - len(labels)
    by_event = sum_labels(log_softmax(logits).numpy(), trace.label_events[num_given:])
    own = by_event[np.arange(len(labels)), trace.events[num_given:] - NO_EVENT]
    draws = Draws(
        np.concatenate([np.full(num_given, -1, np.int32), labels]),
        _after_given(num_given, logits),
        _after_given(num_given, own),
        _after_given(num_given, _entropies(by_event)),
    )
    return replace(trace, draws=draws)


def save_traces(path: Path, traces: Sequence[Trace]) -> None:
    """Writes traces of equally long melodies as a NumPy archive, which `numpy.load` reads without pickle.

    Its arrays are the fields of `Trace`, each with an axis of melodies before its own; those of `Draws` follow as
    `drawn_labels`, `drawn_logits`, `drawn_probabilities` and `drawn_entropies`, if there are any.

    Raises:
        OutputError: If the file is there already, or cannot be written.
    """
    names = [field.name for field in fields(Trace) if field.name != "draws"] + ["probabilities"]
    arrays = {name: np.stack([getattr(trace, name) for trace in traces]) for name in names}
    if all(trace.draws for trace in traces):
        for field in fields(Draws):
            arrays[f"drawn_{field.name}"] = np.stack([getattr(trace.draws, field.name) for trace in traces])
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    if path.exists():
        raise OutputError(f"{path} exists already; name a new file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, packed.getvalue())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error


def _batches(melodies: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yields the places of melodies in batches of like lengths."""
    by_length = sorted(range(len(melodies)), key=lambda row: len(melodies[row]))
    for first in range(0, len(by_length), _BATCH_SIZE):
        yield by_length[first : first + _BATCH_SIZE]


def _trace(events: NDArray[np.int32], logits: NDArray[np.float32], label_events: NDArray[np.int32]) -> Trace:
    """Makes a trace from the logits [steps - 1, num_classes] before each event after the first."""
    by_event = sum_labels(log_softmax(logits).numpy(), label_events[1:])
    own = by_event[np.arange(len(by_event)), events[1:] - NO_EVENT]
    ranks = 1 + (by_event > own[:, np.newaxis]).sum(axis=1)
    return Trace(
        events=events,
        log_likelihoods=_after_given(1, np.log(own)),
        entropies=_after_given(1, _entropies(by_event)),
        ranks=np.concatenate([[0], ranks]).astype(np.int32),
        event_probabilities=_after_given(1, by_event),
        logits=_after_given(1, logits),
        label_events=label_events,
    )


def _entropies(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the entropy of distributions [rows, num_events] in nats, [rows]."""
    entropies: NDArray[np.float64] = -(probabilities * np.log(np.where(probabilities > 0, probabilities, 1.0))).sum(
        axis=1
    )
    return entropies


def _after_given(num_given: int, rows: NDArray[Any]) -> NDArray[np.float32]:
    """Returns figures of later events with NaN for the given ones before them."""
    return np.concatenate([np.full((num_given, *rows.shape[1:]), np.nan), rows]).astype(np.float32)
