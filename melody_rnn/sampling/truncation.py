"""Truncation: classes that are too unlikely get -inf, the others keep their logits.

Each function takes logits [batch, num_classes] float32 and one value, or one for each melody, and never removes the
likeliest class.
"""

import tensorflow as tf

from melody_rnn.sampling.temperature import per_melody, softmax


def keep_top_k(logits: tf.Tensor, top_k: tf.Tensor) -> tf.Tensor:
    """Keeps the `top_k` likeliest classes.

    Args:
        logits: [batch, num_classes] float32.
        top_k: [] or [batch] int32, at least 1. Of equal logits the lower class comes first.

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Fan et al. 2018, arXiv:1805.04833.
    """
    return _keep(logits, _ranks(logits) < per_melody(top_k, tf.int32))


def keep_top_p(logits: tf.Tensor, top_p: tf.Tensor) -> tf.Tensor:
    """Keeps the smallest set of likeliest classes whose probabilities sum to at least `top_p`.

    Args:
        logits: [batch, num_classes] float32.
        top_p: [] or [batch] float32 in (0, 1].

    Returns:
        [batch, num_classes] float32 with -inf for what is dropped.

    Source: Holtzman et al. 2020, arXiv:1904.09751.
    """
    probabilities = softmax(logits)
    likeliest_first = tf.sort(probabilities, axis=1, direction="DESCENDING")
    mass_before = tf.cumsum(likeliest_first, axis=1, exclusive=True)
    num_kept = tf.reduce_sum(tf.cast(mass_before < per_melody(top_p), tf.int32), axis=1)
    # A sum of float32 can end below 1, or reach it early: 1 must keep every class.
    num_kept = tf.where(tf.reshape(per_melody(top_p) >= 1, [-1]), tf.shape(logits)[1], num_kept)
    return keep_top_k(logits, num_kept)


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


def _keep(logits: tf.Tensor, is_kept: tf.Tensor) -> tf.Tensor:
    return tf.where(is_kept, logits, -float("inf"))


def _ranks(logits: tf.Tensor) -> tf.Tensor:
    """Returns each class's place, 0 for the likeliest, [batch, num_classes] int32."""
    order = tf.argsort(logits, axis=1, direction="DESCENDING", stable=True)
    return tf.argsort(order, axis=1)
