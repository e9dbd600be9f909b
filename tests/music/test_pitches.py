import pytest

from melody_rnn.errors import MelodyError
from melody_rnn.music.pitches import note_name, parse_note_name, parse_pitch_class, pitch_class_name, syllable_name


def test_note_names_round_trip():
    assert [parse_note_name(note_name(pitch)) for pitch in range(128)] == list(range(128))
    assert [parse_pitch_class(pitch_class_name(pitch)) for pitch in range(24)] == [*range(12)] * 2


@pytest.mark.parametrize(
    ("name", "pitch"),
    [
        ("C4", 60),
        ("c4", 60),
        ("Bb3", 58),
        ("F##2", 43),
        ("Cb4", 59),
        ("B♯4", 72),
        ("C-1", 0),
        ("G9", 127),
        ("sol4", 67),
        ("Sib3", 58),
        ("DO-1", 0),
    ],
)
def test_note_names(name, pitch):
    assert parse_note_name(name) == pitch


@pytest.mark.parametrize("name", ["H4", "C", "4", "C99", "C4x", "G#9", "", "Cb-1"])
def test_bad_note_names(name):
    with pytest.raises(MelodyError, match=repr(name)):
        parse_note_name(name)


@pytest.mark.parametrize(("name", "pitch_class"), [("C", 0), ("Cb", 11), ("b♭", 10), ("F##", 7), ("B#", 0), ("fa#", 6)])
def test_pitch_classes(name, pitch_class):
    assert parse_pitch_class(name) == pitch_class


@pytest.mark.parametrize("name", ["", "H", "C4", "tonic", "#", "so"])
def test_bad_pitch_classes(name):
    with pytest.raises(MelodyError, match=repr(name)):
        parse_pitch_class(name)


def test_names_in_syllables():
    assert [syllable_name(pitch) for pitch in (60, 66, 67)] == ["do4", "fa#4", "sol4"]
    assert all(parse_note_name(syllable_name(pitch)) == pitch for pitch in range(128))
