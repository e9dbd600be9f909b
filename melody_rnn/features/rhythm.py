"""When notes begin and how long they sound."""

import math
from typing import Final

import numpy as np

from melody_rnn.events import NO_EVENT
from melody_rnn.features.anatomy import (
    Anatomy,
    Ints,
    Values,
    deviation,
    entropy,
    longest_run,
    mean,
    numbered,
    share,
)

_DURATIONS: Final = {
    "16th": 0.25,
    "8th": 0.5,
    "dotted_8th": 0.75,
    "quarter": 1.0,
    "dotted_quarter": 1.5,
    "half": 2.0,
    "dotted_half": 3.0,
    "whole": 4.0,
}
_NUM_PLACES: Final = 16

SENTENCES: Final = {
    **{f"rhythm_{name}": f"Share of notes that sound {value:g} quarters." for name, value in _DURATIONS.items()},
    "rhythm_other": "Share of notes of any other duration.",
    "rhythm_durations": "Different durations.",
    "rhythm_entropy": "Entropy of the durations, bits.",
    "rhythm_pair_entropy": "Entropy of pairs of successive durations, bits.",
    "rhythm_mean": "Mean duration, quarters.",
    "rhythm_spread": "Standard deviation of the durations, quarters.",
    "rhythm_same": "Share of notes as long as the note before.",
    "rhythm_dotted": "Share of pairs of notes of which the first is three times as long.",
    "rhythm_snap": "Share of pairs of notes of which the second is three times as long.",
    "rhythm_long_short": "Share of pairs of notes of which the first is twice as long.",
    "rhythm_short_long": "Share of pairs of notes of which the second is twice as long.",
    "rhythm_alone_16th": "Share of sixteenths between notes that are none.",
    "rhythm_longest_same": "Most successive notes of one duration.",
    "rhythm_rests": "Share of the time from the first note on in which none sounds.",
    "rhythm_num_rests": "Rests for each bar.",
    "rhythm_bar_notes": "Mean number of notes in a bar.",
    "rhythm_bar_notes_spread": "Standard deviation of the number of notes in a bar.",
    "rhythm_bar_notes_least": "Notes of the bar that has the fewest.",
    "rhythm_bar_notes_most": "Notes of the bar that has most.",
    "rhythm_bar_notes_change": "Mean difference of the number of notes from a bar to the next.",
    "rhythm_even_bars": "Notes of the second, fourth, ... bar over those of the bars before them.",
    "rhythm_on_beats": "Share of notes that begin on a beat.",
    "rhythm_beats_struck": "Share of beats on which a note begins.",
    "rhythm_downbeats_struck": "Share of bars on whose first step a note begins.",
    "rhythm_downbeats_long": "Share of bars that begin with their longest note.",
    "rhythm_off_8ths": "Share of notes that do not begin on an eighth of the bar.",
    "rhythm_held_over_beats": "Share of notes off the beat that sound on over the next beat (syncopations).",
    "rhythm_held_over_bars": "Share of bar lines over which a note sounds on.",
    "rhythm_beat_contrast": "Mean duration of notes on beats over that of the others.",
    "rhythm_bar_entropy": "Entropy of the bars' rhythms, bits.",
    "rhythm_commonest_bar": "Share of bars that have the commonest rhythm.",
    "rhythm_plain_bars": "Share of bars of notes of one duration.",
    "rhythm_beat_entropy": "Entropy of the rhythms of single beats, bits.",
    "rhythm_commonest_beat": "Share of beats that have the commonest rhythm.",
    **{
        f"rhythm_place_{place}": f"Share of bars in which a note begins on sixteenth {place} of the bar, from 0."
        for place in range(_NUM_PLACES)
    },
}
"""Each feature, in a sentence."""


def measure(tune: Anatomy) -> Values:
    """Returns the features of `SENTENCES`; NaN where the tune has nothing for one, or its bar no such place."""
    if len(tune.pitches) < 3 or not tune.num_bars:
        return dict.fromkeys(SENTENCES, math.nan)
    return _durations(tune) | _density(tune) | _beats(tune) | _bars(tune)


def _durations(tune: Anatomy) -> Values:
    steps, quarters = tune.durations, tune.quarters
    before, after = steps[:-1], steps[1:]
    is_16th = np.concatenate([[False], 4 * steps == tune.steps_per_quarter, [False]])
    is_same = before == after
    shares = {f"rhythm_{name}": share(quarters == value) for name, value in _DURATIONS.items()}
    sounding = tune.num_steps - tune.starts[0]
    rests = tune.starts[1:] - tune.ends[:-1]
    return {
        **shares,
        "rhythm_other": 1 - sum(shares.values()),
        "rhythm_durations": float(len(np.unique(steps))),
        "rhythm_entropy": entropy(steps),
        "rhythm_pair_entropy": entropy(before * 4096 + after),
        "rhythm_mean": mean(quarters),
        "rhythm_spread": deviation(quarters),
        "rhythm_same": share(is_same),
        "rhythm_dotted": share(before == 3 * after),
        "rhythm_snap": share(after == 3 * before),
        "rhythm_long_short": share(before == 2 * after),
        "rhythm_short_long": share(after == 2 * before),
        "rhythm_alone_16th": share((~is_16th[:-2] & ~is_16th[2:])[is_16th[1:-1]]),
        "rhythm_longest_same": float(longest_run(is_same) + 1),
        "rhythm_rests": float(1 - steps.sum() / sounding),
        "rhythm_num_rests": float((rests > 0).sum() / tune.num_bars),
    }


def _density(tune: Anatomy) -> Values:
    onsets = tune.onsets
    pairs = onsets[: len(onsets) // 2 * 2].reshape(-1, 2).sum(axis=0)
    return {
        "rhythm_bar_notes": mean(onsets),
        "rhythm_bar_notes_spread": deviation(onsets),
        "rhythm_bar_notes_least": float(onsets.min()),
        "rhythm_bar_notes_most": float(onsets.max()),
        "rhythm_bar_notes_change": mean(np.abs(np.diff(onsets))),
        "rhythm_even_bars": float(pairs[1] / pairs[0]) if pairs[0] else math.nan,
    }


def _beats(tune: Anatomy) -> Values:
    beat = tune.steps_per_beat
    is_beat = tune.places % beat == 0
    is_held = tune.ends > -(-tune.starts // beat) * beat
    bar_lines = np.arange(tune.first, tune.num_steps, tune.steps_per_bar)[1:]
    before = np.searchsorted(tune.starts, bar_lines) - 1
    is_over = (before >= 0) & (tune.ends[before] > bar_lines)
    beats, others = mean(tune.durations[is_beat]), mean(tune.durations[~is_beat])
    return {
        "rhythm_on_beats": share(is_beat),
        "rhythm_beats_struck": share((tune.bars[:, ::beat] >= 0).ravel()),
        "rhythm_downbeats_struck": share(tune.bars[:, 0] >= 0),
        "rhythm_off_8ths": share(2 * tune.places % tune.steps_per_quarter != 0),
        "rhythm_held_over_beats": share(is_held[~is_beat]),
        "rhythm_held_over_bars": share(is_over),
        "rhythm_beat_contrast": beats / others,
    }


def _bars(tune: Anatomy) -> Values:
    rhythms = np.where(tune.bars >= 0, 0, tune.bars)
    numbers = numbered(rhythms)
    whole = rhythms[:, : tune.steps_per_bar // tune.steps_per_beat * tune.steps_per_beat]
    beats = numbered(np.ascontiguousarray(whole.reshape(-1, tune.steps_per_beat)))
    is_struck = (tune.bars >= 0).mean(axis=0)
    return {
        "rhythm_downbeats_long": share(np.array([_begins_with_longest(row) for row in rhythms])),
        "rhythm_bar_entropy": entropy(numbers),
        "rhythm_commonest_bar": float(np.bincount(numbers).max() / len(numbers)),
        "rhythm_plain_bars": share(np.array([_is_plain(row) for row in rhythms])),
        "rhythm_beat_entropy": entropy(beats),
        "rhythm_commonest_beat": float(np.bincount(beats).max() / len(beats)),
        **{f"rhythm_place_{place}": _struck(tune, is_struck, place) for place in range(_NUM_PLACES)},
    }


def _lengths(rhythm: Ints) -> Ints:
    return np.diff(np.append(np.flatnonzero(rhythm != NO_EVENT), len(rhythm)))


def _begins_with_longest(rhythm: Ints) -> bool:
    lengths = _lengths(rhythm)
    return bool(rhythm[0] == 0 and lengths[0] == lengths.max())


def _is_plain(rhythm: Ints) -> bool:
    lengths = _lengths(rhythm)
    return bool(rhythm[0] == 0 and len(lengths) > 1 and (lengths == lengths[0]).all())


def _struck(tune: Anatomy, is_struck: Ints, place: int) -> float:
    step, rest = divmod(place * tune.steps_per_quarter, 4)
    return math.nan if rest or step >= tune.steps_per_bar else float(is_struck[step])
