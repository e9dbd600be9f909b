import pytest

from melody_rnn.errors import MelodyError
from melody_rnn.music.meters import Meter, meter_of_bar, parse_meter


@pytest.mark.parametrize(
    ("text", "steps"), [("4/4", 16), ("6/8", 12), ("3/4", 12), ("9/8", 18), ("2/2", 16), ("5/16", 5)]
)
def test_text_to_steps_and_back(text, steps):
    assert parse_meter(text).steps_per_bar() == steps
    assert str(parse_meter(text)) == text


@pytest.mark.parametrize("text", ["", "4", "4/", "0/4", "33/4", "4/3", "4/64", "-3/4", "six/8", "4/4/4", "٣/4"])
def test_what_is_no_meter(text):
    with pytest.raises(MelodyError, match="is no meter"):
        parse_meter(text)


def test_a_bar_that_is_no_whole_number_of_steps():
    with pytest.raises(MelodyError, match="no whole number of steps at 4 a quarter note"):
        Meter(5, 32).steps_per_bar()


@pytest.mark.parametrize("steps_per_bar", range(1, 65))
def test_the_meter_of_a_bar_has_its_steps(steps_per_bar):
    assert meter_of_bar(steps_per_bar).steps_per_bar() == steps_per_bar


@pytest.mark.parametrize(
    ("meter", "quarters"),
    [
        ("6/8", 1.5),
        ("9/8", 1.5),
        ("12/8", 1.5),
        ("2/2", 2),
        ("3/2", 2),
        ("4/4", 1),
        ("3/4", 1),
        ("7/8", 1),
        ("6/16", 1),
    ],
)
def test_the_note_that_tempos_count(meter, quarters):
    assert parse_meter(meter).tempo_beat == quarters
