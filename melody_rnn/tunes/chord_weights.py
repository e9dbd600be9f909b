"""What chords say of the notes over them, as weights: for models that do not hear chords."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.errors import MelodyError
from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.music.chord_keys import key_of_chords
from melody_rnn.music.chord_scales import chord_scale
from melody_rnn.music.chords import ChordTones, parse_chord
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.tune import Chord

_BEAT_SHARE: Final = 0.5
"""How much of the strength holds on beats that are not strong."""


def chord_at(chords: Sequence[Chord], step: int) -> ChordTones | None:
    """Returns the chord that holds at a step; None where none does, or one that is not known."""
    number = bisect_right(chords, step, key=lambda chord: chord.step) - 1
    return _parse(chords[number].symbol) if number >= 0 else None


def key_of(chords: Sequence[Chord], num_steps: int) -> Key | None:
    """Returns the key of the chords of so many steps; None if none is known."""
    ends = [*(chord.step for chord in chords[1:]), num_steps]
    return key_of_chords([(_parse(chord.symbol), end - chord.step) for chord, end in zip(chords, ends, strict=True)])


def chord_weights(
    chords: Sequence[Chord], meter: Meter, key: Key, num_steps: int, strength: float, steps_per_quarter: int
) -> NDArray[np.float32]:
    """Returns how much a note of each pitch class is wanted at each step, [num_steps, 12] float32 in nats.

    On strong beats, and where a chord begins, the chord's notes have `strength` more than others of its scale, on other
    beats half of that, and between beats as much; what is outside the scale has `strength` less than all of these. The
    weights are such that with all notes of the scale as likely a note begins as often as without them. No chord, one
    that is not known, and what comes before the first weigh nothing.

    Args:
        chords: By step.
        meter: Of all bars.
        key: Whose scale holds where it has the chord's notes.
        num_steps: How many, from the start of the first bar.
        strength: In nats, at least 0.
        steps_per_quarter: Steps in a quarter note.
    """
    weights = np.zeros((num_steps, NOTES_PER_OCTAVE), np.float32)
    bar = meter.steps_per_bar(steps_per_quarter)
    shares = _shares_of_bar(meter, steps_per_quarter)
    starts = [chord.step for chord in chords]
    known = [_parse(chord.symbol) for chord in chords]
    rows: dict[tuple[ChordTones, float], NDArray[np.float32]] = {}
    for step in range(starts[0] if starts else num_steps, num_steps):
        number = bisect_right(starts, step) - 1
        chord = known[number]
        if chord is None:
            continue
        share = 1.0 if step == starts[number] else shares[step % bar]
        if (chord, share) not in rows:
            rows[chord, share] = _row(chord, key, strength, share)
        weights[step] = rows[chord, share]
    return weights


def _row(chord: ChordTones, key: Key, strength: float, share: float) -> NDArray[np.float32]:
    scale = chord_scale(chord, key)
    tones = scale & set(chord.tones)
    own, others = len(tones) / len(scale), 1 - len(tones) / len(scale)
    gain = -math.log(own + others * math.exp(-share * strength))
    return np.array(
        [
            gain if pitch in tones else gain - share * strength - (0 if pitch in scale else strength)
            for pitch in range(NOTES_PER_OCTAVE)
        ],
        np.float32,
    )


def _shares_of_bar(meter: Meter, steps_per_quarter: int) -> list[float]:
    """Returns how much of the strength holds at each step of a bar."""
    strong = meter.strong_steps(steps_per_quarter)
    beat = int((meter.tempo_beat if meter.is_compound else 1) * steps_per_quarter)
    return [
        1.0 if step in strong else 0.0 if step % beat else _BEAT_SHARE
        for step in range(meter.steps_per_bar(steps_per_quarter))
    ]


def _parse(symbol: str) -> ChordTones | None:
    try:
        return parse_chord(symbol)
    except MelodyError:
        return None
