import keras
import numpy as np
import pytest
import tensorflow as tf

from melody_rnn.config import NetworkConfig
from melody_rnn.errors import ModelError
from melody_rnn.network.network import MelodyNetwork

CONFIGS = [
    NetworkConfig((7, 5)),
    NetworkConfig((7, 5), attention_length=4),
    NetworkConfig((7, 5), attention_length=4, attention_layout="stack"),
    NetworkConfig((7, 7, 5), embedding_size=7, residual=True),
]


@pytest.fixture(params=CONFIGS, ids=["plain", "attention first layer", "attention stack", "residual"])
def network(request):
    keras.utils.set_random_seed(3)
    return MelodyNetwork(request.param, input_size=6, num_classes=9)


def inputs(steps, batch=3):
    return tf.constant(np.random.default_rng(2).normal(size=(batch, steps, 6)), tf.float32)


@pytest.mark.parametrize("is_compiled", [False, True])
def test_steps_equal_the_whole_sequence(network, is_compiled):
    sequence = inputs(11)
    expected, final_state = network.forward(sequence, network.initial_state(3))
    step = tf.function(network.step, jit_compile=is_compiled)
    state = network.initial_state(3)
    for t in range(11):
        logits, state = step(sequence[:, t], state)
        np.testing.assert_allclose(logits, expected[:, t], atol=1e-5)
    tf.nest.map_structure(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), state, final_state)


def test_a_sequence_can_go_on_from_a_state(network):
    sequence = inputs(9)
    whole, _ = network.forward(sequence, network.initial_state(3))
    _, state = network.forward(sequence[:, :4], network.initial_state(3))
    rest, _ = network.forward(sequence[:, 4:], state)
    np.testing.assert_allclose(rest, whole[:, 4:], atol=1e-5)


def test_dropout_acts_in_training_only(network):
    sequence = inputs(6)
    np.testing.assert_array_equal(network(sequence), network(sequence))
    assert np.abs(network(sequence, training=True) - network(sequence)).max() > 1e-4


def test_every_variable_learns(network):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(network(inputs(8)) ** 2)
    gradients = tape.gradient(loss, [variable.value for variable in network.trainable_variables])
    assert all(gradient is not None and np.abs(gradient).max() > 0 for gradient in gradients)


def test_attention_window_reaches_exactly_its_length():
    keras.utils.set_random_seed(4)
    network = MelodyNetwork(NetworkConfig((5,), attention_length=3), 6, 4)
    state = network.initial_state(1)[0]
    outputs = []
    for step in range(7):
        output, state = network.blocks[0].step(inputs(7, 1)[:, step], state)
        outputs.append(output.numpy()[0])
    held = {row.tobytes() for row in state.memory.numpy()[:, 0]}
    assert held == {output.tobytes() for output in outputs[-3:]}
    projected = state.memory.numpy() @ network.blocks[0].memory_kernel.numpy()
    np.testing.assert_allclose(state.projected_memory, projected, atol=1e-6)


def test_weights_by_name_round_trip(network):
    weights = {name: variable.numpy() + 1 for name, variable in network.variables_by_name().items()}
    assert len(weights) == len(network.trainable_variables)
    network.assign_by_name(weights)
    for name, variable in network.variables_by_name().items():
        np.testing.assert_array_equal(variable, weights[name])


def test_weights_that_do_not_fit_are_refused_by_name(network):
    weights = {name: variable.numpy() for name, variable in network.variables_by_name().items()}
    with pytest.raises(ModelError, match="logits/bias"):
        network.assign_by_name({name: array for name, array in weights.items() if name != "logits/bias"})
    with pytest.raises(ModelError, match="lstm_0/kernel"):
        network.assign_by_name(weights | {"lstm_0/kernel": np.zeros((2, 2), np.float32)})


def test_it_is_a_keras_model(network, tmp_path, capsys):
    sequence = inputs(5)
    expected = network(sequence).numpy()
    network.summary()
    assert "logits (Dense)" in capsys.readouterr().out
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(again(sequence), expected)
    clone = keras.models.clone_model(network)
    assert clone.get_config() == network.get_config()
    clone.set_weights(network.get_weights())
    np.testing.assert_array_equal(clone(sequence), expected)
    clone.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    losses = clone.fit(sequence, tf.zeros([3, 5], tf.int32), epochs=40, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_a_subclass_is_saved_as_what_it_is(tmp_path):
    @keras.saving.register_keras_serializable("tests")
    class Doubled(MelodyNetwork):
        def call(self, inputs, training=False):
            return 2 * super().call(inputs, training)

    keras.utils.set_random_seed(4)
    network = Doubled(CONFIGS[0], 6, 9)
    network.save(tmp_path / "doubled.keras")
    again = keras.models.load_model(tmp_path / "doubled.keras")
    np.testing.assert_array_equal(again(inputs(4)), network(inputs(4)))
    assert isinstance(again, Doubled)
