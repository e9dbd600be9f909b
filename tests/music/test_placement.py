import pytest

from melody_rnn.music.placement import placement
from melody_rnn.music.scales import parse_scale


@pytest.mark.parametrize(
    ("key", "amount"),
    [
        ("C", 0),
        ("D", -2),
        ("G mixolydian", 0),
        ("F#", -6),
        ("A minor", 0),
        ("D major pentatonic", -2),
        ("E dorian", -2),
    ],
)
def test_keys_come_to_c(key, amount):
    assert placement(parse_scale(key), range(48, 84), 48, 84, 0) == amount


def test_other_homes():
    assert placement(parse_scale("C"), range(48, 84), 48, 84, 7) == -5
    assert placement(parse_scale("E"), range(48, 84), 48, 84, None) == 0


@pytest.mark.parametrize(
    ("pitches", "amount"), [((60, 72), 0), ((84, 95), -12), ((0, 12), 48), ((40, 90), 0), ((72, 90), -12)]
)
def test_ranges_move_by_octaves(pitches, amount):
    low, high = pitches
    assert placement(None, range(low, high + 1), 48, 84, 0) == amount
