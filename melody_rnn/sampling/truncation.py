"""Truncation: classes that are too unlikely get -inf, the others keep their logits.

Each function takes logits [batch, num_classes] float32 and one value, or one for each melody, and always leaves a
class: the likeliest one, and of locally typical sampling the most typical one.

Classes are compared pair by pair and never sorted: there are some forty of them, and XLA sorts rows that short many
times slower than it compares all their pairs.
"""

from typing import Final

import numpy as np

from melody_rnn.arrays import Array, namespace
from melody_rnn.sampling.softmax import entropy, log_softmax, per_melody, softmax

_LEAST: Final = float(np.finfo(np.float32).tiny)


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


def keep_above_collisions(logits: Array, p_less: Array) -> Array:
    """Keeps the classes with a probability of at least `p_less` times sum(p^2), and the likeliest.

    The sum is the probability that two draws agree: high where the model is sure.

    Args:
        logits: [batch, num_classes] float32.
        p_less: [] or [batch] float32 in [0, 1]; 1 is the paper's, which has no parameter, 0 keeps every class.

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Tan et al. 2025, arXiv:2509.23234.
    """
    xp = namespace(logits)
    probabilities = softmax(logits)
    collisions = xp.sum(probabilities * probabilities, axis=1, keepdims=True)
    return _keep_above(logits, xp.log(per_melody(p_less) * collisions))


def keep_sigmas(logits: Array, top_n_sigma: Array) -> Array:
    """Keeps the classes whose logits are at most `top_n_sigma` standard deviations below the largest.

    The deviation is that of the classes that are not masked. A temperature changes nothing in what is kept.

    Args:
        logits: [batch, num_classes] float32.
        top_n_sigma: [] or [batch] float32 above 0.

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Tang et al. 2024, arXiv:2411.07641.
    """
    xp = namespace(logits)
    is_possible = logits > -float("inf")
    count = xp.maximum(xp.sum(xp.asarray(is_possible, xp.float32), axis=1, keepdims=True), 1.0)
    depth = xp.where(is_possible, xp.max(logits, axis=1, keepdims=True) - logits, 0.0)
    mean = xp.sum(depth, axis=1, keepdims=True) / count
    deviation = xp.where(is_possible, depth - mean, 0.0)
    variance = xp.sum(deviation * deviation, axis=1, keepdims=True) / count
    return _keep(logits, is_possible & (depth <= per_melody(top_n_sigma) * variance**0.5))


def keep_entropy(logits: Array, top_h: Array) -> Array:
    """Keeps the likeliest classes, as many as have an entropy of at most `top_h` times that of all; at least one.

    Args:
        logits: [batch, num_classes] float32.
        top_h: [] or [batch] float32 in (0, 1]; 1 keeps every class.

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    The entropy of the kept ones is that of their own distribution, renormalised. The authors' program compares
    sums of -p log p as they are, which is stricter.

    Source: Potraghloo et al. 2025, arXiv:2509.02510, the greedy algorithm; their share is 0.4.
    """
    xp, share = namespace(logits), per_melody(top_h)
    probabilities = softmax(logits)
    terms = xp.where(probabilities > 0, -log_softmax(logits), 0.0) * probabilities
    is_before = _comes_before(logits)
    mass, sums = (
        xp.sum(xp.where(is_before, part[:, :, np.newaxis], 0.0), axis=1) + part for part in (probabilities, terms)
    )
    entropies = sums / xp.maximum(mass, _LEAST) + xp.log(xp.maximum(mass, _LEAST))
    is_first = ~xp.any(is_before, axis=1)
    total = xp.sum(terms, axis=1, keepdims=True)
    return _keep(logits, is_first | (entropies <= share * total) | (share >= 1))


def exclude_top_choices(logits: Array, between: Array) -> Array:
    """Excludes, in a share of all steps, the classes that are likely enough, but for the least likely of them.

    Which steps these are is not drawn: the two distributions are mixed, of which a draw is the same.

    Args:
        logits: [batch, num_classes] float32.
        between: [batch, 2] float32, each in [0, 1]: the share of steps, and the probability from which on a class
            counts as a choice. A share of 0 changes nothing, nor do steps with fewer than two choices.

    Returns:
        [batch, num_classes] float32.

    Source: XTC ('exclude top choices'), p-e-w 2024, text-generation-webui, pull request 6335.
    """
    xp, share = namespace(logits), per_melody(between[:, 0])
    probabilities = softmax(logits)
    is_possible = logits > -float("inf")
    is_choice = is_possible & (probabilities >= per_melody(between[:, 1]))
    comes_after = xp.any(_comes_before(logits) & is_choice[:, np.newaxis, :], axis=2)
    without = softmax(xp.where(is_choice & comes_after, -float("inf"), logits))
    mixed = xp.log((1 - share) * probabilities + share * without)
    return xp.where((share > 0) & is_possible, mixed, logits)


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
