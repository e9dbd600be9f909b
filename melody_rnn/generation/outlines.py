"""The outlines of the tunes of a run: drawn from what a model's training tunes have, or made as they are asked for."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.music.forms import Form, WrittenPart
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.tunes.outline import BarKind, BarPlan, Cadence, Outline, plan_bars, stream_outline
from melody_rnn.tunes.outline_bank import OutlineBank, fit, in_key
from melody_rnn.tunes.tune import Section, Tune

_DEFAULT_PART: Final = 8
# By how many semitones a tune's range may be cut to fit another.
_CUT: Final = 4
_MOST_CHOICES: Final = 64
Fits = Callable[[Outline], bool]


@dataclass(frozen=True)
class Shape:
    """What whole tunes are asked for; what is None is drawn from what the model's training tunes have.

    Attributes:
        form: The form as it is played.
        bars: Bars of the tune as it is played, where no form says them.
        meter: The meter.
        pickup_steps: Steps of the pickup, 0 for none.
        key: The key.
        pitches: The lowest and the highest pitch that may sound.
        fills: Whether a form is one that what else is asked for fills, such as chords.
        usual_form: The form, where no tune of the bank has one that is filled and none is asked for.
    """

    form: Form | None = None
    bars: int | None = None
    meter: Meter | None = None
    pickup_steps: int | None = None
    key: Key | None = None
    pitches: tuple[int, int] | None = None
    fills: Fits | None = None
    usual_form: Form | None = None


def draw_outlines(
    bank: OutlineBank, shape: Shape, numbers: Sequence[int], seed: int, primer: Tune | None = None
) -> list[Outline]:
    """Returns the outline of each tune of a run.

    An outline of the bank that is as asked for is taken as it is. Where there is none, one is made: the parts' plans
    are those of other tunes' parts of that length, the rest is as in some tune of that meter.

    Args:
        bank: What the model's training tunes have.
        shape: What is asked for.
        numbers: The tunes' numbers in the run; what one gets depends on the seed and its number.
        seed: Of the run.
        primer: What every tune begins with: its meter, pickup and key hold.

    Raises:
        InvalidArgumentError: If what is asked for cannot be, or the bank is of other steps.
    """
    shape = _with_primer(shape, primer)
    if shape.pickup_steps is not None:
        stream_outline(shape.meter or COMMON_TIME, shape.pickup_steps, bank.steps_per_quarter)
    drawn = bank.draw(seed, numbers, partial(_fits, shape=shape, has_form=True))
    if not drawn and shape.form is None and shape.bars is None and shape.usual_form is not None:
        shape = replace(shape, form=shape.usual_form)
        drawn = bank.draw(seed, numbers, partial(_fits, shape=shape, has_form=True))
    if not drawn:
        drawn = list(_made(bank, shape, numbers, seed))
    if shape.key is not None:
        drawn = [in_key(outline, shape.key.tonic, shape.key.mode) for outline in drawn]
    if primer is not None:
        drawn = [_begun_by(outline, primer) for outline in drawn]
    if shape.pitches is not None:
        drawn = [replace(fit(outline, shape.pitches), is_limited=True) for outline in drawn]
    return drawn


def _with_primer(shape: Shape, primer: Tune | None) -> Shape:
    if primer is None:
        return shape
    if shape.pickup_steps is not None and shape.pickup_steps != primer.pickup_steps:
        raise InvalidArgumentError("pickup_steps is for tunes without a primer; a primer brings its own")
    return replace(shape, meter=primer.meter, pickup_steps=primer.pickup_steps, key=shape.key or primer.key)


def _fits(outline: Outline, shape: Shape, has_form: bool) -> bool:
    """Returns whether an outline is as asked for; its key may be moved, but not its mode."""
    if shape.meter is not None and outline.meter != shape.meter:
        return False
    if shape.pickup_steps is not None and outline.pickup_steps != shape.pickup_steps:
        return False
    if outline.key is None or (shape.key is not None and outline.key.mode != shape.key.mode):
        return False
    if shape.pitches is not None and outline.pitches is not None:
        span = outline.pitches[1] - outline.pitches[0]
        if span > shape.pitches[1] - shape.pitches[0] + _CUT:
            return False
    if not has_form:
        return True
    if not outline.sections or (shape.fills is not None and not shape.fills(outline)):
        return False
    if shape.form is None and shape.bars is None:
        return True
    # A da capo would make another form of it.
    if outline.jump is not None:
        return False
    if shape.form is not None:
        return outline.parts() == shape.form.written()
    return sum(part.bars * part.times for part in outline.parts()) == shape.bars


def _made(bank: OutlineBank, shape: Shape, numbers: Sequence[int], seed: int) -> Iterator[Outline]:
    """Yields outlines that no tune of the bank has, as near to such tunes as can be."""
    for looser in _looser(shape):
        bases = bank.draw(seed, numbers, partial(_fits, shape=looser, has_form=False))
        if bases:
            break
    else:
        raise InvalidArgumentError("the model knows no tunes to take a form from; ask for num_steps")
    rng = np.random.Generator(np.random.Philox(key=[seed, 2]))
    choices = rng.random((max(numbers) + 1, _MOST_CHOICES))
    for number, base in zip(numbers, bases, strict=True):
        parts = _parts(base, shape)
        meter = shape.meter or base.meter
        pickup_steps = base.pickup_steps if shape.pickup_steps is None else shape.pickup_steps
        if shape.pickup_steps is None and meter != base.meter:
            pickup_steps = 0
        yield _laid_out(bank, replace(base, meter=meter, pickup_steps=pickup_steps), parts, choices[number])


def _looser(shape: Shape) -> Iterator[Shape]:
    """Yields the shape with ever less asked for."""
    shape = replace(shape, form=None, bars=None)
    yield shape
    yield (shape := replace(shape, pickup_steps=None))
    yield (shape := replace(shape, pitches=None))
    yield replace(shape, key=None)
    yield replace(shape, meter=None)
    yield Shape()


def _parts(base: Outline, shape: Shape) -> tuple[WrittenPart, ...]:
    if shape.form is not None:
        return shape.form.written()
    own = base.parts() or (WrittenPart("A", _DEFAULT_PART, 2), WrittenPart("B", _DEFAULT_PART, 2))
    if shape.bars is None:
        return own
    if shape.bars % 4 == 0:
        return (WrittenPart("A", shape.bars // 4, 2), WrittenPart("B", shape.bars // 4, 2))
    if shape.bars % 2 == 0:
        return (WrittenPart("A", shape.bars // 2, 1), WrittenPart("B", shape.bars // 2, 1))
    return (WrittenPart("A", shape.bars, 1),)


def _laid_out(bank: OutlineBank, base: Outline, parts: Sequence[WrittenPart], choices: NDArray[np.float64]) -> Outline:
    """Returns an outline of certain parts.

    Args:
        bank: Where the parts' plans are from.
        base: All but the form.
        parts: The parts.
        choices: Numbers in [0, 1) that say which plans are taken.
    """
    steps_per_bar, first = base.steps_per_bar, base.first_step
    sections: list[Section] = []
    bars: list[BarPlan] = [BarPlan(BarKind.NEW)] if base.pickup_steps else []
    begun: dict[str, int] = {}
    start = first
    for number, part in enumerate(parts):
        sections.append(Section(start, part.label, part.times))
        if part.label in begun:
            bars += [BarPlan(BarKind.SAME, len(bars) - begun[part.label])] * part.bars
        else:
            begun[part.label] = len(bars)
            bars += _part_plan(bank, number, part.bars, choices[number % len(choices)])
        start += part.bars * steps_per_bar
    # What is planned beyond the model's reach is not known to it.
    cadences = _cadences(base, parts)
    return replace(
        base, num_steps=start, sections=tuple(sections), jump=None, bars=tuple(bars), cadences=cadences, endings=()
    )


def _cadences(base: Outline, parts: Sequence[WrittenPart]) -> tuple[Cadence, ...]:
    """Returns cadences for parts: the last one's of a tune for the last, for each label the same."""
    if not base.cadences:
        return ()
    own: dict[str, Cadence] = {}
    for number, part in enumerate(parts):
        own.setdefault(part.label, base.cadences[min(number, len(base.cadences) - 1)])
    own[parts[-1].label] = base.cadences[-1]
    longest = min(part.bars for part in parts) * base.steps_per_bar
    return tuple(own[part.label]._replace(steps=min(own[part.label].steps, longest)) for part in parts)


def _part_plan(bank: OutlineBank, number: int, num_bars: int, choice: float) -> list[BarPlan]:
    """Returns the plan of a part: that of a part of the bank which is as long, and stands in the same place."""
    places = bank.parts_of(num_bars)
    fitting = [place for place in places if place.number == min(number, 1)] or places
    if not fitting:
        return [BarPlan()] * num_bars
    return list(fitting[int(choice * len(fitting))].plan)


def _begun_by(outline: Outline, primer: Tune) -> Outline:
    """Returns an outline that sounds where the primer does, with the bars of the primer as they are."""
    bars = outline.bars
    if bars:
        own = plan_bars(primer.events, primer.steps_per_bar)
        bars = (*own, *bars[len(own) :])[: len(bars)]
    pitches = primer.pitches
    moved = outline
    if outline.pitches is not None and pitches:
        lowest, highest = min(pitches), max(pitches)
        centre = (sum(outline.pitches) - lowest - highest) / 2
        moved = outline.transposed(-NOTES_PER_OCTAVE * round(centre / NOTES_PER_OCTAVE))
        assert moved.pitches is not None
        moved = replace(moved, pitches=(min(moved.pitches[0], lowest), max(moved.pitches[1], highest)))
    return replace(moved, bars=bars)
