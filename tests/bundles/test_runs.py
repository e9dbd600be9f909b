"""Checkpoints of Magenta's own training: those of tests are made by hand in its format (V2), with its names."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from melody_rnn.config import CONFIGS
from melody_rnn.errors import InputFileError, ModelError
from melody_rnn.magenta.bundles import read_run
from melody_rnn.magenta.bundles.naming import MAGENTA_2, make_naming
from melody_rnn.magenta.bundles.weights import convert_weights
from tests.bundles.synthetic import make_checkpoint, random_variables

SIZES = {"basic_rnn": (38, 38), "attention_rnn": (74, 40)}


def variables_of(name, num_wrapped=0, sizes=None):
    naming = make_naming(MAGENTA_2, "first_layer" if num_wrapped else None, 2)
    input_size, num_classes = sizes or SIZES[name]
    variables = random_variables(naming.names, (6, 5), input_size, num_classes, num_wrapped)
    return naming, variables


def write_run(folder, variables, step=30):
    """Writes the variables as Magenta's training does, with its optimizer's, and returns the prefix."""
    folder.mkdir(parents=True, exist_ok=True)
    slots = {f"{name}/Adam": array for name, array in variables.items()}
    everything = variables | slots | {"global_step": np.array(step), "beta1_power": np.array(0.5, np.float32)}
    prefix = folder / f"model.ckpt-{step}"
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=list(everything),
        shape_and_slices=[""] * len(everything),
        tensors=[tf.constant(array) for array in everything.values()],
    )
    # As it comes from another machine: the state names a folder that is not there.
    state = f'model_checkpoint_path: "/elsewhere/train/{prefix.name}"\n'
    (folder / "checkpoint").write_text(state)
    return prefix


@pytest.mark.parametrize(("name", "num_wrapped"), [("basic_rnn", 0), ("attention_rnn", 1)])
def test_the_latest_checkpoint_of_a_run_and_one_by_name_are_read(tmp_path, name, num_wrapped):
    naming, variables = variables_of(name, num_wrapped)
    write_run(tmp_path / "train", {key: 2 * array for key, array in variables.items()}, step=10)
    latest = write_run(tmp_path / "train", variables, step=30)
    for path in (tmp_path / "train", latest, latest.with_name("model.ckpt-30.index")):
        bundle = read_run(path, CONFIGS[name])
        assert bundle.description == "Magenta's checkpoint model.ckpt-30, trained for 30 steps"
        assert bundle.config.network.layer_sizes == (6, 5)
        assert bundle.config.network.attention_length == (40 if num_wrapped else 0)
        for key, array in convert_weights(naming, variables).items():
            np.testing.assert_array_equal(bundle.weights[key], array)
    earlier = read_run(tmp_path / "train" / "model.ckpt-10", CONFIGS[name])
    assert (earlier.weights["logits/bias"] == 2 * bundle.weights["logits/bias"]).all()


def test_the_window_is_that_of_the_configuration(tmp_path):
    prefix = write_run(tmp_path, variables_of("attention_rnn", 1)[1])
    config = CONFIGS["attention_rnn"]
    config = replace(config, network=replace(config.network, attention_length=16))
    assert read_run(prefix, config).config.network.attention_length == 16


def test_the_window_is_that_of_the_metagraph_if_there_is_one(tmp_path):
    prefix = write_run(tmp_path, variables_of("attention_rnn", 1)[1])
    metagraph = tf.compat.v1.MetaGraphDef()
    for i, width in enumerate((6, 6, 6, 7 * 6)):
        node = metagraph.graph_def.node.add(name=f"x/AttentionCellWrapperZeroState/zeros_{i}", op="Fill")
        shape = node.attr["_output_shapes"].list.shape.add()
        for size in (8, width):
            shape.dim.add(size=size)
    path = prefix.with_name(f"{prefix.name}.meta")
    for content, length in ((metagraph.SerializeToString(), 7), (b"damaged", 40), (b"", 40)):
        path.write_bytes(content)
        assert read_run(prefix, CONFIGS["attention_rnn"]).config.network.attention_length == length


def test_a_checkpoint_of_the_first_format_is_read(tmp_path):
    naming, variables = variables_of("basic_rnn")
    make_checkpoint(variables, tmp_path)
    weights = read_run(tmp_path / "model.ckpt", CONFIGS["basic_rnn"]).weights
    np.testing.assert_array_equal(weights["logits/bias"], variables[naming.names["logits/bias"]])


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((518, 512), r"a checkpoint of drums_rnn \(drum_kit\), not of basic_rnn"),
        ((130, 130), "a checkpoint of mono_rnn, not of basic_rnn"),
        ((7, 7), "a checkpoint of a network with 7 inputs and 7 labels, not of basic_rnn"),
    ],
)
def test_a_checkpoint_of_another_model_is_named(tmp_path, sizes, words):
    prefix = write_run(tmp_path, variables_of("basic_rnn", sizes=sizes)[1])
    with pytest.raises(ModelError, match=f"model.ckpt-30: {words}"):
        read_run(prefix, CONFIGS["basic_rnn"])


def test_a_checkpoint_of_another_architecture_is_named(tmp_path):
    prefix = write_run(tmp_path, {"decoder/kernel": np.zeros(3, np.float32)})
    with pytest.raises(ModelError, match="a checkpoint of MusicVAE, not of a melody model"):
        read_run(prefix, CONFIGS["basic_rnn"])


def test_what_is_no_checkpoint_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "page").write_text("<html>")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "checkpoint").write_bytes(b"\xff\xfe")
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-1"')
    for name, words in {
        "empty": "no checkpoint there yet",
        "damaged": "cannot be read",
        "gone": "latest checkpoint is missing",
        "missing": "no such checkpoint",
    }.items():
        with pytest.raises(InputFileError, match=words) as error:
            read_run(tmp_path / name, CONFIGS["basic_rnn"])
        assert "\n" not in str(error.value)
    with pytest.raises(ModelError, match="page: its checkpoint is damaged"):
        read_run(tmp_path / "page", CONFIGS["basic_rnn"])


def test_a_damaged_checkpoint_is_refused(tmp_path):
    prefix = write_run(tmp_path, variables_of("basic_rnn")[1])
    data = prefix.with_name(f"{prefix.name}.data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:-100])
    with pytest.raises(ModelError, match="ends beyond its file"):
        read_run(prefix, CONFIGS["basic_rnn"])
