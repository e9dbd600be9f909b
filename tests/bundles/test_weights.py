import numpy as np
import pytest

from melody_rnn.errors import ModelError
from melody_rnn.magenta.bundles.naming import ERAS, find_naming, make_naming
from melody_rnn.magenta.bundles.weights import (
    check_shapes,
    convert_weights,
    input_and_output_size,
    layer_sizes,
    num_wrapped_layers,
    revert_weights,
)
from tests.bundles.synthetic import random_variables

NAMES = {
    "lstm_0/kernel": "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel",
    "lstm_0/bias": "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/bias",
    "lstm_1/kernel": "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/kernel",
    "lstm_1/bias": "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/bias",
    "logits/kernel": "fully_connected/weights",
    "logits/bias": "fully_connected/biases",
}


@pytest.fixture
def variables():
    return random_variables(NAMES, (6, 4), input_size=13, num_classes=9)


def test_sizes_are_read_from_the_shapes(variables):
    naming = find_naming(variables)
    assert layer_sizes(naming, variables) == (6, 4)
    assert input_and_output_size(naming, variables) == (13, 9)


def test_one_converted_step_equals_magenta_s_cell(variables):
    naming = find_naming(variables)
    weights = convert_weights(naming, variables)
    rng = np.random.default_rng(1)
    x, c, h = rng.normal(size=13), rng.normal(size=6), rng.normal(size=6)

    def sigmoid(value):
        return 1 / (1 + np.exp(-value))

    joined = np.concatenate([x, h]) @ variables[NAMES["lstm_0/kernel"]] + variables[NAMES["lstm_0/bias"]]
    i, j, f, o = np.split(joined, 4)
    magenta_c = c * sigmoid(f + 1) + sigmoid(i) * np.tanh(j)
    magenta_h = np.tanh(magenta_c) * sigmoid(o)

    gates = x @ weights["lstm_0/kernel"] + h @ weights["lstm_0/recurrent_kernel"] + weights["lstm_0/bias"]
    i, f, candidate, o = np.split(gates, 4)
    keras_c = sigmoid(f) * c + sigmoid(i) * np.tanh(candidate)
    np.testing.assert_allclose(keras_c, magenta_c, rtol=1e-6)
    np.testing.assert_allclose(sigmoid(o) * np.tanh(keras_c), magenta_h, rtol=1e-6)


def test_converted_weights_are_float32_and_own_their_memory(variables):
    for array in convert_weights(find_naming(variables), variables).values():
        assert array.dtype == np.float32
        assert array.flags.c_contiguous


@pytest.mark.parametrize(("era", "layout"), [(era, layout) for era in ERAS for layout in (None, *era.attention_scopes)])
def test_reverted_weights_are_those_that_were_converted(era, layout):
    naming = make_naming(era, layout, num_layers=2)
    variables = random_variables(naming.names, (6, 4), num_wrapped=num_wrapped_layers(layout, 2))
    reverted = revert_weights(naming, convert_weights(naming, variables))
    assert reverted.keys() == variables.keys()
    for name, array in reverted.items():
        assert array.dtype == np.float32
        np.testing.assert_allclose(array, variables[name], rtol=0, atol=1e-6)


def test_whole_weights_pass(variables):
    check_shapes(find_naming(variables), variables)


@pytest.mark.parametrize("ours", NAMES)
@pytest.mark.parametrize("damage", ["longer", "scalar", "empty"])
def test_a_wrong_shape_is_refused(variables, ours, damage):
    array = variables[NAMES[ours]]
    variables[NAMES[ours]] = {
        "longer": np.concatenate([array, array[:1]]),
        "scalar": np.float32(1).reshape(()),
        "empty": array[:0],
    }[damage]
    naming = find_naming(variables)
    if (ours, damage) == ("lstm_0/kernel", "longer"):
        # Rows of the first kernel are what tells the inputs' width, so here they fit any number.
        assert input_and_output_size(naming, variables)[0] == 14
        return
    with pytest.raises(ModelError, match="shape"):
        check_shapes(naming, variables)


@pytest.mark.parametrize("ours", NAMES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused_by_name(variables, ours, value):
    variables[NAMES[ours]].flat[-1] = value
    with pytest.raises(ModelError, match=f"{NAMES[ours]} hold NaN or infinity"):
        check_shapes(find_naming(variables), variables)


def test_another_dtype_is_refused(variables):
    variables["fully_connected/biases"] = variables["fully_connected/biases"].astype(np.int32)
    with pytest.raises(ModelError, match="fully_connected/biases are int32"):
        check_shapes(find_naming(variables), variables)


def test_only_cudnn_cells_come_without_a_forget_bias():
    assert [era.forget_bias for era in ERAS] == [0.0 if "cuDNN" in era.title else 1.0 for era in ERAS]
