"""Primers: what a melody starts with, read from text, events or a sequence."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from note_seq import Melody, NoteSequence

from melody_rnn.errors import MelodyError
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER, MAX_PITCH, NO_EVENT, NOTE_OFF
from melody_rnn.music.melodies import is_sounding_at_end, melody_from_sequence, num_notes
from melody_rnn.music.meters import Meter, meter_of_bar
from melody_rnn.music.pitches import parse_note_name

DEFAULT_NOTE_STEPS = 4
_MAX_NOTE_STEPS = 1024


@dataclass(frozen=True)
class Primer:
    """What every melody of a run starts with.

    Attributes:
        events: The events, at least one of them a note on.
        ends_note: Whether the first event after the primer must be a note on or a note off, because the primer's
            last note has a length that must not grow.
        qpm: The source's tempo, or None if it has none.
        is_polyphonic: Whether the source had other voices, which were left out.
        meter: The source's meter, or None if it has none.
    """

    events: tuple[int, ...]
    ends_note: bool = False
    qpm: float | None = None
    is_polyphonic: bool = False
    meter: Meter | None = None

    def __post_init__(self) -> None:
        for event in self.events:
            if not NO_EVENT <= event <= MAX_PITCH:
                raise MelodyError(f"the primer's event {event} is outside {NO_EVENT}..{MAX_PITCH}")
        if not num_notes(self.events):
            raise MelodyError("the primer has no note: give at least one, such as [60] or C4")


PrimerLike = Any
"""A melody, a NoteSequence, a `Primer`, a sequence of events, or text as `parse_primer` reads it."""


def read_primer(primer: PrimerLike, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER) -> Primer:
    """Returns whatever can be a primer as one.

    Raises:
        MelodyError: If it holds no note, or cannot be read.
    """
    if isinstance(primer, Primer):
        return primer
    if isinstance(primer, str):
        return parse_primer(primer)
    if isinstance(primer, NoteSequence):
        return primer_from_sequence(primer, steps_per_quarter)
    if isinstance(primer, Melody):
        meter = meter_of_bar(primer.steps_per_bar, primer.steps_per_quarter)
        return replace(primer_from_events(list(primer)), meter=meter)
    return primer_from_events(list(primer))


def parse_primer(text: str) -> Primer:
    """Reads a primer as a person writes it.

    Either Magenta's list of events, '[60, -2, 62, -2]', which is continued freely; or note names with a length in
    steps, 'C4 D4 E4:2 R:4 F#4' (four steps where none is given, R a rest, bar lines are skipped), whose last note
    ends where it says.

    Raises:
        MelodyError: If the text is neither, or holds no note.
    """
    stripped = text.strip()
    return _parse_events(stripped) if stripped.startswith("[") else _parse_names(stripped)


def primer_from_events(events: Sequence[int]) -> Primer:
    """Returns a primer of raw events, continued freely.

    Raises:
        MelodyError: If an event is out of range, or none is a note.
    """
    return Primer(tuple(int(event) for event in events))


def primer_from_sequence(sequence: NoteSequence, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER) -> Primer:
    """Returns the melody of a sequence as a primer.

    Raises:
        MelodyError: If there is no melody in it.
    """
    extracted = melody_from_sequence(sequence, steps_per_quarter)
    events = tuple(int(event) for event in extracted.melody)
    return Primer(events, is_sounding_at_end(events), extracted.qpm, extracted.is_polyphonic, extracted.meter)


def _parse_events(text: str) -> Primer:
    advice = "write whole numbers between brackets, such as [60, -2, 62, -2]"
    try:
        events = json.loads(text)
    except (ValueError, RecursionError):
        raise MelodyError(f"the primer {_shortened(text)} is no list of events; {advice}") from None
    if not all(type(event) is int for event in events):
        raise MelodyError(f"the primer {_shortened(text)} holds more than whole numbers; {advice}")
    return primer_from_events(events)


def _parse_names(text: str) -> Primer:
    events: list[int] = []
    for word in text.replace("|", " ").split():
        name, _, length_text = word.partition(":")
        length = _parse_length(word, length_text) if ":" in word else DEFAULT_NOTE_STEPS
        if name in ("R", "r", "-"):
            # A rest that goes on, or opens the primer, has no note left to end.
            first = NOTE_OFF if is_sounding_at_end(events) else NO_EVENT
        else:
            first = parse_note_name(name)
        events += [first, *[NO_EVENT] * (length - 1)]
    return Primer(tuple(events), is_sounding_at_end(events))


def _parse_length(word: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= _MAX_NOTE_STEPS):
        raise MelodyError(f"the length in {word!r} must be a number of steps from 1 to {_MAX_NOTE_STEPS}")
    return int(text)


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
