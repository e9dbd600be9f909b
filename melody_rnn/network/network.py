"""The network: a stack of LSTM layers, attention if it is asked for, and a linear layer that gives logits."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.config import NetworkConfig
from melody_rnn.errors import ModelError
from melody_rnn.network import use_tensorflow
from melody_rnn.network.attention import AttentionLSTM
from melody_rnn.network.dropout import Dropout
from melody_rnn.network.lstm import LSTM, project
from melody_rnn.sparse_inputs import Features

RNNState = tuple[Any, ...]


@keras.saving.register_keras_serializable("melody_rnn")
class MelodyNetwork(keras.Model):
    """Network inputs to logits: whole sequences in training and scoring, single steps in sampling.

    It is a Keras model like any other: `summary`, `save` to a `.keras` file, `keras.models.clone_model`, `compile` and
    `fit`. A subclass may change `call`, `step` or `forward`, of which sampling uses the latter two.

    With `embedding_size` a linear layer without bias comes first; with `residual` each layer's output is added to its
    input and normalised.

    Source: Magenta's `make_rnn_cell` and `get_build_graph_fn` (models/shared/events_rnn_graph.py).
    """

    def __init__(self, config: NetworkConfig, input_size: int, num_classes: int) -> None:
        """Makes the network with fresh weights.

        Args:
            config: Layers, dropout and attention.
            input_size: Width of the inputs.
            num_classes: Number of labels.
        """
        use_tensorflow()
        super().__init__()
        self.config = config
        self.input_size = input_size
        self.num_classes = num_classes
        lstms = [LSTM(units, name=f"lstm_{i}") for i, units in enumerate(config.layer_sizes)]
        self.lstms = lstms
        if not config.attention_length:
            self.blocks = list(lstms)
        else:
            num_wrapped = 1 if config.attention_layout == "first_layer" else len(lstms)
            attention = AttentionLSTM(lstms[:num_wrapped], config.attention_length, config.dropout, "attention")
            self.blocks = [attention, *lstms[num_wrapped:]]
        # The bundles of 2016 drop inside the attention that wraps the stack, not after it.
        rate = 0.0 if config.attention_length and config.attention_layout == "stack" else config.dropout
        self.dropouts = [Dropout(rate) for _ in self.blocks]
        num_norms = len(self.blocks) if config.residual else 0
        self.norms = [keras.layers.LayerNormalization(name=f"norm_{i}") for i in range(num_norms)]
        self.embedding_layer = None
        if config.embedding_size:
            self.embedding_layer = keras.layers.Dense(config.embedding_size, use_bias=False, name="embedding")
        self.logits_layer = keras.layers.Dense(num_classes, name="logits")
        self.build((None, None, input_size))

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` makes the same network of, without its weights."""
        own = {**asdict(self.config), "layer_sizes": list(self.config.layer_sizes)}
        return {"config": own, "input_size": self.input_size, "num_classes": self.num_classes}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> "MelodyNetwork":
        """Makes a network of what `get_config` returned, with fresh weights."""
        own = {**config["config"], "layer_sizes": tuple(config["config"]["layer_sizes"])}
        return cls(NetworkConfig(**own), config["input_size"], config["num_classes"])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the shape of the logits, [batch, steps, num_classes]."""
        return (*input_shape[:-1], self.num_classes)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the variables for inputs of shape [batch, steps, input_size]."""
        width = input_shape[-1]
        if self.embedding_layer is not None:
            self.embedding_layer.build((None, None, width))
            width = self.config.embedding_size
        for i, block in enumerate(self.blocks):
            block.build((None, None, width))
            width = block.size if isinstance(block, AttentionLSTM) else block.units
            self.dropouts[i].build((None, None, width))
            if self.norms:
                self.norms[i].build((None, None, width))
        self.logits_layer.build((None, None, width))
        self.built = True

    def initial_state(self, batch_size: int | tf.Tensor) -> RNNState:
        """Returns the state before the first step, one entry a block, zeros."""
        return tuple(block.initial_state(batch_size) for block in self.blocks)

    def step(self, inputs: tf.Tensor | Features, rnn_state: RNNState) -> tuple[tf.Tensor, RNNState]:
        """Runs one step without dropout.

        Args:
            inputs: [batch, input_size] float32, or the same as features.
            rnn_state: The state before the step.

        Returns:
            The logits [batch, num_classes] float32 and the state after the step.
        """
        hidden, states = inputs, []
        if self.embedding_layer is not None:
            hidden = project(hidden, tf.convert_to_tensor(self.embedding_layer.kernel))
        for i, (block, state) in enumerate(zip(self.blocks, rnn_state, strict=True)):
            output, new_state = block.step(hidden, state)
            hidden = self._join(i, hidden, output)
            states.append(new_state)
        kernel, bias = (tf.convert_to_tensor(v) for v in (self.logits_layer.kernel, self.logits_layer.bias))
        return tf.matmul(hidden, kernel) + bias, tuple(states)

    def forward(self, inputs: tf.Tensor, rnn_state: RNNState, training: bool = False) -> tuple[tf.Tensor, RNNState]:
        """Runs whole sequences.

        Args:
            inputs: [batch, steps, input_size] float32.
            rnn_state: The state before the first step.
            training: Whether to apply dropout.

        Returns:
            The logits [batch, steps, num_classes] float32 and the state after the last step.
        """
        hidden, states = inputs, []
        if self.embedding_layer is not None:
            hidden = self.embedding_layer(hidden)
        for i, (block, dropout, state) in enumerate(zip(self.blocks, self.dropouts, rnn_state, strict=True)):
            output, new_state = block.forward(hidden, state, training)
            hidden = self._join(i, hidden, dropout(output, training=training))
            states.append(new_state)
        return self.logits_layer(hidden), tuple(states)

    def _join(self, layer: int, inputs: tf.Tensor | Features, outputs: tf.Tensor) -> tf.Tensor:
        """Returns what the next layer takes: a layer's outputs, with its inputs if the network is residual."""
        if not self.norms:
            return outputs
        is_addable = isinstance(inputs, tf.Tensor) and inputs.shape[-1] == outputs.shape[-1]
        total = outputs + tf.cast(inputs, outputs.dtype) if is_addable else outputs
        return self.norms[layer](total)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Returns the logits [batch, steps, num_classes] of inputs [batch, steps, input_size], from zero state."""
        return self.forward(inputs, self.initial_state(tf.shape(inputs)[0]), training)[0]

    def variables_by_name(self) -> dict[str, keras.Variable]:
        """Returns every variable by the name that it has in bundles: `lstm_0/kernel`, `logits/bias` and so on."""
        layers: list[tuple[str, Mapping[str, keras.Variable]]] = [
            (layer.name, layer.variables_by_name()) for layer in self.lstms
        ]
        layers += [("attention", b.variables_by_name()) for b in self.blocks if isinstance(b, AttentionLSTM)]
        layers += [(norm.name, {"scale": norm.gamma, "shift": norm.beta}) for norm in self.norms]
        if self.embedding_layer is not None:
            layers.append(("embedding", {"kernel": self.embedding_layer.kernel}))
        layers.append(("logits", {"kernel": self.logits_layer.kernel, "bias": self.logits_layer.bias}))
        return {f"{layer}/{name}": variable for layer, variables in layers for name, variable in variables.items()}

    def weights_by_name(self) -> dict[str, NDArray[np.float32]]:
        """Returns every variable's value by the names of `variables_by_name`; `assign_by_name` is the inverse."""
        return {name: variable.numpy() for name, variable in self.variables_by_name().items()}

    def assign_by_name(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Sets every variable.

        Args:
            weights: An array for each name of `variables_by_name`.

        Raises:
            ModelError: If a name is missing or unknown, or a shape differs.
        """
        variables = self.variables_by_name()
        if set(weights) != set(variables):
            raise ModelError(f"the weights do not fit the network: {sorted(set(weights) ^ set(variables))}")
        for name, variable in variables.items():
            if tuple(variable.shape) != weights[name].shape:
                raise ModelError(f"weight {name} must have shape {tuple(variable.shape)}, got {weights[name].shape}")
            variable.assign(weights[name])
