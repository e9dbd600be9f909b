"""Meters, as time signatures name them, and their bars in steps."""

import re
from fractions import Fraction
from typing import Final, NamedTuple

from melody_rnn.errors import MelodyError
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER

MAX_BEATS: Final = 99
MAX_BEAT_TYPE: Final = 64
"""What a file's time signature may have; MIDI has a byte for the one, notation no shorter note than the other."""
_MAX_BEATS = 32
_DENOMINATORS = (1, 2, 4, 8, 16, 32)


class Meter(NamedTuple):
    """A time signature.

    Attributes:
        numerator: Beats in a bar.
        denominator: The note that a beat is, as a part of a whole note.
    """

    numerator: int
    denominator: int

    @property
    def quarters(self) -> Fraction:
        """The length of a bar, in quarter notes."""
        return Fraction(4 * self.numerator, self.denominator)

    @property
    def is_usual(self) -> bool:
        """Whether it is one that a file may have."""
        return 1 <= self.numerator <= MAX_BEATS and 1 <= self.denominator <= MAX_BEAT_TYPE

    @property
    def is_compound(self) -> bool:
        """Whether its beats have three parts, as those of 6/8."""
        return self.denominator >= 8 and self.numerator % 3 == 0

    @property
    def tempo_beat(self) -> Fraction:
        """The note that tempos count, in quarter notes: a dotted quarter in 6/8, a half in 2/2, else a quarter."""
        if self.is_compound and self.denominator == 8:
            return Fraction(3, 2)
        return Fraction(2) if self.denominator == 2 else Fraction(1)

    def steps_per_bar(self, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER) -> int:
        """Returns the steps in a bar.

        Raises:
            MelodyError: If they are no whole number.
        """
        steps, rest = divmod(self.numerator * 4 * steps_per_quarter, self.denominator)
        if rest:
            raise MelodyError(f"a bar of {self} is no whole number of steps at {steps_per_quarter} a quarter note")
        return steps

    def strong_steps(self, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER) -> tuple[int, ...]:
        """Returns the steps of a bar's strong beats: the first one, and the middle of an even number of beats.

        Raises:
            MelodyError: If a bar is no whole number of steps.
        """
        bar, beat = self.steps_per_bar(steps_per_quarter), int(self.tempo_beat * steps_per_quarter)
        return (0, bar // 2) if beat and bar % (2 * beat) == 0 else (0,)

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


def parse_meter(text: str) -> Meter:
    """Reads a meter such as '6/8'; `str` is its inverse.

    Raises:
        MelodyError: If it is no time signature.
    """
    match = re.fullmatch(r"([0-9]{1,2})/([0-9]{1,2})", text.strip())
    meter = Meter(*map(int, match.groups())) if match else None
    if not meter or not 1 <= meter.numerator <= _MAX_BEATS or meter.denominator not in _DENOMINATORS:
        raise MelodyError(
            f"{text!r} is no meter: write beats, from 1 to {_MAX_BEATS}, and the note of a beat, such as 4/4 or 6/8"
        )
    return meter


def meter_of_bar(steps_per_bar: int, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER) -> Meter:
    """Returns the plainest meter of a bar: quarters where they fill it, else the next shorter note that does."""
    denominator = 4
    while steps_per_bar * denominator % (4 * steps_per_quarter) and denominator < 64:
        denominator *= 2
    return Meter(max(1, steps_per_bar * denominator // (4 * steps_per_quarter)), denominator)


COMMON_TIME: Final = Meter(4, 4)
"""What holds where nobody says a meter."""
