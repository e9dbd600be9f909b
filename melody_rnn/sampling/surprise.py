"""Surprise: a temperature that follows what was drawn, so that events surprise the model as much as was asked for.

An event's surprise is -log p of the event under the model at temperature 1, all labels that stand for it together, in
nats. What recent steps expected at their temperatures is a line, nats against log T, and the next temperature is where
the line has what is asked for: a target, and a share of what the steps so far owe to theirs. So the mean over a melody
comes out at the target, a new target is met at once, and steps at which the model is sure stay sure: one temperature
holds for all, and no step is forced to a surprise of its own. Steps at which one event alone is possible do not count.

Sources: steering the surprise by feedback, mirostat (Basu et al. 2021, arXiv:2007.14966); curves of information content
for music, Bjare et al. 2024, arXiv:2408.06022.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.arrays import Array, namespace
from melody_rnn.sampling.softmax import softmax, temper

STEERING_SIZE: Final = 5
_WINDOW: Final = 32
"""Over about how many steps the line is drawn."""
_HORIZON: Final = 16
"""In how many steps what is owed is paid back."""
_FIRST_STEPS: Final = 8
"""Before anything was drawn it is as if so many steps had been expected to cost `_FIRST_NATS` at temperature 1."""
_FIRST_NATS: Final = 0.6
_FIRST_SLOPE: Final = 0.6
_LEAST_SLOPE: Final = 0.1
_MOST_CHANGE: Final = 1.0
_LIMIT: Final = math.log(5)
_LEAST: Final = float(np.finfo(np.float32).tiny)


def no_steering(batch_size: int) -> NDArray[np.float32]:
    """Returns what is known of melodies before their first event, [batch, STEERING_SIZE] float32: zeros.

    The columns are how many steps count, the sums over them of log T, of the nats that were expected and of their
    slopes, all fading, and the nats that are owed: targets minus surprises, not fading.
    """
    return np.zeros((batch_size, STEERING_SIZE), np.float32)


def log_temperature(steering: Array, target: Array) -> Array:
    """Returns the logarithm of the temperature that should meet a target, [batch] float32, within that of 1/5 and 5.

    Args:
        steering: [batch, STEERING_SIZE] float32.
        target: [batch] float32, nats per event.
    """
    xp = namespace(steering)
    weight, tempered, expected, slope, owed = (steering[:, column] for column in range(STEERING_SIZE))
    unseen = _FIRST_STEPS * (1 - weight / _WINDOW)
    total = weight + unseen
    slope = xp.maximum((slope + unseen * _FIRST_SLOPE) / total, _LEAST_SLOPE)
    missing = target + owed / _HORIZON - (expected + unseen * _FIRST_NATS) / total
    change = xp.minimum(xp.maximum(missing / slope, -_MOST_CHANGE), _MOST_CHANGE)
    return xp.minimum(xp.maximum(tempered / total + change, -_LIMIT), _LIMIT)


def steer(logits: Array, target: Array, steering: Array) -> Array:
    """Returns logits [batch, num_classes] divided by the temperature that should meet a target [batch]; 0 steers none.

    Args:
        logits: [batch, num_classes] float32; -inf for a class that must not be chosen.
        target: [batch] float32, nats per event; 0 leaves the logits as they are.
        steering: [batch, STEERING_SIZE] float32.
    """
    xp = namespace(logits)
    return temper(logits, xp.where(target > 0, xp.exp(log_temperature(steering, target)), 1.0))


def take_in(
    steering: Array, target: Array, logits: Array, restricted: Array, drawn_from: Array, meanings: Array, event: Array
) -> Array:
    """Returns what is known of melodies after an event, [batch, STEERING_SIZE] float32.

    Args:
        steering: [batch, STEERING_SIZE] float32, before it.
        target: [batch] float32, that of the step.
        logits: [batch, num_classes] float32, the network's own.
        restricted: [batch, num_classes] float32, -inf for what must not be chosen.
        drawn_from: [batch, num_classes] float32, what the event was drawn from.
        meanings: [batch, num_classes] int32, the event that each label stands for.
        event: [batch] int32.
    """
    xp = namespace(logits)
    nats = surprises(logits, meanings, meanings)
    chances = softmax(drawn_from)
    expected = xp.sum(chances * nats, axis=1)
    deviation = nats - expected[:, np.newaxis]
    tempered = log_temperature(steering, target)
    slope = xp.sum(chances * deviation * deviation, axis=1) / xp.exp(tempered)
    is_event = meanings == event[:, np.newaxis]
    own = xp.max(xp.where(is_event, nats, 0.0), axis=1)
    sums = [xp.zeros_like(own) + 1, tempered, expected, slope]
    faded = [steering[:, column] * (1 - 1 / _WINDOW) + value for column, value in enumerate(sums)]
    after = xp.concat([part[:, np.newaxis] for part in [*faded, steering[:, -1] + target - own]], axis=1)
    is_free = xp.any((restricted > -float("inf")) & ~is_event, axis=1, keepdims=True)
    return xp.where(is_free, after, steering)


def surprises(logits: Array, meanings: Array, events: Array) -> Array:
    """Returns -log p of events, all labels that stand for each together, [batch, num_events] float32.

    They are in nats at temperature 1; an event for which no label stands has the most that there is.

    Args:
        logits: [batch, num_classes] float32.
        meanings: [batch, num_classes] int32, the event that each label stands for.
        events: [batch, num_events] int32.
    """
    xp = namespace(logits)
    is_same = events[:, :, np.newaxis] == meanings[:, np.newaxis, :]
    together = xp.sum(xp.where(is_same, softmax(logits)[:, np.newaxis, :], 0.0), axis=2)
    return -xp.log(xp.maximum(together, _LEAST))
