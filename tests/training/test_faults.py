"""What goes wrong with runs: full disks, descriptions that are not ours, sets too small or melodies too long."""

import json
import signal
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from melody_rnn.data.dataset import Dataset, StoredMelody
from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyRNNError, OutputError, TrainingError
from melody_rnn.music.meters import COMMON_TIME
from melody_rnn.training import resume, train
from melody_rnn.training.settings import TrainingSettings
from melody_rnn.training.summaries import SummaryWriter
from tests.training.scales import CONFIG, SETTINGS, dataset, scales

resource = pytest.importorskip("resource")
SMALL = Dataset((*scales("train", 6), *scales("validation", 2)), digest="scales")
ONE_EPOCH = replace(SETTINGS, epochs=1, batch_size=4)


@contextmanager
def small_files(num_bytes):
    """While it lasts, no file can become larger."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize(
    ("num_bytes", "message"), [(1_000, "the checkpoint cannot be written"), (60_000, "cannot write the model")]
)
def test_a_full_disk_is_one_line_and_the_run_goes_on_once_there_is_room(tmp_path, num_bytes, message):
    whole = train(CONFIG, ONE_EPOCH, SMALL, tmp_path / "whole")
    with small_files(num_bytes), pytest.raises(OutputError, match=message):
        train(CONFIG, ONE_EPOCH, SMALL, tmp_path / "run")
    assert not (tmp_path / "run" / "model").exists()
    is_begun = (tmp_path / "run" / "run.json").exists()
    assert is_begun is (num_bytes > 1_000)
    again = resume(tmp_path / "run", SMALL) if is_begun else train(CONFIG, ONE_EPOCH, SMALL, tmp_path / "run")
    assert again.history == whole.history


def test_what_tensorboard_shows_does_not_fit(tmp_path):
    writer = SummaryWriter(tmp_path)
    with small_files(100), pytest.raises(OutputError, match="cannot be written"):
        for step in range(20):
            writer.write(step, {"loss": 1.0})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    train(CONFIG, ONE_EPOCH, SMALL, folder)
    return folder


VALUES = (None, True, "x", -1, 1.5, 10**30, float("nan"), [], {}, [[]], [1] * 300)
PLACES = ("config", "settings", "digest", "teachers", "provenance", "dataset")


@pytest.mark.parametrize("place", PLACES)
def test_a_description_that_is_not_ours_is_one_line(finished, place):
    path = finished / "run.json"
    good = json.loads(path.read_text())
    named = good[place] if isinstance(good[place], dict) else {}
    wrong = [{**good, place: value} for value in VALUES]
    wrong += [{**good, place: {**named, name: value}} for name in named for value in VALUES[:7]]
    wrong.append({name: value for name, value in good.items() if name != place})
    wrong += [{**good, "teachers": rows} for rows in ([{}], [{"path": 3}], [{"path": "/none"}], "ab", [None])]
    try:
        for description in wrong:
            path.write_text(json.dumps(description))
            try:
                resume(finished, SMALL)
            except MelodyRNNError as error:
                assert str(error).isprintable()
            try:
                resume(finished)
            except MelodyRNNError as error:
                assert str(error).isprintable()
    finally:
        path.write_text(json.dumps(good))


def test_settings_are_whole_numbers_that_can_be():
    for name in ("batch_size", "epochs", "steps", "patience", "num_checkpoints", "seed", "written"):
        for value in (-1, 1.5, 2**63, float("nan"), "3"):
            with pytest.raises(InvalidArgumentError, match=f"{name} must be"):
                TrainingSettings(**{name: value})


def test_checkpoints_of_another_network_are_none(finished, tmp_path):
    other = replace(CONFIG, network=replace(CONFIG.network, layer_sizes=(5,)))
    train(other, ONE_EPOCH, SMALL, tmp_path / "run")
    for path in (tmp_path / "run" / "checkpoints").iterdir():
        path.unlink()
    for path in (finished / "checkpoints").iterdir():
        (tmp_path / "run" / "checkpoints" / path.name).write_bytes(path.read_bytes())
    with pytest.raises(TrainingError, match="no checkpoint there can be read"):
        resume(tmp_path / "run", SMALL)
    (tmp_path / "run" / "checkpoints" / "checkpoint").write_bytes(bytes(range(256)))
    with pytest.raises(TrainingError, match="no checkpoint there can be read"):
        resume(tmp_path / "run", SMALL)


def test_one_melody_and_a_very_long_one(tmp_path):
    one = Dataset((*scales("train", 1), *scales("validation", 1)), digest="one")
    assert train(CONFIG, ONE_EPOCH, one, tmp_path / "one").history[-1]["step"] == 1
    long = np.resize(np.array([60, -2, 62, -2, 64, -2], np.int8), 10_000)
    melody = StoredMelody("long", long, COMMON_TIME, "train")
    lengthy = Dataset((melody, *scales("train", 3), *scales("validation", 1)), digest="long")
    assert np.isfinite(train(CONFIG, ONE_EPOCH, lengthy, tmp_path / "long").history[-1]["loss"])


def test_a_run_goes_on_with_its_own_dataset_alone(finished):
    with pytest.raises(InvalidArgumentError, match="began with another dataset"):
        resume(finished, replace(dataset(), digest="another"))
    with pytest.raises(InputFileError, match="does not say where its dataset is"):
        resume(finished)
