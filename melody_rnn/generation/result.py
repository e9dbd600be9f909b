"""What runs and searches return, and the choice among finished melodies by how likely a model finds them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, overload

from melody_rnn.errors import InvalidArgumentError, ModelError
from melody_rnn.tunes.outline import Outline
from melody_rnn.tunes.tune import Tune

if TYPE_CHECKING:
    from melody_rnn.generation.lookahead import Outlook
    from melody_rnn.generation.trace import Trace

RankBy = Literal["likely", "typical", "real"]
"""'likely' puts the fewest nats per event first; 'typical' those nearest to what real tunes have; 'real' the whole
tunes that a critic takes for real ones (`melody_rnn.features.critic`).

The likeliest melody is rarely the best one: it repeats itself. Source of the second: Meister et al. 2023,
arXiv:2202.00666, which says the same of single words.
"""


_OF_EACH_TUNE: Final = (
    "tunes",
    "outlines",
    "traces",
    "nats_per_event",
    "tempered_log_likelihoods",
    "outlooks",
    "real_log_odds",
)


@dataclass(frozen=True, eq=False)
class Generated(Sequence[Tune]):
    """What a run or a search made: a sequence of tunes, and what is to be said of them.

    Attributes:
        tunes: The tunes, the best first where there is a best.
        seed: Of the run; None for searches that need none.
        outlines: The outline that each tune was made by.
        traces: What the model makes of each tune, if that was asked for or found on the way.
        nats_per_event: Of each tune, where a search ranked them: minus the mean log-likelihood of the events after the
            first at temperature 1, an event as probable as all labels that stand for it together.
        candidates: The number of each tune among the candidates of its search, from 0.
        tempered_log_likelihoods: Magenta's beam scores, nats: the log-likelihood of the labels that were drawn, under
            the sampler's distribution.
        outlooks: What look-ahead says of each tune, where there was any.
        real_log_odds: Log-odds that each tune is a real one, where a critic ranked them.
    """

    tunes: tuple[Tune, ...]
    seed: int | None = None
    outlines: tuple[Outline, ...] = ()
    traces: "tuple[Trace, ...] | None" = None
    nats_per_event: tuple[float, ...] | None = None
    candidates: tuple[int, ...] | None = None
    tempered_log_likelihoods: tuple[float, ...] | None = None
    outlooks: "tuple[Outlook, ...] | None" = None
    real_log_odds: tuple[float, ...] | None = None

    @overload
    def __getitem__(self, index: int) -> Tune: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Tune]: ...
    def __getitem__(self, index: int | slice) -> Tune | Sequence[Tune]:
        return self.tunes[index]

    def best(self, places: Sequence[int]) -> "Generated":
        """Returns the result with some of its tunes, as candidates of a search, by their places from 0."""
        chosen = {
            name: tuple(values[place] for place in places)
            for name in _OF_EACH_TUNE
            if (values := getattr(self, name)) is not None
        }
        candidates = places if self.candidates is None else [self.candidates[place] for place in places]
        return replace(self, candidates=tuple(candidates), **chosen)  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.tunes)

    def __iter__(self) -> Iterator[Tune]:
        return iter(self.tunes)


def joined(parts: Sequence[Generated], numbers: Sequence[int]) -> Generated:
    """Returns the results of one run's parts as one.

    Args:
        parts: At least one.
        numbers: The number of each tune in the run, of all parts one after the other.
    """
    if len(parts) == 1:
        return parts[0]
    order = sorted(range(len(numbers)), key=lambda place: numbers[place])
    together: dict[str, Any] = {}
    for name in _OF_EACH_TUNE:
        columns = [getattr(part, name) for part in parts]
        if all(column is not None for column in columns):
            values = [value for column in columns for value in column]
            together[name] = tuple(values[place] for place in order)
    return replace(parts[0], **together)


def rank(figures: Sequence[float], by: RankBy, real_nats: float | None) -> list[int]:
    """Returns the places of melodies, best first; of equals the first comes first.

    Args:
        figures: Of each melody: its nats per event, or for 'real' the log-odds that it is.
        by: What is best.
        real_nats: Nats per event of real tunes, which 'typical' needs.

    Raises:
        InvalidArgumentError: If `by` is unknown.
        ModelError: If `by` is 'typical' and nobody has measured real tunes.
    """
    if by not in get_args(RankBy):
        raise InvalidArgumentError(f"by must be one of {', '.join(get_args(RankBy))}, got {by!r}")
    if by == "real":
        return sorted(range(len(figures)), key=lambda place: -figures[place])
    if by == "likely":
        return sorted(range(len(figures)), key=lambda place: figures[place])
    if real_nats is None:
        raise ModelError(
            "the model does not say how many nats per event real tunes have, so no melody is typical; measure it with "
            "melody-rnn evaluate and put it into preset.json as nats_per_event, or choose the likely ones"
        )
    return sorted(range(len(figures)), key=lambda place: abs(figures[place] - real_nats))
