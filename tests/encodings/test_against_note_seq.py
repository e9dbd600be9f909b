"""Our encodings equal note_seq's, for every input, label and label meaning of many random melodies."""

from functools import cache

import note_seq
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from melody_rnn.config import EncodingConfig
from melody_rnn.encodings import make_encoding

RANGES = [(48, 84), (0, 128), (60, 72)]


def reference(config):
    one_hot = note_seq.MelodyOneHotEncoding(config.min_note, config.max_note)
    if config.kind == "one_hot":
        return note_seq.OneHotEventSequenceEncoderDecoder(one_hot)
    if config.kind == "lookback":
        return note_seq.LookbackEventSequenceEncoderDecoder(
            one_hot, list(config.lookback_distances), config.binary_counter_bits
        )
    return note_seq.KeyMelodyEncoderDecoder(
        config.min_note, config.max_note, list(config.lookback_distances), config.binary_counter_bits
    )


def random_melody(rng, config, num_steps):
    """Rests, long and repeated notes, copied bars, pitch extremes and, half of the time, an empty start."""
    low, high = config.min_note, config.max_note
    pitches = rng.choice([low, high - 1, *rng.integers(low, high, 6)], num_steps)
    kind = rng.choice(3, num_steps, p=[0.5, 0.15, 0.35])
    events = np.where(kind == 0, -2, np.where(kind == 1, -1, pitches))
    if rng.random() < 0.5:
        events[: rng.integers(0, num_steps + 1)] = -2
    for distance in (*config.lookback_distances, 16):
        if rng.random() < 0.6:
            for t in range(distance, num_steps):
                if rng.random() < 0.7:
                    events[t] = events[t - distance]
    return note_seq.Melody([int(event) for event in events])


@cache
def compiled(config):
    """An encoding, and its inputs and labels of whole melodies by one graph for all of their numbers and lengths."""
    encoding = make_encoding(config)

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
    def encode(events):
        num_melodies, num_steps = tf.unstack(tf.shape(events))
        return encoding.encode(events, 16, tf.zeros([num_melodies, num_steps + 1, encoding.num_cues], tf.int32))[:2]

    return encoding, encode


def check_equal(config, melodies):
    """Checks a batch of melodies of one length."""
    (encoding, encode), expected = compiled(config), reference(config)
    inputs, labels = (part.numpy() for part in encode(np.array([list(melody) for melody in melodies], np.int32)))
    assert (encoding.input_size, encoding.num_classes) == (expected.input_size, expected.num_classes)
    assert encoding.no_event_label == expected.default_event_label
    for row, melody in enumerate(melodies):
        steps = range(len(melody))
        theirs = np.array([expected.events_to_input(melody, t) for t in steps])
        np.testing.assert_array_equal(inputs[row], theirs, str(list(melody)))
        assert labels[row].tolist() == [expected.events_to_label(melody, t) for t in steps], list(melody)


CONFIGS = [
    EncodingConfig(kind, low, high, distances, binary_counter_bits=bits)
    for kind, bits in (("one_hot", 0), ("lookback", 5), ("key", 7))
    for low, high in RANGES
    for distances in [(16, 32)]
] + [EncodingConfig("lookback", 48, 84, (3, 5, 7)), EncodingConfig("key", 48, 84, (4, 9), binary_counter_bits=3)]


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.kind}-{c.min_note}-{c.lookback_distances}")
def test_inputs_and_labels_of_thousands_of_melodies(config):
    rng = np.random.default_rng(0)
    for num_steps, num_melodies in ((1, 20), (2, 50), (15, 150), (33, 100), (70, 40)):
        check_equal(config, [random_melody(rng, config, num_steps) for _ in range(num_melodies)])


@st.composite
def small_melodies(draw):
    """Melodies that hypothesis can shrink: few pitches, so that they repeat."""
    event = st.sampled_from([-2, -1, 60, 61, 64, 71])
    return note_seq.Melody(draw(st.lists(event, min_size=1, max_size=40)))


@pytest.mark.parametrize("kind", ["one_hot", "lookback", "key"])
@settings(max_examples=60, deadline=None)
@given(melody=small_melodies())
def test_inputs_and_labels_of_shrinkable_melodies(kind, melody):
    check_equal(EncodingConfig(kind, 60, 72, (2, 5), binary_counter_bits=3), [melody])


@pytest.mark.parametrize("config", CONFIGS[::2], ids=lambda c: f"{c.kind}-{c.min_note}-{c.lookback_distances}")
def test_every_label_means_the_event_that_note_seq_decodes(config):
    rng = np.random.default_rng(1)
    encoding, expected = make_encoding(config), reference(config)
    melody = random_melody(rng, config, 40)
    state = encoding.initial_state(1)
    for t, event in enumerate(melody):
        meanings = encoding.label_events(state).numpy()[0]
        history = list(melody)[:t]
        assert list(meanings) == [expected.class_index_to_event(c, history) for c in range(encoding.num_classes)]
        assert meanings[encoding.label(tf.constant([event]), state).numpy()[0]] == event
        _, state = encoding.step(tf.constant([event]), state, tf.zeros([1, 0], tf.int32))
