"""Tunes to scores: bars, repeat signs, endings and notes, as notation has them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby, pairwise
from typing import Any, Final, NamedTuple

from melody_rnn.events import NO_EVENT, NOTE_OFF
from melody_rnn.formats.score import Bar, ChordSymbol, KeyChange, Mark, MeterChange, Note, Part, Score, TempoChange
from melody_rnn.tunes.tune import Chord, Section, Tune, letter

_SIXTEENTHS: Final = 4
_EIGHTHS: Final = 8


class _Stretch(NamedTuple):
    """Steps in the order in which notation has them.

    Attributes:
        events: Their events.
        chords: Their chord symbols, steps counted from the first one.
        at: The step of the tune in whose place it stands; it tells where in a bar it belongs.
        bar: The signs of its first bar.
        times: The closing repeat sign of its last bar, as `Bar.times`.
        is_double: Whether its last bar ends with a double or final bar line.
        is_ending: Whether it is an ending after another one, so that no note comes over into it.
    """

    events: Sequence[int]
    chords: Sequence[Chord]
    at: int
    bar: Bar
    times: int = 1
    is_double: bool = False
    is_ending: bool = False


def score_of(tune: Tune, fills_last_bar: bool = False) -> Score:
    """Returns a tune as a score of one part; `tunes_of_score` is the inverse.

    Args:
        tune: The tune, written or played; it stands in the score as it is.
        fills_last_bar: Whether the last bar is whole, as a player's clip has it, though there was a pickup.
    """
    unit = Fraction(1, tune.steps_per_quarter)
    stretches = _stretches(tune, fills_last_bar)
    bars, chords, now = list[Bar](), list[ChordSymbol](), 0
    for stretch in stretches:
        bars += _bars(stretch, now, unit, tune.steps_per_bar)
        chords += [ChordSymbol((now + chord.step) * unit, chord.symbol) for chord in stretch.chords]
        now += len(stretch.events)
    return Score(
        parts=(Part(tuple(_notes(stretches, unit, has_triplets(tune))), tune.title, tune.program),),
        bars=tuple(_with_jump(tune, stretches, bars, unit)),
        end=now * unit,
        meters=(MeterChange(Fraction(0), tune.meter),),
        keys=(KeyChange(Fraction(0), tune.key),) if tune.key else (),
        tempos=(TempoChange(Fraction(0), tune.qpm),) if tune.qpm else (),
        chords=tuple(chords),
        title=tune.title,
        text=about_text(tune),
    )


def about_text(tune: Tune) -> str:
    """Returns what a file says about a tune's making, as JSON; an empty string if nobody knows."""
    if tune.origin is None:
        return ""
    origin = tune.origin
    about: dict[str, Any] = {"model": origin.model, "seed": origin.seed, "index": origin.index, **origin.settings}
    about |= {"version": origin.version, "engine": origin.engine or None}
    if any(tune.given):
        about["given"] = given_ranges(tune)
    return json.dumps({name: value for name, value in about.items() if value is not None})


def given_ranges(tune: Tune) -> list[list[int]]:
    """Returns the steps that were given to the model, as ranges [first, end) in order."""
    ranges, step = [], 0
    for is_given, group in groupby(tune.given):
        length = len(list(group))
        if is_given:
            ranges.append([step, step + length])
        step += length
    return ranges


def _stretches(tune: Tune, fills_last_bar: bool) -> list[_Stretch]:
    sections = tune.sections or (Section(tune.first_step),)
    labels = [section.label for section in sections]
    is_labelled = labels != [letter(number) for number in range(len(labels))]
    filled = _filled(tune, fills_last_bar)
    stretches = []
    for section, following in pairwise([*sections, None]):
        assert section is not None
        end = following.start if following else len(filled.events)
        label = section.label if is_labelled else ""
        stretches += _section_stretches(filled, section, end, label)
    return stretches


def _filled(tune: Tune, fills_last_bar: bool) -> Tune:
    """Returns a tune with silence up to the end of its last bar, which may be short by the pickup."""
    position, bar = len(tune) % tune.steps_per_bar, tune.steps_per_bar
    short = bar - tune.pickup_steps if not fills_last_bar and 0 < position <= bar - tune.pickup_steps else bar
    missing = (short - position) % bar if position else 0
    if not missing and tune.events:
        return tune
    missing = missing or bar
    silence = [NOTE_OFF, *[NO_EVENT] * (missing - 1)]
    return replace(tune, events=(*tune.events, *silence), given=(), probabilities=())


def _section_stretches(tune: Tune, section: Section, end: int, label: str) -> list[_Stretch]:
    start = max(section.start, tune.first_step)
    opening = Bar(Fraction(0), opens_repeat=section.times > 1, label=label)
    inline = min([ending.start for ending in section.endings] or [end])
    if not section.endings:
        return [_stretch(tune, start, end, opening, times=section.times, is_double=True)]
    stretches = [_stretch(tune, start, inline, opening)] if inline > start else []
    for number, ending in enumerate(section.endings):
        first = Bar(Fraction(0), endings=ending.passes)
        stretches.append(_Stretch(ending.events, ending.chords, ending.start, first, times=2, is_ending=number > 0))
    taken = {number for ending in section.endings for number in ending.passes}
    last = tuple(number for number in range(1, section.times + 1) if number not in taken)
    last_bar = Bar(Fraction(0), endings=last)
    return [*stretches, _stretch(tune, inline, end, last_bar, is_double=True, is_ending=True)]


def _stretch(tune: Tune, start: int, end: int, bar: Bar, **signs: Any) -> _Stretch:
    chords = [chord._replace(step=chord.step - start) for chord in tune.chords if start <= chord.step < end]
    return _Stretch(tune.events[start:end], chords, start, bar, **signs)


def _bars(stretch: _Stretch, now: int, unit: Fraction, steps_per_bar: int) -> list[Bar]:
    num_steps = len(stretch.events)
    first_line = steps_per_bar - stretch.at % steps_per_bar
    starts = [0, *range(first_line, num_steps, steps_per_bar)]
    bars = [Bar((now + start) * unit) for start in starts]
    bars[0] = stretch.bar._replace(start=bars[0].start)
    bars[-1] = bars[-1]._replace(times=stretch.times, is_double=stretch.is_double)
    return bars


def has_triplets(tune: Tune) -> bool:
    """Returns whether a tune's sixteenths may stand for triplets: not where a beat has three parts anyway."""
    return tune.has_triplets and tune.steps_per_quarter == _SIXTEENTHS and tune.meter.denominator < _EIGHTHS


def _notes(stretches: Sequence[_Stretch], unit: Fraction, has_triplets: bool) -> list[Note]:
    notes: list[Note] = []
    now, start, pitch, held = 0, Fraction(0), -1, -1

    def end_note(time: Fraction) -> None:
        if pitch >= 0 and time > start:
            notes.append(Note(start, time, pitch))

    for stretch in stretches:
        if stretch.is_ending:
            # What sounds when endings begin is struck again in all but the first one.
            end_note(now * unit)
            start, pitch = now * unit, held
        elif stretch.bar.endings:
            held = pitch
        thirds = _thirds(stretch) if has_triplets else {}
        for step, event in enumerate(stretch.events):
            if event != NO_EVENT:
                time = (now + step) * unit + thirds.get(step, 0)
                end_note(time)
                start, pitch = time, event
        now += len(stretch.events)
    end_note(now * unit)
    return notes


def _thirds(stretch: _Stretch) -> dict[int, Fraction]:
    """Returns by how much steps come later than their sixteenth where three notes share a quarter evenly.

    A triplet that is read onto sixteenths has notes on the first, the second and the fourth of them. In tune books
    98.6 % of what looks so is a triplet.
    """
    thirds = {}
    for step in range(-stretch.at % _SIXTEENTHS, len(stretch.events) - _SIXTEENTHS + 1, _SIXTEENTHS):
        first, second, third, fourth = stretch.events[step : step + _SIXTEENTHS]
        if third == NO_EVENT and min(first, second, fourth) > NOTE_OFF:
            thirds[step + 1], thirds[step + 3] = Fraction(1, 12), Fraction(-1, 12)
    return thirds


def _with_jump(tune: Tune, stretches: Sequence[_Stretch], bars: list[Bar], unit: Fraction) -> list[Bar]:
    """Returns the bars with the signs of a da capo or dal segno."""
    if tune.jump is None:
        return bars
    after, start, end = (_bar_at(step, stretches, bars, unit) for step in tune.jump)
    if not start < end <= after:
        return bars
    is_whole = tune.jump.start <= tune.first_step
    has_coda = tune.jump.after < len(tune)
    marks: list[tuple[int, Mark]] = [(after - 1, "da_capo" if is_whole else "dal_segno")]
    marks += [] if is_whole else [(start, "segno")]
    if tune.jump.end < tune.jump.after:
        marks.append((end - 1, "to_coda" if has_coda else "fine"))
    marks += [(after, "coda")] if has_coda and after < len(bars) else []
    for number, mark in marks:
        bars[number] = bars[number]._replace(marks=bars[number].marks | {mark})
    return bars


def _bar_at(step: int, stretches: Sequence[_Stretch], bars: Sequence[Bar], unit: Fraction) -> int:
    """Returns the bar that begins at a step of the tune; the number of bars if the tune ends there."""
    now = 0
    for stretch in stretches:
        is_of_tune = not stretch.bar.endings or stretch.is_double
        if is_of_tune and stretch.at <= step < stretch.at + len(stretch.events):
            time = (now + step - stretch.at) * unit
            return next((number for number, bar in enumerate(bars) if bar.start >= time), len(bars))
        now += len(stretch.events)
    return len(bars)
