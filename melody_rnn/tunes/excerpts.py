"""Bars of a tune as a person names them, '1-2,7-8', and the events in them."""

import re

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.events import NO_EVENT, NOTE_OFF
from melody_rnn.tunes.tune import Tune

_BARS = re.compile(r"\d{1,5}(-\d{1,5})?")


def parse_bars(text: str) -> list[int]:
    """Returns the numbers of bars in a list such as '1-2,7-8', rising; the first whole bar is 1, a pickup is bar 0.

    Raises:
        InvalidArgumentError: If it is no such list.
    """
    bars: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not _BARS.fullmatch(part.strip()) or int(first) > int(last or first):
            raise InvalidArgumentError(f"bars must be numbers and ranges, such as 1-2,7-8, got {text!r}")
        bars.update(range(int(first), int(last or first) + 1))
    return sorted(bars)


def events_of_bars(tune: Tune, bars: str, steps_per_bar: int) -> dict[int, int]:
    """Returns the events in some bars of a tune by step, as `Constraints` keeps them.

    A last bar that the tune does not fill ends with a rest.

    Args:
        tune: The tune.
        bars: As `parse_bars` reads them.
        steps_per_bar: Steps in a bar.

    Raises:
        InvalidArgumentError: If `bars` is no list of bars.
        MelodyError: If the tune has fewer bars.
    """
    first_bar = 0 if tune.pickup_steps else 1
    num_bars = -(-len(tune) // steps_per_bar) - (1 - first_bar)
    filled = [*tune.events, NOTE_OFF, *[NO_EVENT] * steps_per_bar]
    kept: dict[int, int] = {}
    for bar in parse_bars(bars):
        if not first_bar <= bar <= num_bars:
            pickup = " and a pickup, bar 0" if tune.pickup_steps else ""
            raise MelodyError(
                f"there is no bar {bar} to keep, the melody has {num_bars} bars of {steps_per_bar} steps{pickup}"
            )
        steps = range((bar - first_bar) * steps_per_bar, (bar - first_bar + 1) * steps_per_bar)
        kept.update((step, filled[step]) for step in steps)
    return kept
