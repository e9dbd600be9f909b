"""Traces: what a model makes of finished melodies, step by step.

A melody is replayed in one forward pass (teacher forcing), so the compiled loop carries nothing along; the loop around
a step file, which goes through each melody anyway, keeps what the model says on the way. Everything is about events:
an event is as probable as all labels that stand for it together, though one of them was drawn.
"""

import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.config import EncodingConfig
from melody_rnn.errors import OutputError
from melody_rnn.events import NO_EVENT, NUM_EVENTS, event_index, index_event
from melody_rnn.files import write_whole
from melody_rnn.music.transposition import transpose
from melody_rnn.sampling.softmax import entropy_of, log_softmax, sum_labels
from melody_rnn.tunes.cues import cues_of_all
from melody_rnn.tunes.outline import Outline

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
        event_probabilities: [steps, 130] float32, of every event -2..127, by `melody_rnn.events.event_index`.
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
        return [(index_event(int(index)), float(row[index])) for index in order if row[index] > 0]


class Replay(NamedTuple):
    """What a network says of melodies whose every event is given (teacher forcing).

    Attributes:
        logits: [batch, steps - 1, num_classes] float32, before each event after the first.
        labels: [batch, steps - 1] int32, the labels of those events.
        label_events: [batch, steps, num_classes] int32, the event that each label stands for at every step.
    """

    logits: NDArray[np.float32]
    labels: NDArray[np.int32]
    label_events: NDArray[np.int32]


class Replayer(ABC):
    """Replays melodies through a model."""

    def __init__(self, config: EncodingConfig) -> None:
        """Makes the replayer of a model with this encoding."""
        self._config = config

    def __call__(self, melodies: Sequence[Sequence[int]], outlines: Sequence[Outline]) -> Iterator[tuple[int, Replay]]:
        """Yields the place of each melody and its own replay, without the axis of the batch, by length.

        Args:
            melodies: Each melody's events, in the model's range, at least one.
            outlines: What is known of each beforehand.
        """
        for rows in _batches(melodies):
            events = pad_events([melodies[row] for row in rows])
            own = [outlines[row] for row in rows]
            bars = np.array([outline.steps_per_bar for outline in own], np.int32)
            batch = self._replay(events, bars, cues_of_all(own, events.shape[1] + 1, self._config))
            for place, row in enumerate(rows):
                logits, labels, label_events = (part[place] for part in batch)
                length = len(melodies[row])
                yield row, Replay(logits[: length - 1], labels[: length - 1], label_events[:length])

    @abstractmethod
    def _replay(self, events: NDArray[np.int32], steps_per_bar: NDArray[np.int32], cues: NDArray[np.int32]) -> Replay:
        """Replays melodies [batch, steps] with `steps_per_bar` [batch] and cues [batch, steps + 1, num_cues]."""


def trace_melodies(replayer: Replayer, melodies: Sequence[Sequence[int]], outlines: Sequence[Outline]) -> list[Trace]:
    """Returns the trace of each melody; the arguments are those of a `Replayer`."""
    traces = {
        row: trace_of(np.asarray(melodies[row], np.int32), replay.logits, replay.label_events)
        for row, replay in replayer(melodies, outlines)
    }
    return [traces[row] for row in range(len(melodies))]


def trace_of(events: NDArray[np.int32], logits: NDArray[np.float32], label_events: NDArray[np.int32]) -> Trace:
    """Returns a melody's trace.

    Args:
        events: [steps] int32, as the model knows them.
        logits: [steps - 1, num_classes] float32, before each event after the first.
        label_events: [steps, num_classes] int32, the event that each label stands for.
    """
    by_event = sum_labels(log_softmax(logits), label_events[1:])
    own = by_event[np.arange(len(by_event)), event_index(events[1:])]
    ranks = 1 + (by_event > own[:, np.newaxis]).sum(axis=1)
    return Trace(
        events=events,
        log_likelihoods=_after_given(1, np.log(own)),
        entropies=_after_given(1, entropy_of(by_event)),
        ranks=np.concatenate([[0], ranks]).astype(np.int32),
        event_probabilities=_after_given(1, by_event),
        logits=_after_given(1, logits),
        label_events=label_events,
    )


def pad_events(melodies: Sequence[Sequence[int]]) -> NDArray[np.int32]:
    """Returns melodies in one array, [num_melodies, steps] int32, at least two steps, 'no event' after their ends."""
    padded = np.full((len(melodies), max(2, *map(len, melodies))), NO_EVENT, np.int32)
    for row, events in zip(padded, melodies, strict=True):
        row[: len(events)] = events
    return padded


def move_trace(trace: Trace, events: NDArray[np.int32], amount: int) -> Trace:
    """Returns a trace with all its events transposed by `amount` semitones.

    Args:
        trace: Of the transposed and folded melody.
        events: [steps] int32, the melody as it was.
        amount: Semitones up.
    """
    places = event_index(transpose([index_event(index) for index in range(NUM_EVENTS)], amount))
    moved = np.zeros_like(trace.event_probabilities)
    for index, place in enumerate(places):
        moved[:, place] += trace.event_probabilities[:, index]
    label_events = transpose(trace.label_events, amount)
    return replace(trace, events=events, event_probabilities=moved, label_events=label_events)


def with_draws(trace: Trace, labels: NDArray[np.int32], logits: NDArray[np.float32]) -> Trace:
    """Returns a trace that says how its last events were sampled.

    Args:
        trace: The trace.
        labels: [new_steps] int32, what was drawn.
        logits: [new_steps, num_classes] float32, what it was drawn from.
    """
    num_given = len(trace.events) - len(labels)
    by_event = sum_labels(log_softmax(logits), trace.label_events[num_given:])
    own = by_event[np.arange(len(labels)), event_index(trace.events[num_given:])]
    draws = Draws(
        np.concatenate([np.full(num_given, -1, np.int32), labels]),
        _after_given(num_given, logits),
        _after_given(num_given, own),
        _after_given(num_given, entropy_of(by_event)),
    )
    return replace(trace, draws=draws)


def save_traces(path: Path, traces: Sequence[Trace]) -> None:
    """Writes traces of melodies as a NumPy archive, which `numpy.load` reads without pickle.

    Its arrays are the fields of `Trace`, each with an axis of melodies before its own; those of `Draws` follow as
    `drawn_labels`, `drawn_logits`, `drawn_probabilities` and `drawn_entropies`, if there are any. `num_steps` has the
    length of each melody: shorter ones are filled up with NaN and -1.

    Raises:
        OutputError: If the file is there already, or cannot be written.
    """
    names = [field.name for field in fields(Trace) if field.name != "draws"] + ["probabilities"]
    arrays = {name: _stacked([getattr(trace, name) for trace in traces]) for name in names}
    arrays["num_steps"] = np.array([len(trace.events) for trace in traces])
    if all(trace.draws for trace in traces):
        for field in fields(Draws):
            arrays[f"drawn_{field.name}"] = _stacked([getattr(trace.draws, field.name) for trace in traces])
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    if path.exists():
        raise OutputError(f"{path} exists already; name a new file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, packed.getvalue())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error


def _stacked(rows: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Returns arrays [steps, ...] as one, the shorter ones filled up."""
    filler = np.nan if rows[0].dtype.kind == "f" else -1
    padded = np.full((len(rows), max(map(len, rows)), *rows[0].shape[1:]), filler, rows[0].dtype)
    for place, row in zip(padded, rows, strict=True):
        place[: len(row)] = row
    return padded


def _batches(melodies: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yields the places of melodies in batches of like lengths."""
    by_length = sorted(range(len(melodies)), key=lambda row: len(melodies[row]))
    for first in range(0, len(by_length), _BATCH_SIZE):
        yield by_length[first : first + _BATCH_SIZE]


def _after_given(num_given: int, rows: NDArray[Any]) -> NDArray[np.float32]:
    """Returns figures of later events with NaN for the given ones before them."""
    return np.concatenate([np.full((num_given, *rows.shape[1:]), np.nan), rows]).astype(np.float32)
