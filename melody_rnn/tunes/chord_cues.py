"""Cues of chords: what the chords of an outline say of each step, as small integers."""

from collections.abc import Sequence
from typing import Final, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from melody_rnn.errors import MelodyError
from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.music.chords import ChordQuality, parse_chord
from melody_rnn.tunes.outline import Outline
from melody_rnn.tunes.tune import Chord

NO_CHORD: Final = NOTES_PER_OCTAVE + 1
"""The root where it is known that no chord sounds."""
QUALITIES: Final[tuple[ChordQuality, ...]] = get_args(ChordQuality)
"""Qualities by their numbers, from 1."""


class ChordCue(NamedTuple):
    """What is known of a step's chord; columns of cues, 0 where it is not known.

    Attributes:
        root: The root's pitch class as the model plays, from 1; `NO_CHORD` where no chord sounds.
        tones: A bit for each pitch class of the chord as the model plays: 1 for C, 2 for C sharp and so on.
        bass: The pitch class of the bass, from 1; 0 where no chord sounds, too.
        quality: The triad's place among `QUALITIES`, from 1; 0 where no chord sounds, too.
        next_root: The root of the chord that comes next.
        next_quality: Its quality.
        to_next: Steps to it, up to the longest bar that the model knows; 0 where none is known to come.
    """

    root: int = 0
    tones: int = 0
    bass: int = 0
    quality: int = 0
    next_root: int = 0
    next_quality: int = 0
    to_next: int = 0


NUM_CHORD_CUES: Final = len(ChordCue._fields)


def chord_cues_of(outline: Outline, num_steps: int, max_steps: int) -> NDArray[np.int32]:
    """Returns what the chords of an outline say of each step of a tune.

    A chord holds up to the next one, and the last to the end. What comes before the first is not known, and neither is
    a symbol that stands for no chord that is known.

    Args:
        outline: The outline; its chords are moved by its transposition.
        num_steps: How many steps, from the start of the first bar.
        max_steps: From how far away the next chord is known.

    Returns:
        [num_steps, NUM_CHORD_CUES] int32, columns as in `ChordCue`.
    """
    rows = np.zeros((num_steps, NUM_CHORD_CUES), np.int32)
    chords = _changes(outline.chords)
    cues = [_cue(chord.symbol, outline.transposition) for chord in chords]
    for chord, cue in zip(chords, cues, strict=True):
        rows[chord.step :] = cue
    for chord, cue, start in zip(chords, cues, [0, *(chord.step for chord in chords)], strict=False):
        first = max(start, chord.step - max_steps)
        own = rows[first : chord.step]
        own[:, -3], own[:, -2] = cue.root, cue.quality
        own[:, -1] = chord.step - np.arange(first, first + len(own))
    return rows


def _changes(chords: Sequence[Chord]) -> list[Chord]:
    """Returns chords in order without those that say again what holds already; of several on a step the last."""
    last = {chord.step: chord.symbol for chord in sorted(chords, key=lambda chord: chord.step)}
    changes: list[Chord] = []
    for step, symbol in last.items():
        if not changes or changes[-1].symbol != symbol:
            changes.append(Chord(step, symbol))
    return changes


def _cue(symbol: str, transposition: int) -> ChordCue:
    """Returns the cue of a chord `transposition` semitones higher."""
    try:
        chord = parse_chord(symbol)
    except MelodyError:
        return ChordCue()
    if chord is None:
        return ChordCue(NO_CHORD)

    def moved(pitch_class: int) -> int:
        return (pitch_class + transposition) % NOTES_PER_OCTAVE

    tones = sum(1 << moved(tone) for tone in set(chord.tones))
    return ChordCue(moved(chord.root) + 1, tones, moved(chord.bass) + 1, QUALITIES.index(chord.quality) + 1)
