"""The sampler: its settings, the distribution that they make of logits, and the draw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.sampling.temperature import temper
from melody_rnn.sampling.truncation import keep_min_p, keep_top_k, keep_top_p

Setting = float | Sequence[float]
Values = Any
"""An array or tensor [batch]."""


class Controls(NamedTuple):
    """The settings as the compiled loop takes them: one value a melody; None leaves a step out of the graph.

    Attributes:
        temperature: [batch] float32.
        top_k: [batch] int32 or None.
        top_p: [batch] float32 or None.
        min_p: [batch] float32 or None.
    """

    temperature: Values
    top_k: Values | None = None
    top_p: Values | None = None
    min_p: Values | None = None


@dataclass(frozen=True)
class SamplerSettings:
    """How events are chosen; each field is one value for all melodies or one for each.

    Attributes:
        temperature: Finite, at least 0; 1 is the model's own distribution, 0 always takes the likeliest event.
        top_k: At least 1, or None for off.
        top_p: In (0, 1], or None for off.
        min_p: In [0, 1], or None for off.
    """

    temperature: Setting = 1.0
    top_k: int | Sequence[int] | None = None
    top_p: Setting | None = None
    min_p: Setting | None = None

    def __post_init__(self) -> None:
        _check("temperature", self.temperature, "a finite number of at least 0", lambda t: t >= 0)
        _check("top_k", self.top_k, "a whole number of at least 1", lambda k: k >= 1 and k == int(k))
        _check("top_p", self.top_p, "above 0 and at most 1", lambda p: 0 < p <= 1)
        _check("min_p", self.min_p, "from 0 to 1", lambda p: 0 <= p <= 1)

    def controls(self, num_melodies: int) -> Controls:
        """Returns the settings of `num_melodies` melodies.

        Raises:
            InvalidArgumentError: If a setting has another number of values.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return Controls(**{name: _spread(name, value, num_melodies) for name, value in values.items()})


def transform(logits: tf.Tensor, controls: Controls) -> tf.Tensor:
    """Applies temperature, top-k, top-p and min-p, in this order.

    Args:
        logits: [batch, num_classes] float32; -inf for a class that must not be chosen.
        controls: One value a melody.

    Returns:
        [batch, num_classes] float32 logits whose softmax is the distribution that is drawn from.
    """
    logits = temper(logits, controls.temperature)
    if controls.top_k is not None:
        logits = keep_top_k(logits, controls.top_k)
    if controls.top_p is not None:
        logits = keep_top_p(logits, controls.top_p)
    if controls.min_p is not None:
        logits = keep_min_p(logits, controls.min_p)
    return logits


def fill_with_noise(noise: NDArray[np.float32], seed: int, index: int) -> None:
    """Fills in the randomness of one melody, a function of the seed and of the melody's index alone.

    Args:
        noise: [num_draws, num_classes] float32, becomes uniform in [0, 1). Each draw keeps its noise when there are
            more of them.
        seed: Of the run, not negative.
        index: Which melody of the run this is, not negative.
    """
    np.random.Generator(np.random.Philox(key=[seed, index])).random(out=noise, dtype=np.float32)


def gumbel(uniform: tf.Tensor) -> tf.Tensor:
    """Returns standard Gumbel noise, float32, from uniform noise of any shape."""
    return -tf.math.log(-tf.math.log(uniform))


def draw(logits: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Draws a class from softmax(logits) by the Gumbel-max trick.

    Args:
        logits: [batch, num_classes] float32; a class of -inf is never drawn.
        noise: [batch, num_classes] float32 from `gumbel`.

    Returns:
        [batch] int32 classes.

    Source: Maddison et al. 2014, arXiv:1411.0030.
    """
    perturbed = logits + noise
    # An argmax, but XLA runs the two plain reductions several times faster.
    num_classes = perturbed.shape[1]
    is_largest = perturbed == tf.reduce_max(perturbed, axis=1, keepdims=True)
    return tf.reduce_min(tf.where(is_largest, tf.range(num_classes), num_classes - 1), axis=1)


def _check(name: str, setting: Setting | None, limit: str, is_valid: object) -> None:
    if setting is None:
        return
    for value in setting if isinstance(setting, Sequence) else [setting]:
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number or not is_valid(value):  # type: ignore[operator]
            raise InvalidArgumentError(f"{name} must be {limit}, got {value}")


def _spread(name: str, setting: Setting | None, num_melodies: int) -> Values | None:
    if setting is None:
        return None
    values = list(setting) if isinstance(setting, Sequence) else [setting] * num_melodies
    if len(values) != num_melodies:
        raise InvalidArgumentError(
            f"{name} must be one number or one for each of the {num_melodies} melodies, got {len(values)} numbers"
        )
    return np.array(values, np.int32 if name == "top_k" else np.float32)
