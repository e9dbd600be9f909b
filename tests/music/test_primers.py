import pytest
from note_seq import Melody

from melody_rnn.errors import MelodyError
from melody_rnn.music.melodies import melody_to_sequence
from melody_rnn.music.meters import Meter
from melody_rnn.music.primers import Primer, parse_primer, primer_from_events, primer_from_sequence


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
    assert parse_primer(text) == Primer(events, ends_note)


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
        parse_primer(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_from_events_and_sequences():
    assert primer_from_events([60, -2]) == Primer((60, -2))
    primer = primer_from_sequence(melody_to_sequence(Melody([60, -2, 64, -1, -2]), qpm=90))
    assert primer == Primer((60, -2, 64), ends_note=True, qpm=90.0, meter=Meter(4, 4))
