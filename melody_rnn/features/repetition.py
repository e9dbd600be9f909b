"""What comes again in a tune."""

import math
from typing import Final

import numpy as np

from melody_rnn.features.anatomy import Anatomy, Floats, Ints, Values, longest_run, mean, numbered, share

_LAGS: Final = (1, 2, 3, 4, 8, 12, 16)
_SHAPE_LAGS: Final = (1, 2, 4, 8)
_PAIRS: Final = ((3, 1), (5, 1), (6, 2), (7, 3), (8, 4), (9, 1), (13, 5), (13, 9), (14, 10), (15, 7), (16, 8), (16, 4))
_PARTS: Final = ((1, 2), (2, 3), (3, 4), (1, 3), (2, 4))
_ALIKE: Final = 0.5

SENTENCES: Final = {
    **{f"repeat_exact_{lag}": f"Share of bars that are the bar {lag} before." for lag in _LAGS},
    **{f"repeat_rhythm_{lag}": f"Share of bars in the rhythm of the bar {lag} before." for lag in _LAGS},
    **{f"repeat_alike_{lag}": f"Mean share of notes that a bar has from the bar {lag} before." for lag in _LAGS},
    **{f"repeat_shape_{lag}": f"Share of bars that are the bar {lag} before, moved up or down." for lag in _SHAPE_LAGS},
    **{f"repeat_bar_{one}_{two}": f"Share of notes that bar {one} has from bar {two}." for one, two in _PAIRS},
    **{
        f"repeat_part_{one}_{two}": f"Mean share of notes of quarter {two} of the bars from {one}."
        for one, two in _PARTS
    },
    "repeat_distinct": "Different bars over bars.",
    "repeat_distinct_rhythms": "Different rhythms of bars over bars.",
    "repeat_distinct_early": "Different bars over bars, in the first half.",
    "repeat_distinct_late": "Different bars over bars, in the second half.",
    "repeat_new_late": "Share of the second half's bars that the first half does not have.",
    "repeat_any": "Share of bars that are any bar before.",
    "repeat_mostly_any": "Share of bars that have half their notes from any one bar before.",
    "repeat_best": "Mean share of notes that a bar has from the bar before that it is most like.",
    "repeat_nearest_lag": "Mean number of bars back to the last bar that a repeated bar is.",
    "repeat_commonest": "Bars that are the commonest bar, over bars.",
    "repeat_longest_bars": "Most successive bars that come again.",
    "repeat_longest_notes": "Most successive intervals that come again, over the intervals.",
    "repeat_moves_distinct": "Different runs of four notes (interval and duration), over runs.",
    "repeat_loop_1": "Most successive bars that are each the bar before.",
    "repeat_loop_2": "Most successive bars that are each the bar two before (two-bar loops).",
    "repeat_loop_4": "Most successive bars that are each the bar four before.",
    "repeat_loop_2_alike": "Most successive bars that have half their notes from the bar two before.",
    "repeat_halves": "Mean share of notes that a bar of the second half has from its like in the first.",
}
"""Each feature, in a sentence."""


def measure(tune: Anatomy) -> Values:
    """Returns the features of `SENTENCES`; NaN where the tune has too few bars for one."""
    if tune.num_bars < 2 or len(tune.pitches) < 5:
        return dict.fromkeys(SENTENCES, math.nan)
    alike = shared_notes(tune.bars)
    exact = numbered(tune.bars)
    rhythms = numbered(np.where(tune.bars >= 0, 0, tune.bars))
    return _lagged(tune, alike, exact, rhythms) | _bars(exact, rhythms, alike) | _notes(tune) | _parts(alike)


def shared_notes(bars: Ints) -> Floats:
    """Returns how much of two bars is the same, [num_bars, num_bars] float64.

    Each is the number of notes that begin on the same step with the same pitch, over the notes of the bar that has
    more; 1 for two bars without notes.
    """
    is_note = bars >= 0
    onsets = is_note.sum(axis=1)
    same = ((bars[:, np.newaxis] == bars) & is_note).sum(axis=2)
    more = np.maximum(onsets[:, np.newaxis], onsets)
    return np.where(more > 0, same / np.maximum(more, 1), 1.0)


def _lagged(tune: Anatomy, alike: Floats, exact: Ints, rhythms: Ints) -> Values:
    values = {}
    shapes = numbered(_shapes(tune.bars))
    for lag in _LAGS:
        values[f"repeat_exact_{lag}"] = share(exact[lag:] == exact[:-lag])
        values[f"repeat_rhythm_{lag}"] = share(rhythms[lag:] == rhythms[:-lag])
        values[f"repeat_alike_{lag}"] = mean(np.diagonal(alike, -lag))
    for lag in _SHAPE_LAGS:
        is_moved = (shapes[lag:] == shapes[:-lag]) & (exact[lag:] != exact[:-lag])
        values[f"repeat_shape_{lag}"] = share(is_moved)
    return values


def _shapes(bars: Ints) -> Ints:
    """Returns bars with pitches counted from their first note."""
    firsts = np.take_along_axis(bars, (bars >= 0).argmax(axis=1)[:, np.newaxis], axis=1)
    return np.where(bars >= 0, bars - firsts + 256, bars)


def _bars(exact: Ints, rhythms: Ints, alike: Floats) -> Values:
    num, half = len(exact), len(exact) // 2
    earlier = np.tril(alike, -1)
    best = earlier[1:].max(axis=1)
    is_again = exact != np.arange(num)
    return {
        "repeat_distinct": len(np.unique(exact)) / num,
        "repeat_distinct_rhythms": len(np.unique(rhythms)) / num,
        "repeat_distinct_early": len(np.unique(exact[:half])) / half,
        "repeat_distinct_late": len(np.unique(exact[half:])) / (num - half),
        "repeat_new_late": share(exact[half:] >= half),
        "repeat_any": share(is_again[1:]),
        "repeat_mostly_any": share(best >= _ALIKE),
        "repeat_best": mean(best),
        "repeat_nearest_lag": mean(_nearest_lags(exact)),
        "repeat_commonest": float(np.bincount(exact).max() / num),
        "repeat_longest_bars": float(_longest_repeat(exact)),
        "repeat_loop_1": float(loop_bars(exact, 1)),
        "repeat_loop_2": float(loop_bars(exact, 2)),
        "repeat_loop_4": float(loop_bars(exact, 4)),
        "repeat_loop_2_alike": float(longest_run(np.diagonal(alike, -2) >= _ALIKE)),
    }


def loop_bars(numbers: Ints, period: int) -> int:
    """Returns the most successive bars that are each the bar `period` before; bars are given by equal numbers."""
    return longest_run(numbers[period:] == numbers[:-period]) if len(numbers) > period else 0


def _nearest_lags(numbers: Ints) -> Floats:
    last: dict[int, int] = {}
    lags = []
    for place, number in enumerate(numbers.tolist()):
        if number in last:
            lags.append(place - last[number])
        last[number] = place
    return np.array(lags, np.float64)


def _longest_repeat(things: Ints) -> int:
    """Returns the most successive things that come again later, without overlap."""
    best, runs = 0, np.zeros(len(things) + 1, np.int64)
    places = np.arange(len(things))
    for place in places:
        # runs[j + 1]: for how many things up to this one and the jth it is the same.
        runs[1:] = np.where(things == things[place], runs[:-1] + 1, 0)
        best = max(best, int(np.minimum(runs[1 : place + 1], place - places[:place]).max(initial=0)))
    return best


def _notes(tune: Anatomy) -> Values:
    moves = tune.intervals * 4096 + tune.durations[1:]
    runs = np.lib.stride_tricks.sliding_window_view(moves, 4)
    return {
        "repeat_longest_notes": _longest_repeat(tune.intervals) / len(tune.intervals),
        "repeat_moves_distinct": len(np.unique(numbered(np.ascontiguousarray(runs)))) / len(runs),
    }


def _parts(alike: Floats) -> Values:
    num, size = len(alike), len(alike) // 4
    values = {
        f"repeat_bar_{one}_{two}": float(alike[one - 1, two - 1]) if one <= num else math.nan for one, two in _PAIRS
    }
    starts = [size * part for part in range(4)]
    for one, two in _PARTS:
        block = alike[starts[two - 1] : starts[two - 1] + size, starts[one - 1] : starts[one - 1] + size]
        values[f"repeat_part_{one}_{two}"] = mean(np.diagonal(block))
    values["repeat_halves"] = mean(np.diagonal(alike, -(num // 2)))
    return values
