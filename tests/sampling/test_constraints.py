import pytest

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.sampling.constraints import Constraints


def test_texts_are_read():
    constraints = Constraints(key="D dorian", pitch_range="C4..Bb5", end_on="tonic", max_rest=0)
    assert constraints.tones == (2, frozenset({0, 2, 4, 5, 7, 9, 11}))
    assert constraints.pitches == (60, 82)
    assert constraints.last_pitch_class == 2
    assert Constraints(end_on="F#").last_pitch_class == 6
    assert Constraints(pitch_range=(50, 60)).pitches == (50, 60)
    assert Constraints(scale="E G A", end_on="tonic").last_pitch_class == 4


def test_nothing_is_given_at_first():
    assert Constraints().given() == {}
    assert Constraints(keep={}).given() == {}
    constraints = Constraints(key="D", scale="dorian", max_leap=0, pitch_range=(60, 72))
    assert constraints.given() == {
        "key": "the key 'D dorian'",
        "pitch_range": "the range C4..C5",
        "max_leap": "max_leap 0",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"key": "D dorain"}, "no scale 'dorain'; those there are: major"),
        ({"key": "X"}, "the key 'X' does not begin with a note"),
        ({"scale": "dorian"}, "needs a key"),
        ({"pitch_range": "C4"}, "the range must be its lowest and its highest note, such as C4..C6, got 'C4'"),
        ({"pitch_range": "C6..C4"}, "lowest and its highest"),
        ({"pitch_range": "C4..X"}, "the range 'C4..X': 'X' is no note"),
        ({"max_leap": -1}, "max_leap must be a whole number of at least 0, got -1"),
        ({"max_rest": 1.5}, "max_rest must be a whole number of at least 0, got 1.5"),
        ({"rhythm": "x-x-"}, "rhythm must be made of 'x'"),
        ({"rhythm": "...."}, "rhythm must be made of 'x'"),
        ({"rhythm": ""}, "rhythm must be made of 'x'"),
        ({"end_on": "tonic"}, "end_on 'tonic' needs a key"),
        ({"end_on": "home"}, "end_on must be 'tonic' or a note, but 'home' is no note name"),
        ({"keep": {0: 128}}, "keep must have events from -2 to 127, got 128"),
        ({"keep": {-1: 60}}, "keep must have steps of at least 0, got -1"),
    ],
)
def test_what_is_no_constraint_is_named(arguments, message):
    with pytest.raises(InvalidArgumentError, match=message):
        Constraints(**arguments)


def test_a_rhythm_divides_the_bar():
    Constraints(rhythm="x..x..").check_bar(12)
    with pytest.raises(InvalidArgumentError, match="has 6 steps, which do not divide a bar of 16"):
        Constraints(rhythm="x..x..").check_bar(16)
