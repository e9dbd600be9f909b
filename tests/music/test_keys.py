import pytest

from melody_rnn.music.chords import transpose_chord
from melody_rnn.music.keys import MODES, Key, key_of_tonic, spell


@pytest.mark.parametrize(
    ("key", "name", "tonic"),
    [
        (Key(0), "C major", 0),
        (Key(2, "dorian"), "E dorian", 4),
        (Key(-3, "minor"), "C minor", 0),
        (Key(6), "F# major", 6),
        (Key(-6), "Gb major", 6),
        (Key(7, "lydian"), "F# lydian", 6),
        (Key(-7, "phrygian"), "Eb phrygian", 3),
        (Key(1, "mixolydian"), "D mixolydian", 2),
        (Key(0, "locrian"), "B locrian", 11),
    ],
)
def test_names_and_tonics(key, name, tonic):
    assert (str(key), key.tonic) == (name, tonic)


def test_a_key_moves_with_few_sharps_or_flats():
    assert Key(0).transpose(1) == Key(-5)
    assert Key(2, "minor").transpose(-2) == Key(0, "minor")
    assert Key(7).transpose(12) == Key(7)
    for mode in MODES:
        for tonic in range(12):
            key = key_of_tonic(tonic, mode)
            assert key.tonic == tonic
            assert abs(key.sharps) <= 6


def test_the_notes_of_a_key():
    assert Key(1).pitch_classes == {7, 9, 11, 0, 2, 4, 6}
    assert Key(0, "dorian").pitch_classes == Key(0).pitch_classes


def test_notes_are_spelled_by_the_key():
    assert [spell(pitch, Key(2)) for pitch in (61, 66, 70)] == ["C#", "F#", "A#"]
    assert [spell(pitch, Key(-4)) for pitch in (61, 66, 70)] == ["Db", "Gb", "Bb"]
    assert spell(61, Key(-1, "minor")) == "C#"
    assert spell(10) == "Bb"


def test_chord_symbols_move():
    assert transpose_chord("Am7/G", 2, Key(2)) == "Bm7/A"
    assert transpose_chord("Bbmaj7", -2, Key(-4)) == "Abmaj7"
    assert transpose_chord("N.C.", 2, Key(2)) == "N.C."
    assert transpose_chord("C", 12, None) == "C"
