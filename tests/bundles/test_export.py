import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from note_seq.protobuf import generator_pb2

from melody_rnn.config import CONFIGS, EVERY_MAGENTA_NAME, EncodingConfig, NetworkConfig
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import ModelError, OutputError
from melody_rnn.magenta.bundles import read_bundle, write_bundle
from melody_rnn.magenta.bundles.naming import MAGENTA_2, make_naming
from melody_rnn.magenta.bundles.weights import convert_weights
from melody_rnn.presets import make_network
from tests.bundles.synthetic import random_variables

DATA = Path(__file__).parents[1] / "data"
LAYERS = (6, 5)


def model(name, layout=None):
    """Returns a configuration with small layers and random weights for it."""
    attention = {"attention_length": 7, "attention_layout": layout} if layout else {}
    config = dataclasses.replace(CONFIGS[name], network=NetworkConfig(LAYERS, **attention))
    encoding = make_encoding(config.encoding)
    naming = make_naming(MAGENTA_2, layout, len(LAYERS))
    wrapped = {None: 0, "first_layer": 1, "stack": 2}[layout]
    variables = random_variables(naming.names, LAYERS, encoding.input_size, encoding.num_classes, wrapped)
    return config, convert_weights(naming, variables)


def run_metagraph(bundle, inputs, temperature, folder):
    """Runs a bundle's metagraph as Magenta does and returns its softmax for each step."""
    checkpoint = folder / "model.ckpt"
    checkpoint.write_bytes(bundle.checkpoint_file[0])
    with tf.Graph().as_default() as graph, tf.compat.v1.Session() as session:
        metagraph = tf.compat.v1.MetaGraphDef.FromString(bundle.metagraph_file)
        tf.compat.v1.train.import_meta_graph(metagraph).restore(session, str(checkpoint))
        initial = graph.get_collection("initial_state")
        final = graph.get_collection("final_state")
        assert [s.shape for s in initial] == [s.shape for s in final]
        state, rows = session.run(initial), []
        # In two parts, so that the state must be carried from the first to the second.
        for part in (inputs[:, :3], inputs[:, 3:]):
            feed = {graph.get_collection("inputs")[0]: part, graph.get_collection("temperature")[0]: temperature}
            feed |= dict(zip(initial, state, strict=True))
            state, softmax = session.run([final, graph.get_collection("softmax")[0]], feed)
            rows.append(softmax)
        return np.concatenate(rows, axis=1)


CASES = [
    ("basic_rnn", None),
    ("mono_rnn", None),
    ("lookback_rnn", None),
    ("attention_rnn", "first_layer"),
    ("attention_rnn", "stack"),
    ("basic_improv", None),
    ("attention_improv", "first_layer"),
    ("chord_pitches_improv", None),
]


@pytest.mark.parametrize(("name", "layout"), CASES)
def test_what_is_written_is_read_back_and_its_graph_runs_the_network(name, layout, tmp_path):
    config, weights = model(name, layout)
    path = tmp_path / "x.mag"
    assert write_bundle(path, config, weights, "of a test", batch_size=2) == name
    back = read_bundle(path)
    assert back.config == config
    assert "of a test" in back.description
    assert set(back.weights) == set(weights)
    for key, array in weights.items():
        np.testing.assert_allclose(back.weights[key], array, rtol=0, atol=1e-6)
    network = make_network(config)
    network.assign_by_name(weights)
    inputs = np.random.default_rng(0).normal(size=(2, 11, network.input_size)).astype(np.float32)
    bundle = generator_pb2.GeneratorBundle.FromString(path.read_bytes())
    expected = tf.nn.softmax(network(inputs) / 0.7).numpy()
    np.testing.assert_allclose(run_metagraph(bundle, inputs, 0.7, tmp_path), expected, atol=1e-5)


@pytest.mark.parametrize("name", EVERY_MAGENTA_NAME)
def test_magenta_s_own_bundles_come_out_as_they_went_in(name, tmp_path):
    original = read_bundle(DATA / f"{name}.mag")
    write_bundle(tmp_path / "x.mag", original.config, original.weights)
    again = read_bundle(tmp_path / "x.mag")
    assert again.config == original.config
    for key, array in original.weights.items():
        np.testing.assert_allclose(again.weights[key], array, rtol=0, atol=1e-6)
    names = {}
    for path in (DATA / f"{name}.mag", tmp_path / "x.mag"):
        bundle = generator_pb2.GeneratorBundle.FromString(path.read_bytes())
        (tmp_path / "model.ckpt").write_bytes(bundle.checkpoint_file[0])
        shapes = tf.train.load_checkpoint(str(tmp_path / "model.ckpt")).get_variable_to_shape_map()
        names[path] = {variable: shape for variable, shape in shapes.items() if variable != "global_step"}
    ours, theirs = names.values()
    assert ours == theirs


def test_the_metagraph_knows_only_what_tensorflow_2_9_knows(tmp_path):
    config, weights = model("attention_rnn", "first_layer")
    write_bundle(tmp_path / "x.mag", config, weights)
    bundle = generator_pb2.GeneratorBundle.FromString((tmp_path / "x.mag").read_bytes())
    metagraph = tf.compat.v1.MetaGraphDef.FromString(bundle.metagraph_file)
    assert metagraph.meta_info_def.stripped_default_attrs
    assert metagraph.graph_def.versions.min_consumer <= 12
    # Of these the versions came and went.
    functions = [node.op for function in metagraph.graph_def.library.function for node in function.node_def]
    assert not [op for op in functions if op.startswith("BatchMatMul")]


UNKNOWN_TO_MAGENTA = {
    "tunes_rnn cannot be exported: its encoding": CONFIGS["tunes_rnn"],
    "chords_rnn cannot be exported: its encoding": CONFIGS["chords_rnn"],
    "no one_hot encoding of notes 36..96": dataclasses.replace(
        CONFIGS["basic_rnn"], encoding=EncodingConfig("one_hot", 36, 96)
    ),
    "cannot be exported: its encoding and layers": dataclasses.replace(
        CONFIGS["basic_rnn"], network=NetworkConfig(LAYERS, residual=True)
    ),
    "with 8 steps a quarter note": dataclasses.replace(CONFIGS["basic_rnn"], steps_per_quarter=8),
}


@pytest.mark.parametrize(("words", "config"), UNKNOWN_TO_MAGENTA.items())
def test_what_magenta_cannot_hold_is_refused(words, config, tmp_path):
    with pytest.raises(ModelError, match=words) as error:
        write_bundle(tmp_path / "x.mag", config, {})
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_of_a_bundle_that_cannot_be_written(tmp_path, monkeypatch):
    config, weights = model("basic_rnn")
    with pytest.raises(OutputError, match="cannot be written"):
        write_bundle(tmp_path / "missing" / "x.mag", config, weights)

    def fail(*_arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OutputError, match="No space left"):
        write_bundle(tmp_path / "x.mag", config, weights)
    assert not list(tmp_path.iterdir())
