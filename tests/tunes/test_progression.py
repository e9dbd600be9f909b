"""Chord progressions as people write them: read, refused, and laid under tunes."""

import pytest

from melody_rnn.errors import InvalidArgumentError, MelodyError, MelodyRNNError
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.files import write_tune
from melody_rnn.tunes.outline import Outline
from melody_rnn.tunes.progression import parse_progression, progression_of, read_progression
from melody_rnn.tunes.tune import Chord, Section, Tune

STREAM = Outline(Meter(4, 4))


def laid(text, outline=STREAM, num_steps=64):
    return [tuple(chord) for chord in parse_progression(text).over(outline, num_steps)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("| G | C | D7 | G |", [(0, "G"), (16, "C"), (32, "D7"), (48, "G")]),
        ("G C D7 G", [(0, "G"), (16, "C"), (32, "D7"), (48, "G")]),
        ("G | C | D7 | G", [(0, "G"), (16, "C"), (32, "D7"), (48, "G")]),
        ("| G | C G |", [(0, "G"), (16, "C"), (24, "G"), (48, "C"), (56, "G")]),
        ("| G . . C |\n| D7 / G / |", [(0, "G"), (12, "C"), (16, "D7"), (24, "G"), (44, "C"), (48, "D7"), (56, "G")]),
        ("| G C | % |", [(0, "G"), (8, "C"), (16, "G"), (24, "C"), (32, "G"), (40, "C"), (48, "G"), (56, "C")]),
        ("|: G | C :|", [(0, "G"), (16, "C"), (32, "G"), (48, "C")]),
        ("| N.C. | Am7 | NC | F#m7b5 |", [(0, "N.C."), (16, "Am7"), (32, "N.C."), (48, "F#m7b5")]),
        ("| sol7 | la m | re7 do/mi | sib |", [(0, "G7"), (16, "Am"), (32, "D7"), (40, "C/E"), (48, "Bb")]),
        ("Do | Fa | Sol 7 | la menor", [(0, "C"), (16, "F"), (32, "G7"), (48, "Am")]),
        ("| Faug | Do7 |", [(0, "Faug"), (16, "Do7"), (32, "Faug"), (48, "Do7")]),
        ("| G . | . C |", [(0, "G"), (24, "C"), (32, "G"), (56, "C")]),
    ],
)
def test_what_people_write(text, expected):
    assert laid(text) == expected


def test_shares_of_bars_in_other_meters():
    assert laid("| G D7 |", Outline(Meter(3, 4)), 12) == [(0, "G"), (8, "D7")]
    assert laid("| G D7 |", Outline(Meter(6, 8)), 12) == [(0, "G"), (6, "D7")]
    assert laid("| G . D7 |", Outline(Meter(6, 8)), 12) == [(0, "G"), (8, "D7")]
    assert laid("| G . . . D7 . |", Outline(Meter(6, 8)), 12) == [(0, "G"), (8, "D7")]
    assert laid("| G C D7 |", STREAM, 16) == [(0, "G"), (8, "C"), (12, "D7")]


def test_pickups_have_no_chord_and_parts_say_their_first_one():
    outline = Outline(Meter(3, 4), 4, num_steps=12 * 9 - 4, sections=(Section(8, "A", 2), Section(12 * 5 - 4, "B", 2)))
    assert [tuple(chord) for chord in parse_progression("| G | G |").over(outline)] == [(12, "G"), (60, "G")]
    each = parse_progression("A: | G | D7 |  B: | Em | % | C | D |")
    assert [chord.symbol for chord in each.over(outline)] == ["G", "D7", "G", "D7", "Em", "C", "D"]


def test_bars_fill_each_part_or_run_through_all():
    outline = Outline(num_steps=192, sections=(Section(0, "A", 2), Section(64, "B", 2)))
    four = parse_progression("| C | F | G | C |").over(outline)
    starts = [(64, "C"), (80, "F"), (96, "G"), (112, "C"), (144, "F"), (160, "G"), (176, "C")]
    assert [tuple(chord) for chord in four if chord.step >= 64] == starts
    twelve = parse_progression("| C | F | G | C | Am | Dm | Em | F | G | Am | G | C |").over(outline)
    assert len(twelve) == 12
    assert twelve[4] == Chord(64, "Am")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("| G | | D |", "bar 2 of the chords is empty"),
        ("| G | Xyz |", "bar 2 of the chords: 'Xyz' is no chord symbol"),
        ("", "no bar"),
        ("|", "no bar"),
        ("| . | / |", "no chord"),
        ("%", "there is none"),
        ("| G A B C D |", "bar 1 of the chords has 5 chords"),
        ("G C A: | D |", "belong to no part"),
        ("A: | G | A: | C |", "part A twice"),
        ("| G |" * 5000, "at most 20,000"),
        ("G " * 600, "at most 512"),
        ("|:" * 3000, "no bar"),
    ],
)
def test_what_is_none_is_said_in_a_line(text, words):
    with pytest.raises(InvalidArgumentError, match=words) as raised:
        parse_progression(text).over(STREAM, 64)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("| G | C | D |", "3 bars of chords do not fill the tune evenly, in which A has 4 and B has 4"),
        ("G " * 9, "9 bars, and the tune 8 as it is written"),
        ("A: | G |", "part B of the tune has no chords"),
        ("A: | G | B: | C | C: | D |", "chords for part C, and the tune has AABB"),
        ("A: | G | B: | C | D | E |", "part B has 4 bars, which 3 bars"),
    ],
)
def test_too_long_or_too_short(text, words):
    outline = Outline(num_steps=128, sections=(Section(0, "A", 2), Section(64, "B", 2)))
    progression = parse_progression(text)
    assert not progression.fits(outline)
    with pytest.raises(InvalidArgumentError, match=words):
        progression.over(outline)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("| G | C | D7 | G |", "G major"),
        ("| Am | F | C | G |", "A minor"),
        ("| Am | Dm | E7 | Am |", "A minor"),
        ("| Dm7 | G7 | Cmaj7 | Cmaj7 |", "C major"),
        ("| Bb | Eb | F7 | Bb |", "Bb major"),
        ("| N.C. | D |", "D major"),
    ],
)
def test_keys(text, key):
    assert str(parse_progression(text).key()) == key


def test_text_of_a_progression_is_read_again():
    text = "A: | G | C G | D7 . . C |  B: | N.C. | Am7 |"
    assert parse_progression(str(parse_progression(text))) == parse_progression(text)
    assert str(parse_progression(text)) == text


@pytest.mark.parametrize("kind", ["abc", "musicxml", "mxl", "mid"])
def test_of_a_file(tmp_path, kind):
    outline = Outline(Meter(6, 8), 2, num_steps=12 * 5 - 2, sections=(Section(10, "A", 2), Section(12 * 3 - 2, "B", 2)))
    wanted = parse_progression("A: | G | C D |  B: | Am . D7 | . . . . G . |")
    events = [-2] * 10 + [67 + step % 5 if step % 2 == 0 else -2 for step in range(48)]
    tune = Tune(tuple(events), Meter(6, 8), 2, sections=outline.sections, chords=wanted.over(outline))
    path = write_tune(tune, tmp_path / f"tune.{kind}")
    found = read_progression(str(path))
    assert found.source.meter == Meter(6, 8)
    if kind != "mid":
        assert found.over(outline) == wanted.over(outline)
        assert str(found.form) == "AABB"
    else:
        # It is played: each part stands there twice.
        assert [chord.symbol for chord in found.over(found.source)][:5] == ["G", "C", "D", "G", "C"]


def test_files_without_chords(tmp_path):
    path = write_tune(Tune((60, -2, 62, -2) * 8), tmp_path / "tune.abc")
    with pytest.raises(MelodyError, match=r"tune\.abc: has no chord symbols"):
        read_progression(str(path))
    with pytest.raises(MelodyRNNError, match=r"missing\.mid"):
        read_progression(str(tmp_path / "missing.mid"))
    with pytest.raises(MelodyError, match="is no chord symbol"):
        progression_of(Tune((60, -2, 62, -2) * 8, chords=(Chord(0, "Xyz"),)))
