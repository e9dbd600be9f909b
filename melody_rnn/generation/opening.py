"""How melodies without a primer open."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from melody_rnn.events import NUM_SPECIAL_EVENTS


def draw_openings(shares: Mapping[int, float], num_melodies: int, seed: int) -> NDArray[np.int32]:
    """Returns one opening event a melody, [num_melodies, 1] int32.

    Args:
        shares: What each event's probability is in proportion to.
        num_melodies: How many; melody k's opening is the same however many there are.
        seed: Of the run.
    """
    events = np.array(sorted(shares), np.int32)
    bounds = np.cumsum([shares[int(event)] for event in events])
    # One stream for all: its number k is the same however many are taken.
    drawn = np.random.Generator(np.random.Philox(key=seed)).random(num_melodies) * bounds[-1]
    openings: NDArray[np.int32] = events[np.searchsorted(bounds, drawn, side="right")]
    return openings[:, np.newaxis]


def allowed_openings(shares: Mapping[int, float], is_allowed: NDArray[np.bool_], min_note: int) -> Mapping[int, float]:
    """Returns the shares of the openings that constraints leave.

    Where they leave none of the model's own, every pitch that they allow is as likely; where they allow none, the
    melody opens with a rest.

    Args:
        shares: The model's own openings, pitches.
        is_allowed: [num_events] bool, by event index, at least one of them.
        min_note: The model's lowest pitch.
    """
    events = [int(index) - NUM_SPECIAL_EVENTS for index in np.flatnonzero(is_allowed)]
    pitches = [event + min_note for event in events if event >= 0]
    own = {pitch: shares[pitch] for pitch in pitches if shares.get(pitch, 0) > 0}
    return own or dict.fromkeys(pitches, 1.0) or {events[0]: 1.0}
