"""The generate command's ways of searching: best-of, beam search and Magenta's beam search."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import click

from melody_rnn.cli.options import MAX_SIDE_BY_SIDE, together
from melody_rnn.errors import InvalidArgumentError

if TYPE_CHECKING:
    from melody_rnn.generation.result import Generated
    from melody_rnn.model import MelodyRNN

DEFAULT_OUTPUTS: Final = 10
search_options = together(
    click.option(
        "--best-of",
        type=click.IntRange(1, MAX_SIDE_BY_SIDE),
        metavar="N",
        help="Generate N melodies and keep the best: the most typical ones, or what --best-by says.",
    ),
    click.option(
        "--best-by",
        type=click.Choice(["likely", "typical", "real"]),
        help="With --best-of: keep the likeliest at temperature 1, those as likely as real tunes are, or the whole "
        "tunes that look most real to the model's critic, which was trained to tell its tunes from real ones. "
        "[default: typical, or likely for bundles, which do not know how likely real tunes are]",
    ),
    click.option(
        "--beam-size",
        type=click.IntRange(1, MAX_SIDE_BY_SIDE),
        metavar="N",
        help="Search for the likeliest melody with a beam of N, the same each time, in place of sampling.",
    ),
    click.option(
        "--branch-factor",
        type=click.IntRange(1, MAX_SIDE_BY_SIDE),
        metavar="N",
        help="With --beam-size: Magenta's beam search, which samples N branches of each melody in the beam.",
    ),
    click.option(
        "--steps-per-iteration",
        type=click.IntRange(1, MAX_SIDE_BY_SIDE),
        metavar="N",
        help="With --beam-size: Magenta's beam search, which chooses among its branches after every N steps.",
    ),
)


@dataclass(frozen=True)
class Search:
    """How melodies are looked for; without any of these they are sampled."""

    best_of: int | None
    best_by: str | None
    beam_size: int | None
    branch_factor: int | None
    steps_per_iteration: int | None

    @property
    def is_any(self) -> bool:
        """Whether melodies are searched for at all."""
        return self.best_of is not None or self.beam_size is not None

    @property
    def is_stochastic_beam(self) -> bool:
        """Whether Magenta's beam search is asked for."""
        return self.branch_factor is not None or self.steps_per_iteration is not None

    @property
    def is_deterministic(self) -> bool:
        """Whether nothing is sampled."""
        return self.beam_size is not None and not self.is_stochastic_beam

    @property
    def words(self) -> str:
        """What a table says of it, maybe nothing."""
        if self.best_of is not None:
            best = {"typical": "most typical", "likely": "likeliest", "real": "most real", None: "best"}[self.best_by]
            return f"the {best} of {self.best_of}, "
        if self.beam_size is None:
            return ""
        branches = f" of {self.branch_factor or 1} branches each" if self.is_stochastic_beam else ""
        return f"a beam of {self.beam_size}{branches}, "

    def count(self, num_outputs: int) -> int:
        """Returns how many melodies are sampled side by side for so many outputs."""
        if self.is_stochastic_beam:
            return num_outputs * (self.beam_size or 1) * (self.branch_factor or 1)
        return self.best_of or self.beam_size or num_outputs

    def about(self) -> dict[str, Any]:
        """Returns what a file should carry of it."""
        return {name: value for name, value in vars(self).items() if value is not None}

    def check(self, num_outputs: int, given: Sequence[str]) -> None:
        """Fails if options do not go together.

        Args:
            num_outputs: How many melodies are wanted.
            given: Names of the sampling options on the command line.

        Raises:
            InvalidArgumentError: If so.
        """
        if self.best_of is not None and self.beam_size is not None:
            raise InvalidArgumentError("--best-of and --beam-size are two ways to search; give one of them")
        if self.best_by is not None and self.best_of is None:
            raise InvalidArgumentError("--best-by says what --best-of keeps; give --best-of too")
        if self.is_stochastic_beam and self.beam_size is None:
            raise InvalidArgumentError("--branch-factor and --steps-per-iteration need --beam-size; give it too")
        if self.best_of is not None and self.best_of < num_outputs:
            raise InvalidArgumentError(f"--best-of must be at least the {num_outputs} of -n, got {self.best_of}")
        if self.is_deterministic and self.beam_size is not None and self.beam_size < num_outputs:
            raise InvalidArgumentError(f"--beam-size must be at least the {num_outputs} of -n, got {self.beam_size}")
        if self.is_deterministic and given:
            option = "--" + given[0].replace("_", "-")
            raise InvalidArgumentError(
                f"--beam-size samples nothing, so {option} changes nothing; leave it out, or give --branch-factor for "
                "Magenta's beam search, or use --best-of"
            )


def find(
    model: "MelodyRNN",
    search: Search,
    num_outputs: int,
    common: dict[str, Any],
    sampling: dict[str, Any],
    trace: bool,
    first: int = 0,
) -> "Generated":
    """Generates tunes, or searches for them.

    Args:
        model: The model.
        search: The way.
        num_outputs: How many tunes.
        common: Arguments of every way.
        sampling: Further arguments of `MelodyRNN.generate`: seed, on_done, sampler, look_ahead and potentials.
        trace: Whether the traces of the tunes are wanted.
        first: The number of the first tune in its run, where tunes are sampled one by one.
    """
    if not search.is_any:
        return model.generate(num_outputs=num_outputs, trace=trace, first=first, **common, **sampling)
    if search.best_of is not None:
        by: Any = search.best_by
        return model.best_of(search.best_of, num_outputs, by, trace=trace, **common, **sampling)
    if search.is_stochastic_beam:
        from melody_rnn.generation.beam import StochasticBeam

        beam = StochasticBeam(search.beam_size or 1, search.branch_factor or 1, search.steps_per_iteration or 1)
        seed, sampler = sampling["seed"], sampling["sampler"]
        return model.stochastic_beam_search(beam, num_outputs, seed=seed, sampler=sampler, **common)
    return model.beam_search(search.beam_size or 1, num_outputs, **common)


def facts(generated: "Generated") -> list[dict[str, Any]]:
    """Returns what a search has to say about each of its tunes."""
    columns: dict[str, Any] = {}
    if generated.candidates is not None:
        columns["candidate"] = [candidate + 1 for candidate in generated.candidates]
    if generated.nats_per_event is not None:
        columns["nats_per_event"] = generated.nats_per_event
    if generated.real_log_odds is not None:
        columns["real_log_odds"] = generated.real_log_odds
    if generated.outlooks is not None:
        columns["look_ahead"] = [outlook._asdict() for outlook in generated.outlooks]
    if generated.tempered_log_likelihoods is not None:
        columns["tempered_log_likelihood"] = generated.tempered_log_likelihoods
    return [{name: values[row] for name, values in columns.items()} for row in range(len(generated))]
