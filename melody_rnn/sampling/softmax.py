"""Temperature and softmax, the one place where logits become probabilities.

q_i = exp(z_i / T) / sum_j exp(z_j / T): T = 1 leaves the softmax as it is, T < 1 makes the model surer and more
conservative, T > 1 more diverse and more often wrong; T -> 0+ ends in the argmax and T -> infinity in the uniform
distribution. Source: Hinton et al. 2015, arXiv:1503.02531, section 2.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.arrays import Array, namespace
from melody_rnn.events import NUM_EVENTS, event_index

_IMPOSSIBLE: Final = float(np.finfo(np.float32).min)


def per_melody(value: Array, dtype: str = "float32") -> Array:
    """Returns `value`, a scalar or one for each melody [batch], in the shape that broadcasts over classes."""
    xp = namespace(value)
    return xp.reshape(xp.asarray(value, getattr(xp, dtype)), [-1, 1])


def temper(logits: Array, temperature: Array) -> Array:
    """Divides logits by the temperature.

    Args:
        logits: [batch, num_classes] float32; -inf for a class that must not be chosen.
        temperature: [] or [batch] float32, at least 0; 0 keeps the largest logit alone (the limit: all of
            them if several are equal).

    Returns:
        [batch, num_classes] float32 logits, shifted so that the largest is 0, whose softmax is softmax(logits / T).
    """
    xp = namespace(logits)
    logits = xp.asarray(logits, xp.float32)
    temperature = per_melody(temperature)
    # With the largest logit at 0, no temperature can overflow it.
    shifted = logits - xp.max(logits, axis=1, keepdims=True)
    is_warm = temperature > 0
    largest_alone = xp.where(shifted < 0, -float("inf"), xp.zeros_like(shifted))
    return xp.where(is_warm, shifted / xp.where(is_warm, temperature, 1.0), largest_alone)


def dynamic_temperature(logits: Array, sure: Array, unsure: Array) -> Array:
    """Returns a temperature that follows how sure the model is.

    T = sure + (unsure - sure) * H / log(n), where H is the entropy in nats of the n classes that are not masked. So T
    is `sure` where one class has all the probability and `unsure` where all are equally probable.

    Args:
        logits: [batch, num_classes] float32; -inf for a class that must not be chosen.
        sure: [] or [batch] float32, at least 0.
        unsure: [] or [batch] float32, at least 0.

    Returns:
        [batch] float32.

    Source: llama.cpp's dynamic temperature (`llama_sampler_temp_ext` with exponent 1), which is cold where the model
    is sure. So is EDT, T = T0 * 0.8^(theta / H) (Zhang et al. 2024, arXiv:2403.14541). With sure > unsure it is the
    other way round: hot where the model is sure, which varies what it would repeat, and cold where mistakes are likely.
    """
    xp = namespace(logits)
    num_allowed = xp.sum(xp.asarray(logits > -float("inf"), xp.float32), axis=1)
    share = entropy(logits) / xp.log(xp.maximum(num_allowed, 2.0))
    sure, unsure = (xp.reshape(per_melody(value), [-1]) for value in (sure, unsure))
    return sure + (unsure - sure) * share


def temper_dynamically(logits: Array, between: Array) -> Array:
    """Returns logits divided by `dynamic_temperature`; `between` is [batch, 2] float32, where sure and where unsure."""
    return temper(logits, dynamic_temperature(logits, between[:, 0], between[:, 1]))


def softmax(logits: Array) -> Array:
    """Returns the probabilities [..., num_classes] float32 of logits of that shape; -inf gives exactly 0."""
    xp = namespace(logits)
    return xp.softmax(xp.asarray(logits, xp.float32))


def log_softmax(logits: Array) -> Array:
    """Returns the natural logarithms of `softmax(logits)`, in nats."""
    xp = namespace(logits)
    return xp.log_softmax(xp.asarray(logits, xp.float32))


def entropy(logits: Array) -> Array:
    """Returns the entropy of softmax(logits) in nats, [batch] float32, for logits [batch, num_classes]."""
    xp = namespace(logits)
    probabilities = softmax(logits)
    return -xp.sum(xp.where(probabilities > 0, log_softmax(logits), 0.0) * probabilities, axis=1)


def event_log_likelihoods(log_probabilities: Array, label_events: Array, events: Array) -> Array:
    """Returns the log-likelihood of events, each the sum over all labels that stand for it.

    Args:
        log_probabilities: [..., num_classes] float32, of the labels.
        label_events: [..., num_classes] int32, the event that each label stands for.
        events: [...] int32.

    Returns:
        [...] float32, in nats.
    """
    xp = namespace(log_probabilities)
    # Not -inf, whose gradient is not a number.
    stands_for = label_events == events[..., np.newaxis]
    return xp.logsumexp(xp.where(stands_for, log_probabilities, _IMPOSSIBLE), axis=-1)


def sum_by_event(probabilities: Array, indices: Array, num_events: int) -> Array:
    """Returns the probability of every event, each the sum over all labels that stand for it, with gradients.

    Args:
        probabilities: [..., num_classes] float32 tensor, of the labels.
        indices: [..., num_classes] int32 tensor, the index of the event that each label stands for.
        num_events: How many indices there are.

    Returns:
        [..., num_events] float32.
    """
    import tensorflow as tf

    labels = tf.reshape(indices, [-1, indices.shape[-1]])
    num_rows = tf.shape(labels)[0]
    places = tf.range(num_rows)[:, np.newaxis] * num_events + labels
    sums = tf.math.unsorted_segment_sum(
        tf.reshape(probabilities, [-1]), tf.reshape(places, [-1]), num_rows * num_events
    )
    return tf.reshape(sums, tf.concat([tf.shape(indices)[:-1], [num_events]], 0))


def sum_labels(log_probabilities: NDArray[np.float32], label_events: NDArray[np.int32]) -> NDArray[np.float64]:
    """Returns the probability of every event, each the sum over all labels that stand for it.

    Args:
        log_probabilities: [rows, num_classes] float32, of the labels.
        label_events: [rows, num_classes] int32, the event that each label stands for.

    Returns:
        [rows, NUM_EVENTS] float64, by `melody_rnn.events.event_index`.
    """
    num_rows = len(log_probabilities)
    places = np.arange(num_rows)[:, np.newaxis] * NUM_EVENTS + event_index(label_events)
    # In float64 even what float32 rounds to 0 has a logarithm.
    probabilities = np.exp(log_probabilities, dtype=np.float64)
    sums = np.zeros(num_rows * NUM_EVENTS)
    np.add.at(sums, places.ravel(), probabilities.ravel())
    return sums.reshape(num_rows, NUM_EVENTS)


def entropy_of(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns the entropy of distributions [..., num_events] in nats, [...]."""
    logarithms = np.log(np.where(probabilities > 0, probabilities, 1.0))
    entropies: NDArray[np.float64] = -(probabilities * logarithms).sum(axis=-1)
    return entropies
