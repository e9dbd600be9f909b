from dataclasses import fields

import keras
import numpy as np
import pytest

from melody_rnn.config import EncodingConfig, ModelConfig, NetworkConfig
from melody_rnn.errors import MelodyError
from melody_rnn.generation.replayer import CompiledReplayer
from melody_rnn.generation.trace import Trace, trace_melodies
from melody_rnn.model import MelodyRNN
from melody_rnn.presets import Preset, make_network
from melody_rnn.sampling.softmax import sum_labels
from melody_rnn.tunes.outline import Outline

# Every degree of C major, so that the key is beyond doubt.
SCALE = [60, 62, 64, 65, 67, -2, 69, 71, -1, 60, 62, 64, 60, 62, 64]


def by_hand(model, events):
    """Returns the probability of every event -2..127 after each event, summed label by label."""
    logits = model.logits(events).astype(np.float64)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = np.zeros((len(events), 130))
    for t in range(len(events)):
        state = model.encoding.encode_stream(np.array([events[: t + 1]], np.int32)).state
        for label, event in enumerate(model.encoding.label_events(state).numpy()[0]):
            rows[t, event + 2] += p[t, label]
    return rows


def test_a_trace_is_what_summing_by_hand_gives(tiny_model):
    (trace,) = tiny_model.trace([SCALE])
    expected = by_hand(tiny_model, SCALE)[:-1]
    own = expected[np.arange(14), np.array(SCALE[1:]) + 2]
    np.testing.assert_array_equal(trace.events, SCALE)
    np.testing.assert_allclose(trace.event_probabilities[1:], expected, atol=1e-6)
    np.testing.assert_allclose(trace.probabilities[1:], own, rtol=1e-4)
    np.testing.assert_allclose(trace.log_likelihoods[1:], np.log(own), rtol=1e-4)
    surprise = np.log(np.where(expected > 0, expected, 1))
    np.testing.assert_allclose(trace.entropies[1:], -(expected * surprise).sum(axis=1), rtol=1e-4)
    assert trace.ranks[1:].tolist() == [int((row > p * 1.0001).sum()) + 1 for row, p in zip(expected, own, strict=True)]
    np.testing.assert_allclose(trace.logits[1:], tiny_model.logits(SCALE)[:-1], atol=1e-5)
    assert trace.nats_per_event == pytest.approx(-np.log(own).mean(), rel=1e-4)


def test_the_first_event_is_given(tiny_model):
    (trace,) = tiny_model.trace([SCALE])
    for figures in (trace.probabilities, trace.entropies, trace.logits, trace.event_probabilities):
        assert np.isnan(figures[0]).all()
        assert not np.isnan(figures[1:]).any()
    assert trace.ranks[0] == 0
    assert trace.likeliest(0, 3) == []


def test_the_likeliest_events_come_first(tiny_model):
    (trace,) = tiny_model.trace([SCALE])
    events = trace.likeliest(5, 130)
    assert sum(p for _, p in events) == pytest.approx(1, abs=1e-5)
    assert [event for event, _ in events].index(SCALE[5]) + 1 == trace.ranks[5]
    assert events[:3] == trace.likeliest(5, 3)


def test_melodies_of_any_length_and_key_stand_for_themselves(tiny_model):
    other_key = [event + 31 if event >= 0 else event for event in SCALE]
    short, plain, moved, single = tiny_model.trace([SCALE[:9], SCALE, other_key, [60]])
    np.testing.assert_allclose(short.probabilities[1:], plain.probabilities[1:9], rtol=1e-4)
    np.testing.assert_allclose(moved.probabilities[1:], plain.probabilities[1:], rtol=1e-5)
    np.testing.assert_array_equal(moved.events, other_key)
    # What the model thinks likely is told in the melody's own key.
    for step in range(1, 15):
        event, probability = plain.likeliest(step, 1)[0]
        assert moved.likeliest(step, 1)[0] == pytest.approx((event + 31 if event >= 0 else event, probability))
    assert single.probabilities.shape == (1,)
    assert np.isnan(single.nats_per_event)


def test_generated_melodies_are_replayed_as_they_were_made(tiny_model):
    primer = [36, -2, 96, -1, -2, 43]
    greedy = tiny_model.generate(num_outputs=2, new_steps=30, primer=primer, temperature=0, seed=1)
    (trace, _) = tiny_model.trace(greedy, outlines=greedy.outlines)
    label_logits, label_events = trace.logits[6:], trace.label_events[6:]
    chosen = label_events[np.arange(30), label_logits.argmax(axis=1)]
    np.testing.assert_array_equal(chosen, list(greedy[0])[6:])
    assert tiny_model.generate(num_steps=4).outlines[0].transposition == 0


def test_where_labels_are_summed_the_trace_adds_up_to_the_log_likelihood():
    config = ModelConfig(
        "tune", EncodingConfig("tune", 60, 72, (1, 2), lookback_unit="bar"), NetworkConfig((6,), embedding_size=6)
    )
    keras.utils.set_random_seed(1)
    model = MelodyRNN(Preset(config), make_network(config))
    melodies = [SCALE, SCALE[:7]]
    sums = [trace.log_likelihoods[1:].sum() for trace in model.trace(melodies)]
    assert sums == pytest.approx(model.log_likelihoods(melodies), rel=1e-5)


def test_very_unlikely_events_keep_their_logarithm():
    log_probabilities = np.array([[-200.0, 0.0, -201.0]], np.float32)
    row = sum_labels(log_probabilities, np.array([[60, -2, 60]], np.int32))[0]
    assert np.log(row[62]) == pytest.approx(-200 + np.log1p(np.exp(-1.0)))
    assert row[0] == 1


def test_many_melodies_are_traced_in_batches(tiny_model):
    melodies = [SCALE[: 2 + k % 9] for k in range(70)]
    replayer = CompiledReplayer(tiny_model.encoding, tiny_model.network)
    for events, trace in zip(melodies, trace_melodies(replayer, melodies, [Outline()] * 70), strict=True):
        assert trace.events.tolist() == events


def test_memory_does_not_grow_with_the_number_of_melodies(tiny_model, monkeypatch):
    sizes = []
    replay = CompiledReplayer._replay

    def watched(self, events, steps_per_bar, cues):
        sizes.append(events.size)
        return replay(self, events, steps_per_bar, cues)

    monkeypatch.setattr(CompiledReplayer, "_replay", watched)
    model = MelodyRNN(Preset(tiny_model.config, {60: 1.0}), tiny_model.network, engine="tensorflow")
    melodies = [SCALE[: 2 + k % 9] for k in range(400)]
    assert len(model.log_likelihoods(melodies)) == 400
    assert sum(sizes) >= sum(map(len, melodies))
    assert max(sizes) <= 32 * max(map(len, melodies))


def test_an_empty_melody_has_no_trace(tiny_model):
    with pytest.raises(MelodyError, match="at least one event"):
        tiny_model.trace([[60], []])


@pytest.mark.parametrize("name", ["tunes_rnn", "lookback_rnn"])
def test_what_was_said_on_the_way_is_what_a_replay_says(name, monkeypatch):
    model = MelodyRNN.from_preset(name)
    asked = {"primer": "C2:3 G6 R C9:2 E4", "num_outputs": 3, "seed": 1, "trace": True}
    result = model.generate(**asked)
    again = model.trace(result.tunes, outlines=result.outlines)
    for trace, replayed in zip(result.traces, again, strict=True):
        for field in fields(Trace):
            if field.name != "draws":
                np.testing.assert_array_equal(getattr(trace, field.name), getattr(replayed, field.name))
    monkeypatch.setattr(MelodyRNN, "trace", lambda *_, **__: pytest.fail("the model was asked again"))
    assert model.generate(**asked).nats_per_event == result.nats_per_event
