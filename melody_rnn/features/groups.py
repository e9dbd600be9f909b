"""All features of a whole tune that its notes tell, in groups."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from melody_rnn.features import ends, intervals, phrases, pitch, repetition, rhythm
from melody_rnn.features.anatomy import Anatomy, Values


@dataclass(frozen=True)
class Group:
    """Features that speak of one thing.

    Attributes:
        name: What tables call it.
        about: What it speaks of, a sentence.
        sentences: Each feature's name, and what it is.
    """

    name: str
    about: str
    sentences: Mapping[str, str]


MEASURED: Final = (
    (Group("pitch", "Pitches relative to the tonic.", pitch.SENTENCES), pitch.measure),
    (Group("intervals", "How it goes from note to note.", intervals.SENTENCES), intervals.measure),
    (Group("rhythm", "When notes begin and how long they sound.", rhythm.SENTENCES), rhythm.measure),
    (Group("repetition", "What comes again.", repetition.SENTENCES), repetition.measure),
    (Group("phrases", "What happens at the ends of phrases.", phrases.SENTENCES), phrases.measure),
    (Group("ends", "How it begins and ends.", ends.SENTENCES), ends.measure),
)
"""Groups, and what gives the values of each."""

GROUPS: Final = tuple(group for group, _ in MEASURED)
"""All groups. None knows how high a tune sounds or what key it is in: register and keys are figures of their own."""

NAMES: Final = tuple(name for group in GROUPS for name in group.sentences)
"""The features' names."""


def features_of(tune: Anatomy) -> Values:
    """Returns a tune's features by their names; NaN where there is none to measure."""
    own: Values = {}
    for _, measure in MEASURED:
        own |= measure(tune)
    return own
