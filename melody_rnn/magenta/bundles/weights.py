"""Magenta's arrays to ours and back: shapes checked, gates put into Keras's order, the forget bias added."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from melody_rnn.config import AttentionLayout
from melody_rnn.errors import ModelError
from melody_rnn.magenta.bundles.naming import Naming

Weights = dict[str, NDArray[np.float32]]
Shape = tuple[int, ...]


def layer_sizes(naming: Naming, variables: Mapping[str, NDArray[Any]]) -> tuple[int, ...]:
    """Returns the units of each LSTM layer, read from the shapes of its bias."""
    biases = [variables[naming.names[f"lstm_{i}/bias"]] for i in range(naming.num_layers)]
    return tuple(bias.size // 4 for bias in biases)


def input_and_output_size(naming: Naming, variables: Mapping[str, NDArray[Any]]) -> tuple[int, int]:
    """Returns the width of the network's inputs and the number of its labels, read from the shapes."""
    kernel, bias = (variables[naming.names[name]] for name in ("lstm_0/kernel", "logits/bias"))
    rows = kernel.shape[0] if kernel.ndim else 0
    return rows - layer_sizes(naming, variables)[0], bias.size


def num_wrapped_layers(layout: AttentionLayout | None, num_layers: int) -> int:
    """Returns how many layers the attention wraps."""
    return {None: 0, "first_layer": 1, "stack": num_layers}[layout]


def check_shapes(naming: Naming, variables: Mapping[str, NDArray[Any]]) -> None:
    """Checks that the weights fit together and are finite numbers.

    Raises:
        ModelError: If one has another shape or dtype than the others ask for, or holds NaN or infinity.
    """
    sizes = layer_sizes(naming, variables)
    shapes = _lstm_shapes(sizes, *input_and_output_size(naming, variables))
    if wrapped := num_wrapped_layers(naming.layout, len(sizes)):
        shapes |= _attention_shapes(sizes[:wrapped], input_and_output_size(naming, variables)[0])
    for ours, theirs in naming.names.items():
        array = variables[theirs]
        if array.shape != shapes[ours] or min(shapes[ours]) < 1:
            raise ModelError(f"the weights {theirs} have shape {array.shape}, the others ask for {shapes[ours]}")
        if array.dtype != np.float32:
            raise ModelError(f"the weights {theirs} are {array.dtype} instead of float32; give an unchanged bundle")
        if not np.isfinite(array).all():
            raise ModelError(f"the weights {theirs} hold NaN or infinity: training went astray; give another bundle")


def convert_weights(naming: Naming, variables: Mapping[str, NDArray[Any]]) -> Weights:
    """Converts checked variables to the network's weights.

    BasicLSTMCell has one kernel [input + units, 4 * units] for input and state, its gates in the order i, c, f, o,
    and adds the forget bias at run time; Keras has two kernels and the order i, f, c, o.

    Args:
        naming: The variables' names.
        variables: Every variable by the bundle's name.

    Returns:
        The weights by the names that `MelodyNetwork.assign_by_name` takes, float32.
    """
    weights: Weights = {}
    for ours, theirs in naming.names.items():
        layer, _, part = ours.partition("/")
        array = variables[theirs]
        if ours == "attention/memory_kernel":
            weights[ours] = array[0, 0]
        elif layer.startswith("lstm") and part == "kernel":
            units = array.shape[1] // 4
            reordered = _keras_gates(array)
            weights[ours] = reordered[:-units]
            weights[f"{layer}/recurrent_kernel"] = reordered[-units:]
        elif layer.startswith("lstm"):
            weights[ours] = _keras_gates(array, naming.era.forget_bias)
        else:
            weights[ours] = array
    return {name: np.ascontiguousarray(array) for name, array in weights.items()}


def revert_weights(naming: Naming, weights: Mapping[str, NDArray[np.float32]]) -> Weights:
    """Converts a network's weights to variables by the bundle's names; the inverse of `convert_weights`.

    Args:
        naming: The variables' names.
        weights: An array for each name of `MelodyNetwork.variables_by_name`.
    """
    variables: Weights = {}
    for ours, theirs in naming.names.items():
        layer, _, part = ours.partition("/")
        array = weights[ours]
        if ours == "attention/memory_kernel":
            array = array[np.newaxis, np.newaxis]
        elif layer.startswith("lstm") and part == "kernel":
            array = _magenta_gates(np.concatenate([array, weights[f"{layer}/recurrent_kernel"]]))
        elif layer.startswith("lstm"):
            array = _magenta_gates(array, naming.era.forget_bias)
        variables[theirs] = np.ascontiguousarray(array)
    return variables


def _magenta_gates(array: NDArray[np.float32], forget_bias: float = 0.0) -> NDArray[np.float32]:
    """Reorders the gates along the last axis from i, f, c, o to i, c, f, o."""
    i, f, c, o = np.split(array, 4, axis=-1)
    return np.concatenate([i, c, f - np.float32(forget_bias), o], axis=-1)


def _keras_gates(array: NDArray[np.float32], forget_bias: float = 0.0) -> NDArray[np.float32]:
    """Reorders the gates along the last axis from i, c, f, o to i, f, c, o."""
    i, c, f, o = np.split(array, 4, axis=-1)
    return np.concatenate([i, f + np.float32(forget_bias), c, o], axis=-1)


def _lstm_shapes(sizes: Sequence[int], input_size: int, num_classes: int) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {"logits/kernel": (sizes[-1], num_classes), "logits/bias": (num_classes,)}
    for i, (width, units) in enumerate(zip((input_size, *sizes), sizes, strict=False)):
        shapes[f"lstm_{i}/kernel"] = (width + units, 4 * units)
        shapes[f"lstm_{i}/bias"] = (4 * units,)
    return shapes


def _attention_shapes(wrapped_sizes: Sequence[int], input_size: int) -> dict[str, Shape]:
    size = wrapped_sizes[-1]
    return {
        "attention/input_kernel": (input_size + size, input_size),
        "attention/input_bias": (input_size,),
        "attention/query_kernel": (2 * sum(wrapped_sizes), size),
        "attention/query_bias": (size,),
        "attention/memory_kernel": (1, 1, size, size),
        "attention/score_vector": (size,),
        "attention/output_kernel": (2 * size, size),
        "attention/output_bias": (size,),
    }
