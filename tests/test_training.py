from dataclasses import replace

import keras
import numpy as np
import pytest

from melody_rnn.config import NetworkConfig
from melody_rnn.data.dataset import Dataset, StoredMelody
from melody_rnn.encodings import make_encoding
from melody_rnn.metrics import bigram_nats, unigram_nats
from melody_rnn.model import MelodyRNN
from melody_rnn.training import BATCH_SIZE, batches_of, opening_pitches, squash_all, train


def scales(split, num_melodies):
    """Scales that only a model with a memory can continue: up and down by turns."""
    up_and_down = [60, -2, 62, -2, 64, -2, 65, -2, 67, -2, 65, -2, 64, -2, 62, -2]
    return [
        StoredMelody(f"{split}{i}", np.array(np.roll(up_and_down * 3, 2 * i), np.int8), 16, split)
        for i in range(num_melodies)
    ]


@pytest.fixture(scope="module")
def dataset():
    return Dataset((*scales("train", 80), *scales("validation", 8)))


def test_training_learns_and_is_repeatable(dataset, tiny_config):
    config = replace(tiny_config, network=NetworkConfig((48,), dropout=0.1))
    results = [train(config, dataset, epochs=70, seed=0) for _ in range(2)]
    for a, b in zip(*(network.get_weights() for _, network in results), strict=True):
        np.testing.assert_array_equal(a, b)
    preset, network = results[0]
    events = [melody.events for melody in squash_all(config, dataset.split("validation"))]
    scores = MelodyRNN(preset, network).log_likelihoods([e.tolist() for e in events])
    nats = -sum(scores) / sum(len(e) - 1 for e in events)
    assert nats < 0.6 * unigram_nats(events, events)
    assert not hasattr(network, "optimizer") or network.optimizer is None


def test_batches_hold_every_event_once(tiny_config):
    encoding = make_encoding(tiny_config.encoding)
    rng = np.random.default_rng(0)
    melodies = [StoredMelody(str(i), rng.integers(60, 72, 5 + i % 40).astype(np.int8), 16, "train") for i in range(150)]
    batches = list(batches_of(encoding, melodies))
    assert len(batches) == -(-150 // BATCH_SIZE)
    assert sum(float(np.sum(weights)) for _, _, weights in batches) == sum(len(m.events) - 1 for m in melodies)
    longest = max(melodies, key=lambda m: (len(m.events), m.id))
    inputs, labels, weights = batches[-1]
    expected_inputs, expected_labels, _ = encoding.encode(longest.events[np.newaxis].astype(np.int32))
    np.testing.assert_array_equal(inputs[-1], expected_inputs[0, :-1])
    np.testing.assert_array_equal(labels[-1], expected_labels[0, 1:])
    assert np.all(weights[-1] == 1)


def test_the_order_of_batches_hangs_on_the_seed(tiny_config):
    encoding = make_encoding(tiny_config.encoding)
    melodies = scales("train", 8 * BATCH_SIZE)

    def order(seed):
        keras.utils.set_random_seed(0)
        return [labels.numpy().tobytes() for _, labels, _ in batches_of(encoding, melodies, seed)]

    assert order(1) == order(1)
    assert sorted(order(1)) == sorted(order(None))


def test_opening_pitches_are_of_melodies_that_begin_on_the_beat():
    melodies = [
        StoredMelody("a", np.array([60, -2], np.int8), 16, "train"),
        StoredMelody("b", np.array([67, -2], np.int8), 16, "train"),
        StoredMelody("c", np.array([60, 62], np.int8), 16, "train"),
        StoredMelody("d", np.array([-2, 72], np.int8), 16, "train"),
    ]
    assert opening_pitches(melodies) == {60: 2 / 3, 67: 1 / 3}


def test_baselines():
    train_events = [np.array([60, -2, 60, -2, 60, -2], np.int8)]
    test_events = [np.array([60, -2, 60, -2], np.int8)]
    assert unigram_nats(train_events, test_events) == pytest.approx(-np.log(4 / (8 + 128 / 130)), rel=1e-6)
    assert bigram_nats(train_events, test_events) < unigram_nats(train_events, test_events)
