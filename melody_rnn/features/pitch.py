"""What pitches a tune has, relative to its tonic."""

import math
from typing import Final

import numpy as np

from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.features.anatomy import (
    Anatomy,
    Floats,
    Values,
    best_major_key,
    deviation,
    entropy,
    mean,
    share,
)
from melody_rnn.music.scales import SCALES

_DEGREES: Final = ("1", "b2", "2", "b3", "3", "4", "#4", "5", "b6", "6", "b7", "7")
_BEAT_DEGREES: Final = {"1": 0, "2": 2, "3": 4, "4": 5, "5": 7, "6": 9, "7": 11}

SENTENCES: Final = {
    "pitch_range": "Semitones from the lowest note to the highest.",
    "pitch_spread": "Standard deviation of the notes' pitches, semitones.",
    "pitch_height": "Mean pitch above the tonic that is nearest to it, semitones, -6 to 6.",
    "pitch_lowest": "Semitones of the lowest note above the tonic below it.",
    "pitch_highest": "Semitones of the highest note above the tonic below it.",
    "pitch_num": "Different pitches.",
    "pitch_entropy": "Entropy of the pitches, each note counted once, bits.",
    "pitch_class_entropy": "Entropy of the pitch classes, each note counted once, bits.",
    "pitch_commonest": "Share of notes that have the commonest pitch.",
    "pitch_chromatic": "Share of notes outside the major key in which most of the tune's time is spent.",
    "pitch_chromatic_time": "Share of the time in which notes outside that key sound.",
    "pitch_tonic_time": "Share of the sounding time that is the tonic's.",
    "pitch_fifth_time": "Share of the sounding time that is the fifth's.",
    "pitch_triad_on_beats": "Share of notes on beats that are tonic, third (minor or major) or fifth.",
    "pitch_bar_spread": "Standard deviation of the bars' mean pitches, semitones.",
    "pitch_bar_range": "Mean range of a bar's notes, semitones.",
    "pitch_half_rise": "Mean pitch of the second half's notes above that of the first half's, semitones.",
    "pitch_peak_place": "Where the highest note first comes, as a share of the notes.",
    "pitch_peaks": "Share of notes that have the highest pitch.",
    **{f"pitch_class_{name}": f"Share of notes that are the degree {name} of the tonic." for name in _DEGREES},
    **{
        f"pitch_downbeat_{name}": f"Share of notes on first beats that are the degree {name}." for name in _BEAT_DEGREES
    },
}
"""Each feature, in a sentence."""


def measure(tune: Anatomy) -> Values:
    """Returns the features of `SENTENCES`; NaN where the tune has no note for one."""
    pitches, degrees = tune.pitches, tune.degrees
    if not len(pitches):
        return dict.fromkeys(SENTENCES, math.nan)
    key = best_major_key(pitches, tune.durations)
    is_outside = ~np.isin((pitches - key) % NOTES_PER_OCTAVE, SCALES["major"])
    time = tune.durations / tune.durations.sum()
    is_beat = tune.places % tune.steps_per_beat == 0
    on_first = degrees[tune.places == 0]
    means, ranges = _of_bars(tune)
    half = (tune.first + tune.num_steps) // 2
    is_late = tune.starts >= half
    counts = np.bincount(degrees, minlength=NOTES_PER_OCTAVE) / len(degrees)
    return {
        "pitch_range": float(np.ptp(pitches)),
        "pitch_spread": deviation(pitches),
        "pitch_height": (mean(pitches) - tune.tonic + 6) % NOTES_PER_OCTAVE - 6,
        "pitch_lowest": float((pitches.min() - tune.tonic) % NOTES_PER_OCTAVE),
        "pitch_highest": float((pitches.max() - tune.tonic) % NOTES_PER_OCTAVE),
        "pitch_num": float(len(np.unique(pitches))),
        "pitch_entropy": entropy(pitches),
        "pitch_class_entropy": entropy(degrees),
        "pitch_commonest": float(np.bincount(pitches).max() / len(pitches)),
        "pitch_chromatic": share(is_outside),
        "pitch_chromatic_time": float(time[is_outside].sum()),
        "pitch_tonic_time": float(time[degrees == 0].sum()),
        "pitch_fifth_time": float(time[degrees == 7].sum()),
        "pitch_triad_on_beats": share(np.isin(degrees[is_beat], (0, 3, 4, 7))),
        "pitch_bar_spread": deviation(means),
        "pitch_bar_range": mean(ranges),
        "pitch_half_rise": mean(pitches[is_late]) - mean(pitches[~is_late]),
        "pitch_peak_place": float(pitches.argmax() / len(pitches)),
        "pitch_peaks": share(pitches == pitches.max()),
        **{f"pitch_class_{name}": float(counts[degree]) for degree, name in enumerate(_DEGREES)},
        **{f"pitch_downbeat_{name}": share(on_first == degree) for name, degree in _BEAT_DEGREES.items()},
    }


def _of_bars(tune: Anatomy) -> tuple[Floats, Floats]:
    """Returns mean and range of the pitches of each bar that has notes."""
    is_note = tune.bars >= 0
    has_notes = is_note.any(axis=1)
    bars, notes = tune.bars[has_notes], is_note[has_notes]
    means = np.where(notes, bars, 0).sum(axis=1) / notes.sum(axis=1)
    highest, lowest = np.where(notes, bars, -1).max(axis=1), np.where(notes, bars, 128).min(axis=1)
    return means, (highest - lowest).astype(np.float64)
