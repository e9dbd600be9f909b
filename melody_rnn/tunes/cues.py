"""Cues: what an outline says of each step, as the small integers that encodings read."""

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.config import EncodingConfig
from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.formats.note_values import beats
from melody_rnn.music.meters import Meter, parse_meter
from melody_rnn.tunes.chord_cues import ChordCue, chord_cues_of
from melody_rnn.tunes.outline import BarKind, Outline

METERS: Final = tuple(
    parse_meter(text) for text in ("2/2", "4/4", "2/4", "6/8", "3/4", "9/8", "12/8", "3/2", "3/8", "6/4")
)
"""Meters that have a number of their own; all others share one."""
_PHRASE_BARS: Final = 16
_MOST_SECTION_BARS: Final = 20
_MOST_BARS: Final = 36
_MOST_SECTIONS: Final = 4
_PAST_THE_END: Final = 5
_NUM_WEIGHTS: Final = 5


class Cue(NamedTuple):
    """A column of cues: its name, and what its numbers mean. 0 is 'not known' where it can be unknown."""

    name: str
    meaning: str


CUES: Final = (
    Cue("meter", "the meter's place among `METERS`, from 1; 0 for any other"),
    Cue("place", "the step's place in its bar"),
    Cue("to_bar_end", "steps from there to the bar's end, less one"),
    Cue("weight", "0 on the bar line, 1 in the bar's middle, 2 on a beat, 3 on a part of a beat, 4 elsewhere"),
    Cue("bar", f"the bar counted from the first whole one, modulo {_PHRASE_BARS}; {_PHRASE_BARS} in the pickup's"),
    Cue("section_bars", f"bars left in the section, this one included, up to {_MOST_SECTION_BARS}"),
    Cue("tune_bars", f"bars left in the written tune, this one included, up to {_MOST_BARS}"),
    Cue(
        "section",
        f"the section's number, up to {_MOST_SECTIONS}, or that and {_MOST_SECTIONS} if its label came before",
    ),
    Cue("section_steps", "steps left in the section, this one included, in its last bar's length; 0 before"),
    Cue("tune_steps", "steps left in the written tune, likewise"),
    Cue("tonic", "the pitch class of the tonic, as the model plays, from 1"),
    Cue("lowest", "the tune's lowest pitch as the model plays, counted from the model's, from 1"),
    Cue("highest", "the tune's highest pitch, likewise"),
    Cue("kind", "the `BarKind` of the bar"),
    Cue("next_kind", f"the `BarKind` of the bar after it; {_PAST_THE_END} past the end"),
    Cue("last_note", "the pitch of the next last note of a section, or of a bar that comes again as one, likewise"),
    Cue("to_last_note", "steps to that note, from 1 on the step where it begins; 0 further away"),
    Cue("next", "how many steps ago that step is which the next bar's first one takes up, of a bar alike or the same"),
    Cue("source", "how many steps ago the step is that the bar's plan takes up"),
)
"""The columns of cues. The last two are distances, which encodings look up; 0 for none."""
NUM_CUES: Final = len(CUES)
NUM_DISTANCES: Final = 2
"""How many columns are distances."""


def cue_sizes(config: EncodingConfig) -> tuple[int, ...]:
    """Returns how many numbers each column has for a model, but those that are distances."""
    num_pitches = config.max_note - config.min_note
    return (
        len(METERS) + 1,
        config.max_bar_steps,
        config.max_bar_steps,
        _NUM_WEIGHTS,
        _PHRASE_BARS + 1,
        _MOST_SECTION_BARS + 1,
        _MOST_BARS + 1,
        2 * _MOST_SECTIONS + 1,
        config.max_bar_steps + 1,
        config.max_bar_steps + 1,
        NOTES_PER_OCTAVE + 1,
        num_pitches + 1,
        num_pitches + 1,
        _PAST_THE_END,
        _PAST_THE_END + 1,
        num_pitches + 1,
        config.max_bar_steps + 1,
    )


def cues_of(outline: Outline, num_steps: int, config: EncodingConfig) -> NDArray[np.int32]:
    """Returns what an outline says of each step of a tune.

    Args:
        outline: The outline; its key and pitches are moved by its transposition.
        num_steps: How many steps, from the start of the first bar; those after the outline's end have no form.
        config: The encoding that reads them.

    Returns:
        [num_steps, NUM_CUES] int32, columns as in `CUES`.
    """
    played = outline.as_played_by_model()
    steps = np.arange(num_steps)
    bar_steps, most = outline.steps_per_bar, config.max_bar_steps
    # A bar that is too long for the model counts as several.
    part_steps = bar_steps // -(-bar_steps // most)
    place = steps % part_steps
    first = bar_steps if outline.pickup_steps else 0
    bar = np.where(steps < first, _PHRASE_BARS, (steps - first) // part_steps % _PHRASE_BARS)
    weights = np.resize(beat_weights(outline.meter, outline.steps_per_quarter), num_steps)
    columns = [
        np.full(num_steps, METERS.index(outline.meter) + 1 if outline.meter in METERS else 0),
        place,
        part_steps - 1 - place,
        weights,
        bar,
        *_form(outline, steps, most),
        np.full(num_steps, 0 if played.key is None else played.key.tonic + 1),
        *(np.full(num_steps, number) for number in _pitches(played, config)),
        *_plan(played, steps, config),
    ]
    return np.stack(columns, axis=1).astype(np.int32)


def cues_of_all(outlines: Sequence[Outline], num_steps: int, config: EncodingConfig) -> NDArray[np.int32]:
    """Returns what outlines say of the first `num_steps` steps, [num_outlines, num_steps, num_cues] int32.

    Encodings that know form read `NUM_CUES` of them, those that know chords `NUM_CHORD_CUES` after these, others none.
    """
    rows = {outline: _all_cues_of(outline, num_steps, config) for outline in set(outlines)}
    return np.stack([rows[outline] for outline in outlines])


def _all_cues_of(outline: Outline, num_steps: int, config: EncodingConfig) -> NDArray[np.int32]:
    parts = [np.zeros((num_steps, 0), np.int32)]
    if config.knows_form:
        parts.append(cues_of(outline, num_steps, config))
    if config.knows_chords:
        parts.append(chord_cues_of(outline, num_steps, config.max_bar_steps))
    return np.concatenate(parts, axis=1)


def cue_names(config: EncodingConfig) -> tuple[str, ...]:
    """Returns the names of the columns that an encoding reads."""
    form = tuple(cue.name for cue in CUES) if config.knows_form else ()
    return (*form, *(f"chord_{name}" for name in ChordCue._fields)) if config.knows_chords else form


def _form(outline: Outline, steps: NDArray[np.intp], most_steps: int) -> list[NDArray[np.intp]]:
    """Returns the columns section_bars, tune_bars, section, section_steps and tune_steps."""
    nothing = np.zeros_like(steps)
    if outline.num_steps is None:
        return [nothing] * 5
    bar_steps = outline.steps_per_bar
    is_inside = steps < outline.num_steps
    left = np.where(is_inside, outline.num_steps - steps, 0)
    tune_bars = np.minimum(-(-left // bar_steps), _MOST_BARS)
    tune_steps = np.where(left <= most_steps, left, 0)
    if not outline.sections:
        return [nothing, tune_bars, nothing, tune_steps, tune_steps]
    starts = [section.start for section in outline.sections]
    labels = [section.label for section in outline.sections]
    numbers = np.array(
        [
            min(number, _MOST_SECTIONS - 1) + 1 + (_MOST_SECTIONS if label in labels[:number] else 0)
            for number, label in enumerate(labels)
        ]
    )
    own = np.maximum(np.searchsorted(starts, steps, side="right") - 1, 0)
    section_left = np.where(is_inside, np.array(outline.section_ends)[own] - steps, 0)
    return [
        np.minimum(-(-section_left // bar_steps), _MOST_SECTION_BARS),
        tune_bars,
        np.where(is_inside, numbers[own], 0),
        np.where(section_left <= most_steps, section_left, 0),
        tune_steps,
    ]


def _pitches(played: Outline, config: EncodingConfig) -> tuple[int, int]:
    """Returns the numbers of the lowest and the highest pitch."""
    if played.pitches is None:
        return 0, 0
    lowest, highest = played.pitches
    return _pitch_number(lowest, config), _pitch_number(highest, config)


def _pitch_number(pitch: int, config: EncodingConfig) -> int:
    """Returns the number of a pitch, counted from the model's lowest, from 1; what is outside its range at its ends."""
    return min(max(pitch, config.min_note), config.max_note - 1) - config.min_note + 1


def _plan(outline: Outline, steps: NDArray[np.intp], config: EncodingConfig) -> list[NDArray[np.intp]]:
    """Returns the columns kind, next_kind, last_note, to_last_note, next and source."""
    nothing = np.zeros_like(steps)
    if not outline.bars:
        return [nothing] * 6
    bar_steps = outline.steps_per_bar
    kinds = np.array([*(plan.kind for plan in outline.bars), 0, 0])
    following = np.array([*(plan.kind for plan in outline.bars[1:]), _PAST_THE_END, 0, 0])
    distances = np.array([*(plan.distance for plan in outline.bars), 0, 0, 0]) * bar_steps
    own = np.minimum(steps // bar_steps, len(outline.bars))
    # The next bar's first step lies so many steps ahead, and what it takes up a bar or more before that.
    is_known, ahead = following[own] >= BarKind.ALIKE, bar_steps - steps % bar_steps
    is_known &= following[own] <= BarKind.SAME
    next_source = np.where(is_known, distances[own + 1] - ahead, 0)
    return [kinds[own], following[own], *_last_notes(outline, steps, config), next_source, distances[own]]


def _last_notes(outline: Outline, steps: NDArray[np.intp], config: EncodingConfig) -> list[NDArray[np.intp]]:
    """Returns the columns last_note and to_last_note."""
    notes = outline.last_notes()
    if not notes:
        return [np.zeros_like(steps)] * 2
    firsts, ends = np.array([first for first, _, _ in notes]), np.array([end for _, end, _ in notes])
    own = np.searchsorted(ends, steps, side="right")
    pitches = np.array([*(_pitch_number(pitch, config) for _, _, pitch in notes), 0])
    left = np.append(firsts, 0)[own] - steps + 1
    return [pitches[own], np.where((left > 0) & (left <= config.max_bar_steps), left, 0)]


@lru_cache
def beat_weights(meter: Meter, steps_per_quarter: int) -> tuple[int, ...]:
    """Returns how heavy each step of a bar is: 0 the bar line, 1 its middle, 2 a beat, 3 a part of a beat, 4 the rest.

    Beats are halved, those of compound meters parted in three.
    """
    steps_per_bar = meter.steps_per_bar(steps_per_quarter)
    starts = [float(beat * steps_per_quarter) for beat in beats(meter)]
    bounds = [*starts, float(steps_per_bar)]
    num_parts = 3 if meter.is_compound else 2

    def weight(step: int) -> int:
        if step == 0:
            return 0
        if step in starts:
            return 1 if 2 * step == steps_per_bar else 2
        beat = bisect_right(starts, step) - 1
        parts = (step - bounds[beat]) * num_parts / (bounds[beat + 1] - bounds[beat])
        return 3 if parts.is_integer() else 4

    return tuple(weight(step) for step in range(steps_per_bar))
