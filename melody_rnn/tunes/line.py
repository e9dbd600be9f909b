"""Notes of a part to one line of events at steps: the rules that reading a tune and building a dataset share."""

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Literal, NamedTuple

from melody_rnn.events import MAX_PITCH, MIN_PITCH, NO_EVENT, NOTE_OFF
from melody_rnn.formats.grid import Pad, TimedNote

Polyphony = Literal["skyline", "discard"]
MAX_STEPS = 1_000_000
"""Steps beyond which a file is taken for damaged."""
# Readers put times a tick or a rounding error off.
_EARLY = 1 / 64


class Span(NamedTuple):
    """A note in steps, with its exact start, in quarter notes, for the order of notes on one step."""

    start: int
    end: int
    pitch: int
    exact_start: float


@dataclass(frozen=True)
class Line:
    """One note at a time.

    Attributes:
        spans: The notes by start, at most one a step; a note may be longer than until the next one begins.
        num_chords: Steps at which notes began together.
        num_inner: Notes left out as inner voices under one that goes on.
        num_collapsed: Notes left out because an earlier one stands on their step, as in a fast triplet.
    """

    spans: Sequence[Span]
    num_chords: int
    num_inner: int
    num_collapsed: int

    def events(self, first_step: int) -> list[int]:
        """Returns the events from a step up to the end of the last note."""
        events = [NO_EVENT] * (self.spans[-1].end - first_step)
        for span, following in zip(self.spans, [*self.spans[1:], None], strict=True):
            if following and span.end < following.start:
                events[span.end - first_step] = NOTE_OFF
            events[span.start - first_step] = span.pitch
        return events


def padded(
    notes: Sequence[TimedNote], start: Fraction | float, end: Fraction | float, pads: Sequence[Pad]
) -> Iterator[TimedNote]:
    """Yields the notes of a stretch with times from its start and with silences put in.

    Args:
        notes: Those that begin within the stretch.
        start: Its start, in quarter notes.
        end: Its end, in quarter notes; what goes on is cut off there.
        pads: The silences within it, by time.
    """
    if not pads and start == 0 and end == math.inf:
        yield from notes
        return
    origin, last = float(start), float(end)
    times = [pad.time for pad in pads]
    totals = [0.0, *accumulate(pad.length for pad in pads)]
    for note in notes:
        note_start, note_end = float(note.start), min(float(note.end), last)
        first = bisect_right(times, note_start + _EARLY)
        # A note that ends where silence is put in is not to grow.
        after = max(first, bisect_left(times, note_end - _EARLY))
        yield TimedNote(note_start - origin + totals[first], note_end - origin + totals[after], note.pitch)


def shift_at(time: Fraction | float, pads: Sequence[Pad]) -> float:
    """Returns by how much what begins at a time moves, in quarter notes."""
    return sum(pad.length for pad in pads if pad.time <= time + _EARLY)


def to_step(quarters: Fraction | float, steps_per_quarter: int) -> int:
    """Returns the step nearest to a time; half-way between two the later one, as note_seq quantises."""
    if isinstance(quarters, Fraction):
        # The same in whole numbers, which are several times as fast.
        numerator, denominator = quarters.as_integer_ratio()
        return (2 * numerator * steps_per_quarter + denominator) // (2 * denominator)
    return math.floor(quarters * steps_per_quarter + 0.5)


def quantise(notes: Sequence[TimedNote], steps_per_quarter: int) -> list[Span]:
    """Returns notes in steps, by start; a note never vanishes by being short."""
    spans = []
    for note in notes:
        first, last = to_step(note.start, steps_per_quarter), to_step(note.end, steps_per_quarter)
        if first <= MAX_STEPS and MIN_PITCH <= note.pitch <= MAX_PITCH:
            spans.append(Span(first, min(max(last, first + 1), MAX_STEPS), note.pitch, float(note.start)))
    return sorted(spans, key=lambda span: (span.start, span.exact_start, -span.pitch))


def one_line(spans: Sequence[Span], polyphony: Polyphony) -> Line:
    """Returns one note a step: of those that begin together the highest.

    Args:
        spans: By start, at least one.
        polyphony: With 'skyline' a note is left out, too, that begins below one that sounds and ends no later: an inner
            voice under a held note. A note that lasts longer takes over.
    """
    line: list[Span] = []
    chord_steps = Counter[int]()
    num_inner = num_collapsed = 0
    for span in spans:
        last = line[-1] if line else None
        if last is None or span.start != last.start:
            if last and polyphony == "skyline" and span.pitch < last.pitch and span.end <= last.end:
                num_inner += 1
                continue
            line.append(span)
        elif span.exact_start != last.exact_start:
            num_collapsed += 1
        elif span.pitch != last.pitch:
            chord_steps[span.start] += 1
    return Line(line, len(chord_steps), num_inner, num_collapsed)


def is_sounding_at_end(events: Sequence[int]) -> bool:
    """Returns whether a note still sounds when the events end."""
    return next((event for event in reversed(events) if event != NO_EVENT), NOTE_OFF) >= 0


def rest_at_end(events: Sequence[int]) -> int:
    """Returns for how many steps nothing has sounded when the events end."""
    steps, is_sounding = 0, False
    for event in events:
        is_sounding = event >= 0 or (is_sounding and event == NO_EVENT)
        steps = 0 if is_sounding else steps + 1
    return steps
