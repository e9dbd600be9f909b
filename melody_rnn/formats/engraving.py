"""Bars of a score as notation writes them: notes and rests split at bar lines and beats, tied, dotted, in triplets."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final, NamedTuple

from melody_rnn.errors import MelodyError
from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.formats.note_values import TRIPLET, find_triplets, split_value
from melody_rnn.formats.score import Bar, Note, Score
from melody_rnn.music.keys import Key, spell
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.music.pitches import parse_pitch_class

MAX_BARS: Final = 5_000
MAX_NOTES: Final = 25_000
"""What is written as notation of one tune; a symphony's longest part has fewer."""


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
        name: The pitch as the key at the note's start spells it, or None for a rest.
        is_tied: Whether a tie leads to the next item.
        is_held: Whether a tie leads here.
        triplet: The number of its triplet in the bar, from 1; 0 for none.
    """

    start: Fraction
    length: Fraction
    written: Fraction
    name: Spelled | None
    is_tied: bool = False
    is_held: bool = False
    triplet: int = 0


@dataclass(frozen=True)
class EngravedBar:
    """A bar and what is written in it.

    Attributes:
        bar: The bar with its signs.
        end: Where it ends, in quarter notes.
        origin: From where its beats count: its start, or for a pickup where a whole bar would have begun.
        meter: The meter that holds in it.
        key: The key that holds in it, or None.
        items: Notes and rests, without gaps.
    """

    bar: Bar
    end: Fraction
    origin: Fraction
    meter: Meter
    key: Key | None
    items: tuple[Item, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the bar is as long as its meter says."""
        return self.end - self.bar.start == self.meter.quarters

    @property
    def is_pickup(self) -> bool:
        """Whether the bar leads to the first beat of the next one."""
        return self.origin < self.bar.start

    @property
    def is_silent(self) -> bool:
        """Whether it is a whole bar with nothing but one rest in it."""
        return self.is_whole and len(self.items) == 1 and self.items[0].name is None


class _Span(NamedTuple):
    """What sounds in a bar from one time to another: a note or a part of one, or silence."""

    start: Fraction
    end: Fraction
    name: Spelled | None
    is_tied: bool = False
    is_held: bool = False


def engrave(score: Score) -> list[EngravedBar]:
    """Returns the bars of a score's first part with all that is written in them.

    Notes are tied where chord symbols and tempos stand within them. A key holds from the first bar that begins with it.

    Args:
        score: Its first part is one line: no two notes sound at once.

    Raises:
        MelodyError: If it has no part, its notes overlap, or they begin and end at times that no notation has.
    """
    if not score.parts:
        raise MelodyError("there is no part in it to write")
    notes = score.parts[0].notes
    if len(notes) > MAX_NOTES or len(score.bars) > MAX_BARS:
        raise MelodyError(
            f"it has {len(score.bars)} bars with {len(notes)} notes; at most {MAX_BARS} with {MAX_NOTES} are written "
            "as notation"
        )
    if any(note.end > following.start for note, following in pairwise(notes)):
        raise MelodyError("several notes sound at once; only a single line can be written")
    names = [spelled(note.pitch, _in_force(score.keys, note.start)) for note in notes]
    splits = sorted({*(chord.start for chord in score.chords), *(tempo.start for tempo in score.tempos[1:])})
    engraved, number = list[EngravedBar](), 0
    for before, bar, following in zip((None, *score.bars), score.bars, (*score.bars[1:], None), strict=False):
        end = following.start if following else score.end
        meter = _in_force(score.meters, bar.start) or COMMON_TIME
        origin = end - meter.quarters if _leads_on(before, bar, following, end, meter) else bar.start
        spans, number = _spans(notes, names, number, bar.start, end)
        own_splits = splits[bisect_right(splits, bar.start) : bisect_right(splits, end)]
        items = tuple(_written(spans, origin, end, meter, own_splits))
        engraved.append(EngravedBar(bar, end, origin, meter, _in_force(score.keys, bar.start), items))
    return engraved


def spelled(pitch: int, key: Key | None) -> Spelled:
    """Returns a pitch as it is spelled in a key."""
    name = spell(pitch, key)
    alter = name.count("#") - name[1:].count("b")
    octave = (pitch - alter - parse_pitch_class(name[0])) // NOTES_PER_OCTAVE - 1
    return Spelled(name[0], alter, octave)


def line_starts(bars: Sequence[EngravedBar], bars_per_line: int) -> set[int]:
    """Returns the bars that begin a line: each section does, and no line has a bar alone.

    Pickups do not count, nor do endings after the first one, which stand in its line.
    """
    starts, first = set[int](), 0
    for number, (bar, following) in enumerate(pairwise([*bars, None]), start=1):
        is_over = following is None or _begins_section(bar.bar if bar else None, following.bar)
        # A pickup before the sign of a repeat begins the line of what it leads to.
        leads_on = following is not None and not following.bar.label and first == number - 1 and bars[first].is_pickup
        if is_over and not leads_on:
            starts |= _lines_of_section(bars, first, number, bars_per_line)
            first = number
    return starts


def _lines_of_section(bars: Sequence[EngravedBar], first: int, end: int, bars_per_line: int) -> set[int]:
    starts, counted, is_repeat = {first}, list[int](), False
    has_ending = False
    for number in range(first, end):
        is_repeat = is_repeat or (has_ending and bool(bars[number].bar.endings))
        has_ending = has_ending or bool(bars[number].bar.endings)
        if not bars[number].is_pickup and not is_repeat:
            counted.append(number)
    for place in range(bars_per_line, len(counted) - 1, bars_per_line):
        starts.add(counted[place])
    return starts


def _begins_section(before: Bar | None, bar: Bar) -> bool:
    """Returns whether a bar begins something new."""
    if before is None or bar.opens_repeat or bar.label:
        return True
    return (before.is_double or before.times > 1) and not bar.endings


def _leads_on(before: Bar | None, bar: Bar, following: Bar | None, end: Fraction, meter: Meter) -> bool:
    """Returns whether a bar is a pickup: short, and at the beginning of a section."""
    is_short = end - bar.start < meter.quarters
    return is_short and following is not None and _begins_section(before, bar)


def _in_force(changes: Sequence[Any], time: Fraction) -> Any:
    """Returns the meter or key that holds at a time, or None."""
    held = [change[1] for change in changes if change.start <= time]
    return held[-1] if held else None


def _spans(
    notes: Sequence[Note], names: Sequence[Spelled], number: int, start: Fraction, end: Fraction
) -> tuple[list[_Span], int]:
    """Returns what sounds in a bar, and the first note that goes on after it."""
    spans: list[_Span] = []
    now = start
    while number < len(notes) and notes[number].start < end:
        note = notes[number]
        first, last = max(note.start, start), min(note.end, end)
        if now < first:
            spans.append(_Span(now, first, None))
        spans.append(_Span(first, last, names[number], note.end > end, note.start < start))
        now = last
        if note.end > end:
            break
        number += 1
    if now < end:
        spans.append(_Span(now, end, None))
    return spans, number


def _written(
    spans: Sequence[_Span], origin: Fraction, end: Fraction, meter: Meter, splits: Sequence[Fraction]
) -> Iterator[Item]:
    bounds = sorted({*(span.start for span in spans), *splits, end})
    is_whole = spans[0].start == origin and end - origin == meter.quarters
    if is_whole and spans[0].name is None and len(bounds) == 2:
        yield Item(origin, meter.quarters, meter.quarters, None)
        return
    triplets = find_triplets(bounds, origin, end)
    edges = sorted({edge for triplet in triplets for edge in triplet} | set(splits))
    for span in spans:
        inner = [edge for edge in edges if span.start < edge < span.end]
        items: list[Item] = []
        for first, last in pairwise([span.start, *inner, span.end]):
            items += _piece(first, last, span.name, origin, meter, triplets)
        for place, item in enumerate(items):
            is_last = place == len(items) - 1
            yield (
                item
                if span.name is None
                else replace(item, is_tied=span.is_tied or not is_last, is_held=span.is_held or place > 0)
            )


def _piece(
    first: Fraction,
    last: Fraction,
    name: Spelled | None,
    origin: Fraction,
    meter: Meter,
    triplets: Sequence[tuple[Fraction, Fraction]],
) -> Iterator[Item]:
    """Yields the items that write a part of a note or rest, all of it within a triplet or outside of any."""
    number = next((k for k, (start, end) in enumerate(triplets, 1) if start <= first < end), 0)
    base, scale = (triplets[number - 1][0], TRIPLET) if number else (origin, Fraction(1))
    offset, end = (first - base) * scale, (last - base) * scale
    for start, value in split_value(offset, end, meter, bool(number), name is None):
        yield Item(base + start / scale, value / scale, value, name, triplet=number)
