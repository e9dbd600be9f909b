import json
from dataclasses import replace

import numpy as np
import pytest

from melody_rnn.config import CONFIGS, EncodingConfig, NetworkConfig
from melody_rnn.errors import ModelError, OutputError
from melody_rnn.magenta.bundles import write_magentajs
from melody_rnn.magenta.bundles.naming import MAGENTA_2, make_naming
from melody_rnn.magenta.bundles.weights import convert_weights
from tests.bundles.synthetic import random_variables

NAMING = make_naming(MAGENTA_2, None, 2)
BASIC = replace(CONFIGS["basic_rnn"], network=NetworkConfig((6, 4)))


@pytest.fixture
def variables():
    return random_variables(NAMING.names, (6, 4))


@pytest.fixture
def weights(variables):
    return convert_weights(NAMING, variables)


def read_back(folder):
    """Returns config.json and the variables as TensorFlow.js's loader takes them from the manifest and the shards."""
    (group,) = json.loads((folder / "weights_manifest.json").read_text())
    content = b"".join((folder / path).read_bytes() for path in group["paths"])
    variables = {}
    for weight in group["weights"]:
        assert weight["dtype"] == "float32"
        size = int(np.prod(weight["shape"])) * 4
        variables[weight["name"]] = np.frombuffer(content[:size], "<f4").reshape(weight["shape"])
        content = content[size:]
    assert not content
    assert {path.name for path in folder.iterdir()} == {"config.json", "weights_manifest.json", *group["paths"]}
    return json.loads((folder / "config.json").read_text()), variables, len(group["paths"])


@pytest.mark.parametrize(("shard_bytes", "num_shards"), [(10**6, 1), (1000, 6)])
def test_the_folder_holds_the_weights_under_magentas_names(shard_bytes, num_shards, weights, variables, tmp_path):
    write_magentajs(tmp_path / "js", BASIC, weights, "Of a test", shard_bytes)
    spec, found, found_shards = read_back(tmp_path / "js")
    assert found_shards == num_shards
    assert found.keys() == variables.keys()
    for name, array in found.items():
        np.testing.assert_allclose(array, variables[name], rtol=0, atol=1e-6)
    assert spec == {
        "type": "MusicRNN",
        "dataConverter": {"type": "MelodyConverter", "args": {"minPitch": 48, "maxPitch": 83}},
        "name": "basic_rnn",
        "description": "Of a test",
        "stepsPerQuarter": 4,
        "transposeToKey": 0,
    }


def test_a_range_and_steps_of_ones_own_are_kept(weights, tmp_path):
    config = replace(BASIC, encoding=EncodingConfig("one_hot", 36, 96), steps_per_quarter=8, transpose_to_key=None)
    write_magentajs(tmp_path / "js", config, weights)
    spec = json.loads((tmp_path / "js" / "config.json").read_text())
    assert spec["dataConverter"]["args"] == {"minPitch": 36, "maxPitch": 95}
    assert (spec["stepsPerQuarter"], spec["transposeToKey"]) == (8, None)


def test_an_embedding_goes_into_the_first_kernel(weights, tmp_path):
    rng = np.random.default_rng(1)
    embedding = rng.normal(size=(50, 38)).astype(np.float32)
    config = replace(BASIC, network=NetworkConfig((6, 4), embedding_size=38))
    write_magentajs(tmp_path / "plain", BASIC, weights)
    write_magentajs(tmp_path / "folded", config, {**weights, "embedding/kernel": embedding})
    plain, folded = (read_back(tmp_path / name)[1] for name in ("plain", "folded"))
    first = NAMING.names["lstm_0/kernel"]
    np.testing.assert_allclose(folded[first][:50], embedding @ plain[first][:38], rtol=0, atol=1e-4)
    np.testing.assert_array_equal(folded.pop(first)[50:], plain.pop(first)[38:])
    for name, array in folded.items():
        np.testing.assert_array_equal(array, plain[name])


UNKNOWN_TO_MAGENTAJS = {
    "lookback_rnn cannot be exported to Magenta.js: its encoding is lookback": CONFIGS["lookback_rnn"],
    "attention_rnn cannot be exported to Magenta.js: its encoding is key": CONFIGS["attention_rnn"],
    "tunes_rnn cannot be exported to Magenta.js: its encoding is tune": CONFIGS["tunes_rnn"],
    "basic_improv cannot be exported to Magenta.js: it hears chords": CONFIGS["basic_improv"],
    "basic_rnn cannot be exported to Magenta.js: it has attention": replace(
        BASIC, network=NetworkConfig(attention_length=40)
    ),
    "basic_rnn cannot be exported to Magenta.js: its layers are residual": replace(
        BASIC, network=NetworkConfig(residual=True)
    ),
}


@pytest.mark.parametrize(("words", "config"), UNKNOWN_TO_MAGENTAJS.items())
def test_what_magentajs_cannot_hold_is_refused(words, config, tmp_path):
    with pytest.raises(ModelError, match=words) as error:
        write_magentajs(tmp_path / "js", config, {})
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_left_alone(weights, tmp_path):
    with pytest.raises(OutputError, match="exists already"):
        write_magentajs(tmp_path, BASIC, weights)
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_of_a_folder_that_cannot_be_written(weights, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", fail)
    with pytest.raises(OutputError, match="No space left"):
        write_magentajs(tmp_path / "js", BASIC, weights)
    assert not list(tmp_path.iterdir())
