"""Shared by all tests: a tiny network over real encodings, and the golden cases."""

import json
import os
import shutil
from pathlib import Path

import pytest

from melody_rnn.config import EncodingConfig, ModelConfig, NetworkConfig

DATA = Path(__file__).parent / "data"
# No test writes into the cache of who runs it.
os.environ["MELODY_RNN_CACHE"] = ""
# Most of what the tests compile runs a few times only: machine code that is made fast is better than fast code.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
SHARED = Path(__file__).parents[2] / "shared" / "magenta"


@pytest.fixture(scope="session")
def tiny_config():
    """A lookback model of one octave."""
    return ModelConfig("tiny", EncodingConfig("lookback", 60, 72, (4, 8)), NetworkConfig((8, 6), dropout=0.2))


@pytest.fixture(scope="session")
def tiny_model(tiny_config):
    """A model with fixed random weights."""
    import keras

    from melody_rnn.model import MelodyRNN
    from melody_rnn.presets import Preset, make_network

    keras.utils.set_random_seed(1)
    network = make_network(tiny_config)
    for variable in network.variables:
        variable.assign(variable * 3.0)
    return MelodyRNN(Preset(tiny_config, {60: 0.25, 67: 0.75}), network)


@pytest.fixture(scope="session")
def saved_tiny(tiny_model, tmp_path_factory):
    """The tiny model's folder, which no test changes."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_model.save_to_preset(folder)
    return folder


@pytest.fixture
def tiny_folder(saved_tiny, tmp_path):
    """A folder of the tiny model, `tiny`, for this test alone."""
    return shutil.copytree(saved_tiny, tmp_path / "tiny")


@pytest.fixture
def golden():
    """Returns a function that gives a bundle's path and its golden cases by name."""

    def load(name):
        folder = DATA if (DATA / f"{name}.json").exists() else SHARED
        if not (folder / f"{name}.json").exists():
            pytest.skip(f"{name}.json lies in ../shared/magenta, which is not here")
        return folder / f"{name}.mag", json.loads((folder / f"{name}.json").read_text())["cases"]

    return load
