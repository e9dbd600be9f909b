import pytest

from melody_rnn.errors import MelodyError
from melody_rnn.tunes.abc import read_tune, split_tunes

HEADER = "X:1\nT:The Test\nM:{meter}\nL:1/8\nK:{key}\n"


def tune(body, meter="4/4", key="C"):
    return read_tune(HEADER.format(meter=meter, key=key) + body + "\n")


def onsets(events):
    return [(step, int(event)) for step, event in enumerate(events) if event >= 0]


def test_notes_and_rests():
    assert list(tune("C2 z2 D4 |").events) == [60, -2, -2, -2, -1, -2, -2, -2, 62, *[-2] * 7]


def test_the_title_and_the_meter():
    read = tune("C6 |", meter="6/8")
    assert (read.title, read.steps_per_bar) == ("The Test", 12)
    assert tune("C8|", meter="C|").steps_per_bar == 16


def test_pickups_are_padded_to_a_whole_bar():
    assert onsets(tune("G2 | C4 D4 | E8 |").events) == [(12, 67), (16, 60), (24, 62), (32, 64)]


def test_repeats_are_played_once():
    once = tune("C4 D4 | E8 | F4 G4 |")
    for body in (
        "|: C4 D4 | E8 :|| F4 G4 |",
        "C4 D4 |1 E8 :|2 F4 G4 ||",
        "C4 D4 |[1 E8 :|[2 F4 G4 |]",
        "|:C4 D4|E8::F4 G4:|",
    ):
        assert list(tune(body).events) == list(once.events), body


def test_what_is_not_the_tune_is_left_out():
    plain = tune("C4 D4 | E8 |")
    decorated = tune('"Am"uC4 {cde}~D4 | !trill!TE8 | % a comment')
    assert list(decorated.events) == list(plain.events)


def test_hornpipes_do_not_swing():
    text = HEADER.format(meter="4/4", key="C").replace("T:", "R:hornpipe\nT:") + "C>D E>F C2 C2 |\n"
    assert onsets(read_tune(text).events)[:4] == [(0, 60), (3, 62), (4, 64), (7, 65)]


def test_keys_and_key_changes():
    assert onsets(tune("F8 | [K:C] F8 |", key="D").events) == [(0, 66), (16, 65)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("X:1\nM:4/4\nK:C\n", "no notes"),
        ("X:1\nM:4/4\nL:1/8\nK:C\nC8|[M:3/4] C6|\n", "meter changes"),
        ("X:1\nM:soon\nL:1/8\nK:C\nC8|\n", "meter is unknown"),
        ("X:1\nM:5/64\nL:1/8\nK:C\nC8|\n", "no whole number of steps"),
    ],
)
def test_tunes_that_cannot_be_read(text, message):
    with pytest.raises(MelodyError, match=message):
        read_tune(text)


def test_splitting_a_book():
    assert [t[:3] for t in split_tunes("%abc\nX:1\nK:C\nC\n\nX:2\nK:D\nD\n")] == ["X:1", "X:2"]
