"""How a tune begins and how it ends."""

import math
from typing import Final

import numpy as np

from melody_rnn.features.anatomy import Anatomy, Ints, Values, mean

SENTENCES: Final = {
    "begin_pickup": "Steps of the pickup, as quarters.",
    "begin_pickup_notes": "Notes of the pickup.",
    "begin_degree": "First note, semitones above the tonic below it.",
    "begin_downbeat": "First note of the first whole bar, semitones above the tonic below it.",
    "begin_late": "Steps from the first bar line to the first note after it, as quarters.",
    "begin_length": "Duration of the first note, quarters.",
    "begin_interval": "First interval, semitones.",
    "begin_height": "First note below the tune's mean pitch, semitones.",
    "begin_first_bar": "Notes of the first whole bar over the mean of all bars.",
    "end_length": "Duration of the last note, quarters.",
    "end_length_share": "Duration of the last note over the longest.",
    "end_place": "Where in its bar the last note begins, as a share of the bar.",
    "end_on_beat": "Whether the last note begins on a beat.",
    "end_from_line": "Steps from the last bar line to the last note, as quarters.",
    "end_left": "Bars from the start of the last note to the tune's end.",
    "end_rest": "Steps without a note at the end, as quarters.",
    "end_degree": "Last note, semitones above the tonic below it.",
    "end_is_tonic": "Whether the last note is the tonic.",
    "end_height": "Last note below the tune's mean pitch, semitones.",
    "end_above_lowest": "Last note above the lowest one, semitones.",
    "end_above_first": "Last note above the first one, semitones.",
    "end_approach": "Interval to the last note, semitones.",
    "end_approach_degree": "Last note but one, semitones above the tonic below it.",
    "end_approach_before": "Interval to the last note but one, semitones.",
    "end_approach_length": "Duration of the last note but one, quarters.",
    "end_repeated": "How many notes of the last pitch there are at the end.",
    "end_last_bar": "Notes of the last bar over the mean of all bars.",
    "end_bar_before": "Notes of the last bar but one over the mean of all bars.",
    "end_downbeat_degree": "First note of the last bar, semitones above the tonic below it.",
    "end_longest_in_last_bar": "Longest note of the last bar, quarters.",
    "end_tonic_in_last_bar": "Share of the last bar's notes that are the tonic.",
    "end_step_down": "Whether the tune ends a step down, on the tonic.",
}
"""Each feature, in a sentence."""


def measure(tune: Anatomy) -> Values:
    """Returns the features of `SENTENCES`; NaN where the tune has no note for one."""
    if len(tune.pitches) < 3 or not tune.num_bars or not tune.onsets.any():
        return dict.fromkeys(SENTENCES, math.nan)
    return _beginning(tune) | _end(tune)


def _beginning(tune: Anatomy) -> Values:
    quarter, whole = tune.steps_per_quarter, np.flatnonzero(tune.bar_numbers >= 0)
    return {
        "begin_pickup": tune.pickup_steps / quarter,
        "begin_pickup_notes": float(whole[0]),
        "begin_degree": float(tune.degrees[0]),
        "begin_downbeat": float(tune.degrees[whole[0]]),
        "begin_late": float((tune.starts[whole[0]] - tune.first) / quarter),
        "begin_length": float(tune.quarters[0]),
        "begin_interval": float(tune.intervals[0]),
        "begin_height": float(tune.pitches.mean() - tune.pitches[0]),
        "begin_first_bar": float(tune.onsets[0] / tune.onsets.mean()),
    }


def _end(tune: Anatomy) -> Values:
    quarter, degrees, pitches = tune.steps_per_quarter, tune.degrees, tune.pitches
    place, average = int(tune.places[-1]), tune.onsets.mean()
    last_line = tune.first + (tune.num_bars - 1) * tune.steps_per_bar
    in_last = tune.bar_numbers == tune.num_bars - 1
    first_of_last = degrees[in_last][:1]
    return {
        "end_length": float(tune.quarters[-1]),
        "end_length_share": float(tune.durations[-1] / tune.durations.max()),
        "end_place": place / tune.steps_per_bar,
        "end_on_beat": float(place % tune.steps_per_beat == 0),
        "end_from_line": float((tune.starts[-1] - last_line) / quarter),
        "end_left": float((tune.num_steps - tune.starts[-1]) / tune.steps_per_bar),
        "end_rest": float((tune.num_steps - tune.ends[-1]) / quarter),
        "end_degree": float(degrees[-1]),
        "end_is_tonic": float(degrees[-1] == 0),
        "end_height": float(pitches.mean() - pitches[-1]),
        "end_above_lowest": float(pitches[-1] - pitches.min()),
        "end_above_first": float(pitches[-1] - pitches[0]),
        "end_approach": float(tune.intervals[-1]),
        "end_approach_degree": float(degrees[-2]),
        "end_approach_before": float(tune.intervals[-2]),
        "end_approach_length": float(tune.quarters[-2]),
        "end_repeated": float(_repeated_at_end(pitches)),
        "end_last_bar": float(tune.onsets[-1] / average),
        "end_bar_before": float(tune.onsets[-2] / average) if tune.num_bars > 1 else math.nan,
        "end_downbeat_degree": float(first_of_last[0]) if len(first_of_last) else math.nan,
        "end_longest_in_last_bar": float(tune.quarters[in_last].max()) if in_last.any() else math.nan,
        "end_tonic_in_last_bar": mean(degrees[in_last] == 0),
        "end_step_down": float(degrees[-1] == 0 and tune.intervals[-1] in (-1, -2)),
    }


def _repeated_at_end(pitches: Ints) -> int:
    others = np.flatnonzero(pitches != pitches[-1])
    return len(pitches) - (int(others[-1]) + 1 if len(others) else 0)
