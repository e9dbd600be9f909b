"""Musical metrics: figures of one melody, and of many taken together.

Each function's docstring defines its metric and names the source; `Metric` reads both from there, so that reports say
what the code does. Metrics of one melody are NaN where they are not defined (no note, no interval). All but
`held_over_bars`, `off_eighths`, `rests` and `notes_per_bar` ignore where bars and beats are, and all are the same in
every key.

MusPy (Dong et al. 2020, arXiv:2008.01951) has two of these, defined as here, but its last release is of 2022 and it
takes objects of its own; scipy and rapidfuzz do the counting instead.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein
from scipy import sparse, special, stats

from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.features.anatomy import note_spans
from melody_rnn.music.scales import SCALES
from melody_rnn.tunes.tune import Tune

Group = Literal["diversity", "mistakes", "texture"]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_DISSONANT_LEAPS: Final = (6, 10, 11)
_GRAM_NOTES: Final = 4
_STUCK_FROM: Final = 5
_MAX_COMPARED: Final = 2000


@dataclass(frozen=True, eq=False)
class Notes:
    """The notes of a melody, in the order in which they begin.

    Attributes:
        pitches: [num_notes] int64, MIDI pitches.
        starts: [num_notes] int64, the step at which each begins.
        ends: [num_notes] int64, the step at which each has ended.
        num_steps: Steps of the melody.
        steps_per_bar: Steps in a bar.
        steps_per_quarter: Steps in a quarter note.
    """

    pitches: Ints
    starts: Ints
    ends: Ints
    num_steps: int
    steps_per_bar: int
    steps_per_quarter: int

    @classmethod
    def of(cls, tune: Tune) -> "Notes":
        """Returns the notes of a tune; the last one sounds to its end."""
        events = np.array(tune.events, np.int64)
        starts, ends = note_spans(events)
        return cls(events[starts], starts, ends, len(events), tune.steps_per_bar, tune.steps_per_quarter)

    @cached_property
    def intervals(self) -> Ints:
        """Semitones from each note to the next, [num_notes - 1]."""
        return np.diff(self.pitches)

    @cached_property
    def moves(self) -> list[tuple[int, int]]:
        """(interval, duration) of each note after the first: semitones from the note before, steps that it sounds."""
        durations = (self.ends - self.starts)[1:]
        return list(zip(self.intervals.tolist(), durations.tolist(), strict=True))

    @cached_property
    def pitch_classes(self) -> Ints:
        """How many notes each pitch class has, [12]."""
        return np.bincount(self.pitches % NOTES_PER_OCTAVE, minlength=NOTES_PER_OCTAVE)


@dataclass(frozen=True)
class Metric:
    """A metric of one melody.

    Attributes:
        measure: The function.
        title: What tables call it.
        unit: Of its values; empty for shares from 0 to 1.
        group: What it speaks of.
    """

    measure: Callable[[Notes], float]
    title: str
    unit: str
    group: Group

    @property
    def name(self) -> str:
        """The function's name."""
        return self.measure.__name__


def describe(measure: Callable[..., object]) -> tuple[str, str]:
    """Returns a metric's definition and its source, as its docstring has them."""
    definition, _, source = (inspect.getdoc(measure) or "").partition("Source: ")
    return " ".join(definition.partition("\n\nArgs:")[0].split()), " ".join(source.partition("\n\n")[0].split())


def out_of_key(notes: Notes) -> float:
    """Share of notes outside the melody's key: the one of the twelve major scales that most of its notes belong to.

    Natural minor scales and the church modes have the notes of a major scale, so they count as that one.

    Source: one minus the 'scale consistency' of Mogren 2016, arXiv:1611.09904; MusPy's `scale_consistency`.
    """
    in_key = max(notes.pitch_classes[[(tonic + step) % 12 for step in SCALES["major"]]].sum() for tonic in range(12))
    return _share(len(notes.pitches) - in_key, len(notes.pitches))


def dissonant_leaps(notes: Notes) -> float:
    """Share of intervals between successive notes that are a tritone or a seventh (6, 10 or 11 semitones).

    Source: the melodic intervals that species counterpoint forbids; Fux 1725, 'Gradus ad Parnassum'.
    """
    return _share(int(np.isin(np.abs(notes.intervals), _DISSONANT_LEAPS).sum()), len(notes.intervals))


def wide_leaps(notes: Notes) -> float:
    """Share of intervals between successive notes that are wider than an octave (over 12 semitones).

    Source: the limit of melodic leaps in species counterpoint; Fux 1725, 'Gradus ad Parnassum'.
    """
    return _share(int((np.abs(notes.intervals) > NOTES_PER_OCTAVE).sum()), len(notes.intervals))


def stuck_notes(notes: Notes) -> float:
    """Share of notes that are at least the fifth of the same pitch in a row.

    Source: the rule of Jaques et al. 2017, arXiv:1611.02796, that no tone should come more than four times in a row.
    """
    is_change = np.concatenate([[True], notes.intervals != 0])[: len(notes.pitches)]
    positions = np.arange(len(is_change))
    run_starts = np.maximum.accumulate(np.where(is_change, positions, 0))
    return _share(int((positions - run_starts >= _STUCK_FROM - 1).sum()), len(positions))


def off_eighths(notes: Notes) -> float:
    """Share of notes that do not begin on an eighth note of the bar.

    Source: this project.
    """
    positions = 2 * (notes.starts % notes.steps_per_bar)
    return _share(int((positions % notes.steps_per_quarter != 0).sum()), len(positions))


def held_over_bars(notes: Notes) -> float:
    """Share of bar lines inside the melody over which a note goes on sounding.

    Source: this project; the strongest syncopation in the sense of Longuet-Higgins and Lee 1984.
    """
    bar_lines = np.arange(notes.steps_per_bar, notes.num_steps, notes.steps_per_bar)[:, np.newaxis]
    is_held = ((notes.starts < bar_lines) & (bar_lines < notes.ends)).any(axis=1)
    return _share(int(is_held.sum()), len(bar_lines))


def pitch_class_entropy(notes: Notes) -> float:
    """Entropy of the melody's distribution of pitch classes, each note counted once; 3.58 bits if all twelve are alike.

    Source: Wu and Yang 2020, arXiv:2008.01307; MusPy's `pitch_class_entropy`.
    """
    return float(stats.entropy(notes.pitch_classes, base=2)) if len(notes.pitches) else math.nan


def rests(notes: Notes) -> float:
    """Share of the melody's steps at which no note sounds.

    Source: MusPy's `empty_beat_rate`, by steps in place of beats.
    """
    return 1 - _share(int((notes.ends - notes.starts).sum()), notes.num_steps)


def notes_per_bar(notes: Notes) -> float:
    """Number of notes for each bar of the melody's length.

    Source: the note count per bar of Yang and Lerch 2020, 'On the evaluation of generative models in music'.
    """
    return _share(len(notes.pitches) * notes.steps_per_bar, notes.num_steps)


def longest_repeat(notes: Notes) -> float:
    """Most notes in a row whose intervals and durations come again later in the melody, without overlap.

    Source: the longest repeated substring; Gusfield 1997, 'Algorithms on Strings, Trees, and Sequences'.
    """
    numbers = _numbered([notes.moves])[0]
    is_same = numbers[:, np.newaxis] == numbers
    longest, runs = 0, np.zeros(len(numbers) + 1, np.int64)
    lags = np.abs(np.arange(len(numbers))[:, np.newaxis] - np.arange(len(numbers)))
    for row, lag in zip(is_same, lags, strict=True):
        # runs[j + 1]: for how many notes up to this one and note j the melody is the same.
        runs[1:] = np.where(row, runs[:-1] + 1, 0)
        longest = max(longest, int(np.minimum(runs[1:], lag).max(initial=0)))
    return float(longest)


METRICS: Final = (
    Metric(out_of_key, "Notes out of key", "", "mistakes"),
    Metric(dissonant_leaps, "Dissonant leaps", "", "mistakes"),
    Metric(wide_leaps, "Leaps over an octave", "", "mistakes"),
    Metric(stuck_notes, "Stuck notes", "", "mistakes"),
    Metric(off_eighths, "Notes off the eighths", "", "mistakes"),
    Metric(held_over_bars, "Bar lines held over", "", "mistakes"),
    Metric(pitch_class_entropy, "Pitch-class entropy", "bits", "diversity"),
    Metric(longest_repeat, "Longest repeat", "notes", "texture"),
    Metric(notes_per_bar, "Notes", "per bar", "texture"),
    Metric(rests, "Rests", "", "texture"),
)
"""All metrics of one melody."""


class DistinctGrams:
    """How many different runs of four notes there are in a number of melodies, over how many runs there are.

    A note counts as its interval from the note before and its duration. The number of different runs is that expected
    of a random choice of so many melodies, since more melodies would hold fewer new ones each.

    Source: distinct-n of Li et al. 2016, arXiv:1510.03055; the expectation is the rarefaction of ecology (Hurlbert
    1971, doi:10.2307/1934145) by melodies.
    """

    def __init__(self, melodies: Sequence[Notes], num_chosen: int) -> None:
        """Counts the runs.

        Args:
            melodies: At least `num_chosen`.
            num_chosen: How many melodies are chosen at a time.
        """
        grams = [[tuple(m.moves[i : i + _GRAM_NOTES]) for i in range(len(m.moves) - _GRAM_NOTES + 1)] for m in melodies]
        self._num_grams = np.array([len(own) for own in grams], np.float64)
        numbers = _numbered(grams)
        rows = np.repeat(np.arange(len(melodies)), [len(own) for own in numbers])
        columns = np.concatenate(numbers)
        shape = (len(melodies), int(columns.max(initial=-1)) + 1)
        holds = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
        self._holds = (holds > 0).astype(np.float64)
        self._num_chosen = num_chosen

    def __call__(self, is_taken: NDArray[np.bool_]) -> Floats:
        """Returns the share within each of some sets of melodies, all of one size.

        Args:
            is_taken: [num_sets, num_melodies], which melodies each set has.

        Returns:
            [num_sets] float64; NaN where there is no run.
        """
        size, chosen = int(is_taken[0].sum()), self._num_chosen
        # A run that c of `size` melodies hold is missed with probability C(size - c, chosen) / C(size, chosen).
        missing = np.arange(size, -1, -1)
        is_met = 1 - np.exp(_log_choose(missing, chosen) - _log_choose(np.array(size), chosen))
        taken = is_taken.astype(np.float64)
        num_distinct = np.array([is_met[(row @ self._holds).astype(np.int64)].sum() for row in taken])
        with np.errstate(invalid="ignore"):
            shares: Floats = num_distinct / (taken @ self._num_grams * chosen / size)
        return shares


class PairwiseSimilarity:
    """Mean similarity of two melodies: one minus the edit distance of their (interval, duration) sequences.

    The distance is the least number of notes to insert, leave out or replace, over the longer one's number of notes.
    Of more than 2,000 melodies the first 2,000 are compared.

    Source: Levenshtein 1966; for tunes as in Mongeau and Sankoff 1990, doi:10.1007/BF00117340, here with equal costs.
    """

    def __init__(self, melodies: Sequence[Notes]) -> None:
        """Compares all pairs."""
        moves = [notes.moves for notes in melodies[:_MAX_COMPARED]]
        texts = ["".join(map(chr, own.tolist())) for own in _numbered(moves)]
        scores = process.cdist(texts, texts, scorer=Levenshtein.normalized_similarity, dtype=np.float32)
        np.fill_diagonal(scores, 0.0)
        self._scores = scores

    def __call__(self, is_taken: NDArray[np.bool_]) -> Floats:
        """Returns the mean within each of some sets of melodies, as `DistinctGrams`; NaN for sets of one."""
        taken = is_taken[:, :_MAX_COMPARED].astype(np.float32)
        size = taken.sum(axis=1, dtype=np.float64)
        totals = ((taken @ self._scores) * taken).sum(axis=1, dtype=np.float64)
        with np.errstate(invalid="ignore"):
            means: Floats = totals / (size * (size - 1))
        return means


def longest_shared(melodies: Sequence[Notes], others: Sequence[Notes]) -> Floats:
    """Longest run of successive intervals, rhythm left out, that also is in one of the training tunes, in any key.

    Source: the longest common substring; Papadopoulos et al. 2014 call it the order of plagiarism, AAAI 28(1).

    Returns:
        [num_melodies] float64, in intervals.
    """
    rows = [notes.intervals for notes in (*melodies, *others)]
    owners = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    ends = np.cumsum([len(row) for row in rows])
    symbols = np.concatenate(rows)
    # Runs of one length have equal names if and only if they are equal; those that only one side has are let go.
    places, names = np.arange(len(owners)), np.zeros(len(owners), np.int64)
    longest = np.zeros(len(melodies))
    for length in range(1, len(owners) + 1):
        fits = places + length <= ends[owners[places]]
        places, names = places[fits], names[fits]
        _, names = np.unique(names * 512 + symbols[places + length - 1] + 256, return_inverse=True)
        is_other = owners[places] >= len(melodies)
        in_both = np.zeros((2, len(names) + 1), bool)
        in_both[is_other.astype(np.int64), names] = True
        is_shared = (in_both[0] & in_both[1])[names]
        if not is_shared.any():
            break
        places, names = places[is_shared], names[is_shared]
        longest[owners[places][~is_other[is_shared]]] = length
    return longest


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _numbered(rows: Sequence[Sequence[object]]) -> list[Ints]:
    """Returns rows of things as rows of numbers, equal things with equal numbers in the order of their appearance."""
    numbers: dict[object, int] = {}
    return [np.array([numbers.setdefault(thing, len(numbers)) for thing in row], np.int64) for row in rows]


def _log_choose(n: Ints, k: int) -> Floats:
    """Returns the logarithm of the binomial coefficients, -inf where n < k."""
    possible = np.maximum(n, k)
    logs = special.gammaln(possible + 1) - special.gammaln(k + 1) - special.gammaln(possible - k + 1)
    return np.where(n < k, -np.inf, logs)
