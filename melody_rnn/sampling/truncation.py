"""Truncation: classes that are too unlikely get -inf, the others keep their logits.

Each function takes logits [batch, num_classes] float32 and one value, or one for each melody, and always leaves a
class: the likeliest one, and of locally typical sampling the most typical one.

Classes are compared pair by pair and never sorted: there are some forty of them, and XLA sorts rows that short many
times slower than it compares all their pairs.
"""

import tensorflow as tf

from melody_rnn.sampling.temperature import entropy, log_softmax, per_melody, softmax


def keep_top_k(logits: tf.Tensor, top_k: tf.Tensor) -> tf.Tensor:
    """Keeps the `top_k` likeliest classes.

    Args:
        logits: [batch, num_classes] float32.
        top_k: [] or [batch] int32, at least 1. Of equal logits the lower class comes first.

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Fan et al. 2018, arXiv:1805.04833.
    """
    rank = tf.reduce_sum(tf.cast(_comes_before(logits), tf.int32), axis=1)
    return _keep(logits, rank < per_melody(top_k, tf.int32))


def keep_top_p(logits: tf.Tensor, top_p: tf.Tensor) -> tf.Tensor:
    """Keeps the smallest set of likeliest classes whose probabilities sum to at least `top_p`.

    Args:
        logits: [batch, num_classes] float32.
        top_p: [] or [batch] float32 in (0, 1].

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Holtzman et al. 2020, arXiv:1904.09751.
    """
    return _keep_mass(logits, logits, top_p)


def keep_min_p(logits: tf.Tensor, min_p: tf.Tensor) -> tf.Tensor:
    """Keeps the classes that are at least `min_p` times as likely as the likeliest one.

    Args:
        logits: [batch, num_classes] float32.
        min_p: [] or [batch] float32 in [0, 1]; 0 keeps every class.

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Nguyen et al. 2024, arXiv:2407.01082.
    """
    largest = tf.reduce_max(logits, axis=1, keepdims=True)
    return _keep(logits, logits >= largest + tf.math.log(per_melody(min_p)))


def keep_typical(logits: tf.Tensor, typical_p: tf.Tensor) -> tf.Tensor:
    """Keeps the smallest set of most typical classes whose probabilities sum to at least `typical_p`.

    A class is the more typical the nearer its surprise, -log p, is to the distribution's entropy H: first comes the
    least |-log p - H|. A likeliest class that is too sure to be typical can go.

    Args:
        logits: [batch, num_classes] float32.
        typical_p: [] or [batch] float32 in (0, 1].

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Meister et al. 2023, arXiv:2202.00666.
    """
    distance = tf.abs(-log_softmax(logits) - entropy(logits)[:, tf.newaxis])
    return _keep_mass(logits, -distance, typical_p)


def keep_above_epsilon(logits: tf.Tensor, epsilon: tf.Tensor) -> tf.Tensor:
    """Keeps the classes with a probability of at least `epsilon`, and the likeliest.

    Args:
        logits: [batch, num_classes] float32.
        epsilon: [] or [batch] float32 in [0, 1]; 0 keeps every class.

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Hewitt et al. 2022, arXiv:2210.15191, epsilon sampling.
    """
    return _keep_above(logits, tf.math.log(per_melody(epsilon)))


def keep_above_eta(logits: tf.Tensor, eta: tf.Tensor) -> tf.Tensor:
    """Keeps the classes with a probability of at least min(eta, sqrt(eta) exp(-H)), and the likeliest.

    H is the distribution's entropy in nats: where many classes are likely, less likely ones may stay.

    Args:
        logits: [batch, num_classes] float32.
        eta: [] or [batch] float32 in [0, 1], the paper's epsilon; 0 keeps every class.

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Hewitt et al. 2022, arXiv:2210.15191, eta sampling with alpha = sqrt(epsilon).
    """
    log_eta = tf.math.log(per_melody(eta))
    return _keep_above(logits, tf.minimum(log_eta, log_eta / 2 - entropy(logits)[:, tf.newaxis]))


def _keep_above(logits: tf.Tensor, log_probability: tf.Tensor) -> tf.Tensor:
    """Keeps what is at least so likely, and the likeliest."""
    is_likeliest = logits == tf.reduce_max(logits, axis=1, keepdims=True)
    return _keep(logits, is_likeliest | (log_softmax(logits) >= log_probability))


def _keep_mass(logits: tf.Tensor, order: tf.Tensor, mass: tf.Tensor) -> tf.Tensor:
    """Keeps the first classes by `order` [batch, num_classes], the largest first, that hold the probability `mass`."""
    mass = per_melody(mass)
    mass_before = tf.reduce_sum(tf.where(_comes_before(order), softmax(logits)[:, :, tf.newaxis], 0.0), axis=1)
    # A sum of float32 can reach 1 early: 1 must keep every class.
    return _keep(logits, (mass_before < mass) | (mass >= 1))


def _comes_before(order: tf.Tensor) -> tf.Tensor:
    """Returns whether class j comes before class i, the largest first, [batch, j, i] bool; of equals the lower one."""
    others, ours = order[:, :, tf.newaxis], order[:, tf.newaxis, :]
    classes = tf.range(order.shape[1])
    return (others > ours) | ((others == ours) & (classes[:, tf.newaxis] < classes))


def _keep(logits: tf.Tensor, is_kept: tf.Tensor) -> tf.Tensor:
    return tf.where(is_kept, logits, -float("inf"))
