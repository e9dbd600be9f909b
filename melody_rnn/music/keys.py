"""Keys with their modes, as key signatures name them; needs neither note_seq nor NumPy."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from melody_rnn.events import NOTES_PER_OCTAVE

MODES: Final[Mapping[str, int]] = {
    "major": 0,
    "minor": -3,
    "dorian": -2,
    "phrygian": -4,
    "lydian": 1,
    "mixolydian": -1,
    "locrian": -5,
}
"""Sharps that the signature of each mode has more than that of the major key on the same tonic."""
MAX_SHARPS: Final = 7
_SEMITONES_PER_FIFTH: Final = 7
_FIFTHS: Final = ("F", "C", "G", "D", "A", "E", "B")


class Key(NamedTuple):
    """A key signature and its mode.

    Attributes:
        sharps: Sharps of the signature, negative for flats, -7 to 7.
        mode: One of `MODES`.
    """

    sharps: int
    mode: str = "major"

    @property
    def tonic(self) -> int:
        """The pitch class of the tonic, 0 (C) to 11."""
        return (self.sharps - MODES[self.mode]) * _SEMITONES_PER_FIFTH % NOTES_PER_OCTAVE

    @property
    def tonic_name(self) -> str:
        """The tonic's name, such as F# or Bb."""
        # Place on the line of fifths, F is 0.
        place = self.sharps - MODES[self.mode] + 1
        accidentals, letter = divmod(place, len(_FIFTHS))
        return _FIFTHS[letter] + ("#" * accidentals if accidentals > 0 else "b" * -accidentals)

    @property
    def pitch_classes(self) -> frozenset[int]:
        """The pitch classes of its seven notes."""
        places = range(self.sharps - 1, self.sharps - 1 + len(_FIFTHS))
        return frozenset(place * _SEMITONES_PER_FIFTH % NOTES_PER_OCTAVE for place in places)

    @property
    def alters(self) -> dict[str, int]:
        """The letters that the signature alters, each with 1 (sharp) or -1 (flat)."""
        if self.sharps >= 0:
            return dict.fromkeys(_FIFTHS[: self.sharps], 1)
        return dict.fromkeys(_FIFTHS[self.sharps :], -1)

    def transpose(self, amount: int) -> "Key":
        """Returns the key of the same mode `amount` semitones higher, with as few sharps or flats as can be."""
        if amount % NOTES_PER_OCTAVE == 0:
            return self
        sharps = (self.sharps + amount * _SEMITONES_PER_FIFTH) % NOTES_PER_OCTAVE
        return self._replace(sharps=sharps - NOTES_PER_OCTAVE if sharps > NOTES_PER_OCTAVE // 2 else sharps)

    def __str__(self) -> str:
        return f"{self.tonic_name} {self.mode}"


def key_of_tonic(tonic: int, mode: str = "major") -> Key:
    """Returns the key of a mode on a tonic (pitch class, 0 for C), with as few sharps or flats as can be."""
    return Key(MODES[mode], mode).transpose(tonic)


def spell(pitch: int, key: Key | None = None) -> str:
    """Returns the name of a pitch class as it is spelled in a key: F# in D major, Gb in Db major.

    Pitches outside the key take the name that is nearest to it on the line of fifths; the raised seventh of a minor key
    is as near as the lowered one of its tonic, and is what is meant.

    Args:
        pitch: A pitch or pitch class.
        key: The key; C major if None.
    """
    # On the line of fifths, where C is 0, a key's notes lie from one below to five above its signature.
    centre = (key.sharps if key else 0) + 2
    place = pitch * _SEMITONES_PER_FIFTH % NOTES_PER_OCTAVE
    distance = centre - place
    if key and key.mode == "minor" and distance == NOTES_PER_OCTAVE // 2:
        distance += 1
    place += NOTES_PER_OCTAVE * round(distance / NOTES_PER_OCTAVE)
    accidentals, letter = divmod(place + 1, len(_FIFTHS))
    return _FIFTHS[letter] + ("#" * accidentals if accidentals > 0 else "b" * -accidentals)
