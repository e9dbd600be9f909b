import math

import pytest
from note_seq import Melody

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.tune import Chord, Ending, Origin, Section, Tune, letter

JIG = Tune(
    (*[-2] * 10, 62, -2, 67, -2, 69, -2, 71, -2, 74, -2, 71, -2, 67, -2),
    Meter(6, 8),
    pickup_steps=2,
    key=Key(1),
    chords=(Chord(12, "G"), Chord(18, "Em7/D")),
    sections=(Section(10, "A", 2, (Ending((1,), 12, (66, -2), (Chord(0, "D7"),)),)),),
)


def test_a_tune_is_a_sequence_of_its_events():
    assert list(JIG) == list(JIG.events)
    assert len(JIG) == 24
    assert JIG.pitches == [62, 67, 69, 71, 74, 71, 67]
    assert JIG.steps_per_bar == 12
    assert (JIG.first_step, JIG.num_bars) == (10, 1)
    assert Tune((60,) * 24).num_bars == 1.5
    assert (JIG.tempo, Tune((60,), qpm=90.0).tempo) == (120, 90)


def test_what_made_a_tune_is_no_part_of_it():
    signed = Tune((60, -2), origin=Origin("tunes_rnn"), given=(True, False), probabilities=(math.nan, 0.5))
    assert signed == Tune((60, -2))


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"events": (60, 128)}, MelodyError, "the event 128 is outside -2..127"),
        ({"events": (-3,)}, MelodyError, "-3 is outside"),
        ({"events": (60,), "pickup_steps": 16}, InvalidArgumentError, "from 0 to 15, got 16"),
        ({"events": (60,), "given": (True, False)}, InvalidArgumentError, "each of the 1 steps, got 2"),
        ({"events": (60,), "meter": Meter(1, 32)}, MelodyError, "no whole number of steps"),
    ],
)
def test_what_is_no_tune(fields, error, message):
    with pytest.raises(error, match=message):
        Tune(**fields)


def test_everything_is_transposed():
    up = JIG.transpose(2)
    assert up.pitches == [64, 69, 71, 73, 76, 73, 69]
    assert up.key == Key(3)
    assert [chord.symbol for chord in up.chords] == ["A", "F#m7/E"]
    assert up.sections[0].endings[0] == Ending((1,), 12, (68, -2), (Chord(0, "E7"),))
    assert up.transpose(-2) == JIG
    assert Tune((127, -1, 0)).transpose(3).events == (118, -1, 3)


def test_melodies_of_note_seq_go_in_and_out():
    melody = Melody([60, -2, 62, -1], steps_per_bar=12, steps_per_quarter=4)
    tune = Tune.from_melody(melody)
    assert tune == Tune((60, -2, 62, -1), Meter(3, 4))
    assert Tune.from_melody(melody, Meter(6, 8), qpm=100).meter == Meter(6, 8)
    again = tune.to_melody()
    assert (list(again), again.steps_per_bar, again.steps_per_quarter) == (list(melody), 12, 4)


def test_letters_of_sections():
    assert [letter(number) for number in (0, 1, 25, 26)] == ["A", "B", "Z", "A1"]
