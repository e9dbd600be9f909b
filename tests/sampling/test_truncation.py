import numpy as np
import pytest

from melody_rnn.sampling.sampler import Controls, transform
from melody_rnn.sampling.temperature import softmax
from melody_rnn.sampling.truncation import keep_min_p, keep_top_k, keep_top_p

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


def test_one_value_a_melody():
    z = np.tile(Z, (2, 1))
    assert np.isfinite(keep_top_k(z, np.array([1, 3]))).sum(axis=1).tolist() == [1, 3]
    assert np.isfinite(keep_top_p(z, np.array([0.1, 1.0], np.float32))).sum(axis=1).tolist() == [1, 4]
    assert np.isfinite(keep_min_p(z, np.array([1.0, 0.0], np.float32))).sum(axis=1).tolist() == [1, 4]


def test_what_is_kept_is_renormalised():
    np.testing.assert_allclose(softmax(keep_top_k(Z, 2)), [[4 / 7, 0, 3 / 7, 0]], atol=1e-6)


def test_the_order_is_temperature_then_top_k_then_top_p_then_min_p():
    ones = np.ones(1, np.float32)
    # At T = 1 the likeliest two hold 0.7; at T = 0.5 they hold 0.83, so that top-p of 0.8 drops the third.
    cold = transform(Z, Controls(ones * 0.5, top_p=ones * 0.8))
    assert kept(cold) == [True, False, True, False]
    assert kept(transform(Z, Controls(ones, top_p=ones * 0.8))) == [True, False, True, True]
    # Of the two that top-k leaves, the likelier holds 0.57, enough for a top-p of 0.5 but not of 0.6.
    assert kept(transform(Z, Controls(ones, top_k=np.array([2]), top_p=ones * 0.5))) == [True, False, False, False]
    assert kept(transform(Z, Controls(ones, top_k=np.array([2]), top_p=ones * 0.6))) == [True, False, True, False]


def test_defaults_leave_the_distribution_untouched():
    np.testing.assert_allclose(softmax(transform(Z, Controls(np.ones(1, np.float32)))), P, atol=1e-7)
