"""melody-rnn convert, as a user runs it."""

import json
from dataclasses import replace
from functools import partial

import mido
import pytest

from melody_rnn.errors import MelodyRNNError
from melody_rnn.music.keys import Key
from melody_rnn.tunes.files import read_tune, read_tunes

BOOK = """X:1
T:The First
M:6/8
L:1/8
K:G
D | GAB dBG | AFD G2 :|
X:2
T:The Second
M:4/4
L:1/8
K:Ador
|: A2 (3ABc "Am"e2 c2 |1 A4 A4 :|2 A8 |]
"""


@pytest.fixture
def convert(invoke):
    """Returns a function that converts in an empty folder and gives what it printed."""
    return partial(invoke, "convert")


def test_a_tune_book_is_one_book_or_a_file_a_tune(convert, tmp_path):
    (tmp_path / "book.abc").write_text(BOOK)
    result = convert("book.abc", "--to", "musicxml,pdf", "-o", "out", "--json")
    names = ["out/book_01.musicxml", "out/book_02.musicxml", "out/book.pdf"]
    assert json.loads(result.stdout) == {"file": "book.abc", "written": names}
    first, second = read_tunes("book.abc"), [read_tune(name, 12) for name in names[:2]]
    assert [tune.title for tune in second] == [tune.title for tune in first] == ["The First", "The Second"]
    assert second[0] == read_tunes("book.abc", 12)[0]
    # Triplets keep their place.
    assert second[1].events[12:24:4] == (69, 71, 72)
    assert second[1].key == Key(1, "dorian")
    assert (second[1].form, second[1].chords[0].symbol) == ("AA", "Am")


def test_midi_has_repeats_played_and_finds_them_again(convert, tmp_path):
    (tmp_path / "tune.abc").write_text(BOOK.partition("X:2")[0])
    convert("tune.abc", "--to", "mid")
    convert("tune.mid", "--to", "abc", "-o", "back")
    played = read_tune("tune.mid")
    assert (played.form, played.pickup_steps, played.title) == ("AA", 2, "The First")
    # A MIDI file has a tempo, always.
    assert read_tune("back/tune.abc") == replace(read_tune("tune.abc"), qpm=120.0)


def test_the_good_files_of_a_folder_are_done_and_the_bad_ones_named(convert, tmp_path):
    (tmp_path / "tunes" / "deep").mkdir(parents=True)
    (tmp_path / "tunes" / "deep" / "a.ABC").write_text(BOOK)
    (tmp_path / "tunes" / "._a.abc").write_text("what macOS puts there")
    (tmp_path / "tunes" / "bad.mid").write_text("<html>")
    (tmp_path / "tunes" / "none.musicxml").write_text("<score-partwise/>")
    with pytest.raises(MelodyRNNError, match=r"none.musicxml: no part .* \(2 of 3 files could not be read\)"):
        convert("tunes", "--to", "abc", "-o", "out")
    assert [path.name for path in (tmp_path / "out").rglob("*.abc")] == ["a.abc"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x.abc", "--to", "abc,doc"], "each must be one of mid, abc, musicxml"),
        (["x.abc", "--to", ""], "got nothing"),
        (["x.abc"], "Missing option '--to'"),
        (["x.abc", "--to", "mid", "--steps-per-quarter", "0"], "0 is not in the range"),
    ],
)
def test_mistakes_in_options(convert, arguments, message):
    result = convert(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("arguments", [["--to", "mid"], ["missing.mid", "--to", "abc"], ["nothing", "--to", "abc"]])
def test_what_is_not_there(convert, tmp_path, arguments):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(MelodyRNNError):
        convert(*arguments)
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize(("given", "num_tracks"), [("0", 1), ("1", 2)])
def test_midi_files_are_of_the_type_asked_for(convert, tmp_path, given, num_tracks):
    (tmp_path / "tune.abc").write_text(BOOK[: BOOK.index("X:2")])
    convert("tune.abc", "--to", "mid", "--midi-type", given)
    file = mido.MidiFile(tmp_path / "tune.mid")
    assert (file.type, len(file.tracks)) == (int(given), num_tracks)
    assert len(read_tune(tmp_path / "tune.mid").pitches) == 22
