"""Melody events, the vocabulary that everything else speaks.

An event is an int, one a step, as in Magenta: -2 no event (whatever sounds goes on), -1 note off, 0..127 note on at
that MIDI pitch.
"""

from typing import Final

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
