"""Notes of a score as notation writes them: split at bar lines and beats, tied, dotted, in triplets.

A value is split where it would hide a stronger beat than the one it begins or ends on; a note as long as a beat may be
syncopated across a beat that does not halve the bar.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, NamedTuple

from melody_rnn.errors import MelodyError
from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.formats.score import Bar, Note, Score
from melody_rnn.music.keys import Key, spell
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.music.pitches import parse_pitch_class

_PLAIN: Final = tuple(Fraction(2) ** power for power in range(3, -6, -1))
VALUES: Final = {value: (value, 0) for value in _PLAIN} | {value * Fraction(3, 2): (value, 1) for value in _PLAIN}
"""Lengths in quarter notes that one note head with at most one dot has: its plain value, and its dots."""
_TRIPLET: Final = Fraction(3, 2)


class Spelled(NamedTuple):
    """A pitch by its name.

    Attributes:
        letter: A to G.
        alter: Semitones of its accidental.
        octave: 4 for the one from middle C on.
    """

    letter: str
    alter: int
    octave: int


@dataclass(frozen=True)
class Item:
    """A note head or a rest.

    Attributes:
        start: Where it begins, in quarter notes from the score's start.
        length: How long it sounds, in quarter notes.
        written: The value that is written: in a triplet half as long again.
        pitch: MIDI pitch, or None for a rest.
        is_tied: Whether a tie leads to the next item.
        is_held: Whether a tie leads here.
        triplet: The number of its triplet in the bar, from 1; 0 for none.
    """

    start: Fraction
    length: Fraction
    written: Fraction
    pitch: int | None
    is_tied: bool = False
    is_held: bool = False
    triplet: int = 0


@dataclass(frozen=True)
class EngravedBar:
    """A bar and what is written in it.

    Attributes:
        bar: The bar with its signs.
        end: Where it ends, in quarter notes.
        meter: The meter that holds in it.
        key: The key that holds in it, or None.
        items: Notes and rests, without gaps.
    """

    bar: Bar
    end: Fraction
    meter: Meter
    key: Key | None
    items: tuple[Item, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the bar is as long as its meter says."""
        return self.end - self.bar.start == self.meter.quarters

    @property
    def counts(self) -> bool:
        """Whether the bar counts in a line: a pickup of up to half a bar does not."""
        return 2 * (self.end - self.bar.start) > self.meter.quarters


def engrave(score: Score) -> list[EngravedBar]:
    """Returns the bars of a score's first part with all that is written in them.

    Args:
        score: Its first part is one line: no two notes sound at once.

    Raises:
        MelodyError: If notes of the part overlap, or begin and end at times that no notation has.
    """
    notes = list(score.parts[0].notes)
    for note, following in pairwise(notes):
        if note.end > following.start:
            raise MelodyError("several notes sound at once; only a single line can be written")
    ends = [*(bar.start for bar in score.bars[1:]), score.end]
    splits = sorted(chord.start for chord in score.chords)
    engraved, number = [], 0
    for bar, end in zip(score.bars, ends, strict=True):
        meter = _in_force(score.meters, bar.start) or COMMON_TIME
        spans, number = _spans(notes, number, bar.start, end)
        own_splits = [time for time in splits if bar.start < time < end]
        items = _written(spans, bar.start, end, meter, own_splits)
        engraved.append(EngravedBar(bar, end, meter, _in_force(score.keys, bar.start), tuple(items)))
    return engraved


def spelled(pitch: int, key: Key | None) -> Spelled:
    """Returns a pitch as it is spelled in a key."""
    name = spell(pitch, key)
    alter = name.count("#") - name[1:].count("b")
    octave = (pitch - alter - parse_pitch_class(name[0])) // NOTES_PER_OCTAVE - 1
    return Spelled(name[0], alter, octave)


def beat_groups(meter: Meter) -> list[Fraction]:
    """Returns where the groups of notes that beams join begin in a bar, in quarter notes."""
    bar = meter.quarters
    if is_compound(meter):
        size = Fraction(12, meter.denominator)
    elif meter.denominator == 8:
        return _irregular_groups(meter)
    elif meter in (Meter(4, 4), Meter(2, 2)):
        size = Fraction(2)
    else:
        size = Fraction(1) if meter.denominator >= 4 else Fraction(2)
    return [size * number for number in range(-(-bar // size))]


def is_compound(meter: Meter) -> bool:
    """Returns whether a meter's beats have three parts, as those of 6/8."""
    return meter.denominator >= 8 and meter.numerator % 3 == 0


def _irregular_groups(meter: Meter) -> list[Fraction]:
    """Returns the groups of a meter such as 5/8 or 7/8: threes first, then twos."""
    twos = (-meter.numerator) % 3
    threes = (meter.numerator - 2 * twos) // 3
    if threes < 0:
        return [Fraction(number) for number in range(-(-meter.numerator // 2))]
    sizes = [Fraction(3, 2)] * threes + [Fraction(1)] * twos
    return [sum(sizes[:number], Fraction(0)) for number in range(len(sizes))]


def _in_force(changes: Sequence[Any], time: Fraction) -> Any:
    """Returns the meter or key that holds at a time, or None."""
    held = [change[1] for change in changes if change.start <= time]
    return held[-1] if held else None


def _spans(
    notes: Sequence[Note], number: int, start: Fraction, end: Fraction
) -> tuple[list[tuple[Fraction, Fraction, int | None, bool, bool]], int]:
    """Returns what sounds in a bar, (start, end, pitch or None, tied, held), and the first note that goes on after."""
    spans: list[tuple[Fraction, Fraction, int | None, bool, bool]] = []
    now = start
    while number < len(notes) and notes[number].start < end:
        note = notes[number]
        first, last = max(note.start, start), min(note.end, end)
        if now < first:
            spans.append((now, first, None, False, False))
        spans.append((first, last, note.pitch, note.end > end, note.start < start))
        now = last
        if note.end > end:
            break
        number += 1
    if now < end:
        spans.append((now, end, None, False, False))
    return spans, number


def _written(
    spans: Sequence[tuple[Fraction, Fraction, int | None, bool, bool]],
    start: Fraction,
    end: Fraction,
    meter: Meter,
    splits: Sequence[Fraction],
) -> Iterator[Item]:
    # A short bar at the beginning counts back from its end, as a pickup does.
    origin = end - meter.quarters if end - start < meter.quarters else start
    triplets = _triplets([*(span[0] for span in spans), end], origin)
    bounds = sorted({bound for triplet in triplets for bound in triplet} | set(splits))
    for first, last, pitch, is_tied, is_held in spans:
        inner = [bound for bound in bounds if first < bound < last]
        pieces = list(pairwise([first, *inner, last]))
        values: list[Item] = []
        for piece_start, piece_end in pieces:
            number = next((k for k, (a, b) in enumerate(triplets, 1) if a <= piece_start and piece_end <= b), 0)
            scale = _TRIPLET if number else Fraction(1)
            base = triplets[number - 1][0] if number else origin
            offset = (piece_start - base) * scale
            for value_start, length in _values(offset, (piece_end - piece_start) * scale, meter, bool(number)):
                at = base + value_start / scale
                values.append(Item(at, length / scale, length, pitch, triplet=number))
        for place, item in enumerate(values):
            is_last = place == len(values) - 1
            if pitch is None:
                yield item
            else:
                yield replace(item, is_tied=is_tied or not is_last, is_held=is_held or place > 0)


def _values(start: Fraction, length: Fraction, meter: Meter, in_triplet: bool) -> list[tuple[Fraction, Fraction]]:
    """Returns (start, value) of the note heads that write a length, tied, within a bar."""
    inside = _strongest_inside(start, start + length, meter, in_triplet)
    if length in VALUES and (inside is None or _may_hide(inside, start, start + length, meter, in_triplet)):
        return [(start, length)]
    if inside is None:
        raise MelodyError(
            f"a note of {length} quarter notes is too short for notation; read it at fewer steps a quarter"
        )
    first = _values(start, inside - start, meter, in_triplet)
    return [*first, *_values(inside, start + length - inside, meter, in_triplet)]


def _may_hide(inside: Fraction, start: Fraction, end: Fraction, meter: Meter, in_triplet: bool) -> bool:
    level = _level(inside, meter, in_triplet)
    at_start, at_end = _level(start, meter, in_triplet), _level(end, meter, in_triplet)
    if at_start <= level or at_end < level:
        return True
    is_syncope = not is_compound(meter) and end - start == 1 and at_start == at_end == level + 1
    return is_syncope and level >= 2


def _strongest_inside(start: Fraction, end: Fraction, meter: Meter, in_triplet: bool) -> Fraction | None:
    """Returns the strongest place strictly between two, the first of several; None if there is none to split at."""
    for level in range(9):
        size = _size(level, meter, in_triplet)
        place = (start // size + 1) * size
        if place < end:
            return place
    return None


def _level(place: Fraction, meter: Meter, in_triplet: bool) -> int:
    """Returns how weak a place in a bar is: 0 for a bar line, 1 for the middle, 2 for a beat, and so on."""
    return next((level for level in range(9) if place % _size(level, meter, in_triplet) == 0), 9)


def _size(level: int, meter: Meter, in_triplet: bool) -> Fraction:
    bar = meter.quarters
    if in_triplet:
        return Fraction(12, 2**level)
    beat = Fraction(12 if is_compound(meter) else 4, meter.denominator)
    if level == 0:
        return bar
    if level == 1:
        halves = (bar / beat) % 2 == 0 and bar / beat > 2
        return bar / 2 if halves else bar
    if level == 2:
        return beat
    part: Fraction = beat / 3 if is_compound(meter) else beat / 2
    return Fraction(part, 2 ** (level - 3))


def _triplets(bounds: Sequence[Fraction], origin: Fraction) -> list[tuple[Fraction, Fraction]]:
    """Returns the spans of a bar that are triplets: half notes, quarters or eighths with thirds in them."""
    odd = [bound for bound in bounds if (bound - origin).denominator % 3 == 0]
    spans: list[tuple[Fraction, Fraction]] = []
    for bound in odd:
        if any(first <= bound < last for first, last in spans):
            continue
        spans.append(_triplet_around(bound, bounds, origin))
    return spans


def _triplet_around(bound: Fraction, bounds: Sequence[Fraction], origin: Fraction) -> tuple[Fraction, Fraction]:
    for size in (Fraction(1, 2), Fraction(1), Fraction(2)):
        first = origin + (bound - origin) // size * size
        inner = [b for b in bounds if first < b < first + size]
        edges = {first, first + size} <= {*bounds} or size == 2
        if edges and all(((b - first) * 12 / size).denominator == 1 for b in inner):
            return first, first + size
    first = origin + (bound - origin) // 1
    return first, first + 1
