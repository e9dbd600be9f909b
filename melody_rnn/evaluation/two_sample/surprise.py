"""How surprising a tune is to somebody who has heard the real tunes of a comparison, and no others.

Counts of the real tunes tell how likely each interval and each duration is after the ones before. What a tune is
measured by never has the tune itself or one of its family: tunes are parted into folds, and those of a fold are
measured by the real tunes of all other folds.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from melody_rnn.features.anatomy import Anatomy, Floats, Ints, Values, deviation, mean, share

_SURPRISING: Final = 4.0
_MAX_DURATION: Final = 64
_KINDS: Final = {
    "pitch": "pitch, given its place in the key and the two intervals before",
    "rhythm": "duration, given its place in the bar and the two durations before",
}

SENTENCES: Final = {
    f"surprise_{kind}{suffix}": sentence.format(what=what)
    for kind, what in _KINDS.items()
    for suffix, sentence in {
        "": "Mean nats of a note's {what}.",
        "_spread": "Standard deviation of the nats of a note's {what}.",
        "_most": "The most nats of a note's {what}.",
        "_share": f"Share of notes with more than {_SURPRISING:g} nats for the {{what}}.",
        "_rise": "Mean nats in the second half above those in the first, of a note's {what}.",
        "_end": "Mean nats of the last four notes, of a note's {what}.",
    }.items()
}
"""Each feature, in a sentence."""


class Listener:
    """Counts of real tunes, and the surprise of others by them.

    A note's probability is that after the longest context, mixed with that after the next shorter one as Witten and
    Bell 1991 (doi:10.1109/18.87000) do: the fewer tunes went on from a context, the less it counts.
    """

    def __init__(self, tunes: Sequence[Anatomy]) -> None:
        """Counts.

        Args:
            tunes: The real tunes.
        """
        self._counts = {kind: [Counter[int]() for _ in range(4)] for kind in _KINDS}
        self._totals = {kind: [Counter[int]() for _ in range(4)] for kind in _KINDS}
        self._kinds = {kind: [Counter[int]() for _ in range(4)] for kind in _KINDS}
        for tune in tunes:
            for kind, (contexts, values) in _contexts(tune).items():
                for order, own in enumerate(contexts):
                    pairs = (own * 4096 + values).tolist()
                    counts, kinds = self._counts[kind][order], self._kinds[kind][order]
                    for context, pair in zip(own.tolist(), pairs, strict=True):
                        kinds[context] += pair not in counts
                        counts[pair] += 1
                    self._totals[kind][order].update(own.tolist())

    def __call__(self, tune: Anatomy) -> Values:
        """Returns the features of `SENTENCES`; NaN where the tune has too few notes for one."""
        values: Values = {}
        for kind, (contexts, things) in _contexts(tune).items():
            nats = self._nats(kind, contexts, things)
            half = len(nats) // 2
            values |= {
                f"surprise_{kind}": mean(nats),
                f"surprise_{kind}_spread": deviation(nats),
                f"surprise_{kind}_most": float(nats.max()) if len(nats) else math.nan,
                f"surprise_{kind}_share": share(nats > _SURPRISING),
                f"surprise_{kind}_rise": mean(nats[half:]) - mean(nats[:half]),
                f"surprise_{kind}_end": mean(nats[-4:]),
            }
        return values

    def _nats(self, kind: str, contexts: Sequence[Ints], things: Ints) -> Floats:
        probabilities = np.full(len(things), 1 / 128)
        for order, own in enumerate(contexts):
            counts, totals, kinds = self._counts[kind][order], self._totals[kind][order], self._kinds[kind][order]
            seen = np.array([counts[pair] for pair in (own * 4096 + things).tolist()], np.float64)
            total = np.array([totals[context] for context in own.tolist()], np.float64)
            new = np.array([kinds[context] for context in own.tolist()], np.float64)
            heard = total > 0
            mixed = (seen + new * probabilities) / np.maximum(total + new, 1)
            probabilities = np.where(heard, mixed, probabilities)
        return np.asarray(-np.log(probabilities))


def _contexts(tune: Anatomy) -> dict[str, tuple[list[Ints], Ints]]:
    """Returns for pitch and rhythm what stands before each note, from nothing to most, and what is to be told."""
    if len(tune.pitches) < 4:
        none = np.zeros(0, np.int64)
        return {kind: ([none] * 4, none) for kind in _KINDS}
    moves = np.clip(tune.intervals, -24, 24) + 24
    durations = np.minimum(tune.durations * 4 // tune.steps_per_quarter, _MAX_DURATION)
    places = tune.places * 4 // tune.steps_per_quarter + 64 * tune.steps_per_bar * 4 // tune.steps_per_quarter
    nothing = np.zeros(len(moves) - 2, np.int64)
    degrees = tune.degrees[2:-1]
    pitch = [nothing, degrees, degrees * 64 + moves[1:-1], (degrees * 64 + moves[1:-1]) * 64 + moves[:-2]]
    own, one, two = durations[3:], durations[2:-1], durations[1:-2]
    place = places[3:]
    rhythm = [nothing, place, place * 128 + one, (place * 128 + one) * 128 + two]
    return {"pitch": (pitch, moves[2:]), "rhythm": (rhythm, own)}
