import numpy as np
import pytest

from melody_rnn.data.dataset import StoredMelody
from melody_rnn.evaluation.baselines import NUM_EVENTS, NGram, RepeatBar, all_baselines
from melody_rnn.music.meters import meter_of_bar


def melody(events, steps_per_bar=4):
    return StoredMelody("m", np.array(events, np.int8), meter_of_bar(steps_per_bar), "train")


def random_melodies(number):
    rng = np.random.default_rng(4)
    return [melody(rng.choice([-2, -1, 60, 62, 64], 40)) for _ in range(number)]


def test_every_baseline_gives_distributions():
    train, other = random_melodies(6), melody([60, 127, -1, 61, 62, -2, -2, 60])
    for baseline in all_baselines(train):
        probabilities = baseline.probabilities(other)
        assert probabilities.shape == (7, NUM_EVENTS)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
        assert (probabilities > 0).all()


def test_witten_bell_by_hand():
    ngram = NGram([melody([60, 62, 60, 62, 60, 64])], 1)
    unigram = NGram([melody([60, 62, 60, 62, 60, 64])], 0).probabilities(melody([60, 62]))[0]
    # After 60 came 62 twice and 64 once: three events of two kinds.
    expected = (2 + 2 * unigram[64]) / (3 + 2)
    assert ngram.probabilities(melody([60, 62]))[0, 64] == pytest.approx(expected)
    # After 64 nothing ever came: the shorter context alone.
    np.testing.assert_allclose(ngram.probabilities(melody([64, 62]))[0], unigram)


def test_longer_contexts_know_more():
    tune = melody([60, 62, 60, 64, 60, 62, 60, 64] * 8)
    nats = []
    for order in (0, 1, 2):
        probabilities = NGram([tune], order).probabilities(tune)
        nats.append(-np.log(probabilities[np.arange(63), tune.events[1:].astype(int) + 2]).mean())
    assert nats[0] > nats[1] > nats[2] + 0.2


def test_repeating_a_bar_counts_bars_of_the_melody_s_own_meter():
    train = [melody([60, 62, 64] * 5, 3)]
    probabilities = RepeatBar(train).probabilities(melody([65, 67, 69, 65, 67, 69], 3))
    assert list(probabilities[2:].argmax(axis=1) - 2) == [65, 67, 69]
    np.testing.assert_allclose(probabilities[2:].max(axis=1), 1.0, atol=1e-3)
    assert probabilities[0, 67] < 0.5
