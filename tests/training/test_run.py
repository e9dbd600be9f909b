import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from melody_rnn.config import CONFIGS, NetworkConfig
from melody_rnn.data.dataset import Dataset
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import InputFileError, InvalidArgumentError, OutputError, TrainingError
from melody_rnn.evaluation.evaluate import evaluate
from melody_rnn.litert.description import STEP_FILE
from melody_rnn.model import MelodyRNN
from melody_rnn.presets import load_preset, read_preset_step
from melody_rnn.training import resume, train
from melody_rnn.training.batches import label_frequencies
from tests.training.scales import CONFIG, SETTINGS, dataset


def weights_of(run):
    return load_preset(run.model)[1].get_weights()


def assert_same(a, b):
    assert a.history == b.history
    for one, other in zip(weights_of(a), weights_of(b), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of SETTINGS from beginning to end, which no test changes."""
    return train(CONFIG, SETTINGS, dataset(), tmp_path_factory.mktemp("whole") / "run")


class StopAfter(keras.callbacks.Callback):
    """Stops as a kill would: with an exception in the middle of an epoch."""

    def __init__(self, num_batches):
        super().__init__()
        self.left = num_batches

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["lookback_rnn", "tunes_rnn"])
def test_training_beats_counting(tmp_path, name):
    encoding = replace(CONFIGS[name].encoding, min_note=60, max_note=72)
    network = NetworkConfig((24, 24), dropout=0.1, embedding_size=24, residual=True)
    config = replace(CONFIGS[name], encoding=encoding, network=network)
    data = dataset(lengths=(32, 48, 64))
    run = train(config, replace(SETTINGS, epochs=12, transposition=0, learning_rate=2e-2), data, tmp_path / "run")
    scores = evaluate(MelodyRNN.from_preset(run.model), name, data).scores
    bigram = next(row for row in scores if row.name == "bigram")
    assert scores[0].nats_per_event < 0.5 * bigram.nats_per_event
    assert run.best == min(run.history, key=lambda row: row["val_loss"])
    preset, trained = load_preset(run.model)
    assert run.num_parameters == trained.count_params()
    # Labels of lookback_rnn are not events, so that its loss is not what an event costs.
    assert preset.nats_per_event == (run.best["val_loss"] if name == "tunes_rnn" else None)


def test_fresh_weights_begin_with_the_frequencies_of_labels(tmp_path):
    settings = replace(SETTINGS, steps=1, learning_rate=1e-9)
    run = train(CONFIG, settings, dataset(), tmp_path / "run")
    frequencies = label_frequencies(make_encoding(CONFIG.encoding), dataset().split("train"), settings)
    np.testing.assert_allclose(load_preset(run.model)[1].logits_layer.bias, np.log(frequencies), atol=1e-5)
    # In nats, about what counting gives.
    assert run.history[0]["loss"] == pytest.approx(-np.sum(frequencies * np.log(frequencies)), abs=0.3)


def test_the_same_settings_give_the_same_weights(tmp_path, whole):
    assert_same(train(CONFIG, SETTINGS, dataset(), tmp_path / "run"), whole)


@pytest.mark.parametrize("num_batches", [1, 5, 8, 12])
def test_an_interrupted_run_ends_as_if_it_had_not_been(tmp_path, whole, num_batches):
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, SETTINGS, dataset(), tmp_path / "run", callbacks=[StopAfter(num_batches)])
    # The step is made once, at the end.
    assert not (tmp_path / "run" / "model" / STEP_FILE).exists()
    assert_same(resume(tmp_path / "run", dataset()), whole)
    assert read_preset_step(tmp_path / "run" / "model", CONFIG).description.model == CONFIG.name
    assert json.loads((tmp_path / "run" / "history.json").read_text()) == whole.history


def test_a_damaged_last_checkpoint_is_passed_over_and_told(tmp_path):
    settings = replace(SETTINGS, epochs=2, schedule="constant")
    whole = train(CONFIG, settings, dataset(), tmp_path / "run")
    (tmp_path / "run" / "run.json").write_text(
        (tmp_path / "run" / "run.json").read_text().replace('"epochs": 2', '"epochs": 3')
    )
    last = max((tmp_path / "run" / "checkpoints").glob("*.index"), key=lambda path: path.stat().st_mtime_ns)
    last.write_bytes(last.read_bytes()[:40])
    told = []
    again = resume(tmp_path / "run", dataset(), on_passed_over=told.extend)
    assert told == [last.stem]
    assert [row["epoch"] for row in again.history] == [1, 2, 3]
    assert again.history[:2] == whole.history


def test_a_run_that_is_killed_again_and_again_ends_with_the_same_weights(tmp_path):
    program = [sys.executable, str(Path(__file__).with_name("scales.py"))]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([*program, tmp_path / "whole", "start"], check=True, env=environment, capture_output=True)
    moments = random.Random(int(os.environ.get("KILL_SEED", "1")))
    for kill in range(int(os.environ.get("NUM_KILLS", "3"))):
        verb = "resume" if (tmp_path / "run" / "run.json").exists() else "start"
        process = subprocess.Popen([*program, tmp_path / "run", verb], env=environment, stderr=subprocess.DEVNULL)
        reached = (tmp_path / "run" / "history.json").read_bytes() if kill else b""
        while process.poll() is None and not (tmp_path / "run" / "history.json").exists():
            time.sleep(0.01)
        while process.poll() is None and (tmp_path / "run" / "history.json").read_bytes() == reached:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.5))
        process.send_signal(signal.SIGKILL)
        process.wait()
    subprocess.run([*program, tmp_path / "run", "resume"], check=True, env=environment, capture_output=True)
    histories = [json.loads((tmp_path / name / "history.json").read_text()) for name in ("run", "whole")]
    assert histories[0] == histories[1]
    for a, b in zip(*(load_preset(tmp_path / n / "model")[1].get_weights() for n in ("run", "whole")), strict=True):
        np.testing.assert_array_equal(a, b)


def test_resuming_takes_the_checkpoint_before_a_damaged_one(tmp_path):
    settings = replace(SETTINGS, epochs=3)
    whole = train(CONFIG, settings, dataset(), tmp_path / "run")
    newest = max((tmp_path / "run" / "checkpoints").glob("*.index"), key=lambda path: path.stat().st_mtime)
    newest.write_bytes(b"")
    assert_same(resume(tmp_path / "run", dataset()), whole)


def test_steps_end_a_run_within_an_epoch(tmp_path):
    run = train(CONFIG, replace(SETTINGS, steps=7), dataset(), tmp_path / "run")
    assert [row["step"] for row in run.history] == [5, 7]


def test_patience_ends_a_run_and_the_best_weights_are_kept(tmp_path):
    settings = replace(SETTINGS, learning_rate=1.0, schedule="constant", patience=2, epochs=40)
    run = train(CONFIG, settings, dataset(), tmp_path / "run")
    assert len(run.history) == run.best["epoch"] + 2
    assert len(resume(tmp_path / "run", dataset()).history) == len(run.history)


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_checkpoint(tmp_path, whole):
    network = MelodyRNN.from_preset(whole.model).network
    variable = network.variables_by_name()["logits/bias"]
    variable.assign(np.full(variable.shape, np.nan))
    with pytest.raises(TrainingError, match="loss is nan at step 1"):
        train(CONFIG, SETTINGS, dataset(), tmp_path / "run", weights_from=network)
    assert len(list((tmp_path / "run" / "checkpoints").glob("*.index"))) == 1
    assert not (tmp_path / "run" / "model").exists()


def test_training_can_start_from_trained_weights(tmp_path):
    first = train(CONFIG, replace(SETTINGS, epochs=12, learning_rate=2e-2), dataset(), tmp_path / "first")
    network = MelodyRNN.from_preset(first.model).network
    second = train(CONFIG, replace(SETTINGS, epochs=1), dataset(), tmp_path / "second", weights_from=network)
    assert second.history[0]["loss"] < 0.8 * first.history[0]["loss"]


def test_what_cannot_be_trained_is_refused(tmp_path):
    train(CONFIG, replace(SETTINGS, epochs=1), dataset(), tmp_path / "run")
    with pytest.raises(OutputError, match="there is a run already"):
        train(CONFIG, SETTINGS, dataset(), tmp_path / "run")
    with pytest.raises(InvalidArgumentError, match="began with another dataset"):
        resume(tmp_path / "run", Dataset(dataset().melodies, digest="other"))
    with pytest.raises(InputFileError, match="no run to resume"):
        resume(tmp_path / "nothing", dataset())
    with pytest.raises(InvalidArgumentError, match="no melody in its validation split"):
        train(CONFIG, SETTINGS, Dataset(tuple(dataset().split("train"))), tmp_path / "new")
    finer = Dataset(tuple(replace(melody, steps_per_quarter=12) for melody in dataset().melodies))
    with pytest.raises(InvalidArgumentError, match="12 steps a quarter note and the model 4"):
        train(CONFIG, SETTINGS, finer, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_run_may_keep_the_last_weights_and_go_on_to_a_later_step(tmp_path):
    settings = replace(
        SETTINGS, schedule="constant", epochs=99, steps=12, keep="last", checkpoint_steps=4, num_checkpoints=0
    )
    unvalidated = Dataset(tuple(dataset().split("train")), digest="scales")
    whole = train(CONFIG, settings, unvalidated, tmp_path / "whole")
    assert [row["step"] for row in whole.history] == [4, 8, 12]
    assert whole.best is whole.history[-1]
    assert len(list((tmp_path / "whole" / "checkpoints").glob("*.index"))) == 4
    train(CONFIG, replace(settings, steps=7), unvalidated, tmp_path / "run")
    longer = resume(tmp_path / "run", unvalidated, steps=12)
    assert [row["step"] for row in longer.history] == [4, 7, 11, 12]
    for one, other in zip(weights_of(longer), weights_of(whole), strict=True):
        np.testing.assert_array_equal(one, other)
