"""The sampler: its settings, the distribution that they make of logits, and the draw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import tensorflow as tf

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.sampling.temperature import temper
from melody_rnn.sampling.truncation import keep_min_p, keep_top_k, keep_top_p

Setting = float | Sequence[float]


class Controls(NamedTuple):
    """The settings as the compiled loop takes them: one value a melody; None leaves a step out of the graph.

    Attributes:
        temperature: [batch] float32.
        top_k: [batch] int32 or None.
        top_p: [batch] float32 or None.
        min_p: [batch] float32 or None.
    """

    temperature: tf.Tensor
    top_k: tf.Tensor | None = None
    top_p: tf.Tensor | None = None
    min_p: tf.Tensor | None = None


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


def gumbel_noise(seed: tf.Tensor, indices: tf.Tensor, num_steps: int, num_classes: int) -> tf.Tensor:
    """Returns the randomness of some melodies, a function of the seed and of each melody's index alone.

    Args:
        seed: [] int64.
        indices: [batch] int64, which melodies of the run these are.
        num_steps: Number of draws. Melody and draw keep their noise when it grows.
        num_classes: Number of classes.

    Returns:
        [num_steps, batch, num_classes] float32 of the standard Gumbel distribution.
    """

    def one_melody(index: tf.Tensor) -> tf.Tensor:
        # Zero would give an infinite noise, which could lift a class out of a probability of 0.
        tiny = tf.float32.as_numpy_dtype(2.0**-126)
        shape, key = [num_steps, num_classes], tf.stack([seed, index])
        return tf.random.stateless_uniform(shape, key, minval=tiny, alg="philox")

    uniform = tf.map_fn(one_melody, indices, fn_output_signature=tf.TensorSpec([num_steps, num_classes]))
    return tf.transpose(-tf.math.log(-tf.math.log(uniform)), [1, 0, 2])


def draw(logits: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Draws a class from softmax(logits) by the Gumbel-max trick.

    Args:
        logits: [batch, num_classes] float32; a class of -inf is never drawn.
        noise: [batch, num_classes] float32 from `gumbel_noise`.

    Returns:
        [batch] int32 classes.

    Source: Maddison et al. 2014, arXiv:1411.0030.
    """
    return tf.argmax(logits + noise, axis=1, output_type=tf.int32)


def _check(name: str, setting: Setting | None, limit: str, is_valid: object) -> None:
    if setting is None:
        return
    for value in setting if isinstance(setting, Sequence) else [setting]:
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number or not is_valid(value):  # type: ignore[operator]
            raise InvalidArgumentError(f"{name} must be {limit}, got {value}")


def _spread(name: str, setting: Setting | None, num_melodies: int) -> tf.Tensor | None:
    if setting is None:
        return None
    values = list(setting) if isinstance(setting, Sequence) else [setting] * num_melodies
    if len(values) != num_melodies:
        raise InvalidArgumentError(
            f"{name} must be one number or one for each of the {num_melodies} melodies, got {len(values)} numbers"
        )
    return tf.constant(values, tf.int32 if name == "top_k" else tf.float32)
