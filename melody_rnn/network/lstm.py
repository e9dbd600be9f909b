"""An LSTM layer that runs whole sequences in training and single steps in sampling, from the same weights."""

from typing import NamedTuple

import keras
import tensorflow as tf

from melody_rnn.network import recurrence
from melody_rnn.network.recurrence import sigmoid
from melody_rnn.sparse_inputs import Features


class LSTMState(NamedTuple):
    """What an LSTM layer carries from step to step.

    Attributes:
        h: [batch, units] float32, the output.
        c: [batch, units] float32, the cell.
    """

    h: tf.Tensor
    c: tf.Tensor


class LSTM(keras.layers.LSTM):
    """Keras's LSTM over whole sequences (cuDNN where there is a GPU) with a `step` for the sampling loop."""

    def __init__(self, units: int, name: str) -> None:
        """Makes the layer.

        Args:
            units: Number of units.
            name: The layer's name.
        """
        super().__init__(units, return_sequences=True, return_state=True, name=name)

    def use_mixed_precision(self) -> None:
        """Has whole sequences computed in float16 on a GPU; weights, states and outputs stay float32.

        Source: Micikevicius et al. 2018, arXiv:1710.03740.
        """
        self.dtype_policy = self.cell.dtype_policy = keras.DTypePolicy("mixed_float16")

    @property
    def is_plain(self) -> bool:
        """Whether the layer computes what Keras's LSTM does, and no subclass of it or of its cell has changed that."""
        cell = type(self.cell)
        return type(self).call is keras.layers.LSTM.call and cell.call is keras.layers.LSTMCell.call

    def initial_state(self, batch_size: int | tf.Tensor) -> LSTMState:
        """Returns the state before the first step, zeros."""
        zeros = tf.zeros([batch_size, self.units])
        return LSTMState(zeros, zeros)

    def step(self, inputs: tf.Tensor | Features, state: LSTMState) -> tuple[tf.Tensor, LSTMState]:
        """Runs one step without dropout.

        Args:
            inputs: [batch, input_size] float32, or the same as features.
            state: The state before the step.

        Returns:
            The output [batch, units] float32 and the state after the step.
        """
        gates = (
            project(inputs, tf.convert_to_tensor(self.cell.kernel))
            + tf.matmul(state.h, tf.convert_to_tensor(self.cell.recurrent_kernel))
            + tf.convert_to_tensor(self.cell.bias)
        )
        i, f, candidate, o = tf.split(gates, 4, axis=1)
        c = sigmoid(f) * state.c + sigmoid(i) * tf.tanh(candidate)
        h = sigmoid(o) * tf.tanh(c)
        return h, LSTMState(h, c)

    def forward(self, inputs: tf.Tensor, state: LSTMState, training: bool = False) -> tuple[tf.Tensor, LSTMState]:
        """Runs a whole sequence.

        Args:
            inputs: [batch, steps, input_size] float32.
            state: The state before the first step.
            training: Whether gradients will be asked for; they go to the weights and the inputs, not to the state.

        Returns:
            The outputs [batch, steps, units] float32 and the state after the last step, whatever the layer computes in.
        """
        if training and recurrence.is_used() and self.is_plain:
            kernel, bias, recurrent_kernel = map(
                tf.convert_to_tensor, (self.cell.kernel, self.cell.bias, self.cell.recurrent_kernel)
            )
            outputs, h, c = recurrence.lstm(inputs, kernel, bias, recurrent_kernel, state.h, state.c)
            return outputs, LSTMState(h, c)
        results = self(inputs, initial_state=list(state), training=training)
        outputs, h, c = (tf.cast(result, tf.float32) for result in results)
        return outputs, LSTMState(h, c)

    def variables_by_name(self) -> dict[str, keras.Variable]:
        """Returns the layer's variables: `kernel`, `recurrent_kernel` and `bias`, gates in the order i, f, c, o."""
        cell = self.cell
        return {"kernel": cell.kernel, "recurrent_kernel": cell.recurrent_kernel, "bias": cell.bias}


def project(inputs: tf.Tensor | Features, kernel: tf.Tensor) -> tf.Tensor:
    """Returns `inputs @ kernel`, [batch, size] float32, for inputs [batch, input_size] or the same as features."""
    return inputs.project(kernel) if isinstance(inputs, Features) else tf.matmul(inputs, kernel)
