"""What the listening room is asked for, read from what a person typed, and the tunes that come of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from melody_rnn import __version__
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.model import MelodyRNN
from melody_rnn.music.instruments import INSTRUMENTS as RANGED
from melody_rnn.music.instruments import parse_program
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.music.pitches import parse_pitch_class, pitch_class_name
from melody_rnn.music.transposition import major_key
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.tunes.excerpts import events_of_bars
from melody_rnn.tunes.outline import outline_of
from melody_rnn.tunes.tune import Origin, Tune

STREAM_BARS: Final = 8
"""Bars of a model that knows no form, where nobody says how many."""


@dataclass(frozen=True)
class Wish:
    """What a tune is to be like.

    Attributes:
        primer: What it begins with, or None.
        form: Such as AABB; None leaves it to the model, which must know form.
        bars: Bars as it is played; None for as many as the form has.
        meter: The meter, or None for the primer's, or what the model likes.
        tonic: Name of a pitch class, or None for the one that comes.
        scale: Name of a scale, or None for the one that comes.
        pitches: Lowest and highest pitch, or None.
        ends_on_tonic: Whether the last note must be the tonic.
        temperature: At least 0.
        keep: Bars of `kept` that stay as they are, such as 1-2,7-8, or None.
        kept: The tune of which bars are kept.
        chords: A progression, such as | G | C G | D7 | G |, or None.
    """

    primer: Tune | None = None
    form: str | None = None
    bars: int | None = None
    meter: Meter | None = None
    tonic: str | None = None
    scale: str | None = None
    pitches: tuple[int, int] | None = None
    ends_on_tonic: bool = False
    temperature: float = 1.0
    keep: str | None = None
    kept: Tune | None = field(default=None, repr=False)
    chords: str | None = None


def write_tunes(model: MelodyRNN, wish: Wish, seed: int, count: int = 1) -> list[Tune]:
    """Returns tunes as a wish says: whole ones of a model that knows form, else streams of whole bars.

    Raises:
        MelodyRNNError: As `MelodyRNN.generate`.
    """
    asked = _of_kept(model, wish) if wish.keep is not None else _of_anew(model, wish)
    if wish.chords is not None:
        asked["chords"] = wish.chords
    made = model.generate(num_outputs=count, temperature=wish.temperature, seed=seed, trace=True, **asked)
    return [_signed(model, wish, tune, seed, number) for number, tune in enumerate(made, start=1)]


def knows_form(model: MelodyRNN) -> bool:
    """Returns whether a model writes whole tunes."""
    return model.outlines is not None


def played_by(tune: Tune, instrument: str) -> Tune:
    """Returns a tune as another instrument plays it."""
    known = RANGED.get(instrument)
    return replace(tune, program=known.program if known else parse_program(instrument))


def at_tempo(tune: Tune, beats_per_minute: float) -> Tune:
    """Returns a tune at so many beats of its meter a minute."""
    return replace(tune, qpm=beats_per_minute * float(tune.meter.tempo_beat))


def on_tonic(tune: Tune, tonic: str) -> Tune:
    """Returns a tune moved the short way so that its tonic is this one."""
    own = tune.key.tonic if tune.key is not None else major_key(tune.events)
    half = NOTES_PER_OCTAVE // 2
    return tune.transpose((parse_pitch_class(tonic) - own + half - 1) % NOTES_PER_OCTAVE - half + 1)


def parse_number(
    text: str, name: str, lowest: float, highest: float, is_whole: bool = False, words: str | None = None
) -> float:
    """Returns the number that a person typed, with a decimal point or comma.

    Args:
        text: What was typed.
        name: What the number is, for messages.
        lowest: The least it may be.
        highest: The most it may be.
        is_whole: Whether it must be a whole number.
        words: The message, with places for name, kind, lowest, highest and text; English if None.

    Raises:
        InvalidArgumentError: If it is none, or out of its range.
    """
    try:
        number = float(text.strip().replace(",", "."))
    except ValueError:
        number = math.nan
    if not lowest <= number <= highest or (is_whole and not number.is_integer()):
        message = words or "{name} must be a {kind}number from {lowest:g} to {highest:g}, got {text!r}"
        raise InvalidArgumentError(
            message.format(name=name, kind="whole " if is_whole else "", lowest=lowest, highest=highest, text=text)
        )
    return number


def _of_anew(model: MelodyRNN, wish: Wish) -> dict[str, Any]:
    """Returns what the model is asked for where nothing is kept."""
    tonic = wish.tonic
    if (wish.scale or wish.ends_on_tonic) and tonic is None:
        # Any will do: the model moves it where it is at home.
        tonic = pitch_class_name(model.config.transpose_to_key or 0)
    constraints = Constraints(
        key=tonic if wish.scale or wish.ends_on_tonic else None,
        scale=wish.scale,
        pitch_range=wish.pitches,
        end_on="tonic" if wish.ends_on_tonic else None,
    )
    asked: dict[str, Any] = {"primer": wish.primer, "meter": wish.meter}
    if knows_form(model):
        key = None if constraints.signature is None else str(constraints.signature)
        whole = constraints.of_whole_tune()
        return asked | {
            "form": wish.form,
            "bars": wish.bars,
            "key": key,
            "pitches": wish.pitches,
            "constraints": whole if whole.given() else None,
        }
    meter = wish.meter or (wish.primer.meter if wish.primer else COMMON_TIME)
    steps_per_bar = meter.steps_per_bar(model.config.steps_per_quarter)
    # Without a primer the model's opening note takes the first step.
    given = len(wish.primer) if wish.primer else 1
    bars = wish.bars or STREAM_BARS
    new_steps = max(1, bars * steps_per_bar - given % steps_per_bar)
    return asked | {"new_steps": new_steps, "constraints": constraints if constraints.given() else None}


def _of_kept(model: MelodyRNN, wish: Wish) -> dict[str, Any]:
    """Returns what the model is asked for where bars of a tune stay: its length, meter and form are the tune's."""
    assert wish.kept is not None and wish.keep is not None
    kept = wish.kept.written()
    events = events_of_bars(kept, wish.keep, kept.steps_per_bar)
    first = kept.first_step
    keep: Mapping[int, int] = {step: event for step, event in events.items() if first <= step < len(kept)}
    constraints = Constraints(keep=keep)
    if knows_form(model) and (kept.sections or kept.key is not None):
        # What is not kept is not to be like what was there.
        return {"outline": outline_of(kept).part(plan=False, pitches=False), "constraints": constraints}
    return {
        "num_steps": len(kept),
        "meter": kept.meter,
        "pickup_steps": kept.pickup_steps or None,
        "constraints": constraints,
    }


def _signed(model: MelodyRNN, wish: Wish, tune: Tune, seed: int, number: int) -> Tune:
    """Returns a tune that says what it was made by."""
    asked = {
        "temperature": wish.temperature,
        "form": wish.form,
        "bars": wish.bars,
        "scale": wish.scale,
        "keep": wish.keep,
        "chords": wish.chords,
        "meter": str(tune.meter),
    }
    settings = {name: value for name, value in asked.items() if value is not None}
    engine = tune.origin.engine if tune.origin else ""
    origin = Origin(model.config.name, seed, number, settings, __version__, engine)
    title = tune.title or f"{model.config.name}, T = {wish.temperature:g}, seed {seed}"
    return replace(tune, origin=origin, title=title if number == 1 else f"{title}, {number}")
