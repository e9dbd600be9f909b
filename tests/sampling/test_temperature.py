import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from melody_rnn.sampling import softmax as tempering
from melody_rnn.sampling.softmax import dynamic_temperature, entropy_of, log_softmax, softmax, temper

logits = arrays(np.float32, (1, 12), elements=st.floats(-30, 30, width=32))
# Huge ones, and masked ones beside at least one that is not.
wild_logits = arrays(np.float32, (1, 12), elements=st.sampled_from([-np.inf, -1e4, -3.5, 0.0, 0.25, 9.9e3, 1e4]))
wild_logits = wild_logits.filter(lambda z: np.isfinite(z).any())
TEMPERATURES = [0.05, 0.3, 0.6, 1.0, 1.5, 3.0, 20.0]


def exact(z, temperature):
    scaled = z.astype(np.float64) / temperature
    weights = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def entropy(p):
    p = np.asarray(p, np.float64)
    return -np.sum(p * np.log(np.where(p > 0, p, 1)))


@settings(deadline=None)
@given(logits)
def test_probabilities_are_the_softmax_of_logits_over_temperature(z):
    for temperature in TEMPERATURES:
        np.testing.assert_allclose(softmax(temper(z, temperature)), exact(z, temperature), atol=2e-6)
    np.testing.assert_allclose(softmax(temper(z, 1.0)), softmax(z), rtol=0, atol=1e-7)
    np.testing.assert_allclose(softmax(temper(z, 1.0)), exact(z, 1.0), atol=2e-7)


@settings(deadline=None)
@given(logits)
def test_entropy_rises_and_the_peak_falls_with_temperature(z):
    distributions = [softmax(temper(z, temperature))[0] for temperature in TEMPERATURES]
    assert np.all(np.diff([entropy(p) for p in distributions]) >= -1e-5)
    assert np.all(np.diff([p.max() for p in distributions]) <= 1e-6)


@settings(deadline=None)
@given(logits)
def test_the_order_of_classes_never_changes(z):
    for temperature in TEMPERATURES:
        ordered = softmax(temper(z, temperature))[0][np.argsort(z[0], kind="stable")]
        assert np.all(np.diff(ordered) >= 0)


def test_limits():
    z = np.array([[0.5, 2.0, -1.0, 1.9]], np.float32)
    np.testing.assert_array_equal(softmax(temper(z, 0.0)), [[0, 1, 0, 0]])
    np.testing.assert_allclose(softmax(temper(z, 1e-6)), [[0, 1, 0, 0]], atol=1e-7)
    np.testing.assert_allclose(softmax(temper(z, 1e6)), np.full((1, 4), 0.25), atol=1e-4)


@settings(deadline=None)
@given(logits)
def test_limits_of_any_logits(z):
    cold, hot = (softmax(temper(z, temperature)) for temperature in (1e-6, 1e6))
    assert cold[z >= z.max() - 1e-4].sum() == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(hot, 1 / 12, atol=1e-4)


@settings(deadline=None)
@given(wild_logits)
def test_huge_and_masked_logits_stay_finite(z):
    largest = []
    for temperature in (0.0, 1e-6, *TEMPERATURES, 1e6):
        p = softmax(temper(z, temperature))
        assert np.isfinite(p).all()
        assert (p[z == -np.inf] == 0).all()
        assert p.sum() == pytest.approx(1, abs=1e-6)
        assert np.all(np.diff(p[0][np.argsort(z[0], kind="stable")]) >= 0)
        largest.append(p.max())
    assert np.all(np.diff(largest) <= 1e-6)
    assert largest[0] == pytest.approx(1 / (z == z.max()).sum())


@settings(deadline=None)
@given(wild_logits | logits)
def test_entropy_is_that_of_the_distribution(z):
    assert tempering.entropy(z)[0] == pytest.approx(entropy(softmax(z)), abs=1e-5)


def test_dynamic_temperature_follows_the_share_of_the_largest_entropy():
    sure = np.array([[0.0, -np.inf, -np.inf, -200.0]], np.float32)
    unsure = np.array([[2.0, 2.0, 2.0, -np.inf]], np.float32)
    between = np.array([[0.0, 0.0, -np.inf, -1e4]], np.float32)
    z = np.concatenate([sure, unsure, between])
    expected = [1.4, 0.6, 1.4 - 0.8 * np.log(2) / np.log(3)]
    np.testing.assert_allclose(dynamic_temperature(z, 1.4, 0.6), expected, atol=1e-6)
    of_each = dynamic_temperature(z, np.array([1.0, 1.0, 0.5]), np.array([1.0, 3.0, 0.5]))
    np.testing.assert_allclose(of_each, [1, 3, 0.5], atol=1e-6)
    alone = np.array([[3.0, -np.inf]], np.float32)
    np.testing.assert_allclose(dynamic_temperature(alone, 1.4, 0.6), [1.4], atol=1e-6)


def test_one_temperature_a_melody():
    z = np.tile(np.array([[1.0, 2.0, 3.0]], np.float32), (3, 1))
    p = softmax(temper(z, np.array([0.5, 1.0, 0.0], np.float32)))
    np.testing.assert_allclose(p[0], exact(z[:1], 0.5)[0], atol=1e-6)
    np.testing.assert_allclose(p[1], exact(z[:1], 1.0)[0], atol=1e-6)
    np.testing.assert_array_equal(p[2], [0, 0, 1])


def test_log_softmax_is_the_logarithm_of_softmax():
    z = np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32)
    np.testing.assert_allclose(np.exp(log_softmax(z)), softmax(z), atol=1e-6)


def test_entropy_of_probabilities_is_in_nats():
    assert entropy_of(np.array([0.5, 0.5, 0.0])) == pytest.approx(np.log(2))
    assert entropy_of(np.array([[1.0, 0.0], [0.25, 0.75]])).tolist() == pytest.approx([0, 0.5623351446])
