"""Bars of a melody as a person names them, '1-2,7-8', and the events in them."""

import re
from collections.abc import Sequence

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.events import NO_EVENT, NOTE_OFF

_BARS = re.compile(r"\d{1,5}(-\d{1,5})?")


def parse_bars(text: str) -> list[int]:
    """Returns the numbers of bars in a list such as '1-2,7-8', rising; the first bar is 1.

    Raises:
        InvalidArgumentError: If it is no such list.
    """
    bars: set[int] = set()
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not _BARS.fullmatch(part.strip()) or not 1 <= int(first) <= int(last or first):
            raise InvalidArgumentError(f"bars must be numbers from 1 on and ranges, such as 1-2,7-8, got {text!r}")
        bars.update(range(int(first), int(last or first) + 1))
    return sorted(bars)


def events_of_bars(events: Sequence[int], bars: str, steps_per_bar: int) -> dict[int, int]:
    """Returns the events in some bars of a melody by step, as `Constraints` keeps them.

    A last bar that the melody does not fill ends with a rest.

    Args:
        events: The melody, from the start of its first bar.
        bars: As `parse_bars` reads them.
        steps_per_bar: Steps in a bar.

    Raises:
        InvalidArgumentError: If `bars` is no list of bars.
        MelodyError: If the melody has fewer bars.
    """
    num_bars = -(-len(events) // steps_per_bar)
    filled = [*events, NOTE_OFF, *[NO_EVENT] * steps_per_bar]
    kept: dict[int, int] = {}
    for bar in parse_bars(bars):
        if bar > num_bars:
            raise MelodyError(f"there is no bar {bar} to keep, the melody has {num_bars} bars of {steps_per_bar} steps")
        steps = range((bar - 1) * steps_per_bar, bar * steps_per_bar)
        kept.update((step, int(filled[step])) for step in steps)
    return kept
