"""What tune books of the 18th century on, typed by many hands, hold: as datasets need it read."""

import pytest

from melody_rnn.errors import InputFileError
from melody_rnn.formats.abc import read_abc_tune, split_tunebook
from melody_rnn.formats.form import bars_once, bars_played, unfold
from melody_rnn.formats.score import Score
from melody_rnn.music.keys import Key

LETTERS = {60: "C", 62: "D", 64: "E", 69: "A", 71: "B"}


def read(body: str, meter: str = "4/4", key: str = "C", unit: str = "1/4") -> Score:
    [only] = split_tunebook(f"X:1\nT:Test\nM:{meter}\nL:{unit}\nK:{key}\n{body}\n".encode())
    return read_abc_tune(only)


def pitches(body: str, **fields: str) -> list[int]:
    return [note.pitch for part in read(body, **fields).parts for note in part.notes]


def test_a_book_gives_its_tunes_in_order_with_titles():
    text = "% a book\nT:The book\n\nX:7\nT:One\nK:C\nC|\n\nX:7\r\nT: Two \r\nT:second title\r\nK:D\r\nD|\r\n"
    assert [(tune.index, tune.title) for tune in split_tunebook(text.encode())] == [(0, "One"), (1, "Two")]


def test_a_book_without_tunes_gives_none():
    assert list(split_tunebook(b"just words\nK:C\n")) == []


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "latin-1"])
def test_books_come_in_several_codes(code: str):
    [tune] = split_tunebook("X:1\nT:Père\nK:C\nC|\n".encode(code))
    assert tune.title == "Père"


def test_what_a_melody_does_not_have_is_left_out():
    body = '"Am"C{def}D !trill!~E .F | (G2 vA) u"4"B ||'
    assert pitches(body) == pitches("C D E F | G2 A B") == [60, 62, 64, 65, 67, 69, 71]


def test_tuplets_are_read_within_slurs():
    notes = read("((3CDE) F2 (G2)|").parts[0].notes
    assert [float(note.start) for note in notes] == pytest.approx([0, 2 / 3, 4 / 3, 2, 4])


def test_a_line_of_decorations_does_not_end_the_tune():
    assert pitches('"slowly"\\\nCDEF|\n"then"\nGABc|') == [60, 62, 64, 65, 67, 69, 71, 72]


@pytest.mark.parametrize(
    ("damaged", "meant"),
    [("CD=20\nEF|", "CD\nEF|"), ("C=3DDEF|", "C=DEF|"), ("+CE+DEF|", "[CE]DEF|"), ("!CDEF|", "CDEF|")],
)
def test_marks_of_old_books_and_mail_are_read(damaged: str, meant: str):
    assert read(damaged).parts == read(meant).parts


def test_comments_directives_and_words_are_no_music():
    assert pitches("CDEF| % ABC\n%%MIDI program 20\nw: Gag a bag\nGABc|") == [60, 62, 64, 65, 67, 69, 71, 72]


def test_keys_change_in_the_body():
    score = read("FGAB|[K:D]FGAB|\nK:F\nFGAB|\n", key="Em")
    assert [change.key for change in score.keys] == [Key(1, "minor"), Key(2), Key(-1)]
    assert [note.pitch for note in score.parts[0].notes][::4] == [66, 66, 65]


def test_the_notes_of_a_chord_start_together():
    assert len({note.start for note in read("[CEG]4|").parts[0].notes}) == 1


def test_a_meter_change_is_kept():
    changes = read("CDEF|[M:3/4]GAB|cBA|").meters
    assert [(change.start, change.meter.numerator) for change in changes] == [(0, 4), (4, 3)]


def test_voices_become_parts():
    assert [len(part.notes) for part in read("V:1\nCDEF|GABc|\nV:2\nC,4|G,4|\n").parts] == [8, 2]


@pytest.mark.parametrize("body", ["", "|||", "z4|z4|"])
def test_a_tune_without_notes_says_so_or_has_none(body: str):
    try:
        score = read(body)
    except InputFileError as error:
        assert "\n" not in str(error)
    else:
        assert not any(part.notes for part in score.parts)


@pytest.mark.parametrize("body", ["CDEF|" * 500_000, "C99999999 D2147483648|"])
def test_what_no_tune_has_is_refused(body: str):
    with pytest.raises(InputFileError) as caught:
        read(body)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "written", "played"),
    [
        ("A|B|", "AB", "AB"),
        ("|:A:|B", "AB", "AAB"),
        ("A:|B:|", "AB", "AABB"),
        ("|:A::B:|", "AB", "AABB"),
        ("|:A:|:B:|", "AB", "AABB"),
        ("A||B:|", "AB", "ABB"),
        ("A|]B:|C", "ABC", "ABBC"),
        ("|:A||B:|C", "ABC", "ABABC"),
        ("|:A|1B:|2C||D", "ACD", "ABACD"),
        ("|:A[1B:|[2C|]D", "ACD", "ABACD"),
        ("|:A|[1B:|\n[2C|]D", "ACD", "ABACD"),
        ("A|1B:|2C:|D", "ACD", "ABACD"),
        ("|:A|1,3B:|2,4C:|D", "ACD", "ABACABACD"),
        ("|:A|1-2B:|3C||", "AC", "ABABAC"),
        ("|::A::|B", "AB", "AAAB"),
        ("|:A:||:B:|", "AB", "AABB"),
        ("[|A|]", "A", "A"),
    ],
)
def test_sections_sound_in_order(text: str, written: str, played: str):
    score = read(text)
    for order, expected in ((bars_once(score.bars), written), (bars_played(score.bars), played)):
        notes = unfold(score, order).parts[0].notes
        assert "".join(LETTERS[note.pitch] for note in notes) == expected


def test_an_unopened_repeat_does_not_reach_past_a_double_bar():
    score = read("A:|B||C:|")
    notes = unfold(score, bars_played(score.bars)).parts[0].notes
    assert "".join(LETTERS[note.pitch] for note in notes) == "AABCC"


def test_a_repeat_has_the_key_of_its_start():
    score = read("|:F4|[K:D]F4:|F4")
    notes = unfold(score, bars_played(score.bars)).parts[0].notes
    assert [note.pitch for note in notes] == [65, 66, 65, 66, 66]


@pytest.mark.parametrize("tuplet", ["(3:2:3BCD", "(3::3BCD"])
def test_colons_of_tuplets_are_no_signs(tuplet: str):
    score = read(f"A{tuplet}|E")
    assert len(score.bars) == 2
    assert [bar.times for bar in score.bars] == [1, 1]


def test_chords_are_no_endings():
    assert not any(bar.endings for bar in read("|[CE]G|").bars)


@pytest.mark.parametrize(
    ("body", "lengths"),
    [
        ("A>B", [3, 1]),
        ("A<B", [1, 3]),
        ("A>B/", [3, 1]),
        ("A/<B", [1, 3]),
        ("A>>B//", [3.5, 0.5]),
        ("A2>B", [6, 2]),
        ("A>B2", [2, 4]),
        ("A/>B", [1, 2]),
        ("A>B3/4", [2, 1.5]),
    ],
)
def test_broken_rhythm_shortens_no_note_that_is_written_short(body: str, lengths: list[float]):
    notes = read(body + "|", unit="1/8").parts[0].notes
    assert [float(note.end - note.start) * 4 for note in notes] == lengths
