"""Keys, meters, unit lengths and tempos, as fields say them."""

from fractions import Fraction

import pytest

from melody_rnn.formats.abc.fields import default_unit, parse_key, parse_meter, parse_shift, parse_tempo, parse_unit
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from tests.formats.read_abc import pitches, read, read_text

EIGHTH = Fraction(1, 8)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("C", Key(0)),
        ("Gm", Key(-2, "minor")),
        ("G m", Key(-2, "minor")),
        ("G   minor", Key(-2, "minor")),
        ("GMin", Key(-2, "minor")),
        ("f#m", Key(3, "minor")),
        ("F# MIX", Key(5, "mixolydian")),
        ("Amixolydian", Key(2, "mixolydian")),
        ("DDor", Key(0, "dorian")),
        ("eb", Key(-3)),
        ("bb", Key(-2)),
        ("B♭", Key(-2)),
        ("E Phr", Key(0, "phrygian")),
        ("Flyd", Key(0, "lydian")),
        ("BLoc", Key(0, "locrian")),
        ("AAeo", Key(0, "minor")),
        ("GIonian", Key(1)),
        ("Cb", Key(-7)),
        ("C#", Key(7)),
        ("HP", Key(2, "mixolydian")),
        ("Hp", Key(2, "mixolydian")),
        ("D clef=bass octave=-1", Key(2)),
        ("F bass", Key(-1)),
        ("Dm alto", Key(-1, "minor")),
        ("D transpose=2", Key(2)),
        ("none", None),
        ("", None),
        ("C exp ^f", None),
    ],
)
def test_keys(text: str, key: Key | None):
    assert parse_key(text).key == key
    assert parse_key(text).is_known


@pytest.mark.parametrize(
    "text", ["clef=bass", "bass", "alto", "clef=alto4", "treble-8", "perc", "octave=-1", "middle=d"]
)
def test_a_clef_is_no_key(text: str):
    field = parse_key(text)
    assert (field.key, dict(field.alters), field.is_known) == (None, {}, False)


@pytest.mark.parametrize("clef", ["clef=bass", "clef=alto", "middle=d", "clef=G2"])
def test_a_clef_is_no_accidental(clef: str):
    assert dict(parse_key(f"Bb {clef}").alters) == {"B": -1, "E": -1}
    assert dict(parse_key(f"A {clef}").alters) == {"F": 1, "C": 1, "G": 1}


@pytest.mark.parametrize(
    ("text", "alters"),
    [
        ("D =c", {"F": 1, "C": 0}),
        ("D Phr ^f", {"F": 1, "B": -1, "E": -1}),
        ("C exp ^f_b", {"F": 1, "B": -1}),
        ("exp ^f ^c", {"F": 1, "C": 1}),
        ("C ^^f __B", {"F": 2, "B": -2}),
        ("none ^f", {"F": 1}),
    ],
)
def test_keys_with_accidentals_of_their_own(text: str, alters: dict[str, int]):
    assert dict(parse_key(text).alters) == alters


@pytest.mark.parametrize(
    ("text", "shift"),
    [
        ("D clef=bass octave=-1", -12),
        ("G treble+8", 12),
        ("clef=treble-8", -12),
        ('clef="bass-8"', -12),
        ("tenor-8 transpose=2", -10),
        ("G clef=bass", None),
        ("D", None),
    ],
)
def test_octaves_of_clefs(text: str, shift: int | None):
    assert parse_shift(text) == shift


@pytest.mark.parametrize(
    ("text", "meter"),
    [
        ("C", (4, 4)),
        ("C|", (2, 2)),
        ("3+2/8", (5, 8)),
        ("(2+3+2)/8", (7, 8)),
        ("2 + 3 / 4", (5, 4)),
        ("12/8", (12, 8)),
        ("none", None),
        ("0/4", None),
        ("3/0", None),
        ("3/5", None),
        ("99/4", None),
        ("", None),
    ],
)
def test_meters(text: str, meter: tuple[int, int] | None):
    assert parse_meter(text) == (Meter(*meter) if meter else None)


def test_unit_lengths():
    assert [parse_unit(text) for text in ("1/8", " 1 / 16", "1", "1/0", "x", "")] == [
        EIGHTH,
        Fraction(1, 16),
        Fraction(1),
        Fraction(1),
        None,
        None,
    ]
    meters = [Meter(2, 4), Meter(3, 4), Meter(5, 8), Meter(6, 8), Meter(4, 4), None]
    assert [default_unit(meter) for meter in meters] == [
        Fraction(1, 16),
        EIGHTH,
        Fraction(1, 16),
        EIGHTH,
        EIGHTH,
        EIGHTH,
    ]


@pytest.mark.parametrize(
    ("text", "qpm"),
    [
        ("1/4=120", 120),
        ("3/8=100", 150),
        ('"Allegro" 1/4=120', 120),
        ('1/2=60 "Slowly"', 120),
        ("1/4 3/8 1/4 3/8=40", 200),
        ("1/4=120.5", 120.5),
        ("120", 60),
        ("C=100", 50),
        ("C3=40", 60),
        ("C3/2=40", 30),
        ('"Andante"', None),
        ("0", None),
        ("1/4=0", None),
        ("1/0=90", None),
        ("1/4=", None),
        ("fast", None),
        ("1/1111/" * 10_000, None),
        ("1/111 1/111" * 10_000, None),
    ],
)
def test_tempos(text: str, qpm: float | None):
    assert parse_tempo(text, EIGHTH) == qpm


def test_a_clef_in_the_body_leaves_the_key_alone():
    assert pitches("F [K:clef=bass] F [K:D bass] F|", key="G") == [66, 66, 66]
    assert [change.key for change in read("F|[K:bass]F|", key="G").keys][-1] == Key(1)


def test_a_pipe_tune_has_its_sharps():
    assert pitches("F c g", key="HP") == [66, 73, 79]


def test_without_a_meter_the_unit_is_an_eighth():
    score = read_text("X:1\nM:none\nK:C\nC D|\n")
    assert (score.meters, score.parts[0].notes[1].start) == ((), Fraction(1, 2))
    assert read_text("X:1\nK:C\nCD|\n").parts[0].notes[1].start == Fraction(1, 2)


def test_a_new_meter_keeps_the_unit_length():
    score = read_text("X:1\nM:4/4\nK:C\nC8|[M:2/4]D4|\n")
    assert [note.end - note.start for note in score.parts[0].notes] == [4, 2]


def test_fields_within_the_music():
    score = read("C [L:1/8] C [Q:1/4=90] C2 | [M:3/4] [K:G] F6 | [P:B] [L:1/4] F3 |", header="Q:1/4=100\n")
    assert [note.end - note.start for note in score.parts[0].notes] == [1, Fraction(1, 2), 1, 3, 3]
    assert [(tempo.start, tempo.qpm) for tempo in score.tempos] == [(0, 100), (Fraction(3, 2), 90)]
    assert [(bar.start, bar.label) for bar in score.bars] == [(0, ""), (Fraction(5, 2), ""), (Fraction(11, 2), "B")]
