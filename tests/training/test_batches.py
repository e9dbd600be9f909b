from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from melody_rnn.config import CONFIGS, EncodingConfig
from melody_rnn.data.dataset import StoredMelody
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.music.keys import spell
from melody_rnn.music.meters import COMMON_TIME
from melody_rnn.training.batches import (
    evaluation_batches,
    label_frequencies,
    num_batches,
    opening_pitches,
    training_batches,
)
from melody_rnn.tunes.tune import Chord
from tests.training.scales import SETTINGS, scales


@pytest.fixture
def melodies():
    rng = np.random.default_rng(0)
    return [
        StoredMelody(str(i), rng.integers(60, 72, 5 + i % 40).astype(np.int8), COMMON_TIME, "train") for i in range(150)
    ]


@pytest.fixture
def encoding(tiny_config):
    return make_encoding(tiny_config.encoding)


def test_evaluation_batches_hold_every_event_once(encoding, melodies):
    batches = list(evaluation_batches(encoding, melodies, 64))
    assert len(batches) == num_batches(150, 64) == 3
    assert sum(float(np.sum(weights)) for _, _, weights in batches) == sum(len(m.events) - 1 for m in melodies)
    longest = max(melodies, key=lambda m: (len(m.events), m.id))
    inputs, (events, labels, label_events), weights = batches[-1]
    expected = encoding.encode_stream(longest.events[np.newaxis].astype(np.int32))
    last = 150 % 64 - 1
    np.testing.assert_array_equal(inputs[last], expected.inputs[0, :-1])
    np.testing.assert_array_equal(labels[last], expected.labels[0, 1:])
    np.testing.assert_array_equal(label_events[last], expected.label_events[0, 1:])
    np.testing.assert_array_equal(events[last], longest.events[1:])
    assert np.all(weights[last] == 1)
    assert not np.any(weights[last + 1 :])


def first_events(encoding, melodies, settings, first_step, num_steps):
    stream = training_batches(encoding, melodies, settings, first_step)
    return [events.numpy().tolist() for _, (events, _, _), _ in islice(stream, num_steps)]


def test_the_stream_of_a_step_hangs_on_the_seed_and_the_step_alone(encoding, melodies):
    settings = replace(SETTINGS, batch_size=64, transposition=3)
    stream = first_events(encoding, melodies, settings, 0, 9)
    assert first_events(encoding, melodies, settings, 4, 5) == stream[4:]
    assert first_events(encoding, melodies, replace(settings, seed=9), 0, 3) != stream[:3]
    assert stream[:3] != stream[3:6]


def test_an_epoch_holds_every_melody_once(encoding):
    melodies = scales("train", 50)
    settings = replace(SETTINGS, batch_size=16, transposition=0)
    stream = islice(training_batches(encoding, melodies, settings, 0), num_batches(50, 16))
    seen = [
        tuple(row[: int(n.sum())])
        for _, (e, _, _), w in stream
        for row, n in zip(e.numpy(), w.numpy(), strict=True)
        if n.any()
    ]
    assert sorted(seen) == sorted(tuple(m.events[1:].astype(int)) for m in melodies)


def test_label_frequencies_are_of_the_first_epoch(encoding, melodies):
    settings = replace(SETTINGS, batch_size=64, transposition=3)
    counts = np.ones(encoding.num_classes)
    for _, (_, labels, _), weights in islice(training_batches(encoding, melodies, settings, 0), num_batches(150, 64)):
        np.add.at(counts, labels.numpy()[weights.numpy() > 0], 1)
    np.testing.assert_allclose(label_frequencies(encoding, melodies, settings), counts / counts.sum())


def test_training_batches_have_the_same_rows_and_few_lengths(encoding, melodies):
    settings = replace(SETTINGS, batch_size=64, transposition=0)
    shapes = {tuple(w.shape) for _, _, w in islice(training_batches(encoding, melodies, settings, 0), 3)}
    assert {rows for rows, _ in shapes} == {64}
    assert all(steps % 16 == 0 for _, steps in shapes)


def test_transposed_melodies_stay_in_range(encoding, melodies):
    settings = replace(SETTINGS, batch_size=150, transposition=12)
    _, (events, _, _), weights = next(iter(training_batches(encoding, scales("train", 60), settings, 0)))
    pitches = np.where(weights.numpy() > 0, events.numpy(), -2)
    lows = {int(row[row >= 0].min()) for row in pitches}
    assert lows == {60, 61, 62, 63, 64}
    assert pitches.max() == 71


def test_opening_pitches_are_of_melodies_that_begin_on_the_beat():
    melodies = [
        StoredMelody("a", np.array([60, -2], np.int8), COMMON_TIME, "train"),
        StoredMelody("b", np.array([67, -2], np.int8), COMMON_TIME, "train"),
        StoredMelody("c", np.array([60, 62], np.int8), COMMON_TIME, "train"),
        StoredMelody("d", np.array([-2, 72], np.int8), COMMON_TIME, "train"),
    ]
    assert opening_pitches(melodies) == {60: 2 / 3, 67: 1 / 3}


def over_chords(num_melodies=64):
    """Melodies of one length, each on the root of its chords."""
    return [
        StoredMelody(
            str(number),
            np.array([60 + number % 12, -2, -2, 60 + number % 12, -2], np.int8),
            COMMON_TIME,
            "train",
            chords=(Chord(0, spell(number)), Chord(3, spell(number) + "m")),
        )
        for number in range(num_melodies)
    ]


def chord_roots(encoding, settings, num_steps=4):
    """Returns the pitch class of each melody's first note as it was moved, and its chord's triad, -1 if none."""
    for inputs, (events, *_), _ in islice(training_batches(encoding, over_chords(), settings, 0), num_steps):
        for row, later in zip(inputs.numpy(), events.numpy(), strict=True):
            yield int(later[2]) % 12, np.argmax(row[:, :49], axis=1)[:4]


def test_chords_move_with_their_melodies():
    encoding = make_encoding(EncodingConfig("one_hot", chords="triads"))
    settings = replace(SETTINGS, batch_size=32, transposition=6)
    seen = list(chord_roots(encoding, settings))
    assert len({pitch_class for pitch_class, _ in seen}) == 12
    for pitch_class, triads in seen:
        assert triads.tolist() == [1 + pitch_class, 1 + pitch_class, 13 + pitch_class, 13 + pitch_class]


def test_some_melodies_come_without_their_chords():
    encoding = make_encoding(EncodingConfig("one_hot", chords="triads"))
    settings = replace(SETTINGS, batch_size=32, unknown_chords=0.3)
    known = [bool(triads.any()) for _, triads in chord_roots(encoding, settings)]
    assert all(triads.all() or not triads.any() for _, triads in chord_roots(encoding, settings))
    assert 0.5 < np.mean(known) < 0.9
    assert all(triads.all() for _, triads in chord_roots(encoding, replace(settings, unknown_chords=0.0)))
    assert not any(triads.any() for _, triads in chord_roots(encoding, replace(settings, unknown_chords=1.0)))
    plain = make_encoding(EncodingConfig("one_hot"))
    events = [first_events(plain, over_chords(), replace(settings, unknown_chords=share), 0, 3) for share in (0.0, 0.9)]
    assert events[0] == events[1]


def test_a_teacher_of_form_does_not_teach_who_hears_chords_alone():
    student, teacher = (make_encoding(CONFIGS[name].encoding) for name in ("basic_improv", "tunes_rnn"))
    with pytest.raises(InvalidArgumentError, match="chords_rnn knows both"):
        training_batches(student, over_chords(), SETTINGS, 0, views=[teacher])
