"""Names of pitches and pitch classes; needs neither note_seq nor NumPy.

Notes are read by their letters and by their syllables, do re mi fa sol la si (do is C, whatever the key), in any case.
Octaves are numbered as in C4, middle C, for both.
"""

import re
from typing import Final

from melody_rnn.errors import MelodyError
from melody_rnn.events import MAX_PITCH, NOTES_PER_OCTAVE

_NOTE_NAMES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_SYLLABLES: Final = {"C": "do", "D": "re", "E": "mi", "F": "fa", "G": "sol", "A": "la", "B": "si"}
_NATURALS: Final = {
    **{"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11},
    **{"do": 0, "re": 2, "mi": 4, "fa": 5, "sol": 7, "la": 9, "si": 11},
}
_PITCH_CLASS_NAME: Final = re.compile(r"(do|re|mi|fa|sol|la|si|[A-G])([#♯b♭]*)", re.IGNORECASE)
_NOTE_NAME: Final = re.compile(rf"({_PITCH_CLASS_NAME.pattern})(-?\d+)", re.IGNORECASE)


def note_name(pitch: int) -> str:
    """Returns a MIDI pitch as a name; 60 is C4. `parse_note_name` is its inverse."""
    return f"{pitch_class_name(pitch)}{pitch // NOTES_PER_OCTAVE - 1}"


def syllable_name(pitch: int) -> str:
    """Returns a MIDI pitch by its syllable; 60 is do4. `parse_note_name` is its inverse, too."""
    return f"{in_syllables(pitch_class_name(pitch))}{pitch // NOTES_PER_OCTAVE - 1}"


def in_syllables(name: str) -> str:
    """Returns the name of a pitch class, such as F# or Bb, with its syllable: fa#, sib."""
    return _SYLLABLES[name[0]] + name[1:]


def in_letters(name: str) -> str:
    """Returns the name of a pitch class in syllables, such as fa# or Sib, with its letter: F#, Bb."""
    match = _PITCH_CLASS_NAME.fullmatch(name)
    if not match:
        return name
    natural, accidentals = match.groups()
    letters = {syllable: letter for letter, syllable in _SYLLABLES.items()}
    return letters.get(natural.lower(), natural.upper()) + accidentals.replace("♯", "#").replace("♭", "b")


def parse_note_name(name: str) -> int:
    """Returns the MIDI pitch of a name such as C4, F#3, Bb5 or sol4; C4 is 60.

    Raises:
        MelodyError: If it is no name, or outside 0..127.
    """
    match = _NOTE_NAME.fullmatch(name)
    if not match:
        raise MelodyError(f"{name!r} is no note; write a letter from A to G, # or b, and an octave, such as F#4")
    _, natural, accidentals, octave = match.groups()
    pitch = _above_c(natural, accidentals) + NOTES_PER_OCTAVE * (int(octave) + 1)
    if not 0 <= pitch <= MAX_PITCH:
        raise MelodyError(f"{name!r} is MIDI pitch {pitch}, outside 0..{MAX_PITCH} (C-1 to G9)")
    return pitch


def pitch_class_name(pitch: int) -> str:
    """Returns the name of a pitch without its octave; `parse_pitch_class` is its inverse."""
    return _NOTE_NAMES[pitch % NOTES_PER_OCTAVE]


def parse_pitch_class(name: str) -> int:
    """Returns the pitch class of a name such as C, F#, Bb or sol; C is 0 and B is 11.

    Raises:
        MelodyError: If it is no name.
    """
    match = _PITCH_CLASS_NAME.fullmatch(name)
    if not match:
        raise MelodyError(f"{name!r} is no note name; write a letter from A to G, and # or b, such as F#")
    return _above_c(*match.groups()) % NOTES_PER_OCTAVE


def _above_c(natural: str, accidentals: str) -> int:
    return _NATURALS[natural.lower()] + sum(1 if accidental in "#♯" else -1 for accidental in accidentals)
