import pytest

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.tunes.tune import Tune
from melody_rnn.tunes.variation import Variation, parse_variation

TUNE = Tune((60, -2, -2, -2, 62, -2, -1, -2) * 8)


def test_a_share_of_bars_goes_and_more_of_them_as_it_grows():
    anew = []
    for share in (0.25, 0.5, 1.0):
        kept = Variation(share).kept(TUNE, 7)
        bars = {step // 16 for step in range(64)} - {step // 16 for step in kept.events}
        assert len(bars) == 4 * share
        assert all(kept.events[step] == TUNE.events[step] for step in kept.events)
        anew.append(bars)
    assert anew[0] < anew[1] < anew[2]
    assert Variation(0.5).kept(TUNE, 8) != Variation(0.5).kept(TUNE, 7)


def test_notes_and_named_bars_go_and_their_rhythm_can_stay():
    kept = parse_variation("0.25", "notes", keeps_rhythm=True).kept(TUNE, 1)
    assert len(kept.rhythm) == 16
    assert {**kept.events, **kept.rhythm} == dict(enumerate(TUNE.events))
    named = parse_variation("bars 2-3").kept(TUNE, 1)
    assert set(named.events) == {*range(16), *range(48, 64)}
    assert named.rhythm == {}


@pytest.mark.parametrize("text", ["", "0", "1.5", "much", "bars x"])
def test_what_is_no_variation(text):
    with pytest.raises(InvalidArgumentError):
        parse_variation(text)


def test_bars_that_are_not_there():
    with pytest.raises(MelodyError, match="no bar 9 to vary"):
        parse_variation("bars 9").kept(TUNE, 1)
