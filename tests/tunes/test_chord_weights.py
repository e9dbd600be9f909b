"""What chords say of notes: scales, and weights by beat."""

import numpy as np
import pytest

from melody_rnn.music.chord_scales import chord_scale
from melody_rnn.music.chords import parse_chord
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from melody_rnn.music.pitches import parse_pitch_class
from melody_rnn.music.scales import parse_scale
from melody_rnn.tunes.chord_weights import chord_weights
from melody_rnn.tunes.tune import Chord


@pytest.mark.parametrize(
    ("symbol", "key", "notes"),
    [
        ("D7", "G", "G A B C D E F#"),
        ("A7", "G", "G A B C# D E F#"),
        ("E7", "A minor", "A B C D E F G#"),
        ("F", "D dorian", "D E F G A B C"),
        ("C7", "C", "C D E F G A Bb"),
        ("Eb", "C minor", "C D Eb F G Ab Bb"),
    ],
)
def test_scales_of_chords(symbol, key, notes):
    scale = chord_scale(parse_chord(symbol), parse_scale(key).signature)
    assert scale == {parse_pitch_class(note) for note in notes.split()}


@pytest.mark.parametrize("symbol", ["C+", "B°7", "G7alt", "C7b9#11", "F#m7b5", "G13", "C5", "Dsus4"])
@pytest.mark.parametrize("sharps", range(-6, 7))
def test_scales_have_their_chords(symbol, sharps):
    chord = parse_chord(symbol)
    assert set(chord.tones) <= chord_scale(chord, Key(sharps))


def test_weights_by_beat():
    weights = chord_weights([Chord(16, "G"), Chord(40, "N.C."), Chord(48, "D7")], Meter(4, 4), Key(1), 64, 2.0, 4)
    assert weights.shape == (64, 12)
    assert not weights[:16].any()
    assert not weights[40:48].any()
    chord, other, outside = 7, 9, 10
    for step, share in ((16, 1.0), (24, 1.0), (20, 0.5), (28, 0.5), (18, 0.0), (23, 0.0), (48, 1.0)):
        row = weights[step] if step < 48 else np.roll(weights[step], 5)
        assert row[chord] - row[other] == pytest.approx(2 * share, abs=1e-6)
        assert row[chord] - row[outside] == pytest.approx(2 * share + 2, abs=1e-6)
    # With all notes of the scale as likely, a note begins as often.
    scale = sorted(Key(1).pitch_classes)
    assert np.exp(weights[16, scale]).mean() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("meter", "strong", "weak"),
    [
        ((6, 8), (0, 6), ()),
        ((3, 4), (0,), (4, 8)),
        ((2, 2), (0, 8), (4, 12)),
        ((2, 4), (0, 4), ()),
        ((9, 8), (0,), (6, 12)),
    ],
)
def test_beats_of_meters(meter, strong, weak):
    meter = Meter(*meter)
    bar = meter.steps_per_bar()
    weights = chord_weights([Chord(0, "G")], meter, Key(1), 2 * bar, 2.0, 4)
    preferred = weights[bar:, 7] - weights[bar:, 9]
    expected = [2.0 if step in strong else 1.0 if step in weak else 0.0 for step in range(bar)]
    assert preferred.tolist() == pytest.approx(expected, abs=1e-6)


def test_chords_count_from_where_they_begin():
    weights = chord_weights([Chord(0, "G"), Chord(6, "C")], Meter(4, 4), Key(0), 16, 2.0, 4)
    assert weights[6, 0] - weights[6, 2] == pytest.approx(2, abs=1e-6)
    assert weights[5, 0] == weights[5, 2] == 0


def test_nothing_weighs_nothing():
    assert not chord_weights([], Meter(4, 4), Key(0), 16, 2.0, 4).any()
    assert not chord_weights([Chord(0, "?")], Meter(4, 4), Key(0), 16, 2.0, 4).any()
    assert not chord_weights([Chord(0, "G")], Meter(4, 4), Key(0), 16, 0.0, 4).any()
