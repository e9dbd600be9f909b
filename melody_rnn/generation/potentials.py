"""Potentials: soft targets that look-ahead draws melodies towards, a user's own among them.

A potential says of the melody so far how much it is wanted, as a logarithm. Look-ahead weighs particles by how much
it changes from step to step, so that the melodies of a run have the model's own probability times the exponential of
the potential of the whole melody. What it says before the end decides how well the particles are led, never what the
melodies are drawn from in the end.

Source: twisted sequential Monte Carlo, Zhao et al. 2024, arXiv:2404.17546, section 3; potentials written by users,
Lew et al. 2023, arXiv:2306.03081.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.arrays import Array, namespace
from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.events import MAX_PITCH
from melody_rnn.music.pitches import note_name, parse_note_name
from melody_rnn.sampling.line import Stretch

_SEMITONES: Final = 2.0
_NOTES: Final = 1.0
# How far a bar's mean pitch wanders before the bar is over, in semitones squared.
_WANDERING: Final = 16.0
# What a note of a given pitch costs, nats; about as much as in real tunes.
_PITCH_COST: Final = 1.2


class Played(NamedTuple):
    """What of a batch of melodies is there, for a potential.

    Attributes:
        events: [batch, steps] int32, as they sound; 'no event' where nothing is yet.
        num_played: [] int32, how many steps of them there are.
        num_given: How many of them were there before the first new one.
        num_steps: [] int32, how many there will be in the end; what lies behind is padding.
        num_bars: In how many bars new ones lie, at most.
        steps_per_bar: [batch, 1] int32.
    """

    events: Array
    num_played: Array
    num_given: int
    num_steps: Array
    num_bars: int
    steps_per_bar: Array


@dataclass(frozen=True)
class Potential:
    """A soft target.

    Attributes:
        name: What messages call it.
        function: Takes what is `Played` and returns the logarithm of how much it is wanted, [batch] float32; -inf for
            what must not be. It is called at every step, on NumPy arrays, or on tensors while the loop is compiled: it
            takes its functions from `melody_rnn.arrays.namespace(played.events)`.
        check: Takes the steps of the longest bar, and the lowest and the highest pitch that the model plays; raises an
            InvalidArgumentError where no melody can meet the target. None where that cannot be told beforehand.
    """

    name: str
    function: Callable[[Played], Array]
    check: Callable[[int, int, int], None] | None = None


@dataclass(frozen=True)
class BarTargets:
    """A number for each bar.

    Attributes:
        values: At least one.
        is_even: Whether they lead evenly from the first to the last over all bars; else the last one holds.
    """

    values: tuple[float, ...]
    is_even: bool = False

    def of_bars(self, num_bars: int) -> NDArray[np.float32]:
        """Returns the targets of so many bars, [num_bars] float32."""
        values = np.asarray(self.values, np.float32)
        if not self.is_even:
            return values[np.minimum(np.arange(num_bars), len(values) - 1)]
        places = np.linspace(0, len(values) - 1, num_bars)
        return np.interp(places, np.arange(len(values)), values).astype(np.float32)


def parse_targets(name: str, text: str, read: Callable[[str], float]) -> BarTargets:
    """Reads targets: '4,8,8,4' for each bar, or '2..8' evenly over all.

    Args:
        name: What messages call them.
        text: The text.
        read: Reads one of them, or raises a ValueError.

    Raises:
        InvalidArgumentError: If it is none.
    """
    separator = ".." if ".." in text else ","
    try:
        values = tuple(read(part.strip()) for part in text.split(separator))
    except ValueError as error:
        raise InvalidArgumentError(f"{name} must be a value a bar, such as 4,8,8,4, or FROM..TO, but {error}") from None
    return BarTargets(values, separator == "..")


def contour(targets: BarTargets | str) -> Potential:
    """Returns the soft target of where a melody lies: the mean pitch of the notes that begin in each generated bar.

    A bar whose mean is d semitones off has exp(-d^2 / 8) of its probability; a bar without a note is free.

    Args:
        targets: MIDI pitches, from the first bar in which something is generated; or text as `parse_targets` reads it,
            such as 'C4,E4,G4,C5', '60..72'.
    """
    if isinstance(targets, str):
        targets = parse_targets("contour", targets, _read_pitch)
    return Potential("contour", lambda played: _contour(played, targets), partial(_check_contour, targets))


def density(targets: BarTargets | str) -> Potential:
    """Returns the soft target of how many notes begin in each generated bar.

    A bar with d notes too many or too few has exp(-d^2 / 2) of its probability.

    Args:
        targets: Notes a bar, from the first bar in which something is generated; or text as `parse_targets` reads it.
    """
    if isinstance(targets, str):
        targets = parse_targets("density", targets, _read_count)
    return Potential("density", lambda played: _density(played, targets), partial(_check_density, targets))


def pace(stretches: Sequence[Stretch]) -> Potential:
    """Returns what leads notes that keep their order evenly through their stretches; of whole melodies it says 0.

    Without it the particles that put their notes off would seem the better ones, until all notes come at once. Of the
    notes that are still to come as many are expected as the steps that are left have a share of the stretch, and each
    has its price.

    Args:
        stretches: In their order.
    """
    return Potential("keep_pitches", _Pace(tuple(stretches)))


@dataclass(frozen=True)
class _Pace:
    """See `pace`; two of the same stretches are equal, so that they are compiled once."""

    stretches: tuple[Stretch, ...]

    def __call__(self, played: Played) -> Array:
        xp, now = namespace(played.events), played.num_played
        num_steps = played.events.shape[1]
        first, left, notes, length = np.zeros((4, num_steps + 1), np.float32)
        for stretch in self.stretches:
            own = slice(stretch.first + 1, stretch.end)
            first[own], notes[own], length[own] = stretch.first, len(stretch.pitches), stretch.end - stretch.first
            left[own] = stretch.end - np.arange(num_steps + 1)[own]
        first, left, notes, length = (xp.take(part, now, axis=0) for part in (first, left, notes, length))
        steps = xp.asarray(xp.arange(num_steps), xp.float32)
        have_been = (played.events >= 0) & (steps >= first) & (steps < xp.asarray(now, xp.float32))
        to_come = notes - xp.sum(xp.asarray(have_been, xp.float32), axis=1)
        share = notes / xp.maximum(length, 1.0)
        off, spread = to_come - share * left, 1.0 + left * share * (1.0 - share)
        return xp.where(length > 0, -off * off / (2.0 * spread) - _PITCH_COST * to_come, xp.zeros_like(to_come))


def _check_contour(targets: BarTargets, steps_per_bar: int, lowest: int, highest: int) -> None:
    for pitch in targets.values:
        if not lowest <= pitch <= highest:
            raise InvalidArgumentError(
                f"contour {note_name(round(pitch))} cannot be met: the model plays {note_name(lowest)}.."
                f"{note_name(highest)} here"
            )


def _check_density(targets: BarTargets, steps_per_bar: int, lowest: int, highest: int) -> None:
    for count in targets.values:
        if count > steps_per_bar:
            raise InvalidArgumentError(
                f"density {count:g} cannot be met: a bar has {steps_per_bar} steps here, each with one note at most"
            )


def _read_pitch(text: str) -> float:
    try:
        pitch = float(text) if text.replace(".", "", 1).isdigit() else float(parse_note_name(text))
    except MelodyError as error:
        raise ValueError(str(error)) from None
    if not 0 <= pitch <= MAX_PITCH:
        raise ValueError(f"pitches are from 0 to {MAX_PITCH}, got {text}")
    return pitch


def _read_count(text: str) -> float:
    try:
        count = float(text)
    except ValueError:
        raise ValueError(f"{text or 'nothing'} is no number of notes") from None
    if not (math.isfinite(count) and count >= 0):
        raise ValueError(f"numbers of notes are finite and at least 0, got {text}")
    return count


class _Bars(NamedTuple):
    """What the generated bars have so far; all [batch, bars] float32.

    Attributes:
        notes: How many notes begin in them.
        pitches: The sum of those notes' pitches.
        share: How much of the part to be generated is over, from 0 to 1.
        whole: Which share of the bar is to be generated.
    """

    notes: Array
    pitches: Array
    share: Array
    whole: Array


def _bars(played: Played) -> _Bars:
    """Counts the new notes of each bar; bars are numbered from that in which something new begins."""
    xp = namespace(played.events)
    bars, steps = played.steps_per_bar, xp.arange(played.events.shape[1])[np.newaxis]
    number = steps // bars - played.num_given // bars
    in_bar = number[:, np.newaxis] == xp.arange(played.num_bars)[np.newaxis, :, np.newaxis]
    is_new = (steps >= played.num_given) & (steps < played.num_steps)
    is_there = is_new & (steps < played.num_played)
    onsets = (is_there & (played.events >= 0))[:, np.newaxis] & in_bar
    notes = xp.sum(xp.asarray(onsets, xp.float32), axis=2)
    pitches = xp.sum(xp.where(onsets, xp.asarray(played.events, xp.float32)[:, np.newaxis], 0.0), axis=2)
    there, new = (xp.sum(xp.asarray(in_bar & own[:, np.newaxis], xp.float32), axis=2) for own in (is_there, is_new))
    return _Bars(notes, pitches, there / xp.maximum(new, 1.0), new / xp.asarray(bars, xp.float32))


def _density(played: Played, targets: BarTargets) -> Array:
    bars, xp = _bars(played), namespace(played.events)
    wanted = targets.of_bars(bars.notes.shape[1])[np.newaxis] * bars.whole
    # What is to come of the bar is about as many notes as are wanted of it, with the variance of a Poisson's.
    off, to_come = bars.notes - wanted * bars.share, wanted * (1.0 - bars.share)
    return xp.sum(-off * off / (2.0 * (_NOTES**2 + to_come)), axis=1)


def _contour(played: Played, targets: BarTargets) -> Array:
    bars, xp = _bars(played), namespace(played.events)
    off = bars.pitches / xp.maximum(bars.notes, 1.0) - targets.of_bars(bars.notes.shape[1])[np.newaxis]
    off = xp.where(bars.notes > 0, off, 0.0)
    return xp.sum(-off * off / (2.0 * (_SEMITONES**2 + _WANDERING * (1.0 - bars.share))), axis=1)
