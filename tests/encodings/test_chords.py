"""Chord encodings: those of Magenta equal note_seq's, ours tells all that the cues do."""

from dataclasses import replace
from functools import cache

import note_seq
import numpy as np
import pytest
import tensorflow as tf

from melody_rnn.config import CONFIGS, IMPROV_NAMES, EncodingConfig
from melody_rnn.encodings import make_encoding
from melody_rnn.music.meters import meter_of_bar
from melody_rnn.tunes.outline import Outline
from melody_rnn.tunes.tune import Chord

SYMBOLS = ["C", "Am7", "F#m7b5", "Bb/D", "N.C.", "Gaug", "Bdim", "C#m", "Ebmaj7", "G13", "Dm", "Abdim7/B"]
CHORD_ENCODINGS = {
    "triads": lambda: note_seq.OneHotEventSequenceEncoderDecoder(note_seq.TriadChordOneHotEncoding()),
    "pitches": note_seq.PitchChordsEncoderDecoder,
}
MELODY_ENCODINGS = {
    "one_hot": lambda: note_seq.OneHotEventSequenceEncoderDecoder(note_seq.MelodyOneHotEncoding(48, 84)),
    "key": lambda: note_seq.KeyMelodyEncoderDecoder(48, 84),
}


def random_piece(seed, num_steps=70):
    rng = np.random.default_rng(seed)
    events = rng.choice([-2, -2, -2, -1, 48, 60, 62, 64, 67, 71, 83], num_steps).tolist()
    steps = sorted({0, *rng.integers(1, num_steps, 20).tolist()})
    return events, tuple(Chord(step, str(rng.choice(SYMBOLS))) for step in steps)


def by_step(chords, num_steps):
    return [[chord.symbol for chord in chords if chord.step <= step][-1] for step in range(num_steps)]


def encoded(encoding, melodies, progressions):
    """Encodes melodies of one length over their chords, all at once."""
    cues = encoding.cues([Outline(chords=chords) for chords in progressions], len(melodies[0]) + 1)
    return encoding.encode(tf.constant(melodies), 16, tf.constant(cues))


@pytest.mark.parametrize("name", IMPROV_NAMES)
def test_they_are_note_seqs(name):
    config = CONFIGS[name].encoding
    encoding = make_encoding(config)
    expected = note_seq.ConditionalEventSequenceEncoderDecoder(
        CHORD_ENCODINGS[config.chords](), MELODY_ENCODINGS[config.kind]()
    )
    assert (encoding.input_size, encoding.num_classes) == (expected.input_size, expected.num_classes)
    assert encoding.no_event_label == expected.default_event_label
    pieces = [random_piece(seed) for seed in range(5)]
    inputs, labels, *_ = encoded(encoding, *zip(*pieces, strict=True))
    for row, (events, chords) in enumerate(pieces):
        melody = note_seq.Melody(events)
        control = note_seq.ChordProgression(by_step(chords, len(events) + 1))
        (wanted,) = expected.get_inputs_batch([control], [melody], full_length=True)
        np.testing.assert_array_equal(inputs[row], np.array(wanted))
        wanted_labels = [expected.events_to_label(melody, step) for step in range(len(events))]
        np.testing.assert_array_equal(labels[row], wanted_labels)


def test_what_is_not_known_is_no_chord_to_magentas_encodings_and_not_to_ours():
    for name in (*IMPROV_NAMES, "chords_rnn"):
        encoding = make_encoding(CONFIGS[name].encoding)
        unknown, none = encoded(encoding, [[60, -2, 62]] * 2, [(), (Chord(0, "N.C."),)]).inputs
        assert np.array_equal(unknown, none) == (name in IMPROV_NAMES)


@pytest.mark.parametrize(
    ("symbol", "triad"), [("Gsus4", "G"), ("G5", "G"), ("G7", "G"), ("Gm6", "Gm"), ("Gdim7", "Gdim")]
)
def test_other_chords_count_as_triads(symbol, triad):
    encoding = make_encoding(CONFIGS["basic_improv"].encoding)
    one, other = encoded(encoding, [[60, 62]] * 2, [(Chord(0, text),) for text in (symbol, triad)]).inputs
    np.testing.assert_array_equal(one, other)


@cache
def encoded_piece(kind, chords="none"):
    """A piece in an encoding, with or without inputs for its chords."""
    config = EncodingConfig(kind, lookback_distances=(1, 2), lookback_unit="bar" if kind == "tune" else "step")
    encoding = make_encoding(replace(config, chords=chords))
    events, symbols = random_piece(7)
    outline = Outline(meter_of_bar(16), num_steps=len(events), chords=symbols)
    return encoding.encode(tf.constant([events]), 16, tf.constant(encoding.cues([outline], len(events) + 1)))


@pytest.mark.parametrize("kind", ["one_hot", "lookback", "key", "tune"])
@pytest.mark.parametrize("chords", ["triads", "pitches", "tones"])
def test_the_melodys_inputs_stay_as_they_are(kind, chords):
    plain, with_chords = encoded_piece(kind), encoded_piece(kind, chords)
    for name in ("labels", "label_events"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(with_chords, name))
    own = with_chords.inputs.shape[-1] - plain.inputs.shape[-1]
    np.testing.assert_array_equal(with_chords.inputs[..., own:], plain.inputs)
    if chords != "pitches":
        assert set((with_chords.inputs[0, :, :own].numpy() != 0).sum(axis=1)) == {1 if chords == "triads" else 19}


def test_all_of_a_chord_reaches_the_network():
    """Chords that differ in anything give other inputs, and so does what comes next."""
    encoding = make_encoding(CONFIGS["chords_rnn"].encoding)
    progressions = [
        (Chord(0, symbol), *rest)
        for symbol in ("G", "Gm", "G7", "G/B", "Gsus4", "A", "N.C.")
        for rest in ((), (Chord(20, "D"),), (Chord(20, "Dm"),), (Chord(24, "D"),))
    ]
    inputs = encoded(encoding, [[60, 62, 64]] * len(progressions), progressions).inputs.numpy()
    assert len({row.tobytes() for row in inputs}) == len(progressions)


def test_it_tells_how_the_last_note_lies_to_the_root():
    encoding = make_encoding(EncodingConfig("one_hot", chords="tones"))
    one, other = encoded(encoding, [[62, -2, -1], [64, -2, -1]], [(Chord(0, "G"),)] * 2).inputs
    assert np.array_equal(one[0, : encoding.num_chord_hot], one[2, : encoding.num_chord_hot])
    assert not np.array_equal(one[2, : encoding.num_chord_hot], other[2, : encoding.num_chord_hot])
