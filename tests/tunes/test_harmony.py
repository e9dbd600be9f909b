"""Chords for tunes: where they stand, that parts that come again have the same, and that the end closes."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from melody_rnn import harmonize
from melody_rnn.errors import MelodyError
from melody_rnn.music.chords import parse_chord
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.files import read_tunes
from melody_rnn.tunes.harmony import beat_steps, beats_of
from melody_rnn.tunes.tune import Chord, Ending, Section, Tune

JIG = """X:1
T:A jig
M:6/8
L:1/8
K:G
D|GAB dBG|cde dBG|ABc BAG|FAF D2D|GAB dBG|cde dBG|ABc BAF|1 G3 G2:|2 G3 GAB||
|:d|gfg dBG|cec ABc|BGB AFD|E2F G2d|gfg dBG|cec ABc|BdB AcA|G3 G2:|
"""


@pytest.fixture
def jig(tmp_path):
    (tmp_path / "jig.abc").write_text(JIG)
    return read_tunes(tmp_path / "jig.abc")[0]


def test_a_jig_has_the_chords_that_one_would_play(jig):
    tune = harmonize(jig)
    assert replace(tune, chords=()) == replace(jig, sections=tune.sections)
    assert tune.chords[0] == Chord(12, "G")
    assert {"G", "D7"} <= {chord.symbol for chord in tune.chords} <= {"G", "C", "D", "D7", "Em", "Am", "A"}
    assert tune.chords[-1].symbol == "G"
    for section in tune.sections:
        start = -(-section.start // 12) * 12
        assert start in {chord.step for chord in tune.chords}
    [ending] = tune.sections[0].endings
    assert ending.chords[-1].symbol == "G"
    assert harmonize(tune) is tune


def test_chords_that_are_there_are_kept_or_replaced(jig):
    own = replace(jig, chords=(Chord(12, "F#m7b5"),))
    assert harmonize(own) is own
    assert harmonize(own, replaces=True) == harmonize(jig)


def test_other_keys_have_the_same_degrees(jig):
    # Moved by an octave, so that no note leaves the range.
    tune = harmonize(jig)
    for amount in (-5, 1, 4):
        moved = harmonize(jig.transpose(amount))
        assert [chord.step for chord in moved.chords] == [chord.step for chord in tune.chords]
        roots = [[parse_chord(chord.symbol).root for chord in own.chords] for own in (tune, moved)]
        assert {(high - low) % 12 for low, high in zip(*roots, strict=True)} == {amount % 12}


def test_a_part_that_comes_again_has_the_same_chords():
    part = [67, -2, 71, -2, 74, -2, 71, -2, 72, -2, 76, -2, 74, -2, -2, -2] * 4
    bridge = [69, -2, 72, -2, 74, -2, 78, -2, 74, -2, 72, -2, 69, -2, -2, -2] * 4
    tune = Tune((*part, *bridge, *part), key=Key(1), sections=(Section(0, "A"), Section(64, "B"), Section(128, "A")))
    chords = harmonize(tune).chords
    first = [chord for chord in chords if chord.step < 64]
    assert [chord._replace(step=chord.step + 128) for chord in first] == [c for c in chords if c.step >= 128]


def test_repeats_that_are_played_are_found_and_have_the_same_chords(jig):
    played = harmonize(replace(jig.played(), sections=()))
    steps = 8 * 12
    first, second = (
        {c.step - start: c.symbol for c in played.chords if start <= c.step < start + 7 * 12}
        for start in (12, 12 + steps)
    )
    assert first == second
    assert played.events == jig.played().events


def test_without_a_key_one_is_found(jig):
    tune = harmonize(replace(jig, key=None))
    assert tune.key is not None
    assert tune.key.tonic == 7
    assert tune.chords == harmonize(jig).chords


@pytest.mark.parametrize(
    ("meter", "steps"),
    [
        (Meter(4, 4), 4),
        (Meter(2, 2), 4),
        (Meter(6, 8), 6),
        (Meter(9, 8), 6),
        (Meter(3, 8), 6),
        (Meter(7, 8), 14),
        (Meter(5, 4), 4),
        (Meter(12, 16), 3),
        (Meter(3, 2), 4),
    ],
)
def test_beats_of_meters(meter, steps):
    tune = Tune((60, -2, 64, -2, 67, -2) * 20, meter)
    assert beat_steps(tune) == steps
    beats = beats_of(tune)
    assert len(beats.notes) == -(-120 // steps)
    assert beats.notes.sum() == 30
    chords = harmonize(tune).chords
    assert all(chord.step % steps == 0 for chord in chords)
    assert all(one.step < other.step for one, other in pairwise(chords))


def test_rests_sound_no_pitch():
    beats = beats_of(Tune((60, -2, -1, -2, -2, -2, 64, -2)))
    np.testing.assert_allclose(beats.notes.sum(1), [0.5, 0.5])
    assert beats.onsets.sum() == 1


def test_no_note_is_refused():
    with pytest.raises(MelodyError, match="no note"):
        harmonize(Tune((-2,) * 16))


@pytest.mark.parametrize(
    "tune",
    [
        Tune((60,)),
        Tune((*[-2] * 14, 60, -2), pickup_steps=2),
        Tune((60, -2, 62), sections=(Section(0, times=2, endings=(Ending((1,), 16, (60,)),)),)),
        Tune((60, 61, 62, 63) * 8, Meter(11, 16)),
        Tune((60, 61, 62, 63) * 8, sections=(Section(0), Section(30, "B"), Section(31, "C"))),
    ],
)
def test_odd_tunes_end_well(tune):
    found = harmonize(tune)
    assert found.events == tune.events
    assert all(0 <= chord.step < len(tune) for chord in found.chords)
    found.played()
