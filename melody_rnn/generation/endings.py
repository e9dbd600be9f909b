"""First endings: how sections of whole tunes end on passes before their last one.

A tune is written once, each section with its last ending. Its other endings are sampled afterwards: each goes on from
where it begins, told that the section's beginning follows and not what follows its last pass.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from melody_rnn.generation.beginning import Start, start_from
from melody_rnn.generation.request import Request
from melody_rnn.music.transposition import transpose
from melody_rnn.tunes.outline import PlannedEnding
from melody_rnn.tunes.tune import Ending, Tune, section_ends

_FIRST_NUMBER: Final = 2**32


class Place(NamedTuple):
    """Whose ending it is: the place of the tune in the request, the ending's number in the tune, and its plan."""

    tune: int
    number: int
    ending: PlannedEnding


class Endings(NamedTuple):
    """The endings of a request's tunes.

    Attributes:
        places: Whose they are.
        start: What they start from: the tunes' own beginnings, all that comes before an ending fixed.
        new_steps: Steps to sample, of the one that ends last.
    """

    places: tuple[Place, ...]
    start: Start
    new_steps: int

    def add_to(self, tunes: Sequence[Tune], request: Request, events: NDArray[np.int32]) -> list[Tune]:
        """Returns the tunes as they sound with their endings; one that is as its section ends anyway is left out.

        Args:
            tunes: The request's tunes.
            request: What was asked for.
            events: [num_endings, new_steps] int32, as the model plays.
        """
        endings: dict[tuple[int, int], list[Ending]] = {}
        for (place, _, planned), row in zip(self.places, events, strict=True):
            first = planned.start - request.num_given
            own = transpose(row[first : first + planned.num_steps], -request.outlines[place].transposition)
            chords = tuple(
                chord._replace(step=chord.step - planned.start)
                for chord in request.outlines[place].chords
                if planned.start <= chord.step < planned.end
            )
            ending = Ending(planned.passes, planned.start, tuple(own.tolist()), chords)
            if ending.events != _last_ending(tunes[place], planned):
                endings.setdefault((place, planned.section), []).append(ending)
        return [
            replace(
                tune,
                sections=tuple(
                    replace(section, endings=tuple(endings.get((place, number), ())))
                    for number, section in enumerate(tune.sections)
                ),
            )
            for place, tune in enumerate(tunes)
        ]


def plan_endings(request: Request, start: Start, events: NDArray[np.int32]) -> Endings | None:
    """Plans the endings of tunes that are written but for them.

    Where constraints hold there are none, nor where a tune's primer is longer than what an ending goes on from.

    Args:
        request: What was asked for.
        start: What the tunes started from.
        events: [num_tunes, new_steps] int32, what was sampled.

    Returns:
        The endings, or None if no tune has one.
    """
    places = tuple(
        Place(place, number, ending)
        for place, outline in enumerate(request.outlines)
        for number, ending in enumerate(outline.endings, start=1)
        if ending.start >= request.num_given and request.constraints is None
    )
    if not places:
        return None
    rows = [place.tune for place in places]
    own = replace(
        request,
        outlines=tuple(request.outlines[place].with_ending(ending) for place, _, ending in places),
        numbers=tuple(request.numbers[place] + _FIRST_NUMBER * number for place, number, _ in places),
        lengths=tuple(ending.end for _, _, ending in places),
    )
    own_start = start_from(own, start.events[rows])
    assert own_start.fixed is not None
    fixed = own_start.fixed
    for row, (place, _, ending) in enumerate(places):
        num_known = ending.start - request.num_given
        fixed.events[row, :num_known] = events[place, :num_known]
        fixed.repeats[row, :num_known] = 0
    return Endings(places, own_start, own.num_new_steps)


def _last_ending(tune: Tune, planned: PlannedEnding) -> tuple[int, ...]:
    """Returns the events that the section has in an ending's place."""
    return tune.events[planned.start : section_ends(tune.sections, len(tune))[planned.section]]
