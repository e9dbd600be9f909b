import pytest

from melody_rnn.errors import ModelError
from melody_rnn.magenta.bundles.magenta import read_bundle
from melody_rnn.magenta.bundles.naming import find_naming
from tests.bundles.synthetic import random_variables, write_bundle

LINEAR = ("fully_connected/weights", "fully_connected/biases")


def attention_names(scope, parts):
    keys = ("input_kernel", "input_bias", "query_kernel", "query_bias", "memory_kernel", "score_vector")
    return {
        f"attention/{key}": f"{scope}/{part}"
        for key, part in zip((*keys, "output_kernel", "output_bias"), parts, strict=True)
    }


PARTS_0 = (
    "Linear/Matrix",
    "Linear/Bias",
    "Attention/Linear/Matrix",
    "Attention/Linear/Bias",
    "Attention/AttnW",
    "Attention/AttnV",
    "AttnOutputProjection/Linear/Matrix",
    "AttnOutputProjection/Linear/Bias",
)
PARTS_1 = (
    "weights",
    "biases",
    "attention/weights",
    "attention/biases",
    "attention/attn_w",
    "attention/attn_v",
    "attn_output_projection/weights",
    "attn_output_projection/biases",
)
PARTS_2 = (
    "kernel",
    "bias",
    "attention/kernel",
    "attention/bias",
    "attention/attn_w",
    "attention/attn_v",
    "attn_output_projection/kernel",
    "attn_output_projection/bias",
)


def names(*lstm, **attention):
    """Returns our names to the bundle's, for two layers' kernels and biases in `lstm`."""
    keys = ("lstm_0/kernel", "lstm_0/bias", "lstm_1/kernel", "lstm_1/bias", "logits/kernel", "logits/bias")
    return dict(zip(keys, (*lstm, *LINEAR), strict=True)) | (attention_names(**attention) if attention else {})


CASES = {
    "0.x": names(
        "RNN/MultiRNNCell/Cell0/BasicLSTMCell/Linear/Matrix",
        "RNN/MultiRNNCell/Cell0/BasicLSTMCell/Linear/Bias",
        "RNN/MultiRNNCell/Cell1/BasicLSTMCell/Linear/Matrix",
        "RNN/MultiRNNCell/Cell1/BasicLSTMCell/Linear/Bias",
    ),
    "0.x stack": names(
        "RNN/AttentionCellWrapper/MultiRNNCell/Cell0/BasicLSTMCell/Linear/Matrix",
        "RNN/AttentionCellWrapper/MultiRNNCell/Cell0/BasicLSTMCell/Linear/Bias",
        "RNN/AttentionCellWrapper/MultiRNNCell/Cell1/BasicLSTMCell/Linear/Matrix",
        "RNN/AttentionCellWrapper/MultiRNNCell/Cell1/BasicLSTMCell/Linear/Bias",
        scope="RNN/AttentionCellWrapper",
        parts=PARTS_0,
    ),
    "1.0": names(
        "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/weights",
        "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/biases",
        "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/weights",
        "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/biases",
    ),
    "1.0 stack": names(
        "rnn/attention_cell_wrapper/multi_rnn_cell/cell_0/basic_lstm_cell/weights",
        "rnn/attention_cell_wrapper/multi_rnn_cell/cell_0/basic_lstm_cell/biases",
        "rnn/attention_cell_wrapper/multi_rnn_cell/cell_1/basic_lstm_cell/weights",
        "rnn/attention_cell_wrapper/multi_rnn_cell/cell_1/basic_lstm_cell/biases",
        scope="rnn/attention_cell_wrapper",
        parts=PARTS_1,
    ),
    "1.0 first_layer": names(
        "rnn/multi_rnn_cell/cell_0/attention_cell_wrapper/basic_lstm_cell/weights",
        "rnn/multi_rnn_cell/cell_0/attention_cell_wrapper/basic_lstm_cell/biases",
        "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/weights",
        "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/biases",
        scope="rnn/multi_rnn_cell/cell_0/attention_cell_wrapper",
        parts=PARTS_1,
    ),
    "2.x": names(
        "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel",
        "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/bias",
        "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/kernel",
        "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/bias",
    ),
    "2.x first_layer": names(
        "rnn/multi_rnn_cell/cell_0/attention_cell_wrapper/basic_lstm_cell/kernel",
        "rnn/multi_rnn_cell/cell_0/attention_cell_wrapper/basic_lstm_cell/bias",
        "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/kernel",
        "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/bias",
        scope="rnn/multi_rnn_cell/cell_0/attention_cell_wrapper",
        parts=PARTS_2,
    ),
    "cudnn": names(
        "cudnn_lstm/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell/kernel",
        "cudnn_lstm/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell/bias",
        "cudnn_lstm/rnn/multi_rnn_cell/cell_1/cudnn_compatible_lstm_cell/kernel",
        "cudnn_lstm/rnn/multi_rnn_cell/cell_1/cudnn_compatible_lstm_cell/bias",
    ),
    "cudnn several": names(
        "cudnn_lstm/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell/kernel",
        "cudnn_lstm/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell/bias",
        "cudnn_lstm_1/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell/kernel",
        "cudnn_lstm_1/rnn/multi_rnn_cell/cell_0/cudnn_compatible_lstm_cell/bias",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_every_variable_is_found_under_its_era_s_name(case):
    found = find_naming(CASES[case].values())
    assert found.names == CASES[case]
    assert found.num_layers == 2


@pytest.mark.parametrize("case", CASES)
def test_the_layout_follows_from_the_names(case):
    assert find_naming(CASES[case].values()).layout == (
        case.split()[1] if "_layer" in case or "stack" in case else None
    )


@pytest.mark.parametrize("case", CASES)
def test_a_bundle_of_any_era_gives_the_same_model(case, tmp_path):
    num_wrapped = 2 if "stack" in case else 1 if "first_layer" in case else 0
    sizes, window = (6, 4), 5
    attention = {0: [], 1: [6, 6 * window], 2: [4, 4 * window]}[num_wrapped]
    widths = {"input_size": 74, "num_classes": 40} if num_wrapped else {}
    generator_id = "attention_rnn" if num_wrapped else "basic_rnn"
    variables = random_variables(CASES[case], sizes, num_wrapped=num_wrapped, **widths)
    path = write_bundle(tmp_path / "x.mag", variables, generator_id, [6, 6, *attention, 4, 4])
    bundle = read_bundle(path)
    assert bundle.config.name == generator_id
    assert bundle.config.network.layer_sizes == sizes
    assert bundle.config.network.attention_length == (window if num_wrapped else 0)
    by_our_names = {ours: variables[theirs] for ours, theirs in CASES[case].items()}
    assert (bundle.weights["logits/kernel"] == by_our_names["logits/kernel"]).all()
    joined = by_our_names["lstm_1/bias"]
    forget_bias = 0 if "cudnn" in case else 1
    assert (bundle.weights["lstm_1/bias"][4:8] == joined[8:12] + joined.dtype.type(forget_bias)).all()
    if num_wrapped:
        assert (bundle.weights["attention/query_kernel"] == by_our_names["attention/query_kernel"]).all()


def test_what_only_training_needs_is_left_aside():
    kernel = "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel"
    training = ["global_step", "beta1_power", "beta2_power", "OptimizeLoss/learning_rate"]
    slots = [f"{kernel}/Adam", f"{kernel}/Adam_1", f"OptimizeLoss/{kernel}/RMSProp", "fully_connected/biases/Adam_1"]
    assert find_naming([*CASES["2.x"].values(), *training, *slots]).names == CASES["2.x"]


@pytest.mark.parametrize("case", CASES)
def test_a_missing_variable_is_named(case):
    for left_out in CASES[case].values():
        others = set(CASES[case].values()) - {left_out}
        with pytest.raises(ModelError, match="missing") as error:
            find_naming(others)
        assert left_out in str(error.value)


def test_a_variable_too_many_is_named():
    with pytest.raises(ModelError, match="rnn/extra/kernel belong to no Melody RNN"):
        find_naming([*CASES["2.x"].values(), "rnn/extra/kernel"])


@pytest.mark.parametrize("variables", [[], ["encoder/kernel"], ["rnn/multi_rnn_cell/cell_0/gru_cell/kernel"]])
def test_names_of_another_model_are_refused(variables):
    with pytest.raises(ModelError, match="melody bundle"):
        find_naming(variables)
