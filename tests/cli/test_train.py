import json

import numpy as np
import pytest
from click.testing import CliRunner

from melody_rnn.cli.main import cli
from melody_rnn.data.dataset import Dataset, StoredMelody, save
from melody_rnn.errors import MelodyRNNError
from melody_rnn.music.meters import COMMON_TIME
from melody_rnn.presets import read_preset
from melody_rnn.training.summaries import EpochSummaries

SMALL = ["--hparams", "layer_sizes=[8],embedding_size=0,min_note=60,max_note=72", "--verbose"]


def melodies(**splits):
    rng = np.random.default_rng(2)
    return tuple(
        StoredMelody(f"{split}{k}", rng.choice([-2, -2, 60, 64, 67], 33).astype(np.int8), COMMON_TIME, split)
        for split, number in splits.items()
        for k in range(number)
    )


@pytest.fixture
def dataset_folder(tmp_path):
    terms = [{"name": "tunebooks", "terms": "Free for all."}]
    save(Dataset(melodies(train=6, validation=2, test=2), {"corpora": terms}), tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def train(tmp_path, dataset_folder):
    def run(*arguments, dataset=dataset_folder, name="mine"):
        command = ["train", "--run-dir", tmp_path / name, *([] if dataset is None else ["--dataset", dataset])]
        return CliRunner().invoke(cli, [str(argument) for argument in (*command, *arguments)])

    return run


def test_a_few_tunes_from_nothing(train, tmp_path):
    result = train("--model", "lookback_rnn", "--epochs", 2, *SMALL)
    assert result.exit_code == 0, result.output
    assert "6 tunes are few to learn from nothing: --from tunes_rnn" in result.stderr
    assert "An event of the 2 tunes of the validation split costs tunes_rnn" in result.stdout
    assert json.loads((tmp_path / "mine" / "run.json").read_text())["settings"]["patience"] == 10


def test_the_model_has_the_name_and_the_facts_of_its_run(train, tmp_path, dataset_folder):
    train("--model", "lookback_rnn", "--epochs", 1, "--seed", 5, *SMALL)
    preset = read_preset(tmp_path / "mine" / "model")
    assert preset.name == "mine"
    assert preset.card.startswith("# mine\n\nA lookback_rnn trained on 6 tunes: ")
    history = json.loads((tmp_path / "mine" / "history.json").read_text())
    for fact in (
        f"{history[0]['val_loss']:.3f} nats on 2 tunes of the validation split",
        "The weights are those of epoch 1, the best on the validation split; seed 5",
        f"`{dataset_folder}`: 6 in train, 2 in validation, 2 in test",
        "`corpus:tunebooks`: Free for all. The model's folder",
        "    melody-rnn",
    ):
        assert fact in preset.card
    tunes = CliRunner().invoke(
        cli, ["generate", "--model", str(tmp_path / "mine" / "model"), "-n", "1", "-o", str(tmp_path / "out"), "-v"]
    )
    assert tunes.exit_code == 0, tunes.output
    assert all("mine" in path.name for path in (tmp_path / "out").glob("*.mid"))


def test_what_changed_is_told_of_the_model_that_training_began_with(train, tmp_path, tiny_folder):
    result = train("--from", tiny_folder, "--epochs", 3, "--verbose")
    assert result.exit_code == 0, result.output
    assert "few" not in result.stderr
    [line] = [line for line in result.stdout.splitlines() if line.startswith("An event")]
    assert "costs tiny " in line
    assert " nats and mine " in line
    again = train("--resume", "--verbose", dataset=None)
    assert line in again.stdout
    assert "from the weights of" in read_preset(tmp_path / "mine" / "model").card


def test_a_dataset_without_validation_keeps_the_last_weights(train, tmp_path):
    save(Dataset(melodies(train=6)), tmp_path / "whole")
    result = train("--model", "lookback_rnn", "--epochs", 2, *SMALL, dataset=tmp_path / "whole")
    assert result.exit_code == 0, result.output
    assert "no validation split: the weights of the last epoch are kept" in result.stderr
    assert "best after epoch 2 of 2: loss" in result.stdout
    assert "of the 6 tunes of the train split" in result.stdout
    assert "not measured on other tunes" in read_preset(tmp_path / "mine" / "model").card


def test_an_interrupted_run_says_how_to_go_on(train, tmp_path, monkeypatch):
    def interrupt(self, epoch, logs=None):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(EpochSummaries, "on_epoch_end", interrupt)
        result = train("--model", "lookback_rnn", "--epochs", 2, *SMALL)
    assert f"To go on: melody-rnn train --run-dir {tmp_path / 'mine'} --resume" in result.stderr
    assert train("--resume", "--verbose", dataset=None).exit_code == 0


def test_teachers_are_named(train, tmp_path, tiny_folder):
    twice = ["--teacher", tiny_folder] * 2
    softness = ["--distill-temperature", 3, "--distill-weight", 0.25]
    result = train("--model", "lookback_rnn", "--epochs", 1, *twice, *softness, *SMALL)
    assert result.exit_code == 0, result.output
    assert "from teachers" in result.stdout
    run = json.loads((tmp_path / "mine" / "run.json").read_text())
    assert (run["settings"]["distill_temperature"], run["settings"]["distill_weight"]) == (3.0, 0.25)
    assert [row["path"] for row in run["teachers"]] == [str(tiny_folder)] * 2
    assert "taught by tiny, tiny: " in read_preset(tmp_path / "mine" / "model").card


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--teacher", "nobody"], "unknown model 'nobody'"),
        (["--distill-weight", "0.5"], "--distill-weight is for learning from teachers; give --teacher too"),
        (["--distill-temperature", "2"], "--distill-temperature is for learning from teachers"),
        (["--teacher", "basic_rnn", "--distill-weight", "2"], "must be from 0 to 1, got 2"),
        (["--teacher", "basic_rnn", "--distill-temperature", "0"], "must be above 0, got 0"),
        (["--teacher", "mono_rnn", "--model", "lookback_rnn", *SMALL], "its min_note is 0 and the model's 60"),
        (["--resume", "--teacher", "basic_rnn"], "leave out --teacher"),
        (["--resume", "--from", "basic_rnn"], "leave out --from"),
    ],
)
def test_teachers_that_cannot_teach(train, tmp_path, arguments, message):
    result = train(*arguments)
    assert message in (str(result.exception) if isinstance(result.exception, MelodyRNNError) else result.output)
    assert result.exit_code != 0
    assert not (tmp_path / "mine").exists()


ABC = "X:{}\nM:4/4\nL:1/8\nK:C\n{}|\n"


@pytest.mark.parametrize(("split", "expected"), [("80/10/10", (6, 1, 1)), ("50/50/0", (4, 4, 0)), ("none", (8, 0, 0))])
def test_shares_of_the_splits_are_chosen(tmp_path, split, expected):
    rng = np.random.default_rng(3)
    for number in range(8):
        music = "|".join("".join(rng.choice(list("CDEFGABc"), 8)) for _ in range(9))
        (tmp_path / f"{number}.abc").write_text(ABC.format(number, music))
    command = ["dataset", "build", "-i", tmp_path, "-o", tmp_path / "data", "--split", split, "--workers", 1, "--json"]
    result = CliRunner().invoke(cli, [str(part) for part in command])
    assert result.exit_code == 0, result.output
    splits = json.loads(result.stdout)["splits"]
    assert tuple(splits[name]["melodies"] for name in ("train", "validation", "test")) == expected


@pytest.mark.parametrize("split", ["80/20", "80/10/20", "0/50/50", "a/b/c", "110/-5/-5", "nan/nan/nan", "all"])
def test_shares_that_cannot_be(tmp_path, split):
    command = ["dataset", "build", "-i", str(tmp_path), "-o", str(tmp_path / "data"), "--split", split]
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 2
    assert "must be the percentages of train, validation and test" in result.output


def test_chords_are_added_to_a_model_that_hears_none(train, tmp_path):
    result = train("--from", "tunes_rnn", "--model", "basic_improv")
    assert str(result.exception) == (
        "--from gives a tunes_rnn; it can become chords_rnn; leave out --model basic_improv"
    )
    assert not (tmp_path / "mine").exists()
