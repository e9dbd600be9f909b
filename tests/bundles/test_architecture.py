import numpy as np
import pytest

from melody_rnn.config import CONFIGS, NetworkConfig
from melody_rnn.errors import ModelError
from melody_rnn.magenta.bundles.architecture import model_config, network_config
from melody_rnn.magenta.bundles.naming import ERAS, Naming, find_naming
from tests.bundles.synthetic import make_metagraph

NETWORK = NetworkConfig((6, 4))
SHAPES = {"basic_rnn": (38, 38), "mono_rnn": (130, 130), "lookback_rnn": (121, 40), "attention_rnn": (74, 40)}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("generator_id", ["own", "someone_s_model"])
def test_the_shapes_tell_the_configuration(name, generator_id):
    config = model_config(name if generator_id == "own" else generator_id, NETWORK, *SHAPES[name])
    assert config.name == name
    assert config.encoding == CONFIGS[name].encoding
    assert config.transpose_to_key == CONFIGS[name].transpose_to_key
    assert config.network == NETWORK


@pytest.mark.parametrize("name", SHAPES)
def test_an_id_that_contradicts_the_shapes_is_refused(name):
    for other, shapes in SHAPES.items():
        kinds = {CONFIGS[name].encoding.kind, CONFIGS[other].encoding.kind}
        if len(kinds) == 2:
            with pytest.raises(ModelError, match=f"not the encoding of {name}"):
                model_config(name, NETWORK, *shapes)


@pytest.mark.parametrize(
    ("span", "min_note"), [(12, 60), (24, 48), (36, 48), (48, 36), (60, 36), (72, 24), (88, 21), (120, 0), (128, 0)]
)
def test_a_note_range_of_another_width_is_placed(span, min_note):
    encoding = model_config("lookback_rnn", NETWORK, 3 * (span + 2) + 7, span + 4).encoding
    assert (encoding.min_note, encoding.max_note) == (min_note, min_note + span)


def test_every_possible_width_lies_within_midi():
    for span in range(12, 129):
        encoding = model_config("basic_rnn", NETWORK, span + 2, span + 2).encoding
        assert 0 <= encoding.min_note < encoding.max_note <= 128


@pytest.mark.parametrize("shapes", [(38, 40), (13, 13), (131, 131), (1, 1), (0, 0)])
def test_shapes_of_no_melody_encoding_are_refused(shapes):
    with pytest.raises(ModelError, match="any melody model"):
        model_config("unknown", NETWORK, *shapes)


def stack_naming():
    names = {"lstm_0/bias": "b0", "lstm_1/bias": "b1"}
    return Naming(ERAS[0], "stack", 2, names), {"b0": np.zeros(4 * 6), "b1": np.zeros(4 * 4)}


def test_the_window_is_what_the_state_has_left():
    naming, variables = stack_naming()
    metagraph = make_metagraph([2 * (6 + 4) + 4 + 4 * 40]).SerializeToString()
    assert network_config(naming, variables, metagraph) == NetworkConfig(
        (6, 4), attention_length=40, attention_layout="stack"
    )


@pytest.mark.parametrize("width", [1, 20, 24, 25, 24 + 4 * 40 + 1, 24 + 4 * 10**9])
def test_a_state_that_leaves_no_sensible_window_is_refused(width):
    naming, variables = stack_naming()
    with pytest.raises(ModelError, match="no attention window"):
        network_config(naming, variables, make_metagraph([width]).SerializeToString())


def test_without_attention_the_metagraph_is_not_asked():
    naming = find_naming(
        [
            "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel",
            "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/bias",
            "fully_connected/weights",
            "fully_connected/biases",
        ]
    )
    variables = {"rnn/multi_rnn_cell/cell_0/basic_lstm_cell/bias": np.zeros(24, np.float32)}
    assert network_config(naming, variables, b"") == NetworkConfig((6,))
