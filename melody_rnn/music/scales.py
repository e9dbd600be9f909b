"""Keys and scales by name, as sets of pitch classes."""

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
        key: A tonic, alone or with the scale's name: 'D dorian', 'F# minor', 'Am', 'C' (major).
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
    tonic, _, name = key.strip().partition(" ")
    if len(tonic) > 1 and tonic.endswith("m") and not name:
        tonic, name = tonic[:-1], "minor"
    try:
        pitch_class = parse_pitch_class(tonic)
    except MelodyError as error:
        raise MelodyError(f"the key {key!r} does not begin with a note: {error}") from None
    return pitch_class, name.strip() or None


def _parse_notes(text: str) -> list[int]:
    """Returns the pitch classes of note names with spaces or commas between, or nothing if it is another text."""
    try:
        return [parse_pitch_class(name) for name in text.replace(",", " ").split()]
    except MelodyError:
        return []


def _find(name: str) -> tuple[int, ...]:
    wanted = " ".join(name.lower().split())
    if wanted not in SCALES:
        raise MelodyError(f"there is no scale {name!r}; those there are: {', '.join(SCALES)}")
    return SCALES[wanted]


def _scale_on(tonic: int, name: str) -> Scale:
    return Scale(tonic, frozenset((tonic + semitones) % NOTES_PER_OCTAVE for semitones in _find(name)))
