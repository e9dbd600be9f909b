"""The scale that a chord has in a key: what lies between its notes.

Source: Nettles and Graf 1997, 'The Chord Scale Theory and Jazz Harmony'; here the seven notes are looked for that have
the chord's and most of the key's.
"""

from functools import lru_cache
from typing import Final

from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.music.chords import ChordTones
from melody_rnn.music.keys import Key
from melody_rnn.music.scales import SCALES

DEFAULT_STRENGTH: Final = 3.0
"""Nats by which a note that fits its chord is preferred; docs/chords.md has what others cost and gain."""
MAX_STRENGTH: Final = 1000.0
SCALE_FAMILIES: Final = ("major", "harmonic minor", "melodic minor", "half-whole", "whole tone")
"""The scales that chords have, the plainest first."""


@lru_cache(maxsize=4096)
def chord_scale(chord: ChordTones, key: Key) -> frozenset[int]:
    """Returns the pitch classes of the scale that goes with a chord in a key.

    That of the key, if it has the chord's notes; else of the scales that have them the one that has most of the key's,
    a plain one rather than a rare one: over E7 in A minor that is A harmonic minor. Where no scale has them all, they
    are added to the key's.
    """
    tones = frozenset(chord.tones)
    if tones <= key.pitch_classes:
        return key.pitch_classes
    scales = [
        frozenset((tonic + semitones) % NOTES_PER_OCTAVE for semitones in SCALES[name])
        for name in SCALE_FAMILIES
        for tonic in range(NOTES_PER_OCTAVE)
    ]
    fitting = [scale for scale in scales if tones <= scale]
    # Of equals the first one counts, whose family is the plainest.
    return max(fitting, key=lambda scale: len(scale & key.pitch_classes), default=tones | key.pitch_classes)
