"""Values that keep the beats of a meter visible, and triplets."""

from fractions import Fraction

import pytest

from melody_rnn.errors import MelodyError
from melody_rnn.formats.note_values import beats, find_triplets, split_value
from melody_rnn.music.meters import parse_meter


def values(start, end, meter, is_rest=False):
    pieces = split_value(Fraction(start), Fraction(end), parse_meter(meter), False, is_rest)
    return [float(value) for _, value in pieces]


@pytest.mark.parametrize(
    ("start", "end", "meter", "expected"),
    [
        ("0", "4", "4/4", [4]),
        ("0", "3", "4/4", [3]),
        ("1/2", "3/2", "4/4", [1]),
        ("3/2", "5/2", "4/4", [0.5, 0.5]),
        ("1", "3", "4/4", [1, 1]),
        ("1", "3", "2/2", [2]),
        ("1/2", "2", "4/4", [1.5]),
        ("0", "13/4", "4/4", [3, 0.25]),
        ("0", "2", "6/8", [1.5, 0.5]),
        ("0", "3", "6/8", [3]),
        ("1/2", "5/2", "6/8", [1, 1]),
        ("0", "9/8", "6/8", [1, 0.125]),
        ("0", "9/2", "9/8", [3, 1.5]),
        ("1", "2", "5/8", [0.5, 0.5]),
        ("0", "5/2", "5/8", [1.5, 1]),
        ("3/2", "7/2", "7/8", [2]),
    ],
)
def test_beats_stay_visible(start, end, meter, expected):
    assert values(start, end, meter) == expected


def test_rests_are_not_syncopated():
    assert values("1/2", "3/2", "4/4", is_rest=True) == [0.5, 0.5]
    assert values("1/2", "2", "4/4", is_rest=True) == [0.5, 1]


def test_what_no_notation_has_is_told():
    with pytest.raises(MelodyError, match="cannot be written"):
        values("0", "1/5", "4/4")
    with pytest.raises(MelodyError, match="no notation has"):
        find_triplets([Fraction(0), Fraction(1, 9)], Fraction(0), Fraction(4))


def test_beats_of_uneven_meters():
    assert [float(beat) for beat in beats(parse_meter("5/8"))] == [0, 1.5]
    assert [float(beat) for beat in beats(parse_meter("7/8"))] == [0, 1.5, 2.5]
    assert [float(beat) for beat in beats(parse_meter("6/8"))] == [0, 1.5]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        (["0", "1/3", "2/3", "1"], [(0, 1)]),
        (["0", "1/6", "1/3", "1/2"], [(0, 0.5)]),
        (["0", "2/3", "4/3", "2"], [(0, 2)]),
        (["0", "1", "4/3", "4"], [(1, 1.5)]),
        (["0", "1/2", "4"], []),
    ],
)
def test_triplets_are_as_short_as_can_be(bounds, expected):
    found = find_triplets([Fraction(bound) for bound in bounds], Fraction(0), Fraction(4))
    assert [(float(start), float(end)) for start, end in found] == expected
