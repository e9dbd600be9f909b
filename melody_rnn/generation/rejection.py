"""Tunes of which none copies more than so much: the first ones of a run that do not.

To leave out whole tunes is exact: what is left are draws from the model's distribution given that it copies no more.
Masks that forbid the note by which a run becomes too long would let each tune copy up to the limit, and then swerve.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from melody_rnn.errors import ConstraintError, InvalidArgumentError, ModelError
from melody_rnn.generation.result import Generated, joined
from melody_rnn.tunes.copied import FEWEST_NOTES, TrainingIndex

_MOST_TRIES: Final = 50
_FIRST_TRIES: Final = 32


class Draw(Protocol):
    """What samples some tunes of a run, as `MelodyRNN.generate` does."""

    def __call__(self, *, num_outputs: int, first: int) -> Generated:
        """Returns so many tunes from number `first` on."""


def check_limit(index: TrainingIndex | None, max_copied: int) -> TrainingIndex:
    """Returns a model's index, if it can say what is forbidden.

    Raises:
        InvalidArgumentError: If the limit is lower than what the index tells.
        ModelError: If there is no index.
    """
    if max_copied < FEWEST_NOTES - 1:
        raise InvalidArgumentError(f"max_copied must be at least {FEWEST_NOTES - 1} notes, got {max_copied}")
    if index is None:
        raise ModelError("the model has no index of the tunes that it was trained on, so nobody knows what it copies")
    return index


def first_accepted(
    draw: Draw,
    index: TrainingIndex,
    max_copied: int,
    num_outputs: int,
    first: int = 0,
    on_done: Callable[[int], object] | None = None,
) -> Generated:
    """Returns the first tunes of a run that share no longer run of notes with a training tune.

    Args:
        draw: Samples the run's tunes.
        index: Of the training tunes.
        max_copied: Most notes of such a run.
        num_outputs: How many tunes.
        first: The number of the first candidate.
        on_done: Called with the number of tunes each time that some are found.

    Raises:
        ConstraintError: If fewer than one of `_MOST_TRIES` tunes is one of them; the message says how many were.
    """
    parts: list[Generated] = []
    numbers: list[int] = []
    runs: list[int] = []
    while len(numbers) < num_outputs:
        if len(runs) >= max(_MOST_TRIES * num_outputs, 2 * _MOST_TRIES):
            raise ConstraintError(
                f"of {len(runs)} tunes {len(numbers)} share no more than {max_copied} notes in a row with a tune that "
                f"the model was trained on, too few to go on; the best of the others shares "
                f"{min(run for run in runs if run > max_copied)}: allow more"
            )
        missing = num_outputs - len(numbers)
        count = missing if not runs else max(missing, min(_FIRST_TRIES, _MOST_TRIES * missing))
        drawn = draw(num_outputs=count, first=first + len(runs))
        lengths = index.run_lengths(drawn).tolist()
        places = [place for place, length in enumerate(lengths) if length <= max_copied][:missing]
        if places:
            parts.append(drawn.best(places))
        numbers += [first + len(runs) + place for place in places]
        runs += lengths
        if on_done:
            on_done(len(places))
    return replace(joined(parts, numbers), candidates=tuple(numbers))
