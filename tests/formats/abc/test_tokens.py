"""The words of a line of music."""

from fractions import Fraction

import pytest

from melody_rnn.formats.abc.tokens import BarSigns, read_bar, read_length, read_note, tokens


def words(text: str) -> list[str]:
    return [f"{token.kind} {token.text}{' ' + token.ending if token.ending else ''}" for token in tokens(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("^f'2 __B,,/ =c3/2", ["note ^f'2", "note __B,,/", "note =c3/2"]),
        ("z2 x Z4 X y2", ["rest z2", "rest x", "bars_rest Z4", "bars_rest X"]),
        ("|1 A :|2 B", ["bar | 1", "note A", "bar :| 2", "note B"]),
        ("|[1,3 A", ["bar | 1,3", "note A"]),
        ("[1-3 A", ["bar [ 1-3", "note A"]),
        ('|["first"A', ["bar |", 'quoted "first"', "note A"]),
        ('["Am"CE]', ["open [", 'quoted "Am"', "note C", "note E", "close ]"]),
        ("[CE]3/2", ["open [", "note C", "note E", "close ]3/2"]),
        ("[K:D]A[V: 1 x]", ["field [K:D]", "note A", "field [V: 1 x]"]),
        ("{/gA}B{", ["grace {/gA}", "note B", "grace {"]),
        ("!trill!A!B", ["mark !trill!", "note A", "other !", "note B"]),
        ("+CE+ +trill+ +", ["old_chord +CE+", "old_mark +trill+", "other +"]),
        ("(3A (3:2:4B (C) ((5D", ["tuplet (3", "note A", "tuplet (3:2:4", "note B", "note C", "tuplet (5", "note D"]),
        ("A>B>>C<D", ["note A", "broken >", "note B", "broken >>", "note C", "broken <", "note D"]),
        ("A-B & C && D", ["note A", "tie -", "note B", "overlay &", "note C", "overlay &&", "note D"]),
        ("TA S.B ~c", ["symbol T", "note A", "symbol S", "note B", "note c"]),
        ("A=20B=3DC", ["note A", "note B", "note =C"]),
        ('"unclosed A|', ['quoted "unclosed A|']),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]):
    assert words(text) == expected


@pytest.mark.parametrize(
    "text", ["|", "||", "|]", "[|", "[|]", "|:", ":|", "::", ":|:", ":||:", "|::", ": | :", ":| :"]
)
def test_bar_lines_are_words(text: str):
    assert words(f"A{text}B") == ["note A", f"bar {text}", "note B"]


def test_no_character_is_lost_but_what_means_nothing():
    text = "A #B?C%D ) \\ ` * $ ; y/2 ~ . @E"
    assert [token.text for token in tokens(text) if token.kind == "note"] == list("ABCDE")


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 1),
        ("3", 3),
        ("/", Fraction(1, 2)),
        ("//", Fraction(1, 4)),
        ("/4", Fraction(1, 4)),
        ("3/2", Fraction(3, 2)),
        ("3//", Fraction(3, 4)),
        ("/0", None),
        ("0", None),
        ("99999", None),
        ("9999", None),
        ("/" * 9, None),
    ],
)
def test_lengths(text: str, length: Fraction | None):
    assert read_length(text) == length


@pytest.mark.parametrize(
    ("text", "pitch", "alter"),
    [("C", 60, None), ("c", 72, None), ("^C,", 48, 1), ("__b'", 95, -2), ("=G", 67, 0), ("C,',", 48, None)],
)
def test_notes(text: str, pitch: int, alter: int | None):
    note = read_note(text)
    assert note is not None
    assert (note.pitch, note.alter, note.is_microtonal) == (pitch, alter, False)


def test_quarter_tones_are_told_and_other_pitches_refused():
    note = read_note("^/C")
    assert note is not None
    assert (note.alter, note.is_microtonal) == (None, True)
    assert read_note("C" + "'" * 20) is None


@pytest.mark.parametrize(
    ("text", "ending", "signs"),
    [
        ("|", "", BarSigns(1, False, False, ())),
        ("||", "", BarSigns(1, False, True, ())),
        ("|]", "", BarSigns(1, False, True, ())),
        ("[|]", "", BarSigns(1, False, False, ())),
        ("|:", "", BarSigns(1, True, True, ())),
        (":|", "2", BarSigns(2, False, True, (2,))),
        ("::|", "", BarSigns(3, False, True, ())),
        ("::", "", BarSigns(2, True, True, ())),
        (":|:", "", BarSigns(2, True, True, ())),
        (": | :", "", BarSigns(2, True, True, ())),
        ("[", "1,3-5.7", BarSigns(1, False, False, (1, 3, 4, 5, 7))),
        ("[", "0,99", BarSigns(1, False, False, ())),
        ("[", "2-", BarSigns(1, False, False, (2,))),
        (":" * 40 + "|", "", BarSigns(16, False, True, ())),
    ],
)
def test_bar_lines(text: str, ending: str, signs: BarSigns):
    assert read_bar(text, ending) == signs
