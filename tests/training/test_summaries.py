from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from scales import CONFIG, SETTINGS, dataset
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from melody_rnn.training import resume, train
from melody_rnn.training.summaries import NUM_PICTURES, EpochSummaries

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
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    scalars = {tag: accumulator.Scalars(tag) for tag in tags["scalars"]}
    return scalars | {tag: accumulator.Images(tag) for tag in tags["images"]}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_shows_magenta_s_figures_and_sampled_melodies(tmp_path):
    summaries = EpochSummaries(tmp_path / "run", picture_epochs=2)
    run = train(CONFIG, replace(SETTINGS, epochs=2), dataset(), tmp_path / "run", callbacks=[summaries])
    shown = {folder: read(tmp_path / "run" / folder) for folder in ("train", "eval")}
    assert set(shown["train"]) == SCALARS
    pictures = {f"melody_{number + 1}" for number in range(NUM_PICTURES)}
    assert set(shown["eval"]) == SCALARS | pictures
    for folder, prefix in (("train", ""), ("eval", "val_")):
        values = [(point.step, point.value) for point in shown[folder]["loss"]]
        assert values == [(row["step"], pytest.approx(row[f"{prefix}loss"])) for row in run.history]
        assert len(shown[folder]["metrics/loss_per_step"]) == 2
    (picture,) = shown["eval"]["melody_1"]
    pixels = tf.io.decode_png(picture.encoded_image_string).numpy()
    assert (picture.step, pixels.shape[:2]) == (10, (picture.height, picture.width))
    assert picture.width > picture.height > 100
    assert len(np.unique(pixels)) > 10


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_resumed_run_adds_to_what_is_shown(tmp_path):
    settings = replace(SETTINGS, epochs=9, steps=5, schedule="constant")
    train(CONFIG, settings, dataset(), tmp_path / "run", callbacks=[EpochSummaries(tmp_path / "run")])
    resume(tmp_path / "run", dataset(), [EpochSummaries(tmp_path / "run")], steps=10)
    assert [point.step for point in read(tmp_path / "run" / "eval")["loss"]] == [5, 10]
