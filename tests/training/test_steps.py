"""Steps of another length than Magenta's: from music files through a dataset and a model to MIDI."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from melody_rnn.cli.main import cli
from melody_rnn.config import CONFIGS
from melody_rnn.data.dataset import load
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.model import MelodyRNN
from melody_rnn.tunes.files import read_tune

TRIPLETS = "(3CEG (3ceg (3afd B2|(3cBA (3GFE D2 C2|(3EFG A2 (3BAG F2|(3def (3edc (3BAG F2|"


def melody_rnn(*arguments: object) -> None:
    CliRunner().invoke(cli, list(map(str, arguments)), catch_exceptions=False, standalone_mode=False)


@pytest.fixture
def dataset_folder(tmp_path: Path) -> Path:
    """A dataset of tunes with fast triplets, at 12 steps a quarter note."""
    bars = TRIPLETS.split("|")[:-1]
    for number in range(12):
        music = "|".join(bars[(number * k + k * k) % 4] for k in range(1, 10 + number))
        (tmp_path / f"{number}.abc").write_text(f"X:1\nM:4/4\nL:1/8\nK:C\n{music}|\n")
    melody_rnn("dataset", "build", "-i", tmp_path, "-o", tmp_path / "data", "--steps-per-quarter", 12, "--workers", 1)
    return tmp_path / "data"


def test_tunes_of_finer_steps_are_learnt_and_written(dataset_folder: Path, tmp_path: Path):
    melodies = load(dataset_folder).melodies
    assert len(melodies) > 4
    assert {(melody.steps_per_quarter, melody.steps_per_bar) for melody in melodies} == {(12, 48)}
    small = "layer_sizes=[8],embedding_size=0,min_note=60,max_note=84"
    options = ["--steps", 1, "--hparams", small, "--verbose"]
    melody_rnn("train", "--dataset", dataset_folder, "--run-dir", tmp_path / "run", *options)
    model = MelodyRNN.from_preset(tmp_path / "run" / "model")
    assert model.config.steps_per_quarter == 12
    assert model.config.encoding.max_bar_steps == 96
    [tune] = model.generate(num_steps=96, primer="C4 E4", seed=1)
    assert (tune.steps_per_quarter, tune.steps_per_bar, len(tune)) == (12, 48, 96)
    assert tune.events[:24] == (60, *[-2] * 11, 64, *[-2] * 11)
    back = read_tune(tune.write(tmp_path / "x.mid"), steps_per_quarter=12)
    assert back.pitches == tune.pitches


def test_a_model_is_not_trained_further_on_other_steps(dataset_folder: Path, tmp_path: Path):
    options = ["--from", "tunes_rnn", "--steps", 1, "--verbose"]
    with pytest.raises(InvalidArgumentError, match="has 12 steps a quarter note and the model 4; build a dataset of"):
        melody_rnn("train", "--dataset", dataset_folder, "--run-dir", tmp_path / "run", *options)


def test_a_config_at_other_steps_spans_the_same_time():
    finer = CONFIGS["attention_rnn"].with_steps(12)
    assert (finer.steps_per_quarter, finer.network.attention_length) == (12, 120)
    assert (finer.encoding.lookback_distances, finer.encoding.max_bar_steps) == ((48, 96), 96)
    assert CONFIGS["tunes_rnn"].with_steps(12).encoding.lookback_distances == (1, 2, 4, 8)
    assert CONFIGS["basic_rnn"].with_steps(12).network.attention_length == 0
    assert finer.with_steps(4) == CONFIGS["attention_rnn"]
