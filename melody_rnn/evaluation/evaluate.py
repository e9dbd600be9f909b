"""How well a model predicts melodies that it has not seen, beside what counting achieves."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from melody_rnn.config import ModelConfig
from melody_rnn.data.dataset import Dataset, StoredMelody
from melody_rnn.data.splits import Split, shingles
from melody_rnn.data.squashing import squash_all
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.evaluation.baselines import Baseline, Probabilities, all_baselines, event_indices
from melody_rnn.evaluation.calibration import Calibration, calibrate
from melody_rnn.evaluation.two_sample import TwoSample
from melody_rnn.generation.replayer import CompiledReplayer
from melody_rnn.model import MelodyRNN
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.sampling.softmax import log_softmax, sum_labels
from melody_rnn.training.batches import outlined
from melody_rnn.tunes.copied import TrainingIndex, TuneName
from melody_rnn.tunes.outline import Known

ENSEMBLE: Final = "ensemble"
"""What the mean of several models' probabilities is called."""

_NUM_RESAMPLES: Final = 2000
_FIRST_NOTE: Final = 2
# Probabilities of float32 networks can round to 0, whose logarithm says nothing.
KNOWN_WORDS: Final[Mapping[Known, str]] = {
    "meter": "only the meter known",
    "form": "the form known",
    "plan": "the whole outline known",
}
"""How much of an outline a model was told, in words."""
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
class Difference:
    """How much better or worse a model is than another one on the same melodies.

    Attributes:
        name: The model.
        other: The other one.
        nats_per_event: Mean of the model's nats less the other's; below 0 where the model is better.
        low: Lower end of its 95 % bootstrap interval, melodies resampled, each with both models' nats.
        high: Upper end.
    """

    name: str
    other: str
    nats_per_event: float
    low: float
    high: float


@dataclass(frozen=True)
class Copied:
    """How much of melodies is found in the train split.

    Attributes:
        generated: Share of the runs of twelve intervals of generated melodies.
        real: The same of the evaluated split's melodies.
        num_generated: How many were generated.
        generated_notes: Median and ninth decile of the notes in a row that a generated melody shares, by intervals and
            durations, with one of the train split; 0 where they are fewer than `tunes.copied.FEWEST_NOTES`.
        real_notes: The same of the evaluated split's melodies.
    """

    generated: float
    real: float
    num_generated: int
    generated_notes: tuple[int, int]
    real_notes: tuple[int, int]


@dataclass(frozen=True)
class Evaluation:
    """How well models predict the melodies of a split of a dataset.

    Attributes:
        split: The split that was scored: 'train', 'validation' or 'test'.
        num_melodies: How many melodies it has.
        num_events: How many events were scored: all but each melody's first.
        digest: SHA-256 of the dataset.
        scores: The figures of each model, of the mean of several, then of the baselines.
        copied: How much generated melodies share with the train split; None if not asked for.
        calibration: The temperature fitted on the validation split, and its effect; None if not asked for.
        differences: In nats per event, of each two models, and of the mean of all and each of them.
        two_sample: How well a classifier tells generated tunes from real ones; None if not asked for.
    """

    split: Split
    num_melodies: int
    num_events: int
    digest: str
    scores: list[Scores]
    copied: Copied | None = None
    calibration: Calibration | None = None
    differences: list[Difference] = field(default_factory=list)
    two_sample: TwoSample | None = None

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
        name: The model's name in the figures.
        dataset: Melodies; each is squashed into the model's range and key. The train split trains the baselines.
        split: Which split is scored.
        num_copied: How many melodies to generate to see how much the model copies; 0 for none.
        seed: Of those melodies, and of the bootstrap.
        is_calibrated: Whether to fit a temperature on the validation split too, and say what it does.
        known: How much of each melody's outline the model is told, where it can read it.

    Raises:
        InvalidArgumentError: If a split is empty, or the dataset's steps have another length than the model's.
    """
    _check_steps(model.config, dataset)
    train, validation = (_melodies(model.config, dataset, part) for part in ("train", "validation"))
    melodies = _melodies(model.config, dataset, split)
    _check_splits(melodies, train, split)
    played = {name: _play(model, melodies, known)}
    if model.config.encoding.knows_chords and any(melody.chords for melody in melodies):
        played |= {
            f"{name}, {words}": _play(model, others, known)
            for words, others in (
                ("no chord known", [dataclasses.replace(melody, chords=()) for melody in melodies]),
                ("another tune's chords", with_other_chords(melodies)),
            )
        }
    scores = [_scores(own, melodies, one, seed) for own, one in played.items()]
    differences = _differences({own: _nats(melodies, one) for own, one in played.items()}, melodies, seed)
    if model.config.encoding.knows_form:
        others = [level for level in KNOWN_WORDS if level != known]
        scores += [
            _scores(f"{name}, {KNOWN_WORDS[level]}", melodies, _play(model, melodies, level), seed) for level in others
        ]
    scores += [_baseline_scores(baseline, melodies, seed) for baseline in all_baselines(train)]
    copied = measure_copied(model, train, melodies, num_copied, seed) if num_copied else None
    calibration = calibrate(model, validation, melodies) if is_calibrated else None
    return Evaluation(
        split, len(melodies), _num_events(melodies), dataset.digest, scores, copied, calibration, differences
    )


def compare(
    models: Mapping[str, MelodyRNN], dataset: Dataset, split: Split = "test", seed: int = 0, known: Known = "form"
) -> Evaluation:
    """Scores several models, the mean of their probabilities of each event, and the baselines on a split.

    Models may have other ranges and keys; then there is no mean of them, and the baselines have the first model's.

    Args:
        models: At least two by their names.
        dataset: As for `evaluate`.
        split: Which split is scored.
        seed: Of the bootstrap.
        known: As for `evaluate`.

    Raises:
        InvalidArgumentError: As for `evaluate`.
    """
    first, *_ = models.values()
    for model in models.values():
        _check_steps(model.config, dataset)
    train, melodies = (_melodies(first.config, dataset, part) for part in ("train", split))
    _check_splits(melodies, train, split)
    own = {name: _melodies(model.config, dataset, split) for name, model in models.items()}
    played = {name: _play(model, own[name], known) for name, model in models.items()}
    if have_same_events([model.config for model in models.values()]):
        by_melody = zip(*(one.probabilities for one in played.values()), strict=True)
        own[ENSEMBLE] = melodies
        played[ENSEMBLE] = _Played([np.mean(rows, axis=0) for rows in by_melody], None)
    scores = [_scores(name, own[name], one, seed) for name, one in played.items()]
    scores += [_baseline_scores(baseline, melodies, seed) for baseline in all_baselines(train)]
    nats = {name: _nats(own[name], one) for name, one in played.items()}
    # The mean first, so that what it gains is below 0.
    nats = {name: nats[name] for name in sorted(nats, key=lambda name: name != ENSEMBLE)}
    differences = _differences(nats, melodies, seed)
    return Evaluation(split, len(melodies), _num_events(melodies), dataset.digest, scores, differences=differences)


def with_other_chords(melodies: Sequence[StoredMelody]) -> list[StoredMelody]:
    """Returns melodies with the chords of others of the same meter, as far as each goes; of a meter's only one its own.

    Args:
        melodies: In a model's key, so that the chords are in it, too.
    """
    following: dict[Meter, list[int]] = {}
    for place, melody in enumerate(melodies):
        following.setdefault(melody.meter, []).append(place)
    others = list(melodies)
    for places in following.values():
        for place, other in zip(places, [*places[1:], places[0]], strict=True):
            own = melodies[place]
            chords = tuple(chord for chord in melodies[other].chords if chord.step < len(own.events))
            others[place] = dataclasses.replace(own, chords=chords)
    return others


def _differences(
    nats: Mapping[str, NDArray[np.float64]], melodies: Sequence[StoredMelody], seed: int
) -> list[Difference]:
    """Returns the differences of each two, in nats per event."""
    num_events = np.array([len(melody.events) - 1 for melody in melodies])
    return [
        Difference(name, other, *_mean_and_interval(nats[name] - nats[other], num_events, seed))
        for name, other in combinations(nats, 2)
    ]


def have_same_events(configs: Sequence[ModelConfig]) -> bool:
    """Returns whether models see the same events of every melody."""
    seen = {(config.encoding.min_note, config.encoding.max_note, config.transpose_to_key) for config in configs}
    return len(seen) == 1


def _check_steps(config: ModelConfig, dataset: Dataset) -> None:
    if dataset.steps_per_quarter != config.steps_per_quarter:
        raise InvalidArgumentError(
            f"the dataset has {dataset.steps_per_quarter} steps a quarter note and the model "
            f"{config.steps_per_quarter}; build a dataset of that many"
        )


def _check_splits(melodies: Sequence[StoredMelody], train: Sequence[StoredMelody], split: Split) -> None:
    if not melodies or not train:
        raise InvalidArgumentError(f"the dataset has no melody in its {'train' if melodies else split} split")


def _melodies(config: ModelConfig, dataset: Dataset, split: Split) -> list[StoredMelody]:
    """Returns what can be scored of a split in a model's range and key, by length."""
    melodies = [melody for melody in squash_all(config, dataset.split(split)) if len(melody.events) > 1]
    return sorted(melodies, key=lambda melody: (len(melody.events), melody.id))


def _num_events(melodies: Sequence[StoredMelody]) -> int:
    return sum(len(melody.events) - 1 for melody in melodies)


def measure_copied(
    model: MelodyRNN, train: Sequence[StoredMelody], real: Sequence[StoredMelody], num_generated: int, seed: int
) -> Copied:
    """Measures how much a model copies out of its train split, beside how much real tunes share with it."""
    generated = model.generate(num_outputs=num_generated, num_steps=256, seed=seed)
    events = [np.array(squashed.events) for squashed in squash_all(model.config, _as_stored(generated))]
    every = shingles([melody.events for melody in train] + events + [melody.events for melody in real])
    known = np.unique(np.concatenate(every[: len(train)]))
    parts = every[len(train) : len(train) + len(events)], every[len(train) + len(events) :]
    shares = [float(np.isin(np.concatenate(part), known).mean()) for part in parts]
    index = TrainingIndex.of([melody.tune for melody in train], [TuneName(melody.id) for melody in train])
    notes = [
        tuple(np.quantile(index.run_lengths(tunes), (0.5, 0.9), method="inverted_cdf").tolist())
        for tunes in (generated, [melody.tune for melody in real])
    ]
    return Copied(shares[0], shares[1], num_generated, notes[0], notes[1])


def _as_stored(melodies: Sequence[object]) -> list[StoredMelody]:
    rows = [np.array(list(melody), np.int8) for melody in melodies]  # type: ignore[call-overload]
    return [StoredMelody(str(number), events, COMMON_TIME, "test") for number, events in enumerate(rows)]


class _Played(NamedTuple):
    """What a predictor says of melodies.

    Attributes:
        probabilities: Each melody's event distributions, [num_events, NUM_EVENTS].
        label_nats: [num_events of all] of the labels, if they are what was trained.
    """

    probabilities: Sequence[Probabilities]
    label_nats: NDArray[np.float64] | None


def _play(model: MelodyRNN, melodies: Sequence[StoredMelody], known: Known) -> _Played:
    encoding = make_encoding(model.config.encoding)
    replayer = CompiledReplayer(encoding, model.network)
    probabilities: dict[int, Probabilities] = {}
    label_nats: dict[int, NDArray[np.float32]] = {}
    events = [melody.events.tolist() for melody in melodies]
    outlines = [example.outline for example in outlined(encoding, melodies, known)]
    for row, replay in replayer(events, outlines):
        log_probabilities = log_softmax(replay.logits)
        probabilities[row] = sum_labels(log_probabilities, replay.label_events[1:])
        label_nats[row] = -np.take_along_axis(log_probabilities, replay.labels[:, np.newaxis], axis=1)[:, 0]
    places = range(len(melodies))
    nats = None if encoding.sums_labels else np.concatenate([label_nats[row] for row in places]).astype(np.float64)
    return _Played([probabilities[row] for row in places], nats)


def _baseline_scores(baseline: Baseline, melodies: Sequence[StoredMelody], seed: int) -> Scores:
    return _scores(baseline.name, melodies, _Played(list(map(baseline.probabilities, melodies)), None), seed)


def _nats(melodies: Sequence[StoredMelody], played: _Played) -> NDArray[np.float64]:
    """Returns the nats of all events of each melody, [num_melodies]."""
    pairs = zip(played.probabilities, melodies, strict=True)
    return np.array([_melody_nats(own, event_indices(melody)[1:])[0].sum() for own, melody in pairs])


def _scores(name: str, melodies: Sequence[StoredMelody], played: _Played, seed: int) -> Scores:
    probabilities, label_nats = played
    truth = [event_indices(melody)[1:] for melody in melodies]
    rows = [_melody_nats(p, t) for p, t in zip(probabilities, truth, strict=True)]
    nats = np.array([row[0].sum() for row in rows])
    num_events = np.array([len(t) for t in truth])
    events, total = np.concatenate(truth), float(nats.sum())
    is_right = np.concatenate([p.argmax(axis=1) for p in probabilities]) == events
    is_note, no_event = events >= _FIRST_NOTE, events == 0
    onset = sum(float(row[1].sum()) for row in rows)
    nats_per_event, low, high = _mean_and_interval(nats, num_events, seed)
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


def _mean_and_interval(
    nats: NDArray[np.float64], num_events: NDArray[np.int64], seed: int
) -> tuple[float, float, float]:
    """Returns nats per event and the ends of its 95 % bootstrap interval, melodies resampled."""
    mean = float(nats.sum() / num_events.sum())
    if len(nats) < 2:
        return mean, mean, mean
    result = stats.bootstrap(
        (nats, num_events),
        lambda n, e, axis=-1: n.sum(axis=axis) / e.sum(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=_NUM_RESAMPLES,
        rng=np.random.default_rng(seed),
    )
    return mean, float(result.confidence_interval.low), float(result.confidence_interval.high)
