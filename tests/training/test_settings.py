import pytest

from melody_rnn.config import CONFIGS
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.training import TrainingSettings, parse_hparams

CONFIG = CONFIGS["attention_rnn"]


def test_hparams_change_network_and_training():
    texts = ["layer_sizes=[32,16],dropout=0.25", "batch_size=64", "schedule=cosine", "patience=3"]
    config, settings = parse_hparams(texts, CONFIG, TrainingSettings())
    assert (config.network.layer_sizes, config.network.dropout, config.network.attention_length) == ((32, 16), 0.25, 40)
    assert (settings.batch_size, settings.schedule, settings.patience) == (64, "cosine", 3)
    assert config.encoding == CONFIG.encoding


def test_magenta_s_names_are_understood():
    texts = ["batch_size=64,rnn_layer_sizes=[64,64],dropout_keep_prob=0.75,attn_length=20"]
    config, settings = parse_hparams(texts, CONFIG, TrainingSettings())
    assert (config.network.layer_sizes, config.network.dropout, config.network.attention_length) == ((64, 64), 0.25, 20)
    assert settings.batch_size == 64


def test_hparams_change_the_encoding():
    config, _ = parse_hparams(["min_note=36,max_note=96"], CONFIG, TrainingSettings())
    assert (config.encoding.min_note, config.encoding.max_note, config.encoding.kind) == (36, 96, "key")
    in_bars, _ = parse_hparams(["lookback_unit=bar"], CONFIGS["lookback_rnn"], TrainingSettings())
    assert (in_bars.encoding.lookback_unit, in_bars.encoding.lookback_distances) == ("bar", (1, 2))
    further, _ = parse_hparams(["lookback_unit=bar,lookback_distances=[4]"], CONFIG, TrainingSettings())
    assert further.encoding.lookback_distances == (4,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("speed=3", "unknown name 'speed'"),
        ("batch_size=many", "batch_size must be of type int, got 'many'"),
        ("batch_size=1.5", "batch_size must be of type int, got 1.5"),
        ("batch_size=0", "batch_size must be at least 1"),
        ("learning_rate=-1", "learning_rate must be a finite number above 0"),
        ("learning_rate=NaN", "learning_rate must be a finite number above 0"),
        ("dropout=1.5", "dropout must be in"),
        ("layer_sizes=3", "layer_sizes: expected"),
        ("layer_sizes=[0]", "layer_sizes must be 1 to 16 layers of 1 to 4096 units"),
        ("kind=tune", "unknown name 'kind'"),
        ("max_note=50", "must span at least an octave"),
        ("lookback_unit=beat", "lookback_unit"),
        ("mixed_precision=1", "mixed_precision must be of type bool"),
        ("schedule=steep", "schedule must be one of"),
        ("batch_size", "must be name=value"),
        ("seed=__import__('os')", "seed must be a number, a list or a word"),
    ],
)
def test_hparams_that_cannot_be_are_refused(text, message):
    with pytest.raises(InvalidArgumentError, match=message):
        parse_hparams([text], CONFIG, TrainingSettings())
