"""The chords that melodies are asked for: read, checked, and laid on outlines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from melody_rnn.errors import InvalidArgumentError, printable
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER
from melody_rnn.music.chord_keys import key_of_chords
from melody_rnn.music.chords import parse_chord
from melody_rnn.music.keys import Key
from melody_rnn.tunes.outline import Outline
from melody_rnn.tunes.tune import Chord, Tune

LaysChords = Callable[[Outline, int], Sequence[Chord]]
"""Makes the chords of a melody from its outline and how many steps it has."""
ChordsLike = Sequence[Chord] | Sequence[tuple[int, str]] | Tune | LaysChords
"""Chords by step, a tune with chords, or what lays chords on outlines."""
_NOMINAL_BARS: Final = 32


@dataclass(frozen=True)
class AskedChords:
    """Chords that were asked for.

    Attributes:
        lay: Makes those of a melody.
    """

    lay: LaysChords

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
        return replace(outline, chords=chords)

    def key(self, outline: Outline) -> Key | None:
        """Returns the key of the chords; None if there are none.

        Args:
            outline: The meter of the melody, at least.
        """
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
