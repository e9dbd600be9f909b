import io
import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from melody_rnn.cli.main import cli
from melody_rnn.cli.two_sample import print_two_sample
from melody_rnn.data.dataset import Dataset, StoredMelody, save
from melody_rnn.errors import InvalidArgumentError, OutputError
from melody_rnn.evaluation.evaluate import ENSEMBLE
from melody_rnn.evaluation.two_sample import Auc, FeatureAuc, TwoSample
from melody_rnn.music.meters import COMMON_TIME


@pytest.fixture
def arguments(tiny_folder, tmp_path):
    rng = np.random.default_rng(2)
    splits = ("train", "train", "validation", "test")
    melodies = [
        StoredMelody(f"{k}", rng.choice([-2, -1, 60, 64], 40).astype(np.int8), COMMON_TIME, part)
        for k, part in enumerate(splits)
    ]
    save(Dataset(tuple(melodies)), tmp_path / "data")
    return ["--model", str(tiny_folder), "--dataset", str(tmp_path / "data"), "--calibrate"]


def test_calibration_is_printed_and_drawn(arguments, tmp_path):
    picture = tmp_path / "pictures" / "diagram.png"
    result = CliRunner().invoke(cli, ["evaluate", *arguments, "--reliability", str(picture)])
    assert result.exit_code == 0, result.output
    assert "Calibrated temperature" in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    again = CliRunner().invoke(cli, ["evaluate", *arguments, "--reliability", str(picture)])
    assert isinstance(again.exception, OutputError)


def test_tables_fit_a_narrow_terminal_and_say_what_they_mean(arguments, saved_tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    name = tmp_path / "a_model_with_a_name_that_is_longer_than_most"
    shutil.copytree(saved_tiny, name)
    models = ["--model", str(name), *arguments[:-1]]
    shown = CliRunner().invoke(cli, ["evaluate", *models], catch_exceptions=False).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown
    assert all(title in shown for title in ("nats/event", "label nats", "perplexity", "of no event"))
    assert "how much an event surprises a model" in " ".join(shown.split())


def test_calibration_as_json(arguments):
    calibration = json.loads(CliRunner().invoke(cli, ["evaluate", *arguments, "--json"]).stdout)["calibration"]
    assert calibration["before"]["temperature"] == 1
    assert calibration["after"]["temperature"] == calibration["temperature"]


def test_several_models_are_compared(arguments, saved_tiny, tmp_path):
    shutil.copytree(saved_tiny, tmp_path / "other" / "tiny")
    others = ["--model", str(tmp_path / "other" / "tiny"), *arguments[:-1]]
    data = json.loads(CliRunner().invoke(cli, ["evaluate", *others, "--json"], catch_exceptions=False).stdout)
    # Both are called tiny, so that each has the name that it was given by.
    names = [str(tmp_path / "other" / "tiny"), str(tmp_path / "tiny")]
    assert [row["name"] for row in data["scores"]][:3] == [*names, ENSEMBLE]
    assert [(row["name"], row["other"]) for row in data["differences"]][2] == tuple(names)
    shown = CliRunner().invoke(cli, ["evaluate", *others, "--model", "mono_rnn"], catch_exceptions=False).stdout
    assert "no mean of them" in shown


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--model", "basic_rnn", "--calibrate"], "--calibrate and --two-sample are for one model"),
        (["--model", "basic_rnn", "--copied", "3"], "--copied,"),
        (["--model", "basic_rnn", "--model", "basic_rnn"], "--model basic_rnn is given twice"),
    ],
)
def test_what_cannot_be_compared(arguments, more, message):
    result = CliRunner().invoke(cli, ["evaluate", *arguments[:-1], *more])
    assert isinstance(result.exception, InvalidArgumentError)
    assert message in str(result.exception)


def test_two_sample_test(saved_tiny, tmp_path):
    rng = np.random.default_rng(3)
    melodies = [
        StoredMelody(f"{k:02}", rng.choice([-2, -1, 60, 64], 40).astype(np.int8), COMMON_TIME, part)
        for k, part in enumerate(["train"] * 3 + ["test"] * 22)
    ]
    save(Dataset(tuple(melodies)), tmp_path / "data")
    arguments = ["evaluate", "--model", str(saved_tiny), "--dataset", str(tmp_path / "data"), "--json"]
    data = json.loads(CliRunner().invoke(cli, [*arguments, "--two-sample", "20"]).stdout)["two_sample"]
    assert data["num_tunes"] == 20
    assert {"name", "sentence", "auc", "generated", "real"} == set(data["features"][0])
    many = CliRunner().invoke(cli, [*arguments, "--two-sample", "23"])
    assert "from 20 to 22 tunes, got 23" in str(many.exception)


def test_two_sample_test_in_words():
    auc = Auc(0.75, 0.5, 0.875)
    feature = FeatureAuc("end_length", "Duration of the last note, quarters.", 0.625, 0.5, 1.5)
    result = TwoSample(40, auc, Auc(0.5, 0.25, 0.75), {"6/8": auc}, {"ends": auc}, [feature], False)
    console = Console(record=True, width=160, file=io.StringIO())
    print_two_sample(console, result)
    text = " ".join(console.export_text().split())
    assert "tells 40 generated tunes from 40 real ones with an AUC of 0.750 (0.500 to 0.875)" in text
    assert "6/8 0.750 0.500..0.875" in text
    assert "ends alone" in text
    assert "end_length 0.625 0.500 1.500 Duration of the last note, quarters." in text
