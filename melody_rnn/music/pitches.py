"""Names of pitches and pitch classes; needs neither note_seq nor NumPy."""

import re
from typing import Final

from melody_rnn.errors import MelodyError
from melody_rnn.events import MAX_PITCH, NOTES_PER_OCTAVE

_NOTE_NAMES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_NATURALS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_PITCH_CLASS_NAME: Final = re.compile(r"([A-Ga-g])([#♯b♭]*)")
_NOTE_NAME: Final = re.compile(r"([A-Ga-g][#♯b♭]*)(-?\d+)")


def note_name(pitch: int) -> str:
    """Returns a MIDI pitch as a name; 60 is C4. `parse_note_name` is its inverse."""
    return f"{pitch_class_name(pitch)}{pitch // NOTES_PER_OCTAVE - 1}"


def parse_note_name(name: str) -> int:
    """Returns the MIDI pitch of a name such as C4, F#3, Bb5; C4 is 60.

    Raises:
        MelodyError: If it is no name, or outside 0..127.
    """
    match = _NOTE_NAME.fullmatch(name)
    if not match:
        raise MelodyError(f"{name!r} is no note; write a letter from A to G, # or b, and an octave, such as F#4")
    letter, octave = match.groups()
    pitch = _above_c(letter) + NOTES_PER_OCTAVE * (int(octave) + 1)
    if not 0 <= pitch <= MAX_PITCH:
        raise MelodyError(f"{name!r} is MIDI pitch {pitch}, outside 0..{MAX_PITCH} (C-1 to G9)")
    return pitch


def pitch_class_name(pitch: int) -> str:
    """Returns the name of a pitch without its octave; `parse_pitch_class` is its inverse."""
    return _NOTE_NAMES[pitch % NOTES_PER_OCTAVE]


def parse_pitch_class(name: str) -> int:
    """Returns the pitch class of a name such as C, F# or Bb; C is 0 and B is 11.

    Raises:
        MelodyError: If it is no name.
    """
    if not _PITCH_CLASS_NAME.fullmatch(name):
        raise MelodyError(f"{name!r} is no note name; write a letter from A to G, and # or b, such as F#")
    return _above_c(name) % NOTES_PER_OCTAVE


def _above_c(name: str) -> int:
    return _NATURALS[name[0].upper()] + sum(1 if accidental in "#♯" else -1 for accidental in name[1:])
