"""A tune's piano roll as SVG, drawn at once: sharp at every size, and a thousandth of the work of a figure."""

import html
from collections.abc import Callable, Sequence
from typing import Final

from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.music.pitches import note_name
from melody_rnn.tunes.piano_roll import (
    BAR_COLOUR,
    BLACK_KEY_COLOUR,
    BLACK_KEYS,
    GENERATED_COLOUR,
    PRIMER_COLOUR,
    RollNote,
    pitch_range,
    roll_notes,
)
from melody_rnn.tunes.tune import Tune

_LEFT: Final = 34
_TOP: Final = 16
_SEMITONE: Final = 8
_STEP: Final = 7
_ROW_GAP: Final = 10
_LABEL: Final = 11
_GAP: Final = 2


def roll_svg(
    tune: Tune,
    bars_per_row: int = 8,
    pitches: range | None = None,
    name_of: Callable[[int], str] = note_name,
) -> str:
    """Returns a tune's piano roll: given and kept notes orange, the others blue, the more probable the more solid.

    Args:
        tune: The tune as it stands.
        bars_per_row: At least 1.
        pitches: The pitches to show; those of the notes where not given.
        name_of: How a pitch is called at the left.
    """
    notes = roll_notes(tune)
    shown = pitches or pitch_range(notes)
    # A pickup stands before the first row's bars, so that it begins no row of its own at the end.
    first_bar = tune.steps_per_bar if tune.pickup_steps else 0
    num_bars = max(1, -(-(len(tune) - first_bar) // tune.steps_per_bar))
    num_rows, row_steps = -(-num_bars // bars_per_row), min(bars_per_row, num_bars) * tune.steps_per_bar
    row_height = _TOP + len(shown) * _SEMITONE + _ROW_GAP
    width, height = _LEFT + (tune.pickup_steps + row_steps) * _STEP + 2, num_rows * row_height
    rows = "".join(
        _keys(shown, tune.pickup_steps + row_steps, row * row_height + _TOP, name_of)
        + _row(tune, notes, first_bar + row * row_steps, row_steps, shown, row * row_height)
        for row in range(num_rows)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="melody-roll" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="{_LABEL}" '
        f'style="background: white; max-width: none">{rows}</svg>'
    )


def _keys(pitches: range, row_steps: int, top: int, name_of: Callable[[int], str]) -> str:
    """Returns a row's black keys, and the names of its C and G."""
    parts = []
    for pitch in pitches:
        y = top + (pitches.stop - 1 - pitch) * _SEMITONE
        if pitch % NOTES_PER_OCTAVE in BLACK_KEYS:
            parts.append(_rectangle(_LEFT, y, row_steps * _STEP, _SEMITONE, BLACK_KEY_COLOUR))
        elif pitch % NOTES_PER_OCTAVE in (0, 7):
            parts.append(f'<text x="2" y="{y + _SEMITONE}" fill="#333">{html.escape(name_of(pitch))}</text>')
    return "".join(parts)


def _row(tune: Tune, notes: Sequence[RollNote], first: int, row_steps: int, pitches: range, top: int) -> str:
    """Returns the bars that begin with step `first`, and the notes in them; before bar 1 the pickup."""
    bar, pickup, bottom = tune.steps_per_bar, tune.pickup_steps, top + _TOP + len(pitches) * _SEMITONE
    first_bar = bar if pickup else 0
    begin = first - pickup if first == first_bar else first

    def x(step: int) -> int:
        return _LEFT + (pickup + step - first) * _STEP

    parts = []
    for step in range(first, first + row_steps + 1, bar):
        parts.append(_rectangle(x(step), top + _TOP, 1, bottom - top - _TOP, BAR_COLOUR))
        if step < first + row_steps:
            number = (step - first_bar) // bar + 1
            parts.append(f'<text x="{x(step) + 2}" y="{top + _TOP - 4}" fill="#333">{number}</text>')
    for note in notes:
        start, end = max(note.start_step, begin), min(note.end_step, first + row_steps)
        if start < end:
            colour = PRIMER_COLOUR if note.is_given else GENERATED_COLOUR
            y = top + _TOP + (pitches.stop - 1 - note.pitch) * _SEMITONE
            own = f'fill-opacity="{note.opacity:.2f}" stroke="{colour}" class="note"'
            parts.append(_rectangle(x(start), y, (end - start) * _STEP - _GAP, _SEMITONE - 1, colour, own))
    return "".join(parts)


def _rectangle(x: float, y: float, width: float, height: float, fill: str, others: str = "") -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}" {others}/>'
