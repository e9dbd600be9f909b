"""How well a model predicts melodies that it has not seen, beside what counting achieves."""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from melody_rnn.baselines import Baseline, Probabilities, all_baselines, event_indices
from melody_rnn.calibration import Calibration, calibrate
from melody_rnn.data.dataset import Dataset, StoredMelody
from melody_rnn.data.splits import Split, shingles
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.generation.trace import Replayer
from melody_rnn.model import MelodyRNN
from melody_rnn.music.meters import COMMON_TIME
from melody_rnn.sampling.temperature import log_softmax, sum_labels
from melody_rnn.training.batches import outlined, squash_all
from melody_rnn.tunes.outline import Known

_NUM_RESAMPLES: Final = 2000
_FIRST_NOTE: Final = 2
# Probabilities of float32 networks can round to 0, whose logarithm says nothing.
_TINY: Final = 1e-30


@dataclass(frozen=True)
class Scores:
    """A predictor's figures over every event after the first of each melody.

    Attributes:
        name: The model or baseline.
        nats_per_event: Mean of minus the log-probability of the events, at temperature 1, without dropout. An event is
            as probable as all labels that stand for it together.
        low: Lower end of its 95 % bootstrap interval, melodies resampled.
        high: Upper end.
        label_nats_per_event: The same of the labels that the encoding gives the events, as Magenta counts; None for
            baselines, and for encodings that sum their labels.
        perplexity: exp(nats_per_event).
        bits_per_note: All nats over the number of notes, in bits.
        accuracy: How often the likeliest event is the one that comes.
        event_accuracy: The same where the event is a note on or note off.
        no_event_accuracy: The same where it is 'no event'.
        onset_nats: Nats an event for which kind it is: note on, note off or 'no event'.
        pitch_nats: Nats a note for its pitch, given that a note begins.
    """

    name: str
    nats_per_event: float
    low: float
    high: float
    label_nats_per_event: float | None
    perplexity: float
    bits_per_note: float
    accuracy: float
    event_accuracy: float
    no_event_accuracy: float
    onset_nats: float
    pitch_nats: float


@dataclass(frozen=True)
class Copied:
    """How much of melodies is found in the train split, as shares of their runs of twelve intervals.

    Attributes:
        generated: Of generated melodies.
        real: Of the evaluated split's melodies.
        num_generated: How many were generated.
    """

    generated: float
    real: float
    num_generated: int


@dataclass(frozen=True)
class Evaluation:
    """An evaluation.

    Attributes:
        split: Which split.
        num_melodies: Melodies in it.
        num_events: Events that were scored.
        digest: Of the dataset.
        scores: The model's figures, then the baselines'.
        copied: If it was asked for.
        calibration: If it was asked for.
    """

    split: Split
    num_melodies: int
    num_events: int
    digest: str
    scores: list[Scores]
    copied: Copied | None = None
    calibration: Calibration | None = None

    def to_data(self) -> dict[str, object]:
        """Returns the evaluation as JSON data."""
        return dataclasses.asdict(self)


def evaluate(
    model: MelodyRNN,
    name: str,
    dataset: Dataset,
    split: Split = "test",
    num_copied: int = 0,
    seed: int = 0,
    is_calibrated: bool = False,
    known: Known = "form",
) -> Evaluation:
    """Scores a model and the baselines on a split.

    Args:
        model: The model.
        name: What to call it.
        dataset: Melodies; each is squashed into the model's range and key. The train split trains the baselines.
        split: Which split is scored.
        num_copied: How many melodies to generate to see how much the model copies; 0 for none.
        seed: Of those melodies, and of the bootstrap.
        is_calibrated: Whether to fit a temperature on the validation split too, and say what it does.
        known: How much of each melody's outline the model is told, where it can read it.

    Raises:
        InvalidArgumentError: If a split is empty, or the dataset's steps have another length than the model's.
    """
    if dataset.steps_per_quarter != model.config.steps_per_quarter:
        raise InvalidArgumentError(
            f"the dataset has {dataset.steps_per_quarter} steps a quarter note and the model "
            f"{model.config.steps_per_quarter}; build a dataset of that many"
        )
    melodies, train, validation = (
        [melody for melody in squash_all(model.config, dataset.split(part)) if len(melody.events) > 1]
        for part in (split, "train", "validation")
    )
    if not melodies or not train:
        raise InvalidArgumentError(f"the dataset has no melody in its {'train' if melodies else split} split")
    ordered = sorted(melodies, key=lambda melody: (len(melody.events), melody.id))
    probabilities, label_nats = _model_probabilities(model, ordered, known)
    scores = [_scores(name, ordered, probabilities, label_nats, seed)]
    scores += [_baseline_scores(baseline, ordered, seed) for baseline in all_baselines(train)]
    copied = measure_copied(model, train, ordered, num_copied, seed) if num_copied else None
    calibration = calibrate(model, validation, ordered) if is_calibrated else None
    num_events = sum(len(melody.events) - 1 for melody in ordered)
    return Evaluation(split, len(ordered), num_events, dataset.digest, scores, copied, calibration)


def measure_copied(
    model: MelodyRNN, train: Sequence[StoredMelody], real: Sequence[StoredMelody], num_generated: int, seed: int
) -> Copied:
    """Measures how much a model copies out of its train split, beside how much real tunes share with it."""
    generated = model.generate(num_generated, num_steps=256, seed=seed)
    events = [np.array(squashed.events) for squashed in squash_all(model.config, _as_stored(generated))]
    # Shingles are numbered over all melodies of a call, so that all must be in one.
    every = shingles([melody.events for melody in train] + events + [melody.events for melody in real])
    known = np.unique(np.concatenate(every[: len(train)]))
    parts = every[len(train) : len(train) + len(events)], every[len(train) + len(events) :]
    shares = [float(np.isin(np.concatenate(part), known).mean()) for part in parts]
    return Copied(shares[0], shares[1], num_generated)


def _as_stored(melodies: Sequence[object]) -> list[StoredMelody]:
    rows = [np.array(list(melody), np.int8) for melody in melodies]  # type: ignore[call-overload]
    return [StoredMelody(str(number), events, COMMON_TIME, "test") for number, events in enumerate(rows)]


def _model_probabilities(
    model: MelodyRNN, melodies: Sequence[StoredMelody], known: Known
) -> tuple[list[Probabilities], NDArray[np.float64] | None]:
    """Returns each melody's event distributions, and the mean nats of its labels if they are what was trained."""
    encoding = make_encoding(model.config.encoding)
    replayer = Replayer(encoding, model.network)
    probabilities: dict[int, Probabilities] = {}
    label_nats: dict[int, NDArray[np.float32]] = {}
    events = [melody.events.tolist() for melody in melodies]
    outlines = [outline for _, outline in outlined(encoding, melodies, known)]
    for row, replay in replayer(events, outlines):
        log_probabilities = log_softmax(replay.logits).numpy()
        probabilities[row] = sum_labels(log_probabilities, replay.label_events[1:])
        label_nats[row] = -np.take_along_axis(log_probabilities, replay.labels[:, np.newaxis], axis=1)[:, 0]
    places = range(len(melodies))
    nats = None if encoding.sums_labels else np.concatenate([label_nats[row] for row in places]).astype(np.float64)
    return [probabilities[row] for row in places], nats


def _baseline_scores(baseline: Baseline, melodies: Sequence[StoredMelody], seed: int) -> Scores:
    return _scores(baseline.name, melodies, [baseline.probabilities(melody) for melody in melodies], None, seed)


def _scores(
    name: str,
    melodies: Sequence[StoredMelody],
    probabilities: Sequence[Probabilities],
    label_nats: NDArray[np.float64] | None,
    seed: int,
) -> Scores:
    truth = [event_indices(melody)[1:] for melody in melodies]
    rows = [_melody_nats(p, t) for p, t in zip(probabilities, truth, strict=True)]
    nats = np.array([row[0].sum() for row in rows])
    num_events = np.array([len(t) for t in truth])
    events, total = np.concatenate(truth), float(nats.sum())
    is_right = np.concatenate([p.argmax(axis=1) for p in probabilities]) == events
    is_note, no_event = events >= _FIRST_NOTE, events == 0
    onset = sum(float(row[1].sum()) for row in rows)
    low, high = _interval(nats, num_events, seed)
    nats_per_event = total / len(events)
    return Scores(
        name=name,
        nats_per_event=nats_per_event,
        low=low,
        high=high,
        label_nats_per_event=None if label_nats is None else float(label_nats.mean()),
        perplexity=math.exp(nats_per_event),
        bits_per_note=total / math.log(2) / max(int(is_note.sum()), 1),
        accuracy=float(is_right.mean()),
        event_accuracy=float(is_right[~no_event].mean()) if (~no_event).any() else math.nan,
        no_event_accuracy=float(is_right[no_event].mean()) if no_event.any() else math.nan,
        onset_nats=onset / len(events),
        pitch_nats=(total - onset) / max(int(is_note.sum()), 1),
    )


def _melody_nats(probabilities: Probabilities, truth: NDArray[np.int64]) -> tuple[Probabilities, Probabilities]:
    """Returns the nats of each event, and the part of them that is for its kind."""
    own = probabilities[np.arange(len(truth)), truth]
    kind = np.where(truth >= _FIRST_NOTE, probabilities[:, _FIRST_NOTE:].sum(axis=1), own)
    return -np.log(np.maximum(own, _TINY)), -np.log(np.maximum(kind, _TINY))


def _interval(nats: NDArray[np.float64], num_events: NDArray[np.int64], seed: int) -> tuple[float, float]:
    """Returns the 95 % bootstrap interval of nats per event, melodies resampled."""
    if len(nats) < 2:
        return float(nats.sum() / num_events.sum()), float(nats.sum() / num_events.sum())
    result = stats.bootstrap(
        (nats, num_events),
        lambda n, e, axis=-1: n.sum(axis=axis) / e.sum(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=_NUM_RESAMPLES,
        rng=np.random.default_rng(seed),
    )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
