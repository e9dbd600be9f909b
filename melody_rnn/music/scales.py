"""Keys and scales by name, as sets of pitch classes."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, NamedTuple

from melody_rnn.errors import MelodyError
from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.music.keys import MODES, Key, key_of_tonic
from melody_rnn.music.pitches import parse_pitch_class

SCALES: Final[Mapping[str, tuple[int, ...]]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "major blues": (0, 2, 3, 4, 7, 9),
    "phrygian dominant": (0, 1, 4, 5, 7, 8, 10),
    "lydian dominant": (0, 2, 4, 6, 7, 9, 10),
    "double harmonic": (0, 1, 4, 5, 7, 8, 11),
    "hungarian minor": (0, 2, 3, 6, 7, 8, 11),
    "altered": (0, 1, 3, 4, 6, 8, 10),
    "bebop dominant": (0, 2, 4, 5, 7, 9, 10, 11),
    "hirajoshi": (0, 2, 3, 7, 8),
    "in": (0, 1, 5, 7, 8),
    "yo": (0, 2, 5, 7, 9),
    "whole tone": (0, 2, 4, 6, 8, 10),
    "whole-half": (0, 2, 3, 5, 6, 8, 9, 11),
    "half-whole": (0, 1, 3, 4, 6, 7, 9, 10),
    "chromatic": tuple(range(NOTES_PER_OCTAVE)),
}
"""Semitones above the tonic; 'melodic minor' is the ascending one."""
_OTHER_NAMES: Final[Mapping[str, str]] = {
    "mayor": "major",
    "menor": "minor",
    "menor armonica": "harmonic minor",
    "menor melodica": "melodic minor",
    "jonico": "ionian",
    "dorico": "dorian",
    "frigio": "phrygian",
    "lidio": "lydian",
    "mixolidio": "mixolydian",
    "eolio": "aeolian",
    "locrio": "locrian",
    "pentatonica mayor": "major pentatonic",
    "pentatonica menor": "minor pentatonic",
    "cromatica": "chromatic",
}
_MIN_LETTERS: Final = 3
# A syllable stands before a sign, a space, an m for minor or the end; 'faeolian' is F.
_KEY: Final = re.compile(
    r"((?:do|re|mi|fa|sol|la|si)(?=[#♯b♭\W]|m?$)|[A-G])"
    r"(?:[\s-]*(sharp|flat|sostenido|bemol)\b|([#♯b♭]*))"
    r"(?:[\s_-]+(?=\w))?(.*)",
    re.IGNORECASE,
)
_SIGNS: Final[Mapping[str, str]] = {"sharp": "#", "flat": "b", "sostenido": "#", "bemol": "b"}


class Scale(NamedTuple):
    """The notes that a melody may have.

    Attributes:
        tonic: Pitch class, 0 for C.
        pitch_classes: All of them, the tonic too unless it was left out on purpose.
    """

    tonic: int
    pitch_classes: frozenset[int]

    @property
    def signature(self) -> Key:
        """The key whose signature suits it: of a mode that has all its notes, else major or minor by its third."""
        for mode in MODES:
            key = key_of_tonic(self.tonic, mode)
            if self.pitch_classes <= key.pitch_classes:
                return key
        has_minor_third = (self.tonic + 3) % NOTES_PER_OCTAVE in self.pitch_classes
        has_major_third = (self.tonic + 4) % NOTES_PER_OCTAVE in self.pitch_classes
        return key_of_tonic(self.tonic, "minor" if has_minor_third and not has_major_third else "major")


def parse_scale(key: str | None, scale: str | None = None) -> Scale:
    """Reads a key and a scale as a person writes them.

    Args:
        key: A tonic, alone or with the scale's name: 'D dorian', 'F# minor', 'Am', 'C' (major). Upper and lower case
            are alike, the space may be left out, three letters of a name are enough, and Spanish names are known:
            'ddor', 'B flat maj', 'fa# menor'.
        scale: A scale's name, for which the key gives the tonic; or the notes themselves, 'D E F# A B', the first of
            them the tonic where there is no key.

    Raises:
        MelodyError: If a name is unknown (with a list of those there are), or says what another says too.
    """
    tonic, named = _parse_key(key) if key is not None else (None, None)
    if scale is None:
        if tonic is None:
            raise MelodyError("neither a key nor a scale is given")
        return _scale_on(tonic, named or "major")
    if named is not None:
        raise MelodyError(f"the key {key!r} names a scale and the scale {scale!r} another; give one of them")
    notes = _parse_notes(scale)
    if notes:
        return Scale(notes[0] if tonic is None else tonic, frozenset(notes))
    if tonic is None:
        _find(scale)
        raise MelodyError(f"the scale {scale!r} needs a key that says where it starts, such as 'D'")
    return _scale_on(tonic, scale)


def _parse_key(key: str) -> tuple[int, str | None]:
    """Returns the tonic, and the scale's name if there is one."""
    match = _KEY.fullmatch(_without_accents(key).strip())
    if not match:
        raise MelodyError(
            f"the key {key!r} does not begin with a note; write a letter from A to G, # or b, and the scale, such as "
            "'F# minor'"
        )
    natural, word, accidentals, name = match.groups()
    tonic = parse_pitch_class(natural + (_SIGNS[word.lower()] if word else accidentals))
    return tonic, {"m": "minor", "M": "major"}.get(name, name) or None


def _without_accents(text: str) -> str:
    """Returns a text without its letters' accents."""
    return "".join(part for part in unicodedata.normalize("NFKD", text) if not unicodedata.combining(part))


def _parse_notes(text: str) -> list[int]:
    """Returns the pitch classes of note names with spaces or commas between, or nothing if it is another text."""
    try:
        return [parse_pitch_class(name) for name in text.replace(",", " ").split()]
    except MelodyError:
        return []


def _find(name: str) -> tuple[int, ...]:
    wanted = " ".join(_without_accents(name).lower().split())
    wanted = _OTHER_NAMES.get(wanted, wanted)
    if wanted in SCALES:
        return SCALES[wanted]
    fitting = [scale for scale in SCALES if scale.startswith(wanted) and " " not in scale]
    if len(wanted) < _MIN_LETTERS or len(fitting) != 1:
        raise MelodyError(f"there is no scale {name!r}; those there are: {', '.join(SCALES)}")
    return SCALES[fitting[0]]


def _scale_on(tonic: int, name: str) -> Scale:
    return Scale(tonic, frozenset((tonic + semitones) % NOTES_PER_OCTAVE for semitones in _find(name)))
