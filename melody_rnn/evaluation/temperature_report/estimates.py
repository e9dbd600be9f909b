"""Figures of many melodies, and how sure they are."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Sets = NDArray[np.bool_]
Floats = NDArray[np.float64]
Statistic = Callable[[Sets], Floats]
"""Sets of melodies, [num_sets, num_melodies] bool, to a figure for each set, [num_sets] float64."""

NUM_HALVES: Final = 1000


@dataclass(frozen=True)
class Estimate:
    """A figure of a number of melodies.

    Attributes:
        value: Of all of them.
        low: Lower end of its 95 % interval.
        high: Upper end.
        spread: Its standard error times the square root of the number of melodies: for a mean, the standard deviation
            from melody to melody.
        lower_quartile: Of the single melodies or steps; NaN where a figure is of all melodies together.
        upper_quartile: The same.
    """

    value: float
    low: float
    high: float
    spread: float
    lower_quartile: float = math.nan
    upper_quartile: float = math.nan


def random_halves(num_melodies: int, seed: int) -> Sets:
    """Returns random halves of a number of melodies, [NUM_HALVES, num_melodies] bool.

    What a figure differs by from half to half is what it differs by from one sample of all melodies to the next, as
    with a bootstrap; but a bootstrap draws the same melody several times, which looks like melodies that are alike.

    Source: the delete-half jackknife; Shao and Wu 1989, 'A general theory for jackknife variance estimation'.
    """
    order = np.random.default_rng(seed).random((NUM_HALVES, num_melodies)).argsort(axis=1)
    return order < num_melodies // 2


def estimate(statistic: Statistic, halves: Sets, singles: Floats | None = None) -> Estimate:
    """Returns a figure of all melodies with its interval.

    Args:
        statistic: The figure.
        halves: As `random_halves` gives them.
        singles: What to take quartiles of.
    """
    num_melodies = halves.shape[1]
    value = float(statistic(np.ones((1, num_melodies), bool))[0])
    of_halves = statistic(halves)
    of_halves = of_halves[np.isfinite(of_halves)]
    if not len(of_halves):
        return Estimate(value, math.nan, math.nan, math.nan)
    # The figure itself belongs to its interval, which rounding or very few melodies could leave beside it.
    low, high = np.quantile(of_halves, [0.025, 0.975])
    low, high = min(low, value), max(high, value)
    spread = float(of_halves.std() * math.sqrt(num_melodies))
    quartiles = _quartiles(singles)
    return Estimate(value, float(low), float(high), spread, *quartiles)


def estimate_mean(values: Floats, halves: Sets, singles: Floats | None = None) -> Estimate:
    """Returns the mean of one value a melody, leaving out those that are NaN, as `estimate` does."""
    is_known = np.isfinite(values)

    def mean(is_taken: Sets) -> Floats:
        with np.errstate(invalid="ignore"):
            means: Floats = (is_taken @ np.where(is_known, values, 0.0)) / (is_taken @ is_known.astype(np.float64))
        return means

    return estimate(mean, halves, values if singles is None else singles)


def _quartiles(singles: Floats | None) -> tuple[float, float]:
    known = np.zeros(0) if singles is None else singles[np.isfinite(singles)]
    if not len(known):
        return math.nan, math.nan
    lower, upper = np.quantile(known, [0.25, 0.75])
    return float(lower), float(upper)
