"""What a tune does at the ends of its phrases, where people breathe."""

import math
from typing import Final

import numpy as np

from melody_rnn.features.anatomy import Anatomy, Flags, Ints, Values, mean, share

_BARS: Final = (2, 4, 6, 8, 12, 16, 24, 32)
_OPENINGS: Final = (5, 9, 13)

SENTENCES: Final = {
    **{f"phrase_notes_{bar}": f"Notes of bar {bar} over the mean of all bars." for bar in _BARS},
    **{f"phrase_longest_{bar}": f"Longest note that begins in bar {bar}, quarters." for bar in _BARS},
    **{f"phrase_last_{bar}": f"Last note that begins in bar {bar}, quarters." for bar in _BARS},
    **{f"phrase_degree_{bar}": f"Last note of bar {bar}, semitones above the tonic below it." for bar in _BARS},
    **{f"phrase_first_{bar}": f"First note of bar {bar}, semitones above the tonic below it." for bar in _OPENINGS},
    "phrase_density_4": "Notes of the bars 4, 8, 12, ... over those of the others, a bar.",
    "phrase_density_8": "Notes of the bars 8, 16, 24, ... over those of the others, a bar.",
    "phrase_long_4": "Share of the bars 4, 8, 12, ... that have a quarter or more.",
    "phrase_long_8": "Share of the bars 8, 16, 24, ... that have a quarter or more.",
    "phrase_long_other": "Share of the other bars that have a quarter or more.",
    "phrase_long_at_ends": "Share of notes of a quarter or more that are in bars 4, 8, 12, ...",
    "phrase_longest_at_ends": "Whether a longest note of the tune is in a bar 4, 8, 12, ...",
    "phrase_tonic_8": "Share of the bars 8, 16, 24, ... whose last note but the next pickup is the tonic.",
    "phrase_tonic_4": "Share of the bars 4, 12, 20, ... whose last note is the tonic.",
    "phrase_fifth_4": "Share of the bars 4, 12, 20, ... whose last note is the fifth.",
    "phrase_tonic_other": "Share of the other bars whose last note is the tonic.",
    "phrase_gap_8": "Mean width of the intervals over the ends of bars 8, 16, ..., semitones.",
    "phrase_gap_4": "Mean width of the intervals over the ends of bars 4, 12, ..., semitones.",
    "phrase_downbeat_8": "Mean duration of the notes on the first beat of bars 8, 16, ..., quarters.",
    "phrase_downbeat_tonic_8": "Share of the bars 8, 16, ... that have the tonic on the first beat.",
    "phrase_pickup_8": "Share of bars 8, 16, ... with as many steps of short notes at their end as the pickup has.",
}
"""Each feature, in a sentence."""


def measure(tune: Anatomy) -> Values:
    """Returns the features of `SENTENCES`; NaN where the tune has no such bar, or no note in it."""
    if len(tune.pitches) < 2 or not tune.num_bars or not tune.onsets.any():
        return dict.fromkeys(SENTENCES, math.nan)
    return _single_bars(tune) | _ends(tune)


def _single_bars(tune: Anatomy) -> Values:
    values, average = {}, tune.onsets.mean()
    for bar in _BARS:
        inside = np.flatnonzero(tune.bar_numbers == bar - 1)
        has_bar = tune.num_bars >= bar
        values[f"phrase_notes_{bar}"] = float(tune.onsets[bar - 1] / average) if has_bar else math.nan
        values[f"phrase_longest_{bar}"] = float(tune.quarters[inside].max()) if len(inside) else math.nan
        values[f"phrase_last_{bar}"] = float(tune.quarters[inside[-1]]) if len(inside) else math.nan
        values[f"phrase_degree_{bar}"] = float(tune.degrees[inside[-1]]) if len(inside) else math.nan
    for bar in _OPENINGS:
        inside = np.flatnonzero(tune.bar_numbers == bar - 1)
        values[f"phrase_first_{bar}"] = float(tune.degrees[inside[0]]) if len(inside) else math.nan
    return values


def _ends(tune: Anatomy) -> Values:
    bars = np.arange(tune.num_bars)
    is_fourth, is_eighth = bars % 4 == 3, bars % 8 == 7
    is_odd_fourth = is_fourth & ~is_eighth
    numbers = tune.bar_numbers
    is_long = tune.quarters >= 1
    has_long = np.isin(bars, numbers[is_long])
    in_fourth = numbers % 4 == 3
    last = np.searchsorted(numbers, bars, side="right") - 1
    has_notes = (last >= 0) & (numbers[last] == bars)
    closing = _closing(tune, last)
    fits = has_notes & is_eighth
    on_first = np.flatnonzero((tune.places == 0) & (numbers % 8 == 7) & (numbers >= 0))
    is_tonic, is_fifth = tune.degrees[last] == 0, tune.degrees[last] == 7
    gaps = np.abs(np.append(tune.intervals, 0))
    inner = has_notes & (last < len(tune.pitches) - 1)
    return {
        "phrase_density_4": _over(tune.onsets, is_fourth),
        "phrase_density_8": _over(tune.onsets, is_eighth),
        "phrase_long_4": share(has_long[is_fourth]),
        "phrase_long_8": share(has_long[is_eighth]),
        "phrase_long_other": share(has_long[~is_fourth]),
        "phrase_long_at_ends": share(in_fourth[is_long]),
        "phrase_longest_at_ends": float(in_fourth[tune.durations == tune.durations.max()].any()),
        "phrase_tonic_8": share(tune.degrees[closing[fits]] == 0),
        "phrase_tonic_4": share(is_tonic[has_notes & is_odd_fourth]),
        "phrase_fifth_4": share(is_fifth[has_notes & is_odd_fourth]),
        "phrase_tonic_other": share(is_tonic[has_notes & ~is_fourth]),
        "phrase_gap_8": mean(gaps[closing[inner & is_eighth]]),
        "phrase_gap_4": mean(gaps[last[inner & is_odd_fourth]]),
        "phrase_downbeat_8": mean(tune.quarters[on_first]),
        "phrase_downbeat_tonic_8": share(tune.degrees[on_first] == 0),
        "phrase_pickup_8": share(closing[fits] < last[fits]) if tune.pickup_steps else math.nan,
    }


def _closing(tune: Anatomy, last: Ints) -> Ints:
    """Returns the last note of each bar that is before the next phrase's pickup, if that is as long as the first."""
    ends = tune.first + (np.arange(tune.num_bars) + 1) * tune.steps_per_bar - tune.pickup_steps
    before = np.searchsorted(tune.starts, ends) - 1
    is_same_bar = (before >= 0) & (tune.bar_numbers[before] == np.arange(tune.num_bars))
    return np.where(is_same_bar, before, last)


def _over(onsets: Ints, is_end: Flags) -> float:
    ends, others = mean(onsets[is_end]), mean(onsets[~is_end])
    return ends / others if others else math.nan
