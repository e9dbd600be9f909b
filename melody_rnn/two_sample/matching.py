"""Generated tunes of the meters and lengths that real ones have, so that these do not give them away."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from melody_rnn.model import MelodyRNN
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.tune import Tune


class Shape(NamedTuple):
    """What compared tunes have in common before their first note.

    Attributes:
        meter: The meter.
        pickup_steps: Steps of the pickup.
        num_steps: All steps, from the start of the first bar.
    """

    meter: Meter
    pickup_steps: int
    num_steps: int


def shapes(tunes: Sequence[Tune]) -> dict[Shape, list[int]]:
    """Returns the shapes that tunes have, each with the places of those that have it."""
    places: dict[Shape, list[int]] = defaultdict(list)
    for place, tune in enumerate(tunes):
        places[Shape(tune.meter, tune.pickup_steps, len(tune.events))].append(place)
    return dict(places)


def generate_alike(model: MelodyRNN, real: Sequence[Tune], seed: int) -> list[Tune]:
    """Generates one tune for each real one, of its meter, pickup and length.

    Args:
        model: The model.
        real: The real tunes.
        seed: Of the runs, one a shape; a tune depends on the seed, its shape and how many real ones of that shape are
            before it.

    Returns:
        The tunes, in the order of the real ones.
    """
    tunes: dict[int, Tune] = {}
    for shape, places in shapes(real).items():
        run = model.generate(
            len(places), shape.num_steps, meter=shape.meter, pickup_steps=shape.pickup_steps, seed=seed
        )
        tunes.update(zip(places, run, strict=True))
    return [tunes[place] for place in range(len(real))]
