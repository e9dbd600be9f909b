import pytest
from note_seq import Melody

from melody_rnn.errors import MelodyError
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.primers import parse_primer, read_primer
from melody_rnn.tunes.tune import Tune


@pytest.mark.parametrize(
    ("text", "events", "ends_note"),
    [
        ("[60]", (60,), False),
        (" [60, -2,62 ,-1] ", (60, -2, 62, -1), False),
        ("C4", (60, -2, -2, -2), True),
        ("C4 D4:2 | E4:1", (60, -2, -2, -2, 62, -2, 64), True),
        ("C4:1 R:2 E4:1", (60, -1, -2, 64), True),
        ("C4:1 R:2", (60, -1, -2), False),
        ("R:2 R:1 C4:1", (-2, -2, -2, 60), True),
        ("F#4:1 Bb3:1 -:1", (66, 58, -1), False),
    ],
)
def test_reading_text(text, events, ends_note):
    primer = parse_primer(text)
    assert (primer.events, primer.ends_note) == (events, ends_note)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no note"),
        ("R:4", "no note"),
        ("[]", "no note"),
        ("[-2, -1]", "no note"),
        ("[60, 128]", "128 is outside"),
        ("[60, -3]", "-3 is outside"),
        ("[60, 61.5]", "more than whole numbers"),
        ("[60, true]", "more than whole numbers"),
        ('["C4"]', "more than whole numbers"),
        ("[60, 62", "no list of events"),
        ("[__import__('os')]", "no list of events"),
        ("[" * 100000, "no list of events"),
        ("C4 H2", "'H2' is no note"),
        ("C4:0", "the length in 'C4:0'"),
        ("C4:", "the length in 'C4:'"),
        ("C4:-2", "the length in"),
        ("C4:1e9", "the length in"),
        ("C4:99999999999999999999", "the length in"),
        ("C12", "outside 0..127"),
    ],
)
def test_bad_text(text, message):
    with pytest.raises(MelodyError, match=message) as caught:
        read_primer(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_lengths_are_in_the_model_s_steps():
    assert parse_primer("C4 D4:1", steps_per_quarter=12).events == (60, *[-2] * 11, 62)
    assert parse_primer("C4", meter=Meter(6, 8)).meter == Meter(6, 8)


def test_events_sequences_and_tunes():
    assert read_primer([60, -2]) == Tune((60, -2))
    tune = Tune.from_melody(Melody([60, -2, 64, -1, -2]), qpm=90)
    primer = read_primer(tune.to_sequence())
    assert primer == Tune((60, -2, 64), qpm=90.0, key=primer.key)
    assert primer.ends_note
    assert read_primer(tune) is tune
    assert read_primer(Melody([60], steps_per_bar=12)).meter == Meter(3, 4)


def test_steps_of_another_length_are_refused():
    with pytest.raises(MelodyError, match="12 steps a quarter note and the model 4"):
        read_primer(Tune((60,), steps_per_quarter=12))
