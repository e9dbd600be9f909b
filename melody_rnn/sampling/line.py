"""Notes that keep their order, and nothing else: the line, in stretches of steps."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.sampling.schedule import Steps


class Stretch(NamedTuple):
    """Steps in which certain notes begin, one after the other, and no others.

    Attributes:
        first: The first step.
        end: The step after the last.
        pitches: The notes' pitches, in their order.
    """

    first: int
    end: int
    pitches: tuple[int, ...]


def stretches_of(events: Mapping[int, int]) -> list[Stretch]:
    """Returns the runs of neighbouring steps among events by step, each with the pitches of the notes in it."""
    found: list[Stretch] = []
    for step, event in sorted(events.items()):
        if not found or found[-1].end < step:
            found.append(Stretch(step, step, ()))
        pitches = (event,) if event >= 0 else ()
        found[-1] = found[-1]._replace(end=step + 1, pitches=found[-1].pitches + pitches)
    return found


class Line:
    """Where a melody stands among its notes, some of which keep their order: a place, counted from 0.

    First come the last notes that a melody can have, once for each number of stretches that lie behind; then the notes
    of the line, each the last one that the melody had.

    Attributes:
        is_inside: [steps] int32, 1 where the order is kept.
        is_empty: Whether no note's order is kept.
        due: By step, counted from the first, the place that a melody must have come to before it.
        last: [num_places], the last note, by the index of its pitch.
        base: [num_places], to which place any note leads, less the index of its pitch.
        next_place: [num_places], to which place the line's next note leads.
        next_pitch: [num_places], the index of its pitch; -1 where no note of the line is left.
    """

    def __init__(self, stretches: Sequence[Stretch], pitches: NDArray[np.int64], steps: Steps, num_lasts: int) -> None:
        """Numbers the places.

        Args:
            stretches: In their order, within the steps.
            pitches: The index of each of their notes' pitches.
            steps: All steps that are constrained.
            num_lasts: How many last notes are told apart, by their indices; what 1 tells apart is none.
        """
        self.is_inside = np.zeros(steps.num_steps, np.int32)
        for stretch in stretches:
            self.is_inside[stretch.first - steps.first : stretch.end - steps.first] = 1
        self.is_empty = not len(pitches)
        sung = [stretch for stretch in stretches if stretch.pitches]
        counts, behind = [len(stretch.pitches) for stretch in sung], np.arange(len(sung) + 1)
        ends, num_free = np.cumsum(counts, dtype=int), num_lasts * len(behind)
        self.due = {stretch.end - steps.first: num_free + int(end) - 1 for stretch, end in zip(sung, ends, strict=True)}
        self.last = np.concatenate([np.tile(np.arange(num_lasts), len(behind)), pitches * (num_lasts > 1)])
        self.base = num_lasts * np.concatenate([np.repeat(behind, num_lasts), np.repeat(behind[1:], counts)])
        following = np.concatenate([np.repeat(np.append(0, ends), num_lasts), np.arange(1, len(pitches) + 1)])
        self.next_place, self.next_pitch = num_free + following, np.append(pitches, -1)[following]
