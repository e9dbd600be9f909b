"""How a tune goes from note to note."""

import math
from typing import Final

import numpy as np

from melody_rnn.features.anatomy import Anatomy, Ints, Values, deviation, entropy, longest_run, mean, share

_WIDTHS: Final = (*range(13),)
_TURNS: Final = {"down": -1, "level": 0, "up": 1}
_OCTAVE: Final = 12
_STEP: Final = 2
_LEAP: Final = 5

SENTENCES: Final = {
    **{f"interval_{width}": f"Share of intervals of {width} semitones, up or down." for width in _WIDTHS},
    "interval_wider": "Share of intervals wider than an octave.",
    "interval_step_up": "Share of intervals that are steps (1 or 2 semitones) up.",
    "interval_step_down": "Share of intervals that are steps down.",
    "interval_third_up": "Share of intervals that are thirds (3 or 4 semitones) up.",
    "interval_third_down": "Share of intervals that are thirds down.",
    "interval_leap_up": "Share of intervals that are leaps (a fourth and more) up.",
    "interval_leap_down": "Share of intervals that are leaps down.",
    "interval_tritone": "Share of intervals that are a tritone or a seventh.",
    "interval_mean": "Mean width of the intervals, semitones.",
    "interval_spread": "Standard deviation of the intervals, semitones.",
    "interval_entropy": "Entropy of the intervals with their direction, bits.",
    "interval_pair_entropy": "Entropy of pairs of successive intervals, bits.",
    "interval_triple_distinct": "Share of runs of three successive intervals that are different ones.",
    "interval_leap_back": "Share of leaps that are followed by a move in the other direction.",
    "interval_leap_step_back": "Share of leaps that are followed by a step in the other direction.",
    "interval_leap_leap": "Share of leaps that are followed by a leap.",
    "interval_return": "Share of notes that have the pitch of the note before the last.",
    "interval_neighbour": "Share of notes that come back by step to the note before the last (neighbour notes).",
    "interval_scale_run": "Share of three successive steps in one direction.",
    "interval_arpeggio": "Share of pairs of intervals that are thirds, fourths or fifths in one direction.",
    "interval_longest_run": "Most successive intervals in one direction.",
    "interval_longest_stepwise": "Most successive steps, in any direction.",
    "interval_longest_same": "Most successive notes of one pitch.",
    "interval_changes": "Share of moves that go in another direction than the move before, repeated notes left out.",
    "interval_over_bar_line": "Mean width of the intervals to the first note of a bar, semitones.",
    "interval_in_bar": "Mean width of the other intervals, semitones.",
    "interval_same_over_bar_line": "Share of intervals to the first note of a bar that are 0.",
    "interval_on_beat": "Mean width of the intervals to a note on a beat, semitones.",
    "interval_off_beat": "Mean width of the intervals to a note off the beat, semitones.",
    "interval_after_long": "Mean width of the intervals after a quarter and more, semitones.",
    **{
        f"interval_{one}_{two}": f"Share of pairs of successive intervals that go {one} and then {two}."
        for one in _TURNS
        for two in _TURNS
    },
}
"""Each feature, in a sentence."""


def measure(tune: Anatomy) -> Values:
    """Returns the features of `SENTENCES`; NaN where the tune has too few notes for one."""
    intervals = tune.intervals
    if len(intervals) < 3:
        return dict.fromkeys(SENTENCES, math.nan)
    widths, signs = np.abs(intervals), np.sign(intervals)
    return _widths(widths, signs) | _pairs(intervals, widths, signs) | _runs(widths, signs) | _places(tune, widths)


def _widths(widths: Ints, signs: Ints) -> Values:
    is_step, is_third = (widths > 0) & (widths <= _STEP), (widths > _STEP) & (widths < _LEAP)
    is_leap = widths >= _LEAP
    return {
        **{f"interval_{width}": share(widths == width) for width in _WIDTHS},
        "interval_wider": share(widths > _OCTAVE),
        "interval_step_up": share(is_step & (signs > 0)),
        "interval_step_down": share(is_step & (signs < 0)),
        "interval_third_up": share(is_third & (signs > 0)),
        "interval_third_down": share(is_third & (signs < 0)),
        "interval_leap_up": share(is_leap & (signs > 0)),
        "interval_leap_down": share(is_leap & (signs < 0)),
        "interval_tritone": share(np.isin(widths, (6, 10, 11))),
        "interval_mean": mean(widths),
        "interval_spread": deviation(widths * signs),
        "interval_entropy": entropy(widths * signs),
    }


def _pairs(intervals: Ints, widths: Ints, signs: Ints) -> Values:
    before, after, pairs = signs[:-1], signs[1:], intervals[:-1] * 256 + intervals[1:]
    triples = pairs[:-1] * 256 + intervals[2:]
    is_leap, is_back = widths[:-1] >= _LEAP, before * after < 0
    is_chordal = (widths > _STEP) & (widths <= 7)
    steps = np.where(widths <= _STEP, signs, 0)
    return {
        "interval_pair_entropy": entropy(pairs),
        "interval_triple_distinct": len(np.unique(triples)) / len(triples),
        "interval_leap_back": share(is_back[is_leap]),
        "interval_leap_step_back": share((is_back & (widths[1:] <= _STEP))[is_leap]),
        "interval_leap_leap": share((widths[1:] >= _LEAP)[is_leap]),
        "interval_return": share(intervals[:-1] + intervals[1:] == 0),
        "interval_neighbour": share((intervals[:-1] + intervals[1:] == 0) & (steps[:-1] != 0)),
        "interval_scale_run": share(np.abs(steps[:-2] + steps[1:-1] + steps[2:]) == 3),
        "interval_arpeggio": share(is_chordal[:-1] & is_chordal[1:] & (before == after)),
        **{
            f"interval_{one}_{two}": share((before == first) & (after == second))
            for one, first in _TURNS.items()
            for two, second in _TURNS.items()
        },
    }


def _runs(widths: Ints, signs: Ints) -> Values:
    moves = signs[signs != 0]
    return {
        "interval_longest_run": float(max(longest_run(signs > 0), longest_run(signs < 0))),
        "interval_longest_stepwise": float(longest_run((widths > 0) & (widths <= _STEP))),
        "interval_longest_same": float(longest_run(signs == 0) + 1),
        "interval_changes": share(moves[:-1] != moves[1:]),
    }


def _places(tune: Anatomy, widths: Ints) -> Values:
    is_first = np.diff(tune.bar_numbers) > 0
    is_beat = tune.places[1:] % tune.steps_per_beat == 0
    return {
        "interval_over_bar_line": mean(widths[is_first]),
        "interval_in_bar": mean(widths[~is_first]),
        "interval_same_over_bar_line": share(widths[is_first] == 0),
        "interval_on_beat": mean(widths[is_beat]),
        "interval_off_beat": mean(widths[~is_beat]),
        "interval_after_long": mean(widths[tune.quarters[:-1] >= 1]),
    }
