"""Melodies out of pieces, by rules of which each is an option and each loss is told.

Source of the rules and their defaults: Magenta's pipelines/melody_pipelines.py and note_seq's melodies_lib.py.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple, get_args

from melody_rnn.formats.grid import Pad
from melody_rnn.data.pieces import Key, Meter, Piece, PieceNote
from melody_rnn.data.repeats import Repeats
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER, MAX_PITCH, NO_EVENT, NOTE_OFF, NOTES_PER_OCTAVE

Polyphony = Literal["skyline", "discard"]
Collapsed = Literal["keep", "drop"]
MAX_STEPS_PER_BAR = 255
_MAX_PIECE_STEPS = 1_000_000
# Readers put times a tick or a rounding error off.
_EARLY = 1 / 64
_COMMON_TIME = Meter(0.0, 4, 4)


@dataclass(frozen=True)
class ExtractionRules:
    """What makes a melody of a piece, and what is dropped.

    Attributes:
        steps_per_quarter: Steps in a quarter note.
        min_bars: Melodies of fewer bars are dropped.
        min_pitch_classes: Melodies with fewer different pitch classes are dropped.
        max_steps: Melodies are cut off after so many steps; None for never.
        gap_bars: A silence of so many bars ends a melody.
        polyphony: What to do where notes start together: 'skyline' keeps the highest, 'discard' drops the melody.
        collapsed: What to do where notes that start one after the other (of a fast triplet) fall onto one step:
            'keep' keeps the first of them, 'drop' drops the melody.
        split_at_tempo_changes: Whether a tempo change ends a melody, as a meter change always does.
        pad_bars: Whether pickups and other bars that are not whole are padded with silence, so that bars start at
            multiples of `steps_per_bar`; without it melodies start at the piece's first note, as in Magenta.
        repeats: How repeats of ABC tunes are read: 'written' has each section once, 'expanded' as it is played.
    """

    steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER
    min_bars: int = 7
    min_pitch_classes: int = 5
    max_steps: int | None = 512
    gap_bars: float = 1.0
    polyphony: Polyphony = "discard"
    collapsed: Collapsed = "drop"
    split_at_tempo_changes: bool = True
    pad_bars: bool = True
    repeats: Repeats = "written"

    def __post_init__(self) -> None:
        limits = {"steps_per_quarter": (1, 48), "min_bars": (0, 10_000), "min_pitch_classes": (0, NOTES_PER_OCTAVE)}
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise InvalidArgumentError(f"{name} must be from {low} to {high}, got {getattr(self, name)}")
        if self.max_steps is not None and self.max_steps < 1:
            raise InvalidArgumentError(f"max_steps must be at least 1 or none, got {self.max_steps}")
        if not (math.isfinite(self.gap_bars) and self.gap_bars > 0):
            raise InvalidArgumentError(f"gap_bars must be more than 0, got {self.gap_bars}")
        for name, choices in (("polyphony", Polyphony), ("collapsed", Collapsed), ("repeats", Repeats)):
            if getattr(self, name) not in get_args(choices):
                options = ", ".join(get_args(choices))
                raise InvalidArgumentError(f"{name} must be one of {options}, got {getattr(self, name)!r}")


class Extracted(NamedTuple):
    """A melody as events.

    Attributes:
        events: int events, the first at the start of a bar.
        steps_per_bar: Steps in a bar of its meter.
        key: The source's key signature, if it has one.
        num_collapsed: Notes left out because an earlier one stands on their step.
        is_truncated: Whether its end was cut off.
    """

    events: list[int]
    steps_per_bar: int
    key: Key | None
    num_collapsed: int
    is_truncated: bool


class Rejection(NamedTuple):
    """Something that a rule dropped: the rule's name and the details."""

    rule: str
    detail: str


@dataclass
class Extraction:
    """What became of a piece."""

    melodies: list[Extracted] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)


class _Span(NamedTuple):
    """A note in steps, with its exact start for the order of notes on one step."""

    start: int
    end: int
    pitch: int
    exact_start: float


def extract(piece: Piece, rules: ExtractionRules) -> Extraction:
    """Takes the melodies out of a piece, part by part, from each stretch between changes of meter or tempo."""
    result = Extraction()
    if not any(piece.parts):
        result.rejections.append(Rejection("no_notes", "no note that could be a melody (drums do not count)"))
        return result
    for start, end, meter in _stretches(piece, rules):
        steps_per_bar = 4 * rules.steps_per_quarter * meter.numerator / (meter.denominator or math.inf)
        if not 1 <= steps_per_bar <= MAX_STEPS_PER_BAR or steps_per_bar % 1:
            detail = f"a bar of {meter.numerator}/{meter.denominator} is {steps_per_bar:g} steps"
            result.rejections.append(Rejection("meter", detail))
            continue
        pads = [pad for pad in piece.pads if rules.pad_bars and start <= pad.time < end]
        for part in piece.parts:
            notes = [note for note in part if start <= note.start < end]
            spans = _quantise(_padded(notes, start, end, pads), rules.steps_per_quarter)
            _extract_part(spans, int(steps_per_bar), piece.key, rules, result)
    return result


def _stretches(piece: Piece, rules: ExtractionRules) -> list[tuple[float, float, Meter]]:
    """Returns (start, end, meter) of each stretch of one meter and, if the rules say so, one tempo."""
    meters = sorted(piece.meters) or [_COMMON_TIME]
    if meters[0].start > 0:
        meters.insert(0, _COMMON_TIME)
    starts: dict[float, Meter] = {}
    for meter in meters:
        before = starts[max(starts)] if starts else None
        if not before or (before.numerator, before.denominator) != (meter.numerator, meter.denominator):
            starts[meter.start] = meter
    if rules.split_at_tempo_changes:
        for time in piece.tempo_changes:
            starts.setdefault(time, starts[max(start for start in starts if start <= time)])
    bounds = [*sorted(starts), math.inf]
    return [(start, end, starts[start]) for start, end in pairwise(bounds)]


def _padded(notes: Sequence[PieceNote], start: float, end: float, pads: Sequence[Pad]) -> list[PieceNote]:
    """Returns the notes of a stretch with times from its start and silences put in."""
    if not pads and start == 0 and end == math.inf:
        return list(notes)
    moved = []
    for note in notes:
        note_end = min(note.end, end)
        before = sum(pad.length for pad in pads if pad.time <= note.start + _EARLY)
        # A note that ends where silence is put in is not to grow.
        within = sum(pad.length for pad in pads if note.start + _EARLY < pad.time < note_end - _EARLY)
        moved.append(PieceNote(note.start - start + before, note_end - start + before + within, note.pitch))
    return moved


def _quantise(notes: Sequence[PieceNote], steps_per_quarter: int) -> list[_Span]:
    spans = []
    for note in notes:
        first = math.floor(note.start * steps_per_quarter + 0.5)
        last = math.floor(note.end * steps_per_quarter + 0.5)
        if first <= _MAX_PIECE_STEPS and 0 <= note.pitch <= MAX_PITCH:
            spans.append(_Span(first, min(max(last, first + 1), _MAX_PIECE_STEPS), note.pitch, note.start))
    return sorted(spans, key=lambda span: (span.start, span.exact_start, -span.pitch))


def _extract_part(
    spans: Sequence[_Span], steps_per_bar: int, key: Key | None, rules: ExtractionRules, result: Extraction
) -> None:
    for line in _lines(spans, rules.gap_bars * steps_per_bar):
        melody, num_chords, num_collapsed = _monophonic(line)
        if num_chords and rules.polyphony == "discard":
            result.rejections.append(Rejection("polyphonic", f"notes start together at {num_chords} steps"))
            continue
        if num_collapsed and rules.collapsed == "drop":
            result.rejections.append(Rejection("collapsed", f"{num_collapsed} notes fall onto another's step"))
            continue
        events = _events(melody, steps_per_bar)
        rejection = _fault(events, steps_per_bar, rules)
        if rejection:
            result.rejections.append(rejection)
            continue
        is_truncated = rules.max_steps is not None and len(events) > rules.max_steps
        result.melodies.append(Extracted(events[: rules.max_steps], steps_per_bar, key, num_collapsed, is_truncated))


def _lines(spans: Sequence[_Span], gap_steps: float) -> Iterator[list[_Span]]:
    """Cuts a part at silences, which are counted from the end of the note that the melody had last."""
    line: list[_Span] = []
    last_end = 0
    for span in spans:
        if line and span.start - last_end >= gap_steps:
            yield line
            line = []
        if not line or span.start != line[-1].start:
            last_end = span.end
        line.append(span)
    if line:
        yield line


def _monophonic(line: Sequence[_Span]) -> tuple[list[_Span], int, int]:
    """Returns one note a step, how many steps had chords, and how many notes collapsed onto an earlier one's step."""
    melody: list[_Span] = []
    chord_steps = Counter[int]()
    num_collapsed = 0
    for span in line:
        if not melody or span.start != melody[-1].start:
            melody.append(span)
        elif span.exact_start == melody[-1].exact_start:
            chord_steps[span.start] += 1
        else:
            num_collapsed += 1
    return melody, len(chord_steps), num_collapsed


def _events(melody: Sequence[_Span], steps_per_bar: int) -> list[int]:
    """Returns the events from the start of the first note's bar to the end of the last note."""
    first = melody[0].start - melody[0].start % steps_per_bar
    events = [NO_EVENT] * (melody[-1].end - first)
    for span, following in zip(melody, [*melody[1:], None], strict=True):
        if following and span.end < following.start:
            events[span.end - first] = NOTE_OFF
        events[span.start - first] = span.pitch
    return events


def _fault(events: Sequence[int], steps_per_bar: int, rules: ExtractionRules) -> Rejection | None:
    if len(events) < rules.min_bars * steps_per_bar:
        return Rejection("too_short", f"{len(events) / steps_per_bar:.1f} bars, fewer than {rules.min_bars}")
    kept = events[: rules.max_steps]
    num_pitch_classes = len({event % NOTES_PER_OCTAVE for event in kept if event >= 0})
    if num_pitch_classes < rules.min_pitch_classes:
        return Rejection("too_few_pitches", f"{num_pitch_classes} pitch classes, fewer than {rules.min_pitch_classes}")
    return None
