"""The key that chords are in."""

from collections.abc import Sequence
from typing import Final

from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.music.chords import ChordTones
from melody_rnn.music.keys import Key, key_of_tonic

_MODES: Final = ("major", "minor", "dorian", "mixolydian")
_LEADING_TONE: Final = 11
# What it counts, in chord notes, that the last and the first chord are the tonic's, and that a key is major or minor.
_LAST: Final = 2.5
_FIRST: Final = 2.0
_USUAL: Final = 1.5


def key_of_chords(chords: Sequence[tuple[ChordTones | None, int]]) -> Key | None:
    """Returns the key that most of the chords' notes are in, and in which they begin and end; None without a chord.

    Minor keys have both sevenths. Of equals the first among major, minor, dorian, mixolydian counts, from C up.

    Args:
        chords: Each chord, in order, with how long it holds; None where none sounds.
    """
    sounding = [(chord, length) for chord, length in chords if chord is not None and length > 0]
    if not sounding:
        return None
    total = sum(length for _, length in sounding)

    def fitness(key: Key) -> float:
        own = set(key.pitch_classes)
        if key.mode == "minor":
            own.add((key.tonic + _LEADING_TONE) % NOTES_PER_OCTAVE)
        share = sum(length * len(own.intersection(chord.tones)) / len(chord.tones) for chord, length in sounding)
        points = NOTES_PER_OCTAVE * share / total + (_USUAL if key.mode in ("major", "minor") else 0.0)
        third = "major" if key.mode in ("major", "mixolydian") else "minor"
        for (chord, _), gain in ((sounding[-1], _LAST), (sounding[0], _FIRST)):
            points += gain * (chord.root == key.tonic and chord.quality in (third, "other"))
        return points

    keys = [key_of_tonic(tonic, mode) for mode in _MODES for tonic in range(NOTES_PER_OCTAVE)]
    return max(keys, key=fitness)
