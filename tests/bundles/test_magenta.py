import gzip
import io
import json
import random
import tarfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from note_seq.protobuf import generator_pb2
from tensorflow.python.framework import importer, meta_graph

from melody_rnn.config import CONFIGS, IMPROV_NAMES, MAGENTA_NAMES
from melody_rnn.errors import InputFileError, MelodyRNNError, ModelError
from melody_rnn.magenta.bundles.magenta import read_bundle
from tests.bundles.numpy_reference import event_logits, log_likelihood, log_softmax
from tests.bundles.synthetic import random_variables, write_bundle

DATA = Path(__file__).parents[1] / "data"
SHARED = Path(__file__).parents[3] / "shared" / "magenta"
NEEDS_SHARED = pytest.mark.skipif(
    not (SHARED / "attention_rnn_2016.mag").is_file(),
    reason="needs ../shared/magenta/attention_rnn_2016.mag, third-party data that is not part of this repository",
)
GOLDEN = [
    *(pytest.param(DATA / f"{name}.mag", id=name) for name in MAGENTA_NAMES),
    pytest.param(SHARED / "attention_rnn_2016.mag", id="attention_rnn_2016", marks=NEEDS_SHARED),
]
NAMES = {
    "lstm_0/kernel": "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/kernel",
    "lstm_0/bias": "rnn/multi_rnn_cell/cell_0/basic_lstm_cell/bias",
    "lstm_1/kernel": "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/kernel",
    "lstm_1/bias": "rnn/multi_rnn_cell/cell_1/basic_lstm_cell/bias",
    "logits/kernel": "fully_connected/weights",
    "logits/bias": "fully_connected/biases",
}


@pytest.mark.parametrize("path", GOLDEN)
def test_the_weights_give_magenta_s_own_figures(path):
    bundle = read_bundle(path)
    cases = json.loads(path.with_suffix(".json").read_text())["cases"]
    for case in sorted(cases, key=lambda case: len(case["events"]))[:5]:
        events = case["squashed"]
        logits = event_logits(bundle.weights, bundle.config, events)
        if "log_likelihood" in case:
            assert log_likelihood(logits, bundle.config, events) == pytest.approx(case["log_likelihood"], abs=1e-3)
        for field, position, temperature in (("first_T1", 0, 1), ("last_T1", -1, 1), ("last_T0.6", -1, 0.6)):
            found = np.exp(log_softmax(logits[position] / temperature))
            np.testing.assert_allclose(found, case[f"softmax_{field}"], atol=1e-5)


@pytest.mark.parametrize("name", MAGENTA_NAMES)
def test_the_configuration_is_that_of_the_generator_id(name):
    config = read_bundle(DATA / f"{name}.mag").config
    assert config.name == name
    assert config.encoding == CONFIGS[name].encoding
    assert config.transpose_to_key == CONFIGS[name].transpose_to_key
    assert config.network.layer_sizes == (48, 32)
    assert config.network.dropout == 0.5
    assert config.network.attention_length == CONFIGS[name].network.attention_length
    assert config.network.attention_layout == "first_layer"


@pytest.mark.parametrize("name", IMPROV_NAMES)
def test_models_over_chords_are_known_by_their_generator_id(name):
    config = read_bundle(DATA / f"{name}.mag").config
    assert (config.name, config.encoding) == (name, CONFIGS[name].encoding)
    assert config.transpose_to_key is None
    assert config.network.attention_length == CONFIGS[name].network.attention_length


@NEEDS_SHARED
def test_attention_around_the_whole_stack_is_seen():
    network = read_bundle(SHARED / "attention_rnn_2016.mag").config.network
    assert (network.layer_sizes, network.attention_length, network.attention_layout) == ((64, 64), 40, "stack")


def test_the_description_is_the_bundle_s_own_and_names_the_era():
    description = read_bundle(DATA / "mono_rnn.mag").description
    assert description.startswith("Monophonic RNN with one-hot encoding. golden (generator id 'mono_rnn'")
    assert "TensorFlow 1.2 and later" in description


def test_the_description_is_one_printable_line_whatever_the_bundle_says(tmp_path):
    bundle = generator_pb2.GeneratorBundle.FromString((DATA / "basic_rnn.mag").read_bytes())
    bundle.bundle_details.description = "two\nlines \x1b[31mred\x07"
    path = tmp_path / "x.mag"
    path.write_bytes(bundle.SerializeToString())
    assert r"two lines \x1b[31mred\x07" in read_bundle(path).description
    assert read_bundle(path).description.isprintable()


def test_an_assumed_note_range_is_told(tmp_path):
    path = write_bundle(tmp_path / "x.mag", random_variables(NAMES, input_size=62, num_classes=62))
    bundle = read_bundle(path)
    assert (bundle.config.encoding.min_note, bundle.config.encoding.max_note) == (36, 96)
    assert "note range 36..96 assumed" in bundle.description


def test_the_metagraph_is_never_imported_or_run(tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the metagraph was used as a graph")

    # Only a model with attention has its metagraph opened at all.
    victim = tmp_path / "victim"
    bundle = generator_pb2.GeneratorBundle.FromString((DATA / "attention_rnn.mag").read_bytes())
    metagraph = tf.compat.v1.MetaGraphDef.FromString(bundle.metagraph_file)
    hostile = metagraph.graph_def.node.add(name="hostile", op="WriteFile")
    hostile.attr["filename"].s = str(victim).encode()
    metagraph.graph_def.node.add(name="unheard_of", op="NoSuchOp", device="/job:evil")
    metagraph.graph_def.library.function.add().signature.name = "hostile_function"
    metagraph.collection_def["saved_model_main_op"].node_list.value.append("hostile")
    bundle.metagraph_file = metagraph.SerializeToString()
    path = tmp_path / "x.mag"
    path.write_bytes(bundle.SerializeToString())
    for owner, name in (
        (importer, "import_graph_def"),
        (meta_graph, "import_scoped_meta_graph"),
        (tf, "import_graph_def"),
        (tf.graph_util, "import_graph_def"),
        (tf.compat.v1, "import_graph_def"),
        (tf.compat.v1.train, "import_meta_graph"),
        (tf.compat.v1, "Session"),
        (tf.saved_model, "load"),
    ):
        monkeypatch.setattr(owner, name, refuse)
    assert read_bundle(path).config.network.attention_length == 40
    assert not victim.exists()


def test_an_attention_bundle_without_its_states_is_refused(tmp_path):
    bundle = generator_pb2.GeneratorBundle.FromString((DATA / "attention_rnn.mag").read_bytes())
    bundle.metagraph_file = tf.compat.v1.MetaGraphDef(graph_def=tf.compat.v1.GraphDef(version=1)).SerializeToString()
    path = tmp_path / "x.mag"
    path.write_bytes(bundle.SerializeToString())
    with pytest.raises(ModelError, match="initial_state"):
        read_bundle(path)


def archive(mode):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=mode) as tar:
        tar.addfile(tarfile.TarInfo("hierdec-mel_16bar.ckpt.index"), io.BytesIO())
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (random.Random(0).randbytes(5000), "no bundle"),
        (b"\x08\x01", "no bundle"),
        (b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>", "web page"),
        (archive("w"), "MusicVAE"),
        (archive("w:gz"), "MusicVAE"),
        (gzip.compress(b"anything", mtime=0), "gzip"),
    ],
)
def test_a_file_that_is_no_bundle_is_refused(tmp_path, content, words):
    path = tmp_path / "x.mag"
    path.write_bytes(content)
    with pytest.raises(InputFileError, match=words) as error:
        read_bundle(path)
    assert str(path) in str(error.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(InputFileError, match="No such file"):
        read_bundle(tmp_path / "missing.mag")
    with pytest.raises(InputFileError, match="is a folder"):
        read_bundle(str(tmp_path))
    with pytest.raises(InputFileError, match="cannot be read"):
        read_bundle("x" * 5000)


def test_a_bundle_cut_anywhere_is_refused_in_one_line(tmp_path):
    whole = (DATA / "basic_rnn.mag").read_bytes()
    path = tmp_path / "x.mag"
    parts = generator_pb2.GeneratorBundle.FromString(whole)
    parts.ClearField("metagraph_file")
    at_field_borders = [len(parts.SerializeToString())]
    parts.ClearField("checkpoint_file")
    at_field_borders.append(len(parts.SerializeToString()))
    for length in [*at_field_borders, *range(1, len(whole), 9973), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(InputFileError) as error:
            read_bundle(path)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["basic_rnn", "attention_rnn"])
def test_damaged_bytes_never_cause_anything_but_an_own_error(name, tmp_path):
    whole = (DATA / f"{name}.mag").read_bytes()
    rng = random.Random(1)
    path = tmp_path / "x.mag"
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(rng.choice([1, 8, 200])):
            damaged[rng.randrange(len(whole))] = rng.randrange(256)
        path.write_bytes(damaged)
        try:
            bundle = read_bundle(path)
        except MelodyRNNError as error:
            assert "\n" not in str(error)
        else:
            assert bundle.config.network.attention_length < 5000


@pytest.mark.parametrize(
    ("generator_id", "model"),
    [
        ("drum_kit", "drums_rnn"),
        ("polyphony", "polyphony_rnn"),
        ("performance_with_dynamics", "performance_rnn"),
    ],
)
def test_bundles_of_other_models_are_named(generator_id, model, tmp_path):
    path = write_bundle(tmp_path / "x.mag", random_variables(NAMES), generator_id)
    with pytest.raises(ModelError, match=f"x.mag: a bundle of Magenta's {model}"):
        read_bundle(path)


def test_an_unknown_generator_id_goes_by_the_shapes(tmp_path):
    path = write_bundle(tmp_path / "x.mag", random_variables(NAMES, input_size=121, num_classes=40), "../../evil")
    bundle = read_bundle(path)
    assert bundle.config.name == "lookback_rnn"
    assert "'../../evil'" in bundle.description


def test_shapes_that_contradict_the_generator_id_are_refused(tmp_path):
    path = write_bundle(tmp_path / "x.mag", random_variables(NAMES), "lookback_rnn")
    with pytest.raises(ModelError, match="38 inputs and 38 labels, which is not the encoding of lookback_rnn"):
        read_bundle(path)


def test_missing_extra_misshapen_and_nan_weights_are_refused(tmp_path):
    whole = random_variables(NAMES)
    kernel = NAMES["lstm_1/kernel"]
    damaged = {
        "missing": {name: array for name, array in whole.items() if name != kernel},
        "belong to no Melody RNN": whole | {"rnn/attention/extra": whole[kernel]},
        "have shape": whole | {kernel: whole[kernel][1:]},
        "hold NaN": whole | {kernel: whole[kernel] * np.float32(np.nan)},
    }
    for words, variables in damaged.items():
        path = write_bundle(tmp_path / "x.mag", variables)
        with pytest.raises(ModelError, match=words) as error:
            read_bundle(path)
        assert str(path) in str(error.value)
        assert "\n" not in str(error.value)


def test_several_checkpoint_files_are_refused(tmp_path):
    bundle = generator_pb2.GeneratorBundle.FromString((DATA / "basic_rnn.mag").read_bytes())
    bundle.checkpoint_file.append(bundle.checkpoint_file[0])
    path = tmp_path / "x.mag"
    path.write_bytes(bundle.SerializeToString())
    with pytest.raises(ModelError, match="2 checkpoint files"):
        read_bundle(path)
