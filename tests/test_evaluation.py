import json
import math
from dataclasses import replace

import numpy as np
import pytest

from melody_rnn.config import EncodingConfig, ModelConfig, NetworkConfig
from melody_rnn.data.dataset import Dataset, StoredMelody
from melody_rnn.data.squashing import squash_all
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.evaluation.evaluate import ENSEMBLE, compare, evaluate
from melody_rnn.model import MelodyRNN
from melody_rnn.music.meters import COMMON_TIME
from melody_rnn.presets import Preset, make_network


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(2)
    return Dataset(
        tuple(
            StoredMelody(
                f"{split}{i}", rng.choice([-2, -2, -1, 60, 64, 67], 20 + i).astype(np.int8), COMMON_TIME, split
            )
            for split, number in (("train", 12), ("test", 5))
            for i in range(number)
        )
    )


def test_the_figures_are_those_of_the_model_s_own_probabilities(tiny_model, dataset):
    row = evaluate(tiny_model, "tiny", dataset).scores[0]
    melodies = [melody.events.tolist() for melody in dataset.split("test")]
    num_events = sum(len(events) - 1 for events in melodies)
    assert row.label_nats_per_event == pytest.approx(
        -sum(tiny_model.label_log_likelihoods(melodies)) / num_events, rel=1e-5
    )
    assert row.nats_per_event == pytest.approx(-sum(tiny_model.log_likelihoods(melodies)) / num_events, rel=1e-5)
    assert row.nats_per_event < row.label_nats_per_event
    assert row.low < row.nats_per_event < row.high
    assert row.perplexity == pytest.approx(math.exp(row.nats_per_event))
    squashed = [melody.events for melody in squash_all(tiny_model.config, dataset.split("test"))]
    num_notes = sum(int((events[1:] >= 0).sum()) for events in squashed)
    nats = row.nats_per_event * num_events
    assert row.bits_per_note == pytest.approx(nats / num_notes / math.log(2))
    assert row.onset_nats * num_events + row.pitch_nats * num_notes == pytest.approx(nats)


def test_label_and_event_nats_are_the_same_where_labels_are_events(dataset):
    config = ModelConfig("one_hot", EncodingConfig("one_hot", 60, 72), NetworkConfig((6,)))
    row = evaluate(MelodyRNN(Preset(config), make_network(config)), "one_hot", dataset).scores[0]
    assert row.nats_per_event == pytest.approx(row.label_nats_per_event, rel=1e-5)


def test_summed_labels_are_what_log_likelihood_gives(dataset):
    encoding = EncodingConfig("tune", 60, 72, (1, 2), lookback_unit="bar")
    config = ModelConfig("tune", encoding, NetworkConfig((6,), embedding_size=6, residual=True))
    model = MelodyRNN(Preset(config), make_network(config))
    row = evaluate(model, "tune", dataset, known="meter").scores[0]
    melodies = [melody.events.tolist() for melody in dataset.split("test")]
    expected = -sum(model.log_likelihoods(melodies)) / sum(len(events) - 1 for events in melodies)
    assert (row.label_nats_per_event, row.nats_per_event) == (None, pytest.approx(expected, rel=1e-5))


def test_baselines_stand_beside_the_model(tiny_model, dataset):
    evaluation = evaluate(tiny_model, "tiny", dataset)
    names = [row.name for row in evaluation.scores]
    assert names == ["tiny", "unigram", "bigram", "repeat one bar ago", "order-5 n-gram"]
    assert json.loads(json.dumps(evaluation.to_data()))["num_melodies"] == 5


def test_copies_of_train_melodies_are_found(tiny_model, dataset):
    train = dataset.split("train")
    copies = [replace(melody, split="test", events=melody.events + 2 * (melody.events >= 0)) for melody in train]
    both = Dataset((*train, *copies))
    copied = evaluate(tiny_model, "tiny", both, num_copied=3).copied
    assert copied.real == 1.0
    assert copied.real_notes[0] > copied.generated_notes[1]
    assert evaluate(tiny_model, "tiny", dataset, num_copied=3).copied.real < 0.5


def test_calibration_stands_beside_the_figures(tiny_model, dataset):
    validation = [replace(melody, split="validation") for melody in dataset.split("train")[:4]]
    evaluation = evaluate(tiny_model, "tiny", Dataset((*dataset.melodies, *validation)), is_calibrated=True)
    calibration = evaluation.to_data()["calibration"]
    assert calibration["before"]["nats_per_event"] == pytest.approx(evaluation.scores[0].nats_per_event, rel=1e-5)
    assert sum(part["num_events"] for part in calibration["after"]["bins"]) == evaluation.num_events
    with pytest.raises(InvalidArgumentError, match="no melody in its validation split"):
        evaluate(tiny_model, "tiny", dataset, is_calibrated=True)


def test_what_cannot_be_evaluated_is_refused(tiny_model, dataset):
    with pytest.raises(InvalidArgumentError, match="no melody in its validation split"):
        evaluate(tiny_model, "tiny", dataset, "validation")
    finer = Dataset(tuple(replace(melody, steps_per_quarter=8) for melody in dataset.melodies))
    with pytest.raises(InvalidArgumentError, match="8 steps a quarter note"):
        evaluate(tiny_model, "tiny", finer)


@pytest.fixture(scope="module")
def others():
    """Models of the tiny one's events, and one of others."""
    configs = [
        ModelConfig("one_hot", EncodingConfig("one_hot", 60, 72), NetworkConfig((6,))),
        ModelConfig("wide", EncodingConfig("one_hot", 48, 84), NetworkConfig((6,)), transpose_to_key=None),
    ]
    return [MelodyRNN(Preset(config), make_network(config)) for config in configs]


def test_an_ensemble_is_the_mean_of_the_event_probabilities(tiny_model, others, dataset):
    models = {"tiny": tiny_model, "one_hot": others[0]}
    scores = {row.name: row for row in compare(models, dataset).scores}
    assert list(scores)[:4] == ["tiny", "one_hot", ENSEMBLE, "unigram"]
    for name, model in models.items():
        assert scores[name] == evaluate(model, name, dataset).scores[0]
    melodies = squash_all(tiny_model.config, dataset.split("test"))
    traces = [model.trace([melody.events.tolist() for melody in melodies], transpose=0) for model in models.values()]
    means = [np.mean([one.probabilities, other.probabilities], axis=0)[1:] for one, other in zip(*traces, strict=True)]
    assert scores[ENSEMBLE].nats_per_event == pytest.approx(-np.log(np.concatenate(means)).mean(), rel=1e-5)
    assert scores[ENSEMBLE].label_nats_per_event is None


def test_differences_are_paired(tiny_model, others, dataset):
    evaluation = compare({"tiny": tiny_model, "one_hot": others[0]}, dataset)
    assert [(row.name, row.other) for row in evaluation.differences] == [
        (ENSEMBLE, "tiny"),
        (ENSEMBLE, "one_hot"),
        ("tiny", "one_hot"),
    ]
    scores = {row.name: row for row in evaluation.scores}
    for row in evaluation.differences:
        expected = scores[row.name].nats_per_event - scores[row.other].nats_per_event
        assert row.nats_per_event == pytest.approx(expected)
        assert row.low <= row.nats_per_event <= row.high
    # Melodies that are hard for one are hard for the other.
    mean_and_tiny = evaluation.differences[0]
    assert mean_and_tiny.high - mean_and_tiny.low < scores["tiny"].high - scores["tiny"].low
    data = json.loads(json.dumps(evaluation.to_data()))
    assert data["differences"][0]["nats_per_event"] == mean_and_tiny.nats_per_event


def test_a_model_does_not_differ_from_itself(tiny_model, dataset):
    rows = compare({"a": tiny_model, "b": tiny_model}, dataset).differences
    assert all((row.nats_per_event, row.low, row.high) == pytest.approx((0, 0, 0), abs=1e-9) for row in rows)


def test_models_of_other_events_have_differences_and_no_mean(tiny_model, others, dataset):
    evaluation = compare({"tiny": tiny_model, "wide": others[1]}, dataset)
    assert [row.name for row in evaluation.scores][:3] == ["tiny", "wide", "unigram"]
    assert [(row.name, row.other) for row in evaluation.differences] == [("tiny", "wide")]
    with pytest.raises(InvalidArgumentError, match="no melody in its validation split"):
        compare({"tiny": tiny_model, "wide": others[1]}, dataset, "validation")
