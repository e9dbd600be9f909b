import pytest

from melody_rnn.errors import MelodyError
from melody_rnn.music.scales import SCALES, parse_scale


@pytest.mark.parametrize(
    ("key", "scale", "tonic", "pitch_classes"),
    [
        ("D dorian", None, 2, {0, 2, 4, 5, 7, 9, 11}),
        ("D", "dorian", 2, {0, 2, 4, 5, 7, 9, 11}),
        ("C", None, 0, {0, 2, 4, 5, 7, 9, 11}),
        ("am", None, 9, {0, 2, 4, 5, 7, 9, 11}),
        ("F# harmonic  Minor", None, 6, {6, 8, 9, 11, 1, 2, 5}),
        ("Bb", "major pentatonic", 10, {10, 0, 2, 5, 7}),
        ("d", None, 2, {2, 4, 6, 7, 9, 11, 1}),
        ("Dmaj", None, 2, {2, 4, 6, 7, 9, 11, 1}),
        ("DM", None, 2, {2, 4, 6, 7, 9, 11, 1}),
        ("D  Major", None, 2, {2, 4, 6, 7, 9, 11, 1}),
        ("dmin", None, 2, {2, 4, 5, 7, 9, 10, 0}),
        ("Dm", None, 2, {2, 4, 5, 7, 9, 10, 0}),
        ("Ddor", None, 2, {0, 2, 4, 5, 7, 9, 11}),
        ("d-dorian", None, 2, {0, 2, 4, 5, 7, 9, 11}),
        ("faeolian", None, 5, {5, 7, 8, 10, 0, 1, 3}),
        ("Amix", None, 9, {9, 11, 1, 2, 4, 6, 7}),
        ("bb", "mix", 10, {10, 0, 2, 3, 5, 7, 8}),
        ("b min", None, 11, {11, 1, 2, 4, 6, 7, 9}),
        ("B flat major", None, 10, {10, 0, 2, 3, 5, 7, 9}),
        ("f sharp min", None, 6, {6, 8, 9, 11, 1, 2, 4}),
        ("re mayor", None, 2, {2, 4, 6, 7, 9, 11, 1}),
        ("fa# menor", None, 6, {6, 8, 9, 11, 1, 2, 4}),
        ("Sib mayor", None, 10, {10, 0, 2, 3, 5, 7, 9}),
        ("si bemol mayor", None, 10, {10, 0, 2, 3, 5, 7, 9}),
        ("solm", None, 7, {7, 9, 10, 0, 2, 3, 5}),
        ("la dórico", None, 9, {9, 11, 0, 2, 4, 6, 7}),
        ("do", None, 0, {0, 2, 4, 5, 7, 9, 11}),
        (None, "re mi fa# la si", 2, {2, 4, 6, 9, 11}),
        (None, "D E F# A B", 2, {2, 4, 6, 9, 11}),
        ("A", "D, E, F#, A, B", 9, {2, 4, 6, 9, 11}),
    ],
)
def test_keys_and_scales(key, scale, tonic, pitch_classes):
    assert parse_scale(key, scale) == (tonic, frozenset(pitch_classes))


@pytest.mark.parametrize(
    ("key", "scale", "message"),
    [
        ("D dorain", None, "no scale 'dorain'; those there are: major, minor,.* chromatic"),
        ("H minor", None, "the key 'H minor' does not begin with a note"),
        ("", None, "the key '' does not begin with a note"),
        ("Dor", None, "no scale 'or'"),
        ("D mi", None, "no scale 'mi'"),
        ("A-", None, "no scale '-'"),
        (None, "dorian", "'dorian' needs a key"),
        (None, "dorain", "no scale 'dorain'"),
        ("D dorian", "lydian", "give one of them"),
        ("D", "", "no scale ''"),
    ],
)
def test_bad_keys_and_scales(key, scale, message):
    with pytest.raises(MelodyError, match=message):
        parse_scale(key, scale)


def test_the_key_signature_of_a_key_as_people_write_it():
    assert [str(parse_scale(key).signature) for key in ("ddor", "fa# menor", "Bbmaj", "e phr")] == [
        "D dorian",
        "F# minor",
        "Bb major",
        "E phrygian",
    ]


def test_scales_start_on_their_tonic_and_rise_within_an_octave():
    for name, steps in SCALES.items():
        assert steps[0] == 0, name
        assert list(steps) == sorted(set(steps)), name
        assert steps[-1] < 12, name
