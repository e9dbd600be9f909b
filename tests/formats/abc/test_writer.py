"""Scores as ABC: what is written, letter by letter, and what is read again."""

from dataclasses import replace
from fractions import Fraction

import pytest

from melody_rnn.formats.abc.writer import abc_text
from melody_rnn.formats.score import Bar, ChordSymbol, KeyChange, MeterChange, Note, Part, Score, TempoChange
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from tests.formats.read_abc import read, read_text


def music(score: Score) -> str:
    """Returns what stands after K: of the only tune."""
    return abc_text([score]).partition("\nK:")[2].partition("\n")[2].strip()


def score_of_notes(*notes: tuple[float, float, int], bars: int = 1, **fields: object) -> Score:
    """Returns a score of (start, end, pitch), in quarter notes, in 4/4."""
    own = tuple(Note(Fraction(start), Fraction(end), pitch) for start, end, pitch in notes)
    meters = (MeterChange(Fraction(0), Meter(4, 4)),)
    whole = Score((Part(own),), tuple(Bar(Fraction(4 * k)) for k in range(bars)), Fraction(4 * bars), meters)
    return replace(whole, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("meter", "qpm", "text"),
    [((6, 8), 180, "3/8=120"), ((2, 2), 160, "1/2=80"), ((4, 4), 90.5, "1/4=90.5"), ((6, 8), 100, "1/4=100")],
)
def test_tempos_count_the_beat_where_that_is_a_plain_number(meter, qpm, text):
    score = score_of_notes(
        (0, 4, 60), tempos=(TempoChange(Fraction(0), qpm),), meters=(MeterChange(Fraction(0), Meter(*meter)),)
    )
    assert f"\nQ:{text}\n" in abc_text([score])
    assert read_text(abc_text([score])).tempos == score.tempos


def test_a_header_has_what_is_known():
    score = score_of_notes(
        (0, 4, 60),
        title='The "100%" \\ Reel & more',
        composer="Trad.",
        keys=(KeyChange(Fraction(0), Key(-2, "dorian")),),
        tempos=(TempoChange(Fraction(0), 112.5),),
    )
    header = abc_text([score]).partition("\nK:")[0].splitlines()
    assert header == [
        "X:1",
        r'T:The "100\%" \\ Reel \& more',
        "C:Trad.",
        "M:4/4",
        "L:1/8",
        "Q:1/4=112.5",
    ]
    again = read_text(abc_text([score]))
    assert (again.title, again.composer, again.keys, again.tempos) == (
        score.title,
        score.composer,
        score.keys,
        score.tempos,
    )


@pytest.mark.parametrize("key", [Key(n, mode) for n in (-7, -2, 0, 5, 7) for mode in ("major", "minor", "locrian")])
def test_keys_are_read_again(key: Key):
    notes = [(Fraction(k, 4), Fraction(k + 1, 4), 60 + k) for k in range(16)]
    score = score_of_notes(*notes, keys=(KeyChange(Fraction(0), key),))
    again = read_text(abc_text([score]))
    assert again.keys == score.keys
    assert again.parts[0].notes == score.parts[0].notes


def test_several_tunes_are_numbered():
    text = abc_text([score_of_notes((0, 4, 60)), score_of_notes((0, 4, 62))])
    assert [line for line in text.splitlines() if line.startswith("X:")] == ["X:1", "X:2"]
    assert "\n\nX:2" in text


@pytest.mark.parametrize(
    "body",
    [
        "C2 D2 E2 F2 | G8 |]",
        "|: C8 | D8 :| E8 |]",
        "|: C8 |1 D8 :|2 E8 |]",
        "|: C8 |1,3 D8 :|2 E8 |]",
        "C2 | D8 | E6 |]",
        "C8 | [M:3/4] D6 | [M:4/4] E8 |]",
        "C8 | [K:D] F8 |]",
        "(3CDE F2 z4 |]",
        "C>D E<F z2 G2 |]",
        "C8- | C4 D4 |]",
        "!segno!C8 | D8 !fine! | E8 !D.S.! |]",
    ],
)
def test_what_is_written_is_read_again(body: str):
    score = read(body, unit="1/8")
    again = read_text(abc_text([score]))
    assert (again.parts[0].notes, again.bars, again.meters, again.keys) == (
        score.parts[0].notes,
        score.bars,
        score.meters,
        score.keys,
    )


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        ([(0, 2, 60), (2, 4, 72)], "C4 c4 |]"),
        ([(0, 1, 48), (1, 2, 36), (2, 3, 84), (3, 4, 96)], "C,2C,,2 c'2c''2 |]"),
        ([(0, 1, 66), (1, 2, 66), (2, 3, 65), (3, 4, 65)], "^F2F2 =F2F2 |]"),
        ([(0, 1, 66), (1, 2, 78), (2, 4, 65)], "^F2^f2 =F4 |]"),
    ],
)
def test_notes_and_accidentals(notes: list[tuple[float, float, int]], expected: str):
    assert music(score_of_notes(*notes)) == expected


def test_a_note_over_the_bar_line_is_tied_and_a_gap_is_a_rest():
    score = score_of_notes((0, 1, 60), (2, 6, 66), (6, 7, 66), bars=2)
    assert music(score) == "C2z2 ^F4- | ^F4 F2z2 |]"


def test_texts_cannot_leave_their_field():
    score = score_of_notes(
        (0, 4, 60), title="A\nK:D\nX:2", chords=(ChordSymbol(Fraction(0), 'A"B'),), bars=1, composer="% no comment"
    )
    [line] = [line for line in abc_text([score]).splitlines() if '"' in line]
    assert line == '"A\'B"C8 |]'
    again = read_text(abc_text([score]))
    assert (again.title, again.composer, again.keys[0].key) == ("A K:D X:2", "% no comment", None)
