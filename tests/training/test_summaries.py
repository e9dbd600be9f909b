import io
from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import soundfile
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from melody_rnn.training import resume, train
from melody_rnn.training.summaries import NUM_PICTURES, EpochSummaries, Summaries, SummaryWriter
from tests.training.scales import CONFIG, SETTINGS, dataset

SCALARS = {"loss"} | {
    f"metrics/{name}"
    for name in (
        "perplexity",
        "accuracy",
        "event_accuracy",
        "no_event_accuracy",
        "loss_per_step",
        "perplexity_per_step",
    )
}


def read(folder):
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0, "audio": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    scalars = {tag: accumulator.Scalars(tag) for tag in tags["scalars"]}
    pictures = {tag: accumulator.Images(tag) for tag in tags["images"]}
    return scalars | pictures | {tag: accumulator.Audio(tag) for tag in tags["audio"]}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_shows_magenta_s_figures_and_sampled_melodies(tmp_path):
    summaries = EpochSummaries(tmp_path / "run", picture_epochs=2)
    run = train(CONFIG, replace(SETTINGS, epochs=2), dataset(), tmp_path / "run", callbacks=[summaries])
    shown = {folder: read(tmp_path / "run" / folder) for folder in ("train", "eval")}
    assert set(shown["train"]) == SCALARS
    pictures = {f"melody_{number + 1}" for number in range(NUM_PICTURES)}
    assert set(shown["eval"]) == SCALARS | pictures | {f"sound_{number + 1}" for number in range(NUM_PICTURES)}
    for folder, prefix in (("train", ""), ("eval", "val_")):
        values = [(point.step, point.value) for point in shown[folder]["loss"]]
        assert values == [(row["step"], pytest.approx(row[f"{prefix}loss"])) for row in run.history]
        assert len(shown[folder]["metrics/loss_per_step"]) == 2
    (picture,) = shown["eval"]["melody_1"]
    pixels = tf.io.decode_png(picture.encoded_image_string).numpy()
    assert (picture.step, pixels.shape[:2]) == (10, (picture.height, picture.width))
    assert 500 < picture.width < 900
    (sound,) = shown["eval"]["sound_1"]
    samples, rate = soundfile.read(io.BytesIO(sound.encoded_audio_string))
    assert (sound.content_type, rate) == ("audio/wav", 22_050)
    assert len(samples) / rate > 8
    assert len(np.unique(pixels)) > 10


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_resumed_run_adds_to_what_is_shown(tmp_path):
    settings = replace(SETTINGS, epochs=9, steps=5, schedule="constant")
    train(CONFIG, settings, dataset(), tmp_path / "run", callbacks=[EpochSummaries(tmp_path / "run")])
    resume(tmp_path / "run", dataset(), [EpochSummaries(tmp_path / "run")], steps=10)
    assert [point.step for point in read(tmp_path / "run" / "eval")["loss"]] == [5, 10]


def test_what_is_told_is_the_mean_since_the_last_line(tmp_path):
    told = []
    mean = keras.metrics.Mean(name="nats")
    summaries = Summaries(SummaryWriter(tmp_path), 2, 0, lambda step, figures: told.append((step, figures["loss"])))
    summaries.set_model(SimpleNamespace(metrics=[mean]))
    for epoch, losses in enumerate(([1.0, 3.0, 8.0], [2.0, 6.0, 4.0])):
        mean.reset_state()
        summaries.on_epoch_begin(epoch)
        for batch, loss in enumerate(losses):
            mean.update_state(loss, 10)
            summaries.on_train_batch_end(batch, {"loss": float(mean.result())})
        summaries.on_test_begin()
        mean.reset_state()
        mean.update_state(99.0, 10)
        summaries.on_epoch_end(epoch)
    assert told == [(2, 2.0), (4, 5.0), (6, 5.0)]
