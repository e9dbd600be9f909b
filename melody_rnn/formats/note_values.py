"""How lengths are written: values of notes, tied so that the beats of the meter stay visible, and triplets.

A note may be written as one where it begins on a place as strong as any that it covers, or ends on a stronger one. A
note as long as a beat may be syncopated across a beat that does not halve the bar. Where the beats of a meter have
three parts, or not all the same number, only what begins and ends on beats goes across one.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final

from melody_rnn.errors import MelodyError
from melody_rnn.music.meters import Meter

_PLAIN: Final = tuple(Fraction(2) ** power for power in range(3, -6, -1))
VALUES: Final = {value: (value, 0) for value in _PLAIN} | {value * Fraction(3, 2): (value, 1) for value in _PLAIN}
"""Lengths in quarter notes that one note head with at most one dot has: its plain value, and its dots."""
TRIPLET: Final = Fraction(3, 2)
"""How much longer a note of a triplet is written than it sounds."""
_TRIPLET_SIZES: Final = (Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4))
_BAR_LINE, _HALF, _BEAT, _PART, _WEAKEST = 0, 1, 2, 3, 9
_MAX_PIECES: Final = 12


def beats(meter: Meter) -> list[Fraction]:
    """Returns where the beats of a bar begin, in quarter notes; those of 5/8 and 7/8 have three parts, then two."""
    if meter.denominator == 8 and not meter.is_compound:
        return _uneven_beats(meter.numerator)
    size = Fraction(12 if meter.is_compound else 4, meter.denominator)
    return [size * number for number in range(int(meter.quarters / size))]


def split_value(
    start: Fraction, end: Fraction, meter: Meter, in_triplet: bool, is_rest: bool
) -> tuple[tuple[Fraction, Fraction], ...]:
    """Returns the fewest tied values that write a length, split at the strongest places.

    Args:
        start: Where it begins in its bar, in quarter notes; in a triplet counted from there, in written values.
        end: Where it ends, within the bar.
        meter: The bar's meter.
        in_triplet: Whether it is part of a triplet.
        is_rest: Whether it is a rest, which is never syncopated.

    Returns:
        (start, value) of each.

    Raises:
        MelodyError: If no values write it.
    """
    values = _split(start, end, meter, in_triplet, is_rest)
    if values is None:
        raise MelodyError(
            f"a note of {end - start} quarter notes cannot be written in notation; read it at other steps a quarter"
        )
    return values


def find_triplets(bounds: Sequence[Fraction], origin: Fraction, end: Fraction) -> list[tuple[Fraction, Fraction]]:
    """Returns the spans of a bar that are triplets, (start, end), as short as what lies in them allows.

    Args:
        bounds: Where notes and rests begin and end, in quarter notes.
        origin: From where the beats count.
        end: Where the bar ends.
    """
    spans: list[tuple[Fraction, Fraction]] = []
    for bound in bounds:
        is_third = (bound - origin).denominator % 3 == 0
        if is_third and not any(first <= bound < last for first, last in spans):
            spans.append(_triplet_around(bound, bounds, origin, end))
    return spans


def _triplet_around(
    bound: Fraction, bounds: Sequence[Fraction], origin: Fraction, end: Fraction
) -> tuple[Fraction, Fraction]:
    candidates, closed = [], []
    for size in _TRIPLET_SIZES:
        span = first, last = _around(bound, origin, size)
        inner = [other for other in bounds if first < other < last]
        if last > end or any(((other - first) * 12 / size).denominator > 1 for other in inner):
            continue
        candidates.append(span)
        # Three half notes are a triplet where they stand alone; what is shorter belongs to shorter triplets.
        is_plain = size < _TRIPLET_SIZES[-1] or all(((other - first) * 3 / size).denominator == 1 for other in inner)
        if {first, last} <= {*bounds} and is_plain:
            closed.append(span)
    if not candidates:
        raise MelodyError("notes begin at times that no notation has; read them at other steps a quarter")
    # Where every triplet has a note going into or out of it, that one is tied.
    return (closed or candidates)[0]


def _around(bound: Fraction, origin: Fraction, size: Fraction) -> tuple[Fraction, Fraction]:
    first = origin + (bound - origin) // size * size
    return first, first + size


@lru_cache(maxsize=65_536)
def _split(
    start: Fraction, end: Fraction, meter: Meter, in_triplet: bool, is_rest: bool
) -> tuple[tuple[Fraction, Fraction], ...] | None:
    """Searches breadth first; among splits into the same number the one at stronger places wins."""
    finest = max(start.denominator, end.denominator, meter.denominator)
    reached: dict[Fraction, tuple[int, tuple[tuple[Fraction, Fraction], ...]]] = {start: (0, ())}
    for _ in range(_MAX_PIECES):
        after: dict[Fraction, tuple[int, tuple[tuple[Fraction, Fraction], ...]]] = {}
        for place, (weakness, values) in reached.items():
            for value in VALUES:
                following = place + value
                if following > end or following.denominator > finest:
                    continue
                if not (in_triplet or _may_be_one(place, following, meter, is_rest)):
                    continue
                cost = weakness + _level(following, meter)
                if following not in after or cost < after[following][0]:
                    after[following] = cost, (*values, (place, value))
        if end in after:
            return after[end][1]
        reached = after
    return None


def _may_be_one(start: Fraction, end: Fraction, meter: Meter, is_rest: bool) -> bool:
    """Returns whether what lasts from a place of a bar to another may be written as one note."""
    covered = _strongest_inside(start, end, meter)
    at_start, at_end = _level(start, meter), _level(end, meter)
    if covered <= _BEAT and _is_grouped(meter) and max(at_start, at_end) > _BEAT:
        return False
    if at_start <= covered or (at_end < covered and not is_rest):
        return True
    is_syncope = end - start == Fraction(4, meter.denominator) and at_start == at_end == _PART
    return is_syncope and covered == _BEAT and not is_rest


def _is_grouped(meter: Meter) -> bool:
    """Returns whether eighths make up longer beats."""
    return meter.denominator >= 8


@lru_cache(maxsize=65_536)
def _level(place: Fraction, meter: Meter) -> int:
    """Returns how weak a place is: 0 for a bar line, 1 for the middle, 2 for a beat, 3 for its parts, and so on."""
    within = place % meter.quarters
    if not within:
        return _BAR_LINE
    if _half(meter) and within == _half(meter):
        return _HALF
    if within in beats(meter):
        return _BEAT
    part = _part(meter)
    return next((level for level in range(_PART, _WEAKEST) if within % (part / 2 ** (level - _PART)) == 0), _WEAKEST)


@lru_cache(maxsize=65_536)
def _strongest_inside(start: Fraction, end: Fraction, meter: Meter) -> int:
    """Returns the level of the strongest place strictly between two."""
    bar, first = meter.quarters, start // meter.quarters * meter.quarters
    if first + bar < end:
        return _BAR_LINE
    half = _half(meter)
    if half and start < first + half < end:
        return _HALF
    if any(start < first + beat < end for beat in beats(meter)):
        return _BEAT
    part = _part(meter)
    sizes = ((level, part / 2 ** (level - _PART)) for level in range(_PART, _WEAKEST))
    return next((level for level, size in sizes if (start // size + 1) * size < end), _WEAKEST)


def _half(meter: Meter) -> Fraction | None:
    """Returns the middle of the bar, if it is a stronger beat than others."""
    own = beats(meter)
    has_middle = len(own) > 2 and len(own) % 2 == 0 and meter.quarters / 2 in own
    return meter.quarters / 2 if has_middle else None


def _part(meter: Meter) -> Fraction:
    """Returns the length of the parts of a beat."""
    return Fraction(4, meter.denominator) / (1 if _is_grouped(meter) else 2)


def _uneven_beats(eighths: int) -> list[Fraction]:
    twos = -eighths % 3
    if 2 * twos > eighths:
        return [Fraction(0)]
    sizes = [Fraction(3, 2)] * ((eighths - 2 * twos) // 3) + [Fraction(1)] * twos
    return [sum(sizes[:number], Fraction(0)) for number in range(len(sizes))]
