"""The functions of `melody_rnn.arrays` for NumPy arrays: NumPy's own, and what TensorFlow does besides."""

from typing import Any

import numpy as np
from numpy import (
    abs,
    all,
    any,
    arange,
    asarray,
    concat,
    exp,
    float32,
    float64,
    int32,
    isfinite,
    max,
    maximum,
    min,
    minimum,
    pad,
    reshape,
    sum,
    take,
    take_along_axis,
    tile,
    where,
    zeros_like,
)
from numpy.typing import NDArray

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


def log(values: NDArray[Any]) -> NDArray[Any]:
    """Returns natural logarithms, -inf of 0."""
    with np.errstate(divide="ignore"):
        logarithms: NDArray[Any] = np.log(values)
    return logarithms


def softmax(logits: NDArray[Any]) -> NDArray[Any]:
    """Returns probabilities along the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    probabilities: NDArray[Any] = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def log_softmax(logits: NDArray[Any]) -> NDArray[Any]:
    """Returns the natural logarithms of `softmax(logits)`."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    logarithms: NDArray[Any] = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return logarithms


def logsumexp(values: NDArray[Any], axis: int = -1, keepdims: bool = False) -> NDArray[Any]:
    """Returns log(sum(exp(values))) along an axis; -inf where all of them are."""
    largest = values.max(axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, values.dtype.type(0))
    sums: NDArray[Any] = log(np.exp(values - largest).sum(axis=axis, keepdims=True)) + largest
    return sums if keepdims else sums.squeeze(axis)


def top_k(values: NDArray[Any], k: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Returns the k largest values of the last axis, the largest first, and their places; of equals the first."""
    places: NDArray[np.int64] = np.argsort(-values, axis=-1, kind="stable")[..., :k]
    return np.take_along_axis(values, places, axis=-1), places
