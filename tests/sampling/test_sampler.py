import dataclasses
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.sampling.sampler import Controls, SamplerSettings, draw, fill_with_noise, gumbel
from melody_rnn.sampling.softmax import softmax
from melody_rnn.sampling.surprise import no_steering
from melody_rnn.sampling.transforms import BY_NAME, TRANSFORMS, Now, Transform, table

AFTER = ("temperature", "truncation")
NOTHING = Now((), (), 0)

NUM_DRAWS = 200_000


def uniform_noise(seed, index, num_draws, num_classes):
    noise = np.empty((num_draws, num_classes), np.float32)
    fill_with_noise(noise, seed, index)
    return noise


Z = np.array([1.5, 0.0, -1.0, 2.0, 0.3, -np.inf, -4.0], np.float32)


TRUNCATIONS = [
    {},
    {"top_k": 3},
    {"top_p": 0.8},
    {"min_p": 0.1},
    {"typical_p": 0.7},
    {"epsilon": 0.06},
    {"eta": 0.3},
    {"p_less": 1.0},
    {"top_n_sigma": 0.8},
    {"top_h": 0.7},
    {"xtc": (0.4, 0.1)},
]


def without_top_choices(p, share, threshold):
    """Returns the mean of the probabilities with and without what XTC excludes."""
    choices = [place for place in np.argsort(-p) if p[place] >= threshold]
    rest = p.copy()
    rest[choices[:-1]] = 0
    return (1 - share) * p + share * rest / rest.sum()


def truncated(
    weights, top_k=7, top_p=1, min_p=0, typical_p=1, epsilon=0, eta=0, p_less=0, top_n_sigma=99, top_h=1, xtc=None
):
    """Returns the probabilities that are left, in float64 and in plain words; one truncation at a time."""
    if xtc:
        return without_top_choices(weights / weights.sum(), *xtc)
    p = weights / weights.sum()
    surprise = -np.log(np.where(p > 0, p, 1e-300))
    entropy = (p * surprise).sum()
    kept = p >= max(min_p * p.max(), epsilon, min(eta, np.sqrt(eta) * np.exp(-entropy)))
    kept &= p >= p_less * (p**2).sum()
    kept[p.argmax()] = True
    logits = np.log(weights[weights > 0])
    kept &= weights >= np.exp(logits.max() - top_n_sigma * logits.std())
    order = np.argsort(-p)
    for count in range(2, len(p) + 1):
        first = p[order[:count]] / p[order[:count]].sum()
        if top_h < 1 and -(first * np.log(np.where(first > 0, first, 1))).sum() > top_h * entropy:
            kept[order[count - 1 :]] = False
            break
    for order, mass in ((np.argsort(-p), top_p), (np.argsort(np.abs(surprise - entropy)), typical_p)):
        num_kept = int((np.cumsum(p[order]) < mass).sum()) + 1
        kept[order[num_kept:]] = False
    kept[np.argsort(-p)[top_k:]] = False
    return np.where(kept, p, 0) / p[kept].sum()


@pytest.fixture(scope="module")
def noise():
    return gumbel(uniform_noise(5, 0, NUM_DRAWS, len(Z)))


@cache
def chooser(transforms):
    """What draws with some transforms in use, compiled once for all of their values."""

    @partial(tf.function, jit_compile=True)
    def choose(values, rows, noise):
        return draw(Controls(values, transforms).apply(AFTER, rows, NOTHING), noise)

    return choose


@pytest.mark.parametrize("temperature", [0.3, 0.6, 1.0, 1.5])
@pytest.mark.parametrize("truncation", TRUNCATIONS, ids=str)
def test_draws_follow_the_distribution(temperature, truncation, noise):
    controls = SamplerSettings(temperature, **truncation).controls(1)
    # As an argument: what XLA knows beforehand it computes beforehand, slowly.
    rows = np.tile(Z, (NUM_DRAWS, 1))
    counts = np.bincount(chooser(controls.transforms)(controls.values, rows, noise), minlength=len(Z))
    expected = truncated(np.exp(Z.astype(np.float64) / temperature), **truncation)
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


def as_it_is(logits, value, now):
    return logits


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
        ({"typical_p": 0}, "typical_p must be above 0 and at most 1, got 0"),
        ({"epsilon": 2}, "epsilon must be from 0 to 1, got 2"),
        ({"eta": float("nan")}, "eta must be from 0 to 1, got nan"),
        ({"dynamic_temperature": 1.0}, "dynamic_temperature must be two finite numbers of at least 0, got 1.0"),
        ({"dynamic_temperature": (1.0, -1.0)}, "dynamic_temperature must be two finite numbers of at least 0, got -1"),
        ({"repetition_penalty": 0.9}, "repetition_penalty must be a finite number of at least 1, got 0.9"),
        ({"no_repeat_ngram": 1}, "no_repeat_ngram must be a whole number from 2 to 8, got 1"),
        ({"p_less": 1.5}, "p_less must be from 0 to 1, got 1.5"),
        ({"top_n_sigma": 0}, "top_n_sigma must be a finite number above 0, got 0"),
        ({"xtc": 0.5}, "xtc must be two numbers from 0 to 1, got 0.5"),
        ({"xtc": (0.5, 1.5)}, "xtc must be two numbers from 0 to 1, got 1.5"),
        ({"top_h": 0}, "top_h must be above 0 and at most 1, got 0"),
        ({"transforms": [Transform("top_k", as_it_is)]}, "a transform must have a Python name of its own, got 'top_k'"),
        ({"transforms": [Transform("mine", as_it_is, value="much")]}, "mine must be a finite number, got much"),
        ({"max_same_pitch": [1, 0]}, "max_same_pitch must be a whole number of at least 1, got 0"),
    ],
)
def test_bad_settings_are_named(settings, message):
    with pytest.raises(InvalidArgumentError, match=message):
        SamplerSettings(**settings)


def test_settings_are_spread_over_melodies():
    controls = SamplerSettings(temperature=[0.5, 1], top_k=3).controls(2)
    np.testing.assert_array_equal(controls.values["temperature"], np.array([0.5, 1], np.float32))
    np.testing.assert_array_equal(controls.values["top_k"], np.array([3, 3], np.int32))
    assert "top_p" not in controls.values
    pairs = SamplerSettings(dynamic_temperature=(1.2, 0.8), no_repeat_ngram=[2, 4]).controls(2)
    np.testing.assert_allclose(pairs.values["dynamic_temperature"], [[1.2, 0.8]] * 2)
    np.testing.assert_array_equal(pairs.values["no_repeat_ngram"], np.array([2, 4], np.int32))
    assert pairs.counts_onsets
    assert not controls.counts_onsets
    with pytest.raises(InvalidArgumentError, match="one pair or one for each of the 1 melodies, got 2 pairs"):
        SamplerSettings(dynamic_temperature=[(1, 2), (2, 1)]).controls(1)
    with pytest.raises(InvalidArgumentError, match="temperature must be one number or one for each of the 3 melodies"):
        SamplerSettings(temperature=[0.5, 1]).controls(3)


def test_dynamic_temperature_multiplies_the_temperature():
    unsure = np.array([[0.0, 0.0, np.log(1.0001)]], np.float32)
    settings = SamplerSettings(temperature=0.5, dynamic_temperature=(9.0, 3.0))
    np.testing.assert_allclose(
        softmax(settings.controls(1).apply(AFTER, unsure, NOTHING)), softmax(unsure / 1.5), rtol=0, atol=1e-6
    )


def test_every_transform_is_a_setting_and_documented():
    names = {field.name for field in dataclasses.fields(SamplerSettings)} - {"transforms"}
    assert names == set(BY_NAME)
    assert table() in (Path(__file__).parents[2] / "docs" / "choosing.md").read_text(encoding="utf-8")


def test_neutral_values_change_nothing():
    values = {
        own.name: (own.neutral,) * 2 if own.width == 2 else own.neutral for own in TRANSFORMS if own.stage in AFTER
    }
    logits = (
        SamplerSettings(**values).controls(1).apply(AFTER, Z[np.newaxis], NOTHING._replace(steering=no_steering(1)))
    )
    np.testing.assert_allclose(softmax(logits), softmax(Z[np.newaxis]), atol=1e-7)


def test_an_own_transform_neither_lifts_what_is_excluded_nor_leaves_nothing():
    lift = Transform("lift", lambda logits, value, now: np.where(logits < 0, value[:, np.newaxis], -np.inf), value=2)
    settings = SamplerSettings(top_k=3, transforms=[lift])
    logits = settings.controls(2).apply(AFTER, np.stack([Z, Z[::-1]]), NOTHING)
    np.testing.assert_array_equal(np.isfinite(logits), np.stack([[1, 0, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0, 1]]))
    alone = settings.controls(1).apply(AFTER, np.array([[0.0, -np.inf]], np.float32), NOTHING)
    np.testing.assert_array_equal(alone, [[0.0, -np.inf]])
