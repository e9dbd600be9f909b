import pytest

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.excerpts import events_of_bars, parse_bars
from melody_rnn.tunes.tune import Tune


@pytest.mark.parametrize(("text", "bars"), [("1", [1]), ("7-8, 1-2", [1, 2, 7, 8]), ("2-3,3-4", [2, 3, 4])])
def test_bars_are_read(text, bars):
    assert parse_bars(text) == bars


@pytest.mark.parametrize("text", ["", "2-1", "1-", "-1", "a", "1,,2", "1-2-3", "1.5"])
def test_what_is_no_list_of_bars(text):
    with pytest.raises(InvalidArgumentError, match="bars must be numbers and ranges"):
        parse_bars(text)


def test_events_of_bars():
    tune = Tune((60, -2, 62, -2, -1, 64))
    assert events_of_bars(tune, "1,3", 2) == {0: 60, 1: -2, 4: -1, 5: 64}
    # What the melody does not fill ends with a rest.
    assert events_of_bars(tune, "2", 4) == {4: -1, 5: 64, 6: -1, 7: -2}
    for bars in ("3-4", "0"):
        with pytest.raises(MelodyError, match=r"there is no bar [04] to keep, the melody has 3 bars of 2 steps"):
            events_of_bars(tune, bars, 2)


def test_a_pickup_is_bar_0():
    tune = Tune((-2, 60, 62, -2, 64, -2), Meter(1, 8), pickup_steps=1)
    assert events_of_bars(tune, "0,2", 2) == {0: -2, 1: 60, 4: 64, 5: -2}
    with pytest.raises(MelodyError, match="no bar 3 to keep, the melody has 2 bars of 2 steps and a pickup, bar 0"):
        events_of_bars(tune, "3", 2)
