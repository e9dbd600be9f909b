"""Writes a model's step as a LiteRT file: the encoding's step and the network's, the code that training folds.

Everything goes in and out as float32 with at least one axis, and is cast inside: in browsers, LiteRT.js gives zeros
for int32 inputs and refuses booleans and scalars. It refuses free sizes too, so the file says that the batch is 1; no
operation in it relies on that, and whoever wants more melodies resizes its inputs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

from melody_rnn.arrays.tensors import batch_axes
from melody_rnn.config import ModelConfig
from melody_rnn.encodings import Encoding
from melody_rnn.litert.description import StateInfo, Step, StepDescription, TensorInfo, config_digest, digest
from melody_rnn.network.network import MelodyNetwork
from melody_rnn.tunes.cues import cue_names

_GIVEN: Final = {
    "event": "the last event: -2 no event, -1 note off, 0 to 127 note on",
    "steps_per_bar": "steps in a bar",
    "cues": "what is known beforehand of the step after the event: {}",
    "is_first": "1 at the first step, which takes the states as zeros; 0 later",
}
_RESULTS: Final = {
    "logits": "of the labels of the next event; softmax(logits / temperature) are their probabilities",
    "label_events": "the event that each label stands for",
    "label": "the label that the event had, given those before it",
}


def convert_step(config: ModelConfig, encoding: Encoding, network: MelodyNetwork, weights: bytes) -> Step:
    """Returns a model's step.

    Args:
        config: The model's configuration.
        encoding: Its encoding.
        network: Its network.
        weights: The file of the network's weights, for its digest.
    """
    step = _StepFunction(encoding, network)
    content, inputs, outputs = to_litert(step, step.shapes, step.means)
    first_label_events = encoding.label_events(encoding.initial_state(1)).numpy()[0].tolist()
    description = StepDescription(
        config.name,
        inputs,
        outputs,
        step.states,
        tuple(first_label_events),
        encoding.sums_labels,
        config_digest=config_digest(config),
        weights_digest=digest(weights),
        step_digest=digest(content),
    )
    return Step(description, content)


def to_litert(
    function: Callable[..., Any], shapes: Mapping[str, Sequence[int | None]], means: Mapping[str, str]
) -> tuple[bytes, tuple[TensorInfo, ...], tuple[TensorInfo, ...]]:
    """Writes a function as a LiteRT file.

    Args:
        function: Takes float32 tensors by name and returns such.
        shapes: Of each that it takes; None is the batch.
        means: What each tensor is that it takes or returns, in words.

    Returns:
        The file, its inputs and its outputs, in its order.
    """
    specs = {name: tf.TensorSpec(shape, tf.float32, name=name) for name, shape in shapes.items()}
    concrete = tf.function(function, autograph=False).get_concrete_function(**specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], tf.Module())
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    content = bytes(converter.convert())
    return _with_batch_of_one(content), *_in_order(content, means)


def _with_batch_of_one(content: bytes) -> bytes:
    """Returns a LiteRT file in which free sizes are 1."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            tensor.shapeSignature = None
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


class _StepFunction:
    """One step of a model as a function of float32 tensors by name.

    Attributes:
        shapes: Of each input.
        states: Which outputs become which inputs.
        means: What each input and output is, in words.
    """

    def __init__(self, encoding: Encoding, network: MelodyNetwork) -> None:
        self._encoding = encoding
        self._network = network
        # Without constants in their place the variables are left out of the file, and nothing says so.
        self._weights = [(variable, tf.constant(variable.numpy())) for variable in network.variables]
        self._one = self._initial(1)
        leaves = dict(_leaves(self._one))
        axes = tf.nest.flatten(batch_axes(self._initial))
        names = [f"{index:02d}" for index in range(len(leaves))]
        self._inputs, self._outputs = [f"state_{name}" for name in names], [f"next_{name}" for name in names]
        self.states = tuple(map(StateInfo, leaves, self._inputs, self._outputs))
        names_of_cues = ", ".join(cue_names(encoding.config))
        self.means: Mapping[str, str] = {**_GIVEN, **_RESULTS, "cues": _GIVEN["cues"].format(names_of_cues)}
        for state in self.states:
            self.means = {**self.means, state.input: state.name, state.output: f"{state.name}, after the event"}
        shapes = [
            [None if place == axis else size for place, size in enumerate(leaf.shape)] or [1]
            for leaf, axis in zip(leaves.values(), axes, strict=True)
        ]
        given: dict[str, Sequence[int | None]] = {"event": [None], "steps_per_bar": [None], "is_first": [1]}
        if encoding.num_cues:
            given["cues"] = [None, encoding.num_cues]
        self.shapes: Mapping[str, Sequence[int | None]] = {**given, **dict(zip(self._inputs, shapes, strict=True))}

    def _initial(self, batch_size: int | tf.Tensor, steps_per_bar: int | tf.Tensor = 1) -> Any:
        return self._encoding.initial_state(batch_size, steps_per_bar), self._network.initial_state(batch_size)

    def __call__(
        self, event: tf.Tensor, steps_per_bar: tf.Tensor, is_first: tf.Tensor, **given: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        event, is_first = tf.cast(event, tf.int32), is_first[0] > 0
        cues = tf.cast(given["cues"], tf.int32) if "cues" in given else tf.zeros([1, 0], tf.int32)
        encoding_state, rnn_state = self._states(event, tf.cast(steps_per_bar, tf.int32), is_first, given)
        label = self._encoding.label(event, encoding_state)
        inputs, encoding_state = self._encoding.step(event, encoding_state, cues)
        with keras.StatelessScope(state_mapping=self._weights):
            logits, rnn_state = self._network.step(inputs, rnn_state)
        results = (logits, self._encoding.label_events(encoding_state), label)
        after = tf.nest.flatten((encoding_state, rnn_state))
        named = [*zip(_RESULTS, results, strict=True), *zip(self._outputs, after, strict=True)]
        return {name: _as_vector(tf.cast(tensor, tf.float32)) for name, tensor in named}

    def _states(
        self, event: tf.Tensor, steps_per_bar: tf.Tensor, is_first: tf.Tensor, given: Mapping[str, tf.Tensor]
    ) -> Any:
        """Returns the states that were given, at the first step the initial ones."""
        initial = tf.nest.flatten(self._initial(tf.shape(event)[0], steps_per_bar))
        states = []
        for name, one, first in zip(self._inputs, tf.nest.flatten(self._one), initial, strict=True):
            state = given[name] if one.shape.rank else given[name][0]
            state = tf.cast(state, one.dtype)
            # Zeros are what is given then.
            states.append(tf.where(is_first, first, state) if np.any(one) else state)
        return tf.nest.pack_sequence_as(self._one, states)


def _leaves(state: Any, path: str = "") -> Iterator[tuple[str, tf.Tensor]]:
    """Yields the tensors of a nested state with their paths, in the order of `tf.nest.flatten`."""
    if not isinstance(state, tuple):
        yield path, state
        return
    names = getattr(state, "_fields", None) or [str(index) for index in range(len(state))]
    if not path:
        names = ["encoding", "network"]
    for name, part in zip(names, state, strict=True):
        yield from _leaves(part, f"{path}.{name}" if path else name)


def _as_vector(tensor: tf.Tensor) -> tf.Tensor:
    return tensor if tensor.shape.rank else tf.reshape(tensor, [1])


def _in_order(content: bytes, means: Mapping[str, str]) -> tuple[tuple[TensorInfo, ...], tuple[TensorInfo, ...]]:
    """Returns the inputs and the outputs of a LiteRT file in the order in which they stand in it."""
    from melody_rnn.litert.run import open_file

    file = open_file(content)
    sides = ((file.interpreter.get_input_details(), file.inputs), (file.interpreter.get_output_details(), file.outputs))
    infos = []
    for details, by_name in sides:
        names = {index: name for name, index in by_name.items()}
        infos.append(
            tuple(
                TensorInfo(name := names[one["index"]], tuple(_size(n) for n in one["shape_signature"]), means[name])
                for one in details
            )
        )
    return infos[0], infos[1]


def _size(size: int) -> int | None:
    return None if size < 0 else int(size)
