import pytest

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.music.excerpts import events_of_bars, parse_bars


@pytest.mark.parametrize(("text", "bars"), [("1", [1]), ("7-8, 1-2", [1, 2, 7, 8]), ("2-3,3-4", [2, 3, 4])])
def test_bars_are_read(text, bars):
    assert parse_bars(text) == bars


@pytest.mark.parametrize("text", ["", "0", "2-1", "1-", "-1", "a", "1,,2", "1-2-3", "1.5"])
def test_what_is_no_list_of_bars(text):
    with pytest.raises(InvalidArgumentError, match="bars must be numbers from 1 on and ranges"):
        parse_bars(text)


def test_events_of_bars():
    events = [60, -2, 62, -2, -1, 64]
    assert events_of_bars(events, "1,3", 2) == {0: 60, 1: -2, 4: -1, 5: 64}
    # What the melody does not fill ends with a rest.
    assert events_of_bars(events, "2", 4) == {4: -1, 5: 64, 6: -1, 7: -2}
    with pytest.raises(MelodyError, match="there is no bar 4 to keep, the melody has 3 bars of 2 steps"):
        events_of_bars(events, "3-4", 2)
