"""Transposition of events, and where a model feels at home with them: the one home of both."""

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray

from melody_rnn.events import NOTES_PER_OCTAVE, NUM_PITCHES
from melody_rnn.music.scales import SCALES

# Row k has the pitch classes of the major scale on k.
_MAJOR_SCALES = (np.arange(NOTES_PER_OCTAVE)[:, np.newaxis] + SCALES["major"]) % NOTES_PER_OCTAVE


def transpose(events: npt.ArrayLike, amount: int, min_note: int = 0, max_note: int = NUM_PITCHES) -> NDArray[np.int32]:
    """Returns events with their notes moved up by `amount` semitones; notes outside the range are folded by octaves.

    Args:
        events: Events, an array of any shape.
        amount: Semitones up.
        min_note: Lowest MIDI pitch (inclusive).
        max_note: Highest MIDI pitch (exclusive); the range spans at least an octave.

    Source: note_seq's `Melody.transpose`.
    """
    given = np.asarray(events, np.int32)
    moved = given + amount
    below = min_note + (moved - min_note) % NOTES_PER_OCTAVE
    above = max_note - NOTES_PER_OCTAVE + (moved - max_note) % NOTES_PER_OCTAVE
    folded = np.where(moved < min_note, below, np.where(moved >= max_note, above, moved))
    transposed: NDArray[np.int32] = np.where(given >= 0, folded, given).astype(np.int32)
    return transposed


def major_key(events: npt.ArrayLike) -> int:
    """Returns the tonic (0 = C) of the major key that has most of the notes; of equals the lowest.

    Source: note_seq's `Melody.get_major_key`.
    """
    given = np.asarray(events, np.int64)
    counts = np.bincount(given[given >= 0] % NOTES_PER_OCTAVE, minlength=NOTES_PER_OCTAVE)
    return int(np.argmax(counts[_MAJOR_SCALES].sum(axis=1)))


def home_transposition(events: npt.ArrayLike, min_note: int, max_note: int, home_key: int | None) -> int:
    """Returns by how many semitones to move a melody so that it is in a key and in the middle of a range.

    Args:
        events: The melody.
        min_note: Lowest pitch of the range.
        max_note: Highest pitch of the range, exclusive.
        home_key: Tonic of the major key (0 = C), or None to leave the melody where it is.

    Source: note_seq's `Melody.squash`.
    """
    given = np.asarray(events, np.int64)
    pitches = given[given >= 0]
    if home_key is None or not len(pitches):
        return 0
    to_key = home_key - major_key(given)
    centre = (int(pitches.min()) + int(pitches.max())) / 2
    home = (min_note + max_note - 1) / 2
    return to_key + NOTES_PER_OCTAVE * round((home - (centre + to_key)) / NOTES_PER_OCTAVE)
