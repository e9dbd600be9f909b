"""Melodies out of scores, by rules of which each is an option and each loss is told.

Source of the rules and their defaults: Magenta's pipelines/melody_pipelines.py and note_seq's melodies_lib.py.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal, NamedTuple, get_args

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER, NOTES_PER_OCTAVE
from melody_rnn.formats.form import bars_once, bars_played, unfold
from melody_rnn.formats.grid import Pad, TimedNote, score_pads
from melody_rnn.formats.score import Note, Score
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.tunes.found_form import find_form
from melody_rnn.tunes.from_score import opening_steps, pickup_of, tunes_of_score
from melody_rnn.tunes.harmony import harmonize
from melody_rnn.tunes.line import Line, Polyphony, Span, one_line, padded, quantise, shift_at, to_step
from melody_rnn.tunes.tune import Chord, Jump, Section, Tune

Collapsed = Literal["keep", "drop"]
Repeats = Literal["written", "expanded"]
IGNORE_TEMPO_CHANGES: Final = "--ignore-tempo-changes reads across them"
"""What to do about what the rule 'tempo_changes' drops."""
_MAX_BAR_QUARTERS: Final = 64
_MAX_DENOMINATOR: Final = 64
_BEGINNING: Final = Fraction(0)


@dataclass(frozen=True)
class ExtractionRules:
    """What makes a melody of a score, and what is dropped.

    Attributes:
        steps_per_quarter: Steps in a quarter note.
        min_bars: Melodies of fewer bars are dropped.
        min_pitch_classes: Melodies with fewer different pitch classes are dropped.
        max_steps: Melodies are cut off after so many steps; None for never.
        gap_bars: A silence of so many bars ends a melody.
        polyphony: What to do where notes start together: 'skyline' takes the top voice, 'discard' drops the melody.
            With 'discard', as in Magenta, a note is cut off by the next one, whatever its pitch.
        collapsed: What to do where notes that start one after the other (of a fast triplet) fall onto one step:
            'keep' keeps the first of them, 'drop' drops the melody.
        split_at_tempo_changes: Whether a tempo change ends a melody, as a meter change always does.
        pad_bars: Whether pickups and other bars that are not whole are padded with silence, so that bars start at
            multiples of the meter's steps; without it, as in Magenta, time is counted from the first note on, and anew
            from each change of meter or tempo.
        repeats: How repeats are read: 'written' has each section once, with the last of its endings, 'expanded' as it
            is played.
        finds_form: Whether repeats are looked for in melodies without any form, and written once where they are found;
            see `melody_rnn.tunes.found_form`.
        infers_chords: Whether melodies without chord symbols get some (`melody_rnn.tunes.harmony`).
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
    finds_form: bool = False
    infers_chords: bool = False

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
        meter: The meter of its bars.
        pickup_steps: Steps of the pickup that it begins with; 0 for none.
        key: The key that holds where it begins, if the source has one.
        num_collapsed: Notes left out because an earlier one stands on their step.
        is_truncated: Whether its end was cut off.
        sections: Its sections, if the score has them and the melody is its tune.
        jump: Its da capo or dal segno, likewise.
        chords: The chord symbols, each as long as it holds.
        has_inferred_chords: Whether these are not the score's, but were found for the notes.
    """

    events: list[int]
    meter: Meter
    pickup_steps: int
    key: Key | None
    num_collapsed: int
    is_truncated: bool
    sections: tuple[Section, ...] = ()
    jump: Jump | None = None
    chords: tuple[Chord, ...] = ()
    has_inferred_chords: bool = False


class Rejection(NamedTuple):
    """Something that a rule dropped: the rule's name and the details."""

    rule: str
    detail: str


@dataclass
class Extraction:
    """What became of a score.

    Attributes:
        melodies: Its melodies.
        rejections: What was dropped.
        num_pads: Bars that were padded to be whole.
    """

    melodies: list[Extracted] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    num_pads: int = 0


class _Stretch(NamedTuple):
    """Music of one meter and, if the rules say so, one tempo; times in quarter notes.

    Attributes:
        start: Where it begins.
        end: Where it ends; infinite for the last one.
        origin: From where on steps and bars are counted.
        meter: Its meter.
        is_cut: Whether it begins or ends at a change of tempo.
    """

    start: Fraction
    end: Fraction | float
    origin: Fraction
    meter: Meter
    is_cut: bool


def extract(score: Score, rules: ExtractionRules) -> Extraction:
    """Takes the melodies out of a score, part by part, from each stretch between changes of meter or tempo."""
    extraction = _Extractor(_in_order(score, rules.repeats), rules).run()
    if rules.repeats == "written":
        extraction.melodies = _with_form(extraction.melodies, score, rules)
    if rules.finds_form:
        extraction.melodies = [_with_found_form(melody, rules) for melody in extraction.melodies]
    if rules.infers_chords:
        extraction.melodies = [_with_inferred_chords(melody, rules) for melody in extraction.melodies]
    return extraction


def _with_found_form(melody: Extracted, rules: ExtractionRules) -> Extracted:
    """Returns a melody without sections with those that comparing its bars finds, each written once."""
    if melody.sections or melody.is_truncated:
        return melody
    events, meter, pickup_steps = tuple(melody.events), melody.meter, melody.pickup_steps
    tune = Tune(events, meter, pickup_steps, steps_per_quarter=rules.steps_per_quarter)
    found = find_form(tune)
    chords = melody.chords
    if chords and found is not tune:
        # Passes may have other chords; then they are lost, and the form is not.
        with_chords = find_form(replace(tune, chords=chords))
        chords = with_chords.chords if with_chords.events == found.events else ()
    return melody._replace(events=list(found.events), sections=found.sections, chords=chords)


def _with_form(melodies: list[Extracted], score: Score, rules: ExtractionRules) -> list[Extracted]:
    """Returns melodies with the sections of the score's tunes, where they are the same music up to where they end."""
    if not any(bar.times > 1 or bar.opens_repeat or bar.is_double or bar.label for bar in score.bars):
        return melodies
    try:
        tunes = tunes_of_score(score, rules.steps_per_quarter)
    except MelodyError:
        return melodies
    formed = []
    for melody in melodies:
        events = tuple(melody.events)
        tune = next((tune for tune in tunes if tune.sections and tune.events[: len(events)] == events), None)
        if tune is not None and (len(tune) == len(events) or melody.is_truncated):
            sections = tuple(section for section in tune.sections if section.start < len(events))
            melody = melody._replace(sections=sections, jump=None if melody.is_truncated else tune.jump)
        formed.append(melody)
    return formed


def _with_inferred_chords(melody: Extracted, rules: ExtractionRules) -> Extracted:
    """Returns a melody with chords that suit it, if it has none; those of its endings are not kept."""
    if melody.chords:
        return melody
    tune = Tune(
        tuple(melody.events),
        melody.meter,
        melody.pickup_steps,
        melody.key,
        sections=melody.sections,
        jump=melody.jump,
        steps_per_quarter=rules.steps_per_quarter,
    )
    return melody._replace(chords=harmonize(tune).chords, has_inferred_chords=True)


class _Extractor:
    def __init__(self, score: Score, rules: ExtractionRules) -> None:
        self._score = score
        self._rules = rules
        self._result = Extraction()
        self._num_cut = 0

    def run(self) -> Extraction:
        result, rules = self._result, self._rules
        parts = [part.notes for part in self._score.parts if part.may_be_melody]
        if not parts:
            result.rejections.append(Rejection("no_notes", "no note that could be a melody (drums do not count)"))
            return result
        pads = score_pads(self._score) if rules.pad_bars else []
        result.num_pads = len(pads)
        for stretch in _stretches(self._score, rules):
            steps_per_bar = stretch.meter.quarters * rules.steps_per_quarter
            if steps_per_bar.denominator == 1 and _is_usable(stretch.meter):
                own_pads = [pad for pad in pads if float(stretch.origin) <= pad.time < stretch.end]
                for notes in parts:
                    self._extract_part(notes, stretch, own_pads)
            else:
                detail = f"a bar of {stretch.meter} is {float(steps_per_bar):g} steps"
                result.rejections.append(Rejection("meter", detail))
        if self._num_cut:
            detail = f"{self._num_cut} melodies cut by changes of tempo have fewer than {rules.min_bars} bars"
            result.rejections.append(Rejection("tempo_changes", f"{detail}; {IGNORE_TEMPO_CHANGES}"))
        return result

    def _extract_part(self, part: Sequence[Note], stretch: _Stretch, pads: Sequence[Pad]) -> None:
        rules = self._rules
        steps_per_bar = stretch.meter.steps_per_bar(rules.steps_per_quarter)
        first, end = (bisect_left(part, bound, key=lambda note: note.start) for bound in (stretch.start, stretch.end))
        notes = [TimedNote(note.start, note.end, note.pitch) for note in part[first:end]]
        spans = quantise(list(padded(notes, stretch.origin, stretch.end, pads)), rules.steps_per_quarter)
        for line in _lines(spans, rules.gap_bars * steps_per_bar, rules.polyphony):
            rejection = _fault_of_line(line, rules)
            first_step = line.spans[0].start - line.spans[0].start % steps_per_bar
            events = [] if rejection else line.events(first_step)
            rejection = rejection or _fault_of_events(events, steps_per_bar, rules)
            if rejection and rejection.rule == "too_short" and stretch.is_cut:
                self._num_cut += 1
            elif rejection:
                self._result.rejections.append(rejection)
            else:
                padding = 0 if first_step else opening_steps(pads, float(stretch.origin), rules.steps_per_quarter)
                pickup = pickup_of(events, steps_per_bar, padding)
                key = self._key_at(line.spans[0].exact_start, stretch.origin, pads)
                is_truncated = rules.max_steps is not None and len(events) > rules.max_steps
                self._result.melodies.append(
                    Extracted(
                        events[: rules.max_steps],
                        stretch.meter,
                        pickup,
                        key,
                        line.num_collapsed,
                        is_truncated,
                        chords=self._chords(stretch, pads, first_step, len(events[: rules.max_steps])),
                    )
                )

    def _chords(self, stretch: _Stretch, pads: Sequence[Pad], first_step: int, num_steps: int) -> tuple[Chord, ...]:
        """Returns the chord symbols of steps of a stretch; the first one's may stand before it."""
        chords: dict[int, str] = {}
        for chord in self._score.chords:
            if chord.start < stretch.end:
                time = float(chord.start - stretch.origin) + shift_at(chord.start, pads)
                step = to_step(time, self._rules.steps_per_quarter) - first_step
                if step < num_steps:
                    chords[max(step, 0)] = chord.symbol
        return tuple(Chord(step, symbol) for step, symbol in chords.items())

    def _key_at(self, time: float, origin: Fraction, pads: Sequence[Pad]) -> Key | None:
        """Returns the key that holds at a time, in quarter notes from where a stretch counts, silences put in."""
        keys = self._score.keys
        held = [change.key for change in keys if change.start - origin + shift_at(change.start, pads) <= time]
        # What comes first holds from the beginning.
        return held[-1] if held else keys[0].key if keys else None


def _in_order(score: Score, repeats: Repeats) -> Score:
    """Returns a score with its bars in the order that is wanted, and no repeat signs that matter."""
    order = bars_once(score.bars) if repeats == "written" else bars_played(score.bars)
    return score if order == list(range(len(score.bars))) else unfold(score, order)


def _is_usable(meter: Meter) -> bool:
    return meter.quarters <= _MAX_BAR_QUARTERS and meter.denominator <= _MAX_DENOMINATOR


def _stretches(score: Score, rules: ExtractionRules) -> list[_Stretch]:
    meters: dict[Fraction, Meter] = {}
    before: Meter | None = None
    for start, meter in score.meters or [(_BEGINNING, COMMON_TIME)]:
        if meter != before:
            meters[start if meters else _BEGINNING] = before = meter
    # The first tempo holds from the beginning, wherever it stands.
    changes = {new.start for old, new in pairwise(score.tempos) if old.qpm != new.qpm}
    cuts = changes - set(meters) if rules.split_at_tempo_changes else set()
    meter_starts = list(meters)
    stretches = []
    starts = sorted({*meters, *cuts})
    ends: list[Fraction | float] = [*starts[1:], math.inf]
    for start, end in zip(starts, ends, strict=True):
        meter_start = meter_starts[bisect_right(meter_starts, start) - 1]
        # Where bars are made whole, those after a change of tempo go on as before it.
        origin = meter_start if rules.pad_bars else start
        stretches.append(_Stretch(start, end, origin, meters[meter_start], start in cuts or end in cuts))
    return stretches


def _lines(spans: Sequence[Span], gap_steps: float, polyphony: Polyphony) -> Iterator[Line]:
    """Yields the lines of a part, cut at silences."""
    if not spans:
        return
    whole = one_line(spans, polyphony)
    cuts = [after.start for before, after in pairwise(whole.spans) if after.start - before.end >= gap_steps]
    bounds = [0, *(bisect_left(spans, cut, key=lambda span: span.start) for cut in cuts), len(spans)]
    for first, end in pairwise(bounds):
        yield one_line(spans[first:end], polyphony) if cuts else whole


def _fault_of_line(line: Line, rules: ExtractionRules) -> Rejection | None:
    if line.num_chords and rules.polyphony == "discard":
        return Rejection("polyphonic", f"notes start together at {line.num_chords} steps")
    if line.num_collapsed and rules.collapsed == "drop":
        return Rejection("collapsed", f"{line.num_collapsed} notes fall onto another's step")
    return None


def _fault_of_events(events: Sequence[int], steps_per_bar: int, rules: ExtractionRules) -> Rejection | None:
    if len(events) < rules.min_bars * steps_per_bar:
        return Rejection("too_short", f"{len(events) / steps_per_bar:.1f} bars, fewer than {rules.min_bars}")
    kept = events[: rules.max_steps]
    num_pitch_classes = len({event % NOTES_PER_OCTAVE for event in kept if event >= 0})
    if num_pitch_classes < rules.min_pitch_classes:
        return Rejection("too_few_pitches", f"{num_pitch_classes} pitch classes, fewer than {rules.min_pitch_classes}")
    return None
