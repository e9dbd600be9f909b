"""Outlines: all that is fixed of a tune before its first note, from its meter to which bar takes up which."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER
from melody_rnn.music.forms import WrittenPart
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.tunes.tune import Chord, Jump, Section, Tune, letter, section_ends, transpose_chords

Known = Literal["meter", "form", "plan"]
"""How much of an outline is known: the meter and the pickup, as of a stream; the end, the sections and the key, too; or
all, with the plan of the bars, the cadences, the lowest and the highest pitch."""
REACH_STEPS: Final = 256
"""How far back, in steps of sixteenths, a bar may take up another: what an encoding remembers."""
_ALIKE_SHARE: Final = 0.5
# Of several bars that are as like, the one so many bars ago comes first; then the nearest.
_USUAL_DISTANCES: Final = (8, 4, 2, 1, 16, 12, 6, 3)


class BarKind(IntEnum):
    """How a bar takes up an earlier one: not known, not at all, its rhythm, half of its notes or more, or all of it."""

    UNKNOWN = 0
    NEW = 1
    RHYTHM = 2
    ALIKE = 3
    SAME = 4


class BarPlan(NamedTuple):
    """What is planned for a bar: how it takes up another, and how many bars ago that one is; 0 for none."""

    kind: BarKind = BarKind.UNKNOWN
    distance: int = 0


class Cadence(NamedTuple):
    """What a section ends on: the MIDI pitch of its last note, and the steps from there to the section's end."""

    pitch: int
    steps: int

    def moved(self, amount: int) -> "Cadence":
        """Returns the cadence `amount` semitones higher."""
        return self._replace(pitch=self.pitch + amount)


class PlannedEnding(NamedTuple):
    """An ending of its own that a section has on passes before its last one.

    Attributes:
        section: The section's number, from 0.
        passes: On which passes, from 1.
        start: The step of the tune from which on it takes the place of what the section has there.
        num_steps: How long it is.
        cadence: What it ends on.
    """

    section: int
    passes: tuple[int, ...]
    start: int
    num_steps: int
    cadence: Cadence

    @property
    def end(self) -> int:
        """The step after its last one, counted as if it were played in the tune's place."""
        return self.start + self.num_steps


@dataclass(frozen=True)
class Outline:
    """What is known of a written tune before its notes are.

    A stream, which has no form, is a tune of which only the meter and the pickup are known.

    Attributes:
        meter: The meter of all bars.
        pickup_steps: Steps of the pickup; 0 where the tune begins with a whole bar.
        num_steps: Steps of the written tune, with the silence before its pickup; None if nobody knows where it ends.
        sections: Its sections, without their endings; none if they are not known.
        jump: The da capo or dal segno, or None.
        bars: The plan of each bar, the pickup's included; none if it is not known.
        cadences: What each section ends on; none if that is not known.
        endings: The endings that sections have before their last pass.
        key: The key, or None if it is not known.
        pitches: The lowest and the highest MIDI pitch, or None if they are not known.
        is_limited: Whether no pitch may lie beyond those two.
        opening: The first pitch of a tune that begins with a whole bar, or None if the model or its statistics say it.
        transposition: Semitones from what sounds, as key and pitches are given, to where a model plays it.
        steps_per_quarter: Steps in a quarter note.
        chords: The chord symbols, each of which holds up to the next one; none if they are not known.
    """

    meter: Meter = COMMON_TIME
    pickup_steps: int = 0
    num_steps: int | None = None
    sections: tuple[Section, ...] = ()
    jump: Jump | None = None
    bars: tuple[BarPlan, ...] = ()
    cadences: tuple[Cadence, ...] = ()
    endings: tuple[PlannedEnding, ...] = ()
    key: Key | None = None
    pitches: tuple[int, int] | None = None
    is_limited: bool = False
    opening: int | None = None
    transposition: int = 0
    steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER
    chords: tuple[Chord, ...] = ()

    @property
    def steps_per_bar(self) -> int:
        """Steps in a bar."""
        return self.meter.steps_per_bar(self.steps_per_quarter)

    @property
    def first_step(self) -> int:
        """The step where the music begins: 0, or that of the pickup."""
        return self.steps_per_bar - self.pickup_steps if self.pickup_steps else 0

    @property
    def form(self) -> str:
        """The labels of the sections as they are played, such as AABB."""
        return "".join(section.label * section.times for section in self.sections)

    @property
    def num_bars(self) -> int | None:
        """Bars of the written tune without its pickup, the last one counted as whole; None if its end is not known."""
        if self.num_steps is None:
            return None
        return -(-(self.num_steps - (self.steps_per_bar if self.pickup_steps else 0)) // self.steps_per_bar)

    @property
    def section_ends(self) -> list[int]:
        """The step after the last one of each section; 0 for the last where the tune's end is not known."""
        return section_ends(self.sections, self.num_steps or 0)

    def last_notes(self) -> list[tuple[int, int, int]]:
        """Returns the last note of each section as its cadence says: (first step, the section's end, MIDI pitch).

        Bars that are planned to be the same as a section's last one hold the same note, and are returned with it.
        """
        bar_steps = self.steps_per_bar
        notes: dict[int, tuple[int, int]] = {}
        for section, end, cadence in zip(self.sections, self.section_ends, self.cadences, strict=False):
            first = max(end - cadence.steps, section.start)
            notes[first] = end, cadence.pitch
            bar, is_within = (end - 1) // bar_steps, first // bar_steps == (end - 1) // bar_steps
            while is_within and bar < len(self.bars) and self.bars[bar].kind == BarKind.SAME:
                steps_back = self.bars[bar].distance * bar_steps
                first, end, bar = first - steps_back, end - steps_back, bar - self.bars[bar].distance
                notes.setdefault(first, (end, cadence.pitch))
        return [(first, end, pitch) for first, (end, pitch) in sorted(notes.items())]

    def parts(self) -> tuple[WrittenPart, ...]:
        """Returns the sections with their bars, pickups and short last bars counted so that they are whole numbers."""
        return tuple(
            WrittenPart(section.label, max(1, round((end - section.start) / self.steps_per_bar)), section.times)
            for section, end in zip(self.sections, self.section_ends, strict=True)
        )

    def repeated_stretches(self, num_steps: int) -> list[tuple[int, int, int]]:
        """Returns the stretches that repeat an earlier section exactly: (first step, end, steps back) of each.

        Args:
            num_steps: The step where the tune ends.
        """
        first: dict[str, tuple[int, int]] = {}
        stretches = []
        for section, end in zip(self.sections, section_ends(self.sections, num_steps), strict=True):
            start, length = first.setdefault(section.label, (section.start, end - section.start))
            if start < section.start:
                stretches.append((section.start, min(end, section.start + length), section.start - start))
        return stretches

    def with_ending(self, ending: PlannedEnding) -> "Outline":
        """Returns the outline as it is up to the end of an ending, and then goes on with the section's next pass.

        A bar of the ending is alike where the section's last pass has there one that is the same as another.
        """
        number, bar_steps = ending.section, self.steps_per_bar
        shift = ending.end - self.sections[number].start
        later = [replace(section, start=section.start + shift) for section in self.sections[number:]]
        num_steps = (self.num_steps or 0) + shift
        first, end = ending.start // bar_steps, -(-ending.end // bar_steps)
        own = [*self.bars, *[BarPlan(BarKind.NEW)] * end][first:end]
        bars = [
            *self.bars[:first],
            *(plan._replace(kind=min(plan.kind, BarKind.ALIKE)) for plan in own),
            BarPlan() if shift % bar_steps else BarPlan(BarKind.SAME, shift // bar_steps),
        ]
        bars += [BarPlan()] * (-(-num_steps // bar_steps) - len(bars))
        return replace(
            self,
            num_steps=num_steps,
            sections=(*self.sections[: number + 1], *later),
            bars=tuple(bars) if self.bars else (),
            cadences=(*self.cadences[:number], ending.cadence, *self.cadences[number:]) if self.cadences else (),
            endings=(),
            jump=None,
            chords=self._chords_with(ending),
        )

    def _chords_with(self, ending: PlannedEnding) -> tuple[Chord, ...]:
        """Returns the chords up to the end of an ending, where they are as in the last pass, and those of that pass."""
        start = self.sections[ending.section].start
        before = [chord for chord in self.chords if chord.step < ending.end]
        later = [chord for chord in self.chords if chord.step >= start]
        opening = next((chord for chord in reversed(self.chords) if chord.step <= start), None)
        if opening is not None and opening.step < start:
            later.insert(0, opening._replace(step=start))
        return (*before, *(chord._replace(step=chord.step + ending.end - start) for chord in later))

    def part(
        self, form: bool = True, plan: bool = True, key: bool = True, pitches: bool = True, chords: bool = True
    ) -> "Outline":
        """Returns the outline with only some of it known.

        Args:
            form: Whether the end and the sections are known.
            plan: Whether the plan of bars and the cadences are known, which needs the form.
            key: Whether the key is known.
            pitches: Whether the lowest and the highest pitch are known.
            chords: Whether the chords are known.
        """
        return replace(
            self,
            num_steps=self.num_steps if form else None,
            sections=self.sections if form else (),
            bars=self.bars if form and plan else (),
            cadences=self.cadences if form and plan else (),
            endings=self.endings if form and plan else (),
            key=self.key if key else None,
            pitches=self.pitches if pitches else None,
            chords=self.chords if chords else (),
        )

    def known(self, known: Known) -> "Outline":
        """Returns as much of the outline as is known, and the chords."""
        has_form, has_plan = known != "meter", known == "plan"
        return self.part(form=has_form, plan=has_plan, key=has_form, pitches=has_plan)

    def as_played_by_model(self) -> "Outline":
        """Returns the outline with its key and pitches moved to where the model plays it."""
        return self.transposed(self.transposition)

    def transposed(self, amount: int) -> "Outline":
        """Returns the outline of the tune `amount` semitones higher; where the model plays it stays as it is."""
        key = self.key and self.key.transpose(amount)
        return replace(
            self,
            key=key,
            pitches=self.pitches and (self.pitches[0] + amount, self.pitches[1] + amount),
            cadences=tuple(cadence.moved(amount) for cadence in self.cadences),
            endings=tuple(ending._replace(cadence=ending.cadence.moved(amount)) for ending in self.endings),
            opening=None if self.opening is None else self.opening + amount,
            transposition=self.transposition - amount,
            chords=transpose_chords(self.chords, amount, key),
        )


def outline_of(tune: Tune, transposition: int = 0) -> Outline:
    """Returns the outline of a written tune.

    Args:
        tune: The tune; what of its form it does not tell is not known.
        transposition: Semitones from what sounds to where a model plays it.
    """
    names: dict[str, str] = {}
    sections = tuple(
        Section(section.start, names.setdefault(section.label, letter(len(names))), section.times)
        for section in tune.sections
    )
    pitches = tune.pitches
    return Outline(
        meter=tune.meter,
        pickup_steps=tune.pickup_steps,
        num_steps=len(tune),
        sections=sections,
        jump=tune.jump,
        bars=plan_bars(tune.events, tune.steps_per_bar, REACH_STEPS * tune.steps_per_quarter // 4),
        cadences=_cadences(tune),
        endings=tuple(_endings(tune)),
        key=tune.key,
        pitches=(min(pitches), max(pitches)) if pitches else None,
        opening=tune.events[0] if tune.events and tune.events[0] >= 0 else None,
        transposition=transposition,
        steps_per_quarter=tune.steps_per_quarter,
        chords=tune.chords,
    )


def _cadences(tune: Tune) -> tuple[Cadence, ...]:
    """Returns what each section of a tune ends on; of one that has no note, what was there before."""
    onsets = [step for step, event in enumerate(tune.events) if event >= 0]
    cadences = []
    for end in section_ends(tune.sections, len(tune)) if onsets else ():
        last = onsets[max(bisect_left(onsets, end) - 1, 0)]
        cadences.append(Cadence(tune.events[last], max(end - last, 1)))
    return tuple(cadences)


def _endings(tune: Tune) -> Iterator[PlannedEnding]:
    """Yields the endings of a tune that have a note."""
    for number, section in enumerate(tune.sections):
        for ending in section.endings:
            onsets = [step for step, event in enumerate(ending.events) if event >= 0]
            if onsets:
                cadence = Cadence(ending.events[onsets[-1]], len(ending.events) - onsets[-1])
                yield PlannedEnding(number, ending.passes, ending.start, len(ending.events), cadence)


def plan_bars(events: Sequence[int], steps_per_bar: int, reach: int = REACH_STEPS) -> tuple[BarPlan, ...]:
    """Returns how each bar of a melody takes up an earlier one.

    A bar is the SAME as another if their events are; ALIKE if half of the notes, of that bar which has more, begin on
    the same step with the same pitch; of its RHYTHM if notes begin and end on the same steps; else it is NEW. The
    likest bar counts; of equals the one 8, 4, 2 or 1 bars ago. A last bar that is not whole is compared as far as it
    goes.

    Args:
        events: The melody, from the start of a bar.
        steps_per_bar: Steps in a bar.
        reach: How far back, in steps, the other bar may be.
    """
    num_bars = -(-len(events) // steps_per_bar)
    if not num_bars:
        return ()
    flat = np.full(num_bars * steps_per_bar, -3, np.int16)
    flat[: len(events)] = np.asarray(events, np.int16)
    bars = flat.reshape(num_bars, steps_per_bar)
    # [bar, earlier bar, step]
    is_there = (bars > -3)[:, np.newaxis]
    own, earlier = bars[:, np.newaxis], bars[np.newaxis]
    num_own = ((own >= 0) & is_there).sum(axis=2)
    num_notes = np.maximum(num_own, ((earlier >= 0) & is_there).sum(axis=2))
    share = ((own == earlier) & (own >= 0)).sum(axis=2) / np.maximum(num_notes, 1)
    is_same = ((own == earlier) | ~is_there).all(axis=2)
    has_rhythm = ((np.minimum(own, 0) == np.minimum(earlier, 0)) | ~is_there).all(axis=2)
    kinds = np.where(has_rhythm, BarKind.RHYTHM, BarKind.NEW)
    kinds = np.where(share >= _ALIKE_SHARE, BarKind.ALIKE, kinds)
    kinds = np.where(is_same, BarKind.SAME, kinds)
    distance = np.arange(num_bars)[:, np.newaxis] - np.arange(num_bars)
    can_be = (distance > 0) & (distance <= reach // steps_per_bar) & (num_own > 0) & (kinds > BarKind.NEW)
    likeness = np.where(can_be, kinds + share / 2 - _oddness(distance), 0)
    best = likeness.argmax(axis=1)
    plans = []
    for bar, other in enumerate(best.tolist()):
        if can_be[bar, other]:
            plans.append(BarPlan(BarKind(int(kinds[bar, other])), bar - other))
        else:
            plans.append(BarPlan(BarKind.NEW))
    return tuple(plans)


def _oddness(distance: NDArray[np.intp]) -> NDArray[np.float64]:
    """Returns how unusual it is to take up a bar so long ago, a number too small to outweigh likeness."""
    ranks = np.abs(distance) + len(_USUAL_DISTANCES)
    for rank, usual in enumerate(_USUAL_DISTANCES):
        ranks = np.where(distance == usual, rank, ranks)
    return ranks * 1e-6


def stream_outline(meter: Meter, pickup_steps: int = 0, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER) -> Outline:
    """Returns the outline of a melody without form."""
    outline = Outline(meter, pickup_steps, steps_per_quarter=steps_per_quarter)
    if not 0 <= pickup_steps < outline.steps_per_bar:
        raise InvalidArgumentError(
            f"pickup_steps must be less than a bar, from 0 to {outline.steps_per_bar - 1}, got {pickup_steps}"
        )
    return outline
