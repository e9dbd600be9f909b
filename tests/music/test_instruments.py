import pretty_midi
import pytest

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.music.instruments import COMMON_PROGRAMS, INSTRUMENTS, PROGRAM_NAMES, parse_program


def test_the_names_are_general_midis():
    assert list(PROGRAM_NAMES) == pretty_midi.INSTRUMENT_MAP
    assert [parse_program(name) for name in PROGRAM_NAMES] == list(range(128))
    assert [parse_program(str(program)) for program in range(128)] == list(range(128))


@pytest.mark.parametrize(
    ("text", "program"),
    [
        ("fiddle", 110),
        (" Violin ", 40),
        ("tin whistle", 78),
        ("Tin-Whistle", 78),
        ("alto sax", 65),
        ("acoustic guitar nylon", 24),
        ("piano", 0),
        ("voice", 53),
        ("007", 7),
    ],
)
def test_names_as_people_write_them(text, program):
    assert parse_program(text) == program


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fidle", "'fidle' is no instrument of General MIDI; write a number from 0 to 127 or a name, such as fiddle"),
        ("acordion", "such as accordion"),
        ("baroque flute", "such as .*flute"),
        ("128", "'128' is no instrument"),
        ("-1", "'-1' is no instrument"),
        ("²", "is no instrument"),
        ("", "such as fiddle, flute, piano"),
    ],
)
def test_other_names_are_refused_with_similar_ones(text, message):
    with pytest.raises(InvalidArgumentError, match=message):
        parse_program(text)


def test_no_common_name_hides_one_of_general_midi():
    assert not COMMON_PROGRAMS.keys() & {name.lower() for name in PROGRAM_NAMES}
    assert set(COMMON_PROGRAMS.values()) < set(range(128))


def test_instruments_have_a_range_around_that_of_tunes():
    for name, instrument in INSTRUMENTS.items():
        assert parse_program(name) == instrument.program
        assert instrument.lowest <= 62
        assert instrument.highest >= 76
        assert instrument.source.endswith(".")
