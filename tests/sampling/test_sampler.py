import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.sampling.sampler import Controls, SamplerSettings, draw, fill_with_noise, gumbel, transform
from melody_rnn.sampling.temperature import softmax

NUM_DRAWS = 200_000


def uniform_noise(seed, index, num_draws, num_classes):
    noise = np.empty((num_draws, num_classes), np.float32)
    fill_with_noise(noise, seed, index)
    return noise


Z = np.array([1.5, 0.0, -1.0, 2.0, 0.3, -np.inf, -4.0], np.float32)


@pytest.mark.parametrize("temperature", [0.3, 0.6, 1.0, 1.5])
@pytest.mark.parametrize("truncation", [{}, {"top_k": 3}, {"top_p": 0.8}, {"min_p": 0.1}])
def test_draws_follow_the_distribution(temperature, truncation):
    ones = np.ones(1, np.float32)
    controls = Controls(ones * temperature, **{name: np.array([value]) for name, value in truncation.items()})
    logits = transform(Z[np.newaxis], controls)
    noise = gumbel(uniform_noise(5, 0, NUM_DRAWS, len(Z)))
    chooser = tf.function(lambda noise: draw(tf.tile(logits, [NUM_DRAWS, 1]), noise), jit_compile=True)
    counts = np.bincount(chooser(noise), minlength=len(Z))
    expected = softmax(logits).numpy()[0].astype(np.float64)
    assert counts[expected == 0].sum() == 0
    possible = expected > 1e-5
    expected = expected[possible] / expected[possible].sum() * counts[possible].sum()
    assert len(expected) == 1 or stats.chisquare(counts[possible], expected).pvalue > 1e-4


def test_noise_depends_on_seed_and_index_alone():
    noise = uniform_noise(1, 2, 10, 4)
    np.testing.assert_array_equal(noise, uniform_noise(1, 2, 10, 4))
    np.testing.assert_array_equal(noise, uniform_noise(1, 2, 30, 4)[:10])
    assert not np.array_equal(noise, uniform_noise(2, 2, 10, 4))
    assert not np.array_equal(noise, uniform_noise(1, 3, 10, 4))


def test_noise_of_zero_never_lifts_a_masked_class():
    logits = tf.constant([[0.0, -np.inf]])
    for noise in ([[0.0, 0.99]], [[0.5, 0.0]], [[1e-30, 0.9999999]]):
        assert draw(logits, gumbel(tf.constant(noise)))[0] == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"temperature": -0.1}, "temperature must be a finite number of at least 0, got -0.1"),
        ({"temperature": float("nan")}, "temperature"),
        ({"temperature": float("inf")}, "temperature"),
        ({"temperature": [1.0, -1.0]}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_k": 0}, "top_k must be a whole number of at least 1, got 0"),
        ({"top_k": 1.5}, "top_k"),
        ({"top_p": 0.0}, "top_p must be above 0 and at most 1, got 0.0"),
        ({"top_p": 1.1}, "top_p"),
        ({"min_p": -0.1}, "min_p must be from 0 to 1, got -0.1"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(InvalidArgumentError, match=message):
        SamplerSettings(**settings)


def test_settings_are_spread_over_melodies():
    controls = SamplerSettings(temperature=[0.5, 1], top_k=3).controls(2)
    np.testing.assert_array_equal(controls.temperature, np.array([0.5, 1], np.float32))
    np.testing.assert_array_equal(controls.top_k, np.array([3, 3], np.int32))
    assert controls.top_p is None
    with pytest.raises(InvalidArgumentError, match="temperature must be one number or one for each of the 3 melodies"):
        SamplerSettings(temperature=[0.5, 1]).controls(3)
