"""Melody events, the vocabulary that everything else speaks.

An event is an int, one a step, as in Magenta: -2 no event (whatever sounds goes on), -1 note off, 0..127 note on at
that MIDI pitch.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy.typing as npt

NO_EVENT: Final = -2
NOTE_OFF: Final = -1
NUM_SPECIAL_EVENTS: Final = 2
MIN_PITCH: Final = 0
MAX_PITCH: Final = 127
NUM_PITCHES: Final = MAX_PITCH + 1
NUM_EVENTS: Final = MAX_PITCH - NO_EVENT + 1
NOTES_PER_OCTAVE: Final = 12

DEFAULT_STEPS_PER_QUARTER: Final = 4
DEFAULT_STEPS_PER_BAR: Final = 16
DEFAULT_QPM: Final = 120.0


def event_index(events: "npt.ArrayLike", min_note: int = MIN_PITCH) -> "npt.NDArray[Any]":
    """Returns the index of events among those of a range: 0 no event, 1 note off, 2 and up for note on from `min_note`.

    Args:
        events: An array of any shape.
        min_note: The lowest MIDI pitch of the range.
    """
    import numpy as np

    given = np.asarray(events)
    return np.where(given < 0, given, given - min_note) + NUM_SPECIAL_EVENTS


def index_event(index: int, min_note: int = MIN_PITCH) -> int:
    """Returns the event of an index; the inverse of `event_index`."""
    event = index - NUM_SPECIAL_EVENTS
    return event if event < 0 else event + min_note
