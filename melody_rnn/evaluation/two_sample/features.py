"""All features of the two-sample test, in groups, and their values for many tunes."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from melody_rnn.evaluation.two_sample import surprise
from melody_rnn.features import groups
from melody_rnn.features.anatomy import Anatomy, Floats, Ints
from melody_rnn.features.groups import Group, features_of

GROUPS: Final = (
    *groups.GROUPS,
    Group("surprise", "How surprising it is after the other real tunes.", surprise.SENTENCES),
)
"""All groups. None knows how high a tune sounds or what key it is in: register and keys are figures of their own."""

NAMES: Final = tuple(name for group in GROUPS for name in group.sentences)
"""The features' names, in the order of the columns."""

SENTENCES: Final = {name: sentence for group in GROUPS for name, sentence in group.sentences.items()}
"""What each feature is."""


def columns(group: Group) -> slice:
    """Returns the columns of a group's features."""
    start = NAMES.index(next(iter(group.sentences)))
    return slice(start, start + len(group.sentences))


def measure(tunes: Sequence[Anatomy], is_real: Sequence[bool], folds: Ints) -> Floats:
    """Measures tunes.

    Args:
        tunes: The tunes.
        is_real: Which of them are real, so that they tell how surprising others are.
        folds: [num_tunes], each tune's fold; it is measured by real tunes of the others.

    Returns:
        [num_tunes, num_features] float64, NaN where a tune has nothing to measure.
    """
    values = [features_of(tune) for tune in tunes]
    for fold in np.unique(folds):
        listener = surprise.Listener(
            [tune for tune, real, other in zip(tunes, is_real, folds, strict=True) if real and other != fold]
        )
        for place in np.flatnonzero(folds == fold).tolist():
            values[place] |= listener(tunes[place])
    return np.array([[own[name] for name in NAMES] for own in values]).reshape(-1, len(NAMES))
