"""Chords learnt by a model that begins as one that hears none."""

from dataclasses import replace

import numpy as np
import pytest

from melody_rnn.config import CONFIGS, EncodingConfig, NetworkConfig
from melody_rnn.data.dataset import Dataset
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.evaluation.evaluate import evaluate, with_other_chords
from melody_rnn.model import MelodyRNN
from melody_rnn.music.meters import Meter
from melody_rnn.presets import Preset, load_preset, make_network
from melody_rnn.training import train
from melody_rnn.tunes.tune import Chord
from tests.training.scales import SETTINGS, dataset

PLAIN = replace(
    CONFIGS["tunes_rnn"],
    encoding=replace(CONFIGS["tunes_rnn"].encoding, min_note=60, max_note=72),
    network=NetworkConfig((12, 12), dropout=0.1, embedding_size=12, residual=True),
)
WITH_CHORDS = replace(PLAIN, name="chords_rnn", encoding=replace(PLAIN.encoding, chords="tones"))
NUM_NEW = make_encoding(WITH_CHORDS.encoding).input_size - make_encoding(PLAIN.encoding).input_size


def chorded(data):
    """Returns a dataset with a chord on each bar that tells whether its first note is a C."""
    return Dataset(
        tuple(
            replace(
                melody,
                chords=tuple(
                    Chord(step, "C" if melody.events[step] in (60, 64, 67) else "Dm")
                    for step in range(0, len(melody.events), 16)
                ),
            )
            for melody in data.melodies
        ),
        digest="chorded",
    )


@pytest.fixture(scope="module")
def plain():
    network = make_network(PLAIN)
    rng = np.random.default_rng(0)
    network.assign_by_name(
        {name: rng.normal(0, 0.3, weight.shape).astype("f") for name, weight in network.weights_by_name().items()}
    )
    return network


def test_it_begins_as_the_model_without_chords(tmp_path, plain):
    # With a rate of nothing training changes nothing.
    settings = replace(SETTINGS, steps=1, learning_rate=1e-30)
    run = train(WITH_CHORDS, settings, chorded(dataset()), tmp_path / "run", weights_from=plain)
    weights, before = load_preset(run.model)[1].weights_by_name(), plain.weights_by_name()
    np.testing.assert_allclose(weights["embedding/kernel"][:NUM_NEW], 0, atol=1e-20)
    np.testing.assert_allclose(weights["embedding/kernel"][NUM_NEW:], before["embedding/kernel"], atol=1e-20)
    for name in set(before) - {"embedding/kernel"}:
        np.testing.assert_allclose(weights[name], before[name], atol=1e-20)
    model = MelodyRNN.from_preset(run.model)
    melody = dataset().melodies[0].events.tolist()
    own, other = model.log_likelihood(melody), MelodyRNN(Preset(PLAIN), plain).log_likelihood(melody)
    assert own == pytest.approx(other, rel=1e-5)


def test_only_chords_are_learnt_and_without_them_it_stays_what_it_was(tmp_path, plain):
    settings = replace(SETTINGS, epochs=3, learning_rate=3e-2, only_chords=True)
    run = train(WITH_CHORDS, settings, chorded(dataset()), tmp_path / "run", weights_from=plain)
    assert run.history[-1]["loss"] < run.history[0]["loss"]
    weights, before = load_preset(run.model)[1].weights_by_name(), plain.weights_by_name()
    trained = make_encoding(WITH_CHORDS.encoding).inputs_of_known_chords()
    kernel = weights.pop("embedding/kernel")
    assert (np.abs(kernel[:NUM_NEW][~trained[:NUM_NEW]]) == 0).all()
    assert np.abs(kernel[:NUM_NEW][trained[:NUM_NEW]]).max() > 0
    np.testing.assert_array_equal(kernel[NUM_NEW:], before["embedding/kernel"])
    for name, weight in weights.items():
        np.testing.assert_array_equal(weight, before[name])
    scores = {row.name: row.nats_per_event for row in _evaluate(run.model).scores}
    own = evaluate(MelodyRNN(Preset(PLAIN), plain), "m", dataset()).scores[0].nats_per_event
    assert scores["m, no chord known"] == pytest.approx(own, rel=1e-5)
    assert scores["m"] < scores["m, no chord known"]


def _evaluate(path):
    return evaluate(MelodyRNN.from_preset(path), "m", chorded(dataset()))


def test_what_chords_are_worth_is_told_tune_by_tune(tmp_path, plain):
    settings = replace(SETTINGS, steps=1, learning_rate=1e-2)
    run = train(WITH_CHORDS, settings, chorded(dataset()), tmp_path / "run", weights_from=plain)
    rows = _evaluate(run.model).differences
    assert [(row.name, row.other) for row in rows] == [
        ("m", "m, no chord known"),
        ("m", "m, another tune's chords"),
        ("m, no chord known", "m, another tune's chords"),
    ]
    assert all(row.low <= row.nats_per_event <= row.high for row in rows)


def test_other_chords_are_those_of_tunes_of_the_same_meter():
    melodies = [replace(melody, events=melody.events[: 16 * n]) for n, melody in enumerate(dataset().melodies[:3], 1)]
    melodies = [
        replace(melody, chords=(Chord(0, name), Chord(16, name))) for melody, name in zip(melodies, "CDE", strict=True)
    ]
    melodies[2] = replace(melodies[2], meter=Meter(2, 4))
    others = with_other_chords(melodies)
    assert [[chord.symbol for chord in melody.chords] for melody in others] == [["D"], ["C", "C"], ["E", "E"]]


@pytest.mark.parametrize("config", [PLAIN, replace(WITH_CHORDS, network=NetworkConfig((12,)))])
def test_only_models_that_embed_chords_learn_only_chords(tmp_path, config):
    with pytest.raises(InvalidArgumentError, match="only_chords is for models"):
        train(config, replace(SETTINGS, only_chords=True), dataset(), tmp_path / "run")


@pytest.mark.parametrize("kind", ["triads", "pitches", "tones"])
def test_inputs_of_known_chords(kind):
    config = EncodingConfig("one_hot", chords=kind)
    encoding, plain = make_encoding(config), make_encoding(replace(config, chords="none"))
    inputs = encoding.inputs_of_known_chords()
    assert inputs.shape == (encoding.input_size,)
    assert not inputs[-plain.input_size :].any()
    assert 0 < inputs.sum() < encoding.input_size - plain.input_size
