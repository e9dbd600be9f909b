"""Chord symbols: every kind that people write, moved, and what is none."""

import pytest

from melody_rnn.errors import MelodyError
from melody_rnn.music.chords import parse_chord, transpose_chord


@pytest.mark.parametrize(
    ("symbols", "root", "tones", "bass", "quality"),
    [
        ("C Cmaj CM CMaj Cmajor Cma", 0, {0, 4, 7}, 0, "major"),
        ("Am Amin A- AMIN Aminor Ami", 9, {9, 0, 4}, 9, "minor"),
        ("F#m7b5 F♯m7b5 F#ø F#ø7 F#-7b5 F#m7(b5) Gbm7-5 F#min7b5", 6, {6, 9, 0, 4}, 6, "diminished"),
        ("Bb/D B♭/D A#/D", 10, {10, 2, 5}, 2, "major"),
        ("D7/F#", 2, {2, 6, 9, 0}, 6, "major"),
        ("Gmaj7 GM7 GΔ GΔ7 GMaj7 Gma7 GMA7 Gmajor7", 7, {7, 11, 2, 6}, 7, "major"),
        ("Em7 Emin7 E-7 Emi7 EMin7", 4, {4, 7, 11, 2}, 4, "minor"),
        ("Bdim Bo B°", 11, {11, 2, 5}, 11, "diminished"),
        ("Bdim7 Bo7 B°7", 11, {11, 2, 5, 8}, 11, "diminished"),
        ("C+ Caug", 0, {0, 4, 8}, 0, "augmented"),
        ("Caug7 C+7 C7+ C7#5 C7(#5)", 0, {0, 4, 8, 10}, 0, "augmented"),
        ("C6 Cmaj6", 0, {0, 4, 7, 9}, 0, "major"),
        ("C6/9 C69", 0, {0, 4, 7, 9, 2}, 0, "major"),
        ("Cm6 Cmin6 C\u22126", 0, {0, 3, 7, 9}, 0, "minor"),
        ("Cmmaj7 Cm(maj7) CmM7 Cmin(maj7)", 0, {0, 3, 7, 11}, 0, "minor"),
        ("Csus4 Csus C4", 0, {0, 5, 7}, 0, "other"),
        ("Csus2", 0, {0, 2, 7}, 0, "other"),
        ("C7sus4 C7sus Csus7", 0, {0, 5, 7, 10}, 0, "other"),
        ("C9sus4", 0, {0, 5, 7, 10, 2}, 0, "other"),
        ("Cadd9 C(add9) C2 Cadd2", 0, {0, 4, 7, 2}, 0, "major"),
        ("C7b9 C7(b9)", 0, {0, 4, 7, 10, 1}, 0, "major"),
        ("C7(b9,#11) C7b9#11", 0, {0, 4, 7, 10, 1, 6}, 0, "major"),
        ("C13 Cdom13", 0, {0, 4, 7, 10, 2, 5, 9}, 0, "major"),
        ("G5", 7, {7, 2}, 7, "other"),
        ("Cno3 C(no3) Comit3", 0, {0, 7}, 0, "other"),
        ("C7alt Calt", 0, {0, 4, 6, 10, 3}, 0, "other"),
        ("Ebm", 3, {3, 6, 10}, 3, "minor"),
    ],
)
def test_kinds(symbols, root, tones, bass, quality):
    for symbol in symbols.split():
        chord = parse_chord(symbol)
        assert chord is not None
        assert (chord.root, set(chord.tones), chord.bass, chord.quality) == (root, tones, bass, quality), symbol


@pytest.mark.parametrize("symbol", ["N.C.", "NC", "n.c.", " N.C ", "", "no chord"])
def test_no_chord(symbol):
    assert parse_chord(symbol) is None


@pytest.mark.parametrize(
    "symbol", ["H7x", "Cfoo", "am", "C/x", "1", "C#bm", "\x1b[31m", "G" * 5000, "C" + "(" * 5000, "C/"]
)
def test_what_is_no_chord(symbol):
    with pytest.raises(MelodyError, match="is no chord symbol that is known") as raised:
        parse_chord(symbol)
    assert len(str(raised.value)) < 500
    assert str(raised.value).isprintable()


def test_transposed():
    assert transpose_chord("Am7", 2, None) == "Bm7"
    assert parse_chord(transpose_chord("Bb/D", 5, None)) == parse_chord("Eb/G")
    assert transpose_chord("not a chord", 5, None) == "not a chord"
