import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from melody_rnn.config import CONFIGS, EncodingConfig, ModelConfig, NetworkConfig
from melody_rnn.data.dataset import Dataset
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import InputFileError, InvalidArgumentError, ModelError
from melody_rnn.evaluation.evaluate import evaluate
from melody_rnn.model import MelodyRNN
from melody_rnn.music.meters import Meter
from melody_rnn.presets import Preset, load_preset, make_network, save_to_preset
from melody_rnn.sampling.softmax import sum_labels
from melody_rnn.training import load_teacher, resume, train
from melody_rnn.training.batches import Written, outlined, training_batches
from melody_rnn.training.distillation import Distillation, Teacher, View, check_teachers
from melody_rnn.training.run import RUN
from melody_rnn.training.summaries import measure
from melody_rnn.training.trainee import Trainee
from melody_rnn.training.written import read_written, save_written, write_tunes
from melody_rnn.tunes.cues import METERS
from tests.training.scales import CONFIG, SETTINGS, dataset, scales

ONE_HOT = ModelConfig("plain", EncodingConfig("one_hot", 60, 72), NetworkConfig((10,), dropout=0.0))
BARS = ModelConfig("bars", EncodingConfig("lookback", 60, 72, (1, 2), "bar"), NetworkConfig((6,), dropout=0.5))
EVENTS = np.array([[60, -2, 62, -1, 64, -2, 60, -2, 62, -2], [67, 67, -2, -2, 67, 71, -2, -2, -2, -2]], np.int32)


def random_network(config, seed):
    keras.utils.set_random_seed(seed)
    network = make_network(config)
    for variable in network.variables:
        variable.assign(3.0 * variable)
    return network


def random_teacher(config, seed):
    return Teacher(Path(config.name), config, random_network(config, seed))


def encoded_events(encoding):
    rows, steps = EVENTS.shape
    return encoding.encode(tf.constant(EVENTS), 16, tf.zeros([rows, steps + 1, encoding.num_cues], tf.int32))


def view(encoding):
    encoded = encoded_events(encoding)
    return View(encoded.inputs[:, :-1], encoded.label_events[:, 1:])


def expected_targets(teachers, temperature):
    """In NumPy, labels summed by what evaluation sums them by: [batch, steps, events of the range]."""
    rows = []
    for teacher in teachers:
        inputs, label_events = view(make_encoding(teacher.config.encoding))
        logits = teacher.network(inputs).numpy().reshape(-1, label_events.shape[-1]) / temperature
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        rows.append(sum_labels(logs, label_events.numpy().reshape(logs.shape))[:, [0, 1, *range(62, 74)]])
    return np.mean(rows, axis=0).reshape(*EVENTS[:, 1:].shape, -1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_soft_targets_are_the_mean_of_the_teachers_probabilities_of_events(temperature):
    teachers = [random_teacher(CONFIG, 1), random_teacher(BARS, 2), random_teacher(ONE_HOT, 3)]
    encoding = make_encoding(CONFIG.encoding)
    distillation = Distillation(teachers, encoding, temperature, 0.5, mixed_precision=False)
    assert [each.config.lookback_unit for each in distillation.encodings] == ["bar", "step"]
    targets = distillation.soft_targets(view(encoding), [view(each) for each in distillation.encodings])
    np.testing.assert_allclose(targets, expected_targets(teachers, temperature), atol=1e-5)
    np.testing.assert_allclose(np.sum(targets, axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize(("temperature", "weight"), [(1.0, 0.5), (3.0, 0.5), (3.0, 1.0), (2.0, 0.0)])
def test_the_gradient_is_that_of_the_paper(temperature, weight):
    """With one label an event: (1 - w) (softmax(z) - truth) + w T^2 (softmax(z / T) - softmax(v / T)) / T."""
    encoding = make_encoding(ONE_HOT.encoding)
    teacher = random_teacher(ONE_HOT, 1)
    distillation = Distillation([teacher], encoding, temperature, weight, mixed_precision=False)
    network = random_network(ONE_HOT, 2)
    own = view(encoding)
    logits, weights = network(own.inputs), tf.constant([[1.0] * 9, [1.0] * 5 + [0.0] * 4])
    labels = encoded_events(encoding).labels[:, 1:]
    trainee = Trainee(network, encoding, distillation=distillation)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        hard = trainee.compute_loss(own.inputs, (EVENTS[:, 1:], labels, own.label_events), logits, weights)
        targets = distillation.soft_targets(own, [])
        loss = distillation.mix(hard, logits, own.label_events, targets, weights)
    student, soft = (tf.nn.softmax(logits / t).numpy() for t in (1.0, temperature))
    truth = tf.one_hot(labels, encoding.num_classes).numpy()
    expected = (1 - weight) * (student - truth)
    expected += weight * temperature * (soft - expected_targets([teacher], temperature))
    expected *= weights.numpy()[..., np.newaxis] / 14
    np.testing.assert_allclose(tape.gradient(loss, logits), expected, atol=1e-6)
    divergence = (targets.numpy() * np.log(targets.numpy() / soft)).sum(axis=-1)
    mean = (divergence * weights.numpy()).sum() / 14
    assert float(distillation.mean.result()) == pytest.approx(mean, rel=1e-4)
    assert float(loss) == pytest.approx((1 - weight) * float(hard) + weight * temperature**2 * mean, rel=1e-4)


def test_events_that_neither_finds_possible_have_finite_gradients():
    encoding = make_encoding(ONE_HOT.encoding)
    distillation = Distillation([random_teacher(ONE_HOT, 1)], encoding, 0.01, 1.0, mixed_precision=False)
    own, logits = view(encoding), tf.constant(np.linspace(-900, 900, 2 * 9 * 14).reshape(2, 9, 14), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        targets = distillation.soft_targets(own, [])
        loss = distillation.mix(tf.constant(0.0), logits, own.label_events, targets, tf.ones([2, 9]))
    assert np.isfinite(loss)
    assert np.isfinite(tape.gradient(loss, logits)).all()


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    """A folder: what knows bars has learnt the scales."""
    network = NetworkConfig((24,), dropout=0.1)
    config = replace(BARS, network=network)
    settings = replace(SETTINGS, epochs=10, transposition=0, learning_rate=2e-2)
    return train(config, settings, dataset(), tmp_path_factory.mktemp("teacher") / "run").model


def weights_of(run):
    return load_preset(run.model)[1].get_weights()


def assert_same(a, b):
    assert a.history == b.history
    for one, other in zip(weights_of(a), weights_of(b), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_student_learns_from_its_teacher_alone(tmp_path, teacher):
    """With a weight of 1 no event is told: what the student knows of them it has from the teacher."""
    encoding = replace(BARS.encoding, lookback_distances=(1,))
    config = replace(BARS, encoding=encoding, network=NetworkConfig((24,), dropout=0.0))
    settings = replace(SETTINGS, epochs=10, transposition=0, learning_rate=2e-2, distill_weight=1.0)
    run = train(config, settings, dataset(), tmp_path / "run", teachers=[load_teacher(teacher)])
    assert run.history[-1]["divergence"] < 0.3 * run.history[0]["divergence"]
    scores = evaluate(MelodyRNN.from_preset(run.model), "student", dataset()).scores
    assert scores[0].nats_per_event < 0.5 * next(row for row in scores if row.name == "bigram").nats_per_event
    # What the best weights are chosen by is of the events alone.
    assert "val_divergence" not in run.best
    figures = measure(config, load_preset(run.model)[1], dataset().split("validation"), 16)
    assert figures["loss"] == pytest.approx(run.best["val_loss"], rel=1e-4)


def test_teachers_of_no_weight_change_nothing(tmp_path, teacher):
    settings = replace(SETTINGS, epochs=2, distill_weight=0.0)
    alone = train(CONFIG, settings, dataset(), tmp_path / "alone")
    taught = train(CONFIG, settings, dataset(), tmp_path / "taught", teachers=[load_teacher(teacher)])
    for one, other in zip(weights_of(alone), weights_of(taught), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_an_interrupted_run_ends_as_if_it_had_not_been(tmp_path, teacher):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 7:
                raise KeyboardInterrupt

    settings = replace(SETTINGS, epochs=3)
    teachers = [load_teacher(teacher), load_teacher(teacher)]
    whole = train(CONFIG, settings, dataset(), tmp_path / "whole", teachers=teachers)
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, settings, dataset(), tmp_path / "run", callbacks=[Stop()], teachers=teachers)
    assert_same(resume(tmp_path / "run", dataset()), whole)


def test_a_run_goes_on_with_the_teachers_that_it_began_with(tmp_path, teacher):
    preset, network = load_preset(teacher)
    moved = tmp_path / "teacher"
    save_to_preset(moved, preset, network)
    run_dir = tmp_path / "run"
    train(CONFIG, replace(SETTINGS, epochs=1), dataset(), run_dir, teachers=[load_teacher(moved)])
    assert [row["path"] for row in json.loads((run_dir / RUN).read_text())["teachers"]] == [str(moved)]
    network.logits_layer.bias.assign(network.logits_layer.bias + 1.0)
    save_to_preset(moved, preset, network)
    with pytest.raises(InvalidArgumentError, match="another model than when the run began"):
        resume(run_dir, dataset())
    moved.rename(tmp_path / "gone")
    with pytest.raises(InputFileError, match="the run's teacher cannot be read"):
        resume(run_dir, dataset())


def test_two_devices_do_together_what_one_does_alone(tmp_path, teacher):
    config = replace(CONFIG, network=replace(CONFIG.network, dropout=0.0))
    settings = replace(SETTINGS, epochs=1)
    alone = train(config, settings, dataset(), tmp_path / "alone", teachers=[load_teacher(teacher)])
    command = [sys.executable, Path(__file__).with_name("scales.py"), tmp_path / "together", "1", "mirrored", teacher]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert alone.best["divergence"] > 0.01
    assert json.loads((tmp_path / "together" / "history.json").read_text()) == [pytest.approx(alone.best, abs=1e-4)]


def test_teachers_and_student_compute_in_mixed_precision(tmp_path, monkeypatch, teacher):
    for module in ("network.recurrence", "training.run"):
        monkeypatch.setattr(f"melody_rnn.{module}.runs_on_cpu", lambda: False)
    few = Dataset((*scales("train", 16), *scales("validation", 4)))
    plain, mixed = (
        train(
            CONFIG,
            replace(SETTINGS, epochs=1, mixed_precision=is_mixed),
            few,
            tmp_path / str(is_mixed),
            teachers=[load_teacher(teacher)],
        )
        for is_mixed in (False, True)
    )
    assert mixed.history != plain.history
    assert mixed.history[0] == pytest.approx(plain.history[0], abs=0.01)


def test_bundles_teach(golden):
    path, _ = golden("lookback_rnn")
    teacher = load_teacher(path)
    assert (teacher.path, teacher.config.name) == (path.resolve(), "lookback_rnn")
    assert load_teacher(path).digest == teacher.digest


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (replace(CONFIG, encoding=replace(CONFIG.encoding, min_note=48)), "its min_note is 48 and the model's 60"),
        (replace(CONFIG, encoding=replace(CONFIG.encoding, max_note=84)), "its max_note is 84 and the model's 72"),
        (replace(CONFIG, transpose_to_key=None), "its transpose_to_key is None and the model's 0"),
        (replace(CONFIG, steps_per_quarter=12), "its steps_per_quarter is 12 and the model's 4"),
    ],
)
def test_teachers_of_other_events_are_refused(tmp_path, other, message):
    teachers = [Teacher(Path("good"), BARS, make_network(BARS)), Teacher(Path("bad"), other, make_network(other))]
    with pytest.raises(InvalidArgumentError, match=f"teacher bad: {message}"):
        train(CONFIG, SETTINGS, dataset(), tmp_path / "run", teachers=teachers)
    check_teachers(CONFIG, teachers[:1])
    assert not (tmp_path / "run").exists()


def test_there_is_no_such_teacher(tmp_path):
    with pytest.raises(ModelError, match="unknown model"):
        load_teacher("nobody")
    with pytest.raises(InputFileError):
        load_teacher(tmp_path / "none.mag")


def test_the_digest_is_of_weights_and_configuration(tmp_path):
    one, other = random_teacher(CONFIG, 1), random_teacher(CONFIG, 2)
    assert one.digest != other.digest
    save_to_preset(tmp_path / "a", Preset(CONFIG, {60: 1.0}), one.network)
    assert load_teacher(tmp_path / "a").digest == one.digest


def test_teachers_write_as_many_tunes_each_to_the_melodies_lengths_and_first_events(tmp_path, teacher):
    melodies, teachers = scales("train", 5), [load_teacher(teacher), random_teacher(ONE_HOT, 1)]
    encoding, path = make_encoding(BARS.encoding), tmp_path / "written.npz"
    save_written(path, write_tunes(teachers, melodies, 20, seed=1))
    written = read_written(path, melodies).examples(outlined(encoding, melodies))
    assert sorted(row.melody.id for row in written) == sorted(melody.id for melody in melodies * 4)
    originals = {melody.id: melody.events for melody in melodies}
    for row in written:
        assert row.is_written
        assert len(row.melody.events) == len(originals[row.melody.id])
        assert row.melody.events[0] == originals[row.melody.id][0]
    # What has learnt the scales writes some, what has random weights writes none.
    alike = [np.mean(row.melody.events == originals[row.melody.id]) for row in written]
    assert np.mean(alike[:10]) > 0.6 > 0.5 > np.mean(alike[10:])
    assert all(map(np.array_equal, write_tunes(teachers, melodies, 20, 1), write_tunes(teachers, melodies, 20, 1)))
    assert not np.array_equal(*(write_tunes(teachers, melodies, 20, seed).events for seed in (1, 2)))
    with pytest.raises(InputFileError, match=r"written\.npz: not the tunes of this run"):
        read_written(path, melodies[:4])
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputFileError, match=r"written\.npz: not the tunes of this run"):
        read_written(path, melodies)


def test_a_student_hears_teachers_in_what_they_write_and_events_in_the_train_split_alone(tmp_path, teacher):
    encoding = make_encoding(BARS.encoding)
    melodies, settings = scales("train", 8), replace(SETTINGS, batch_size=4, written_per_melody=2, transposition=0)
    save_written(tmp_path / "written.npz", write_tunes([load_teacher(teacher)], melodies, 12, seed=1))
    written = read_written(tmp_path / "written.npz", melodies)
    _, _, weights, taught = next(iter(training_batches(encoding, melodies, settings, 0, None, (), written)))
    present = weights.numpy() + taught.numpy()
    assert present.sum(axis=1).min() >= 31
    np.testing.assert_array_equal(weights.numpy().any(axis=1), [True, False, False] * 4)
    np.testing.assert_array_equal(taught.numpy().any(axis=1), [False, True, True] * 4)


def test_a_run_with_written_tunes_goes_on_as_if_it_had_not_been_interrupted(tmp_path, teacher):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 7:
                raise KeyboardInterrupt

    settings, teachers = replace(SETTINGS, epochs=2, written=40), [load_teacher(teacher)]
    whole = train(CONFIG, settings, dataset(), tmp_path / "whole", teachers=teachers)
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, settings, dataset(), tmp_path / "run", callbacks=[Stop()], teachers=teachers)
    assert_same(resume(tmp_path / "run", dataset()), whole)


def test_nobody_writes_without_a_teacher(tmp_path):
    with pytest.raises(InvalidArgumentError, match="written is for learning from teachers"):
        train(CONFIG, replace(SETTINGS, written=40), dataset(), tmp_path / "run")


def test_teachers_that_know_form_know_the_outline_of_what_they_wrote():
    """Also where the student's own encoding reads none."""
    form = make_encoding(CONFIGS["tunes_rnn"].encoding)
    melodies = [replace(melody, meter=Meter(3, 4)) for melody in scales("train", 4)]
    written = Written(np.arange(4, dtype=np.int32), np.concatenate([melody.events for melody in melodies]))
    settings = replace(SETTINGS, batch_size=4, written_per_melody=1, transposition=0)
    stream = training_batches(make_encoding(BARS.encoding), melodies, settings, 0, None, [form], written)
    _, _, weights, taught, (inputs, _) = next(iter(stream))
    first = sum(form._widths[:5])
    meters = np.argmax(inputs[:, 0, first : first + form._widths[5]], axis=1)
    assert taught.numpy().any(axis=1).sum() == weights.numpy().any(axis=1).sum() == 4
    assert meters.tolist() == [METERS.index(Meter(3, 4)) + 1] * 8
