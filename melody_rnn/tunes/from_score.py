"""Scores to tunes: the top voice of a part, with the score's bars, form, key, tempo and chord symbols."""

import json
import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final, TypeVar

from melody_rnn.errors import MelodyError
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER
from melody_rnn.formats.form import BarSection, bars_once, find_jump, find_sections, unfold
from melody_rnn.formats.grid import Pad, TimedNote, score_pads
from melody_rnn.formats.score import ChordSymbol, Note, Part, Score
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.tunes.line import Line, one_line, padded, quantise, shift_at, to_step
from melody_rnn.tunes.tune import Chord, Ending, Jump, Origin, Section, Tune, letter

_Timed = TypeVar("_Timed", Note, ChordSymbol)
MAX_STEPS: Final = 100_000
"""Steps beyond which a file is taken for damaged: seven hours at 120 quarter notes a minute."""


def tunes_of_score(score: Score, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER) -> list[Tune]:
    """Returns the tune of each part of a score but drums, in the score's order; an accompaniment is no tune.

    A part's tune is its top voice: of notes that begin together the highest, without inner voices under a held note.
    It begins at the start of the bar of its first note. The first meter gives the bars of all of it.

    Raises:
        MelodyError: If no part has a note, a part is far too long, or a bar is no whole number of steps.
    """
    parts = [part for part in score.parts if part.may_be_melody]
    if not parts:
        raise MelodyError("there is no note in it that could be a melody (drums do not count)")
    layout = _Layout(score, steps_per_quarter)
    tunes = [layout.tune(part) for part in parts]
    if len(parts) == 1:
        return tunes
    return [
        replace(tune, remarks=(f"{len(parts)} parts; this is part {number}", *tune.remarks))
        for number, tune in enumerate(tunes, start=1)
    ]


def fitting_grid(score: Score, grids: Sequence[int]) -> int:
    """Returns the first of some steps in a quarter note on which all notes begin and end; else the last of them."""
    times = {time for part in score.parts if part.may_be_melody for note in part.notes for time in note[:2]}
    for steps_per_quarter in grids[:-1]:
        if all(steps_per_quarter % time.denominator == 0 for time in times):
            return steps_per_quarter
    return grids[-1]


def pickup_of(events: Sequence[int], steps_per_bar: int, padding: int = 0) -> int:
    """Returns the steps of the pickup of events that begin with a bar: those after a silence of half a bar or more.

    Whoever plays a pickup from a program's bars plays it so; a shorter silence is a rest.

    Args:
        events: The events.
        steps_per_bar: Steps in a bar.
        padding: Steps that were put in before them to make a pickup's bar whole, if it is known to be one.
    """
    first = next((step for step, event in enumerate(events) if event >= 0), 0)
    if 0 < padding <= first:
        return -padding % steps_per_bar
    return steps_per_bar - first if steps_per_bar <= 2 * first < 2 * steps_per_bar else 0


def opening_steps(pads: Sequence[Pad], start: float, steps_per_quarter: int) -> int:
    """Returns the steps put in where a piece or a part of it begins, `start` in quarter notes, before its pickup."""
    lengths = (pad.length for pad in pads if pad.time == start and pad.length > 0)
    return to_step(next(lengths, 0.0), steps_per_quarter)


class _Layout:
    """Where the bars of a score come to stand in steps, each section once."""

    def __init__(self, score: Score, steps_per_quarter: int) -> None:
        self._score = score
        self._steps_per_quarter = steps_per_quarter
        self._meter: Meter = score.meters[0].meter if score.meters else COMMON_TIME
        self._steps_per_bar = self._meter.steps_per_bar(steps_per_quarter)
        self._sections = find_sections(score.bars)
        self._order = bars_once(score.bars)
        self._places = {bar: place for place, bar in enumerate(self._order)}
        self._linear = unfold(score, self._order)
        self._pads = score_pads(self._linear)
        self._bar_ends = [*(bar.start for bar in score.bars[1:]), score.end]

    def tune(self, part: Part) -> Tune:
        """Returns a part's tune."""
        own = self._linear.parts[self._score.parts.index(part)]
        line = self._line(own)
        if line.spans[-1].end > MAX_STEPS:
            raise MelodyError(f"it lasts more than {MAX_STEPS} steps, which no melody does; is the file damaged?")
        first_step = line.spans[0].start - line.spans[0].start % self._steps_per_bar
        events = tuple(line.events(first_step))
        origin, about = _origin(self._score.text)
        return Tune(
            events,
            self._meter,
            self._pickup(events, first_step),
            self._score.keys[0].key if self._score.keys else None,
            self._score.tempos[0].qpm if self._score.tempos else None,
            self._tune_sections(part, first_step, len(events)),
            self._jump(first_step),
            self._chords(first_step, len(events)),
            self._score.title,
            part.program,
            self._steps_per_quarter,
            ends_note=True,
            given=_given(about, len(events)),
            origin=origin,
            remarks=(*self._score.remarks, *self._remarks(line)),
        )

    def _line(self, part: Part) -> Line:
        notes = [TimedNote(note.start, note.end, note.pitch) for note in part.notes]
        spans = quantise(list(padded(notes, 0, math.inf, self._pads)), self._steps_per_quarter)
        return one_line(spans, "skyline")

    def _pickup(self, events: Sequence[int], first_step: int) -> int:
        padding = 0 if first_step else opening_steps(self._pads, 0, self._steps_per_quarter)
        return pickup_of(events, self._steps_per_bar, padding)

    def _step(self, bar: int, first_step: int) -> int:
        """Returns the step at which a bar of the score begins; the end of all for the bar after the last one."""
        place = self._places.get(bar)
        time = float(self._linear.end if place is None else self._linear.bars[place].start)
        return to_step(time + shift_at(time, self._pads), self._steps_per_quarter) - first_step

    def _tune_sections(self, part: Part, first_step: int, num_steps: int) -> tuple[Section, ...]:
        own_labels = {section.label for section in self._sections}
        letters = (name for name in map(letter, range(len(self._sections) + len(own_labels))) if name not in own_labels)
        sections: list[Section] = []
        for section in self._sections:
            start = max(self._step(section.bars()[0], first_step), 0)
            label = section.label or next(letters)
            if start >= num_steps:
                break
            if sections and start == sections[-1].start:
                sections.pop()
            sections.append(Section(start, label, section.times, self._endings(part, section, first_step)))
        is_plain = len(sections) == 1 and sections[0].times == 1 and not self._sections[0].label
        return () if is_plain else tuple(sections)

    def _endings(self, part: Part, section: BarSection, first_step: int) -> tuple[Ending, ...]:
        if section.times == 1 or len(section.endings) < 2:
            return ()
        start = self._step(section.endings[-1].first, first_step)
        endings = []
        for ending in section.endings[:-1]:
            passes = tuple(number for number in ending.passes if number < section.times)
            begin, end = self._score.bars[ending.first].start, self._bar_ends[ending.end - 1]
            if passes:
                endings.append(Ending(passes, start, *self._music_between(part, begin, end)))
        return tuple(endings)

    def _music_between(self, part: Part, begin: Fraction, end: Fraction) -> tuple[tuple[int, ...], tuple[Chord, ...]]:
        """Returns the events and chord symbols between two times of the score."""
        notes = [TimedNote(n.start - begin, n.end - begin, n.pitch) for n in _between(part.notes, begin, end)]
        num_steps = to_step(float(end - begin), self._steps_per_quarter)
        events = one_line(quantise(notes, self._steps_per_quarter), "skyline").events(0) if notes else []
        filled = [*events, -1, *[-2] * num_steps][:num_steps]
        chords = (
            Chord(to_step(float(chord.start - begin), self._steps_per_quarter), chord.symbol)
            for chord in _between(self._score.chords, begin, end)
        )
        return tuple(filled), tuple(chords)

    def _jump(self, first_step: int) -> Jump | None:
        jump = find_jump(self._score.bars)
        return None if jump is None else Jump(*(max(self._step(bar, first_step), 0) for bar in jump))

    def _chords(self, first_step: int, num_steps: int) -> tuple[Chord, ...]:
        chords = []
        for chord in self._linear.chords:
            time = float(chord.start)
            step = to_step(time + shift_at(time, self._pads), self._steps_per_quarter) - first_step
            if 0 <= step < num_steps:
                chords.append(Chord(step, chord.symbol))
        return tuple(chords)

    def _remarks(self, line: Line) -> list[str]:
        remarks = []
        if line.num_chords or line.num_inner:
            remarks.append("several notes at once; only the top voice counts")
        if line.num_collapsed:
            falls, left = ("s fall", "are") if line.num_collapsed > 1 else (" falls", "is")
            remarks.append(
                f"{line.num_collapsed} note{falls} onto another's step and {left} left out, as in fast triplets"
            )
        if len({change.meter for change in self._score.meters}) > 1:
            remarks.append(f"the meter changes; the bars are those of {self._meter}")
        return remarks


def _between(timed: Sequence[_Timed], begin: Fraction, end: Fraction) -> Sequence[_Timed]:
    """Returns what starts from one time up to another, of what is in order of its starts."""
    return timed[bisect_left(timed, begin, key=_start) : bisect_left(timed, end, key=_start)]


def _start(timed: Note | ChordSymbol) -> Fraction:
    return timed.start


def _origin(text: str) -> tuple[Origin | None, Mapping[str, Any]]:
    """Returns what a file says about its making, and all of that."""
    try:
        about = json.loads(text) if text else None
    except (ValueError, RecursionError):
        about = None
    if not isinstance(about, dict) or not isinstance(about.get("model"), str):
        return None, {}
    seed, index = (value if type(value) is int else None for value in (about.get("seed"), about.get("index")))
    own = ("model", "seed", "index", "version", "engine")
    settings = {name: value for name, value in about.items() if name not in own}
    version, engine = (str(about.get(name, "")) for name in ("version", "engine"))
    return Origin(about["model"], seed, index, settings, version, engine), about


def _given(about: Mapping[str, Any], num_steps: int) -> tuple[bool, ...]:
    """Returns which steps were given, by the ranges that a file holds; nothing where it holds none."""
    flags = [False] * num_steps
    ranges = about.get("given")
    for pair in ranges if isinstance(ranges, list) else []:
        if isinstance(pair, list) and len(pair) == 2 and all(type(bound) is int for bound in pair):
            first, end = (min(max(bound, 0), num_steps) for bound in pair)
            flags[first:end] = [True] * (end - first)
    return tuple(flags) if any(flags) else ()
