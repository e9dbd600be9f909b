"""Choosing among finished melodies by how likely a model finds them."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from note_seq import Melody

from melody_rnn.errors import InvalidArgumentError, ModelError

RankBy = Literal["likely", "typical"]
"""'likely' puts the fewest nats per event first; 'typical' those nearest to what real tunes have.

The likeliest melody is rarely the best one: it repeats itself. Source of the second: Meister et al. 2023,
arXiv:2202.00666, which says the same of single words.
"""


class FoundMelody(NamedTuple):
    """What a search found.

    Attributes:
        melody: The melody, primer included exactly as given.
        candidate: Its number among the candidates of the search, from 0.
        nats_per_event: Minus the mean log-likelihood of the events after the first at temperature 1, an event as
            probable as all labels that stand for it together.
        tempered_log_likelihood: Magenta's beam score, nats: the log-likelihood of the labels that were drawn, under the
            sampler's distribution; None for other searches.
    """

    melody: Melody
    candidate: int
    nats_per_event: float
    tempered_log_likelihood: float | None = None


def rank(nats_per_event: Sequence[float], by: RankBy, real_nats: float | None) -> list[int]:
    """Returns the places of melodies, best first; of equals the first comes first.

    Args:
        nats_per_event: Of each melody.
        by: What is best.
        real_nats: Nats per event of real tunes, which 'typical' needs.

    Raises:
        InvalidArgumentError: If `by` is unknown.
        ModelError: If `by` is 'typical' and nobody has measured real tunes.
    """
    if by not in get_args(RankBy):
        raise InvalidArgumentError(f"by must be one of {', '.join(get_args(RankBy))}, got {by!r}")
    if by == "likely":
        return sorted(range(len(nats_per_event)), key=lambda place: nats_per_event[place])
    if real_nats is None:
        raise ModelError(
            "the model does not say how many nats per event real tunes have, so no melody is typical; measure it with "
            "melody-rnn evaluate and put it into preset.json as nats_per_event, or choose the likely ones"
        )
    return sorted(range(len(nats_per_event)), key=lambda place: abs(nats_per_event[place] - real_nats))
