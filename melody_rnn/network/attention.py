"""LSTM layers under an attention that reads the layer's own last outputs.

Source: Magenta's `AttentionCellWrapper` (contrib/rnn.py), after Bahdanau et al. 2014, arXiv:1409.0473.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import keras
import tensorflow as tf

from melody_rnn.network import recurrence
from melody_rnn.network.dropout import Dropout
from melody_rnn.network.lstm import LSTM, LSTMState, project
from melody_rnn.sparse_inputs import Features

_ROWS_AT_ONCE: Final = 8
"""Rows of the window that are summed together: of so few XLA keeps the products in registers, of more in memory."""


class AttentionState(NamedTuple):
    """What the layer carries from step to step.

    The window is a ring: attention does not see order, so the oldest row is overwritten in place.

    Attributes:
        lstm: The wrapped layers' states, first to last.
        context: [batch, size] float32, what the last step read from the window.
        memory: [length, batch, size] float32, the last outputs; zeros before there are any.
        projected_memory: [length, batch, size] float32, each row of `memory` times the memory kernel, computed once
            when the row enters the window.
        position: [] int32, the row to be overwritten next.
    """

    lstm: tuple[LSTMState, ...]
    context: tf.Tensor
    memory: tf.Tensor
    projected_memory: tf.Tensor
    position: tf.Tensor


class AttentionLSTM(keras.layers.Layer):
    """LSTM layers whose input and output are mixed with what attention reads from the last outputs."""

    def __init__(self, layers: Sequence[LSTM], length: int, dropout: float, name: str) -> None:
        """Makes the layer.

        Args:
            layers: The layers to wrap, first to last; the attention has the last one's size.
            length: Steps that the window spans.
            dropout: Rate of the dropout after each wrapped layer, in training.
            name: The layer's name.
        """
        super().__init__(name=name)
        self.lstm_layers = list(layers)
        self.dropout_layers = [Dropout(dropout) for _ in layers]
        self.length = length
        self.size = self.lstm_layers[-1].units

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the variables for inputs of shape [batch, steps, input_size]."""
        input_size, size = int(input_shape[-1] or 0), self.size
        query_size = sum(2 * layer.units for layer in self.lstm_layers)
        self.input_kernel = self.add_weight(shape=(input_size + size, input_size), name="input_kernel")
        self.input_bias = self.add_weight(shape=(input_size,), initializer="zeros", name="input_bias")
        self.query_kernel = self.add_weight(shape=(query_size, size), name="query_kernel")
        self.query_bias = self.add_weight(shape=(size,), initializer="zeros", name="query_bias")
        self.memory_kernel = self.add_weight(shape=(size, size), name="memory_kernel")
        self.score_vector = self.add_weight(shape=(size,), initializer="random_uniform", name="score_vector")
        self.output_kernel = self.add_weight(shape=(2 * size, size), name="output_kernel")
        self.output_bias = self.add_weight(shape=(size,), initializer="zeros", name="output_bias")
        width = input_size
        for layer in self.lstm_layers:
            layer.build((None, None, width))
            width = layer.units
        super().build(input_shape)

    def initial_state(self, batch_size: int | tf.Tensor) -> AttentionState:
        """Returns the state before the first step, zeros."""
        window = tf.zeros([self.length, batch_size, self.size])
        return AttentionState(
            lstm=tuple(layer.initial_state(batch_size) for layer in self.lstm_layers),
            context=tf.zeros([batch_size, self.size]),
            memory=window,
            projected_memory=window,
            position=tf.zeros([], tf.int32),
        )

    def step(
        self, inputs: tf.Tensor | Features, state: AttentionState, training: bool = False
    ) -> tuple[tf.Tensor, AttentionState]:
        """Runs one step.

        Args:
            inputs: [batch, input_size] float32, or the same as features.
            state: The state before the step.
            training: Whether to drop outputs of the wrapped layers.

        Returns:
            The output [batch, size] float32 and the state after the step.
        """
        own_kernel, context_kernel = tf.split(self.input_kernel.value, [self.input_kernel.shape[1], self.size])
        hidden = project(inputs, own_kernel) + tf.matmul(state.context, context_kernel) + self.input_bias.value
        lstm_states = []
        for layer, dropout, lstm_state in zip(self.lstm_layers, self.dropout_layers, state.lstm, strict=True):
            hidden, new_state = layer.step(hidden, lstm_state)
            hidden = dropout(hidden, training=training) if len(self.lstm_layers) > 1 else hidden
            lstm_states.append(new_state)
        query = [part for new_state in lstm_states for part in (new_state.c, new_state.h)]
        context = self._read(_linear(query, self.query_kernel, self.query_bias), state)
        output = _linear([hidden, context], self.output_kernel, self.output_bias)
        row = tf.reshape(state.position, [1, 1])
        projected = tf.matmul(output, tf.convert_to_tensor(self.memory_kernel))
        return output, AttentionState(
            lstm=tuple(lstm_states),
            context=context,
            memory=tf.tensor_scatter_nd_update(state.memory, row, output[tf.newaxis]),
            projected_memory=tf.tensor_scatter_nd_update(state.projected_memory, row, projected[tf.newaxis]),
            position=(state.position + 1) % self.length,
        )

    def _read(self, query: tf.Tensor, state: AttentionState) -> tf.Tensor:
        """Returns the window's rows weighted by how well they answer `query`, [batch, size]."""
        answers = tf.tanh(state.projected_memory + query)
        scores = tf.linalg.matvec(answers, tf.convert_to_tensor(self.score_vector))
        weights = tf.nn.softmax(scores, axis=0)
        parts = (slice(first, first + _ROWS_AT_ONCE) for first in range(0, self.length, _ROWS_AT_ONCE))
        first, *others = (tf.reduce_sum(weights[part, :, tf.newaxis] * state.memory[part], axis=0) for part in parts)
        return sum(others, first)

    def forward(
        self, inputs: tf.Tensor, state: AttentionState, training: bool = False
    ) -> tuple[tf.Tensor, AttentionState]:
        """Runs a whole sequence.

        Args:
            inputs: [batch, steps, input_size] float32.
            state: The state before the first step.
            training: Whether to drop outputs of the wrapped layers; gradients will be asked for, which go to the
                weights and the inputs, not to the state.

        Returns:
            The outputs [batch, steps, size] float32 and the state after the last step.
        """
        if training and recurrence.is_used() and self._is_plain:
            return self._forward_in_training(inputs, state)
        steps = tf.shape(inputs)[1]
        sources = tf.TensorArray(tf.float32, steps).unstack(tf.transpose(inputs, [1, 0, 2]))
        outputs = tf.TensorArray(tf.float32, steps, element_shape=[None, self.size])

        def body(t: tf.Tensor, state: AttentionState, outputs: tf.TensorArray) -> tuple[object, ...]:
            source = tf.ensure_shape(sources.read(t), [None, inputs.shape[2]])
            output, state = self.step(source, state, training)
            return t + 1, state, outputs.write(t, output)

        _, state, outputs = tf.while_loop(
            lambda t, *_: t < steps, body, (0, state, outputs), maximum_iterations=steps, parallel_iterations=1
        )
        return tf.transpose(outputs.stack(), [1, 0, 2]), state

    @property
    def _is_plain(self) -> bool:
        """Whether one LSTM is wrapped, and no subclass has changed it or the step."""
        layer, *others = self.lstm_layers
        is_own = type(self).step is AttentionLSTM.step and type(self)._read is AttentionLSTM._read
        return not others and is_own and layer.is_plain and type(layer).step is LSTM.step

    def _forward_in_training(self, inputs: tf.Tensor, state: AttentionState) -> tuple[tf.Tensor, AttentionState]:
        (layer,), size = self.lstm_layers, self.size
        kernel = tf.convert_to_tensor(layer.cell.kernel)
        own_kernel, context_kernel = tf.split(self.input_kernel.value, [self.input_kernel.shape[1], size])
        bias = tf.linalg.matvec(kernel, self.input_bias.value, transpose_a=True) + layer.cell.bias.value
        output_kernel, output_bias = self.output_kernel.value, self.output_bias.value[tf.newaxis]
        memory_kernel = tf.convert_to_tensor(self.memory_kernel)
        kernels = recurrence.AttentionKernels(
            inputs=tf.matmul(own_kernel, kernel),
            bias=bias,
            context=tf.matmul(context_kernel, kernel),
            recurrent=layer.cell.recurrent_kernel.value,
            query=tf.convert_to_tensor(self.query_kernel),
            query_bias=tf.convert_to_tensor(self.query_bias),
            score=tf.convert_to_tensor(self.score_vector),
            output=tf.concat([output_kernel, tf.matmul(output_kernel, memory_kernel)], 1),
            output_bias=tf.concat([output_bias, tf.matmul(output_bias, memory_kernel)], 1)[0],
        )
        (before,) = state.lstm
        windows = (
            tf.transpose(tf.roll(part, -state.position, 0), [1, 0, 2])
            for part in (state.memory, state.projected_memory)
        )
        result = recurrence.attention(inputs, kernels, before.h, before.c, state.context, *windows)
        last = AttentionState(
            lstm=(LSTMState(result.h, result.c),),
            context=result.context,
            memory=tf.transpose(result.memory, [1, 0, 2]),
            projected_memory=tf.transpose(result.projected, [1, 0, 2]),
            position=tf.zeros([], tf.int32),
        )
        return result.ys, last

    def variables_by_name(self) -> dict[str, keras.Variable]:
        """Returns the attention's own variables, without the wrapped layers'."""
        names = (
            "input_kernel",
            "input_bias",
            "query_kernel",
            "query_bias",
            "memory_kernel",
            "score_vector",
            "output_kernel",
            "output_bias",
        )
        return {name: getattr(self, name) for name in names}


def _linear(parts: Sequence[tf.Tensor], kernel: keras.Variable, bias: keras.Variable) -> tf.Tensor:
    joined = tf.concat(parts, axis=1)
    return tf.matmul(joined, tf.convert_to_tensor(kernel)) + tf.convert_to_tensor(bias)
