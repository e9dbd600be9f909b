"""Truncation: classes that are too unlikely get -inf, the others keep their logits.

Each function takes logits [batch, num_classes] float32 and one value, or one for each melody, and always leaves a
class: the likeliest one, and of locally typical sampling the most typical one.

Classes are compared pair by pair and never sorted: there are some forty of them, and XLA sorts rows that short many
times slower than it compares all their pairs.
"""

import numpy as np

from melody_rnn.arrays import Array, namespace
from melody_rnn.sampling.temperature import entropy, log_softmax, per_melody, softmax


def keep_top_k(logits: Array, top_k: Array) -> Array:
    """Keeps the `top_k` likeliest classes.

    Args:
        logits: [batch, num_classes] float32.
        top_k: [] or [batch] int32, at least 1. Of equal logits the lower class comes first.

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Fan et al. 2018, arXiv:1805.04833.
    """
    xp = namespace(logits)
    rank = xp.sum(xp.asarray(_comes_before(logits), xp.int32), axis=1)
    return _keep(logits, rank < per_melody(top_k, "int32"))


def keep_top_p(logits: Array, top_p: Array) -> Array:
    """Keeps the smallest set of likeliest classes whose probabilities sum to at least `top_p`.

    Args:
        logits: [batch, num_classes] float32.
        top_p: [] or [batch] float32 in (0, 1].

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Holtzman et al. 2020, arXiv:1904.09751.
    """
    return _keep_mass(logits, logits, top_p)


def keep_min_p(logits: Array, min_p: Array) -> Array:
    """Keeps the classes that are at least `min_p` times as likely as the likeliest one.

    Args:
        logits: [batch, num_classes] float32.
        min_p: [] or [batch] float32 in [0, 1]; 0 keeps every class.

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Nguyen et al. 2024, arXiv:2407.01082.
    """
    xp = namespace(logits)
    largest = xp.max(logits, axis=1, keepdims=True)
    return _keep(logits, logits >= largest + xp.log(per_melody(min_p)))


def keep_typical(logits: Array, typical_p: Array) -> Array:
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
    distance = namespace(logits).abs(-log_softmax(logits) - entropy(logits)[:, np.newaxis])
    return _keep_mass(logits, -distance, typical_p)


def keep_above_epsilon(logits: Array, epsilon: Array) -> Array:
    """Keeps the classes with a probability of at least `epsilon`, and the likeliest.

    Args:
        logits: [batch, num_classes] float32.
        epsilon: [] or [batch] float32 in [0, 1]; 0 keeps every class.

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Hewitt et al. 2022, arXiv:2210.15191, epsilon sampling.
    """
    return _keep_above(logits, namespace(logits).log(per_melody(epsilon)))


def keep_above_eta(logits: Array, eta: Array) -> Array:
    """Keeps the classes with a probability of at least min(eta, sqrt(eta) exp(-H)), and the likeliest.

    H is the distribution's entropy in nats: where many classes are likely, less likely ones may stay.

    Args:
        logits: [batch, num_classes] float32.
        eta: [] or [batch] float32 in [0, 1], the paper's epsilon; 0 keeps every class.

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Hewitt et al. 2022, arXiv:2210.15191, eta sampling with alpha = sqrt(epsilon).
    """
    xp = namespace(logits)
    log_eta = xp.log(per_melody(eta))
    return _keep_above(logits, xp.minimum(log_eta, log_eta / 2 - entropy(logits)[:, np.newaxis]))


def _keep_above(logits: Array, log_probability: Array) -> Array:
    """Keeps what is at least so likely, and the likeliest."""
    is_likeliest = logits == namespace(logits).max(logits, axis=1, keepdims=True)
    return _keep(logits, is_likeliest | (log_softmax(logits) >= log_probability))


def _keep_mass(logits: Array, order: Array, mass: Array) -> Array:
    """Keeps the first classes by `order` [batch, num_classes], the largest first, that hold the probability `mass`."""
    xp, mass = namespace(logits), per_melody(mass)
    mass_before = xp.sum(xp.where(_comes_before(order), softmax(logits)[:, :, np.newaxis], 0.0), axis=1)
    # A sum of float32 can reach 1 early: 1 must keep every class.
    return _keep(logits, (mass_before < mass) | (mass >= 1))


def _comes_before(order: Array) -> Array:
    """Returns whether class j comes before class i, the largest first, [batch, j, i] bool; of equals the lower one."""
    others, ours = order[:, :, np.newaxis], order[:, np.newaxis, :]
    classes = namespace(order).arange(order.shape[1])
    return (others > ours) | ((others == ours) & (classes[:, np.newaxis] < classes))


def _keep(logits: Array, is_kept: Array) -> Array:
    return namespace(logits).where(is_kept, logits, -float("inf"))
