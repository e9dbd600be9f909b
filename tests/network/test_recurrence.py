"""The compiled recurrences against TensorFlow's own gradients of the plain layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from melody_rnn.config import NetworkConfig
from melody_rnn.network import recurrence
from melody_rnn.network.network import MelodyNetwork

INPUT_SIZE, NUM_CLASSES = 5, 4


@pytest.fixture(params=["lstm", "attention", "residual"])
def network(request: pytest.FixtureRequest) -> MelodyNetwork:
    configs = {
        "lstm": NetworkConfig((7, 6), dropout=0.0),
        "attention": NetworkConfig((6, 6), dropout=0.0, attention_length=3),
        "residual": NetworkConfig((6, 6), dropout=0.0, embedding_size=6, residual=True),
    }
    keras.utils.set_random_seed(1)
    network = MelodyNetwork(configs[request.param], INPUT_SIZE, NUM_CLASSES)
    rng = np.random.default_rng(0)
    for variable in network.trainable_variables:
        variable.assign(rng.normal(size=variable.shape, scale=0.5))
    return network


@pytest.mark.parametrize("batch_size", [1, 16, 35])
def test_outputs_and_gradients_are_those_of_the_plain_layers(network: MelodyNetwork, batch_size: int) -> None:
    rng = np.random.default_rng(batch_size)
    inputs = tf.constant(rng.normal(size=(batch_size, 9, INPUT_SIZE)), tf.float32)
    wanted = tf.constant(rng.normal(size=(batch_size, 9, NUM_CLASSES)), tf.float32)

    def run(training: bool) -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            logits = network(inputs, training=training)
            loss = tf.reduce_sum(logits * wanted)
        return logits, tape.gradient(loss, [inputs, *network.trainable_variables])

    (logits, gradients), (plain_logits, plain_gradients) = run(training=True), run(training=False)
    np.testing.assert_allclose(logits, plain_logits, rtol=0, atol=1e-5)
    names = ["inputs", *network.variables_by_name()]
    assert len(names) == len(gradients)
    for gradient, plain in zip(gradients, plain_gradients, strict=True):
        np.testing.assert_allclose(gradient, plain, rtol=1e-4, atol=1e-4)


def test_a_state_is_taken_up_and_given_back(network: MelodyNetwork) -> None:
    inputs = tf.constant(np.random.default_rng(0).normal(size=(3, 10, INPUT_SIZE)), tf.float32)
    whole, _ = network.forward(inputs, network.initial_state(3), training=True)
    start, state = network.forward(inputs[:, :4], network.initial_state(3), training=True)
    end, _ = network.forward(inputs[:, 4:], state, training=True)
    np.testing.assert_allclose(tf.concat([start, end], 1), whole, rtol=0, atol=1e-5)


def test_a_batch_of_unknown_size_runs_too(network: MelodyNetwork) -> None:
    inputs = tf.constant(np.random.default_rng(0).normal(size=(5, 6, INPUT_SIZE)), tf.float32)
    signature = [tf.TensorSpec([None, None, INPUT_SIZE], tf.float32)]
    run = tf.function(lambda x: network(x, training=True), input_signature=signature)
    np.testing.assert_allclose(run(inputs), network(inputs), rtol=0, atol=1e-5)


def test_it_steps_aside_when_it_is_told_to_or_a_subclass_computes_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    class Doubled(keras.layers.LSTMCell):
        def call(self, inputs: tf.Tensor, states: list[tf.Tensor], training: bool = False) -> object:
            output, states = super().call(inputs, states, training=training)
            return 2 * output, states

    network = MelodyNetwork(NetworkConfig((6,), dropout=0.0), INPUT_SIZE, NUM_CLASSES)
    inputs = tf.constant(np.random.default_rng(0).normal(size=(3, 5, INPUT_SIZE)), tf.float32)
    plain = network(inputs, training=True)
    used = []
    monkeypatch.setattr(recurrence, "lstm", lambda *_: used.append(1))
    recurrence.disable()
    try:
        np.testing.assert_allclose(network(inputs, training=True), plain, rtol=0, atol=1e-5)
    finally:
        recurrence.enable()
    cell = network.lstms[0].cell
    cell.__class__ = Doubled
    assert not np.allclose(network(inputs, training=True), plain)
    assert not used
