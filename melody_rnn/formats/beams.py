"""Beams: which notes of a bar they join, by the beats of its meter."""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from melody_rnn.formats.engraving import EngravedBar, Item
from melody_rnn.formats.note_values import VALUES, beats
from melody_rnn.music.meters import Meter

_EIGHTH: Final = Fraction(1, 2)
_HALVED: Final = (Meter(4, 4), Meter(2, 2))


def group_numbers(bar: EngravedBar) -> list[int]:
    """Returns for each item of a bar the number of the group it lies in; beams join notes of one group.

    A group is a beat, or half a bar of 4/4 in which no note is shorter than an eighth.
    """
    starts = [bar.origin + place for place in _groups(bar)]
    return [bisect_right(starts, item.start) for item in bar.items]


def beams(bar: EngravedBar) -> dict[int, list[str]]:
    """Returns the beams of each item that has any, outermost first, as MusicXML names them.

    Each is 'begin', 'continue', 'end', or a hook: 'forward hook', 'backward hook'.
    """
    named: dict[int, list[str]] = {}
    for run in _runs(bar):
        levels = [_num_beams(bar.items[index]) for index in run]
        for place, index in enumerate(run):
            named[index] = [_beam(levels, place, level) for level in range(1, levels[place] + 1)]
    return named


def _groups(bar: EngravedBar) -> list[Fraction]:
    """Returns where groups begin in a bar, in quarter notes from its origin."""
    meter = bar.meter
    if meter.is_compound or meter.denominator > 4:
        return beats(meter)
    if meter not in _HALVED:
        return _quarters_or_beats(bar, beats(meter))
    return _quarters_or_beats(bar, [Fraction(0), Fraction(2)])


def _quarters_or_beats(bar: EngravedBar, starts: Sequence[Fraction]) -> list[Fraction]:
    """Returns groups, those of more than a quarter note cut into quarters where they have short notes in them."""
    ends = [*starts[1:], bar.meter.quarters]
    groups: list[Fraction] = []
    for start, end in zip(starts, ends, strict=True):
        inside = [item for item in bar.items if start <= item.start - bar.origin < end]
        is_cut = any(item.triplet or item.length < _EIGHTH or item.length == 3 * _EIGHTH / 2 for item in inside)
        step = Fraction(1) if is_cut else end - start
        groups += [start + step * number for number in range(int(-(-(end - start) // step)))]
    return groups


def _runs(bar: EngravedBar) -> list[list[int]]:
    """Returns the runs of two or more notes with beams that lie in one group, and in one triplet or in none."""
    runs: list[list[int]] = [[]]
    places = [(number, item.triplet) for number, item in zip(group_numbers(bar), bar.items, strict=True)]
    for index, item in enumerate(bar.items):
        has_beam = item.name is not None and _num_beams(item) > 0
        if not has_beam or (index and places[index] != places[index - 1]):
            runs.append([])
        if has_beam:
            runs[-1].append(index)
    return [run for run in runs if len(run) > 1]


def _num_beams(item: Item) -> int:
    plain, _ = VALUES[item.written]
    return max(0, (1 / plain).numerator.bit_length() - 1)


def _beam(levels: Sequence[int], place: int, level: int) -> str:
    before = place > 0 and levels[place - 1] >= level
    after = place + 1 < len(levels) and levels[place + 1] >= level
    if before and after:
        return "continue"
    if before:
        return "end"
    if after:
        return "begin"
    return "backward hook" if place > 0 else "forward hook"
