import math

import numpy as np
import pytest

from melody_rnn.evaluation.temperature_report.estimates import estimate, estimate_mean, random_halves


def test_halves_are_halves():
    halves = random_halves(11, seed=1)
    assert (halves.sum(axis=1) == 5).all()
    assert (random_halves(11, seed=1) == halves).all()
    assert (random_halves(11, seed=2) != halves).any()
    assert halves.mean(axis=0) == pytest.approx(np.full(11, 5 / 11), abs=0.06)


def test_the_interval_of_a_mean_is_that_of_its_standard_error():
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    found = estimate_mean(values, random_halves(400, seed=0))
    half_width = 1.96 * values.std() / math.sqrt(400)
    assert found.value == pytest.approx(values.mean())
    assert found.spread == pytest.approx(values.std(), rel=0.1)
    assert found.low == pytest.approx(values.mean() - half_width, abs=0.2 * half_width)
    assert found.high == pytest.approx(values.mean() + half_width, abs=0.2 * half_width)
    assert (found.lower_quartile, found.upper_quartile) == pytest.approx(np.quantile(values, [0.25, 0.75]))


def test_what_is_not_known_is_left_out():
    values = np.array([1.0, math.nan, 3.0, 5.0])
    found = estimate_mean(values, random_halves(4, seed=0))
    assert found.value == 3.0
    assert found.low >= 1.0 and found.high <= 5.0
    nothing = estimate_mean(np.full(4, math.nan), random_halves(4, seed=0))
    assert all(map(math.isnan, (nothing.value, nothing.low, nothing.high, nothing.lower_quartile)))


def test_a_figure_of_all_melodies_lies_in_its_interval_and_has_no_quartiles():
    found = estimate(lambda sets: sets.sum(axis=1).astype(float), random_halves(6, seed=0))
    assert (found.value, found.low, found.high) == (6, 3, 6)
    assert math.isnan(found.lower_quartile)
