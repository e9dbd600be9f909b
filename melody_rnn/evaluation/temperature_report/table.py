"""The figures of a temperature report: one row a temperature, and one of real tunes."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.evaluation.musical_metrics import (
    METRICS,
    DistinctGrams,
    Notes,
    PairwiseSimilarity,
    describe,
    longest_shared,
)
from melody_rnn.evaluation.temperature_report.estimates import Estimate, estimate, estimate_mean, random_halves
from melody_rnn.evaluation.temperature_report.next_events import NextEvents, read_next_events
from melody_rnn.evaluation.temperature_report.real_tunes import MIN_TUNES, RealTunes
from melody_rnn.model import MelodyRNN
from melody_rnn.music.meters import COMMON_TIME, Meter
from melody_rnn.sampling.sampler import SamplerSettings
from melody_rnn.tunes.tune import Tune

Group = Literal["model", "diversity", "mistakes", "texture"]
_MAX_CHOSEN: Final = 50
# Values that are all the same can have a standard deviation of a rounding error.
_NO_SPREAD: Final = 1e-9


@dataclass(frozen=True)
class Column:
    """A figure that every row has.

    Attributes:
        name: In metrics.csv.
        title: In tables and plots.
        unit: Of its values; empty for shares from 0 to 1.
        group: What it speaks of.
        definition: What it is, in a sentence or two.
        source: Where it is from.
    """

    name: str
    title: str
    unit: str
    group: Group
    definition: str
    source: str


_SHANNON: Final = "Shannon 1948, 'A mathematical theory of communication'."
COLUMNS: Final = (
    Column(
        "entropy",
        "Entropy of the next event",
        "nats",
        "model",
        "Entropy of the model's distribution of the next event at the temperature, at every step of its own melodies; "
        "for real tunes at temperature 1 along them. Quartiles are of the steps.",
        _SHANNON,
    ),
    Column(
        "largest_probability",
        "Probability of the likeliest event",
        "",
        "model",
        "The largest probability in that distribution. Quartiles are of the steps.",
        "the 'confidence' of Guo et al. 2017, arXiv:1706.04599.",
    ),
    Column(
        "log_likelihood",
        "Log-likelihood at T = 1",
        "nats per event",
        "model",
        "Mean log-probability of a melody's events after the first, at temperature 1 whatever the temperature that it "
        "was sampled at. An event is as probable as all labels that stand for it together.",
        "per event as in Magenta's `melody_log_likelihood`.",
    ),
    Column("distinct_4grams", "Distinct 4-grams", "", "diversity", *describe(DistinctGrams)),
    Column("similarity", "Similarity of two melodies", "", "diversity", *describe(PairwiseSimilarity)),
    *(Column(m.name, m.title, m.unit, m.group, *describe(m.measure)) for m in METRICS),
    Column("longest_shared", "Longest run in training", "intervals", "texture", *describe(longest_shared)),
)
MUSICAL: Final = tuple(column.name for column in COLUMNS if column.group != "model")


@dataclass(frozen=True)
class Row:
    """Figures of melodies of one temperature, or of real tunes.

    Attributes:
        temperature: None for real tunes.
        num_melodies: How many there are.
        estimates: A figure for each column's name.
    """

    temperature: float | None
    num_melodies: int
    estimates: Mapping[str, Estimate]

    @property
    def label(self) -> str:
        """The temperature, or 'real tunes'."""
        return "real tunes" if self.temperature is None else f"{self.temperature:g}"


@dataclass(frozen=True)
class TemperatureTable:
    """What temperature does to a model's melodies.

    Attributes:
        rows: One for each temperature, from cold to hot.
        real: Of real tunes, if there were any.
        about_real: What those are, in words.
        num_chosen: How many melodies' 4-grams are counted together.
        num_steps: Steps of each melody.
        meter: Of each melody.
        seed: Of the run.
    """

    rows: tuple[Row, ...]
    real: Row | None
    about_real: str
    num_chosen: int
    num_steps: int
    meter: Meter
    seed: int

    @property
    def columns(self) -> list[Column]:
        """The columns that the rows have."""
        return [column for column in COLUMNS if column.name in self.rows[0].estimates]

    def distance(self, row: Row) -> float:
        """Returns how far a row is from the real tunes, which there must be.

        The root of the mean square, over the musical metrics, of the difference in units of the metric's spread from
        real tune to real tune: a standardised Euclidean distance. Metrics in which real tunes do not differ are left
        out.
        """
        assert self.real is not None
        pairs = [(row.estimates[name], there) for name, there in self.real.estimates.items() if name in MUSICAL]
        squares = [((own.value - there.value) / there.spread) ** 2 for own, there in pairs if there.spread > _NO_SPREAD]
        known = [square for square in squares if math.isfinite(square)]
        return math.sqrt(sum(known) / len(known)) if known else math.inf

    @property
    def by_distance(self) -> list[Row]:
        """The rows from the nearest to the real tunes to the farthest; empty without such."""
        return sorted(self.rows, key=self.distance) if self.real else []

    @property
    def nearest(self) -> Row | None:
        """The row that is nearest to the real tunes, if there are any."""
        return next(iter(self.by_distance), None)

    def records(self) -> list[dict[str, Any]]:
        """Returns a flat record for each row and column, as metrics.csv has them."""
        rows = [*self.rows, *([self.real] if self.real else [])]
        return [_record(row, column.name) for row in rows for column in self.columns]


def measure_temperatures(
    model: MelodyRNN,
    temperatures: Sequence[float],
    num_outputs: int = 200,
    num_steps: int = 128,
    real: RealTunes | None = None,
    seed: int = 0,
    meter: Meter = COMMON_TIME,
    on_done: Callable[[int], object] | None = None,
) -> TemperatureTable:
    """Generates melodies at several temperatures in one run and measures them, beside real tunes.

    Args:
        model: The model to sample from.
        temperatures: At least one, each at least 0.
        num_outputs: Melodies for each temperature, at least `MIN_TUNES`.
        num_steps: Steps of each melody.
        real: Real tunes of as many steps, as `read_real_tunes` gives them.
        seed: For the melodies and for the bootstrap of the intervals.
        meter: Of each melody.
        on_done: Called with the number of melodies each time that some are generated or measured, from any thread.

    Raises:
        InvalidArgumentError: If an argument is out of its range.
    """
    temperatures = sorted(set(temperatures))
    if num_outputs < MIN_TUNES or not temperatures:
        raise InvalidArgumentError(
            f"a report needs a temperature and {MIN_TUNES} melodies, got {len(temperatures)} and {num_outputs}"
        )
    melodies = model.generate(
        num_outputs=num_outputs * len(temperatures),
        num_steps=num_steps,
        sampler=SamplerSettings([temperature for temperature in temperatures for _ in range(num_outputs)]),
        seed=seed,
        meter=meter,
        on_done=on_done,
    )
    smallest = min(num_outputs, len(real.melodies)) if real else num_outputs
    measure = _Measure(model, min(_MAX_CHOSEN, smallest // 2), real.train if real else [], seed)
    rows = []
    for i, temperature in enumerate(temperatures):
        own = melodies[i * num_outputs : (i + 1) * num_outputs]
        rows.append(Row(temperature, num_outputs, measure(own, temperature)))
        if on_done:
            on_done(num_outputs)
    real_row = Row(None, len(real.melodies), measure(real.melodies, 1.0)) if real else None
    about = real.about if real else ""
    return TemperatureTable(tuple(rows), real_row, about, measure.num_chosen, num_steps, meter, seed)


class _Measure:
    """All figures of some melodies."""

    def __init__(self, model: MelodyRNN, num_chosen: int, train: Sequence[Tune], seed: int) -> None:
        self._model = model
        self._train = [Notes.of(melody) for melody in train]
        self._seed = seed
        self.num_chosen = num_chosen

    def __call__(self, melodies: Sequence[Tune], temperature: float) -> dict[str, Estimate]:
        notes = [Notes.of(melody) for melody in melodies]
        halves = random_halves(len(notes), self._seed)
        estimates = _next_event_estimates(read_next_events(self._model, melodies, temperature), halves)
        estimates["distinct_4grams"] = estimate(DistinctGrams(notes, self.num_chosen), halves)
        estimates["similarity"] = estimate(PairwiseSimilarity(notes), halves)
        for metric in METRICS:
            estimates[metric.name] = estimate_mean(np.array([metric.measure(own) for own in notes]), halves)
        if self._train:
            estimates["longest_shared"] = estimate_mean(longest_shared(notes, self._train), halves)
        return estimates


def _next_event_estimates(read: NextEvents, halves: Any) -> dict[str, Estimate]:
    return {
        "entropy": estimate_mean(read.entropies.mean(axis=1), halves, read.entropies.ravel()),
        "largest_probability": estimate_mean(read.largest.mean(axis=1), halves, read.largest.ravel()),
        "log_likelihood": estimate_mean(read.log_likelihoods.mean(axis=1), halves),
    }


def _record(row: Row, name: str) -> dict[str, Any]:
    own = row.estimates[name]
    return {
        "temperature": "real" if row.temperature is None else row.temperature,
        "metric": name,
        "value": own.value,
        "low": own.low,
        "high": own.high,
        "lower_quartile": own.lower_quartile,
        "upper_quartile": own.upper_quartile,
        "num_melodies": row.num_melodies,
    }
