"""The chords that melodies are asked for: read, checked, and laid on outlines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from melody_rnn.errors import InvalidArgumentError, printable
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER, NOTES_PER_OCTAVE
from melody_rnn.generation.outlines import Shape
from melody_rnn.music.chord_keys import key_of_chords
from melody_rnn.music.chords import parse_chord
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.tunes.chord_weights import chord_at
from melody_rnn.tunes.outline import Outline
from melody_rnn.tunes.progression import Progression, parse_progression
from melody_rnn.tunes.tune import Chord, Tune

LaysChords = Callable[[Outline, int], Sequence[Chord]]
"""Makes the chords of a melody from its outline and how many steps it has."""
ChordsLike = str | Progression | Sequence[Chord] | Sequence[tuple[int, str]] | Tune | LaysChords
"""A progression or its text, chords by step, a tune with chords, or what lays chords on outlines."""
_NOMINAL_BARS: Final = 32


@dataclass(frozen=True)
class AskedChords:
    """Chords that were asked for.

    Attributes:
        lay: Makes those of a melody.
        progression: What they are by bars, if that is known.
    """

    lay: LaysChords
    progression: Progression | None = None

    @property
    def meter(self) -> Meter | None:
        """The meter of the tune that they were read from, or None."""
        source = self.progression.source if self.progression else None
        return source.meter if source else None

    def asked_of(self, shape: Shape) -> Shape:
        """Returns what whole tunes are asked for, with what the chords say of it where nothing else does."""
        if self.progression is None:
            return replace(shape, key=shape.key or self.key(Outline(shape.meter or COMMON_TIME)))
        own = self.progression
        is_open = shape.form is None and shape.bars is None
        return replace(
            shape,
            form=own.form if is_open else shape.form,
            usual_form=own.usual_form() if is_open else None,
            fills=own.fits,
            meter=shape.meter or self.meter,
            key=shape.key or own.key(),
        )

    def on(self, outline: Outline, num_steps: int) -> Outline:
        """Returns an outline with the chords of a melody of so many steps.

        Raises:
            InvalidArgumentError: If a chord begins after the melody's end.
            MelodyError: If one is no chord symbol that is known.
        """
        chords = _checked(self.lay(outline, num_steps))
        beyond = next((chord for chord in chords if chord.step >= num_steps), None)
        if beyond is not None:
            raise InvalidArgumentError(
                f"the chord {printable(beyond.symbol)} begins at step {beyond.step}, from 0, and the melody has "
                f"{num_steps} steps: ask for more steps or bars, or for fewer chords"
            )
        return _led_by(replace(outline, chords=chords))

    def key(self, outline: Outline) -> Key | None:
        """Returns the key of the chords; None if there are none.

        Args:
            outline: The meter of the melody, at least.
        """
        if self.progression is not None:
            return self.progression.key()
        num_steps = outline.num_steps or _NOMINAL_BARS * outline.steps_per_bar
        chords = _checked(self.lay(outline, num_steps))
        ends = [*(chord.step for chord in chords[1:]), max([num_steps, *(chord.step + 1 for chord in chords)])]
        return key_of_chords(
            [(parse_chord(chord.symbol), end - chord.step) for chord, end in zip(chords, ends, strict=True)]
        )


def read_chords(chords: ChordsLike | None, steps_per_quarter: int = DEFAULT_STEPS_PER_QUARTER) -> AskedChords | None:
    """Returns chords that were asked for; None where none were.

    Raises:
        InvalidArgumentError: If a tune's steps are others than the model's, it has no chords, or they are not in order.
        MelodyError: If one is no chord symbol that is known.
    """
    if chords is None:
        return None
    if isinstance(chords, str):
        chords = parse_progression(chords)
    if isinstance(chords, Progression):
        return AskedChords(chords.over, chords)
    if callable(chords):
        return AskedChords(chords)
    if isinstance(chords, Tune):
        if chords.steps_per_quarter != steps_per_quarter:
            raise InvalidArgumentError(
                f"the chords are of a tune of {chords.steps_per_quarter} steps a quarter note, and the model has "
                f"{steps_per_quarter}; read the tune with as many"
            )
        if not chords.chords:
            raise InvalidArgumentError("the tune has no chord symbols; name them in chords, or leave chords out")
        chords = chords.chords
    own = _checked(chords)
    return AskedChords(lambda outline, num_steps: own)


def _led_by(outline: Outline) -> Outline:
    """Returns an outline whose parts begin and end on notes of its chords, where it says on what."""

    def nearest(pitch: int, step: int) -> int:
        chord = chord_at(outline.chords, step)
        if chord is None or pitch % NOTES_PER_OCTAVE in chord.tones:
            return pitch
        return min(
            range(pitch - NOTES_PER_OCTAVE // 2, pitch + NOTES_PER_OCTAVE // 2),
            key=lambda other: (other % NOTES_PER_OCTAVE not in chord.tones, abs(other - pitch), other),
        )

    ends = outline.section_ends if outline.sections else []
    return replace(
        outline,
        cadences=tuple(
            cadence._replace(pitch=nearest(cadence.pitch, end - cadence.steps))
            for cadence, end in zip(outline.cadences, ends, strict=False)
        ),
        endings=tuple(
            ending._replace(
                cadence=ending.cadence._replace(pitch=nearest(ending.cadence.pitch, ending.end - ending.cadence.steps))
            )
            for ending in outline.endings
        ),
        opening=None if outline.opening is None else nearest(outline.opening, 0),
    )


def _checked(chords: Sequence[Any]) -> tuple[Chord, ...]:
    """Returns chords that are known, in order."""
    own: list[Chord] = []
    for chord in chords:
        try:
            step, symbol = chord
        except (TypeError, ValueError):
            raise InvalidArgumentError(f"chords must be pairs of a step and a symbol, got {chord!r}") from None
        if not isinstance(step, int) or not isinstance(symbol, str):
            raise InvalidArgumentError(f"chords must be pairs of a step and a symbol, got {chord!r}")
        if step < (own[-1].step + 1 if own else 0):
            raise InvalidArgumentError(f"chords must be in order of their steps, from 0, got {symbol} at step {step}")
        parse_chord(symbol)
        own.append(Chord(step, symbol))
    return tuple(own)
