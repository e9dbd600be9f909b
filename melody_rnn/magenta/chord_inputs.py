"""Chord symbols out of what Magenta's encoders made of them."""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.config import ChordEncodingKind
from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.music.chords import parse_chord
from melody_rnn.music.keys import spell
from melody_rnn.tunes.tune import Chord

_NONE: Final = "N.C."
_TRIADS: Final = ("", "m", "aug", "dim")
# Kinds of chords, the usual ones first.
_KINDS: Final = (
    *("", "m", "7", "m7", "maj7", "dim", "aug", "6", "m6", "sus4", "sus2", "5", "m7b5", "dim7", "7sus4", "9", "m9"),
    *("maj9", "add9", "madd9", "6/9", "11", "m11", "13", "m13", "maj13", "mmaj7", "aug7", "7b5", "7#9", "7b9", "maj11"),
)


def decode_chords(inputs: NDArray[np.float32], kind: ChordEncodingKind) -> tuple[Chord, ...]:
    """Returns the chord symbols of Magenta's inputs of them.

    Args:
        inputs: [steps - 1, size] float32; those of step t are the chord of step t + 1. That of the first step is not
            among them, and is taken to be the second one's.
        kind: 'triads' or 'pitches'; the notes of an unusual chord may become those of the likest one that is usual.
    """
    symbols = [_triad(row) if kind == "triads" else _chord(row) for row in inputs]
    chords: list[Chord] = []
    for step, symbol in enumerate([*symbols[:1], *symbols]):
        if not chords or chords[-1].symbol != symbol:
            chords.append(Chord(step, symbol))
    return () if {chord.symbol for chord in chords} <= {_NONE} else tuple(chords)


def _triad(row: NDArray[np.float32]) -> str:
    place = int(row.argmax())
    if not place:
        return _NONE
    triad, root = divmod(place - 1, NOTES_PER_OCTAVE)
    return spell(root) + _TRIADS[triad]


def _chord(row: NDArray[np.float32]) -> str:
    if row[0]:
        return _NONE
    root, tones, bass = (np.flatnonzero(part).tolist() for part in np.split(row[1:], 3))
    if not (len(root) == len(bass) == 1):
        return _NONE
    symbol = spell(root[0]) + _kind(frozenset((tone - root[0]) % NOTES_PER_OCTAVE for tone in tones))
    return symbol if bass == root else f"{symbol}/{spell(bass[0])}"


@cache
def _kind(tones: frozenset[int]) -> str:
    """Returns the kind of chord that has these notes, in semitones above the root, or as many of them as one has."""
    return min(_KINDS, key=lambda kind: len(tones.symmetric_difference(_tones(kind))))


def _tones(kind: str) -> tuple[int, ...]:
    chord = parse_chord(f"C{kind}")
    return chord.tones if chord else ()
