"""The metagraph of a bundle: the network as a TensorFlow 1 graph, with the collections that Magenta looks for.

Source: Magenta's `get_build_graph_fn` in mode 'generate' (models/shared/events_rnn_graph.py), `BasicLSTMCell`, and
`AttentionCellWrapper` (contrib/rnn.py). Its operations are those that TensorFlow 2.9 knows as well as today's.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.magenta.bundles.naming import Naming
from melody_rnn.magenta.bundles.weights import layer_sizes, num_wrapped_layers

State = tuple[tf.Tensor, ...]


def make_metagraph(
    naming: Naming, variables: Mapping[str, NDArray[np.float32]], attention_length: int, batch_size: int
) -> bytes:
    """Returns a serialised MetaGraphDef that runs the network on whole sequences.

    Its collections are `inputs` [batch, steps, input_size], `temperature` [], `softmax` [batch, steps, num_classes],
    and `initial_state` and `final_state`: c and h of each layer, and of an attention what it read last [batch, size]
    and its window, oldest row first [batch, length * size].

    Args:
        naming: The variables' names.
        variables: Every variable by the bundle's name; only their shapes matter.
        attention_length: Steps that the attention window spans; 0 for no attention.
        batch_size: Melodies that the graph takes at once.
    """
    with tf.Graph().as_default():
        shapes = {ours: variables[theirs].shape for ours, theirs in naming.names.items()}
        network = _Network(naming, shapes, layer_sizes(naming, variables), attention_length)
        inputs = tf.compat.v1.placeholder(tf.float32, [batch_size, None, network.input_size], "inputs")
        temperature = tf.compat.v1.placeholder(tf.float32, [], "temperature")
        initial_state = tuple(tf.zeros([batch_size, width], name="initial_state") for width in network.state_widths)
        logits, final_state = network.forward(inputs, initial_state)
        tf.compat.v1.add_to_collection("inputs", inputs)
        tf.compat.v1.add_to_collection("temperature", temperature)
        tf.compat.v1.add_to_collection("softmax", tf.nn.softmax(logits / temperature, name="softmax"))
        for name, state in (("initial_state", initial_state), ("final_state", final_state)):
            for part in state:
                tf.compat.v1.add_to_collection(name, part)
        saver = tf.compat.v1.train.Saver(write_version=tf.compat.v1.train.SaverDef.V1)
        content: bytes = saver.export_meta_graph(strip_default_attrs=True).SerializeToString()
        return content


class _Network:
    """The network's variables in the graph that is being built, and its operations."""

    def __init__(
        self, naming: Naming, shapes: Mapping[str, tuple[int, ...]], sizes: Sequence[int], attention_length: int
    ) -> None:
        self._variables = {
            ours: tf.compat.v1.get_variable(
                theirs, shapes[ours], initializer=tf.compat.v1.zeros_initializer(), use_resource=False
            )
            for ours, theirs in naming.names.items()
        }
        self._sizes = sizes
        self._length = attention_length
        self._num_wrapped = num_wrapped_layers(naming.layout, len(sizes))
        self.input_size = shapes["lstm_0/kernel"][0] - sizes[0]
        self.num_classes = shapes["logits/bias"][0]
        wrapped, others = (
            [width for size in part for width in (size, size)]
            for part in (sizes[: self._num_wrapped], sizes[self._num_wrapped :])
        )
        if wrapped:
            wrapped += [wrapped[-1], attention_length * wrapped[-1]]
        self._num_wrapped_states = len(wrapped)
        self.state_widths = [*wrapped, *others]

    def forward(self, inputs: tf.Tensor, initial_state: State) -> tuple[tf.Tensor, State]:
        """Returns the logits [batch, steps, num_classes] and the state after the last step."""
        batch_size, num_steps = inputs.shape[0], tf.shape(inputs)[1]
        sources = tf.TensorArray(tf.float32, num_steps, element_shape=[batch_size, self.input_size])
        sources = sources.unstack(tf.transpose(inputs, [1, 0, 2]))
        outputs = tf.TensorArray(tf.float32, num_steps, element_shape=[batch_size, self._sizes[-1]])

        def body(t: tf.Tensor, outputs: tf.TensorArray, *state: tf.Tensor) -> tuple[Any, ...]:
            output, new_state = self._step(sources.read(t), state)
            return t + 1, outputs.write(t, output), *new_state

        _, outputs, *final_state = tf.while_loop(
            lambda t, *_: t < num_steps, body, (tf.constant(0), outputs, *initial_state), parallel_iterations=1
        )
        flat = tf.reshape(tf.transpose(outputs.stack(), [1, 0, 2]), [-1, self._sizes[-1]])
        logits = self._linear(flat, "logits/kernel", "logits/bias")
        return tf.reshape(logits, [batch_size, -1, self.num_classes]), tuple(final_state)

    def _step(self, hidden: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        """Returns the last layer's output [batch, units] and the state after a step."""
        states: list[tf.Tensor] = []
        if self._num_wrapped:
            hidden, wrapped = self._attend(hidden, state[: self._num_wrapped_states])
            states += wrapped
        hidden, rest = self._lstms(hidden, state[self._num_wrapped_states :], self._num_wrapped)
        return hidden, (*states, *rest)

    def _lstms(self, hidden: tf.Tensor, state: State, first: int) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Runs as many layers as `state` has, from layer `first` on."""
        states: list[tf.Tensor] = []
        for i, (c, h) in enumerate(zip(state[::2], state[1::2], strict=True), start=first):
            joined = self._linear(tf.concat([hidden, h], 1), f"lstm_{i}/kernel", f"lstm_{i}/bias")
            input_gate, candidate, forget_gate, output_gate = tf.split(joined, 4, axis=1)
            c = c * tf.sigmoid(forget_gate + 1.0) + tf.sigmoid(input_gate) * tf.tanh(candidate)
            hidden = tf.tanh(c) * tf.sigmoid(output_gate)
            states += [c, hidden]
        return hidden, states

    def _attend(self, inputs: tf.Tensor, state: State) -> tuple[tf.Tensor, list[tf.Tensor]]:
        *lstm_state, context, window = state
        size = context.shape[1]
        hidden = self._linear(tf.concat([inputs, context], 1), "attention/input_kernel", "attention/input_bias")
        hidden, states = self._lstms(hidden, tuple(lstm_state), 0)
        query = self._linear(tf.concat(states, 1), "attention/query_kernel", "attention/query_bias")
        kernel = tf.reshape(self._variables["attention/memory_kernel"], [size, size])
        projected = tf.reshape(tf.matmul(tf.reshape(window, [-1, size]), kernel), [-1, self._length, size])
        answers = tf.tanh(projected + query[:, tf.newaxis])
        weights = tf.nn.softmax(tf.reduce_sum(self._variables["attention/score_vector"] * answers, 2))
        rows = tf.reshape(window, [-1, self._length, size])
        context = tf.reduce_sum(weights[:, :, tf.newaxis] * rows, 1)
        output = self._linear(tf.concat([hidden, context], 1), "attention/output_kernel", "attention/output_bias")
        return output, [*states, context, tf.concat([window[:, size:], output], 1)]

    def _linear(self, inputs: tf.Tensor, kernel: str, bias: str) -> tf.Tensor:
        return tf.matmul(inputs, self._variables[kernel]) + self._variables[bias]
