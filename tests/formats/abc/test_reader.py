"""What ABC music says, as notes, bars and signs of a score."""

from fractions import Fraction

import pytest

from melody_rnn.errors import InputFileError
from melody_rnn.formats.form import bars_once, bars_played, unfold
from melody_rnn.formats.score import Score
from melody_rnn.music.keys import Key
from tests.formats.read_abc import lengths, line, pitches, read, read_text

LETTERS = {60: "C", 62: "D", 64: "E", 65: "F", 67: "G", 69: "A", 71: "B"}


def played(score: Score) -> str:
    """Returns the letters of the notes in the order in which they sound."""
    return "".join(LETTERS[note.pitch] for note in unfold(score, bars_played(score.bars)).parts[0].notes)


def once(score: Score) -> str:
    """Returns the letters of the notes, each section played once."""
    return "".join(LETTERS[note.pitch] for note in unfold(score, bars_once(score.bars)).parts[0].notes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("|:A|1B:|2C|]", "ABAC"),
        ("|:A|1 B :|2 C|]", "ABAC"),
        ("|: A |[1 B :|[2 C |]", "ABAC"),
        ("|:A|1B:|\n2C|]", "ABAC"),
        ("|:A|1B:|\n|2C|]", "ABAC"),
        ("|:A|1B:|\n[2C|]", "ABAC"),
        ("|:A|1,3B:|2C:|]", "ABACAB"),
        ("|:A|[1,2 B:|[3 C|]", "ABABAC"),
        ("|:A|1B:|2C:|3D||", "ABACAD"),
        ("|:A|1-3B:|4C|]", "ABABABAC"),
        ("|:A|B|1C|D:|2E|F|]", "ABCDABEF"),
        ("|:A|1B:|2C||D|", "ABACD"),
        ("|:A|1B:|2C||:D:|", "ABACDD"),
        ("|:A|1B:|2C:|\n|:D|1E:|2F:|", "ABACDEDF"),
        ("A:|:B:|", "AABB"),
        ("A::B:|", "AABB"),
        ("|:A:||:B:|", "AABB"),
        ("|::A::|", "AAA"),
        ("|:A|B|]C:|", "ABCABC"),
        ("A|B|]C:|", "ABCC"),
    ],
)
def test_repeats_and_endings(text: str, expected: str):
    assert played(read(text, unit="1/1")) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A|B|C !D.C.!|", "ABCABC"),
        ('A|B "Fine"|C "^D.C. al Fine"|', "ABCAB"),
        ("A|B !fine!|C !D.C.alfine!|]", "ABCAB"),
        ("A|!segno!B|C !D.S.!|", "ABCBC"),
        ("A|SB|C !D.S.!|", "ABCBC"),
        ("A|+segno+B|C +D.S.+|", "ABCBC"),
        ('A|"segno"B !fine!|C "D.S. al Fine"|', "ABCB"),
        ("A|B !dacoda!|C !D.C.alcoda!||!coda!D|", "ABCABD"),
        ("A|B !dacoda!|C !D.C.alcoda!||OD|", "ABCABD"),
        ("|:A|1B:|2C !fine!||D !D.C.!|", "ABACDAC"),
    ],
)
def test_da_capo(text: str, expected: str):
    assert played(read(text, unit="1/1")) == expected


def test_signs_by_letter_are_the_users():
    score = read("A|HB|SC !D.S.!|", unit="1/1", header="U:H = !segno!\nU:S = !trill!\n")
    assert played(score) == "ABCBC"


def test_pickups_of_both_parts():
    score = read("C|D4|E3:|\nF|G4|A3:|")
    assert [bar.start for bar in score.bars] == [0, 1, 5, 8, 9, 13]
    assert played(score) == "CDECDEFGAFGA"


def test_an_unseen_bar_line_ends_no_section():
    assert [bar.is_double for bar in read("A4[|]B4||C4|", unit="1/4").bars] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("^F f F|F", [66, 78, 66, 65]),
        ("^F =F F", [66, 65, 65]),
        ("_B B b|B", [70, 70, 82, 71]),
        ("^^C __D ^C", [62, 60, 61]),
        ("[K:D]F =F F|F", [66, 65, 65, 66]),
        ("_E [EG]", [63, 67, 63]),
        ("{^f}f F", [77, 65]),
        ("C,, C, C c c' c''", [36, 48, 60, 72, 84, 96]),
        ("C,' c,", [60, 60]),
        ("B# c", [71, 72]),
    ],
)
def test_accidentals_hold_for_their_letter_up_to_the_bar_line(text: str, expected: list[int]):
    assert pitches(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C-C", "60:2"),
        ("C- C - C", "60:3"),
        ("C-|C", "60:2"),
        ("^F-|F F", "66:2 65:1"),
        ("^F-|^F F", "66:2 66:1"),
        ("^F-|=F", "66:1 65:1"),
        ("_B-|B-|B B", "70:3 71:1"),
        ("C-D", "60:1 62:1"),
        ("C-z C", "60:1 -:1 60:1"),
        ("(C-C) (C D)", "60:2 60:1 62:1"),
        ("C2-C/", "60:5/2"),
        ("C-\n C", "60:2"),
        ('C-"Am"C', "60:2"),
        ("C-!trill!C", "60:2"),
        ("C.-C", "60:2"),
        ("C-{d}C", "60:2"),
        ("C-y2C", "60:2"),
        ("|:C D-:|D", "60:1 62:2"),
    ],
)
def test_ties(text: str, expected: str):
    assert line(read(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[CE]-[CE]", [(0, 2, 64), (0, 2, 60)]),
        ("[C-E][CE]", [(0, 1, 64), (0, 2, 60), (1, 2, 64)]),
        ("[C-E-][CE]", [(0, 2, 64), (0, 2, 60)]),
        ("[CE-]E", [(0, 2, 64), (0, 1, 60)]),
        ("[C2E-]E", [(0, 1, 64), (0, 2, 60), (2, 3, 64)]),
        ("[CE]2", [(0, 2, 64), (0, 2, 60)]),
        ("[C2E2]/", [(0, 1, 64), (0, 1, 60)]),
        ("[C2E]D", [(0, 1, 64), (0, 2, 60), (2, 3, 62)]),
        ("([CE]D)", [(0, 1, 64), (0, 1, 60), (1, 2, 62)]),
        ('["Am"CE]D', [(0, 1, 64), (0, 1, 60), (1, 2, 62)]),
        ("[!f!C E]D", [(0, 1, 64), (0, 1, 60), (1, 2, 62)]),
        ("+CE+D", [(0, 1, 64), (0, 1, 60), (1, 2, 62)]),
        ("C>[DF]", [(0, Fraction(3, 2), 60), (Fraction(3, 2), 2, 65), (Fraction(3, 2), 2, 62)]),
        ("[C]>[E]", [(0, Fraction(3, 2), 60), (Fraction(3, 2), 2, 64)]),
    ],
)
def test_chords(text: str, expected: list[tuple[int, int, int]]):
    assert [(note.start, note.end, note.pitch) for note in read(text).parts[0].notes] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C>D", "60:3/2 62:1/2"),
        ("C<D", "60:1/2 62:3/2"),
        ("C>>D", "60:7/4 62:1/4"),
        ("C<<D", "60:1/4 62:7/4"),
        ("C>>>D", "60:15/8 62:1/8"),
        ("C > D", "60:3/2 62:1/2"),
        ("C2>D2", "60:3 62:1"),
        ("C>z D", "60:3/2 -:1/2 62:1"),
        ("z>C", "-:3/2 60:1/2"),
        ("C>{e}D", "60:3/2 62:1/2"),
        ('C>"G"D', "60:3/2 62:1/2"),
        ("C>|D", "60:3/2 62:1/2"),
        ("(3C>DE", "60:1 62:1/3 64:2/3"),
    ],
)
def test_broken_rhythm(text: str, expected: str):
    assert line(read(text)) == expected


@pytest.mark.parametrize(
    ("meter", "text", "expected"),
    [
        ("4/4", "(2CD", Fraction(3, 2)),
        ("6/8", "(2CD", Fraction(3, 2)),
        ("4/4", "(3CDE", Fraction(2, 3)),
        ("4/4", "(4CDEF", Fraction(3, 4)),
        ("4/4", "(5CDEFG", Fraction(2, 5)),
        ("6/8", "(5CDEFG", Fraction(3, 5)),
        ("3/4", "(5CDEFG", Fraction(2, 5)),
        ("3/8", "(5CDEFG", Fraction(2, 5)),
        ("4/4", "(6CDEFGA", Fraction(1, 3)),
        ("2/4", "(7CDEFGAB", Fraction(2, 7)),
        ("9/8", "(7CDEFGAB", Fraction(3, 7)),
        ("4/4", "(8CDEFGABC", Fraction(3, 8)),
        ("4/4", "(9CDEFGABCD", Fraction(2, 9)),
        ("12/8", "(9CDEFGABCD", Fraction(3, 9)),
        ("4/4", "(3:2CDE", Fraction(2, 3)),
        ("4/4", "(3:4:3CDE", Fraction(4, 3)),
        ("4/4", "(3::3CDE", Fraction(2, 3)),
        ("4/4", "(3:CDE", Fraction(2, 3)),
        ("4/4", "((3CDE)", Fraction(2, 3)),
        ("4/4", '(3"G"C.D~E', Fraction(2, 3)),
        ("4/4", "(3C{g}DE", Fraction(2, 3)),
    ],
)
def test_tuplets(meter: str, text: str, expected: Fraction):
    found = lengths(f"{text} c", meter=meter)
    assert [round(float(length / expected), 4) for length in found[:-1]] == [1] * (len(found) - 1)
    assert found[-1] == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(3:2:2C2D E", "60:4/3 62:2/3 64:1"),
        ("(3:2:4C/D/E F G", "60:1/3 62:1/3 64:2/3 65:2/3 67:1"),
        ("(3C z E F", "60:2/3 -:2/3 64:2/3 65:1"),
        ("(3[C]DE F", "60:2/3 62:2/3 64:2/3 65:1"),
        ("(3C-CD", "60:4/3 62:2/3"),
        ("(1CD", "60:1 62:1"),
    ],
)
def test_tuplets_of_other_notes(text: str, expected: str):
    assert line(read(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C Z2 D|", "60:1 -:8 62:1"),
        ("C4|Z|D4|", "60:4 -:4 62:4"),
        ("C4|X2|D4|", "60:4 -:8 62:4"),
        ("C z3/2 x/ D", "60:1 -:2 62:1"),
        ("C y D y3 E", "60:1 62:1 64:1"),
        ("C/ D// E/4 F3/4 G/3 A3", "60:1/2 62:1/4 64:1/4 65:3/4 67:1/3 69:3"),
        ("C `D` E", "60:1 62:1 64:1"),
        ("C* $D;", "60:1 62:1"),
        ("(C(DE)F) .G", "60:1 62:1 64:1 65:1 67:1"),
        ("{gab}C{/d}D{/ef}E {c2}F", "60:1 62:1 64:1 65:1"),
        ("~C HD LE MF PG TA uB vC", "60:1 62:1 64:1 65:1 67:1 69:1 71:1 60:1"),
        ("!trill!C !>!D !<(!E !<)!F !5!G !D.S.!A", "60:1 62:1 64:1 65:1 67:1 69:1"),
        ("+trill+C +D.C.+D", "60:1 62:1"),
        ("CD!\nEF!", "60:1 62:1 64:1 65:1"),
        ("CD \\\nEF", "60:1 62:1 64:1 65:1"),
        ("CD % EF\nE", "60:1 62:1 64:1"),
        ("CD\nw:C D E\nW:C D E\ns:CDE\nE", "60:1 62:1 64:1"),
        ("CD\nN:CDE\nr:CDE\n[r:CDE]E", "60:1 62:1 64:1"),
        ('"^CDE"C "_fed"D "<a"E', "60:1 62:1 64:1"),
    ],
)
def test_words_of_music(text: str, expected: str):
    assert line(read(text)) == expected


def test_rests_of_whole_bars_follow_the_meter():
    score = read("C3|Z2|[M:2/4]Z|\nM:none\nZ D|", meter="3/4")
    assert [bar.start for bar in score.bars] == [0, 3, 6, 9, 11]
    assert score.parts[0].notes[1].start == 15


def test_layers_of_a_bar_start_with_it():
    notes = read("C2 D2 & E F G A|B4|").parts[0].notes
    assert [(note.start, note.pitch, note.voice) for note in notes] == [
        (0, 60, 0),
        (0, 64, 1),
        (1, 65, 1),
        (2, 62, 0),
        (2, 67, 1),
        (3, 69, 1),
        (4, 71, 0),
    ]


def test_layers_of_two_bars():
    score = read("B4|C4|D4 && E4|F4|G4|", unit="1/4")
    assert [(note.start, note.pitch, note.voice) for note in score.parts[0].notes] == [
        (0, 71, 0),
        (4, 60, 0),
        (4, 64, 1),
        (8, 62, 0),
        (8, 65, 1),
        (12, 67, 0),
    ]
    assert [bar.start for bar in score.bars] == [0, 4, 8, 12]


def test_voices_take_turns():
    score = read("[V:1]CD[V:2]EF|\n[V:1]GA|[V:2]Bc|")
    assert [line(score, part) for part in (0, 1)] == ["60:1 62:1 67:1 69:1", "64:1 65:1 71:1 72:1"]


def test_the_first_voice_tells_bars_keys_and_signs_wherever_it_is_named():
    score = read('V:1 name="Violin"\n"Am"C4|[K:D][Q:1/4=90]F4 !fine!|\nV:2 clef=treble-8\nF4|F4|')
    assert [part.name for part in score.parts] == ["Violin", ""]
    assert [(change.start, change.key) for change in score.keys] == [(0, Key(0)), (4, Key(2))]
    assert [chord.symbol for chord in score.chords] == ["Am"]
    assert [tempo.qpm for tempo in score.tempos] == [90]
    assert "fine" in score.bars[1].marks
    # Another voice has the key of the header.
    assert [note.pitch for note in score.parts[1].notes] == [53, 53]


def test_music_before_the_first_voice_is_of_that_voice():
    score = read("C4|\nV:1\nD4|\nV:2\nE4|F4|")
    assert [line(score, part) for part in (0, 1)] == ["60:4 62:4", "64:4 65:4"]


def test_voices_of_the_header_stand_in_its_order():
    score = read("V:B\nC|\nV:T\nD|", header='V:T nm="Top" octave=1\nV:B\tclef=bass transpose=-12\n')
    assert [(part.name, part.notes[0].pitch) for part in score.parts] == [("Top", 74), ("", 48)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"key": "D clef=bass octave=-1"}, 50), ({"key": "C treble+8"}, 74), ({"key": "C alto"}, 62)],
)
def test_clefs(fields: dict[str, str], expected: int):
    assert pitches("D", **fields) == [expected]


def test_programs():
    score = read(
        "V:1\n%%MIDI program 41\nC|\nV:2\nC|\nV:3\n[I:MIDI program 5]C|\nV:4\n%%MIDI channel 10\nC|",
        header="%%MIDI program 1 9\n",
    )
    assert [part.program for part in score.parts] == [41, 9, 5, 9]
    assert [part.is_drums for part in score.parts] == [False, False, False, True]


@pytest.mark.parametrize("symbol", ["Am7", "D/F#", "Bb", "F#m7b5", "Csus4", "Gmaj7", "Edim", "C+", "N.C."])
def test_chord_symbols(symbol: str):
    assert [chord.symbol for chord in read(f'"{symbol}"C "^{symbol}"D "_text"E').chords] == [symbol]


@pytest.mark.parametrize("text", ["Hello", "^Am", "1.", "slow", "<(", "@1,2 Am", ""])
def test_annotations_are_no_chords(text: str):
    assert read(f'"{text}"C').chords == ()


def test_titles_and_composers_are_texts():
    score = read_text("X:1\nT:100\\% Caf\\'e\nT:Other\nC:Trad. & more\nC:x\nK:C\nP:Fa\\\"ule\nC|\n")
    assert (score.title, score.composer, score.bars[0].label) == ("100% Café", "Trad. & more", "Faüle")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("X:1\nT:x\nCDE|\n", "no K: field"),
        ("X:1\nK:C\n\n", "no note"),
        ("X:1\nK:C\nC'''''''''''|\n", "beyond all music"),
        ("X:1\nK:C octave=9\nC|\n", "MIDI pitch 168"),
        ("X:1\nK:C\n" + "".join(f"V:{number}\nC|\n" for number in range(5000)), "more than 64 voices"),
        ("X:1\nK:C\n" + "C" * 1_000_000, "more than 200000 characters"),
        ("X:1\nK:C\n" + "C999|" * 200, "which no tune is"),
        ("X:1\nK:C\nC99999999|\n", "beyond all music"),
        ("X:1\nK:C\n" + "C" * 100_000, "more than 50000 notes"),
    ],
)
def test_what_is_no_tune_is_refused_in_a_line(text: str, why: str):
    with pytest.raises(InputFileError, match=why) as caught:
        read_text(text)
    assert "\n" not in str(caught.value)


def test_a_tie_between_other_notes_than_the_next_is_none():
    assert line(read("C-DC")) == "60:1 62:1 60:1"


def test_once_through_the_last_ending_counts():
    assert once(read("|:A|1B:|2C|]", unit="1/1")) == "AC"
