"""Generated tunes of the meters and lengths that real ones have, so that these do not give them away."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np

from melody_rnn.errors import InvalidArgumentError, ModelError
from melody_rnn.evaluation.two_sample.classifier import MIN_TUNES, TwoSample, two_sample
from melody_rnn.model import MelodyRNN
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.outline import Outline
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

    @classmethod
    def of(cls, tune: Tune) -> "Shape":
        """Returns a tune's shape."""
        return cls(tune.meter, tune.pickup_steps, len(tune.events))


def generate_alike(model: MelodyRNN, real: Sequence[Tune], seed: int, best_of: int = 1) -> list[Tune]:
    """Generates one tune for each real one, of its meter and length, and of its pickup where the model can.

    A model that knows form makes whole tunes, each by an outline of its bank of that meter, length and pickup; where
    there is none, of that meter and pickup, or at least of that meter. Others make streams, which do not know how long
    they are to be.

    Args:
        model: The model.
        real: The real tunes.
        seed: Of the runs. A tune depends on it, on its shape, and on how many real tunes of its meter and pickup come
            before it.
        best_of: Of so many whole tunes by the same outline each is the one that looks most real to the model's critic.

    Returns:
        The tunes, in the order of the real ones.
    """
    if model.outlines is not None:
        return _whole_tunes(model, real, seed, best_of)
    if best_of > 1:
        raise ModelError("a critic judges whole tunes, which the model does not write")
    return _streams(model, real, seed)


def _whole_tunes(model: MelodyRNN, real: Sequence[Tune], seed: int, best_of: int) -> list[Tune]:
    assert model.outlines is not None
    outlines = []
    for place, tune in enumerate(real):
        wanted = Shape.of(tune)
        drawn = (
            model.outlines.draw(seed, [place], partial(_is_alike, wanted=wanted, depth=depth)) for depth in (3, 2, 1, 0)
        )
        outlines.append(next(found[0] for found in drawn if found))
    tunes = list(model.generate(num_outputs=len(outlines) * best_of, seed=seed, outlines=outlines * best_of))
    if best_of == 1:
        return tunes
    if model.critic is None:
        raise ModelError("the model has no critic, which chooses the best; models/train_critic.py trains one")
    best = model.critic.judge(tunes).reshape(best_of, len(outlines)).argmax(axis=0)
    return [tunes[run * len(outlines) + place] for place, run in enumerate(best.tolist())]


def _is_alike(outline: Outline, wanted: Shape, depth: int) -> bool:
    own = (outline.meter, outline.pickup_steps, outline.num_steps)
    return own[:depth] == (wanted.meter, wanted.pickup_steps, wanted.num_steps)[:depth]


def _streams(model: MelodyRNN, real: Sequence[Tune], seed: int) -> list[Tune]:
    """Returns streams; all of one meter and pickup are one run, from which each takes as many steps as it needs."""
    places: dict[tuple[Meter, int], list[int]] = defaultdict(list)
    for place, tune in enumerate(real):
        places[tune.meter, tune.pickup_steps].append(place)
    tunes: dict[int, Tune] = {}
    for (meter, pickup_steps), own in places.items():
        num_steps = max(len(real[place].events) for place in own)
        run = model.generate(
            num_outputs=len(own), num_steps=num_steps, meter=meter, pickup_steps=pickup_steps, seed=seed
        )
        for place, tune in zip(own, run, strict=True):
            tunes[place] = replace(tune, events=tune.events[: len(real[place].events)], given=())
    return [tunes[place] for place in range(len(real))]


def compare(model: MelodyRNN, real: Sequence[Tune], num_tunes: int, seed: int) -> TwoSample:
    """Tests how well a model's tunes can be told from real ones of the same meters and lengths.

    Of a model without form tonics are estimated: a stream's key says where the model plays, not what mode it is in.

    Args:
        model: The model.
        real: Real tunes that it has not been trained on.
        num_tunes: How many tunes to generate, and to hold them against; 0 for as many as there are real ones.
        seed: Of the choice among the real tunes, the generated ones and the test.

    Raises:
        InvalidArgumentError: If the number is out of its range, or there are too few real tunes.
    """
    if len(real) < MIN_TUNES:
        raise InvalidArgumentError(f"a two-sample test needs {MIN_TUNES} real tunes, and the split has {len(real)}")
    if num_tunes and not MIN_TUNES <= num_tunes <= len(real):
        raise InvalidArgumentError(
            f"a two-sample test of this split can have from {MIN_TUNES} to {len(real)} tunes, got {num_tunes}"
        )
    chosen = np.sort(np.random.default_rng(seed).permutation(len(real))[: num_tunes or len(real)])
    tunes = [real[place] for place in chosen.tolist()]
    return two_sample(generate_alike(model, tunes, seed), tunes, seed, uses_keys=model.outlines is not None)
