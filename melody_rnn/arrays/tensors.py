"""The functions of `melody_rnn.arrays` for tensors: TensorFlow's under NumPy's names, with NumPy's arguments."""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow import (
    abs,
    concat,
    exp,
    float32,
    float64,
    int32,
    maximum,
    minimum,
    reshape,
    tile,
    where,
    zeros_like,
)
from tensorflow import (
    cast as asarray,
)
from tensorflow import (
    range as arange,
)
from tensorflow import (
    reduce_all as all,
)
from tensorflow import (
    reduce_any as any,
)
from tensorflow import (
    reduce_logsumexp as logsumexp,
)
from tensorflow import (
    reduce_max as max,
)
from tensorflow import (
    reduce_min as min,
)
from tensorflow import (
    reduce_sum as sum,
)
from tensorflow.math import is_finite as isfinite
from tensorflow.math import log, top_k
from tensorflow.nn import log_softmax, softmax

__all__ = [
    "abs",
    "all",
    "any",
    "arange",
    "asarray",
    "concat",
    "exp",
    "float32",
    "float64",
    "int32",
    "isfinite",
    "log",
    "log_softmax",
    "logsumexp",
    "max",
    "maximum",
    "min",
    "minimum",
    "pad",
    "reshape",
    "softmax",
    "sum",
    "take",
    "take_along_axis",
    "tile",
    "top_k",
    "where",
    "zeros_like",
]


def pad(tensor: tf.Tensor, widths: Sequence[Sequence[int]], constant_values: float = 0) -> tf.Tensor:
    """Returns a tensor with constants before and after it, as many as `widths` says of each axis."""
    return tf.pad(tensor, widths, constant_values=constant_values)


def take(tensor: tf.Tensor, indices: tf.Tensor, axis: int = 0) -> tf.Tensor:
    """Returns what stands at places of an axis."""
    return tf.gather(tensor, indices, axis=axis)


def take_along_axis(tensor: tf.Tensor, indices: tf.Tensor, axis: int) -> tf.Tensor:
    """Returns what stands at each row's own places; both have the same axes before `axis`, which is the last one."""
    return tf.gather(tensor, indices, axis=axis, batch_dims=axis)


def batch_axes(make_state: Callable[[int], Any]) -> Any:
    """Returns which axis of each tensor of a state is the batch, or -1 where it has none; the state by batch size."""

    def axis(of_two: tf.Tensor, of_three: tf.Tensor) -> int:
        return next(
            (i for i, (two, three) in enumerate(zip(of_two.shape, of_three.shape, strict=True)) if two != three), -1
        )

    return tf.nest.map_structure(axis, make_state(2), make_state(3))
