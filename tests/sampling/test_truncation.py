import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from melody_rnn.sampling.sampler import SamplerSettings
from melody_rnn.sampling.softmax import softmax
from melody_rnn.sampling.transforms import Now
from melody_rnn.sampling.truncation import (
    keep_above_epsilon,
    keep_above_eta,
    keep_min_p,
    keep_top_k,
    keep_top_p,
    keep_typical,
)

P = np.array([[0.4, 0.1, 0.3, 0.2]], np.float32)
Z = np.log(P)


def kept(logits):
    return np.isfinite(logits).tolist()[0]


@pytest.mark.parametrize(
    ("k", "expected"), [(1, [1, 0, 0, 0]), (2, [1, 0, 1, 0]), (4, [1, 1, 1, 1]), (9, [1, 1, 1, 1])]
)
def test_top_k(k, expected):
    assert kept(keep_top_k(Z, k)) == [bool(x) for x in expected]


def test_top_k_keeps_k_of_equals():
    assert kept(keep_top_k(np.zeros((1, 4), np.float32), 2)) == [True, True, False, False]


@pytest.mark.parametrize(
    ("p", "expected"),
    [(0.1, [1, 0, 0, 0]), (0.41, [1, 0, 1, 0]), (0.69, [1, 0, 1, 0]), (0.71, [1, 0, 1, 1]), (1, [1] * 4)],
)
def test_top_p(p, expected):
    assert kept(keep_top_p(Z, p)) == [bool(x) for x in expected]


def test_top_p_of_1_keeps_what_rounding_would_drop():
    z = np.concatenate([np.zeros(1), np.full(200, -25.0)]).astype(np.float32)[np.newaxis]
    assert all(kept(keep_top_p(z, 1.0)))


@pytest.mark.parametrize(
    ("p", "expected"), [(0, [1] * 4), (0.49, [1, 0, 1, 1]), (0.7, [1, 0, 1, 0]), (1, [1, 0, 0, 0])]
)
def test_min_p(p, expected):
    assert kept(keep_min_p(Z, p)) == [bool(x) for x in expected]


@pytest.mark.parametrize(
    # The entropy is 1.28 nats, the classes' surprises are 0.92, 2.30, 1.20 and 1.61.
    ("p", "expected"),
    [(0.29, [0, 0, 1, 0]), (0.31, [0, 0, 1, 1]), (0.51, [1, 0, 1, 1]), (0.91, [1] * 4), (1, [1] * 4)],
)
def test_typical(p, expected):
    assert kept(keep_typical(Z, p)) == [bool(x) for x in expected]


def test_typical_leaves_what_is_masked_and_takes_what_is_alone():
    assert kept(keep_typical(np.array([[-np.inf, 3.0, -np.inf]], np.float32), 0.2)) == [False, True, False]
    assert kept(keep_typical(np.array([[0.0, -np.inf, 0.0]], np.float32), 1.0)) == [True, False, True]


@pytest.mark.parametrize(
    ("epsilon", "expected"), [(0, [1] * 4), (0.15, [1, 0, 1, 1]), (0.25, [1, 0, 1, 0]), (0.9, [1, 0, 0, 0])]
)
def test_epsilon(epsilon, expected):
    assert kept(keep_above_epsilon(Z, epsilon)) == [bool(x) for x in expected]


@pytest.mark.parametrize(
    # exp(-H) is 0.278: the bound is sqrt(eta) * 0.278 where that is the smaller one.
    ("eta", "expected"),
    [(0, [1] * 4), (0.09, [1] * 4), (0.2, [1, 0, 1, 1]), (0.6, [1, 0, 1, 0]), (1, [1, 0, 1, 0])],
)
def test_eta(eta, expected):
    assert kept(keep_above_eta(Z, eta)) == [bool(x) for x in expected]


@settings(deadline=None)
@given(arrays(np.float32, (1, 12), elements=st.floats(-9, 9, width=32) | st.just(-np.inf)), st.floats(0.01, 1))
def test_something_is_always_kept_and_nothing_comes_back(z, value):
    for keep in (keep_top_p, keep_min_p, keep_typical, keep_above_epsilon, keep_above_eta):
        if np.isfinite(z).any():
            result = keep(z, value)
            assert np.isfinite(result).any()
            assert np.all((result == z) | (result == -np.inf))


def test_one_value_a_melody():
    z = np.tile(Z, (2, 1))
    assert np.isfinite(keep_top_k(z, np.array([1, 3]))).sum(axis=1).tolist() == [1, 3]
    assert np.isfinite(keep_top_p(z, np.array([0.1, 1.0], np.float32))).sum(axis=1).tolist() == [1, 4]
    assert np.isfinite(keep_min_p(z, np.array([1.0, 0.0], np.float32))).sum(axis=1).tolist() == [1, 4]
    assert np.isfinite(keep_typical(z, np.array([0.1, 1.0], np.float32))).sum(axis=1).tolist() == [1, 4]
    assert np.isfinite(keep_above_epsilon(z, np.array([0.9, 0.0], np.float32))).sum(axis=1).tolist() == [1, 4]
    assert np.isfinite(keep_above_eta(z, np.array([1.0, 0.0], np.float32))).sum(axis=1).tolist() == [2, 4]


def transformed(temperature=1.0, **settings):
    controls = SamplerSettings(temperature, **settings).controls(1)
    return controls.apply(("temperature", "truncation"), Z, Now((), (), 0))


def test_what_is_kept_is_renormalised():
    np.testing.assert_allclose(softmax(keep_top_k(Z, 2)), [[4 / 7, 0, 3 / 7, 0]], atol=1e-6)


def test_the_order_is_temperature_then_top_k_then_top_p_then_min_p():
    # At T = 1 the likeliest two hold 0.7; at T = 0.5 they hold 0.83, so that top-p of 0.8 drops the third.
    cold = transformed(0.5, top_p=0.8)
    assert kept(cold) == [True, False, True, False]
    assert kept(transformed(1.0, top_p=0.8)) == [True, False, True, True]
    # Of the two that top-k leaves, the likelier holds 0.57, enough for a top-p of 0.5 but not of 0.6.
    assert kept(transformed(1.0, top_k=2, top_p=0.5)) == [True, False, False, False]
    assert kept(transformed(1.0, top_k=2, top_p=0.6)) == [True, False, True, False]


def test_defaults_leave_the_distribution_untouched():
    np.testing.assert_allclose(softmax(transformed()), P, atol=1e-7)
