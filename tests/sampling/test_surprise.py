import numpy as np
import pytest

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.generation.rules import LoopState, Rules
from melody_rnn.sampling.sampler import SamplerSettings, gumbel
from melody_rnn.sampling.schedule import Schedule, Steps, parse_schedule
from melody_rnn.sampling.surprise import STEERING_SIZE, log_temperature, no_steering, surprises

MEANINGS = np.array([-2, -1, 60, 62, 64, 60], np.int32)
BATCH = 400


def melodies(num_steps, seed=1, forbidden=(), **settings):
    """Returns the nats of each step's event, [BATCH, num_steps], where sure and unsure steps take turns."""
    rng = np.random.default_rng(seed)
    controls = SamplerSettings(**settings).controls(BATCH, Steps(0, num_steps, 64))
    state = LoopState(None, steering=no_steering(BATCH))
    meanings, nats = np.tile(MEANINGS, (BATCH, 1)), []
    for step in range(num_steps):
        logits = rng.normal(0, 1.5, (BATCH, 6)).astype(np.float32)
        logits[:, 0] += 6 * (step % 2)
        logits[:, list(forbidden)] = -np.inf
        rules = Rules(controls, None, None, False, 60)
        choice = rules.choose(step, state, logits, meanings, gumbel(rng.random((BATCH, 6), np.float32)))
        state = state._replace(steering=choice.steering)
        own = surprises(logits, meanings, meanings)
        nats.append(np.take_along_axis(own, choice.label[:, np.newaxis], axis=1)[:, 0])
    return np.stack(nats, axis=1), state.steering


@pytest.mark.parametrize("target", [0.4, 0.7, 1.2])
def test_what_is_asked_for_is_reached(target):
    nats, _ = melodies(256, surprise=target)
    assert nats.mean() == pytest.approx(target, rel=0.02)
    # Not in the mean alone: each melody is steered.
    assert nats.mean(axis=1).std() < 0.06
    sure, unsure = nats[:, 1::2].mean(), nats[:, ::2].mean()
    assert sure < 0.8 * unsure


def test_a_value_for_each_bar():
    nats, _ = melodies(192, surprise=Schedule((0.4, 1.2, 0.4), "bars"))
    np.testing.assert_allclose(nats.reshape(BATCH, 3, 64).mean(axis=(0, 2)), [0.4, 1.2, 0.4], rtol=0.15)


def test_steps_without_a_choice_do_not_count():
    _, steering = melodies(4, surprise=0.5, forbidden=range(1, 6))
    np.testing.assert_array_equal(steering, 0)


def test_labels_of_one_event_surprise_as_one():
    logits = np.log(np.array([[0.1, 0.1, 0.2, 0.3, 0.1, 0.2]], np.float32))
    expected = -np.log([0.1, 0.1, 0.4, 0.3, 0.1, 0.4])
    np.testing.assert_allclose(surprises(logits, MEANINGS[np.newaxis], MEANINGS[np.newaxis])[0], expected, rtol=1e-5)


def test_temperatures_stay_within_limits():
    rng = np.random.default_rng(2)
    steering = (rng.normal(0, 300, (200, STEERING_SIZE)) * [0, 1, 1, 1, 1] + [20, 0, 0, 0, 0]).astype(np.float32)
    found = np.exp(log_temperature(steering, np.full(200, 0.6, np.float32)))
    assert found.min() >= 0.199
    assert found.max() <= 5.001


def test_without_a_target_nothing_is_steered():
    logits, meanings = np.array([[1.0, 0.5, 2.0, 0.0, -1.0, 0.3]], np.float32), MEANINGS[np.newaxis]
    noise = gumbel(np.full((1, 6), 0.5, np.float32))
    plain, steered = (
        Rules(SamplerSettings(**settings).controls(1), None, None, False, 60) for settings in ({}, {"surprise": 0.0})
    )
    ours = steered.choose(0, LoopState(None, steering=np.ones((1, STEERING_SIZE), np.float32)), logits, meanings, noise)
    np.testing.assert_array_equal(ours.logits, plain.choose(0, LoopState(None), logits, meanings, noise).logits)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"surprise": -0.5}, "surprise must be a finite number of at least 0, got -0.5"),
        ({"surprise": [0.5, np.nan]}, "surprise must be a finite number of at least 0, got nan"),
        ({"surprise": 0.5, "temperature": 0}, "temperature must not be 0"),
        ({"surprise": 0.5, "temperature": [1, 0]}, "temperature must not be 0"),
    ],
)
def test_bad_targets_are_named(settings, message):
    with pytest.raises(InvalidArgumentError, match=message):
        SamplerSettings(**settings)


def test_a_text_is_a_target_or_a_schedule():
    assert parse_schedule("0.64", "surprise") == 0.64
    with pytest.raises(InvalidArgumentError, match="the surprise must be a number"):
        parse_schedule("high", "surprise")
