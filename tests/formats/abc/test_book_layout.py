"""What a tune book looks like."""

from fractions import Fraction

import pytest

from melody_rnn.formats.abc import read_abc_tune, split_tunebook
from melody_rnn.formats.abc.writer import abc_text
from melody_rnn.formats.score import Bar, Note, Part, Score

REEL = """X:1
T:Reel in D
C:Trad.
M:4/4
L:1/8
Q:1/4=180
%%MIDI program 40
K:D
FA |: d2fd Adfd | (3efg fe dBAF | G2BG FGAF | EDEF GABc |
d2fd Adfd | edfe d>B A>F | G2BG FAdf |1 edce d2FA :|2 edce d4 |]
"""
JIG = """X:2
T:Jig, 50\\% slower
M:6/8
L:1/8
Q:3/8=110
K:Gmix
P:A
|:"G"GAG GAB | A3- "D"AB/c/d | f2e ^fge | d3 z3 !fine! :|
P:B
|::B2B [Q:3/8=90]d2d | [K:Em]ege dBG !D.C.! ::|
"""


@pytest.fixture
def scores():
    return [read_abc_tune(tune) for tune in split_tunebook(f"{REEL}\n{JIG}".encode())]


def test_a_tune_book_is_written_as_people_write_it(scores):
    assert abc_text(scores) == f"{REEL}\n{JIG}"


def test_broken_rhythm_has_no_chord_symbol_inside(scores):
    text = abc_text([read_abc_tune(next(split_tunebook(b'X:1\nL:1/8\nM:2/4\nK:C\nA>B c3/"G"d/|]\n')))])
    assert text.endswith('A>B c3/"G"d/ |]\n')


def test_a_score_without_a_key_or_meter_says_so():
    bare = Score((Part((Note(Fraction(0), Fraction(4), 61),)),), (Bar(Fraction(0)),), Fraction(4))
    assert abc_text([bare]) == "X:1\nT:\nL:1/8\nK:none\n^C8 |]\n"


@pytest.mark.parametrize("title", ["two\nlines", "K:D\r\nABC", "a\u2028b", "\x00", "%%MIDI program 3"])
def test_no_title_makes_a_line_of_its_own(title):
    bare = Score((Part((Note(Fraction(0), Fraction(4), 61),)),), (Bar(Fraction(0)),), Fraction(4), title=title)
    assert len(abc_text([bare]).splitlines()) == 5
