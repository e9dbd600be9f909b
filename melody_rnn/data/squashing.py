"""Melodies as a model takes them: moved into its range and key."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from melody_rnn.config import ModelConfig
from melody_rnn.data.dataset import StoredMelody
from melody_rnn.music.transposition import home_transposition, transpose
from melody_rnn.tunes.tune import transpose_chords


def squash_all(config: ModelConfig, melodies: Sequence[StoredMelody]) -> list[StoredMelody]:
    """Returns melodies in a model's range and key."""
    low, high = config.encoding.min_note, config.encoding.max_note
    moved = []
    for melody in melodies:
        amount = home_transposition(melody.events, low, high, config.transpose_to_key)
        events = transpose(melody.events, amount, low, high).astype(np.int8)
        key = melody.key and melody.key.transpose(amount)
        moved.append(replace(melody, events=events, key=key, chords=transpose_chords(melody.chords, amount, key)))
    return moved
