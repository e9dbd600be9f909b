"""All features of the two-sample test, in groups, and their values for many tunes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from melody_rnn.evaluation.two_sample import ends, intervals, phrases, pitch, repetition, rhythm, surprise
from melody_rnn.evaluation.two_sample.anatomy import Anatomy, Floats, Ints, Values


@dataclass(frozen=True)
class Group:
    """Features that speak of one thing.

    Attributes:
        name: What tables call it.
        about: What it speaks of, a sentence.
        sentences: Each feature's name, and what it is.
        measure: What gives the values of one tune; None for those that need other tunes.
    """

    name: str
    about: str
    sentences: Mapping[str, str]
    measure: Callable[[Anatomy], Values] | None


GROUPS: Final = (
    Group("pitch", "Pitches relative to the tonic.", pitch.SENTENCES, pitch.measure),
    Group("intervals", "How it goes from note to note.", intervals.SENTENCES, intervals.measure),
    Group("rhythm", "When notes begin and how long they sound.", rhythm.SENTENCES, rhythm.measure),
    Group("repetition", "What comes again.", repetition.SENTENCES, repetition.measure),
    Group("phrases", "What happens at the ends of phrases.", phrases.SENTENCES, phrases.measure),
    Group("ends", "How it begins and ends.", ends.SENTENCES, ends.measure),
    Group("surprise", "How surprising it is after the other real tunes.", surprise.SENTENCES, None),
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
    values: list[Values] = []
    for tune in tunes:
        own: Values = {}
        for group in GROUPS:
            if group.measure is not None:
                own |= group.measure(tune)
        values.append(own)
    for fold in np.unique(folds):
        listener = surprise.Listener(
            [tune for tune, real, other in zip(tunes, is_real, folds, strict=True) if real and other != fold]
        )
        for place in np.flatnonzero(folds == fold).tolist():
            values[place] |= listener(tunes[place])
    return np.array([[own[name] for name in NAMES] for own in values]).reshape(-1, len(NAMES))
