"""A written tune taken apart: its notes, bars, beats and tonic, as arrays that features are measured on."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.events import NO_EVENT, NOTES_PER_OCTAVE
from melody_rnn.music.meters import Meter
from melody_rnn.music.scales import SCALES
from melody_rnn.tunes.tune import Tune

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Values = dict[str, float]

_MAJOR: Final = np.array(
    [[(pitch - tonic) % NOTES_PER_OCTAVE in SCALES["major"] for pitch in range(12)] for tonic in range(12)], np.float64
)
# Where two keys hold as much of a tune, the one whose tonic and fifth sound longer is meant.
_TONIC_BONUS: Final = 0.02
_FIFTH_BONUS: Final = 0.01


def note_spans(events: Ints) -> tuple[Ints, Ints]:
    """Returns the steps at which the notes of events [num_steps] begin and have ended; the last sounds to the end."""
    changes = np.flatnonzero(events != NO_EVENT)
    is_note = events[changes] >= 0
    ends = np.append(changes[1:], len(events))[is_note] if len(changes) else changes
    return changes[is_note], ends


@dataclass(frozen=True, eq=False)
class Anatomy:
    """A tune as arrays.

    Attributes:
        pitches: [num_notes] int64, MIDI pitches.
        starts: [num_notes] int64, the step at which each note begins.
        ends: [num_notes] int64, the step at which each has ended.
        num_steps: Steps of the tune.
        meter: Its meter.
        steps_per_bar: Steps in a bar.
        steps_per_quarter: Steps in a quarter note.
        first: The step at which the first whole bar begins; negative for none.
        pickup_steps: Steps of the pickup.
        tonic: Pitch class of the tonic: the key's, or where that is not known that of `best_major_key`.
        bars: [num_bars, steps_per_bar] int64, events of the whole bars; a last one that is not whole is filled up with
            'no event'.
    """

    pitches: Ints
    starts: Ints
    ends: Ints
    num_steps: int
    meter: Meter
    steps_per_bar: int
    steps_per_quarter: int
    first: int
    pickup_steps: int
    tonic: int
    bars: Ints

    @classmethod
    def of(cls, tune: Tune) -> "Anatomy":
        """Takes a tune apart; the last note sounds to its end."""
        events = np.array(tune.events, np.int64)
        starts, ends = note_spans(events)
        first = tune.steps_per_bar if tune.pickup_steps else 0
        whole = events[first:]
        missing = -len(whole) % tune.steps_per_bar
        bars = np.concatenate([whole, np.full(missing, NO_EVENT)]).reshape(-1, tune.steps_per_bar)
        tonic = tune.key.tonic if tune.key else best_major_key(events[starts], ends - starts)
        return cls(
            events[starts],
            starts,
            ends,
            len(events),
            tune.meter,
            tune.steps_per_bar,
            tune.steps_per_quarter,
            first,
            tune.pickup_steps,
            tonic,
            bars,
        )

    @cached_property
    def durations(self) -> Ints:
        """Steps that each note sounds, [num_notes]."""
        return self.ends - self.starts

    @cached_property
    def quarters(self) -> Floats:
        """Quarter notes that each note sounds, [num_notes]."""
        return self.durations / self.steps_per_quarter

    @cached_property
    def intervals(self) -> Ints:
        """Semitones from each note to the next, [num_notes - 1]."""
        return np.diff(self.pitches)

    @cached_property
    def degrees(self) -> Ints:
        """Semitones of each note above the tonic below it, 0 to 11, [num_notes]."""
        return (self.pitches - self.tonic) % NOTES_PER_OCTAVE

    @cached_property
    def bar_numbers(self) -> Ints:
        """The bar in which each note begins, from 0; -1 in the pickup, [num_notes]."""
        return (self.starts - self.first) // self.steps_per_bar

    @cached_property
    def places(self) -> Ints:
        """The step of its bar on which each note begins, [num_notes]."""
        return self.starts % self.steps_per_bar

    @cached_property
    def steps_per_beat(self) -> int:
        """Steps in a beat, see `steps_per_beat`."""
        return steps_per_beat(self.meter, self.steps_per_quarter)

    @cached_property
    def onsets(self) -> Ints:
        """How many notes begin in each bar, [num_bars]."""
        return np.asarray((self.bars >= 0).sum(axis=1))

    @cached_property
    def num_bars(self) -> int:
        """Bars without the pickup, a last one that is not whole too."""
        return len(self.bars)


def steps_per_beat(meter: Meter, steps_per_quarter: int) -> int:
    """Returns the steps in a beat: three of a compound meter's notes (6/8, 9/8, 12/8), else one of its notes.

    The beat of 3/8 is the whole bar, those of 2/2 are halves, those of 5/8 and 7/8 eighths.
    """
    return max((12 if meter.is_compound else 4) * steps_per_quarter // meter.denominator, 1)


def best_major_key(pitches: Ints, durations: Ints) -> int:
    """Returns the tonic, as a pitch class, of the major key in which most of a tune's time is spent."""
    time = np.bincount(pitches % NOTES_PER_OCTAVE, weights=durations, minlength=NOTES_PER_OCTAVE)
    fits = _MAJOR @ time + _TONIC_BONUS * time + _FIFTH_BONUS * np.roll(time, -7)
    return int(fits.argmax())


def share(flags: Flags) -> float:
    """Returns the share of what is true; NaN of nothing."""
    return float(flags.mean()) if len(flags) else math.nan


def mean(values: Ints | Floats | Flags) -> float:
    """Returns the mean; NaN of nothing."""
    return float(values.mean()) if len(values) else math.nan


def deviation(values: Ints | Floats) -> float:
    """Returns the standard deviation; NaN of nothing."""
    return float(values.std()) if len(values) else math.nan


def entropy(things: Ints) -> float:
    """Returns the entropy of how often each thing comes, in bits; NaN of nothing."""
    if not len(things):
        return math.nan
    shares = np.unique(things, return_counts=True)[1] / len(things)
    return float(-(shares * np.log2(shares)).sum())


def longest_run(flags: Flags) -> int:
    """Returns the most successive true flags."""
    bounds = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return int((bounds[1::2] - bounds[::2]).max(initial=0))


def numbered(rows: Ints) -> Ints:
    """Returns the number of the first row that each row of [num_rows, size] equals, [num_rows]."""
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(row.tobytes(), place) for place, row in enumerate(rows)], np.int64)
