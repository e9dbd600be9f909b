"""Calibration: whether events come as often as the model says, and the temperature that makes it so.

All of it is about events: one is as probable as all labels that stand for it together.

Source: Guo et al. 2017, arXiv:1706.04599: temperature scaling (section 4.2), expected calibration error and reliability
diagrams (section 2).
"""

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.data.dataset import StoredMelody
from melody_rnn.errors import InvalidArgumentError, OutputError
from melody_rnn.events import event_index
from melody_rnn.files import write_whole
from melody_rnn.model import MelodyRNN
from melody_rnn.sampling.softmax import event_log_likelihoods, log_softmax, sum_labels, temper

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NUM_BINS: Final = 15
_SEARCHED: Final = (0.05, 20.0)
_ROWS_AT_ONCE: Final = 65536


@dataclass(frozen=True)
class Bin:
    """The events whose likeliest candidate has a probability in one of `NUM_BINS` equal intervals.

    Attributes:
        num_events: How many.
        confidence: Mean probability of the likeliest event; 0 for an empty bin.
        accuracy: How often it was the one that came; 0 for an empty bin.
    """

    num_events: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Reliability:
    """How far a model's probabilities can be trusted at one temperature.

    Attributes:
        temperature: It.
        nats_per_event: Mean negative log-likelihood of the events.
        calibration_error: Expected calibration error, from 0 to 1: the mean of |accuracy - confidence| over bins,
            each weighted by its events.
        bins: From the least confident to the most.
    """

    temperature: float
    nats_per_event: float
    calibration_error: float
    bins: list[Bin]


@dataclass(frozen=True)
class Calibration:
    """A model's calibration.

    Attributes:
        temperature: The one that makes the validation split likeliest.
        before: On the evaluated split, at temperature 1.
        after: The same at `temperature`.
    """

    temperature: float
    before: Reliability
    after: Reliability


@dataclass(frozen=True)
class Predictions:
    """What a model says before each of some events.

    Attributes:
        logits: [num_events, num_classes] float32, of the labels.
        label_events: [num_events, num_classes] int32, the event that each label stands for.
        events: [num_events] int32, what came.
    """

    logits: NDArray[np.float32]
    label_events: NDArray[np.int32]
    events: NDArray[np.int32]


def calibrate(model: MelodyRNN, validation: Sequence[StoredMelody], evaluated: Sequence[StoredMelody]) -> Calibration:
    """Fits a temperature on one split, and says what it does to another.

    Args:
        model: The model.
        validation: Melodies in the model's range and key, that it was not trained on.
        evaluated: The same of the split that is evaluated.

    Raises:
        InvalidArgumentError: If there is nothing to fit on.
    """
    if not validation:
        raise InvalidArgumentError("the dataset has no melody in its validation split, on which the temperature is fit")
    temperature = fit_temperature(predict(model, validation))
    predictions = predict(model, evaluated)
    return Calibration(temperature, reliability(predictions, 1.0), reliability(predictions, temperature))


def predict(model: MelodyRNN, melodies: Sequence[StoredMelody]) -> Predictions:
    """Returns what a model says before each event after the first of melodies in its range and key."""
    traces = model.trace([melody.tune for melody in melodies], transpose=0)
    return Predictions(
        np.concatenate([trace.logits[1:] for trace in traces]),
        np.concatenate([trace.label_events[1:] for trace in traces]),
        np.concatenate([trace.events[1:] for trace in traces]),
    )


def fit_temperature(predictions: Predictions) -> float:
    """Returns the temperature at which the events are likeliest, between 0.05 and 20."""
    from scipy.optimize import minimize_scalar

    low, high = _SEARCHED
    found = minimize_scalar(
        lambda log_temperature: nats_per_event(predictions, math.exp(log_temperature)),
        bounds=(math.log(low), math.log(high)),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return math.exp(found.x)


def nats_per_event(predictions: Predictions, temperature: float) -> float:
    """Returns the mean negative log-likelihood of the events at a temperature."""
    total = 0.0
    for part in _parts(predictions):
        log_probabilities = log_softmax(temper(part.logits, temperature))
        log_likelihoods = event_log_likelihoods(log_probabilities, part.label_events, part.events)
        total -= float(log_likelihoods.sum(dtype=np.float64))
    return total / len(predictions.events)


def reliability(predictions: Predictions, temperature: float) -> Reliability:
    """Returns how far probabilities can be trusted at a temperature."""
    confidences, is_right = [], []
    for part in _parts(predictions):
        log_probabilities = log_softmax(temper(part.logits, temperature))
        by_event = sum_labels(log_probabilities, part.label_events)
        confidences.append(by_event.max(axis=1))
        is_right.append(by_event.argmax(axis=1) == event_index(part.events))
    bins = make_bins(np.concatenate(confidences), np.concatenate(is_right))
    gaps = sum(part.num_events * abs(part.accuracy - part.confidence) for part in bins)
    error = gaps / len(predictions.events)
    return Reliability(temperature, nats_per_event(predictions, temperature), error, bins)


def make_bins(confidences: NDArray[np.float64], is_right: NDArray[np.bool_]) -> list[Bin]:
    """Sorts predictions by their confidence into `NUM_BINS` bins of equal width.

    Args:
        confidences: [num_events], from 0 to 1, the probability of the likeliest event.
        is_right: [num_events], whether that event came.
    """
    places = np.clip(np.ceil(confidences * NUM_BINS) - 1, 0, NUM_BINS - 1).astype(np.int64)
    counts = np.bincount(places, minlength=NUM_BINS)
    confidence = np.bincount(places, confidences, NUM_BINS) / np.maximum(counts, 1)
    accuracy = np.bincount(places, is_right, NUM_BINS) / np.maximum(counts, 1)
    return [Bin(*row) for row in zip(counts.tolist(), confidence.tolist(), accuracy.tolist(), strict=True)]


def write_diagram(path: Path, name: str, calibration: Calibration) -> None:
    """Writes a reliability diagram, before and after, as PNG or SVG by the file's name.

    Raises:
        OutputError: If the file cannot be written.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 5.0), layout="constrained")
    axes = figure.subplots(2, 2, sharex=True, sharey="row", height_ratios=(4, 1))
    for (upper, lower), part in zip(axes.T, (calibration.before, calibration.after), strict=True):
        _draw(upper, lower, part)
    axes[0, 0].set_ylabel("how often it came")
    axes[1, 0].set_ylabel("share of events")
    axes[0, 0].legend(loc="upper left", frameon=False)
    figure.suptitle(name)
    drawn = io.BytesIO()
    figure.savefig(drawn, format=path.suffix[1:].lower(), dpi=150)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, drawn.getvalue())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error


def _draw(upper: "Axes", lower: "Axes", part: Reliability) -> None:
    """Draws accuracy against confidence, and below it how many events there are of each confidence."""
    counts, confidence, accuracy = np.array([(b.num_events, b.confidence, b.accuracy) for b in part.bins]).T
    width, edges = 1 / NUM_BINS, np.arange(NUM_BINS) / NUM_BINS
    upper.bar(edges, accuracy, width, align="edge", color="#4878a8", edgecolor="white", label="came")
    gaps = accuracy - confidence
    upper.bar(edges, gaps, width, confidence, align="edge", color="#d0604080", edgecolor="#d06040", label="gap")
    upper.plot([0, 1], [0, 1], color="black", linestyle="--", linewidth=1, label="perfect")
    upper.set(xlim=(0, 1), ylim=(0, 1))
    error = f"ECE {100 * part.calibration_error:.2f} %"
    upper.set_title(f"T = {part.temperature:.3f}: {part.nats_per_event:.3f} nats/event, {error}")
    lower.bar(edges, counts / counts.sum(), width, align="edge", color="#888888", edgecolor="white")
    lower.set_xlabel("probability of the likeliest event")


def _parts(predictions: Predictions) -> Iterator[Predictions]:
    for first in range(0, len(predictions.events), _ROWS_AT_ONCE):
        rows = slice(first, first + _ROWS_AT_ONCE)
        yield Predictions(predictions.logits[rows], predictions.label_events[rows], predictions.events[rows])
