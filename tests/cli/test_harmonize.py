"""melody-rnn harmonize, as a user runs it."""

import json
from functools import partial

import mido
import pytest

from melody_rnn.errors import MelodyRNNError
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
|: A2 AB "F#dim"e2 c2 | A4 A4 :|
"""


@pytest.fixture
def harmonize(invoke):
    """Returns a function that harmonises in an empty folder and gives what it printed."""
    return partial(invoke, "harmonize")


def test_a_book_gets_chords_and_stays_what_it_is(harmonize, tmp_path):
    (tmp_path / "book.abc").write_text(BOOK)
    result = harmonize("book.abc", "--to", "abc,musicxml", "--json")
    names = ["book_chords.abc", "book_chords_01.musicxml", "book_chords_02.musicxml"]
    assert json.loads(result.stdout) == {"file": "book.abc", "written": names}
    first, second = read_tunes("book_chords.abc")
    assert [chord.symbol for chord in first.chords] == ["G", "D7", "G"]
    # Chords that are there are kept.
    assert [chord.symbol for chord in second.chords] == ["F#dim"]
    assert read_tune(names[1]).chords == first.chords
    assert (tmp_path / "book.abc").read_text() == BOOK


def test_chords_are_replaced_where_asked_for(harmonize, tmp_path):
    (tmp_path / "book.abc").write_text(BOOK)
    harmonize("book.abc", "--to", "abc", "--tune", "2", "--replace", "-o", "out")
    assert "F#dim" not in [chord.symbol for chord in read_tune(tmp_path / "out" / "book_chords.abc").chords]


def test_drums_have_no_chords(harmonize, tmp_path):
    track = mido.MidiTrack(
        [
            mido.Message("note_on", channel=9, note=36, velocity=80),
            mido.Message("note_off", channel=9, note=36, time=480),
        ]
    )
    mido.MidiFile(tracks=[track]).save(tmp_path / "drums.mid")
    with pytest.raises(MelodyRNNError, match=r"drums\.mid"):
        harmonize("drums.mid", "--to", "abc")
    assert [path.name for path in tmp_path.iterdir()] == ["drums.mid"]


@pytest.mark.parametrize("arguments", [["--to", "mid"], ["missing.mid", "--to", "abc"]])
def test_what_is_not_there(harmonize, arguments):
    with pytest.raises(MelodyRNNError):
        harmonize(*arguments)
