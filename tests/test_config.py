import dataclasses

import pytest

from melody_rnn.config import CONFIGS, IMPROV_NAMES, MAGENTA_NAMES, EncodingConfig, ModelConfig, NetworkConfig
from melody_rnn.errors import ModelError


@pytest.mark.parametrize("config", CONFIGS.values(), ids=lambda c: c.name)
def test_json_round_trip(config):
    assert ModelConfig.from_json(config.to_json()) == config


def test_the_four_are_magentas():
    assert list(CONFIGS) == [*MAGENTA_NAMES, "tunes_rnn", *IMPROV_NAMES, "chords_rnn"]
    assert all(CONFIGS[name].network.layer_sizes == (128, 128) for name in MAGENTA_NAMES)
    assert CONFIGS["mono_rnn"].transpose_to_key is None
    assert CONFIGS["attention_rnn"].network.attention_length == 40


@pytest.mark.parametrize("text", ["", "[]", "null", '{"name": 1}', '{"name": "x"}', "{" * 5000])
def test_bad_json(text):
    with pytest.raises(ModelError):
        ModelConfig.from_json(text)


@pytest.mark.parametrize(
    "change",
    [
        lambda: EncodingConfig("lookback", 60, 71),
        lambda: EncodingConfig("lookback", -1, 84),
        lambda: EncodingConfig("lookback", 48, 129),
        lambda: EncodingConfig("lookback", lookback_distances=(0, 4)),
        lambda: EncodingConfig("lookback", lookback_distances=()),
        lambda: NetworkConfig(()),
        lambda: NetworkConfig(dropout=1.0),
        lambda: NetworkConfig(attention_length=-1),
        lambda: dataclasses.replace(CONFIGS["basic_rnn"], transpose_to_key=12),
        lambda: dataclasses.replace(CONFIGS["basic_rnn"], steps_per_quarter=0),
    ],
)
def test_values_out_of_range(change):
    with pytest.raises(ModelError):
        change()
