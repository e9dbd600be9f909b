"""Bars from meters, for files that have no bar lines: MIDI, and note sequences."""

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from melody_rnn.formats.score import Bar, MeterChange
from melody_rnn.music.meters import COMMON_TIME

# A meter may stand a tick off.
_TOLERANCE = Fraction(1, 100)
_MAX_BARS = 200_000
_MAX_MARKERS = 1_000
_MAX_LABEL = 40


def first_bar_is_pickup(meters: Sequence[MeterChange]) -> tuple[list[MeterChange], Fraction]:
    """Finds a pickup that is written as a short first meter of one bar, such as 1/4 before 4/4.

    Returns:
        The meters without that one, the next one in its place, and the pickup's length in quarter notes; 0 without one.
    """
    if len(meters) > 1 and meters[0].start == 0:
        first, second = meters[0].meter.quarters, meters[1].meter.quarters
        if first < second and abs(meters[1].start - first) <= _TOLERANCE:
            return [MeterChange(Fraction(0), meters[1].meter), *meters[2:]], meters[1].start
    return list(meters), Fraction(0)


def measure(
    meters: Sequence[MeterChange], pickup: Fraction, end: Fraction, markers: Sequence[tuple[Fraction, str]] = ()
) -> tuple[tuple[Bar, ...], Fraction]:
    """Returns the bars of music, and where the last one ends.

    Args:
        meters: By start; 4/4 holds where none does.
        pickup: Length of a pickup, in quarter notes; 0 for none.
        end: Where the music ends, in quarter notes.
        markers: (time, text) of what names sections; each labels the bar that begins there.
    """
    first = [] if meters and meters[0].start == 0 else [MeterChange(Fraction(0), COMMON_TIME)]
    starts = [Fraction(0)] if pickup else []
    now = pickup
    for change, following in pairwise([*first, *meters, None]):
        assert change is not None
        now = max(now, change.start)
        limit = max(end, now + _TOLERANCE) if following is None else following.start
        while now < limit and len(starts) < _MAX_BARS:
            starts.append(now)
            now += change.meter.quarters
        if following is not None:
            # A meter that begins within a bar cuts it off.
            now = following.start
    labels = _labels(markers, starts, max(now, end))
    bars = [Bar(start, label=labels.get(start, "")) for start in sorted({*starts, *labels})]
    return _with_section_ends(bars), max(now, end)


def _labels(markers: Sequence[tuple[Fraction, str]], starts: Sequence[Fraction], end: Fraction) -> dict[Fraction, str]:
    """Returns what names sections by where they begin: at a bar's start, or within a bar, as after a pickup."""
    labels = {}
    for time, text in markers[:_MAX_MARKERS]:
        place = bisect_left(starts, time - _TOLERANCE)
        is_at_bar = place < len(starts) and abs(starts[place] - time) <= _TOLERANCE
        if text.strip() and time < end:
            labels[starts[place] if is_at_bar else time] = " ".join(text.split())[:_MAX_LABEL]
    return labels


def _with_section_ends(bars: Sequence[Bar]) -> tuple[Bar, ...]:
    """Returns bars with a double bar line before each one with a label."""
    following = [*bars[1:], None]
    return tuple(
        bar._replace(is_double=True) if after and after.label else bar
        for bar, after in zip(bars, following, strict=True)
    )
