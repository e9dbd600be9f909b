import json

import numpy as np
import pytest
from click.testing import CliRunner

from melody_rnn.cli.main import cli
from melody_rnn.data.dataset import Dataset, StoredMelody, save
from melody_rnn.errors import OutputError
from melody_rnn.music.meters import COMMON_TIME


@pytest.fixture
def arguments(tiny_model, tmp_path):
    rng = np.random.default_rng(2)
    splits = ("train", "train", "validation", "test")
    melodies = [
        StoredMelody(f"{k}", rng.choice([-2, -1, 60, 64], 40).astype(np.int8), COMMON_TIME, part)
        for k, part in enumerate(splits)
    ]
    save(Dataset(tuple(melodies)), tmp_path / "data")
    tiny_model.save_preset(tmp_path / "tiny")
    return ["--model", str(tmp_path / "tiny"), "--dataset", str(tmp_path / "data"), "--calibrate"]


def test_calibration_is_printed_and_drawn(arguments, tmp_path):
    picture = tmp_path / "pictures" / "diagram.png"
    result = CliRunner().invoke(cli, ["evaluate", *arguments, "--reliability", str(picture)])
    assert result.exit_code == 0, result.output
    assert "Calibrated temperature" in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    again = CliRunner().invoke(cli, ["evaluate", *arguments, "--reliability", str(picture)])
    assert isinstance(again.exception, OutputError)


def test_calibration_as_json(arguments):
    calibration = json.loads(CliRunner().invoke(cli, ["evaluate", *arguments, "--json"]).stdout)["calibration"]
    assert calibration["before"]["temperature"] == 1
    assert calibration["after"]["temperature"] == calibration["temperature"]
