from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from melody_rnn.config import CONFIGS, EncodingConfig
from melody_rnn.encodings import make_encoding
from melody_rnn.tunes.chord_cues import ChordCue
from melody_rnn.tunes.cues import CUES, NUM_CUES, cue_sizes

BAR_LOOKBACK = EncodingConfig("lookback", 60, 72, (1, 2), lookback_unit="bar")
TUNE = EncodingConfig("tune", 60, 72, (1, 2), lookback_unit="bar")
EVERY = [*(config.encoding for config in CONFIGS.values()), BAR_LOOKBACK, TUNE]


def random_events(config, batch, steps):
    rng = np.random.default_rng(3)
    events = rng.integers(config.min_note, config.max_note, (batch, steps))
    special = rng.choice([-2, -1], (batch, steps))
    return np.where(rng.random((batch, steps)) < 0.6, special, events).astype(np.int32)


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize("config", EVERY, ids=lambda c: f"{c.kind}-{c.lookback_unit}")
def test_single_steps_equal_the_whole_melody(config, is_compiled):
    encoding, events = make_encoding(config), random_events(config, 3, 50)
    rng, num_cues = np.random.default_rng(4), encoding.num_cues
    sizes = [*cue_sizes(config), 40, 40] if config.knows_form else []
    sizes += [14, 4096, 13, 6, 14, 6, config.max_bar_steps + 1] if config.knows_chords else []
    cues = rng.integers(0, sizes, (3, 51, num_cues)).astype(np.int32) if sizes else np.zeros((3, 51, 0), np.int32)
    if config.knows_chords:
        # A chord that is known has a quality.
        cues[..., 3 - len(ChordCue._fields)] |= 1
    encoded = encoding.encode(tf.constant(events), 12, tf.constant(cues))
    inputs, labels, label_events, final_state = encoded

    @tf.function(jit_compile=is_compiled)
    def step(event, state, cues):
        features, new_state = encoding.step(event, state, cues)
        return (
            features.vectors(encoding.hot_size),
            encoding.label(event, state),
            encoding.label_events(state),
            new_state,
        )

    state = encoding.initial_state(3, 12)
    for t in range(50):
        vectors, label, meanings, state = step(tf.constant(events[:, t]), state, tf.constant(cues[:, t + 1]))
        np.testing.assert_array_equal(meanings, label_events[:, t])
        np.testing.assert_array_equal(vectors, inputs[:, t])
        np.testing.assert_array_equal(label, labels[:, t])
    tf.nest.map_structure(np.testing.assert_array_equal, state, final_state)


@pytest.mark.parametrize("config", EVERY, ids=lambda c: f"{c.kind}-{c.lookback_unit}")
def test_projecting_features_is_multiplying_vectors(config):
    encoding = make_encoding(config)
    kernel = tf.constant(np.random.default_rng(5).normal(size=(encoding.input_size, 7)), tf.float32)
    state = encoding.initial_state(4)
    for event in random_events(config, 4, 20).T:
        features, state = encoding.step(tf.constant(event), state, tf.zeros([4, encoding.num_cues], tf.int32))
        expected = tf.matmul(features.vectors(encoding.hot_size), kernel)
        np.testing.assert_allclose(features.project(kernel), expected, atol=1e-5)


def test_bar_lookbacks_follow_each_melody_s_own_meter():
    encoding = make_encoding(BAR_LOOKBACK)
    first_bar = [60, -2, -2, 62, -2, -2]
    events = tf.constant([first_bar * 4, ([*first_bar, 64, -2, -2]) * 2 + first_bar], tf.int32)
    _, labels, _, state = encoding.encode_stream(events, [6, 9])
    num_events = 14
    assert list(labels[0, :6].numpy()) == [2, num_events + 1, num_events + 1, 4, num_events + 1, num_events + 1]
    assert list(labels[0, 6:12].numpy()) == [num_events, num_events + 1, num_events + 1] * 2
    assert set(labels[0, 12:].numpy()) == {num_events + 1}
    assert list(labels[1, 9:18].numpy()) == [num_events, num_events + 1, num_events + 1] * 3
    assert list(encoding.label_events(state)[0, -2:].numpy()) == [60, 60]
    assert list(encoding.label_events(state)[1, -2:].numpy()) == [64, 64]


def test_bar_lookback_inputs_tell_position_and_meter():
    encoding = make_encoding(BAR_LOOKBACK)
    inputs, *_ = encoding.encode_stream(tf.fill([2, 13], -2), [6, 16])
    meter = inputs.numpy()[:, :, 3 * 14 : 3 * 14 + 64]
    position, steps_left = meter[:, :, :32].argmax(2), meter[:, :, 32:].argmax(2)
    next_step = np.arange(1, 14)
    np.testing.assert_array_equal(position, [next_step % 6, next_step % 16])
    np.testing.assert_array_equal(steps_left, [5 - next_step % 6, 15 - next_step % 16])


def test_a_longer_bar_may_count_as_one():
    config = replace(BAR_LOOKBACK, max_bar_steps=48)
    first_bar = [60] + [-2] * 23 + [62] + [-2] * 23
    _, labels, *_ = make_encoding(config).encode_stream(tf.constant([first_bar * 2 + [60]]), 48)
    assert list(labels.numpy()[0, [24, 48, 72, 96]]) == [4, 14, 14, 15]
    _, labels, *_ = make_encoding(BAR_LOOKBACK).encode_stream(tf.constant([first_bar * 2 + [60]]), 48)
    assert list(labels.numpy()[0, [24, 48, 72, 96]]) == [4, 15, 15, 15]


def hot_names(row):
    """Names what a row of the tune encoding's inputs says, in the order of its docstring."""
    widths = [14, 13, 13, 13, 16, *cue_sizes(TUNE), 15, 15, 15, 15, 7, 7, 15, 7]
    assert len(row) == sum(widths)
    parts = np.split(np.asarray(row), np.cumsum(widths)[:-1])
    assert all(part.sum() == 1 for part in parts)
    names = [
        "last",
        "sounding",
        "third_last",
        "second_last",
        "age",
        *(cue.name for cue in CUES[:-2]),
        "source",
        "upcoming",
        "lookback1",
        "lookback2",
        "run1",
        "run2",
        "match",
        "match_length",
    ]
    return dict(zip(names, [int(part.argmax()) for part in parts], strict=True))


def test_tune_inputs_tell_what_sounds_where_we_are_and_what_came_before():
    encoding = make_encoding(TUNE)
    bar = [60, -2, -1, 64]
    inputs, _, _, _ = encoding.encode_stream(tf.constant([bar * 3 + [65, -2, -1]]), 4)
    before_bar_2 = hot_names(inputs[0, 3])
    assert before_bar_2["last"] == before_bar_2["sounding"] + 2 == 6
    assert (before_bar_2["place"], before_bar_2["to_bar_end"], before_bar_2["bar"]) == (0, 3, 1)
    assert (before_bar_2["tune_bars"], before_bar_2["kind"], before_bar_2["source"]) == (0, 0, 14)
    assert (before_bar_2["lookback1"], before_bar_2["lookback2"]) == (2, 14)
    assert (before_bar_2["match"], before_bar_2["match_length"]) == (14, 0)
    in_bar_3 = hot_names(inputs[0, 9])
    assert (in_bar_3["last"], in_bar_3["sounding"], in_bar_3["age"]) == (0, 0, 1)
    assert (in_bar_3["lookback1"], in_bar_3["lookback2"]) == (1, 1)
    assert (in_bar_3["run1"], in_bar_3["run2"]) == (3, 2)
    assert (in_bar_3["match"], in_bar_3["match_length"]) == (1, 3)
    last = hot_names(inputs[0, 14])
    assert (last["sounding"], last["run1"], last["run2"]) == (12, 2, 2)
    assert (last["match"], last["match_length"]) == (6, 2)


def test_tune_longest_match_is_found_off_the_bar_lines():
    encoding = make_encoding(TUNE)
    events = [60, 62, 64, 65, 67, 71, 60, 62, 64]
    _, _, label_events, state = encoding.encode_stream(tf.constant([events]), 4)
    assert encoding.label_events(state)[0, -2].numpy() == 65
    assert label_events[0, 7, -2].numpy() == 62
    assert label_events[0, 6, -2].numpy() == -2


def test_tune_labels_and_inputs_know_what_the_plan_takes_up():
    encoding = make_encoding(TUNE)
    events = [60, -2, 62, -1, 60, -2, 62, -1]
    cues = np.zeros((1, 9, NUM_CUES), np.int32)
    # The second bar takes up the first; what lies before the start is nothing.
    cues[0, 4:8, -1] = 4
    cues[0, 2, -1] = 5
    inputs, _, label_events, _ = encoding.encode(tf.constant([events]), 4, tf.constant(cues))
    assert label_events[0, :, -1].numpy().tolist() == [-2, -2, -2, -2, 60, -2, 62, -1]
    assert [hot_names(inputs[0, step])["source"] for step in (1, 3, 5, 6)] == [14, 2, 4, 1]
