"""Primers: what a melody starts with, as a tune, from whatever a person hands in."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from melody_rnn.errors import MelodyError, printable
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER, NO_EVENT, NOTE_OFF
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.music.pitches import parse_note_name
from melody_rnn.tunes.line import is_sounding_at_end
from melody_rnn.tunes.tune import Tune

_MAX_NOTE_STEPS: Final = 1024
_RESTS: Final = ("R", "r", "-")

PrimerLike = Any
"""A tune, a note_seq Melody or NoteSequence, a sequence of events, or text as `parse_primer` reads it."""


def read_primer(
    primer: PrimerLike, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER, meter: Meter | None = None
) -> Tune:
    """Returns whatever can be a primer as a tune of at least one note.

    Args:
        primer: A tune has each section once.
        steps_per_quarter: The model's steps in a quarter note.
        meter: The meter of events and text, which bring none; 4/4 if None.

    Raises:
        MelodyError: If it holds no note, cannot be read, or has steps of another length.
    """
    tune = read_tune_like(primer, steps_per_quarter, meter)
    if not tune.pitches:
        raise MelodyError("the primer has no note: give at least one, such as [60] or C4")
    return tune


def read_tune_like(
    melody: PrimerLike, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER, meter: Meter | None = None
) -> Tune:
    """Returns whatever can be a melody as a tune; see `read_primer`, but it may have no note.

    Raises:
        MelodyError: If it cannot be read, or has steps of another length.
    """
    if isinstance(melody, str):
        tune = parse_primer(melody, steps_per_quarter, meter)
    elif isinstance(melody, Tune):
        tune = melody
    elif type(melody).__module__.startswith("note_seq"):
        tune = _from_note_seq(melody, steps_per_quarter)
    else:
        tune = _from_events(_listed(melody), steps_per_quarter, meter)
    if tune.steps_per_quarter != steps_per_quarter:
        raise MelodyError(
            f"the melody has {tune.steps_per_quarter} steps a quarter note and the model {steps_per_quarter}; "
            f"read its file with steps_per_quarter={steps_per_quarter}"
        )
    return tune


def parse_primer(text: str, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER, meter: Meter | None = None) -> Tune:
    """Reads a primer as a person writes it.

    Either Magenta's list of events, '[60, -2, 62, -2]', which is continued freely; or note names with a length in
    steps, 'C4 D4 E4:2 R:4 F#4' (a quarter note where none is given, R a rest, bar lines are skipped), whose last note
    ends where it says.

    Args:
        text: The text.
        steps_per_quarter: Steps in a quarter note.
        meter: The meter; 4/4 if None.

    Raises:
        MelodyError: If the text is neither, or holds no note.
    """
    stripped = text.strip()
    if stripped.startswith("["):
        return _from_events(_parse_events(stripped), steps_per_quarter, meter)
    events = _parse_names(stripped, steps_per_quarter)
    return replace(_from_events(events, steps_per_quarter, meter), ends_note=is_sounding_at_end(events))


def _listed(events: Any) -> list[int]:
    try:
        return [int(event) for event in events]
    except (TypeError, ValueError, OverflowError):
        given = printable(repr(events))
        raise MelodyError(f"a melody must be a tune, events such as [60, -2, 62], or 'C4 D4', got {given}") from None


def _from_note_seq(primer: Any, steps_per_quarter: int) -> Tune:
    from note_seq import Melody

    if isinstance(primer, Melody):
        return Tune.from_melody(primer)
    from melody_rnn.formats.note_sequences import score_from_sequence
    from melody_rnn.tunes.from_score import tunes_of_score

    return tunes_of_score(score_from_sequence(primer), steps_per_quarter)[0]


def _from_events(events: Sequence[int], steps_per_quarter: int, meter: Meter | None) -> Tune:
    return Tune(tuple(events), meter or COMMON_TIME, steps_per_quarter=steps_per_quarter)


def _parse_events(text: str) -> list[int]:
    advice = "write whole numbers between brackets, such as [60, -2, 62, -2]"
    try:
        events = json.loads(text)
    except (ValueError, RecursionError):
        raise MelodyError(f"the primer {_shortened(text)} is no list of events; {advice}") from None
    if not all(type(event) is int for event in events):
        raise MelodyError(f"the primer {_shortened(text)} holds more than whole numbers; {advice}")
    return list(events)


def _parse_names(text: str, steps_per_quarter: int) -> list[int]:
    events: list[int] = []
    for word in text.replace("|", " ").split():
        name, _, length_text = word.partition(":")
        length = _parse_length(word, length_text) if ":" in word else steps_per_quarter
        events += [_first_event(name, events), *[NO_EVENT] * (length - 1)]
    return events


def _first_event(name: str, before: Sequence[int]) -> int:
    if name not in _RESTS:
        return parse_note_name(name)
    # A rest that goes on, or opens the primer, has no note left to end.
    return NOTE_OFF if is_sounding_at_end(before) else NO_EVENT


def _parse_length(word: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= _MAX_NOTE_STEPS):
        raise MelodyError(f"the length in {word!r} must be a number of steps from 1 to {_MAX_NOTE_STEPS}")
    return int(text)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
