from itertools import pairwise

import numpy as np
import pytest

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.generation.variation import Variation, between, parse_variation
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.tune import Tune

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
    kept = parse_variation("0.25", "notes", "rhythm").kept(TUNE, 1)
    assert len(kept.rhythm) == 16
    assert {**kept.events, **kept.rhythm} == dict(enumerate(TUNE.events))
    named = parse_variation("bars 2-3").kept(TUNE, 1)
    assert set(named.events) == {*range(16), *range(48, 64)}
    assert named.rhythm == {}


def test_the_order_of_pitches_can_stay():
    kept = parse_variation("bars 2", keeps="pitches").kept(TUNE, 1)
    assert (kept.pitches, kept.rhythm) == ({step: TUNE.events[step] for step in range(16, 32)}, {})
    assert set(kept.events) == {*range(16), *range(32, 64)}


def test_notes_by_number_and_shares_that_grow():
    named = parse_variation("notes 2-3").kept(TUNE, 1)
    assert set(named.events) == {*range(4), *range(12, 64)}
    for seed in range(20):
        late = parse_variation("0,0,1,0").kept(TUNE, seed)
        assert set(late.events) == {*range(32), *range(48, 64)}
    gone = [
        step for seed in range(40) for step in range(64) if step not in parse_variation("0..1").kept(TUNE, seed).events
    ]
    counts = np.bincount(np.array(gone) // 16, minlength=4)
    assert counts[0] == 0 < counts[1] < counts[3]


def test_a_way_leads_from_one_tune_to_another():
    other = Tune((67,) * 80)
    ways = [between(TUNE, other, place, 5).events for place in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert ways[0] == dict(enumerate(TUNE.events))
    assert ways[-1] == dict(enumerate(other.events))
    theirs = [{step for step, event in way.items() if event == 67} for way in ways]
    mine = [set(way) - own for way, own in zip(ways, theirs, strict=True)]
    assert all(later <= sooner for sooner, later in pairwise(mine))
    assert all(sooner <= later for sooner, later in pairwise(theirs))
    assert all(way[step] == TUNE.events[step] for way, own in zip(ways, mine, strict=True) for step in own)
    assert 0 < len(ways[2]) < 64
    with pytest.raises(MelodyError, match="in 4/4 with 0 steps of pickup and in 6/8 with 0 steps"):
        between(TUNE, Tune(other.events, Meter(6, 8)), 0.5, 1)


@pytest.mark.parametrize("text", ["", "0", "1.5", "0..2", "0,0", "-1..1", "nan", "much", "bars x"])
def test_what_is_no_variation(text):
    with pytest.raises(InvalidArgumentError):
        parse_variation(text)


def test_bars_that_are_not_there():
    with pytest.raises(MelodyError, match="no bar 9 to vary"):
        parse_variation("bars 9").kept(TUNE, 1)
    with pytest.raises(MelodyError, match="no note 0 to vary, the melody has 16 notes"):
        parse_variation("notes 0-3").kept(TUNE, 1)
