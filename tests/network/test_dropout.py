import keras
import pytest
import tensorflow as tf

from melody_rnn.network.dropout import Dropout


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_a_share_of_the_entries_is_dropped_and_the_mean_stays(rate):
    keras.utils.set_random_seed(1)
    outputs = Dropout(rate)(tf.ones([64, 101, 51]), training=True).numpy()
    kept = outputs != 0
    # Six standard errors.
    assert abs(kept.mean() - (1 - rate)) < 6 * (rate * (1 - rate) / outputs.size) ** 0.5
    assert outputs[kept] == pytest.approx(1 / (1 - rate), rel=1e-3)
    assert outputs.mean() == pytest.approx(1, abs=6 * (rate / (1 - rate) / outputs.size) ** 0.5 + 1e-3)


def test_entries_are_dropped_independently_of_their_neighbours():
    keras.utils.set_random_seed(2)
    kept = Dropout(0.5)(tf.ones([500, 400]), training=True).numpy() > 0
    for shift in (1, 2, 3, 4):
        assert abs((kept[:, shift:] == kept[:, :-shift]).mean() - 0.5) < 0.01
    assert abs((kept[1:] == kept[:-1]).mean() - 0.5) < 0.01


def test_gradients_go_through_what_was_kept():
    inputs = tf.ones([40, 30])
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = Dropout(0.3)(inputs, training=True)
    assert (tape.gradient(outputs, inputs).numpy() == outputs.numpy()).all()


def test_each_call_drops_others_and_a_seed_repeats_them():
    def two_calls():
        keras.utils.set_random_seed(3)
        layer = Dropout(0.5)
        return [layer(tf.ones([20, 20]), training=True).numpy().tolist() for _ in range(2)]

    first, second = two_calls()
    assert first != second
    assert two_calls() == [first, second]


@pytest.mark.parametrize(("rate", "training"), [(0.0, True), (0.5, False)])
def test_nothing_is_dropped_without_a_rate_or_outside_training(rate, training):
    inputs = tf.random.normal([5, 6])
    assert (Dropout(rate)(inputs, training=training).numpy() == inputs.numpy()).all()
