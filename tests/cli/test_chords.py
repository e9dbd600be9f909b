"""`generate --chords`, and `--render-chords` of three commands, as a user runs them."""

import json

import pytest

from melody_rnn.formats.reading import read_score
from melody_rnn.music.chords import parse_chord
from melody_rnn.tunes.files import read_tunes
from melody_rnn.tunes.tune import Chord, Tune


def test_tunes_over_chords_in_all_kinds_of_files(run, tmp_path):
    asked = ("-n", 1, "--seed", 2, "--form", "A4A4", "--meter", "6/8", "--to", "mid,abc,musicxml,svg", "--json")
    result = run("generate", *asked, "--chords", "| sol | do re7 | % | sol |", "--render-chords=guitar")
    assert (result.returncode, result.stderr) == (0, "")
    row = json.loads(result.stdout)
    midi, abc, musicxml, sheet = (tmp_path / path for path in row["files"])
    assert [symbol for _, symbol in row["chords"]] == ["G", "C", "D7", "C", "D7", "G"] * 2
    (played,) = read_tunes(midi)
    assert list(played.events) == row["events"]
    assert [list(chord) for chord in played.chords] == row["chords"]
    assert [part.program for part in read_score(midi).parts] == [0, 25, 32]
    assert json.loads(read_score(midi).text)["chords"] == "| G | C D7 | C D7 | G |"
    written = [read_tunes(path)[0] for path in (abc, musicxml)]
    assert {tune.chords for tune in written} == {written[0].chords}
    assert [chord.symbol for chord in written[0].chords] == ["G", "C", "D7", "C", "D7", "G"]
    assert "D7" in sheet.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--chords", "| G | Xyz |"), "bar 2 of the chords: 'Xyz' is no chord symbol"),
        (("--chords", "| G | | C |"), "bar 2 of the chords is empty"),
        (("--chords", "missing.abc"), "missing.abc"),
        (("--chords", "| G | C | D |", "--form", "AABB"), "3 bars of chords do not fill the tune evenly"),
        (("--chords", "| G |", "--chord-strength", "-1"), "must be a number from 0"),
        (("--chord-strength", "2"), "give --chords, too"),
        (("--render-chords",), "give --chords, too"),
        (("--chords", "| G |", "--render-chords=polka"), "an accompaniment must be a style"),
        (("--chords", "| G |", "--meter", "4/4", "--form", "A8", "--render-chords=waltz"), "a waltz is in 3/4"),
    ],
)
def test_bad_input_is_one_line(run, tmp_path, arguments, words):
    result = run("generate", "-n", 1, "--seed", 1, *arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.rglob("*.mid"))


def test_convert_and_render_play_chords(run, tmp_path):
    tune = Tune((67, -2, 71, -2) * 16, chords=(Chord(0, "G"), Chord(32, "Am")))
    tune.write(tmp_path / "tune.abc")
    Tune((67, -2, 71, -2) * 16).write(tmp_path / "bare.abc")
    result = run("convert", "tune.abc", "bare.abc", "--to", "abc,mid", "--render-chords", "-o", "out")
    assert result.returncode == 2
    assert "bare.abc: has no chord symbols" in result.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["tune.abc", "tune.mid"]
    _, chords, bass = read_score(tmp_path / "out" / "tune.mid").parts
    assert {note.pitch % 12 for note in chords.notes if note.start >= 8} == set(parse_chord("Am").tones)
    assert bass.notes[0].pitch % 12 == 7
    assert run("render", "tune.abc", "--render-chords", "-o", "with").returncode == 0
    assert run("render", "out/tune.mid", "-o", "read").returncode == 0
    assert run("render", "tune.abc", "-o", "without").returncode == 0
    sounds = [(tmp_path / folder / "tune.wav").read_bytes() for folder in ("with", "read", "without")]
    assert sounds[0] == sounds[1] != sounds[2]
